//! The admin API: its callers, and workspaces, items and users as administrators see them.

use serde_json::{Value, json};
use specularite::http::operation::Operation;
use specularite::http::operations;

use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, open_mirror};

/// Declares a user who is not a Fabric administrator.
pub(crate) fn declare_no_administrator(lab: &Lab, id: &str) {
    let user = json!({"id": id, "type": "User", "fabricAdmin": false});
    lab.put("/_emulator/principals", json!({"value": [user]})).is(200);
}

/// The ids or names of the elements of a list.
fn elements(reply: &Reply, list: &str, member: &str) -> Vec<String> {
    let body = reply.body();
    body[list].as_array().unwrap().iter().map(|it| it[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn admin_operations_reject_others_than_administrators() {
    let lab = Lab::unthrottled();
    declare_no_administrator(&lab, ALICE);
    let (alice, bob) = (lab.user(ALICE), lab.user(BOB));
    let operations = operations::all().map(|route| &route.operation).filter(|it| it.path.starts_with("/admin/"));
    let mut count = 0;
    for Operation { method, path, refuses_others, .. } in operations.filter(|it| it.coverage.as_str() != "absent") {
        let path = path.split('/').map(|segment| if segment.starts_with('{') { MISSING } else { segment });
        let path = format!("/v1{}", path.collect::<Vec<_>>().join("/"));
        let code = refuses_others.unwrap().as_str();
        let refused = alice.json(method.as_str(), &path, &json!({})).refuses(403, code);
        assert!(refused.header("x-emulator-note").unwrap().contains("fabricAdmin"), "{path}");
        let other = bob.json(method.as_str(), &path, &json!({}));
        assert_ne!(other.status, 403, "{path}: {}", other.text());
        count += 1;
    }
    assert_eq!(count, 44);
}

#[test]
fn declaration_of_an_administrator_is_kept_and_replaced() {
    let lab = Lab::unthrottled();
    declare_no_administrator(&lab, ALICE);
    let alice = lab.user(ALICE);
    alice.get("/v1/admin/workspaces").refuses(403, "InsufficientPrivileges");
    alice.get("/v1/admin/tenantsettings").refuses(403, "Forbidden");
    // The first call adds the details of the token, and keeps the declaration.
    let entry = json!({"id": ALICE, "displayName": "0011@example.com", "type": "User", "userDetails": {"userPrincipalName": "0011@example.com"},
        "fabricAdmin": false});
    let directory = lab.get("/_emulator/principals").body();
    assert!(directory["value"].as_array().unwrap().contains(&entry), "{directory}");
    assert_eq!(lab.put("/_emulator/principals", directory.clone()).is(200).body(), directory);
    // Fabric's answers do not show the declaration.
    let workspace = lab.workspace();
    let role = json!({"principal": {"id": ALICE, "type": "User"}, "role": "Viewer"});
    lab.post(&format!("{workspace}/roleAssignments"), role).is(201);
    assert!(!lab.get(&format!("{workspace}/roleAssignments")).text().contains("fabricAdmin"));
    lab.add_principals(&[(ALICE, "User")]);
    alice.get("/v1/admin/workspaces").is(200);
}

#[test]
fn workspaces_are_listed_and_shown() {
    let lab = Lab::unthrottled();
    let bob = lab.user(BOB);
    bob.get("/v1/workspaces").is(200);
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let domain = crate::domains::domain(&lab, "d");
    let body = json!({"displayName": "Test Report", "capacityId": capacity, "domainId": domain});
    let shared = bob.post("/v1/workspaces", body).is(201).id();
    let tags = json!({"createTagsRequest": [{"displayName": "Finance"}]});
    let tag = lab.post("/v1/admin/tags/bulkCreateTags", tags).is(201).body()["tags"][0]["id"].clone();
    bob.post(&format!("/v1/workspaces/{shared}/applyTags"), json!({"tags": [tag]})).is(200);
    let expected = json!({
        "id": shared, "name": "Test Report", "type": "Workspace", "state": "Active", "capacityId": capacity,
        "domainId": domain, "tags": [{"id": tag, "displayName": "Finance"}],
    });
    // The caller has no role in the workspace.
    assert_eq!(lab.get(&format!("/v1/admin/workspaces/{shared}")).is(200).body(), expected);
    lab.get(&format!("/v1/admin/workspaces/{MISSING}")).refuses(404, "EntityNotFound");
    lab.get("/v1/admin/workspaces/x").refuses(400, "InvalidInput");

    let check = |query: &str, expected: &[&str]| {
        let list = lab.get(&format!("/v1/admin/workspaces?{query}")).is(200);
        assert_eq!(elements(&list, "workspaces", "name"), expected, "{query}");
    };
    let all = ["My workspace", "My workspace", "Test Report"];
    check("", &all);
    check("state=active", &all);
    check("state=Deleted", &[]);
    check("type=personal", &all[..2]);
    check("type=Workspace", &all[2..]);
    check("type=adminworkspace", &[]);
    check("name=test%20report", &all[2..]);
    check("name=report", &[]);
    check(&format!("capacityId={}", capacity.as_str().unwrap()), &all[2..]);
    check(&format!("capacityId={MISSING}"), &[]);
    check("encryptionStatus=Active", &all);
    check("encryptionStatus=Active&include=encryption", &[]);
    check("encryptionStatus=disabled&include=encryption", &all);
    for query in ["type=x", "state=x", "encryptionStatus=x", "include=x"] {
        lab.get(&format!("/v1/admin/workspaces?{query}")).refuses(400, "BadRequest");
    }
    lab.get("/v1/admin/workspaces?capacityId=x").refuses(400, "InvalidInput");

    lab.settings(json!({"pageSize": 2}));
    let page = lab.get("/v1/admin/workspaces?state=active").is(200).body();
    let next = page["continuationUri"].as_str().unwrap();
    let next = lab.get(next.strip_prefix("http://127.0.0.1:7310").unwrap()).is(200).body();
    assert_eq!(next, json!({"workspaces": [expected]}));
    lab.get("/v1/admin/workspaces?continuationToken=x").refuses(400, "InvalidContinuationToken");
}

#[test]
fn workspaces_show_their_encryption_on_request() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let key = json!({"keyIdentifier": "https://v.vault.azure.net/keys/k"});
    lab.post(&format!("{workspace}/encryption/assign"), key).is(200);
    let shown =
        || lab.get("/v1/admin/workspaces?include=encryption&type=workspace").is(200).body()["workspaces"][0].clone();
    let key = "https://v.vault.azure.net/keys/k";
    assert_eq!(shown()["encryption"], json!({"status": "EnableInProgress", "keyIdentifier": key}));
    lab.advance(86_400.0);
    assert_eq!(shown()["encryption"], json!({"status": "Active", "keyIdentifier": key}));
    lab.post_empty(&format!("{workspace}/encryption/reset")).is(200);
    let resetting = json!({"status": "DisableInProgress", "previousStatus": "Active", "previousKeyIdentifier": key});
    assert_eq!(shown()["encryption"], resetting);
    lab.advance(86_400.0);
    assert_eq!(shown()["encryption"], json!({"status": "Disabled"}));
    assert!(lab.get("/v1/admin/workspaces?type=workspace").body()["workspaces"][0].get("encryption").is_none());
}

#[test]
fn users_of_a_workspace_have_their_roles() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    lab.assign_role(&workspace, ALICE, "Viewer");
    let path = workspace.replace("/v1/", "/v1/admin/");
    let users = lab.get(&format!("{path}/users")).is(200).body()["accessDetails"].clone();
    assert_eq!(users[0]["workspaceAccessDetails"], json!({"type": "Workspace", "workspaceRole": "Admin"}));
    assert_eq!(users[0]["principal"]["displayName"], "Specularite Admin");
    let viewer = json!({
        "principal": {"id": ALICE, "type": "User"},
        "workspaceAccessDetails": {"type": "Workspace", "workspaceRole": "Viewer"},
    });
    assert_eq!(users.as_array().unwrap()[1..], [viewer]);
    lab.get(&format!("/v1/admin/workspaces/{MISSING}/users")).refuses(404, "EntityNotFound");
}

#[test]
fn access_to_a_personal_workspace_is_granted_and_removed() {
    let lab = Lab::unthrottled();
    let bob = lab.user(BOB);
    let id = bob.get("/v1/workspaces").body()["value"][0]["id"].as_str().unwrap().to_owned();
    let verb = |verb: &str| format!("/v1/admin/workspaces/{id}/{verb}AdminTemporaryAccess");
    lab.get(&format!("/v1/workspaces/{id}")).refuses(403, "InsufficientPrivileges");
    lab.post_empty(&verb("remove")).refuses(400, "BadRequest");
    lab.post_empty(&verb("grant")).is(200);
    lab.get(&format!("/v1/workspaces/{id}")).is(200);
    lab.post_empty(&verb("grant")).refuses(400, "BadRequest");
    lab.post_empty(&verb("remove")).is(200);
    lab.get(&format!("/v1/workspaces/{id}")).refuses(403, "InsufficientPrivileges");
    // The owner keeps the access.
    bob.post_empty(&verb("grant")).refuses(400, "BadRequest");
    bob.post_empty(&verb("remove")).refuses(400, "BadRequest");
    bob.get(&format!("/v1/workspaces/{id}")).is(200);
    let shared = lab.workspace().replace("/v1/", "/v1/admin/");
    for verb in ["grant", "remove"] {
        lab.post_empty(&format!("{shared}/{verb}AdminTemporaryAccess")).refuses(404, "EntityNotFound");
        lab.post_empty(&format!("/v1/admin/workspaces/{MISSING}/{verb}AdminTemporaryAccess"))
            .refuses(404, "EntityNotFound");
    }
}

#[test]
fn networking_policies_of_protected_workspaces_are_listed() {
    let lab = Lab::unthrottled();
    let path = "/v1/admin/workspaces/networking/communicationpolicies";
    let workspace = lab.workspace();
    assert_eq!(lab.get(path).is(200).body(), json!({"value": []}));
    let deny = json!({"outbound": {"publicAccessRules": {"defaultAction": "Deny"}}});
    lab.put(&format!("{workspace}/networking/communicationPolicy"), deny).is(200);
    let allow = json!({"publicAccessRules": {"defaultAction": "Allow"}});
    let expected = json!({
        "workspaceId": workspace.rsplit('/').next(), "inbound": allow,
        "outbound": {
            "publicAccessRules": {"defaultAction": "Deny"}, "connections": {"defaultAction": "Allow", "rules": []},
            "gateways": {"defaultAction": "Allow", "allowedGateways": []}, "git": {"defaultAction": "Allow"},
        },
    });
    assert_eq!(lab.get(path).is(200).body(), json!({"value": [expected]}));
}

/// A mirrored database of Bob and a lakehouse of the administrator, in two workspaces.
struct Items {
    lab: Lab,
    mirror: String,
    lakehouse: String,
}

impl Items {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
        let bob = lab.user(BOB);
        let of_bob = bob.post("/v1/workspaces", json!({"displayName": "b", "capacityId": capacity})).is(201).id();
        let mirror = bob.mirror(&format!("/v1/workspaces/{of_bob}"), "m", &open_mirror());
        let mirror = mirror.replace("mirroredDatabases", "items");
        let workspace = lab.workspace();
        let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
        Self { mirror, lakehouse: format!("{workspace}/items/{lakehouse}"), lab }
    }

    fn workspace(path: &str) -> &str {
        path.split('/').nth(3).unwrap()
    }
}

#[test]
fn items_of_all_workspaces_are_listed_and_shown() {
    let it = Items::new();
    let lab = &it.lab;
    let path = it.mirror.replace("/v1/", "/v1/admin/");
    let shown = lab.get(&path).is(200).body();
    let upn = json!({"userPrincipalName": "0012@example.com"});
    let expected = json!({
        "id": it.mirror.rsplit('/').next(), "type": "MirroredDatabase", "name": "m", "description": "",
        "state": "Active", "lastUpdatedDate": "2031-02-03T04:05:06",
        "creatorPrincipal": {"id": BOB, "displayName": "0012@example.com", "type": "User", "userDetails": upn},
        "workspaceId": Items::workspace(&it.mirror), "capacityId": shown["capacityId"],
    });
    assert_eq!(shown, expected);
    lab.advance(3600.0);
    lab.user(BOB).patch(&it.mirror, json!({"description": "text"})).is(200);
    assert_eq!(lab.get(&path).body()["lastUpdatedDate"], "2031-02-03T05:05:06");
    let check = |query: &str, expected: &[&str]| {
        let list = lab.get(&format!("/v1/admin/items?{query}")).is(200);
        let mut names = elements(&list, "itemEntities", "name");
        names.dedup();
        assert_eq!(names, expected, "{query}");
    };
    check("", &["m", "l"]);
    check("type=Lakehouse&state=Active", &["l"]);
    check("type=Report", &[]);
    check(&format!("workspaceId={}", Items::workspace(&it.lakehouse)), &["l"]);
    check(&format!("workspaceId={MISSING}"), &[]);
    check(&format!("capacityId={}", shown["capacityId"].as_str().unwrap()), &["m", "l"]);
    check(&format!("capacityId={MISSING}"), &[]);
    lab.get("/v1/admin/items?type=Nonsense").refuses(400, "InvalidItemType");
    lab.get("/v1/admin/items?state=Deleted").refuses(400, "InvalidItemState");
    lab.get("/v1/admin/items?workspaceId=x").refuses(400, "InvalidInput");
    lab.get(&format!("{path}?type=MirroredDatabase")).is(200);
    lab.get(&format!("{path}?type=Lakehouse")).refuses(404, "ItemNotFound");
    lab.get(&format!("{path}?type=Nonsense")).refuses(400, "InvalidItemType");
    let elsewhere = path.replace(Items::workspace(&it.mirror), Items::workspace(&it.lakehouse));
    lab.get(&elsewhere).refuses(404, "ItemNotFound");
    lab.get(&format!("{elsewhere}/users")).refuses(404, "ItemNotFound");
}

#[test]
fn pages_of_items_continue_across_workspaces() {
    let it = Items::new();
    let lab = &it.lab;
    lab.advance(60.0);
    let whole = lab.get("/v1/admin/items").is(200).body();
    lab.settings(json!({"pageSize": 1}));
    let mut found: Vec<Value> = Vec::new();
    let mut next = Some("/v1/admin/items".to_owned());
    while let Some(path) = next {
        let page = lab.get(&path).is(200).body();
        found.extend(page["itemEntities"].as_array().unwrap().iter().cloned());
        let uri = page["continuationUri"].as_str();
        next = uri.map(|uri| uri.strip_prefix("http://127.0.0.1:7310").unwrap().to_owned());
    }
    assert_eq!(json!(found), whole["itemEntities"]);
    assert!(found.len() > 2, "{whole}");
}

#[test]
fn users_of_an_item_have_the_permissions_of_their_roles() {
    let it = Items::new();
    let lab = &it.lab;
    lab.assign_role(it.lakehouse.split("/items").next().unwrap(), ALICE, "Viewer");
    let users = lab.get(&format!("{}/users", it.lakehouse.replace("/v1/", "/v1/admin/"))).is(200).body();
    let of = |index: usize| users["accessDetails"][index]["itemAccessDetails"].clone();
    let admin = json!({
        "type": "Lakehouse", "permissions": ["Read", "Write", "ReShare", "Execute"],
        "additionalPermissions": ["ReadAll", "ViewOutput", "ViewLogs", "SubscribeOneLakeEvents"],
    });
    assert_eq!(of(0), admin);
    assert_eq!(of(1), json!({"type": "Lakehouse", "permissions": ["Read"], "additionalPermissions": []}));
    assert_eq!(users["accessDetails"][1]["principal"]["id"], ALICE);
}

#[test]
fn items_of_a_user_are_those_of_the_workspaces_with_a_role() {
    let it = Items::new();
    let lab = &it.lab;
    let entity = json!({
        "id": it.mirror.rsplit('/').next(), "displayName": "m", "category": "Item",
        "itemAccessDetails": {
            "type": "MirroredDatabase", "permissions": ["Read", "Write", "ReShare", "Execute"],
            "additionalPermissions": [],
        },
    });
    for name in [BOB, "0012@example.com", "0012%40EXAMPLE.com"] {
        let list = lab.get(&format!("/v1/admin/users/{name}/access")).is(200).body();
        assert_eq!(list["accessEntities"][0], entity, "{name}");
    }
    let of_type = |kind: &str| lab.get(&format!("/v1/admin/users/{BOB}/access?type={kind}"));
    assert_eq!(of_type("MirroredDatabase").is(200).body(), json!({"accessEntities": [entity]}));
    assert_eq!(of_type("Report").is(200).body(), json!({"accessEntities": []}));
    of_type("Nonsense").refuses(400, "InvalidItemType");
    lab.get(&format!("/v1/admin/users/{MISSING}/access")).refuses(400, "InvalidPrincipal");
    lab.add_principals(&[(ALICE, "Group")]);
    lab.get(&format!("/v1/admin/users/{ALICE}/access")).refuses(400, "InvalidPrincipal");
}
