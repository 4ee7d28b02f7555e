//! Capacities: their configurations, their changes in Azure Resource Manager, and the effects of a pause.

use std::sync::LazyLock;

use jiff::Timestamp;

use crate::fabric::behaviours::ReadsWhilePaused;
use crate::fabric::capacity::{self, Capacity, CapacityOperation, CapacityState};
use crate::fabric::item::ItemKind;
use crate::fabric::ordered::Ordered;
use crate::fabric::spark::capacity::CapacityConfiguration;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{CapacityId, OperationId, WorkspaceId};

impl State {
    /// Returns the capacities, in a fixed order.
    pub fn capacities(&self) -> &[Capacity] {
        &self.capacities
    }

    /// Returns a capacity.
    pub fn capacity(&self, id: CapacityId) -> Result<&Capacity, FabricError> {
        let found = self.capacities.iter().find(|capacity| capacity.id == id);
        found.ok_or_else(|| FabricError::new(ErrorCode::CapacityNotFound).about("Capacity", id))
    }

    /// Returns the configuration of a capacity.
    pub fn capacity_configuration(&self, id: CapacityId) -> &CapacityConfiguration {
        static NEW: LazyLock<CapacityConfiguration> = LazyLock::new(CapacityConfiguration::default);
        self.capacity_configurations.get(&id).unwrap_or(&NEW)
    }

    /// Returns the changes of capacities in Azure Resource Manager, in order of their start.
    pub fn capacity_operations(&self) -> &Ordered<OperationId, CapacityOperation> {
        &self.capacity_operations
    }

    /// Rejects a workspace without an active capacity.
    pub fn check_capacity(&self, workspace: &Workspace) -> Result<(), FabricError> {
        let id = workspace.capacity.ok_or(ErrorCode::WorkspaceHasNoCapacityAssigned)?;
        match self.capacity(id)?.state {
            CapacityState::Active => Ok(()),
            CapacityState::Inactive => {
                Err(FabricError::new(ErrorCode::CapacityNotActive).message(format!("Capacity {id} is not active")))
            }
        }
    }

    /// Rejects a read on the typed route of a kind while the capacity of the workspace is paused. This affects only
    /// kinds whose content is on the capacity. `behaviours.readsWhilePaused` selects the error, or allows the read.
    pub fn check_readable(&self, workspace: &Workspace, kind: ItemKind) -> Result<(), FabricError> {
        let answer = self.settings.behaviours.reads_while_paused;
        if workspace.capacity.is_none() || !kind.spec().lives_on_capacity || answer == ReadsWhilePaused::Answer {
            return Ok(());
        }
        self.check_capacity(workspace).map_err(|error| match answer {
            ReadsWhilePaused::Fail => ErrorCode::InternalServerError.into(),
            ReadsWhilePaused::NotFound | ReadsWhilePaused::Answer => error.hiding(),
        })
    }

    pub(super) fn create_capacity(&mut self, created: Capacity, at: Timestamp) {
        self.counts.capacities += 1;
        self.declare_capacity(created, at);
    }

    /// Adds a capacity, or replaces the capacity with the same id.
    pub(super) fn declare_capacity(&mut self, declared: Capacity, at: Timestamp) {
        let (id, state) = (declared.id, declared.state);
        match self.capacities.iter_mut().find(|capacity| capacity.id == id) {
            Some(capacity) if capacity.state == state => *capacity = declared,
            Some(capacity) => {
                *capacity = declared;
                self.change_capacity(id, state, at);
            }
            None => self.capacities.push(declared),
        }
    }

    /// Sets the state of a capacity. A pause also affects the workspaces on the capacity: replication pauses, and
    /// operations in progress that create an item or read a definition fail.
    pub(super) fn change_capacity(&mut self, id: CapacityId, to: CapacityState, at: Timestamp) {
        if let Some(capacity) = self.capacities.iter_mut().find(|capacity| capacity.id == id) {
            capacity.state = to;
        }
        if to == CapacityState::Active {
            return;
        }
        let affected: Vec<WorkspaceId> =
            self.workspaces().values().filter(|it| it.capacity == Some(id)).map(|workspace| workspace.id).collect();
        for workspace in affected {
            self.pause_mirroring(workspace, at);
            for item in self.operations.fail_in_progress(workspace, at) {
                self.remove_item(workspace, item, at, at);
            }
        }
    }

    /// Deletes a capacity. Its workspaces first behave as if it was paused, and then have no capacity.
    pub(super) fn delete_capacity(&mut self, id: CapacityId, at: Timestamp) {
        self.change_capacity(id, CapacityState::Inactive, at);
        self.capacities.retain(|capacity| capacity.id != id);
        let assigned: Vec<WorkspaceId> =
            self.workspaces().values().filter(|it| it.capacity == Some(id)).map(|workspace| workspace.id).collect();
        for workspace in assigned {
            self.with_workspace(workspace, |workspace| workspace.capacity = None);
        }
    }

    pub(super) fn start_capacity_operation(&mut self, operation: CapacityOperation) {
        self.counts.operations += 1;
        self.capacity_operations.insert(operation.id, operation);
        let oldest = self.capacity_operations.values().next().map(|operation| operation.id);
        if let Some(oldest) = oldest.filter(|_| self.capacity_operations.len() > capacity::OPERATIONS_MAX) {
            self.capacity_operations.remove(&oldest);
        }
    }
}
