//! A small HTTP client, over plain http: for asking a running emulator, and for coming back to programs that sign in.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Bytes of an answer at most.
const ANSWER_MAX: usize = 4 << 20;

/// How long an answer may take, all in all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a request to an address, and reads the whole answer.
///
/// # Errors
///
/// The address cannot be reached, what answers there is no HTTP, or it takes too long.
#[expect(clippy::disallowed_methods, reason = "other programs are waited for by the machine's time")]
pub async fn ask(address: &str, request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
    tokio::time::timeout(PATIENCE, exchange(address, request)).await?
}

async fn exchange(address: &str, request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(io::Error::other)?;
    let answered = async {
        let (parts, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
        let body = Limited::new(body, ANSWER_MAX).collect().await.map_err(io::Error::other)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    };
    let mut answered = std::pin::pin!(answered);
    tokio::select! {
        answered = &mut answered => answered,
        // The connection may end with the answer still to be read.
        _ = connection => answered.await,
    }
}

/// A request without a body for a path of the server at an address.
///
/// # Errors
///
/// The path or the address cannot stand in a request.
pub fn get(address: &str, path: &str) -> io::Result<Request<Full<Bytes>>> {
    Request::get(path).header("host", address).body(Full::default()).map_err(io::Error::other)
}
