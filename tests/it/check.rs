//! `specularite check`: what it finds in files and folders, and how it ends.

use std::path::PathBuf;
use std::process::Command;

/// Runs the program on paths under a folder of the test's own; the exit status, and what it prints.
fn check(folder: &PathBuf, paths: &[&str]) -> (i32, String) {
    let ended = Command::new(env!("CARGO_BIN_EXE_specularite"))
        .current_dir(folder)
        .arg("check")
        .args(paths)
        .output()
        .expect("the program starts");
    let told = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    (ended.status.code().expect("it ends by itself"), told)
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
fn a_repository_without_a_fault() {
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
fn faults_are_named_with_their_places() {
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
    let (code, told) = check(&root, &[".", "f.json"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("check_faults", told);
}

#[test]
fn what_cannot_be_checked_is_said() {
    let root = folder("empty", &[("note.txt", "nothing")]);
    for (paths, says) in [(&["."][..], "no definitions found"), (&["nowhere"], "nowhere"), (&[], "FILE|FOLDER")] {
        let (code, told) = check(&root, paths);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(says), "{told}");
    }
}
