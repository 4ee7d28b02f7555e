//! `connections`: connections that the API cannot make.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde_json::json;

use super::{ControlRequest, id};
use crate::fabric::connection::declaration::ConnectionDeclaration;
use crate::fabric::control::ControlCommand;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::wire::connections::ConnectionBody;
use crate::ids::ConnectionId;

/// Adds or replaces a connection.
pub(super) async fn declare(Path(connection): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let id = id::<ConnectionId>(&connection)?;
        let connection: ConnectionDeclaration = request.json()?;
        request.tenant.control(ControlCommand::DeclareConnection { id, connection })?;
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("Connection", id);
        request.tenant.read(|state| Ok(json!(ConnectionBody::from(state.find_connection(id).ok_or_else(missing)?))))
    })
}
