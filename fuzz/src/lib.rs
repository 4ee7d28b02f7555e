//! An emulator for the fuzz targets. It answers requests that are written as text, without a socket.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::clock::{ClockChange, Mode};
use specularite::control::{ControlCommand, SettingsChange};
use specularite::{Emulator, Pace, Tenant, Throttle};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// The byte between two requests of an input.
pub const SEPARATOR: u8 = 0;
/// The maximum number of requests of an input.
pub const CALLS_MAX: usize = 16;
/// The error codes with a status 5xx that are not bugs: calls that are not emulated, and answers that a behaviour chooses.
const IMITATED: &[&str] = &["CapacityNotActive", "InternalServerError", "NotEmulated", "ServerClosing"];

/// An emulator in a known state. The state is the same before each input, so that an input can be reproduced.
pub struct Lab {
    /// The emulator.
    pub emulator: Arc<Emulator>,
    router: Router,
    runtime: Runtime,
    /// The names in braces that stand for ids in an input, with the ids of resources that exist.
    ids: Vec<(&'static str, String)>,
    /// The version of the default tenant in the known state.
    version: AtomicU64,
}

/// The response to a request.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body. A body that is not JSON, or compressed, is null.
    pub body: Value,
}

/// Returns the emulator of this process.
pub fn lab() -> &'static Lab {
    static LAB: LazyLock<Lab> = LazyLock::new(Lab::new);
    &LAB
}

impl Lab {
    fn new() -> Self {
        // The clock of the runtime stands still and jumps over every wait.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let emulator = Emulator::builder().seed(7).pace(Pace::Realistic).build();
        let router = specularite::router(Arc::clone(&emulator));
        let (runtime, version) = (runtime.expect("the runtime starts"), AtomicU64::new(0));
        let mut lab = Self { emulator, router, runtime, ids: Vec::new(), version };
        lab.ids = lab.populate();
        lab
    }

    /// Returns the emulator to its initial state, and creates the same resources again. Most inputs have changed nothing:
    /// then only the journal is cleared.
    pub fn reset(&self) {
        if self.has_changed() {
            self.emulator.reset_all().expect("nothing is stored");
            assert_eq!(self.populate(), self.ids, "ids depend only on the seed and the history");
        }
        self.tenant().clear_journal();
    }

    /// Returns `true` if a request has changed the state or the clock of a tenant since the last reset.
    pub fn has_changed(&self) -> bool {
        self.emulator.tenants().len() > 1 || self.version() != self.version.load(Ordering::Relaxed)
    }

    fn version(&self) -> u64 {
        *self.tenant().subscribe().borrow()
    }

    /// Returns the default tenant.
    pub fn tenant(&self) -> Arc<Tenant> {
        self.emulator.default_tenant()
    }

    fn populate(&self) -> Vec<(&'static str, String)> {
        let tenant = self.tenant();
        let now = Some("2031-02-03T04:05:06Z".parse().expect("an instant"));
        let manual = ClockChange { mode: Some(Mode::Manual), now, ..ClockChange::default() };
        tenant.clock().set(manual).expect("the instant is in the future");
        let unlimited = SettingsChange { throttle: Some(Throttle::Off), ..SettingsChange::default() };
        tenant.control(ControlCommand::ChangeSettings(unlimited)).expect("the setting exists");
        let create = |path: &str, body: Value| {
            let reply = self.send("POST", path, &[], body.to_string().as_bytes()).expect("a valid request");
            assert!(reply.status.is_success(), "{path}: {} {}", reply.status, reply.body);
            reply.body["id"].as_str().map_or_else(String::new, str::to_owned)
        };
        let capacities = self.send("GET", "/v1/capacities", &[], b"").expect("a valid request").body;
        let capacity = capacities["value"][0]["id"].as_str().expect("a capacity").to_owned();
        let workspace = create("/v1/workspaces", json!({"displayName": "lab", "capacityId": capacity}));
        let within = |path: &str| format!("/v1/workspaces/{workspace}/{path}");
        let connection = create("/v1/connections", connection());
        let mirror = json!({"displayName": "shop", "definition": definition(&connection)});
        let mirror = create(&within("mirroredDatabases"), mirror);
        let lakehouse = create(&within("lakehouses"), json!({"displayName": "lake"}));
        let folder = create(&within("folders"), json!({"displayName": "folder"}));
        create(&within("sqlDatabases"), json!({"displayName": "sql"}));
        self.version.store(self.version(), Ordering::Relaxed);
        vec![
            ("{workspaceId}", workspace),
            ("{connectionId}", connection),
            ("{mirroredDatabaseId}", mirror.clone()),
            ("{lakehouseId}", lakehouse),
            ("{itemId}", mirror),
            ("{folderId}", folder),
            ("{capacityId}", capacity),
        ]
    }

    /// Answers a request. Returns `None` if it is not a valid request of HTTP. A bug of the server fails an assertion.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Option<Reply> {
        let mut request = Request::builder().method(method).uri(target).body(Body::from(body.to_vec())).ok()?;
        let defaults = [("host", &b"127.0.0.1:7310"[..]), ("authorization", b"Bearer any")];
        for (name, value) in defaults.iter().chain(headers) {
            let name: header::HeaderName = name.parse().ok()?;
            let is_default = !request.headers().contains_key(&name);
            let value = HeaderValue::from_bytes(value).ok()?;
            if is_default || name != header::HOST && name != header::AUTHORIZATION {
                request.headers_mut().append(name, value);
            } else {
                request.headers_mut().insert(name, value);
            }
        }
        let (head, body) = self.runtime.block_on(async {
            let (head, body) = self.router.clone().oneshot(request).await.expect("the router never fails").into_parts();
            (head, body.collect().await.expect("the body can be read").to_bytes())
        });
        let status = head.status;
        let code = head.headers.get("x-ms-public-api-error-code").and_then(|code| code.to_str().ok());
        let is_bug = status.is_server_error() && !code.is_some_and(|code| IMITATED.contains(&code));
        assert!(!is_bug, "{method} {target}: {status} {}", String::from_utf8_lossy(&body));
        Some(Reply { status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// Answers the requests of an input. `prefix` precedes each target. Requests that are not valid HTTP are skipped.
    pub fn play(&self, input: &[u8], prefix: &str) {
        for call in self.with_ids(input).split(|byte| *byte == SEPARATOR).take(CALLS_MAX) {
            let _ = self.play_one(call, prefix);
        }
    }

    /// Answers a request: a line `METHOD target`, lines `name: value`, an empty line, and the body.
    fn play_one(&self, text: &[u8], prefix: &str) -> Option<Reply> {
        let (head, body) = match text.windows(2).position(|end| end == b"\n\n") {
            Some(end) => (&text[..end], &text[end + 2..]),
            None => (text, &b""[..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let header = |line| {
            let colon = <[u8]>::iter(line).position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
        };
        let headers: Vec<(&str, &[u8])> = lines.filter_map(header).collect();
        self.send(method, &format!("{prefix}{target}"), &headers, body)
    }

    /// Replaces names in braces with ids.
    fn with_ids(&self, input: &[u8]) -> Vec<u8> {
        let (mut text, mut rest) = (Vec::with_capacity(input.len()), input);
        while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
            text.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let known = self.ids.iter().find(|(name, _)| rest.starts_with(name.as_bytes()));
            let (replaced, replacement) = known.map_or((1, &b"{"[..]), |(name, id)| (name.len(), id.as_bytes()));
            text.extend_from_slice(replacement);
            rest = &rest[replaced..];
        }
        text.extend_from_slice(rest);
        text
    }
}

fn connection() -> Value {
    json!({
        "connectivityType": "ShareableCloud", "displayName": "sql", "privacyLevel": "Organizational",
        "connectionDetails": {"type": "SQL", "creationMethod": "Sql", "parameters": [
            {"dataType": "Text", "name": "server", "value": "s.database.windows.net"},
            {"dataType": "Text", "name": "database", "value": "shop"},
        ]},
        "credentialDetails": {
            "singleSignOnType": "None", "connectionEncryption": "Encrypted", "skipTestConnection": false,
            "credentials": {"credentialType": "Basic", "username": "u", "password": "p"},
        },
    })
}

fn definition(connection: &str) -> Value {
    use base64::Engine as _;
    let table = |name: &str| json!({"source": {"typeProperties": {"schemaName": "dbo", "tableName": name}}});
    let mirroring = json!({"properties": {
        "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}},
        "mountedTables": [table("Orders"), table("Customers")],
    }});
    let payload = base64::engine::general_purpose::STANDARD.encode(mirroring.to_string());
    json!({"parts": [{"path": "mirroring.json", "payloadType": "InlineBase64", "payload": payload}]})
}
