//! `coverage`: the table of operations, as it is served.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::Call;
use crate::http::operations::{self, Operation};

/// Every operation that Fabric describes, and how many of them are served.
pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer(|_| {
        let (served, absent): (Vec<_>, Vec<_>) = operations::all().partition(|operation| operation.handler().is_some());
        let operations: Vec<Value> = operations::all().map(body).collect();
        Ok(json!({"served": served.len(), "absent": absent.len(), "operations": operations}))
    })
}

fn body(operation: &Operation) -> Value {
    let Operation { id, method, path, role, scopes, .. } = operation;
    json!({
        "operation": id,
        "method": method.as_str(),
        "path": format!("/v1{path}"),
        "coverage": operation.coverage(),
        "rests": operation.fidelity().map(|fidelity| format!("{fidelity:?}").to_lowercase()),
        "role": role,
        "scopes": scopes.split_whitespace().collect::<Vec<_>>(),
    })
}
