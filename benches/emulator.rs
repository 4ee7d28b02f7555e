//! Compares the emulator with a bare axum server that sends the same bytes. The benchmark prints figures and checks no
//! limits.
//!
//! `cargo bench` starts both servers. If `wrk` is installed, it loads the servers in turn, in pairs. Then a built-in client
//! loads the emulator over plain HTTP, over TLS, and over TLS through the emulator's proxy, because `wrk` does not support
//! proxies.
#![expect(clippy::print_stdout, reason = "the figures are printed")]
#![expect(clippy::disallowed_methods, reason = "durations are measured on the machine's clock")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The number of pairs of measurements per comparison. The median counts. `cargo bench -- --rounds 3` is faster.
const ROUNDS: usize = 15;
/// The number of rounds of each other measurement. The best round counts.
const REPEATS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--bare") {
        return bare();
    }
    let given = arguments.iter().position(|argument| argument == "--rounds").and_then(|at| arguments.get(at + 1));
    let rounds = given.map_or(ROUNDS, |rounds| rounds.parse().expect("--rounds is followed by a number"));
    let (emulator, time_to_ready) = start_emulator(&[]);
    println!("time to ready             {:.1} ms", time_to_ready.as_secs_f64() * 1e3);
    println!("memory when idle          {} kB", memory(&emulator.child));
    let path = create_database(&emulator.base);
    if Command::new("wrk").arg("--version").output().is_ok() {
        for workload in workloads(&emulator.base, &path) {
            compare(&emulator.base, &workload, rounds);
        }
        print_tail(&emulator.base, &Workload::status(&path, "x"));
    } else {
        println!("comparison with bare axum not measured: wrk is not installed (try apt-get install wrk)");
    }
    let transports = [Transport::Plain, Transport::Tls, Transport::Proxy];
    let mut best = [0.0_f64; 3];
    for _ in 0..REPEATS {
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

/// A call that `wrk` repeats.
struct Workload {
    name: &'static str,
    method: &'static str,
    /// The path. `%w` is replaced by the id of a workspace of [`WorkspacesOfRound`].
    path: String,
    token: String,
    /// The body. `%d` is replaced by the number of the call.
    body: String,
}

/// The empty workspaces in which a round creates items; none if the path of the workload has no `%w`. Dropping the value
/// deletes them with their items, so that each round begins with the same tenant.
struct WorkspacesOfRound<'a> {
    base: &'a str,
    ids: Vec<String>,
}

impl<'a> WorkspacesOfRound<'a> {
    /// A round creates at most this number of workspaces times [`Self::ITEMS`].
    const COUNT: usize = 96;
    /// The number of items that a round creates in a workspace. A workspace holds 1,000 items.
    const ITEMS: usize = 450;

    fn new(base: &'a str, workload: &Workload) -> Self {
        let count = if workload.path.contains("%w") { Self::COUNT } else { 0 };
        let ids = (0..count).map(|n| create_workspace(base, &format!("round-{n}"))).collect();
        Self { base, ids }
    }
}

impl Drop for WorkspacesOfRound<'_> {
    fn drop(&mut self) {
        for id in &self.ids {
            request(self.base, "DELETE", &format!("/v1/workspaces/{id}"), "");
        }
    }
}

impl Workload {
    fn status(path: &str, token: &str) -> Self {
        let (path, token) = (path.to_owned(), token.to_owned());
        Self { name: "getMirroringStatus", method: "POST", path, token, body: String::new() }
    }

    /// Returns the script of `wrk`. Only a body with a number is made for each call.
    fn script(&self, workspaces: &WorkspacesOfRound<'_>) -> String {
        let Self { method, path, token, body, .. } = self;
        let head = format!(
            "wrk.method = '{method}'\nwrk.headers['Authorization'] = 'Bearer {token}'\n\
             wrk.headers['Content-Type'] = 'application/json'\n"
        );
        if body.is_empty() {
            return head;
        }
        let (ids, items) = (workspaces.ids.join("','"), WorkspacesOfRound::ITEMS);
        format!(
            "{head}local workspaces = {{'{ids}'}}\nlocal n = 0\nfunction request()\n  n = n + 1\n  \
             local workspace = workspaces[math.floor(n / {items}) % #workspaces + 1]\n  \
             local path = string.gsub('{path}', '%%w', workspace)\n  \
             return wrk.format(nil, path, nil, string.format([[{body}]], n))\nend\n"
        )
    }
}

/// Returns the calls that are compared with a bare server. `status` is the path of the status of a database.
fn workloads(base: &str, status: &str) -> Vec<Workload> {
    let database = status.trim_end_matches("/getMirroringStatus");
    let (_, id) = database.rsplit_once('/').expect("a path has slashes");
    let get = |name, path| Workload { name, method: "GET", path, token: "x".to_owned(), body: String::new() };
    let with_jwt = Workload { name: "the same, JWT of 2 kB", ..Workload::status(status, &jwt()) };

    let tables = (0..100).map(|n| format!(r#"{{"schemaName":"dbo","tableName":"t{n}","rows":1000}}"#));
    let tables = format!(r#"{{"tables":[{}]}}"#, tables.collect::<Vec<_>>().join(","));
    request(base, "PUT", &format!("/_emulator/sources/{id}"), &tables);
    // On a running clock, each advance would wait for the time to pass.
    request(base, "POST", "/_emulator/clock", r#"{"mode":"manual"}"#);
    request(base, "POST", "/_emulator/clock/advance", r#"{"seconds":60}"#);
    request(base, "POST", &format!("{database}/startMirroring"), "");
    request(base, "POST", "/_emulator/clock/advance", r#"{"seconds":3600}"#);
    request(base, "POST", "/_emulator/clock", r#"{"mode":"real"}"#);
    let page = Workload {
        name: "page of 100 tables",
        ..Workload::status(&format!("{database}/getTablesMirroringStatus"), "x")
    };

    request(base, "PATCH", "/_emulator/settings", r#"{"pageSize":500}"#);
    let other = member(&request(base, "POST", "/v1/workspaces", r#"{"displayName":"list"}"#).1, "id");
    for n in 0..500 {
        let body = format!(r#"{{"displayName":"f{n}"}}"#);
        request(base, "POST", &format!("/v1/workspaces/{other}/folders"), &body);
    }
    let list = get("list of 500", format!("/v1/workspaces/{other}/folders"));
    let body = format!(
        r#"{{"displayName":"c%d","definition":{{"parts":[{{"path":"mirroring.json","payloadType":"InlineBase64","payload":"{PAYLOAD}"}}]}}}}"#
    );
    let path = "/v1/workspaces/%w/mirroredDatabases".to_owned();
    let create = Workload { name: "create", method: "POST", path, token: "x".to_owned(), body };
    vec![Workload::status(status, "x"), with_jwt, page, list, create]
}

/// Returns an unsigned token of the default user with the size of a token of Entra.
fn jwt() -> String {
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let header = part(r#"{"typ":"JWT","alg":"RS256","kid":"bench"}"#.to_owned());
    let claims = part(format!(
        r#"{{"aud":"https://api.fabric.microsoft.com","oid":"5bec0a12-0000-4000-8000-000000000002","idtyp":"user","exp":4102444800,"xms_cc":"{}"}}"#,
        "c".repeat(900)
    ));
    format!("{header}.{claims}.{}", "s".repeat(700))
}

/// Loads the emulator and a bare server that sends the same bytes, in turn, and prints the medians.
fn compare(base: &str, workload: &Workload, rounds: usize) {
    let bare = start_bare(base, workload);
    let mut pairs: Vec<(f64, f64)> = (0..rounds)
        .map(|_| {
            let workspaces = WorkspacesOfRound::new(base, workload);
            (load_with_wrk(&bare.base, workload, &workspaces), load_with_wrk(base, workload, &workspaces))
        })
        .collect();
    let mut median = |of: fn(&(f64, f64)) -> f64| {
        pairs.sort_by(|one, other| of(one).total_cmp(&of(other)));
        of(&pairs[pairs.len() / 2])
    };
    let (theirs, ours, ratio) = (median(|pair| pair.0), median(|pair| pair.1), median(|pair| pair.1 / pair.0));
    println!("{:<25} {ours:.0} calls per second, bare axum {theirs:.0}, ratio {ratio:.2}", workload.name);
}

/// Prints the 99th percentiles of the durations at 32 connections.
fn print_tail(base: &str, workload: &Workload) {
    let bare = start_bare(base, workload);
    let (theirs, ours) = (tail_with_wrk(&bare.base, workload), tail_with_wrk(base, workload));
    println!("99 of 100 at 32 clients   within {ours}, bare axum {theirs}");
}

/// Starts a bare axum server that sends what the emulator answers to a call.
fn start_bare(base: &str, workload: &Workload) -> ServerProcess {
    let workspaces = WorkspacesOfRound::new(base, workload);
    let path = workload.path.replace("%w", workspaces.ids.first().map_or("", String::as_str));
    let body = workload.body.replace("%d", "0");
    let (head, body) = request(base, workload.method, &path, &body);
    assert!(head.starts_with("HTTP/1.1 2"), "{head} {body}");
    let file = std::env::temp_dir().join(format!("specularite-bench-{}.body", std::process::id()));
    std::fs::write(&file, body).expect("a file can be written");
    let program = std::env::current_exe().expect("the program has a path");
    start(Command::new(program).arg("--bare").env("HEAD", head).env("BODY", file))
}

/// Prints the writes per second of an emulator in memory, and of emulators with a state file.
fn print_writes() {
    let folder = std::env::temp_dir().join(format!("specularite-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be created");
    let kinds = ["none", "flush", "disk"];
    let (mut memory, mut stored) = (0.0_f64, [0.0_f64; 3]);
    for round in 0..REPEATS {
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

/// The definition of an open mirror:
/// `{"properties":{"source":{"type":"GenericMirror"},"target":{"type":"MountedRelationalDatabase","typeProperties":{"format":"Delta"}}}}`.
const PAYLOAD: &str = "eyJwcm9wZXJ0aWVzIjp7InNvdXJjZSI6eyJ0eXBlIjoiR2VuZXJpY01pcnJvciJ9LCJ0YXJnZXQiOnsidHlwZSI6Ik1vdW50ZWRSZWxhdGlvbmFsRGF0YWJhc2UiLCJ0eXBlUHJvcGVydGllcyI6eyJmb3JtYXQiOiJEZWx0YSJ9fX19";

/// Creates 100 mirrored databases. Returns the path of `getMirroringStatus` for the last database.
fn create_database(base: &str) -> String {
    let workspace = create_workspace(base, "bench");
    let mut id = String::new();
    for n in 0..100 {
        let body = format!(
            r#"{{"displayName":"m{n}","definition":{{"parts":[{{"path":"mirroring.json","payloadType":"InlineBase64","payload":"{PAYLOAD}"}}]}}}}"#
        );
        id = member(&request(base, "POST", &format!("/v1/workspaces/{workspace}/mirroredDatabases"), &body).1, "id");
    }
    format!("/v1/workspaces/{workspace}/mirroredDatabases/{id}/getMirroringStatus")
}

/// Creates a workspace on the first capacity, and returns its id.
fn create_workspace(base: &str, name: &str) -> String {
    let capacity = member(&request(base, "GET", "/v1/capacities", "").1, "id");
    let body = format!(r#"{{"displayName":"{name}","capacityId":"{capacity}"}}"#);
    member(&request(base, "POST", "/v1/workspaces", &body).1, "id")
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

/// Loads a server with `wrk` for a second, and returns the calls per second.
fn load_with_wrk(base: &str, workload: &Workload, workspaces: &WorkspacesOfRound<'_>) -> f64 {
    let output = wrk(&["-t1", "-c16", "-d1s"], base, &workload.path, &workload.script(workspaces));
    assert!(!output.contains("Non-2xx"), "{}: {output}", workload.name);
    let line = output.lines().find(|line| line.starts_with("Requests/sec:")).unwrap_or_else(|| panic!("{output}"));
    line.split_whitespace().nth(1).and_then(|rate| rate.parse().ok()).expect("wrk prints a rate")
}

/// Loads a server with `wrk`, and returns the duration within which 99 of 100 calls are answered, as `wrk` prints it.
fn tail_with_wrk(base: &str, workload: &Workload) -> String {
    let script = workload.script(&WorkspacesOfRound { base, ids: Vec::new() });
    let output = wrk(&["-t1", "-c32", "-d5s", "--latency"], base, &workload.path, &script);
    let line = output.lines().find(|line| line.trim_start().starts_with("99%")).unwrap_or_else(|| panic!("{output}"));
    line.split_whitespace().nth(1).expect("wrk prints a duration").to_owned()
}

fn wrk(options: &[&str], base: &str, path: &str, script: &str) -> String {
    let file = std::env::temp_dir().join(format!("specularite-bench-{}.lua", std::process::id()));
    std::fs::write(&file, script).expect("the script can be written");
    let url = format!("http://{base}{path}");
    let output = Command::new("wrk").args(options).arg("-s").arg(file).arg(url).output().expect("wrk runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the resident memory of a process in kB. Returns `?` on systems other than Linux.
fn memory(child: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).unwrap_or("?").to_owned()
}

/// Runs a bare axum server that answers every request with the status, the headers and the body of the emulator's response,
/// and a request id of its own.
#[tokio::main]
async fn bare() {
    let head = std::env::var("HEAD").expect("the parent sets HEAD");
    let body = std::fs::read(std::env::var("BODY").expect("the parent sets BODY")).expect("the body can be read");
    let body = axum::body::Bytes::from(body);
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status line");
    let status = axum::http::StatusCode::from_u16(status).expect("a valid status");
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let headers: Vec<(axum::http::HeaderName, axum::http::HeaderValue)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| !["connection", "content-length", "requestid"].contains(name))
        .map(|(name, value)| (name.parse().expect("a valid name"), value.parse().expect("a valid value")))
        .collect();
    let handler = move || {
        let (headers, body) = (headers.clone(), body.clone());
        let id = uuid::Uuid::from_u64_pair(1, count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).to_string();
        async move {
            let mut response = axum::response::Response::new(axum::body::Body::from(body));
            *response.status_mut() = status;
            response.headers_mut().extend(headers);
            let id = axum::http::HeaderValue::try_from(id).expect("an id is ASCII");
            response.headers_mut().insert("requestid", id);
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
