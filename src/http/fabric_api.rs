//! Fabric's REST API: the processing of a request from its token to its handler.
//!
//! The order is: identify the caller, stamp the request, check token, route and scopes, register a new caller,
//! throttle, check the role, call the handler. The stamp sets the instant of the request. A failed request changes no
//! state, with one exception: the first call of a principal registers the principal.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Response, header};
use jiff::Timestamp;

use crate::emulator::Emulator;
use crate::fabric::access::{self, Auth, Bearer, DEFAULT_TENANT, Identity};
use crate::fabric::principal::{self, Principal};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Written;
use crate::http::context::Context;
use crate::http::error::{self, no_endpoint};
use crate::http::exchange::{Arrived, Received, Stamp, send};
use crate::http::request::{Arrival, BODY_MAX, authorization};
use crate::http::routes::{self, Found};
use crate::signing;

/// Responds to a request to Fabric.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request) -> Response<Body> {
    let received = Received::read(request, BODY_MAX, &emulator).await;
    let (size, shared) = (received.size(), Arc::clone(&emulator));
    let response = emulator.in_flight().work(size, move || process(&shared, received)).await;
    send(&emulator, response).await
}

/// Processes a request to Fabric whose body was read.
fn process(emulator: &Emulator, received: Received) -> Written {
    let identity = trusted(emulator, &received.parts, access::identify(authorization(&received.parts)));
    let tenant = emulator.tenant(Arrival::tenant(&received.parts).unwrap_or(identity.tenant));
    let (tenant, bearer) = match tenant {
        Ok(tenant) => (tenant, identity.bearer),
        Err(refusal) => (emulator.default_tenant(), Err(refusal)),
    };
    tenant.clock().step();
    let arrived = received.arrive(tenant);
    let principal = bearer.as_ref().ok().map(|bearer| bearer.caller.id);
    let found = routes::find(&arrived.parts.method, &arrived.parts.uri);
    let operation = found.as_ref().ok().map(|found| found.operation().id);
    let response = admit(emulator, &arrived, bearer, found)
        .and_then(|(caller, found)| match handle(&arrived, caller, &found) {
            // Nothing was recorded, so the request can be handled again.
            Err(refusal) if refusal.code() == ErrorCode::MemoryFull && emulator.free_memory() => {
                handle(&arrived, caller, &found)
            }
            handled => handled,
        })
        .unwrap_or_else(|refusal| render(&arrived, &refusal));
    arrived.finish(emulator, principal, operation, response)
}

/// Rejects tokens that the emulator did not sign, under [`Auth::Strict`]. The claims of a rejected token are not used,
/// so the request belongs to the default tenant.
fn trusted(emulator: &Emulator, parts: &Parts, identity: Identity) -> Identity {
    if emulator.auth() == Auth::Token || identity.bearer.is_err() {
        return identity;
    }
    let token = authorization(parts).and_then(access::bearer).unwrap_or_default();
    let refusal = match emulator.signer() {
        Ok(signer) if signer.verify::<serde_json::Value>(token).is_some() => return identity,
        Ok(_) => access::unauthorized("--auth strict accepts only tokens that this emulator issued"),
        Err(why) => {
            tracing::error!(%why, "cannot use the signing key");
            ErrorCode::UnknownError.into()
        }
    };
    Identity { tenant: DEFAULT_TENANT, bearer: Err(refusal) }
}

/// Rejects expired tokens and, under [`Auth::Strict`], tokens that are not access tokens for Fabric.
///
/// The expiry of a token from the emulator is compared with the tenant's clock. The expiry of any other token is
/// compared with the machine's clock, and so is the start of its validity. The start of a token from the emulator is not
/// checked: a reset sets the tenant's clock back, and must not invalidate the tokens that clients hold.
fn check_token(
    auth: Auth,
    parts: &Parts,
    bearer: Bearer,
    stamp: Stamp,
    begun: Timestamp,
) -> Result<Bearer, FabricError> {
    if auth == Auth::Strict {
        bearer.check_purpose()?;
        bearer.check_audience()?;
    }
    let token = authorization(parts).and_then(access::bearer).unwrap_or_default();
    let is_ours = bearer.expires.is_some() && signing::claims_to_be_ours(token);
    let (now, clock) = if is_ours { (stamp.now, "the tenant's clock") } else { (begun, "this machine's clock") };
    bearer.check_expiry(now, clock)?;
    if !is_ours {
        bearer.check_start(begun)?;
    }
    Ok(bearer)
}

/// Checks token, route, scopes and rate limit, in this order. A new caller is registered before the rate limit is
/// checked. A request that fails an earlier check does not count towards the rate limit.
fn admit(
    emulator: &Emulator,
    arrived: &Arrived,
    bearer: Result<Bearer, FabricError>,
    found: Result<Found, Option<FabricError>>,
) -> Result<(Principal, Found), FabricError> {
    let Arrived { parts, tenant, stamp, begun, .. } = arrived;
    let bearer = check_token(emulator.auth(), parts, bearer?, *stamp, *begun)?;
    let entry = &bearer.caller;
    let found = found.map_err(|refusal| refusal.unwrap_or_else(|| no_endpoint(parts.uri.path())))?;
    let operation = found.operation();
    if emulator.auth() == Auth::Strict {
        bearer.check_scopes(operation.scopes)?;
    }
    let (caller, is_new, limit) = tenant.read(|state| {
        let caller = state.known_caller(entry);
        let is_new = caller.id == entry.id && state.learns_from(entry);
        (caller, is_new, state.settings.limit(operation.id, operation.limit))
    });
    if is_new {
        match tenant.commit(stamp.now, |state, _| principal::register(state, entry)) {
            // As with a full directory, the caller is served without being registered.
            Err(refusal) if refusal.code() == ErrorCode::MemoryFull => {}
            registered => registered?,
        }
    }
    if let Some(limit) = limit {
        let (method, path) = operation.key();
        tenant.count_call((caller.id, method, path), limit, stamp.now)?;
    }
    Ok((caller, found))
}

fn handle(arrived: &Arrived, caller: Principal, found: &Found) -> Result<Written, FabricError> {
    let body = arrived.body()?;
    let operation = found.operation();
    let Some(handler) = found.handler() else { return Err(operation.not_emulated()) };
    let Arrived { parts, tenant, stamp, .. } = arrived;
    let parameters = found.parameters(parts.uri.path());
    let context = Context { tenant, caller, now: stamp.now, operation, parts, parameters, body };
    context.check_access()?;
    handler(&context).map(|answer| answer.into_response(operation.headers))
}

fn render(arrived: &Arrived, refusal: &FabricError) -> Written {
    let Arrived { parts, tenant, stamp, .. } = arrived;
    let behaviours = tenant.read(|state| state.settings.behaviours);
    let mut response = error::render(refusal, stamp.request_id, &behaviours, tenant.clock().rate());
    if refusal.code() == ErrorCode::MethodNotAllowed {
        response.headers_mut().extend(routes::allowed(parts.uri.path()).map(|methods| (header::ALLOW, methods)));
    }
    response
}
