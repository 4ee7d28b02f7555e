//! `sources`: the simulated source behind a connection.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde_json::{Value, json};

use super::{ControlRequest, id};
use crate::fabric::control::ControlCommand;
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::ConnectionId;

/// Returns the declared source of a connection.
pub(super) async fn show(Path(connection): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| declared(request, id(&connection)?))
}

/// Declares the source of a connection. The declaration applies from the current instant.
pub(super) async fn declare(Path(connection): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let connection = id(&connection)?;
        let source: SourceDeclaration = request.json()?;
        request.tenant.control(ControlCommand::DeclareSource { connection, source })?;
        declared(request, connection)
    })
}

fn declared(request: &ControlRequest, connection: ConnectionId) -> Result<Value, FabricError> {
    let now = request.tenant.clock().now();
    let source = request.tenant.read(|state| Some(SourceDeclaration::from(state.declared(connection)?.at(now)?)));
    source.map(|source| json!(source)).ok_or_else(|| {
        FabricError::new(ErrorCode::EntityNotFound)
            .message("The source of this connection is not declared: it is assumed.")
            .about("Connection", connection)
    })
}
