//! `gateways`: the gateways of the tenant. In Fabric, a gateway on premises registers itself, and the API can only list
//! and change it.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::fabric::State;
use crate::fabric::control::ControlCommand;
use crate::fabric::gateway::declaration::GatewayDeclaration;
use crate::http::wire::gateways::DeclaredGateway;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclareGateways {
    value: Vec<GatewayDeclaration>,
}

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer(|request| Ok(request.tenant.read(body)))
}

/// Adds or replaces gateways. Other gateways remain.
pub(super) async fn declare(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let DeclareGateways { value } = request.json()?;
        request.tenant.control(ControlCommand::DeclareGateways(value))?;
        Ok(request.tenant.read(body))
    })
}

fn body(state: &State) -> Value {
    json!({"value": state.gateways().values().map(DeclaredGateway::from).collect::<Vec<_>>()})
}
