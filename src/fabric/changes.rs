//! The changes that facts bring about at their instant: of items, and of the statuses that time can change too
//! ([`upcoming`](crate::fabric::upcoming)).
//!
//! An observation before the facts is compared with one after them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::item::{Definition, Item};
use crate::fabric::job::{self, JobInstance};
use crate::fabric::mirroring::{MirroringError, TableName};
use crate::fabric::upcoming::{Change, UpcomingChange};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Fact, State};
use crate::ids::{CapacityId, FolderId, ItemId, JobInstanceId, ManagedPrivateEndpointId, OperationId, WorkspaceId};

/// A change of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemChange {
    /// The item.
    pub item_id: ItemId,
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// The type of the change.
    pub what: ItemChangeType,
}

/// The type of a change of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemChangeType {
    /// The item was created. It may become visible later.
    Created,
    /// The name or the description changed.
    Renamed,
    /// The folder changed.
    Moved,
    /// The definition was replaced.
    Definition,
    /// The item was deleted.
    Deleted,
}

/// The part of a tenant that facts can change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The workspaces whose items, operations and assignments can change.
    workspaces: BTreeSet<WorkspaceId>,
    statuses: Statuses,
}

/// The databases whose statuses facts can change.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Statuses {
    These(BTreeSet<ItemId>),
    All,
}

impl Default for Statuses {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl Scope {
    /// Returns the part of a tenant that these facts can change.
    pub fn of(state: &State, facts: &[Fact]) -> Self {
        let mut scope = Self::default();
        facts.iter().for_each(|fact| scope.add(state, fact));
        scope
    }

    fn add(&mut self, state: &State, fact: &Fact) {
        match fact {
            Fact::ItemCreated { workspace, item, .. } => self.add_item(*workspace, Some(item.id)),
            Fact::ItemUpdated { workspace, id, .. }
            | Fact::KindStateChanged { workspace, id, .. }
            | Fact::DefinitionUpdated { workspace, id, .. }
            | Fact::MirroringStarted { workspace, id, .. }
            | Fact::MirroringStopped { workspace, id, .. }
            | Fact::JobStarted { workspace, item: id, .. }
            | Fact::JobCancelled { workspace, item: id, .. } => self.add_item(*workspace, Some(*id)),
            Fact::ItemsMoved { workspace, .. }
            | Fact::ItemDeleted { workspace, .. }
            | Fact::ItemSoftDeleted { workspace, .. }
            | Fact::FolderDeleted { workspace, .. }
            | Fact::WorkspaceDeleted { id: workspace }
            | Fact::ManagedPrivateEndpointCreated { workspace, .. }
            | Fact::EncryptionChanged { workspace, .. } => self.add_item(*workspace, None),
            Fact::ItemsRecovered { workspace, ids } => ids.iter().for_each(|id| self.add_item(*workspace, Some(*id))),
            Fact::OperationStarted(operation) => {
                operation.workspace.into_iter().for_each(|workspace| self.add_item(workspace, None));
            }
            Fact::WorkspaceAssigned { id, .. } => {
                self.add_item(*id, None);
                self.statuses = Statuses::All;
            }
            Fact::CapacityChanged { .. }
            | Fact::CapacityDeclared(_)
            | Fact::CapacityUpdated(_)
            | Fact::CapacityDeleted { .. } => {
                self.workspaces = state.workspaces().values().map(|workspace| workspace.id).collect();
                self.statuses = Statuses::All;
            }
            Fact::SourceDeclared { .. }
            | Fact::TroubleAdded(_)
            | Fact::TroubleChanged { .. }
            | Fact::TroubleRemoved { .. } => self.statuses = Statuses::All,
            _ => {}
        }
    }

    fn add_item(&mut self, workspace: WorkspaceId, item: Option<ItemId>) {
        self.workspaces.insert(workspace);
        if let Statuses::These(items) = &mut self.statuses {
            items.extend(item);
        }
    }
}

/// The members of an item whose changes are reported.
#[derive(Debug)]
struct ItemMembers {
    workspace: WorkspaceId,
    name: String,
    description: String,
    folder: Option<FolderId>,
    definition: Option<Arc<Definition>>,
}

/// A thing with a status.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Database(ItemId),
    Table(ItemId, TableName),
    Operation(OperationId),
    Job(ItemId, JobInstanceId),
    ManagedPrivateEndpoint(ManagedPrivateEndpointId),
    Encryption,
}

/// A part of a tenant at an instant.
#[derive(Debug)]
pub struct Observation {
    items: BTreeMap<ItemId, ItemMembers>,
    statuses: BTreeMap<(WorkspaceId, Subject), (Change, Option<MirroringError>)>,
    /// The last assignment of each workspace, and the instant at which it was or will be complete.
    assignments: BTreeMap<WorkspaceId, Assignment>,
    at: Timestamp,
}

/// The capacity of a workspace, and the instant at which its assignment is complete.
type Assignment = (Option<CapacityId>, Timestamp);

impl Observation {
    /// Observes a part of a tenant at an instant.
    pub fn of(state: &State, scope: &Scope, at: Timestamp) -> Self {
        let (items, statuses, assignments) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut observation = Self { items, statuses, assignments, at };
        for workspace in scope.workspaces.iter().filter_map(|id| state.workspaces().get(id)) {
            observation.add_items(workspace);
            observation.add_protection(workspace);
            observation.assignments.insert(workspace.id, (workspace.capacity, workspace.assigned_at));
        }
        let ended = state.operations().values().filter(|operation| operation.ends_at <= at);
        for operation in ended.filter(|operation| scope.workspaces.contains(&operation.workspace_id())) {
            let (operation_id, status) = (operation.id, operation.status_at(at));
            let key = (operation.workspace_id(), Subject::Operation(operation_id));
            observation.statuses.insert(key, (Change::Operation { operation_id, status }, None));
        }
        let databases: Vec<(WorkspaceId, &Item)> = match &scope.statuses {
            Statuses::These(items) => {
                let found = items.iter().filter_map(|id| state.find_item(*id));
                found.map(|(workspace, item)| (workspace.id, item)).collect()
            }
            Statuses::All => {
                let workspaces = state.workspaces().values();
                workspaces.flat_map(|within| within.items().values().map(|item| (within.id, item))).collect()
            }
        };
        for (workspace, item) in databases {
            observation.add_statuses(state, workspace, item);
        }
        observation
    }

    fn add_items(&mut self, workspace: &Workspace) {
        self.items.extend(workspace.items().values().map(|item| {
            let members = ItemMembers {
                workspace: workspace.id,
                name: item.display_name.clone(),
                description: item.description.clone(),
                folder: item.folder,
                definition: item.definition.clone(),
            };
            (item.id, members)
        }));
    }

    /// Adds the managed private endpoints that are provisioned, and the encryption after its last change.
    fn add_protection(&mut self, workspace: &Workspace) {
        let at = self.at;
        let endpoints = workspace.managed_private_endpoints().values().filter(|endpoint| endpoint.is_provisioned(at));
        for managed_private_endpoint_id in endpoints.map(|endpoint| endpoint.id) {
            let key = (workspace.id, Subject::ManagedPrivateEndpoint(managed_private_endpoint_id));
            let change = Change::ManagedPrivateEndpoint { managed_private_endpoint_id };
            self.statuses.insert(key, (change, None));
        }
        if let Some(encryption) = workspace.encryption().filter(|encryption| encryption.completed_at <= at) {
            let change = Change::Encryption { status: encryption.status_at(at) };
            self.statuses.insert((workspace.id, Subject::Encryption), (change, None));
        }
    }

    fn add_statuses(&mut self, state: &State, workspace: WorkspaceId, item: &Item) {
        let at = self.at;
        let mut add = |subject, change, error| self.statuses.insert((workspace, subject), (change, error));
        let ended = job::instances(state, item, at).into_iter().filter(|instance| !instance.status.is_active());
        for JobInstance { run, status, .. } in ended {
            add(Subject::Job(item.id, run.id), Change::Job { job_instance_id: run.id, status }, None);
        }
        if let Some(database) = &item.sql_database {
            if let Some(span) = database.spans().into_iter().rfind(|span| span.from <= at) {
                add(Subject::Database(item.id), Change::Status { status: span.status.as_str() }, None);
            }
            return;
        }
        let Ok(replication) = state.replication(workspace, item) else { return };
        let phase = replication.phase_at(at);
        add(Subject::Database(item.id), Change::Status { status: phase.status.as_str() }, phase.error.cloned());
        for table in replication.tables_at(state, at) {
            let change = Change::TableStatus {
                source_schema_name: table.name.schema.to_string(),
                source_table_name: table.name.table.to_string(),
                status: format!("{:?}", table.status),
            };
            add(Subject::Table(item.id, table.name), change, table.error);
        }
    }

    /// Returns the changes of items from this observation to a later one.
    pub fn item_changes(&self, later: &Self) -> Vec<ItemChange> {
        let change = |item_id: &ItemId, members: &ItemMembers, what| ItemChange {
            item_id: *item_id,
            workspace_id: members.workspace,
            what,
        };
        let mut changes = Vec::new();
        for (id, members) in self.items.iter().filter(|(id, _)| !later.items.contains_key(id)) {
            changes.push(change(id, members, ItemChangeType::Deleted));
        }
        for (id, members) in &later.items {
            let Some(before) = self.items.get(id) else {
                changes.push(change(id, members, ItemChangeType::Created));
                continue;
            };
            let is_same = match (&before.definition, &members.definition) {
                (Some(before), Some(after)) => Arc::ptr_eq(before, after),
                (before, after) => before.is_none() && after.is_none(),
            };
            let is_renamed = (&before.name, &before.description) != (&members.name, &members.description);
            let whats = [
                (is_renamed, ItemChangeType::Renamed),
                (before.folder != members.folder, ItemChangeType::Moved),
                (!is_same, ItemChangeType::Definition),
            ];
            let whats = whats.into_iter().filter(|(is_changed, _)| *is_changed);
            changes.extend(whats.map(|(_, what)| change(id, members, what)));
        }
        changes
    }

    /// Returns the changes of statuses from this observation to a later one. They happen at the instant `at`.
    pub fn status_changes(&self, later: &Self, at: Timestamp) -> Vec<UpcomingChange> {
        let assigned = later.assignments.iter().filter(|(id, assignment)| {
            assignment.1 <= later.at && self.assignments.get(id).is_some_and(|before| before != *assignment)
        });
        let assigned = assigned.map(|(id, _)| UpcomingChange {
            at,
            workspace_id: *id,
            item_id: None,
            change: Change::CapacityAssigned,
        });
        let changed = later.statuses.iter().filter(|(key, status)| self.statuses.get(key) != Some(status));
        let changed = changed.map(|((workspace_id, subject), (change, _))| UpcomingChange {
            at,
            workspace_id: *workspace_id,
            item_id: match subject {
                Subject::Database(item) | Subject::Table(item, _) | Subject::Job(item, _) => Some(*item),
                Subject::Operation(_) | Subject::ManagedPrivateEndpoint(_) | Subject::Encryption => None,
            },
            change: change.clone(),
        });
        assigned.chain(changed).collect()
    }
}
