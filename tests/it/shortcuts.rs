//! OneLake shortcuts.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, Reply};

/// A lakehouse, and the path of its shortcuts.
struct Lakehouse {
    lab: Lab,
    shortcuts: String,
}

impl Lakehouse {
    fn new() -> Self {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off"}));
        let workspace = lab.workspace();
        let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
        let shortcuts = format!("{workspace}/items/{lakehouse}/shortcuts");
        Self { lab, shortcuts }
    }

    /// Creates a shortcut; `query` may select a conflict policy.
    fn create(&self, path: &str, name: &str, query: &str) -> Reply {
        self.create_to(
            json!({"oneLake": {"workspaceId": MISSING, "itemId": MISSING, "path": "Tables/t"}}),
            path,
            name,
            query,
        )
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn create_to(&self, target: Value, path: &str, name: &str, query: &str) -> Reply {
        let body = json!({"path": path, "name": name, "target": target});
        self.lab.post(&format!("{}{query}", self.shortcuts), body)
    }

    fn count(&self, query: &str) -> usize {
        let listed = self.lab.get(&format!("{}{query}", self.shortcuts)).is(200).body();
        listed["value"].as_array().unwrap().len()
    }
}

#[test]
fn shortcut_is_created_read_and_deleted() {
    let lakehouse = Lakehouse::new();
    let lab = &lakehouse.lab;
    let oversized = json!({"oneLake": {"path": "x".repeat(10_000)}});
    lakehouse.create_to(oversized, "Files", "l", "").refuses(400, "InvalidInput");
    let created = lakehouse.create("Files/deep er", "s 1", "").is(201);
    insta::assert_snapshot!("shortcut", created.whole());
    let location = created.header("location").unwrap().strip_prefix("http://127.0.0.1:7310").unwrap().to_owned();
    assert_eq!(lab.get(&location).is(200).body(), created.body());
    let odd = lakehouse.create("Files", "a=b&c+d", "").is(201).body();
    let odd_path = format!("{}/Files/a=b&c+d", lakehouse.shortcuts);
    assert_eq!(lab.get(&odd_path).is(200).body(), odd);
    lab.delete(&odd_path).is(200);
    lab.delete(&location).is(200);
    lab.get(&location).refuses(404, "EntityNotFound");
}

#[test]
fn shortcut_conflict_policies() {
    let lakehouse = Lakehouse::new();
    let create = |name: &str, query: &str| lakehouse.create("Tables", name, query);
    lakehouse.create("Files/deep er", "s 1", "").is(201);
    lakehouse.create("Files/deep er", "s 1", "").refuses(409, "EntityConflict");
    lakehouse.create("Files/deep er", "s 1", "?shortcutConflictPolicy=overwriteOnly").is(200);
    create("t", "?shortcutConflictPolicy=OverwriteOnly").refuses(404, "EntityNotFound");
    create("t", "?shortcutConflictPolicy=CreateOrOverwrite").is(201);
    assert_eq!(create("t", "?shortcutConflictPolicy=GenerateUniqueName").is(201).body()["name"], "t (1)");
    create("t", "?shortcutConflictPolicy=Perhaps").refuses(400, "InvalidInput");
}

#[test]
fn shortcut_paths_names_and_targets_are_validated() {
    let lakehouse = Lakehouse::new();
    lakehouse.create("Elsewhere", "t", "").refuses(400, "InvalidInput");
    lakehouse.create("Files", "a/b", "").refuses(400, "InvalidInput");
    lakehouse.create_to(json!({}), "Files", "x", "").refuses(400, "InvalidInput");
}

#[test]
fn shortcuts_are_listed_by_parent_path() {
    let lakehouse = Lakehouse::new();
    for (path, name) in [("Files/deep er", "s 1"), ("Tables", "t"), ("Tables", "t (1)")] {
        lakehouse.create(path, name, "").is(201);
    }
    let count = |query: &str| lakehouse.count(query);
    assert_eq!((count(""), count("?parentPath=Files"), count("?parentPath=Table")), (3, 1, 0));
}
