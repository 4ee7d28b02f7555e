//! `sources`: the simulated source behind a connection or an open mirror.

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde_json::{Value, json};

use super::{ControlRequest, id};
use crate::fabric::control::ControlCommand;
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::SourceId;

/// Returns the declared source.
pub(super) async fn show(Path(source): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| declared(request, id(&source)?))
}

/// Declares the source of a connection or an open mirror. The declaration applies from the current instant.
pub(super) async fn declare(Path(source): Path<String>, request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let key = id(&source)?;
        let source: SourceDeclaration = request.json()?;
        request.tenant.control(ControlCommand::DeclareSource { id: key, source })?;
        declared(request, key)
    })
}

fn declared(request: &ControlRequest, source: SourceId) -> Result<Value, FabricError> {
    let now = request.tenant.clock().now();
    let declaration = request.tenant.read(|state| Some(SourceDeclaration::from(state.declared(source)?.at(now)?)));
    declaration.map(|declaration| json!(declaration)).ok_or_else(|| {
        FabricError::new(ErrorCode::EntityNotFound)
            .message("The source is not declared: it is assumed.")
            .about("Connection", source)
    })
}
