//! The processing that all emulated services share, from the arrival of a request to its response.
//!
//! [`Received::read`] reads the request. [`Received::arrive`] adds the tenant and the stamp of the request.
//! [`Arrived::finish`] completes the response: it adds headers, and adds the exchange to the counts, the log and the
//! journal.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use jiff::Timestamp;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::FabricError;
use crate::fabric::behaviours::Behaviours;
use crate::hosts::{self, Service};
use crate::http::answer::{self, Written};
use crate::http::error;
use crate::http::request::{ReadBody, SentUri, busy, host, read_body};
use crate::ids::{PrincipalId, RequestId};
use crate::journal::{Exchange, shown_method, shown_path};
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
    /// The whole body, or the error that occurred while the body was read.
    pub(super) body: Result<ReadBody, FabricError>,
    /// The machine's time at which the request began.
    pub(super) begun: Timestamp,
}

impl Received {
    /// Reads a request with its whole body of at most `most` bytes. This includes requests that will be rejected,
    /// because a connection with an unread body cannot be reused.
    pub(super) async fn read(request: Request, most: usize, emulator: &Emulator) -> Self {
        let begun = machine_time();
        let (parts, body) = request.into_parts();
        Self { parts, body: read_body(body, most, emulator.in_flight()).await, begun }
    }

    /// Returns the size of the body in bytes. Returns 0 for a body that could not be read.
    pub(super) fn size(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.bytes.len())
    }

    /// Assigns the request to a tenant, and adds the stamp.
    pub(super) fn arrive(self, tenant: Arc<Tenant>) -> Arrived {
        let Self { parts, body, begun } = self;
        let stamp = Stamp::new(&tenant);
        Arrived { parts, body, begun, tenant, stamp }
    }
}

/// A request with its tenant and its stamp.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) parts: Parts,
    pub(super) body: Result<ReadBody, FabricError>,
    pub(super) begun: Timestamp,
    pub(super) tenant: Arc<Tenant>,
    pub(super) stamp: Stamp,
}

impl Arrived {
    /// Returns the body.
    ///
    /// # Errors
    ///
    /// Returns the error that occurred while the body was read.
    pub(super) fn body(&self) -> Result<&[u8], FabricError> {
        self.body.as_ref().map(|body| &body.bytes[..]).map_err(Clone::clone)
    }

    /// Completes a response with the headers of the stamp, and adds the exchange to the counts, the log and the
    /// journal.
    pub(super) fn finish(
        self,
        emulator: &Emulator,
        principal: Option<PrincipalId>,
        operation: Option<&'static str>,
        mut response: Written,
    ) -> Written {
        let Self { parts, body, begun, tenant, stamp } = self;
        answer::stamp(&mut response, stamp.request_id, stamp.now);
        let status = response.status().as_u16();
        let name = operation.unwrap_or("no operation");
        emulator.traffic().answered(name, status);
        let took = machine_time().duration_since(begun);
        tracing::debug!(
            operation = name,
            method = shown_method(parts.method.as_str()),
            path = shown_path(parts.uri.path()),
            status,
            duration_ms = took.as_secs_f64() * 1e3,
            tenant = %tenant.id(),
            request_id = %stamp.request_id,
            "request"
        );
        let host = host(&parts.headers, &parts.uri).map(hosts::without_port);
        tenant.journal(|| Exchange {
            time: stamp.now,
            tenant: tenant.id(),
            principal,
            operation,
            method: parts.method.as_str(),
            path: SentUri::of(&parts).path_and_query().map_or("", PathAndQuery::as_str),
            is_storage: host.and_then(hosts::service) == Some(Service::OneLake),
            request: body.as_ref().map_or(&[], |body| &body.bytes[..]),
            status,
            headers: response.headers(),
            body: response.body(),
            took,
        });
        response
    }
}

/// Sends a response. A body waits for its room among the bodies in flight. Without room, the response is 429 with the same
/// request id.
pub(super) async fn send(emulator: &Emulator, response: Written) -> Response<Body> {
    let (parts, body) = response.into_parts();
    match emulator.in_flight().sending(body).await {
        Some(body) => Response::from_parts(parts, body),
        None => {
            let id = parts.headers.get("requestid").and_then(|id| id.to_str().ok()?.parse().ok());
            let id = id.unwrap_or_else(|| emulator.default_tenant().next_control_request_id());
            error::render(&busy(), id, &Behaviours::default(), 1.0).map(Body::from)
        }
    }
}
