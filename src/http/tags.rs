//! Tags: list those of the tenant, put them on items and take them off.

use serde::{Deserialize, Serialize};

use crate::fabric::State;
use crate::fabric::tag::{self, Change, Tag};
use crate::http::Outcome;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::items;
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

/// A tag as an item shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemTag<'a> {
    id: TagId,
    display_name: &'a str,
}

/// The tags of these ids, as an item shows them.
pub(super) fn of_item<'a>(state: &'a State, tags: &[TagId]) -> Vec<ItemTag<'a>> {
    let known = tags.iter().filter_map(|id| state.tag(*id));
    known.map(|tag| ItemTag { id: tag.id, display_name: &tag.display_name }).collect()
}

pub(super) fn list(context: &Context<'_>) -> Outcome {
    context.read(|state| {
        let page = context.page(state)?;
        Ok(Answer::ok(&List::new(context, page.cut(state.tags().after(page.after)).map(TagBody::from))))
    })
}

pub(super) fn apply(context: &Context<'_>) -> Outcome {
    change(context, Change::Apply)
}

pub(super) fn unapply(context: &Context<'_>) -> Outcome {
    change(context, Change::Unapply)
}

fn change(context: &Context<'_>, change: Change) -> Outcome {
    let body: ChangeTags = context.json()?;
    let tags = wire::required(body.tags, "Tags")?.into_iter().map(|tag| wire::id(Some(tag), "Tags"));
    let tags = tags.collect::<Result<Vec<Option<TagId>>, _>>()?.into_iter().flatten().collect::<Vec<_>>();
    context.commit(|state, now| {
        let (workspace, item) = items::find(context, state, now)?;
        tag::change(state, workspace, item, &tags, change)
    })?;
    Ok(Answer::empty())
}
