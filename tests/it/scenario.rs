//! Scenarios: parts of a tenant that are declared by name, at once or not at all.

use serde_json::{Value, json};
use specularite::{Emulator, StateSync};

use crate::harness::{ALICE, BOB, Lab, Reply, base64, open_mirror, sql_mirror};

const DEFAULT_TENANT: &str = "5bec0a12-0000-4000-8000-000000000001";

pub(crate) fn apply(lab: &Lab, scenario: &Value) -> Reply {
    lab.post("/_emulator/scenario", scenario.clone())
}

/// A scenario with a mirrored database that is running since an instant.
fn running(since: &str) -> Value {
    json!({
        "format": 1,
        "settings": {"pace": "realistic"},
        "connections": [{"name": "db", "type": "SQL", "path": "s;d", "credentialType": "Basic"}],
        "sources": [{"connection": "db", "tables": [{"schemaName": "dbo", "tableName": "A", "rowsPerSecond": 1}]}],
        "workspaces": [{"name": "Sales", "capacity": "specularite", "items": [{
            "name": "orders", "type": "MirroredDatabase",
            "definition": {"mirroring.json": sql_mirror("db", None)},
            "mirroring": {"runningSince": since},
        }]}],
    })
}

/// The path of an item that a scenario declared.
pub(crate) fn path(applied: &Value, item: &str) -> String {
    let workspace = item.split('/').next().unwrap();
    let (workspace, item) = (&applied["workspaces"][workspace], &applied["items"][item]);
    format!("/v1/workspaces/{}/mirroredDatabases/{}", workspace.as_str().unwrap(), item.as_str().unwrap())
}

fn fork_status(lab: &Lab, at: &str, item: &str) -> String {
    let name = format!("at {at}");
    let body = json!({"at": at, "as": name});
    let id = lab.post(&format!("/_emulator/tenants/{DEFAULT_TENANT}/fork"), body).is(201).id();
    lab.in_tenant(&id).status(item)
}

#[test]
fn running_begins_exactly_at_the_given_instant() {
    let lab = Lab::new();
    let applied = apply(&lab, &running("2031-02-03T01:00:00Z")).is(200).body();
    let item = path(&applied, "Sales/orders");
    assert_eq!(lab.status(&item), "Running");
    for (at, status) in [
        ("2031-02-03T00:59:40Z", "Starting"),
        ("2031-02-03T00:59:59.999Z", "Starting"),
        ("2031-02-03T01:00:00Z", "Running"),
    ] {
        assert_eq!(fork_status(&lab, at, &item), status, "{at}");
    }
    let tables = lab.tables(&item);
    assert_eq!(tables[0]["status"], "Replicating");
    let rows = tables[0]["metrics"]["processedRows"].as_u64().unwrap();
    assert!((11_000..13_000).contains(&rows), "the changes of three hours arrived: {rows}");
    assert!(lab.emulator.default_tenant().replays());
}

/// The past of a tenant without facts begins with the first fact of the scenario.
#[test]
fn past_of_a_new_tenant_begins_with_the_scenario() {
    let lab = Lab::new();
    let begins = "2026-01-01T00:00:00Z";
    let applied = apply(&lab, &running("2026-01-01T00:00:20Z")).is(200).body();
    let fork = |at: &str| {
        lab.post(&format!("/_emulator/tenants/{DEFAULT_TENANT}/fork"), json!({"at": at, "as": format!("at {at}")}))
    };
    fork(begins).is(201);
    fork("2025-12-31T23:59:59.999Z").is(400);
    let item = path(&applied, "Sales/orders");
    let hour = json!({"match": {"item": "*"}, "effect": {"staleSeconds": 3_600}});
    lab.post("/_emulator/faults", hour).is(201);
    assert_eq!(lab.get(&item).is(200).body()["displayName"], "orders");
    let snapshot = lab.get("/_emulator/snapshot").is(200).body();
    assert_eq!(snapshot["baseAt"], begins);
    lab.json("PUT", "/_emulator/snapshot", &snapshot).is(200);
    assert_eq!(lab.get("/_emulator/snapshot").body(), snapshot);
}

#[test]
fn running_since_is_bounded_by_the_last_fact_and_the_clock() {
    let check = |last: &str, since: &str, accepted: bool| {
        let lab = Lab::new();
        lab.post("/_emulator/clock", json!({"now": last})).is(200);
        lab.settings(json!({"pageSize": 9}));
        lab.post("/_emulator/clock", json!({"now": "2031-02-05T00:00:00Z"})).is(200);
        let reply = apply(&lab, &running(since));
        let expected = if accepted { 200 } else { 400 };
        let applied = reply.is(expected).body();
        if accepted {
            let item = path(&applied, "Sales/orders");
            assert_eq!(fork_status(&lab, since, &item), "Running", "{last} {since}");
            assert_eq!(lab.status(&item), "Running");
        } else {
            let message = applied["moreDetails"][0]["message"].as_str().unwrap().to_owned();
            assert!(message.contains("workspaces[0].items[0].mirroring.runningSince: 2031"), "{message}");
        }
    };
    let last = "2031-02-04T00:00:00Z";
    check(last, "2031-02-03T23:59:59.999Z", false);
    check(last, last, true);
    check(last, "2031-02-04T00:00:05Z", true);
    check(last, "2031-02-05T00:00:00Z", true);
    check(last, "2031-02-05T00:00:00.001Z", false);
    check("2031-02-05T00:00:00Z", "2031-02-05T00:00:00Z", true);
}

#[test]
fn clock_is_set_back_only_in_a_tenant_without_facts() {
    let clock = json!({"format": 1, "clock": {"mode": "manual", "now": "2020-01-01T00:00:00Z"}});
    let lab = Lab::new();
    apply(&lab, &clock).is(200);
    assert_eq!(lab.get("/_emulator/clock").body()["now"], "2020-01-01T00:00:00.0000000Z");
    lab.settings(json!({"pageSize": 9}));
    lab.post("/_emulator/clock", json!({"now": "2020-01-02T00:00:00Z"})).is(200);
    let refused = apply(&lab, &clock).refuses(400, "InvalidInput").text();
    assert!(refused.contains("clock.now: cannot move the clock to 2020-01-01T00:00:00Z"), "{refused}");
    lab.post_empty("/_emulator/reset").is(200);
    apply(&lab, &clock).is(200);
    for (member, value) in
        [("rate", json!(0)), ("step", json!(-1)), ("now", json!("1969-12-31T00:00:00Z")), ("mode", json!("fast"))]
    {
        let reply = apply(&lab, &json!({"format": 1, "clock": {member: value}})).refuses(400, "InvalidInput");
        assert!(reply.text().contains("The scenario is not valid: clock."), "{}", reply.text());
    }
}

/// Each refusal has the name at fault and its place, and changes nothing, the clock included.
#[test]
fn refusals_name_the_place_and_change_nothing() {
    let lab = Lab::new();
    let taken = json!({"format": 1,
        "connections": [{"name": "taken", "type": "SQL", "path": "p", "credentialType": "Basic"}],
        "principals": [{"name": "taken", "type": "User"}], "capacities": [{"name": "taken", "sku": "F2"}],
        "workspaces": [{"name": "taken"}]});
    apply(&lab, &taken).is(200);
    let before = lab.get("/_emulator/snapshot").body();
    // The mark `^` precedes the place.
    let check = |part: &str, name: &str| {
        let part = format!("{{\"format\": 1, \"clock\": {{\"now\": \"2040-01-01T00:00:00Z\"}},\n{part}\n}}");
        let before_mark = part.split('^').next().unwrap();
        let (line, column) =
            (before_mark.matches('\n').count() + 1, before_mark.rsplit('\n').next().unwrap().len() + 1);
        let reply = lab.send("POST", "/_emulator/scenario", &[], part.replace('^', "")).refuses(400, "InvalidInput");
        let message = reply.body()["moreDetails"][0]["message"].as_str().unwrap().to_owned();
        let place = format!(" at line {line} column {column}.");
        assert!(message.contains(name) && message.ends_with(&place), "{message}: expected {name}{place}");
        assert_eq!(lab.get("/_emulator/snapshot").body(), before, "{part}");
    };
    check(r#""workspacs": ^[]"#, "workspacs");
    check(r#""workspaces": [{"name": "a"}, {"name": "b", "capacity": ^"nowhere"}]"#, "nowhere");
    check(r#""workspaces": [{"name": ^"TAKEN"}]"#, "TAKEN");
    check(r#""workspaces": [{"name": "a"}, {"name": ^"A"}]"#, "\"A\"");
    check(r#""connections": [^{"name": "taken", "type": "SQL", "path": "p", "credentialType": "Basic"}]"#, "taken");
    check(r#""connections": [^{"name": "c", "type": "Fax", "path": "p", "credentialType": "Basic"}]"#, "Fax");
    check(r#""principals": [{"name": ^"taken", "type": "User"}]"#, "taken");
    check(r#""principals": [{"name": "a", "type": ^"Robot"}]"#, "Robot");
    check(r#""capacities": [{"name": ^"taken", "sku": "F2"}]"#, "taken");
    check(r#""capacities": [{"name": "a", "sku": "F2", "hiddenFrom": [^"nobody"]}]"#, "nobody");
    check(r#""sources": [{"connection": ^"none", "tables": []}]"#, "none");
    check(r#""sources": [{"item": ^"taken/none", "tables": []}]"#, "taken/none");
    check(r#""sources": [^{"tables": []}]"#, "connection and item");
    check(r#""sources": [{"connection": "taken", "tables": [{"schemaName": "a", "tabelName": ^"b"}]}]"#, "tabelName");
    check(r#""workspaces": [{"name": "a", "roles": [{"principal": ^"nobody", "role": "Viewer"}]}]"#, "nobody");
    check(r#""workspaces": [{"name": "a", "roles": [{"principal": "taken", "role": ^"King"}]}]"#, "King");
    check(r#""workspaces": [{"name": "a", "folders": [^"x/y.z"]}]"#, "x/y.z");
    check(r#""workspaces": [{"name": "a", "items": [{"name": "i", "type": ^"Fax"}]}]"#, "Fax");
    check(r#""workspaces": [{"name": "a", "items": [{"name": ^"i", "type": "Lakehouse"}]}]"#, "\"i\"");
    let item = |rest: &str| {
        let item = r#"{"name": "i", "type": "MirroredDatabase""#;
        format!(r#""workspaces": [{{"name": "a", "capacity": "specularite", "items": [{item}{rest}}}]}}]"#)
    };
    check(&item(r#", "folder": ^"none""#), "none");
    check(&item(r#", "path": ^"somewhere""#), "--scenario");
    check(&item(r#", "mirroring": ^{"runningSince": "2039-01-01T00:00:00Z"}"#), "no definition");
    check(&item(",\n\"definition\": {\"mirroring.json\": {\n\"properties\": ^7}}"), "properties is 7");
    check(&item(",\n\"definition\": {\"mirroring.json\": ^\"{\"}"), "mirroring.json");
    check(&item(",\n\"definition\": ^{\"other.json\": \"{}\"}"), "mirroring.json is missing");
    let source = r#"{"type": "CosmosDb", "typeProperties": {"connection": ^"none", "database": "d"}}"#;
    let mirroring = format!(r#", "definition": {{"mirroring.json": {{"properties": {{"source": {source}}}}}}}"#);
    check(&item(&mirroring), "none");
    check(r#""trouble": [{"target": {"item": ^"one/none"}, "kind": "stuck"}]"#, "one/none");
    check(r#""trouble": [{"target": {"source": ^"none"}, "kind": "slow"}]"#, "none");
    check(r#""trouble": [{"target": {"source": "taken"}, "kind": ^"rain"}]"#, "rain");
    let rotated = r#""trouble": [{"target": {"source": "taken"}, "cause": "rotatedKey""#;
    check(&format!("{rotated}, \"starts\": {{\"at\": ^\"2030-01-01T00:00:00Z\"}}}}]"), "starts.at is in the past");
    check(r#""faults": [{"effect": {"trottle": ^{"retryAfter": 1}}}]"#, "trottle");
    check(r#""faults": [{"match": {"item": ^"none"}, "effect": {"token": "expired"}}]"#, "none");
    check(r#""faults": [{"match": {"workspace": ^"none"}, "effect": {"token": "expired"}}]"#, "none");
    check(r#""faults": [{"match": {"principal": ^"none"}, "effect": {"token": "expired"}}]"#, "none");
    check(r#""faults": [{"match": {"operation": ^"None_None"}, "effect": {"token": "expired"}}]"#, "None_None");
    check(r#""settings": {"pageSize": ^0}"#, "pageSize");
    check(r#""settings": {"limits": ^{"None_None": 1}}"#, "None_None");
    let slashes = "/".repeat(100_000);
    check(&format!(r#""trouble": [{{"target": {{"item": ^"{slashes}"}}, "kind": "stuck"}}]"#), "/ and so on");
    lab.send("POST", "/_emulator/scenario", &[], "{\"format\": 1,").refuses(400, "InvalidInput");
    lab.send("POST", "/_emulator/scenario?tenant=*", &[], r#"{"format": 1}"#).refuses(400, "InvalidInput");
    for text in [&b"{\"format\": 2}"[..], b"{}", b"[]", b"", b"\xff"] {
        lab.send("POST", "/_emulator/scenario", &[], text).refuses(400, "InvalidInput");
    }
}

#[test]
fn scenario_that_does_not_fit_into_the_memory_changes_nothing() {
    let lab = Lab::with(Emulator::builder().seed(7).tenant_memory(200 << 10).build());
    let text = "x".repeat(150 << 10);
    let scenario = json!({"format": 1, "clock": {"now": "2040-01-01T00:00:00Z"}, "workspaces": [
        {"name": "a", "capacity": "Trial", "items": [
            {"name": "n", "type": "Notebook", "definition": {"notebook-content.py": text}},
            {"name": "m", "type": "Notebook", "definition": {"notebook-content.py": text}},
        ]},
    ]});
    let before = lab.get("/_emulator/snapshot").body();
    apply(&lab, &scenario).refuses(403, "MemoryFull");
    assert_eq!(lab.get("/_emulator/snapshot").body(), before);
}

/// Later scenarios refer to what the tenant has, by name or id.
#[test]
fn names_refer_to_the_scenario_and_to_the_tenant() {
    let lab = Lab::unthrottled();
    let applied = apply(&lab, &running("2031-02-03T04:05:06Z")).is(200).body();
    lab.add_principals(&[(BOB, "User")]);
    let (connection, item) = (&applied["connections"]["db"], &applied["items"]["Sales/orders"]);
    let more = json!({
        "format": 1,
        "principals": [{"name": "Alice", "id": ALICE, "type": "User"}],
        "workspaces": [{"name": "More", "capacity": "Trial",
            "roles": [{"principal": BOB, "role": "Member"}, {"principal": "Alice", "role": "Admin"}],
            "items": [
                {"name": "m", "type": "MirroredDatabase", "definition": {"mirroring.json": sql_mirror("DB", None)}},
                {"name": "twin", "type": "Lakehouse"}, {"name": "twin", "type": "Warehouse"},
                {"name": "open", "type": "MirroredDatabase", "definition": {"mirroring.json": open_mirror().to_string()}},
            ]}],
        "sources": [
            {"connection": connection, "tables": [], "trouble": [{"cause": "rotatedKey"}]},
            {"item": "More/open", "tables": [{"schemaName": "s", "tableName": "t"}]},
        ],
        "trouble": [
            {"target": {"item": "sales/ORDERS"}, "kind": "databaseError"},
            {"target": {"item": item}, "kind": "stuck"},
            {"target": {"source": "More/open"}, "kind": "noRows"},
        ],
        "faults": [
            {"match": {"item": "More/twin.Warehouse", "workspace": "More", "principal": "Alice"}, "effect": {"token": "expired"}},
            {"match": {"item": "*", "workspace": BOB, "principal": "page"}, "effect": {"token": "expired"}},
        ],
    });
    let alice = lab.user(ALICE);
    let again = apply(&lab, &more).is(200).body();
    assert_eq!(
        again["items"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["More/m", "More/twin.Lakehouse", "More/twin.Warehouse", "More/open"]
    );
    let workspace = format!("/v1/workspaces/{}", again["workspaces"]["More"].as_str().unwrap());
    let roles = alice.get(&format!("{workspace}/roleAssignments")).is(200).body();
    let roles: Vec<_> = roles["value"].as_array().unwrap().iter().map(|it| (&it["id"], &it["role"])).collect();
    assert_eq!(roles, [(&json!(ALICE), &json!("Admin")), (&json!(BOB), &json!("Member"))]);
    let definition = alice.post_empty(&format!("{}/getDefinition", path(&again, "More/m"))).is(200).body();
    let payload = definition["definition"]["parts"][0]["payload"].as_str().unwrap().to_owned();
    assert_eq!(payload, base64(&crlf(&sql_mirror(connection.as_str().unwrap(), None))));
    let trouble = lab.get("/_emulator/trouble").body();
    assert_eq!(trouble["value"].as_array().unwrap().len(), 4);
    let warehouse = again["items"]["More/twin.Warehouse"].as_str().unwrap();
    alice.get(&format!("{workspace}/warehouses/{warehouse}")).refuses(401, "TokenExpired");
    assert_eq!(lab.get("/_emulator/faults").body()["value"][0]["match"]["principal"], ALICE);
    let source = again["items"]["More/open"].as_str().unwrap();
    assert_eq!(lab.get(&format!("/_emulator/sources/{source}")).is(200).body()["tables"][0]["tableName"], "t");
    let ambiguous = json!({"format": 1, "trouble": [{"target": {"item": "More/twin"}, "kind": "stuck"}]});
    let message = apply(&lab, &ambiguous).refuses(400, "InvalidInput").text();
    assert!(message.contains("expected workspace/item.Type"), "{message}");
}

/// JSON as the service writes definitions.
fn crlf(value: &Value) -> String {
    format!("{value:#}").replace('\n', "\r\n")
}

/// Principals and capacities with a known id are replaced.
#[test]
fn known_principals_and_capacities_are_replaced() {
    let lab = Lab::new();
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.add_principals(&[(ALICE, "User")]);
    let scenario = json!({"format": 1,
        "principals": [{"name": "Alice", "id": ALICE, "type": "User", "userPrincipalName": "alice@contoso.com"}],
        "capacities": [{"name": "renamed", "id": capacity, "sku": "F8", "state": "Inactive", "hiddenFrom": ["Alice"]}]});
    apply(&lab, &scenario).is(200);
    let found = lab.get("/v1/capacities").body()["value"][0].clone();
    let expected =
        json!({"id": capacity, "displayName": "renamed", "sku": "F8", "region": "West Europe", "state": "Inactive"});
    assert_eq!(found, expected);
    assert_eq!(lab.user(ALICE).get("/v1/capacities").body()["value"].as_array().unwrap().len(), 1);
    let alice = lab.get("/_emulator/principals").body()["value"][0].clone();
    assert_eq!(alice["userDetails"]["userPrincipalName"], "alice@contoso.com");
}

/// An item of a scenario is ready at once, even if the service takes long to create it.
#[test]
fn items_are_ready_at_once() {
    let lab = Lab::unthrottled();
    let kinds = ["MirroredDatabase", "SQLDatabase", "Lakehouse", "Warehouse", "Notebook", "CosmosDBDatabase"];
    let items: Vec<Value> = kinds.iter().map(|kind| json!({"name": kind, "type": kind})).collect();
    let scenario = json!({"format": 1, "workspaces": [{"name": "w", "capacity": "specularite", "items": items}]});
    let applied = apply(&lab, &scenario).is(200).body();
    let workspace = format!("/v1/workspaces/{}", applied["workspaces"]["w"].as_str().unwrap());
    for kind in kinds {
        let id = applied["items"][format!("w/{kind}")].as_str().unwrap();
        assert_eq!(lab.get(&format!("{workspace}/items/{id}")).is(200).body()["type"], kind);
    }
    let listed = lab.get(&format!("{workspace}/items?type=SQLEndpoint")).body();
    assert!(listed["value"].as_array().unwrap().len() >= 3, "{listed}");
}

#[test]
fn same_seed_scenario_and_clock_give_the_same_tenant() {
    let run = || {
        let lab = Lab::new();
        apply(&lab, &running("2031-02-01T00:00:00Z")).is(200);
        let mut snapshot = lab.get("/_emulator/snapshot").body();
        // Both tenants began at an instant of the machine's clock.
        snapshot["baseAt"].take();
        snapshot.to_string()
    };
    assert_eq!(run(), run());
}

/// A scenario creates the tenant that it names, unless it is rejected. A check creates none.
#[test]
fn rejected_scenario_creates_no_tenant() {
    let lab = Lab::new();
    let tenants = || lab.get("/_emulator/tenants").body()["value"].as_array().unwrap().len();
    let twin = lab.in_tenant("00000000-0000-4000-9000-000000000007");
    apply(&twin, &json!({"format": 1, "workspaces": [{"name": "a", "capacity": "none"}]})).refuses(400, "InvalidInput");
    twin.post("/_emulator/check", json!({"kind": "Lakehouse", "definition": {"parts": []}})).is(200);
    assert_eq!(tenants(), 1);
    let applied = apply(&twin, &json!({"format": 1, "workspaces": [{"name": "a"}]})).is(200).body();
    assert_eq!(tenants(), 2);
    assert_eq!(twin.get("/v1/workspaces").body()["value"][0]["id"], applied["workspaces"]["a"]);
}

#[test]
fn connection_of_an_earlier_scenario_keeps_its_id() {
    let lab = Lab::new();
    let scenario = |name: &str| json!({"format": 1, "connections": [{"name": name, "type": "SQL", "path": "p", "credentialType": "Basic"}]});
    let first = apply(&lab, &scenario("a")).is(200).body()["connections"]["a"].clone();
    let renamed = json!({"displayName": "b", "connectionDetails": {"type": "SQL", "path": "p"},
        "credentialDetails": {"credentialType": "Basic"}});
    lab.put(&format!("/_emulator/connections/{}", first.as_str().unwrap()), renamed).is(200);
    let second = apply(&lab, &scenario("a")).is(200).body()["connections"]["a"].clone();
    assert_ne!(first, second);
}

/// Where memory is tight, old facts are merged into the base. The past of the tenant then begins later.
#[test]
fn fork_after_a_scenario_does_not_contain_its_future() {
    let lab = Lab::with(Emulator::builder().tenant_memory(1_500_000).build());
    let description = "x".repeat(3_000);
    let mut early = Value::Null;
    for n in 0..20 {
        let workspace = json!({"displayName": format!("w{n}"), "description": description});
        lab.post("/v1/workspaces", workspace).is(201);
        if n == 1 {
            early = lab.get("/_emulator/clock").body()["now"].clone();
        }
        lab.advance(1.0);
    }
    let fork =
        |id: &str| lab.post(&format!("/_emulator/tenants/{DEFAULT_TENANT}/fork"), json!({"at": early, "as": id}));
    fork("before").is(201);
    let workspaces: Vec<Value> =
        (0..20).map(|n| json!({"name": format!("s{n}"), "description": description})).collect();
    apply(&lab, &json!({"format": 1, "workspaces": workspaces})).is(200);
    fork("after").refuses(400, "InvalidInput");
}

/// A scenario can set the clock back, and its facts lie in the past. The state file holds both.
#[test]
fn scenarios_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.ndjson");
    let open = |file: &std::path::Path| Emulator::builder().seed(7).open(file, StateSync::Flush).unwrap();
    let emulator = open(&file);
    assert!(emulator.is_new());
    let lab = Lab::of(emulator);
    let mut first = running("2020-01-01T00:00:00Z");
    first["clock"] = json!({"mode": "manual", "now": "2020-01-02T00:00:00Z"});
    let item = path(&apply(&lab, &first).is(200).body(), "Sales/orders");
    let check = |name: &str| {
        // The program is killed: the file is what it has written so far.
        let copy = folder.path().join(name);
        std::fs::copy(&file, &copy).unwrap();
        let restarted = open(&copy);
        assert!(!restarted.is_new());
        let restarted = Lab::of(restarted);
        assert_eq!(restarted.status(&item), "Running");
        for call in ["/v1/workspaces", "/_emulator/clock", "/_emulator/settings"] {
            let (now, later) = (lab.get(call).body(), restarted.get(call).body());
            let without_machine_time = |mut body: Value| {
                body.as_object_mut().unwrap().remove("machineNow");
                body
            };
            assert_eq!(without_machine_time(now), without_machine_time(later), "{call}");
        }
        assert_eq!(restarted.tables(&item), lab.tables(&item));
    };
    check("first");
    apply(&lab, &json!({"format": 1, "workspaces": [{"name": "More"}]})).is(200);
    check("without a clock");
    let later = json!({"format": 1, "clock": {"now": "2020-01-03T00:00:00Z"}, "workspaces": [{"name": "Most"}]});
    apply(&lab, &later).is(200);
    lab.post("/v1/workspaces", json!({"displayName": "after"})).is(201);
    check("with a later clock");
}
