//! Workspace roles: their assignments and the checks of a caller's role (docs/fidelity.md#roles).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fabric::principal::{self, DirectoryEntry, Principal, PrincipalType};
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::PrincipalId;

/// Maximum number of role assignments in a workspace (documented).
pub const ASSIGNMENTS_MAX: usize = 1_000;

/// A role in a workspace. The variants are in order from the weakest role to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Can read the workspace and its items.
    Viewer,
    /// Can also create, change and delete items.
    Contributor,
    /// Can also assign roles up to `Member`.
    Member,
    /// Can do everything.
    Admin,
}

impl Role {
    /// All roles, weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Contributor, Self::Member, Self::Admin];

    /// Returns the name of the role on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Contributor => "Contributor",
            Self::Member => "Member",
            Self::Admin => "Admin",
        }
    }

    /// Returns the role with the given name, compared without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(name))
    }
}

/// The role of a principal in a workspace. The id of the assignment is the id of the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// The principal.
    pub principal: Principal,
    /// The role.
    pub role: Role,
}

impl Workspace {
    /// Replaces principals in the role assignments. The keys of `replaced` are the ids of the old principals. A
    /// principal that would have two roles afterwards keeps the higher role.
    pub(super) fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        let assigned = self.roles.values().map(|assignment| assignment.principal.id);
        let affected: Vec<PrincipalId> = assigned.filter(|id| replaced.contains_key(id)).collect();
        for before in affected {
            let (Some(old), Some(after)) = (self.roles.remove(&before), replaced.get(&before)) else { continue };
            match self.roles.get_mut(&after.id) {
                Some(known) => known.role = known.role.max(old.role),
                None => self.roles.insert(after.id, RoleAssignment { principal: *after, ..old }),
            }
        }
        self.git.iter_mut().for_each(|connection| connection.replace_principals(replaced));
    }

    /// Returns the role of a principal: the higher of the principal's own role and the role assigned to the entire
    /// tenant.
    pub fn role_of(&self, principal: Principal) -> Option<Role> {
        let own = self.roles.get(&principal.id).map(|assignment| assignment.role);
        own.max(self.role_of_entire_tenant())
    }

    /// Returns `true` if the role of a principal is not lower than `needed`.
    pub fn has_role(&self, principal: Principal, needed: Role) -> bool {
        let own = self.roles.get(&principal.id).map(|assignment| assignment.role);
        own >= Some(needed) || self.role_of_entire_tenant() >= Some(needed)
    }

    /// Rejects callers whose role is lower than `needed`.
    pub fn check_role(&self, caller: Principal, needed: Role) -> Result<(), FabricError> {
        if self.has_role(caller, needed) {
            return Ok(());
        }
        let actual = self.role_of(caller).map_or("no role", Role::as_str);
        Err(FabricError::new(ErrorCode::InsufficientPrivileges).about("Workspace", self.id).note(format!(
            "the caller {} has {actual} in this workspace; {} is required",
            caller.id,
            needed.as_str()
        )))
    }

    fn role_of_entire_tenant(&self) -> Option<Role> {
        let is_entire_tenant = |assignment: &&RoleAssignment| assignment.principal.kind == PrincipalType::EntireTenant;
        self.roles.values().filter(is_entire_tenant).map(|assignment| assignment.role).max()
    }

    /// Returns the role assignment of a principal.
    pub fn role_assignment(&self, id: PrincipalId) -> Result<&RoleAssignment, FabricError> {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("WorkspaceRoleAssignment", id);
        self.roles.get(&id).ok_or_else(missing)
    }

    /// Rejects a personal workspace, because its properties and roles cannot change.
    pub(super) fn check_shared(&self) -> Result<(), FabricError> {
        match self.kind {
            WorkspaceType::Workspace => Ok(()),
            WorkspaceType::Personal => {
                Err(FabricError::new(ErrorCode::MyWorkspaceCantBeChanged).about("Workspace", self.id))
            }
        }
    }

    fn check_not_last_admin(&self, id: PrincipalId) -> Result<(), FabricError> {
        let admins = || self.roles.values().filter(|assignment| assignment.role == Role::Admin);
        if admins().count() == 1 && admins().all(|assignment| assignment.principal.id == id) {
            return Err(FabricError::invalid_input("The role assignment of the last admin can't be changed."));
        }
        Ok(())
    }
}

/// Assigns a role to a principal. Returns the assignment, and whether the principal is also added to the directory.
///
/// Callers can assign only roles up to their own. If the directory contains the principal, the type in the directory is
/// used instead of the type in the request.
pub fn add(
    state: &State,
    workspace: &Workspace,
    asked: Principal,
    role: Role,
    caller: Principal,
) -> Decision<(RoleAssignment, bool)> {
    workspace.check_shared()?;
    workspace.check_role(caller, role)?;
    let (principal, learned) = principal::assignee(state, asked).ok_or_else(|| unknown(workspace, asked.id))?;
    if learned.is_some() && principal.kind == PrincipalType::ServicePrincipalProfile {
        return Err(ErrorCode::WorkspaceRoleNotAllowedForServicePrincipalProfile.into());
    }
    if principal.kind == PrincipalType::ServicePrincipalProfile && role < Role::Member {
        return Err(FabricError::new(ErrorCode::WorkspaceRoleNotAllowedForServicePrincipalProfile)
            .about("Workspace", workspace.id));
    }
    if workspace.roles.contains(&principal.id) {
        return Err(
            FabricError::new(ErrorCode::PrincipalAlreadyHasWorkspaceRolePermissions).about("Workspace", workspace.id)
        );
    }
    if workspace.roles.len() >= ASSIGNMENTS_MAX {
        return Err(FabricError::invalid_input(format!("A workspace has at most {ASSIGNMENTS_MAX} role assignments.")));
    }
    let assignment = RoleAssignment { principal, role };
    let is_learned = learned.is_some();
    let given = Fact::RoleAssigned { workspace: workspace.id, assignment };
    Ok((learned.into_iter().chain([given]).collect(), (assignment, is_learned)))
}

fn unknown(workspace: &Workspace, id: PrincipalId) -> FabricError {
    FabricError::new(ErrorCode::PrincipalNotFound)
        .about("Workspace", workspace.id)
        .concerning("Principal", id)
        .note("the directory does not know this id, and behaviours.unknownPrincipal is 400; declare it by PUT /_emulator/principals")
}

/// Gives an administrator access to a personal workspace. The access does not end by itself.
pub fn grant_temporary_access(state: &State, workspace: &Workspace, caller: Principal) -> Decision<()> {
    check_personal(workspace)?;
    if workspace.roles.contains(&caller.id) {
        let message = "Access to the personal workspace has already been granted.";
        return Err(FabricError::new(ErrorCode::BadRequest).message(message).about("Workspace", workspace.id));
    }
    if workspace.roles.len() >= ASSIGNMENTS_MAX {
        return Err(FabricError::invalid_input(format!("A workspace has at most {ASSIGNMENTS_MAX} role assignments.")));
    }
    let principal = state.directory().get(&caller.id).map_or(caller, DirectoryEntry::principal);
    let assignment = RoleAssignment { principal, role: Role::Admin };
    Ok((vec![Fact::RoleAssigned { workspace: workspace.id, assignment }], ()))
}

/// Removes the access that [`grant_temporary_access`] gave. A user keeps the access to their own personal workspace.
pub fn remove_temporary_access(state: &State, workspace: &Workspace, caller: Principal) -> Decision<()> {
    check_personal(workspace)?;
    let is_owner = workspace.id == state.personal_workspace(caller.id);
    if is_owner || !workspace.roles.contains(&caller.id) {
        let message = "The caller does not currently have access to the designated personal workspace.";
        return Err(FabricError::new(ErrorCode::BadRequest).message(message).about("Workspace", workspace.id));
    }
    Ok((vec![Fact::RoleRemoved { workspace: workspace.id, id: caller.id }], ()))
}

fn check_personal(workspace: &Workspace) -> Result<(), FabricError> {
    match workspace.kind {
        WorkspaceType::Personal => Ok(()),
        WorkspaceType::Workspace => Err(FabricError::new(ErrorCode::EntityNotFound).about("Workspace", workspace.id)),
    }
}

/// Changes the role of a principal. Rejects a change that would leave the workspace without an admin.
pub fn update(workspace: &Workspace, id: PrincipalId, role: Role) -> Decision<RoleAssignment> {
    workspace.check_shared()?;
    let RoleAssignment { principal, .. } = *workspace.role_assignment(id)?;
    if role != Role::Admin {
        workspace.check_not_last_admin(id)?;
    }
    if principal.kind == PrincipalType::ServicePrincipalProfile && role < Role::Member {
        return Err(ErrorCode::WorkspaceRoleNotAllowedForServicePrincipalProfile.into());
    }
    let assignment = RoleAssignment { principal, role };
    Ok((vec![Fact::RoleChanged { workspace: workspace.id, assignment }], assignment))
}

/// Deletes a role assignment. Rejects the deletion of the last admin.
pub fn delete(workspace: &Workspace, id: PrincipalId) -> Decision<()> {
    workspace.check_shared()?;
    workspace.role_assignment(id)?;
    workspace.check_not_last_admin(id)?;
    Ok((vec![Fact::RoleRemoved { workspace: workspace.id, id }], ()))
}
