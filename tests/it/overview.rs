//! The overview of a tenant: the sources of its mirrored databases, and the capacities of its workspaces. `timeline.rs`
//! tests the figures.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, open_mirror, sql_mirror};

/// The workspaces of the overview with this name.
fn workspace(lab: &Lab, name: &str) -> Value {
    let overview = lab.get("/_emulator/overview").is(200).body();
    let workspaces = overview["workspaces"].as_array().unwrap();
    workspaces.iter().find(|workspace| workspace["displayName"] == name).unwrap().clone()
}

#[test]
fn overview_names_the_sources_of_mirrored_databases() {
    let lab = Lab::new();
    let (path, connection) = (lab.workspace(), lab.connection());
    let check = |name: &str, mirroring: &Value, expected: Value| {
        lab.mirror(&path, name, mirroring);
        lab.advance(20.0);
        let workspace = workspace(&lab, "lab");
        let items = workspace["items"].as_array().unwrap();
        let source = |kind: &str| {
            let item = items.iter().find(|item| item["displayName"] == name && item["type"] == kind);
            item.map(|item| item["source"].clone())
        };
        assert_eq!(source("MirroredDatabase"), Some(expected), "{name}");
        assert_eq!(source("SQLEndpoint"), Some(Value::Null), "{name}");
    };
    let of = |kind: &str, id: Value, name: Value, database: Value| json!({"type": kind, "connectionId": id, "connection": name, "database": database});
    let sql = sql_mirror(&connection, None);
    check("sql", &sql, of("AzureSqlDatabase", json!(connection), json!("sql"), Value::Null));
    let mut named = sql_mirror(MISSING, None);
    named["properties"]["source"] =
        json!({"type": "MSSQL", "typeProperties": {"connection": MISSING, "database": "erp"}});
    check("missing", &named, of("MSSQL", json!(MISSING), Value::Null, json!("erp")));
    check("open", &open_mirror(), of("GenericMirror", Value::Null, Value::Null, Value::Null));

    // A database without a definition has no source.
    lab.post(&format!("{path}/items"), json!({"displayName": "bare", "type": "MirroredDatabase"})).is(201);
    let items = workspace(&lab, "lab")["items"].clone();
    let bare = items.as_array().unwrap().iter().find(|item| item["displayName"] == "bare").unwrap().clone();
    assert_eq!(bare["source"], Value::Null);

    lab.patch(
        &format!("/v1/connections/{connection}"),
        json!({"connectivityType": "ShareableCloud", "displayName": "renamed"}),
    )
    .is(200);
    let connection_name = || workspace(&lab, "lab")["items"][0]["source"]["connection"].clone();
    assert_eq!(connection_name(), "renamed");
    lab.delete(&format!("/v1/connections/{connection}")).is(200);
    assert_eq!(connection_name(), Value::Null);
}

#[test]
fn overview_shows_the_capacities_of_workspaces() {
    let lab = Lab::new();
    lab.workspace();
    lab.post("/v1/workspaces", json!({"displayName": "without"})).is(201);
    let check = |name: &str, expected: Value| assert_eq!(workspace(&lab, name)["capacity"], expected, "{name}");
    check("lab", json!({"displayName": "specularite", "sku": "F64", "state": "Active"}));
    check("without", Value::Null);
    lab.set_capacity("Inactive");
    check("lab", json!({"displayName": "specularite", "sku": "F64", "state": "Inactive"}));
}
