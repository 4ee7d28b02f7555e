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

#[test]
fn check_fails_without_definitions() {
    let root = folder("empty", &[("note.txt", "nothing")]);
    for (paths, says) in [(&["."][..], "no definitions found"), (&["nowhere"], "nowhere"), (&[], "FILE|FOLDER")] {
        let (code, output) = check(&root, paths);
        assert_eq!(code, 2, "{output}");
        assert!(output.contains(says), "{output}");
    }
}
