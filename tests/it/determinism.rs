//! Determinism: the same seed, clock and requests give the same bytes. Calls that only look change nothing.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{BOB, Lab, block_on, definition, open_mirror, sql_mirror};

/// The tenant that the script forks from the default tenant.
const TWIN: &str = "00000000-0000-4000-9000-000000000007";

/// Calls that only look, in the default tenant and in one that does not exist. Some of them are rejected.
const LOOKS: &[(&str, &str, &str)] = &[
    ("GET", "/health", ""),
    ("GET", "/ca.pem", ""),
    ("GET", "/settings", ""),
    ("GET", "/clock", ""),
    ("GET", "/principals", ""),
    ("GET", "/tags", ""),
    ("GET", "/sources/00000000-1111-4222-8333-444444444444", ""),
    ("GET", "/trouble", ""),
    ("GET", "/trouble/causes", ""),
    ("GET", "/tenants", ""),
    ("GET", "/snapshot", ""),
    ("GET", "/faults", ""),
    ("GET", "/faults/none", ""),
    ("POST", "/faults/dry-run", r#"{"effect": {"throttle": {"retryAfter": 1}}}"#),
    ("GET", "/timeline", ""),
    ("GET", "/journal", ""),
    ("GET", "/coverage", ""),
    ("GET", "/nothing", ""),
    ("PATCH", "/settings", r#"{"pageSize": 0}"#),
    ("GET", "/clock?tenant=other", ""),
    ("GET", "/settings?tenant=*", ""),
];

/// A run of the script, and what its clients see.
struct Run {
    lab: Lab,
    looks: bool,
    seen: Vec<String>,
}

impl Run {
    fn look(&self) {
        if !self.looks {
            return;
        }
        for (method, path, body) in LOOKS {
            self.lab.send(method, &format!("/_emulator{path}"), &[], *body);
        }
        let events = Request::get("/_emulator/events").header("host", "localhost").body(Body::empty()).unwrap();
        drop(block_on(specularite::router(self.lab.emulator.clone()).oneshot(events)));
    }

    fn send(&mut self, lab: &Lab, method: &str, path: &str, body: &Value) -> Value {
        self.look();
        let reply = if body.is_null() { lab.send(method, path, &[], "") } else { lab.json(method, path, body) };
        self.seen.push(format!("{method} {path}\n{}", reply.whole()));
        serde_json::from_slice(&reply.bytes).unwrap_or_default()
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let lab = self.lab.in_tenant(&self.lab.emulator.default_tenant().id().to_string());
        self.send(&lab, method, path, body)
    }

    /// Calls the control interface, which must accept the call. The answers of the control interface are not compared:
    /// their request ids have a counter of their own.
    fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        self.look();
        self.lab.json(method, path, body).succeeds().body()
    }

    fn fault(&self, rule: &Value) {
        self.control("POST", "/_emulator/faults", rule);
    }

    fn jump(&self, seconds: f64) {
        self.control("POST", "/_emulator/clock/advance", &json!({"seconds": seconds}));
    }

    /// Creates a workspace, and a running mirror of a declared source. Returns the paths of both, and the connection.
    fn mirror(&mut self) -> (String, String, String) {
        let capacity = self.call("GET", "/v1/capacities", &Value::Null)["value"][0]["id"].clone();
        let created = self.call("POST", "/v1/workspaces", &json!({"displayName": "w", "capacityId": capacity}));
        let workspace = format!("/v1/workspaces/{}", created["id"].as_str().unwrap());
        let connection = self.call("POST", "/v1/connections", &crate::harness::sql_connection("sql"));
        let connection = connection["id"].as_str().unwrap().to_owned();
        let table =
            |name: &str, rows: u64| json!({"schemaName": "dbo", "tableName": name, "rows": rows, "rowsPerSecond": 3});
        let tables = json!({"tables": [table("Orders", 600_000), table("Customers", 100)], "idleBackoff": true});
        self.control("PUT", &format!("/_emulator/sources/{connection}"), &tables);
        let definition = definition(&sql_mirror(&connection, None).to_string());
        let body = json!({"displayName": "shop", "definition": definition});
        let created = self.call("POST", &format!("{workspace}/mirroredDatabases"), &body);
        let mirror = format!("{workspace}/mirroredDatabases/{}", created["id"].as_str().unwrap());
        self.jump(60.0);
        self.call("POST", &format!("{mirror}/startMirroring"), &Value::Null);
        (workspace, mirror, connection)
    }

    fn statuses(&mut self, mirror: &str) {
        self.call("POST", &format!("{mirror}/getMirroringStatus"), &Value::Null);
        self.call("POST", &format!("{mirror}/getTablesMirroringStatus"), &Value::Null);
    }

    /// Faults by chance, with delays, from the past, and in operations.
    fn faults(&mut self, workspace: &str) {
        let unavailable = json!({"status": 503, "errorCode": "ServiceUnavailable"});
        let matches = json!({"operation": "Items_ListItems"});
        let delay = json!({"minSeconds": 0, "maxSeconds": 0});
        self.fault(
            &json!({"match": matches, "when": {"probability": 0.3}, "effect": {"answer": unavailable, "delay": delay}}),
        );
        (0..20).for_each(|_| drop(self.call("GET", &format!("{workspace}/items"), &Value::Null)));
        self.fault(&json!({"match": {"operation": "Workspaces_ListWorkspaces"}, "effect": {"staleSeconds": 30}}));
        self.call("POST", "/v1/workspaces", &json!({"displayName": "new"}));
        self.call("GET", "/v1/workspaces", &Value::Null);
        let failed = json!({"status": "Failed", "error": {"errorCode": "InternalServerError", "message": "No."}});
        self.fault(&json!({"match": {"request": {"displayName": "failing"}}, "effect": {"operation": failed}}));
        for name in ["failing", "good"] {
            let databases = format!("{workspace}/sqlDatabases");
            self.call("POST", &databases, &json!({"displayName": name}));
            let started = self.seen.last().unwrap();
            let id = started.lines().find_map(|line| line.strip_prefix("x-ms-operation-id: ")).unwrap().to_owned();
            self.call("GET", &format!("/v1/operations/{id}"), &Value::Null);
            self.jump(3_600.0);
            self.call("GET", &format!("/v1/operations/{id}"), &Value::Null);
            self.call("GET", &format!("/v1/operations/{id}/result"), &Value::Null);
            self.call("GET", &databases, &Value::Null);
        }
        self.control("DELETE", "/_emulator/faults", &json!({}));
    }

    fn trouble(&mut self, mirror: &str, connection: &str) {
        let target = json!({"source": connection, "table": {"schemaName": "dbo", "tableName": "Orders"}});
        let plan = |body: Value| self.control("POST", "/_emulator/trouble", &body);
        plan(
            json!({"target": {"source": connection}, "kind": "unreachable", "starts": {"after": 900}, "ends": {"after": 600}}),
        );
        plan(json!({"target": target, "kind": "reseed"}));
        plan(json!({"target": {"item": mirror.rsplit('/').next().unwrap()}, "cause": "changeVolumeThrottled"}));
        for seconds in [30.0, 600.0, 86_400.0, 2_592_000.0] {
            self.jump(seconds);
            self.statuses(mirror);
        }
    }

    /// Rejections, limits, other callers, and requests of the page.
    fn requests(&mut self, workspace: &str) {
        for (method, path, body) in [
            ("GET", "/v1/nothing".to_owned(), Value::Null),
            ("PUT", "/v1/workspaces".to_owned(), json!({})),
            ("POST", "/v1/workspaces".to_owned(), json!({"displayName": 1})),
            ("POST", format!("{workspace}/lakehouses"), json!({"displayName": "lake"})),
            ("GET", format!("{workspace}/items"), Value::Null),
            ("GET", "/v1/workspaces?tenant=x".to_owned(), Value::Null),
        ] {
            self.call(method, &path, &body);
        }
        (0..15).for_each(|_| drop(self.call("GET", "/v1/connections", &Value::Null)));
        let stranger = self.lab.user(BOB);
        self.send(&stranger, "GET", workspace, &Value::Null);
        self.send(&stranger, "POST", "/v1/workspaces", &json!({"displayName": "of Bob"}));
        self.look();
        let page = [("x-specularite-page", "1"), ("authorization", "")];
        let reply = self.lab.send("POST", "/v1/workspaces", &page, r#"{"displayName": "of the page"}"#);
        self.seen.push(reply.whole());
    }

    /// A fork and its original go their own ways; then the tenant is restored from a snapshot.
    fn forks(&mut self, mirror: &str) {
        let snapshot = self.control("GET", "/_emulator/snapshot", &Value::Null);
        let default = self.lab.emulator.default_tenant().id();
        self.control("POST", &format!("/_emulator/tenants/{default}/fork"), &json!({"as": TWIN}));
        let twin = self.lab.in_tenant(TWIN);
        self.send(&twin, "POST", &format!("{mirror}/stopMirroring"), &Value::Null);
        twin.post("/_emulator/clock/advance", json!({"seconds": 60})).is(200);
        self.send(&twin, "POST", &format!("{mirror}/getMirroringStatus"), &Value::Null);
        self.statuses(mirror);
        self.call("POST", "/v1/workspaces", &json!({"displayName": "after the fork"}));
        self.control("PUT", "/_emulator/snapshot", &snapshot);
        self.call("POST", "/v1/workspaces", &json!({"displayName": "after the snapshot"}));
        self.statuses(mirror);
    }

    fn script(&mut self) {
        let (workspace, mirror, connection) = self.mirror();
        self.jump(300.0);
        self.statuses(&mirror);
        self.call(
            "POST",
            &format!("{workspace}/mirroredDatabases"),
            &json!({"displayName": "open",
            "definition": definition(&open_mirror().to_string())}),
        );
        self.faults(&workspace);
        self.trouble(&mirror, &connection);
        self.requests(&workspace);
        self.control("POST", "/_emulator/clock", &json!({"mode": "stepped", "step": 5}));
        self.statuses(&mirror);
        self.control("POST", "/_emulator/clock", &json!({"mode": "manual"}));
        self.journal();
        self.forks(&mirror);
        self.journal();
    }

    fn journal(&mut self) {
        self.seen.push(self.lab.get("/_emulator/journal?timing=off").is(200).text());
    }
}

/// Runs the script in a new emulator, or in the one of another run after a reset.
fn run(looks: bool, after: Option<Lab>) -> Run {
    let lab = after.unwrap_or_else(Lab::new);
    let mut run = Run { lab, looks, seen: Vec::new() };
    run.script();
    run
}

#[track_caller]
fn assert_same(one: &[String], other: &[String]) {
    for (number, (one, other)) in one.iter().zip(other).enumerate() {
        assert_eq!(one, other, "answer {number}");
    }
    assert_eq!(one.len(), other.len());
}

#[test]
fn same_requests_get_the_same_bytes() {
    let first = run(false, None);
    let text = first.seen.concat();
    for expected in ["503 Service", "429 Too", "404 Not", "\"Reseeding\"", "\"Failed\"", "202 Accepted", "\"page\""] {
        assert!(text.contains(expected), "the script leads to {expected}");
    }
    assert_same(&run(false, None).seen, &first.seen);
    let Run { lab, seen, .. } = first;
    lab.post_empty("/_emulator/reset?tenant=*").is(200);
    lab.settings(json!({"pace": "realistic"}));
    lab.post("/_emulator/clock", json!({"mode": "manual", "now": "2031-02-03T04:05:06Z"})).is(200);
    assert_same(&run(false, Some(lab)).seen, &seen);
}

#[test]
fn calls_that_only_look_change_no_byte_of_later_answers() {
    assert_same(&run(true, None).seen, &run(false, None).seen);
}
