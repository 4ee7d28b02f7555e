//! Tenant settings and their overrides.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, MISSING, Reply};

const SETTINGS: &str = "/v1/admin/tenantsettings";

fn update(lab: &Lab, name: &str, body: Value) -> Reply {
    lab.post(&format!("{SETTINGS}/{name}/update"), body)
}

/// The setting with a name in the list of all settings.
fn listed(lab: &Lab, name: &str) -> Value {
    let list = lab.get(SETTINGS).is(200).body();
    list["value"].as_array().unwrap().iter().find(|it| it["settingName"] == name).unwrap().clone()
}

/// The path of the overrides of the first capacity, and its id.
fn overrides(lab: &Lab) -> (String, Value) {
    let id = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    (format!("/v1/admin/capacities/{}/delegatedTenantSettingOverrides", id.as_str().unwrap()), id)
}

#[test]
fn settings_are_listed_and_updated() {
    let lab = Lab::unthrottled();
    let before = json!({
        "settingName": "PublishToWeb", "title": "Publish to web", "enabled": true, "canSpecifySecurityGroups": true,
        "tenantSettingGroup": "Export and sharing settings",
        "properties": [{"name": "CreateP2w", "value": "false", "type": "Boolean"}],
    });
    assert_eq!(listed(&lab, "PublishToWeb"), before);
    let group = json!({"id": BOB, "type": "Group", "displayName": "Certifiers"});
    lab.put("/_emulator/principals", json!({"value": [group]})).is(200);
    let change = json!({
        "enabled": true, "enabledSecurityGroups": [{"graphId": ALICE, "name": "Testers"}, {"graphId": BOB}],
        "properties": [{"name": "CreateP2w", "value": "true", "type": "Boolean"}],
    });
    let mut after = before;
    after["enabledSecurityGroups"] =
        json!([{"graphId": ALICE, "name": "Testers"}, {"graphId": BOB, "name": "Certifiers"}]);
    after["properties"][0]["value"] = json!("true");
    assert_eq!(update(&lab, "publishtoweb", change).is(200).body(), json!({"tenantSettings": [after]}));
    assert_eq!(listed(&lab, "PublishToWeb"), after);
    // Members that are not given stay; an empty list removes the groups.
    after["enabled"] = json!(false);
    assert_eq!(update(&lab, "PublishToWeb", json!({"enabled": false})).is(200).body()["tenantSettings"][0], after);
    let emptied = update(&lab, "PublishToWeb", json!({"enabled": true, "enabledSecurityGroups": []})).is(200).body();
    assert!(emptied["tenantSettings"][0].get("enabledSecurityGroups").is_none());
    let delegated = json!({"enabled": true, "delegateToCapacity": true, "delegateToDomain": false});
    let delegated = update(&lab, "GitHubTenantSettings", delegated).is(200).body()["tenantSettings"][0].clone();
    let flags =
        (&delegated["delegateToCapacity"], &delegated["delegateToWorkspace"], delegated.get("delegateToDomain"));
    assert_eq!(flags, (&json!(true), &json!(false), None));
}

#[test]
fn settings_are_paged() {
    let lab = Lab::unthrottled();
    let all = lab.get(SETTINGS).is(200).body()["value"].as_array().unwrap().len();
    lab.settings(json!({"pageSize": 50}));
    let page = lab.get(SETTINGS).is(200).body();
    let next = lab.get(&format!("{SETTINGS}?continuationToken={}", page["continuationToken"].as_str().unwrap()));
    assert_eq!(next.is(200).body()["value"].as_array().unwrap().len(), all - 50);
}

#[test]
fn updates_of_settings_are_validated() {
    let lab = Lab::unthrottled();
    let before = lab.get(SETTINGS).text();
    let property = |name: &str, value: &str| json!({"enabled": true, "properties": [{"name": name, "value": value}]});
    let groups =
        |count: usize| json!({"enabled": true, "enabledSecurityGroups": vec![json!({"graphId": ALICE}); count]});
    for (name, body, status, code) in [
        ("Nonsense", json!({"enabled": true}), 404, "EntityNotFound"),
        ("PublishToWeb", json!({}), 400, "InvalidInput"),
        ("PublishToWeb", json!({"enabled": true, "enabledSecurityGroups": [{}]}), 400, "InvalidInput"),
        ("PublishToWeb", groups(101), 400, "BadRequest"),
        ("RScriptVisual", groups(1), 400, "BadRequest"),
        ("PublishToWeb", property("Nonsense", "true"), 400, "BadRequest"),
        ("PublishToWeb", property("CreateP2w", "x"), 400, "BadRequest"),
        ("ConfigureFolderRetentionPeriod", property("FolderRetentionPeriod", "x"), 400, "BadRequest"),
        ("CertifyDatasets", property("CertificationDocumentationUrl", &"x".repeat(2_049)), 400, "BadRequest"),
        ("PublishToWeb", json!({"enabled": true, "delegateToCapacity": true}), 400, "BadRequest"),
    ] {
        update(&lab, name, body).refuses(status, code);
    }
    assert_eq!(lab.get(SETTINGS).text(), before);
}

#[test]
fn settings_are_overridden_for_a_capacity() {
    let lab = Lab::unthrottled();
    let (path, id) = overrides(&lab);
    let change = json!({"enabled": false, "excludedSecurityGroups": [{"graphId": ALICE, "name": "g"}]});
    let expected = json!({
        "settingName": "FabricGAWorkloads", "title": "Users can create Fabric items", "enabled": false,
        "canSpecifySecurityGroups": true, "excludedSecurityGroups": [{"graphId": ALICE, "name": "g"}],
        "tenantSettingGroup": "Microsoft Fabric", "delegatedFrom": "Tenant",
    });
    let updated = lab.post(&format!("{path}/FabricGAWorkloads/update"), change).is(200);
    assert_eq!(updated.body(), json!({"overrides": [expected]}));
    assert_eq!(lab.get(&path).is(200).body(), json!({"value": [expected]}));
    let all = "/v1/admin/capacities/delegatedTenantSettingOverrides";
    assert_eq!(lab.get(all).is(200).body(), json!({"value": [{"id": id, "tenantSettings": [expected]}]}));
    assert_eq!(listed(&lab, "FabricGAWorkloads")["enabled"], true);
    lab.delete(&format!("{path}/fabricgaworkloads")).is(200);
    lab.delete(&format!("{path}/FabricGAWorkloads")).refuses(404, "EntityNotFound");
    assert_eq!(lab.get(all).is(200).body(), json!({"value": []}));
    for path in ["domains", "workspaces"] {
        let path = format!("/v1/admin/{path}/delegatedTenantSettingOverrides");
        assert_eq!(lab.get(&path).is(200).body(), json!({"value": []}));
    }
}

#[test]
fn overrides_are_validated() {
    let lab = Lab::unthrottled();
    let (path, _) = overrides(&lab);
    let on = |name: &str, body: Value| lab.post(&format!("{path}/{name}/update"), body);
    on("PublishToWeb", json!({"enabled": true})).refuses(400, "BadRequest");
    on("GitHubTenantSettings", json!({"enabled": true})).refuses(400, "BadRequest");
    on("FabricGAWorkloads", json!({})).refuses(400, "InvalidInput");
    on("FabricGAWorkloads", json!({"enabled": true, "delegateToWorkspace": true})).refuses(400, "BadRequest");
    on("Nonsense", json!({"enabled": true})).refuses(404, "EntityNotFound");
    let missing = path.replace(path.split('/').nth(4).unwrap(), MISSING);
    lab.post(&format!("{missing}/FabricGAWorkloads/update"), json!({"enabled": true})).refuses(404, "CapacityNotFound");
    lab.get(&missing).refuses(404, "CapacityNotFound");
    lab.delete(&format!("{missing}/FabricGAWorkloads")).refuses(404, "CapacityNotFound");
    assert_eq!(lab.get(&path).body(), json!({"value": []}));
    // A delegated setting can be delegated further.
    update(&lab, "GitHubTenantSettings", json!({"enabled": true, "delegateToCapacity": true})).is(200);
    let further = on("GitHubTenantSettings", json!({"enabled": true, "delegateToWorkspace": true})).is(200).body();
    assert_eq!(further["overrides"][0]["delegateToWorkspace"], true);
}
