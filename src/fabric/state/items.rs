//! Items of workspaces. An item is moved and deleted together with its descendants.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fabric::State;
use crate::fabric::item::sql_database::DELETED_MAX;
use crate::fabric::item::{Companion, Item, ItemKind, KindChange, NewItem};
use crate::fabric::name::Folded;
use crate::fabric::workspace::Workspace;
use crate::ids::{FolderId, ItemId, LabelId, WorkspaceId};

impl State {
    /// Returns an item and its workspace.
    pub fn find_item(&self, id: ItemId) -> Option<(&Workspace, &Item)> {
        let workspace = self.workspaces.of_item(id)?;
        Some((workspace, workspace.items().get(&id)?))
    }

    /// Creates an item with its companions.
    pub(super) fn create_item(
        &mut self,
        workspace: WorkspaceId,
        item: NewItem,
        visible_from: Timestamp,
        companions: Vec<Companion>,
        ready_in: SignedDuration,
    ) {
        self.counts.items += 1 + companions.len() as u64;
        self.workspaces.create_item(workspace, item, visible_from, companions, ready_in);
    }

    /// Sets the sensitivity label of items, or removes it.
    pub(super) fn label_items(&mut self, items: &[(WorkspaceId, ItemId)], label: Option<LabelId>) {
        for (workspace, id) in items {
            self.with_item(*workspace, *id, |item| item.sensitivity_label = label);
        }
    }

    /// Sets the name and the description of an item.
    pub(super) fn update_item(
        &mut self,
        workspace: WorkspaceId,
        id: ItemId,
        display_name: String,
        description: String,
        at: Timestamp,
    ) {
        self.with_workspace(workspace, |workspace| workspace.update_item(id, display_name, description));
        self.with_item(workspace, id, |item| item.updated_at = Some(at));
    }

    pub(super) fn move_items(&mut self, workspace: WorkspaceId, ids: &[ItemId], folder: Option<FolderId>) {
        self.with_workspace(workspace, |workspace| ids.iter().for_each(|id| workspace.move_item(*id, folder)));
    }

    /// Deletes an item permanently, and what is known about it.
    pub(super) fn delete_item(&mut self, workspace: WorkspaceId, id: ItemId, reserved_until: Timestamp, at: Timestamp) {
        self.remove_item(workspace, id, reserved_until, at);
        self.forget_items(&[id]);
    }

    /// Removes an item from its workspace and from deployment pipelines.
    pub(super) fn remove_item(&mut self, workspace: WorkspaceId, id: ItemId, reserved_until: Timestamp, at: Timestamp) {
        let removed = self.workspaces.delete_item(workspace, id, reserved_until, at);
        self.deployment_pipelines.forget_items(&removed);
    }

    /// Deletes an item so that it can be recovered until `expires_at`.
    pub(super) fn soft_delete_item(
        &mut self,
        workspace: WorkspaceId,
        id: ItemId,
        reserved_until: Timestamp,
        expires_at: Timestamp,
        at: Timestamp,
    ) {
        self.workspaces.soft_delete_item(workspace, id, reserved_until, expires_at, at);
        self.forget_expired(workspace, at);
    }

    /// Deletes a recoverable item permanently.
    pub(super) fn delete_recoverable_item(&mut self, workspace: WorkspaceId, id: ItemId, at: Timestamp) {
        self.with_workspace(workspace, |workspace| workspace.delete_recoverable(id, at));
        self.forget_items(&[id]);
    }

    /// Removes the recoverable items of a workspace whose retention has ended, and what is known about them.
    fn forget_expired(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let expired = self.workspaces.get_mut(&workspace).map(|workspace| workspace.remove_expired(at));
        self.forget_items(&expired.unwrap_or_default());
    }

    pub(super) fn change_kind_state(&mut self, workspace: WorkspaceId, id: ItemId, changes: Vec<KindChange>) {
        self.with_item(workspace, id, |item| changes.into_iter().for_each(|change| item.kind_state.apply(change)));
    }

    pub(super) fn with_item(&mut self, workspace: WorkspaceId, id: ItemId, change: impl FnOnce(&mut Item)) {
        self.with_workspace(workspace, |workspace| {
            if let Some(item) = workspace.items.get_mut(&id) {
                change(item);
            }
        });
    }
}

impl Workspace {
    /// Inserts an item. A SQL endpoint is linked to its parent. The index of names does not contain SQL endpoints,
    /// because they have the names of their parents.
    pub(in crate::fabric) fn insert_item(&mut self, item: Arc<Item>) {
        if item.kind == ItemKind::SQLEndpoint {
            if let Some(parent) = item.parent.and_then(|id| self.items.get_mut(&id)) {
                parent.sql_endpoint = Some(item.id);
            }
        } else {
            self.names.insert((item.kind, Folded::new(&item.display_name)), item.id);
        }
        self.items.insert(item);
    }

    fn move_item(&mut self, id: ItemId, folder: Option<FolderId>) {
        let descendants = self.items.descendants(id);
        for id in std::iter::once(id).chain(descendants) {
            if let Some(item) = self.items.get_mut(&id) {
                item.folder = folder;
            }
        }
    }

    fn update_item(&mut self, id: ItemId, display_name: String, description: String) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let (kind, sql_endpoint) = (item.kind, item.sql_endpoint);
        let before = std::mem::replace(&mut item.display_name, display_name.clone());
        item.description = description;
        self.names.remove(&(kind, Folded::new(&before)));
        self.names.insert((kind, Folded::new(&display_name)), id);
        if let Some(endpoint) = sql_endpoint.and_then(|id| self.items.get_mut(&id)) {
            endpoint.display_name = display_name;
        }
    }

    /// Deletes an item with its descendants. Returns the ids of all of them.
    pub(in crate::fabric) fn delete_item(
        &mut self,
        id: ItemId,
        reserved_until: Timestamp,
        at: Timestamp,
    ) -> Vec<ItemId> {
        let mut deleted = self.items.descendants(id);
        deleted.push(id);
        for id in &deleted {
            if let Some(item) = self.items.remove(id) {
                self.record_deletion(&item, at);
                self.release_name(&item, reserved_until, at);
            }
            // Children that were deleted before it cannot be recovered without it.
            self.delete_recoverable(*id, at);
        }
        deleted
    }

    /// Frees the name of a deleted item, and reserves it until `reserved_until`.
    pub(in crate::fabric) fn release_name(&mut self, item: &Item, reserved_until: Timestamp, at: Timestamp) {
        if item.kind == ItemKind::SQLEndpoint {
            return;
        }
        let key = (item.kind, Folded::new(&item.display_name));
        self.names.remove(&key);
        self.reserve(key, reserved_until, at);
    }

    /// Keeps a deleted SQL database so that it can be restored.
    pub(in crate::fabric) fn record_deletion(&mut self, item: &Item, at: Timestamp) {
        if let Some(database) = item.sql_database.as_ref().filter(|_| item.visible_from <= at) {
            self.deleted_databases.insert(item.id, database.deleted(item, at));
            let oldest = self.deleted_databases.values().next().map(|deleted| deleted.id);
            if let Some(oldest) = oldest.filter(|_| self.deleted_databases.len() > DELETED_MAX) {
                self.deleted_databases.remove(&oldest);
            }
        }
    }

    /// Returns the number of items of a kind, including items that are not visible yet.
    pub fn count(&self, kind: ItemKind) -> usize {
        self.items().values().filter(|item| item.kind == kind).count()
    }
}
