//! `capacities`: adding, pausing and resuming a capacity.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde::Deserialize;
use serde_json::json;

use super::{ControlRequest, id};
use crate::fabric::capacity::{CapacityDeclaration, CapacityState};
use crate::fabric::control::ControlCommand;
use crate::ids::CapacityId;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeCapacity {
    state: CapacityState,
}

pub(super) async fn change(Path(capacity): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let id = id::<CapacityId>(&capacity)?;
        let ChangeCapacity { state: to } = request.json()?;
        request.tenant.control(ControlCommand::ChangeCapacity { id, state: to })?;
        Ok(json!({"id": id, "state": to}))
    })
}

/// Adds or replaces a capacity.
pub(super) async fn declare(Path(capacity): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let id = id::<CapacityId>(&capacity)?;
        let capacity: CapacityDeclaration = request.json()?;
        request.tenant.control(ControlCommand::DeclareCapacity { id, capacity })?;
        request.tenant.read(|state| {
            let capacity = state.capacity(id)?;
            let declared = CapacityDeclaration {
                display_name: capacity.display_name.to_string(),
                sku: capacity.sku.to_string(),
                region: capacity.region.to_string(),
                state: capacity.state,
                hidden_from: capacity.hidden_from.clone(),
            };
            let mut body = json!(declared);
            body["id"] = json!(id);
            Ok(body)
        })
    })
}
