//! `tenants`: the tenants that are in use, their deletion, and forks.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlRequest, reply, reply_with};
use crate::emulator::Emulator;
use crate::fabric::FabricError;
use crate::fabric::access::{DEFAULT_TENANT, tenant_named};
use crate::http::answer::utc;
use crate::tenant::Tenant;

/// Returns the tenants, the default tenant first.
pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    reply(&request.tenant, Ok(json!({"value": all(&request.emulator)})))
}

/// Returns the bodies of all tenants, the default tenant first.
pub(super) fn all(emulator: &Emulator) -> Vec<Value> {
    let mut tenants = emulator.tenants();
    tenants.sort_by_key(|tenant| tenant.id() != DEFAULT_TENANT);
    tenants.iter().map(body).collect()
}

fn body(tenant: &Arc<Tenant>) -> Value {
    let (id, clock) = (tenant.id(), tenant.clock().state());
    json!({
        "id": id, "isDefault": id == DEFAULT_TENANT, "now": utc(clock.now), "mode": clock.mode, "paused": clock.paused,
        "workspaces": tenant.read(|state| state.workspaces().len()),
    })
}

pub(super) async fn delete(Path(tenant): Path<String>, request: ControlRequest) -> Response<Body> {
    let deleted = request.emulator.delete_tenant(tenant_named(&tenant));
    reply(&request.tenant, deleted.map(|()| json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fork {
    at: Option<Timestamp>,
    #[serde(rename = "as")]
    id: String,
}

/// Creates a tenant that shares the past of another.
pub(super) async fn fork(Path(tenant): Path<String>, request: ControlRequest) -> Response<Body> {
    let fork = || {
        let Fork { at, id } = request.json()?;
        if id.is_empty() {
            return Err(FabricError::invalid_input("as is empty: the id or name of the new tenant was expected."));
        }
        request.emulator.fork(tenant_named(&tenant), at, tenant_named(&id))
    };
    let forked = fork().map(|fork| json!({"id": fork.id(), "now": utc(fork.clock().now())}));
    reply_with(StatusCode::CREATED, &request.tenant, forked)
}
