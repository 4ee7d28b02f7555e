//! A request from its arrival to its response, whichever service answers it.
//!
//! [`Received::read`] reads the request, [`Received::arrive`] stamps it with the instant of its tenant and the id of its response,
//! [`Arrived::finish`] completes the response: headers, counts, log line, journal.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Response;
use axum::http::request::Parts;
use jiff::Timestamp;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::FabricError;
use crate::http::answer::{self, Written};
use crate::http::request::{SentUri, read_body};
use crate::ids::{PrincipalId, RequestId};
use crate::journal::Exchange;
use crate::tenant::Tenant;

/// The instant of a request, and the id of its response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) now: Timestamp,
    pub(super) request_id: RequestId,
}

impl Stamp {
    /// Reads the clock of a tenant: the only place that does so for a request.
    pub(super) fn new(tenant: &Tenant) -> Self {
        Self { now: tenant.clock().now(), request_id: tenant.next_request_id() }
    }
}

/// A request that was read.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) parts: Parts,
    /// The whole body, or the reason why it could not be read.
    pub(super) body: Result<Bytes, FabricError>,
    /// The machine's time at its beginning.
    pub(super) begun: Timestamp,
}

impl Received {
    /// Reads a request with its body, also if it will be rejected: a connection with an unread body cannot be used again.
    pub(super) async fn read(request: Request) -> Self {
        let begun = machine_time();
        let (parts, body) = request.into_parts();
        Self { parts, body: read_body(body).await, begun }
    }

    /// Attributes the request to a tenant, and stamps it.
    pub(super) fn arrive(self, tenant: Arc<Tenant>) -> Arrived {
        let Self { parts, body, begun } = self;
        let stamp = Stamp::new(&tenant);
        Arrived { parts, body, begun, tenant, stamp }
    }
}

/// A request at its one instant in its tenant.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) parts: Parts,
    pub(super) body: Result<Bytes, FabricError>,
    pub(super) begun: Timestamp,
    pub(super) tenant: Arc<Tenant>,
    pub(super) stamp: Stamp,
}

impl Arrived {
    /// Returns the body.
    ///
    /// # Errors
    ///
    /// It could not be read.
    pub(super) fn body(&self) -> Result<&[u8], FabricError> {
        self.body.as_ref().map(|body| &body[..]).map_err(Clone::clone)
    }

    /// Completes a response: stamps it, counts it, logs it, and adds it to the journal.
    pub(super) fn finish(
        self,
        emulator: &Emulator,
        principal: Option<PrincipalId>,
        operation: Option<&'static str>,
        mut response: Written,
    ) -> Response<Body> {
        let Self { parts, body, begun, tenant, stamp } = self;
        answer::stamp(&mut response, stamp.request_id, stamp.now);
        let status = response.status().as_u16();
        let name = operation.unwrap_or("no operation");
        emulator.traffic().answered(name, status);
        let took = machine_time().duration_since(begun);
        tracing::debug!(
            operation = name,
            method = %parts.method,
            path = parts.uri.path(),
            status,
            duration_ms = took.as_secs_f64() * 1e3,
            tenant = %tenant.id(),
            request_id = %stamp.request_id,
            "request"
        );
        tenant.journal(|| Exchange {
            time: stamp.now,
            tenant: tenant.id(),
            principal,
            operation,
            method: parts.method.to_string(),
            path: SentUri::of(&parts).path_and_query().map_or_else(String::new, ToString::to_string),
            request: body.unwrap_or_default(),
            status,
            headers: response.headers().clone(),
            body: response.body().clone(),
            took,
        });
        response.map(Body::from)
    }
}
