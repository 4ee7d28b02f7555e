//! The way of every request under `/v1`, in order: identify, stamp, route, greet, throttle, access, handle, journal.
//!
//! Whoever asks is known before anything is counted, time is read once, and what refuses does so before anything is changed; but
//! that somebody called for the first time is noted whatever becomes of it.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::clock::machine_time;
use crate::fabric::access::{self, Identity};
use crate::fabric::principal::{self, DirectoryEntry, Principal};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Written;
use crate::http::context::Context;
use crate::http::routes::{self, Found};
use crate::http::{BODY_MAX, Shared, answer, error, no_endpoint};
use crate::ids::RequestId;
use crate::journal::Exchange;
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
    let begun = machine_time();
    let (parts, body) = request.into_parts();
    // The body is read first, also of what will be refused: a connection with a rest on it could not go on.
    let body = read_body(body).await;
    let Identity { tenant, caller } = identify(&parts, begun);
    let (tenant, caller) = match emulator.tenant(tenant) {
        Ok(tenant) => (tenant, caller),
        Err(refusal) => (emulator.default_tenant(), Err(refusal)),
    };
    tenant.clock().step();
    let moment = moment(&tenant);
    let principal = caller.as_ref().ok().map(DirectoryEntry::principal);
    let found = routes::find(&parts.method, parts.uri.path());
    let operation = found.as_ref().ok().map(|found| found.operation.id);
    let sent = body.as_ref().map_or_else(|_| Bytes::new(), Bytes::clone);

    let admitted = admit(&tenant, &parts, caller, found, moment);
    let answered = admitted.and_then(|(caller, found)| handle(&tenant, &parts, &body?, caller, found, moment));
    let mut response = answered.unwrap_or_else(|refusal| render(&tenant, &parts, &refusal, moment));
    answer::stamp(&mut response, moment.request_id, moment.now);
    let ended = machine_time();
    tenant.journal(|| Exchange {
        time: moment.now,
        tenant: tenant.id(),
        principal: principal.map(|principal| principal.id),
        operation,
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        request: sent,
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body().clone(),
        took: ended.duration_since(begun),
    });
    response.map(Body::from)
}

/// Reads the tenant's clock: no other line under `/v1` does.
pub(super) fn moment(tenant: &Tenant) -> Moment {
    Moment { now: tenant.clock().now(), request_id: tenant.next_request_id() }
}

fn identify(parts: &Parts, now: jiff::Timestamp) -> Identity {
    let authorization = parts.headers.get(header::AUTHORIZATION);
    access::identify(authorization.map(header::HeaderValue::as_bytes), now)
}

/// Everything that refuses before the operation is asked. A request without a caller, or without an operation, opens no window.
fn admit(
    tenant: &Tenant,
    parts: &Parts,
    caller: Result<DirectoryEntry, FabricError>,
    found: Result<Found, Option<FabricError>>,
    moment: Moment,
) -> Result<(Principal, Found), FabricError> {
    let entry = caller?;
    let caller = entry.principal();
    let found = found.map_err(|refusal| refusal.unwrap_or_else(|| no_endpoint(parts.uri.path())))?;
    let (has_met, limit) =
        tenant.read(|state| (state.has_met(caller), state.settings.limit(found.operation.id, found.operation.limit)));
    if !has_met {
        tenant.commit(moment.now, |state, _| principal::greet(state, &entry))?;
    }
    if let Some(limit) = limit {
        let (method, path) = found.operation.key();
        tenant.count_call((caller.id, method, path), limit, moment.now)?;
    }
    Ok((caller, found))
}

fn handle(
    tenant: &Tenant,
    parts: &Parts,
    body: &[u8],
    caller: Principal,
    found: Found,
    moment: Moment,
) -> Result<Written, FabricError> {
    let Some(handler) = found.operation.handler() else { return Err(found.operation.not_emulated()) };
    let segments = found.segments(parts.uri.path());
    let context = Context { tenant, caller, now: moment.now, operation: found.operation, parts, segments, body };
    context.check_access()?;
    handler(&context).map(|answer| answer.into_response(found.operation.headers))
}

/// The whole body, up to a bound.
async fn read_body(body: Body) -> Result<Bytes, FabricError> {
    match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => Err(FabricError::new(ErrorCode::InvalidPayloadSize)
            .detail(ErrorCode::InvalidPayloadSize, format!("At most {BODY_MAX} bytes are read."))),
        Err(_) => Err(FabricError::invalid_input("The request body ended before it was complete.")),
    }
}

fn render(tenant: &Tenant, parts: &Parts, refusal: &FabricError, moment: Moment) -> Written {
    let behaviours = tenant.read(|state| state.settings.behaviours);
    let mut response = error::render(refusal, moment.request_id, &behaviours, tenant.clock().rate());
    if refusal.code() == ErrorCode::MethodNotAllowed {
        response.headers_mut().extend(routes::allowed(parts.uri.path()).map(|methods| (header::ALLOW, methods)));
    }
    response
}
