//! Workspaces, and the rules that compare what is in them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::fabric::access::Principal;
use crate::fabric::folder::Folder;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::name::{Folded, NAME_MAX, WORKSPACE_DESCRIPTION_MAX, check_description, check_name};
use crate::fabric::ordered::Ordered;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State};
use crate::ids::{CapacityId, FolderId, ItemId, WorkspaceId};

/// Items of a workspace at most, children counted.
pub const ITEMS_MAX: usize = 1_000;
/// Workspaces of a tenant at most (guessed).
pub const WORKSPACES_MAX: usize = 10_000;
/// Reserved names that are remembered in a workspace; the one that comes free first makes room.
const RESERVED_MAX: usize = 10_000;

/// A workspace and all that is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub display_name: String,
    /// Its description, empty when there is none.
    pub description: String,
    /// The capacity that it runs on.
    pub capacity: Option<CapacityId>,
    /// Who made it.
    pub creator: Principal,
    pub(super) folders: Ordered<FolderId, Folder>,
    pub(super) items: Ordered<ItemId, Item>,
    pub(super) names: HashMap<(ItemKind, Folded), ItemId>,
    /// Names of deleted items, and when they are free again.
    pub(super) reserved: BTreeMap<(ItemKind, Folded), Timestamp>,
}

/// What a new workspace shall be.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: String,
    /// The capacity to run on.
    pub capacity: Option<CapacityId>,
}

/// Creates a workspace.
pub fn create(state: &State, new: NewWorkspace, creator: Principal) -> Decided<WorkspaceId> {
    let NewWorkspace { display_name, description, capacity } = new;
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, WORKSPACE_DESCRIPTION_MAX)?;
    if let Some(id) = capacity {
        state.capacity(id)?;
    }
    check_free(state, &display_name, None)?;
    if state.workspaces().len() >= WORKSPACES_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {WORKSPACES_MAX} workspaces.")));
    }
    let id = state.next_workspace();
    Ok((vec![Fact::WorkspaceCreated { id, display_name, description, capacity, creator }], id))
}

/// Renames or describes a workspace; what is `None` stays as it is.
pub fn update(
    state: &State,
    id: WorkspaceId,
    display_name: Option<String>,
    description: Option<String>,
) -> Decided<()> {
    let workspace = state.workspace(id)?;
    if display_name.is_none() && description.is_none() {
        return Err(ErrorCode::InvalidRequest.into());
    }
    let display_name = display_name.unwrap_or_else(|| workspace.display_name.clone());
    let description = description.unwrap_or_else(|| workspace.description.clone());
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, WORKSPACE_DESCRIPTION_MAX)?;
    check_free(state, &display_name, Some(id))?;
    Ok((vec![Fact::WorkspaceUpdated { id, display_name, description }], ()))
}

/// Deletes a workspace and all that is in it.
pub fn delete(state: &State, id: WorkspaceId) -> Decided<()> {
    state.workspace(id)?;
    Ok((vec![Fact::WorkspaceDeleted { id }], ()))
}

fn check_free(state: &State, name: &str, own: Option<WorkspaceId>) -> Result<(), FabricError> {
    match state.workspace_named(&Folded::new(name)) {
        Some(taken) if Some(taken) != own => Err(ErrorCode::WorkspaceNameAlreadyExists.into()),
        _ => Ok(()),
    }
}

impl Workspace {
    /// An empty workspace.
    pub(super) fn new(
        id: WorkspaceId,
        display_name: String,
        description: String,
        capacity: Option<CapacityId>,
        creator: Principal,
    ) -> Self {
        let (folders, items) = (Ordered::default(), Ordered::default());
        let (names, reserved) = (HashMap::new(), BTreeMap::new());
        Self { id, display_name, description, capacity, creator, folders, items, names, reserved }
    }

    /// An item that can be seen at `now`.
    pub fn item(&self, id: ItemId, now: Timestamp) -> Result<&Item, FabricError> {
        self.items.get(&id).filter(|item| item.visible_from <= now).ok_or_else(|| FabricError::no_item(id))
    }

    /// An item of this kind that can be seen at `now`.
    pub fn item_of(&self, kind: ItemKind, id: ItemId, now: Timestamp) -> Result<&Item, FabricError> {
        self.item(id, now).and_then(|item| if item.kind == kind { Ok(item) } else { Err(FabricError::no_item(id)) })
    }

    /// All items in order of creation, visible or not yet.
    pub fn items(&self) -> &Ordered<ItemId, Item> {
        &self.items
    }

    /// All folders in order of creation.
    pub fn folders(&self) -> &Ordered<FolderId, Folder> {
        &self.folders
    }

    /// A folder.
    pub fn folder(&self, id: FolderId) -> Result<&Folder, FabricError> {
        self.folders.get(&id).ok_or_else(|| FabricError::new(ErrorCode::FolderNotFound).about("Folder", id))
    }

    /// Whether `name` can be given to an item of this kind; `own` is the item that may have it already.
    pub fn check_item_name(
        &self,
        kind: ItemKind,
        name: &str,
        own: Option<ItemId>,
        now: Timestamp,
    ) -> Result<(), FabricError> {
        let key = (kind, Folded::new(name));
        if self.names.get(&key).is_some_and(|taken| Some(*taken) != own) {
            let message = format!("Requested '{name}' is already in use");
            return Err(FabricError::new(ErrorCode::ItemDisplayNameAlreadyInUse).message(message));
        }
        if self.reserved.get(&key).is_some_and(|until| now < *until) {
            let message = format!(
                "Requested '{name}' is not available yet and is expected to become available in the upcoming minutes."
            );
            return Err(FabricError::new(ErrorCode::ItemDisplayNameNotAvailableYet).message(message));
        }
        Ok(())
    }

    /// Whether `more` items find room.
    pub fn check_room(&self, more: usize) -> Result<(), FabricError> {
        if self.items.len() + more > ITEMS_MAX { Err(ErrorCode::WorkspaceItemsLimitExceeded.into()) } else { Ok(()) }
    }

    /// Keeps the name of a deleted item from being used until then.
    pub(super) fn reserve(&mut self, key: (ItemKind, Folded), until: Timestamp, now: Timestamp) {
        self.reserved.retain(|_, until| now < *until);
        if until <= now {
            return;
        }
        if self.reserved.len() >= RESERVED_MAX
            && let Some(first) = self.reserved.iter().min_by_key(|(_, until)| **until).map(|(key, _)| key.clone())
        {
            self.reserved.remove(&first);
        }
        self.reserved.insert(key, until);
    }
}
