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

#[test]
fn many_shortcuts_are_created_each_by_itself() {
    let lakehouse = Lakehouse::new();
    let many = format!("{}/bulkCreate", lakehouse.shortcuts);
    let target = json!({"oneLake": {"workspaceId": MISSING, "itemId": MISSING, "path": "Tables/t"}});
    let transform = json!({"type": "csvToDelta", "includeSubfolders": true, "properties": {"delimiter": ","}});
    let requests = json!([
        {"path": "Files/a", "name": "one", "target": target, "transform": transform},
        {"path": "Files/a", "name": "one", "target": target},
        {"path": "Other", "name": "two", "target": target},
        {"path": "Files", "name": "three", "target": {}},
        {"path": "Files", "name": "four", "target": target, "transform": {"type": "x"}},
        {"path": "Tables", "name": "five", "target": target},
    ]);
    let body = lakehouse.lab.post(&many, json!({"createShortcutRequests": requests})).is(200).body();
    let results = body["value"].as_array().unwrap();
    let statuses: Vec<&str> = results.iter().map(|it| it["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Succeeded", "Failed", "Failed", "Failed", "Failed", "Succeeded"]);
    assert_eq!(results[0]["request"], json!({"name": "one", "path": "Files/a"}));
    assert_eq!(results[0]["result"]["transform"], transform);
    assert_eq!(results[0]["result"]["target"]["type"], "OneLake");
    assert_eq!((&results[1]["error"]["errorCode"], results[1]["result"].is_null()), (&json!("EntityConflict"), true));
    assert_eq!(results[2]["error"]["errorCode"], "InvalidInput");
    let listed = lakehouse.lab.get(&lakehouse.shortcuts).is(200).body();
    let flags: Vec<&Value> = listed["value"].as_array().unwrap().iter().map(|it| &it["isShortcutTransform"]).collect();
    assert_eq!(flags, [&json!(true), &Value::Null]);
    let one = lakehouse.lab.get(&format!("{}/Files%2Fa/one", lakehouse.shortcuts)).is(200).body();
    assert_eq!(one, results[0]["result"]);

    let again = json!({"createShortcutRequests": [{"path": "Files/a", "name": "one", "target": target}]});
    let unique = lakehouse.lab.post(&format!("{many}?shortcutConflictPolicy=GenerateUniqueName"), again).is(200).body();
    assert_eq!(unique["value"][0]["result"]["name"], "one (1)");
    for body in [json!({}), json!({"createShortcutRequests": [{"name": "x"}]})] {
        lakehouse.lab.post(&many, body).refuses(400, "InvalidInput");
    }
    let all = vec![json!({"path": "Files", "name": "x", "target": target}); 1_001];
    lakehouse.lab.post(&many, json!({"createShortcutRequests": all})).refuses(400, "InvalidInput");
    assert_eq!(lakehouse.count(""), 3);
}

#[test]
fn reset_of_the_shortcut_cache_is_an_operation() {
    let lakehouse = Lakehouse::new();
    let workspace = lakehouse.shortcuts.split("/items/").next().unwrap();
    let started = lakehouse.lab.post_empty(&format!("{workspace}/onelake/resetShortcutCache")).is(202);
    let operation = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    assert_eq!(lakehouse.lab.get(&operation).is(200).body()["status"], "Running");
    lakehouse.lab.advance(30.0);
    assert_eq!(lakehouse.lab.get(&operation).is(200).body()["status"], "Succeeded");
    lakehouse.lab.get(&format!("{operation}/result")).refuses(400, "OperationHasNoResult");
}
