//! OneLake settings of workspaces: diagnostics, retention, default tier and lifecycle policy.

use serde_json::{Value, json};

use crate::external_data_shares::workspace;
use crate::harness::{Lab, MISSING, Reply};

const BOB: &str = "b0b0b0b0-0000-4000-8000-000000000001";

fn settings(lab: &Lab, workspace: &str) -> Value {
    lab.get(&format!("{workspace}/onelake/settings")).is(200).body()
}

fn modify(lab: &Lab, workspace: &str, what: &str, body: Value) -> Reply {
    lab.post(&format!("{workspace}/onelake/settings/modify{what}"), body)
}

/// The path of the personal workspace of the caller.
fn mine(lab: &Lab) -> String {
    let listed = lab.get("/v1/workspaces").body();
    let personal = listed["value"].as_array().unwrap().iter().find(|it| it["type"] == "Personal").unwrap();
    format!("/v1/workspaces/{}", personal["id"].as_str().unwrap())
}

/// The destination of diagnostic logs in a lakehouse, which its path names.
pub(crate) fn destination(lakehouse: &str) -> Value {
    let ids: Vec<&str> = lakehouse.split('/').collect();
    json!({"type": "Lakehouse", "lakehouse": {"referenceType": "ById", "itemId": ids[5], "workspaceId": ids[3]}})
}

#[test]
fn diagnostics_are_enabled_disabled_and_removed() {
    let lab = Lab::unthrottled();
    let (source, logs) = (workspace(&lab, "source"), workspace(&lab, "logs"));
    let lakehouse = crate::jobs::item(&lab, &logs, "Lakehouse");
    let lifecycle = json!({"defaultTier": "Hot", "policy": "Inactive", "accessTimeTracking": "Disabled"});
    let initial = json!({"diagnostics": {"status": "Disabled"}, "lifecycle": lifecycle});
    assert_eq!(settings(&lab, &source), initial);
    modify(&lab, &source, "Diagnostics", json!({"status": "Enabled"})).refuses(400, "RequiredDestination");
    let target = destination(&lakehouse);
    let enable = json!({"status": "Enabled", "destination": target});
    modify(&lab, &source, "Diagnostics", enable.clone()).is(200);
    assert_eq!(settings(&lab, &source)["diagnostics"], enable);
    modify(&lab, &source, "Diagnostics", json!({"status": "Disabled"})).is(200);
    assert_eq!(settings(&lab, &source)["diagnostics"], json!({"status": "Disabled", "destination": target}));
    modify(&lab, &source, "Diagnostics", json!({"status": "Enabled"})).is(200);
    assert_eq!(settings(&lab, &source)["diagnostics"], enable);
    let removed = json!({"status": "Disabled", "destination": {"type": "Lakehouse"}});
    modify(&lab, &source, "Diagnostics", removed).is(200);
    assert_eq!(settings(&lab, &source), initial);
}

#[test]
fn diagnostics_need_a_lakehouse_on_the_same_capacity() {
    let lab = Lab::unthrottled();
    let (source, logs) = (workspace(&lab, "source"), workspace(&lab, "logs"));
    let lakehouse = crate::jobs::item(&lab, &logs, "Lakehouse");
    let notebook = crate::jobs::item(&lab, &logs, "Notebook");
    let before = settings(&lab, &source);
    let enable = |target: Value| json!({"status": "Enabled", "destination": target});
    let elsewhere = lakehouse.replace(logs.rsplit('/').next().unwrap(), MISSING);
    for (body, status, code) in [
        (enable(destination(&elsewhere)), 404, "DestinationWorkspaceNotFound"),
        (enable(destination(&notebook)), 404, "DestinationItemNotFound"),
        (enable(json!({"type": "Warehouse"})), 400, "InvalidInput"),
        (enable(json!({"type": "Lakehouse", "lakehouse": {"referenceType": "ByName"}})), 400, "InvalidInput"),
        (enable(json!({"type": "Lakehouse", "lakehouse": {"itemId": MISSING}})), 400, "InvalidInput"),
        (enable(json!({"type": "Lakehouse"})), 400, "RequiredDestination"),
        (json!({"status": "On"}), 400, "InvalidInput"),
        (json!({}), 400, "InvalidInput"),
    ] {
        modify(&lab, &source, "Diagnostics", body).refuses(status, code);
    }
    let trial = lab.get("/v1/capacities").body()["value"][1]["id"].clone();
    lab.post(&format!("{logs}/assignToCapacity"), json!({"capacityId": trial})).is(202);
    let refused = modify(&lab, &source, "Diagnostics", enable(destination(&lakehouse)));
    refused.refuses(400, "WorkspaceNotInSameCapacity");
    let personal = modify(&lab, &mine(&lab), "Diagnostics", enable(destination(&lakehouse)));
    personal.refuses(400, "SettingsNotAllowedOnWorkspace");

    lab.add_principals(&[(BOB, "User")]);
    lab.assign_role(&source, BOB, "Admin");
    lab.assign_role(&logs, BOB, "Viewer");
    let bob = lab.user(BOB);
    let refused = modify(&bob, &source, "Diagnostics", enable(destination(&lakehouse)));
    refused.refuses(403, "UserNotAuthorizedDestinationItem");
    bob.get(&format!("{logs}/onelake/settings")).refuses(403, "InsufficientPrivileges");
    assert_eq!(settings(&lab, &source), before);
}

#[test]
fn retention_of_logs_can_only_be_extended() {
    let lab = Lab::unthrottled();
    let (source, logs) = (workspace(&lab, "source"), workspace(&lab, "logs"));
    let lakehouse = crate::jobs::item(&lab, &logs, "Lakehouse");
    let retain = |days: i64| {
        modify(&lab, &logs, "ImmutabilityPolicy", json!({"scope": "DiagnosticLogs", "retentionDays": days}))
    };
    retain(7).refuses(400, "WorkspaceNotSupported");
    let enable = json!({"status": "Enabled", "destination": destination(&lakehouse)});
    modify(&lab, &source, "Diagnostics", enable).is(200);
    retain(7).is(200);
    let refused = retain(3);
    let details = refused.body()["moreDetails"][0]["errorCode"].clone();
    refused.refuses(400, "BadRequest");
    assert_eq!(details, "RetentionDaysReductionNotAllowed");
    for days in [0, 146_001, -1] {
        retain(days).refuses(400, "InvalidInput");
    }
    modify(&lab, &logs, "ImmutabilityPolicy", json!({"scope": "All", "retentionDays": 9})).refuses(400, "InvalidInput");
    modify(&lab, &logs, "ImmutabilityPolicy", json!({"scope": "DiagnosticLogs"})).refuses(400, "InvalidInput");
    retain(30).is(200);
    let policies = json!([{"scope": "DiagnosticLogs", "retentionDays": 30}]);
    assert_eq!(settings(&lab, &logs)["immutabilityPolicies"], policies);
}

#[test]
fn default_tier_is_set() {
    let lab = Lab::unthrottled();
    let workspace = workspace(&lab, "w");
    let set = |workspace: &str, query: &str| {
        lab.post_empty(&format!("{workspace}/onelake/settings/modifyDefaultTier{query}"))
    };
    assert_eq!(set(&workspace, "?defaultTier=Cool").is(200).body(), json!({"defaultTier": "Cool"}));
    assert_eq!(settings(&lab, &workspace)["lifecycle"]["defaultTier"], "Cool");
    for query in ["", "?defaultTier=Archive"] {
        set(&workspace, query).refuses(400, "InvalidInput");
    }
    set(&mine(&lab), "?defaultTier=Cool").refuses(400, "LifecycleNotAllowedForMyWorkspace");
    assert_eq!(settings(&lab, &workspace)["lifecycle"]["defaultTier"], "Cool");
}

/// A rule of a lifecycle policy.
fn rule(name: &str) -> Value {
    json!({
        "name": name, "enabled": true, "type": "Lifecycle",
        "definition": {
            "actions": {"baseBlob": {"tierToCool": {"daysAfterLastAccessTimeGreaterThan": 30.0}}},
            "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["*/diagnosticLogs"]},
        },
    })
}

#[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
fn import(lab: &Lab, workspace: &str, rules: Value) -> Reply {
    let body = json!({"properties": {"policy": {"rules": rules}}});
    lab.post(&format!("{workspace}/onelake/lifecycle/importPolicy"), body)
}

#[test]
fn lifecycle_policy_is_imported_exported_and_deleted() {
    let lab = Lab::unthrottled();
    let workspace = workspace(&lab, "w");
    let export = format!("{workspace}/onelake/lifecycle/exportPolicy");
    lab.post_empty(&export).refuses(404, "PolicyNotFound");
    let rules = json!([rule("a"), rule("b")]);
    let imported = import(&lab, &workspace, rules.clone()).is(200).body();
    assert_eq!(
        imported,
        json!({
            "properties": {"lastModifiedTime": "2031-02-03T04:05:06Z", "policy": {"rules": rules}},
            "type": "Microsoft.Storage/storageAccounts/managementPolicies",
        })
    );
    assert_eq!(lab.post_empty(&export).is(200).body(), imported);
    assert_eq!(settings(&lab, &workspace)["lifecycle"]["policy"], "Active");
    let mut disabled = rule("a");
    disabled["enabled"] = json!(false);
    import(&lab, &workspace, json!([disabled])).is(200);
    assert_eq!(settings(&lab, &workspace)["lifecycle"]["policy"], "Inactive");
    let deleted = import(&lab, &workspace, json!([])).is(200).body();
    assert_eq!(deleted, json!({"properties": {"policy": {"rules": []}}}));
    lab.post_empty(&export).refuses(404, "PolicyNotFound");
    import(&lab, &mine(&lab), json!([rule("a")])).refuses(400, "LifecycleNotAllowedForMyWorkspace");
    lab.post_empty(&format!("{}/onelake/lifecycle/exportPolicy", mine(&lab)))
        .refuses(400, "LifecycleNotAllowedForMyWorkspace");
}

#[test]
fn lifecycle_rules_are_checked() {
    let lab = Lab::unthrottled();
    let workspace = workspace(&lab, "w");
    import(&lab, &workspace, json!([rule("a")])).is(200);
    let with = |pointer: &str, value: Value| {
        let mut rule = rule("a");
        *rule.pointer_mut(pointer).unwrap() = value;
        json!([rule])
    };
    let actions = |name: &str| json!({"baseBlob": {name: {"daysAfterModificationGreaterThan": 1.0}}});
    let filters = |name: &str, value: Value| json!({"blobTypes": ["blockBlob"], name: value});
    for rules in [
        json!(null),
        json!([rule("a"), rule("a")]),
        json!((0..101).map(|n| rule(&n.to_string())).collect::<Vec<_>>()),
        with("/name", json!("")),
        with("/type", json!("Other")),
        with("/enabled", json!("yes")),
        with("/definition", json!({})),
        with("/definition/actions", json!({})),
        with("/definition/actions", actions("delete")),
        with("/definition/actions", actions("tierToArchive")),
        with("/definition/filters", filters("blobIndexMatch", json!([]))),
        with("/definition/filters", filters("prefixMatch", json!([1]))),
        with("/definition/filters", filters("prefixMatch", json!(vec!["a"; 11]))),
        with("/definition/filters", json!({})),
        with("/definition/filters", filters("x", json!("y".repeat(300_000)))),
    ] {
        import(&lab, &workspace, rules).refuses(400, "InvalidInput");
    }
    let kept = lab.post_empty(&format!("{workspace}/onelake/lifecycle/exportPolicy")).is(200).body();
    assert_eq!(kept["properties"]["policy"]["rules"], json!([rule("a")]));
    lab.add_principals(&[(BOB, "User")]);
    lab.assign_role(&workspace, BOB, "Member");
    import(&lab.user(BOB), &workspace, json!([])).refuses(403, "InsufficientPrivileges");
}

#[test]
fn access_time_tracking_is_enabled_and_disabled() {
    let lab = Lab::unthrottled();
    let workspace = workspace(&lab, "w");
    let modify = |lab: &Lab, workspace: &str, body: Value| modify(lab, workspace, "AccessTimeTracking", body);
    for status in ["Enabled", "Enabled", "Disabled"] {
        modify(&lab, &workspace, json!({"status": status})).is(200);
        assert_eq!(settings(&lab, &workspace)["lifecycle"]["accessTimeTracking"], status);
    }
    for body in [json!({}), json!({"status": "On"}), json!({"status": null})] {
        modify(&lab, &workspace, body).refuses(400, "InvalidInput");
    }
    let enable = || json!({"status": "Enabled"});
    modify(&lab, &mine(&lab), enable()).refuses(400, "LifecycleNotAllowedForMyWorkspace");
    modify(&lab, &format!("/v1/workspaces/{MISSING}"), enable()).refuses(404, "WorkspaceNotFound");
    lab.add_principals(&[(BOB, "User")]);
    lab.assign_role(&workspace, BOB, "Member");
    modify(&lab.user(BOB), &workspace, enable()).refuses(403, "InsufficientPrivileges");
}
