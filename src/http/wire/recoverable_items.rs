//! The body of a recoverable item.

use serde::Serialize;

use super::tags::{AppliedTag, applied};
use crate::fabric::State;
use crate::fabric::item::ItemKind;
use crate::fabric::item::recovery::RecoverableItem;
use crate::http::answer::utc;
use crate::ids::{ItemId, WorkspaceId};

/// An item that can be recovered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoverableItemBody<'a> {
    id: ItemId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    r#type: ItemKind,
    workspace_id: WorkspaceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_item_id: Option<ItemId>,
    retention_expiration_date_time: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<AppliedTag<'a>>,
}

impl<'a> RecoverableItemBody<'a> {
    pub(crate) fn new(state: &'a State, workspace_id: WorkspaceId, recoverable: &'a RecoverableItem) -> Self {
        let RecoverableItem { item, expires_at } = recoverable;
        Self {
            id: item.id,
            display_name: &item.display_name,
            description: super::description(state, &item.description),
            r#type: item.kind,
            workspace_id,
            parent_item_id: item.parent,
            retention_expiration_date_time: utc(*expires_at),
            tags: applied(state, &item.tags),
        }
    }
}
