//! A thousand tenants at the same time: each sees only its own things, and their memory returns when they are deleted.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::program::{Program, definition};
use crate::wire::Client;
use crate::{alone, notice};

const TENANTS: usize = 1_000;
/// The number of tenants before the memory is measured.
const WARM_UP: usize = 100;
/// The time after which the allocator has returned most free memory.
const DECAY: Duration = Duration::from_secs(12);
const TABLES: usize = 50;
/// The number of clients that send requests at the same time.
const CLIENTS: usize = 8;
/// The maximum time of the whole test.
const TIME_MAX: Duration = Duration::from_secs(60);
/// The maximum time until the memory of deleted tenants is returned to the system.
const RETURN_MAX: Duration = Duration::from_secs(30);
/// The maximum memory of a tenant that nothing was created in, in KiB.
const EMPTY_MAX_KIB: u64 = 16;

/// A tenant, its clients and its ids.
struct Universe {
    number: usize,
    id: String,
    mirror: String,
}

impl Universe {
    fn new(number: usize) -> Self {
        Self { number, id: format!("00000000-0000-4000-9000-{number:012}"), mirror: String::new() }
    }

    fn name(&self) -> String {
        format!("universe {}", self.number)
    }

    fn token(&self) -> String {
        let claims = json!({"tid": self.id, "oid": self.id, "idtyp": "user"}).to_string();
        format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims))
    }

    /// Sends a request with the tenant's token, and a control request with the tenant's id.
    fn ask(&self, client: &mut Client, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (answered, answer) = if path.starts_with("/v1") {
            client.ask_as(&self.token(), method, path, &body)
        } else {
            client.ask(method, &format!("{path}?tenant={}", self.id), &body)
        };
        assert_eq!(answered, status, "{}: {method} {path}: {answer}", self.id);
        answer
    }

    fn declare(&mut self, client: &mut Client) {
        let at = json!({"mode": "manual", "now": format!("2031-01-01T00:00:{:02}Z", self.number % 60)});
        self.ask(client, "POST", "/_emulator/clock", &at, 200);
        let settings = json!({"pace": "realistic", "pageSize": 100 + self.number});
        self.ask(client, "PATCH", "/_emulator/settings", &settings, 200);
    }

    fn create(&mut self, client: &mut Client) {
        let capacity = self.ask(client, "GET", "/v1/capacities", &Value::Null, 200)["value"][0]["id"].clone();
        let workspace = json!({"displayName": self.name(), "capacityId": capacity});
        let workspace = self.ask(client, "POST", "/v1/workspaces", &workspace, 201)["id"].as_str().unwrap().to_owned();
        let tables: Vec<String> = (0..TABLES).map(|n| format!("t{n}")).collect();
        let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
        let mirror = json!({"displayName": self.name(), "definition": definition(&tables)});
        let path = format!("/v1/workspaces/{workspace}/mirroredDatabases");
        let id = self.ask(client, "POST", &path, &mirror, 201)["id"].as_str().unwrap().to_owned();
        self.mirror = format!("{path}/{id}");
    }

    fn start(&mut self, client: &mut Client) {
        self.ask(client, "POST", "/_emulator/clock/advance", &json!({"to": "next-change"}), 200);
        self.ask(client, "POST", "/_emulator/clock/advance", &json!({"seconds": 60}), 200);
        self.ask(client, "POST", &format!("{}/startMirroring", self.mirror), &Value::Null, 200);
    }

    fn jump(&mut self, client: &mut Client) {
        self.ask(client, "POST", "/_emulator/clock/advance", &json!({"seconds": 7_200 + self.number}), 200);
    }

    fn read(&mut self, client: &mut Client) {
        let path = format!("{}/getTablesMirroringStatus", self.mirror);
        let tables = self.ask(client, "POST", &path, &Value::Null, 200);
        let tables = tables["data"].as_array().unwrap();
        assert!(tables.len() == TABLES && tables.iter().all(|table| table["status"] == "Replicating"), "{tables:?}");
        let workspaces = self.ask(client, "GET", "/v1/workspaces", &Value::Null, 200);
        let shared = workspaces["value"].as_array().unwrap().iter().filter(|it| it["type"] == "Workspace");
        let names: Vec<&Value> = shared.map(|workspace| &workspace["displayName"]).collect();
        assert_eq!(names, [&json!(self.name())]);
        let settings = self.ask(client, "GET", "/_emulator/settings", &Value::Null, 200);
        assert_eq!(settings["pageSize"], 100 + self.number);
    }

    fn stop(&mut self, client: &mut Client) {
        self.ask(client, "POST", &format!("{}/stopMirroring", self.mirror), &Value::Null, 200);
        self.ask(client, "DELETE", &self.mirror, &Value::Null, 200);
    }

    fn delete(&mut self, client: &mut Client) {
        let (status, answer) = client.ask("DELETE", &format!("/_emulator/tenants/{}", self.id), "");
        assert_eq!(status, 200, "{answer}");
    }
}

/// Executes a step for all tenants, from several clients. The next step begins when all have done this one.
fn each(program: &Program, universes: &mut [Universe], step: fn(&mut Universe, &mut Client)) {
    let size = universes.len().div_ceil(CLIENTS);
    std::thread::scope(|scope| {
        for universes in universes.chunks_mut(size) {
            scope.spawn(|| {
                let mut client = Client::new(program.address);
                universes.iter_mut().for_each(|universe| step(universe, &mut client));
            });
        }
    });
}

/// Creates tenants, executes each step for all of them, and deletes them.
fn run(program: &Program, tenants: usize) {
    let (begun, start) = (Instant::now(), program.figures().memory_kib);
    let mut universes: Vec<Universe> = (1..=tenants).map(Universe::new).collect();
    each(program, &mut universes, Universe::declare);
    let empty = program.figures().memory_kib.saturating_sub(start) / tenants as u64;
    for step in [Universe::create, Universe::start, Universe::jump, Universe::read, Universe::stop] {
        each(program, &mut universes, step);
    }
    let full = program.figures().memory_kib;
    let count = || {
        let listed = Client::new(program.address).ask("GET", "/_emulator/tenants", "").1;
        listed["value"].as_array().unwrap().len()
    };
    assert_eq!(count(), tenants + 1);
    each(program, &mut universes, Universe::delete);
    assert_eq!(count(), 1);
    let (took, end) = (begun.elapsed(), program.figures().memory_kib);
    notice(&format!(
        "universes: {tenants} tenants in {took:?}; {empty} KiB for each empty one; memory {start} KiB, {full} KiB, \
         {end} KiB after their deletion"
    ));
    assert!(took < TIME_MAX, "{took:?}");
    assert!(empty <= EMPTY_MAX_KIB, "{empty} KiB");
}

#[test]
fn thousand_tenants_do_not_meet_and_return_their_memory() {
    let _alone = alone();
    let mut program = Program::start();
    program.populate();
    // The first tenants bring the code of the program into memory, and fill the caches that the allocator has per thread.
    run(&program, WARM_UP);
    std::thread::sleep(DECAY);
    let start = program.figures().memory_kib;
    run(&program, TENANTS);
    let most = start + start / 5;
    let deleted = Instant::now();
    // The allocator returns free memory to the system some seconds later.
    while program.figures().memory_kib > most && deleted.elapsed() < RETURN_MAX {
        std::thread::sleep(Duration::from_millis(500));
    }
    let end = program.figures().memory_kib;
    notice(&format!("universes: memory {start} KiB before, {end} KiB {:?} after", deleted.elapsed()));
    assert!(end <= most, "{start} KiB before, {end} KiB after");
    program.assert_unharmed();
}
