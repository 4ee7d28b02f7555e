//! Table shortcuts of KQL databases.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, MISSING};

/// The path of the shortcuts of a KQL database in a new workspace, and that of its workspace.
fn shortcuts(lab: &Lab) -> (String, String) {
    let workspace = lab.workspace();
    crate::jobs::item(lab, &workspace, "Eventhouse");
    lab.advance(600.0);
    let listed = lab.get(&format!("{workspace}/kqlDatabases")).is(200).body();
    let id = listed["value"][0]["id"].as_str().unwrap().to_owned();
    (format!("{workspace}/kqlDatabases/{id}/shortcuts"), workspace)
}

fn target() -> Value {
    json!({"oneLake": {"workspaceId": MISSING, "itemId": MISSING, "path": "Tables/t"}})
}

fn request(name: &str) -> Value {
    json!({"name": name, "enableQueryAcceleration": true, "target": target()})
}

#[test]
fn table_shortcut_is_created_listed_read_and_deleted() {
    let lab = Lab::unthrottled();
    let (shortcuts, _) = shortcuts(&lab);
    let created = lab.post(&shortcuts, request("sales 1")).is(201);
    let body = json!({
        "name": "sales 1", "enableQueryAcceleration": true,
        "target": {"type": "OneLake", "oneLake": target()["oneLake"]},
    });
    assert_eq!(created.body(), body);
    let location = created.header("location").unwrap().strip_prefix("http://127.0.0.1:7310").unwrap().to_owned();
    assert_eq!(lab.get(&location).is(200).body(), body);
    lab.post(&shortcuts, request("sales 1")).refuses(409, "EntityConflict");
    lab.post(&shortcuts, request("b")).is(201);

    // Shortcuts elsewhere in the item are not those of tables.
    let items = shortcuts.replace("kqlDatabases", "items");
    lab.post(&items, json!({"path": "Files", "name": "f", "target": target()})).is(201);
    lab.settings(json!({"pageSize": 1}));
    let page = lab.get(&shortcuts).is(200).body();
    assert_eq!(page["value"], json!([body]));
    let next = page["continuationUri"].as_str().unwrap().strip_prefix("http://127.0.0.1:7310").unwrap();
    let next = lab.get(next).is(200).body();
    assert_eq!((&next["value"][0]["name"], &next["continuationUri"]), (&json!("b"), &Value::Null));

    lab.delete(&location).is(200);
    lab.get(&location).refuses(404, "EntityNotFound");
    lab.delete(&location).refuses(404, "EntityNotFound");
    lab.get(&format!("{shortcuts}/f")).refuses(404, "EntityNotFound");
}

#[test]
fn requests_for_table_shortcuts_are_checked() {
    let lab = Lab::unthrottled();
    let (shortcuts, workspace) = shortcuts(&lab);
    let with = |member: &str, value: Value| {
        let mut body = request("t");
        body[member] = value;
        body
    };
    for body in [
        with("name", json!(null)),
        with("name", json!("")),
        with("name", json!("a".repeat(401))),
        with("enableQueryAcceleration", json!(null)),
        with("target", json!(null)),
        with("target", json!({})),
        with("target", json!({"dataverse": {"environmentDomain": "https://x"}})),
        with("target", json!({"oneDriveSharePoint": {"location": "https://x"}})),
    ] {
        lab.post(&shortcuts, body).refuses(400, "InvalidInput");
    }
    for character in ["?", ":", "/", "\"", "]", "[", "+", "#", "%"] {
        lab.post(&shortcuts, request(character)).refuses(400, "InvalidInput");
    }
    let lakehouse = crate::jobs::item(&lab, &workspace, "Lakehouse").replace("/items/", "/kqlDatabases/");
    lab.get(&format!("{lakehouse}/shortcuts")).refuses(404, "EntityNotFound");

    lab.post(&shortcuts, request("t")).is(201);
    lab.add_principals(&[(ALICE, "User"), (BOB, "User")]);
    lab.assign_role(&workspace, ALICE, "Viewer");
    let (alice, bob) = (lab.user(ALICE), lab.user(BOB));
    alice.get(&shortcuts).is(200);
    alice.get(&format!("{shortcuts}/t")).is(200);
    alice.post(&shortcuts, request("u")).refuses(403, "InsufficientPrivileges");
    alice.delete(&format!("{shortcuts}/t")).refuses(403, "InsufficientPrivileges");
    bob.get(&shortcuts).refuses(404, "EntityNotFound");
    lab.set_capacity("Inactive");
    lab.post(&shortcuts, request("u")).refuses(404, "CapacityNotActive");
}
