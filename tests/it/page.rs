//! Requests of the emulator's own page: `X-Specularite-Page: 1`.

use serde_json::{Value, json};
use specularite::{Auth, Emulator};

use crate::harness::{BOB, Lab, Reply};

const PAGE: (&str, &str) = ("x-specularite-page", "1");
/// The header that removes the token of a request.
const NO_TOKEN: (&str, &str) = ("authorization", "");

/// Sends a request of the page, without a token.
fn act(lab: &Lab, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    lab.send(method, path, &[&[PAGE, NO_TOKEN], headers].concat(), body)
}

fn list(lab: &Lab, headers: &[(&str, &str)]) -> Reply {
    act(lab, "GET", "/v1/workspaces", headers, &Value::Null)
}

fn journal(lab: &Lab) -> Vec<Value> {
    let lines = lab.get("/_emulator/journal").is(200).text();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn page_acts_as_the_default_user_without_a_token() {
    for auth in [Auth::Token, Auth::Strict] {
        let lab = Lab::with(Emulator::builder().auth(auth).build());
        act(&lab, "POST", "/v1/workspaces", &[], &json!({"displayName": "made by the page"})).is(201);
        let shown = list(&lab, &[]).is(200).body();
        assert_eq!(shown["value"].as_array().unwrap().len(), 2, "the workspace, and that of the user: {shown}");
        let last = journal(&lab).pop().unwrap();
        assert_eq!((&last["principal"], &last["status"], &last["fault"]), (&json!("page"), &json!(200), &Value::Null));
        // A token beside the header does not matter.
        let token = format!("Bearer {}", lab.user(BOB).token);
        lab.send("GET", "/v1/workspaces", &[PAGE, ("authorization", &token)], "").is(200);
        assert_eq!(journal(&lab).pop().unwrap()["principal"], "page");
    }
    let lab = Lab::new();
    act(&lab, "POST", "/v1/workspaces", &[], &json!({"displayName": "of both"})).is(201);
    assert_eq!(lab.get("/v1/workspaces").body()["value"][1]["displayName"], "of both", "an opaque token is that user");
}

#[test]
fn page_selects_its_tenant_in_the_query() {
    let lab = Lab::new();
    let of = |tenant: &str, method: &str, body: &Value| {
        act(&lab, method, &format!("/v1/workspaces?tenant={tenant}"), &[], body)
    };
    of("team", "POST", &json!({"displayName": "of the team"})).is(201);
    assert_eq!(of("team", "GET", &Value::Null).is(200).body()["value"][1]["displayName"], "of the team");
    assert!(!list(&lab, &[]).is(200).text().contains("of the team"));
    of("*", "GET", &Value::Null).refuses(400, "InvalidInput");
    // The query selects no tenant for other requests.
    assert!(!lab.get("/v1/workspaces?tenant=team").is(200).text().contains("of the team"));
}

#[test]
fn page_neither_steps_the_clock_nor_is_throttled() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "tight"}));
    lab.post("/_emulator/clock", json!({"mode": "stepped", "step": 5})).is(200);
    let now = || lab.get("/_emulator/clock").body()["now"].clone();
    let before = now();
    (0..30).for_each(|_| drop(list(&lab, &[]).is(200)));
    assert_eq!(now(), before);
    // The requests of the page take nothing from the limits of others.
    lab.post("/_emulator/clock", json!({"mode": "manual"})).is(200);
    (0..10).for_each(|_| drop(lab.get("/v1/workspaces").is(200)));
    lab.get("/v1/workspaces").refuses(429, "RequestBlocked");
    list(&lab, &[]).is(200);
}

#[test]
fn page_is_struck_only_by_rules_that_name_it() {
    let lab = Lab::new();
    let fail = |matches: Value| {
        let effect = json!({"answer": {"status": 503, "errorCode": "ServiceUnavailable"}});
        lab.post("/_emulator/faults", json!({"match": matches, "effect": effect})).is(201).body()
    };
    let struck = |rule: &Value| {
        let rule = lab.get(&format!("/_emulator/faults/{}", rule["id"].as_str().unwrap())).body();
        (rule["matched"].clone(), rule["struck"].clone())
    };
    let others = [json!({}), json!({"operation": "Workspaces_*"}), json!({"principal": "*"})].map(fail);
    list(&lab, &[]).is(200);
    let of_page = fail(json!({"principal": "page"}));
    list(&lab, &[]).is(503);
    assert_eq!(struck(&of_page), (json!(1), json!(1)));
    assert!(others.iter().all(|rule| struck(rule) == (json!(0), json!(0))));
    // A rejected request is not one of the page, and is not counted.
    list(&lab, &[("origin", "https://evil.example")]).refuses(403, "Forbidden");
    assert_eq!(struck(&of_page), (json!(1), json!(1)));
    lab.get("/v1/workspaces").is(503);
}

#[test]
fn page_header_is_rejected_where_the_control_interface_is() {
    let lab = Lab::new();
    let before = journal(&lab).len();
    let check = |headers: &[(&str, &str)], is_accepted: bool| {
        let (act, control) = (list(&lab, headers), lab.send("GET", "/_emulator/clock", headers, ""));
        assert_eq!((act.status, control.status.as_u16()), (control.status, if is_accepted { 200 } else { 403 }));
        if !is_accepted {
            let act = act.refuses(403, "Forbidden");
            assert!(act.header("x-emulator-note").is_some(), "{headers:?}");
        }
    };
    check(&[("host", "localhost:7310"), ("origin", "http://localhost:7310")], true);
    check(&[("sec-fetch-site", "same-origin")], true);
    check(&[("origin", "http://127.0.0.1:8080")], false);
    check(&[("origin", "null")], false);
    check(&[("origin", "https://evil.example")], false);
    check(&[("sec-fetch-site", "cross-site")], false);
    // DNS rebinding: the name of the page resolves to this machine.
    check(&[("host", "evil.example:7310")], false);
    check(&[("host", "evil.example:7310"), ("origin", "http://evil.example:7310")], false);
    check(&[("host", "api.fabric.microsoft.com")], false);
    assert_eq!(journal(&lab).len(), before + 2, "rejected requests are not recorded");
}

/// A page of another origin must ask before it may send the header: the answer allows it nothing.
#[test]
fn preflight_of_other_origins_allows_nothing() {
    let lab = Lab::new();
    for path in ["/v1/workspaces", "/_emulator/clock"] {
        let headers = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-specularite-page"),
        ];
        let reply = lab.send("OPTIONS", path, &headers, "");
        assert!(!reply.status.is_success(), "{path}: {}", reply.status);
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control-allow")), "{path}");
    }
}

#[test]
fn other_values_of_the_page_header_have_no_effect() {
    let lab = Lab::new();
    for value in ["0", "true", ""] {
        lab.send("GET", "/v1/workspaces", &[("x-specularite-page", value), NO_TOKEN], "").refuses(401, "Unauthorized");
    }
}
