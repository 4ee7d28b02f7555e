//! The way of every request under `/v1`, in order: identify, stamp, access, route, throttle, handle.
//!
//! Whoever asks is known before anything is counted, time is read once, and what refuses does so before anything is changed.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::clock::machine_time;
use crate::fabric::access::{self, Identity, Principal};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::context::Context;
use crate::http::operations::Operation;
use crate::http::routes::{self, Found};
use crate::http::{BODY_MAX, Shared, answer, error, no_endpoint};
use crate::ids::RequestId;
use crate::tenant::Tenant;

/// What is settled about a request before anybody looks at what it wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Its one instant.
    pub(super) now: jiff::Timestamp,
    /// Its answer's id.
    pub(super) request_id: RequestId,
}

pub(super) async fn answer(State(emulator): Shared, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // The body is read first, also of what will be refused: a connection with a rest on it could not go on.
    let body = read_body(body).await;
    let Identity { tenant, caller } = identify(&parts);
    let (tenant, caller) = match emulator.tenant(tenant) {
        Ok(tenant) => (tenant, caller),
        Err(refusal) => (emulator.default_tenant(), Err(refusal)),
    };
    tenant.clock().step();
    let moment = moment(&tenant);
    let admitted = admit(&tenant, &parts, caller, moment);
    let answered = admitted.and_then(|(caller, found)| handle(&tenant, &parts, &body?, caller, found, moment));
    let mut response = answered.unwrap_or_else(|refusal| render(&tenant, &parts, &refusal, moment));
    answer::stamp(&mut response, moment.request_id, moment.now);
    response
}

/// Reads the tenant's clock: no other line under `/v1` does.
pub(super) fn moment(tenant: &Tenant) -> Moment {
    Moment { now: tenant.clock().now(), request_id: tenant.next_request_id() }
}

fn identify(parts: &Parts) -> Identity {
    let authorization = parts.headers.get(header::AUTHORIZATION);
    access::identify(authorization.map(header::HeaderValue::as_bytes), machine_time())
}

/// Everything that refuses before the operation is asked. A request without a caller, or without an operation, opens no window.
fn admit(
    tenant: &Tenant,
    parts: &Parts,
    caller: Result<Principal, FabricError>,
    moment: Moment,
) -> Result<(Principal, Found), FabricError> {
    let caller = caller?;
    let found = routes::find(&parts.method, parts.uri.path())
        .map_err(|refusal| refusal.unwrap_or_else(|| no_endpoint(parts)))?;
    throttle(tenant, caller, found.operation, moment)?;
    Ok((caller, found))
}

fn throttle(tenant: &Tenant, caller: Principal, operation: &Operation, moment: Moment) -> Result<(), FabricError> {
    match tenant.read(|state| state.settings.limit(operation.id, operation.limit)) {
        Some(limit) => tenant.count_call((caller.id, operation.key()), limit, moment.now),
        None => Ok(()),
    }
}

fn handle(
    tenant: &Tenant,
    parts: &Parts,
    body: &[u8],
    caller: Principal,
    found: Found,
    moment: Moment,
) -> Result<Response<Body>, FabricError> {
    let Some(handler) = found.operation.handler() else { return Err(found.operation.not_emulated()) };
    let segments = found.segments(parts.uri.path());
    let context = Context { tenant, caller, now: moment.now, operation: found.operation, parts, segments, body };
    handler(&context).map(|answer| answer.into_response(found.operation.headers))
}

/// The whole body, up to a bound.
async fn read_body(body: Body) -> Result<Vec<u8>, FabricError> {
    match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(why) if why.is::<LengthLimitError>() => Err(FabricError::new(ErrorCode::InvalidPayloadSize)
            .detail(ErrorCode::InvalidPayloadSize, format!("At most {BODY_MAX} bytes are read."))),
        Err(_) => Err(FabricError::invalid_input("The request body ended before it was complete.")),
    }
}

fn render(tenant: &Tenant, parts: &Parts, refusal: &FabricError, moment: Moment) -> Response<Body> {
    let behaviours = tenant.read(|state| state.settings.behaviours);
    let mut response = error::render(refusal, moment.request_id, &behaviours, tenant.clock().rate());
    if refusal.code() == ErrorCode::MethodNotAllowed {
        response.headers_mut().extend(routes::allowed(parts.uri.path()).map(|methods| (header::ALLOW, methods)));
    }
    response
}
