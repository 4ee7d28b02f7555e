//! Clients that try to fill the memory or to block the others. The peak of the memory stays low, and other tenants are
//! answered.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::program::{Ids, Program, definition};
use crate::wire::{self, Client};
use crate::{alone, duration, notice};

/// The maximum memory of the program while it stores little.
const PEAK_MAX_KIB: u64 = 128 << 10;
/// What a program without optimisations, such as the one that cargo has built with the test, may need more.
const UNOPTIMISED_KIB: u64 = 32 << 10;
/// The maximum memory of the program when a tenant is full: the budget of the tenant and 100 MB.
const FULL_MAX_KIB: u64 = (256 << 10) + 100_000_000 / 1_024;
/// The maximum time of a call of another tenant, except for one call in a hundred.
const CALL_MAX: Duration = Duration::from_millis(200);

/// The headers of a request.
const HEAD: &str = "host: a\r\nauthorization: Bearer any\r\n";

/// Starts a program, lets an attack run, and asserts the peak of the memory.
fn check(name: &str, peak_max_kib: u64, attack: impl FnOnce(&Program, &Ids)) {
    let _alone = alone();
    let mut program = Program::start();
    let ids = program.populate();
    attack(&program, &ids);
    let peak = program.figures().peak_kib;
    let is_release = std::env::var_os("SPECULARITE_ATTACK_PROGRAM").is_some();
    let peak_max_kib = if is_release { peak_max_kib } else { peak_max_kib + UNOPTIMISED_KIB };
    notice(&format!("bounds: {name}: peak memory {peak} KiB, at most {peak_max_kib}"));
    assert!(peak <= peak_max_kib, "{name}: {peak} KiB");
    program.assert_unharmed();
}

/// Returns a part with a payload of `size` bytes that cannot be compressed much.
fn large_part(size: usize) -> serde_json::Value {
    let payload: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(size).collect();
    json!({"path": "notes", "payloadType": "InlineBase64", "payload": STANDARD.encode(payload)})
}

/// Creates a mirrored database with a part of `size` bytes. Returns the status and the body of the response.
fn store(client: &mut Client, ids: &Ids, name: &str, size: usize) -> (u16, serde_json::Value) {
    let mut definition = definition(&[]);
    definition["parts"].as_array_mut().unwrap().push(large_part(size));
    let body = json!({"displayName": name, "definition": definition}).to_string();
    client.ask("POST", &format!("/v1/workspaces/{}/mirroredDatabases", ids.workspace), &body)
}

#[test]
fn methods_are_weighed() {
    check("methods of 60,000 letters", PEAK_MAX_KIB, |program, _| {
        let mut client = Client::new(program.address);
        let method = "M".repeat(60_000);
        for _ in 0..8_000 {
            assert!(client.ask(&method, "/v1/x", "").0 < 500);
        }
    });
}

#[test]
fn responses_that_nobody_reads_are_bounded() {
    check("60 silent readers", PEAK_MAX_KIB, |program, ids| {
        let mut client = Client::new(program.address);
        let (status, created) = store(&mut client, ids, "large", 8_000_000);
        assert_eq!(status, 201, "{created}");
        let (workspace, id) = (&ids.workspace, created["id"].as_str().unwrap());
        let path = format!("/v1/workspaces/{workspace}/mirroredDatabases/{id}/getDefinition");
        among_silent_clients(
            program.address,
            60,
            format!("POST {path} HTTP/1.1\r\n{HEAD}content-length: 0\r\n\r\n").as_bytes(),
        );
    });
}

#[test]
fn bodies_that_stop_are_bounded() {
    check("60 bodies that stop", PEAK_MAX_KIB, |program, _| {
        let begun = format!("POST /v1/workspaces HTTP/1.1\r\n{HEAD}content-length: 15000000\r\n\r\n");
        among_silent_clients(program.address, 60, &[begun.as_bytes(), &vec![b' '; 14_000_000]].concat());
    });
}

#[test]
fn small_bodies_that_stop_are_bounded() {
    check("800 bodies of 64 KiB that stop", PEAK_MAX_KIB, |program, _| {
        let begun = format!("POST /v1/workspaces HTTP/1.1\r\n{HEAD}content-length: 65536\r\n\r\n");
        among_silent_clients(program.address, 800, &[begun.as_bytes(), &[b' '; 65_000]].concat());
    });
}

#[test]
fn listeners_that_do_not_read_are_bounded() {
    check("256 silent listeners", PEAK_MAX_KIB, |program, _| {
        let mut client = Client::new(program.address);
        let rule =
            json!({"name": "x".repeat(200_000), "when": {"skip": 999_999}, "effect": {"throttle": {"retryAfter": 1}}});
        let (status, rule) = client.ask("POST", "/_emulator/faults", &rule.to_string());
        assert_eq!(status, 201, "{rule}");
        let path = format!("/_emulator/faults/{}", rule["id"].as_str().unwrap());
        let open = |_| {
            let mut stream = wire::connect(program.address);
            stream.write_all(b"GET /_emulator/events HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            stream
        };
        let silent: Vec<TcpStream> = (0..256).map(open).collect();
        for n in 0..100 {
            assert_eq!(client.ask("PATCH", &path, &json!({"enabled": n % 2 == 1}).to_string()).0, 200);
        }
        assert_eq!(client.ask("GET", "/v1/workspaces", "").0, 200);
        drop(silent);
    });
}

/// Sends the same bytes on many connections as far as the server takes them, and nothing more. Other calls are answered
/// meanwhile.
fn among_silent_clients(address: SocketAddr, count: usize, bytes: &[u8]) {
    let open = |_| {
        let mut stream = wire::connect(address);
        stream.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
        let _ = stream.write_all(bytes);
        stream
    };
    let silent: Vec<TcpStream> = (0..count).map(open).collect();
    assert_eq!(Client::new(address).ask("GET", "/v1/workspaces", "").0, 200);
    // The server has received all requests before the connections end.
    std::thread::sleep(Duration::from_secs(2));
    drop(silent);
}

#[test]
fn tenant_is_full_at_its_budget() {
    check("stored definitions", FULL_MAX_KIB, |program, ids| {
        let mut client = Client::new(program.address);
        let full = (0..100).map(|n| store(&mut client, ids, &format!("d{n}"), 11_000_000));
        let (count, (status, answer)) = full.enumerate().find(|(_, (status, _))| *status != 201).expect("it is full");
        notice(&format!("bounds: after {count} databases of 11 MB: {status} {answer}"));
        assert_eq!((status, answer["errorCode"].as_str()), (403, Some("MemoryFull")));
    });
}

#[test]
fn large_bodies_do_not_block_other_tenants() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let values = STANDARD.encode(format!("[{}0]", r#"{"a":1},"#.repeat(1_300_000)));
    let part = json!({"path": "mirroring.json", "payloadType": "InlineBase64", "payload": values});
    let part = json!({"displayName": "d", "definition": {"parts": [part]}}).to_string();
    for (name, path, content_type, body) in [
        ("forms for Entra", "/common/oauth2/v2.0/token", FORM, "a=%41b+c&".repeat(1_700_000)),
        ("forms for Fabric", "/v1/workspaces", FORM, "a=%41b+c&".repeat(1_700_000)),
        ("long texts", "/v1/connections", "application/json", format!("{{\"a\":\"{}\"}}", "x".repeat(15_000_000))),
        ("many values", "/v1/connections", "application/json", format!("{{\"a\":[{}0]}}", "0,".repeat(7_000_000))),
        ("definitions", "/v1/workspaces/{workspace}/mirroredDatabases", "application/json", part),
    ] {
        check(name, PEAK_MAX_KIB, |program, ids| {
            let path = path.replace("{workspace}", &ids.workspace);
            let head = format!(
                "POST {path} HTTP/1.1\r\n{HEAD}connection: close\r\n\
                 content-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            among_large_bodies(name, program.address, &[head.as_bytes(), body.as_bytes()].concat());
        });
    }
}

/// Sends a request again and again from four clients, and asserts the time of another tenant's calls.
fn among_large_bodies(name: &str, address: SocketAddr, request: &[u8]) {
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let claims = r#"{"tid":"00000000-0000-4000-8000-000000000077","oid":"00000000-0000-4000-8000-000000000077"}"#;
    let token = format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims));
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let mut stream = wire::connect(address);
                    // The server may stop reading: it rejects the request.
                    let _ = stream.write_all(request);
                    let answer = wire::read_to_end(&mut stream).expect("a response");
                    assert!(matches!(wire::statuses(&answer)[..], [400..500]), "{}", String::from_utf8_lossy(&answer));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut client = Client::with_token(address, &token);
        let begun = Instant::now();
        while begun.elapsed() < duration(10) {
            for path in ["/v1/workspaces", "/_emulator/health"] {
                let sent = Instant::now();
                assert_eq!(client.ask("GET", path, "").0, 200);
                times.push(sent.elapsed());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    times.sort_unstable();
    let (slow, count) = (times[times.len() * 99 / 100], times.len());
    notice(&format!("bounds: {name}: {answered:?} large requests; 99 of 100 of {count} other calls within {slow:?}"));
    assert!(answered.into_inner() > 0 && slow < CALL_MAX, "{name}: {slow:?}");
}
