//! The log: one line per request at `debug`.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::Lab;

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The lines that are logged at `debug` during an action.
fn logged(action: impl FnOnce()) -> Vec<Value> {
    let captured = Captured::default();
    let log = tracing_subscriber::fmt().json().with_max_level(tracing::Level::DEBUG).with_writer(captured.clone());
    tracing::subscriber::with_default(log.finish(), action);
    let bytes = captured.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn check(action: impl FnOnce(), operation: &str, path: &str, status: u16) {
    let lines = logged(action);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let fields = &line["fields"];
    assert_eq!((&line["level"], &fields["message"]), (&"DEBUG".into(), &"request".into()));
    assert_eq!((&fields["operation"], &fields["path"]), (&operation.into(), &path.into()));
    assert_eq!(fields["status"], status);
    assert!(fields["duration_ms"].as_f64().is_some_and(|duration| duration >= 0.0), "{line}");
    for member in ["tenant", "request_id", "method"] {
        assert!(fields[member].as_str().is_some_and(|value| !value.is_empty()), "{member}: {line}");
    }
}

#[test]
fn log_has_one_line_per_request_of_every_service() {
    let lab = Lab::new();
    check(|| drop(lab.get("/v1/workspaces").is(200)), "Workspaces_ListWorkspaces", "/v1/workspaces", 200);
    check(|| drop(lab.get("/v1/none?sig=secret").is(404)), "no operation", "/v1/none", 404);
    check(|| drop(lab.get("/common/discovery/keys").is(200)), "Entra_Keys", "/common/discovery/keys", 200);
    check(|| drop(lab.get("/_emulator/clock").is(200)), "control", "/_emulator/clock", 200);
}
