//! The proxy on the server's port. It routes each request by its host, and connects clients to other hosts.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
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
use tower_http::timeout::TimeoutBody;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::hosts::{self, Owner};
use crate::http::{Arrival, BODY_TIMEOUT};
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
pub enum ProxyRoute {
    /// The emulator answers the request.
    Local,
    /// The request is forwarded to the real host.
    Forward,
    /// The request is refused. The text gives the reason.
    Refuse(String),
}

/// Routes proxy requests, and forwards requests to other hosts.
#[derive(Debug)]
pub struct Proxy {
    emulator: Arc<Emulator>,
    other_hosts: OtherHosts,
    /// The upstream proxies that the environment variables of this process name.
    upstream: Matcher,
    /// The value of `Via` that this proxy adds to forwarded requests. It differs from that of every other proxy.
    via: HeaderValue,
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
    /// Creates a proxy. The environment variables of this process name its upstream proxies.
    pub fn new(emulator: Arc<Emulator>, other_hosts: OtherHosts) -> Self {
        // The instant of the start distinguishes this server from others, also in other containers.
        let via = format!("1.1 specularite-{}-{}", std::process::id(), machine_time().as_nanosecond());
        let via = HeaderValue::try_from(via).expect("letters, digits and dashes are valid in a header");
        Self { emulator, other_hosts, upstream: Matcher::from_env(), via }
    }

    /// Returns the route of a request to an authority. `port` applies if the authority has no port.
    pub fn route(&self, arrival: Arrival, authority: &Authority, port: u16) -> ProxyRoute {
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

    /// Returns `true` for a request that this proxy has forwarded: it came back through another proxy.
    pub(crate) fn has_forwarded(&self, headers: &HeaderMap) -> bool {
        let own = self.via.as_bytes();
        let names_own =
            |value: &HeaderValue| value.as_bytes().split(|byte| *byte == b',').any(|via| via.trim_ascii() == own);
        headers.get_all(header::VIA).iter().any(names_own)
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
                ask_for_tunnel(&mut stream, address, auth.as_ref(), &self.via).await?;
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
        remove_hop_headers(&mut parts.headers);
        parts.headers.append(header::VIA, self.via.clone());
        let host = without_userinfo(&authority);
        parts.headers.insert(header::HOST, HeaderValue::try_from(host).map_err(io::Error::other)?);
        let stream = match self.upstream_for(&parts.uri, arrival)? {
            None => {
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                parts.uri = path.parse().map_err(io::Error::other)?;
                connect((trimmed(authority.host()), authority.port_u16().unwrap_or(80)), arrival).await?
            }
            // A request to an upstream proxy keeps the absolute URL.
            Some(UpstreamProxy { host, port, auth }) => {
                let mut target = std::mem::take(&mut parts.uri).into_parts();
                target.authority = Some(without_userinfo(&authority).parse().map_err(io::Error::other)?);
                parts.uri = Uri::from_parts(target).map_err(io::Error::other)?;
                parts.headers.extend(auth.map(|auth| (header::PROXY_AUTHORIZATION, auth)));
                connect((&host, port), arrival.by_this_machine()).await?
            }
        };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        #[expect(clippy::disallowed_methods, reason = "the connection lives as long as the response body")]
        tokio::spawn(connection);
        let body = Body::new(TimeoutBody::new(BODY_TIMEOUT, body));
        let answer = sender.send_request(Request::from_parts(parts, body)).await.map_err(io::Error::other)?;
        let (mut parts, body) = answer.into_parts();
        remove_hop_headers(&mut parts.headers);
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

/// Removes the headers of a single connection: the usual ones, and those that `Connection` names.
fn remove_hop_headers(headers: &mut HeaderMap) {
    let connection = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        connection.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_HEADERS {
        headers.remove(*name);
    }
}

/// Returns the host and port of an authority, without a user name and password.
pub fn without_userinfo(authority: &Authority) -> &str {
    authority.as_str().rsplit('@').next().unwrap_or_default()
}

/// Returns `true` if an authority is malformed: its host has brackets and is no IPv6 address, its port is not a number up
/// to 65535, or there is other text after its host.
pub fn is_malformed(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = address.map_or(!host.contains(['[', ']']), |address| address.parse::<Ipv6Addr>().is_ok());
    let rest = without_userinfo(authority).strip_prefix(host).unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    !is_host || !rest.is_empty() && !rest.strip_prefix(':').is_some_and(is_port)
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
    // A name with a dot at its end is the same name.
    let is_local_name = || hosts::is_local(host) || !host.trim_end_matches('.').contains(['.', ':']);
    // The system connects an unspecified address to this machine.
    let is_own = |address: IpAddr| address.is_unspecified() || address == arrival.local.ip().to_canonical();
    let is_own_address = || host.parse::<IpAddr>().is_ok_and(|address| is_own(address.to_canonical()));
    port == arrival.local.port() && (is_local_name() || is_own_address())
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
        let is_barred = |address: &SocketAddr| is_barred(address.ip(), arrival);
        if let Some(barred) = addresses.iter().find(|address| is_barred(address)) {
            return Err(io::Error::other(format!("the proxy does not connect to the address {}", barred.ip())));
        }
        TcpStream::connect(&addresses[..]).await
    };
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, reached).await??;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Returns `true` for addresses that the proxy does not connect to: those of metadata services, and for clients of other
/// machines those of this machine. An unspecified address is one of this machine.
pub fn is_barred(address: IpAddr, arrival: Arrival) -> bool {
    let address = address.to_canonical();
    let is_this_machine = address.is_loopback() || address.is_unspecified();
    hosts::is_metadata(address) || is_this_machine && !arrival.peer.ip().to_canonical().is_loopback()
}

/// Requests a tunnel from an upstream proxy. The response head is read byte by byte, because the bytes after the head
/// belong to the tunnel.
#[expect(clippy::disallowed_methods, reason = "time limits of the network are measured on the machine's clock")]
async fn ask_for_tunnel(
    stream: &mut TcpStream,
    (host, port): (&str, u16),
    auth: Option<&HeaderValue>,
    via: &HeaderValue,
) -> io::Result<()> {
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    for (name, value) in [("Via", Some(via)), ("Proxy-Authorization", auth)] {
        let Some(value) = value else { continue };
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
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
        for authority in [
            "api.fabric.microsoft.com:443",
            "login.microsoftonline.com:7310",
            "localhost:7310",
            "[::1]:7310",
            "emulator:7310",
            "emulator.:7310",
        ] {
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

    fn arrival(peer: &str) -> Arrival {
        let local = "127.0.0.1:7310".parse().unwrap();
        Arrival { peer: peer.parse().unwrap(), local, scheme: "http", tenant: None, in_tunnel: false }
    }

    #[test]
    fn unspecified_addresses_are_this_machine() {
        for host in ["0.0.0.0", "[::]", "[::ffff:0.0.0.0]", "0"] {
            assert!(is_here(arrival("127.0.0.1:5000"), host, 7310), "{host}");
            assert!(!is_here(arrival("127.0.0.1:5000"), host, 80), "{host}");
        }
        for address in ["0.0.0.0", "::", "::ffff:0.0.0.0", "127.0.0.1", "::1"] {
            let address: IpAddr = address.parse().unwrap();
            assert!(is_barred(address, arrival("10.0.0.9:5000")), "{address}");
            assert!(!is_barred(address, arrival("127.0.0.1:5000")), "{address}");
        }
    }

    #[test]
    fn ports_and_userinfo_of_authorities_are_checked() {
        for (authority, host, is_malformed) in [
            ("a:80", "a:80", false),
            ("a", "a", false),
            ("u:p@a:80", "a:80", false),
            ("a:99999", "a:99999", true),
            ("u@[::1]:99999", "[::1]:99999", true),
            ("[::1]:80", "[::1]:80", false),
            ("a:", "a:", true),
            ("a:+80", "a:+80", true),
            ("[::1]b:80", "[::1]b:80", true),
            ("[a]:80", "[a]:80", true),
            ("169.254.169.254[]", "169.254.169.254[]", true),
        ] {
            let parsed: Authority = authority.parse().unwrap();
            assert_eq!((without_userinfo(&parsed), super::is_malformed(&parsed)), (host, is_malformed), "{authority}");
        }
    }

    #[test]
    fn headers_that_connection_names_are_removed() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("connection", "X-Secret, close"), ("x-secret", "s"), ("te", "trailers"), ("accept", "a")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        remove_hop_headers(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
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
