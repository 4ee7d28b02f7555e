//! The control interface: access, clock, settings, sources, tenants.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, Reply, block_on, sql_mirror};

#[test]
fn control_rejects_foreign_hosts_and_origins() {
    let lab = Lab::new();
    let ask = |host: &str, origin: Option<&str>| {
        let router = specularite::router(lab.emulator.clone());
        let mut request = axum::http::Request::get("/_emulator/health").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let request = request.body(axum::body::Body::empty()).unwrap();
        block_on(tower::ServiceExt::oneshot(router, request)).unwrap().status().as_u16()
    };
    for (host, origin, status) in [
        ("127.0.0.1:7310", None, 200),
        ("[::1]:7310", None, 200),
        ("localhost", Some("http://localhost"), 200),
        ("specularite:7310", Some("http://specularite:7310"), 200),
        ("localhost.:7310", None, 200),
        ("localhost:7310", Some("http://localhost:8080"), 403),
        ("localhost:7310", Some("null"), 403),
        ("evil.example", None, 403),
        ("127.0.0.1.evil.example", None, 403),
        ("api.fabric.microsoft.com", None, 403),
    ] {
        assert_eq!(ask(host, origin), status, "{host} {origin:?}");
    }
}

/// A page can let its own host name resolve to this machine.
#[test]
fn services_reject_web_pages_under_foreign_hosts() {
    let emulator = specularite::Emulator::builder().allowed_hosts(["fabric.test"]).build();
    let lab = Lab::with(emulator);
    let check = |method: &str, path: &str, host: &str, origin: Option<&str>, is_rejected: bool| {
        let mut headers = vec![("host", host)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let reply = lab.send(method, path, &headers, "");
        let note = reply.header("x-emulator-note").unwrap_or_default().to_owned();
        assert_eq!(note.contains("--allowed-hosts"), is_rejected, "{method} {path} {host} {origin:?} {}", reply.text());
        assert_eq!(reply.status == 403, is_rejected, "{method} {path} {host} {origin:?} {}", reply.text());
        if is_rejected && path.starts_with("/v1/") {
            reply.refuses(403, "Forbidden");
        } else if is_rejected && path.starts_with("/common/") {
            let body = reply.body();
            assert_eq!((&body["error"], &body["error_codes"]), (&json!("access_denied"), &json!([9_002_326])));
        }
    };
    let page = Some("http://localhost:3000");
    for path in ["/v1/workspaces", "/common/discovery/v2.0/keys", "/msi/token", "/tenants?api-version=2022-12-01"] {
        for method in ["GET", "POST", "OPTIONS"] {
            for host in ["evil.example", "evil.example:7310", "127.0.0.1.evil.example", "app.fabric.microsoft.com", "["]
            {
                check(method, path, host, Some("http://evil.example"), true);
                check(method, path, host, Some("null"), true);
                check(method, path, host, None, false);
            }
        }
        for host in [
            "localhost:7310",
            "127.0.0.1:7310",
            "[::1]:7310",
            "specularite:7310",
            "host.docker.internal",
            "a.localhost",
            "fabric.test:7310",
            "FABRIC.test.",
        ] {
            check("GET", path, host, page, false);
        }
    }
    for host in ["api.fabric.microsoft.com", "x.z0.w.api.fabric.microsoft.com:443", "login.microsoftonline.com"] {
        check("GET", "/v1/workspaces", host, page, false);
    }
    lab.send("GET", "/_emulator/health", &[("host", "fabric.test:7310")], "").is(200);
}

#[test]
fn control_rejects_cross_site_requests() {
    let lab = Lab::new();
    for (site, status) in [("cross-site", 403), ("same-origin", 200), ("none", 200)] {
        lab.send("GET", "/_emulator/health", &[("sec-fetch-site", site)], "").is(status);
    }
}

#[test]
fn control_reads_create_no_tenant() {
    let lab = Lab::new();
    for path in ["health", "settings", "clock", "principals", "journal", "coverage"] {
        lab.get(&format!("/_emulator/{path}?tenant=new")).is(200);
    }
    lab.send("HEAD", "/_emulator/health?tenant=new", &[], "").is(200);
    assert_eq!(lab.emulator.tenants().len(), 1);
    lab.patch("/_emulator/settings?tenant=new", json!({"pace": "instant"})).is(200);
    assert_eq!(lab.emulator.tenants().len(), 2);
    assert_eq!(lab.get("/_emulator/settings?tenant=new").body()["pace"], "instant");
}

#[test]
fn settings_are_applied_atomically() {
    let lab = Lab::new();
    let before = lab.get("/_emulator/settings").is(200).body();
    for change in [
        json!({"pace": "warp"}),
        json!({"paec": "fast"}),
        json!({"pace": "fast", "pageSize": 0}),
        json!({"pace": "fast", "limits": {"Nonsense": 1}}),
        json!({"pace": "fast", "behaviours": {"nonsense": 200}}),
        json!({"pace": "fast", "behaviours": {"nameConflict": 418}}),
        json!([]),
    ] {
        lab.patch("/_emulator/settings", change).refuses(400, "InvalidInput");
        assert_eq!(lab.get("/_emulator/settings").body(), before);
    }
    lab.settings(json!({"limits": {"Items_ListItems": 1}, "pageSize": 5}));
    lab.settings(json!({"limits": {"Items_GetItem": 2}, "behaviours": {"nameConflict": 400}}));
    lab.settings(json!({"limits": {"Items_ListItems": null}}));
    insta::assert_snapshot!("settings", format!("{:#}", lab.get("/_emulator/settings").body()));
    lab.post("/_emulator/reset", json!({})).is(200);
    assert_eq!(lab.get("/_emulator/settings").body()["limits"], json!({}));
}

#[test]
fn clock_requests_are_validated() {
    let lab = Lab::new();
    for body in [
        json!({"mode": "sideways"}),
        json!({"now": "2001-01-01T00:00:00Z"}),
        json!({"rate": 0}),
        json!({"step": -1}),
        json!({"tempo": 1}),
    ] {
        lab.post("/_emulator/clock", body).refuses(400, "InvalidInput");
    }
    for body in [
        json!({"seconds": -1}),
        json!({"seconds": 1e18}),
        json!({}),
        json!({"seconds": 1, "to": "next-change"}),
        json!({"to": "yesterday"}),
    ] {
        lab.post("/_emulator/clock/advance", body).refuses(400, "InvalidInput");
    }
    assert_eq!(lab.get("/_emulator/clock").body()["now"], "2031-02-03T04:05:06.0000000Z");
}

#[test]
fn clock_announces_the_next_change_of_a_status() {
    let lab = Lab::new();
    assert_eq!(lab.get("/_emulator/clock").body()["nextChange"], Value::Null);
    let mirror = lab.shop();
    let id = mirror.rsplit('/').next().unwrap();
    let check = |table: Value, from: &str, to: &str| {
        let shown = lab.get("/_emulator/clock").is(200).body();
        assert!(shown["machineNow"].as_str().unwrap().starts_with("20"));
        let next = &shown["nextChange"];
        let expected = json!({"at": next["at"], "item": id, "table": table, "from": from, "to": to});
        assert_eq!(*next, expected);
        let moved = lab.post("/_emulator/clock", json!({"now": next["at"]})).is(200).body();
        assert_eq!((&moved["now"], &moved["mode"]), (&next["at"], &json!("manual")));
    };
    check(Value::Null, "Initializing", "Initialized");
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    check(Value::Null, "Starting", "Running");
    let table = lab.get("/_emulator/clock").body()["nextChange"]["table"].clone();
    assert_eq!(table["schemaName"], "dbo");
    check(table, "Initialized", "Snapshotting");
}

#[test]
fn paused_clock_stands_still_in_every_mode_until_it_is_moved() {
    let lab = Lab::new();
    let now = || lab.get("/_emulator/clock").is(200).body()["now"].as_str().unwrap().to_owned();
    for mode in ["real", "scaled", "manual", "stepped"] {
        let set = json!({"mode": mode, "rate": 1e6, "step": 5, "paused": true});
        let set = lab.post("/_emulator/clock", set).is(200).body();
        assert_eq!((&set["mode"], &set["paused"]), (&json!(mode), &json!(true)));
        let stands = now();
        lab.get("/v1/capacities").is(200);
        assert_eq!(now(), stands, "{mode}");
        let advanced = lab.post("/_emulator/clock/advance", json!({"seconds": 3_600})).is(200).body();
        assert!(advanced["now"].as_str().unwrap() > &*stands && advanced["now"] == now(), "{mode}");
        lab.post("/_emulator/clock", json!({"paused": false})).is(200);
        if matches!(mode, "real" | "scaled") {
            let resumed = now();
            assert!(std::iter::repeat_with(now).take(1_000).any(|later| later > resumed), "{mode}");
        }
    }
    lab.post("/_emulator/clock", json!({"paused": "maybe"})).refuses(400, "InvalidInput");
}

#[test]
fn clock_jumps_in_every_mode_and_keeps_it() {
    let lab = Lab::new();
    for (mode, paused) in [("real", false), ("real", true), ("scaled", false), ("manual", false), ("stepped", false)] {
        lab.post("/_emulator/clock", json!({"mode": mode, "rate": 2, "step": 5, "paused": paused})).is(200);
        let now: jiff::Timestamp = lab.get("/_emulator/clock").body()["now"].as_str().unwrap().parse().unwrap();
        let later = now + jiff::SignedDuration::from_hours(24);
        let jumped = lab.post("/_emulator/clock", json!({"now": later.to_string()})).is(200).body();
        let shown = (&jumped["mode"], &jumped["rate"], &jumped["step"], &jumped["paused"]);
        assert_eq!(shown, (&json!(mode), &json!(2.0), &json!(5.0), &json!(paused)));
        let now: jiff::Timestamp = jumped["now"].as_str().unwrap().parse().unwrap();
        assert!(now >= later && (now == later || mode == "real" || mode == "scaled"), "{mode}: {now}");
    }
}

#[test]
fn paused_clock_moves_at_once_to_a_change_or_a_status() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let id = mirror.rsplit('/').next().unwrap();
    lab.post("/_emulator/clock", json!({"mode": "real", "paused": true})).is(200);
    let advance = |body: Value| lab.post("/_emulator/clock/advance", body).is(200).body();
    let moved = advance(json!({"until": {"mirroredDatabase": id, "status": "Initialized"}}));
    assert_eq!((&moved["mode"], &moved["paused"]), (&json!("real"), &json!(true)));
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    let at = lab.get("/_emulator/clock").body()["nextChange"]["at"].clone();
    let moved = advance(json!({"to": "next-change"}));
    assert_eq!((&moved["now"], &moved["paused"]), (&at, &json!(true)));
    assert_eq!(lab.status(&mirror), "Running");
}

#[test]
fn clock_advance_reports_changes() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let advance = |_| {
        let advanced = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
        json!({"now": advanced["now"], "changes": advanced["changes"]})
    };
    let changes: Vec<Value> = (0..3).map(advance).collect();
    insta::assert_snapshot!("advance_to_next_change", format!("{:#}", Value::from(changes)));
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    let id = mirror.rsplit('/').next().unwrap();
    let until = |status: &str, timeout: f64| {
        lab.post(
            "/_emulator/clock/advance",
            json!({"until": {"mirroredDatabase": id, "status": status}, "timeoutSeconds": timeout}),
        )
    };
    until("Stopped", 5.0).refuses(408, "OperationFailedOnTimeout");
    until("Running", 30.0).is(200);
    assert_eq!(lab.get("/_emulator/clock").body()["now"], "2031-02-03T04:05:46.0000000Z");
    until("Nonsense", 1.0).refuses(400, "InvalidInput");
}

#[test]
fn clock_advance_waits_for_a_running_clock() {
    let lab = Lab::new();
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 1000})).is(200);
    let mirror = lab.shop();
    let id = mirror.rsplit('/').next().unwrap().to_owned();
    let body = json!({"until": {"mirroredDatabase": id, "status": "Initialized"}, "timeoutSeconds": 30});
    lab.post("/_emulator/clock/advance", body).is(200);
    assert_eq!(lab.status(&mirror), "Initialized");
}

/// Starts a wait for `Running` on a real clock, then acts, and returns the response of the wait.
fn waited_during(lab: &Lab, act: impl FnOnce(&str)) -> Reply {
    let mirror = lab.shop();
    lab.post("/_emulator/clock", json!({"mode": "real"})).is(200);
    let id = mirror.rsplit('/').next().unwrap();
    let until = json!({"until": {"mirroredDatabase": id, "status": "Running"}, "timeoutSeconds": 60});
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lab.post("/_emulator/clock/advance", until));
        act(&mirror);
        waiting.join().unwrap()
    })
}

#[test]
fn until_is_woken_by_a_start_and_a_clock_jump() {
    let lab = Lab::new();
    let waited = waited_during(&lab, |mirror| {
        lab.post("/_emulator/clock", json!({"now": "2031-02-03T05:00:00Z"})).is(200);
        lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
        lab.post("/_emulator/clock", json!({"now": "2031-02-03T06:00:00Z"})).is(200);
    });
    waited.is(200);
}

#[test]
fn until_is_woken_by_a_reset() {
    let lab = Lab::new();
    let waited = waited_during(&lab, |_| drop(lab.post_empty("/_emulator/reset").is(200)));
    waited.refuses(404, "EntityNotFound");
}

#[test]
fn until_names_the_awaited_status_when_it_times_out() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let id = mirror.rsplit('/').next().unwrap();
    let until = json!({"until": {"mirroredDatabase": id, "status": "Running"}, "timeoutSeconds": 30});
    let refused = lab.post("/_emulator/clock/advance", until).refuses(408, "OperationFailedOnTimeout");
    assert_eq!(refused.body()["message"], "Timed out after 30 s waiting for status Running.");
}

#[test]
fn facts_since_returns_facts_after_a_number() {
    let lab = Lab::new();
    let tenant = lab.emulator.default_tenant();
    lab.workspace();
    let facts = tenant.facts();
    let last = facts.last().unwrap().number;
    assert_eq!(facts.iter().map(|fact| fact.number).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    assert_eq!(tenant.facts_since(last), Some(Vec::new()));
    assert_eq!(tenant.facts_since(1), Some(facts[1..].to_vec()));
    let version = tenant.subscribe();
    lab.post_empty("/_emulator/reset").is(200);
    assert!(version.has_changed().unwrap());
    assert_eq!(tenant.facts_since(last), None, "the facts before a reset are gone");
    lab.workspace();
    assert!(tenant.facts()[0].number > last);
}

#[test]
fn sources_are_validated_and_read_back() {
    let lab = Lab::new();
    let path = format!("/_emulator/sources/{}", lab.connection());
    lab.get(&path).refuses(404, "EntityNotFound");
    let declared = lab
        .put(&path, json!({"tables": [{"schemaName": "dbo", "tableName": "T", "rowsPerSecond": 0.5}]}))
        .is(200)
        .body();
    assert_eq!(lab.get(&path).body(), declared);
    let table = |member: &str, value: Value| {
        let mut table = json!({"schemaName": "dbo", "tableName": "T"});
        table[member] = value;
        json!({"tables": [table]})
    };
    for body in [
        table("rows", json!(-1)),
        table("rowsPerSecond", json!(1e12)),
        table("latencySeconds", json!(1_000_000)),
        table("objectType", json!("Index")),
        table("colour", json!("red")),
        json!({"tables": [{"schemaName": "a", "tableName": "b"}, {"schemaName": "a", "tableName": "b"}]}),
        json!({"tables": [], "snapshotRowsPerSecond": 0}),
    ] {
        lab.put(&path, body).refuses(400, "InvalidInput");
    }
    lab.put(&format!("/_emulator/sources/{MISSING}"), json!({"tables": []})).refuses(404, "EntityNotFound");
    assert_eq!(lab.get(&path).body(), declared);
}

#[test]
fn tenants_are_isolated() {
    let mut lab = Lab::new();
    let workspace = lab.workspace();
    // {"tid":"00000000-0000-4000-9000-000000000002","upn":"a"}
    lab.token =
        "eyJhbGciOiJub25lIn0.eyJ0aWQiOiIwMDAwMDAwMC0wMDAwLTQwMDAtOTAwMC0wMDAwMDAwMDAwMDIiLCJ1cG4iOiJhIn0.".into();
    lab.get(&workspace).refuses(404, "WorkspaceNotFound");
    let seen = lab.get("/v1/workspaces").body();
    assert_eq!((seen["value"].as_array().unwrap().len(), &seen["value"][0]["type"]), (1, &json!("Personal")));
    let other = "/_emulator/clock?tenant=00000000-0000-4000-9000-000000000002";
    assert_eq!(lab.get(other).body()["mode"], "real");
    lab.post("/_emulator/reset?tenant=*", json!({})).is(200);
    lab.get("/_emulator/tags?tenant=*").refuses(400, "InvalidInput");
    assert_eq!(lab.get("/_emulator/settings").is(200).header("x-emulator-note"), None);
    // A tenant name means the tenant id derived from it, as in the address of the proxy.
    lab.patch("/_emulator/settings?tenant=a%20team", json!({"pageSize": 3})).is(200);
    let id = specularite::fabric::access::tenant_named("A team");
    let of_team = lab.get(&format!("/_emulator/settings?tenant={id}")).is(200);
    assert_eq!((&of_team.body()["pageSize"], of_team.header("x-emulator-note")), (&json!(3), None));
}

/// A lab with a second tenant, which is named `team`; its id.
fn two_tenants() -> (Lab, String) {
    let lab = Lab::new();
    lab.patch("/_emulator/settings?tenant=team", json!({"pageSize": 3})).is(200);
    (lab, specularite::fabric::access::tenant_named("team").to_string())
}

/// One member of the answer for each tenant, `team` among them.
#[track_caller]
fn of_tenants(reply: &Reply, id: &str, member: &str) -> Vec<Value> {
    let tenants = reply.body()["value"].as_array().unwrap().clone();
    assert!(tenants.iter().any(|it| it["tenant"] == *id));
    tenants.iter().map(|it| it[member].clone()).collect()
}

#[test]
fn control_calls_note_the_other_tenants() {
    let (lab, id) = two_tenants();
    for reply in [
        lab.patch("/_emulator/settings", json!({})).is(200),
        lab.get("/_emulator/clock").is(200),
        lab.put("/_emulator/tags", json!({})).is(400),
    ] {
        let note = reply.header("x-emulator-note").unwrap().to_owned();
        assert!(note.contains(&id), "{note}");
    }
}

#[test]
fn settings_reach_all_tenants() {
    let (lab, id) = two_tenants();
    let changed = lab.patch("/_emulator/settings?tenant=*", json!({"pageSize": 7})).is(200);
    assert_eq!(of_tenants(&changed, &id, "pageSize"), [7, 7]);
    assert_eq!(of_tenants(&lab.get("/_emulator/settings?tenant=*").is(200), &id, "pageSize"), [7, 7]);
    lab.patch("/_emulator/settings?tenant=*", json!({"pageSize": 0})).refuses(400, "InvalidInput");
}

#[test]
fn clock_calls_reach_all_tenants() {
    let (lab, id) = two_tenants();
    let all = "/_emulator/clock?tenant=*";
    let frozen = lab.post(all, json!({"mode": "manual", "now": "2040-01-01T00:00:00Z"})).is(200);
    assert_eq!(of_tenants(&frozen, &id, "mode"), ["manual", "manual"]);
    let advanced = lab.post("/_emulator/clock/advance?tenant=*", json!({"seconds": 60})).is(200);
    assert_eq!(of_tenants(&advanced, &id, "now"), ["2040-01-01T00:01:00.0000000Z"; 2]);
    lab.post("/_emulator/clock/advance?tenant=*", json!({"to": "next-change"})).refuses(400, "InvalidInput");
    // A change that one tenant's clock cannot make is made on none.
    lab.post("/_emulator/clock/advance?tenant=team", json!({"seconds": 3600})).is(200);
    lab.post(all, json!({"now": "2040-01-01T00:30:00Z"})).refuses(400, "InvalidInput");
    assert_eq!(lab.get("/_emulator/clock").body()["now"], "2040-01-01T00:01:00.0000000Z");
}

#[test]
fn durations_are_validated_and_written_as_numbers() {
    let lab = Lab::new();
    for durations in [
        json!({"nonsense": 1}),
        json!({"starting": -1}),
        json!({"starting": 31_536_001}),
        json!({"publishing": 0}),
        json!({"starting": "1"}),
    ] {
        lab.patch("/_emulator/settings", json!({"durations": durations})).refuses(400, "InvalidInput");
    }
    lab.settings(json!({"durations": {"starting": 100, "stopping": 0.5, "initializing": 3.0}}));
    let durations = lab.get("/_emulator/settings").body()["durations"].clone();
    assert_eq!(durations.to_string(), r#"{"initializing":3,"starting":100,"stopping":0.5}"#);
    lab.settings(json!({"durations": {"starting": null}}));
    assert_eq!(lab.get("/_emulator/settings").body()["durations"].as_object().unwrap().len(), 2);
}

#[test]
fn seed_determines_every_byte() {
    let runs: Vec<String> = (0..2)
        .map(|_| {
            let lab = Lab::seeded(42);
            let (workspace, connection) = (lab.workspace(), lab.connection());
            let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
            let mut bytes = String::new();
            for seconds in [8.0, 12.0, 20.0, 5.5, 60.0, 86_400.0] {
                lab.advance(seconds);
                bytes += &lab.post_empty(&format!("{mirror}/startMirroring")).whole();
                for path in [&workspace, &mirror, &format!("{workspace}/items"), "/v1/connections", "/v1/nowhere"] {
                    bytes += &lab.get(path).whole();
                }
                bytes += &lab.post_empty(&format!("{mirror}/getTablesMirroringStatus")).whole();
            }
            bytes
        })
        .collect();
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn clock_advance_reports_tables_with_their_database() {
    let lab = Lab::new();
    let mirror = lab.shop();
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(3600.0);
    lab.post_empty(&format!("{mirror}/stopMirroring")).is(200);
    let body = lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
    let statuses: Vec<&str> =
        body["changes"].as_array().unwrap().iter().map(|change| change["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Stopped"; 3]);
}

#[test]
fn reset_discards_the_time_of_pending_requests() {
    let lab = Lab::new();
    let tenant = lab.emulator.default_tenant();
    let stamped = tenant.clock().now();
    lab.post("/_emulator/reset", json!({})).is(200);
    let at = tenant.commit(stamped, |_, at| Ok((Vec::new(), at))).unwrap();
    assert!(at < stamped && at <= tenant.clock().now());
}

#[test]
fn source_names_are_bounded() {
    let lab = Lab::new();
    let path = format!("/_emulator/sources/{}", lab.connection());
    for schema in ["a.".repeat(100), "a".repeat(300)] {
        let table = json!({"schemaName": schema, "tableName": "t", "rows": 1});
        lab.put(&path, json!({"tables": [table]})).refuses(400, "InvalidInput");
    }
}
