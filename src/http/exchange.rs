//! The processing that all emulated services share, from the arrival of a request to its response.
//!
//! [`Received::read`] reads the request. [`Received::arrive`] adds the tenant and the stamp of the request.
//! [`Arrived::finish`] completes the response: it adds headers, and adds the exchange to the counts, the log and the
//! journal.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, Response, StatusCode};
use hyper::body::Body as _;
use jiff::Timestamp;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::FabricError;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::fault::effect::Effect;
use crate::fabric::fault::{FaultBody, FaultRequest, Strike};
use crate::hosts::Service;
use crate::http::answer::{self, Written};
use crate::http::error;
use crate::http::fault;
use crate::http::request::{Arrival, ReadBody, SentUri, busy, read_body};
use crate::ids::RequestId;
use crate::journal::{Caller, Exchange, shown_method, shown_path};
use crate::maybe_ready::MaybeReady;
use crate::tenant::Tenant;

/// The instant of a request and its request id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) now: Timestamp,
    pub(super) request_id: RequestId,
}

impl Stamp {
    /// Creates a stamp with the current instant of a tenant's clock. No other function
    /// gives a request to the emulated services its instant; [`Tenant::commit`] only lowers it after a reset.
    pub(super) fn new(tenant: &Tenant) -> Self {
        Self { now: tenant.clock().now(), request_id: tenant.next_request_id() }
    }

    /// Creates a stamp for a request that belongs to no emulated service.
    pub(super) fn of_control(tenant: &Tenant) -> Self {
        Self { now: tenant.clock().now(), request_id: tenant.next_control_request_id() }
    }
}

/// A request whose body was read.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) parts: Parts,
    /// The connection of the request.
    pub(super) arrival: Arrival,
    /// The whole body, or the error that occurred while the body was read.
    pub(super) body: Result<ReadBody, FabricError>,
    /// The machine's time at which the request began.
    pub(super) begun: Timestamp,
}

impl Received {
    /// Reads a request with its whole body of at most `most` bytes. This includes requests that will be rejected,
    /// because a connection with an unread body cannot be reused.
    pub(super) fn read(request: Request, arrival: Arrival, most: usize, emulator: &Emulator) -> MaybeReady<'_, Self> {
        let begun = machine_time();
        let (parts, body) = request.into_parts();
        if body.is_end_stream() {
            return MaybeReady::ready(Self { parts, arrival, body: Ok(ReadBody::default()), begun });
        }
        MaybeReady::pending(async move {
            let body = read_body(body, most, emulator.in_flight()).await;
            Self { parts, arrival, body, begun }
        })
    }

    /// Returns the size of the body in bytes. Returns 0 for a body that could not be read.
    pub(super) fn size(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.bytes.len())
    }

    /// Assigns the request to a tenant, and adds the stamp and the fault that strikes the request. `traits` returns the
    /// members that fault rules match, beside those of the head. It is called only if the tenant has such rules.
    pub(super) fn arrive(
        self,
        tenant: Arc<Tenant>,
        traits: impl for<'p> FnOnce(&Tenant, &'p Parts) -> Traits<'p>,
    ) -> Arrived {
        let Self { parts, arrival, body, begun } = self;
        let (stamp, strike) = if tenant.has_faults() {
            let bytes = body.as_ref().map_or(&[][..], |body| &body.bytes);
            let request = traits(&tenant, &parts).request(parts.method.as_str(), &parts.uri, bytes);
            let (now, request_id, strike) = tenant.strike(&request);
            (Stamp { now, request_id }, strike)
        } else {
            (Stamp::new(&tenant), None)
        };
        Arrived { parts, arrival, body, begun, tenant, stamp, strike, began_operation: Cell::new(false) }
    }
}

/// Returns the response to a request with an error: from its status, its code and its message.
pub(super) type ErrorShape = fn(&Arrived, StatusCode, &str, &str) -> Written;

/// The members of a request that fault rules match, beside those of its head and body.
#[derive(Debug, Default)]
pub(super) struct Traits<'a> {
    /// The operation id.
    pub(super) operation: Option<&'a str>,
    /// The ids of the caller.
    pub(super) principals: Vec<String>,
    /// The workspace in the path.
    pub(super) workspace: Option<&'a str>,
    /// The item in the path.
    pub(super) item: Option<&'a str>,
    /// `true` if the operation only reads.
    pub(super) is_read: bool,
}

impl<'a> Traits<'a> {
    /// Returns the request with these members, its method, URI and body.
    pub(super) fn request(self, method: &'a str, uri: &'a Uri, body: &'a [u8]) -> FaultRequest<'a> {
        let Self { operation, principals, workspace, item, is_read } = self;
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let (path, body) = (uri.path(), FaultBody::new(body));
        FaultRequest { operation, method, path, query, principals, workspace, item, is_read, body }
    }
}

/// A request with its tenant, its stamp and its fault.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) parts: Parts,
    pub(super) arrival: Arrival,
    pub(super) body: Result<ReadBody, FabricError>,
    pub(super) begun: Timestamp,
    pub(super) tenant: Arc<Tenant>,
    pub(super) stamp: Stamp,
    /// The fault rule that strikes the request.
    strike: Option<Strike>,
    /// `true` if the fault has changed the long-running operation that the request began.
    pub(super) began_operation: Cell<bool>,
}

impl Arrived {
    /// Returns the size of the body in bytes. Returns 0 for a body that could not be read.
    pub(super) fn size(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.bytes.len())
    }

    /// Returns the effect of the fault that strikes the request.
    pub(super) fn effect(&self) -> Option<&Effect> {
        self.strike.as_ref().map(|strike| &strike.rule.effect)
    }

    /// Waits for the delay of the fault, on the machine's clock.
    #[expect(clippy::disallowed_methods, reason = "a delay is in the caller's time")]
    pub(super) async fn delay(delay: Option<f64>) {
        if let Some(delay) = delay {
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    /// Returns the delay of the fault, in seconds on the machine's clock.
    pub(super) fn fault_delay(&self) -> Option<f64> {
        self.strike.as_ref().and_then(|strike| strike.delay)
    }

    /// Returns the response of `handle`, changed by the fault that strikes the request. `shape` is the shape of errors,
    /// unless it is Fabric's.
    pub(super) fn answer(&mut self, shape: Option<ErrorShape>, handle: impl FnOnce(&Self) -> Written) -> Written {
        let Some(strike) = &self.strike else { return handle(self) };
        let effect = &Arc::clone(&strike.rule).effect;
        let real = effect.commits().then(|| handle(self));
        let is_void = effect.operation.is_some() && !self.began_operation.get();
        if let (true, Some(strike), Some(real)) = (is_void, &self.strike, &real) {
            // The response was handled without the fault.
            self.tenant.take_back(strike);
            let real = real.clone();
            self.strike = None;
            return real;
        }
        let Stamp { now, request_id } = self.stamp;
        let instance = fault::Instance { now, request_id, rate: self.tenant.clock().rate() };
        let behaviours = self.tenant.read(|state| state.settings.behaviours);
        let of_error = |status, code: &str, message: &str| shape.map(|shape| shape(self, status, code, message));
        let replacement = fault::replacement(effect, &of_error, instance, &behaviours);
        let mut response = replacement.or(real).unwrap_or_else(fault::unsent);
        fault::edit(effect, &mut response);
        response
    }

    /// Returns the body.
    ///
    /// # Errors
    ///
    /// Returns the error that occurred while the body was read.
    pub(super) fn body(&self) -> Result<&[u8], FabricError> {
        self.body.as_ref().map(|body| &body.bytes[..]).map_err(Clone::clone)
    }

    /// Completes the response of a service with the headers of the stamp, and adds the exchange to the counts, the log and
    /// the journal.
    pub(super) fn finish(
        self,
        emulator: &Emulator,
        service: Service,
        principal: Option<Caller>,
        operation: Option<&'static str>,
        mut response: Written,
    ) -> Written {
        let Self { parts, body, begun, tenant, stamp, strike, .. } = self;
        answer::stamp(&mut response, stamp.request_id, stamp.now);
        if let Some(strike) = &strike {
            fault::edit_headers(&strike.rule.effect, response.headers_mut());
        }
        let status = fault::sent_status(&response);
        let name = operation.unwrap_or("no operation");
        emulator.traffic().answered(name, status);
        let took = machine_time().duration_since(begun);
        tracing::debug!(
            operation = name,
            method = shown_method(parts.method.as_str()),
            path = &*shown_path(parts.uri.path()),
            status,
            duration_ms = took.as_secs_f64() * 1e3,
            tenant = %tenant.id(),
            request_id = %stamp.request_id,
            "request"
        );
        let nothing = HeaderMap::new();
        tenant.journal(|| Exchange {
            time: stamp.now,
            tenant: tenant.id(),
            principal,
            operation,
            method: parts.method.as_str(),
            path: SentUri::of(&parts).path_and_query().map_or("", PathAndQuery::as_str),
            is_storage: service == Service::OneLake,
            request: body.as_ref().map_or(&[], |body| &body.bytes[..]),
            status,
            fault: strike.as_ref().map(|strike| strike.id),
            headers: if status.is_some() { response.headers() } else { &nothing },
            body: if status.is_some() { response.body() } else { &[] },
            // An error, and an answer that a fault rule gives, can belong to a request with any path. The other services
            // answer with tokens.
            is_of_state: service == Service::Fabric && strike.is_none() && response.status().is_success(),
            took,
        });
        response
    }
}

/// Sends a response. A body waits for its room among the bodies in flight. Without room, the response is 429 with the same
/// request id.
pub(super) fn send(emulator: &Emulator, response: Written) -> MaybeReady<'_, Response<Body>> {
    let (parts, body) = response.into_parts();
    emulator.in_flight().sending(body).map(|body| match body {
        Some(body) => Response::from_parts(parts, body),
        None => {
            let id = parts.headers.get("requestid").and_then(|id| id.to_str().ok()?.parse().ok());
            let id = id.unwrap_or_else(|| emulator.default_tenant().next_control_request_id());
            error::render(&busy(), id, &Behaviours::default(), 1.0).map(Body::from)
        }
    })
}
