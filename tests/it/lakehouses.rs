//! Lakehouses: tables, Livy sessions, and execution definitions of materialized lake views.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING};

/// Creates a lakehouse and returns its path.
fn lakehouse(lab: &Lab, workspace: &str, body: &Value) -> String {
    format!("{workspace}/lakehouses/{}", lab.post(&format!("{workspace}/lakehouses"), body.clone()).succeeds().id())
}

fn load() -> Value {
    json!({"relativePath": "Files/a/b.csv", "pathType": "File"})
}

fn tables(lab: &Lab, lakehouse: &str) -> Vec<String> {
    let list = lab.get(&format!("{lakehouse}/tables")).is(200).body();
    list["data"].as_array().unwrap().iter().map(|table| table["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn loaded_table_is_listed_when_the_operation_ends() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let path = lakehouse(&lab, &workspace, &json!({"displayName": "l"}));
    let body = json!({"relativePath": "Files/demo.csv", "pathType": "file", "mode": "overwrite",
        "formatOptions": {"header": "true", "delimiter": ",", "format": "CSV"}});
    let started = lab.post(&format!("{path}/tables/demo/load"), body).is(202);
    assert_eq!(started.header("x-emulator-note"), Some("no file is read: the table has no rows"));
    assert_eq!(tables(&lab, &path), Vec::<String>::new());
    lab.advance(30.0);
    lab.result(&started).refuses(400, "OperationHasNoResult");
    let ids: Vec<&str> = path.split('/').collect();
    let location = format!("abfss://{}@onelake.dfs.fabric.microsoft.com/{}/Tables/demo", ids[3], ids[5]);
    let table = json!({"type": "Managed", "name": "demo", "location": location, "format": "delta"});
    let expected = json!({"continuationToken": null, "continuationUri": null, "data": [table]});
    assert_eq!(lab.get(&format!("{path}/tables")).body(), expected);
    // A further load of the table changes nothing in the list.
    lab.post(
        &format!("{path}/tables/DEMO/load"),
        json!({"relativePath": "Files", "pathType": "Folder", "mode": "Append"}),
    )
    .is(202);
    assert_eq!(lab.get(&format!("{path}/tables")).body(), expected);
    lab.advance(30.0);
    assert_eq!(lab.get(&format!("{path}/tables")).body(), expected);
}

#[test]
fn tables_are_paged() {
    let lab = Lab::unthrottled();
    let path = lakehouse(&lab, &lab.workspace(), &json!({"displayName": "l"}));
    for name in ["a", "b", "c"] {
        lab.post(&format!("{path}/tables/{name}/load"), load()).is(202);
    }
    lab.advance(30.0);
    let first = lab.get(&format!("{path}/tables?maxResults=2")).is(200).body();
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let next = first["continuationUri"].as_str().unwrap();
    let last = lab.get(&next[next.find("/v1/").unwrap()..]).is(200).body();
    assert_eq!((&last["data"][0]["name"], &last["continuationUri"]), (&json!("c"), &Value::Null));
    for most in ["0", "101", "x"] {
        lab.get(&format!("{path}/tables?maxResults={most}")).refuses(400, "InvalidInput");
    }
}

#[test]
fn load_requests_are_validated() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let path = lakehouse(&lab, &workspace, &json!({"displayName": "l"}));
    for name in ["123", "a-b", &"x".repeat(257)] {
        lab.post(&format!("{path}/tables/{name}/load"), load()).refuses(400, "InvalidInput");
    }
    for (member, value) in [
        ("relativePath", json!(null)),
        ("relativePath", json!("Tables/a")),
        ("relativePath", json!("Files//a")),
        ("pathType", json!(null)),
        ("pathType", json!("Link")),
        ("mode", json!("Merge")),
        ("fileExtension", json!("c.v")),
        ("formatOptions", json!({})),
        ("formatOptions", json!({"format": "Json"})),
        ("formatOptions", json!({"format": "Csv", "delimiter": "["})),
        ("formatOptions", json!({"format": "Csv", "header": 1})),
    ] {
        let mut body = load();
        body[member] = value;
        lab.post(&format!("{path}/tables/t/load"), body).refuses(400, "InvalidInput");
    }
    lab.post(&format!("{workspace}/lakehouses/{MISSING}/tables/t/load"), load()).refuses(404, "EntityNotFound");
    lab.assign_role(&workspace, ALICE, "Viewer");
    let viewer = lab.user(ALICE);
    viewer.get(&format!("{path}/tables")).is(200);
    viewer.post(&format!("{path}/tables/t/load"), load()).refuses(403, "InsufficientPrivileges");
    lab.set_capacity("Inactive");
    lab.post(&format!("{path}/tables/t/load"), load()).refuses(404, "CapacityNotActive");
    lab.set_capacity("Active");
    lab.advance(60.0);
    assert_eq!(tables(&lab, &path), Vec::<String>::new());
}

#[test]
fn lakehouse_with_schemas_loads_tables_of_schemas_only() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let plain = lakehouse(&lab, &workspace, &json!({"displayName": "plain"}));
    let payload = json!({"enableSchemas": true});
    let schemas = lakehouse(&lab, &workspace, &json!({"displayName": "schemas", "creationPayload": payload}));
    let code = "UnsupportedOperationForSchemasEnabledLakehouse";
    lab.get(&format!("{schemas}/tables")).refuses(400, code);
    lab.post(&format!("{schemas}/tables/t/load"), load()).refuses(400, code);
    lab.post(&format!("{schemas}/schemas/dbo/tables/t/load?beta=true"), load()).is(202);
    lab.post(&format!("{schemas}/schemas/dbo/tables/t/load"), load()).refuses(400, "InvalidParameter");
    lab.post(&format!("{schemas}/schemas/a.b/tables/t/load?beta=true"), load()).refuses(400, "InvalidInput");
    lab.post(&format!("{plain}/schemas/dbo/tables/t/load?beta=true"), load()).refuses(400, "InvalidInput");
}

#[test]
fn livy_sessions_do_not_exist() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let path = lakehouse(&lab, &workspace, &json!({"displayName": "l"}));
    let none = json!({"value": [], "continuationToken": null, "continuationUri": null});
    assert_eq!(lab.get(&format!("{path}/livySessions")).is(200).body(), none);
    lab.get(&format!("{path}/livySessions/{MISSING}")).refuses(404, "SparkCoreSessionNotFound");
    lab.get(&format!("{workspace}/lakehouses/{MISSING}/livySessions")).refuses(404, "EntityNotFound");
}

#[test]
fn execution_definitions_are_created_updated_and_deleted() {
    let lab = Lab::unthrottled();
    let path = lakehouse(&lab, &lab.workspace(), &json!({"displayName": "l"}));
    let all = format!("{path}/mlvexecutiondefinitions");
    let reference = json!({"referenceType": "ById", "itemId": MISSING, "workspaceId": ALICE});
    let mut expected = json!({
        "displayName": "Gold", "description": "d", "settings": {"environment": reference, "refreshMode": "Optimal"},
        "currentLakehouseExecutionContext": {"mode": "Selected", "selectedMlvs": ["dbo.v"]},
        "extendedLineageExecutionContext": {"mode": "Selected", "selectedLakehouses": [reference]},
    });
    let made = lab.post(&all, expected.clone()).is(201);
    let one = format!("{all}/{}", made.id());
    assert!(made.header("location").unwrap().ends_with(&one));
    expected["id"] = made.id().into();
    assert_eq!(made.body(), expected);
    assert_eq!(lab.get(&one).is(200).body(), expected);
    let change = json!({"displayName": "Silver", "settings": {"refreshMode": "full"},
        "currentLakehouseExecutionContext": {"mode": "All"}});
    expected["displayName"] = "Silver".into();
    expected["settings"]["refreshMode"] = "Full".into();
    expected["currentLakehouseExecutionContext"] = json!({"mode": "All"});
    assert_eq!(lab.patch(&one, change).is(200).body(), expected);
    assert_eq!(lab.get(&all).is(200).body(), json!({"value": [expected]}));
    let second = json!({"displayName": "SILVER", "currentLakehouseExecutionContext": {"mode": "All"}});
    lab.post(&all, second).refuses(409, "ConflictingRequest");
    for body in [
        json!({"displayName": "x"}),
        json!({"displayName": " ", "currentLakehouseExecutionContext": {"mode": "All"}}),
        json!({"displayName": "x".repeat(257), "currentLakehouseExecutionContext": {"mode": "All"}}),
        json!({"currentLakehouseExecutionContext": {"mode": "All"}}),
        json!({"displayName": "x", "currentLakehouseExecutionContext": {"mode": "Some"}}),
        json!({"displayName": "x", "currentLakehouseExecutionContext": {"mode": "Selected"}}),
        json!({"displayName": "x", "currentLakehouseExecutionContext": {"mode": "All"}, "settings": {"refreshMode": "x"}}),
    ] {
        lab.post(&all, body).refuses(400, "InvalidRequest");
    }
    assert_eq!(lab.get(&all).is(200).body(), json!({"value": [expected]}));
    lab.delete(&one).is(200);
    lab.get(&one).refuses(404, "ItemNotFound");
    assert_eq!(lab.get(&all).body(), json!({"value": []}));
}
