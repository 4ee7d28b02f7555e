//! `snapshot`: all of a tenant as one document.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlRequest, one_tenant_only, refuse, reply, stamped};
use crate::fabric::fact::Format;
use crate::fabric::json::has_more_values;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::{self, Headers, utc};
use crate::http::{api, json};
use crate::tenant::{Snapshot, Tenant};

/// The maximum size of a snapshot, in bytes.
pub(super) const SNAPSHOT_MAX: usize = 64 << 20;
/// The maximum number of JSON values in a snapshot.
const VALUES_MAX: usize = 4_000_000;

/// The first member of a snapshot. It is read first, because other members may differ in other formats.
#[derive(Deserialize)]
struct Head {
    #[expect(dead_code, reason = "reading it rejects other formats")]
    format: Format,
}

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    if request.every_tenant {
        return refuse(&request.tenant, &one_tenant_only());
    }
    let tenant = Arc::clone(&request.tenant);
    let work = move || document(&tenant);
    match request.emulator.in_flight().work(request.tenant.weight(), work).await {
        Ok(document) => stamped(&request.tenant, answer::respond(StatusCode::OK, Headers::Core, document)),
        Err(refusal) => refuse(&request.tenant, &refusal),
    }
}

/// Returns the snapshot of a tenant as JSON that [`replace`] accepts.
fn document(tenant: &Tenant) -> Result<Vec<u8>, FabricError> {
    let mut document = Bounded(Vec::new());
    let written = serde_json::to_writer(&mut document, &tenant.snapshot());
    let Bounded(document) = document;
    if written.is_err() || has_more_values(&document, VALUES_MAX) {
        let message = format!("The snapshot would have more than {SNAPSHOT_MAX} bytes or {VALUES_MAX} values.");
        return Err(FabricError::new(ErrorCode::InvalidPayloadSize).message(message));
    }
    Ok(document)
}

/// A writer that rejects more than [`SNAPSHOT_MAX`] bytes.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > SNAPSHOT_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Replaces the content of a tenant. If the tenant does not exist, it is created.
pub(super) async fn replace(request: ControlRequest) -> Response<Body> {
    let size = request.body.bytes.len();
    let tenant = Arc::clone(&request.tenant);
    let emulator = Arc::clone(&request.emulator);
    let replaced = emulator.in_flight().work(size, move || restore(&request)).await;
    reply(&tenant, replaced)
}

fn restore(request: &ControlRequest) -> Result<Value, FabricError> {
    if request.every_tenant {
        return Err(one_tenant_only());
    }
    let Head { .. } = json::parse_many(&request.body.bytes, VALUES_MAX)?;
    let snapshot: Snapshot = json::parse_snapshot(&request.body.bytes, VALUES_MAX)?;
    let id = request.tenant.id();
    request.emulator.restore(id, snapshot, api::key)?;
    let now = request.emulator.existing_tenant(id)?.clock().now();
    Ok(json!({"id": id, "now": utc(now)}))
}
