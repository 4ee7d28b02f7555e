//! The hosts of OneLake that are not emulated. The emulator answers requests to them with an error, so that their
//! tokens do not leave the machine.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;

use crate::emulator::Emulator;
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts;
use crate::http::entra::request::{EntraRequest, EntraResult, Service, tenant_of_bearer};
use crate::http::request::Arrival;

/// Responds to a request to OneLake with an error.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request, arrival: Arrival) -> Response<Body> {
    Service {
        find: |_, _| Some(("OneLake", not_emulated)),
        tenant: tenant_of_bearer,
        reads_create_tenants: true,
        name: hosts::Service::OneLake,
    }
    .respond(emulator, request, arrival)
    .await
}

fn not_emulated(_: &EntraRequest<'_>) -> EntraResult {
    let message = "Specularite does not emulate this host of OneLake: it serves the dfs and blob hosts.";
    Err(FabricError::new(ErrorCode::NotEmulated).message(message).into())
}
