//! Capacities: list, get.

use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::capacities::CapacityBody;

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let after = (1..).zip(state.capacities()).skip_while(|(position, _)| Some(*position) <= page.after);
        Ok(Answer::ok(&context.list(page.cut(after).map(CapacityBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("capacityId")?;
    context.read(|state| Ok(Answer::ok(&CapacityBody::from(state.capacity(id)?))))
}
