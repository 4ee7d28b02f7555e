//! `sources`: the simulated source behind a connection.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde_json::{Value, json};

use super::{Call, id};
use crate::fabric::control::ControlCommand;
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::ConnectionId;

/// Shows the declared source of a connection.
pub(super) async fn show(Path(connection): Path<String>, call: Call) -> Response<Body> {
    call.answer(|call| declared(call, id(&connection)?))
}

/// Declares the source of a connection, from now on.
pub(super) async fn declare(Path(connection): Path<String>, call: Call) -> Response<Body> {
    call.answer(|call| {
        let connection = id(&connection)?;
        let source: SourceDeclaration = call.json()?;
        call.tenant.control(ControlCommand::DeclareSource { connection, source })?;
        declared(call, connection)
    })
}

fn declared(call: &Call, connection: ConnectionId) -> Result<Value, FabricError> {
    let now = call.tenant.clock().now();
    let source = call.tenant.read(|state| Some(SourceDeclaration::from(state.declared(connection)?.at(now)?)));
    source.map(|source| json!(source)).ok_or_else(|| {
        FabricError::new(ErrorCode::EntityNotFound)
            .message("The source of this connection is not declared: it is assumed.")
            .about("Connection", connection)
    })
}
