//! The workspaces of a tenant and the items of a workspace, with the indexes from an item to its workspace and to its
//! children. Both are stored without the indexes, which are computed again when they are read.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fabric::item::{Companion, Item, NewItem};
use crate::fabric::ordered::{IdMap, Ordered};
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, WorkspaceId};

/// The workspaces of a tenant, in order of creation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Workspaces {
    all: Ordered<WorkspaceId, Workspace>,
    /// The workspace of each item.
    of_items: IdMap<ItemId, WorkspaceId>,
}

impl Serialize for Workspaces {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Workspaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ordered::deserialize(deserializer).map(Self::from)
    }
}

impl From<Ordered<WorkspaceId, Workspace>> for Workspaces {
    fn from(all: Ordered<WorkspaceId, Workspace>) -> Self {
        let items = all.values().flat_map(|within| within.items().values().map(|item| (item.id, within.id)));
        let of_items = items.collect();
        Self { all, of_items }
    }
}

impl Workspaces {
    /// Returns the workspaces, in order of creation.
    pub(super) fn all(&self) -> &Ordered<WorkspaceId, Workspace> {
        &self.all
    }

    /// Returns a workspace.
    pub(super) fn get(&self, id: &WorkspaceId) -> Option<&Workspace> {
        self.all.get(id)
    }

    /// Returns a mutable reference to a workspace, whose items must remain the same.
    pub(super) fn get_mut(&mut self, id: &WorkspaceId) -> Option<&mut Workspace> {
        self.all.get_mut(id)
    }

    /// Returns mutable references to all workspaces, whose items must remain the same.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Workspace> {
        self.all.values_mut()
    }

    /// Returns the workspace of an item.
    pub(super) fn of_item(&self, item: ItemId) -> Option<&Workspace> {
        self.all.get(self.of_items.get(&item)?)
    }

    /// Appends a workspace without items.
    pub(super) fn insert(&mut self, workspace: Workspace) {
        self.all.insert(workspace.id, workspace);
    }

    /// Removes and returns a workspace with its items.
    pub(super) fn remove(&mut self, id: &WorkspaceId) -> Option<Workspace> {
        let removed = self.all.remove(id)?;
        for item in removed.items().values() {
            self.of_items.remove(&item.id);
        }
        Some(removed)
    }

    /// Creates an item with its companions.
    pub(super) fn create_item(
        &mut self,
        workspace: WorkspaceId,
        new: NewItem,
        visible_from: Timestamp,
        companions: Vec<Companion>,
        ready_in: SignedDuration,
    ) {
        let Some(within) = self.all.get_mut(&workspace) else { return };
        let companions = companions
            .into_iter()
            .map(|Companion { item, visible_from }| Item::new(item, visible_from, SignedDuration::ZERO));
        for item in std::iter::once(Item::new(new, visible_from, ready_in)).chain(companions) {
            self.of_items.insert(item.id, workspace);
            within.insert_item(Arc::new(item));
        }
    }

    /// Deletes an item with its descendants. Returns the ids of all of them.
    pub(super) fn delete_item(
        &mut self,
        workspace: WorkspaceId,
        id: ItemId,
        reserved_until: Timestamp,
        at: Timestamp,
    ) -> Vec<ItemId> {
        let Some(within) = self.all.get_mut(&workspace) else { return Vec::new() };
        let deleted = within.delete_item(id, reserved_until, at);
        for id in &deleted {
            self.of_items.remove(id);
        }
        deleted
    }

    /// Moves an item with its descendants to the recoverable items of the workspace, until the instant `expires_at`.
    pub(super) fn soft_delete_item(
        &mut self,
        workspace: WorkspaceId,
        id: ItemId,
        reserved_until: Timestamp,
        expires_at: Timestamp,
        at: Timestamp,
    ) {
        let Some(within) = self.all.get_mut(&workspace) else { return };
        for id in within.soft_delete_item(id, reserved_until, expires_at, at) {
            self.of_items.remove(&id);
        }
    }

    /// Moves recoverable items back to the items of the workspace. Parents come before their children.
    pub(super) fn recover_items(&mut self, workspace: WorkspaceId, ids: &[ItemId]) {
        let Some(within) = self.all.get_mut(&workspace) else { return };
        for id in ids {
            if within.recover_item(*id) {
                self.of_items.insert(*id, workspace);
            }
        }
    }
}

/// The items of a workspace, in order of creation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Items {
    all: Ordered<ItemId, Item>,
    /// The children of each item that has some, in order of creation.
    children: IdMap<ItemId, Vec<ItemId>>,
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ordered::deserialize(deserializer).map(Self::from)
    }
}

impl From<Ordered<ItemId, Item>> for Items {
    fn from(all: Ordered<ItemId, Item>) -> Self {
        let mut children: IdMap<ItemId, Vec<ItemId>> = IdMap::default();
        for (parent, id) in all.values().filter_map(|item| Some((item.parent?, item.id))) {
            children.entry(parent).or_default().push(id);
        }
        Self { all, children }
    }
}

impl Items {
    /// Returns the items, in order of creation.
    pub(super) fn all(&self) -> &Ordered<ItemId, Item> {
        &self.all
    }

    /// Returns a mutable reference to an item, whose parent must remain the same.
    pub(super) fn get_mut(&mut self, id: &ItemId) -> Option<&mut Item> {
        self.all.get_mut(id)
    }

    /// Returns mutable references to all items, whose parents must remain the same.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Item> {
        self.all.values_mut()
    }

    /// Appends an item.
    pub(super) fn insert(&mut self, item: Arc<Item>) {
        if let Some(parent) = item.parent {
            self.children.entry(parent).or_default().push(item.id);
        }
        self.all.insert_shared(item.id, item);
    }

    /// Shares an item with another list, if it is equal there.
    pub(super) fn share(&mut self, id: &ItemId, other: &Self) {
        self.all.share(id, &other.all);
    }

    /// Removes and returns an item.
    pub(super) fn remove(&mut self, id: &ItemId) -> Option<Arc<Item>> {
        let removed = self.all.take(id)?;
        if let Some(parent) = removed.parent
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.retain(|sibling| sibling != id);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        Some(removed)
    }

    /// Returns the children of an item, in order of creation.
    pub(super) fn children(&self, id: ItemId) -> &[ItemId] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the descendants of an item: its children, and their descendants.
    pub(super) fn descendants(&self, id: ItemId) -> Vec<ItemId> {
        let mut found = vec![id];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            // An item is added once, even if the items of a snapshot contain each other.
            let new = self.children(parent).iter().filter(|child| !found.contains(child));
            let new: Vec<ItemId> = new.copied().collect();
            found.extend(new);
            next += 1;
        }
        found.split_off(1)
    }
}
