//! How much the emulator costs beside a bare axum server that sends the same bytes. Prints, and asserts nothing.
//!
//! `cargo bench` starts both in one run and loads them in turn with `wrk` (or says that it is not installed). Then it loads the
//! emulator itself, over plain http, over TLS, and over TLS through its proxy: `wrk` knows no proxy.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures the machine's time")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Rounds of both; the best of each counts.
const ROUNDS: usize = 3;

fn main() {
    if std::env::args().any(|argument| argument == "--bare") {
        return bare();
    }
    let (emulator, ready) = emulator();
    println!("time to ready             {:.1} ms", ready.as_secs_f64() * 1e3);
    println!("memory when idle          {} kB", memory(&emulator.child));
    let path = prepare(&emulator.base);
    let (head, body) = ask(&emulator.base, "POST", &path, "");
    let bare = started(
        Command::new(std::env::current_exe().expect("it runs")).arg("--bare").env("HEAD", head).env("BODY", body),
    );
    if Command::new("wrk").arg("--version").output().is_ok() {
        let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            theirs = theirs.max(load(&bare.base, &path));
            ours = ours.max(load(&emulator.base, &path));
        }
        println!("getMirroringStatus        {ours:.0} calls a second");
        println!("bare axum, same bytes     {theirs:.0} calls a second");
        println!("ratio                     {:.2}", ours / theirs);
    } else {
        println!("status calls              not measured: wrk is not installed (apt-get install wrk)");
    }
    let ways = [Way::Plain, Way::Tls, Way::Proxy];
    let mut best = [0.0_f64; 3];
    for _ in 0..ROUNDS {
        for (best, way) in best.iter_mut().zip(ways) {
            *best = best.max(kept_alive(&emulator.base, &path, way));
        }
    }
    println!("kept alive, plain http    {:.0} calls a second", best[0]);
    println!("kept alive, TLS           {:.0} calls a second, ratio {:.2}", best[1], best[1] / best[0]);
    println!("kept alive, TLS by proxy  {:.0} calls a second, ratio {:.2}", best[2], best[2] / best[0]);
}

/// How a client gets to the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Tls,
    Proxy,
}

/// Connections that are kept alive.
const CONNECTIONS: u64 = 16;
/// How long each is asked on.
const LASTS: Duration = Duration::from_secs(3);

/// Calls a second over connections that are kept alive.
fn kept_alive(base: &str, path: &str, way: Way) -> f64 {
    let host = if way == Way::Proxy { "api.fabric.microsoft.com" } else { "localhost" };
    let tls = (way != Way::Plain).then(|| trusting(&ask(base, "GET", "/_emulator/ca.pem", "").1));
    let request =
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer x\r\nContent-Length: 0\r\n\r\n");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    runtime.block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (base, request, tls) = (base.to_owned(), request.clone(), tls.clone());
            asking.spawn(async move {
                let mut stream = tokio::net::TcpStream::connect(&base).await.expect("it listens");
                let _ = stream.set_nodelay(true);
                if way == Way::Proxy {
                    let connect = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
                    stream.write_all(connect.as_bytes()).await.expect("it reads");
                    answer(&mut stream).await;
                }
                match tls {
                    None => asked(stream, &request).await,
                    Some(tls) => {
                        let name = ServerName::try_from(host).expect("it is a name");
                        asked(tls.connect(name, stream).await.expect("it is trusted"), &request).await
                    }
                }
            });
        }
        let calls: u64 = asking.join_all().await.into_iter().sum();
        calls as f64 / LASTS.as_secs_f64()
    })
}

/// How often a request is answered on one connection.
async fn asked(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> u64 {
    let (begun, mut calls) = (Instant::now(), 0);
    while begun.elapsed() < LASTS {
        stream.write_all(request.as_bytes()).await.expect("it reads");
        stream.flush().await.expect("it reads");
        answer(&mut stream).await;
        calls += 1;
    }
    calls
}

/// Reads an answer to its end.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) {
    let (mut read, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let n = stream.read(&mut buffer).await.expect("it answers");
        assert!(n > 0, "it hung up");
        read.extend_from_slice(&buffer[..n]);
        let Some(ends) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&read[..ends]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        if read.len() >= ends + 4 + length.unwrap_or(0_usize) {
            return;
        }
    }
}

/// A client that trusts the emulator's authority alone.
fn trusting(pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is a certificate");
    roots.add(certificate).expect("it is an authority's");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(std::sync::Arc::new(config))
}

/// A program that listens.
struct Served {
    child: Child,
    base: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn started(command: &mut Command) -> Served {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it has an output"))
        .read_line(&mut line)
        .expect("it says where it listens");
    let base = line.trim().rsplit("http://").next().expect("it names a URL").to_owned();
    Served { child, base }
}

fn emulator() -> (Served, Duration) {
    let begun = Instant::now();
    let served = started(Command::new(env!("CARGO_BIN_EXE_specularite")).args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--throttle",
        "off",
    ]));
    (served, begun.elapsed())
}

/// A mirrored database among others; the path of its status.
fn prepare(base: &str) -> String {
    let capacity = member(&ask(base, "GET", "/v1/capacities", "").1, "id");
    let workspace = member(
        &ask(base, "POST", "/v1/workspaces", &format!(r#"{{"displayName":"bench","capacityId":"{capacity}"}}"#)).1,
        "id",
    );
    // {"properties":{"source":{"type":"GenericMirror"},"target":{"type":"MountedRelationalDatabase","typeProperties":{"format":"Delta"}}}}
    let payload = "eyJwcm9wZXJ0aWVzIjp7InNvdXJjZSI6eyJ0eXBlIjoiR2VuZXJpY01pcnJvciJ9LCJ0YXJnZXQiOnsidHlwZSI6Ik1vdW50ZWRSZWxhdGlvbmFsRGF0YWJhc2UiLCJ0eXBlUHJvcGVydGllcyI6eyJmb3JtYXQiOiJEZWx0YSJ9fX19";
    let mut id = String::new();
    for n in 0..100 {
        let body = format!(
            r#"{{"displayName":"m{n}","definition":{{"parts":[{{"path":"mirroring.json","payloadType":"InlineBase64","payload":"{payload}"}}]}}}}"#
        );
        id = member(&ask(base, "POST", &format!("/v1/workspaces/{workspace}/mirroredDatabases"), &body).1, "id");
    }
    format!("/v1/workspaces/{workspace}/mirroredDatabases/{id}/getMirroringStatus")
}

fn member(json: &str, name: &str) -> String {
    let rest = json.split(&format!("\"{name}\":\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {json}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Asks once; head and body of the answer.
fn ask(base: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(base).expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {base}\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

fn load(base: &str, path: &str) -> f64 {
    let script = std::env::temp_dir().join("specularite-bench.lua");
    std::fs::write(&script, "wrk.method = 'POST'\nwrk.headers['Authorization'] = 'Bearer x'\n")
        .expect("a file can be written");
    let wrk = Command::new("wrk")
        .args(["-t1", "-c16", "-d3s", "-s"])
        .arg(script)
        .arg(format!("http://{base}{path}"))
        .output();
    let told = String::from_utf8_lossy(&wrk.expect("wrk runs").stdout).into_owned();
    let line = told.lines().find(|line| line.starts_with("Requests/sec:")).unwrap_or_else(|| panic!("{told}"));
    line.split_whitespace().nth(1).and_then(|rate| rate.parse().ok()).expect("wrk tells a rate")
}

/// Resident memory in kB, where the system tells.
fn memory(child: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("?").to_owned()
}

/// A bare axum server: status, headers and body of the emulator's answer, whatever is asked.
#[tokio::main]
async fn bare() {
    let head = std::env::var("HEAD").expect("the parent tells the head");
    let body = std::env::var("BODY").expect("the parent tells the body");
    let headers: Vec<(axum::http::HeaderName, axum::http::HeaderValue)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| !["connection", "content-length"].contains(name))
        .map(|(name, value)| (name.parse().expect("a header's name"), value.parse().expect("a header's value")))
        .collect();
    let answer = move || {
        let (headers, body) = (headers.clone(), body.clone());
        async move {
            let mut response = axum::response::Response::new(axum::body::Body::from(body));
            response.headers_mut().extend(headers);
            response
        }
    };
    let router: axum::Router = axum::Router::new().fallback(answer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    println!("http://{}", listener.local_addr().expect("it has an address"));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}
