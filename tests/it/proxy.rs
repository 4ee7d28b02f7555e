//! HTTP, HTTPS and proxy on one port, over sockets.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use specularite::emulator::ControlFrom;
use specularite::proxy::OtherHosts;
use specularite::server::{self, RunningServer, ServerOptions};
use specularite::traffic::HostOutcome;
use specularite::{Emulator, Pace};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::coverage::notice;
use crate::harness::{block_on, spawn};

fn emulator() -> Arc<Emulator> {
    Emulator::builder().pace(Pace::Instant).build()
}

/// Starts a server on every address of this machine.
async fn open(emulator: &Arc<Emulator>, options: ServerOptions) -> (RunningServer, SocketAddr) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (server::start_on(listener, Arc::clone(emulator), options).unwrap(), SocketAddr::from(([127, 0, 0, 1], port)))
}

/// A TLS client that trusts only the certificate authority of the emulator.
fn trusting(emulator: &Emulator) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let pem = emulator.ca().unwrap().pem().as_bytes();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Sends a request with `Connection: close`; the status and the whole response as text.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, head: &str) -> (u16, String) {
    let head = head.replace('\n', "\r\n");
    stream
        .write_all(format!("{head}\r\nConnection: close\r\nAuthorization: Bearer x\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), answer)
}

/// Requests a tunnel; the stream through it, or status and text of the error.
async fn tunnel(at: SocketAddr, target: &str, header: &str) -> Result<TcpStream, (u16, String)> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{header}\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let status: u16 = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap().parse().unwrap();
    if status == 200 {
        return Ok(stream);
    }
    let mut rest = vec![0; 1_024];
    let n = stream.read(&mut rest).await.unwrap();
    Err((status, String::from_utf8_lossy(&rest[..n]).into_owned()))
}

async fn shake_hands<S>(tls: &TlsConnector, name: &str, stream: S) -> io::Result<tokio_rustls::client::TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tls.connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

#[test]
fn port_serves_http_https_and_proxy() {
    block_on(async {
        let emulator = emulator();
        let (_running, at) = open(&emulator, ServerOptions::default()).await;
        let tls = trusting(&emulator);
        let (status, _) =
            ask(TcpStream::connect(at).await.unwrap(), "GET /v1/workspaces HTTP/1.1\nHost: localhost").await;
        assert_eq!(status, 200);
        for name in
            ["localhost", "127.0.0.1", "specularite", "api.fabric.microsoft.com", "x.z0.w.api.fabric.microsoft.com"]
        {
            let stream = shake_hands(&tls, name, TcpStream::connect(at).await.unwrap()).await.unwrap();
            let (status, _) = ask(stream, &format!("GET /v1/workspaces HTTP/1.1\nHost: {name}")).await;
            assert_eq!(status, 200, "{name}");
        }
        for target in ["api.fabric.microsoft.com:443", "login.microsoftonline.com:7310", &at.to_string()] {
            let name = target.split(':').next().unwrap();
            let stream = shake_hands(&tls, name, tunnel(at, target, "").await.unwrap()).await.unwrap();
            let discovery = "GET /common/v2.0/.well-known/openid-configuration HTTP/1.1";
            let path = if name.starts_with("api") { "GET /v1/workspaces HTTP/1.1" } else { discovery };
            let (status, answer) = ask(stream, &format!("{path}\nHost: {target}")).await;
            assert_eq!(status, 200, "{target}");
            let issuer = format!(r#""issuer":"https://{target}/"#);
            assert!(name.starts_with("api") || answer.contains(&issuer), "{answer}");
        }
        // A tunnel may carry plain HTTP.
        let plain = tunnel(at, "api.fabric.microsoft.com:80", "").await.unwrap();
        assert_eq!(ask(plain, "GET /v1/workspaces HTTP/1.1\nHost: api.fabric.microsoft.com").await.0, 200);
        let absolute =
            "GET http://169.254.169.254/metadata/identity/oauth2/token?resource=x HTTP/1.1\nHost: a\nMetadata: true";
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), absolute).await.0, 200);
        let hosts = emulator.traffic().hosts();
        assert!(hosts.iter().all(|(outcome, ..)| *outcome == HostOutcome::Answered), "{hosts:?}");
    });
}

#[test]
fn response_urls_use_the_requested_scheme_and_host() {
    block_on(async {
        let emulator = emulator();
        let (_running, at) = open(&emulator, ServerOptions::default()).await;
        let tls = trusting(&emulator);
        let host = "api.fabric.microsoft.com";
        let call = async |method: &str, path: &str, body: &str| {
            let stream = shake_hands(&tls, host, tunnel(at, &format!("{host}:443"), "").await.unwrap()).await.unwrap();
            let head = format!("{method} /v1/{path} HTTP/1.1\nHost: {host}\nContent-Length: {}", body.len());
            // `ask` has no body, so the request is written here.
            let (mut stream, head) = (stream, head.replace('\n', "\r\n"));
            let rest = "Authorization: Bearer x\r\nConnection: close\r\nContent-Type: application/json";
            stream.write_all(format!("{head}\r\n{rest}\r\n\r\n{body}").as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let json = |answer: &str| serde_json::from_str::<Value>(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let capacity = json(&call("GET", "capacities", "").await)["value"][0]["id"].clone();
        let made = call("POST", "workspaces", &format!(r#"{{"displayName":"w","capacityId":{capacity}}}"#)).await;
        let workspace = json(&made)["id"].as_str().unwrap().to_owned();
        let started = call("POST", &format!("workspaces/{workspace}/sqlDatabases"), r#"{"displayName":"d"}"#).await;
        assert!(started.contains("location: https://api.fabric.microsoft.com/v1/operations/"), "{started}");
    });
}

/// The host in an absolute target takes precedence over the `Host` header.
#[test]
fn request_target_overrides_the_host_header() {
    block_on(async {
        let (_running, at) = open(&emulator(), ServerOptions::default()).await;
        let path = "/common/v2.0/.well-known/openid-configuration";
        for (scheme, port) in [("http", ""), ("https", ""), ("http", ":81")] {
            let target = format!("{scheme}://login.microsoftonline.com{port}");
            let head = format!("GET {target}{path} HTTP/1.1\nHost: api.fabric.microsoft.com");
            let (status, answer) = ask(TcpStream::connect(at).await.unwrap(), &head).await;
            assert!(status == 200 && answer.contains(&format!(r#""issuer":"{target}/{{tenantid}}/v2.0""#)), "{answer}");
        }
    });
}

#[test]
fn tunnels_cannot_be_nested() {
    block_on(async {
        let (_running, at) =
            open(&emulator(), ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        for inner in ["api.fabric.microsoft.com:443", &at.to_string(), "example.com:443"] {
            let outer = tunnel(at, &at.to_string(), "").await.unwrap();
            let (status, _) = ask(outer, &format!("CONNECT {inner} HTTP/1.1\nHost: {inner}")).await;
            assert_eq!(status, 403, "{inner}");
        }
    });
}

#[test]
fn certificates_are_issued_for_emulated_hosts_only() {
    block_on(async {
        let emulator = emulator();
        let (_running, at) =
            open(&emulator, ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        let tls = trusting(&emulator);
        for name in ["example.com", "graph.microsoft.com", "10.0.0.1", "login.microsoftonline.com.example.com"] {
            let direct = shake_hands(&tls, name, TcpStream::connect(at).await.unwrap()).await;
            assert!(direct.is_err(), "{name}");
            // The same holds inside a tunnel to an emulated host.
            let inside = tunnel(at, "api.fabric.microsoft.com:443", "").await.unwrap();
            assert!(shake_hands(&tls, name, inside).await.is_err(), "{name}");
        }
    });
}

/// Listens as another host. Its answer to every request is the request's head, with `|` for line ends.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            spawn(async move {
                let mut head = vec![0; 1_024];
                let n = stream.read(&mut head).await.unwrap_or_default();
                let said = String::from_utf8_lossy(&head[..n]).replace("\r\n", "|");
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

/// A request with an absolute target, and credentials for the proxy.
fn absolute(target: SocketAddr) -> String {
    format!("GET http://{target}/a?b HTTP/1.1\nHost: {target}\nProxy-Authorization: Basic YTpi")
}

fn outcomes(emulator: &Emulator) -> Vec<HostOutcome> {
    emulator.traffic().hosts().into_iter().map(|(outcome, ..)| outcome).collect()
}

#[test]
fn other_hosts_are_refused_by_default() {
    block_on(async {
        let other = echo().await;
        let emulator = emulator();
        let (_running, at) = open(&emulator, ServerOptions::default()).await;
        let (status, why) = tunnel(at, &other.to_string(), "").await.unwrap_err();
        assert!(status == 403 && why.contains("--others"), "{why}");
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), &absolute(other)).await.0, 403);
        assert!(outcomes(&emulator).contains(&HostOutcome::Refused));
    });
}

#[test]
fn other_hosts_are_reached_through_tunnels_and_absolute_targets() {
    block_on(async {
        let other = echo().await;
        let emulator = emulator();
        let (_running, at) =
            open(&emulator, ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        let stream = tunnel(at, &other.to_string(), "").await.unwrap();
        assert!(ask(stream, "GET /through HTTP/1.1\nHost: x").await.1.contains("GET /through HTTP/1.1|Host: x"));
        let (status, answer) = ask(TcpStream::connect(at).await.unwrap(), &absolute(other)).await;
        assert!(status == 200 && answer.contains("GET /a?b HTTP/1.1"), "{answer}");
        assert!(!answer.to_lowercase().contains("proxy-authorization"), "{answer}");
        let secure = format!("GET https://{other}/a HTTP/1.1\nHost: {other}");
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), &secure).await.0, 400);
        assert!(outcomes(&emulator).contains(&HostOutcome::Tunnelled));
    });
}

/// A link-local address has many spellings, and each of them is blocked.
#[test]
fn blocked_hosts_are_refused_even_where_others_are_tunnelled() {
    block_on(async {
        let emulator = emulator();
        let (_running, at) =
            open(&emulator, ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        for target in ["graph.microsoft.com:443", "169.254.170.2:80", "dailyapi.fabric.microsoft.com:443"] {
            assert_eq!(tunnel(at, target, "").await.unwrap_err().0, 403, "{target}");
        }
        assert_eq!(tunnel(at, "nowhere.invalid:443", "").await.unwrap_err().0, 502);
        for spelling in ["2852039166:80", "0xa9fea9fe:80", "169.254.43518:80"] {
            let (status, why) = tunnel(at, spelling, "").await.unwrap_err();
            assert!(status == 502 && !why.contains("timed out"), "{why}");
        }
        assert!(outcomes(&emulator).contains(&HostOutcome::Unreachable));
    });
}

#[test]
fn proxy_user_selects_the_tenant() {
    block_on(async {
        let emulator = emulator();
        let (_running, at) = open(&emulator, ServerOptions::default()).await;
        let tls = trusting(&emulator);
        let mut seen = Vec::new();
        // `one:x`, `two:x`, and `one:x` again.
        for user in ["b25lOng=", "dHdvOng=", "b25lOng="] {
            let header = format!("Proxy-Authorization: Basic {user}\r\n");
            let stream = tunnel(at, "api.fabric.microsoft.com:443", &header).await.unwrap();
            let stream = shake_hands(&tls, "api.fabric.microsoft.com", stream).await.unwrap();
            let (_, answer) = ask(stream, "GET /v1/capacities HTTP/1.1\nHost: api.fabric.microsoft.com").await;
            seen.push(answer.split("\r\n\r\n").nth(1).unwrap().to_owned());
        }
        assert!(seen[0] != seen[1] && seen[0] == seen[2], "{seen:?}");
        assert_eq!(emulator.tenants().len(), 3);
    });
}

/// An address of this machine that is not a loopback address.
fn address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket
        .local_addr()
        .ok()
        .map(|address| address.ip())
        .filter(|address| !address.is_loopback() && !address.is_unspecified())
}

#[test]
fn proxy_rejects_remote_callers() {
    let Some(outside) = address() else {
        notice("SKIPPED: this machine has loopback addresses only (the unit tests in proxy.rs cover the rule)");
        return;
    };
    block_on(async {
        let (_running, at) =
            open(&emulator(), ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        let at = SocketAddr::from((outside, at.port()));
        for target in ["api.fabric.microsoft.com:443", "example.com:443"] {
            let (status, why) = tunnel(at, target, "").await.unwrap_err();
            assert!(status == 403 && why.contains("--control-from"), "{why}");
        }
        let absolute =
            "GET http://169.254.169.254/metadata/identity/oauth2/token?resource=x HTTP/1.1\nHost: a\nMetadata: true";
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), absolute).await.0, 403);
        // As a server it answers remote clients.
        let (status, _) =
            ask(TcpStream::connect(at).await.unwrap(), "GET /v1/workspaces HTTP/1.1\nHost: localhost").await;
        assert_eq!(status, 200);
        let private = Emulator::builder().control_from(ControlFrom::Any).build();
        let (_running, at) = open(&private, ServerOptions::default()).await;
        assert!(tunnel(SocketAddr::from((outside, at.port())), "api.fabric.microsoft.com:443", "").await.is_ok());
    });
}

#[test]
fn tls_can_be_disabled() {
    block_on(async {
        let emulator = emulator();
        let (_running, at) = open(&emulator, ServerOptions { tls: false, ..ServerOptions::default() }).await;
        assert!(shake_hands(&trusting(&emulator), "localhost", TcpStream::connect(at).await.unwrap()).await.is_err());
        assert_eq!(tunnel(at, "api.fabric.microsoft.com:443", "").await.unwrap_err().0, 403);
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the server must close the connection by itself")]
fn stalled_connections_do_not_block_others() {
    block_on(async {
        let emulator = emulator();
        let (running, at) = open(&emulator, ServerOptions::default()).await;
        let mut open = Vec::new();
        for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x00\x10abc"] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(begun).await.unwrap();
            open.push(stream);
        }
        open.push(tunnel(at, "api.fabric.microsoft.com:443", "").await.unwrap());
        // Bytes that are not TLS and an oversized handshake are disconnected.
        for nonsense in
            [b"\x16nonsense that is no record of TLS".to_vec(), [&b"\x16\x03\x01\xff\xff"[..], &[1; 70_000]].concat()]
        {
            let mut stream = TcpStream::connect(at).await.unwrap();
            let _ = stream.write_all(&nonsense).await;
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "it stays open after {} bytes", nonsense.len());
        }
        let (status, _) =
            ask(TcpStream::connect(at).await.unwrap(), "GET /v1/workspaces HTTP/1.1\nHost: localhost").await;
        assert_eq!(status, 200);
        // Shutdown waits for none of them.
        drop(running);
        for mut stream in open {
            let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_u8()).await;
            assert!(ended.is_ok_and(|read| read.is_err()), "it is still open");
        }
    });
}

#[test]
fn ca_key_is_never_disclosed() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder().data_dir(specularite::data_dir::DataDir::at(folder.path())).build();
        let (_running, at) = open(&emulator, ServerOptions::default()).await;
        let control = async |path: &str| {
            ask(TcpStream::connect(at).await.unwrap(), &format!("GET /_emulator/{path} HTTP/1.1\nHost: localhost"))
                .await
        };
        let (status, handed_out) = control("ca.pem").await;
        assert!(status == 200 && handed_out.contains("-----BEGIN CERTIFICATE-----"), "{handed_out}");
        let secret = std::fs::read_to_string(folder.path().join("ca.key")).unwrap();
        let secret = secret.lines().nth(1).unwrap();
        let (_, journal) = control("journal?tenant=*").await;
        for text in [&handed_out, &journal, &format!("{emulator:?}")] {
            assert!(!text.contains("PRIVATE") && !text.contains(secret), "{text}");
        }
        assert!(!emulator.default_tenant().facts().iter().any(|fact| format!("{fact:?}").contains("PRIVATE")));
    });
}

#[test]
fn forwarded_requests_are_marked_and_cleaned() {
    block_on(async {
        let other = echo().await;
        let (_running, at) =
            open(&emulator(), ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        let head = format!("GET http://user:word@{other}/a HTTP/1.1\nHost: x\nConnection: X-Secret\nX-Secret: s");
        let (status, echoed) = ask(TcpStream::connect(at).await.unwrap(), &head).await;
        assert_eq!(status, 200, "{echoed}");
        assert!(!echoed.contains("word@") && !echoed.to_lowercase().contains("x-secret"), "{echoed}");
        let via =
            echoed.split('|').find_map(|line| line.strip_prefix("via: ")).expect("the request has a Via").to_owned();
        let again = format!("GET http://{other}/a HTTP/1.1\nHost: x\nVia: {via}");
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), &again).await.0, 508);
        let foreign = format!("GET http://{other}/a HTTP/1.1\nHost: x\nVia: 1.1 specularite-0-0");
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), &foreign).await.0, 200);
    });
}

#[test]
fn several_host_headers_are_rejected() {
    block_on(async {
        let (_running, at) = open(&emulator(), ServerOptions::default()).await;
        for target in ["/v1/workspaces", "/_emulator/health", "http://api.fabric.microsoft.com/v1/workspaces"] {
            let head = format!("GET {target} HTTP/1.1\nHost: localhost\nHost: api.fabric.microsoft.com");
            let (status, response) = ask(TcpStream::connect(at).await.unwrap(), &head).await;
            assert!(status == 400 && response.contains("several Host headers"), "{target}: {response}");
        }
    });
}

#[test]
fn ports_out_of_range_are_rejected() {
    block_on(async {
        let (_running, at) =
            open(&emulator(), ServerOptions { other_hosts: OtherHosts::Tunnel, ..ServerOptions::default() }).await;
        assert_eq!(tunnel(at, "api.fabric.microsoft.com:99999", "").await.unwrap_err().0, 400);
        let absolute = "GET http://api.fabric.microsoft.com:99999/v1/workspaces HTTP/1.1\nHost: x";
        assert_eq!(ask(TcpStream::connect(at).await.unwrap(), absolute).await.0, 400);
    });
}
