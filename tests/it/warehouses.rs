//! Warehouses: restore points, audit settings, connection string and SQL pools.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply};

const HOUR: f64 = 3_600.0;

struct Warehouse {
    lab: Lab,
    workspace: String,
    path: String,
    points: String,
}

impl Warehouse {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        let id = lab.post(&format!("{workspace}/warehouses"), json!({"displayName": "w"})).is(201).id();
        let path = format!("{workspace}/warehouses/{id}");
        Self { points: format!("{path}/restorePoints"), lab, workspace, path }
    }

    /// Creates a restore point, and returns its body.
    fn create(&self, name: &str) -> Value {
        let started = self.lab.post(&self.points, json!({"displayName": name, "description": "d"})).is(202);
        self.lab.result(&started).is(200).body()
    }

    fn names(&self) -> Vec<String> {
        let points = self.lab.get(&self.points).is(200).body()["value"].clone();
        points.as_array().unwrap().iter().map(|point| point["displayName"].as_str().unwrap().to_owned()).collect()
    }

    fn point(&self, point: &Value) -> String {
        format!("{}/{}", self.points, point["id"].as_str().unwrap())
    }

    fn restore(&self, point: &Value) -> Reply {
        self.lab.post_empty(&format!("{}/restore", self.point(point)))
    }
}

#[test]
fn restore_point_is_created_updated_and_deleted() {
    let it = Warehouse::new();
    assert_eq!(it.lab.get(&it.points).is(200).body(), json!({"value": []}));
    let point = it.create("one");
    assert_eq!((&point["displayName"], &point["description"]), (&json!("one"), &json!("d")));
    assert_eq!(
        (&point["creationMode"], &point["creationDetails"]["eventInitiator"]["type"]),
        (&json!("UserDefined"), &json!("User"))
    );
    let at = point["creationDetails"]["eventDateTime"].as_str().unwrap();
    assert_eq!(at.len(), "2026-07-01T19:19:18Z".len());
    let path = it.point(&point);
    assert_eq!(it.lab.get(&path).is(200).body(), point);
    let updated = it.lab.patch(&path, json!({"displayName": "two"})).is(200).body();
    assert_eq!(
        (&updated["displayName"], &updated["description"], &updated["id"]),
        (&json!("two"), &json!("d"), &point["id"])
    );
    assert_eq!(it.names(), ["two"]);
    it.lab.delete(&path).is(200);
    it.lab.get(&path).refuses(404, "EntityNotFound");
    it.lab.delete(&path).refuses(404, "EntityNotFound");
    let started = it.lab.post_empty(&it.points).is(202);
    assert_eq!(it.lab.result(&started).body()["displayName"], "Restore point");
}

#[test]
fn restore_point_exists_once_its_operation_succeeds() {
    let it = Warehouse::new();
    it.lab.post(&it.points, json!({"displayName": "one"})).is(202);
    assert_eq!(it.names(), [""; 0]);
    it.lab.post(&it.points, json!({"displayName": "two"})).refuses(400, "OperationNotAllowedInCurrentStatus");
    it.lab.advance(60.0);
    assert_eq!(it.names(), ["one"]);
}

#[test]
fn restore_points_are_validated() {
    let it = Warehouse::new();
    let point = it.create("one");
    for body in [
        json!({"displayName": ""}),
        json!({"displayName": "x".repeat(129)}),
        json!({"description": "x".repeat(513)}),
        json!({"displayName": 1}),
    ] {
        it.lab.post(&it.points, body.clone()).refuses(400, "InvalidInput");
        it.lab.patch(&it.point(&point), body).refuses(400, "InvalidInput");
    }
    for id in ["0", "x", MISSING] {
        it.lab.get(&format!("{}/{id}", it.points)).refuses(404, "EntityNotFound");
    }
    assert_eq!(it.lab.get(&it.points).body()["value"], json!([point]));
    it.lab.set_capacity("Inactive");
    it.lab.post(&it.points, json!({})).refuses(404, "CapacityNotActive");
    it.restore(&point).refuses(404, "CapacityNotActive");
}

#[test]
fn service_creates_restore_points_every_eight_hours_and_keeps_them_for_thirty_days() {
    let it = Warehouse::new();
    it.lab.advance(7.9 * HOUR);
    assert_eq!(it.names(), [""; 0]);
    it.lab.advance(0.2 * HOUR);
    let system = it.lab.get(&it.points).body()["value"][0].clone();
    assert_eq!((&system["creationMode"], &system["displayName"]), (&json!("SystemCreated"), &json!("Restore point")));
    assert_eq!(system["creationDetails"].as_object().unwrap().keys().collect::<Vec<_>>(), ["eventDateTime"]);
    it.lab.delete(&it.point(&system)).refuses(400, "InvalidRequest");
    it.lab.patch(&it.point(&system), json!({"displayName": "x"})).refuses(400, "InvalidRequest");
    it.restore(&system).is(202);
    it.create("mine");
    it.lab.advance(24.0 * HOUR);
    assert_eq!(it.names(), ["Restore point", "mine", "Restore point", "Restore point", "Restore point"]);
    it.lab.advance(30.0 * 24.0 * HOUR);
    assert_eq!(it.names().len(), 90);
    assert!(!it.names().contains(&"mine".to_owned()));
    it.lab.get(&it.point(&system)).refuses(404, "EntityNotFound");
}

#[test]
fn restore_points_are_paged() {
    let it = Warehouse::new();
    let names: Vec<String> = (0..5).map(|n| format!("p{n}")).collect();
    names.iter().for_each(|name| drop(it.create(name)));
    it.lab.settings(json!({"pageSize": 2}));
    let (mut path, mut seen) = (it.points.clone(), Vec::new());
    loop {
        let page = it.lab.get(&path).is(200).body();
        seen.extend(
            page["value"].as_array().unwrap().iter().map(|point| point["displayName"].as_str().unwrap().to_owned()),
        );
        let Some(token) = page["continuationToken"].as_str() else { break };
        path = format!("{}?continuationToken={token}", it.points);
    }
    assert_eq!(seen, names);
}

#[test]
fn restore_in_place_is_one_at_a_time() {
    let it = Warehouse::new();
    let point = it.create("one");
    let started = it.restore(&point).is(202);
    it.restore(&point).refuses(400, "OperationNotAllowedInCurrentStatus");
    it.lab.advance(300.0);
    let operation = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    assert_eq!(it.lab.get(&operation).is(200).body()["status"], "Succeeded");
    it.lab.get(&format!("{operation}/result")).refuses(400, "OperationHasNoResult");
    it.restore(&point).is(202);
    assert_eq!(it.names(), ["one"]);
}

#[test]
fn failed_operation_creates_no_restore_point() {
    let it = Warehouse::new();
    let fault = json!({"match": {"operation": "RestorePoints_CreateRestorePoint"}, "when": {"times": 1},
        "effect": {"operation": {"status": "Failed"}}});
    it.lab.post("/_emulator/faults", fault).is(201);
    it.lab.post(&it.points, json!({"displayName": "one"})).is(202);
    it.lab.advance(60.0);
    assert_eq!(it.names(), [""; 0]);
    it.create("two");
    assert_eq!(it.names(), ["two"]);
}

#[test]
fn warehouse_has_audit_settings_and_connection_string() {
    let it = Warehouse::new();
    let host = it.lab.get(&it.path).body()["properties"]["connectionString"].clone();
    let path = format!("{}/connectionString", it.path);
    assert_eq!(it.lab.get(&path).is(200).body(), json!({"connectionString": host}));
    it.lab.get(&format!("{path}?guestTenantId=x")).refuses(400, "InvalidGuestTenantId");
    let audit = format!("{}/settings/sqlAudit", it.path);
    let before = it.lab.get(&audit).is(200).body();
    assert_eq!((&before["state"], &before["retentionDays"]), (&json!("Disabled"), &json!(0)));
    let change = json!({"state": "Enabled", "retentionDays": 10, "predicateExpression": "a = 1"});
    let changed = it.lab.patch(&audit, change).is(200).body();
    assert_eq!((&changed["state"], &changed["predicateExpression"]), (&json!("Enabled"), &json!("a = 1")));
    it.lab.post(&format!("{audit}/setAuditActionsAndGroups"), json!(["DATABASE_OBJECT_ACCESS_GROUP"])).is(200);
    assert_eq!(it.lab.get(&audit).body()["auditActionsAndGroups"], json!(["DATABASE_OBJECT_ACCESS_GROUP"]));
    it.lab.patch(&audit, json!({"retentionDays": 4_000})).refuses(400, "InvalidInput");
    assert_eq!(it.lab.get(&audit).body()["retentionDays"], 10);
}

#[test]
fn warehouses_are_read_by_viewers_and_restored_by_admins() {
    let it = Warehouse::new();
    let point = it.create("one");
    it.lab.add_principals(&[(ALICE, "User")]);
    let alice = it.lab.user(ALICE);
    alice.get(&it.points).refuses(404, "EntityNotFound");
    for (role, write, admin) in [("Viewer", 403, 403), ("Contributor", 200, 403), ("Admin", 200, 202)] {
        it.lab.assign_role(&it.workspace, ALICE, role);
        alice.get(&it.points).is(200);
        alice.patch(&it.point(&point), json!({})).is(write);
        alice.post_empty(&format!("{}/restore", it.point(&point))).is(admin);
        alice.get(&format!("{}/warehouses/sqlPoolsConfiguration", it.workspace)).is(if admin == 202 {
            200
        } else {
            403
        });
        it.lab.delete(&format!("{}/roleAssignments/{ALICE}", it.workspace)).is(200);
    }
}

#[test]
fn sql_pools_follow_the_documented_rules() {
    let it = Warehouse::new();
    let path = format!("{}/warehouses/sqlPoolsConfiguration", it.workspace);
    assert_eq!(it.lab.get(&path).is(200).body(), json!({"customSQLPoolsEnabled": false, "customSQLPools": []}));
    let pool = |name: &str, share: u32, is_default: bool| json!({"name": name, "isDefault": is_default, "maxResourcePercentage": share, "optimizeForReads": true});
    let mut etl = pool("ETL", 30, false);
    etl["classifier"] = json!({"type": "Application Name", "value": ["a", "b"]});
    let pools = json!({"customSQLPoolsEnabled": true, "customSQLPools": [etl, pool("rest", 70, true)]});
    assert_eq!(it.lab.patch(&path, pools.clone()).is(200).text(), "");
    assert_eq!(it.lab.get(&format!("{path}?beta=true")).is(200).body(), pools);
    for list in [
        json!([pool("a", 60, false), pool("b", 41, false)]),
        json!([pool("a", 10, true), pool("b", 10, true)]),
        json!([pool("a", 10, false), pool("A", 10, false)]),
        json!([pool("a", 0, false)]),
        json!([pool("a", 101, false)]),
        json!([pool("", 1, false)]),
        json!([{"name": "a"}]),
        json!([{"name": "a", "maxResourcePercentage": 1, "classifier": {"type": "Weekday", "value": []}}]),
        (0..33).map(|n| pool(&format!("p{n}"), 1, false)).collect(),
    ] {
        it.lab.patch(&path, json!({"customSQLPools": list})).refuses(400, "InvalidInput");
    }
    assert_eq!(it.lab.get(&path).body(), pools);
    it.lab.patch(&path, json!({"customSQLPoolsEnabled": false})).is(200);
    assert_eq!(it.lab.get(&path).body()["customSQLPools"], pools["customSQLPools"], "disabled pools are preserved");
    it.lab.patch(&path, json!({"customSQLPools": []})).is(200);
    assert_eq!(it.lab.get(&path).body()["customSQLPools"], json!([]));
}
