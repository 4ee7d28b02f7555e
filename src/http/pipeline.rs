//! The way of every request under `/v1`, in order: identify, stamp, route, greet, throttle, access, handle, journal.
//!
//! Whoever asks is known before anything is counted, time is read once, and what refuses does so before anything is changed; but
//! that somebody called for the first time is noted whatever becomes of it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::access::{self, Auth, Bearer, DEFAULT_TENANT, Identity};
use crate::fabric::principal::{self, Principal};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Written;
use crate::http::context::Context;
use crate::http::routes::{self, Found};
use crate::http::{Arrival, AsSent, BODY_MAX, answer, error, no_endpoint};
use crate::ids::{PrincipalId, RequestId};
use crate::journal::Exchange;
use crate::signing;
use crate::tenant::Tenant;

/// What is settled about a request before anybody looks at what it wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Its one instant.
    pub(super) now: Timestamp,
    /// Its answer's id.
    pub(super) request_id: RequestId,
}

pub(super) async fn answer(emulator: Arc<Emulator>, request: Request) -> Response<Body> {
    let begun = machine_time();
    let (parts, body) = request.into_parts();
    // The body is read first, also of what will be refused: a connection with a rest on it could not go on.
    let body = read_body(body).await;
    let identity = trusted(&emulator, &parts, access::identify(authorization(&parts)));
    let tenant = emulator.tenant(Arrival::tenant(&parts).unwrap_or(identity.tenant));
    let (tenant, bearer) = match tenant {
        Ok(tenant) => (tenant, identity.bearer),
        Err(refusal) => (emulator.default_tenant(), Err(refusal)),
    };
    tenant.clock().step();
    let moment = moment(&tenant);
    let principal = bearer.as_ref().ok().map(|bearer| bearer.caller.id);
    let found = routes::find(&parts.method, &parts.uri);
    let operation = found.as_ref().ok().map(|found| found.operation.id);
    let sent = body.as_ref().map_or_else(|_| Bytes::new(), Bytes::clone);

    let bearer = bearer.and_then(|bearer| check_token(emulator.auth(), &parts, bearer, moment, begun));
    let admitted = admit(&emulator, &tenant, &parts, bearer, found, moment);
    let answered = admitted.and_then(|(caller, found)| handle(&tenant, &parts, &body?, caller, found, moment));
    let mut response = answered.unwrap_or_else(|refusal| render(&tenant, &parts, &refusal, moment));
    answer::stamp(&mut response, moment.request_id, moment.now);
    emulator.traffic().answered(operation.unwrap_or("no operation"), response.status().as_u16());
    let who = Who { principal, operation };
    journal(&tenant, &parts, who, sent, &response, Span { moment, begun });
    response.map(Body::from)
}

/// Whom and what the journal names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who {
    pub(super) principal: Option<PrincipalId>,
    pub(super) operation: Option<&'static str>,
}

/// When a request was, and when the machine began with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) moment: Moment,
    pub(super) begun: Timestamp,
}

/// Writes an exchange down.
pub(super) fn journal(tenant: &Tenant, parts: &Parts, who: Who, sent: Bytes, response: &Written, span: Span) {
    let ended = machine_time();
    tenant.journal(|| Exchange {
        time: span.moment.now,
        tenant: tenant.id(),
        principal: who.principal,
        operation: who.operation,
        method: parts.method.to_string(),
        path: sent_uri(parts).path_and_query().map_or_else(String::new, ToString::to_string),
        request: sent,
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body().clone(),
        took: ended.duration_since(span.begun),
    });
}

/// The address as the client sent it.
fn sent_uri(parts: &Parts) -> &axum::http::Uri {
    parts.extensions.get::<AsSent>().map_or(&parts.uri, |sent| &sent.0)
}

/// Reads the tenant's clock: no other line under `/v1` does.
pub(super) fn moment(tenant: &Tenant) -> Moment {
    Moment { now: tenant.clock().now(), request_id: tenant.next_request_id() }
}

fn authorization(parts: &Parts) -> Option<&[u8]> {
    parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)
}

/// Under [`Auth::Strict`] a token says nothing unless we signed it, not even which universe it belongs to.
fn trusted(emulator: &Emulator, parts: &Parts, identity: Identity) -> Identity {
    if emulator.auth() == Auth::Token || identity.bearer.is_err() {
        return identity;
    }
    let token = authorization(parts).and_then(access::bearer).unwrap_or_default();
    let refusal = match emulator.signer() {
        Ok(signer) if signer.verify::<serde_json::Value>(token).is_some() => return identity,
        Ok(_) => access::unauthorized("--auth strict takes only tokens that this emulator issued"),
        Err(why) => {
            tracing::error!(%why, "the key of tokens cannot be used");
            ErrorCode::UnknownError.into()
        }
    };
    Identity { tenant: DEFAULT_TENANT, bearer: Err(refusal) }
}

/// Refuses a token that has ended, and under [`Auth::Strict`] one that is not for access to Fabric.
///
/// A token that we issued ends by the tenant's clock, any other by the machine's.
fn check_token(
    auth: Auth,
    parts: &Parts,
    bearer: Bearer,
    moment: Moment,
    begun: Timestamp,
) -> Result<Bearer, FabricError> {
    if auth == Auth::Strict {
        bearer.check_purpose()?;
        bearer.check_audience()?;
    }
    let token = authorization(parts).and_then(access::bearer).unwrap_or_default();
    let is_ours = bearer.expires.is_some() && signing::claims_to_be_ours(token);
    let (now, clock) = if is_ours { (moment.now, "the tenant's clock") } else { (begun, "this machine's clock") };
    bearer.check_expiry(now, clock)?;
    Ok(bearer)
}

/// Everything that refuses before the operation is asked. A request without a caller, or without an operation, opens no window.
fn admit(
    emulator: &Emulator,
    tenant: &Tenant,
    parts: &Parts,
    bearer: Result<Bearer, FabricError>,
    found: Result<Found, Option<FabricError>>,
    moment: Moment,
) -> Result<(Principal, Found), FabricError> {
    let bearer = bearer?;
    let entry = &bearer.caller;
    let found = found.map_err(|refusal| refusal.unwrap_or_else(|| no_endpoint(parts.uri.path())))?;
    if emulator.auth() == Auth::Strict {
        bearer.check_scopes(found.operation.scopes)?;
    }
    let (caller, is_new, limit) = tenant.read(|state| {
        let caller = state.known_caller(entry);
        let is_new = caller.id == entry.id && state.learns_from(entry);
        (caller, is_new, state.settings.limit(found.operation.id, found.operation.limit))
    });
    if is_new {
        tenant.commit(moment.now, |state, _| principal::greet(state, entry))?;
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
pub(super) async fn read_body(body: Body) -> Result<Bytes, FabricError> {
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
