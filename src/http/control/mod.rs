//! The control interface under `/_emulator`. Requests need no token. Requests from web pages are rejected.

mod capacities;
mod check;
mod clock;
mod connections;
mod coverage;
mod directory;
mod events;
mod faults;
mod gateways;
mod git;
mod journal;
mod overview;
mod scenario;
mod settings;
mod snapshot;
mod sources;
mod tags;
mod tenants;
mod timeline;
mod trouble;

use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::access::DEFAULT_TENANT;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::{self, Headers, Written, utc};
use crate::http::error::{self, no_endpoint};
use crate::http::exchange::{Stamp, send};
use crate::http::json;
use crate::http::request::{Arrival, BODY_MAX, ReadBody, control_rejection, read_body, tenant_in_query};
use crate::notify::Closing;
use crate::tenant::Tenant;

/// A call of the control interface.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path below `/_emulator`.
    pub path: &'static str,
    /// The effect of the call, as a phrase that begins with a third-person verb.
    pub summary: &'static str,
    handler: fn() -> MethodRouter<Arc<Emulator>>,
}

impl Route {
    const fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        handler: fn() -> MethodRouter<Arc<Emulator>>,
    ) -> Self {
        Self { method, path, summary, handler }
    }
}

/// All calls of the control interface, in the order of the documentation.
pub const ROUTES: &[Route] = &[
    Route::new("GET", "/health", "Returns the status and the version", || get(health)),
    Route::new("GET", "/ca.pem", "Returns the certificate that https clients must trust", || get(ca_pem)),
    Route::new("POST", "/reset", "Returns the tenant to its initial state", || post(reset)),
    Route::new("GET", "/settings", "Returns the settings", || get(settings::show)),
    Route::new("PATCH", "/settings", "Changes settings", || patch(settings::change)),
    Route::new("GET", "/clock", "Returns the mode and the time of the clock", || get(clock::show)),
    Route::new("POST", "/clock", "Sets the mode and the time of the clock", || post(clock::set)),
    Route::new("POST", "/clock/advance", "Moves a stopped clock, or waits for a running one", || post(clock::advance)),
    Route::new("GET", "/principals", "Returns the directory of principals", || get(directory::show)),
    Route::new("PUT", "/principals", "Adds principals to the directory", || put(directory::declare)),
    Route::new("PATCH", "/capacities/{capacityId}", "Pauses or resumes a capacity", || patch(capacities::change)),
    Route::new("PUT", "/capacities/{capacityId}", "Adds or replaces a capacity", || put(capacities::declare)),
    Route::new("PUT", "/connections/{connectionId}", "Adds or replaces a connection", || put(connections::declare)),
    Route::new("GET", "/gateways", "Returns the gateways of the tenant", || get(gateways::show)),
    Route::new("PUT", "/gateways", "Adds gateways to the tenant", || put(gateways::declare)),
    Route::new("GET", "/git", "Returns the Git repositories of the tenant", || get(git::show)),
    Route::new("PUT", "/git", "Pushes commits to Git repositories", || put(git::push)),
    Route::new("GET", "/tags", "Returns the tags of the tenant", || get(tags::show)),
    Route::new("PUT", "/tags", "Adds tags to the tenant", || put(tags::declare)),
    Route::new("GET", "/sources/{sourceId}", "Returns a simulated source", || get(sources::show)),
    Route::new("PUT", "/sources/{sourceId}", "Declares a simulated source", || put(sources::declare)),
    Route::new("POST", "/trouble", "Plans trouble in an item, table or source", || post(trouble::add)),
    Route::new("GET", "/trouble", "Lists the trouble", || get(trouble::list)),
    Route::new("GET", "/trouble/causes", "Lists the named causes of trouble", || get(trouble::causes)),
    Route::new("PATCH", "/trouble/{troubleId}", "Changes the end of a trouble", || patch(trouble::change)),
    Route::new("DELETE", "/trouble/{troubleId}", "Ends or removes a trouble", || delete(trouble::remove)),
    Route::new("GET", "/tenants", "Lists the tenants in use", || get(tenants::show)),
    Route::new("DELETE", "/tenants/{tenantId}", "Deletes a tenant", || delete(tenants::delete)),
    Route::new("POST", "/tenants/{tenantId}/fork", "Creates a tenant that shares the past of another", || {
        post(tenants::fork)
    }),
    Route::new("GET", "/snapshot", "Returns all of the tenant as one document", || get(snapshot::show)),
    Route::new("PUT", "/snapshot", "Restores the tenant from a snapshot", || put(snapshot::replace)),
    Route::new("POST", "/scenario", "Declares parts of the tenant by name", || post(scenario::apply)),
    Route::new("GET", "/scenarios", "Lists the ready-made scenarios", || get(scenario::list)),
    Route::new("GET", "/scenarios/{name}", "Returns a ready-made scenario", || get(scenario::show)),
    Route::new("POST", "/check", "Lists the faults of a definition", || post(check::check)),
    Route::new("GET", "/faults", "Lists the fault rules", || get(faults::list)),
    Route::new("POST", "/faults", "Adds a fault rule", || post(faults::add)),
    Route::new("DELETE", "/faults", "Deletes all fault rules", || delete(faults::delete_all)),
    Route::new("GET", "/faults/{faultId}", "Returns a fault rule", || get(faults::show)),
    Route::new("PATCH", "/faults/{faultId}", "Enables or disables a fault rule", || patch(faults::switch)),
    Route::new("DELETE", "/faults/{faultId}", "Deletes a fault rule", || delete(faults::delete)),
    Route::new("POST", "/faults/dry-run", "Lists the exchanges that a rule would have struck", || {
        post(faults::dry_run)
    }),
    Route::new("GET", "/events", "Streams what happens in the tenant", || get(events::open)),
    Route::new("GET", "/timeline", "Returns the statuses and figures of a database over time", || get(timeline::show)),
    Route::new("GET", "/overview", "Returns tenants, clock, workspaces and items in one answer", || {
        get(overview::show)
    }),
    Route::new("GET", "/journal", "Returns the last exchanges", || get(journal::show)),
    Route::new("DELETE", "/journal", "Deletes all exchanges", || delete(journal::clear)),
    Route::new("GET", "/coverage", "Lists Fabric's operations, served and absent", || get(coverage::show)),
];

pub(super) fn router(emulator: Arc<Emulator>) -> Router<Arc<Emulator>> {
    ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn_with_state(emulator, guard))
        .layer(middleware::from_fn(log))
}

/// Logs a request at the level `debug`.
async fn log(request: Request, next: Next) -> Response<Body> {
    let begun = machine_time();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    tracing::debug!(
        operation = "control",
        %method,
        path = format!("/_emulator{}", uri.path()),
        status = response.status().as_u16(),
        duration_ms = machine_time().duration_since(begun).as_secs_f64() * 1e3,
        tenant = %tenant_in_query(&uri).map_or_else(|| "*".to_owned(), |tenant| tenant.to_string()),
        request_id = ?response.headers().get("requestid"),
        "request"
    );
    response
}

/// Returns the response to a request that must not use the control interface; `None` if it may. Rejected are callers from
/// addresses that `--control-from` does not allow, requests whose `Host` could be that of a web page, and requests from
/// other origins.
pub(super) fn rejection(
    emulator: &Emulator,
    headers: &HeaderMap,
    uri: &Uri,
    arrival: Arrival,
) -> Option<Response<Body>> {
    let reason = control_rejection(emulator, headers, uri, arrival)?;
    Some(refuse(&emulator.default_tenant(), &FabricError::new(ErrorCode::Forbidden).note(reason)))
}

/// Rejects requests that must not use the control interface, and completes the responses to the others.
async fn guard(State(emulator): State<Arc<Emulator>>, request: Request, next: Next) -> Response<Body> {
    let arrival = request.extensions().get::<Arrival>().copied().unwrap_or_default();
    match rejection(&emulator, request.headers(), request.uri(), arrival) {
        None => {
            let note = tenants_note(&emulator, request.uri());
            let mut response = next.run(request).await;
            response.headers_mut().extend(note.map(|note| (HeaderName::from_static("x-emulator-note"), note)));
            if response.extensions().get::<Streamed>().is_some() {
                return response;
            }
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap_or_default().to_bytes();
            send(&emulator, Response::from_parts(parts, body)).await
        }
        Some(rejection) => rejection,
    }
}

/// The mark of a response whose body is sent while it is made.
#[derive(Debug, Clone, Copy)]
struct Streamed;

/// The maximum number of tenants in a note.
const NOTED_TENANTS_MAX: usize = 5;

/// Returns the hint that a call without `?tenant=` applies to the default tenant; `None` if no other tenant is in use.
fn tenants_note(emulator: &Emulator, uri: &Uri) -> Option<HeaderValue> {
    const OF_NO_TENANT: [&str; 5] = ["/ca.pem", "/coverage", "/health", "/scenarios", "/tenants"];
    let query = uri.query().unwrap_or_default();
    let names_tenant = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "tenant");
    let is_below = |path: &str| uri.path().starts_with(path);
    if names_tenant || is_below("/tenants/") || is_below("/scenarios/") || OF_NO_TENANT.contains(&uri.path()) {
        return None;
    }
    let others: Vec<String> = emulator
        .tenants()
        .iter()
        .filter(|tenant| tenant.id() != DEFAULT_TENANT)
        .map(|tenant| tenant.id().to_string())
        .take(NOTED_TENANTS_MAX)
        .collect();
    if others.is_empty() {
        return None;
    }
    let note = format!("this call used the default tenant; other tenants in use: tenant={}", others.join(", tenant="));
    HeaderValue::try_from(note).ok()
}

/// The calls that create a tenant only after their document was checked, or never.
const CREATING_LATE: &[&str] = &["/check", "/scenario", "/snapshot"];

/// A request to the control interface, with the tenant that the request selects.
struct ControlRequest {
    emulator: Arc<Emulator>,
    tenant: Arc<Tenant>,
    every_tenant: bool,
    query: Vec<(String, String)>,
    body: Arc<ReadBody>,
    closing: Closing,
}

impl FromRequest<Arc<Emulator>> for ControlRequest {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, emulator: &Arc<Emulator>) -> Result<Self, Self::Rejection> {
        let default = emulator.default_tenant();
        let (mut parts, body) = request.into_parts();
        let closing = parts.extensions.remove::<Closing>().unwrap_or_default();
        let path = parts.uri.path();
        let most = if path == "/snapshot" { snapshot::SNAPSHOT_MAX } else { BODY_MAX };
        let keeps_tenants = parts.method.is_safe() || CREATING_LATE.contains(&path);
        let wanted = match tenant_in_query(&parts.uri) {
            // A web page can send a GET or HEAD without being able to read the response: it must not create a tenant.
            Some(id) if keeps_tenants => Ok((emulator.view_tenant(id), false)),
            Some(id) => emulator.tenant(id).map(|tenant| (tenant, false)),
            None => Ok((Arc::clone(&default), true)),
        };
        let (tenant, every_tenant) = wanted.map_err(|refusal| refuse(&default, &refusal))?;
        let body = read_body(body, most, emulator.in_flight()).await.map_err(|why| refuse(&tenant, &why))?;
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Self { emulator: Arc::clone(emulator), tenant, every_tenant, query, body: Arc::new(body), closing })
    }
}

impl ControlRequest {
    fn json<T: DeserializeOwned>(&self) -> Result<T, FabricError> {
        json::parse_verbosely(&self.body.bytes)
    }

    /// Parses a query parameter. An empty value counts as absent.
    fn query<T: FromStr>(&self, name: &str) -> Result<Option<T>, FabricError> {
        let given = self.query.iter().find(|(known, value)| known == name && !value.is_empty());
        let Some((_, value)) = given else { return Ok(None) };
        let unread = || FabricError::invalid_input(format!("The value {value:?} of {name} cannot be read."));
        value.parse().map(Some).map_err(|_| unread())
    }

    /// Returns the tenants that the request selects: one tenant, or all tenants for `?tenant=*`.
    fn tenants(&self) -> Vec<Arc<Tenant>> {
        if self.every_tenant { self.emulator.tenants() } else { vec![Arc::clone(&self.tenant)] }
    }

    /// Responds with the result for one tenant. For `?tenant=*`, the response is a list of the results for all tenants,
    /// and each result has the member `tenant`.
    fn answer_each(self, answer: impl Fn(&Self) -> Result<Value, FabricError>) -> Response<Body> {
        if !self.every_tenant {
            return self.answer(answer);
        }
        let of = |tenant: Arc<Tenant>| {
            let id = tenant.id();
            let (emulator, closing) = (Arc::clone(&self.emulator), self.closing.clone());
            let (query, body) = (self.query.clone(), Arc::clone(&self.body));
            let mut result = answer(&Self { emulator, tenant, every_tenant: false, query, body, closing })?;
            result["tenant"] = serde_json::json!(id);
            Ok(result)
        };
        let result = self.tenants().into_iter().map(of).collect::<Result<Vec<Value>, FabricError>>();
        reply(&self.tenant, result.map(|value| serde_json::json!({"value": value})))
    }

    /// Responds with the result for one tenant, and rejects `?tenant=*`.
    fn answer(self, answer: impl FnOnce(&Self) -> Result<Value, FabricError>) -> Response<Body> {
        let result = if self.every_tenant { Err(one_tenant_only()) } else { answer(&self) };
        reply(&self.tenant, result)
    }

    /// Responds like [`Self::answer`], with the status 201 instead of 200.
    fn answer_created(self, answer: impl FnOnce(&Self) -> Result<Value, FabricError>) -> Response<Body> {
        let mut response = self.answer(answer);
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
        }
        response
    }
}

fn one_tenant_only() -> FabricError {
    FabricError::invalid_input("tenant=* is supported by reset, journal, settings and clock only.")
}

fn reply(tenant: &Tenant, result: Result<Value, FabricError>) -> Response<Body> {
    reply_with(StatusCode::OK, tenant, result)
}

/// Responds with a result, and with a status if the result is not an error.
fn reply_with(status: StatusCode, tenant: &Tenant, result: Result<Value, FabricError>) -> Response<Body> {
    match result {
        Ok(body) => stamped(tenant, answer::respond(status, Headers::Core, answer::to_json(&body))),
        Err(refusal) => refuse(tenant, &refusal),
    }
}

/// Responds with a result that is written as JSON already.
fn reply_json(tenant: &Tenant, result: Result<Vec<u8>, FabricError>) -> Response<Body> {
    match result {
        Ok(body) => stamped(tenant, answer::respond(StatusCode::OK, Headers::Core, body)),
        Err(refusal) => refuse(tenant, &refusal),
    }
}

fn stamped(tenant: &Tenant, mut response: Written) -> Response<Body> {
    let stamp = Stamp::of_control(tenant);
    answer::stamp(&mut response, stamp.request_id, stamp.now);
    response.map(Body::from)
}

/// Parses an id in the path.
fn id<T: FromStr>(text: &str) -> Result<T, FabricError> {
    text.parse().map_err(|_| FabricError::invalid_input(format!("The value {text:?} in the path is not a GUID.")))
}

/// Responds with an error, with a request id that changes no later answers of the services.
pub(super) fn refuse(tenant: &Tenant, refusal: &FabricError) -> Response<Body> {
    let stamp = Stamp::of_control(tenant);
    let mut response = error::render(refusal, stamp.request_id, &Behaviours::default(), 1.0);
    answer::stamp(&mut response, stamp.request_id, stamp.now);
    response.map(Body::from)
}

async fn no_path(State(emulator): State<Arc<Emulator>>, uri: Uri) -> Response<Body> {
    // The router has removed `/_emulator` from the path.
    refuse(&emulator.default_tenant(), &no_endpoint(&format!("/_emulator{}", uri.path())))
}

async fn no_method(State(emulator): State<Arc<Emulator>>) -> Response<Body> {
    let mut response = refuse(&emulator.default_tenant(), &ErrorCode::MethodNotAllowed.into());
    // axum adds `Allow` with the methods of the path only if the response has no `Allow`.
    response.headers_mut().remove(header::ALLOW);
    response
}

async fn health(request: ControlRequest) -> Response<Body> {
    request.answer(|_| Ok(serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})))
}

/// Returns the certificate of the certificate authority, which https clients must trust.
async fn ca_pem(request: ControlRequest) -> Response<Body> {
    let pem = match request.emulator.ca() {
        Ok(authority) => authority.pem().to_owned(),
        Err(why) => {
            tracing::error!(%why, "cannot use the certificate authority");
            return refuse(&request.tenant, &ErrorCode::UnknownError.into());
        }
    };
    let mut response = answer::respond(StatusCode::OK, Headers::Core, pem.into_bytes());
    let media = header::HeaderValue::from_static("application/x-pem-file");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    stamped(&request.tenant, response)
}

async fn reset(request: ControlRequest) -> Response<Body> {
    let reset = if request.every_tenant { request.emulator.reset_all() } else { request.tenant.reset() };
    reply(&request.tenant, reset.map(|()| serde_json::json!({"now": utc(request.tenant.clock().now())})))
}
