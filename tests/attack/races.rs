//! Clients that race for the same names. Names stay unique, and nothing is lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use axum::body::Body;
use axum::http::Request;
use fastrand::Rng;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::Emulator;
use specularite::control::SettingsChange;
use tower::ServiceExt as _;

use crate::program::{Ids, Program, definition};
use crate::wire::Client;
use crate::{alone, duration, notice, seed};

/// The number of clients.
const CLIENTS: usize = 16;
/// The names for which the clients race. Two of them differ in case only.
const NAMES: &[&str] = &["alpha", "Alpha", "beta", "gamma", "delta"];

/// A way to send a request: method, path and body. Returns the status and the body of the response.
type Send = Box<dyn FnMut(&str, &str, &str) -> (u16, Value) + std::marker::Send>;

/// The ids of mirrored databases that a client has created and deleted.
#[derive(Default)]
struct Done {
    requests: u64,
    created: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

#[test]
fn racing_clients_keep_names_unique_over_sockets() {
    let _alone = alone();
    let mut program = Program::start();
    let ids = program.populate();
    let address = program.address;
    race(&ids, &|| {
        let mut client = Client::new(address);
        Box::new(move |method, path, body| client.ask(method, path, body))
    });
    program.assert_unharmed();
}

#[test]
fn racing_clients_leave_a_history_that_replays() {
    let _alone = alone();
    let throttle = Some(specularite::Throttle::Off);
    let unlimited = SettingsChange { throttle, ..SettingsChange::default() };
    let emulator = Emulator::builder().settings(unlimited).unwrap().build();
    let router = specularite::router(Arc::clone(&emulator));
    let connect = || -> Send {
        let (router, runtime) =
            (router.clone(), tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
        Box::new(move |method, path, body| {
            let request = Request::builder().method(method).uri(path).header("authorization", "Bearer any");
            let request = request.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap();
            runtime.block_on(async {
                let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                (head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
            })
        })
    };
    let ids = populate(&mut connect());
    race(&ids, &connect);
    assert!(emulator.tenants().iter().all(|tenant| tenant.replays()));
}

/// Creates what the clients race in: a workspace and a folder.
fn populate(send: &mut Send) -> Ids {
    let capacities = send("GET", "/v1/capacities", "").1;
    let capacity = capacities["value"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"displayName": "race", "capacityId": capacity});
    let workspace = send("POST", "/v1/workspaces", &body.to_string()).1["id"].as_str().unwrap().to_owned();
    let folders = format!("/v1/workspaces/{workspace}/folders");
    let folder = send("POST", &folders, r#"{"displayName":"folder"}"#).1["id"].as_str().unwrap().to_owned();
    let unused = String::new;
    Ids { workspace, folder, capacity, connection: unused(), mirror: unused(), lakehouse: unused() }
}

/// Lets all clients race, and checks the result.
fn race(ids: &Ids, connect: &dyn Fn() -> Send) {
    let mut rng = Rng::with_seed(seed());
    let before = listed(ids, &mut connect());
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let start = |_| {
        let (ids, mut send, mut rng, barrier) = (ids.clone(), connect(), rng.fork(), Arc::clone(&barrier));
        std::thread::spawn(move || {
            let (mut done, begun) = (Done::default(), Instant::now());
            barrier.wait();
            while begun.elapsed() < duration(10) {
                step(&ids, &mut send, &mut rng, &mut done);
            }
            done
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(start).collect();
    let mut all = Done::default();
    for client in clients {
        let done = client.join().expect("a client fails");
        all.requests += done.requests;
        all.created.extend(done.created);
        assert!(all.deleted.is_disjoint(&done.deleted), "two clients deleted the same item");
        all.deleted.extend(done.deleted);
    }
    let after = listed(ids, &mut connect());
    let names: Vec<String> = after.iter().map(|(_, name)| name.to_lowercase()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "two items have the same name: {names:?}");
    let expected: BTreeSet<String> = before.into_iter().map(|(id, _)| id).chain(all.created.clone()).collect();
    let expected: BTreeSet<String> = expected.difference(&all.deleted).cloned().collect();
    assert_eq!(after.into_iter().map(|(id, _)| id).collect::<BTreeSet<_>>(), expected, "items were lost");
    let (requests, created, deleted) = (all.requests, all.created.len(), all.deleted.len());
    notice(&format!("race: {CLIENTS} clients, {requests} requests, {created} items created, {deleted} deleted"));
    assert!(created > 0 && deleted > 0, "the clients no longer race");
}

/// Returns the ids and names of all mirrored databases.
fn listed(ids: &Ids, send: &mut Send) -> Vec<(String, String)> {
    let (status, body) = send("GET", &format!("/v1/workspaces/{}/mirroredDatabases", ids.workspace), "");
    assert_eq!(status, 200, "{body}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = body["value"].as_array().unwrap().iter();
    items.map(|item| (text(&item["id"]), text(&item["displayName"]))).collect()
}

/// Sends one request with a name or an item for which the other clients race too.
fn step(ids: &Ids, send: &mut Send, rng: &mut Rng, done: &mut Done) {
    let name = NAMES[rng.usize(..NAMES.len())];
    let items = format!("/v1/workspaces/{}/mirroredDatabases", ids.workspace);
    let known = listed(ids, send);
    let item = known.get(rng.usize(..known.len().max(1))).map_or_else(String::new, |(id, _)| id.clone());
    let path = format!("{items}/{item}");
    let definition = definition(&NAMES[..rng.usize(..NAMES.len())]);
    let create = json!({"displayName": name, "definition": definition});
    let folder = if rng.bool() { json!(ids.folder) } else { Value::Null };
    let choice = rng.u8(..if item.is_empty() { 1 } else { 9 });
    let (method, path, body) = match choice {
        0 | 1 => ("POST", items, create),
        2 => ("PATCH", path, json!({"displayName": name})),
        3 => {
            let path = format!("/v1/workspaces/{}/items/{item}/move", ids.workspace);
            ("POST", path, json!({"targetFolderId": folder}))
        }
        4 | 5 => ("DELETE", path, Value::Null),
        6 => ("POST", format!("{path}/startMirroring"), Value::Null),
        7 => ("POST", format!("{path}/stopMirroring"), Value::Null),
        _ => ("POST", format!("{path}/updateDefinition"), json!({"definition": definition})),
    };
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = send(method, &path, &text);
    assert!(status < 500 || status == 501, "{method} {path}: {status} {answer}");
    done.requests += 2;
    match choice {
        0 | 1 if status == 201 => drop(done.created.insert(answer["id"].as_str().unwrap().to_owned())),
        4 | 5 if status == 200 => assert!(done.deleted.insert(item), "an item was deleted twice"),
        _ => {}
    }
}
