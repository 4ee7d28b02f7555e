//! `journal`: the last exchanges, as NDJSON.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::{ControlRequest, refuse, reply, stamped};
use crate::fabric::FabricError;
use crate::http::answer::{self, Headers};
use crate::journal::{Entry, Filter, Shown};

/// The maximum of the parameter `limit`.
const LIMIT_MAX: usize = 100_000;

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    let (filter, shown, limit) = match read(&request) {
        Ok(read) => read,
        Err(refusal) => return refuse(&request.tenant, &refusal),
    };
    let mut exchanges: Vec<Arc<Entry>> =
        request.tenants().iter().flat_map(|tenant| tenant.exchanges(&filter)).collect();
    exchanges.sort_by_key(|exchange| exchange.time());
    let newest = exchanges.split_off(exchanges.len().saturating_sub(limit));
    let lines: String = newest.iter().map(|exchange| exchange.line(shown)).collect();
    let mut response = answer::respond(StatusCode::OK, Headers::Core, lines.into_bytes());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    stamped(&request.tenant, response)
}

/// Returns the filter, the members that are shown, and the maximum number of exchanges.
fn read(request: &ControlRequest) -> Result<(Filter, Shown, usize), FabricError> {
    let filter = Filter {
        path: request.query("path")?,
        status: request.query("status")?,
        since: request.query("since")?,
        request_id: request.query("requestId")?,
    };
    let limit = request.query::<usize>("limit")?;
    if let Some(limit) = limit.filter(|limit| !(1..=LIMIT_MAX).contains(limit)) {
        return Err(FabricError::invalid_input(format!(
            "The value {limit} of limit is not between 1 and {LIMIT_MAX}."
        )));
    }
    let shown = Shown { bodies: is_on(request, "bodies")?, timing: is_on(request, "timing")? };
    Ok((filter, shown, limit.unwrap_or(usize::MAX)))
}

/// Parses a parameter that is `on` or `off`. Without it, the result is `true`.
fn is_on(request: &ControlRequest, name: &str) -> Result<bool, FabricError> {
    match request.query::<String>(name)?.as_deref() {
        None | Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(other) => Err(FabricError::invalid_input(format!("The value {other:?} of {name} is neither on nor off."))),
    }
}

pub(super) async fn clear(request: ControlRequest) -> Response<Body> {
    for tenant in request.tenants() {
        tenant.clear_journal();
    }
    reply(&request.tenant, Ok(json!({})))
}
