//! Workspaces, folders and capacities.

use serde_json::json;

use crate::lab::{Lab, open_mirror};

#[test]
fn a_workspace_lives_and_dies() {
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
fn names_are_unique_and_old_ones_free() {
    let lab = Lab::new();
    let first = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "Straße"})).is(201).id());
    lab.post("/v1/workspaces", json!({"displayName": "STRASSE"})).refuses(409, "WorkspaceNameAlreadyExists");
    lab.patch(&first, json!({"displayName": "other"})).is(200);
    lab.post("/v1/workspaces", json!({"displayName": "STRASSE"})).is(201);
    lab.patch(&first, json!({"displayName": "strasse"})).refuses(409, "WorkspaceNameAlreadyExists");
}

#[test]
fn what_a_workspace_cannot_be_is_refused() {
    let lab = Lab::new();
    for (body, status, code) in [
        (json!({}), 400, "InvalidInput"),
        (json!({"displayName": " "}), 400, "InvalidInput"),
        (json!({"displayName": "x".repeat(257)}), 400, "InvalidInput"),
        (json!({"displayName": "x", "description": "x".repeat(4001)}), 400, "InvalidInput"),
        (json!({"displayName": "x", "capacityId": "x"}), 400, "InvalidInput"),
        (json!({"displayName": "x", "capacityId": "00000000-1111-4222-8333-444444444444"}), 404, "CapacityNotFound"),
    ] {
        lab.post("/v1/workspaces", body).refuses(status, code);
    }
    lab.get("/v1/capacities/00000000-1111-4222-8333-444444444444").refuses(404, "CapacityNotFound");
    let inert = lab.post("/v1/workspaces", json!({"displayName": "x", "domainId": "y"})).is(201);
    assert_eq!(inert.header("x-emulator-note"), Some("inert=domainId"));
}

#[test]
fn folders_nest_ten_deep_under_unique_names() {
    let lab = Lab::new();
    let folders = format!("{}/folders", lab.workspace());
    let mut parent = json!(null);
    for depth in 1..=10 {
        let body = json!({"displayName": depth.to_string(), "parentFolderId": parent});
        parent = lab.post(&folders, body).is(201).id().into();
    }
    lab.post(&folders, json!({"displayName": "11", "parentFolderId": parent})).refuses(400, "FolderDepthOutOfRange");
    lab.post(&folders, json!({"displayName": "1"})).refuses(409, "FolderDisplayNameAlreadyInUse");
    lab.post(&folders, json!({"displayName": "a/b"})).refuses(400, "InvalidFolderDisplayName");
    lab.post(&folders, json!({"displayName": "x", "parentFolderId": "00000000-1111-4222-8333-444444444444"}))
        .refuses(404, "FolderNotFound");
    insta::assert_snapshot!("folder", lab.get(&format!("{folders}/{}", parent.as_str().unwrap())).is(200).whole());
    assert_eq!(lab.get(&folders).body()["value"].as_array().unwrap().len(), 10);
    assert_eq!(lab.get(&format!("{folders}?recursive=false")).body()["value"].as_array().unwrap().len(), 1);
    for n in 10..1000 {
        lab.settings(json!({"throttle": "off"}));
        lab.post(&folders, json!({"displayName": format!("f{n}")})).is(201);
    }
    lab.post(&folders, json!({"displayName": "too many"})).refuses(400, "TooManyFolders");
}
