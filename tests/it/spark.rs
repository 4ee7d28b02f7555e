//! Spark settings and pools of workspaces, the configuration of capacities, and sessions of Livy.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply};

const STARTER: &str = "00000000-0000-0000-0000-000000000000";

fn pool(name: &str) -> Value {
    json!({"name": name, "nodeFamily": "MemoryOptimized", "nodeSize": "Small",
        "autoScale": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 3},
        "dynamicExecutorAllocation": {"enabled": true, "minExecutors": 1, "maxExecutors": 2}})
}

fn merged(mut value: Value, change: &Value) -> Value {
    let change = change.as_object().unwrap().clone();
    value.as_object_mut().unwrap().extend(change);
    value
}

struct Spark {
    lab: Lab,
    workspace: String,
    settings: String,
    pools: String,
}

impl Spark {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        let (settings, pools) = (format!("{workspace}/spark/settings"), format!("{workspace}/spark/pools"));
        Self { lab, workspace, settings, pools }
    }

    fn create(&self, name: &str) -> Reply {
        self.lab.post(&self.pools, pool(name)).is(201)
    }

    fn names(&self) -> Vec<String> {
        let pools = self.lab.get(&self.pools).is(200).body()["value"].clone();
        pools.as_array().unwrap().iter().map(|pool| pool["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn spark_settings_of_new_workspace_are_those_of_the_service() {
    let it = Spark::new();
    let reply = it.lab.get(&it.settings).is(200);
    assert_eq!(
        reply.body(),
        json!({
            "automaticLog": {"enabled": true},
            "highConcurrency": {"notebookInteractiveRunEnabled": true, "notebookPipelineRunEnabled": false},
            "pool": {
                "customizeComputeEnabled": true,
                "defaultPool": {"name": "Starter Pool", "type": "Workspace", "id": STARTER},
                "starterPool": {"maxNodeCount": 10, "maxExecutors": 9},
            },
            "environment": {"runtimeVersion": "1.3"},
            "job": {"conservativeJobAdmissionEnabled": false, "sessionTimeoutInMinutes": 20},
        })
    );
    assert_eq!((reply.text().len(), reply.header("cache-control")), (600, None));
}

#[test]
fn spark_settings_change_only_the_given_members() {
    let it = Spark::new();
    it.lab.post(&format!("{}/environments", it.workspace), json!({"displayName": "env"})).is(201);
    let custom = it.create("one").id();
    let before = it.lab.get(&it.settings).body();
    let check = |change: Value, pointer: &str, expected: Value| {
        let changed = it.lab.patch(&it.settings, change.clone()).is(200).body();
        assert_eq!(changed.pointer(pointer), Some(&expected), "{change}");
        assert_eq!(it.lab.get(&it.settings).body(), changed, "{change}");
    };
    check(json!({"automaticLog": {"enabled": false}}), "/automaticLog/enabled", json!(false));
    check(
        json!({"highConcurrency": {"notebookPipelineRunEnabled": true}}),
        "/highConcurrency",
        json!({"notebookInteractiveRunEnabled": true, "notebookPipelineRunEnabled": true}),
    );
    check(json!({"job": {"sessionTimeoutInMinutes": 60}}), "/job/sessionTimeoutInMinutes", json!(60));
    check(json!({"environment": {"name": "ENV"}}), "/environment", json!({"name": "env", "runtimeVersion": "1.3"}));
    check(
        json!({"environment": {"name": "", "runtimeVersion": "1.2"}}),
        "/environment",
        json!({"runtimeVersion": "1.2"}),
    );
    check(
        json!({"pool": {"starterPool": {"maxNodeCount": 3, "maxExecutors": 2}}}),
        "/pool/starterPool/maxExecutors",
        json!(2),
    );
    assert_eq!(it.lab.get(&it.pools).body()["value"][0]["autoScale"]["maxNodeCount"], 3);
    let named = json!({"name": "one", "type": "Workspace", "id": custom});
    check(json!({"pool": {"defaultPool": {"name": "One", "type": "Workspace"}}}), "/pool/defaultPool", named.clone());
    check(json!({"pool": {"defaultPool": {"id": STARTER}}}), "/pool/defaultPool/name", json!("Starter Pool"));
    check(json!({"pool": {"defaultPool": {"id": custom}}}), "/pool/defaultPool", named);
    it.lab.delete(&format!("{}/{custom}", it.pools)).is(200);
    assert_eq!(it.lab.get(&it.settings).body()["pool"]["defaultPool"], before["pool"]["defaultPool"]);
}

#[test]
fn spark_settings_are_validated() {
    let it = Spark::new();
    let before = it.lab.get(&it.settings).body();
    for change in [
        json!({"job": {"sessionTimeoutInMinutes": 0}}),
        json!({"job": {"sessionTimeoutInMinutes": 20_161}}),
        json!({"environment": {"name": "missing"}}),
        json!({"environment": {"runtimeVersion": "newest"}}),
        json!({"pool": {"defaultPool": {"name": "missing", "type": "Workspace"}}}),
        json!({"pool": {"defaultPool": {"name": "Starter Pool", "type": "Capacity"}}}),
        json!({"pool": {"defaultPool": {"id": MISSING}}}),
        json!({"pool": {"defaultPool": {}}}),
        json!({"pool": {"starterPool": {"maxNodeCount": 3}}}),
        json!({"pool": {"starterPool": {"maxExecutors": 0}}}),
        json!({"automaticLog": {"enabled": "yes"}}),
    ] {
        it.lab.patch(&it.settings, change).refuses(400, "InvalidInput");
    }
    assert_eq!(it.lab.get(&it.settings).body(), before);
}

#[test]
fn custom_pool_is_created_updated_and_deleted() {
    let it = Spark::new();
    let created = it.create("one");
    let id = created.id();
    let shown = merged(json!({"id": id, "type": "Workspace"}), &pool("one"));
    assert_eq!(created.body(), shown);
    let path = format!("{}/{id}", it.pools);
    assert_eq!(it.lab.get(&path).is(200).body(), shown);
    assert_eq!(it.names(), ["Starter Pool", "one"]);
    let check = |change: Value, expected: Value| {
        let updated = it.lab.patch(&path, change).is(200).body();
        assert_eq!(updated, merged(it.lab.get(&path).body(), &expected));
    };
    check(json!({"nodeSize": "XXLarge"}), json!({"nodeSize": "XXLarge"}));
    check(json!({"name": "ONE"}), json!({"name": "ONE"}));
    // The service does not show the range of a disabled allocation.
    check(
        json!({"dynamicExecutorAllocation": {"enabled": false, "minExecutors": 1, "maxExecutors": 1}}),
        json!({"dynamicExecutorAllocation": {"enabled": false}}),
    );
    it.lab.delete(&path).is(200);
    it.lab.get(&path).refuses(404, "EntityNotFound");
    it.lab.delete(&path).refuses(404, "EntityNotFound");
    assert_eq!(it.names(), ["Starter Pool"]);
    assert_ne!(it.create("one").id(), id);
}

#[test]
fn starter_pool_is_shown_but_cannot_be_changed() {
    let it = Spark::new();
    let path = format!("{}/{STARTER}", it.pools);
    let starter = json!({"id": STARTER, "type": "Workspace", "name": "Starter Pool", "nodeFamily": "MemoryOptimized",
        "nodeSize": "Medium", "autoScale": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 10},
        "dynamicExecutorAllocation": {"enabled": true, "minExecutors": 1, "maxExecutors": 9}});
    assert_eq!(it.lab.get(&path).is(200).body(), starter);
    it.lab.patch(&path, json!({"nodeSize": "Large"})).refuses(404, "EntityNotFound");
    it.lab.delete(&path).refuses(404, "EntityNotFound");
}

#[test]
fn custom_pools_are_validated() {
    let it = Spark::new();
    let id = it.create("one").id();
    it.create("two");
    let scale = |min: u32, max: u32| json!({"autoScale": {"enabled": true, "minNodeCount": min, "maxNodeCount": max}});
    let executors = |min: u32, max: u32| json!({"dynamicExecutorAllocation": {"enabled": true, "minExecutors": min, "maxExecutors": max}});
    for (change, status, code) in [
        (json!({"name": ""}), 400, "InvalidInput"),
        (json!({"name": "a/b"}), 400, "InvalidInput"),
        (json!({"name": "x".repeat(65)}), 400, "InvalidInput"),
        (json!({"name": "starter pool"}), 400, "InvalidInput"),
        (json!({"name": "TWO"}), 409, "EntityConflict"),
        (json!({"nodeSize": "Tiny"}), 400, "InvalidInput"),
        (json!({"nodeFamily": "Fast"}), 400, "InvalidInput"),
        (scale(0, 3), 400, "InvalidInput"),
        (scale(4, 3), 400, "InvalidInput"),
        (executors(0, 2), 400, "InvalidInput"),
        (executors(2, 1), 400, "InvalidInput"),
        (executors(1, 3), 400, "InvalidInput"),
    ] {
        it.lab.patch(&format!("{}/{id}", it.pools), change.clone()).refuses(status, code);
        it.lab.post(&it.pools, merged(pool("three"), &change)).refuses(status, code);
    }
    for member in ["name", "nodeFamily", "nodeSize", "autoScale", "dynamicExecutorAllocation"] {
        it.lab.post(&it.pools, merged(pool("three"), &json!({member: null}))).refuses(400, "InvalidInput");
    }
    it.lab.get(&format!("{}/{MISSING}", it.pools)).refuses(404, "EntityNotFound");
    assert_eq!(it.names(), ["Starter Pool", "one", "two"]);
}

#[test]
fn custom_pools_are_paged_and_limited() {
    let it = Spark::new();
    for n in 0..100 {
        it.create(&format!("p{n}"));
    }
    it.lab.post(&it.pools, pool("one more")).refuses(400, "InvalidInput");
    it.lab.settings(json!({"pageSize": 60}));
    let first = it.lab.get(&it.pools).body();
    let token = first["continuationToken"].as_str().unwrap();
    let second = it.lab.get(&format!("{}?continuationToken={token}", it.pools)).is(200).body();
    let last = second["value"].as_array().unwrap().last().unwrap()["name"].clone();
    assert_eq!((first["value"].as_array().unwrap().len(), last), (60, json!("p99")));
    assert_eq!(second.get("continuationToken"), None);
}

#[test]
fn spark_of_workspace_is_read_by_viewers_and_changed_by_admins() {
    let it = Spark::new();
    let id = it.create("one").id();
    it.lab.add_principals(&[(ALICE, "User")]);
    let alice = it.lab.user(ALICE);
    alice.get(&it.settings).refuses(403, "InsufficientPrivileges");
    for (role, status) in [("Viewer", 403), ("Member", 403), ("Admin", 200)] {
        it.lab.assign_role(&it.workspace, ALICE, role);
        alice.get(&it.settings).is(200);
        alice.get(&it.pools).is(200);
        alice.patch(&it.settings, json!({})).is(status);
        alice.patch(&format!("{}/{id}", it.pools), json!({})).is(status);
        it.lab.delete(&format!("{}/roleAssignments/{ALICE}", it.workspace)).is(200);
    }
}

#[test]
fn there_are_no_livy_sessions() {
    let it = Spark::new();
    let empty = json!({"value": []});
    assert_eq!(it.lab.get(&format!("{}/spark/livySessions", it.workspace)).is(200).body(), empty);
    it.lab.post(&format!("{}/sparkJobDefinitions", it.workspace), json!({"displayName": "s"})).succeeds();
    it.lab.advance(60.0);
    let jobs = format!("{}/sparkJobDefinitions", it.workspace);
    let job = it.lab.get(&jobs).body()["value"][0]["id"].as_str().unwrap().to_owned();
    let sessions = format!("{jobs}/{job}/livySessions");
    assert_eq!(it.lab.get(&sessions).is(200).body(), empty);
    it.lab.get(&format!("{sessions}/{MISSING}")).refuses(404, "EntityNotFound");
    it.lab.get(&format!("{}/notebooks/{job}/livySessions", it.workspace)).refuses(404, "EntityNotFound");
}

#[test]
fn capacity_configuration_follows_the_documented_rules() {
    let lab = Lab::unthrottled();
    let id = lab.get("/v1/capacities").body()["value"][0]["id"].as_str().unwrap().to_owned();
    let check = |part: &str, steps: &[(Value, Option<Value>)]| {
        let path = format!("/v1/capacities/{id}/{part}");
        for (change, expected) in steps {
            let before = lab.get(&path).is(200).body();
            match expected {
                Some(expected) => assert_eq!(&lab.patch(&path, change.clone()).is(200).body(), expected, "{change}"),
                None => drop(lab.patch(&path, change.clone()).refuses(400, "InvalidInput")),
            }
            assert_eq!(lab.get(&path).body(), *expected.as_ref().unwrap_or(&before), "{change}");
        }
    };
    let overage = |state: &str, hours: u32| json!({"state": state, "thresholdCapacityUnitHours": hours});
    check(
        "overageConfiguration",
        &[
            (json!({}), Some(overage("Disabled", 0))),
            (overage("Enabled", 240_001), None),
            (overage("Enabled", 240_000), Some(overage("Enabled", 240_000))),
            (json!({"state": "Sometimes"}), None),
            (json!({"thresholdCapacityUnitHours": 0}), Some(overage("Disabled", 0))),
            (overage("Enabled", 5), Some(overage("Enabled", 5))),
            (json!({"state": "Disabled"}), Some(overage("Disabled", 0))),
        ],
    );
    let surge = |rejection: u32, recovery: u32| json!({"state": "Enabled", "rejectionThreshold": rejection, "recoveryThreshold": recovery});
    check(
        "surgeProtection",
        &[
            (json!({}), Some(json!({"state": "Disabled"}))),
            (json!({"state": "Enabled"}), None),
            (surge(101, 50), None),
            (surge(14, 10), None),
            (surge(80, 80), None),
            (surge(80, 5), None),
            (surge(80, 6), Some(surge(80, 6))),
            (json!({"recoveryThreshold": 70}), Some(surge(80, 70))),
            (json!({"state": "Disabled"}), Some(json!({"state": "Disabled"}))),
        ],
    );
    let spark = |starter: &str| json!({"workspaceCustomPoolsSupport": "Enabled", "workspaceStarterPoolStatus": starter, "jobBurstSupport": "Enabled"});
    check(
        "spark/settings?beta=true",
        &[
            (json!({}), Some(spark("Enabled"))),
            (json!({"workspaceStarterPoolStatus": "Disabled"}), Some(spark("Disabled"))),
            (json!({"jobBurstSupport": true}), None),
        ],
    );
    lab.get(&format!("/v1/capacities/{id}/spark/settings")).refuses(400, "InvalidParameter");
    lab.get(&format!("/v1/capacities/{MISSING}/surgeProtection")).refuses(404, "CapacityNotFound");
}

#[test]
fn capacity_pools_can_be_the_default_of_workspaces() {
    let it = Spark::new();
    let capacity = it.lab.get(&it.workspace).body()["capacityId"].as_str().unwrap().to_owned();
    let pools = format!("/v1/capacities/{capacity}/spark/pools");
    let created = it.lab.post(&format!("{pools}?beta=true"), pool("shared")).is(201);
    assert_eq!(created.body()["type"], "Capacity");
    it.lab.post(&format!("{pools}?beta=true"), pool("Shared")).refuses(409, "EntityConflict");
    let listed = it.lab.get(&format!("{pools}?beta=true")).is(200).body();
    assert_eq!(listed, json!({"value": [created.body()]}));
    let one = format!("{pools}/{}?beta=true", created.id());
    assert_eq!(it.lab.patch(&one, json!({"nodeSize": "Large"})).is(200).body(), it.lab.get(&one).is(200).body());
    let choice = json!({"pool": {"defaultPool": {"name": "shared", "type": "Capacity"}}});
    let default = it.lab.patch(&it.settings, choice).is(200).body()["pool"]["defaultPool"].clone();
    assert_eq!(default, json!({"name": "shared", "type": "Capacity", "id": created.id()}));
    it.lab.delete(&one).is(200);
    it.lab.get(&one).refuses(404, "EntityNotFound");
    assert_eq!(it.lab.get(&it.settings).body()["pool"]["defaultPool"]["name"], "Starter Pool");
}
