//! `specularite check`: errors in files and folders, and exit statuses.

use std::path::PathBuf;
use std::process::Command;

/// Runs `check` on paths in a folder; its exit status and output.
fn check(folder: &PathBuf, paths: &[&str]) -> (i32, String) {
    let ended = Command::new(env!("CARGO_BIN_EXE_specularite"))
        .current_dir(folder)
        .arg("check")
        .args(paths)
        .output()
        .expect("the program starts");
    let output = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    (ended.status.code().expect("the program exits"), output)
}

/// A folder with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("check").join(name);
    let _ = std::fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

const MIRRORING: &str = r#"{"properties": {
    "source": {"type": "GenericMirror"},
    "target": {"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}}}}"#;

fn platform(kind: &str) -> String {
    format!(r#"{{"metadata": {{"type": "{kind}", "displayName": "x"}}}}"#)
}

#[test]
fn check_accepts_a_valid_repository() {
    let root = folder(
        "good",
        &[
            ("ws/a.MirroredDatabase/.platform", &platform("MirroredDatabase")),
            ("ws/a.MirroredDatabase/mirroring.json", MIRRORING),
            ("ws/deep/b.Notebook/.platform", &platform("Notebook")),
            ("ws/deep/b.Notebook/notebook-content.py", "print()"),
            ("ws/sql/.platform", &platform("SQLDatabase")),
            ("ws/sql/x.sqlproj", "<Project/>"),
            ("lone/mirroring.json", MIRRORING),
            ("lone/other.json", "not looked at"),
        ],
    );
    assert_eq!(check(&root, &["."]), (0, "4 checked: no fault\n".into()));
    assert_eq!(check(&root, &["ws", "lone/mirroring.json", "ws/sql/.platform"]).0, 0);
}

#[test]
fn check_reports_errors_with_their_locations() {
    let root = folder(
        "bad",
        &[
            ("a.MirroredDatabase/.platform", &platform("Lakehouse")),
            ("a.MirroredDatabase/mirroring.json", "{\n  \"properties\": {}\n}"),
            ("b.MirroredDatabase/mirroring.json", MIRRORING),
            ("c.CosmosDBDatabase/.platform", &platform("CosmosDBDatabase")),
            ("d/.platform", &platform("Nonsense")),
            ("e.SQLDatabase/.platform", "{"),
            ("f.json", "[]"),
        ],
    );
    let (code, output) = check(&root, &[".", "f.json"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("check_faults", output);
}

/// The names, gaps, metadata and empty files of a landing zone.
#[test]
fn check_reports_faults_of_a_landing_zone() {
    let by_time = r#"{"fileDetectionStrategy": "LastUpdateTimeFileDetection"}"#;
    let root = folder(
        "landing",
        &[
            ("zone/_partnerEvents.json", "{"),
            ("zone/loose.parquet", "x"),
            ("zone/A/_metadata.json", "{\n  \"keyColumn\": [\"a\"]\n}"),
            ("zone/A/00000000000000000001.parquet", "x"),
            ("zone/A/00000000000000000003.parquet", ""),
            ("zone/A/00000000000000000004.PARQUET", "x"),
            ("zone/A/00000000000000000004.parquet", "x"),
            ("zone/A/1.parquet", "x"),
            ("zone/A/sub/00000000000000000001.parquet", "x"),
            ("zone/A/_Temp/x", "x"),
            ("zone/B/00000000000000000001.parquet", "x"),
            ("zone/C/_metadata.json", "{\n  \"isPartitionEnabled\": \"true\"\n}"),
            ("zone/C/a=1/00000000000000000002.parquet", "x"),
            ("zone/C/b/00000000000000000001.parquet", "x"),
            ("zone/D/_metadata.json", "{}"),
            ("zone/D/00000000000000000016.parquet", "x"),
            ("zone/D/_ProcessedFiles/00000000000000000015.parquet", "x"),
            ("zone/dbo.schema/D/_metadata.json", by_time),
            ("zone/dbo.schema/D/any.parquet", "x"),
            ("zone/dbo.schema/D/any.csv", "x"),
            ("zone/hr.schema/E/_metadata.json", "{\n  keyColumns: []\n}"),
        ],
    );
    let (code, output) = check(&root, &["zone"]);
    assert_eq!(code, 1);
    assert_eq!(
        output.lines().collect::<Vec<_>>(),
        [
            "zone/_partnerEvents.json:1:1: not JSON: EOF while parsing an object",
            "zone/loose.parquet: ignored: the file is in no folder of a table",
            "zone/dbo.schema/D: the same table as the folder \"D\", if the default schema is dbo",
            "zone/A/00000000000000000003.parquet: the file has 0 bytes: the table would stop",
            "zone/A/_metadata.json:2:16: keyColumn: unknown member",
            "zone/A/1.parquet: ignored: the name is not a number of 20 digits, from 1",
            "zone/A/sub/00000000000000000001.parquet: ignored: the file is in a subfolder, and isPartitionEnabled is not true",
            "zone/A/00000000000000000004.parquet: the number 4 occurs twice",
            "zone/A: number 2 is missing: 2 later files wait",
            "zone/B: nothing is read: _metadata.json is missing",
            "zone/C/b/00000000000000000001.parquet: ignored: the folders below that of the table have not the form column=value",
            "zone/C/a=1: number 1 is missing: 1 later file waits",
            "zone/dbo.schema/D/any.csv: ignored: the table reads files *.parquet",
            "zone/hr.schema/E/_metadata.json:2:3: not JSON: key must be a string",
            "1 checked: 14 faults",
        ],
    );

    let root = folder(
        "landing-good",
        &[
            ("LandingZone/_partnerEvents.json", "{}"),
            ("LandingZone/A/_metadata.json", r#"{"keyColumns": ["a"]}"#),
            ("LandingZone/A/00000000000000000001.parquet", "x"),
            ("LandingZone/_scratchPad/x.tmp", ""),
        ],
    );
    assert_eq!(check(&root, &["."]), (0, "1 checked: no fault\n".into()));
}

#[test]
fn check_fails_without_definitions() {
    let root = folder("empty", &[("note.txt", "nothing")]);
    for (paths, says) in [(&["."][..], "no definitions found"), (&["nowhere"], "nowhere"), (&[], "FILE|FOLDER")] {
        let (code, output) = check(&root, paths);
        assert_eq!(code, 2, "{output}");
        assert!(output.contains(says), "{output}");
    }
}
