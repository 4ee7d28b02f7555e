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
fn group(path: &str) -> String {
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
    refused(send(&lab, "PUT", &group("/specularite")), 501, "NotEmulated");
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
