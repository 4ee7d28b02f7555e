//! Fabric's REST API, and the APIs that are processed in the same way: from the token of a request to its handler.
//!
//! The order is: identify the caller, find the route, stamp the request, find the fault that strikes it, check token,
//! route and scopes, register a new caller, throttle, check the role, call the handler. The stamp sets the instant of the
//! request. A failed request changes no state, with one exception: the first call of a principal registers the
//! principal.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, Uri, header};
use jiff::{SignedDuration, Timestamp};

use crate::emulator::Emulator;
use crate::fabric::access::{Auth, Bearer, DEFAULT_TENANT};
use crate::fabric::fault::PAGE;
use crate::fabric::principal::{self, DirectoryEntry, Principal};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Written;
use crate::http::api::Api;
use crate::http::context::{Context, Interference};
use crate::http::error::{self, no_endpoint};
use crate::http::exchange::{Arrived, Received, Traits, send};
use crate::http::request::{Arrival, BODY_MAX, PageAct, authorization, tenant_in_query};
use crate::http::routes::Found;
use crate::identification::{Identification, LastIdentification};
use crate::journal::Caller;
use crate::maybe_ready::MaybeReady;
use crate::tenant::Tenant;

/// Responds to a request to an API.
pub(super) fn respond<'a>(
    emulator: &'a Arc<Emulator>,
    request: Request,
    arrival: Arrival,
    last: &'a LastIdentification,
    api: Api,
) -> MaybeReady<'a, Response<Body>> {
    Received::read(request, arrival, BODY_MAX, emulator).then(move |received| process(emulator, received, last, api))
}

/// Responds to a request whose body was read.
fn process<'a>(
    emulator: &'a Arc<Emulator>,
    received: Received,
    last: &LastIdentification,
    api: Api,
) -> MaybeReady<'a, Response<Body>> {
    let is_page = received.parts.extensions.get::<PageAct>().is_some();
    let caller = match is_page {
        true => Arc::new(of_page(&received.parts.uri)),
        false => last.identify(emulator, authorization(&received.parts)),
    };
    let (size, shared) = (received.size(), Arc::clone(emulator));
    let admit = move || Admission::of(&shared, received, caller, is_page, api).unless_delayed(&shared);
    let response = emulator.in_flight().work(size, admit).then(move |step| match step {
        Step::Answered(response) => MaybeReady::ready(response),
        Step::Delayed(admission, delay) => MaybeReady::pending(async move {
            Arrived::delay(delay).await;
            let (size, shared) = (admission.arrived.size(), Arc::clone(emulator));
            emulator.in_flight().work(size, move || admission.process(&shared)).await
        }),
    });
    response.then(|response| send(emulator, response))
}

/// A request that is identified, stamped and routed.
struct Admission {
    arrived: Arrived,
    caller: Arc<Identification>,
    /// The error if there is no room for the tenant of the caller.
    no_tenant: Option<FabricError>,
    found: Result<Found, Option<FabricError>>,
    /// `true` if the emulator's own page sent the request.
    is_page: bool,
    api: Api,
}

/// The result of the first step of a request.
enum Step {
    /// The request was processed at once.
    Answered(Written),
    /// A fault delays the request, by seconds on the machine's clock.
    Delayed(Box<Admission>, Option<f64>),
}

impl Admission {
    /// Stamps a request whose body was read and whose caller is identified, and finds its route and its fault.
    fn of(emulator: &Emulator, received: Received, caller: Arc<Identification>, is_page: bool, api: Api) -> Self {
        let (tenant, no_tenant) = match emulator.tenant(received.arrival.tenant.unwrap_or(caller.tenant)) {
            Ok(tenant) => (tenant, None),
            Err(refusal) => (emulator.default_tenant(), Some(refusal)),
        };
        let found = api.find(&received.parts.method, &received.parts.uri);
        if !is_page {
            tenant.clock().step();
        }
        let arrived = received.arrive(tenant, |tenant, parts| {
            let of_caller = || caller.bearer.as_ref().map(|bearer| ids(tenant, &bearer.caller)).unwrap_or_default();
            let principals = if is_page { vec![PAGE.to_owned()] } else { of_caller() };
            Traits { principals, ..traits(found.as_ref().ok().copied(), parts.uri.path()) }
        });
        Self { arrived, caller, no_tenant, found, is_page, api }
    }

    /// Processes the request, unless a fault delays it.
    fn unless_delayed(self, emulator: &Emulator) -> Step {
        match self.arrived.fault_delay() {
            None => Step::Answered(self.process(emulator)),
            delay => Step::Delayed(Box::new(self), delay),
        }
    }

    /// Processes the request.
    fn process(self, emulator: &Emulator) -> Written {
        let Self { mut arrived, caller, no_tenant, found, is_page, api } = self;
        let of_token = |bearer: &Bearer| if is_page { Caller::Page } else { Caller::Principal(bearer.caller.id) };
        let principal = caller.bearer.as_ref().ok().filter(|_| no_tenant.is_none()).map(of_token);
        let operation = found.as_ref().ok().map(|found| found.operation().id);
        let response = arrived.answer(api.shape(), |arrived| {
            no_tenant
                .map_or(Ok(()), Err)
                .and_then(|()| admit(emulator, arrived, &caller, found, is_page, api))
                .and_then(|(caller, found)| match handle(emulator, arrived, caller, &found, api) {
                    // Nothing was recorded, so the request can be handled again.
                    Err(refusal) if refusal.code() == ErrorCode::MemoryFull && emulator.free_memory() => {
                        handle(emulator, arrived, caller, &found, api)
                    }
                    handled => handled,
                })
                .unwrap_or_else(|refusal| render(arrived, &refusal, api))
        });
        arrived.finish(emulator, api.service(), principal, operation, response)
    }
}

/// Returns the ids by which a fault rule can name a caller: those in the token, and those in the directory.
fn ids(tenant: &Tenant, caller: &DirectoryEntry) -> Vec<String> {
    let known = tenant.read(|state| state.directory().get(&state.known_caller(caller).id).cloned());
    let of = |entry: &DirectoryEntry| std::iter::once(entry.id.to_string()).chain(entry.app_id().map(str::to_owned));
    of(caller).chain(known.iter().flat_map(of)).collect()
}

/// Returns the members of a request that fault rules match, without its caller.
pub(super) fn traits(found: Option<Found>, path: &str) -> Traits<'_> {
    let Some(found) = found else { return Traits::default() };
    let (operation, parameters) = (found.operation(), found.parameters(path));
    Traits {
        operation: Some(operation.id),
        principals: Vec::new(),
        workspace: parameters.get("workspaceId"),
        item: parameters.item().and_then(|name| parameters.get(name)),
        is_read: operation.is_read(),
    }
}

/// Returns the identity of a request of the emulator's own page: the default user, in the tenant that `?tenant=` selects.
fn of_page(uri: &Uri) -> Identification {
    let one_tenant = || FabricError::invalid_input("tenant=* is not supported: the request is for one tenant.");
    let (tenant, bearer) = match tenant_in_query(uri) {
        Some(tenant) => (tenant, Ok(Bearer::of_default_user())),
        None => (DEFAULT_TENANT, Err(one_tenant())),
    };
    Identification { tenant, bearer, is_ours: false }
}

/// Checks token, route, scopes and rate limit, in this order. A new caller is registered before the rate limit is
/// checked. A request that fails an earlier check does not count towards the rate limit. Requests of the emulator's own
/// page have no token and no rate limit.
fn admit(
    emulator: &Emulator,
    arrived: &Arrived,
    caller: &Identification,
    found: Result<Found, Option<FabricError>>,
    is_page: bool,
    api: Api,
) -> Result<(Principal, Found), FabricError> {
    let Arrived { parts, tenant, stamp, begun, .. } = arrived;
    let bearer = caller.bearer.as_ref().map_err(Clone::clone)?;
    let is_strict = emulator.auth() == Auth::Strict && !is_page;
    if is_strict {
        bearer.check_purpose()?;
        bearer.check_audience(api.audiences())?;
    }
    if !is_page {
        caller.check_time(bearer, stamp.now, *begun)?;
    }
    let entry = &bearer.caller;
    let found = found.map_err(|refusal| refusal.unwrap_or_else(|| no_endpoint(parts.uri.path())))?;
    let operation = found.operation();
    if is_strict {
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
            Err(refusal) if matches!(refusal.code(), ErrorCode::MemoryFull | ErrorCode::StateNotStored) => {}
            registered => registered?,
        }
    }
    if let Some(limit) = limit.filter(|_| !is_page) {
        let (method, path) = operation.key();
        tenant.count_call((caller.id, method, path), limit, stamp.now)?;
    }
    Ok((caller, found))
}

fn handle(
    emulator: &Emulator,
    arrived: &Arrived,
    caller: Principal,
    found: &Found,
    api: Api,
) -> Result<Written, FabricError> {
    let body = arrived.body()?;
    let operation = found.operation();
    let Some(handler) = found.handler() else { return Err(operation.not_emulated(api.base())) };
    let Arrived { parts, arrival, tenant, stamp, .. } = arrived;
    let parameters = found.parameters(parts.uri.path());
    let past = arrived.effect().and_then(|effect| effect.stale_seconds).map(|age| past(tenant, stamp.now, age));
    let changed = arrived.effect().and_then(|effect| effect.operation.as_ref());
    let fault = Interference {
        past: past.as_ref().map(|(state, _)| state),
        operation: changed.map(|changed| (changed, &arrived.began_operation)),
    };
    let now = past.as_ref().map_or(stamp.now, |(_, at)| *at);
    let arrival = *arrival;
    let context = Context { emulator, tenant, caller, now, operation, parts, arrival, parameters, body, fault };
    context.check_access()?;
    handler(&context).map(|answer| answer.into_response(operation.headers))
}

/// Returns the state of a tenant some seconds before an instant, and the earlier instant.
fn past(tenant: &Tenant, now: Timestamp, age: f64) -> (State, Timestamp) {
    let age = SignedDuration::try_from_secs_f64(age).unwrap_or_default();
    tenant.state_at(now.checked_sub(age).unwrap_or(Timestamp::MIN))
}

fn render(arrived: &Arrived, refusal: &FabricError, api: Api) -> Written {
    let Arrived { parts, tenant, stamp, .. } = arrived;
    let behaviours = tenant.read(|state| state.settings.behaviours);
    let mut response = error::render(refusal, stamp.request_id, &behaviours, tenant.clock().rate());
    api.reshape(refusal, &mut response);
    if refusal.code() == ErrorCode::MethodNotAllowed {
        response.headers_mut().extend(api.allowed(parts.uri.path()).map(|methods| (header::ALLOW, methods)));
    }
    response
}
