//! Bodies of tags.

use serde::{Deserialize, Serialize};

use crate::fabric::State;
use crate::fabric::tag::Tag;
use crate::ids::TagId;

#[derive(Deserialize)]
pub(crate) struct ChangeTags {
    pub(crate) tags: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagBody<'a> {
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

/// A tag on an item or a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppliedTag<'a> {
    id: TagId,
    display_name: &'a str,
}

/// Returns the tags of an item or a workspace.
pub(crate) fn applied<'a>(state: &'a State, tags: &[TagId]) -> Vec<AppliedTag<'a>> {
    let known = tags.iter().filter_map(|id| state.tag(*id));
    known.map(|tag| AppliedTag { id: tag.id, display_name: &tag.display_name }).collect()
}
