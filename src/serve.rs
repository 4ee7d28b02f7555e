//! The emulator on a socket: the accept loop, http and https and proxy on one port, and the graceful end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderValue};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::emulator::Emulator;
use crate::fabric::access::tenant_named;
use crate::http::{Arrival, basic, router};
use crate::proxy::{self, Others, Proxy, Way};
use crate::tls;
use crate::traffic::Fate;

/// How long a client may take to begin, and to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// The first byte of TLS: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// What a server does beside answering over plain http.
#[derive(Debug, Clone, Copy)]
pub struct Doors {
    /// Whether it takes TLS, and connections to our host names as their proxy.
    pub tls: bool,
    /// What becomes of other hosts, for who uses it as a proxy.
    pub others: Others,
}

impl Default for Doors {
    fn default() -> Self {
        Self { tls: true, others: Others::default() }
    }
}

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
///
/// # Errors
///
/// No port is free.
pub async fn start(emulator: Arc<Emulator>) -> io::Result<Running> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    run(listener, emulator, Doors::default())
}

/// Serves in the background, within the runtime of the caller.
///
/// # Errors
///
/// The listener has no address.
pub fn run(listener: TcpListener, emulator: Arc<Emulator>, doors: Doors) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    #[expect(clippy::disallowed_methods, reason = "a server outlives the call that starts it")]
    tokio::spawn(serve(listener, emulator, doors, async {
        let _ = stopped.await;
    }));
    Ok(Running { address, stop: Some(stop) })
}

/// Serves until `stop` is ready; then requests under way are finished.
pub async fn serve(listener: TcpListener, emulator: Arc<Emulator>, doors: Doors, stop: impl Future<Output = ()>) {
    let (close, closing) = watch::channel(false);
    let house = Arc::new(House {
        router: router(Arc::clone(&emulator)),
        tls: doors.tls.then(|| tls::acceptor(Arc::clone(&emulator))),
        proxy: Proxy::new(emulator, doors.others),
        closing,
    });
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
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().unwrap_or(peer);
        let arrival = Arrival { peer, local, scheme: "http", tenant: None, in_tunnel: false };
        in_background(receive(Arc::clone(&house), stream, arrival));
    }
    drop(listener);
    let _ = close.send(true);
    // Each connection holds the house, and so knows of the end until its own.
    drop(house);
    #[expect(clippy::disallowed_methods, reason = "the end of the program is bounded by the machine's time")]
    let _ = tokio::time::timeout(GRACE, close.closed()).await;
}

/// What all connections share.
struct House {
    router: Router,
    tls: Option<TlsAcceptor>,
    proxy: Proxy,
    /// Whether the server is about to end.
    closing: watch::Receiver<bool>,
}

impl House {
    /// Becomes ready when the server is told to stop.
    async fn closes(&self) {
        let _ = self.closing.clone().wait_for(|closing| *closing).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "each connection is served beside the others")]
fn in_background(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// Too many open files, mostly: wait a moment for some to be closed.
#[expect(clippy::disallowed_methods, reason = "accepting is bound to the machine's time")]
async fn refused(why: &io::Error) {
    tracing::warn!(%why, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// A connection from its first byte on, which tells TLS from plain http.
async fn receive<S>(house: Arc<House>, stream: S, arrival: Arrival)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = tokio::select! {
        begun = begin(stream) => begun,
        () = house.closes() => return,
    };
    let Some(stream) = begun else { return };
    let is_tls = stream.read.first() == Some(&TLS_HANDSHAKE);
    match &house.tls {
        Some(tls) if is_tls => {
            let shaken = tokio::select! {
                shaken = shake_hands(tls, stream) => shaken,
                () = house.closes() => return,
            };
            match shaken {
                Ok(stream) => converse(&house, stream, Arrival { scheme: "https", ..arrival }).await,
                Err(why) => {
                    tls::explain(&why);
                    tracing::debug!(peer = %arrival.peer, %why, "no TLS was agreed on");
                }
            }
        }
        // Without TLS there is nothing to say to such a client.
        None if is_tls => {}
        Some(_) | None => converse(&house, stream, arrival).await,
    }
}

/// Waits for a client's first bytes; `None` when none come.
#[expect(clippy::disallowed_methods, reason = "clients are waited for by the machine's time")]
async fn begin<S: AsyncRead + Unpin>(mut stream: S) -> Option<Reread<S>> {
    let mut first = [0; 1_024];
    match tokio::time::timeout(HEAD_TIMEOUT, stream.read(&mut first)).await {
        Ok(Ok(n)) if n > 0 => Some(Reread { read: Bytes::copy_from_slice(&first[..n]), stream }),
        _ => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "clients are waited for by the machine's time")]
async fn shake_hands<S>(tls: &TlsAcceptor, stream: S) -> io::Result<tokio_rustls::server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await?
}

/// Requests and answers, until one of both sides ends it.
async fn converse<S>(house: &Arc<House>, stream: S, arrival: Arrival)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answers = service_fn(|request| {
        let house = Arc::clone(house);
        async move { Ok::<_, Infallible>(answer(house, request, arrival).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), answers)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = house.closes() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that goes away in the middle of a request is no news.
    if let Err(why) = ended {
        tls::explain(&why);
        tracing::debug!(peer = %arrival.peer, %why, "connection ended");
    }
}

async fn answer(house: Arc<House>, mut request: Request<Incoming>, mut arrival: Arrival) -> Response<Body> {
    // Clients have decoded the user name of the proxy's address themselves.
    if let Some((name, _)) = basic(request.headers(), header::PROXY_AUTHORIZATION) {
        arrival.tenant = Some(tenant_named(&name));
    }
    if *request.method() == Method::CONNECT || request.uri().authority().is_some() {
        match Box::pin(lead(&house, request, arrival)).await {
            Led::Home(here, came) => (request, arrival) = (*here, came),
            Led::Answered(answer) => return answer,
        }
    }
    request.extensions_mut().insert(arrival);
    let routed = house.router.clone().oneshot(request.map(Body::new)).await;
    routed.unwrap_or_else(|never| match never {})
}

/// What becomes of a request to us as a proxy.
enum Led {
    /// It is for us after all, as if it had come straight here.
    Home(Box<Request<Incoming>>, Arrival),
    /// It is answered.
    Answered(Response<Body>),
}

/// Leads a request to us as a proxy where it belongs.
async fn lead(house: &Arc<House>, mut request: Request<Incoming>, arrival: Arrival) -> Led {
    let is_connect = *request.method() == Method::CONNECT;
    let Some(authority) = request.uri().authority().cloned() else {
        return Led::Answered(proxy::say(StatusCode::BAD_REQUEST, "CONNECT names no host."));
    };
    if is_connect && arrival.in_tunnel {
        // Each would lie within the one before: there is no need, and no end.
        return Led::Answered(proxy::say(StatusCode::FORBIDDEN, "There is no tunnel within a tunnel."));
    }
    let is_secure = is_connect || request.uri().scheme_str() == Some("https");
    let host = authority.host().to_owned();
    let (fate, status, why) = match house.proxy.way(arrival, &authority, if is_secure { 443 } else { 80 }) {
        Way::Here if !is_connect => {
            house.proxy.note(&host, Fate::Answered, "");
            come_home(&mut request, authority.as_str());
            let scheme = if is_secure { "https" } else { "http" };
            return Led::Home(Box::new(request), Arrival { scheme, ..arrival });
        }
        Way::Here if house.tls.is_some() => {
            house.proxy.note(&host, Fate::Answered, "");
            in_background(dig(Arc::clone(house), request, arrival));
            return Led::Answered(Response::new(Body::empty()));
        }
        Way::Here => (Fate::Refused, StatusCode::FORBIDDEN, "There is no TLS; see --tls.".to_owned()),
        Way::On if is_connect => match house.proxy.reach(&authority, arrival).await {
            Ok(stream) => {
                house.proxy.note(&host, Fate::Tunnelled, "");
                in_background(pass_on(house.closing.clone(), request, stream));
                return Led::Answered(Response::new(Body::empty()));
            }
            Err(why) => (Fate::Unreachable, StatusCode::BAD_GATEWAY, format!("{host} cannot be reached: {why}.")),
        },
        // What was meant to be secret must not go on in the clear.
        Way::On if is_secure => {
            let sentence = "For https to another host the proxy must be asked with CONNECT.";
            (Fate::Refused, StatusCode::BAD_REQUEST, sentence.to_owned())
        }
        Way::On => match house.proxy.forward(request, arrival).await {
            Ok(answer) => {
                house.proxy.note(&host, Fate::Tunnelled, "");
                return Led::Answered(answer);
            }
            Err(why) => (Fate::Unreachable, StatusCode::BAD_GATEWAY, format!("{host} cannot be reached: {why}.")),
        },
        Way::Nowhere(why) => (Fate::Refused, StatusCode::FORBIDDEN, why),
    };
    house.proxy.note(&host, fate, &why);
    Led::Answered(proxy::say(status, why))
}

/// Makes a request to a proxy one to a server.
fn come_home(request: &mut Request<Incoming>, authority: &str) {
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    proxy::without_proxy_headers(request.headers_mut());
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if let Ok(host) = HeaderValue::try_from(host) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// A tunnel that ends here: behind it the client speaks as to any server. Its type is named, for a conversation may hold
/// others.
fn dig(house: Arc<House>, request: Request<Incoming>, arrival: Arrival) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            receive(house, TokioIo::new(upgraded), Arrival { in_tunnel: true, ..arrival }).await;
        }
    })
}

/// A tunnel to another host: bytes, as they come, until the server is told to stop.
async fn pass_on(mut closing: watch::Receiver<bool>, request: Request<Incoming>, mut stream: TcpStream) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
    let mut client = TokioIo::new(upgraded);
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut stream) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

/// A stream of which something was read already: it is read again.
#[derive(Debug)]
struct Reread<S> {
    read: Bytes,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Reread<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let n = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read.split_to(n));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Reread<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
