//! Rate limits over HTTP.

use std::time::Duration;

use serde_json::json;
use specularite::ids::PrincipalId;
use specularite::seed::Seed;

use crate::harness::{Lab, Reply};

#[test]
fn throttle_blocks_11th_list_connections() {
    let lab = Lab::new();
    for _ in 0..10 {
        lab.get("/v1/connections").is(200);
    }
    lab.advance(20.5);
    insta::assert_snapshot!(
        "blocked",
        lab.send("GET", "/v1/connections", &[("accept-encoding", "gzip")], "").refuses(429, "RequestBlocked").whole()
    );
    let now = |reply: &Reply| reply.body()["now"].as_str().unwrap().to_owned();
    assert_eq!(
        now(&lab.post("/_emulator/clock/advance", json!({"to": "next-change"}))),
        "2031-02-03T04:06:06.0000000Z"
    );
    lab.get("/v1/connections").is(200);
}

#[test]
fn throttle_wait_is_shorter_on_a_faster_clock() {
    let lab = Lab::new();
    lab.settings(json!({"limits": {"Capacities_ListCapacities": 0}}));
    assert_eq!(lab.get("/v1/capacities").refuses(429, "RequestBlocked").header("retry-after"), Some("60"));
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 6})).is(200);
    let left: u64 =
        lab.get("/v1/capacities").refuses(429, "RequestBlocked").header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&left), "{left}");
}

#[test]
fn throttle_wait_is_bounded_on_a_slow_clock() {
    let lab = Lab::new();
    lab.settings(json!({"limits": {"Capacities_ListCapacities": 0}}));
    for rate in [json!(1e-9), json!(1e-300), json!(5e-324), json!(0.0009)] {
        lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": rate})).refuses(400, "InvalidInput");
    }
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 0.001})).is(200);
    let blocked = lab.get("/v1/capacities").refuses(429, "RequestBlocked");
    let left: u64 = blocked.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "a"),
        ("client_secret", "s"),
        ("scope", "https://a/.default"),
    ];
    // The token lives 1,000 hours, and with the longest lifetime still no more than a year.
    assert_eq!(lab.form("/common/oauth2/v2.0/token", &fields).is(200).body()["expires_in"], 3_600_000);
    lab.settings(json!({"tokenLifetime": 31_536_000}));
    assert_eq!(lab.form("/common/oauth2/v2.0/token", &fields).is(200).body()["expires_in"], 31_536_000);
}

#[test]
fn throttle_ignores_requests_without_caller_or_operation() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "tight"}));
    for _ in 0..20 {
        lab.get("/v1/no/such/thing").refuses(404, "EndpointNotFound");
        lab.send("GET", "/v1/capacities", &[("authorization", "Basic x")], "").refuses(401, "Unauthorized");
    }
    // Errors of operations count as well.
    for _ in 0..10 {
        lab.get("/v1/workspaces/x").refuses(400, "InvalidInput");
    }
    lab.get("/v1/workspaces/x").refuses(429, "RequestBlocked");
}

#[test]
fn throttle_windows_after_a_reset_ignore_instants_before_it() {
    let lab = Lab::new();
    let tenant = lab.emulator.default_tenant();
    let later = tenant.clock().now() + Duration::from_secs(3_600);
    let key = (PrincipalId::nth(Seed::new(0), 0), "GET", "/v1/workspaces");
    tenant.count_call(key, 1, later).unwrap();
    lab.advance(60.0);
    tenant.count_call(key, 1, tenant.clock().now()).unwrap();
}
