//! Scenarios in files and in the documentation, and the check of definitions over HTTP.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Lab, open_mirror};
use crate::scenario::path;

#[test]
fn check_lists_faults_with_their_places() {
    let lab = Lab::new();
    let before = lab.get("/_emulator/snapshot").body();
    let check = |kind: &str, parts: &[(&str, &str)], expected: Value| {
        let part = |(path, text): &(&str, &str)| crate::harness::part(path, text);
        let body = json!({"kind": kind, "definition": {"parts": parts.iter().map(part).collect::<Vec<_>>()}});
        let found = lab.post("/_emulator/check", body).is(200).body();
        assert_eq!(found["findings"], expected, "{kind} {parts:?}");
    };
    let valid = open_mirror().to_string();
    let faulty = valid.replace("{\"format\"", "\n {\"retentionInDays\": 31, \"format\"");
    check("MirroredDatabase", &[("mirroring.json", &valid)], json!([]));
    check("mirroreddatabase", &[("mirroring.json", &valid)], json!([]));
    check(
        "MirroredDatabase",
        &[("mirroring.json", &faulty)],
        json!([{
            "path": "mirroring.json", "line": 2, "column": 22,
            "message": "properties.target.typeProperties.retentionInDays is 31: a whole number from 1 to 30 was expected",
        }]),
    );
    let unknown = valid.replace("GenericMirror", "Fax").replace("Delta", "Iceberg");
    let found = lab.post(
        "/_emulator/check",
        json!({"kind": "MirroredDatabase", "definition": {"parts": [crate::harness::part("mirroring.json", &unknown)]}}),
    );
    assert_eq!(found.is(200).body()["findings"].as_array().unwrap().len(), 2);
    check(
        "MirroredDatabase",
        &[("a.json", "{}")],
        json!([{
            "path": "", "line": null, "column": null, "message": "the part mirroring.json is missing, found: a.json",
        }]),
    );
    check(
        "MirroredDatabase",
        &[("mirroring.json", &valid), (".platform", "{}")],
        json!([{
            "path": ".platform", "line": 1, "column": 1, "message": "metadata: an object was expected",
        }]),
    );
    check("Environment", &[("Setting/Sparkcompute.yml", "a: 1")], json!([]));
    lab.post("/_emulator/check", json!({"kind": "NoSuchKind", "definition": {"parts": []}}))
        .refuses(400, "InvalidInput");
    lab.post("/_emulator/check", json!({"kind": "Lakehouse"})).refuses(400, "InvalidInput");
    assert_eq!(lab.get("/_emulator/snapshot").body(), before);
}

/// A folder with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scenario").join(name);
    let _ = std::fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

/// Runs the program in a folder; its exit status and output.
fn program(folder: &PathBuf, arguments: &[&str]) -> (i32, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_specularite"));
    let ended = program.current_dir(folder).args(arguments).output().expect("the program starts");
    let output = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    (ended.status.code().expect("the program exits"), output)
}

/// Files on the command line are applied in their order. Folders of items are relative to the file.
#[cfg(unix)]
#[test]
fn program_applies_scenario_files_at_the_start() {
    let mirroring = open_mirror().to_string();
    let item = |path: &str| json!({"name": "landing", "type": "MirroredDatabase", "path": path});
    let first = |path: &str| {
        json!({"format": 1, "workspaces": [{"name": "w", "capacity": "specularite", "items": [item(path)]}]})
            .to_string()
    };
    let second = json!({"format": 1, "trouble": [{"target": {"item": "w/landing"}, "kind": "stuck"}]}).to_string();
    let root = folder(
        "files",
        &[
            ("scenarios/first.json", &first("items/landing")),
            ("scenarios/lost.json", &first("items/lost")),
            ("scenarios/items/landing/mirroring.json", &mirroring),
            (
                "scenarios/items/landing/.platform",
                r#"{"metadata": {"type": "MirroredDatabase", "displayName": "x", "description": "of the file"}}"#,
            ),
            ("second.json", &second),
            ("broken/mirroring.json", "{}"),
            ("broken.json", &first("broken")),
        ],
    );
    let command = "curl -sS $SPECULARITE_URL/_emulator/trouble; \
                   curl -sS -H 'Authorization: Bearer x' $SPECULARITE_URL/v1/workspaces";
    let run = |scenarios: &[&str]| {
        let scenarios = scenarios.iter().flat_map(|file| ["--scenario", file]);
        let arguments: Vec<&str> = ["run"].into_iter().chain(scenarios).chain(["--", "sh", "-c", command]).collect();
        program(&root, &arguments)
    };
    let (status, output) = run(&["scenarios/first.json", "second.json"]);
    assert!(status == 0 && output.contains("\"stuck\"") && output.contains("\"w\""), "{output}");
    for (files, wanted) in [
        (&["second.json"][..], "cannot use --scenario second.json: The scenario is not valid: trouble[0].target.item"),
        (&["scenarios/lost.json"], "workspaces[0].items[0].path: scenarios/items/lost: "),
        (&["none.json"], "cannot use --scenario none.json: none.json: "),
        (&["broken.json"], "mirroring.json, line 1, column 1: properties is missing"),
        (&["scenarios/first.json", "scenarios/first.json"], "\"w\": The workspace name is already in use"),
    ] {
        let (status, output) = run(files);
        assert!(status == 2 && output.contains(wanted), "{output}");
    }
    let snapshot = Lab::new().get("/_emulator/snapshot").text();
    std::fs::write(root.join("snapshot.json"), &snapshot).unwrap();
    std::fs::write(root.join("old.json"), snapshot.replace("\"facts\":[]", "\"facts\":[{}]")).unwrap();
    let checked = program(&root, &["check", "scenarios/first.json", "snapshot.json"]);
    assert_eq!(checked, (0, "2 checked: no fault\n".into()));
    let (status, output) = program(&root, &["check", "old.json"]);
    assert!(status == 1 && output.contains("old.json: missing field `number`"), "{output}");
    let (status, output) = program(&root, &["check", "second.json", "broken.json"]);
    assert!(status == 1 && output.contains("second.json: The scenario is not valid: ") && output.contains("2 faults"));
}

/// Executes the calls of the sections of CONTROL.md about scenarios and checks.
#[test]
fn examples_in_the_documentation_work() {
    let document = include_str!("../../docs/CONTROL.md");
    let section = |name: &str| {
        let (_, rest) = document.split_once(&format!("\n## {name}\n")).unwrap();
        rest.split("\n## ").next().unwrap().to_owned()
    };
    let lab = Lab::new();
    let (_, scenario) =
        section("Scenarios").split_once("```json\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let scenario = scenario.split_once("```").unwrap().0;
    let applied = lab.send("POST", "/_emulator/scenario", &[], scenario).is(200).body();
    assert_eq!(lab.status(&path(&applied, "Sales/shop")), "Running");
    let checks = section("Check");
    let bodies = checks.lines().filter_map(|line| line.strip_prefix("    curl -X POST $base/_emulator/check -d '"));
    let mut count = 0;
    for body in bodies {
        let body: Value = serde_json::from_str(body.trim_end_matches('\'')).unwrap();
        let found = lab.post("/_emulator/check", body).is(200).body();
        assert!(checks.contains(&serde_json::to_string(&found).unwrap()), "{found}");
        count += 1;
    }
    assert_eq!(count, 1);
}
