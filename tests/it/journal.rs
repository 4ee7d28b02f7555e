//! The journal: recorded exchanges, redacted secrets, filters, bounds.

use serde_json::{Value, json};
use specularite::Emulator;

use crate::harness::{Lab, sql_connection};

fn lines(lab: &Lab, query: &str) -> Vec<Value> {
    let reply = lab.get(&format!("/_emulator/journal{query}")).is(200);
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn journal_omits_secrets() {
    let lab = Lab::new();
    lab.post("/v1/connections", sql_connection("c")).is(201);
    lab.get("/v1/no/such/thing").is(404);
    lab.send("GET", "/v1/workspaces", &[("authorization", "Basic x")], "").is(401);
    lab.post("/_emulator/clock", json!({})).is(200);
    let kept = lines(&lab, "?timing=off");
    insta::assert_snapshot!("journal", kept.iter().map(|line| format!("{line:#}\n")).collect::<String>());
    let text = format!("{kept:?}");
    assert!(!text.contains("\"p\"") && !text.contains("anything"), "{text}");
    assert!(lines(&lab, "").iter().all(|line| line["durationMs"].is_f64()));
}

#[test]
fn journal_is_filtered_and_cleared() {
    let lab = Lab::new();
    lab.get("/v1/workspaces").is(200);
    lab.advance(10.0);
    lab.get("/v1/capacities").is(200);
    lab.get("/v1/nothing").is(404);
    let paths =
        |query: &str| lines(&lab, query).iter().map(|it| it["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(paths("?path=capac"), ["/v1/capacities"]);
    assert_eq!(paths("?status=404"), ["/v1/nothing"]);
    assert_eq!(paths("?since=2031-02-03T04:05:16Z"), ["/v1/capacities", "/v1/nothing"]);
    for query in ["?status=many", "?since=yesterday", "?timing=maybe"] {
        lab.get(&format!("/_emulator/journal{query}")).refuses(400, "InvalidInput");
    }
    let other = lab.by("00000000-0000-4000-8000-00000000000a", "app");
    other.get("/v1/tags").is(200);
    assert_eq!(lines(&lab, "?path=tags")[0]["principal"], "00000000-0000-4000-8000-00000000000a");
    assert_eq!(lines(&lab, "?tenant=*").len(), 4);
    lab.delete("/_emulator/journal").is(200);
    assert!(lines(&lab, "").is_empty());
}

#[test]
fn journal_of_zero_bytes_is_empty() {
    let emulator = Emulator::builder().journal(0).build();
    let tenant = emulator.default_tenant();
    tenant.journal(|| panic!("the exchange is not built"));
    assert!(tenant.exchanges(&specularite::journal::Filter::default()).is_empty());
}
