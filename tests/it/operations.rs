//! Long-running operations: start, state, result, failure, bounds.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, Reply, base64, part};

fn state(lab: &Lab, started: &Reply) -> Reply {
    lab.get(&format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap())).is(200)
}

/// Starts the creation of a SQL database.
fn create_sql_database(lab: &Lab, workspace: &str) -> Reply {
    lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "sql", "description": "d"})).is(202)
}

/// The path of an operation's result, from its location.
fn result_path(started: &Reply) -> String {
    format!("{}/result", started.header("location").unwrap().strip_prefix("http://127.0.0.1:7310").unwrap())
}

#[test]
fn operation_runs_from_202_to_its_result() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let started = create_sql_database(&lab, &workspace);
    insta::assert_snapshot!("operation_started", started.whole());
    insta::assert_snapshot!("operation_running", state(&lab, &started).whole());
    let result = result_path(&started);
    lab.get(&result).refuses(400, "OperationNotSucceeded");
    assert_eq!(lab.get(&format!("{workspace}/items")).body(), json!({"value": []}));
    let advanced = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
    assert_eq!(advanced["changes"][0]["status"], "Succeeded", "{advanced}");
    insta::assert_snapshot!("operation_succeeded", state(&lab, &started).whole());
    insta::assert_snapshot!("operation_result", lab.get(&result).is(200).whole());
    check_later_changes(&lab, &workspace, &result);
}

/// The result is what the creation made, even if the item changes later. The definition outlives the item.
#[track_caller]
fn check_later_changes(lab: &Lab, workspace: &str, result: &str) {
    let path = format!("{workspace}/sqlDatabases/{}", lab.get(result).id());
    lab.patch(&path, json!({"description": "e"})).is(200);
    assert_eq!(lab.get(result).body()["description"], "d");
    let definition = lab.post_empty(&format!("{path}/getDefinition")).is(202);
    insta::assert_snapshot!("definition_started", definition.whole());
    lab.delete(&path).is(200);
    assert_eq!(lab.result(&definition).is(200).body()["definition"]["format"], "dacpac");
}

#[test]
fn operation_is_hidden_from_callers_without_the_role() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let started = lab.post(&format!("{workspace}/cosmosDbDatabases"), json!({"displayName": "c"})).is(202);
    let path = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    let viewer = "00000000-0000-4000-8000-000000000011";
    lab.user(viewer).get(&path).refuses(404, "OperationNotFound");
    lab.assign_role(&workspace, viewer, "Viewer");
    lab.user(viewer).get(&path).refuses(403, "InsufficientPrivileges");
    lab.get(&format!("/v1/operations/{MISSING}")).refuses(404, "OperationNotFound");
    lab.get("/v1/operations/x").refuses(400, "InvalidInput");
    lab.delete(&workspace).is(200);
    lab.get(&path).refuses(404, "OperationNotFound");
}

#[test]
fn operation_fails_on_an_invalid_definition() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let body = |text: &str| json!({"displayName": "c", "definition": {"parts": [part("definition.json", text)]}});
    let started = lab.post(&format!("{workspace}/cosmosDbDatabases"), body("{")).is(202);
    assert_eq!(state(&lab, &started).body()["status"], "Running");
    lab.result(&started).refuses(400, "OperationNotSucceeded");
    insta::assert_snapshot!("operation_failed", state(&lab, &started).whole());
    assert_eq!(lab.get(&format!("{workspace}/items")).body(), json!({"value": []}));
    // The name stays free. Errors in the form of the definition are found before the operation starts.
    let id = lab.result(&lab.post(&format!("{workspace}/cosmosDbDatabases"), body("{}")).is(202)).is(200).id();
    let parts = json!({"displayName": "d", "definition": {"parts": [part("other.json", "{}")]}});
    lab.post(&format!("{workspace}/cosmosDbDatabases"), parts).refuses(400, "MissingDefinitionParts");
    let path = format!("{workspace}/cosmosDbDatabases/{id}");
    let update =
        lab.post(&format!("{path}/updateDefinition"), json!({"definition": {"parts": [part("definition.json", "[")]}}));
    lab.result(&update.is(202)).refuses(400, "OperationNotSucceeded");
    let update = json!({"definition": {"parts": [part("definition.json", "{\"containers\":[1]}")]}});
    let update = lab.post(&format!("{path}/updateDefinition"), update).is(202);
    assert_eq!(lab.result(&update).is(200).id(), id);
    let read = lab.result(&lab.post_empty(&format!("{path}/getDefinition")).is(202)).body();
    assert_eq!(read["definition"]["parts"][0]["payload"], base64("{\"containers\":[1]}"));
}

#[test]
fn capacity_pause_fails_running_operations() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let cosmos =
        lab.result(&lab.post(&format!("{workspace}/cosmosDbDatabases"), json!({"displayName": "c"})).is(202)).id();
    let started = lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "other"})).is(202);
    lab.advance(1.0);
    let update = json!({"definition": {"parts": [part("definition.json", "{}")]}});
    let changed = lab.post(&format!("{workspace}/cosmosDbDatabases/{cosmos}/updateDefinition"), update).is(202);
    lab.set_capacity("Inactive");
    let failed = state(&lab, &started).body();
    assert_eq!((&failed["status"], &failed["error"]["errorCode"]), (&json!("Failed"), &json!("CapacityNotActive")));
    lab.set_capacity("Active");
    lab.result(&changed).is(200);
    lab.advance(1000.0);
    assert_eq!(lab.get(&format!("{workspace}/items?type=SQLDatabase")).body(), json!({"value": []}));
    lab.sql_database(&workspace, "other");
}

#[test]
fn pace_sets_operation_duration_and_retry_after() {
    for (pace, seconds, retry_after) in [("fast", 1.0, "1"), ("instant", 0.0, "1"), ("realistic", 8.1, "20")] {
        let lab = Lab::new();
        let workspace = lab.workspace();
        lab.settings(json!({"pace": pace}));
        let started = lab.post(&format!("{workspace}/cosmosDbDatabases"), json!({"displayName": "c"})).is(202);
        assert_eq!(started.header("retry-after"), Some(retry_after), "{pace}");
        if seconds > 0.0 {
            lab.advance(seconds - 0.001);
            assert_eq!(state(&lab, &started).body()["status"], "Running", "{pace}");
            lab.advance(0.002);
        }
        assert_eq!(state(&lab, &started).body()["status"], "Succeeded", "{pace}");
    }
}

#[test]
fn operation_store_evicts_the_oldest_finished() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off", "pace": "instant"}));
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    lab.settings(json!({"pace": "realistic"}));
    let pending = lab.post_empty(&format!("{path}/getDefinition")).is(202);
    lab.settings(json!({"pace": "instant"}));
    let first = lab.post_empty(&format!("{path}/getDefinition")).is(202);
    for _ in 0..specularite::fabric::operation::OPERATIONS_MAX {
        lab.post_empty(&format!("{path}/getDefinition")).is(202);
    }
    let ask = |started: &Reply| lab.get(&format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap()));
    ask(&first).refuses(404, "OperationNotFound");
    assert_eq!(ask(&pending).is(200).body()["status"], "Running");
}

#[test]
fn operation_definitions_are_bounded_by_bytes() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off", "pace": "instant"}));
    let workspace = lab.workspace();
    let large = "x".repeat(8 << 20);
    let body = json!({"displayName": "sql", "definition": {"parts": [part("sql.dacpac", &large)]}});
    let path = format!(
        "{workspace}/sqlDatabases/{}",
        lab.result(&lab.post(&format!("{workspace}/sqlDatabases"), body).is(202)).id()
    );
    let first = lab.post_empty(&format!("{path}/getDefinition")).is(202);
    let most = specularite::fabric::operation::DEFINITIONS_MAX / large.len();
    let mut last = first;
    let first = last.header("x-ms-operation-id").unwrap().to_owned();
    for _ in 0..most {
        last = lab.post_empty(&format!("{path}/getDefinition")).is(202);
    }
    lab.get(&format!("/v1/operations/{first}")).refuses(404, "OperationNotFound");
    assert_eq!(state(&lab, &last).body()["status"], "Succeeded");
}

/// The names of the members of a state, in order.
fn members(state: &Value) -> Vec<&str> {
    state.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn operation_members_2026_adds_two_members() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let started = lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "sql"})).is(202);
    lab.settings(json!({"behaviours": {"operationMembers": "2026"}}));
    let body = state(&lab, &started).body();
    assert_eq!(members(&body)[5..], ["blobInfoId", "resultContentType"], "{body}");
}
