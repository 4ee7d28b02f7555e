//! Tenants as universes: their list, their deletion, and forks.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{BOB, Lab, MISSING};
use crate::laws::{Mirror, actions, config};

/// The ids of two tenants that do not exist at first.
const TWIN: &str = "00000000-0000-4000-9000-000000000007";
const OTHER: &str = "00000000-0000-4000-9000-000000000008";

fn ids(lab: &Lab) -> Vec<String> {
    let listed = lab.get("/_emulator/tenants").is(200).body();
    listed["value"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

fn default_tenant(lab: &Lab) -> String {
    lab.emulator.default_tenant().id().to_string()
}

fn fork(lab: &Lab, at: &Value) -> crate::harness::Reply {
    let body = if at.is_null() { json!({"as": TWIN}) } else { json!({"at": at, "as": TWIN}) };
    lab.post(&format!("/_emulator/tenants/{}/fork", default_tenant(lab)), body)
}

fn now(lab: &Lab, tenant: &str) -> Value {
    lab.get(&format!("/_emulator/clock?tenant={tenant}")).body()["now"].clone()
}

#[test]
fn tenants_are_listed_with_the_default_first_and_deleted() {
    let lab = Lab::new();
    let default = default_tenant(&lab);
    // This id is before that of the default tenant.
    lab.post("/_emulator/clock?tenant=00000000-0000-4000-8000-000000000001", json!({"mode": "manual"})).is(200);
    lab.in_tenant(TWIN).workspace();
    assert_eq!(ids(&lab), [&default, "00000000-0000-4000-8000-000000000001", TWIN]);
    let listed = lab.get("/_emulator/tenants").body();
    let shown = json!({"id": default, "isDefault": true, "now": "2031-02-03T04:05:06.0000000Z", "mode": "manual",
        "paused": false, "workspaces": 0});
    assert_eq!(listed["value"][0], shown);
    assert_eq!(listed["value"][2]["workspaces"], 2, "the workspace and that of the user");
    lab.delete(&format!("/_emulator/tenants/{TWIN}")).is(200);
    lab.delete(&format!("/_emulator/tenants/{TWIN}")).refuses(404, "EntityNotFound");
    lab.delete(&format!("/_emulator/tenants/{default}")).refuses(400, "InvalidInput");
    assert_eq!(ids(&lab).len(), 2);
    assert_eq!(lab.in_tenant(TWIN).get("/v1/workspaces").body()["value"].as_array().unwrap().len(), 1, "it is new");
}

#[test]
fn deleted_tenants_leave_no_memory() {
    let lab = Lab::new();
    let before = lab.emulator.memory_used();
    lab.in_tenant(TWIN).workspace();
    assert!(lab.emulator.memory_used() > before);
    lab.delete(&format!("/_emulator/tenants/{TWIN}")).is(200);
    assert_eq!(lab.emulator.memory_used(), before);
}

#[test]
fn fork_shares_the_past_up_to_and_including_the_instant() {
    let lab = Lab::new();
    let first = lab.shop();
    lab.advance(60.0);
    lab.post_empty(&format!("{first}/startMirroring")).is(200);
    let at = now(&lab, "");
    lab.advance(1.0);
    lab.settings(json!({"pageSize": 7}));
    lab.delete(&first).is(200);
    let forked = fork(&lab, &at).is(201).body();
    assert_eq!(forked, json!({"id": TWIN, "now": at}));
    let twin = lab.in_tenant(TWIN);
    assert!(lab.emulator.tenant(TWIN.parse().unwrap()).unwrap().replays());
    let settings = lab.get(&format!("/_emulator/settings?tenant={TWIN}")).body();
    assert_eq!((&settings["pageSize"], &settings["pace"]), (&json!(7), &json!("realistic")), "those of now");
    assert_eq!(lab.get(&format!("/_emulator/clock?tenant={TWIN}")).body()["mode"], "manual");
    lab.get(&first).refuses(404, "EntityNotFound");
    assert_eq!(twin.status(&first), "Starting");
}

#[test]
fn fork_is_refused_without_effect() {
    let lab = Lab::new();
    let default = default_tenant(&lab);
    let path = format!("/_emulator/tenants/{default}/fork");
    let past = lab.emulator.default_tenant().snapshot();
    let base_at = json!(past)["baseAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    let check = |path: &str, body: Value, status: u16, code: &str| {
        lab.post(path, body).refuses(status, code);
        assert_eq!(ids(&lab), [&*default]);
    };
    check(&path, json!({"at": "2031-02-03T04:05:06.000000001Z", "as": TWIN}), 400, "InvalidInput");
    check(&path, json!({"at": (base_at - second).to_string(), "as": TWIN}), 400, "InvalidInput");
    check(&path, json!({"as": default}), 409, "EntityConflict");
    check(&path, json!({"as": ""}), 400, "InvalidInput");
    check(&path, json!({"at": "2031-02-03T04:05:06Z"}), 400, "InvalidInput");
    check(&path, json!({"as": TWIN, "from": "x"}), 400, "InvalidInput");
    check(&format!("/_emulator/tenants/{MISSING}/fork"), json!({"as": TWIN}), 404, "EntityNotFound");
    lab.post(&path, json!({"at": base_at.to_string(), "as": TWIN})).is(201);
    lab.post(&path, json!({"as": OTHER})).is(201);
    assert_eq!(now(&lab, OTHER), now(&lab, ""));
}

/// The ids of rules in a fork begin anew, but the counters of deleted rules do not come back with them.
#[test]
fn new_fault_in_a_fork_has_counted_nothing() {
    let lab = Lab::new();
    let at = now(&lab, "");
    lab.advance(1.0);
    let down = json!({"answer": {"status": 503}});
    let rule = |operation: &str| json!({"match": {"operation": operation}, "when": {"times": 1}, "effect": down});
    lab.post("/_emulator/faults", rule("Workspaces_CreateWorkspace")).is(201);
    let second = lab.post("/_emulator/faults", rule("Capacities_ListCapacities")).is(201).id();
    lab.get("/v1/capacities").is(503);
    lab.delete(&format!("/_emulator/faults/{second}")).is(200);
    fork(&lab, &at).is(201);
    let twin = lab.in_tenant(TWIN);
    let added = twin.post("/_emulator/faults", rule("Capacities_ListCapacities")).is(201).body();
    assert_eq!((&added["matched"], &added["struck"]), (&json!(0), &json!(0)), "{added}");
    twin.get("/v1/capacities").is(503);
}

/// The dry run of a rule draws from the same seed as the rule, in a fork too.
#[test]
fn dry_run_in_a_fork_names_what_is_struck() {
    let lab = Lab::unthrottled();
    fork(&lab, &Value::Null).is(201);
    let twin = lab.in_tenant(TWIN);
    let rule = json!({"match": {"operation": "Capacities_ListCapacities"}, "when": {"probability": 0.5},
        "effect": {"answer": {"status": 503}}});
    let ask = || (0..20).map(|_| twin.get("/v1/capacities").status.as_u16()).collect::<Vec<u16>>();
    ask();
    let tried = twin.post("/_emulator/faults/dry-run", rule.clone()).is(200).body();
    twin.post("/_emulator/faults", rule).is(201);
    let struck = ask().into_iter().filter(|status| *status == 503).count();
    assert_eq!((&tried["matched"], &tried["struck"]), (&json!(20), &json!(struck)));
}

#[test]
fn fork_past_the_memory_is_refused() {
    let emulator = specularite::Emulator::builder().memory(200_000).build();
    let lab = Lab::with(emulator);
    for n in 0..200 {
        let made =
            lab.post("/v1/workspaces", json!({"displayName": format!("w{n}"), "description": "x".repeat(1_000)}));
        if lab.emulator.memory_used() > 120_000 {
            break;
        }
        made.is(201);
    }
    fork(&lab, &Value::Null).refuses(403, "MemoryFull");
    assert_eq!(ids(&lab).len(), 1);
}

#[test]
fn control_calls_take_no_request_id_of_the_services() {
    let run = |look: bool| {
        let lab = Lab::new();
        if look {
            for path in ["clock", "settings", "journal", "tenants", "snapshot", "nothing"] {
                lab.get(&format!("/_emulator/{path}"));
            }
            lab.user(BOB).get("/_emulator/clock");
        }
        lab.get("/v1/capacities").header("requestid").unwrap().to_owned()
    };
    assert_eq!(run(false), run(true));
}

/// The calls of the two sections of docs/CONTROL.md, in their order, with the files that they write and read.
#[test]
fn examples_of_the_control_document_work() {
    let document = include_str!("../../docs/CONTROL.md");
    let (_, rest) = document.split_once("## Tenants and forks").unwrap();
    let (examples, _) = rest.split_once("## Settings").unwrap();
    let lab = Lab::new();
    let mut file = String::new();
    let mut calls = 0;
    for line in examples.lines().filter_map(|line| line.strip_prefix("    curl ")) {
        let method = line.split_once("-X ").map_or("GET", |(_, rest)| rest.split(' ').next().unwrap());
        let path = line.split_once("$base").unwrap().1.split([' ', '"']).next().unwrap();
        let body = line.split_once("-d '").map_or("", |(_, body)| body.trim_end_matches('\''));
        let body = if line.contains("@tenant.json") { file.clone() } else { body.to_owned() };
        let reply = lab.send(method, &path.replace("$tenant", &default_tenant(&lab)), &[], body).succeeds();
        if line.contains("> tenant.json") {
            file = reply.text();
        }
        calls += 1;
    }
    assert_eq!((calls, ids(&lab).len()), (7, 3), "the tenants earlier and copy remain");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fork_and_original_go_their_own_ways(past in actions(), own in actions(), others in actions()) {
        let (forked, alone) = (Mirror::new(), Mirror::new());
        forked.run(&past);
        alone.run(&past);
        fork(&forked.lab, &Value::Null).is(201);
        let twin = forked.in_tenant(TWIN);
        prop_assert_eq!(twin.observed(), alone.observed());
        forked.run(&others);
        let after = forked.observed();
        twin.run(&own);
        alone.run(&own);
        prop_assert_eq!(twin.observed(), alone.observed(), "acts of the original do not show in the fork");
        prop_assert_eq!(forked.observed(), after, "acts of the fork do not show in the original");
    }
}
