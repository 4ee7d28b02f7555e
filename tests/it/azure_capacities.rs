//! Capacities in Azure Resource Manager, with the requests that `az rest` sends.

use serde_json::{Value, json};
use specularite::Emulator;
use specularite::fabric::access::{Auth, DEFAULT_TENANT};

use crate::harness::{ALICE, Lab, Reply, open_mirror};

const AZURE: (&str, &str) = ("host", "management.azure.com");
const VERSION: &str = "api-version=2023-11-01";

fn send(lab: &Lab, method: &str, path: &str) -> Reply {
    lab.send(method, path, &[AZURE], "")
}

/// A path below the resource group of the default tenant.
pub(crate) fn group(path: &str) -> String {
    format!(
        "/subscriptions/{DEFAULT_TENANT}/resourceGroups/specularite/providers/Microsoft.Fabric/capacities{path}?{VERSION}"
    )
}

fn state(lab: &Lab) -> Value {
    send(lab, "GET", &group("/specularite")).is(200).body()["properties"]["state"].clone()
}

/// Asserts an error in the form of Azure.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    let error = &reply.body()["error"];
    assert_eq!(error["code"], code);
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    assert!(reply.header("x-ms-public-api-error-code").is_none());
}

/// Follows `Azure-AsyncOperation` until the operation ends. Returns its statuses.
fn follow(lab: &Lab, started: &Reply) -> Vec<String> {
    let url = started.header("azure-asyncoperation").unwrap();
    let path = url.strip_prefix("http://management.azure.com").unwrap().to_owned();
    let result = started.header("location").unwrap().strip_prefix("http://management.azure.com").unwrap().to_owned();
    let mut statuses = Vec::new();
    loop {
        // fab doubles the slash.
        let body = send(lab, "GET", &format!("/{path}")).is(200).body();
        let status = body["status"].as_str().unwrap().to_owned();
        let has_ended = status == "Succeeded";
        assert_eq!(body["endTime"].is_string(), has_ended);
        send(lab, "GET", &result).is(if has_ended { 200 } else { 202 });
        statuses.push(status);
        if has_ended {
            return statuses;
        }
        lab.advance(15.0);
    }
}

#[test]
fn runbook_suspends_and_resumes_a_capacity() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"pace": "realistic"}));
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    lab.advance(600.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(600.0);
    assert_eq!(lab.status(&mirror), "Running");
    assert_eq!(state(&lab), "Active");

    let suspended = send(&lab, "POST", &group("/specularite/suspend")).is(202);
    assert_eq!(suspended.text(), "");
    assert_eq!(state(&lab), "Pausing");
    refused(send(&lab, "POST", &group("/specularite/resume")), 400, "BadRequest");
    assert_eq!(follow(&lab, &suspended), ["Pausing", "Pausing", "Succeeded"]);
    assert_eq!(state(&lab), "Paused");
    refused(send(&lab, "POST", &group("/specularite/suspend")), 400, "BadRequest");
    assert_eq!(lab.get("/v1/capacities").body()["value"][0]["state"], "Inactive");
    lab.post_empty(&format!("{mirror}/startMirroring")).refuses(404, "CapacityNotActive");

    let resumed = send(&lab, "POST", &group("/specularite/resume")).is(202);
    assert_eq!(state(&lab), "Resuming");
    assert_eq!(follow(&lab, &resumed), ["Resuming", "Succeeded"]);
    assert_eq!(state(&lab), "Active");
    assert_eq!(lab.get("/v1/capacities").body()["value"][0]["state"], "Active");
    assert_eq!(lab.status(&mirror), "Paused");
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
}

#[test]
fn control_interface_and_azure_change_the_same_state() {
    let lab = Lab::unthrottled();
    lab.set_capacity("Inactive");
    assert_eq!(state(&lab), "Paused");
    send(&lab, "POST", &group("/specularite/resume")).is(202);
    lab.set_capacity("Inactive");
    assert_eq!(state(&lab), "Paused");
}

#[test]
fn capacities_have_the_form_of_azure() {
    let lab = Lab::unthrottled();
    let id = group("/specularite");
    let id = id.split('?').next().unwrap();
    let capacity = json!({
        "properties": {
            "provisioningState": "Succeeded",
            "state": "Active",
            "administration": {"members": ["admin@specularite.example"]},
        },
        "id": id,
        "name": "specularite",
        "type": "Microsoft.Fabric/capacities",
        "location": "West Europe",
        "sku": {"name": "F64", "tier": "Fabric"},
        "tags": {},
    });
    assert_eq!(send(&lab, "GET", &group("/specularite")).is(200).text(), capacity.to_string());
    // The trial is not a resource in Azure.
    let all = json!({"value": [capacity]});
    assert_eq!(send(&lab, "GET", &group("")).is(200).body(), all);
    let subscription = format!("/subscriptions/{DEFAULT_TENANT}");
    let by_subscription = format!("{subscription}/providers/Microsoft.Fabric/capacities?{VERSION}");
    assert_eq!(send(&lab, "GET", &by_subscription).is(200).body(), all);
    let groups = send(&lab, "GET", &format!("{subscription}/resourcegroups?api-version=2021-04-01")).is(200).body();
    assert_eq!(groups["value"][0]["name"], "specularite");
    let subscriptions = send(&lab, "GET", "/subscriptions?api-version=2022-12-01").is(200).body();
    assert_eq!(subscriptions["value"][0]["id"], subscription);
}

#[test]
fn hidden_capacities_are_not_found() {
    let lab = Lab::unthrottled();
    let hidden = json!({"displayName": "hidden", "sku": "F2", "hiddenFrom": [ALICE]});
    lab.put("/_emulator/capacities/0a1b2c3d-0000-4000-8000-00000000000c", hidden).is(200);
    send(&lab, "GET", &group("/hidden")).is(200);
    refused(send(&lab.user(ALICE), "GET", &group("/hidden")), 404, "ResourceNotFound");
    refused(send(&lab.user(ALICE), "POST", &group("/hidden/suspend")), 404, "ResourceNotFound");
}

#[test]
fn errors_have_the_form_of_azure() {
    let lab = Lab::unthrottled();
    let capacity = |subscription: &str, group: &str, name: &str, version: &str| {
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Fabric/capacities/{name}{version}"
        )
    };
    let ours = DEFAULT_TENANT.to_string();
    for (subscription, group, name, version, status, code) in [
        ("placeholder", "specularite", "specularite", "?api-version=2023-11-01", 400, "InvalidSubscriptionId"),
        (ALICE, "specularite", "specularite", "?api-version=2023-11-01", 404, "SubscriptionNotFound"),
        (&ours, "other%20group", "specularite", "?api-version=2023-11-01", 404, "ResourceGroupNotFound"),
        (&ours, "Specularite", "missing", "?api-version=2023-11-01", 404, "ResourceNotFound"),
        (&ours, "specularite", "specularite", "", 400, "MissingApiVersionParameter"),
        (&ours, "specularite", "specularite", "?api-version=1999-01-01", 404, "InvalidResourceType"),
    ] {
        refused(send(&lab, "GET", &capacity(subscription, group, name, version)), status, code);
    }
    let status = format!("/subscriptions/{ours}/providers/Microsoft.Fabric/locations/westeurope/operationstatuses");
    refused(send(&lab, "GET", &format!("{status}/{ALICE}?{VERSION}")), 404, "ResourceNotFound");
    refused(send(&lab, "POST", &group("/specularite")), 405, "MethodNotAllowed");
    refused(send(&lab, "GET", &group("/specularite/nothing/here")), 404, "EndpointNotFound");
    let anonymous = lab.send("GET", &group("/specularite"), &[AZURE, ("authorization", "Basic eA==")], "");
    refused(anonymous, 401, "AuthenticationFailed");
}

#[test]
fn strict_authentication_needs_a_token_for_azure() {
    let lab = Lab::with(Emulator::builder().auth(Auth::Strict).build());
    let get = |resource: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", ALICE),
            ("client_secret", "x"),
            ("scope", &format!("{resource}/.default")),
        ];
        let path = format!("/{DEFAULT_TENANT}/oauth2/v2.0/token");
        let token = lab.form(&path, &fields).is(200).body()["access_token"].as_str().unwrap().to_owned();
        let authorization = format!("Bearer {token}");
        lab.send("GET", &group("/specularite"), &[AZURE, ("authorization", &authorization)], "")
    };
    get("https://management.azure.com").is(200);
    get("https://management.core.windows.net/").is(200);
    refused(get("https://api.fabric.microsoft.com"), 401, "AuthenticationFailed");
}

#[test]
fn journal_and_faults_know_operations_of_azure() {
    let lab = Lab::unthrottled();
    let answer = json!({"status": 429, "errorCode": "TooManyRequests", "message": "Wait."});
    let rule =
        json!({"match": {"operation": "FabricCapacities_Get"}, "when": {"times": 1}, "effect": {"answer": answer}});
    lab.post("/_emulator/faults", rule).is(201);
    refused(send(&lab, "GET", &group("/specularite")), 429, "TooManyRequests");
    send(&lab, "GET", &group("/specularite")).is(200);
    let journal = lab.get("/_emulator/journal").is(200).text();
    assert_eq!(journal.matches("FabricCapacities_Get").count(), 2, "{journal}");
}

/// A request for a capacity.
fn request(sku: &str) -> Value {
    json!({
        "location": "northeurope",
        "sku": {"name": sku, "tier": "Fabric"},
        "properties": {"administration": {"members": ["lisa@contoso.com"]}},
    })
}

#[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
fn send_json(lab: &Lab, method: &str, path: &str, body: Value) -> Reply {
    lab.send(method, path, &[AZURE, ("content-type", "application/json")], body.to_string())
}

/// The names of Fabric's capacities.
fn names(lab: &Lab) -> Vec<String> {
    let listed = lab.get("/v1/capacities").is(200).body();
    let names = listed["value"].as_array().unwrap().iter().map(|it| it["displayName"].as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn capacity_is_created_updated_and_deleted() {
    let lab = Lab::unthrottled();
    let path = group("/fabcli000001");
    let created = send_json(&lab, "PUT", &path, request("F2")).is(201);
    let id = path.split('?').next().unwrap();
    let expected = json!({
        "properties": {
            "provisioningState": "Provisioning",
            "state": "Provisioning",
            "administration": {"members": ["lisa@contoso.com"]},
        },
        "id": id,
        "name": "fabcli000001",
        "type": "Microsoft.Fabric/capacities",
        "location": "northeurope",
        "sku": {"name": "F2", "tier": "Fabric"},
    });
    assert_eq!(created.text(), expected.to_string());
    assert!(created.header("location").unwrap().contains("/locations/northeurope/operationresults/"));
    refused(send_json(&lab, "PATCH", &path, json!({"sku": {"name": "F4"}})), 400, "BadRequest");
    refused(send(&lab, "DELETE", &path), 400, "BadRequest");
    assert_eq!(follow(&lab, &created), ["Provisioning", "Succeeded"]);
    let settled = send(&lab, "GET", &path).is(200).body();
    assert_eq!(settled["properties"]["state"], "Active");
    assert_eq!((&settled["location"], &settled["tags"]), (&json!("North Europe"), &json!({})));
    assert_eq!(names(&lab), ["specularite", "Trial", "fabcli000001"]);
    let listed = lab.get("/v1.0/myorg/capacities").body()["value"][2].clone();
    assert_eq!((&listed["admins"], &listed["sku"]), (&json!(["lisa@contoso.com"]), &json!("F2")));

    let patch = json!({"sku": {"name": "F4", "tier": "Fabric"}, "tags": {"team": "data"}});
    let updated = send_json(&lab, "PATCH", &path, patch).is(202);
    let body = updated.body();
    assert_eq!(body["properties"]["provisioningState"], "Updating");
    assert_eq!(body["properties"]["state"], "Preparing");
    assert_eq!(body["sku"], json!({"name": "F4", "tier": "Fabric", "capacity": 1}));
    assert_eq!(follow(&lab, &updated), ["Updating", "Succeeded"]);
    let replaced = send_json(&lab, "PUT", &path, request("F8")).is(200);
    assert_eq!(follow(&lab, &replaced).last().unwrap(), "Succeeded");
    let settled = send(&lab, "GET", &path).is(200).body();
    assert_eq!((&settled["sku"]["name"], &settled["tags"]), (&json!("F8"), &json!({})));

    let deleted = send(&lab, "DELETE", &path).is(202);
    assert_eq!(deleted.text(), "");
    refused(send(&lab, "GET", &path), 404, "ResourceNotFound");
    assert_eq!(follow(&lab, &deleted), ["Deleting", "Deleting", "Succeeded"]);
    assert_eq!(names(&lab), ["specularite", "Trial"]);
    send(&lab, "DELETE", &path).is(204);
}

#[test]
fn suspended_capacity_can_be_updated_and_stays_suspended() {
    let lab = Lab::unthrottled();
    let suspended = send(&lab, "POST", &group("/specularite/suspend")).is(202);
    follow(&lab, &suspended);
    let updated = send_json(&lab, "PATCH", &group("/specularite"), json!({"sku": {"name": "F128"}})).is(202);
    follow(&lab, &updated);
    assert_eq!(state(&lab), "Paused");
}

#[test]
fn workspaces_of_a_deleted_capacity_keep_their_items_without_capacity() {
    let lab = Lab::unthrottled();
    let created = send_json(&lab, "PUT", &group("/second"), request("F2")).is(201);
    follow(&lab, &created);
    let second = lab.get("/v1/capacities").body()["value"][2]["id"].clone();
    let workspace = lab.post("/v1/workspaces", json!({"displayName": "w", "capacityId": second})).is(201).id();
    let workspace = format!("/v1/workspaces/{workspace}");
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    lab.advance(600.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(600.0);
    assert_eq!(lab.status(&mirror), "Running");

    send(&lab, "DELETE", &group("/second")).is(202);
    assert!(lab.get(&workspace).is(200).body()["capacityId"].is_null());
    let items = lab.get(&format!("{workspace}/items")).is(200).body();
    assert!(items["value"].as_array().unwrap().iter().any(|item| item["displayName"] == "m"));
    let start = format!("{mirror}/startMirroring");
    lab.post_empty(&start).refuses(400, "WorkspaceHasNoCapacityAssigned");

    let first = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.post(&format!("{workspace}/assignToCapacity"), json!({"capacityId": first})).is(202);
    assert_eq!(lab.status(&mirror), "Paused");
    lab.post_empty(&start).is(200);
}

#[test]
fn requests_for_capacities_are_checked() {
    let lab = Lab::unthrottled();
    let before = names(&lab);
    let with = |member: &str, value: Value| {
        let mut body = request("F2");
        body[member] = value;
        body
    };
    let administrators = |members: Value| with("properties", json!({"administration": {"members": members}}));
    for (name, body, status, code) in [
        ("ab", request("F2"), 400, "BadRequest"),
        ("Upper", request("F2"), 400, "BadRequest"),
        ("1digit", request("F2"), 400, "BadRequest"),
        ("new", request("F3"), 400, "BadRequest"),
        ("new", with("sku", json!({"name": "F2", "tier": "Premium"})), 400, "BadRequest"),
        ("new", with("sku", json!(null)), 400, "BadRequest"),
        ("new", with("location", json!("atlantis")), 400, "LocationNotAvailableForResourceType"),
        ("new", with("location", json!(null)), 400, "BadRequest"),
        ("new", administrators(json!([])), 400, "BadRequest"),
        ("new", administrators(json!(["x".repeat(257)])), 400, "BadRequest"),
        ("new", with("properties", json!({})), 400, "BadRequest"),
        ("new", with("tags", json!({"x": "y".repeat(257)})), 400, "BadRequest"),
        ("specularite", request("F2"), 409, "InvalidResourceLocation"),
    ] {
        refused(send_json(&lab, "PUT", &group(&format!("/{name}")), body), status, code);
    }
    assert_eq!(names(&lab), before);
    refused(send_json(&lab, "PATCH", &group("/missing"), json!({})), 404, "ResourceNotFound");
    refused(send_json(&lab, "PATCH", &group("/specularite"), json!({"sku": {"name": "P1"}})), 400, "BadRequest");
}

#[test]
fn skus_and_names_are_offered() {
    let lab = Lab::unthrottled();
    let provider = format!("/subscriptions/{DEFAULT_TENANT}/providers/Microsoft.Fabric");
    let skus = send(&lab, "GET", &format!("{provider}/skus?{VERSION}")).is(200).body();
    assert_eq!((&skus["value"][0]["name"], &skus["value"][10]["name"]), (&json!("F2"), &json!("F2048")));
    assert_eq!(skus["value"][0]["resourceType"], "Capacities");
    let own = send(&lab, "GET", &group("/specularite/skus")).is(200).body();
    let first = json!({"resourceType": "Microsoft.Fabric/capacities", "sku": {"name": "F2", "tier": "Fabric"}});
    assert_eq!(own["value"][0], first);
    refused(send(&lab, "GET", &group("/missing/skus")), 404, "ResourceNotFound");

    let path = format!("{provider}/locations/westeurope/checkNameAvailability?{VERSION}");
    let check = |name: &str, reason: Option<&str>| {
        let body = json!({"name": name, "type": "Microsoft.Fabric/capacities"});
        let body = send_json(&lab, "POST", &path, body).is(200).body();
        assert_eq!(body["nameAvailable"], reason.is_none(), "{name}");
        assert_eq!(body["reason"].as_str(), reason, "{name}");
    };
    check("free1", None);
    check("specularite", Some("AlreadyExists"));
    check("Not_a_name", Some("Invalid"));
    refused(send_json(&lab, "POST", &path, json!({"name": "x", "type": "Microsoft.Sql/servers"})), 400, "BadRequest");
}

#[test]
fn operations_of_the_provider_are_listed() {
    let lab = Lab::unthrottled();
    let path = "/providers/Microsoft.Fabric/operations";
    let body = send(&lab, "GET", &format!("{path}?{VERSION}")).is(200).body();
    let operations = body["value"].as_array().unwrap();
    let suspend = operations.iter().find(|it| it["name"] == "Microsoft.Fabric/capacities/suspend/action").unwrap();
    assert_eq!(
        (&suspend["isDataAction"], &suspend["display"]["provider"]),
        (&json!(false), &json!("Microsoft Fabric"))
    );
    refused(send(&lab, "GET", path), 400, "MissingApiVersionParameter");
    refused(send(&lab, "GET", &format!("{path}?api-version=2000-01-01")), 404, "InvalidResourceType");
}
