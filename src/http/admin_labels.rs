//! Sensitivity labels and sharing links of items, as administrators change them.

use crate::fabric::item::label::{self, NamedItem};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::labels::{
    ItemsRequest, LabelsResponse, RemoveAllLinks, RemoveLinks, SetLabels, SharingLinksResponse,
};
use crate::ids::LabelId;

pub(super) fn set(context: &Context<'_>) -> HandlerResult {
    let body: SetLabels = context.json()?;
    let has_delegate = body.has_delegate()?;
    let (label, items) = body.parsed()?;
    Ok(change(context, &items, Some(label))?.inert("delegatedPrincipal", has_delegate))
}

pub(super) fn remove(context: &Context<'_>) -> HandlerResult {
    let items = context.json::<ItemsRequest>()?.parsed()?;
    change(context, &items, None)
}

fn change(context: &Context<'_>, items: &[NamedItem], label: Option<LabelId>) -> HandlerResult {
    let found = context.commit(|state, now| label::change(state, items, label, now))?;
    Ok(Answer::ok(&LabelsResponse::new(items, &found)))
}

pub(super) fn remove_sharing_links(context: &Context<'_>) -> HandlerResult {
    let items = context.json::<RemoveLinks>()?.parsed()?;
    let found = context.read(|state| label::remove_sharing_links(state, &items, context.now))?;
    Ok(Answer::ok(&SharingLinksResponse::new(&items, &found)))
}

/// Removes the sharing links of all items, of which there are none.
pub(super) fn remove_all_sharing_links(context: &Context<'_>) -> HandlerResult {
    context.json::<RemoveAllLinks>()?.check()?;
    Ok(Answer::empty())
}
