//! Tags: list those of the tenant, put them on items and workspaces and take them off.

use serde::{Deserialize, Serialize};

use crate::fabric::tag::{self, Change, Tag};
use crate::fabric::{FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::{self, List};
use crate::ids::TagId;

#[derive(Deserialize)]
struct ChangeTags {
    tags: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TagBody<'a> {
    id: TagId,
    display_name: &'a str,
    scope: TagScope<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum TagScope<'a> {
    Tenant,
    #[serde(rename_all = "camelCase")]
    Domain {
        domain_id: &'a str,
    },
}

impl<'a> From<&'a Tag> for TagBody<'a> {
    fn from(tag: &'a Tag) -> Self {
        let scope = tag.domain.as_deref().map_or(TagScope::Tenant, |domain_id| TagScope::Domain { domain_id });
        Self { id: tag.id, display_name: &tag.display_name, scope }
    }
}

/// A tag as an item or a workspace shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppliedTag<'a> {
    id: TagId,
    display_name: &'a str,
}

/// The tags of these ids, as an item or a workspace shows them.
pub(super) fn applied<'a>(state: &'a State, tags: &[TagId]) -> Vec<AppliedTag<'a>> {
    let known = tags.iter().filter_map(|id| state.tag(*id));
    known.map(|tag| AppliedTag { id: tag.id, display_name: &tag.display_name }).collect()
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        Ok(Answer::ok(&List::new(context, page.cut(state.tags().after(page.after)).map(TagBody::from))))
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
    let tags = wire::required(body.tags, "Tags")?.into_iter().map(|tag| wire::id(Some(tag), "Tags"));
    Ok(tags.collect::<Result<Vec<Option<TagId>>, _>>()?.into_iter().flatten().collect())
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
