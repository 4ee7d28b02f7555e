//! Capacities: list, get.

use serde::Serialize;

use crate::fabric::capacity::{Capacity, CapacityState};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::ids::CapacityId;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CapacityBody<'a> {
    id: CapacityId,
    display_name: &'a str,
    sku: &'a str,
    region: &'a str,
    state: CapacityState,
}

impl<'a> From<&'a Capacity> for CapacityBody<'a> {
    fn from(capacity: &'a Capacity) -> Self {
        let Capacity { id, display_name, sku, region, state } = capacity;
        Self { id: *id, display_name, sku, region, state: *state }
    }
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let after = (1..).zip(state.capacities()).skip_while(|(position, _)| Some(*position) <= page.after);
        Ok(Answer::ok(&List::new(context, page.cut(after).map(CapacityBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("capacityId")?;
    context.read(|state| Ok(Answer::ok(&CapacityBody::from(state.capacity(id)?))))
}
