//! `timeline`: the statuses of a mirrored or SQL database, one after the other.

use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Call;
use crate::fabric::FabricError;
use crate::fabric::timeline::{self, Span};
use crate::http::answer::utc;
use crate::ids::ItemId;

/// The spans that touch the time asked for. What is not given is without a bound.
pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer(|call| {
        let id = call.query::<ItemId>("item")?;
        let id =
            id.ok_or_else(|| FabricError::invalid_input("The parameter item is required: the id of a database."))?;
        let (from, to) = (call.query::<Timestamp>("from")?, call.query::<Timestamp>("to")?);
        let wanted = |span: &Span| {
            to.is_none_or(|to| span.from <= to) && from.is_none_or(|from| span.to.is_none_or(|until| until > from))
        };
        let spans = call.tenant.read(|state| {
            let (_, item) = state.find_item(id).ok_or_else(|| FabricError::no_item(id))?;
            timeline::of(item)
        })?;
        let spans: Vec<Value> = spans.into_iter().filter(wanted).map(body).collect();
        Ok(json!({"item": id, "now": utc(call.tenant.clock().now()), "spans": spans}))
    })
}

fn body(Span { status, from, to }: Span) -> Value {
    json!({"status": status, "from": utc(from), "to": to.map(utc)})
}
