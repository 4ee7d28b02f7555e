//! The server: the accept loop, HTTP, HTTPS and the proxy on one port, and the graceful shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;

use crate::disconnect::{Fuse, FusedStream};
use crate::emulator::Emulator;
use crate::fabric::access::tenant_named;
use crate::http::{Arrival, Connection, Dispatcher, basic, reject_hosts};
use crate::idle::Activity;
use crate::maybe_ready::MaybeReady;
use crate::notify::{Closer, Closing};
use crate::proxy::{self, OtherHosts, Proxy, ProxyRoute};
use crate::tls;
use crate::traffic::HostOutcome;

/// The time limit for a client's first byte.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);
/// The time after which an idle connection ends. It can take twice as long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The time limit for the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The time limit for requests in progress after the server begins to stop.
const GRACE_PERIOD: Duration = Duration::from_secs(5);
/// The first byte of a TLS connection: the type of a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// The time limit for a client to read more of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum size of a connection's buffers, and of the head of a request, in bytes.
const BUFFER_MAX: usize = 64 << 10;
/// The size of the read buffer. The buffer is needed only to inspect the first byte, which distinguishes TLS from plain
/// HTTP. Larger reads bypass it.
const READ_AHEAD: usize = 1_024;

/// The options of a server.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// `true` to serve TLS. Clients that use the server as a proxy can then open tunnels to the emulated host names.
    pub tls: bool,
    /// The treatment of external hosts, for clients that use the server as a proxy.
    pub other_hosts: OtherHosts,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { tls: true, other_hosts: OtherHosts::default() }
    }
}

/// A server that runs in the background. Dropping it stops the server.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct RunningServer {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl RunningServer {
    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the `http` URL of the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Starts a server on a free port of 127.0.0.1, as a task of the caller's Tokio runtime.
///
/// # Errors
///
/// The server cannot listen, for example because no port is free.
pub async fn start(emulator: Arc<Emulator>) -> io::Result<RunningServer> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    start_on(listener, emulator, ServerOptions::default())
}

/// Starts a server on a listener, as a task of the caller's Tokio runtime.
///
/// # Errors
///
/// The address of the listener cannot be determined.
pub fn start_on(listener: TcpListener, emulator: Arc<Emulator>, options: ServerOptions) -> io::Result<RunningServer> {
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    #[expect(clippy::disallowed_methods, reason = "a server outlives the call that starts it")]
    tokio::spawn(serve(listener, emulator, options, async {
        let _ = stopped.await;
    }));
    Ok(RunningServer { address, stop: Some(stop) })
}

/// Serves requests until `stop` completes. After that, requests in progress have five seconds to complete.
pub async fn serve(
    listener: TcpListener,
    emulator: Arc<Emulator>,
    options: ServerOptions,
    stop: impl Future<Output = ()>,
) {
    let (closer, closing) = Closer::new();
    let server = Arc::new(Server {
        dispatcher: Dispatcher::new(Arc::clone(&emulator)),
        tls: options.tls.then(|| tls::acceptor(Arc::clone(&emulator))),
        proxy: Proxy::new(emulator, options.other_hosts),
        closing,
    });
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(why) => {
                    pause_after(&why).await;
                    continue;
                }
            },
        };
        // Small responses are sent at once.
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().unwrap_or(peer);
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(WRITE_TIMEOUT));
        let stream = Box::pin(stream);
        let arrival = Arrival { peer, local, scheme: "http", tenant: None, in_tunnel: false };
        spawn(receive(Arc::clone(&server), stream, arrival));
    }
    drop(listener);
    // Each connection has an `Arc` of the server, which contains a `Closing`. `close` completes when the last
    // connection ends.
    drop(server);
    #[expect(clippy::disallowed_methods, reason = "the grace period is measured on the machine's clock")]
    let _ = tokio::time::timeout(GRACE_PERIOD, closer.close()).await;
}

/// The state that all connections share.
struct Server {
    dispatcher: Dispatcher,
    tls: Option<TlsAcceptor>,
    proxy: Proxy,
    closing: Closing,
}

#[expect(clippy::disallowed_methods, reason = "connections are served concurrently")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// Logs a failure to accept a connection, and waits briefly. The usual cause is too many open files: during the pause,
/// other connections can end.
#[expect(clippy::disallowed_methods, reason = "the pause is measured on the machine's clock")]
async fn pause_after(why: &io::Error) {
    tracing::warn!(%why, "cannot accept a connection");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Serves a connection. The first byte distinguishes TLS from plain HTTP.
async fn receive<S>(server: Arc<Server>, stream: S, arrival: Arrival)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = BufReader::with_capacity(READ_AHEAD, stream);
    // `biased` polls the stream first. A request that has already arrived is answered, even if the server closes at the
    // same time.
    let first = tokio::select! {
        biased;
        first = first_byte(&mut stream) => first,
        () = server.closing.closed() => return,
    };
    let Some(first) = first else { return };
    match &server.tls {
        Some(tls) if first == TLS_HANDSHAKE => {
            let accepted = tokio::select! {
                biased;
                accepted = accept_tls(tls, stream) => accepted,
                () = server.closing.closed() => return,
            };
            match accepted {
                Ok(stream) => serve_connection(&server, stream, Arrival { scheme: "https", ..arrival }).await,
                Err(why) => {
                    tls::explain(&why);
                    tracing::debug!(peer = %arrival.peer, %why, "TLS handshake failed");
                }
            }
        }
        // With TLS disabled, the server cannot answer a TLS client, so it closes the connection.
        None if first == TLS_HANDSHAKE => {}
        Some(_) | None => serve_connection(&server, stream, arrival).await,
    }
}

/// Waits for a client's first byte, and returns it without consuming it. Returns `None` if no byte arrives in time.
#[expect(clippy::disallowed_methods, reason = "time limits of clients are measured on the machine's clock")]
async fn first_byte<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<u8> {
    tokio::time::timeout(FIRST_BYTE_TIMEOUT, stream.fill_buf()).await.ok()?.ok()?.first().copied()
}

#[expect(clippy::disallowed_methods, reason = "time limits of clients are measured on the machine's clock")]
async fn accept_tls<S>(tls: &TlsAcceptor, stream: S) -> io::Result<tokio_rustls::server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await?
}

/// Serves the requests of a connection. Ends when the client or the server closes the connection, or when the grace
/// period of a shutdown ends.
#[expect(clippy::disallowed_methods, reason = "the grace period is measured on the machine's clock")]
async fn serve_connection<S>(server: &Arc<Server>, stream: S, arrival: Arrival)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let fuse = Fuse::default();
    let activity = Arc::<Activity>::default();
    let shared = Connection::new(server.closing.clone());
    let service = service_fn(|request| {
        let in_progress = activity.begin();
        respond(server, request, arrival, &shared).map(|response| {
            drop(in_progress);
            fuse.cut(response)
        })
    });
    let stream = FusedStream { stream, fuse: fuse.clone(), activity: Arc::clone(&activity) };
    let connection = http1::Builder::new()
        // One buffer for head and body: most responses are small.
        .writev(false)
        .max_buf_size(BUFFER_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = activity.idle(IDLE_TIMEOUT) => return,
        () = server.closing.closed() => {
            connection.as_mut().graceful_shutdown();
            let finished = tokio::time::timeout(GRACE_PERIOD, connection).await;
            finished.unwrap_or(Ok(()))
        }
    };
    // The level is `debug`, because clients often disconnect during a request.
    if let Err(why) = ended {
        tls::explain(&why);
        tracing::debug!(peer = %arrival.peer, %why, "connection ended");
    }
}

fn respond<'a>(
    server: &'a Arc<Server>,
    request: Request<Incoming>,
    mut arrival: Arrival,
    connection: &'a Connection,
) -> MaybeReady<'a, Response<Body>> {
    // The user name in the client's proxy URL is the tenant. Clients send it percent-decoded.
    if let Some((name, _)) = basic(request.headers(), header::PROXY_AUTHORIZATION) {
        arrival.tenant = Some(tenant_named(&name));
    }
    if *request.method() != Method::CONNECT && request.uri().authority().is_none() {
        return answer(server, request, arrival, connection);
    }
    // This is checked here, because `make_direct` replaces the `Host` headers.
    if let Some(rejection) = reject_hosts(request.headers()) {
        return MaybeReady::ready(rejection);
    }
    MaybeReady::pending(async move {
        match route_proxy(server, request, arrival).await {
            ProxyDecision::Local(request, arrival) => answer(server, *request, arrival, connection).await,
            ProxyDecision::Done(response) => response,
        }
    })
}

/// Returns the emulator's response to a request.
fn answer<'a>(
    server: &'a Server,
    request: Request<Incoming>,
    arrival: Arrival,
    connection: &'a Connection,
) -> MaybeReady<'a, Response<Body>> {
    // A boxed body takes an allocation.
    let request = request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(body) });
    server.dispatcher.respond(request, arrival, connection)
}

/// The result of routing a proxy request.
enum ProxyDecision {
    /// The emulator answers the request, as if the client had sent it directly.
    Local(Box<Request<Incoming>>, Arrival),
    /// The proxy has already made the response, without the emulator.
    Done(Response<Body>),
}

/// Routes a request from a client that uses the server as a proxy.
async fn route_proxy(server: &Arc<Server>, mut request: Request<Incoming>, arrival: Arrival) -> ProxyDecision {
    let is_connect = *request.method() == Method::CONNECT;
    let Some(authority) = request.uri().authority().cloned() else {
        return ProxyDecision::Done(proxy::text(StatusCode::BAD_REQUEST, "The CONNECT request names no host."));
    };
    if is_connect && arrival.in_tunnel {
        // No client needs nested tunnels, and their depth would be unlimited.
        return ProxyDecision::Done(proxy::text(StatusCode::FORBIDDEN, "A tunnel cannot be opened within a tunnel."));
    }
    if proxy::is_malformed(&authority) {
        return ProxyDecision::Done(proxy::text(
            StatusCode::BAD_REQUEST,
            "The host or port of the target is not valid.",
        ));
    }
    if server.proxy.has_forwarded(request.headers()) {
        let sentence = "This proxy has forwarded the request already: the upstream proxy leads back here.";
        return ProxyDecision::Done(proxy::text(StatusCode::LOOP_DETECTED, sentence));
    }
    let is_secure = is_connect || request.uri().scheme_str() == Some("https");
    let host = authority.host().to_owned();
    let (outcome, status, why) = match server.proxy.route(arrival, &authority, if is_secure { 443 } else { 80 }) {
        ProxyRoute::Local if !is_connect => {
            server.proxy.note(&host, HostOutcome::Answered, "");
            make_direct(&mut request, authority.as_str());
            let scheme = if is_secure { "https" } else { "http" };
            return ProxyDecision::Local(Box::new(request), Arrival { scheme, ..arrival });
        }
        ProxyRoute::Local if server.tls.is_some() => {
            server.proxy.note(&host, HostOutcome::Answered, "");
            spawn(serve_tunnel(Arc::clone(server), request, arrival));
            return ProxyDecision::Done(Response::new(Body::empty()));
        }
        ProxyRoute::Local => (HostOutcome::Refused, StatusCode::FORBIDDEN, "TLS is off; see --tls.".to_owned()),
        ProxyRoute::Forward if is_connect => match server.proxy.connect(&authority, arrival).await {
            Ok(stream) => {
                server.proxy.note(&host, HostOutcome::Tunnelled, "");
                spawn(forward_tunnel(server.closing.clone(), request, stream));
                return ProxyDecision::Done(Response::new(Body::empty()));
            }
            Err(why) => unreachable_host(&host, &why),
        },
        // A request with an `https` URL must not be forwarded unencrypted.
        ProxyRoute::Forward if is_secure => {
            let sentence = "HTTPS requests to other hosts need a tunnel: use CONNECT.";
            (HostOutcome::Refused, StatusCode::BAD_REQUEST, sentence.to_owned())
        }
        ProxyRoute::Forward => match server.proxy.forward(request, arrival).await {
            Ok(response) => {
                server.proxy.note(&host, HostOutcome::Tunnelled, "");
                return ProxyDecision::Done(response);
            }
            Err(why) => unreachable_host(&host, &why),
        },
        ProxyRoute::Refuse(why) => (HostOutcome::Refused, StatusCode::FORBIDDEN, why),
    };
    server.proxy.note(&host, outcome, &why);
    ProxyDecision::Done(proxy::text(status, why))
}

fn unreachable_host(host: &str, why: &io::Error) -> (HostOutcome, StatusCode, String) {
    (HostOutcome::Unreachable, StatusCode::BAD_GATEWAY, format!("cannot reach {host}: {why}."))
}

/// Converts a request to a proxy into a direct request to a server.
fn make_direct(request: &mut Request<Incoming>, authority: &str) {
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    proxy::remove_proxy_headers(request.headers_mut());
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if let Ok(host) = HeaderValue::try_from(host) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Serves a tunnel to an emulated host like a direct connection. The future is boxed, because its type would otherwise
/// be recursive.
fn serve_tunnel(
    server: Arc<Server>,
    request: Request<Incoming>,
    arrival: Arrival,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            receive(server, TokioIo::new(upgraded), Arrival { in_tunnel: true, ..arrival }).await;
        }
    })
}

/// Copies bytes between a client and another host in both directions, until both sides have ended or the server closes.
async fn forward_tunnel(closing: Closing, request: Request<Incoming>, mut stream: TcpStream) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
    let mut client = TokioIo::new(upgraded);
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut stream) => {}
        () = closing.closed() => {}
    }
}
