//! `timeline`: the statuses of a mirrored or SQL database over time.

use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::fabric::FabricError;
use crate::fabric::item::mirrored_database;
use crate::fabric::mirroring::timeline::Span;
use crate::http::answer::utc;
use crate::ids::ItemId;

/// Returns the spans that overlap the period from `from` to `to`. If a parameter is missing, the period has no bound on
/// that side.
pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let id = request.query::<ItemId>("item")?;
        let id =
            id.ok_or_else(|| FabricError::invalid_input("The parameter item is required: the id of a database."))?;
        let (from, to) = (request.query::<Timestamp>("from")?, request.query::<Timestamp>("to")?);
        let wanted = |span: &Span| {
            to.is_none_or(|to| span.from <= to) && from.is_none_or(|from| span.to.is_none_or(|until| until > from))
        };
        let spans = request.tenant.read(|state| {
            let (within, item) = state.find_item(id).ok_or_else(|| FabricError::no_item(id))?;
            mirrored_database::spans(state, within, item)
        })?;
        let spans: Vec<Value> = spans.into_iter().filter(wanted).map(body).collect();
        Ok(json!({"item": id, "now": utc(request.tenant.clock().now()), "spans": spans}))
    })
}

fn body(Span { status, error, trouble, from, to, .. }: Span) -> Value {
    let mut body = json!({"status": status, "from": utc(from), "to": to.map(utc)});
    if let Some(error) = error {
        body["error"] = json!({"errorCode": error.code, "message": error.message});
    }
    if let Some(trouble) = trouble {
        (body["reason"], body["trouble"]) = (json!("trouble"), json!(trouble));
    }
    body
}
