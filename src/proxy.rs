//! The proxy on the server's port. It routes each request by its host, and connects clients to other hosts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::emulator::Emulator;
use crate::hosts::{self, Owner};
use crate::http::Arrival;
use crate::traffic::HostOutcome;

/// The time limit for connecting to another host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// The maximum size of the response head of an upstream proxy, in bytes.
const HEAD_MAX: usize = 16 << 10;

/// The treatment of external hosts by the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OtherHosts {
    /// Refuse the connection
    #[default]
    Refuse,
    /// Forward the connection unchanged
    Tunnel,
}

/// The route of a request to the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProxyRoute {
    /// The emulator answers the request.
    Local,
    /// The request is forwarded to the real host.
    Forward,
    /// The request is refused. The text gives the reason.
    Refuse(String),
}

/// Routes proxy requests, and forwards requests to other hosts.
#[derive(Debug)]
pub(crate) struct Proxy {
    emulator: Arc<Emulator>,
    other_hosts: OtherHosts,
    /// The upstream proxies that the environment variables of this process name.
    upstream: Matcher,
}

/// A proxy through which the emulator connects to other hosts.
struct UpstreamProxy {
    host: String,
    port: u16,
    /// The value of `Proxy-Authorization` for the upstream proxy.
    auth: Option<HeaderValue>,
}

/// Headers that apply to a single connection and are not forwarded.
const HOP_HEADERS: &[&str] =
    &["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"];

impl Proxy {
    pub(crate) fn new(emulator: Arc<Emulator>, other_hosts: OtherHosts) -> Self {
        Self { emulator, other_hosts, upstream: Matcher::from_env() }
    }

    /// Returns the route of a request to an authority. `port` applies if the authority has no port.
    pub(crate) fn route(&self, arrival: Arrival, authority: &Authority, port: u16) -> ProxyRoute {
        let host = authority.host();
        if is_here(arrival, host, authority.port_u16().unwrap_or(port)) {
            return ProxyRoute::Local;
        }
        if !self.emulator.control_from().admits(arrival.peer.ip()) {
            return ProxyRoute::Refuse("Callers from this address may not use the proxy; see --control-from.".into());
        }
        match (hosts::owner(host), self.other_hosts) {
            (Owner::Ours(_), _) => ProxyRoute::Local,
            (Owner::Refused, _) => ProxyRoute::Refuse(format!(
                "The host {host} is blocked, because it could receive tokens that are meant for an emulated service."
            )),
            (Owner::Other, OtherHosts::Refuse) => {
                ProxyRoute::Refuse(format!("The emulator does not answer for {host}; see --others."))
            }
            (Owner::Other, OtherHosts::Tunnel) => ProxyRoute::Forward,
        }
    }

    /// Counts a request for a host. Logs the first request for each host and outcome.
    pub(crate) fn note(&self, host: &str, outcome: HostOutcome, why: &str) {
        if self.emulator.traffic().count_host(host, outcome) {
            match outcome {
                HostOutcome::Answered => tracing::info!("answering as {host}"),
                HostOutcome::Tunnelled => tracing::info!("tunnelling to {host}"),
                HostOutcome::Refused => tracing::warn!("refused to connect to {host}: {why}"),
                HostOutcome::Unreachable => tracing::warn!("{why}"),
            }
        }
    }

    /// Opens a connection to another host, through the upstream proxy if there is one.
    pub(crate) async fn connect(&self, authority: &Authority, arrival: Arrival) -> io::Result<TcpStream> {
        let target = Uri::builder().scheme("https").authority(authority.as_str()).path_and_query("/").build();
        let target = target.map_err(io::Error::other)?;
        let address = (trimmed(authority.host()), authority.port_u16().unwrap_or(443));
        match self.upstream_for(&target, arrival)? {
            None => connect(address, arrival).await,
            Some(UpstreamProxy { host, port, auth }) => {
                let mut stream = connect((&host, port), arrival.by_this_machine()).await?;
                ask_for_tunnel(&mut stream, address, auth.as_ref()).await?;
                Ok(stream)
            }
        }
    }

    /// Returns the upstream proxy for a target. Returns `None` if the environment names no proxy for the target, or
    /// names this server.
    fn upstream_for(&self, target: &Uri, arrival: Arrival) -> io::Result<Option<UpstreamProxy>> {
        let Some(upstream) = self.upstream.intercept(target) else { return Ok(None) };
        let (host, port) = endpoint(upstream.uri())?;
        if is_here(arrival, host, port) {
            return Ok(None);
        }
        Ok(Some(UpstreamProxy { host: host.to_owned(), port, auth: upstream.basic_auth().cloned() }))
    }

    /// Forwards an unencrypted request to its host, and returns the response.
    pub(crate) async fn forward(&self, request: Request<Incoming>, arrival: Arrival) -> io::Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let authority = parts.uri.authority().cloned().ok_or(io::ErrorKind::InvalidInput)?;
        for name in HOP_HEADERS {
            parts.headers.remove(*name);
        }
        let host = HeaderValue::try_from(authority.as_str()).map_err(io::Error::other)?;
        parts.headers.insert(header::HOST, host);
        let stream = match self.upstream_for(&parts.uri, arrival)? {
            None => {
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                parts.uri = path.parse().map_err(io::Error::other)?;
                connect((trimmed(authority.host()), authority.port_u16().unwrap_or(80)), arrival).await?
            }
            // A request to an upstream proxy keeps the absolute URL.
            Some(UpstreamProxy { host, port, auth }) => {
                parts.headers.extend(auth.map(|auth| (header::PROXY_AUTHORIZATION, auth)));
                connect((&host, port), arrival.by_this_machine()).await?
            }
        };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        #[expect(clippy::disallowed_methods, reason = "the connection lives as long as the response body")]
        tokio::spawn(connection);
        let answer = sender.send_request(Request::from_parts(parts, body)).await.map_err(io::Error::other)?;
        let (mut parts, body) = answer.into_parts();
        for name in HOP_HEADERS {
            parts.headers.remove(*name);
        }
        Ok(Response::from_parts(parts, Body::new(body)))
    }
}

/// Returns a plain-text response from the proxy itself.
pub(crate) fn text(status: StatusCode, sentence: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("specularite: {}\n", sentence.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Removes the headers that are meant only for the proxy.
pub(crate) fn remove_proxy_headers(headers: &mut HeaderMap) {
    headers.remove(header::PROXY_AUTHORIZATION);
    headers.remove(HeaderName::from_static("proxy-connection"));
}

/// Returns `true` if a host and port identify this server. The port must be that of this server. The host must be a
/// local name, a container name, or the address at which the client reached this server.
fn is_here(arrival: Arrival, host: &str, port: u16) -> bool {
    let host = trimmed(host);
    let named = hosts::is_local(host) || !host.contains(['.', ':']);
    let reached = || host.parse::<std::net::IpAddr>().is_ok_and(|address| address == arrival.local.ip());
    port == arrival.local.port() && (named || reached())
}

/// Returns a host without the brackets around an IPv6 address.
fn trimmed(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn endpoint(proxy: &Uri) -> io::Result<(&str, u16)> {
    let host = proxy.host().ok_or_else(|| io::Error::other("the upstream proxy has no host"))?;
    match proxy.scheme_str() {
        Some("http") | None => Ok((trimmed(host), proxy.port_u16().unwrap_or(80))),
        Some(other) => Err(io::Error::other(format!("the upstream proxy uses {other}; only http is supported"))),
    }
}

/// Connects to a host, unless one of its addresses is blocked. Addresses are checked after name resolution, because any
/// name can resolve to a blocked address.
#[expect(clippy::disallowed_methods, reason = "time limits of the network are measured on the machine's clock")]
async fn connect(host: (&str, u16), arrival: Arrival) -> io::Result<TcpStream> {
    let reached = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(host).await?.collect();
        let is_barred = |address: &SocketAddr| {
            let ip = address.ip().to_canonical();
            hosts::is_metadata(ip) || ip.is_loopback() && !arrival.peer.ip().to_canonical().is_loopback()
        };
        if let Some(barred) = addresses.iter().find(|address| is_barred(address)) {
            return Err(io::Error::other(format!("the proxy does not connect to the address {}", barred.ip())));
        }
        TcpStream::connect(&addresses[..]).await
    };
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, reached).await??;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Requests a tunnel from an upstream proxy. The response head is read byte by byte, because the bytes after the head
/// belong to the tunnel.
#[expect(clippy::disallowed_methods, reason = "time limits of the network are measured on the machine's clock")]
async fn ask_for_tunnel(
    stream: &mut TcpStream,
    (host, port): (&str, u16),
    auth: Option<&HeaderValue>,
) -> io::Result<()> {
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(auth) = auth {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(auth.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    let answer = tokio::time::timeout(CONNECT_TIMEOUT, async {
        stream.write_all(&head).await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= HEAD_MAX {
                return Err(io::Error::other("the response head of the upstream proxy is too long"));
            }
            answer.push(stream.read_u8().await?);
        }
        Ok(answer)
    });
    let answer = answer.await??;
    let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status.starts_with(b"2") {
        return Ok(());
    }
    let line = String::from_utf8_lossy(answer.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
    Err(io::Error::other(format!("the upstream proxy answered {line:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::ControlFrom;

    fn route(other_hosts: OtherHosts, from: ControlFrom, peer: &str, authority: &str) -> ProxyRoute {
        let proxy = Proxy::new(Emulator::builder().control_from(from).build(), other_hosts);
        let local = "127.0.0.1:7310".parse().unwrap();
        let arrival = Arrival { peer: peer.parse().unwrap(), local, scheme: "http", tenant: None, in_tunnel: false };
        proxy.route(arrival, &authority.parse().unwrap(), 443)
    }

    #[test]
    fn proxy_routes_hosts_by_ownership_and_option() {
        let from_here = |other_hosts, authority| route(other_hosts, ControlFrom::Loopback, "127.0.0.1:5000", authority);
        for authority in
            ["api.fabric.microsoft.com:443", "login.microsoftonline.com:7310", "localhost:7310", "[::1]:7310"]
        {
            assert_eq!(from_here(OtherHosts::Refuse, authority), ProxyRoute::Local, "{authority}");
        }
        for authority in ["example.com:443", "localhost:8080", "specularite:80"] {
            assert_eq!(from_here(OtherHosts::Tunnel, authority), ProxyRoute::Forward, "{authority}");
            assert!(matches!(from_here(OtherHosts::Refuse, authority), ProxyRoute::Refuse(_)), "{authority}");
        }
        for authority in ["graph.microsoft.com:443", "169.254.170.2:80", "[fd00:ec2::254]:80"] {
            assert!(matches!(from_here(OtherHosts::Tunnel, authority), ProxyRoute::Refuse(_)), "{authority}");
        }
    }

    #[test]
    fn proxy_refuses_callers_from_other_networks() {
        let authority = "api.fabric.microsoft.com:443";
        assert!(matches!(
            route(OtherHosts::Tunnel, ControlFrom::Loopback, "10.0.0.9:5000", authority),
            ProxyRoute::Refuse(_)
        ));
        assert_eq!(route(OtherHosts::Tunnel, ControlFrom::Private, "10.0.0.9:5000", authority), ProxyRoute::Local);
        assert!(matches!(
            route(OtherHosts::Tunnel, ControlFrom::Private, "8.8.8.8:5000", authority),
            ProxyRoute::Refuse(_)
        ));
    }
}
