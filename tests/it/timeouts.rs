//! The time limits for clients that stop sending or reading, over sockets. The runtime's clock is paused: it jumps to the
//! next time limit when no data is on its way.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use specularite::server::{self, RunningServer};
use specularite::{Emulator, Pace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Runs a test against a server on a paused clock.
fn with_server(test: impl AsyncFnOnce(SocketAddr)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let emulator = Emulator::builder().pace(Pace::Instant).build();
        let running: RunningServer = server::start(emulator).await.unwrap();
        test(running.address()).await;
    });
}

/// Opens a connection, and sends a request line, the headers `Host` and `Authorization`, and `rest`.
async fn open(at: SocketAddr, request_line: &str, rest: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head = format!("{request_line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(rest.as_bytes()).await.unwrap();
    stream
}

/// Reads until the server closes the connection.
async fn read(mut stream: TcpStream) -> String {
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8_lossy(&response).into_owned()
}

/// Sends a request with a JSON body, and returns the body of the response.
async fn post(at: SocketAddr, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let rest = format!("Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let response = read(open(at, &format!("POST {path}"), &rest).await).await;
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|why| panic!("{why}: {response}"))
}

/// Asserts the seconds since an instant, up to a second more.
#[track_caller]
fn seconds_since(begun: Instant, expected: u64) {
    assert_eq!(begun.elapsed().as_secs(), expected);
}

#[test]
fn body_must_arrive_within_30_s_of_silence() {
    with_server(async |at| {
        for rest in [
            "Content-Length: 100\r\n\r\n{",
            "Content-Length: 999999\r\n\r\n{",
            "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        ] {
            for path in ["/v1/workspaces", "/common/oauth2/v2.0/token", "/_emulator/clock"] {
                let begun = Instant::now();
                let response = read(open(at, &format!("POST {path}"), rest).await).await;
                assert!(response.starts_with("HTTP/1.1 408") && response.contains("30 s"), "{path} {rest}: {response}");
                seconds_since(begun, 30);
            }
        }
    });
}

#[test]
fn slow_body_may_take_longer_than_30_s() {
    with_server(async |at| {
        let body = json!({"displayName": "slow"}).to_string();
        let head = format!("Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut stream = open(at, "POST /v1/workspaces", &head).await;
        for byte in body.as_bytes() {
            tokio::time::advance(Duration::from_secs(20)).await;
            stream.write_all(&[*byte]).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        let response = read(stream).await;
        assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    });
}

#[test]
fn body_that_has_room_must_progress() {
    with_server(async |at| {
        // Each sends a byte every 20 s, so it is never silent for 30 s. The second does not announce its length, and would
        // get the whole room.
        for rest in ["Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nf4240\r\n"] {
            let mut stream = open(at, "POST /v1/workspaces", rest).await;
            stream.write_all(&[b' '; 100_000]).await.unwrap();
            let begun = Instant::now();
            let (mut reader, mut writer) = stream.into_split();
            let trickle = crate::harness::spawn(async move {
                loop {
                    tokio::time::advance(Duration::from_secs(20)).await;
                    let _ = writer.write_all(b" ").await;
                    tokio::task::yield_now().await;
                }
            });
            let mut response = [0; 12];
            reader.read_exact(&mut response).await.unwrap();
            trickle.abort();
            assert_eq!(&response, b"HTTP/1.1 408", "{rest}");
            assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
        }
    });
}

/// Creates a mirrored database with a definition of 11 MB, and returns its path.
async fn large_database(at: SocketAddr) -> String {
    let workspaces = read(open(at, "GET /v1/capacities", "Connection: close\r\n\r\n").await).await;
    let capacity = serde_json::from_str::<Value>(workspaces.split_once("\r\n\r\n").unwrap().1).unwrap();
    let body = json!({"displayName": "large", "capacityId": capacity["value"][0]["id"]});
    let workspace = post(at, "/v1/workspaces", &body).await["id"].as_str().unwrap().to_owned();
    let part =
        |path: &str, text: &str| json!({"path": path, "payload": STANDARD.encode(text), "payloadType": "InlineBase64"});
    let mirroring = crate::harness::open_mirror().to_string();
    let parts = [part("mirroring.json", &mirroring), part("notes", &"x".repeat(11_000_000))];
    let body = json!({"displayName": "large", "definition": {"parts": parts}});
    let made = post(at, &format!("/v1/workspaces/{workspace}/mirroredDatabases"), &body).await;
    format!("/v1/workspaces/{workspace}/mirroredDatabases/{}", made["id"].as_str().unwrap())
}

#[test]
fn response_must_be_read_within_30_s_of_silence() {
    with_server(async |at| {
        let database = large_database(at).await;
        let get = format!("POST {database}/getDefinition");
        let whole = read(open(at, &get, "Connection: close\r\nContent-Length: 0\r\n\r\n").await).await;
        // One such response fits among the bodies in flight. The second waits until the first is given up.
        let silent = open(at, &get, "Content-Length: 0\r\n\r\n").await;
        let begun = Instant::now();
        let response = read(open(at, &get, "Connection: close\r\nContent-Length: 0\r\n\r\n").await).await;
        assert_eq!(response.len(), whole.len());
        seconds_since(begun, 30);
        assert!(read(silent).await.len() < whole.len(), "the connection is closed");
    });
}

#[test]
fn too_large_body_is_read_and_rejected() {
    with_server(async |at| {
        for (path, size) in [("/v1/workspaces", 17 << 20), ("/common/oauth2/v2.0/token", 2 << 20)] {
            let rest = format!("Connection: close\r\nContent-Length: {size}\r\n\r\n");
            let mut stream = open(at, &format!("POST {path}"), &rest).await;
            stream.write_all(&vec![b'x'; size]).await.unwrap();
            let response = read(stream).await;
            assert!(response.starts_with("HTTP/1.1 413"), "{path}: {response}");
        }
    });
}

#[test]
fn idle_connection_is_closed() {
    with_server(async |at| {
        // Without a whole head, after 30 s. After a request, when the second period of 30 s has passed without another one.
        for (rest, is_answered, seconds) in [("", false, 30), ("Accept: */*\r\n", false, 30), ("\r\n", true, 60)] {
            let begun = Instant::now();
            let response = read(open(at, "GET /v1/workspaces", rest).await).await;
            assert_eq!(response.starts_with("HTTP/1.1 200"), is_answered, "{response}");
            seconds_since(begun, seconds);
        }
    });
}

#[test]
fn head_of_more_than_64_kib_is_rejected() {
    with_server(async |at| {
        let long = "x".repeat(100_000);
        let response = read(open(at, &format!("GET /v1/workspaces?x={long}"), "\r\n").await).await;
        assert!(response.starts_with("HTTP/1.1 4"), "{response}");
    });
}

#[test]
fn stream_of_events_stays_open_while_nothing_happens() {
    with_server(async |at| {
        let begun = Instant::now();
        let mut stream = open(at, "GET /_emulator/events", "\r\n").await;
        let mut received = String::new();
        while received.matches("\r\n:\n\n\r\n").count() < 40 {
            let mut bytes = [0; 1_024];
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "closed after {:?}: {received}", begun.elapsed());
            received.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        seconds_since(begun, 600);
        assert!(!received.contains("event:"), "{received}");
    });
}

#[test]
fn stream_of_events_that_is_not_read_for_30_s_is_closed() {
    with_server(async |at| {
        let silent = open(at, "GET /_emulator/events", "\r\n").await;
        let rule =
            json!({"name": "x".repeat(200_000), "effect": {"throttle": {"retryAfter": 1}}, "when": {"skip": 9_999}});
        let id = post(at, "/_emulator/faults", &rule).await["id"].as_str().unwrap().to_owned();
        for n in 0..100 {
            let body = json!({"enabled": n % 2 == 1}).to_string();
            let rest = format!("Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let response = read(open(at, &format!("PATCH /_emulator/faults/{id}"), &rest).await).await;
            assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        }
        tokio::time::advance(Duration::from_secs(31)).await;
        let received = read(silent).await;
        assert!(received.len() < 100 * 200_000 && !received.ends_with("0\r\n\r\n"), "{}", received.len());
    });
}
