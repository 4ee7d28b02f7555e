//! Companions: items that the service creates together with another item (docs/fidelity.md#kinds).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ItemKind, NewItem};
use crate::fabric::pace::Timing;
use crate::fabric::workspace::Workspace;
use crate::fabric::{State, later};
use crate::ids::{FolderId, ItemId};

/// An item that is created together with another item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Companion {
    /// The companion itself. A companion with a parent is moved and deleted together with the parent.
    pub item: NewItem,
    /// The instant from which the companion is visible.
    pub visible_from: Timestamp,
}

/// A builder of the companions of a new item. By default, companions are in the folder of the new item.
pub(super) struct Companions<'a> {
    state: &'a State,
    /// The workspace of the new item.
    pub within: &'a Workspace,
    /// The instant from which the new item is visible.
    pub visible_from: Timestamp,
    folder: Option<FolderId>,
    made: Vec<Companion>,
}

impl<'a> Companions<'a> {
    /// Creates a builder without companions.
    pub(super) fn new(state: &'a State, within: &'a Workspace, item: &NewItem, visible_from: Timestamp) -> Self {
        Self { state, within, visible_from, folder: item.folder, made: Vec::new() }
    }

    /// Returns the added companions.
    pub(super) fn into_vec(self) -> Vec<Companion> {
        self.made
    }

    /// Returns the durations of the tenant's steps.
    pub(super) fn timing(&self) -> Timing<'a> {
        self.state.settings.timing()
    }

    /// Adds a companion, and returns it for further changes.
    pub(super) fn add(
        &mut self,
        kind: ItemKind,
        display_name: &str,
        parent: Option<ItemId>,
        visible_from: Timestamp,
    ) -> &mut NewItem {
        let item = NewItem {
            id: self.state.next_item(self.made.len() as u64 + 1),
            kind,
            display_name: display_name.into(),
            description: String::new(),
            folder: self.folder,
            sensitivity_label: None,
            definition: None,
            parent,
            creation_payload: None,
            sql_database: None,
            creator: None,
        };
        &mut self.made.push_mut(Companion { item, visible_from }).item
    }
}

/// Adds a SQL endpoint with the item's name. Most kinds of items with tables have this companion.
pub(super) fn sql_endpoint(item: &mut NewItem, companions: &mut Companions<'_>) {
    let visible_from = later(companions.visible_from, companions.timing().sql_endpoint());
    companions.add(ItemKind::SQLEndpoint, &item.display_name, Some(item.id), visible_from);
}
