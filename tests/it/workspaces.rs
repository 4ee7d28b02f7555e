//! Workspaces and capacities.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror};

#[test]
fn workspace_is_created_changed_and_deleted() {
    let lab = Lab::new();
    insta::assert_snapshot!("capacities", lab.get("/v1/capacities").is(200).whole());
    let path = lab.workspace();
    insta::assert_snapshot!("workspace", lab.get(&path).is(200).whole());
    lab.patch(&path, json!({"displayName": "renamed", "description": "d"})).is(200);
    lab.patch(&path, json!({})).refuses(400, "InvalidRequest");
    lab.mirror(&path, "m", &open_mirror());
    lab.delete(&path).is(200);
    lab.get(&path).refuses(404, "WorkspaceNotFound");
    lab.get(&format!("{path}/items")).refuses(404, "WorkspaceNotFound");
    lab.post("/v1/workspaces", json!({"displayName": "renamed"})).is(201);
}

#[test]
fn workspace_names_are_unique_and_reusable() {
    let lab = Lab::new();
    let first = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "Straße"})).is(201).id());
    lab.post("/v1/workspaces", json!({"displayName": "STRASSE"})).refuses(409, "WorkspaceNameAlreadyExists");
    lab.patch(&first, json!({"displayName": "other"})).is(200);
    lab.post("/v1/workspaces", json!({"displayName": "STRASSE"})).is(201);
    lab.patch(&first, json!({"displayName": "strasse"})).refuses(409, "WorkspaceNameAlreadyExists");
}

#[test]
fn workspace_requests_are_validated() {
    let lab = Lab::new();
    for (body, status, code) in [
        (json!({}), 400, "InvalidInput"),
        (json!({"displayName": " "}), 400, "InvalidInput"),
        (json!({"displayName": "x".repeat(257)}), 400, "InvalidInput"),
        (json!({"displayName": "x", "description": "x".repeat(4001)}), 400, "InvalidInput"),
        (json!({"displayName": "x", "capacityId": "x"}), 400, "InvalidInput"),
        (json!({"displayName": "x", "capacityId": MISSING}), 404, "CapacityNotFound"),
        (json!({"displayName": "x", "domainId": "x"}), 400, "InvalidInput"),
        (json!({"displayName": "x", "domainId": MISSING}), 404, "DomainNotFound"),
    ] {
        lab.post("/v1/workspaces", body).refuses(status, code);
    }
    lab.get(&format!("/v1/capacities/{MISSING}")).refuses(404, "CapacityNotFound");
}

#[test]
fn personal_workspace_belongs_to_a_user_only() {
    let lab = Lab::new();
    let mine = lab.get("/v1/workspaces").is(200).body()["value"][0].clone();
    assert_eq!((&mine["displayName"], &mine["type"]), (&json!("My workspace"), &json!("Personal")));
    let path = format!("/v1/workspaces/{}", mine["id"].as_str().unwrap());
    lab.patch(&path, json!({"displayName": "x"})).refuses(400, "MyWorkspaceCantBeChanged");
    lab.delete(&path).refuses(400, "MyWorkspaceCantBeChanged");
    lab.post(&format!("{path}/folders"), json!({"displayName": "x"})).refuses(400, "WorkspaceNotSupported");
    lab.create(&path, "x", &open_mirror()).refuses(400, "WorkspaceHasNoCapacityAssigned");
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.post(&format!("{path}/assignToCapacity"), json!({"capacityId": capacity}))
        .refuses(400, "MyWorkspaceCantBeChanged");

    let user = lab.user("00000000-0000-4000-8000-00000000000a");
    assert_ne!(user.get("/v1/workspaces").body()["value"][0]["id"], mine["id"]);
    user.get(&path).refuses(403, "InsufficientPrivileges");
    let app = lab.by("00000000-0000-4000-8000-00000000000b", "app");
    assert_eq!(app.get("/v1/workspaces").body(), json!({"value": []}));
    // A shared workspace may have the same name.
    lab.post("/v1/workspaces", json!({"displayName": "My workspace"})).is(201);
}

#[test]
fn workspaces_are_listed_by_role() {
    let lab = Lab::new();
    let (first, viewer) = (lab.workspace(), "00000000-0000-4000-8000-00000000000a");
    lab.assign_role(&first, viewer, "Viewer");
    let viewer = lab.user(viewer);
    let count = |roles: &str| {
        viewer.get(&format!("/v1/workspaces?roles={roles}")).is(200).body()["value"].as_array().unwrap().len()
    };
    assert_eq!(
        (count(""), count("Viewer"), count("admin"), count("Admin,%20viewer"), count("Member")),
        (2, 1, 1, 2, 0)
    );
    viewer.get("/v1/workspaces?roles=Owner").refuses(400, "InvalidParameter");
}

/// Creates a workspace without a capacity; its path, and the ids of the two capacities.
fn bare(lab: &Lab) -> (String, [Value; 2]) {
    let path = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "w"})).is(201).id());
    let capacities = lab.get("/v1/capacities").body();
    (path, [0, 1].map(|n| capacities["value"][n]["id"].clone()))
}

fn assign(lab: &Lab, workspace: &str, capacity: &Value) -> Reply {
    lab.post(&format!("{workspace}/assignToCapacity"), json!({"capacityId": capacity}))
}

#[test]
fn capacity_assignment_is_in_progress_for_a_while() {
    let lab = Lab::new();
    let (path, [capacity, _]) = bare(&lab);
    assert_eq!(lab.get(&path).body()["capacityAssignmentProgress"], "Completed");
    lab.settings(json!({"durations": {"capacityAssignment": 5}}));
    insta::assert_snapshot!("capacity_assigned", assign(&lab, &path, &capacity).is(202).whole());
    assert_eq!(lab.get(&path).body()["capacityAssignmentProgress"], "InProgress");
    let advanced = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
    assert_eq!(advanced["changes"][0]["what"], "capacityAssigned");
    let shown = lab.get(&path).body();
    assert_eq!((&shown["capacityId"], &shown["capacityAssignmentProgress"]), (&capacity, &json!("Completed")));
}

#[test]
fn capacity_assignment_requires_an_active_capacity() {
    let lab = Lab::new();
    let (path, [_, second]) = bare(&lab);
    lab.post(&format!("{path}/assignToCapacity"), json!({})).refuses(400, "InvalidInput");
    assign(&lab, &path, &json!(MISSING)).refuses(404, "CapacityNotFound");
    lab.patch(&format!("/_emulator/capacities/{}", second.as_str().unwrap()), json!({"state": "Inactive"})).is(200);
    assert_eq!(lab.get("/v1/capacities").body()["value"][1]["state"], "Inactive");
    assign(&lab, &path, &second).refuses(400, "CapacityNotInActiveState");
}

#[test]
fn capacity_is_unassigned_only_from_an_empty_workspace() {
    let lab = Lab::new();
    let (path, [capacity, _]) = bare(&lab);
    assign(&lab, &path, &capacity).is(202);
    let mirror = lab.mirror(&path, "m", &open_mirror());
    lab.post_empty(&format!("{path}/unassignFromCapacity")).refuses(400, "InvalidRequest");
    lab.delete(&mirror).is(200);
    lab.post_empty(&format!("{path}/unassignFromCapacity")).is(202);
    assert!(lab.get(&path).body().get("capacityId").is_none());
}

/// semantic-link-labs sends `//v1/…` with every call.
#[test]
fn repeated_slashes_are_collapsed() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let id = workspace.rsplit('/').next().unwrap();
    assert_eq!(lab.get(&format!("//v1//workspaces///{id}")).is(200).body()["id"], id);
    let made = lab.post("//v1/workspaces", json!({"displayName": "second"})).is(201);
    assert_eq!(made.header("location"), Some(format!("http://127.0.0.1:7310/v1/workspaces/{}", made.id()).as_str()));
    lab.settings(json!({"pageSize": 1}));
    let page = lab.get("/v1//workspaces?roles=Admin").is(200).body();
    let next = page["continuationUri"].as_str().unwrap();
    assert!(next.starts_with("http://127.0.0.1:7310/v1/workspaces?roles=Admin&continuationToken="), "{next}");
    lab.get("//v1/no//such").refuses(404, "EndpointNotFound");
    // The journal shows the path as it was sent.
    assert!(lab.get("/_emulator/journal").is(200).text().contains("\"path\":\"//v1/no//such\""));
}

#[test]
fn personal_workspace_is_created_once_when_details_become_known_later() {
    let lab = Lab::new();
    let token = |claims: Value| format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let list = |claims: Value| {
        let authorization = format!("Bearer {}", token(claims));
        lab.send("GET", "/v1/workspaces", &[("authorization", authorization.as_str())], "").is(200).body()
    };
    let first = list(json!({"oid": ALICE, "idtyp": "user"}));
    let later = list(json!({"oid": ALICE, "idtyp": "user", "upn": "alice@example.com", "name": "Alice"}));
    assert_eq!(first["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(first, later);
}
