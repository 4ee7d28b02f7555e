//! Capacities: list, get.

use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::capacities::CapacityBody;

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let visible = (1..).zip(state.capacities()).filter(|(_, it)| it.is_visible_to(context.caller.id));
        let after = visible.skip_while(|(position, _)| Some(*position) <= page.after);
        Ok(Answer::ok(&context.list(page.cut(after).map(CapacityBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("capacityId")?;
    context.read(|state| {
        let capacity = state.capacity(id)?;
        if !capacity.is_visible_to(context.caller.id) {
            return Err(FabricError::new(ErrorCode::CapacityNotFound).about("Capacity", id));
        }
        Ok(Answer::ok(&CapacityBody::from(capacity)))
    })
}
