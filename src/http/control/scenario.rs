//! `scenario`: parts of a tenant, declared by name. `scenarios`: the ready-made ones.

use std::fmt::Display;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde_json::{Map, Value, json};

use super::{ControlRequest, one_tenant_only, reply, reply_json};
use crate::fabric::scenario::Scenario;
use crate::fabric::scenario::ready_made::{READY_MADE, ReadyMade};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::operation_ids::operation_ids;

/// Applies a scenario.
pub(super) async fn apply(request: ControlRequest) -> Response<Body> {
    let size = request.body.bytes.len();
    let (tenant, emulator) = (Arc::clone(&request.tenant), Arc::clone(&request.emulator));
    let applied = emulator.in_flight().work(size, move || declare(&request)).await;
    reply(&tenant, applied)
}

fn declare(request: &ControlRequest) -> Result<Value, FabricError> {
    if request.every_tenant {
        return Err(one_tenant_only());
    }
    let scenario = Scenario::parse(&request.body.bytes)?;
    scenario.check_without_files()?;
    let operations = operation_ids();
    let id = request.tenant.id();
    let tenant = match request.emulator.existing_tenant(id) {
        Ok(tenant) => tenant,
        Err(_) => {
            // A rejected scenario creates no tenant. The one of the request is not kept.
            request.tenant.apply_scenario(&scenario, &operations)?;
            request.emulator.tenant(id)?
        }
    };
    let declared = tenant.apply_scenario(&scenario, &operations)?;
    Ok(json!({
        "workspaces": by_name(&declared.workspaces),
        "items": by_name(&declared.items),
        "connections": by_name(&declared.connections),
    }))
}

fn by_name(ids: &[(String, impl Display)]) -> Map<String, Value> {
    ids.iter().map(|(name, id)| (name.clone(), id.to_string().into())).collect()
}

/// Lists the ready-made scenarios.
pub(super) async fn list(request: ControlRequest) -> Response<Body> {
    let body = |scenario: &ReadyMade| json!({"name": scenario.name, "title": scenario.title});
    request.answer(|_| Ok(json!({"value": READY_MADE.iter().map(body).collect::<Vec<Value>>()})))
}

/// Returns the document of a ready-made scenario.
pub(super) async fn show(Path(name): Path<String>, request: ControlRequest) -> Response<Body> {
    let text = || {
        if request.every_tenant {
            return Err(one_tenant_only());
        }
        let unknown = || FabricError::new(ErrorCode::EntityNotFound).about("Scenario", &name);
        Ok(ReadyMade::named(&name).ok_or_else(unknown)?.text.as_bytes().to_vec())
    };
    reply_json(&request.tenant, text())
}
