//! Measures requests and memory of tenants with more and more mirrored databases. The benchmark prints figures and
//! checks no limits.
//!
//! `cargo bench --bench scale` measures tenants with 10, 1,000 and 100,000 mirrored databases, `-- --full` also one with
//! 1,000,000, and `-- 10 5000` those with these numbers. Requests go to the router without a socket. Each figure is the
//! median of several requests for different items.
#![expect(clippy::print_stdout, reason = "the figures are printed")]
#![expect(clippy::disallowed_methods, reason = "durations are measured on the machine's clock")]

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::ids::TenantId;
use specularite::seed::Seed;
use specularite::{Emulator, Pace, Throttle};
use tower::ServiceExt as _;

/// The allocator of the program, for figures of its memory.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The numbers of mirrored databases in the tenants of a default run.
const SIZES: [usize; 3] = [10, 1_000, 100_000];
/// The number of a full run.
const FULL_SIZE: usize = 1_000_000;
/// The number of mirrored databases in a workspace. With their SQL endpoints they leave room for more items.
const PER_WORKSPACE: usize = 350;
/// The number of requests for each figure.
const ROUNDS: usize = 101;
/// The number of tenants that share a measurement of memory.
const TENANTS: u64 = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = SIZES.to_vec();
    }
    if arguments.iter().any(|argument| argument == "--full") {
        sizes.push(FULL_SIZE);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    println!("empty tenant              {:.1} kB", empty_tenant() / 1e3);
    let columns: Vec<Vec<(&str, String)>> = sizes.iter().map(|size| runtime.block_on(measure(*size))).collect();
    print!("{:<26}", "mirrored databases");
    sizes.iter().for_each(|size| print!("{size:>12}"));
    println!();
    for (row, (name, _)) in columns[0].iter().enumerate() {
        print!("{name:<26}");
        columns.iter().for_each(|column| print!("{:>12}", column[row].1));
        println!();
    }
}

/// Returns the bytes that the program has allocated.
fn allocated() -> f64 {
    #[cfg(not(target_env = "msvc"))]
    {
        let _ = tikv_jemalloc_ctl::epoch::advance();
        tikv_jemalloc_ctl::stats::allocated::read().unwrap_or_default() as f64
    }
    #[cfg(target_env = "msvc")]
    f64::NAN
}

/// Returns the bytes of memory that the program occupies.
fn resident() -> f64 {
    #[cfg(not(target_env = "msvc"))]
    {
        let _ = tikv_jemalloc_ctl::epoch::advance();
        tikv_jemalloc_ctl::stats::resident::read().unwrap_or_default() as f64
    }
    #[cfg(target_env = "msvc")]
    f64::NAN
}

/// Returns the bytes of a new tenant.
fn empty_tenant() -> f64 {
    let emulator = Emulator::builder().build();
    let before = allocated();
    for count in 0..TENANTS {
        emulator.tenant(TenantId::nth(Seed::new(1), count)).expect("there is room for the tenant");
    }
    (allocated() - before) / TENANTS as f64
}

/// Sends a request, and returns the status and the body of the response.
async fn call(router: &Router, method: &str, path: &str, body: &Value) -> (StatusCode, Vec<u8>) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path);
    let request = request.header("host", "127.0.0.1:7310").header("authorization", "Bearer anything");
    let request = request.header("content-type", "application/json").body(body).expect("the request is well formed");
    let response = router.clone().oneshot(request).await.expect("the router never fails");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("the body can be read").to_bytes();
    (status, bytes.to_vec())
}

/// A tenant with many mirrored databases.
struct Stage {
    router: Router,
    capacity: String,
    definition: Value,
    /// The paths of the workspaces, each with the path of a folder.
    workspaces: Vec<(String, String)>,
    /// The workspace, the id and the name of each database.
    databases: Vec<(usize, String, String)>,
}

impl Stage {
    async fn new(size: usize) -> Self {
        let builder = Emulator::builder().pace(Pace::Realistic).throttle(Throttle::Off).journal(0);
        let emulator = builder.tenant_memory(usize::MAX / 4).memory(usize::MAX / 2).build();
        let router = specularite::router(emulator);
        let stage = Self {
            router,
            capacity: String::new(),
            definition: Value::Null,
            workspaces: Vec::new(),
            databases: Vec::new(),
        };
        stage.ok("POST", "/_emulator/clock", json!({"mode": "manual", "now": "2031-02-03T04:05:06Z"})).await;
        let capacities = stage.ok("GET", "/v1/capacities", Value::Null).await;
        let capacity = capacities["value"][0]["id"].as_str().unwrap_or_default().to_owned();
        let credentials = json!({"credentialType": "Basic", "username": "u", "password": "p"});
        let parameter = |name: &str| json!({"dataType": "Text", "name": name, "value": "shop.example.org"});
        let connection = json!({
            "connectivityType": "ShareableCloud", "displayName": "connection", "privacyLevel": "Organizational",
            "connectionDetails": {"type": "SQL", "creationMethod": "Sql",
                "parameters": [parameter("server"), parameter("database")]},
            "credentialDetails": {"singleSignOnType": "None", "connectionEncryption": "Encrypted",
                "skipTestConnection": false, "credentials": credentials},
        });
        let connection = stage.ok("POST", "/v1/connections", connection).await["id"].clone();
        let mirroring = json!({"properties": {
            "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
            "target": {"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}},
        }});
        let part = json!({"path": "mirroring.json", "payloadType": "InlineBase64",
            "payload": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, mirroring.to_string())});
        let mut stage = Self { capacity, definition: json!({"parts": [part]}), ..stage };
        for count in 0..size {
            if count % PER_WORKSPACE == 0 {
                stage.add_workspace().await;
            }
            stage.create(stage.workspaces.len() - 1, &format!("database{count}")).await;
        }
        stage
    }

    /// Sends a request that must succeed, and returns the body of the response.
    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, bytes) = call(&self.router, method, path, &body).await;
        assert!(status.is_success(), "{method} {path}: {status} {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    async fn add_workspace(&mut self) {
        let body = json!({"displayName": format!("w{}", self.workspaces.len()), "capacityId": self.capacity});
        let made = self.ok("POST", "/v1/workspaces", body).await;
        let path = format!("/v1/workspaces/{}", made["id"].as_str().unwrap_or_default());
        let folder = self.ok("POST", &format!("{path}/folders"), json!({"displayName": "folder"})).await;
        self.workspaces.push((path, folder["id"].as_str().unwrap_or_default().to_owned()));
    }

    async fn create(&mut self, within: usize, name: &str) {
        let body = json!({"displayName": name, "definition": self.definition});
        let path = format!("{}/mirroredDatabases", self.workspaces[within].0);
        let made = self.ok("POST", &path, body).await;
        self.databases.push((within, made["id"].as_str().unwrap_or_default().to_owned(), name.to_owned()));
    }

    /// Returns the workspace, the id and the name of the database of a round. The rounds are spread over all databases.
    fn database(&self, round: usize) -> &(usize, String, String) {
        &self.databases[round * 7_919 % self.databases.len()]
    }

    fn path(&self, round: usize) -> String {
        let (within, id, _) = self.database(round);
        format!("{}/mirroredDatabases/{id}", self.workspaces[*within].0)
    }

    /// Returns the median duration of the requests of all rounds, which must be answered with `status`.
    async fn median(&self, status: u16, request: impl Fn(usize) -> (&'static str, String, Value)) -> String {
        let mut durations = Vec::new();
        for round in 0..ROUNDS {
            let (method, path, body) = request(round);
            let begin = Instant::now();
            let (answered, bytes) = call(&self.router, method, &path, &body).await;
            durations.push(begin.elapsed());
            assert_eq!(answered, status, "{method} {path}: {}", String::from_utf8_lossy(&bytes));
        }
        durations.sort_unstable();
        let micros = durations[ROUNDS / 2].as_secs_f64() * 1e6;
        if micros < 1e5 { format!("{micros:.1} µs") } else { format!("{:.0} ms", micros / 1e3) }
    }
}

/// Returns the figures of a tenant with `size` mirrored databases, each with its name.
async fn measure(size: usize) -> Vec<(&'static str, String)> {
    let (allocated_before, begin) = (allocated(), Instant::now());
    let mut stage = Stage::new(size).await;
    let created = begin.elapsed().as_secs_f64();
    let mut figures = vec![
        ("memory in use", format!("{:.2} MB", (allocated() - allocated_before) / 1e6)),
        ("memory occupied", format!("{:.0} MB", resident() / 1e6)),
        ("all creations", format!("{created:.2} s")),
    ];
    let none = |method: &'static str, path: &str| (method, path.to_owned(), Value::Null);
    let clock = |_| none("GET", "/_emulator/clock");
    let advance = |_| ("POST", "/_emulator/clock/advance".to_owned(), json!({"seconds": 0.000_001}));
    figures.push(("next change, all change", stage.median(200, clock).await));
    figures.push(("advance, all change", stage.median(200, advance).await));
    // All databases are initialized, and a few are started.
    stage.ok("POST", "/_emulator/clock/advance", json!({"seconds": 600})).await;
    for round in 0..10 {
        call(&stage.router, "POST", &format!("{}/startMirroring", stage.path(round)), &Value::Null).await;
    }
    figures.push(("next change", stage.median(200, clock).await));
    figures.push((
        "advance by seconds",
        stage.median(200, |_| ("POST", "/_emulator/clock/advance".to_owned(), json!({"seconds": 1}))).await,
    ));
    figures.push(("get", stage.median(200, |round| none("GET", &stage.path(round))).await));
    figures.push((
        "status",
        stage.median(200, |round| none("POST", &format!("{}/getMirroringStatus", stage.path(round)))).await,
    ));
    figures.push((
        "first page of a list",
        stage
            .median(200, |round| {
                none("GET", &format!("{}/mirroredDatabases", stage.workspaces[stage.database(round).0].0))
            })
            .await,
    ));
    figures.push((
        "timeline",
        stage.median(200, |round| none("GET", &format!("/_emulator/timeline?item={}", stage.database(round).1))).await,
    ));
    let text = json!({"search": "in no name"});
    figures.push((
        "search without a hit",
        stage.median(200, |_| ("POST", "/v1/catalog/search".into(), text.clone())).await,
    ));
    let named = |name: &str| json!({"displayName": name, "definition": stage.definition});
    let collection = |round: usize| format!("{}/mirroredDatabases", stage.workspaces[stage.database(round).0].0);
    figures.push((
        "create, name in use",
        stage.median(409, |round| ("POST", collection(round), named(&stage.database(round).2))).await,
    ));
    let spare = stage.workspaces.len() - 1;
    let new = |round: usize| named(&format!("new{round}"));
    let within = |round: usize| format!("{}/mirroredDatabases", stage.workspaces[round % (spare + 1)].0);
    figures.push(("create", stage.median(201, |round| ("POST", within(round), new(round))).await));
    figures.push((
        "rename",
        stage.median(200, |round| ("PATCH", stage.path(round), json!({"displayName": format!("other{round}")}))).await,
    ));
    figures.push((
        "move",
        stage
            .median(200, |round| {
                let (within, id, _) = stage.database(round);
                let (workspace, folder) = &stage.workspaces[*within];
                ("POST", format!("{workspace}/items/{id}/move"), json!({"targetFolderId": folder}))
            })
            .await,
    ));
    figures.push(("delete", delete(&mut stage).await));
    figures
}

/// Returns the median duration of deletions of databases that are created for them.
async fn delete(stage: &mut Stage) -> String {
    let first = stage.databases.len();
    for round in 0..ROUNDS {
        let within = stage.database(round).0;
        stage.create(within, &format!("deleted{round}")).await;
    }
    stage
        .median(200, |round| {
            let (within, id, _) = &stage.databases[first + round];
            ("DELETE", format!("{}/mirroredDatabases/{id}", stage.workspaces[*within].0), Value::Null)
        })
        .await
}
