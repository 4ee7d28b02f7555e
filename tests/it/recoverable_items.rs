//! Recoverable items, relations and logical ids of items.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, open_mirror};

const DAY: f64 = 86_400.0;

/// A lab whose tenant retains deleted items for 7 days.
fn lab() -> Lab {
    let lab = Lab::unthrottled();
    lab.settings(json!({"itemRetentionDays": 7, "tokenLifetime": 31_536_000, "durations": {"nameReserved": 0}}));
    lab
}

fn notebook(lab: &Lab, workspace: &str) -> String {
    crate::jobs::item(lab, workspace, "Notebook").rsplit('/').next().unwrap().to_owned()
}

fn names(lab: &Lab, path: &str) -> Vec<String> {
    let list = lab.get(path).is(200).body();
    let kind = |it: &Value| it["type"].as_str().unwrap().to_owned();
    list["value"].as_array().unwrap().iter().map(kind).collect()
}

#[test]
fn deletion_is_permanent_by_default() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let id = notebook(&lab, &workspace);
    lab.delete(&format!("{workspace}/items/{id}")).is(200);
    assert_eq!(lab.get(&format!("{workspace}/recoverableItems")).is(200).body(), json!({"value": []}));
    lab.post_empty(&format!("{workspace}/recoverableItems/{id}/recover")).refuses(404, "EntityNotFound");
    for days in [1, 6, 91] {
        lab.patch("/_emulator/settings", json!({"itemRetentionDays": days})).refuses(400, "InvalidInput");
    }
}

#[test]
fn deleted_item_is_recovered_with_its_children() {
    let lab = lab();
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    lab.advance(60.0);
    let before = lab.get(&mirror).is(200).body();
    lab.delete(&mirror).is(200);
    lab.get(&mirror).refuses(404, "EntityNotFound");
    let bin = format!("{workspace}/recoverableItems");
    assert_eq!(names(&lab, &bin), ["MirroredDatabase", "SQLEndpoint"]);
    assert_eq!(names(&lab, &format!("{bin}?type=sqlendpoint")), ["SQLEndpoint"]);
    assert_eq!(names(&lab, &format!("{bin}?recoverableByMe=true")), ["MirroredDatabase"]);
    let list = lab.get(&bin).body();
    assert_eq!(list["value"][1]["parentItemId"], before["id"]);
    let endpoint = list["value"][1]["id"].as_str().unwrap().to_owned();
    lab.post_empty(&format!("{bin}/{endpoint}/recover")).refuses(400, "OperationNotSupportedForItem");
    lab.delete(&format!("{bin}/{endpoint}")).refuses(400, "OperationNotSupportedForItem");
    let recovered = lab.post_empty(&format!("{bin}/{}/recover", before["id"].as_str().unwrap())).is(200).body();
    assert_eq!(recovered["value"].as_array().unwrap().len(), 2);
    assert_eq!(lab.get(&mirror).is(200).body(), before);
    assert_eq!(lab.get(&bin).body(), json!({"value": []}));
}

#[test]
fn retention_ends_in_virtual_time() {
    let lab = lab();
    let workspace = lab.workspace();
    let id = notebook(&lab, &workspace);
    lab.delete(&format!("{workspace}/items/{id}")).is(200);
    let bin = format!("{workspace}/recoverableItems");
    lab.advance(7.0 * DAY - 1.0);
    assert_eq!(names(&lab, &bin), ["Notebook"]);
    lab.advance(1.0);
    assert_eq!(names(&lab, &bin), Vec::<String>::new());
    lab.post_empty(&format!("{bin}/{id}/recover")).refuses(404, "EntityNotFound");
}

#[test]
fn recovery_fails_while_the_name_is_in_use() {
    let lab = lab();
    let workspace = lab.workspace();
    let id = notebook(&lab, &workspace);
    lab.delete(&format!("{workspace}/items/{id}")).is(200);
    let other = notebook(&lab, &workspace);
    let recover = format!("{workspace}/recoverableItems/{id}/recover");
    lab.post_empty(&recover).refuses(409, "ItemDisplayNameAlreadyInUse");
    assert_eq!(names(&lab, &format!("{workspace}/recoverableItems?recoverableByMe=true")), Vec::<String>::new());
    lab.patch(&format!("{workspace}/items/{other}"), json!({"displayName": "renamed"})).is(200);
    lab.post_empty(&recover).is(200);
}

#[test]
fn item_is_deleted_permanently_by_admins_only() {
    let lab = lab();
    let workspace = lab.workspace();
    lab.assign_role(&workspace, ALICE, "Contributor");
    let alice = lab.user(ALICE);
    let id = notebook(&lab, &workspace);
    alice.delete(&format!("{workspace}/items/{id}?hardDelete=true")).refuses(403, "InsufficientPrivileges");
    alice.delete(&format!("{workspace}/items/{id}")).is(200);
    let one = format!("{workspace}/recoverableItems/{id}");
    alice.delete(&one).refuses(403, "InsufficientPrivileges");
    lab.delete(&one).is(200);
    lab.delete(&one).refuses(404, "EntityNotFound");
    let id = notebook(&lab, &workspace);
    lab.delete(&format!("{workspace}/items/{id}?hardDelete=true")).is(200);
    // Items of this kind are not retained.
    let reflex = crate::jobs::item(&lab, &workspace, "Reflex");
    lab.delete(&reflex).is(200);
    assert_eq!(lab.get(&format!("{workspace}/recoverableItems")).body(), json!({"value": []}));
}

#[test]
fn folder_with_recoverable_items_is_not_empty() {
    let lab = lab();
    let workspace = lab.workspace();
    let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
    let id = notebook(&lab, &workspace);
    lab.post(&format!("{workspace}/items/{id}/move"), json!({"targetFolderId": folder})).is(200);
    lab.delete(&format!("{workspace}/items/{id}")).is(200);
    lab.delete(&format!("{workspace}/folders/{folder}")).refuses(400, "FolderNotEmpty");
    lab.delete(&format!("{workspace}/recoverableItems/{id}")).is(200);
    lab.delete(&format!("{workspace}/folders/{folder}")).is(200);
}

#[test]
fn relations_follow_parents_and_shortcuts() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let make = |name: &str| lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": name})).succeeds().id();
    let (source, reader) = (make("source"), make("reader"));
    lab.advance(600.0);
    let items = format!("{workspace}/items");
    let target =
        json!({"oneLake": {"workspaceId": workspace.rsplit('/').next(), "itemId": source, "path": "Tables/x"}});
    let shortcut = json!({"path": "Tables", "name": "x", "target": target});
    lab.post(&format!("{items}/{reader}/shortcuts"), shortcut).is(201);
    let edge = json!({"itemId": reader, "dependentOnItemId": source, "relationType": "Shortcut"});
    let upstream = lab.get(&format!("{items}/{reader}/relations/upstream?beta=true")).is(200).body();
    assert_eq!((&upstream["relations"], &upstream["items"][0]["id"]), (&json!([edge]), &json!(source)));
    assert_eq!(
        (upstream["items"].as_array().unwrap().len(), &upstream["workspaces"][0]["displayName"]),
        (1, &json!("lab"))
    );
    let downstream = lab.get(&format!("{items}/{source}/relations/downstream?beta=true")).is(200).body();
    let relations = downstream["relations"].as_array().unwrap();
    assert!(relations.contains(&edge));
    // The SQL endpoints of both, and the shortcut.
    let types: Vec<&str> = relations.iter().map(|it| it["relationType"].as_str().unwrap()).collect();
    assert_eq!(types.iter().filter(|kind| **kind == "CascadeDelete").count(), 2);
    lab.get(&format!("{items}/{source}/relations/upstream")).refuses(400, "InvalidParameter");
    lab.get(&format!("{items}/{MISSING}/relations/upstream?beta=true")).refuses(404, "EntityNotFound");
}

#[test]
fn logical_id_is_unique_in_the_workspace_and_shown_in_the_definition() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let make = |name: &str| lab.mirror(&workspace, name, &open_mirror()).replace("mirroredDatabases", "items");
    let (one, other) = (make("one"), make("other"));
    let body = json!({"logicalId": ALICE});
    assert_eq!(lab.patch(&format!("{one}/logicalId"), body.clone()).is(200).body(), body);
    lab.patch(&format!("{one}/logicalId"), body.clone()).is(200);
    lab.patch(&format!("{other}/logicalId"), body).refuses(409, "EntityConflict");
    for id in [json!(null), json!("x"), json!("00000000-0000-0000-0000-000000000000")] {
        lab.patch(&format!("{other}/logicalId"), json!({"logicalId": id})).refuses(400, "InvalidInput");
    }
    let definition = lab.post_empty(&format!("{one}/getDefinition")).is(200).body();
    let parts = definition["definition"]["parts"].as_array().unwrap();
    let platform = parts.iter().find(|part| part["path"] == ".platform").unwrap();
    let text = STANDARD.decode(platform["payload"].as_str().unwrap()).unwrap();
    let text: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(text["config"]["logicalId"], ALICE);
}
