//! Power BI's groups and capacities, as administrators see them.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, Reply};

const GROUPS: &str = "/v1.0/myorg/admin/groups";

/// Asserts an error in the form of Power BI.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    assert_eq!(reply.body()["error"]["code"], code, "{}", reply.text());
}

#[test]
fn administrators_list_all_groups() {
    let lab = Lab::unthrottled();
    lab.get("/v1/workspaces").is(200);
    let shop = crate::external_data_shares::workspace(&lab, "shop");
    let id = shop.rsplit('/').next().unwrap();
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    // The administrator has no role in the workspace.
    let administrator = lab.user(BOB);
    let find = |query: &str| administrator.get(&format!("{GROUPS}?{query}"));
    let names = |query: &str| -> Vec<Value> {
        let body = find(query).is(200).body();
        body["value"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect()
    };
    let body = find("$top=10&$filter=name%20eq%20'shop'").is(200).body();
    let expected = json!({
        "id": id, "isReadOnly": false, "isOnDedicatedCapacity": true, "capacityId": capacity,
        "capacityMigrationStatus": "Migrated", "type": "Workspace", "state": "Active", "name": "shop",
    });
    assert_eq!(body["value"], json!([expected]));
    let all = names("$top=5000");
    assert!(all.contains(&json!("shop")) && all.contains(&json!("My workspace")), "{all:?}");
    assert_eq!(names("$top=1&$skip=1"), all[1..2]);
    assert_eq!(names("$top=10&$filter=state%20eq%20'Deleted'"), Vec::<Value>::new());
    assert_eq!(names("$top=10&$filter=type%20eq%20'Workspace'"), ["shop"]);
    assert_eq!(names("$top=10&$filter=type%20eq%20'PersonalGroup'").len(), all.len() - 1);

    let expanded = find("$top=10&$filter=name%20eq%20'shop'&$expand=users").is(200);
    assert!(expanded.header("x-emulator-note").is_none());
    assert_eq!(expanded.body()["value"][0]["users"][0]["groupUserAccessRight"], "Admin");
    let expanded = find("$top=10&$expand=users,%20reports").is(200);
    assert!(expanded.header("x-emulator-note").unwrap().contains("$expand"));
    for query in ["", "$top=0", "$top=5001", "$top=x", "$top=1&$filter=size%20eq%201", "$top=1&$expand=apps"] {
        refused(find(query), 400, "InvalidRequest");
    }
    crate::admin::declare_no_administrator(&lab, ALICE);
    refused(lab.user(ALICE).get(&format!("{GROUPS}?$top=1")), 403, "PowerBINotAuthorizedException");
}

#[test]
fn administrators_list_all_capacities() {
    const CAPACITIES: &str = "/v1.0/myorg/admin/capacities";
    let lab = Lab::unthrottled();
    let hidden = json!({"displayName": "hidden", "sku": "F2", "hiddenFrom": [BOB]});
    lab.put("/_emulator/capacities/0a1b2c3d-0000-4000-8000-00000000000c", hidden).is(200);
    let count = |path: &str| lab.user(BOB).get(path).is(200).body()["value"].as_array().unwrap().len();
    assert_eq!((count(CAPACITIES), count("/v1.0/myorg/capacities")), (3, 2));
    crate::admin::declare_no_administrator(&lab, ALICE);
    refused(lab.user(ALICE).get(CAPACITIES), 403, "PowerBINotAuthorizedException");
}
