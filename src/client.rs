//! A small client for plain HTTP. It queries a running emulator, and submits the forms of sign-in pages.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The maximum size of a response body, in bytes.
const ANSWER_MAX: usize = 4 << 20;

/// The time limit for a complete exchange, from connecting to the end of the response.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to an address, sends a request, and returns the whole response.
///
/// # Errors
///
/// The server cannot be reached, does not respond in HTTP, sends too large a response, or takes longer than 10 seconds.
#[expect(clippy::disallowed_methods, reason = "time limits of other programs are measured on the machine's clock")]
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
        // The connection can end before the whole response has been read.
        _ = connection => answered.await,
    }
}

/// Returns a GET request for `path`, with `address` as the host.
///
/// # Errors
///
/// The path or the address is invalid.
pub fn get(address: &str, path: &str) -> io::Result<Request<Full<Bytes>>> {
    Request::get(path).header("host", address).body(Full::default()).map_err(io::Error::other)
}
