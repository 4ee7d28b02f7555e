//! `journal`: the last exchanges, as NDJSON.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::{ControlRequest, refuse, reply, stamped};
use crate::fabric::FabricError;
use crate::http::answer::{self, Headers};
use crate::journal::{Entry, Filter};

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    let (filter, timing) = match read(&request) {
        Ok(read) => read,
        Err(refusal) => return refuse(&request.tenant, &refusal),
    };
    let mut exchanges: Vec<Arc<Entry>> =
        request.tenants().iter().flat_map(|tenant| tenant.exchanges(&filter)).collect();
    exchanges.sort_by_key(|exchange| exchange.time());
    let lines: String = exchanges.iter().map(|exchange| exchange.line(timing)).collect();
    let mut response = answer::respond(StatusCode::OK, Headers::Core, lines.into_bytes());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    stamped(&request.tenant, response)
}

fn read(request: &ControlRequest) -> Result<(Filter, bool), FabricError> {
    let filter =
        Filter { path: request.query("path")?, status: request.query("status")?, since: request.query("since")? };
    let timing = match request.query::<String>("timing")?.as_deref() {
        None | Some("on") => true,
        Some("off") => false,
        Some(other) => {
            return Err(FabricError::invalid_input(format!("The value {other:?} of timing is neither on nor off.")));
        }
    };
    Ok((filter, timing))
}

pub(super) async fn clear(request: ControlRequest) -> Response<Body> {
    for tenant in request.tenants() {
        tenant.clear_journal();
    }
    reply(&request.tenant, Ok(json!({})))
}
