//! The emulator on a socket: the accept loop, http, https and proxy on one port, and the graceful shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::emulator::Emulator;
use crate::fabric::access::tenant_named;
use crate::http::{Arrival, basic, router};
use crate::notify::{Closer, Closing};
use crate::proxy::{self, OtherHosts, Proxy, ProxyRoute};
use crate::tls;
use crate::traffic::HostOutcome;

/// The time that a client has to send its first byte, and to send the head of each request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The time in which a client must complete the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The time that requests in progress have to finish after the server was told to stop.
const GRACE_PERIOD: Duration = Duration::from_secs(5);
/// The first byte of TLS: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// The size of the buffer for the first byte, which distinguishes TLS from plain http. Larger reads bypass the buffer.
const READ_AHEAD: usize = 1_024;

/// What a server offers in addition to plain http.
#[derive(Debug, Clone, Copy)]
pub struct ServerOptions {
    /// Enables TLS, and tunnels to the host names of the emulated services for clients that use the server as a proxy.
    pub tls: bool,
    /// Treatment of all other hosts, for clients that use the server as a proxy.
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
    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of that address.
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

/// Starts a server on a free port of this machine, within the runtime of the caller.
///
/// # Errors
///
/// No port is free.
pub async fn start(emulator: Arc<Emulator>) -> io::Result<RunningServer> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    start_on(listener, emulator, ServerOptions::default())
}

/// Starts a server on a listener, within the runtime of the caller.
///
/// # Errors
///
/// The listener has no address.
pub fn start_on(listener: TcpListener, emulator: Arc<Emulator>, options: ServerOptions) -> io::Result<RunningServer> {
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    #[expect(clippy::disallowed_methods, reason = "a server outlives the call that starts it")]
    tokio::spawn(serve(listener, emulator, options, async {
        let _ = stopped.await;
    }));
    Ok(RunningServer { address, stop: Some(stop) })
}

/// Serves until `stop` completes. Requests in progress then have five seconds to finish.
pub async fn serve(
    listener: TcpListener,
    emulator: Arc<Emulator>,
    options: ServerOptions,
    stop: impl Future<Output = ()>,
) {
    let (closer, closing) = Closer::new();
    let server = Arc::new(Server {
        router: router(Arc::clone(&emulator)),
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
        let arrival = Arrival { peer, local, scheme: "http", tenant: None, in_tunnel: false };
        spawn(receive(Arc::clone(&server), stream, arrival));
    }
    drop(listener);
    // Each connection holds an `Arc` of the server, and so a `Closing`: `close` completes when all connections have ended.
    drop(server);
    #[expect(clippy::disallowed_methods, reason = "the grace period is machine time")]
    let _ = tokio::time::timeout(GRACE_PERIOD, closer.close()).await;
}

/// The state that all connections share.
struct Server {
    router: Router,
    tls: Option<TlsAcceptor>,
    proxy: Proxy,
    closing: Closing,
}

#[expect(clippy::disallowed_methods, reason = "connections are served concurrently")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// Logs a failure to accept a connection and waits briefly: the usual cause is too many open files.
#[expect(clippy::disallowed_methods, reason = "accepting connections takes machine time")]
async fn pause_after(why: &io::Error) {
    tracing::warn!(%why, "cannot accept a connection");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Serves a connection. Its first byte tells TLS from plain http.
async fn receive<S>(server: Arc<Server>, stream: S, arrival: Arrival)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = BufReader::with_capacity(READ_AHEAD, stream);
    // `biased` polls the stream first: a request that has arrived is answered even if the server closes at the same time.
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
        // Without TLS there is no way to answer such a client.
        None if first == TLS_HANDSHAKE => {}
        Some(_) | None => serve_connection(&server, stream, arrival).await,
    }
}

/// Waits for the first byte of a client, and leaves it to be read. Returns `None` when none arrives in time.
#[expect(clippy::disallowed_methods, reason = "clients take machine time")]
async fn first_byte<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<u8> {
    tokio::time::timeout(HEAD_TIMEOUT, stream.fill_buf()).await.ok()?.ok()?.first().copied()
}

#[expect(clippy::disallowed_methods, reason = "clients take machine time")]
async fn accept_tls<S>(tls: &TlsAcceptor, stream: S) -> io::Result<tokio_rustls::server::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await?
}

/// Serves the requests of a connection until one side closes it or the grace period ends.
#[expect(clippy::disallowed_methods, reason = "the grace period is machine time")]
async fn serve_connection<S>(server: &Arc<Server>, stream: S, arrival: Arrival)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let server = Arc::clone(server);
        async move { Ok::<_, Infallible>(respond(server, request, arrival).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = server.closing.closed() => {
            connection.as_mut().graceful_shutdown();
            let finished = tokio::time::timeout(GRACE_PERIOD, connection).await;
            finished.unwrap_or(Ok(()))
        }
    };
    // Logged at `debug`, because clients often disconnect during a request.
    if let Err(why) = ended {
        tls::explain(&why);
        tracing::debug!(peer = %arrival.peer, %why, "connection ended");
    }
}

async fn respond(server: Arc<Server>, mut request: Request<Incoming>, mut arrival: Arrival) -> Response<Body> {
    // The user name of the proxy URL is the tenant. Clients have percent-decoded it.
    if let Some((name, _)) = basic(request.headers(), header::PROXY_AUTHORIZATION) {
        arrival.tenant = Some(tenant_named(&name));
    }
    if *request.method() == Method::CONNECT || request.uri().authority().is_some() {
        match Box::pin(route_proxy(&server, request, arrival)).await {
            ProxyDecision::Local(local, from) => (request, arrival) = (*local, from),
            ProxyDecision::Done(response) => return response,
        }
    }
    request.extensions_mut().insert(arrival);
    request.extensions_mut().insert(server.closing.clone());
    let routed = server.router.clone().oneshot(request.map(Body::new)).await;
    routed.unwrap_or_else(|never| match never {})
}

/// The result of routing a proxy request.
enum ProxyDecision {
    /// The emulator answers it, as if it had been sent directly.
    Local(Box<Request<Incoming>>, Arrival),
    /// The response, made without the emulator.
    Done(Response<Body>),
}

/// Routes a request that a client sent to the server as its proxy.
async fn route_proxy(server: &Arc<Server>, mut request: Request<Incoming>, arrival: Arrival) -> ProxyDecision {
    let is_connect = *request.method() == Method::CONNECT;
    let Some(authority) = request.uri().authority().cloned() else {
        return ProxyDecision::Done(proxy::text(StatusCode::BAD_REQUEST, "CONNECT names no host."));
    };
    if is_connect && arrival.in_tunnel {
        // Tunnels could be nested without end, and no client needs that.
        return ProxyDecision::Done(proxy::text(StatusCode::FORBIDDEN, "A tunnel cannot be opened within a tunnel."));
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
        // A request that was meant to be encrypted must not be forwarded in clear text.
        ProxyRoute::Forward if is_secure => {
            let sentence = "For https to another host, open a tunnel with CONNECT.";
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

/// Turns a request to a proxy into one to a server.
fn make_direct(request: &mut Request<Incoming>, authority: &str) {
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    proxy::remove_proxy_headers(request.headers_mut());
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if let Ok(host) = HeaderValue::try_from(host) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Serves a tunnel to an emulated host like a direct connection. The future is boxed because its type would be recursive.
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

/// Copies the bytes of a tunnel to another host and back, until the server closes.
async fn forward_tunnel(closing: Closing, request: Request<Incoming>, mut stream: TcpStream) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
    let mut client = TokioIo::new(upgraded);
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut stream) => {}
        () = closing.closed() => {}
    }
}
