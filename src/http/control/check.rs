//! `check`: the validator of the command `specularite check`.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::fabric::FabricError;
use crate::fabric::item::ItemKind;
use crate::fabric::item::definition::{Finding, findings};
use crate::http::wire::definitions::DefinitionBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckDefinition {
    kind: String,
    definition: DefinitionBody,
}

/// Returns the faults of a definition. Nothing changes.
pub(super) async fn check(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let CheckDefinition { kind, definition } = request.json()?;
        let kind: ItemKind = kind.parse().map_err(|_| {
            FabricError::invalid_input(format!("kind is {kind:?}: the name of a type of item was expected."))
        })?;
        let findings: Vec<Value> = findings(kind, definition.try_into()?).iter().map(body).collect();
        Ok(json!({"findings": findings}))
    })
}

fn body(Finding { path, position, message }: &Finding) -> Value {
    let (line, column) = position.unzip();
    json!({"path": path, "line": line, "column": column, "message": message})
}
