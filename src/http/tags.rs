//! Tags: list the tags of the tenant, and apply tags to items and workspaces or unapply them.

use crate::fabric::FabricError;
use crate::fabric::tag::{self, Change};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::tags::{ChangeTags, TagBody};
use crate::ids::TagId;

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        Ok(Answer::ok(&context.list(page.cut(state.tags().after(page.after)).map(TagBody::from))))
    })
}

pub(super) fn apply(context: &Context<'_>) -> HandlerResult {
    change(context, Change::Apply)
}

pub(super) fn unapply(context: &Context<'_>) -> HandlerResult {
    change(context, Change::Unapply)
}

pub(super) fn apply_to_workspace(context: &Context<'_>) -> HandlerResult {
    change_workspace(context, Change::Apply)
}

pub(super) fn unapply_from_workspace(context: &Context<'_>) -> HandlerResult {
    change_workspace(context, Change::Unapply)
}

fn named(context: &Context<'_>) -> Result<Vec<TagId>, FabricError> {
    let body: ChangeTags = context.json()?;
    wire::required_ids(body.tags, "Tags")
}

fn change(context: &Context<'_>, change: Change) -> HandlerResult {
    let tags = named(context)?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        tag::change(state, workspace, item, &tags, change)
    })?;
    Ok(Answer::empty())
}

fn change_workspace(context: &Context<'_>, change: Change) -> HandlerResult {
    let tags = named(context)?;
    context.commit(|state, _| tag::change_workspace(state, context.workspace(state)?, &tags, change))?;
    Ok(Answer::empty())
}
