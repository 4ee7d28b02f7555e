//! The log: one line per request at `debug`.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use serde_json::Value;
use specularite::Emulator;
use specularite::data_dir::DataDir;
use tracing_subscriber::filter::{DynFilterFn, LevelFilter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::harness::Lab;

thread_local! {
    /// What the thread has logged, if it captures its log.
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the captured log of the thread.
struct Capture;

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|captured| captured.get_or_insert_default().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that the thread logs at `debug` during an action.
///
/// All threads share one subscriber. With a subscriber per thread, `tracing` can miss lines: it caches per line whether
/// any subscriber is interested, and another test may fill the cache while this thread's subscriber is being added.
pub(crate) fn logged(action: impl FnOnce()) -> Vec<Value> {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let captures = DynFilterFn::new(|_, _| CAPTURED.with_borrow(Option::is_some));
        let log = tracing_subscriber::fmt::layer().json().with_writer(|| Capture);
        tracing_subscriber::registry().with(log).with(captures).with(LevelFilter::DEBUG).init();
    });
    CAPTURED.set(Some(Vec::new()));
    action();
    let bytes = CAPTURED.take().unwrap();
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
fn log_states_that_a_certificate_authority_was_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Specularite");
    params.distinguished_name.push(rcgen::DnType::CommonName, "Specularite emulator CA");
    let old = format!("{}{}", key.serialize_pem(), params.self_signed(&key).unwrap().pem());
    // As an earlier version did, the file is readable by its owner only.
    DataDir::at(folder.path()).keep("ca.key", || Ok(old)).unwrap();
    let open = || {
        let emulator = Emulator::builder().data_dir(DataDir::at(folder.path())).build();
        logged(|| drop(emulator.ca().map(|ca| ca.pem().to_owned()).unwrap()))
    };
    let lines = open();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let message = line["fields"]["message"].as_str().unwrap();
    assert_eq!(line["level"], "WARN");
    assert!(message.starts_with("replaced the certificate authority in ") && message.contains("ca.pem"), "{message}");
    assert_eq!(open(), [] as [Value; 0]);
}

#[test]
fn log_has_one_line_per_request_of_every_service() {
    let lab = Lab::new();
    check(|| drop(lab.get("/v1/workspaces").is(200)), "Workspaces_ListWorkspaces", "/v1/workspaces", 200);
    check(|| drop(lab.get("/v1/none?sig=secret").is(404)), "no operation", "/v1/none", 404);
    check(|| drop(lab.get("/common/discovery/keys").is(200)), "Entra_Keys", "/common/discovery/keys", 200);
    check(|| drop(lab.get("/_emulator/clock").is(200)), "control", "/_emulator/clock", 200);
}
