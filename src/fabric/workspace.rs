//! Workspaces: their properties and content, and the rules that concern all items of a workspace, such as unique names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::capacity::CapacityState;
use crate::fabric::encryption::Encryption;
use crate::fabric::folder::Folder;
use crate::fabric::git::GitConnection;
use crate::fabric::item::recovery::RecoverableItem;
use crate::fabric::item::sql_database::DeletedDatabase;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::managed_private_endpoint::ManagedPrivateEndpoint;
use crate::fabric::name::{Folded, NAME_MAX, WORKSPACE_DESCRIPTION_MAX, check_description, check_name};
use crate::fabric::networking::Networking;
use crate::fabric::onelake_settings::OneLakeSettings;
use crate::fabric::operation::{self, NewOperation, PendingResult, Progress};
use crate::fabric::ordered::Ordered;
use crate::fabric::page::Position;
use crate::fabric::principal::Principal;
use crate::fabric::role::{Role, RoleAssignment};
use crate::fabric::spark::Spark;
use crate::fabric::sql_pools::SqlPools;
use crate::fabric::workspaces::Items;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, as_list, later};
use crate::ids::{
    ApplicationId, CapacityId, DomainId, FolderId, ItemId, ManagedPrivateEndpointId, PrincipalId, TagId, WorkspaceId,
};

/// The maximum number of items in a workspace, including companions and recoverable items.
pub const ITEMS_MAX: usize = 1_000;
/// The maximum number of workspaces in a tenant (guessed).
pub const WORKSPACES_MAX: usize = 10_000;
/// The highest rank of a kind. Lists are sorted by rank: see `rank` in the specification of the kind.
const RANK_MAX: u64 = 3;
/// The maximum number of reserved names in a workspace. At the maximum, a new reservation replaces the reservation that
/// expires first.
const RESERVED_MAX: usize = 10_000;

/// The type of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkspaceType {
    /// A user's personal workspace, "My workspace".
    Personal,
    /// A workspace in which roles can be assigned to other principals.
    Workspace,
}

/// A workspace identity: an app registration that represents a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceIdentity {
    /// The client id of the app.
    pub application_id: ApplicationId,
    /// The object id of its service principal.
    pub service_principal_id: PrincipalId,
}

/// The duration of provisioning an identity (seen).
const PROVISIONING_TAKES: SignedDuration = SignedDuration::from_millis(1_800);
/// The duration of deprovisioning an identity (seen).
const DEPROVISIONING_TAKES: SignedDuration = SignedDuration::from_millis(1_100);

/// The name of every personal workspace.
const MY_WORKSPACE: &str = "My workspace";

/// A workspace and its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// The id of the workspace.
    pub id: WorkspaceId,
    /// The name of the workspace.
    pub display_name: String,
    /// The description of the workspace; empty if there is none.
    pub description: String,
    /// The capacity that the workspace is assigned to.
    pub capacity: Option<CapacityId>,
    /// The domain that the workspace is assigned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainId>,
    /// The type of the workspace.
    pub kind: WorkspaceType,
    /// The tags of the workspace.
    pub tags: Vec<TagId>,
    /// The instant at which the assignment to the capacity is complete.
    pub assigned_at: Timestamp,
    /// The identity of the workspace, and the instant from which the identity exists.
    pub(super) identity: Option<(WorkspaceIdentity, Timestamp)>,
    /// The networking policies, if one of them was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) networking: Option<Box<Networking>>,
    #[serde(default, skip_serializing_if = "Ordered::is_new")]
    pub(super) managed_private_endpoints: Ordered<ManagedPrivateEndpointId, ManagedPrivateEndpoint>,
    /// The encryption with a customer-managed key, if there ever was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<Encryption>,
    /// The OneLake settings, if one of them was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) onelake_settings: Option<Box<OneLakeSettings>>,
    /// The Spark settings and custom pools, if they were ever changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spark: Option<Box<Spark>>,
    /// The SQL pools, if they were ever changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sql_pools: Option<Box<SqlPools>>,
    /// The connection to Git, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) git: Option<Box<GitConnection>>,
    pub(super) roles: Ordered<PrincipalId, RoleAssignment>,
    pub(super) deleted_databases: Ordered<ItemId, DeletedDatabase>,
    /// The deleted items that can be recovered, in order of their deletion.
    #[serde(default, skip_serializing_if = "Ordered::is_new")]
    pub(super) recoverable: Ordered<ItemId, RecoverableItem>,
    pub(super) folders: Ordered<FolderId, Folder>,
    pub(super) items: Items,
    #[serde(with = "as_list")]
    pub(super) names: BTreeMap<(ItemKind, Folded), ItemId>,
    /// The names of deleted items, and the instants at which these names become available again.
    #[serde(with = "as_list")]
    pub(super) reserved: BTreeMap<(ItemKind, Folded), Timestamp>,
}

/// The properties of a new workspace.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// The name of the workspace.
    pub display_name: String,
    /// The description of the workspace.
    pub description: String,
    /// The capacity to assign the workspace to.
    pub capacity: Option<CapacityId>,
    /// The domain to assign the workspace to.
    pub domain: Option<DomainId>,
}

/// Creates a workspace. The creator becomes the first admin of the workspace.
pub fn create(state: &State, new: NewWorkspace, creator: Principal) -> Decision<WorkspaceId> {
    let NewWorkspace { display_name, description, capacity, domain } = new;
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, WORKSPACE_DESCRIPTION_MAX)?;
    if let Some(id) = capacity {
        check_assignable(state, id)?;
    }
    if let Some(id) = domain {
        state.check_contributor(state.domain(id)?, creator)?;
    }
    check_free(state, &display_name, None)?;
    if state.workspaces().len() >= WORKSPACES_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {WORKSPACES_MAX} workspaces.")));
    }
    let id = state.next_workspace();
    let created = Fact::WorkspaceCreated { id, display_name, description, capacity, creator };
    let assigned = domain.map(|_| Fact::DomainAssigned { workspaces: vec![id], domain });
    Ok((std::iter::once(created).chain(assigned).collect(), id))
}

/// Updates the name or description of a workspace. `None` leaves the current value unchanged.
pub fn update(
    state: &State,
    workspace: &Workspace,
    display_name: Option<String>,
    description: Option<String>,
) -> Decision<()> {
    workspace.check_shared()?;
    if display_name.is_none() && description.is_none() {
        return Err(ErrorCode::InvalidRequest.into());
    }
    let id = workspace.id;
    let display_name = display_name.unwrap_or_else(|| workspace.display_name.clone());
    let description = description.unwrap_or_else(|| workspace.description.clone());
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, WORKSPACE_DESCRIPTION_MAX)?;
    check_free(state, &display_name, Some(id))?;
    Ok((vec![Fact::WorkspaceUpdated { id, display_name, description }], ()))
}

/// Deletes a workspace and its content.
pub fn delete(workspace: &Workspace) -> Decision<()> {
    workspace.check_shared()?;
    Ok((vec![Fact::WorkspaceDeleted { id: workspace.id }], ()))
}

/// Assigns a workspace to a capacity. `None` unassigns the workspace, which is possible only if the workspace has no
/// items (documented).
pub fn assign(state: &State, workspace: &Workspace, capacity: Option<CapacityId>, now: Timestamp) -> Decision<()> {
    workspace.check_shared()?;
    match capacity {
        Some(id) => check_assignable(state, id)?,
        None if !workspace.items().is_empty() => {
            return Err(FabricError::new(ErrorCode::InvalidRequest)
                .message("Workspaces with Fabric items cannot be unassigned from their capacity.")
                .about("Workspace", workspace.id));
        }
        None => {}
    }
    let takes = capacity.map_or(SignedDuration::ZERO, |_| state.settings.timing().capacity_assignment());
    Ok((vec![Fact::WorkspaceAssigned { id: workspace.id, capacity, completed_at: later(now, takes) }], ()))
}

/// Provisions the identity of a workspace, as a long-running operation.
pub fn provision_identity(state: &State, workspace: &Workspace, now: Timestamp) -> Decision<Progress<()>> {
    workspace.check_shared()?;
    if workspace.identity.is_some() {
        return Err(FabricError::new(ErrorCode::WorkspaceIdentityAlreadyExists).about("Workspace", workspace.id));
    }
    let identity = state.next_identity();
    let operation = NewOperation {
        retry_after: state.settings.timing().retry_after_identity(),
        ..operation::begin(state, workspace.id, Role::Admin, PROVISIONING_TAKES, PendingResult::Identity(identity), now)
    };
    let provisioned = Fact::IdentityProvisioned { workspace: workspace.id, identity, from: operation.ends_at };
    Ok(operation.after(vec![provisioned]))
}

/// Deprovisions the identity of a workspace, as a long-running operation without a result.
pub fn deprovision_identity(state: &State, workspace: &Workspace, now: Timestamp) -> Decision<Progress<()>> {
    if workspace.identity.is_none() {
        return Err(FabricError::new(ErrorCode::WorkspaceIdentityNotFound).about("Workspace", workspace.id));
    }
    let operation = NewOperation {
        retry_after: state.settings.timing().retry_after_identity(),
        ..operation::begin(state, workspace.id, Role::Admin, DEPROVISIONING_TAKES, PendingResult::Nothing, now)
    };
    Ok(operation.after(vec![Fact::IdentityDeprovisioned { workspace: workspace.id }]))
}

/// Rejects a capacity that does not exist or is paused.
fn check_assignable(state: &State, id: CapacityId) -> Result<(), FabricError> {
    match state.capacity(id)?.state {
        CapacityState::Active => Ok(()),
        CapacityState::Inactive => Err(FabricError::new(ErrorCode::CapacityNotInActiveState).about("Capacity", id)),
    }
}

/// Returns the error about the name of an item that another item of the same kind has.
pub(super) fn name_in_use(name: &str) -> FabricError {
    FabricError::new(ErrorCode::ItemDisplayNameAlreadyInUse).message(format!("Requested '{name}' is already in use"))
}

fn check_free(state: &State, name: &str, own: Option<WorkspaceId>) -> Result<(), FabricError> {
    match state.workspace_named(&Folded::new(name)) {
        Some(taken) if Some(taken) != own => Err(ErrorCode::WorkspaceNameAlreadyExists.into()),
        _ => Ok(()),
    }
}

impl Workspace {
    /// Creates an empty workspace. The creator is its only admin.
    pub(super) fn new(id: WorkspaceId, new: NewWorkspace, creator: Principal, at: Timestamp) -> Self {
        let NewWorkspace { display_name, description, capacity, domain } = new;
        let mut roles = Ordered::default();
        roles.insert(creator.id, RoleAssignment { principal: creator, role: Role::Admin });
        Self {
            id,
            display_name,
            description,
            capacity,
            domain,
            kind: WorkspaceType::Workspace,
            tags: Vec::new(),
            assigned_at: at,
            identity: None,
            networking: None,
            managed_private_endpoints: Ordered::default(),
            encryption: None,
            onelake_settings: None,
            spark: None,
            sql_pools: None,
            git: None,
            roles,
            deleted_databases: Ordered::default(),
            recoverable: Ordered::default(),
            folders: Ordered::default(),
            items: Items::default(),
            names: BTreeMap::new(),
            reserved: BTreeMap::new(),
        }
    }

    /// Creates the personal workspace of a user, without a capacity.
    pub(super) fn personal(id: WorkspaceId, owner: Principal, at: Timestamp) -> Self {
        let new = NewWorkspace {
            display_name: MY_WORKSPACE.into(),
            description: String::new(),
            capacity: None,
            domain: None,
        };
        Self { kind: WorkspaceType::Personal, ..Self::new(id, new, owner, at) }
    }

    /// Returns the identity of the workspace at `now`.
    pub fn identity(&self, now: Timestamp) -> Option<WorkspaceIdentity> {
        self.identity.filter(|(_, from)| *from <= now).map(|(identity, _)| identity)
    }

    /// Sets the identity of the workspace and the instant from which the identity exists. `None` removes the identity.
    pub(super) fn set_identity(&mut self, identity: Option<(WorkspaceIdentity, Timestamp)>) {
        self.identity = identity;
    }

    /// Returns the networking policies of the workspace.
    pub fn networking(&self) -> &Networking {
        static ALL_ALLOWED: LazyLock<Networking> = LazyLock::new(Networking::default);
        self.networking.as_deref().unwrap_or(&ALL_ALLOWED)
    }

    /// Returns the managed private endpoints, in order of creation.
    pub fn managed_private_endpoints(&self) -> &Ordered<ManagedPrivateEndpointId, ManagedPrivateEndpoint> {
        &self.managed_private_endpoints
    }

    /// Returns the encryption of the workspace; `None` if it never had a customer-managed key.
    pub fn encryption(&self) -> Option<&Encryption> {
        self.encryption.as_ref()
    }

    /// Returns the OneLake settings of the workspace.
    pub fn onelake_settings(&self) -> &OneLakeSettings {
        static INITIAL: LazyLock<OneLakeSettings> = LazyLock::new(OneLakeSettings::default);
        self.onelake_settings.as_deref().unwrap_or(&INITIAL)
    }

    /// Returns the Spark settings and the custom pools of the workspace.
    pub fn spark(&self) -> &Spark {
        static NEW: LazyLock<Spark> = LazyLock::new(Spark::default);
        self.spark.as_deref().unwrap_or(&NEW)
    }

    /// Returns the SQL pools of the workspace.
    pub fn sql_pools(&self) -> &SqlPools {
        static NEW: LazyLock<SqlPools> = LazyLock::new(SqlPools::default);
        self.sql_pools.as_deref().unwrap_or(&NEW)
    }

    /// Returns the role assignments, in order of creation.
    pub fn role_assignments(&self) -> &Ordered<PrincipalId, RoleAssignment> {
        &self.roles
    }

    /// Returns an item. Rejects an item that is not visible at `now`.
    pub fn item(&self, id: ItemId, now: Timestamp) -> Result<&Item, FabricError> {
        self.items().get(&id).filter(|item| item.visible_from <= now).ok_or_else(|| FabricError::no_item(id))
    }

    /// Returns an item. Rejects an item that is of another kind or is not visible at `now`.
    pub fn item_of(&self, kind: ItemKind, id: ItemId, now: Timestamp) -> Result<&Item, FabricError> {
        self.item(id, now).and_then(|item| if item.kind == kind { Ok(item) } else { Err(FabricError::no_item(id)) })
    }

    /// Returns all items in order of creation, including items that are not visible yet.
    pub fn items(&self) -> &Ordered<ItemId, Item> {
        self.items.all()
    }

    /// Returns the items after a position, sorted by the rank of their kinds and then by creation. The high bits of the
    /// position contain the rank.
    pub fn items_by_rank(&self, after: Option<Position>) -> impl Iterator<Item = (Position, &Item)> {
        const RANK: u32 = 60;
        let (from, within) = after.map_or((0, 0), |position| (position >> RANK, position & ((1 << RANK) - 1)));
        (from..=RANK_MAX).flat_map(move |rank| {
            let after = (rank == from).then_some(within);
            let of_rank = self.items().after(after).filter(move |(_, item)| u64::from(item.kind.spec().rank) == rank);
            of_rank.map(move |(position, item)| (rank << RANK | position, item))
        })
    }

    /// Returns all folders, in order of creation.
    pub fn folders(&self) -> &Ordered<FolderId, Folder> {
        &self.folders
    }

    /// Returns a folder.
    pub fn folder(&self, id: FolderId) -> Result<&Folder, FabricError> {
        self.folders.get(&id).ok_or_else(|| FabricError::new(ErrorCode::FolderNotFound).about("Folder", id))
    }

    /// Rejects a name that another item of this kind has, or that is reserved. `own` is the item to be renamed: its
    /// current name is accepted.
    pub fn check_item_name(
        &self,
        kind: ItemKind,
        name: &str,
        own: Option<ItemId>,
        now: Timestamp,
    ) -> Result<(), FabricError> {
        let key = (kind, Folded::new(name));
        if self.names.get(&key).is_some_and(|taken| Some(*taken) != own) {
            return Err(name_in_use(name));
        }
        if self.reserved.get(&key).is_some_and(|until| now < *until) {
            let message = format!(
                "Requested '{name}' is not available yet and is expected to become available in the upcoming minutes."
            );
            return Err(FabricError::new(ErrorCode::ItemDisplayNameNotAvailableYet).message(message));
        }
        Ok(())
    }

    /// Rejects the creation of `more` items if the workspace would then have more than [`ITEMS_MAX`]. Items that can be
    /// recovered at `now` count.
    pub fn check_room(&self, more: usize, now: Timestamp) -> Result<(), FabricError> {
        let count = self.items().len() + self.recoverable_items(None, now).count() + more;
        if count > ITEMS_MAX { Err(ErrorCode::WorkspaceItemsLimitExceeded.into()) } else { Ok(()) }
    }

    /// Reserves the name of a deleted item until the instant `until`. Drops the reservations that have expired at
    /// `now`.
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
