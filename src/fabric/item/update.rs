//! Changes to items: updates of name, description and properties, identities, moves and deletions.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Item, ItemKind, KindChange, Rename, check_characters, recovery};
use crate::fabric::name::{ITEM_DESCRIPTION_MAX, NAME_MAX, check_description, check_name};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{FolderId, ItemId, LogicalId};

/// The maximum number of items that one request can move (documented).
pub const MOVED_MAX: usize = 50;

/// A request to update an item. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// The new name.
    pub display_name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The changes to the kind state that `properties` requests. See [`settable`].
    pub kind_changes: Vec<KindChange>,
}

/// Returns the changes to the kind state that the `properties` of an update requests. Ignores members that clients
/// cannot set.
pub fn settable(kind: ItemKind, properties: &Map<String, Value>) -> Result<Vec<KindChange>, FabricError> {
    (kind.spec().hooks.settable)(properties)
}

/// Updates an item. A new name also applies to the SQL endpoint of the item.
pub fn update(state: &State, within: &Workspace, item: &Item, change: Update, now: Timestamp) -> Decision<ItemId> {
    let Update { display_name, description, mut kind_changes } = change;
    let spec = item.kind.spec();
    let display_name = match spec.rename {
        Rename::Accepted => display_name,
        Rename::Ignored => None,
        // The current name is accepted, because clients may repeat it in a request that changes the description.
        Rename::Refused(code) if display_name.as_ref().is_some_and(|name| *name != item.display_name) => {
            return Err(code.into());
        }
        Rename::Refused(_) => display_name,
    };
    if display_name.is_none() && description.is_none() && kind_changes.is_empty() {
        return Err(ErrorCode::InvalidRequest.into());
    }
    let display_name = display_name.unwrap_or_else(|| item.display_name.clone());
    let description = description.unwrap_or_else(|| item.description.clone());
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, ITEM_DESCRIPTION_MAX)?;
    state.check_capacity(within)?;
    check_independent(item)?;
    if display_name != item.display_name {
        check_characters(item.kind, &display_name)?;
        within.check_item_name(item.kind, &display_name, Some(item.id), now)?;
    }
    if !kind_changes.is_empty() {
        kind_changes.extend((spec.hooks.before_change)(item, now));
    }
    let updated =
        Fact::ItemUpdated { workspace: within.id, id: item.id, display_name, description, changes: kind_changes };
    Ok((vec![updated], item.id))
}

/// Deletes an item and all items that belong to it. Their names stay reserved for a time that depends on the pace. If the
/// tenant retains items of this kind, they can be recovered, unless the deletion is `permanent`.
pub fn delete(state: &State, within: &Workspace, item: &Item, permanent: bool, now: Timestamp) -> Decision<()> {
    check_independent(item)?;
    let (workspace, id) = (within.id, item.id);
    let reserved_until = later(now, state.settings.timing().name_reserved());
    let retention = recovery::retention(state, item.kind).filter(|_| !permanent);
    let deleted = match retention.map(|retention| later(now, retention)) {
        Some(expires_at) => Fact::ItemSoftDeleted { workspace, id, reserved_until, expires_at },
        None => Fact::ItemDeleted { workspace, id, reserved_until },
    };
    Ok((vec![deleted], ()))
}

/// Sets the logical id of an item. It must be unique in the workspace and not nil (documented).
pub fn set_logical_id(
    state: &State,
    within: &Workspace,
    item: &Item,
    logical_id: LogicalId,
    now: Timestamp,
) -> Decision<()> {
    if logical_id == LogicalId::MIN {
        return Err(FabricError::invalid_input("The LogicalId field must not be an empty GUID."));
    }
    state.check_capacity(within)?;
    let recoverable = within.recoverable_items(None, now).map(|(_, it)| &*it.item);
    let mut others = within.items().values().chain(recoverable).filter(|other| other.id != item.id);
    if others.any(|other| other.logical_id == Some(logical_id)) {
        return Err(FabricError::new(ErrorCode::EntityConflict)
            .message("The logical ID is already in use in the workspace.")
            .about("Item", item.id));
    }
    Ok((vec![Fact::LogicalIdChanged { workspace: within.id, id: item.id, logical_id }], ()))
}

/// Associates an item with an identity: the principal as which the item acts.
pub fn associate_identity(state: &State, within: &Workspace, item: &Item, identity: Principal) -> Decision<ItemId> {
    state.check_capacity(within)?;
    Ok((vec![Fact::IdentityAssociated { workspace: within.id, id: item.id, identity }], item.id))
}

/// Moves items, and all items that belong to them, into a folder. Moves them into the root of the workspace if `folder`
/// is `None`. If one item cannot be moved, none is moved.
pub fn relocate(
    within: &Workspace,
    ids: Vec<ItemId>,
    folder: Option<FolderId>,
    now: Timestamp,
) -> Decision<Vec<ItemId>> {
    if ids.is_empty() || ids.len() > MOVED_MAX {
        return Err(FabricError::invalid_input(format!("From 1 to {MOVED_MAX} items are moved by a request.")));
    }
    if let Some(folder) = folder {
        within.folder(folder)?;
    }
    for id in &ids {
        let item = within.item(*id, now)?;
        if item.parent.is_some_and(|parent| !ids.contains(&parent)) {
            return Err(FabricError::new(ErrorCode::CannotMoveChildOnly).about("Item", id));
        }
    }
    Ok((vec![Fact::ItemsMoved { workspace: within.id, ids: ids.clone(), folder }], ids))
}

/// Rejects a SQL endpoint. SQL endpoints are renamed and deleted only together with their parent.
pub(super) fn check_independent(item: &Item) -> Result<(), FabricError> {
    if item.kind == ItemKind::SQLEndpoint {
        Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id))
    } else {
        Ok(())
    }
}
