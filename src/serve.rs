//! The emulator on a socket: the accept loop, and its graceful end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceBuilder;

use crate::emulator::Emulator;
use crate::http::{Peer, router};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// An emulator that listens in the background; dropping it stops it.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Running {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Starts an emulator on a free port of this machine, within the runtime of the caller.
pub async fn start(emulator: Arc<Emulator>) -> io::Result<Running> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    #[expect(clippy::disallowed_methods, reason = "a server outlives the call that starts it")]
    tokio::spawn(serve(listener, emulator, async {
        let _ = stopped.await;
    }));
    Ok(Running { address, stop: Some(stop) })
}

/// Serves until `stop` is ready; then requests under way are finished.
pub async fn serve(listener: TcpListener, emulator: Arc<Emulator>, stop: impl Future<Output = ()>) {
    let router = router(emulator);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(why) => {
                    refused(&why).await;
                    continue;
                }
            },
        };
        let router = router.clone();
        let service = ServiceBuilder::new().map_request(move |request| with_peer(request, peer)).service(router);
        let connection = connection(stream, service);
        let connection = graceful.watch(connection);
        #[expect(clippy::disallowed_methods, reason = "each connection is served beside the others")]
        tokio::spawn(async move {
            // A client that goes away in the middle of a request is no news.
            if let Err(why) = connection.await {
                tracing::debug!(%peer, %why, "connection ended");
            }
        });
    }
    drop(listener);
    #[expect(clippy::disallowed_methods, reason = "the end of the program is bounded by the machine's time")]
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// Too many open files, mostly: wait a moment for some to be closed.
#[expect(clippy::disallowed_methods, reason = "accepting is bound to the machine's time")]
async fn refused(why: &io::Error) {
    tracing::warn!(%why, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn with_peer(mut request: hyper::Request<hyper::body::Incoming>, peer: SocketAddr) -> hyper::Request<axum::body::Body> {
    request.extensions_mut().insert(Peer(peer));
    request.map(axum::body::Body::new)
}

fn connection<S>(stream: TcpStream, service: S) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<S>>
where
    S: tower::Service<
            hyper::Request<hyper::body::Incoming>,
            Response = axum::response::Response,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}
