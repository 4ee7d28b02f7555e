//! Items: create, list, get, update and delete; names, identities, and the order of errors.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, block_on, definition, open_mirror, spawn};

#[test]
fn mirrored_database_responses_match_the_service() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    insta::assert_snapshot!("item_created", lab.create(&workspace, "Sales", &open_mirror()).is(201).whole());
    let mirror = format!(
        "{workspace}/mirroredDatabases/{}",
        lab.get(&format!("{workspace}/items")).body()["value"][0]["id"].as_str().unwrap()
    );
    insta::assert_snapshot!("item_provisioning", lab.get(&mirror).is(200).whole());
    lab.advance(30.0);
    insta::assert_snapshot!("item_provisioned", lab.get(&mirror).is(200).text());
    insta::assert_snapshot!("items_listed", lab.get(&format!("{workspace}/items")).is(200).whole());
    insta::assert_snapshot!("item_deleted", lab.delete(&mirror).is(200).whole());
}

#[test]
fn create_errors_are_found_in_order() {
    let lab = Lab::new();
    let bare = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "bare"})).is(201).id());
    let workspace = lab.workspace();
    lab.create(&workspace, "taken", &open_mirror()).is(201);
    let good = definition(&open_mirror().to_string());
    // Each request also has the errors of those below it.
    for (within, body, status, code) in [
        (&bare, json!({"type": "Nonsense", "folderId": MISSING, "definition": {"parts": []}}), 400, "InvalidInput"),
        (
            &bare,
            json!({"displayName": "taken", "type": "Nonsense", "folderId": MISSING, "definition": {"parts": []}}),
            400,
            "InvalidItemType",
        ),
        (
            &bare,
            json!({"displayName": "taken", "folderId": MISSING, "definition": {"parts": []}}),
            400,
            "WorkspaceHasNoCapacityAssigned",
        ),
        (
            &workspace,
            json!({"displayName": "taken", "folderId": MISSING, "definition": {"parts": []}}),
            404,
            "FolderNotFound",
        ),
        (&workspace, json!({"displayName": "taken", "definition": {"parts": []}}), 400, "MissingDefinitionParts"),
        (&workspace, json!({"displayName": "taken", "definition": good}), 409, "ItemDisplayNameAlreadyInUse"),
    ] {
        lab.post(&format!("{within}/mirroredDatabases"), body).refuses(status, code);
    }
    assert_eq!(lab.get(&format!("{workspace}/mirroredDatabases")).body()["value"].as_array().unwrap().len(), 1);
}

#[test]
fn item_name_is_free_after_rename_and_reserved_after_delete() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "Sales", &open_mirror());
    lab.patch(&mirror, json!({"displayName": "SALES"})).is(200);
    lab.patch(&mirror, json!({"displayName": "Other"})).is(200);
    let second = lab.mirror(&workspace, "sales", &open_mirror());
    lab.advance(30.0);
    let endpoints = lab.get(&format!("{workspace}/sqlEndpoints")).body();
    assert_eq!(endpoints["value"][0]["displayName"], "Other");

    lab.delete(&second).is(200);
    lab.create(&workspace, "Sales", &open_mirror()).refuses(409, "ItemDisplayNameNotAvailableYet");
    lab.settings(json!({"behaviours": {"nameConflict": 400}}));
    lab.create(&workspace, "Sales", &open_mirror()).refuses(400, "ItemDisplayNameNotAvailableYet");
    lab.advance(20.0);
    lab.create(&workspace, "Sales", &open_mirror()).is(201);
}

#[test]
fn sql_endpoint_cannot_be_changed_by_itself() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.mirror(&workspace, "Sales", &open_mirror());
    lab.advance(8.0);
    let endpoint = lab.get(&format!("{workspace}/sqlEndpoints")).body()["value"][0]["id"].as_str().unwrap().to_owned();
    let endpoint = format!("{workspace}/items/{endpoint}");
    lab.delete(&endpoint).refuses(400, "OperationNotSupportedForItem");
    lab.patch(&endpoint, json!({"displayName": "x"})).refuses(400, "OperationNotSupportedForItem");
    lab.post_empty(&format!("{endpoint}/getDefinition")).refuses(400, "OperationNotSupportedForItem");
    lab.post(&format!("{workspace}/items"), json!({"displayName": "x", "type": "SQLEndpoint"}))
        .refuses(400, "UnsupportedItemType");
}

#[test]
fn items_are_listed_by_folder() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let outer = lab.post(&format!("{workspace}/folders"), json!({"displayName": "outer"})).is(201).id();
    let inner = lab
        .post(&format!("{workspace}/folders"), json!({"displayName": "inner", "parentFolderId": outer}))
        .is(201)
        .id();
    let body = json!({"displayName": "a", "folderId": inner, "definition": definition(&open_mirror().to_string())});
    lab.post(&format!("{workspace}/mirroredDatabases"), body).is(201);
    for (query, found) in [
        ("", 1),
        ("?recursive=False", 0),
        (&*format!("?rootFolderId={outer}"), 1),
        (&*format!("?rootFolderId={outer}&recursive=false"), 0),
        (&*format!("?rootFolderId={inner}&recursive=false"), 1),
    ] {
        let list = lab.get(&format!("{workspace}/items{query}")).is(200).body();
        assert_eq!(list["value"].as_array().unwrap().len(), found, "{query}");
    }
    lab.get(&format!("{workspace}/items?recursive=maybe")).refuses(400, "InvalidInput");
    lab.get(&format!("{workspace}/items?rootFolderId=x")).refuses(400, "InvalidInput");
    lab.get(&format!("{workspace}/items?rootFolderId={MISSING}")).refuses(404, "FolderNotFound");
}

#[test]
fn item_connections_are_those_in_its_definition() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let item = mirror.replace("mirroredDatabases", "items");
    insta::assert_snapshot!("item_connections", lab.get(&format!("{item}/connections")).is(200).text());
}

#[test]
fn concurrent_creates_of_one_name_make_one_item() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let body = json!({"displayName": "one", "definition": definition(&open_mirror().to_string())}).to_string();
    let router = specularite::router(lab.emulator.clone());
    let statuses: Vec<u16> = block_on(async {
        let creates: Vec<_> = (0..1000)
            .map(|_| {
                let request = axum::http::Request::post(format!("{workspace}/mirroredDatabases"))
                    .header("authorization", "Bearer anything")
                    .header("content-type", "application/json")
                    .body(axum::body::Body::from(body.clone()))
                    .unwrap();
                spawn(tower::ServiceExt::oneshot(router.clone(), request))
            })
            .collect();
        let mut statuses = Vec::new();
        for create in creates {
            statuses.push(create.await.unwrap().unwrap().status().as_u16());
        }
        statuses
    });
    let count = |status| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(201), count(409)), (1, 999));
    assert!(lab.emulator.default_tenant().replays());
}

#[test]
fn item_identity_is_assigned_to_the_caller() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let item = lab.mirror(&workspace, "m", &open_mirror()).replace("mirroredDatabases", "items");
    let assign = |body: Value| lab.post(&format!("{item}/identities/default/assign?beta=true"), body);
    assign(json!({"assignmentType": "Somebody"})).refuses(400, "InvalidRequest");
    let id = item.rsplit('/').next().unwrap();
    let assigned = assign(json!({"assignmentType": "Caller"})).is(200).body();
    assert_eq!(assigned, json!({"assignmentStatus": [{"itemId": id, "status": "Succeeded"}]}));
    assert!(lab.get(&item).body().get("defaultIdentity").is_none());
    let shown = lab.get(&format!("{item}?include=defaultIdentity")).body();
    assert_eq!(shown["defaultIdentity"]["displayName"], "Specularite Admin");
    lab.get(&format!("{workspace}/items?include=DefaultIdentity,size")).refuses(400, "InvalidInput");
    let other = lab.get(&format!("{workspace}/items?include=DefaultIdentity")).is(200);
    assert!(other.body()["value"][0].get("defaultIdentity").is_some());
}
