//! Roles in a workspace: who has which, who may give it, and what it takes to be let in (docs/fidelity.md#roles).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fabric::principal::{self, Principal, PrincipalType};
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::PrincipalId;

/// Role assignments of a workspace at most (documented).
pub const ASSIGNMENTS_MAX: usize = 1_000;

/// A role in a workspace, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes items.
    Contributor,
    /// A contributor who lets others in.
    Member,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Contributor, Self::Member, Self::Admin];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Contributor => "Contributor",
            Self::Member => "Member",
            Self::Admin => "Admin",
        }
    }

    /// The role of this name; enumerations match without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(name))
    }
}

/// A principal's role in a workspace. Its id is the principal's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// Who has it.
    pub principal: Principal,
    /// The role.
    pub role: Role,
}

impl Workspace {
    /// Puts principals in the place of others; of two roles that one would have then, the higher one stays.
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
    }

    /// The role that a principal has here: his own, or everybody's where that is more.
    pub fn role_of(&self, principal: Principal) -> Option<Role> {
        let own = self.roles.get(&principal.id).map(|assignment| assignment.role);
        let everybodys = self.everybodys_role();
        own.max(everybodys)
    }

    /// Refuses who has not at least this role.
    pub fn check_role(&self, caller: Principal, needed: Role) -> Result<(), FabricError> {
        let has = self.role_of(caller);
        if has >= Some(needed) {
            return Ok(());
        }
        let has = has.map_or("no role", Role::as_str);
        Err(FabricError::new(ErrorCode::InsufficientPrivileges).about("Workspace", self.id).note(format!(
            "the caller {} has {has} in this workspace; {} is needed",
            caller.id,
            needed.as_str()
        )))
    }

    fn everybodys_role(&self) -> Option<Role> {
        let everybody = |assignment: &&RoleAssignment| assignment.principal.kind == PrincipalType::EntireTenant;
        self.roles.values().filter(everybody).map(|assignment| assignment.role).max()
    }

    /// A role assignment.
    pub fn role_assignment(&self, id: PrincipalId) -> Result<&RoleAssignment, FabricError> {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("WorkspaceRoleAssignment", id);
        self.roles.get(&id).ok_or_else(missing)
    }

    /// Personal workspaces have one owner for good.
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

/// Assigns a role to a principal, and tells whether the directory learned of the principal by it. A caller cannot assign a role above
/// its own. The type is the directory's, whatever the request says.
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

/// Gives a principal another role.
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

/// Takes a role away.
pub fn delete(workspace: &Workspace, id: PrincipalId) -> Decision<()> {
    workspace.check_shared()?;
    workspace.role_assignment(id)?;
    workspace.check_not_last_admin(id)?;
    Ok((vec![Fact::RoleRemoved { workspace: workspace.id, id }], ()))
}
