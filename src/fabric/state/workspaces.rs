//! Workspaces: their names, roles, identities, folders and managed private endpoints.

use jiff::Timestamp;

use crate::fabric::folder::Folder;
use crate::fabric::managed_private_endpoint::ManagedPrivateEndpoint;
use crate::fabric::name::Folded;
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::Principal;
use crate::fabric::role::RoleAssignment;
use crate::fabric::workspace::{NewWorkspace, Workspace, WorkspaceIdentity};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{CapacityId, FolderId, ItemId, PrincipalId, WorkspaceId};

impl State {
    /// Returns the workspaces, in order of creation.
    pub fn workspaces(&self) -> &Ordered<WorkspaceId, Workspace> {
        self.workspaces.all()
    }

    /// Returns a workspace.
    pub fn workspace(&self, id: WorkspaceId) -> Result<&Workspace, FabricError> {
        self.workspaces.get(&id).ok_or_else(|| FabricError::new(ErrorCode::WorkspaceNotFound).about("Workspace", id))
    }

    /// Returns the id of the workspace with this name.
    pub fn workspace_named(&self, name: &Folded) -> Option<WorkspaceId> {
        self.workspace_names.get(name).copied()
    }

    pub(super) fn create_workspace(&mut self, id: WorkspaceId, new: NewWorkspace, creator: Principal, at: Timestamp) {
        self.counts.workspaces += 1;
        self.workspace_names.insert(Folded::new(&new.display_name), id);
        self.workspaces.insert(Workspace::new(id, new, creator, at));
        self.record_permissions(id, at);
    }

    pub(super) fn update_workspace(&mut self, id: WorkspaceId, display_name: String, description: String) {
        if let Some(workspace) = self.workspaces.get_mut(&id) {
            self.workspace_names.remove(&Folded::new(&workspace.display_name));
            self.workspace_names.insert(Folded::new(&display_name), id);
            (workspace.display_name, workspace.description) = (display_name, description);
        }
    }

    /// Assigns a workspace to a capacity, or unassigns it.
    pub(super) fn assign_capacity(&mut self, id: WorkspaceId, capacity: Option<CapacityId>, completed_at: Timestamp) {
        self.with_workspace(id, |workspace| {
            workspace.capacity = capacity;
            workspace.assigned_at = completed_at;
        });
    }

    /// Deletes a workspace with its content, and what is known about it.
    pub(super) fn delete_workspace(&mut self, id: WorkspaceId) {
        self.operations.remove_workspace(id);
        let Some(workspace) = self.workspaces.remove(&id) else { return };
        self.workspace_names.remove(&Folded::new(&workspace.display_name));
        let items: Vec<ItemId> = workspace.items().values().map(|item| item.id).collect();
        self.deployment_pipelines.unassign(id, &items);
        self.forget_workspace(&workspace);
        self.relations.retain(|relation| !relation.involves(id));
    }

    pub(super) fn provision_identity(&mut self, id: WorkspaceId, identity: WorkspaceIdentity, from: Timestamp) {
        self.counts.identities += 1;
        self.with_workspace(id, |workspace| workspace.set_identity(Some((identity, from))));
    }

    pub(super) fn assign_role(&mut self, id: WorkspaceId, assignment: RoleAssignment, at: Timestamp) {
        self.with_workspace(id, |workspace| workspace.roles.insert(assignment.principal.id, assignment));
        self.record_permissions(id, at);
    }

    pub(super) fn change_role(&mut self, id: WorkspaceId, assignment: RoleAssignment, at: Timestamp) {
        self.with_workspace(id, |workspace| {
            if let Some(before) = workspace.roles.get_mut(&assignment.principal.id) {
                *before = assignment;
            }
        });
        self.record_permissions(id, at);
    }

    pub(super) fn remove_role(&mut self, id: WorkspaceId, principal: PrincipalId, at: Timestamp) {
        self.with_workspace(id, |workspace| {
            workspace.roles.remove(&principal);
        });
        self.record_permissions(id, at);
    }

    pub(super) fn create_folder(&mut self, workspace: WorkspaceId, folder: Folder) {
        self.counts.folders += 1;
        self.with_workspace(workspace, |workspace| workspace.folders.insert(folder.id, folder));
    }

    pub(super) fn create_private_endpoint(&mut self, workspace: WorkspaceId, endpoint: ManagedPrivateEndpoint) {
        self.counts.managed_private_endpoints += 1;
        self.with_workspace(workspace, |workspace| {
            workspace.managed_private_endpoints.insert(endpoint.id, endpoint);
        });
    }

    pub(super) fn with_workspace(&mut self, id: WorkspaceId, change: impl FnOnce(&mut Workspace)) {
        if let Some(workspace) = self.workspaces.get_mut(&id) {
            change(workspace);
        }
    }

    pub(super) fn with_folder(&mut self, workspace: WorkspaceId, id: FolderId, change: impl FnOnce(&mut Folder)) {
        self.with_workspace(workspace, |workspace| {
            if let Some(folder) = workspace.folders.get_mut(&id) {
                change(folder);
            }
        });
    }
}
