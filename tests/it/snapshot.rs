//! Snapshots: a tenant that is restored continues as if nothing had happened.

use proptest::prelude::*;
use serde_json::{Value, json};
use specularite::Emulator;

use crate::harness::{Lab, Reply};
use crate::laws::{Mirror, actions, config};

const TWIN: &str = "00000000-0000-4000-9000-000000000007";

fn snapshot(lab: &Lab) -> Value {
    lab.get("/_emulator/snapshot").is(200).body()
}

fn restore(lab: &Lab, snapshot: &Value) -> Reply {
    lab.json("PUT", "/_emulator/snapshot", snapshot)
}

fn journal(lab: &Lab) -> String {
    lab.get("/_emulator/journal?timing=off").is(200).text()
}

#[test]
fn snapshot_is_the_same_after_it_was_restored() {
    let lab = crate::facts::history();
    let taken = snapshot(&lab);
    assert_eq!(taken["format"], 1);
    lab.advance(100.0);
    lab.post("/v1/workspaces", json!({"displayName": "later"})).is(201);
    lab.settings(json!({"pageSize": 8}));
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 2, "paused": true})).is(200);
    let restored = restore(&lab, &taken).is(200).body();
    assert_eq!(restored["now"], lab.get("/_emulator/clock").body()["now"]);
    assert_eq!(snapshot(&lab), taken);
    assert!(lab.emulator.default_tenant().replays());
    assert_eq!(journal(&lab), "");
}

#[test]
fn snapshot_restores_throttle_windows_and_request_ids() {
    let lab = Lab::new();
    lab.settings(json!({"limits": {"Capacities_ListCapacities": 1}}));
    lab.get("/v1/capacities").is(200);
    let taken = snapshot(&lab);
    let blocked = lab.get("/v1/capacities").refuses(429, "RequestBlocked").whole();
    lab.advance(3_600.0);
    lab.get("/v1/capacities").is(200);
    restore(&lab, &taken).is(200);
    assert_eq!(lab.get("/v1/capacities").whole(), blocked);
}

#[test]
fn snapshot_can_create_a_tenant() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let taken = snapshot(&lab);
    let twin = lab.in_tenant(TWIN);
    assert_eq!(restore(&twin, &taken).is(200).body()["id"], TWIN);
    assert_eq!(snapshot(&twin), taken);
    assert_eq!(twin.status(&mirror), "Initializing");
    twin.post_empty("/_emulator/reset").is(200);
    assert_ne!(snapshot(&twin)["base"]["seed"], taken["base"]["seed"], "a reset gives the tenant its own seed again");
}

#[test]
fn invalid_snapshots_are_refused_and_change_nothing() {
    let lab = Lab::new();
    let mirror = lab.shop();
    lab.advance(60.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    let taken = snapshot(&lab);
    let check = |change: &dyn Fn(&mut Value), says: &str| {
        let mut wrong = taken.clone();
        change(&mut wrong);
        for lab in [&lab, &lab.in_tenant(TWIN)] {
            let refused = restore(lab, &wrong).refuses(400, "InvalidInput");
            assert!(refused.text().contains(says), "{says}: {}", refused.text());
        }
        assert_eq!(snapshot(&lab), taken);
        assert!(lab.emulator.existing_tenant(TWIN.parse().unwrap()).is_err(), "no tenant was created");
    };
    for part in ["format", "clock", "counters", "faults", "baseAt", "base", "facts"] {
        check(&|wrong| drop(wrong.as_object_mut().unwrap().remove(part)), &format!("missing field `{part}`"));
    }
    check(&|wrong| *wrong = json!({}), "missing field `format`");
    check(&|wrong| *wrong = json!({"format": 999}), "format 999");
    check(&|wrong| *wrong = json!({"format": 2, "parts": []}), "format 2");
    check(&|wrong| wrong["extra"] = json!(1), "unknown field `extra`");
    check(&|wrong| wrong["clock"]["rate"] = json!(0.0), "the rate must be");
    check(&|wrong| wrong["clock"]["step"] = json!(-1.0), "the step must be");
    check(&|wrong| wrong["clock"]["now"] = json!("9999-01-01T00:00:00Z"), "the clock ends");
    check(&|wrong| wrong["clock"]["now"] = json!("2031-01-01T00:00:00Z"), "clock.now");
    check(&|wrong| wrong["baseAt"] = json!("1900-01-01T00:00:00Z"), "before 1970");
    check(&|wrong| wrong["facts"][0]["at"] = json!("2031-02-03T04:05:07Z"), "facts[1].at");
    check(&|wrong| wrong["facts"][0]["fact"]["type"] = json!("nothing"), "unknown variant");
    check(&|wrong| wrong["base"]["seed"] = json!("x"), "a seed");
    let hashes: serde_json::Map<String, Value> = (0..10_001).map(|n| (format!("h{n}"), json!(1))).collect();
    check(&move |wrong| wrong["counters"]["redeemed"] = hashes.clone().into(), "counters.redeemed");
    check(&|wrong| wrong["counters"]["redeemed"] = json!({"h".repeat(44): 1}), "counters.redeemed");
    lab.json("PUT", "/_emulator/snapshot?tenant=*", &taken).refuses(400, "InvalidInput");
    lab.get("/_emulator/snapshot?tenant=*").refuses(400, "InvalidInput");
}

#[test]
fn folders_that_contain_each_other_are_refused() {
    let lab = Lab::new();
    let folders = format!("{}/folders", lab.workspace());
    let outer = lab.post(&folders, json!({"displayName": "outer"})).is(201).id();
    lab.post(&folders, json!({"displayName": "inner", "parentFolderId": outer})).is(201);
    let mut circle = snapshot(&lab);
    for dated in circle["facts"].as_array_mut().unwrap() {
        let fact = &mut dated["fact"];
        if fact["type"] == "folderCreated" {
            fact["data"]["parent"] = fact["data"]["id"].clone();
        }
    }
    let refused = restore(&lab, &circle).refuses(400, "InvalidInput");
    assert!(refused.text().contains("contain each other"), "{}", refused.text());
}

#[test]
fn snapshots_keep_the_limits_of_memory() {
    let large = Lab::new();
    for n in 0..100 {
        let workspace = json!({"displayName": format!("w{n}"), "description": "x".repeat(2_000)});
        large.post("/v1/workspaces", workspace).is(201);
    }
    let taken = snapshot(&large);
    for builder in [Emulator::builder().tenant_memory(100_000), Emulator::builder().memory(100_000)] {
        let small = Lab::with(builder.build());
        small.workspace();
        let (before, used) = (snapshot(&small), small.emulator.memory_used());
        restore(&small, &taken).refuses(403, "MemoryFull");
        restore(&small.in_tenant(TWIN), &taken).refuses(403, "MemoryFull");
        assert_eq!((snapshot(&small), small.emulator.memory_used()), (before, used));
    }
    // Old facts are merged into the base where that makes enough room.
    let tight = Lab::with(Emulator::builder().tenant_memory(1_200_000).build());
    restore(&tight, &taken).is(200);
    assert!(snapshot(&tight)["facts"].as_array().unwrap().len() < taken["facts"].as_array().unwrap().len());
    assert_eq!(tight.get("/v1/workspaces").text(), large.get("/v1/workspaces").text());
}

/// Sends snapshots in which one value was replaced. They are refused, or the tenant answers as usual.
#[test]
fn mutated_snapshots_never_answer_500() {
    let lab = crate::facts::history();
    let taken = snapshot(&lab);
    let paths = leaves(&taken, String::new());
    let others = [
        json!(null),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(""),
        json!([]),
        json!({}),
        json!("0001-01-01T00:00:00Z"),
        json!("-P1000000000D"),
        json!("PT0S"),
        json!(u64::MAX),
    ];
    let mut accepted = 0;
    for (n, path) in paths.iter().enumerate().step_by(3) {
        let mut mutated = taken.clone();
        *mutated.pointer_mut(path).unwrap() = others[n % others.len()].clone();
        let twin = lab.in_tenant(TWIN);
        let answer = restore(&twin, &mutated);
        assert!(matches!(answer.status.as_u16(), 200 | 400), "{path}: {}", answer.text());
        if answer.status.as_u16() != 200 {
            continue;
        }
        accepted += 1;
        for read in ["/_emulator/clock", "/_emulator/snapshot", "/v1/workspaces", "/v1/connections"] {
            assert!(twin.get(read).status.as_u16() < 500, "{path}: {read}");
        }
        for workspace in twin.get("/v1/workspaces").body()["value"].as_array().unwrap() {
            let items = format!("/v1/workspaces/{}/items", workspace["id"].as_str().unwrap());
            assert!(twin.get(&items).status.as_u16() < 500, "{path}");
        }
    }
    assert!(accepted > 20, "{accepted} mutated snapshots were accepted");
}

/// Returns the pointers of all scalars.
fn leaves(value: &Value, path: String) -> Vec<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| leaves(value, format!("{path}/{name}"))).collect()
        }
        Value::Array(elements) => {
            elements.iter().enumerate().flat_map(|(n, value)| leaves(value, format!("{path}/{n}"))).collect()
        }
        _ => vec![path],
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn restored_tenant_continues_like_the_uninterrupted_one(
        before in actions(), lost in actions(), after in actions(),
    ) {
        let (uninterrupted, restored) = (Mirror::new(), Mirror::new());
        uninterrupted.run(&before);
        restored.run(&before);
        let taken = snapshot(&restored.lab);
        restored.run(&lost);
        restore(&restored.lab, &taken).is(200);
        let elsewhere = restored.in_tenant(TWIN);
        restore(&elsewhere.lab, &taken).is(200);
        uninterrupted.lab.delete("/_emulator/journal").is(200);
        for mirror in [&uninterrupted, &restored, &elsewhere] {
            mirror.run(&after);
        }
        let observed = uninterrupted.observed();
        prop_assert_eq!(restored.observed(), observed.clone());
        prop_assert_eq!(elsewhere.observed(), observed);
        prop_assert_eq!(journal(&restored.lab), journal(&uninterrupted.lab));
    }
}
