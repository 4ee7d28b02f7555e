//! The judges, held against the program itself: the specification by example is walked, what the real service was asked is
//! asked again. They lie beside the project, in CI.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::coverage::{say, shared};

/// The walks that must be walked to their end.
const WALKS: &[&str] = &[
    "answers",
    "control",
    "create",
    "definitions",
    "programs",
    "replication",
    "roles",
    "sql-database",
    "throttle",
    "tutorial",
];

/// A program that listens, and where.
pub(crate) struct Served(Child, pub(crate) String);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn serve(options: &[&str]) -> Served {
    let mut child = Command::new(env!("CARGO_BIN_EXE_specularite"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it has an output"))
        .read_line(&mut line)
        .expect("it says where it listens");
    let base = line.trim().strip_prefix("specularite is listening on ").expect("the ready line").to_owned();
    Served(child, base)
}

/// Walks, and keeps what was exchanged in a file of this name: `.ci/contract` reads it.
fn walk(options: &[&str], log: &str) {
    let Some(walker) = shared("golden/walk.py") else { return };
    let served = serve(options);
    let walks = WALKS.iter().map(|name| walker.with_file_name("walks").join(format!("{name}.walk")));
    let log = format!("{}/{log}.ndjson", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_file(&log);
    let walked = Command::new("python3").arg(&walker).args(["--base", &served.1, "--log", &log]).args(walks).output();
    let walked = walked.expect("Python is there");
    let told = String::from_utf8_lossy(&walked.stdout);
    say(&format!("serve {options:?}: {}", told.lines().last().unwrap_or_default()));
    assert!(walked.status.success(), "{told}{}", String::from_utf8_lossy(&walked.stderr));
}

#[test]
fn the_walks_are_walked_as_it_starts_by_default() {
    walk(&[], "walks-default");
}

#[test]
fn the_walks_are_walked_at_a_realistic_pace() {
    walk(&["--pace", "realistic"], "walks-realistic");
}

/// What a Microsoft client asked the real service, and was answered: how many exchanges of how many are reproduced.
fn replay(recordings: &str) -> Option<(u32, u32, String)> {
    let replayer = shared("golden/replay.py")?;
    let served = serve(&["--pace", "realistic", "--throttle", "off"]);
    let recordings = replayer.with_file_name("recordings").join(recordings);
    let replayed = Command::new("python3").arg(&replayer).args(["--base", &served.1]).arg(recordings).output();
    let told = String::from_utf8_lossy(&replayed.expect("Python is there").stdout).into_owned();
    let verdict = told.lines().last().unwrap_or_default();
    say(verdict);
    let (good, all) = verdict.split_once("exchanges ")?.1.split_once(' ')?.0.split_once('/')?;
    Some((good.parse().ok()?, all.parse().ok()?, told))
}

#[test]
fn the_recordings_of_the_control_plane_are_reproduced() {
    if shared("golden/replay.py").is_some() {
        let (good, all, told) = replay("control-plane").expect("there is a verdict");
        assert!(good == all && all > 1_800, "{told}");
    }
}

/// The service itself changed in between: docs/fidelity.md says what cannot be reproduced.
#[test]
fn the_recordings_of_all_kinds_are_reproduced_but_for_what_the_service_changed() {
    if shared("golden/replay.py").is_some() {
        let (good, all, told) = replay("any-item").expect("there is a verdict");
        assert!(f64::from(good) >= f64::from(all) * 0.993 && all > 6_000, "{told}");
    }
}

#[test]
fn the_program_says_what_is_wrong_and_ends_with_two() {
    let taken = serve(&[]);
    let address = taken.1.strip_prefix("http://").unwrap();
    for (options, says) in [
        (["--listen", address], "--listen"),
        (["--pace", "warp"], "--pace"),
        (["--page-size", "0"], "--page-size"),
        (["--behaviour", "startAnswer=418"], "200 or 202"),
        (["--behaviour", "nonsense=200"], "unknown name"),
        (["--behaviour", "startAnswer"], "NAME=VALUE"),
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_specularite")).arg("serve").args(options).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{told}");
        assert!(told.contains(says) && told.contains(options[1]), "{told}");
        assert!(ended.stdout.is_empty());
    }
    let health = |address: &str| {
        Command::new(env!("CARGO_BIN_EXE_specularite")).args(["health", "--listen", address]).status().unwrap().code()
    };
    assert_eq!(health(address), Some(0));
    assert_eq!(health("127.0.0.1:1"), Some(1));
}
