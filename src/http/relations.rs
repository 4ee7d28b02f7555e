//! Relations of an item: upstream and downstream.

use crate::fabric::item::relations::{self, Direction};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::relations::RelationsBody;

pub(super) fn upstream(context: &Context<'_>) -> HandlerResult {
    show(context, Direction::Upstream)
}

pub(super) fn downstream(context: &Context<'_>) -> HandlerResult {
    show(context, Direction::Downstream)
}

fn show(context: &Context<'_>, direction: Direction) -> HandlerResult {
    context.read(|state| {
        let found = relations::of(state, context.item(state, context.now)?, direction, context.caller, context.now);
        Ok(Answer::ok(&RelationsBody::from(&found)))
    })
}
