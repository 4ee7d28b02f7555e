//! The command `demo`, as plain lines.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

/// Runs the demo with a new data directory. Standard output is a pipe.
fn demo(options: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_specularite"));
    program.arg("demo").args(options).env("SPECULARITE_DATA_DIR", folder.path()).env_remove("SPECULARITE_LISTEN");
    program.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn demo_in_a_pipe_tells_the_story_in_plain_lines() {
    let told = demo(&["--listen", "127.0.0.1:0"]);
    let output = text(&told.stdout);
    assert_eq!((told.status.code(), text(&told.stderr).as_str()), (Some(0), ""), "{output}");
    assert!(!told.stdout.contains(&0x1b), "{output:?}");
    let mut rest = &*output;
    for expected in [
        "Initializing",
        "Initialized",
        "Starting",
        "Running",
        "Snapshotting",
        "Replicating  latency",
        "+0  Replicating  SourceAuthenticationFailed",
        "The replicator cannot connect to the SQLAPIendpoint of the Azure Cosmos DB account.",
        "Stopped",
        "Running",
        "Replicating  latency",
        "in a terminal to watch it",
    ] {
        let (_, after) = rest.split_once(expected).unwrap_or_else(|| panic!("no {expected:?} in\n{rest}"));
        rest = after;
    }
    insta::assert_snapshot!(output);
}

/// The demo sets its own pace and clock, and signs in.
#[test]
fn demo_tells_the_same_story_with_other_options() {
    let expected = text(&demo(&["--listen", "127.0.0.1:0", "--no-input"]).stdout);
    for options in [["--auth", "strict"], ["--pace", "instant"], ["--throttle", "tight"], ["--tls", "off"]] {
        let told = demo(&[&["--listen", "127.0.0.1:0"], &options[..]].concat());
        assert_eq!(told.status.code(), Some(0), "{options:?} {}", text(&told.stderr));
        assert_eq!(text(&told.stdout), expected, "{options:?}");
    }
}

#[test]
fn demo_at_taken_address_exits_with_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = demo(&["--listen", &address]);
    let output = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{output}");
    assert!(output.contains("address in use") && output.contains(&address), "{output}");
    assert!(ended.stdout.is_empty());
}

#[test]
fn demo_uses_free_port_if_default_port_is_taken() {
    // If the port cannot be taken here, another process has it.
    let _taken = TcpListener::bind(specularite::config::LISTEN);
    let told = demo(&[]);
    let output = text(&told.stderr);
    assert_eq!(told.status.code(), Some(0), "{output}");
    assert!(output.contains("127.0.0.1:7310") && output.contains("a free port is used instead"), "{output}");
}

#[test]
fn demo_names_the_rejected_request_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.ndjson");
    let options = ["--listen", "127.0.0.1:0", "--state", state.to_str().unwrap()];
    assert_eq!(demo(&options).status.code(), Some(0));
    let failed = demo(&options);
    let output = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(1), "{output}");
    assert!(output.contains("the demo failed: POST /v1/workspaces was rejected with status 409"), "{output}");
}

#[test]
fn demo_rejects_open_without_terminal() {
    assert_eq!(demo(&["--open", "--no-input"]).status.code(), Some(2));
    let told = demo(&["--listen", "127.0.0.1:0", "--open"]);
    assert_eq!(told.status.code(), Some(0));
    assert!(text(&told.stderr).contains("--open has no effect"), "{}", text(&told.stderr));
}
