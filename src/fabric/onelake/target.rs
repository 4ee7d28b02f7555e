//! The workspace and the item of a storage request: their resolution by id or by name, and the caller's role.

use jiff::Timestamp;

use super::rules::managed_folders;
use super::{StorageCode, StorageError, Tree};
use crate::fabric::State;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::name::Folded;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, WorkspaceId};

/// An item with its workspace.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The item.
    pub item: &'a Item,
}

impl<'a> Target<'a> {
    /// Returns the paths of the item.
    pub fn tree(self) -> &'a Tree {
        self.item.tree()
    }
}

/// The workspace and the item as a URL names them: both by id, or by name and `name.kind`.
#[derive(Debug, Clone, Copy)]
pub struct TargetName<'a> {
    /// The workspace.
    pub workspace: &'a str,
    /// The item.
    pub item: &'a str,
}

/// Returns a workspace by id or name. Rejects callers without a role in it.
///
/// # Errors
///
/// `FilesystemNotFound` for an unknown id (guessed); `FriendlyNameSupportDisabled` for an unknown name (seen);
/// `Forbidden` without a role.
pub fn resolve_workspace<'a>(state: &'a State, caller: Principal, name: &str) -> Result<&'a Workspace, StorageError> {
    let workspace = find_workspace(state, name)?;
    check_role(workspace, caller, Role::Viewer, name, "")?;
    Ok(workspace)
}

/// Returns an item that is visible at `now`. Rejects callers below Contributor (documented: a Viewer cannot use OneLake's
/// storage).
///
/// # Errors
///
/// Those of [`resolve_workspace`]; `FriendlyNameSupportDisabled` for an item by name in a workspace by id, or the reverse,
/// and for an unknown name; `PathNotFound` for an unknown id (guessed).
pub fn resolve<'a>(
    state: &'a State,
    caller: Principal,
    name: TargetName<'_>,
    now: Timestamp,
) -> Result<Target<'a>, StorageError> {
    let workspace = find_workspace(state, name.workspace)?;
    check_role(workspace, caller, Role::Contributor, name.workspace, name.item)?;
    let is_by_id = name.workspace.parse::<WorkspaceId>().is_ok();
    let id = match name.item.parse::<ItemId>() {
        Ok(id) if is_by_id => Some(id),
        Err(_) if !is_by_id => Some(item_named(workspace, name.item).ok_or_else(unresolved)?),
        _ => None,
    };
    let item = workspace.item(id.ok_or_else(unresolved)?, now);
    item.map(|item| Target { workspace, item }).map_err(|_| StorageCode::PathNotFound.into())
}

/// Returns the items of a workspace that have storage and are visible at `now`, in order of creation.
pub fn named_items(workspace: &Workspace, now: Timestamp) -> impl Iterator<Item = &Item> {
    workspace.items().values().filter(move |item| item.visible_from <= now && !managed_folders(item.kind).is_empty())
}

/// Returns the names of the first-level folders of an item, in order.
pub fn folder_names(item: &Item) -> impl Iterator<Item = &'static str> {
    managed_folders(item.kind).iter().map(|folder| folder.name)
}

fn find_workspace<'a>(state: &'a State, name: &str) -> Result<&'a Workspace, StorageError> {
    match name.parse::<WorkspaceId>() {
        Ok(id) => state.workspace(id).map_err(|_| StorageCode::FilesystemNotFound.into()),
        Err(_) => {
            let id = state.workspace_named(&Folded::new(name)).ok_or_else(unresolved)?;
            state.workspace(id).map_err(|_| unresolved())
        }
    }
}

fn item_named(workspace: &Workspace, name: &str) -> Option<ItemId> {
    let (name, kind) = name.rsplit_once('.')?;
    let kind: ItemKind = kind.parse().ok()?;
    workspace.names.get(&(kind, Folded::new(name))).copied()
}

fn unresolved() -> StorageError {
    StorageError::from(StorageCode::FriendlyNameSupportDisabled)
        .note("the workspace and the item must both be ids, or both names of something that exists, as in ws/db.MirroredDatabase")
}

fn check_role(
    workspace: &Workspace,
    caller: Principal,
    needed: Role,
    name: &str,
    item: &str,
) -> Result<(), StorageError> {
    if workspace.has_role(caller, needed) {
        return Ok(());
    }
    let message =
        format!("User is not authorized to perform current operation for workspace '{name}' and artifact '{item}'.");
    Err(StorageError::from(StorageCode::Forbidden).message(message))
}
