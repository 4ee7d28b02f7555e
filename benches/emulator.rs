//! Compares the emulator with a bare axum server that sends the same bytes. The benchmark prints figures and checks no
//! limits.
//!
//! `cargo bench` starts both servers. If `wrk` is installed, it loads the servers in turn. Then a built-in client loads
//! the emulator over plain HTTP, over TLS, and over TLS through the emulator's proxy, because `wrk` does not support
//! proxies.
#![expect(clippy::print_stdout, reason = "the figures are printed")]
#![expect(clippy::disallowed_methods, reason = "durations are measured on the machine's clock")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The number of rounds per measurement. The best round counts.
const ROUNDS: usize = 3;

fn main() {
    if std::env::args().any(|argument| argument == "--bare") {
        return bare();
    }
    let (emulator, time_to_ready) = start_emulator(&[]);
    println!("time to ready             {:.1} ms", time_to_ready.as_secs_f64() * 1e3);
    println!("memory when idle          {} kB", memory(&emulator.child));
    let path = create_database(&emulator.base);
    let (head, body) = request(&emulator.base, "POST", &path, "");
    let bare = start(
        Command::new(std::env::current_exe().expect("the program has a path"))
            .arg("--bare")
            .env("HEAD", head)
            .env("BODY", body),
    );
    if Command::new("wrk").arg("--version").output().is_ok() {
        let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            theirs = theirs.max(load_with_wrk(&bare.base, &path));
            ours = ours.max(load_with_wrk(&emulator.base, &path));
        }
        println!("getMirroringStatus        {ours:.0} calls per second");
        println!("bare axum, same bytes     {theirs:.0} calls per second");
        println!("ratio                     {:.2}", ours / theirs);
    } else {
        println!("status calls              not measured: wrk is not installed (try apt-get install wrk)");
    }
    let transports = [Transport::Plain, Transport::Tls, Transport::Proxy];
    let mut best = [0.0_f64; 3];
    for _ in 0..ROUNDS {
        for (best, transport) in best.iter_mut().zip(transports) {
            *best = best.max(load_kept_alive(&emulator.base, &path, transport));
        }
    }
    println!("kept alive, plain http    {:.0} calls per second", best[0]);
    println!("kept alive, TLS           {:.0} calls per second, ratio {:.2}", best[1], best[1] / best[0]);
    println!("kept alive, TLS by proxy  {:.0} calls per second, ratio {:.2}", best[2], best[2] / best[0]);
    print_writes();
    for (name, slowest) in month_of_trouble(&emulator.base, &path) {
        println!("{name:<25} {:.1} ms, the slowest of 10", slowest.as_secs_f64() * 1e3);
    }
}

/// Prints the writes per second of an emulator in memory, and of emulators with a state file.
fn print_writes() {
    let folder = std::env::temp_dir().join(format!("specularite-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be created");
    let kinds = ["none", "flush", "disk"];
    let (mut memory, mut stored) = (0.0_f64, [0.0_f64; 3]);
    for round in 0..ROUNDS {
        memory = memory.max(load_writes(&start_emulator(&[]).0.base));
        for (best, sync) in stored.iter_mut().zip(kinds) {
            let file = folder.join(format!("{sync}-{round}.ndjson"));
            let options = ["--state", &file.to_string_lossy(), "--state-sync", sync];
            *best = best.max(load_writes(&start_emulator(&options).0.base));
        }
    }
    println!("writes, in memory         {memory:.0} calls per second");
    for (rate, sync) in stored.into_iter().zip(kinds) {
        println!("writes, state-sync {sync:<7}{rate:.0} calls per second, ratio {:.2}", rate / memory);
    }
    let _ = std::fs::remove_dir_all(folder);
}

/// Measures changes of workspaces per second over connections that are kept alive. Each connection changes its own.
fn load_writes(base: &str) -> f64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..CONNECTIONS {
            let created = request(base, "POST", "/v1/workspaces", &format!(r#"{{"displayName":"w{n}"}}"#)).1;
            let (base, id) = (base.to_owned(), member(&created, "id"));
            let body = format!(r#"{{"description":"{}"}}"#, "a description of sixty-four bytes ".repeat(2));
            let call = format!(
                "PATCH /v1/workspaces/{id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            tasks.spawn(async move {
                let stream = tokio::net::TcpStream::connect(&base).await.expect("the emulator listens");
                let _ = stream.set_nodelay(true);
                repeat_call(stream, &call).await
            });
        }
        let calls: u64 = tasks.join_all().await.into_iter().sum();
        calls as f64 / DURATION.as_secs_f64()
    })
}

/// Moves the clock by a month of bursts, failures and reseeds in 1,000 tables of the database with this status call.
/// Returns the longest durations of a status call, of a page of tables, and of a timeline with 50 tables and 200 points,
/// connection included.
fn month_of_trouble(base: &str, status: &str) -> [(&'static str, Duration); 3] {
    const TABLES: usize = 1_000;
    const DAYS: usize = 30;
    let database = status.trim_end_matches("/getMirroringStatus");
    let id = database.rsplit('/').next().unwrap_or_default();
    let call = |method: &str, path: &str, body: &str| {
        let (head, answer) = request(base, method, path, body);
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {head} {answer}");
        answer
    };
    let table = |n: usize| {
        format!(
            r#"{{"schemaName":"dbo","tableName":"t{n}","rows":100000,"rowsPerSecond":0.5,"bursts":[{{"every":3600,"rows":500}}]}}"#
        )
    };
    let tables: Vec<String> = (0..TABLES).map(table).collect();
    call("PUT", &format!("/_emulator/sources/{id}"), &format!(r#"{{"tables":[{}]}}"#, tables.join(",")));
    call("POST", "/_emulator/clock", r#"{"mode":"manual"}"#);
    call("POST", "/_emulator/clock/advance", r#"{"seconds":60}"#);
    call("POST", &format!("{database}/startMirroring"), "");
    for day in 0..DAYS {
        for (kind, ends) in
            [("reseed", ""), ("tableFails", r#","ends":{"after":3600}"#), ("unreachable", r#","ends":{"after":600}"#)]
        {
            let starts = day * 86_400 + 7_200 * (1 + kind.len());
            let body =
                format!(r#"{{"target":{{"source":"{id}"}},"kind":"{kind}","starts":{{"after":{starts}}}{ends}}}"#);
            call("POST", "/_emulator/trouble", &body);
        }
    }
    call("POST", "/_emulator/clock/advance", &format!(r#"{{"seconds":{}}}"#, DAYS * 86_400));
    let slowest = |method: &str, path: &str| {
        let durations = (0..10).map(|_| {
            let begin = Instant::now();
            call(method, path, "");
            begin.elapsed()
        });
        durations.max().unwrap_or_default()
    };
    let tables = format!("{database}/getTablesMirroringStatus");
    let timeline = format!("/_emulator/timeline?item={id}&limit=50&points=200");
    [
        ("status, month of trouble", slowest("POST", status)),
        ("tables, month of trouble", slowest("POST", &tables)),
        ("timeline, the same month", slowest("GET", &timeline)),
    ]
}

/// The transport from a client to the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Plain,
    Tls,
    Proxy,
}

/// The number of concurrent connections of the built-in client.
const CONNECTIONS: u64 = 16;
/// The duration of the load on each connection.
const DURATION: Duration = Duration::from_secs(3);

/// Measures calls per second over connections that are kept alive.
fn load_kept_alive(base: &str, path: &str, transport: Transport) -> f64 {
    let host = if transport == Transport::Proxy { "api.fabric.microsoft.com" } else { "localhost" };
    let tls = (transport != Transport::Plain).then(|| tls_connector(&request(base, "GET", "/_emulator/ca.pem", "").1));
    let call = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer x\r\nContent-Length: 0\r\n\r\n");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (base, call, tls) = (base.to_owned(), call.clone(), tls.clone());
            tasks.spawn(async move {
                let mut stream = tokio::net::TcpStream::connect(&base).await.expect("the emulator listens");
                let _ = stream.set_nodelay(true);
                if transport == Transport::Proxy {
                    let connect = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
                    stream.write_all(connect.as_bytes()).await.expect("the proxy reads");
                    read_response(&mut stream).await;
                }
                match tls {
                    None => repeat_call(stream, &call).await,
                    Some(tls) => {
                        let name = ServerName::try_from(host).expect("the host is a valid name");
                        repeat_call(tls.connect(name, stream).await.expect("the certificate is trusted"), &call).await
                    }
                }
            });
        }
        let calls: u64 = tasks.join_all().await.into_iter().sum();
        calls as f64 / DURATION.as_secs_f64()
    })
}

/// Repeats a call on one connection for [`DURATION`], and returns the number of responses.
async fn repeat_call(mut stream: impl AsyncRead + AsyncWrite + Unpin, call: &str) -> u64 {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < DURATION {
        stream.write_all(call.as_bytes()).await.expect("the emulator reads");
        stream.flush().await.expect("the emulator reads");
        read_response(&mut stream).await;
        calls += 1;
    }
    calls
}

/// Reads a whole response.
async fn read_response(stream: &mut (impl AsyncRead + Unpin)) {
    let (mut read, mut buffer) = (Vec::new(), [0; 4_096]);
    loop {
        let n = stream.read(&mut buffer).await.expect("the emulator responds");
        assert!(n > 0, "the emulator closed the connection");
        read.extend_from_slice(&buffer[..n]);
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        if read.len() >= end + 4 + length.unwrap_or(0_usize) {
            return;
        }
    }
}

/// Returns a TLS client that trusts only the emulator's certificate authority.
fn tls_connector(pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("ca.pem is a certificate");
    roots.add(certificate).expect("ca.pem is a trust anchor");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(std::sync::Arc::new(config))
}

/// A server in a child process. Dropping the value stops the process.
struct ServerProcess {
    child: Child,
    base: String,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server, and waits for its first line of output. The line ends with the URL of the server.
fn start(command: &mut Command) -> ServerProcess {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("standard output is piped"))
        .read_line(&mut line)
        .expect("the server prints a line");
    let base = line.trim().rsplit("http://").next().expect("the line has a URL").to_owned();
    ServerProcess { child, base }
}

/// Starts the emulator with further options. Returns the process, and the time until the emulator was ready.
fn start_emulator(options: &[&str]) -> (ServerProcess, Duration) {
    let start_time = Instant::now();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--throttle", "off"];
    let emulator = start(Command::new(env!("CARGO_BIN_EXE_specularite")).args(serve).args(options));
    (emulator, start_time.elapsed())
}

/// Creates 100 mirrored databases. Returns the path of `getMirroringStatus` for the last database.
fn create_database(base: &str) -> String {
    let capacity = member(&request(base, "GET", "/v1/capacities", "").1, "id");
    let workspace = member(
        &request(base, "POST", "/v1/workspaces", &format!(r#"{{"displayName":"bench","capacityId":"{capacity}"}}"#)).1,
        "id",
    );
    // {"properties":{"source":{"type":"GenericMirror"},"target":{"type":"MountedRelationalDatabase","typeProperties":{"format":"Delta"}}}}
    let payload = "eyJwcm9wZXJ0aWVzIjp7InNvdXJjZSI6eyJ0eXBlIjoiR2VuZXJpY01pcnJvciJ9LCJ0YXJnZXQiOnsidHlwZSI6Ik1vdW50ZWRSZWxhdGlvbmFsRGF0YWJhc2UiLCJ0eXBlUHJvcGVydGllcyI6eyJmb3JtYXQiOiJEZWx0YSJ9fX19";
    let mut id = String::new();
    for n in 0..100 {
        let body = format!(
            r#"{{"displayName":"m{n}","definition":{{"parts":[{{"path":"mirroring.json","payloadType":"InlineBase64","payload":"{payload}"}}]}}}}"#
        );
        id = member(&request(base, "POST", &format!("/v1/workspaces/{workspace}/mirroredDatabases"), &body).1, "id");
    }
    format!("/v1/workspaces/{workspace}/mirroredDatabases/{id}/getMirroringStatus")
}

/// Returns the first string member with the given name in a compact JSON text.
fn member(json: &str, name: &str) -> String {
    let rest = json.split(&format!("\"{name}\":\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {json}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Sends one request on a new connection. Returns the head and the body of the response.
fn request(base: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(base).expect("the server listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {base}\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("the server responds");
    let (head, body) = response.split_once("\r\n\r\n").expect("a response has a head");
    (head.to_owned(), body.to_owned())
}

/// Loads a server with `wrk`, and returns the calls per second.
fn load_with_wrk(base: &str, path: &str) -> f64 {
    let script = std::env::temp_dir().join("specularite-bench.lua");
    std::fs::write(&script, "wrk.method = 'POST'\nwrk.headers['Authorization'] = 'Bearer x'\n")
        .expect("the script can be written");
    let wrk = Command::new("wrk")
        .args(["-t1", "-c16", "-d3s", "-s"])
        .arg(script)
        .arg(format!("http://{base}{path}"))
        .output();
    let output = String::from_utf8_lossy(&wrk.expect("wrk runs").stdout).into_owned();
    let line = output.lines().find(|line| line.starts_with("Requests/sec:")).unwrap_or_else(|| panic!("{output}"));
    line.split_whitespace().nth(1).and_then(|rate| rate.parse().ok()).expect("wrk prints a rate")
}

/// Returns the resident memory of a process in kB. Returns `?` on systems other than Linux.
fn memory(child: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("?").to_owned()
}

/// Runs a bare axum server that answers every request with the headers and the body of the emulator's response.
#[tokio::main]
async fn bare() {
    let head = std::env::var("HEAD").expect("the parent sets HEAD");
    let body = std::env::var("BODY").expect("the parent sets BODY");
    let headers: Vec<(axum::http::HeaderName, axum::http::HeaderValue)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| !["connection", "content-length"].contains(name))
        .map(|(name, value)| (name.parse().expect("a valid name"), value.parse().expect("a valid value")))
        .collect();
    let handler = move || {
        let (headers, body) = (headers.clone(), body.clone());
        async move {
            let mut response = axum::response::Response::new(axum::body::Body::from(body));
            response.headers_mut().extend(headers);
            response
        }
    };
    let router: axum::Router = axum::Router::new().fallback(handler);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    println!("http://{}", listener.local_addr().expect("the listener has an address"));
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
