//! Faults: rules that change the answers to chosen requests.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use specularite::server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::harness::{ALICE, BOB, ENTRA, Lab, MISSING, Reply, open_mirror, part};

const FAULTS: &str = "/_emulator/faults";

/// An effect that strikes visibly.
fn down() -> Value {
    json!({"answer": {"status": 503, "errorCode": "ServiceUnavailable", "message": "down"}})
}

/// Adds a rule and returns its path.
#[track_caller]
fn add(lab: &Lab, rule: Value) -> String {
    format!("{FAULTS}/{}", lab.post(FAULTS, rule).is(201).id())
}

/// The matched and struck requests of a rule.
fn counts(lab: &Lab, fault: &str) -> (u64, u64) {
    let shown = lab.get(fault).is(200).body();
    (shown["matched"].as_u64().unwrap(), shown["struck"].as_u64().unwrap())
}

/// The message that names the member of a refused rule.
#[track_caller]
fn refusal(reply: Reply) -> String {
    reply.refuses(400, "InvalidInput").body()["moreDetails"][0]["message"].as_str().unwrap().to_owned()
}

#[test]
fn fault_is_shown_as_given_with_its_counters() {
    let lab = Lab::new();
    let given = json!({
        "name": "lists", "match": {"operation": "capacities_*", "query": {"a": "*"}}, "when": {"times": 1, "probability": 1.0},
        "effect": {"answer": {"status": 503, "body": {"b": [null]}}, "headers": {"Date": null}},
    });
    let fault = add(&lab, given.clone());
    let mut expected = given;
    let id = fault.rsplit('/').next().unwrap();
    for (name, value) in [
        ("id", json!(id)),
        ("enabled", json!(true)),
        ("matched", json!(0)),
        ("struck", json!(0)),
        ("lastStruck", json!(null)),
        ("exhausted", json!(false)),
    ] {
        expected[name] = value;
    }
    assert_eq!(lab.get(&fault).body(), expected);
    lab.get("/v1/capacities?a=1").is(503);
    lab.get("/v1/capacities?a=1").is(200);
    for (name, value) in [
        ("matched", json!(2)),
        ("struck", json!(1)),
        ("lastStruck", json!("2031-02-03T04:05:06.0000000Z")),
        ("exhausted", json!(true)),
    ] {
        expected[name] = value;
    }
    assert_eq!(lab.get(FAULTS).body(), json!({"value": [expected]}));
}

#[test]
fn fault_is_switched_and_deleted() {
    let lab = Lab::new();
    let (first, second) = (add(&lab, json!({"effect": down()})), add(&lab, json!({"effect": down()})));
    let switched = lab.patch(&first, json!({"enabled": false})).is(200).body();
    assert_eq!((&switched["enabled"], &switched["matched"]), (&json!(false), &json!(0)));
    lab.get("/v1/capacities").is(503);
    assert_eq!((counts(&lab, &first), counts(&lab, &second)), ((0, 0), (1, 1)));
    lab.delete(&second).is(200);
    lab.get("/v1/capacities").is(200);
    lab.patch(&first, json!({"enabled": true})).is(200);
    lab.get("/v1/capacities").is(503);
    let tenant = lab.emulator.default_tenant();
    assert!(tenant.replays());
    lab.delete(FAULTS).is(200);
    lab.get("/v1/capacities").is(200);
    assert_eq!(lab.get(FAULTS).body(), json!({"value": []}));
    for gone in [&second, &format!("{FAULTS}/nope"), &format!("{FAULTS}/{MISSING}")] {
        lab.get(gone).refuses(404, "EntityNotFound");
        lab.patch(gone, json!({"enabled": true})).refuses(404, "EntityNotFound");
        lab.delete(gone).refuses(404, "EntityNotFound");
    }
    lab.patch(&add(&lab, json!({"effect": down()})), json!({"enabled": true, "name": "x"})).is(400);
}

#[test]
fn fault_matches_every_member_that_is_given() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let item = lab.create(&workspace, "a", &open_mirror()).is(201).id();
    let workspace_id = workspace.rsplit('/').next().unwrap().to_owned();
    let alice = lab.user(ALICE);
    let body = json!({"displayName": "Sales 1", "description": "d", "members": [{"a": 1, "b": 2}]});
    let requests: [(&str, &dyn Fn() -> Reply); 6] = [
        ("list", &|| lab.get(&format!("{workspace}/items?type=MirroredDatabase&recursive=true"))),
        ("get", &|| lab.get(&format!("{workspace}/mirroredDatabases/{item}"))),
        ("alice", &|| alice.get("/v1/capacities")),
        ("post", &|| lab.post("/v1/workspaces", body.clone())),
        ("unknown", &|| lab.get("/v1/no/such")),
        ("token", &|| lab.form("/common/oauth2/v2.0/token", &[("grant_type", "x")])),
    ];
    let check = |matches: Value, expected: &[&str]| {
        let fault = add(&lab, json!({"match": matches, "effect": down()}));
        let struck: Vec<&str> =
            requests.iter().filter(|(_, send)| send().status == 503).map(|(name, _)| *name).collect();
        assert_eq!(struck, expected, "{matches}");
        assert_eq!(counts(&lab, &fault), (expected.len() as u64, expected.len() as u64));
        lab.delete(&fault).is(200);
    };
    check(json!({}), &["list", "get", "alice", "post", "unknown", "token"]);
    check(json!({"operation": "Items_*"}), &["list", "get"]);
    check(json!({"operation": "items_listitems"}), &["list"]);
    check(json!({"operation": "Entra_Token"}), &["token"]);
    check(json!({"method": "post"}), &["post", "token"]);
    check(json!({"path": "/v1/workspaces/*/ITEMS"}), &["list"]);
    check(json!({"path": "*no*"}), &["unknown"]);
    check(json!({"query": {"type": "mirrored*", "RECURSIVE": "true"}}), &["list"]);
    check(json!({"query": {"type": "*", "absent": "*"}}), &[]);
    check(json!({"principal": ALICE.to_uppercase()}), &["alice"]);
    check(json!({"principal": "page"}), &[]);
    check(json!({"workspace": workspace_id}), &["list", "get"]);
    check(json!({"item": item, "workspace": "*"}), &["get"]);
    check(json!({"request": {"displayName": "sales *"}}), &["post"]);
    check(json!({"request": {"members": [{"b": 2}]}}), &["post"]);
    check(json!({"request": {"members": [{"b": 3}]}}), &[]);
    check(json!({"request": {"members": []}}), &[]);
    check(json!({"request": {}}), &["post"]);
    check(json!({"method": "GET", "operation": "Workspaces_CreateWorkspace"}), &[]);
}

#[test]
fn fault_matches_principal_by_app_id_of_token_and_directory() {
    let lab = Lab::new();
    let app = lab.by(BOB, "app");
    add(&lab, json!({"match": {"principal": "11111111-2222-*"}, "effect": down()}));
    app.get("/v1/capacities").is(200);
    let details = json!({"aadAppId": "11111111-2222-4333-8444-555555555555"});
    let entry = json!({"id": BOB, "type": "ServicePrincipal", "displayName": "b", "servicePrincipalDetails": details});
    lab.put("/_emulator/principals", json!({"value": [entry]})).is(200);
    app.get("/v1/capacities").is(503);
}

#[test]
fn fault_strikes_by_skip_every_times_and_instants() {
    let check = |when: Value, expected: &str| {
        let lab = Lab::new();
        let fault = add(&lab, json!({"match": {"path": "/v1/capacities"}, "when": when, "effect": down()}));
        let strike = |_| {
            let struck = lab.get("/v1/capacities").status == 503;
            lab.advance(1.0);
            if struck { 'x' } else { '.' }
        };
        assert_eq!((0..8).map(strike).collect::<String>(), expected, "{when}");
        let (_, struck) = counts(&lab, &fault);
        assert_eq!(struck, expected.matches('x').count() as u64);
        lab.get(&fault).is(200).body()["exhausted"].as_bool().unwrap()
    };
    assert!(!check(json!({}), "xxxxxxxx"));
    assert!(!check(json!({"skip": 2}), "..xxxxxx"));
    assert!(check(json!({"times": 3}), "xxx....."));
    assert!(check(json!({"skip": 1, "times": 2, "every": 3}), ".x..x..."));
    assert!(!check(json!({"probability": 0}), "........"));
    assert!(!check(json!({"probability": 1}), "xxxxxxxx"));
    assert!(!check(json!({"from": "2031-02-03T04:05:08Z"}), "..xxxxxx"));
    assert!(check(json!({"until": "2031-02-03T04:05:08Z"}), "xx......"));
    assert!(check(json!({"from": "2031-02-03T04:05:07Z", "until": "2031-02-03T04:05:11Z", "every": 2}), ".x.x...."));
}

#[test]
fn fault_probability_repeats_after_a_reset_and_differs_by_seed() {
    let strikes = |lab: &Lab| {
        add(lab, json!({"match": {"path": "/v1/capacities"}, "when": {"probability": 0.5}, "effect": down()}));
        (0..40).map(|_| lab.get("/v1/capacities").status == 503).collect::<Vec<_>>()
    };
    let lab = Lab::unthrottled();
    let first = strikes(&lab);
    assert!(first.contains(&true) && first.contains(&false));
    let ids = lab.get(FAULTS).body()["value"][0]["id"].clone();
    lab.post_empty("/_emulator/reset").is(200);
    assert_eq!(lab.get(FAULTS).body(), json!({"value": []}));
    lab.settings(json!({"throttle": "off"}));
    assert_eq!(strikes(&lab), first);
    assert_eq!(lab.get(FAULTS).body()["value"][0]["id"], ids);
    let other = Lab::seeded(8);
    other.settings(json!({"throttle": "off"}));
    assert_ne!(strikes(&other), first);
}

#[test]
fn oldest_due_fault_strikes_and_all_count() {
    let lab = Lab::new();
    let of = |status: u16, when: Value| json!({"when": when, "effect": {"answer": {"status": status}}});
    let first = add(&lab, of(500, json!({"every": 2})));
    let stale = add(&lab, json!({"match": {"method": "DELETE"}, "effect": {"staleSeconds": 1}}));
    let second = add(&lab, of(501, json!({"times": 1})));
    let statuses: Vec<u16> = (0..4).map(|_| lab.get("/v1/capacities").status.as_u16()).collect();
    assert_eq!(statuses, [500, 501, 500, 200]);
    lab.delete(&format!("/v1/workspaces/{MISSING}")).is(500);
    assert_eq!((counts(&lab, &first), counts(&lab, &second), counts(&lab, &stale)), ((5, 3), (5, 1), (1, 0)));
}

#[test]
fn fault_belongs_to_one_tenant_and_never_strikes_the_control_interface() {
    let lab = Lab::new();
    lab.post(&format!("{FAULTS}?tenant=other"), json!({"match": {"path": "*"}, "effect": down()})).is(201);
    lab.get("/v1/capacities").is(200);
    lab.get("/_emulator/clock?tenant=other").is(200);
    let token =
        |tenant: &str| lab.form(&format!("/{tenant}/oauth2/v2.0/token"), &[("grant_type", "x")]).status.as_u16();
    assert_eq!((token("other"), token("common"), token("organizations")), (503, 400, 400));
    lab.post(&format!("{FAULTS}?tenant=*"), json!({"effect": down()})).is(400);
}

#[test]
fn answer_has_the_given_status_headers_and_body() {
    let lab = Lab::new();
    let answer = |answer: Value| {
        let fault = add(&lab, json!({"effect": {"answer": answer}}));
        let reply = lab.get("/v1/capacities");
        lab.delete(&fault).is(200);
        reply
    };
    let given = json!({"status": 503, "errorCode": "Busy", "message": "m", "isRetriable": true, "retryAfter": 7, "headers": {"x-a": "b"}});
    let reply = answer(given).refuses(503, "Busy");
    let id = reply.header("requestid").unwrap();
    assert_eq!(reply.text(), format!(r#"{{"requestId":"{id}","errorCode":"Busy","message":"m","isRetriable":true}}"#));
    assert_eq!((reply.header("retry-after"), reply.header("x-a")), (Some("7"), Some("b")));
    let reply = answer(json!({"status": 404, "errorCode": "ItemNotFound"})).refuses(404, "ItemNotFound");
    assert_eq!(reply.body()["message"], "The requested item was not found.");
    assert_eq!(reply.body()["isRetriable"], false);
    answer(json!({"status": 500})).refuses(500, "UnknownError");
    for (body, media, text, shown) in [
        (json!("<html>"), Some("text/html"), "<html>", "text/html"),
        (json!("x"), None, "x", "text/plain; charset=utf-8"),
        (json!(""), None, "", "text/plain; charset=utf-8"),
        (json!(null), None, "null", "application/json; charset=utf-8"),
        (json!({"b": 1, "a": [2]}), None, r#"{"b":1,"a":[2]}"#, "application/json; charset=utf-8"),
    ] {
        let reply = answer(json!({"status": 200, "body": body, "contentType": media})).is(200);
        assert_eq!((reply.text().as_str(), reply.header("content-type")), (text, Some(shown)));
    }
}

#[test]
fn throttle_and_token_answer_as_the_service() {
    let lab = Lab::new();
    add(&lab, json!({"when": {"times": 1}, "effect": {"throttle": {"retryAfter": 30}}}));
    let blocked = lab.get("/v1/capacities").refuses(429, "RequestBlocked");
    assert_eq!(blocked.header("retry-after"), Some("30"));
    let message = blocked.body()["message"].clone();
    assert_eq!(message, "Request is blocked by the upstream service until: 2/3/2031 4:05:36 AM (UTC)");
    add(&lab, json!({"when": {"times": 1}, "effect": {"token": "expired"}}));
    lab.get("/v1/capacities").refuses(401, "TokenExpired");
    // A struck request opens no throttle window.
    lab.settings(json!({"throttle": "tight"}));
    add(&lab, json!({"when": {"times": 20}, "effect": down()}));
    (0..20).for_each(|_| drop(lab.get("/v1/capacities").is(503)));
    (0..10).for_each(|_| drop(lab.get("/v1/capacities").is(200)));
    lab.get("/v1/capacities").refuses(429, "RequestBlocked");
}

#[test]
fn throttle_of_a_scaled_clock_is_in_the_callers_time() {
    let lab = Lab::new();
    let clock = json!({"mode": "scaled", "rate": 60, "now": "2031-03-01T00:00:00Z"});
    lab.post("/_emulator/clock", clock).is(200);
    add(&lab, json!({"effect": {"throttle": {"retryAfter": 29}}}));
    let blocked = lab.get("/v1/capacities").refuses(429, "RequestBlocked");
    assert_eq!(blocked.header("retry-after"), Some("29"));
    let message = blocked.body()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(" 12:29:") || message.contains(" 12:30:"), "{message}");
}

#[test]
fn token_request_fails_in_the_shape_of_entra() {
    let lab = Lab::new();
    let fields =
        [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "s"), ("scope", "x/.default")];
    let check = |effect: Value, status: u16, error: &str, text: Option<&str>| {
        let rule = json!({"match": {"operation": "Entra_Token"}, "when": {"times": 1}, "effect": effect});
        add(&lab, rule);
        let reply = lab.form("/organizations/oauth2/v2.0/token", &fields).is(status);
        let body = reply.body();
        assert_eq!((&body["error"], body.get("errorCode"), body.get("access_token")), (&json!(error), None, None));
        assert!(text.is_none_or(|text| body["error_description"] == text), "{body}");
        assert!(reply.header("x-ms-public-api-error-code").is_none());
        lab.form("/organizations/oauth2/v2.0/token", &fields).is(200);
        reply
    };
    let answer = json!({"status": 503, "errorCode": "temporarily_unavailable", "message": "Later.", "retryAfter": 3});
    let reply = check(json!({"answer": answer}), 503, "temporarily_unavailable", Some("Later."));
    assert_eq!(reply.header("retry-after"), Some("3"));
    let reply = check(json!({"throttle": {"retryAfter": 9}}), 429, "temporarily_unavailable", None);
    assert_eq!(reply.header("retry-after"), Some("9"));
    check(json!({"token": "expired"}), 401, "invalid_grant", None);
    let patch = json!([{"op": "replace", "path": "/expires_in", "value": 1}]);
    add(&lab, json!({"match": {"operation": "Entra_Token"}, "effect": {"patch": patch}}));
    assert_eq!(lab.form("/organizations/oauth2/v2.0/token", &fields).is(200).body()["expires_in"], 1);
    // Other documents of Entra can be struck too.
    add(
        &lab,
        json!({"match": {"operation": "Entra_Keys"}, "effect": {"answer": {"status": 500, "errorCode": "server_error"}}}),
    );
    let keys = lab.send("GET", "/common/discovery/v2.0/keys", &[ENTRA], "").is(500).body();
    assert_eq!(keys["error"], "server_error");
}

#[test]
fn commit_takes_effect_and_loses_the_answer() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let names = || {
        let items = lab.get(&format!("{workspace}/items")).is(200).body();
        items["value"].as_array().unwrap().iter().map(|item| item["displayName"].clone()).collect::<Vec<_>>()
    };
    let create = |name: &str, effect: Value| {
        let fault = add(&lab, json!({"match": {"method": "POST"}, "when": {"times": 1}, "effect": effect}));
        let reply = lab.create(&workspace, name, &open_mirror());
        (reply, counts(&lab, &fault))
    };
    let (reply, struck) = create("a", down());
    assert_eq!((reply.status.as_u16(), struck, names()), (503, (1, 1), vec![]));
    let (reply, _) = create("a", json!({"commit": true, "answer": {"status": 500, "errorCode": "UnknownError"}}));
    reply.refuses(500, "UnknownError");
    assert_eq!(names(), ["a"]);
    let (reply, _) = create("a", json!({"answer": {"status": 504}, "commit": true}));
    assert_eq!((reply.status.as_u16(), names()), (504, vec![json!("a")]));
    create("b", json!({"disconnect": "before"}));
    assert_eq!(names(), ["a"]);
    create("b", json!({"disconnect": "before", "commit": true}));
    assert_eq!(names(), ["a", "b"]);
}

#[test]
fn patch_keeps_formatting_and_headers_are_edited_last() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let patched = |patch: Value, headers: Value, reply: &dyn Fn() -> Reply| {
        let fault = add(&lab, json!({"effect": {"patch": patch, "headers": headers}}));
        let reply = reply();
        lab.delete(&fault).is(200);
        reply
    };
    let status = || lab.post_empty(&format!("{mirror}/getMirroringStatus"));
    let added = json!([{"op": "add", "path": "/new", "value": [1]}]);
    let reply = patched(added, json!({}), &status);
    assert_eq!(reply.text(), "{\r\n  \"status\": \"Initializing\",\r\n  \"new\": [\r\n    1\r\n  ]\r\n}");
    let real = lab.get(&mirror).text();
    let removed = json!([{"op": "remove", "path": "/type"}]);
    let headers = json!({"ETag": null, "RequestId": "mine", "x-new": "1", "absent": null});
    let reply = patched(removed, headers, &|| lab.get(&mirror));
    assert_eq!(reply.text(), real.replace(r#""type":"MirroredDatabase","#, ""), "the other members keep their order");
    assert_eq!(
        (reply.header("etag"), reply.header("requestid"), reply.header("x-new")),
        (None, Some("mine"), Some("1"))
    );
    for patch in [json!([{"op": "remove", "path": "/x"}]), json!([{"op": "test", "path": "/id", "value": 1}])] {
        let reply = patched(patch, json!({}), &|| lab.get(&mirror));
        assert_eq!(reply.text(), real);
        assert_eq!(reply.header("x-emulator-note"), Some("the patch of a fault does not apply to this answer"));
    }
    // A body that is not JSON, and an error.
    let reply = patched(json!([]), json!({}), &|| lab.delete(&mirror));
    assert!(reply.header("x-emulator-note").is_some() && reply.status == 200);
    let code = json!([{"op": "replace", "path": "/errorCode", "value": "Gone"}]);
    assert_eq!(patched(code, json!({}), &|| lab.get(&mirror)).is(404).body()["errorCode"], "Gone");
}

/// Starts an operation under a fault, and returns its path and the state at its usual end.
fn operate(lab: &Lab, effect: &Value, start: &dyn Fn() -> Reply) -> (String, Value) {
    let fault = add(lab, json!({"effect": {"operation": effect}}));
    let started = start().is(202);
    assert_eq!(counts(lab, &fault), (1, 1));
    lab.delete(&fault).is(200);
    let path = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    let state = lab.get(&path).is(200).body();
    assert_eq!(
        (&state["status"], &state["percentComplete"], &state["error"]),
        (&json!("Running"), &json!(null), &json!(null))
    );
    lab.advance(3_600.0);
    (path.clone(), lab.get(&path).is(200).body())
}

#[test]
fn operation_fails_at_its_usual_end_and_creates_nothing() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let databases = format!("{workspace}/sqlDatabases");
    let create = || lab.post(&databases, json!({"displayName": "s"}));
    let error = json!({"errorCode": "Broken", "message": "It broke.", "isRetriable": true});
    let fault = add(&lab, json!({"effect": {"operation": {"status": "Failed", "error": error.clone()}}}));
    let started = create().is(202);
    lab.delete(&fault).is(200);
    // The name is in use until the operation ends.
    create().is(409);
    let path = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    let usual = |state: &Value| state["status"] != "Running";
    while !usual(&lab.get(&path).body()) {
        create().is(409);
        lab.advance(1.0);
    }
    let state = lab.get(&path).is(200).body();
    assert_eq!(
        (&state["status"], &state["percentComplete"], &state["error"]),
        (&json!("Failed"), &json!(null), &error)
    );
    lab.get(&format!("{path}/result")).refuses(400, "OperationNotSucceeded");
    assert_eq!(lab.get(&format!("{workspace}/items")).body()["value"], json!([]));
    lab.result(&create().is(202)).is(200);
    assert!(lab.emulator.default_tenant().replays());
}

#[test]
fn failed_operation_leaves_definition_and_identity_unchanged() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let database = lab.sql_database(&workspace, "s");
    let definition = || lab.result(&lab.post_empty(&format!("{database}/getDefinition")).is(202)).is(200).body();
    let before = definition();
    let changed =
        json!({"definition": {"format": "sqlproj", "parts": [part("s.sqlproj", "<Project/>"), part("t.sql", "")]}});
    let failed = json!({"status": "Failed"});
    for start in [
        &(|| lab.post(&format!("{database}/updateDefinition"), changed.clone())) as &dyn Fn() -> Reply,
        &|| lab.post_empty(&format!("{workspace}/provisionIdentity")),
        &|| lab.post_empty(&format!("{database}/getDefinition")),
    ] {
        let (_, state) = operate(&lab, &failed, start);
        assert_eq!((&state["status"], &state["error"]["errorCode"]), (&json!("Failed"), &json!("UnknownError")));
    }
    assert_eq!(definition(), before);
    assert!(lab.get(&workspace).body()["workspaceIdentity"].is_null());
    lab.result(&lab.post_empty(&format!("{workspace}/provisionIdentity")).is(202)).is(200);
    assert!(lab.emulator.default_tenant().replays());
}

#[test]
fn operation_stalls_or_takes_the_given_time() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let create = |name: &'static str| {
        let databases = format!("{workspace}/sqlDatabases");
        let lab = &lab;
        move || lab.post(&databases, json!({"displayName": name}))
    };
    let (stalled, state) = operate(&lab, &json!({"stalled": true}), &create("stalled"));
    assert_eq!(state["status"], "Running");
    let changes = lab.post("/_emulator/clock/advance", json!({"to": "next-change"}));
    assert!(!changes.text().contains("9999-12-30"), "{}", changes.text());
    lab.advance(1e8);
    assert_eq!(lab.get(&stalled).body()["status"], "Running");
    create("stalled")().is(409);
    let (_, state) = operate(&lab, &json!({"seconds": 3_600}), &create("slow"));
    assert_eq!((&state["status"], &state["percentComplete"]), (&json!("Succeeded"), &json!(100)));
    let (slower, state) = operate(&lab, &json!({"seconds": 3_601.5}), &create("slower"));
    assert_eq!(state["status"], "Running");
    let names = || lab.get(&format!("{workspace}/items?type=SQLDatabase")).body()["value"].as_array().unwrap().len();
    assert_eq!(names(), 1);
    lab.advance(1.5);
    assert_eq!((lab.get(&slower).body()["status"].clone(), names()), (json!("Succeeded"), 2));
    add(&lab, json!({"effect": {"operation": {"seconds": 0}}}));
    let quick = create("quick")().is(202);
    assert_eq!((lab.result(&quick).status.as_u16(), names()), (200, 3));
}

#[test]
fn operation_does_not_strike_a_request_that_begins_none() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let effect = json!({"operation": {"stalled": true}, "headers": {"x-struck": "1"}});
    let fault = add(&lab, json!({"when": {"times": 1}, "effect": effect}));
    let made = lab.create(&workspace, "a", &open_mirror()).is(201);
    lab.get("/v1/capacities").is(200);
    assert!(made.header("x-struck").is_none());
    assert_eq!(counts(&lab, &fault), (2, 0));
    assert_eq!(lab.get(&fault).body()["lastStruck"], json!(null));
    assert!(!lab.get("/_emulator/journal").text().contains(r#""fault":""#));
    let struck = lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "s"})).is(202);
    assert_eq!((struck.header("x-struck"), counts(&lab, &fault)), (Some("1"), (3, 1)));
}

#[test]
fn stale_read_answers_from_the_past() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.advance(100.0);
    let mirror = lab.mirror(&workspace, "old", &open_mirror());
    lab.advance(60.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.patch(&mirror, json!({"displayName": "new"})).is(200);
    lab.assign_role(&workspace, ALICE, "Viewer");
    let alice = lab.user(ALICE);
    let name = |reply: &Reply| reply.body()["displayName"].clone();
    lab.advance(5.0);
    let fault = add(&lab, json!({"effect": {"staleSeconds": 10}}));
    assert_eq!(name(&lab.get(&mirror).is(200)), "old");
    assert_eq!(lab.status(&mirror), "Initialized");
    alice.get(&mirror).is(404);
    lab.delete(&mirror).is(200);
    assert_eq!(counts(&lab, &fault), (4, 3), "a deletion is counted and not struck");
    assert_eq!(name(&lab.get(&mirror).is(200)), "old");
    lab.advance(10.0);
    lab.get(&mirror).refuses(404, "EntityNotFound");
    lab.delete(&fault).is(200);
    // The past begins with the tenant.
    add(&lab, json!({"effect": {"staleSeconds": 31_000_000}}));
    lab.get(&workspace).refuses(404, "WorkspaceNotFound");
    assert_eq!(lab.get("/v1/workspaces").is(200).body()["value"], json!([]));
    assert!(lab.emulator.default_tenant().replays());
}

#[test]
fn invalid_fault_is_refused_and_the_member_is_named() {
    let lab = Lab::new();
    let effect = |effect: Value| json!({"effect": effect});
    let with = |member: &str, value: Value| json!({member: value, "effect": {"throttle": {"retryAfter": 1}}});
    for (rule, named) in [
        (json!({}), "effect"),
        (json!([]), "map"),
        (effect(json!({})), "effect"),
        (effect(json!({"nothing": 1})), "nothing"),
        (effect(json!({"headers": {}})), "effect"),
        (with("wehn", json!({})), "wehn"),
        (with("name", json!(1)), "name"),
        (with("match", json!({"operatoin": "x"})), "operatoin"),
        (with("match", json!({"operation": "MirroredDatabases_Start"})), "MirroredDatabases_Start"),
        (with("match", json!({"request": "x"})), "match.request"),
        (with("when", json!({"times": 0})), "when.times"),
        (with("when", json!({"every": 0})), "when.every"),
        (with("when", json!({"skip": -1})), "when.skip"),
        (with("when", json!({"probability": 1.5})), "when.probability"),
        (with("when", json!({"probability": -0.1})), "when.probability"),
        (with("when", json!({"from": "yesterday"})), "when.from"),
        (with("when", json!({"from": "2031-01-01T00:00:00Z", "until": "2031-01-01T00:00:00Z"})), "until"),
        (effect(json!({"answer": {}})), "status"),
        (effect(json!({"answer": {"status": 99}})), "effect.answer.status"),
        (effect(json!({"answer": {"status": 600}})), "effect.answer.status"),
        (effect(json!({"answer": {"status": 500, "boody": ""}})), "boody"),
        (effect(json!({"answer": {"status": 500, "headers": {"a b": "c"}}})), "effect.answer.headers"),
        (effect(json!({"answer": {"status": 500, "errorCode": "a\nb"}})), "effect.answer.errorCode"),
        (effect(json!({"headers": {"x": "a\r\nb"}})), "effect.headers.x"),
        (effect(json!({"headers": {"Content-Length": "1"}})), "Content-Length"),
        (effect(json!({"commit": true})), "effect.commit"),
        (effect(json!({"commit": true, "throttle": {"retryAfter": 1}})), "effect.commit"),
        (effect(json!({"commit": true, "disconnect": "before", "token": "expired"})), "effect.commit"),
        (effect(json!({"throttle": {"retryAfter": 1}, "token": "expired"})), "answer, throttle and token"),
        (effect(json!({"throttle": {"retryAfter": -1}})), "effect.throttle.retryAfter"),
        (effect(json!({"token": "stolen"})), "effect.token"),
        (effect(json!({"disconnect": "sometimes"})), "effect.disconnect"),
        (effect(json!({"disconnect": {"afterBytes": -1}})), "effect.disconnect"),
        (effect(json!({"delay": {}})), "effect.delay"),
        (effect(json!({"delay": {"seconds": -1}})), "effect.delay.seconds"),
        (effect(json!({"delay": {"seconds": 3_601}})), "effect.delay.seconds"),
        (effect(json!({"delay": {"seconds": 1, "maxSeconds": 2}})), "effect.delay"),
        (effect(json!({"delay": {"minSeconds": 2, "maxSeconds": 1}})), "minSeconds"),
        (effect(json!({"patch": [{"op": "frobnicate", "path": "/a"}]})), "frobnicate"),
        (effect(json!({"patch": [{"op": "remove", "path": "a"}]})), "effect.patch[0]"),
        (effect(json!({"patch": [], "answer": {"status": 500}})), "effect.patch"),
        (effect(json!({"operation": {}})), "effect.operation"),
        (effect(json!({"operation": {"status": "Succeeded"}})), "effect.operation.status"),
        (effect(json!({"operation": {"stalled": false}})), "effect.operation.stalled"),
        (effect(json!({"operation": {"stalled": true, "seconds": 1}})), "effect.operation"),
        (effect(json!({"operation": {"seconds": -1}})), "effect.operation.seconds"),
        (
            effect(json!({"operation": {"stalled": true, "error": {"errorCode": "x", "message": "y"}}})),
            "effect.operation.error",
        ),
        (effect(json!({"operation": {"stalled": true}, "token": "expired"})), "effect.operation"),
        (effect(json!({"staleSeconds": -1})), "effect.staleSeconds"),
        (effect(json!({"staleSeconds": 1, "disconnect": "before"})), "effect.staleSeconds"),
        (json!({"name": "x".repeat(300_000), "effect": {"token": "expired"}}), "at most 262144"),
    ] {
        for path in [FAULTS, "/_emulator/faults/dry-run"] {
            let why = refusal(lab.post(path, rule.clone()));
            assert!(why.contains(named), "{rule}: {why}");
        }
    }
    assert_eq!(lab.get(FAULTS).body(), json!({"value": []}));
}

#[test]
fn fault_effects_can_be_combined() {
    let lab = Lab::new();
    for effect in [
        json!({"delay": {"seconds": 0}, "answer": {"status": 500}, "headers": {"a": "b"}}),
        json!({"delay": {"seconds": 0}, "disconnect": {"afterBytes": 0}, "commit": true}),
        json!({"answer": {"status": 500}, "commit": true, "operation": {"stalled": true}}),
        json!({"patch": [], "headers": {"a": null}, "disconnect": "after", "staleSeconds": 0}),
        json!({"answer": {"status": 100}, "disconnect": "after"}),
    ] {
        lab.post(FAULTS, json!({"effect": effect})).is(201);
    }
}

#[test]
fn faults_are_bounded() {
    let lab = Lab::new();
    (0..1_000).for_each(|_| drop(lab.post(FAULTS, json!({"match": {"path": "/x"}, "effect": down()})).is(201)));
    let why = refusal(lab.post(FAULTS, json!({"effect": down()})));
    assert!(why.contains("1000"), "{why}");
    lab.get("/v1/capacities").is(200);
}

#[test]
fn dry_run_names_what_the_rule_would_strike() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let item = lab.create(&workspace, "a", &open_mirror()).is(201).id();
    lab.delete("/_emulator/journal").is(200);
    let app = lab.by(BOB, "app");
    let requests = || {
        (0..9).for_each(|_| drop(lab.get("/v1/capacities")));
        app.get("/v1/workspaces");
        lab.get(&format!("{workspace}/mirroredDatabases/{item}"));
        lab.get(&format!("{workspace}/items?type=Lakehouse"));
        lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "s"}));
        lab.post(&format!("{workspace}/folders"), json!({"displayName": "s"}));
        lab.form("/common/oauth2/v2.0/token", &[("grant_type", "x")]);
    };
    requests();
    for (rule, expected) in [
        (json!({}), (15, 15)),
        (json!({"match": {"operation": "Capacities_*"}, "when": {"skip": 1, "times": 3}}), (9, 3)),
        (json!({"match": {"principal": BOB}}), (1, 1)),
        (json!({"match": {"item": item}}), (1, 1)),
        (json!({"match": {"query": {"type": "lake*"}}}), (1, 1)),
        (json!({"match": {"request": {"displayName": "S"}, "path": "*folders"}}), (1, 1)),
        (json!({"match": {"operation": "Entra_Token"}}), (1, 1)),
        (json!({"effect": {"operation": {"stalled": true}}}), (15, 1)),
        (json!({"effect": {"staleSeconds": 1}}), (15, 12)),
        (json!({"when": {"from": "2031-02-03T04:05:07Z"}}), (0, 0)),
    ] {
        let mut rule = rule;
        if rule.get("effect").is_none() {
            rule["effect"] = down();
        }
        let told = lab.post("/_emulator/faults/dry-run", rule.clone()).is(200).body();
        assert_eq!((told["matched"].as_u64().unwrap(), told["struck"].as_u64().unwrap()), expected, "{rule}");
        assert_eq!(told["value"].as_array().unwrap().len() as u64, expected.1);
    }
    // The same draws as those of the rule that is added next, if the same requests follow.
    let rule = json!({"match": {"operation": "Capacities_*"}, "when": {"probability": 0.5}, "effect": down()});
    let told = lab.post("/_emulator/faults/dry-run", rule.clone()).is(200).body()["struck"].clone();
    assert_eq!(lab.get(FAULTS).body(), json!({"value": []}));
    let fault = add(&lab, rule);
    requests();
    assert_eq!(json!(counts(&lab, &fault).1), told);
}

#[test]
fn journal_names_the_fault_and_has_no_status_without_an_answer() {
    let lab = Lab::new();
    let effects = [down(), json!({"disconnect": "before"}), json!({"disconnect": {"afterBytes": 1}})];
    let ids = effects.map(|effect| {
        let fault = add(&lab, json!({"when": {"times": 1}, "effect": effect}));
        lab.get("/v1/capacities");
        json!(fault.rsplit('/').next().unwrap())
    });
    lab.get("/v1/capacities").is(200);
    let journal = lab.get("/_emulator/journal").text();
    let lines: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<(Value, Value)> = lines.iter().map(|line| (line["fault"].clone(), line["status"].clone())).collect();
    let [first, second, third] = ids;
    let expected = [(first, json!(503)), (second, json!(null)), (third, json!(200)), (json!(null), json!(200))];
    assert_eq!(seen, expected);
    assert_eq!((&lines[1]["headers"], &lines[1]["body"]), (&json!({}), &json!(null)));
    assert!(lines[2]["body"]["value"].is_array(), "the journal has the whole answer that was cut");
    assert_eq!(lab.get("/_emulator/journal?status=503").text().lines().count(), 1);
}

/// Runs a test against a server on a paused clock of the machine.
fn with_server(test: impl AsyncFnOnce(SocketAddr, &Lab)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let lab = Lab::new();
    let running = runtime.block_on(server::start(lab.emulator.clone())).unwrap();
    runtime.block_on(test(running.address(), &lab));
}

/// Sends requests on one connection, and returns all that the server sends until it closes the connection or sends
/// nothing for 10 s.
#[expect(clippy::disallowed_methods, reason = "the wait ends on a paused clock")]
async fn exchange(at: SocketAddr, requests: &[&str]) -> (String, bool) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let mut received = Vec::new();
    let mut is_closed = false;
    for request in requests {
        let head = format!(
            "GET {request} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nAccept-Encoding: gzip\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes()).await;
        loop {
            match tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut received)).await {
                Ok(Ok(0) | Err(_)) => is_closed = true,
                Ok(Ok(_)) => continue,
                Err(_) => {}
            }
            break;
        }
    }
    (String::from_utf8_lossy(&received).into_owned(), is_closed)
}

#[test]
fn disconnect_closes_the_connection_without_within_or_after_the_answer() {
    let lab = Lab::new();
    let whole = lab.get("/v1/capacities").is(200).text();
    let check = |effect: Value, expected: Option<usize>| {
        add(&lab, json!({"match": {"path": "/v1/capacities"}, "when": {"times": 1}, "effect": effect}));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (received, is_closed) = runtime.block_on(async {
            let running = server::start(lab.emulator.clone()).await.unwrap();
            exchange(running.address(), &["/v1/folders-before", "/v1/capacities"]).await
        });
        assert!(is_closed, "{effect}");
        let answers: Vec<&str> = received.split("HTTP/1.1 ").skip(1).collect();
        assert!(answers[0].starts_with("404"), "{effect}: the answer before is sent");
        let Some(bytes) = expected else { return assert_eq!(answers.len(), 1, "{effect}") };
        let answer = answers[1];
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, &whole[..bytes], "{effect}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains(&format!("content-length: {}", whole.len())), "{head}");
        assert!(!head.contains("connection: close") && !head.contains("content-encoding"), "{head}");
    };
    check(json!({"disconnect": "before"}), None);
    check(json!({"disconnect": "before", "commit": true}), None);
    check(json!({"disconnect": "after"}), Some(whole.len()));
    check(json!({"disconnect": {"afterBytes": 0}}), Some(0));
    check(json!({"disconnect": {"afterBytes": 9}}), Some(9));
    check(json!({"disconnect": {"afterBytes": 1_000_000}}), Some(whole.len()));
    check(json!({"disconnect": {"afterBytes": whole.len()}, "delay": {"seconds": 1}}), Some(whole.len()));
}

#[test]
fn disconnect_cuts_large_and_empty_bodies() {
    let lab = Lab::new();
    for (size, disconnect, expected) in [
        (200_000, json!({"afterBytes": 150_000}), 150_000),
        (200_000, json!("after"), 200_000),
        (0, json!("after"), 0),
        (0, json!({"afterBytes": 5}), 0),
    ] {
        let answer = json!({"status": 200, "body": "x".repeat(size)});
        add(&lab, json!({"when": {"times": 1}, "effect": {"answer": answer, "disconnect": disconnect}}));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (received, is_closed) = runtime.block_on(async {
            let running = server::start(lab.emulator.clone()).await.unwrap();
            exchange(running.address(), &["/v1/capacities"]).await
        });
        let (_, sent) = received.split_once("\r\n\r\n").unwrap();
        assert!(is_closed && sent.len() == expected, "{size} {disconnect}: {}", sent.len());
    }
}

/// Over a connection: the answer has no body, and the next answer follows it. An interim status is not followed by an
/// answer: the connection is closed.
#[test]
fn answer_with_a_status_without_body_keeps_the_framing() {
    let lab = Lab::new();
    let check = |status: u16, more: Value, answers: &[&str], note: bool| {
        let mut answer = json!({"status": status, "headers": {"x-a": "b"}});
        answer.as_object_mut().unwrap().extend(more["answer"].as_object().cloned().unwrap_or_default());
        let mut effect = json!({"answer": answer});
        effect.as_object_mut().unwrap().extend(more["effect"].as_object().cloned().unwrap_or_default());
        let fault = add(&lab, json!({"match": {"path": "/v1/capacities"}, "effect": effect}));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (received, is_closed) = runtime.block_on(async {
            let running = server::start(lab.emulator.clone()).await.unwrap();
            exchange(running.address(), &["/v1/capacities", "/v1/none"]).await
        });
        let found: Vec<&str> = received.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!((found.as_slice(), is_closed), (answers, answers.len() < 2), "{status} {effect}: {received}");
        if let Some((head, body)) = received.split("HTTP/1.1 ").nth(1).and_then(|answer| answer.split_once("\r\n\r\n"))
        {
            let head = head.to_ascii_lowercase();
            assert_eq!((body, head.contains("\ncontent-"), head.contains("x-a: b")), ("", false, true), "{head}");
            assert_eq!(head.contains("x-emulator-note"), note, "{head}");
        }
        let journal = lab.get(&format!("/_emulator/journal?status={status}")).text();
        assert_eq!(journal.contains(fault.rsplit('/').next().unwrap()), status >= 200, "{journal}");
        assert_eq!(counts(&lab, &fault), (1, 1));
        lab.delete(&fault).is(200);
    };
    for status in [204, 304] {
        let shown = status.to_string();
        check(status, json!({}), &[&shown, "404"], false);
        check(status, json!({"answer": {"body": ""}}), &[&shown, "404"], false);
        check(status, json!({"answer": {"body": {"a": "b".repeat(9_000)}}}), &[&shown, "404"], true);
        check(status, json!({"answer": {"body": "text"}, "effect": {"disconnect": "after"}}), &[&shown], true);
    }
    for status in [100, 101, 103, 199] {
        check(status, json!({}), &[], false);
        check(status, json!({"answer": {"body": "text"}, "effect": {"disconnect": "after"}}), &[], false);
        check(status, json!({"effect": {"commit": true, "disconnect": {"afterBytes": 1}}}), &[], false);
    }
}

#[test]
fn delay_is_in_machine_time_and_blocks_nobody() {
    with_server(async |at, lab| {
        let before = lab.emulator.default_tenant().clock().now();
        let delay = json!({"seconds": 60});
        let rule = json!({"match": {"path": "/v1/capacities"}, "when": {"times": 1}, "effect": {"delay": delay}});
        lab.emulator
            .default_tenant()
            .control(specularite::control::ControlCommand::AddFault(serde_json::from_value(rule).unwrap()))
            .unwrap();
        let begun = Instant::now();
        let slow = async {
            let (answer, _) = exchange_one(at, "/v1/capacities").await;
            (answer, begun.elapsed().as_secs())
        };
        let other = async {
            let (answer, _) = exchange_one(at, "/v1/workspaces").await;
            (answer, begun.elapsed().as_secs())
        };
        let ((slow, slow_after), (other, other_after)) = tokio::join!(slow, other);
        assert!(slow.starts_with("HTTP/1.1 200") && other.starts_with("HTTP/1.1 200"));
        assert_eq!((slow_after, other_after), (60, 0));
        assert_eq!(lab.emulator.default_tenant().clock().now(), before, "the tenant's clock stands still");
    });
}

/// Sends one request and reads its answer to the end of the connection.
async fn exchange_one(at: SocketAddr, path: &str) -> (String, bool) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut received = String::new();
    let read = stream.read_to_string(&mut received).await;
    (received, read.is_ok())
}

/// The effects of rules with their variants: each has an example in the document.
const EFFECTS: &[&str] = &[
    "answer.status",
    "answer.errorCode",
    "answer.message",
    "answer.isRetriable",
    "answer.retryAfter",
    "answer.headers",
    "answer.body",
    "answer with an empty body",
    "answer.contentType",
    "commit",
    "throttle.retryAfter",
    "delay.seconds",
    "delay.minSeconds",
    "delay.maxSeconds",
    "disconnect.before",
    "disconnect.after",
    "disconnect.afterBytes",
    "patch",
    "headers",
    "operation.status",
    "operation.error",
    "operation.stalled",
    "operation.seconds",
    "staleSeconds",
    "token.expired",
];

/// Sends the examples of a section of the document: lines with `curl`, a method, a path and a body in quotes.
#[test]
fn control_document_examples_of_faults_work() {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CONTROL.md")).unwrap();
    let (_, section) = document.split_once("\n## Faults\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lab = Lab::new();
    let mut fault = String::new();
    let mut effects = std::collections::BTreeSet::new();
    for line in section.lines().filter_map(|line| line.strip_prefix("    curl ")) {
        let (head, body) = line.split_once(" -d '").unwrap_or((line, ""));
        let body = body.trim_end_matches('\'');
        let path = head.split_once("$base").unwrap().1.trim_matches('"').replace("$fault", &fault);
        let method = if head.contains("-X ") { head.split_whitespace().nth(1).unwrap() } else { "GET" };
        let method = if body.is_empty() || head.contains("-X ") { method } else { "POST" };
        let reply = lab.send(method, &path, &[("content-type", "application/json")], body).succeeds();
        if reply.status == 201 {
            fault = reply.id();
        }
        let rule: Value = serde_json::from_str(body).unwrap_or_default();
        for (name, value) in rule["effect"].as_object().into_iter().flatten() {
            effects.insert(name.clone());
            effects.extend(value.as_str().map(|value| format!("{name}.{value}")));
            effects.extend(value.as_object().into_iter().flatten().map(|(member, _)| format!("{name}.{member}")));
        }
        effects.extend((rule["effect"]["answer"]["body"] == "").then(|| "answer with an empty body".to_owned()));
    }
    let without_example: Vec<&str> = EFFECTS.iter().copied().filter(|known| !effects.contains(*known)).collect();
    assert!(without_example.is_empty(), "{without_example:?}");
}
