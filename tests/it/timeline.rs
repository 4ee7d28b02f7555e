//! The timeline of an item, its log, and the overview of a tenant.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, sql_mirror};
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

/// Adds one more observation at each instant of `seconds` after now, and returns them with their instants.
fn observe(mirror: &Mirror, seconds: &[f64]) -> Vec<(String, Value, Vec<Value>)> {
    let mut seen = Vec::new();
    let mut at = Vec::from(seconds);
    at.sort_by(f64::total_cmp);
    let mut before = 0.0;
    for second in at {
        mirror.lab.advance(second - before);
        before = second;
        let (status, tables) = mirror.observed();
        seen.push((mirror.now(), status, tables));
    }
    seen
}

proptest! {
    #![proptest_config(config())]

    /// The timeline knows, before and after, what the status calls answer at each instant.
    #[test]
    fn timeline_agrees_with_the_status_calls(
        actions in actions(), seconds in prop::collection::vec(0.0_f64..6_000.0, 1..12)
    ) {
        let mirror = Mirror::new();
        mirror.run(&actions);
        let ahead = timeline(&mirror, "");
        let begin = mirror.now();
        let seen = observe(&mirror, &seconds);
        let behind = timeline(&mirror, "");
        check_spans(&behind["spans"], true);
        for line in behind["tables"]["value"].as_array().unwrap() {
            check_spans(&line["spans"], false);
        }
        for (at, status, tables) in &seen {
            for timeline in [&ahead, &behind] {
                let span = span_at(&timeline["spans"], at).unwrap();
                prop_assert_eq!((&span["status"], &span["error"]), (&status["status"], &status["error"]), "at {}", at);
                // The tables of a timeline are those at one instant; others have no spans there.
                for line in timeline["tables"]["value"].as_array().unwrap() {
                    let table = tables.iter().find(|table| name(table) == name(line));
                    let span = span_at(&line["spans"], at);
                    let shown = |it: Option<&Value>| it.map(|it| (it["status"].clone(), it["error"].clone()));
                    prop_assert_eq!(shown(span.as_ref()), shown(table), "{} at {}", name(line), at);
                }
            }
            // What the timeline says of this instant is what the call answered, seen from now.
            let then = timeline(&mirror, &format!("&at={at}&from={at}&to={at}&points=1"));
            let lines = then["tables"]["value"].as_array().unwrap();
            prop_assert_eq!(lines.len(), tables.len());
            for (line, table) in lines.iter().zip(tables) {
                let members = ["sourceObjectType", "sourceSchemaName", "sourceTableName", "status", "metrics", "error"];
                for member in members {
                    prop_assert_eq!(&line[member], &table[member], "{} of {} at {}", member, name(table), at);
                }
            }
        }
        prop_assert!(seen.iter().all(|(at, ..)| *at >= begin));
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
            mirror.lab.emulator.default_tenant().clock().advance_to(at);
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

    /// The log accounts for each row that the tables have processed since the last start.
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
                for span in line["spans"].as_array().unwrap() {
                    let from = span["from"].as_str().unwrap();
                    let is_logged = rows(operation).iter().any(|at| at == from);
                    prop_assert!(span["status"] != status || from > &*now || is_logged, "{} at {}", operation, from);
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
    assert!(refusal.text().contains("with 1000 tables, at most 2000 was expected"), "{}", refusal.text());

    // One answer for a page of a thousand tables does not take long, even in a debug build.
    let begin = Instant::now();
    let body = lab.get(&format!("/_emulator/timeline?item={id}&points=200&limit=50")).is(200).body();
    assert_eq!((&body["tables"]["total"], body["tables"]["value"].as_array().unwrap().len()), (&json!(1_000), 50));
    let last = body["points"].as_array().unwrap().last().unwrap();
    assert_eq!(last["tablesByStatus"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>(), 1_000);
    println!("1,000 tables, 200 points: {:?}", begin.elapsed());
}
