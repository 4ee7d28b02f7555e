//! The proxy on our port: which hosts end here, and how others are reached.

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
use crate::traffic::Fate;

/// How long another host may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of the answer of a proxy before us, at most.
const HEAD_MAX: usize = 16 << 10;

/// What becomes of the hosts that are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// They are refused.
    #[default]
    Refuse,
    /// The connection goes on to them, as it is.
    Tunnel,
}

/// Where a request to a proxy goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// It ends here.
    Here,
    /// On to the host.
    On,
    /// Nowhere, and why.
    Nowhere(String),
}

/// Decides where requests go, and leads them there.
#[derive(Debug)]
pub(crate) struct Proxy {
    emulator: Arc<Emulator>,
    others: Others,
    /// The proxies that were set for this machine before us.
    before: Matcher,
}

/// A proxy that was set before us.
struct Before {
    host: String,
    port: u16,
    /// What it wants to know of us.
    auth: Option<HeaderValue>,
}

/// What concerns one hop, not the request.
const HOP_HEADERS: &[&str] =
    &["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"];

impl Proxy {
    pub(crate) fn new(emulator: Arc<Emulator>, others: Others) -> Self {
        Self { emulator, others, before: Matcher::from_env() }
    }

    /// Where a connection goes that a client wants to a host. `port` is what the scheme has where the authority has none.
    pub(crate) fn way(&self, arrival: Arrival, authority: &Authority, port: u16) -> Way {
        let host = authority.host();
        if is_here(arrival, host, authority.port_u16().unwrap_or(port)) {
            return Way::Here;
        }
        if !self.emulator.control_from().admits(arrival.peer.ip()) {
            return Way::Nowhere("The caller's address may not use this proxy; see --control-from.".into());
        }
        match (hosts::owner(host), self.others) {
            (Owner::Ours(_), _) => Way::Here,
            (Owner::Refused, _) => {
                Way::Nowhere(format!("{host} would take what is meant for the emulator, which does not answer for it."))
            }
            (Owner::Other, Others::Refuse) => {
                Way::Nowhere(format!("{host} is not a host that the emulator answers for; see --others."))
            }
            (Owner::Other, Others::Tunnel) => Way::On,
        }
    }

    /// Counts a host, and tells the log of it the first time.
    pub(crate) fn note(&self, host: &str, fate: Fate, why: &str) {
        if self.emulator.traffic().wanted(host, fate) {
            match fate {
                Fate::Answered => tracing::info!("answering as {host}"),
                Fate::Tunnelled => tracing::info!("tunnelling to {host}"),
                Fate::Refused => tracing::warn!("refused to connect to {host}: {why}"),
                Fate::Unreachable => tracing::warn!("could not reach {host}: {why}"),
            }
        }
    }

    /// A connection to another host, through the proxy that was set before us where there is one.
    pub(crate) async fn reach(&self, authority: &Authority, arrival: Arrival) -> io::Result<TcpStream> {
        let target = Uri::builder().scheme("https").authority(authority.as_str()).path_and_query("/").build();
        let target = target.map_err(io::Error::other)?;
        let address = (trimmed(authority.host()), authority.port_u16().unwrap_or(443));
        match self.before(&target, arrival)? {
            None => connect(address, arrival).await,
            Some(Before { host, port, auth }) => {
                let mut stream = connect((&host, port), arrival.by_ourselves()).await?;
                ask_for_tunnel(&mut stream, address, auth.as_ref()).await?;
                Ok(stream)
            }
        }
    }

    /// The proxy that was set before us for a target. We ourselves are none.
    fn before(&self, target: &Uri, arrival: Arrival) -> io::Result<Option<Before>> {
        let Some(before) = self.before.intercept(target) else { return Ok(None) };
        let (host, port) = endpoint(before.uri())?;
        if is_here(arrival, host, port) {
            return Ok(None);
        }
        Ok(Some(Before { host: host.to_owned(), port, auth: before.basic_auth().cloned() }))
    }

    /// Sends a plain request on to its host, and brings back the answer.
    pub(crate) async fn forward(&self, request: Request<Incoming>, arrival: Arrival) -> io::Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let authority = parts.uri.authority().cloned().ok_or(io::ErrorKind::InvalidInput)?;
        for name in HOP_HEADERS {
            parts.headers.remove(*name);
        }
        let host = HeaderValue::try_from(authority.as_str()).map_err(io::Error::other)?;
        parts.headers.insert(header::HOST, host);
        let stream = match self.before(&parts.uri, arrival)? {
            None => {
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                parts.uri = path.parse().map_err(io::Error::other)?;
                connect((trimmed(authority.host()), authority.port_u16().unwrap_or(80)), arrival).await?
            }
            // A proxy wants the target whole.
            Some(Before { host, port, auth }) => {
                parts.headers.extend(auth.map(|auth| (header::PROXY_AUTHORIZATION, auth)));
                connect((&host, port), arrival.by_ourselves()).await?
            }
        };
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        #[expect(clippy::disallowed_methods, reason = "the connection lives as long as the answer's body")]
        tokio::spawn(connection);
        let answer = sender.send_request(Request::from_parts(parts, body)).await.map_err(io::Error::other)?;
        let (mut parts, body) = answer.into_parts();
        for name in HOP_HEADERS {
            parts.headers.remove(*name);
        }
        Ok(Response::from_parts(parts, Body::new(body)))
    }
}

/// An answer of the proxy itself: a sentence.
pub(crate) fn say(status: StatusCode, sentence: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("specularite: {}\n", sentence.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Takes off what was meant for the proxy alone.
pub(crate) fn without_proxy_headers(headers: &mut HeaderMap) {
    headers.remove(header::PROXY_AUTHORIZATION);
    headers.remove(HeaderName::from_static("proxy-connection"));
}

/// Whether a host and a port are this very server: a name of this machine or of a container, or the address that was reached.
fn is_here(arrival: Arrival, host: &str, port: u16) -> bool {
    let host = trimmed(host);
    let named = hosts::is_local(host) || !host.contains(['.', ':']);
    let reached = || host.parse::<std::net::IpAddr>().is_ok_and(|address| address == arrival.local.ip());
    port == arrival.local.port() && (named || reached())
}

/// A host without the brackets of IPv6.
fn trimmed(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn endpoint(proxy: &Uri) -> io::Result<(&str, u16)> {
    let host = proxy.host().ok_or_else(|| io::Error::other("the proxy that was set before has no host"))?;
    match proxy.scheme_str() {
        Some("http") | None => Ok((trimmed(host), proxy.port_u16().unwrap_or(80))),
        Some(other) => Err(io::Error::other(format!("a proxy over {other} cannot be gone through"))),
    }
}

/// Connects to a host, once its name has become an address: that may be one which nobody may be led to, however it was spelled.
#[expect(clippy::disallowed_methods, reason = "the network takes the machine's time")]
async fn connect(host: (&str, u16), arrival: Arrival) -> io::Result<TcpStream> {
    let reached = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host(host).await?.collect();
        let is_barred = |address: &SocketAddr| {
            let ip = address.ip().to_canonical();
            hosts::is_metadata(ip) || ip.is_loopback() && !arrival.peer.ip().to_canonical().is_loopback()
        };
        if let Some(barred) = addresses.iter().find(|address| is_barred(address)) {
            return Err(io::Error::other(format!("{} is an address that nobody is led to", barred.ip())));
        }
        TcpStream::connect(&addresses[..]).await
    };
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, reached).await??;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Asks the proxy at the other end for a tunnel, and reads its answer's head, byte by byte: what follows is not ours.
#[expect(clippy::disallowed_methods, reason = "the network takes the machine's time")]
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
                return Err(io::Error::other("the proxy that was set before answered with too long a head"));
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
    Err(io::Error::other(format!("the proxy that was set before answered {line:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::ControlFrom;

    fn way(others: Others, from: ControlFrom, peer: &str, authority: &str) -> Way {
        let proxy = Proxy::new(Emulator::builder().control_from(from).build(), others);
        let local = "127.0.0.1:7310".parse().unwrap();
        let arrival = Arrival { peer: peer.parse().unwrap(), local, scheme: "http", tenant: None, in_tunnel: false };
        proxy.way(arrival, &authority.parse().unwrap(), 443)
    }

    #[test]
    fn hosts_go_where_they_belong() {
        let from_here = |others, authority| way(others, ControlFrom::Loopback, "127.0.0.1:5000", authority);
        for authority in
            ["api.fabric.microsoft.com:443", "login.microsoftonline.com:7310", "localhost:7310", "[::1]:7310"]
        {
            assert_eq!(from_here(Others::Refuse, authority), Way::Here, "{authority}");
        }
        for authority in ["example.com:443", "localhost:8080", "specularite:80"] {
            assert_eq!(from_here(Others::Tunnel, authority), Way::On, "{authority}");
            assert!(matches!(from_here(Others::Refuse, authority), Way::Nowhere(_)), "{authority}");
        }
        for authority in ["graph.microsoft.com:443", "169.254.170.2:80", "[fd00:ec2::254]:80"] {
            assert!(matches!(from_here(Others::Tunnel, authority), Way::Nowhere(_)), "{authority}");
        }
    }

    #[test]
    fn strangers_have_no_proxy() {
        let authority = "api.fabric.microsoft.com:443";
        assert!(matches!(way(Others::Tunnel, ControlFrom::Loopback, "10.0.0.9:5000", authority), Way::Nowhere(_)));
        assert_eq!(way(Others::Tunnel, ControlFrom::Private, "10.0.0.9:5000", authority), Way::Here);
        assert!(matches!(way(Others::Tunnel, ControlFrom::Private, "8.8.8.8:5000", authority), Way::Nowhere(_)));
    }
}
