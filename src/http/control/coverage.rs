//! `coverage`: the operations of Fabric's REST API, of Power BI's, and of capacities in Azure Resource Manager, and the
//! coverage of each operation.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::http::api::Api;
use crate::http::operation::{Coverage, Operation};

/// Returns all operations, and the numbers of served and absent operations.
pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer(|_| {
        let operations: Vec<(Api, &Operation)> = Api::operations().collect();
        let absent = operations.iter().filter(|(_, operation)| operation.coverage == Coverage::Absent).count();
        let served = operations.len() - absent;
        Ok(json!({
            "served": served,
            "absent": absent,
            "operations": operations.into_iter().map(body).collect::<Vec<Value>>(),
        }))
    })
}

fn body((api, operation): (Api, &Operation)) -> Value {
    let Operation { id, method, path, role, scopes, fidelity, coverage, .. } = operation;
    let fidelity = (*coverage != Coverage::Absent).then_some(fidelity);
    json!({
        "operation": id,
        "method": method.as_str(),
        "path": format!("{}{path}", api.base()),
        "coverage": coverage.as_str(),
        "rests": fidelity.map(|fidelity| format!("{fidelity:?}").to_lowercase()),
        "role": role,
        "scopes": scopes.split_whitespace().collect::<Vec<_>>(),
    })
}
