//! The shutdown of the program: waits end at once, and no client delays the exit beyond the grace period.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The grace period of five seconds, and one more.
const EXIT_TIMEOUT: Duration = Duration::from_secs(6);

/// A program that serves, with its address.
struct Program {
    child: Child,
    address: String,
    _data_dir: tempfile::TempDir,
}

impl Program {
    fn start() -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_specularite")))
    }

    /// Starts the program with SIGHUP ignored.
    fn start_without_hang_up() -> Self {
        let mut nohup = Command::new("nohup");
        nohup.arg(env!("CARGO_BIN_EXE_specularite"));
        Self::start_by(nohup)
    }

    fn start_by(mut command: Command) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .env("SPECULARITE_DATA_DIR", data_dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().to_owned();
        Self { child, address, _data_dir: data_dir }
    }

    /// Opens a connection and sends the beginning of a request.
    fn open(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    }

    /// Sends a POST, and leaves its response to be read.
    fn post(&self, path: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        self.open(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Sends a POST, and returns the id in its response.
    fn create(&self, path: &str, body: &Value) -> String {
        let response = read(self.post(path, body));
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        let created: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{response}"));
        created["id"].as_str().unwrap_or_else(|| panic!("{response}")).to_owned()
    }

    /// Waits for a mirrored database to run, which it never does.
    fn wait_for_running(&self) -> TcpStream {
        let get = self.open(
            "GET /v1/capacities HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n",
        );
        let capacities = read(get);
        let capacities: Value = serde_json::from_str(capacities.split_once("\r\n\r\n").unwrap().1).unwrap();
        let capacity = &capacities["value"][0]["id"];
        let workspace = self.create("/v1/workspaces", &json!({"displayName": "w", "capacityId": capacity}));
        let target = json!({"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}});
        let mirroring = json!({"properties": {"source": {"type": "GenericMirror"}, "target": target}});
        let payload = STANDARD.encode(mirroring.to_string());
        let part = json!({"path": "mirroring.json", "payload": payload, "payloadType": "InlineBase64"});
        let body = json!({"displayName": "m", "definition": {"parts": [part]}});
        let mirror = self.create(&format!("/v1/workspaces/{workspace}/mirroredDatabases"), &body);
        let until = json!({"until": {"mirroredDatabase": mirror, "status": "Running"}, "timeoutSeconds": 60});
        let waiting = self.post("/_emulator/clock/advance", &until);
        // Connections are accepted in order: after this response the server has the wait.
        let health = read(self.open("GET /_emulator/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
        waiting
    }

    fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Waits for the exit, and fails when it takes longer than `timeout`.
    #[track_caller]
    fn exits_within(mut self, timeout: Duration) -> ExitStatus {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        let (exited, exit) = mpsc::channel();
        let waiting = std::thread::spawn(move || exited.send(self.child.wait().unwrap()));
        let status = exit.recv_timeout(timeout);
        if status.is_err() {
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = waiting.join();
        status.unwrap_or_else(|_| panic!("the program runs on after {timeout:?}"))
    }
}

fn read(mut stream: TcpStream) -> String {
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    response
}

const HALF_A_HEAD: &str = "GET /v1/workspaces HTTP/1.1\r\nHost: loc";
const ENDLESS_BODY: &str =
    "POST /v1/workspaces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nContent-Length: 9999999\r\n\r\n{";

#[test]
fn shutdown_answers_waits_at_once_and_ends_within_the_grace_period() {
    let program = Program::start();
    let _unfinished = [program.open(HALF_A_HEAD), program.open(ENDLESS_BODY)];
    let waiting = program.wait_for_running();
    program.signal(Signal::TERM);
    let response = read(waiting);
    assert!(response.starts_with("HTTP/1.1 503") && response.contains("ServerClosing"), "{response}");
    assert!(program.exits_within(EXIT_TIMEOUT).success());
}

#[test]
fn shutdown_is_immediate_after_a_second_signal() {
    let program = Program::start();
    let _unfinished = [program.open(HALF_A_HEAD), program.open(ENDLESS_BODY)];
    let waiting = program.wait_for_running();
    program.signal(Signal::TERM);
    // The response shows that the first signal has arrived.
    let response = read(waiting);
    assert!(response.starts_with("HTTP/1.1 503"), "{response:?}");
    program.signal(Signal::TERM);
    assert_eq!(program.exits_within(Duration::from_secs(1)).code(), Some(128 + 15));
}

#[test]
fn shutdown_keeps_an_ignored_hang_up_ignored() {
    let program = Program::start_without_hang_up();
    program.signal(Signal::HUP);
    program.create("/v1/workspaces", &json!({"displayName": "After"}));
    program.signal(Signal::TERM);
    assert!(program.exits_within(EXIT_TIMEOUT).success());
}

#[test]
fn shutdown_ends_streams_of_events_at_once() {
    let program = Program::start();
    let mut stream = program.open("GET /_emulator/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    program.signal(Signal::TERM);
    let response = read(stream);
    assert!(response.ends_with("\r\n\r\n0\r\n\r\n"), "the response is complete: {response:?}");
    assert!(program.exits_within(Duration::from_secs(2)).success());
}
