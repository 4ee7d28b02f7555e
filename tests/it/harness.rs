//! The test harness: an emulator on a manual clock, called without a socket.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use specularite::fabric::access;
use specularite::{Emulator, Pace};
use tower::ServiceExt as _;

/// One runtime for all tests: an emulator runs nothing in the background that would need its own.
static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("the runtime starts"));

/// An id that nothing has.
pub(crate) const MISSING: &str = "00000000-1111-4222-8333-444444444444";
/// The object id of a caller without any role.
pub(crate) const STRANGER: &str = MISSING;
/// Object ids of two principals that the directory does not know by itself.
pub(crate) const ALICE: &str = "00000000-0000-4000-8000-000000000011";
pub(crate) const BOB: &str = "00000000-0000-4000-8000-000000000012";

/// An emulator, its router, and the token that requests carry.
pub(crate) struct Lab {
    pub(crate) emulator: Arc<Emulator>,
    router: Router,
    pub(crate) token: String,
    /// The tenant that control calls name; `None` for the default tenant.
    tenant: Option<String>,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Lab {
    /// Seed 7, realistic pace, and a manual clock at 2031-02-03T04:05:06Z.
    pub(crate) fn new() -> Self {
        Self::seeded(7)
    }

    /// [`Lab::new`] without rate limits.
    pub(crate) fn unthrottled() -> Self {
        let lab = Self::new();
        lab.settings(json!({"throttle": "off"}));
        lab
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self::with(Emulator::builder().seed(seed).pace(Pace::Realistic).build())
    }

    pub(crate) fn with(emulator: Arc<Emulator>) -> Self {
        let lab = Self::of(emulator);
        lab.post("/_emulator/clock", json!({"mode": "manual", "now": "2031-02-03T04:05:06Z"})).is(200);
        lab
    }

    /// An emulator with the clocks that it has.
    pub(crate) fn of(emulator: Arc<Emulator>) -> Self {
        let router = specularite::router(Arc::clone(&emulator));
        Self { router, emulator, token: "anything".into(), tenant: None }
    }

    /// The same emulator with another caller: an `app` or a `user` with this object id.
    pub(crate) fn by(&self, oid: &str, idtyp: &str) -> Self {
        let claims = json!({"oid": oid, "idtyp": idtyp, "upn": format!("{}@example.com", &oid[oid.len() - 4..])});
        let token = format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()));
        Self { emulator: Arc::clone(&self.emulator), router: self.router.clone(), token, tenant: self.tenant.clone() }
    }

    /// The same emulator in another tenant. The caller is the administrator.
    pub(crate) fn in_tenant(&self, tenant: &str) -> Self {
        let claims = json!({"oid": access::DEFAULT_USER, "tid": tenant, "idtyp": "user"});
        let token = format!("eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()));
        Self {
            token,
            tenant: Some(tenant.to_owned()),
            emulator: Arc::clone(&self.emulator),
            router: self.router.clone(),
        }
    }

    /// The path of a control call with the tenant of this lab.
    fn path(&self, path: &str) -> String {
        match &self.tenant {
            Some(tenant) if path.starts_with("/_emulator") && !path.contains("tenant") => {
                format!("{path}{}tenant={tenant}", if path.contains('?') { '&' } else { '?' })
            }
            _ => path.to_owned(),
        }
    }

    /// The same emulator, called by a user.
    pub(crate) fn user(&self, oid: &str) -> Self {
        self.by(oid, "user")
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
        let path = &*self.path(path);
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:7310");
        }
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body: Vec<u8> = body.into();
        let request = request.body(Body::from(body.clone())).expect("the request is well formed");
        let router = self.router.clone();
        let reply = block_on(async move {
            let response = router.oneshot(request).await.expect("the router never fails");
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.expect("the body can be read").to_bytes().to_vec();
            Reply { status: parts.status, headers: parts.headers, bytes }
        });
        if !self.has_faults() {
            record(method, path, &body, &reply);
        }
        reply
    }

    /// Returns `true` if a tenant has fault rules. Their answers break the API description on purpose.
    fn has_faults(&self) -> bool {
        self.emulator.tenants().iter().any(|tenant| !tenant.faults().is_empty())
    }

    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, path, &[("content-type", "application/json")], body.to_string())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], "")
    }

    /// Posts a form to Entra under its own host name.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let media = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[media, ENTRA, ("authorization", "")], body)
    }

    /// Posts without a body, as clients call the mirroring operations.
    pub(crate) fn post_empty(&self, path: &str) -> Reply {
        self.send("POST", path, &[], "")
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    pub(crate) fn post(&self, path: &str, body: Value) -> Reply {
        self.json("POST", path, &body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    pub(crate) fn patch(&self, path: &str, body: Value) -> Reply {
        self.json("PATCH", path, &body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    pub(crate) fn put(&self, path: &str, body: Value) -> Reply {
        self.json("PUT", path, &body)
    }

    /// Advances the clock.
    pub(crate) fn advance(&self, seconds: f64) {
        let by = Duration::from_secs_f64(seconds);
        let id = self.tenant.as_ref().map_or(access::DEFAULT_TENANT, |id| id.parse().expect("an id"));
        self.emulator.tenant(id).expect("a tenant").clock().advance(by).expect("the clock advances");
    }

    pub(crate) fn settings(&self, change: Value) {
        self.patch("/_emulator/settings", change).is(200);
    }

    /// Sends the `PUT` calls in a section of `docs/CONTROL.md`, which succeed.
    pub(crate) fn send_documented_puts(&self, section: &str) -> Vec<Reply> {
        let document = include_str!("../../docs/CONTROL.md");
        let (_, text) = document.split_once(&format!("\n## {section}\n")).unwrap();
        let text = text.split("\n## ").next().unwrap();
        let calls = text.lines().filter_map(|line| line.strip_prefix("    curl -X PUT $base"));
        calls
            .map(|call| {
                let (path, body) = call.split_once(" -d ").unwrap();
                self.send("PUT", path, &[], body.trim_matches('\'')).is(200)
            })
            .collect()
    }

    /// Creates a workspace on the active capacity and returns its path.
    pub(crate) fn workspace(&self) -> String {
        let capacity = self.get("/v1/capacities").body()["value"][0]["id"].clone();
        let made = self.post("/v1/workspaces", json!({"displayName": "lab", "capacityId": capacity})).is(201);
        format!("/v1/workspaces/{}", made.id())
    }

    /// Creates a SQL database and returns its path.
    pub(crate) fn sql_database(&self, workspace: &str, name: &str) -> String {
        let started = self.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": name})).is(202);
        format!("{workspace}/sqlDatabases/{}", self.result(&started).id())
    }

    /// Waits for the operation that a 202 started and gets its result.
    pub(crate) fn result(&self, started: &Reply) -> Reply {
        let id = started.header("x-ms-operation-id").expect("a 202 has an operation id").to_owned();
        for _ in 0..1000 {
            let state = self.get(&format!("/v1/operations/{id}")).is(200).body();
            if state["status"] != "Running" {
                return self.get(&format!("/v1/operations/{id}/result"));
            }
            self.advance(20.0);
        }
        panic!("the operation does not end");
    }

    /// Adds principals (id and type) to the directory.
    pub(crate) fn add_principals(&self, principals: &[(&str, &str)]) {
        let value: Vec<Value> = principals.iter().map(|(id, kind)| json!({"id": id, "type": kind})).collect();
        self.put("/_emulator/principals", json!({"value": value})).is(200);
    }

    /// Assigns a role in a workspace to a user.
    pub(crate) fn assign_role(&self, workspace: &str, id: &str, role: &str) {
        self.add_principals(&[(id, "User")]);
        let body = json!({"principal": {"id": id, "type": "User"}, "role": role});
        self.post(&format!("{workspace}/roleAssignments"), body).is(201);
    }

    /// Pauses (`Inactive`) or resumes (`Active`) the capacity of [`Lab::workspace`].
    pub(crate) fn set_capacity(&self, state: &str) {
        let capacity = self.get("/v1/capacities").body()["value"][0]["id"].as_str().unwrap().to_owned();
        self.patch(&format!("/_emulator/capacities/{capacity}"), json!({"state": state})).is(200);
    }

    /// Creates a SQL connection and returns its id.
    pub(crate) fn connection(&self) -> String {
        self.post("/v1/connections", sql_connection("sql")).is(201).id()
    }

    /// Declares a gateway with this id and type, in which everybody is an administrator.
    pub(crate) fn declare_gateway(&self, id: &str, kind: &str) {
        let gateway = json!({"id": id, "type": kind, "displayName": format!("{kind} {id}")});
        self.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
    }

    /// Creates a mirrored database with this `mirroring.json` and returns its path.
    pub(crate) fn mirror(&self, workspace: &str, name: &str, mirroring: &Value) -> String {
        let made = self.create(workspace, name, mirroring).is(201);
        format!("{workspace}/mirroredDatabases/{}", made.id())
    }

    pub(crate) fn create(&self, workspace: &str, name: &str, mirroring: &Value) -> Reply {
        let body = json!({"displayName": name, "definition": definition(&mirroring.to_string())});
        self.post(&format!("{workspace}/mirroredDatabases"), body)
    }

    /// Creates a mirror of the two tables `Orders` and `Customers` and returns its path.
    pub(crate) fn shop(&self) -> String {
        let (workspace, connection) = (self.workspace(), self.connection());
        self.mirror(&workspace, "shop", &sql_mirror(&connection, Some(&["Orders", "Customers"])))
    }

    pub(crate) fn status(&self, mirror: &str) -> String {
        let body = self.post_empty(&format!("{mirror}/getMirroringStatus")).is(200).body();
        body["status"].as_str().expect("the status is a string").to_owned()
    }

    pub(crate) fn tables(&self, mirror: &str) -> Vec<Value> {
        let body = self.post_empty(&format!("{mirror}/getTablesMirroringStatus")).is(200).body();
        body["data"].as_array().expect("data is a list").clone()
    }
}

/// The file that `SPECULARITE_EXCHANGES` names. Every exchange without fault rules is written to it, one per line, and
/// checked against the API description.
static EXCHANGES: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let path = std::env::var_os("SPECULARITE_EXCHANGES")?;
    Some(Mutex::new(
        File::create(&path).unwrap_or_else(|why| panic!("SPECULARITE_EXCHANGES: {}: {why}", path.display())),
    ))
});

fn record(method: &str, path: &str, request: &[u8], reply: &Reply) {
    let Some(file) = EXCHANGES.as_ref().filter(|_| path.starts_with("/v1/")) else { return };
    // A compressed body is not text. The same bodies are recorded uncompressed elsewhere.
    if reply.headers.contains_key("content-encoding") {
        return;
    }
    let headers: serde_json::Map<String, Value> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let line = json!({
        "method": method, "path": path, "request": String::from_utf8_lossy(request),
        "status": reply.status.as_u16(), "headers": headers, "body": reply.text(),
    });
    writeln!(file.lock().unwrap(), "{line}").expect("the exchange is written");
}

impl Reply {
    /// Asserts the status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Asserts any success status.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }

    /// Asserts an error response: its status, its code in body and header, and the same request id in both.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        let reply = self.is(status);
        let body = reply.body();
        assert_eq!((body["errorCode"].as_str(), reply.header("x-ms-public-api-error-code")), (Some(code), Some(code)));
        assert_eq!(body["requestId"].as_str(), reply.header("requestid"));
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
        reply
    }

    #[track_caller]
    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|why| panic!("{why}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body()["id"].as_str().expect("the body has an id").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Status, sorted headers and body: everything that a client sees.
    pub(crate) fn whole(&self) -> String {
        let mut headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect();
        headers.sort();
        format!("{}\n{}\n\n{}", self.status, headers.join("\n"), self.text())
    }
}

/// The host header of Entra.
pub(crate) const ENTRA: (&str, &str) = ("host", "login.microsoftonline.com");

/// The claims of a token. The signature is not verified.
#[track_caller]
pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().and_then(|token| token.split('.').nth(1)).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("claims are base64url")).expect("claims are JSON")
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    RUNTIME.spawn(future)
}

pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

pub(crate) fn part(path: &str, text: &str) -> Value {
    json!({"path": path, "payloadType": "InlineBase64", "payload": base64(text)})
}

/// A definition with this `mirroring.json`.
pub(crate) fn definition(mirroring: &str) -> Value {
    json!({"parts": [part("mirroring.json", mirroring)]})
}

pub(crate) fn open_mirror() -> Value {
    json!({"properties": {
        "source": {"type": "GenericMirror"},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}},
    }})
}

/// A mirror of these tables of the schema `dbo`, or of all tables.
pub(crate) fn sql_mirror(connection: &str, tables: Option<&[&str]>) -> Value {
    let table = |name: &&str| json!({"source": {"typeProperties": {"schemaName": "dbo", "tableName": name}}});
    let mut mirror = json!({"properties": {
        "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}},
    }});
    if let Some(tables) = tables {
        mirror["properties"]["mountedTables"] = tables.iter().map(table).collect();
    }
    mirror
}

pub(crate) fn sql_connection(name: &str) -> Value {
    json!({
        "connectivityType": "ShareableCloud", "displayName": name, "privacyLevel": "Organizational",
        "connectionDetails": {"type": "SQL", "creationMethod": "Sql", "parameters": [
            {"dataType": "Text", "name": "server", "value": "s.database.windows.net"},
            {"dataType": "Text", "name": "database", "value": "shop"},
        ]},
        "credentialDetails": {"singleSignOnType": "None", "connectionEncryption": "Encrypted", "skipTestConnection": false,
            "credentials": {"credentialType": "Basic", "username": "u", "password": "p"}},
    })
}
