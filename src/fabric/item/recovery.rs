//! Recoverable items: items that were deleted, and that can be recovered until their retention ends
//! (docs/fidelity.md#recoverable-items).

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::update::check_independent;
use super::{Item, ItemKind};
use crate::fabric::name::Folded;
use crate::fabric::page::Position;
use crate::fabric::workspace::{Workspace, name_in_use};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::ItemId;

/// The kinds whose items can be recovered (documented).
const KINDS: [ItemKind; 26] = [
    ItemKind::GraphQLApi,
    ItemKind::CopyJob,
    ItemKind::CosmosDBDatabase,
    ItemKind::DataAgent,
    ItemKind::DataPipeline,
    ItemKind::Environment,
    ItemKind::GraphModel,
    ItemKind::GraphQuerySet,
    ItemKind::KQLQueryset,
    ItemKind::Lakehouse,
    ItemKind::Map,
    ItemKind::MirroredAzureDatabricksCatalog,
    ItemKind::MirroredDatabase,
    ItemKind::SnowflakeDatabase,
    ItemKind::MLExperiment,
    ItemKind::MLModel,
    ItemKind::Notebook,
    ItemKind::Ontology,
    ItemKind::OperationsAgent,
    ItemKind::KQLDashboard,
    ItemKind::SparkJobDefinition,
    ItemKind::SQLDatabase,
    ItemKind::UserDataFunction,
    ItemKind::VariableLibrary,
    ItemKind::Warehouse,
    ItemKind::WarehouseSnapshot,
];

/// A deleted item that can be recovered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoverableItem {
    /// The item at the time of its deletion.
    pub item: Arc<Item>,
    /// The end of the retention.
    pub expires_at: Timestamp,
}

/// Returns the time for which the tenant retains deleted items of a kind; `None` if it does not retain them.
pub fn retention(state: &State, kind: ItemKind) -> Option<SignedDuration> {
    let days = state.settings.item_retention_days;
    (days > 0 && KINDS.contains(&kind)).then(|| SignedDuration::from_hours(24 * i64::from(days)))
}

/// Recovers an item with its children. A child whose name is in use is left out, with its own children (documented).
/// Returns the recovered items, the requested one first.
pub fn recover(within: &Workspace, id: ItemId, now: Timestamp) -> Decision<Vec<ItemId>> {
    let item = &within.recoverable_item(id, now)?.item;
    check_independent(item)?;
    within.check_parent(item)?;
    if within.has_item_named(item) {
        return Err(name_in_use(&item.display_name));
    }
    let mut names: HashSet<(ItemKind, Folded)> = name_key(item).into_iter().collect();
    let mut ids = vec![id];
    let mut next = 0;
    while let Some(parent) = ids.get(next).copied() {
        let children = within.recoverable_items(None, now).map(|(_, it)| &it.item);
        for child in children.filter(|child| child.parent == Some(parent)) {
            let is_free = !within.has_item_named(child) && name_key(child).is_none_or(|key| names.insert(key));
            if is_free && !ids.contains(&child.id) {
                ids.push(child.id);
            }
        }
        next += 1;
    }
    Ok((vec![Fact::ItemsRecovered { workspace: within.id, ids: ids.clone() }], ids))
}

/// Deletes a recoverable item permanently, with its children.
pub fn delete(within: &Workspace, id: ItemId, now: Timestamp) -> Decision<()> {
    let item = &within.recoverable_item(id, now)?.item;
    check_independent(item)?;
    Ok((vec![Fact::RecoverableItemDeleted { workspace: within.id, id }], ()))
}

/// Returns the name of an item in the index of names; `None` for a SQL endpoint, which has the name of its parent.
fn name_key(item: &Item) -> Option<(ItemKind, Folded)> {
    (item.kind != ItemKind::SQLEndpoint).then(|| (item.kind, Folded::new(&item.display_name)))
}

impl Workspace {
    /// Returns the items after a position that can be recovered at `now`, in order of their deletion.
    pub fn recoverable_items(
        &self,
        after: Option<Position>,
        now: Timestamp,
    ) -> impl Iterator<Item = (Position, &RecoverableItem)> {
        self.recoverable.after(after).filter(move |(_, it)| now < it.expires_at)
    }

    /// Returns the ids of all items, including those that were deleted and can be recovered.
    pub(in crate::fabric) fn all_item_ids(&self) -> Vec<ItemId> {
        let recoverable = self.recoverable.values().map(|it| it.item.id);
        self.items().values().map(|item| item.id).chain(recoverable).collect()
    }

    /// Returns an item that can be recovered at `now`.
    fn recoverable_item(&self, id: ItemId, now: Timestamp) -> Result<&RecoverableItem, FabricError> {
        let found = self.recoverable.get(&id).filter(|it| now < it.expires_at);
        found.ok_or_else(|| FabricError::no_item(id))
    }

    /// Returns `true` if a request to recover this item would succeed.
    pub fn can_recover(&self, item: &Item) -> bool {
        check_independent(item).is_ok() && self.check_parent(item).is_ok() && !self.has_item_named(item)
    }

    /// Rejects an item whose parent is deleted. It is recovered together with its parent (guessed).
    fn check_parent(&self, item: &Item) -> Result<(), FabricError> {
        if item.parent.is_some_and(|parent| !self.items().contains(&parent)) {
            return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem)
                .message("The item can only be recovered together with its parent item.")
                .about("Item", item.id));
        }
        Ok(())
    }

    /// Returns `true` if another item has the name of a recoverable item. A reserved name is free for the item.
    fn has_item_named(&self, item: &Item) -> bool {
        name_key(item).is_some_and(|key| self.names.contains_key(&key))
    }
}

/// The effects of facts.
impl Workspace {
    /// Moves an item with its descendants to the recoverable items. Returns the ids of all of them.
    pub(in crate::fabric) fn soft_delete_item(
        &mut self,
        id: ItemId,
        reserved_until: Timestamp,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> Vec<ItemId> {
        let descendants = self.items.descendants(id);
        let deleted: Vec<ItemId> = std::iter::once(id).chain(descendants).collect();
        for one in &deleted {
            let Some(item) = self.items.remove(one) else { continue };
            self.release_name(&item, reserved_until, at);
            self.recoverable.insert(item.id, RecoverableItem { item, expires_at });
        }
        deleted
    }

    /// Moves a recoverable item back to the items. It loses its logical id if another item has that logical id by now,
    /// because an update from Git created the item again. Returns `false` if there is no such item.
    pub(in crate::fabric) fn recover_item(&mut self, id: ItemId) -> bool {
        let Some(RecoverableItem { mut item, .. }) = self.recoverable.remove(&id) else { return false };
        if item.logical_id.is_some() && self.items().values().any(|other| other.logical_id == item.logical_id) {
            Arc::make_mut(&mut item).logical_id = None;
        }
        if let Some(key) = name_key(&item) {
            self.reserved.remove(&key);
        }
        self.insert_item(item);
        true
    }

    /// Deletes a recoverable item, if there is one with this id, and the recoverable items below it.
    pub(in crate::fabric) fn delete_recoverable(&mut self, id: ItemId, at: Timestamp) {
        let mut deleted = vec![id];
        while let Some(id) = deleted.pop() {
            if let Some(it) = self.recoverable.remove(&id) {
                self.record_deletion(&it.item, at);
            }
            let children = self.recoverable.values().filter(|it| it.item.parent == Some(id));
            deleted.extend(children.map(|it| it.item.id));
        }
    }

    /// Removes the recoverable items whose retention has ended at `at`. Returns their ids.
    pub(in crate::fabric) fn remove_expired(&mut self, at: Timestamp) -> Vec<ItemId> {
        let expired = self.recoverable.values().filter(|it| it.expires_at <= at);
        let expired: Vec<ItemId> = expired.map(|it| it.item.id).collect();
        self.recoverable.retain(|it| at < it.expires_at);
        expired
    }
}
