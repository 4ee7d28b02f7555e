//! Bulk export and import of definitions.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, Reply, open_mirror};

/// A workspace to export from, and an empty one to import into.
struct Workspaces {
    lab: Lab,
    source: String,
    target: String,
    notebook: Value,
}

impl Workspaces {
    /// The source has a mirrored database in the folder `raw`, and a notebook at its root.
    fn new() -> Self {
        let lab = Lab::new();
        lab.settings(json!({"throttle": "off"}));
        let source = lab.workspace();
        let folder = lab.post(&format!("{source}/folders"), json!({"displayName": "raw"})).is(201).id();
        let mirror = lab.mirror(&source, "m", &open_mirror()).replace("mirroredDatabases", "items");
        lab.post_empty(&format!("{mirror}/move")).is(200);
        lab.post(&format!("{mirror}/move"), json!({"targetFolderId": folder})).is(200);
        lab.post(&format!("{source}/notebooks"), json!({"displayName": "n"})).succeeds();
        lab.advance(60.0);
        let notebook = lab.get(&format!("{source}/notebooks")).body()["value"][0]["id"].clone();
        let capacity = lab.get(&source).body()["capacityId"].clone();
        let body = json!({"displayName": "elsewhere", "capacityId": capacity});
        let target = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", body).is(201).id());
        Self { lab, source, target, notebook }
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn export(&self, body: Value) -> Reply {
        self.lab.json("POST", &format!("{}/items/bulkExportDefinitions?beta=true", self.source), &body)
    }

    /// All parts of the source.
    fn parts(&self) -> Value {
        self.export(json!({"mode": "All"})).is(200).body()["definitionParts"].clone()
    }

    fn import(&self, parts: &Value, allow_pairing_by_name: bool) -> Reply {
        let body = json!({"definitionParts": parts, "options": {"allowPairingByName": allow_pairing_by_name}});
        self.lab.post(&format!("{}/items/bulkImportDefinitions?beta=true", self.target), body)
    }

    /// Waits for an import whose items all succeed with the same operation type; their ids.
    #[track_caller]
    fn imported(&self, reply: Reply, operation: &str) -> Vec<Value> {
        let details = self.lab.result(&reply.is(202)).body()["importItemDefinitionsDetails"].clone();
        let details = details.as_array().unwrap().iter();
        assert!(details.clone().all(|it| it["operationType"] == operation && it["operationStatus"] == "Succeeded"));
        details.map(|it| it["itemId"].clone()).collect()
    }

    /// The items in the target.
    fn items(&self) -> Value {
        self.lab.get(&format!("{}/items", self.target)).body()
    }
}

fn sorted(parts: &Value) -> Vec<Value> {
    let mut parts = parts.as_array().unwrap().clone();
    parts.sort_by_key(|part| part["path"].to_string());
    parts
}

fn part(path: &str, payload: &str) -> Value {
    json!({"path": path, "payload": payload, "payloadType": "InlineBase64"})
}

#[test]
fn bulk_export_selects_items() {
    let it = Workspaces::new();
    let path = format!("{}/items/bulkExportDefinitions", it.source);
    let without_beta = it.lab.post(&path, json!({"mode": "All"})).is(200);
    assert_eq!(without_beta.body(), it.export(json!({"mode": "all"})).is(200).body());
    it.export(json!({})).refuses(400, "InvalidInput");
    it.export(json!({"mode": "Some"})).refuses(400, "InvalidInput");
    it.export(json!({"mode": "Selective", "items": [{"id": MISSING}]})).refuses(404, "EntityNotFound");
    let one = it.export(json!({"mode": "Selective", "items": [{"id": it.notebook}]})).is(200).body();
    assert_eq!(one["itemDefinitionsIndex"], json!([{"id": it.notebook, "rootPath": "/n.Notebook"}]));
    let all = it.export(json!({"mode": "All"})).is(200).body();
    let roots = all["itemDefinitionsIndex"].as_array().unwrap().iter().map(|it| it["rootPath"].clone());
    assert_eq!(roots.collect::<Vec<_>>(), ["/raw/m.MirroredDatabase", "/n.Notebook"]);
}

#[test]
fn bulk_import_restores_what_was_exported() {
    let it = Workspaces::new();
    let parts = it.parts();
    assert_eq!(it.imported(it.import(&parts, false), "Create").len(), 2);
    it.lab.advance(30.0);
    let path = format!("{}/items/bulkExportDefinitions?beta=true", it.target);
    let again = it.lab.post(&path, json!({"mode": "All"})).is(200).body();
    assert_eq!(sorted(&again["definitionParts"]), sorted(&parts));
}

/// Without a logical id, an item is another one of that name, unless pairing by name is allowed.
#[test]
fn bulk_import_pairs_by_name_only_when_allowed() {
    let it = Workspaces::new();
    let parts = it.parts();
    let created = it.imported(it.import(&parts, false), "Create");
    it.lab.advance(30.0);
    it.import(&parts, false).refuses(409, "ItemDisplayNameAlreadyInUse");
    assert_eq!(it.imported(it.import(&parts, true), "Update"), created);
}

/// The main part decides the format. All items appear when the import is done.
#[test]
fn bulk_import_creates_slow_kinds_and_folders() {
    let it = Workspaces::new();
    let imported = it.lab.result(&it.import(&json!([part("q3/s.SQLDatabase/s.sqlproj", "")]), false).is(202)).body();
    let detail = &imported["importItemDefinitionsDetails"][0];
    assert_eq!((&detail["itemType"], &detail["itemDisplayName"]), (&json!("SQLDatabase"), &json!("s")));
    let path = |kind: &str, id: &Value| format!("{}/{kind}/{}", it.target, id.as_str().unwrap());
    let item = it.lab.get(&path("items", &detail["itemId"])).is(200).body();
    it.lab.delete(&path("items", &item["id"])).is(200);
    it.lab.delete(&path("folders", &item["folderId"])).is(200);
}

#[test]
fn bulk_import_is_atomic() {
    let it = Workspaces::new();
    it.imported(it.import(&it.parts(), false), "Create");
    it.lab.advance(30.0);
    let before = it.items();
    // A slow kind finds this error only later: the whole operation fails.
    let started = it.import(&json!([part("c.CosmosDBDatabase/definition.json", "ew==")]), false).is(202);
    it.lab.result(&started).refuses(400, "OperationNotSucceeded");
    assert_eq!(it.items(), before);

    let good = part("/new/x.Notebook/notebook-content.py", "");
    for (path, payload, code) in [
        ("x.Notebook", "", "InvalidFilesPath"),
        ("/a/b.txt", "", "InvalidFilesPath"),
        ("y.MirroredDatabase/mirroring.json", "?", "CorruptedPayload"),
    ] {
        it.import(&json!([good, part(path, payload)]), false).refuses(400, code);
    }
    it.import(&json!([]), false).refuses(400, "InvalidInput");
    assert_eq!(it.items(), before);
    assert_eq!(it.lab.get(&format!("{}/folders", it.target)).body()["value"].as_array().unwrap().len(), 1);
}
