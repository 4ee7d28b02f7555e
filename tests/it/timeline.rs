//! The timeline of an item, its log, and the overview of a tenant.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, part, sql_mirror};
use crate::laws::{Mirror, actions, config};

/// The timeline of the mirror of a law.
fn timeline(mirror: &Mirror, query: &str) -> Value {
    mirror.lab.get(&format!("/_emulator/timeline?item={}{query}", mirror.id())).is(200).body()
}

/// The span that contains an instant. Fails if there are several.
fn span_at(spans: &Value, at: &str) -> Option<Value> {
    let spans = spans.as_array().unwrap().iter();
    let contains = |span: &&Value| span["from"].as_str().unwrap() <= at && span["to"].as_str().is_none_or(|to| at < to);
    let mut found = spans.filter(contains);
    let span = found.next().cloned();
    assert_eq!(found.next(), None, "two spans contain {at}");
    span
}

/// Fails unless spans are in order, do not overlap, have a length, and differ from a span that they follow at once.
fn check_spans(spans: &Value, is_gapless: bool) {
    let spans = spans.as_array().unwrap();
    for span in spans {
        let (from, to) = (span["from"].as_str().unwrap(), span["to"].as_str());
        assert!(to.is_none_or(|to| from < to), "{span}");
        assert_eq!(span["reason"] == "trouble", span["trouble"].is_string(), "{span}");
    }
    for pair in spans.windows(2) {
        let (ends, begins) = (pair[0]["to"].as_str().unwrap(), pair[1]["from"].as_str().unwrap());
        assert!(ends == begins || !is_gapless && ends < begins, "{pair:?}");
        let shown = |span: &Value| (span["status"].clone(), span["error"].clone());
        assert!(ends < begins || shown(&pair[0]) != shown(&pair[1]), "{pair:?}");
    }
}

/// The name of a table.
fn name(table: &Value) -> String {
    format!("{}.{}", table["sourceSchemaName"].as_str().unwrap(), table["sourceTableName"].as_str().unwrap())
}

/// The point that follows from the tables at an instant.
fn point_of(tables: &[Value]) -> Value {
    let metric = |member: &'static str| tables.iter().filter_map(move |table| table["metrics"][member].as_i64());
    let mut latencies: Vec<i64> = metric("lastSyncLatencyInSeconds").collect();
    latencies.sort_unstable();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    for table in tables {
        *statuses.entry(table["status"].as_str().unwrap()).or_default() += 1;
    }
    let p95 = (latencies.len() * 95).div_ceil(100).checked_sub(1).map(|index| latencies[index]);
    json!({"rows": metric("processedRows").sum::<i64>(), "latencyMax": latencies.last(), "latencyP95": p95, "tablesByStatus": statuses})
}

/// What the status calls answer at an instant: the status of the database, and the tables.
type Seen = (String, Value, Vec<Value>);

/// Moves the clock to the next whole second, because points are at whole seconds, and observes the mirror.
fn observe(mirror: &Mirror) -> Seen {
    let tenant = mirror.lab.emulator.default_tenant();
    let now = tenant.clock().now();
    let second = now.as_second() + i64::from(now.subsec_nanosecond() > 0);
    tenant.clock().advance_to(Timestamp::from_second(second).unwrap()).unwrap();
    let (status, tables) = mirror.observed();
    (mirror.now(), status, tables)
}

/// Fails unless a timeline has the observed statuses and errors.
fn check_statuses(timeline: &Value, (at, status, tables): &Seen) {
    let span = span_at(&timeline["spans"], at).unwrap();
    assert_eq!((&span["status"], &span["error"]), (&status["status"], &status["error"]), "at {at}");
    for line in timeline["tables"]["value"].as_array().unwrap() {
        let table = tables.iter().find(|table| name(table) == name(line));
        let span = span_at(&line["spans"], at);
        let shown = |it: Option<&Value>| it.map(|it| (it["status"].clone(), it["error"].clone()));
        assert_eq!(shown(span.as_ref()), shown(table), "{} at {at}", name(line));
    }
}

proptest! {
    #![proptest_config(config())]

    /// The timeline has, before and after, what the status calls answer at each instant.
    #[test]
    fn timeline_agrees_with_the_status_calls(
        actions in actions(), waits in prop::collection::vec(0.0_f64..1_000.0, 1..12)
    ) {
        let mirror = Mirror::new();
        let past: Vec<Seen> = actions
            .iter()
            .map(|action| {
                // An action at the instant of an observation would follow it.
                mirror.lab.advance(0.001);
                mirror.run(std::slice::from_ref(action));
                observe(&mirror)
            })
            .collect();
        let ahead = timeline(&mirror, "");
        let future: Vec<Seen> = waits
            .iter()
            .map(|wait| {
                mirror.lab.advance(*wait);
                observe(&mirror)
            })
            .collect();
        future.iter().for_each(|seen| check_statuses(&ahead, seen));
        let behind = timeline(&mirror, "");
        check_spans(&behind["spans"], true);
        for line in behind["tables"]["value"].as_array().unwrap() {
            check_spans(&line["spans"], false);
        }
        for seen in past.iter().chain(&future) {
            let (at, _, tables) = seen;
            check_statuses(&behind, seen);
            let then = timeline(&mirror, &format!("&at={at}&from={at}&to={at}&points=1"));
            check_statuses(&then, seen);
            let lines = then["tables"]["value"].as_array().unwrap();
            prop_assert_eq!(lines.len(), tables.len());
            for (line, table) in lines.iter().zip(tables) {
                let members = ["sourceObjectType", "sourceSchemaName", "sourceTableName", "status", "metrics", "error"];
                for member in members {
                    prop_assert_eq!(&line[member], &table[member], "{} of {} at {}", member, name(table), at);
                }
            }
            let expected = point_of(tables);
            for member in ["rows", "latencyMax", "latencyP95", "tablesByStatus"] {
                prop_assert_eq!(&then["points"][0][member], &expected[member], "{} at {}", member, at);
            }
        }
    }

    /// The points are the sums of what the status calls answer, before and after.
    #[test]
    fn points_are_sums_of_the_status_calls(actions in actions(), points in 1_usize..12) {
        let mirror = Mirror::new();
        mirror.run(&actions);
        let begin: Timestamp = mirror.now().parse().unwrap();
        let end = begin + SignedDuration::from_secs(3_000);
        let query = format!("&from={begin}&to={end}&points={points}");
        let ahead = timeline(&mirror, &query)["points"].clone();
        let mut rows_before = None;
        for point in ahead.as_array().unwrap() {
            let at: Timestamp = point["at"].as_str().unwrap().parse().unwrap();
            mirror.lab.emulator.default_tenant().clock().advance_to(at).unwrap();
            let expected = point_of(&mirror.observed().1);
            for member in ["rows", "latencyMax", "latencyP95", "tablesByStatus"] {
                prop_assert_eq!(&point[member], &expected[member], "{} at {}", member, at);
            }
            let rows = (at, point["rows"].as_f64().unwrap());
            if let Some((before, less)) = rows_before.replace(rows) {
                let rate = (rows.1 - less).max(0.0) / at.duration_since(before).as_secs_f64();
                prop_assert!((point["rowsPerSecond"].as_f64().unwrap() - rate).abs() < 1e-6);
            }
        }
        prop_assert_eq!(timeline(&mirror, &query)["points"].clone(), ahead);
    }

    #[test]
    fn log_is_in_order_and_repeats_the_spans(actions in actions()) {
        let mirror = Mirror::new();
        mirror.run(&actions);
        mirror.lab.advance(500.0);
        let now = mirror.now();
        let log = timeline(&mirror, "&as=log")["value"].clone();
        let log = log.as_array().unwrap();
        let instant = |row: &Value| row["Timestamp"].as_str().unwrap().to_owned();
        prop_assert!(log.is_sorted_by_key(instant) && log.iter().all(|row| instant(row) <= now));
        for line in timeline(&mirror, "")["tables"]["value"].as_array().unwrap() {
            let rows = |operation: &str| {
                let of = |row: &&Value| {
                    format!("{}.{}", row["SourceSchemaName"].as_str().unwrap(), row["SourceTableName"].as_str().unwrap()) == name(line)
                        && row["OperationName"] == operation
                };
                log.iter().filter(of).map(instant).collect::<Vec<_>>()
            };
            for (status, operation) in [("Failed", "FailTable"), ("Stopped", "StopTable"), ("Reseeding", "StartReseeding")] {
                let mut before = Value::Null;
                for span in line["spans"].as_array().unwrap() {
                    let from = span["from"].as_str().unwrap();
                    let is_new = span["status"] == status && before != status;
                    before = span["status"].clone();
                    let is_logged = rows(operation).iter().any(|at| at == from);
                    prop_assert!(!is_new || from > &*now || is_logged, "{} at {}", operation, from);
                }
            }
        }
    }
}

/// A running mirror of declared tables.
fn declared(tables: &Value) -> (Lab, String, String) {
    let lab = Lab::unthrottled();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": tables})).is(200);
    let path = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.advance(20.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    lab.advance(20.0);
    (lab, connection, path.rsplit('/').next().unwrap().to_owned())
}

/// Three tables: `dbo.A` with 5 rows, `dbo.B` with 50, and `hr.C` with 500, which has failed.
fn three() -> (Lab, String) {
    let table = |schema: &str, name: &str, rows: u32, latency: u32| json!({"schemaName": schema, "tableName": name, "rows": rows, "latencySeconds": latency});
    let (lab, connection, id) =
        declared(&json!([table("dbo", "A", 5, 9), table("dbo", "B", 50, 3), table("hr", "C", 500, 7)]));
    let target = json!({"source": connection, "table": {"schemaName": "hr", "tableName": "C"}});
    let trouble = json!({"target": target, "kind": "tableFails", "starts": {"after": 300}});
    lab.post("/_emulator/trouble", trouble).is(201);
    lab.advance(600.0);
    (lab, id)
}

#[test]
fn timeline_pages_filters_and_sorts_tables() {
    let (lab, id) = three();
    let check = |query: &str, total: usize, names: &[&str]| {
        let tables = lab.get(&format!("/_emulator/timeline?item={id}{query}")).is(200).body()["tables"].clone();
        let found: Vec<String> = tables["value"].as_array().unwrap().iter().map(name).collect();
        assert_eq!(
            (&tables["total"], found),
            (&json!(total), names.iter().map(|name| (*name).to_owned()).collect()),
            "{query}"
        );
    };
    check("", 3, &["dbo.A", "dbo.B", "hr.C"]);
    check("&limit=1&offset=1", 3, &["dbo.B"]);
    check("&limit=0", 3, &[]);
    check("&offset=3", 3, &[]);
    check("&filter=hr.", 1, &["hr.C"]);
    check("&filter=O.b", 1, &["dbo.B"]);
    check("&filter=x", 0, &[]);
    check("&status=Failed", 1, &["hr.C"]);
    check("&status=Replicating&limit=1", 2, &["dbo.A"]);
    check("&sort=name", 3, &["dbo.A", "dbo.B", "hr.C"]);
    check("&sort=-name", 3, &["hr.C", "dbo.B", "dbo.A"]);
    check("&sort=status", 3, &["hr.C", "dbo.A", "dbo.B"]);
    check("&sort=rows", 3, &["dbo.A", "dbo.B", "hr.C"]);
    check("&sort=-rows", 3, &["hr.C", "dbo.B", "dbo.A"]);
    check("&sort=latency", 3, &["dbo.B", "hr.C", "dbo.A"]);
    check("&sort=-lastSync", 3, &["dbo.A", "dbo.B", "hr.C"]);
}

#[test]
fn timeline_rejects_invalid_parameters() {
    let (lab, id) = three();
    let check = |query: &str, names: &str| {
        let refusal = lab.get(&format!("/_emulator/timeline?item={id}{query}")).refuses(400, "InvalidInput");
        assert!(refusal.text().contains(names), "{query}: {}", refusal.text());
    };
    for (query, names) in [
        ("&points=0", "points"),
        ("&points=-1", "points"),
        ("&points=10001", "points"),
        ("&limit=10001", "limit"),
        ("&offset=-1", "offset"),
        ("&sort=colour", "sort"),
        ("&sort=--rows", "sort"),
        ("&status=Broken", "status"),
        ("&at=yesterday", "at"),
        ("&from=2031-02-02T00:00:00Z&to=2031-02-01T00:00:00Z", "to is before from"),
        ("&as=csv", "as"),
        ("&as=log&at=2031-02-02T00:00:00Z", "as=log"),
        ("&tenant=*", "tenant"),
    ] {
        check(query, names);
    }
    lab.get(&format!("/_emulator/timeline?item={MISSING}&as=log")).refuses(404, "EntityNotFound");
}

#[test]
fn points_are_limited_by_the_number_of_tables() {
    let tables: Vec<Value> = (0..1_000).map(|n| json!({"schemaName": "dbo", "tableName": format!("t{n}")})).collect();
    let (lab, _, id) = declared(&Value::from(tables));
    lab.advance(100.0);
    let refusal = lab.get(&format!("/_emulator/timeline?item={id}&points=10000&limit=0")).is(400);
    assert!(refusal.text().contains("with 1000 tables, at most 1000 was expected"), "{}", refusal.text());

    let body = lab.get(&format!("/_emulator/timeline?item={id}&points=200&limit=50")).is(200).body();
    assert_eq!((&body["tables"]["total"], body["tables"]["value"].as_array().unwrap().len()), (&json!(1_000), 50));
    let last = body["points"].as_array().unwrap().last().unwrap();
    assert_eq!(last["tablesByStatus"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>(), 1_000);
}

/// The rows of the log of an item: operation, seconds since `begin`, processed rows, and the message of the error.
fn log_of(lab: &Lab, id: &str, query: &str, begin: Timestamp) -> Vec<(String, i64, Option<u64>, Option<String>)> {
    let log = lab.get(&format!("/_emulator/timeline?item={id}&as=log{query}")).is(200).body();
    let row = |row: &Value| {
        let at: Timestamp = row["Timestamp"].as_str().unwrap().parse().unwrap();
        let message = row["ErrorMessage"].as_str().map(str::to_owned);
        assert_eq!(message.is_some(), row["ErrorType"] == "UserError");
        let operation = row["OperationName"].as_str().unwrap().to_owned();
        (operation, at.duration_since(begin).as_secs(), row["ProcessedRows"].as_u64(), message)
    };
    log["value"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn log_has_a_row_for_each_operation() {
    let table =
        json!({"schemaName": "dbo", "tableName": "Big", "rows": 600_000, "rowsPerSecond": 2, "latencySeconds": 7});
    let (lab, connection, id) = declared(&json!([table]));
    let begin = lab.emulator.default_tenant().clock().now();
    let plan = |kind: &str, starts: u32, ends: Option<u32>| {
        let mut trouble = json!({"target": {"source": connection}, "kind": kind, "starts": {"after": starts}});
        if let Some(ends) = ends {
            trouble["ends"] = json!({"after": ends});
        }
        lab.post("/_emulator/trouble", trouble).is(201);
    };
    plan("unreachable", 100, Some(30));
    plan("tableFails", 150, Some(50));
    plan("reseed", 300, None);
    lab.advance(375.0);
    // Waits 10 s, copies for 60 s, and then publishes every 15 s, as far as there is no trouble.
    let batch = |operation: &str, at: i64, rows: u64| (operation.to_owned(), at, Some(rows), None);
    let event = |operation: &str, at: i64| (operation.to_owned(), at, None, None);
    let failed = |operation: &str, at: i64, message: &str| (operation.to_owned(), at, None, Some(message.to_owned()));
    let expected = [
        event("AddTable", 0),
        event("ReplicatingSchema", 10),
        event("StartSnapshotting", 10),
        batch("Snapshotting", 70, 600_106),
        event("StartReplicating", 70),
        batch("Replicating", 85, 30),
        batch("Replicating", 100, 30),
        failed("Replicating", 100, "The source cannot be reached."),
        batch("Replicating", 130, 60),
        batch("Replicating", 145, 30),
        failed("FailTable", 150, "The table cannot be replicated."),
        event("ReplicatingSchema", 200),
        event("StartSnapshotting", 200),
        batch("Snapshotting", 260, 600_106),
        event("StartReplicating", 260),
        batch("Replicating", 275, 30),
        batch("Replicating", 290, 30),
        event("StartReseeding", 300),
        batch("Snapshotting", 360, 600_106),
        event("StartReplicating", 360),
        batch("Replicating", 375, 30),
    ];
    assert_eq!(log_of(&lab, &id, "", begin), expected);
    assert_eq!(log_of(&lab, &id, "&offset=2&limit=3", begin), expected[2..5]);
    assert_eq!(log_of(&lab, &id, "&filter=small", begin), []);
    let at = |seconds: i64| begin + SignedDuration::from_secs(seconds);
    assert_eq!(log_of(&lab, &id, &format!("&from={}&to={}", at(145), at(200)), begin), expected[9..13]);
    // Fewer points join batches.
    let points = log_of(&lab, &id, &format!("&from={}&to={}&points=1", at(201), at(299)), begin);
    assert_eq!(
        points.iter().map(|(operation, ..)| &**operation).collect::<Vec<_>>(),
        ["Snapshotting", "StartReplicating", "Replicating"]
    );

    let row = lab.get(&format!("/_emulator/timeline?item={id}&as=log&limit=1&offset=3")).is(200).text();
    insta::assert_snapshot!("log_row", row.replace(",\"", ",\n\""));
}

#[test]
fn log_tells_of_stopped_and_removed_tables() {
    let table = |name: &str| json!({"schemaName": "dbo", "tableName": name, "rows": 10});
    let (lab, connection, id) = declared(&json!([table("A"), table("B")]));
    let begin = lab.emulator.default_tenant().clock().now();
    lab.advance(100.0);
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": [table("A")]})).is(200);
    lab.advance(50.0);
    let mirrors = lab.get("/_emulator/overview").is(200).body();
    let workspace =
        mirrors["workspaces"].as_array().unwrap().iter().find(|it| it["displayName"] == "lab").unwrap()["id"].clone();
    let path = format!("/v1/workspaces/{}/mirroredDatabases/{id}", workspace.as_str().unwrap());
    lab.post_empty(&format!("{path}/stopMirroring")).is(200);
    lab.advance(50.0);
    let ends = |name: &str| {
        let rows = log_of(&lab, &id, &format!("&filter=.{name}"), begin);
        rows.last().map(|(operation, at, ..)| (operation.clone(), *at)).unwrap()
    };
    assert_eq!(ends("A"), ("StopTable".to_owned(), 170));
    assert_eq!(ends("B"), ("RemoveTable".to_owned(), 100));
}

#[test]
fn spans_name_their_reasons() {
    let table = |name: &str| json!({"schemaName": "dbo", "tableName": name, "rows": 10});
    let (lab, connection, id) = declared(&json!([table("A")]));
    let declare = |tables: Value| {
        lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": tables})).is(200);
    };
    lab.advance(50.0);
    declare(json!([table("A"), table("B")]));
    lab.advance(50.0);
    let trouble = json!({"target": {"source": connection}, "kind": "reseed"});
    let reseed = lab.post("/_emulator/trouble", trouble).is(201).id();
    lab.advance(50.0);
    lab.set_capacity("Inactive");
    lab.advance(10.0);
    lab.set_capacity("Active");
    let trouble = json!({"target": {"item": id}, "kind": "startFails", "ends": "restart"});
    let fails = lab.post("/_emulator/trouble", trouble).is(201).id();
    let workspace =
        lab.get("/_emulator/overview").body()["workspaces"].as_array().unwrap().last().unwrap()["id"].clone();
    let path = format!("/v1/workspaces/{}/mirroredDatabases/{id}", workspace.as_str().unwrap());
    let call = |action: &str| {
        lab.post_empty(&format!("{path}/{action}Mirroring")).is(200);
        lab.advance(30.0);
    };
    call("start");
    call("start");
    call("stop");
    let body = lab.get(&format!("/_emulator/timeline?item={id}")).is(200).body();
    let reasons = |spans: &Value| -> Vec<(String, String, Option<String>)> {
        let text = |it: &Value| it.as_str().map(str::to_owned);
        let spans = spans.as_array().unwrap().iter();
        spans
            .map(|span| (text(&span["status"]).unwrap(), text(&span["reason"]).unwrap(), text(&span["trouble"])))
            .collect()
    };
    let is = |status: &str, reason: &str| (status.to_owned(), reason.to_owned(), None);
    let by = |status: &str, trouble: &str| (status.to_owned(), "trouble".to_owned(), Some(trouble.to_owned()));
    assert_eq!(
        reasons(&body["spans"]),
        [
            is("Initializing", "create"),
            is("Starting", "start"),
            is("Running", "start"),
            is("Paused", "capacity"),
            is("Starting", "start"),
            by("Initialized", &fails),
            is("Starting", "start"),
            is("Running", "start"),
            is("Stopping", "stop"),
            is("Stopped", "stop"),
        ]
    );
    let tables = &body["tables"]["value"];
    // The failed start does not resume the tables after the pause. The next start copies them anew.
    assert_eq!(
        reasons(&tables[0]["spans"]),
        [
            is("Initialized", "start"),
            is("Snapshotting", "start"),
            is("Replicating", "start"),
            by("Reseeding", &reseed),
            is("Replicating", "start"),
            by("Stopped", &fails),
            is("Initialized", "start"),
            is("Snapshotting", "start"),
            is("Stopped", "stop"),
        ]
    );
    assert_eq!(reasons(&tables[1]["spans"])[0], is("Initialized", "definition"));
}

/// A mirrored catalog of two declared tables and its id.
fn catalog() -> (Lab, String, String) {
    let lab = Lab::unthrottled();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let table = |schema: &str, name: &str| json!({"schemaName": schema, "tableName": name});
    let tables = json!({"tables": [table("Accounting.US", "Taxes"), table("Accounting.US", "Wages")]});
    lab.put(&format!("/_emulator/sources/{connection}"), tables).is(200);
    let source = json!({"type": "DremioIcebergCatalog", "typeProperties": {"connectionId": connection, "scope": ["Accounting"]}});
    let document = json!({"$schema": "s", "properties": {"source": source}}).to_string();
    let definition = json!({"parts": [part("MirroredCatalogDefinition.json", &document)]});
    let created =
        lab.post(&format!("{workspace}/mirroredCatalogs"), json!({"displayName": "c", "definition": definition}));
    let id = created.is(201).id();
    lab.advance(600.0);
    (lab, connection, id)
}

#[test]
fn catalogs_have_timelines_and_announce_planned_trouble() {
    let (lab, connection, id) = catalog();
    let at =
        |seconds: i64| (lab.emulator.default_tenant().clock().now() + SignedDuration::from_secs(seconds)).to_string();
    let trouble =
        json!({"target": {"item": id}, "kind": "catalogFails", "starts": {"at": at(60)}, "ends": {"at": at(120)}});
    let trouble = lab.post("/_emulator/trouble", trouble).is(201).id();
    let next = lab.get("/_emulator/clock").body()["nextChange"].clone();
    assert_eq!(
        (&next["item"], &next["from"], &next["to"], &next["table"]),
        (&json!(id), &json!("Running"), &json!("Failed"), &Value::Null)
    );

    let query = format!("/_emulator/timeline?item={id}&at={}&from={}&to={}&points=200", at(60), at(0), at(180));
    let body = lab.get(&query).is(200).body();
    check_spans(&body["spans"], true);
    let statuses = |spans: &Value| -> Vec<(String, Value)> {
        let spans = spans.as_array().unwrap().iter();
        spans.map(|span| (span["status"].as_str().unwrap().to_owned(), span["trouble"].clone())).collect()
    };
    let expected = [
        ("Running".to_owned(), Value::Null),
        ("Failed".to_owned(), json!(trouble)),
        ("Running".to_owned(), Value::Null),
    ];
    assert_eq!(statuses(&body["spans"]), expected);
    let table = &body["tables"]["value"][1];
    assert_eq!(
        (name(table), &table["status"], &table["error"]["errorCode"]),
        ("Accounting.US.Wages".to_owned(), &json!("Failed"), &json!("SourceCatalogUnavailable"))
    );
    assert_eq!(statuses(&table["spans"]), expected);
    let counts: Vec<&Value> = body["points"].as_array().unwrap().iter().map(|point| &point["tablesByStatus"]).collect();
    assert!(counts.contains(&&json!({"Running": 2})) && counts.contains(&&json!({"Failed": 2})));

    lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200);
    let overview = lab.get("/_emulator/overview").is(200).body();
    let item = overview["workspaces"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["items"].as_array().unwrap())
        .find(|it| it["id"] == json!(id))
        .unwrap();
    assert_eq!(
        (&item["status"], &item["tables"], &item["tablesInError"]),
        (&json!("Failed"), &json!({"Failed": 2}), &json!(2))
    );
    let table = json!({"schemaName": "Accounting.US", "tableName": "Taxes"});
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": [table]})).is(200);
    let then = lab.get(&format!("/_emulator/timeline?item={id}")).is(200).body();
    assert_eq!(then["tables"]["total"], 1);
    assert_eq!(lab.get(&query).is(200).body()["tables"]["total"], 1, "the declaration is of this instant");
    lab.get(&format!("/_emulator/timeline?item={id}&as=log")).refuses(400, "OperationNotSupportedForItem");
}

#[test]
fn items_without_mirroring_have_no_timeline() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
    lab.get(&format!("/_emulator/timeline?item={lakehouse}")).refuses(400, "OperationNotSupportedForItem");
    let overview = lab.get("/_emulator/overview").is(200).body();
    let item = &overview["workspaces"].as_array().unwrap().last().unwrap()["items"][0];
    let expected = json!({
        "id": lakehouse, "type": "Lakehouse", "displayName": "l", "source": null, "status": null, "error": null, "rows": null,
        "lastSyncDateTime": null, "latencyMax": null, "tables": {}, "tablesInError": 0,
    });
    assert_eq!(*item, expected);
}

#[test]
fn overview_sums_up_what_the_status_calls_answer() {
    let (lab, id) = three();
    let overview = lab.get("/_emulator/overview").is(200).body();
    assert_eq!(overview["tenants"], lab.get("/_emulator/tenants").body()["value"]);
    let mut clock = lab.get("/_emulator/clock").body();
    clock["machineNow"] = overview["clock"]["machineNow"].clone();
    assert_eq!(overview["clock"], clock);
    let workspace = overview["workspaces"].as_array().unwrap().last().unwrap();
    let path = format!("/v1/workspaces/{}/mirroredDatabases/{id}", workspace["id"].as_str().unwrap());
    let items = workspace["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["id"] == json!(id)).unwrap();
    let tables = lab.tables(&path);
    let last_sync = tables.iter().filter_map(|table| table["metrics"]["lastSyncDateTime"].as_str()).max();
    let connection = lab.get("/v1/connections").body()["value"][0]["id"].clone();
    let source = json!({"type": "AzureSqlDatabase", "connectionId": connection, "connection": "sql", "database": null});
    let expected = json!({
        "id": id, "type": "MirroredDatabase", "displayName": "m", "source": source, "status": "Running", "error": null, "rows": 555,
        "lastSyncDateTime": last_sync, "latencyMax": 9, "tables": {"Failed": 1, "Replicating": 2}, "tablesInError": 1,
    });
    assert_eq!(*item, expected);
    let capacity = lab.get(path.split("/mirroredDatabases").next().unwrap()).body()["capacityId"].clone();
    assert_eq!((&workspace["capacityId"], &workspace["displayName"]), (&capacity, &json!("lab")));

    let trouble = json!({"target": {"item": id}, "kind": "databaseError", "error": {"errorCode": "X", "message": "Y"}});
    lab.post("/_emulator/trouble", trouble).is(201);
    let overview = lab.get("/_emulator/overview").is(200).body();
    let workspace = overview["workspaces"].as_array().unwrap().last().unwrap();
    assert_eq!(workspace["items"][0]["error"], json!({"errorCode": "X", "message": "Y"}));
    lab.get("/_emulator/overview?tenant=*").refuses(400, "InvalidInput");
}

/// A change of the error alone is announced, and stops `next-change`.
#[test]
fn next_change_includes_changes_of_the_error_alone() {
    let (lab, connection, id) = declared(&json!([{"schemaName": "dbo", "tableName": "A", "rows": 10}]));
    lab.advance(200.0);
    let check = |target: Value, table: &Value| {
        let kind = if *table == Value::Null { "databaseError" } else { "tableError" };
        let trouble = json!({"target": target, "kind": kind, "starts": {"after": 300}, "ends": {"after": 60}});
        lab.post("/_emulator/trouble", trouble).is(201);
        for _ in 0..2 {
            let next = lab.get("/_emulator/clock").body()["nextChange"].clone();
            let status = if *table == Value::Null { "Running" } else { "Replicating" };
            assert_eq!((&next["table"], &next["from"], &next["to"]), (table, &json!(status), &json!(status)));
            let moved = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
            assert_eq!(moved["now"], next["at"]);
        }
        assert_eq!(lab.get("/_emulator/clock").body()["nextChange"], Value::Null);
    };
    check(json!({"source": connection}), &json!({"schemaName": "dbo", "tableName": "A"}));
    lab.settings(json!({"pace": "instant"}));
    let overview = lab.get("/_emulator/overview").body();
    let path = format!(
        "/v1/workspaces/{}/mirroredDatabases/{id}",
        overview["workspaces"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap()
    );
    lab.post_empty(&format!("{path}/stopMirroring")).is(200);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    check(json!({"item": id}), &Value::Null);
}

/// Executes each call of `curl` in the sections of CONTROL.md about the timeline and the overview.
#[test]
fn examples_in_the_documentation_work() {
    let (lab, id) = three();
    let document = include_str!("../../docs/CONTROL.md");
    let mut count = 0;
    for name in ["Timeline", "Overview"] {
        let (_, rest) = document.split_once(&format!("\n## {name}\n")).unwrap();
        let section = rest.split("\n## ").next().unwrap();
        for call in section.lines().filter_map(|line| line.strip_prefix("    curl ")) {
            let path = call.trim_matches('"').replace("$base", "").replace("$mirror", &id);
            lab.get(&path).is(200);
            count += 1;
        }
    }
    assert!(count >= 5, "{count} calls were found");
}
