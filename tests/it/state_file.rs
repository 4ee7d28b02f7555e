//! The state file: all tenants survive a restart, and what cannot be stored is refused.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use specularite::data_dir::DataDir;
use specularite::{Builder, Emulator, Pace, StateSync, Throttle};

use crate::harness::{ALICE, BOB, Lab};

const TWIN: &str = "00000000-0000-4000-9000-000000000007";
const FORK: &str = "00000000-0000-4000-9000-000000000008";

/// A folder with a state file, and with the copy of a state file that a killed program would have left.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("state.ndjson")
    }

    fn builder(&self) -> Builder {
        Emulator::builder().seed(7).pace(Pace::Realistic).throttle(Throttle::Off).data_dir(DataDir::at(self.0.path()))
    }

    /// An emulator with this state file and a manual clock.
    fn lab(&self) -> Lab {
        Lab::with(self.builder().open(self.file(), StateSync::Flush).unwrap())
    }

    /// Opens the state file after the emulator was dropped.
    fn reopened(&self) -> Lab {
        open(&self.file())
    }

    /// Opens what the file holds at present, as if the program had been killed.
    fn killed(&self) -> Lab {
        let copy = self.0.path().join("copy.ndjson");
        std::fs::copy(self.file(), &copy).unwrap();
        open(&copy)
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }
}

/// Opens a state file with options that differ from those of [`Folder::lab`].
fn open(path: &Path) -> Lab {
    let builder = Emulator::builder().pace(Pace::Instant).data_dir(DataDir::at(path.parent().unwrap()));
    Lab::of(builder.open(path, StateSync::Flush).unwrap())
}

fn open_error(path: &Path) -> String {
    Emulator::builder().open(path, StateSync::Flush).unwrap_err().to_string()
}

/// The snapshots of all tenants. A difference is shown in its surroundings only.
#[derive(Clone, PartialEq)]
struct Content(String);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "content of {} bytes", self.0.len())
    }
}

impl Content {
    fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap()
    }
}

#[track_caller]
fn assert_same(one: &Content, other: &Content, what: &str) {
    let differs = one.0.bytes().zip(other.0.bytes()).position(|(one, other)| one != other);
    let around = |text: &str| {
        let from = differs.unwrap_or(0).saturating_sub(200);
        String::from_utf8_lossy(&text.as_bytes()[from.min(text.len())..text.len().min(from + 400)]).into_owned()
    };
    assert!(one == other, "{what}:\n{}\n{}", around(&one.0), around(&other.0));
}

/// The snapshots of all tenants, without throttle windows and numbers of requests.
fn content(lab: &Lab) -> Content {
    let tenants = lab.emulator.tenants();
    let of = |id: String| {
        let mut snapshot = lab.get(&format!("/_emulator/snapshot?tenant={id}")).is(200).body();
        snapshot["counters"]["windows"] = json!([]);
        if snapshot["clock"]["mode"] == "real" {
            snapshot["clock"]["now"] = Value::Null;
        }
        snapshot["counters"].as_object_mut().unwrap().remove("requests");
        (id, snapshot)
    };
    let all: Vec<(String, Value)> = tenants.iter().map(|tenant| of(tenant.id().to_string())).collect();
    Content(json!(all).to_string())
}

fn requests(lab: &Lab) -> Value {
    lab.get("/_emulator/snapshot").is(200).body()["counters"]["requests"].clone()
}

fn describe(lab: &Lab, workspace: &str, text: &str) {
    lab.patch(workspace, json!({"description": text})).is(200);
}

/// Every kind of fact, in two tenants.
#[test]
fn restart_keeps_every_kind_of_fact() {
    let folder = Folder::new();
    let lab = folder.lab();
    crate::facts::live(&lab);
    lab.in_tenant(TWIN).workspace();
    let (before, issued) = (content(&lab), requests(&lab));
    assert_same(&content(&folder.killed()), &before, "before");
    drop(lab);
    let again = folder.reopened();
    assert_same(&content(&again), &before, "restart");
    assert_eq!(requests(&again), issued);
    assert!(again.emulator.tenants().iter().all(|tenant| tenant.replays()));
    // What happens after a restart is kept too.
    again.post("/v1/workspaces", json!({"displayName": "after"})).is(201);
    let after = content(&again);
    assert_ne!(after, before);
    drop(again);
    assert_same(&content(&folder.reopened()), &after, "after");
}

/// Writes a state file with every type of line, if that is asked for.
fn write_golden() {
    let folder = Folder::new();
    let lab = folder.lab();
    lab.in_tenant(FORK).workspace();
    lab.delete(&format!("/_emulator/tenants/{FORK}")).is(200);
    crate::facts::live(&lab);
    let delay = json!({"match": {"path": "/v1/capacities"}, "effect": {"delay": {"seconds": 0}}});
    lab.post("/_emulator/faults", delay).is(201);
    lab.get("/v1/capacities").is(200);
    crate::entra::redeem_code(&lab, &crate::entra::new_code(&lab)).is(200);
    let text = String::from_utf8(folder.bytes()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    crate::facts::write_if_asked("v1-state-file.json", &json!(lines));
    crate::facts::write_if_asked("v1-state-file-content.json", &content(&folder.killed()).value());
}

/// Files of released versions must stay readable.
#[test]
fn golden_state_file_is_readable() {
    write_golden();
    let golden = crate::facts::read("v1-state-file.json");
    let lines = golden.as_array().unwrap();
    let types: HashSet<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types, HashSet::from(["content", "facts", "clock", "ids", "faults", "redeemed", "deleted"]));
    let folder = Folder::new();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.file(), text).unwrap();
    let expected = crate::facts::read("v1-state-file-content.json");
    assert_same(&content(&folder.reopened()), &Content(expected.to_string()), "golden file");
}

#[test]
fn new_tenants_have_the_seed_of_the_file() {
    let folder = Folder::new();
    let capacities = folder.lab().get("/v1/capacities").text();
    assert_eq!(folder.reopened().get("/v1/capacities").text(), capacities);
    assert_eq!(folder.reopened().emulator.seed(), 7);
    let other = || Emulator::builder().seed(8).open(folder.file(), StateSync::Flush).unwrap();
    assert_eq!(Lab::of(other()).get("/v1/capacities").text(), capacities, "the tenant is in the file");
    assert_eq!(other().seed(), 8);
}

#[test]
fn every_way_to_store_keeps_changes() {
    for sync in [StateSync::None, StateSync::Flush, StateSync::Disk] {
        let folder = Folder::new();
        let lab = Lab::with(folder.builder().open(folder.file(), sync).unwrap());
        lab.workspace();
        let before = content(&lab);
        if sync == StateSync::None {
            assert_eq!(folder.bytes().iter().filter(|byte| **byte == b'\n').count(), 1, "buffered");
        }
        drop(lab);
        assert_same(&content(&folder.reopened()), &before, &format!("{sync:?}"));
    }
}

#[test]
fn torn_last_line_is_dropped_at_every_offset() {
    let folder = Folder::new();
    let lab = folder.lab();
    let workspace = lab.workspace();
    let (before, whole) = (content(&lab), folder.bytes().len());
    lab.patch(&workspace, json!({"displayName": "torn"})).is(200);
    let bytes = folder.bytes();
    assert_eq!(bytes[whole..].iter().filter(|byte| **byte == b'\n').count(), 1, "the change is one line");
    drop(lab);
    for end in whole..bytes.len() {
        std::fs::write(folder.file(), &bytes[..end]).unwrap();
        let again = folder.reopened();
        assert_same(&content(&again), &before, &format!("{end}"));
        drop(again);
        // Only the number of request ids was added.
        let rest = String::from_utf8(folder.bytes()).unwrap().split_off(whole);
        assert!(rest.lines().all(|line| line.starts_with(r#"{"type":"ids","#)), "{end}: {rest}");
    }
    // A complete line that is no JSON was torn by the file system.
    std::fs::write(folder.file(), [&bytes[..whole], b"{\"type\":\"fac\0\0\0\n"].concat()).unwrap();
    assert_same(&content(&folder.reopened()), &before, "before");
    std::fs::write(folder.file(), &bytes).unwrap();
    assert_ne!(content(&folder.reopened()), before);
}

#[test]
fn unreadable_lines_are_named_and_the_file_is_left() {
    let folder = Folder::new();
    let lab = folder.lab();
    lab.workspace();
    drop(lab);
    let lines = String::from_utf8(folder.bytes()).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let check = |number: usize, line: &str, expected: &str| {
        let mut wrong = lines.clone();
        wrong[number - 1] = line;
        let wrong = format!("{}\n", wrong.join("\n"));
        std::fs::write(folder.file(), &wrong).unwrap();
        let why = open_error(&folder.file());
        let place =
            format!("cannot use the state file {}, line {number}: ", folder.file().canonicalize().unwrap().display());
        assert!(why.starts_with(&place) && why.contains(expected), "{why}");
        assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), wrong);
    };
    let last = lines.len();
    check(1, r#"{"format":2,"content":"other"}"#, "format 2: this version of specularite reads format 1");
    check(1, r#"{"format":1,"content":"other","seed":"1"}"#, "not the header");
    check(1, "notes of mine", "not the header");
    check(2, "garbage", "expected value");
    check(2, "", "EOF");
    check(3, &lines[3][..20], "EOF");
    check(last, r#"{"type":"from tomorrow","data":{}}"#, "unknown variant `from tomorrow`");
    let tenant = r#"{"type":"deleted","data":{"tenant":"10000000-0000-4000-8000-000000000001"}}"#;
    check(last, tenant, "no line before it holds the content");
    let early = r#"{"type":"facts","data":{"tenant":"TENANT","facts":[{"number":1,"at":"2001-01-01T00:00:00Z","fact":{"type":"faultDeleted","data":{"id":"00000000-0000-4000-8000-000000000001"}}}]}}"#;
    let id = folder_tenant(&lines);
    check(last, &early.replace("TENANT", &id), "earlier than the one before it");
}

/// The tenant of the second line.
fn folder_tenant(lines: &[&str]) -> String {
    let line: Value = serde_json::from_str(lines[1]).unwrap();
    line["data"]["tenant"].as_str().unwrap().to_owned()
}

#[test]
fn unusable_files_are_refused() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.path().join(name);
    let check = |name: &str, expected: &str| {
        let why = open_error(&path(name));
        assert!(why.starts_with("cannot use the state file ") && why.contains(expected), "{why}");
    };
    std::fs::create_dir(path("folder")).unwrap();
    check("folder", "not a regular file");
    check("missing/state", "No such file");
    std::fs::write(path("notes"), "no newline").unwrap();
    check("notes", "line 1: it is not the header");
    assert_eq!(std::fs::read_to_string(path("notes")).unwrap(), "no newline");
    std::fs::write(path("empty"), "").unwrap();
    open(&path("empty")).workspace();
    assert_eq!(open(&path("empty")).get("/v1/workspaces").body()["value"].as_array().unwrap().len(), 2);
}

#[test]
fn second_emulator_is_refused() {
    let folder = Folder::new();
    let lab = folder.lab();
    assert!(open_error(&folder.file()).contains("another process uses it"));
    let serve = || {
        std::process::Command::new(env!("CARGO_BIN_EXE_specularite"))
            .args(["serve", "--listen", "127.0.0.1:0", "--state"])
            .arg(folder.file())
            .env("SPECULARITE_DATA_DIR", folder.0.path())
            .output()
            .unwrap()
    };
    let refused = serve();
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("another process uses it; stop that process"), "{message}");
    // The file is free when the emulator is closed, even if somebody still holds a tenant.
    let tenant = lab.emulator.default_tenant();
    drop(lab);
    drop(folder.reopened());
    assert!(tenant.reset().is_err(), "the tenant of a closed emulator cannot be stored");
}

#[cfg(unix)]
#[test]
fn link_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = Folder::new();
    folder.lab().workspace();
    assert_eq!(std::fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
    let link = folder.0.path().join("link");
    symlink(folder.file(), &link).unwrap();
    let lab = open(&link);
    assert!(open_error(&folder.file()).contains("another process"));
    fill(&lab, 1);
    let before = content(&lab);
    drop(lab);
    assert!(link.is_symlink());
    assert_same(&content(&folder.reopened()), &before, "before");
}

/// Changes a workspace until the file must have been compacted `times` times.
fn fill(lab: &Lab, times: usize) {
    let workspace = lab.post("/v1/workspaces", json!({"displayName": "filled"})).is(201).id();
    let workspace = format!("/v1/workspaces/{workspace}");
    for n in 0..times * 350 {
        describe(lab, &workspace, &format!("{n:04000}"));
    }
    lab.delete(&workspace).is(200);
}

#[test]
fn compaction_keeps_everything() {
    let folder = Folder::new();
    let lab = folder.lab();
    lab.in_tenant(TWIN).workspace();
    crate::facts::live(&lab);
    let clients: Vec<String> = (1..=4).map(|n| format!("00000000-0000-4000-9000-0000000001{n:02}")).collect();
    std::thread::scope(|scope| {
        for client in &clients {
            let (lab, client) = (lab.in_tenant(client), client.as_str());
            scope.spawn(move || {
                fill(&lab, 1);
                lab.workspace();
                // Tenants are deleted and created again while the file is compacted.
                lab.delete(&format!("/_emulator/tenants/{client}")).is(200);
                fill(&lab, 1);
                lab.workspace();
            });
        }
    });
    let before = content(&lab);
    assert_same(&content(&folder.killed()), &before, "before");
    drop(lab);
    let again = folder.reopened();
    assert_same(&content(&again), &before, "before");
    let text = String::from_utf8(folder.bytes()).unwrap();
    let is_compacted = |line: &str| line.starts_with(r#"{"type":"content""#) && line.contains(r#""facts":[{"#);
    assert!(text.lines().any(is_compacted), "the file was never compacted");
}

/// Deleted tenants and replaced content leave no trace.
#[test]
fn compaction_shortens_the_file() {
    let folder = Folder::new();
    let lab = folder.lab();
    for _ in 0..3 {
        fill(&lab.in_tenant(TWIN), 1);
        lab.delete(&format!("/_emulator/tenants/{TWIN}")).is(200);
    }
    drop(lab);
    let size = folder.bytes().len();
    assert!(size < 2 << 20, "{size} bytes remain of 4 MiB");
    assert!(!folder.file().with_extension("ndjson.new").exists());
}

#[test]
fn interrupted_compaction_leaves_the_old_file() {
    let folder = Folder::new();
    let lab = folder.lab();
    lab.workspace();
    let before = content(&lab);
    drop(lab);
    let bytes = folder.bytes();
    let new = folder.file().with_extension("ndjson.new");
    for length in [0, 10, bytes.len() / 2, bytes.len()] {
        std::fs::write(&new, &bytes[..length]).unwrap();
        assert_same(&content(&folder.reopened()), &before, &format!("{length}"));
        assert!(!new.exists());
    }
    // A new file that was never renamed belongs to no file.
    std::fs::remove_file(folder.file()).unwrap();
    std::fs::write(&new, &bytes).unwrap();
    assert_ne!(content(&folder.reopened()), before);
}

#[test]
fn replaced_and_deleted_tenants_survive() {
    let folder = Folder::new();
    let lab = folder.lab();
    let check = |what: &str| {
        let (kept, present) = (content(&folder.killed()), content(&lab));
        assert_same(&kept, &present, what);
    };
    let workspace = lab.workspace();
    let taken = lab.get("/_emulator/snapshot").is(200).body();
    describe(&lab, &workspace, "later");
    lab.advance(60.0);
    lab.post(&format!("/_emulator/tenants/{}/fork", tenant(&lab)), json!({"as": FORK})).is(201);
    check("fork");
    lab.in_tenant(FORK).post("/v1/workspaces", json!({"displayName": "other"})).is(201);
    check("change of a fork");
    lab.json("PUT", "/_emulator/snapshot", &taken).is(200);
    check("restored tenant");
    lab.json("PUT", &format!("/_emulator/snapshot?tenant={TWIN}"), &taken).is(200);
    describe(&lab.in_tenant(TWIN), &workspace, "twin");
    check("new tenant of a snapshot");
    lab.in_tenant(TWIN).post_empty("/_emulator/reset").is(200);
    lab.in_tenant(TWIN).post("/_emulator/clock", json!({"mode": "manual", "now": "2031-01-01T00:00:00Z"})).is(200);
    check("reset");
    lab.delete(&format!("/_emulator/tenants/{FORK}")).is(200);
    check("deletion");
    lab.in_tenant(FORK).post("/_emulator/clock", json!({"mode": "manual", "now": "2031-01-01T00:00:00Z"})).is(200);
    check("deleted tenant that is created again");
    lab.post_empty("/_emulator/reset?tenant=*").is(200);
    lab.post("/_emulator/clock", json!({"mode": "manual", "now": "2031-01-01T00:00:00Z"})).is(200);
    assert_eq!(lab.emulator.tenants().len(), 1);
    check("reset of all");
}

fn tenant(lab: &Lab) -> String {
    lab.emulator.default_tenant().id().to_string()
}

#[test]
fn clock_survives() {
    let clock = |lab: &Lab| {
        let mut clock = lab.get("/_emulator/clock").is(200).body();
        clock.as_object_mut().unwrap().remove("machineNow");
        clock
    };
    let folder = Folder::new();
    let lab = folder.lab();
    let stands = |change: Value| {
        lab.post("/_emulator/clock", change.clone()).is(200);
        assert_eq!(clock(&folder.killed()), clock(&lab), "{change}");
    };
    stands(json!({"now": "2032-01-01T00:00:00.123456789Z"}));
    stands(json!({"mode": "stepped", "step": 1.5}));
    lab.get("/v1/workspaces").is(200);
    assert_eq!(clock(&folder.killed()), clock(&lab), "a read steps the clock");
    lab.post("/_emulator/clock/advance", json!({"seconds": 30})).is(200);
    assert_eq!(clock(&folder.killed()), clock(&lab));
    stands(json!({"mode": "scaled", "rate": 100.0, "paused": true}));
    for (mode, rate) in [("real", 1.0), ("scaled", 1_000.0)] {
        lab.post("/_emulator/clock", json!({"mode": mode, "rate": rate, "paused": false})).is(200);
        let before = lab.emulator.default_tenant().clock().now();
        let killed = folder.killed();
        let now = killed.emulator.default_tenant().clock().state();
        assert!(now.now >= before && !now.paused, "{mode}: a clock that runs goes on");
        let ahead = now.now.duration_since(before).as_secs_f64();
        assert!(ahead < 60.0 * rate, "{mode}: {ahead} s");
    }
    // A clock that was reset shows the machine's time.
    lab.post_empty("/_emulator/reset").is(200);
    let ahead = folder.killed().emulator.default_tenant().clock().now().duration_since(machine_now(&lab));
    assert!(ahead.as_secs().abs() < 60, "{ahead}");
}

fn machine_now(lab: &Lab) -> jiff::Timestamp {
    lab.get("/_emulator/clock").body()["machineNow"].as_str().unwrap().parse().unwrap()
}

/// A file of the future, as after the machine's clock was set back.
#[test]
fn clock_is_never_earlier_than_the_last_fact() {
    let folder = Folder::new();
    let lab = folder.lab();
    lab.post("/_emulator/clock", json!({"mode": "real"})).is(200);
    let workspace = lab.workspace();
    drop(lab);
    let line = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let text = String::from_utf8(folder.bytes()).unwrap();
    let mut later = text.lines().map(str::to_owned).collect::<Vec<String>>();
    let last = later.iter_mut().rev().find(|text| line(text)["type"] == "facts").unwrap();
    let mut fact = line(last);
    fact["data"]["facts"][0]["at"] = json!("2050-01-01T00:00:00Z");
    *last = fact.to_string();
    std::fs::write(folder.file(), format!("{}\n", later.join("\n"))).unwrap();
    let again = folder.reopened();
    assert!(again.emulator.default_tenant().clock().now() >= "2050-01-01T00:00:00Z".parse().unwrap());
    again.get(&workspace).is(200);
}

#[test]
fn request_ids_never_repeat() {
    let folder = Folder::new();
    let mut lab = folder.lab();
    let mut seen = HashSet::new();
    let mut ask = |lab: &Lab, count: usize| {
        for path in ["/v1/workspaces", "/_emulator/clock"] {
            for _ in 0..count {
                let id = lab.get(path).is(200).header("requestid").unwrap().to_owned();
                assert!(seen.insert(id.clone()), "{path}: {id}");
            }
        }
    };
    let mut file = folder.file();
    for (kill, count) in [1, 999, 5, 1_500, 1].into_iter().enumerate() {
        ask(&lab, count);
        let left = folder.0.path().join(format!("{kill}.ndjson"));
        std::fs::copy(&file, &left).unwrap();
        file = left;
        lab = open(&file);
    }
}

#[test]
fn restart_without_a_kill_skips_no_request_id() {
    let ids = |restarts: bool| {
        let folder = Folder::new();
        let mut lab = folder.lab();
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(lab.get("/v1/workspaces").is(200).header("requestid").unwrap().to_owned());
            if restarts {
                drop(lab);
                lab = folder.reopened();
            }
        }
        ids
    };
    assert_eq!(ids(true), ids(false));
}

#[test]
fn counters_of_faults_survive() {
    let folder = Folder::new();
    let lab = folder.lab();
    let rule = json!({"match": {"path": "/v1/workspaces"}, "when": {"skip": 1, "times": 2}, "effect": {"answer": {"status": 503}}});
    lab.post("/_emulator/faults", rule).is(201);
    let begins = json!({"match": {"path": "/v1/capacities"}, "effect": {"operation": {"stalled": true}}});
    lab.post("/_emulator/faults", begins).is(201);
    lab.get("/v1/capacities").is(200);
    for (request, status) in [200, 503, 503, 200, 200].into_iter().enumerate() {
        // Each request is the first one after a restart.
        let copy = folder.killed();
        let faults = |lab: &Lab| lab.get("/_emulator/faults").is(200).body();
        assert_eq!(faults(&copy), faults(&lab), "{request}");
        copy.get("/v1/workspaces").is(status);
        lab.get("/v1/workspaces").is(status);
    }
}

#[test]
fn deepest_rule_for_faults_is_read_back() {
    let folder = Folder::new();
    let lab = folder.lab();
    let nested = |levels: usize| {
        let body: Value = serde_json::from_str(&format!("{}{}", "[".repeat(levels), "]".repeat(levels))).unwrap();
        json!({"effect": {"answer": {"status": 200, "body": body}}})
    };
    let refused = lab.post("/_emulator/faults", nested(98)).refuses(400, "InvalidInput");
    assert!(refused.text().contains("nested deeper than 100 levels"), "{}", refused.text());
    lab.post("/_emulator/faults", nested(97)).is(201);
    assert_same(&content(&folder.killed()), &content(&lab), "rule");
}

#[test]
fn redeemed_codes_survive_and_new_codes_are_new() {
    let folder = Folder::new();
    let lab = folder.lab();
    let code = crate::entra::new_code(&lab);
    crate::entra::redeem_code(&lab, &code).is(200);
    drop(lab);
    let again = folder.reopened();
    crate::entra::redeem_code(&again, &code).is(400);
    let next = crate::entra::new_code(&again);
    assert_ne!(next, code, "the clock stands still");
    crate::entra::redeem_code(&again, &next).is(200);
}

#[test]
fn limits_of_memory_apply_to_the_file() {
    let folder = Folder::new();
    let lab = folder.lab();
    for n in 0..50 {
        lab.post("/v1/workspaces", json!({"displayName": format!("w{n}"), "description": "x".repeat(2_000)})).is(201);
    }
    drop(lab);
    let before = folder.bytes();
    let small = Emulator::builder().tenant_memory(50_000).open(folder.file(), StateSync::Flush);
    let why = small.unwrap_err().to_string();
    assert!(why.contains(", line 2: the tenant ") && why.contains("--tenant-memory"), "{why}");
    assert_eq!(folder.bytes(), before);
}

/// The program with a limit for the size of its files: the kernel then writes a part of a line, and fails.
#[cfg(unix)]
mod full {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpStream;
    use std::process::{Child, Command, Stdio};

    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    use super::*;

    struct Program {
        child: Child,
        address: String,
    }

    impl Drop for Program {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    impl Program {
        /// Starts the program, which does not end with the signal for files that are too large.
        fn start(folder: &Folder, sync: &str) -> Self {
            let script = "trap '' XFSZ; exec \"$0\" serve --listen 127.0.0.1:0 --state \"$1\" --state-sync \"$2\"";
            let mut child = Command::new("sh")
                .args(["-c", script, env!("CARGO_BIN_EXE_specularite")])
                .arg(folder.file())
                .arg(sync)
                .env("SPECULARITE_DATA_DIR", folder.0.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let address = line.trim().rsplit("http://").next().unwrap().to_owned();
            Self { child, address }
        }

        fn limit_files(&self, bytes: Option<u64>) {
            let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
            prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
        }

        fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                self.address,
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
        }
    }

    fn token(lab: &Lab) -> String {
        lab.user(BOB).token
    }

    #[test]
    fn full_disk_refuses_writes_and_serves_reads() {
        for sync in ["flush", "disk"] {
            check(sync);
        }
    }

    fn check(sync: &str) {
        let folder = Folder::new();
        let program = Program::start(&folder, sync);
        let new = |n: usize| json!({"displayName": format!("w{n}"), "description": "x".repeat(4_000)});
        let ask = |method: &str, path: &str, body: &Value| program.ask("any", method, path, body);
        assert_eq!(ask("POST", "/v1/workspaces", &new(0)).0, 201);
        let limit = std::fs::metadata(folder.file()).unwrap().len() + 10_000;
        program.limit_files(Some(limit));
        let refused =
            (1..).map(|n| (n, ask("POST", "/v1/workspaces", &new(n)))).find(|(_, (status, _))| *status != 201);
        let (accepted, (status, error)) = refused.unwrap();
        assert_eq!((status, &error["errorCode"], &error["isRetriable"]), (507, &json!("StateNotStored"), &json!(true)));
        assert!(error["message"].as_str().unwrap().contains("File too large"), "{error}");
        assert!(error["requestId"].is_string() && accepted > 1, "{error}");
        let whole = || folder.bytes().len() as u64 <= limit && folder.bytes().ends_with(b"}\n");
        assert!(whole(), "no half line remains");
        let count = || {
            let listed = ask("GET", "/v1/workspaces", &Value::Null);
            assert_eq!(listed.0, 200);
            listed.1["value"].as_array().unwrap().iter().filter(|it| it["type"] == "Workspace").count()
        };
        assert_eq!(count(), accepted, "the refused workspace does not exist");
        // A caller that the directory does not know is served too.
        let stranger = token(&Lab::new());
        assert_eq!(program.ask(&stranger, "GET", "/v1/workspaces", &Value::Null).0, 200);
        let bytes = folder.bytes();
        program.limit_files(Some(bytes.len() as u64 + 7));
        let fork = format!("/_emulator/tenants/{}/fork", tenant(&Lab::new()));
        let alice = json!({"value": [{"id": ALICE, "type": "User"}]});
        for (method, path, body) in [
            ("POST", "/_emulator/reset", json!({})),
            ("POST", "/_emulator/reset?tenant=*", json!({})),
            ("POST", "/v1/workspaces", new(accepted)),
            ("PUT", "/_emulator/snapshot", ask("GET", "/_emulator/snapshot", &Value::Null).1),
            ("POST", &*fork, json!({"as": "another"})),
            ("PUT", "/_emulator/principals", alice),
        ] {
            let (status, error) = ask(method, path, &body);
            assert_eq!((status, &error["errorCode"]), (507, &json!("StateNotStored")), "{path}: {error}");
        }
        let clock = |now: &str| ask("POST", "/_emulator/clock", &json!({"mode": "manual", "now": now}));
        assert_eq!(clock("2050-01-01T00:00:00Z").0, 507);
        assert_eq!(ask("GET", "/_emulator/clock", &Value::Null).1["mode"], "real", "the clock is as before");
        assert_eq!(count(), accepted);
        assert!(folder.bytes() == bytes, "the file is as before");
        program.limit_files(None);
        assert_eq!(ask("POST", "/v1/workspaces", &new(accepted)).0, 201);
        assert_eq!(clock("2050-01-01T00:00:00Z").0, 200);
        drop(program);
        let again = folder.reopened();
        let kept = again.get("/v1/workspaces").is(200).body();
        let kept = kept["value"].as_array().unwrap().iter().filter(|it| it["type"] == "Workspace").count();
        assert_eq!(kept, accepted + 1);
        assert_eq!(again.get("/_emulator/clock").body()["now"], "2050-01-01T00:00:00.0000000Z");
    }
}
