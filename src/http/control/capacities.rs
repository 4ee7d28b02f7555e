//! `capacities`: pausing and resuming a capacity.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde::Deserialize;
use serde_json::json;

use super::{ControlRequest, id};
use crate::fabric::capacity::CapacityState;
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
