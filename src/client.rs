//! A small client for plain HTTP: it queries a running emulator, and completes the sign-in of programs.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The largest response body, in bytes.
const ANSWER_MAX: usize = 4 << 20;

/// The time in which a response must be complete.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends a request to an address, and reads the whole response.
///
/// # Errors
///
/// The address cannot be reached, does not answer in HTTP, or takes too long.
#[expect(clippy::disallowed_methods, reason = "other programs take machine time")]
pub async fn ask(address: &str, request: Request<Full<Bytes>>) -> io::Result<Response<Bytes>> {
    tokio::time::timeout(TIMEOUT, exchange(address, request)).await?
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

/// Returns a GET request for a path of the server at an address.
///
/// # Errors
///
/// The path or the address is not valid in a request.
pub fn get(address: &str, path: &str) -> io::Result<Request<Full<Bytes>>> {
    Request::get(path).header("host", address).body(Full::default()).map_err(io::Error::other)
}
