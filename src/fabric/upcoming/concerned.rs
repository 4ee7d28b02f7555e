//! The items and workspaces whose upcoming changes depend on a fact.

use super::index::{Index, of_source};
use crate::fabric::capacity::CapacityState;
use crate::fabric::mirroring::trouble::Target;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Fact, State};
use crate::ids::{CapacityId, ConnectionId, ItemId, SourceId, TroubleId, WorkspaceId};

impl Index {
    /// Removes the entries of all items and workspaces that a fact concerns. `state` is the state before the fact.
    /// [`Index::settle`] must follow after the fact is applied.
    pub fn touch(&mut self, state: &State, fact: &Fact) {
        match fact {
            Fact::ItemCreated { item, companions, .. } => {
                self.touch_new(item.id);
                companions.iter().for_each(|companion| self.touch_new(companion.item.id));
            }
            Fact::DefinitionUpdated { id, .. }
            | Fact::MirroringStarted { id, .. }
            | Fact::MirroringStopped { id, .. }
            | Fact::JobStarted { item: id, .. }
            | Fact::JobCancelled { item: id, .. }
            | Fact::ScheduleCreated { item: id, .. }
            | Fact::ScheduleUpdated { item: id, .. }
            | Fact::ScheduleDeleted { item: id, .. } => self.touch_known(state, *id),
            Fact::ItemDeleted { workspace, id, .. } | Fact::ItemSoftDeleted { workspace, id, .. } => {
                self.touch_with_descendants(state, *workspace, *id);
            }
            Fact::ItemsRecovered { ids, .. } => ids.iter().for_each(|id| self.touch_new(*id)),
            Fact::WorkspaceDeleted { id } => {
                if let Ok(workspace) = state.workspace(*id) {
                    self.touch_workspace(workspace);
                    self.touch_items(workspace);
                }
            }
            Fact::WorkspaceAssigned { id, .. }
            | Fact::ManagedPrivateEndpointCreated { workspace: id, .. }
            | Fact::ManagedPrivateEndpointDeleted { workspace: id, .. }
            | Fact::EncryptionChanged { workspace: id, .. } => {
                state.workspace(*id).into_iter().for_each(|workspace| self.touch_workspace(workspace));
            }
            // Rows arrive only while the identity of the source can write in the workspace.
            Fact::RoleAssigned { workspace, .. }
            | Fact::RoleChanged { workspace, .. }
            | Fact::RoleRemoved { workspace, .. }
                if state.troubles().has_identities() =>
            {
                state.workspace(*workspace).into_iter().for_each(|workspace| self.touch_items(workspace));
            }
            Fact::PrincipalsDeclared(_) if state.troubles().has_identities() => {
                state.workspaces().values().for_each(|workspace| self.touch_items(workspace));
            }
            Fact::CapacityDeclared(capacity) | Fact::CapacityCreated(capacity) | Fact::CapacityUpdated(capacity) => {
                self.touch_capacity(state, capacity.id, capacity.state)
            }
            Fact::CapacityChanged { id, state: to } => self.touch_capacity(state, *id, *to),
            Fact::CapacityDeleted { id } => self.touch_capacity(state, *id, CapacityState::Inactive),
            // A start fixes the connection of a mirrored database. A mirrored catalog looks at its connection always.
            Fact::ConnectionCreated(connection)
            | Fact::ConnectionUpdated(connection)
            | Fact::ConnectionDeclared(connection) => self.touch_catalogs(state, connection.id),
            Fact::ConnectionDeleted { id } => self.touch_catalogs(state, *id),
            Fact::SourceDeclared { source, .. } => {
                self.touch_databases(state, *source);
                self.touch_catalogs(state, (*source).into());
            }
            Fact::TroubleAdded(trouble) => self.touch_target(state, &trouble.target),
            Fact::TroubleChanged { id, .. } | Fact::TroubleRemoved { id, .. } => self.touch_trouble(state, *id),
            Fact::SettingsChanged(_)
            | Fact::PrincipalRegistered { .. }
            | Fact::PrincipalsDeclared(_)
            | Fact::SecretsDeclared(_)
            | Fact::TagsDeclared { .. }
            | Fact::TagDeleted { .. }
            | Fact::DomainCreated(_)
            | Fact::DomainUpdated(_)
            | Fact::DomainDeleted { .. }
            | Fact::DomainAssigned { .. }
            | Fact::TenantSettingChanged { .. }
            | Fact::TenantSettingOverridden { .. }
            | Fact::FaultAdded { .. }
            | Fact::FaultSwitched { .. }
            | Fact::FaultDeleted { .. }
            | Fact::GatewayCreated(_)
            | Fact::GatewayUpdated(_)
            | Fact::GatewaysDeclared { .. }
            | Fact::GatewayDeleted { .. }
            | Fact::DeploymentPipelineCreated { .. }
            | Fact::DeploymentPipelineUpdated { .. }
            | Fact::DeploymentPipelineRolesChanged { .. }
            | Fact::DeploymentPipelineDeleted { .. }
            | Fact::DeploymentStageUpdated { .. }
            | Fact::DeploymentStageAssigned { .. }
            | Fact::DeploymentStageUnassigned { .. }
            | Fact::DeploymentStarted { .. }
            | Fact::GitPushed(_)
            | Fact::GitConnected { .. }
            | Fact::GitDisconnected { .. }
            | Fact::GitCredentialsChanged { .. }
            | Fact::GitSettingsChanged { .. }
            | Fact::GitSynced { .. }
            | Fact::WorkspaceRelationCreated(_)
            | Fact::WorkspaceRelationDeleted { .. }
            | Fact::WorkspaceCreated { .. }
            | Fact::WorkspaceUpdated { .. }
            | Fact::IdentityProvisioned { .. }
            | Fact::IdentityDeprovisioned { .. }
            | Fact::WorkspaceTagged { .. }
            | Fact::NetworkingChanged { .. }
            | Fact::OneLakeSettingsChanged { .. }
            | Fact::PathCreated { .. }
            | Fact::PathFlushed { .. }
            | Fact::PathRenamed { .. }
            | Fact::PathDeleted { .. }
            | Fact::SparkChanged { .. }
            | Fact::SqlPoolsChanged { .. }
            | Fact::CapacityConfigured { .. }
            | Fact::RoleAssigned { .. }
            | Fact::RoleChanged { .. }
            | Fact::RoleRemoved { .. }
            | Fact::FolderCreated { .. }
            | Fact::FolderRenamed { .. }
            | Fact::FolderMoved { .. }
            | Fact::FolderDeleted { .. }
            | Fact::ItemUpdated { .. }
            | Fact::ShortcutsChanged { .. }
            | Fact::DataAccessRolesChanged { .. }
            | Fact::ExternalDataShareCreated(_)
            | Fact::ExternalDataShareAccepted { .. }
            | Fact::ExternalDataShareRevoked { .. }
            | Fact::ExternalDataShareDeleted { .. }
            | Fact::IdentityAssociated { .. }
            | Fact::KindStateChanged { .. }
            | Fact::ItemsMoved { .. }
            | Fact::ItemTagged { .. }
            | Fact::LabelsChanged { .. }
            | Fact::RecoverableItemDeleted { .. }
            | Fact::LogicalIdChanged { .. }
            | Fact::CapacityOperationStarted(_)
            | Fact::OperationStarted(_) => {}
        }
    }

    fn touch_known(&mut self, state: &State, id: ItemId) {
        if let Some((within, item)) = state.find_item(id) {
            self.touch_item(within, item);
        }
    }

    fn touch_items(&mut self, workspace: &Workspace) {
        workspace.items().values().for_each(|item| self.touch_item(workspace, item));
    }

    fn touch_with_descendants(&mut self, state: &State, workspace: WorkspaceId, id: ItemId) {
        let Ok(within) = state.workspace(workspace) else { return };
        let descendants = within.items.descendants(id);
        let items = descendants.iter().chain([&id]).filter_map(|id| within.items().get(id));
        items.for_each(|item| self.touch_item(within, item));
    }

    /// A pause of a capacity pauses the databases in its workspaces, and fails the creation of items.
    fn touch_capacity(&mut self, state: &State, id: CapacityId, to: CapacityState) {
        if to == CapacityState::Inactive {
            let affected = state.workspaces().values().filter(|workspace| workspace.capacity == Some(id));
            affected.for_each(|workspace| self.touch_items(workspace));
        }
    }

    fn touch_databases(&mut self, state: &State, source: SourceId) {
        of_source(&self.databases, source).into_iter().for_each(|id| self.touch_known(state, id));
    }

    fn touch_catalogs(&mut self, state: &State, connection: ConnectionId) {
        of_source(&self.catalogs, connection.into()).into_iter().for_each(|id| self.touch_known(state, id));
    }

    fn touch_trouble(&mut self, state: &State, id: TroubleId) {
        if let Some(trouble) = state.troubles().get(id) {
            self.touch_target(state, &trouble.target);
        }
    }

    /// Trouble of an item can delay its SQL endpoint.
    fn touch_target(&mut self, state: &State, target: &Target) {
        match target {
            Target::Item { item, .. } => {
                self.touch_known(state, *item);
                let endpoint = state.find_item(*item).and_then(|(_, item)| item.sql_endpoint);
                endpoint.into_iter().for_each(|id| self.touch_known(state, id));
            }
            Target::Source { source, .. } => self.touch_databases(state, *source),
            Target::ConnectionDetails { .. } => {}
        }
    }
}
