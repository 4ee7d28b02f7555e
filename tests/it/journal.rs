//! The journal: recorded exchanges, redacted secrets, filters, bounds.

use serde_json::{Value, json};
use specularite::Emulator;
use specularite::fabric::access::DEFAULT_TENANT;
use specularite::journal::{Exchange, Filter};

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
    for query in [
        "?status=many",
        "?since=yesterday",
        "?timing=maybe",
        "?bodies=maybe",
        "?requestId=1",
        "?limit=0",
        "?limit=-1",
        "?limit=100001",
        "?limit=ten",
    ] {
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
fn journal_limit_selects_the_newest_that_match() {
    let lab = Lab::new();
    for path in ["/v1/a", "/v1/b", "/v1/workspaces", "/v1/c"] {
        lab.get(path);
        lab.advance(1.0);
    }
    let check = |query: &str, expected: &[&str]| {
        let lines = lines(&lab, query);
        assert_eq!(lines.iter().map(|it| it["path"].as_str().unwrap()).collect::<Vec<_>>(), expected, "{query}");
    };
    check("?limit=1", &["/v1/c"]);
    check("?limit=2", &["/v1/workspaces", "/v1/c"]);
    check("?limit=2&status=404", &["/v1/b", "/v1/c"]);
    check("?limit=100000", &["/v1/a", "/v1/b", "/v1/workspaces", "/v1/c"]);
    check("?limit=", &["/v1/a", "/v1/b", "/v1/workspaces", "/v1/c"]);
    // The clock of another tenant is years behind: its exchanges are the oldest of all.
    lab.in_tenant("00000000-0000-4000-8000-00000000000b").get("/v1/other").is(404);
    check("?tenant=*", &["/v1/other", "/v1/a", "/v1/b", "/v1/workspaces", "/v1/c"]);
    check("?tenant=*&limit=4", &["/v1/a", "/v1/b", "/v1/workspaces", "/v1/c"]);
}

#[test]
fn journal_omits_bodies_on_request() {
    let lab = Lab::new();
    lab.post("/v1/workspaces", json!({"displayName": "\"body\":{}"})).is(201);
    lab.get("/v1/none").is(404);
    let strip = |mut line: Value| {
        let members = line.as_object_mut().unwrap();
        assert!(members.shift_remove("request").is_some() && members.shift_remove("body").is_some());
        line.to_string()
    };
    let whole = lines(&lab, "");
    assert!(whole[0]["request"].is_object() && whole[0]["body"].is_object());
    let text = |lines: Vec<Value>| lines.iter().map(Value::to_string).collect::<Vec<_>>();
    assert_eq!(text(lines(&lab, "?bodies=off")), whole.into_iter().map(strip).collect::<Vec<_>>());
    let bare = lines(&lab, "?bodies=off&timing=off");
    assert!(bare.iter().all(|line| line.get("durationMs").is_none() && line["headers"].is_object()));
    assert_eq!(lines(&lab, "?bodies=on"), lines(&lab, ""));
}

#[test]
fn journal_finds_the_exchange_of_a_request_id() {
    let lab = Lab::new();
    lab.get("/v1/workspaces").is(200);
    let asked = lab.get("/v1/none").is(404);
    let id = asked.header("requestid").unwrap();
    let other = lab.get("/v1/capacities").is(200);
    let token = lab.form("/common/oauth2/v2.0/token", &[]).header("requestid").unwrap().to_owned();
    let check = |id: &str, expected: &[&str]| {
        let lines = lines(&lab, &format!("?requestId={id}"));
        assert_eq!(lines.iter().map(|it| it["path"].as_str().unwrap()).collect::<Vec<_>>(), expected, "{id}");
    };
    check(id, &["/v1/none"]);
    check(&id.to_uppercase(), &["/v1/none"]);
    check(other.header("requestid").unwrap(), &["/v1/capacities"]);
    check(&token, &["/common/oauth2/v2.0/token"]);
    check(crate::harness::MISSING, &[]);
    assert!(lines(&lab, &format!("?requestId={id}&status=200")).is_empty());
}

#[test]
fn journal_of_zero_bytes_is_empty() {
    let emulator = Emulator::builder().journal(0).build();
    let tenant = emulator.default_tenant();
    tenant.journal(|| panic!("the exchange is not built"));
    assert!(tenant.exchanges(&Filter::default()).is_empty());
}

#[test]
fn journal_is_bounded_with_long_methods() {
    const SIZE: usize = 256 << 10;
    let lab = Lab::with(Emulator::builder().journal(SIZE).build());
    let method = "X".repeat(60_000);
    for _ in 0..8_000 {
        lab.send(&method, "/v1/workspaces", &[("authorization", "")], "").is(401);
    }
    let kept = lab.get("/_emulator/journal").is(200).text();
    assert!(kept.len() <= SIZE && kept.lines().count() > 50, "{}", kept.len());
    assert!(kept.lines().all(|line| line.len() < 4_000));
}

#[test]
fn journal_keeps_size_of_large_bodies_only() {
    let lab = Lab::new();
    for (size, is_kept) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        lab.delete("/_emulator/journal").is(200);
        lab.send("POST", "/v1/workspaces", &[], format!("\"{}\"", "x".repeat(size - 2))).is(400);
        let line = &lines(&lab, "")[0];
        let request = line["request"].as_str().unwrap();
        assert_eq!((request.len() > 1_000, line["status"].as_u64()), (is_kept, Some(400)));
        assert!(is_kept || request == "(1048577 bytes, not kept: more than 1048576)", "{request}");
    }
}

/// The journal can be read while an exchange is built: it is locked only to store the result.
#[test]
fn journal_is_not_locked_while_an_exchange_is_built() {
    let tenant = Emulator::builder().build().default_tenant();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let headers = axum::http::HeaderMap::new();
        tenant.journal(|| {
            assert!(tenant.exchanges(&Filter::default()).is_empty());
            Exchange {
                time: jiff::Timestamp::UNIX_EPOCH,
                tenant: DEFAULT_TENANT,
                principal: None,
                operation: None,
                method: "GET",
                path: "/",
                is_storage: false,
                request: b"",
                status: Some(200),
                fault: None,
                headers: &headers,
                body: b"",
                is_of_state: false,
                took: jiff::SignedDuration::ZERO,
            }
        });
        done.send(tenant.exchanges(&Filter::default()).len()).unwrap();
    });
    assert_eq!(is_done.recv_timeout(std::time::Duration::from_secs(20)), Ok(1));
}
