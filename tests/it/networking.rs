//! Networking policies, managed private endpoints and the encryption of workspaces.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply};

const RESOURCE: &str =
    "/subscriptions/2374e587-d28b-4898-a39c-6070e078ae31/resourceGroups/g/providers/Microsoft.Sql/servers/s";
const ALLOWED: &str = r#"{"inbound":{"publicAccessRules":{"defaultAction":"Allow"}},"outbound":{"publicAccessRules":{"defaultAction":"Allow"}}}"#;

/// A workspace and the path of its networking policies.
struct Policies {
    lab: Lab,
    workspace: String,
    path: String,
}

impl Policies {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        Self { path: format!("{workspace}/networking/communicationPolicy"), lab, workspace }
    }

    /// A workspace that denies outbound access.
    fn denying() -> Self {
        let it = Self::new();
        it.lab.put(&it.path, json!({"outbound": {"publicAccessRules": {"defaultAction": "Deny"}}})).is(200);
        it
    }

    fn get(&self, policy: &str) -> Reply {
        self.lab.get(&format!("{}{policy}", self.path))
    }

    fn put(&self, policy: &str, body: Value) -> Reply {
        self.lab.put(&format!("{}{policy}", self.path), body)
    }

    /// Sets a policy, and checks that it is read back as `shown`.
    #[track_caller]
    fn check(&self, policy: &str, body: Value, shown: &Value) {
        let set = self.put(policy, body).is(200);
        assert_eq!(set.text(), "");
        let read = self.get(policy).is(200);
        assert_eq!((&read.body(), read.header("etag")), (shown, set.header("etag")));
    }
}

#[test]
fn policy_is_replaced_as_a_whole() {
    let it = Policies::new();
    assert_eq!(it.get("").is(200).text(), ALLOWED);
    let direction = |action: &str| json!({"publicAccessRules": {"defaultAction": action}});
    it.check(
        "",
        json!({"inbound": direction("Deny")}),
        &json!({"inbound": direction("Deny"), "outbound": direction("Allow")}),
    );
    it.check(
        "",
        json!({"outbound": direction("Deny")}),
        &json!({"inbound": direction("Allow"), "outbound": direction("Deny")}),
    );
    it.put("", json!({"inbound": direction("Perhaps")})).refuses(400, "InvalidInput");
    let personal = it.lab.get("/v1/workspaces").body()["value"][0]["id"].clone();
    let personal = format!("/v1/workspaces/{}/networking/communicationPolicy", personal.as_str().unwrap());
    it.lab.put(&personal, json!({})).refuses(400, "MyWorkspaceCantBeChanged");
    it.put("", json!("Deny")).refuses(400, "InvalidInput");
}

#[test]
fn policies_are_read_back_as_set() {
    let it = Policies::denying();
    let endpoints = json!([{"hostnamePattern": "*.microsoft.com"}]);
    let sql = json!({"connectionType": "SQL", "defaultAction": "Deny", "allowedEndpoints": endpoints});
    let lakehouse = json!({"connectionType": "LakeHouse", "defaultAction": "Allow", "allowedWorkspaces": [{"workspaceId": MISSING}]});
    let rules = json!({"defaultAction": "Deny", "rules": [sql, lakehouse]});
    it.check("/outbound/connections", rules.clone(), &rules);
    it.check("/outbound/connections", json!({}), &json!({"defaultAction": "Allow", "rules": []}));
    let gateways = json!({"defaultAction": "Deny", "allowedGateways": [{"id": MISSING}]});
    it.check("/outbound/gateways", gateways.clone(), &gateways);
    it.check("/outbound/git", json!({"defaultAction": "Deny"}), &json!({"defaultAction": "Deny"}));
    let resources = json!({"rules": [{"displayName": "a server", "resourceId": RESOURCE}]});
    it.check("/inbound/azureResources", resources.clone(), &resources);
    it.check("/inbound/externalDataShares", json!({"defaultAction": "Deny"}), &json!({"defaultAction": "Deny"}));
    let firewall = json!({"rules": [
        {"displayName": "one", "value": "12.34.56.78"},
        {"displayName": "range", "value": "12.34.56.78-12.34.56.89"},
        {"displayName": "block", "value": "12.34.56.0/24"},
    ]});
    it.check("/inbound/firewall", firewall.clone(), &firewall);
}

#[test]
fn policies_are_validated() {
    let it = Policies::denying();
    let many = |rule: fn(usize) -> Value, count: usize| json!({"rules": (0..count).map(rule).collect::<Vec<_>>()});
    let named = |name: &str, value: &str| json!({"rules": [{"displayName": name, "value": value}]});
    for (policy, body) in [
        ("/outbound/connections", json!({"rules": [{"defaultAction": "Deny"}]})),
        ("/outbound/connections", json!({"rules": [{"connectionType": "SQL"}, {"connectionType": "sql"}]})),
        (
            "/outbound/connections",
            json!({"rules": [{"connectionType": "SQL", "allowedEndpoints": [{"hostnamePattern": " "}]}]}),
        ),
        ("/outbound/connections", many(|n| json!({"connectionType": n.to_string()}), 257)),
        ("/outbound/gateways", json!({"allowedGateways": [{"id": "x"}]})),
        ("/outbound/git", json!({"defaultAction": "deny"})),
        ("/inbound/azureResources", json!({"rules": [{"displayName": "x", "resourceId": "/subscriptions/x"}]})),
        ("/inbound/firewall", named("", "1.2.3.4")),
        ("/inbound/firewall", named(&"x".repeat(129), "1.2.3.4")),
        ("/inbound/firewall", named("x", "1.2.3.400")),
        (
            "/inbound/firewall",
            json!({"rules": [{"displayName": "x", "value": "::1"}, {"displayName": "X", "value": "::2"}]}),
        ),
        ("/inbound/firewall", many(|n| json!({"displayName": n.to_string(), "value": "::1"}), 257)),
    ] {
        it.put(policy, body).refuses(400, "InvalidInput");
    }
}

#[test]
fn outbound_rules_need_outbound_denial() {
    let it = Policies::new();
    for policy in ["/outbound/connections", "/outbound/gateways", "/outbound/git"] {
        it.put(policy, json!({"defaultAction": "Allow"})).refuses(400, "InvalidRequest");
    }
    for policy in ["/outbound/connections", "/outbound/gateways"] {
        it.get(policy).refuses(400, "InvalidRequest");
    }
    assert_eq!(it.get("/outbound/git").is(200).body(), json!({"defaultAction": "Allow"}));
}

#[test]
fn condition_names_the_policy_that_is_replaced() {
    let it = Policies::new();
    let etag = it.get("").is(200).header("etag").unwrap().to_owned();
    let set = |if_match: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("if-match", if_match)];
        it.lab.send("PUT", &it.path, &headers, body.to_string())
    };
    let deny = json!({"inbound": {"publicAccessRules": {"defaultAction": "Deny"}}});
    set("\"other\"", &deny).refuses(412, "PreconditionFailed");
    assert_eq!(it.get("").text(), ALLOWED);
    set(&format!("\"other\", {etag}"), &deny).is(200);
    set(&etag, &deny).refuses(412, "PreconditionFailed");
    set("*", &json!({})).is(200);
    assert_eq!(it.get("").header("etag"), Some(etag.as_str()), "equal policies have equal tags");
}

#[test]
fn viewers_read_and_admins_set() {
    let it = Policies::new();
    it.lab.add_principals(&[(ALICE, "User")]);
    it.lab.assign_role(&it.workspace, ALICE, "Viewer");
    let alice = it.lab.user(ALICE);
    for read in ["networking/communicationPolicy", "managedPrivateEndpoints", "encryption"] {
        alice.get(&format!("{}/{read}", it.workspace)).is(200);
    }
    alice.put(&it.path, json!({})).refuses(403, "InsufficientPrivileges");
    alice.post(&format!("{}/managedPrivateEndpoints", it.workspace), json!({})).refuses(403, "InsufficientPrivileges");
    alice.post_empty(&format!("{}/encryption/reset", it.workspace)).refuses(403, "InsufficientPrivileges");
}

#[test]
fn endpoint_is_provisioned_over_time() {
    let lab = Lab::unthrottled();
    let endpoints = format!("{}/managedPrivateEndpoints", lab.workspace());
    assert_eq!(lab.get(&endpoints).is(200).body(), json!({"value": []}));
    let request = json!({
        "name": "sql", "targetPrivateLinkResourceId": RESOURCE, "targetSubresourceType": "sqlServer",
        "requestMessage": "please", "targetFQDNs": ["s.database.windows.net"],
    });
    let created = lab.post(&endpoints, request.clone()).is(201);
    let endpoint = format!("{endpoints}/{}", created.id());
    assert!(created.header("location").unwrap().ends_with(&endpoint));
    assert_eq!(
        created.body(),
        json!({"id": created.id(), "name": "sql", "targetPrivateLinkResourceId": RESOURCE,
            "provisioningState": "Provisioning", "targetSubresourceType": "sqlServer"})
    );
    lab.post(&endpoints, request).refuses(409, "EntityConflict");
    let advanced = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
    assert_eq!(advanced["changes"][0]["what"], "managedPrivateEndpoint");
    assert_eq!(advanced["changes"][0]["managedPrivateEndpointId"], created.id());
    let provisioned = lab.get(&endpoint).is(200).body();
    assert_eq!(provisioned["provisioningState"], "Succeeded");
    assert_eq!(
        provisioned["connectionState"],
        json!({"status": "Pending", "description": "please", "actionsRequired": "None"})
    );
    assert_eq!(lab.get(&endpoints).body()["value"], json!([provisioned]));
    lab.delete(&endpoint).is(200);
    lab.get(&endpoint).refuses(404, "EntityNotFound");
    lab.delete(&endpoint).refuses(404, "EntityNotFound");
}

#[test]
fn endpoints_are_listed_in_pages() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"pageSize": 2}));
    let endpoints = format!("{}/managedPrivateEndpoints", lab.workspace());
    for n in 0..3 {
        let request = json!({"name": format!("e{n}"), "targetPrivateLinkResourceId": RESOURCE});
        lab.post(&endpoints, request).is(201);
    }
    let first = lab.get(&endpoints).body();
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    let token = first["continuationToken"].as_str().unwrap();
    let second = lab.get(&format!("{endpoints}?continuationToken={token}")).is(200).body();
    assert_eq!((&second["value"][0]["name"], second.get("continuationToken")), (&json!("e2"), None));
}

#[test]
fn endpoint_requests_are_validated() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let endpoints = format!("{workspace}/managedPrivateEndpoints");
    let valid = json!({"name": "n", "targetPrivateLinkResourceId": RESOURCE});
    for (member, value) in [
        ("name", Value::Null),
        ("name", json!("x".repeat(65))),
        ("targetPrivateLinkResourceId", Value::Null),
        ("targetPrivateLinkResourceId", json!("s")),
        ("targetSubresourceType", json!(" ")),
        ("requestMessage", json!("x".repeat(141))),
        ("targetFQDNs", json!(vec!["a"; 21])),
        ("targetFQDNs", json!(["x".repeat(254)])),
    ] {
        let mut request = valid.clone();
        request[member] = value;
        lab.post(&endpoints, request).refuses(400, "InvalidInput");
    }
    let bare = lab.post("/v1/workspaces", json!({"displayName": "no capacity"})).is(201).id();
    lab.post(&format!("/v1/workspaces/{bare}/managedPrivateEndpoints"), valid)
        .refuses(400, "WorkspaceHasNoCapacityAssigned");
}

#[test]
fn encryption_changes_over_time() {
    const KEY: &str = "https://v.vault.azure.net/keys/k1";
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let encryption = format!("{workspace}/encryption");
    let status = |key: Option<&str>, status: &str| match key {
        Some(key) => json!({"keyIdentifier": key, "encryptionStatus": status}),
        None => json!({"encryptionStatus": status}),
    };
    let shown = || lab.get(&encryption).is(200).body();
    assert_eq!(shown(), json!({"encryptionDetail": status(None, "Disabled")}));
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
    lab.post(&format!("{encryption}/assign"), json!({"keyIdentifier": KEY})).is(200);
    let changing = shown();
    assert_eq!(changing["encryptionDetail"], status(Some(KEY), "EnableInProgress"));
    assert!(changing.get("previousEncryptionDetail").is_none());
    let item = json!({"displayName": "l", "type": "Lakehouse", "id": lakehouse});
    assert_eq!(changing["workspaceEncryptionItemsDetails"][0]["items"][0], item);
    lab.advance(800.0);
    let advanced = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
    assert_eq!(
        (&advanced["changes"][0]["what"], &advanced["changes"][0]["status"]),
        (&json!("encryption"), &json!("Active"))
    );
    assert_eq!(shown(), json!({"encryptionDetail": status(Some(KEY), "Active")}));
    lab.post_empty(&format!("{encryption}/reset")).is(200);
    let changing = shown();
    assert_eq!(changing["encryptionDetail"], status(None, "DisableInProgress"));
    assert_eq!(changing["previousEncryptionDetail"], status(Some(KEY), "Active"));
    lab.advance(900.0);
    assert_eq!(shown(), json!({"encryptionDetail": status(None, "Disabled")}));
    for key in [Value::Null, json!(format!("{KEY}/0123")), json!("k")] {
        lab.post(&format!("{encryption}/assign"), json!({"keyIdentifier": key})).refuses(400, "InvalidInput");
    }
}
