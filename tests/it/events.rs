//! Events: what happens in a tenant, as server-sent events. Streams are read on a paused runtime: where no event comes, the
//! comment comes that keeps the connection open.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::Emulator;
use tower::ServiceExt as _;

use crate::harness::{Lab, MISSING, block_on, definition, open_mirror, sql_mirror};

/// The maximum number of streams.
const STREAMS_MAX: usize = 256;
/// The number of events that are kept at most.
const KEPT_MAX: usize = 4_096;
/// The members of every journal line, without the bodies.
const EXCHANGE: [&str; 10] =
    ["time", "tenant", "principal", "operation", "method", "path", "status", "fault", "headers", "durationMs"];

/// An open stream of events.
struct Stream {
    runtime: tokio::runtime::Runtime,
    body: Body,
    headers: HeaderMap,
}

/// An event: id, name and data.
type Event = (String, String, Value);

impl Stream {
    fn open(lab: &Lab, query: &str) -> Self {
        Self::resume(lab, query, None)
    }

    fn resume(lab: &Lab, query: &str, last: Option<&str>) -> Self {
        let response = request(lab, query, last);
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        Self { runtime, body, headers: parts.headers }
    }

    /// Returns what is sent next; `None` if the stream has ended.
    fn frame(&mut self) -> Option<String> {
        let frame = self.runtime.block_on(self.body.frame())?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    /// Returns the next event; `None` if there is none before the next comment.
    fn next(&mut self) -> Option<Event> {
        let frame = self.frame().expect("the stream is open");
        if frame == ":\n\n" {
            return None;
        }
        let lines: Vec<&str> = frame.strip_suffix("\n\n").unwrap().lines().collect();
        let value = |line: usize, name: &str| lines[line].strip_prefix(name).unwrap().to_owned();
        assert_eq!(lines.len(), 3, "{frame}");
        let data = serde_json::from_str(&value(2, "data: ")).unwrap();
        Some((value(0, "id: "), value(1, "event: "), data))
    }

    /// Returns the events until the next comment.
    fn all(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Returns the data of the events of this name until the next comment.
    fn named(&mut self, wanted: &str) -> Vec<Value> {
        self.all().into_iter().filter(|(_, name, _)| name == wanted).map(|(.., data)| data).collect()
    }

    fn names(&mut self) -> Vec<String> {
        self.all().into_iter().map(|(_, name, _)| name).collect()
    }
}

fn request(lab: &Lab, query: &str, last: Option<&str>) -> axum::response::Response {
    let mut request = Request::get(format!("/_emulator/events{query}")).header("host", "localhost");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let router = specularite::router(lab.emulator.clone());
    block_on(router.oneshot(request.body(Body::empty()).unwrap())).unwrap()
}

/// Asserts that an object has these members.
#[track_caller]
fn has(value: &Value, members: &Value) {
    for (name, expected) in members.as_object().unwrap() {
        assert_eq!(&value[name], expected, "{name} of {value}");
    }
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[test]
fn stream_has_the_media_type_of_events_and_begins_now() {
    let lab = Lab::new();
    lab.workspace();
    let mut stream = Stream::open(&lab, "");
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["cache-control"], "no-store");
    assert!(!stream.headers.contains_key("content-length"));
    assert_eq!(stream.next(), None);
    assert_eq!(stream.next(), None);
}

#[test]
fn events_of_a_request_come_before_its_exchange() {
    let lab = Lab::unthrottled();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let mut stream = Stream::open(&lab, "");
    let mirror = lab.mirror(&workspace, "shop", &sql_mirror(&connection, Some(&["Orders"])));
    let (item, workspace) = (id_of(&mirror), id_of(&workspace));
    let events = stream.all();
    let names: Vec<&str> = events.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["item", "item", "change", "exchange"], "the database, its endpoint, its status");
    let of_item = json!({"itemId": item, "workspaceId": workspace, "what": "created"});
    assert!(events[..2].iter().any(|(.., data)| *data == of_item));
    let status = json!({"at": "2031-02-03T04:05:06.0000000Z", "itemId": item, "workspaceId": workspace, "what": "status",
        "status": "Initializing"});
    assert_eq!(events[2].2, status);
    let members: Vec<&str> = events[3].2.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, EXCHANGE);
    has(&events[3].2, &json!({"operation": "Items_CreateMirroredDatabase", "status": 201, "fault": null}));
    let ids: Vec<u64> = events.iter().map(|(id, ..)| id.parse().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");

    lab.advance(60.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.get(&mirror).is(200);
    let events = stream.all();
    let shown: Vec<String> = events
        .iter()
        .map(|(_, name, data)| format!("{name} {}", data["status"].as_str().unwrap_or_default()))
        .collect();
    let expected = ["change ", "change Initialized", "clock ", "change Starting", "exchange ", "exchange "];
    let sorted = |range: &[String]| {
        let mut range = range.to_vec();
        range.sort();
        range
    };
    assert_eq!(sorted(&shown[..2]), expected[..2], "the endpoint is visible, and the database");
    assert_eq!(shown[2..], expected[2..]);
}

#[test]
fn changes_of_time_are_announced_with_their_instants() {
    let lab = Lab::unthrottled();
    let shop = lab.shop();
    lab.advance(60.0);
    lab.post_empty(&format!("{shop}/startMirroring")).is(200);
    let mut stream = Stream::open(&lab, "");
    let advanced = lab.post("/_emulator/clock/advance", json!({"seconds": 3_600})).is(200).body();
    let events = stream.all();
    let changes: Vec<&Value> =
        events.iter().filter(|(_, name, _)| name == "change").map(|(.., change)| change).collect();
    assert!(changes.len() > 4, "{changes:?}");
    assert_eq!(json!(changes), advanced["changes"], "as the answer to advance shows them");
    let (_, name, clock) = events.last().unwrap();
    assert_eq!((name.as_str(), &clock["now"]), ("clock", &advanced["now"]));
    assert!(clock.get("nextChange").is_some() && clock.get("machineNow").is_some());
}

#[test]
fn changes_are_the_same_in_one_step_or_many() {
    let changes = |steps: u32| {
        let lab = Lab::unthrottled();
        let shop = lab.shop();
        let mut stream = Stream::open(&lab, "");
        lab.advance(60.0);
        lab.post_empty(&format!("{shop}/startMirroring")).is(200);
        let trouble = json!({"target": {"item": id_of(&shop)}, "kind": "databaseError", "starts": {"after": 600}, "ends": {"after": 60}});
        lab.post("/_emulator/trouble", trouble).is(201);
        let mut changes = stream.named("change");
        for _ in 0..steps {
            lab.advance(f64::from(3_600 / steps));
            changes.extend(stream.named("change"));
        }
        changes
    };
    let once = changes(1);
    assert!(once.len() > 8, "{once:?}");
    assert_eq!(changes(360), once);
}

/// A running clock: the change comes at its instant, without a request.
#[test]
fn changes_of_a_running_clock_are_announced_without_a_request() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.mirror(&workspace, "m", &open_mirror());
    let mut stream = Stream::open(&lab, "");
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 10_000})).is(200);
    let (_, name, clock) = stream.next().unwrap();
    assert_eq!((name.as_str(), &clock["mode"]), ("clock", &json!("scaled")));
    let initialized = std::iter::repeat_with(|| stream.next()).flatten().find(|(.., data)| data["what"] == "status");
    has(&initialized.unwrap().2, &json!({"status": "Initialized"}));
}

#[test]
fn stepped_clock_is_announced_before_what_the_request_brings() {
    let lab = Lab::new();
    lab.post("/_emulator/clock", json!({"mode": "stepped", "step": 5})).is(200);
    let mut stream = Stream::open(&lab, "");
    lab.get("/v1/capacities").is(200);
    assert_eq!(stream.names(), ["clock", "exchange"]);
    lab.post("/_emulator/faults", json!({"effect": {"throttle": {"retryAfter": 1}}})).is(201);
    assert_eq!(stream.names(), ["fault"]);
    lab.get("/v1/capacities").is(429);
    assert_eq!(stream.names(), ["clock", "fault", "exchange"]);
}

#[test]
fn items_are_announced_with_what_has_changed() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let id = id_of(&mirror).to_owned();
    lab.advance(60.0);
    let mut stream = Stream::open(&lab, "");
    let mut check = |expected: &[&str]| {
        let all = stream.named("item");
        let of_item = all.iter().filter(|data| data["itemId"] == id.as_str());
        let mut whats: Vec<&str> = of_item.map(|data| data["what"].as_str().unwrap()).collect();
        whats.sort_unstable();
        assert_eq!(whats, expected);
        all.len()
    };
    lab.patch(&mirror, json!({"displayName": "n"})).is(200);
    check(&["renamed"]);
    lab.patch(&mirror, json!({"description": "d"})).is(200);
    check(&["renamed"]);
    lab.patch(&mirror, json!({"description": "d"})).is(200);
    check(&[]);
    lab.post(&format!("{workspace}/items/{id}/move"), json!({"targetFolderId": folder})).is(200);
    check(&["moved"]);
    let definition = json!({"definition": definition(&open_mirror().to_string())});
    lab.post(&format!("{mirror}/updateDefinition"), definition).is(200);
    check(&["definition"]);
    lab.get(&mirror).is(200);
    check(&[]);
    lab.delete(&mirror).is(200);
    assert_eq!(check(&["deleted"]), 2, "the database and its endpoint");
    lab.mirror(&workspace, "second", &open_mirror());
    assert_eq!(stream.named("item").len(), 2);
    lab.delete(&workspace).is(200);
    assert!(stream.named("item").iter().all(|data| data["what"] == "deleted"));
}

#[test]
fn settings_are_announced_as_they_are_shown() {
    let lab = Lab::new();
    let mut stream = Stream::open(&lab, "");
    lab.settings(json!({"pageSize": 9}));
    assert_eq!(stream.named("settings"), [lab.get("/_emulator/settings").body()]);
    lab.patch("/_emulator/settings", json!({"pageSize": 0})).is(400);
    assert_eq!(stream.names(), Vec::<String>::new());
}

#[test]
fn rules_for_faults_are_announced_with_each_change_and_strike() {
    let lab = Lab::new();
    let mut stream = Stream::open(&lab, "");
    let effect = json!({"throttle": {"retryAfter": 1}});
    let rule = json!({"match": {"operation": "Capacities_*"}, "when": {"skip": 1, "times": 1}, "effect": effect});
    let added = lab.post("/_emulator/faults", rule).is(201).body();
    assert_eq!(json!(stream.named("fault")), json!([added]));
    lab.get("/v1/capacities").is(200);
    assert_eq!(stream.names(), ["exchange"], "it was counted, but not struck");
    lab.get("/v1/capacities").is(429);
    let events = stream.all();
    assert_eq!((events[0].1.as_str(), events[1].1.as_str()), ("fault", "exchange"));
    has(&events[0].2, &json!({"id": added["id"], "matched": 2, "struck": 1, "exhausted": true}));
    assert_eq!(events[1].2["fault"], added["id"]);
    let path = format!("/_emulator/faults/{}", added["id"].as_str().unwrap());
    lab.patch(&path, json!({"enabled": false})).is(200);
    has(&stream.named("fault")[0], &json!({"id": added["id"], "enabled": false, "struck": 1}));
    lab.delete(&path).is(200);
    has(&stream.named("fault")[0], &json!({"id": added["id"], "deleted": true, "struck": 1}));

    // A strike whose effect did not apply is taken back.
    let fail = json!({"effect": {"operation": {"stalled": true}}});
    lab.post("/_emulator/faults", fail).is(201);
    stream.all();
    lab.get("/v1/capacities").is(200);
    let struck: Vec<Value> = stream.named("fault").iter().map(|rule| rule["struck"].clone()).collect();
    assert_eq!(struck, [1, 0]);
    lab.delete("/_emulator/faults").is(200);
    assert_eq!(stream.named("fault").len(), 1);
}

#[test]
fn trouble_is_announced_with_each_change() {
    let lab = Lab::unthrottled();
    let shop = lab.shop();
    lab.advance(60.0);
    lab.post_empty(&format!("{shop}/startMirroring")).is(200);
    lab.advance(600.0);
    let mut stream = Stream::open(&lab, "");
    let plan =
        json!({"target": {"item": id_of(&shop)}, "kind": "databaseError", "error": {"errorCode": "X", "message": "Y"}});
    let planned = lab.post("/_emulator/trouble", plan).is(201).body();
    let events = stream.all();
    let names: Vec<&str> = events.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["change", "trouble"], "the error beside the status is a change");
    has(&events[0].2, &json!({"what": "status", "status": "Running"}));
    assert_eq!(events[1].2, planned);
    let path = format!("/_emulator/trouble/{}", planned["id"].as_str().unwrap());
    let changed = lab.patch(&path, json!({"ends": {"after": 60}})).is(200).body();
    assert_eq!(stream.named("trouble"), [changed]);
    let mut deleted = lab.delete(&path).is(200).body();
    deleted["deleted"] = true.into();
    assert_eq!(stream.named("trouble"), [deleted]);
}

#[test]
fn reset_and_restored_snapshot_are_announced_and_leave_the_stream_open() {
    let lab = Lab::new();
    let snapshot = lab.get("/_emulator/snapshot").is(200).body();
    let mut stream = Stream::open(&lab, "");
    lab.get("/v1/capacities").is(200);
    let last = stream.all().pop().unwrap().0;
    for announce in [
        &(|lab: &Lab| lab.post_empty("/_emulator/reset").is(200).body()["now"].clone()) as &dyn Fn(&Lab) -> Value,
        &|lab| lab.put("/_emulator/snapshot", snapshot.clone()).is(200).body()["now"].clone(),
        &|lab| lab.post_empty("/_emulator/reset?tenant=*").is(200).body()["now"].clone(),
    ] {
        let now = announce(&lab);
        let events = stream.all();
        assert_eq!(events[0].1, "reset");
        assert_eq!(events[0].2["now"].as_str().unwrap()[..19], now.as_str().unwrap()[..19]);
        assert!(events[0].0.parse::<u64>().unwrap() > last.parse().unwrap(), "ids go on");
        lab.get("/v1/capacities").is(200);
        assert_eq!(stream.names(), ["exchange"]);
    }
    // The stream resumes from before the reset.
    assert_eq!(Stream::resume(&lab, "", Some(&last)).names()[0], "reset");
}

#[test]
fn stream_resumes_after_the_last_event() {
    let lab = Lab::new();
    let mut stream = Stream::open(&lab, "");
    (0..4).for_each(|_| drop(lab.get("/v1/capacities").is(200)));
    let events = stream.all();
    assert_eq!(events.len(), 4);
    let check = |last: &str, expected: &[Event]| assert_eq!(Stream::resume(&lab, "", Some(last)).all(), expected);
    check(&events[1].0, &events[2..]);
    check(&events[3].0, &[]);
    check("", &[]);
    drop(stream);
    check(&events[0].0, &events[1..]);
    let resync = [(events[3].0.clone(), "resync".to_owned(), json!({}))];
    for unknown in ["17", "0", "-1", "x", "99999999999999999999999", "9007199254740991"] {
        check(unknown, &resync);
    }
}

#[test]
fn slow_stream_loses_events_and_is_told() {
    let lab = Lab::new();
    let before = lab.emulator.memory_used();
    let mut stream = Stream::open(&lab, "");
    assert_eq!(stream.next(), None);
    // Small events, to reach the maximum number, and then large ones, to reach the maximum size.
    for (count, path) in [(KEPT_MAX + 1, "/v1/x".to_owned()), (200, format!("/v1/{}", "x".repeat(20_000)))] {
        (0..count).for_each(|_| drop(lab.get(&path).is(404)));
        let (last, name, data) = stream.next().unwrap();
        assert_eq!((name.as_str(), data), ("resync", json!({})));
        assert_eq!(stream.next(), None);
        let journal = 9 << 20;
        assert!(lab.emulator.memory_used() < before + journal + (2 << 20), "{}", lab.emulator.memory_used());
        lab.get("/v1/capacities").is(200);
        assert_eq!(stream.next().unwrap().0.parse::<u64>().unwrap(), last.parse::<u64>().unwrap() + 1);
    }
}

/// Without a stream, events are recorded only until one would be given up.
#[test]
fn recording_ends_when_nobody_listens() {
    let lab = Lab::new();
    let mut stream = Stream::open(&lab, "");
    lab.get("/v1/capacities").is(200);
    let (last, ..) = stream.next().unwrap();
    drop(stream);
    lab.get("/v1/capacities").is(200);
    assert_eq!(Stream::resume(&lab, "", Some(&last)).names(), ["exchange"]);
    lab.delete("/_emulator/journal").is(200);
    let recorded = lab.emulator.memory_used();
    (0..=KEPT_MAX).for_each(|_| drop(lab.get("/v1/x")));
    lab.delete("/_emulator/journal").is(200);
    assert!(lab.emulator.memory_used() < recorded, "the events are given up");
    assert_eq!(Stream::resume(&lab, "", Some(&last)).names(), ["resync"]);
}

#[test]
fn streams_have_a_maximum_number() {
    let lab = Lab::new();
    let mut streams: Vec<_> = (0..STREAMS_MAX).map(|_| request(&lab, "", None)).collect();
    assert!(streams.iter().all(|stream| stream.status() == StatusCode::OK));
    let rejected = request(&lab, "", None);
    assert_eq!(rejected.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(rejected.headers()["x-emulator-note"].to_str().unwrap().contains("256 streams"));
    drop(streams.pop());
    assert_eq!(request(&lab, "", None).status(), StatusCode::OK);
}

#[test]
fn stream_is_of_one_tenant_and_waits_for_it() {
    let lab = Lab::new();
    let team = lab.in_tenant(MISSING);
    let (mut of_default, mut of_team) = (Stream::open(&lab, ""), Stream::open(&lab, &format!("?tenant={MISSING}")));
    let tenants = || lab.get("/_emulator/tenants").body()["value"].as_array().unwrap().len();
    assert_eq!((of_team.next(), tenants()), (None, 1), "a stream creates no tenant");
    team.get("/v1/capacities").is(200);
    assert_eq!((of_team.names(), of_default.names()), (vec!["exchange".to_owned()], vec![]));
    lab.get("/v1/capacities").is(200);
    assert_eq!((of_team.names(), of_default.names()), (vec![], vec!["exchange".to_owned()]));
    // A reset of all tenants removes the tenant. The stream stays, and waits for it again.
    lab.post_empty("/_emulator/reset?tenant=*").is(200);
    assert_eq!((tenants(), of_team.names()), (1, vec!["reset".to_owned()]));
    team.get("/v1/capacities").is(200);
    assert_eq!(of_team.names(), ["exchange"]);
    lab.delete(&format!("/_emulator/tenants/{MISSING}")).is(200);
    assert_eq!(of_team.frame(), None, "a deleted tenant ends its streams");
    assert_eq!(request(&lab, "?tenant=*", None).status(), StatusCode::BAD_REQUEST);
    // A tenant that begins with content must be read.
    let mut of_fork = Stream::open(&lab, "?tenant=twin");
    let default = lab.emulator.default_tenant().id();
    lab.post(&format!("/_emulator/tenants/{default}/fork"), json!({"as": "twin"})).is(201);
    assert_eq!(of_fork.names(), ["reset"]);
    let snapshot = lab.get("/_emulator/snapshot").body();
    let mut of_copy = Stream::open(&lab, "?tenant=copy");
    lab.put("/_emulator/snapshot?tenant=copy", snapshot).is(200);
    assert_eq!(of_copy.names(), ["reset"]);
}

#[test]
fn exchanges_in_events_have_neither_bodies_nor_secrets() {
    let lab = Lab::with(Emulator::builder().journal(0).build());
    let mut stream = Stream::open(&lab, "");
    lab.form(
        "/common/oauth2/v2.0/token?client_secret=hunter2",
        &[
            ("grant_type", "client_credentials"),
            ("client_id", MISSING),
            ("client_secret", "hunter2"),
            ("scope", "https://api.fabric.microsoft.com/.default"),
        ],
    );
    let exchanges = stream.named("exchange");
    has(&exchanges[0], &json!({"operation": "Entra_Token", "path": "/common/oauth2/v2.0/token?client_secret=***"}));
    assert!(exchanges[0].get("request").is_none() && exchanges[0].get("body").is_none());
    assert!(!exchanges[0].to_string().contains("hunter2"));
    assert_eq!(lab.get("/_emulator/journal").text(), "", "events do not need the journal");
}

/// The examples of the two sections of docs/CONTROL.md, and the names of the events in it.
#[test]
fn control_document_examples_of_events_and_of_the_page_work() {
    let document = include_str!("../../docs/CONTROL.md");
    let (_, rest) = document.split_once("\n## Events\n").unwrap();
    let (sections, _) = rest.split_once("\n## Timeline\n").unwrap();
    let names: Vec<&str> = sections.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(names, ["change", "clock", "exchange", "fault", "item", "reset", "resync", "settings", "trouble"]);
    let lab = Lab::new();
    let mut calls = 0;
    for line in sections.lines().filter_map(|line| line.strip_prefix("    curl ")) {
        let path = line.split_once("$base").unwrap().1.split([' ', '"']).next().unwrap();
        if let Some(query) = path.strip_prefix("/_emulator/events") {
            let last = line.contains("Last-Event-ID: $event").then_some("1795637595281934");
            assert_eq!(request(&lab, query, last).status(), StatusCode::OK);
        } else {
            let method = if line.contains("-X POST") { "POST" } else { "GET" };
            let headers = line.split("-H '").skip(1).map(|header| header.split_once('\'').unwrap().0);
            let headers: Vec<(&str, &str)> =
                headers.map(|header| header.split_once(": ").unwrap()).chain([("authorization", "")]).collect();
            let body = line.split_once("-d '").map_or("", |(_, body)| body.trim_end_matches('\''));
            lab.send(method, path, &headers, body).succeeds();
        }
        calls += 1;
    }
    assert_eq!(calls, 5);
}

#[test]
fn scenario_announces_its_items_or_a_reset_if_it_sets_the_clock_back() {
    let lab = Lab::new();
    let mut stream = Stream::open(&lab, "");
    assert_eq!(stream.next(), None);
    let back = json!({"format": 1, "clock": {"mode": "manual", "now": "2020-01-01T00:00:00Z"}});
    lab.post("/_emulator/scenario", back).is(200);
    assert!(stream.names().contains(&"reset".to_owned()));
    let item = json!({"name": "open", "type": "MirroredDatabase", "definition": {"mirroring.json": open_mirror()}});
    let more = json!({"format": 1, "clock": {"now": "2020-01-01T00:00:10Z"}, "settings": {"pageSize": 3},
        "workspaces": [{"name": "w", "capacity": "specularite", "items": [item]}]});
    lab.post("/_emulator/scenario", more).is(200);
    let events = stream.all();
    let created = events.iter().filter(|(_, name, data)| name == "item" && data["what"] == "created").count();
    // The database has an SQL endpoint.
    assert_eq!(created, 2, "{events:?}");
    let names: Vec<&str> = events.iter().map(|(_, name, _)| &**name).collect();
    assert!(names.contains(&"settings") && names.contains(&"clock") && !names.contains(&"reset"), "{names:?}");
}
