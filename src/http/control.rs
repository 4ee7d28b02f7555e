//! The control interface, `/_emulator`: time, settings, sources. It needs no token, and no web page can drive it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock::{ClockError, Mode, Reading, Setting};
use crate::emulator::{ControlFrom, Emulator};
use crate::fabric::access::DEFAULT_TENANT;
use crate::fabric::mirroring::source::{ObjectType, SNAPSHOT_ROWS_PER_SECOND, Table};
use crate::fabric::mirroring::{Declaration, MirroringStatus, TableName};
use crate::fabric::pace::Pace;
use crate::fabric::planned::{self, Planned};
use crate::fabric::settings::{Behaviours, PAGE_SIZE_MAX, Settings, Throttle};
use crate::fabric::{ErrorCode, FabricError, Fact};
use crate::http::answer::{self, Headers, utc};
use crate::http::operations::OPERATIONS;
use crate::http::pipeline::moment;
use crate::http::{BODY_MAX, Peer, Shared, error, no_endpoint};
use crate::ids::{ConnectionId, ItemId};
use crate::tenant::Tenant;

/// How long a call waits with a real clock, at most, in seconds.
const PATIENCE_MAX: f64 = 600.0;
/// How long `until` waits unless told, in seconds.
const PATIENCE: f64 = 30.0;
/// Changes that an answer lists at most.
const CHANGES_MAX: usize = 1_000;
/// Tables of a declared source at most.
const DECLARED_TABLES_MAX: usize = 10_000;
/// The largest number of rows, or of bytes of a row, that can be declared: what is reckoned from it fits into 64 bits.
const SIZE_MAX: u64 = 1_000_000_000_000;
/// The highest rate that can be declared, in rows a second.
const RATE_MAX: f64 = 1e9;

pub(super) fn router(emulator: Arc<Emulator>) -> Router<Arc<Emulator>> {
    Router::new()
        .route("/health", get(health))
        .route("/reset", post(reset))
        .route("/settings", get(settings).patch(change_settings))
        .route("/clock", get(clock).post(set_clock))
        .route("/clock/advance", post(advance))
        .route("/sources/{connection}", get(source).put(declare_source))
        .fallback(nowhere)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(emulator, guard))
}

/// Lets in who may drive the emulator: from an address that is allowed, under a name that no web page can make its own, and
/// not on behalf of another origin.
async fn guard(State(emulator): Shared, request: Request, next: Next) -> Response<Body> {
    let peer = request.extensions().get::<Peer>().copied();
    let refusal = if !peer.is_none_or(|Peer(peer)| may_control(emulator.control_from(), peer.ip())) {
        Some("the caller's address may not; see --control-from")
    } else if !is_own_host(request.headers(), request.uri()) {
        Some("the Host is neither an address, nor localhost, nor a name without a dot")
    } else if !is_own_origin(request.headers(), request.uri()) {
        Some("the Origin is another one")
    } else {
        None
    };
    match refusal {
        None => next.run(request).await,
        Some(note) => refuse(&emulator.default_tenant(), &FabricError::new(ErrorCode::Forbidden).note(note)),
    }
}

fn may_control(from: ControlFrom, peer: std::net::IpAddr) -> bool {
    let peer = peer.to_canonical();
    let private = match peer {
        std::net::IpAddr::V4(peer) => peer.is_private() || peer.is_link_local(),
        std::net::IpAddr::V6(peer) => peer.is_unique_local() || peer.is_unicast_link_local(),
    };
    match from {
        ControlFrom::Loopback => peer.is_loopback(),
        ControlFrom::Private => peer.is_loopback() || private,
        ControlFrom::Any => true,
    }
}

fn host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(|authority| authority.as_str())).map(str::to_ascii_lowercase)
}

/// A name without a dot is a container's or this machine's: nobody can register it, so no page can be served under it.
fn is_own_host(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(host) = host(headers, uri) else { return true };
    let Ok(authority) = host.parse::<axum::http::uri::Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok();
    address || !name.contains('.') || name.ends_with(".localhost")
}

fn is_own_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    own.is_some() && own.map(str::to_owned) == host(headers, uri)
}

/// A control call, unpacked: which tenant, and the body.
struct Call {
    emulator: Arc<Emulator>,
    tenant: Arc<Tenant>,
    every_tenant: bool,
    body: Vec<u8>,
}

impl FromRequest<Arc<Emulator>> for Call {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, emulator: &Arc<Emulator>) -> Result<Self, Self::Rejection> {
        let default = emulator.default_tenant();
        let (parts, body) = request.into_parts();
        let wanted = tenant_of(&parts).and_then(|wanted| match wanted {
            Some(id) => emulator.tenant(id).map(|tenant| (tenant, false)),
            None => Ok((Arc::clone(&default), true)),
        });
        let (tenant, every_tenant) = wanted.map_err(|refusal| refuse(&default, &refusal))?;
        let body = axum::body::to_bytes(body, BODY_MAX)
            .await
            .map_err(|_| refuse(&tenant, &ErrorCode::InvalidPayloadSize.into()))?;
        Ok(Self { emulator: Arc::clone(emulator), tenant, every_tenant, body: body.into() })
    }
}

/// `?tenant=ID`; `None` for `?tenant=*`.
fn tenant_of(parts: &Parts) -> Result<Option<crate::ids::TenantId>, FabricError> {
    let query = parts.uri.query().unwrap_or_default();
    match form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "tenant") {
        None => Ok(Some(DEFAULT_TENANT)),
        Some((_, every)) if every == "*" => Ok(None),
        Some((_, id)) => id
            .parse()
            .map(Some)
            .map_err(|_| FabricError::invalid_input(format!("The value {id:?} of tenant is neither a GUID nor *."))),
    }
}

impl Call {
    fn json<T: DeserializeOwned>(&self) -> Result<T, FabricError> {
        serde_json::from_slice(&self.body)
            .map_err(|why| FabricError::invalid_input(format!("The request body is not valid: {why}.")))
    }

    /// Answers, or refuses; what is asked of all tenants at once is refused but where it is meant.
    fn answer(self, answer: impl FnOnce(&Self) -> Result<Value, FabricError>) -> Response<Body> {
        let told = if self.every_tenant { Err(one_tenant_only()) } else { answer(&self) };
        reply(&self.tenant, told)
    }
}

fn one_tenant_only() -> FabricError {
    FabricError::invalid_input("tenant=* is taken by reset only.")
}

fn reply(tenant: &Tenant, told: Result<Value, FabricError>) -> Response<Body> {
    match told {
        Ok(body) => {
            let moment = moment(tenant);
            let mut response = answer::respond(StatusCode::OK, Headers::Core, answer::to_json(&body));
            answer::stamp(&mut response, moment.request_id, moment.now);
            response
        }
        Err(refusal) => refuse(tenant, &refusal),
    }
}

fn refuse(tenant: &Tenant, refusal: &FabricError) -> Response<Body> {
    let moment = moment(tenant);
    let mut response = error::render(refusal, moment.request_id, &Behaviours::default(), 1.0);
    answer::stamp(&mut response, moment.request_id, moment.now);
    response
}

async fn nowhere(State(emulator): Shared, request: Request) -> Response<Body> {
    refuse(&emulator.default_tenant(), &no_endpoint(&request.into_parts().0))
}

async fn no_method(State(emulator): Shared) -> Response<Body> {
    let mut response = refuse(&emulator.default_tenant(), &ErrorCode::MethodNotAllowed.into());
    // axum names the methods when nobody else has.
    response.headers_mut().remove(header::ALLOW);
    response
}

async fn health(call: Call) -> Response<Body> {
    call.answer(|_| Ok(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})))
}

async fn reset(call: Call) -> Response<Body> {
    if call.every_tenant {
        call.emulator.reset_all();
    } else {
        call.tenant.reset();
    }
    reply(&call.tenant, Ok(json!({"now": utc(call.tenant.clock().now())})))
}

async fn settings(call: Call) -> Response<Body> {
    call.answer(|call| Ok(call.tenant.read(|state| json!(state.settings))))
}

/// A change of settings; what is left out stays, and a limit of null is taken back.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChangeSettings {
    pace: Option<Pace>,
    throttle: Option<Throttle>,
    page_size: Option<u32>,
    limits: Option<BTreeMap<String, Option<u32>>>,
    behaviours: Option<Map<String, Value>>,
}

async fn change_settings(call: Call) -> Response<Body> {
    call.answer(|call| {
        let change: ChangeSettings = call.json()?;
        call.tenant.commit(call.tenant.clock().now(), |state, _| {
            let settings = changed(state.settings.clone(), change)?;
            let shown = json!(settings);
            Ok((vec![Fact::SettingsChanged(settings)], shown))
        })
    })
}

fn changed(mut settings: Settings, change: ChangeSettings) -> Result<Settings, FabricError> {
    settings.pace = change.pace.unwrap_or(settings.pace);
    settings.throttle = change.throttle.unwrap_or(settings.throttle);
    if let Some(page_size) = change.page_size {
        if !(1..=PAGE_SIZE_MAX).contains(&page_size) {
            return Err(FabricError::invalid_input(format!(
                "pageSize is {page_size}: from 1 to {PAGE_SIZE_MAX} was expected."
            )));
        }
        settings.page_size = page_size;
    }
    for (operation, limit) in change.limits.into_iter().flatten() {
        if !OPERATIONS.iter().any(|known| known.id == operation) {
            return Err(FabricError::invalid_input(format!("limits: {operation:?} is no operation's id.")));
        }
        match limit {
            Some(limit) => settings.limits.insert(operation, limit),
            None => settings.limits.remove(&operation),
        };
    }
    if let Some(behaviours) = change.behaviours {
        let mut merged = json!(settings.behaviours);
        for (name, answer) in behaviours {
            // A status may be written as the number that it is.
            merged[name] = answer.as_u64().map_or(answer, |status| status.to_string().into());
        }
        settings.behaviours =
            serde_json::from_value(merged).map_err(|why| FabricError::invalid_input(format!("behaviours: {why}.")))?;
    }
    Ok(settings)
}

async fn clock(call: Call) -> Response<Body> {
    call.answer(|call| Ok(show(call.tenant.clock().reading())))
}

fn show(reading: Reading) -> Value {
    let Reading { mode, rate, step, now } = reading;
    json!({"mode": mode, "rate": rate, "step": step, "now": utc(now)})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetClock {
    mode: Option<Mode>,
    rate: Option<f64>,
    step: Option<f64>,
    now: Option<Timestamp>,
}

async fn set_clock(call: Call) -> Response<Body> {
    call.answer(|call| {
        let SetClock { mode, rate, step, now } = call.json()?;
        call.tenant.clock().set(Setting { mode, rate, step, now }).map(show).map_err(|why| clock_refusal(&why))
    })
}

fn clock_refusal(why: &ClockError) -> FabricError {
    FabricError::invalid_input(format!("{why}."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    seconds: Option<f64>,
    to: Option<To>,
    until: Option<Until>,
    timeout_seconds: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum To {
    NextChange,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Until {
    mirrored_database: ItemId,
    status: MirroringStatus,
}

/// What became of a wait.
#[derive(Serialize)]
struct Advanced {
    now: String,
    changes: Vec<Planned>,
}

async fn advance(call: Call) -> Response<Body> {
    let told = if call.every_tenant { Err(one_tenant_only()) } else { advance_one(&call).await };
    reply(&call.tenant, told)
}

async fn advance_one(call: &Call) -> Result<Value, FabricError> {
    let tenant = &*call.tenant;
    let Advance { seconds, to, until, timeout_seconds } = call.json()?;
    let patience = timeout_seconds.unwrap_or(if until.is_some() { PATIENCE } else { PATIENCE_MAX });
    let longest = if tenant.clock().stands_still() { f64::MAX } else { PATIENCE_MAX };
    if !(0.0..=longest).contains(&patience) {
        return Err(FabricError::invalid_input(format!(
            "timeoutSeconds is {patience}: from 0 to {PATIENCE_MAX} was expected."
        )));
    }
    let before = tenant.clock().now();
    let known = tenant.read(|state| planned::after(state, before));
    match (seconds, to, until) {
        (Some(seconds), None, None) => {
            let wanted = tenant.clock().after(seconds).map_err(|why| clock_refusal(&why))?;
            reach(tenant, wanted, patience).await?;
        }
        (None, Some(To::NextChange), None) => {
            let window = tenant.next_window_end(before);
            if let Some(next) = known.first().map(|change| change.at).into_iter().chain(window).min() {
                reach(tenant, next, patience).await?;
            }
        }
        (None, None, Some(until)) => wait_until(tenant, &until, patience).await?,
        _ => return Err(FabricError::invalid_input("One of seconds, to and until was expected.")),
    }
    let now = tenant.clock().now();
    let changes = known.into_iter().take_while(|change| change.at <= now).take(CHANGES_MAX).collect();
    Ok(json!(Advanced { now: utc(now), changes }))
}

async fn reach(tenant: &Tenant, at: Timestamp, patience: f64) -> Result<(), FabricError> {
    if tenant.clock().reach(at, Duration::from_secs_f64(patience.min(PATIENCE_MAX))).await {
        Ok(())
    } else {
        Err(late())
    }
}

fn late() -> FabricError {
    ErrorCode::OperationFailedOnTimeout.into()
}

/// Goes on until a mirrored database has a status. A clock that stands still is moved to the change, or by all of `patience`.
async fn wait_until(tenant: &Tenant, until: &Until, patience: f64) -> Result<(), FabricError> {
    let clock = tenant.clock();
    let deadline = clock.after(patience).map_err(|why| clock_refusal(&why))?;
    let mut left = Duration::from_secs_f64(patience.min(PATIENCE_MAX));
    loop {
        let now = clock.now();
        let (status, comes) = tenant.read(|state| look(state, until, now))?;
        if status == until.status {
            return Ok(());
        }
        if clock.stands_still() {
            let comes = comes.filter(|at| *at <= deadline);
            clock.advance_to(comes.unwrap_or(deadline));
            return comes.map(|_| ()).ok_or_else(late);
        }
        if left.is_zero() {
            return Err(late());
        }
        // Whatever wakes it, or fails to: it looks again within a second, and once more at the end.
        let slice = left.min(Duration::from_secs(1));
        left -= slice - clock.wait(comes, slice).await.min(slice);
    }
}

/// The status of a mirrored database, and when the wanted one comes by itself.
fn look(
    state: &crate::fabric::State,
    until: &Until,
    now: Timestamp,
) -> Result<(MirroringStatus, Option<Timestamp>), FabricError> {
    let id = until.mirrored_database;
    let (_, item) = state.find_item(id).ok_or_else(|| FabricError::no_item(id))?;
    let phase = item.mirroring()?.phase_at(now);
    let comes = phase.gives_way.filter(|(_, status)| *status == until.status).map(|(at, _)| at);
    Ok((phase.status, comes))
}

/// A source as it is declared and shown.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceBody {
    tables: Vec<TableBody>,
    #[serde(default = "snapshot_rows_per_second")]
    snapshot_rows_per_second: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TableBody {
    schema_name: String,
    table_name: String,
    #[serde(default)]
    object_type: ObjectType,
    #[serde(default = "rows")]
    rows: u64,
    #[serde(default = "bytes_per_row")]
    bytes_per_row: u64,
    #[serde(default)]
    rows_per_second: f64,
    #[serde(default = "latency_seconds")]
    latency_seconds: u32,
}

fn snapshot_rows_per_second() -> f64 {
    SNAPSHOT_ROWS_PER_SECOND
}

fn rows() -> u64 {
    1_000
}

fn bytes_per_row() -> u64 {
    100
}

fn latency_seconds() -> u32 {
    5
}

impl TryFrom<SourceBody> for Declaration {
    type Error = FabricError;

    fn try_from(body: SourceBody) -> Result<Self, FabricError> {
        let within = |what: &str, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(FabricError::invalid_input(format!("{what} is {value}: from {least} to {most} was expected.")))
            }
        };
        within("the number of tables", body.tables.len() as f64, 0.0, DECLARED_TABLES_MAX as f64)?;
        within("snapshotRowsPerSecond", body.snapshot_rows_per_second, 1e-3, 1e12)?;
        let mut tables = BTreeMap::new();
        for table in body.tables {
            let place = format!("{}.{}", table.schema_name, table.table_name);
            within(&format!("rows of {place}"), table.rows as f64, 0.0, SIZE_MAX as f64)?;
            within(&format!("bytesPerRow of {place}"), table.bytes_per_row as f64, 0.0, SIZE_MAX as f64)?;
            within(&format!("rowsPerSecond of {place}"), table.rows_per_second, 0.0, RATE_MAX)?;
            within(&format!("latencySeconds of {place}"), table.latency_seconds.into(), 0.0, 86_400.0)?;
            let name = TableName { schema: table.schema_name.into(), table: table.table_name.into() };
            let TableBody { object_type, rows, bytes_per_row, rows_per_second, latency_seconds, .. } =
                TableBody { schema_name: String::new(), table_name: String::new(), ..table };
            let table = Table { object_type, rows, bytes_per_row, rows_per_second, latency_seconds };
            if tables.insert(name, table).is_some() {
                return Err(FabricError::invalid_input(format!("The table {place} is there twice.")));
            }
        }
        Ok(Self { tables, snapshot_rows_per_second: body.snapshot_rows_per_second })
    }
}

impl From<&Declaration> for SourceBody {
    fn from(declaration: &Declaration) -> Self {
        let table = |(name, table): (&TableName, &Table)| TableBody {
            schema_name: name.schema.to_string(),
            table_name: name.table.to_string(),
            object_type: table.object_type,
            rows: table.rows,
            bytes_per_row: table.bytes_per_row,
            rows_per_second: table.rows_per_second,
            latency_seconds: table.latency_seconds,
        };
        Self {
            tables: declaration.tables.iter().map(table).collect(),
            snapshot_rows_per_second: declaration.snapshot_rows_per_second,
        }
    }
}

async fn source(Path(connection): Path<String>, call: Call) -> Response<Body> {
    call.answer(|call| {
        let connection = connection_id(&connection)?;
        let now = call.tenant.clock().now();
        let declared = call
            .tenant
            .read(|state| state.declared(connection).and_then(|declared| declared.at(now)).map(SourceBody::from));
        declared.map(|source| json!(source)).ok_or_else(|| {
            FabricError::new(ErrorCode::EntityNotFound)
                .message("Nobody has declared a source of this connection: it is assumed.")
                .about("Connection", connection)
        })
    })
}

async fn declare_source(Path(connection): Path<String>, call: Call) -> Response<Body> {
    call.answer(|call| {
        let connection = connection_id(&connection)?;
        let declaration: Declaration = call.json::<SourceBody>()?.try_into()?;
        let shown = json!(SourceBody::from(&declaration));
        call.tenant.commit(call.tenant.clock().now(), |state, _| {
            if state.connection_at_all(connection).is_none() {
                return Err(FabricError::new(ErrorCode::EntityNotFound).about("Connection", connection));
            }
            Ok((vec![Fact::SourceDeclared { connection, declaration: Arc::new(declaration) }], shown))
        })
    })
}

fn connection_id(text: &str) -> Result<ConnectionId, FabricError> {
    text.parse().map_err(|_| FabricError::invalid_input(format!("The value {text:?} in the path is not a GUID.")))
}
