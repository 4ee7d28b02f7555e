//! Power BI's groups, with the requests that semantic-link and `fab api -A powerbi` send.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply};

const GROUPS: &str = "/v1.0/myorg/groups";

/// Asserts an error in the form of Power BI.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    assert_eq!(reply.body()["error"]["code"], code, "{}", reply.text());
    assert!(reply.header("requestid").is_some());
}

fn create(lab: &Lab, name: &str) -> String {
    lab.post(&format!("{GROUPS}?workspaceV2=True"), json!({"name": name})).is(200).id()
}

/// Asserts the names of the groups that a query selects.
#[track_caller]
fn check(lab: &Lab, query: &str, expected: &[&str]) {
    let body = lab.get(&format!("{GROUPS}?{query}")).is(200).body();
    let names: Vec<&str> = body["value"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, expected, "{query}");
    assert_eq!(body["@odata.count"], expected.len());
}

#[test]
fn groups_are_workspaces() {
    let lab = Lab::unthrottled();
    let id = create(&lab, "shop");
    let group = format!("{GROUPS}/{id}");
    let bare = json!({
        "id": id, "isReadOnly": false, "isOnDedicatedCapacity": false, "type": "Workspace", "name": "shop",
    });
    assert_eq!(lab.get(&group).is(200).body(), bare);
    assert_eq!(lab.get(&format!("/v1/workspaces/{id}")).is(200).body()["displayName"], "shop");

    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.post(&format!("{group}/AssignToCapacity"), json!({"capacityId": capacity})).is(200);
    let status = lab.get(&format!("{group}/CapacityAssignmentStatus")).is(200).body();
    assert_eq!(status, json!({"status": "CompletedSuccessfully", "capacityId": capacity}));
    let assigned = lab.get(&group).is(200).body();
    assert_eq!((&assigned["capacityId"], &assigned["isOnDedicatedCapacity"]), (&capacity, &json!(true)));
    lab.post(&format!("{group}/AssignToCapacity"), json!({"capacityId": "00000000-0000-0000-0000-000000000000"}))
        .is(200);
    assert_eq!(lab.get(&group).body(), bare);

    lab.patch(&group, json!({"name": "store"})).is(200);
    assert_eq!(lab.get(&format!("/v1/workspaces/{id}")).body()["displayName"], "store");
    lab.patch(&group, json!({"defaultDatasetStorageFormat": "Large"})).is(200);
    refused(lab.patch(&group, json!({"defaultDatasetStorageFormat": "Huge"})), 400, "InvalidRequest");
    refused(lab.patch(&group, json!({})), 400, "InvalidRequest");
    lab.delete(&group).is(200);
    refused(lab.get(&group), 404, "PowerBIEntityNotFound");
}

#[test]
fn groups_are_filtered_and_sliced() {
    let lab = Lab::unthrottled();
    let ids: Vec<String> = ["marketing", "contoso", "it's"].iter().map(|name| create(&lab, name)).collect();
    check(&lab, "", &["marketing", "contoso", "it's"]);
    check(&lab, "$filter=name%20eq%20'Contoso'", &["contoso"]);
    check(&lab, "$filter=contains(name,'market')%20or%20name%20eq%20'it''s'", &["marketing", "it's"]);
    check(&lab, &format!("$filter=id%20eq%20'{}'", ids[0]), &["marketing"]);
    check(&lab, "$filter=isOnDedicatedCapacity%20eq%20true", &[]);
    check(&lab, "$top=1&$skip=1", &["contoso"]);
    check(&lab.user(ALICE), "", &[]);
    let context = lab.get(GROUPS).body()["@odata.context"].clone();
    assert!(context.as_str().unwrap().ends_with("/v1.0/myorg/$metadata#groups"));
    for query in ["$filter=size%20eq%201", "$top=x", "$skip=-1"] {
        refused(lab.get(&format!("{GROUPS}?{query}")), 400, "InvalidRequest");
    }
}

#[test]
fn users_are_role_assignments() {
    let lab = Lab::unthrottled();
    let bob = "b0b0b0b0-0000-4000-8000-000000000001";
    let details = json!({"userPrincipalName": "bob@contoso.com"});
    let entry = json!({"id": bob, "type": "User", "displayName": "Bob", "userDetails": details});
    lab.put("/_emulator/principals", json!({"value": [entry]})).is(200);
    let group = format!("{GROUPS}/{}", create(&lab, "shop"));
    let users = format!("{group}/users");
    let by_name = json!({"emailAddress": "Bob@contoso.com", "groupUserAccessRight": "Member"});
    lab.post(&users, by_name.clone()).is(200);
    refused(lab.post(&users, by_name), 409, "PrincipalAlreadyHasWorkspaceRolePermissions");
    let app = json!({"identifier": ALICE, "groupUserAccessRight": "Viewer", "principalType": "App"});
    lab.post(&users, app).is(200);
    let listed = lab.get(&users).is(200).body()["value"].clone();
    let bobs = json!({
        "displayName": "Bob", "emailAddress": "bob@contoso.com", "groupUserAccessRight": "Member",
        "identifier": "bob@contoso.com", "principalType": "User",
    });
    let app = json!({"groupUserAccessRight": "Viewer", "identifier": ALICE, "principalType": "App"});
    assert_eq!(listed.as_array().unwrap()[1..], [bobs, app]);
    assert_eq!(lab.get(&format!("{users}?$top=1&$skip=1")).body()["value"][0]["displayName"], "Bob");

    lab.put(&users, json!({"identifier": "bob@contoso.com", "groupUserAccessRight": "Contributor"})).is(200);
    let of_bob = |lab: &Lab| lab.get(&users).body()["value"][1]["groupUserAccessRight"].clone();
    assert_eq!(of_bob(&lab), "Contributor");
    refused(lab.user(bob).delete(&group), 403, "PowerBINotAuthorizedException");
    lab.delete(&format!("{users}/bob@contoso.com")).is(200);
    assert_eq!(of_bob(&lab), "Viewer");
    for (body, status, code) in [
        (json!({"identifier": "nobody@contoso.com", "groupUserAccessRight": "Member"}), 400, "PrincipalNotFound"),
        (json!({"identifier": bob, "groupUserAccessRight": "Owner"}), 400, "InvalidRequest"),
        (json!({"groupUserAccessRight": "Member"}), 400, "InvalidRequest"),
        (
            json!({"identifier": MISSING, "groupUserAccessRight": "Member", "principalType": "None"}),
            400,
            "InvalidRequest",
        ),
    ] {
        refused(lab.post(&users, body), status, code);
    }
}

#[test]
fn capacities_are_listed() {
    let lab = Lab::unthrottled();
    lab.set_capacity("Inactive");
    let listed = lab.get("/v1.0/myorg/capacities").is(200).body()["value"].clone();
    let states: Vec<&Value> = listed.as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["Suspended", "Active"]);
    assert_eq!(listed[0]["capacityUserAccessRight"], "Admin");
}

#[test]
fn errors_have_the_form_of_power_bi() {
    let lab = Lab::unthrottled();
    create(&lab, "shop");
    let make = |query: &str, body: Value| lab.post(&format!("{GROUPS}{query}"), body);
    refused(make("?workspaceV2=true", json!({"name": "Shop"})), 409, "WorkspaceNameAlreadyExists");
    refused(make("?workspaceV2=true", json!({})), 400, "InvalidRequest");
    refused(make("", json!({"name": "x"})), 400, "InvalidRequest");
    refused(lab.get(&format!("{GROUPS}/{MISSING}")), 404, "PowerBIEntityNotFound");
    refused(lab.get("/v1.0/myorg/dashboards"), 501, "NotEmulated");
    refused(lab.delete(GROUPS), 405, "MethodNotAllowed");
    let anonymous = lab.send("GET", GROUPS, &[("host", "api.powerbi.com"), ("authorization", "Basic eA==")], "");
    refused(anonymous, 401, "Unauthorized");
}
