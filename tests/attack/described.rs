//! Requests that schemathesis generates from Microsoft's API description, for resources that exist. None may harm the
//! program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::program::{Ids, Program};
use crate::{GROWTH_MAX_KIB, alone, duration, notice, seed};

/// The descriptions, each with its part of the duration in percent. A short attack uses only the first.
const DESCRIPTIONS: &[(&str, u64)] = &[
    ("mirroredDatabase", 25),
    ("platform", 40),
    ("sqlDatabase", 10),
    ("mirroredCatalog", 5),
    ("mirroredAzureDatabricksCatalog", 5),
    ("cosmosDbDatabase", 5),
    ("snowflakeDatabase", 5),
    ("lakehouse", 5),
];

/// The shortest time in which schemathesis reads a description and sends requests, in seconds.
const SECONDS_MIN: u64 = 3;

/// The maximum time until the program has closed a connection that its client has closed.
const CLOSING_MAX: Duration = Duration::from_secs(5);

#[test]
fn described_requests_do_no_harm() {
    let descriptions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs");
    if !descriptions.exists() {
        return missing("../shared/specs does not exist");
    }
    let Some(schemathesis) = schemathesis() else { return };
    let _alone = alone();
    let mut program = Program::start();
    let seed = seed();
    let mut first = None;
    for (name, percent) in DESCRIPTIONS {
        let seconds = duration(60).as_secs() * percent / 100;
        if seconds < SECONDS_MIN && first.is_some() {
            continue;
        }
        let ids = program.populate();
        first.get_or_insert_with(|| program.figures());
        let description = descriptions.join(name).join("swagger.json");
        let attack = |seconds| {
            let output = run(&schemathesis, &description, &program, &ids, seconds, seed);
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{name}: {printed}{}", String::from_utf8_lossy(&output.stderr));
            printed.lines().find(|line| line.contains(" generated, ")).map(|summary| summary.trim().to_owned())
        };
        // On a slow machine, reading the description can take all the time.
        let summary = (0..4).find_map(|doubled| attack(seconds.max(SECONDS_MIN) << doubled));
        notice(&format!("schemathesis: {name}: {}", summary.expect("a summary of requests")));
        program.assert_unharmed();
    }
    program.populate();
    let first = first.unwrap();
    // The program closes the last connection a moment after the client.
    let ended = Instant::now();
    while program.figures().descriptors > first.descriptors && ended.elapsed() < CLOSING_MAX {
        std::thread::sleep(Duration::from_millis(20));
    }
    let last = program.figures();
    notice(&format!("schemathesis: {first:?} at the beginning, {last:?} at the end"));
    assert!(last.memory_kib <= first.memory_kib + GROWTH_MAX_KIB, "the memory grows");
    assert!(last.descriptors <= first.descriptors, "descriptors stay open");
}

/// Returns the program: that of `SPECULARITE_SCHEMATHESIS`, or the one on the path.
fn schemathesis() -> Option<PathBuf> {
    let program = std::env::var_os("SPECULARITE_SCHEMATHESIS").unwrap_or_else(|| "schemathesis".into());
    if !Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success()) {
        missing("schemathesis is not installed; see CONTRIBUTING.md");
        return None;
    }
    Some(program.into())
}

#[track_caller]
fn missing(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}");
    notice(&format!("SKIPPED: {what}"));
}

fn run(schemathesis: &Path, description: &Path, program: &Program, ids: &Ids, seconds: u64, seed: u64) -> Output {
    let Ids { workspace, connection, mirror, lakehouse, folder, capacity } = ids;
    let ids = json!({
        "workspaceId": [workspace], "connectionId": [connection], "mirroredDatabaseId": [mirror],
        "lakehouseId": [lakehouse], "folderId": [folder], "capacityId": [capacity], "itemId": [mirror, lakehouse],
    });
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attack/schemathesis");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(schemathesis);
    command.arg("--config-file").arg(sources.join("schemathesis.toml"));
    command.arg("run").arg(description).args(["--url", &format!("http://{}/v1", program.address)]);
    command.args(["--header", "Authorization: Bearer any", "--no-color", "--checks", "not_a_server_error"]);
    command.args(["--phases", "fuzzing", "--max-time", &seconds.to_string(), "--seed", &seed.to_string()]);
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", sources).env("PYTHONDONTWRITEBYTECODE", "1");
    // It creates files in its working directory.
    command.env("SPECULARITE_IDS", ids.to_string()).current_dir(folder.path());
    command.output().expect("schemathesis runs")
}
