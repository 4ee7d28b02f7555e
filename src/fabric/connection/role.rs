//! Connection roles: the permissions to use, share and change a connection (docs/fidelity.md#connections).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Connection;
use crate::fabric::page::Position;
use crate::fabric::principal::{self, Principal, PrincipalType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ConnectionId, PrincipalId};

/// Maximum number of role assignments of a connection (guessed).
pub const ASSIGNMENTS_MAX: usize = 1_000;

/// A role in a connection. The variants are in order from the weakest role to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConnectionRole {
    /// Can use the connection.
    User,
    /// Can also assign the roles `User` and `UserWithReshare`.
    UserWithReshare,
    /// Can also change and delete the connection, and assign all roles.
    Owner,
}

impl ConnectionRole {
    /// Returns the role with the given name, compared without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        [("User", Self::User), ("UserWithReshare", Self::UserWithReshare), ("Owner", Self::Owner)]
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, role)| role)
    }
}

/// The role of a principal in a connection. The id of the assignment is the id of the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRoleAssignment {
    /// The principal.
    pub principal: Principal,
    /// The role.
    pub role: ConnectionRole,
    /// The position of the assignment in the list of assignments. The position never changes.
    pub position: Position,
}

impl Connection {
    /// Replaces principals in the role assignments. The keys of `replaced` are the ids of the old principals. A
    /// principal that would have two roles afterwards keeps the higher role.
    pub(in crate::fabric) fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        let assigned = self.roles.iter().map(|assignment| assignment.principal.id);
        let affected: Vec<PrincipalId> = assigned.filter(|id| replaced.contains_key(id)).collect();
        for before in affected {
            let (Some(old), Some(after)) = (self.own_role(before), replaced.get(&before).copied()) else { continue };
            if self.own_role(after.id).is_some() {
                self.roles.retain(|assignment| assignment.principal.id != before);
            }
            for assignment in self.roles.iter_mut().filter(|it| [before, after.id].contains(&it.principal.id)) {
                (assignment.principal, assignment.role) = (after, assignment.role.max(old));
            }
        }
    }

    /// Returns the role of a principal: the higher of the principal's own role and the role assigned to the entire
    /// tenant. A caller without a role cannot see the connection.
    pub fn role_of(&self, principal: PrincipalId) -> Option<ConnectionRole> {
        let of_tenant = self.roles.iter().filter(|it| it.principal.kind == PrincipalType::EntireTenant);
        self.own_role(principal).max(of_tenant.map(|assignment| assignment.role).max())
    }

    fn own_role(&self, principal: PrincipalId) -> Option<ConnectionRole> {
        self.roles.iter().find(|assignment| assignment.principal.id == principal).map(|assignment| assignment.role)
    }

    /// Rejects callers whose role is lower than `needed`.
    pub(super) fn check_role(&self, caller: &Principal, needed: ConnectionRole) -> Result<(), FabricError> {
        if self.role_of(caller.id) >= Some(needed) {
            return Ok(());
        }
        Err(FabricError::new(ErrorCode::InsufficientPermissionsToManageConnection).about("Connection", self.id))
    }

    /// Returns the role assignment of a principal.
    pub fn role_assignment(&self, id: PrincipalId) -> Result<&ConnectionRoleAssignment, FabricError> {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("ConnectionRoleAssignment", id);
        self.roles.iter().find(|assignment| assignment.principal.id == id).ok_or_else(missing)
    }

    fn check_not_last_owner(&self, id: PrincipalId) -> Result<(), FabricError> {
        let mut owners = self.roles.iter().filter(|assignment| assignment.role == ConnectionRole::Owner);
        if owners.all(|assignment| assignment.principal.id == id) {
            return Err(FabricError::invalid_input("A connection keeps at least one owner."));
        }
        Ok(())
    }
}

/// Assigns a role to a principal. Returns the assignment, and `true` if the principal is added to the directory.
///
/// Callers can assign only roles up to their own. Callers with the role `User` cannot assign roles.
pub fn add(
    state: &State,
    id: ConnectionId,
    asked: Principal,
    role: ConnectionRole,
    caller: &Principal,
) -> Decision<(ConnectionRoleAssignment, bool)> {
    let mut connection = state.connection(id, caller)?.clone();
    connection.check_role(caller, role.max(ConnectionRole::UserWithReshare))?;
    let unknown = || {
        FabricError::new(ErrorCode::PrincipalNotFound).about("Principal", asked.id).note(
            "the directory does not know this id, and behaviours.unknownPrincipal is 400; declare it by PUT /_emulator/principals",
        )
    };
    let (principal, learned) = principal::assignee(state, asked).ok_or_else(unknown)?;
    if connection.own_role(principal.id).is_some() {
        let message = "The principal already has a role for this connection.";
        return Err(FabricError::new(ErrorCode::BadRequest).detail(ErrorCode::InvalidParameter, message));
    }
    if connection.roles.len() >= ASSIGNMENTS_MAX {
        return Err(FabricError::invalid_input(format!(
            "A connection has at most {ASSIGNMENTS_MAX} role assignments."
        )));
    }
    let position = connection.roles.last().map_or(0, |last| last.position) + 1;
    let assignment = ConnectionRoleAssignment { principal, role, position };
    connection.roles.push(assignment);
    let is_learned = learned.is_some();
    Ok((learned.into_iter().chain([Fact::ConnectionUpdated(connection)]).collect(), (assignment, is_learned)))
}

/// Changes the role of a principal. Rejects a change that would leave the connection without an owner.
pub fn update(
    state: &State,
    id: ConnectionId,
    principal: PrincipalId,
    role: ConnectionRole,
    caller: &Principal,
) -> Decision<ConnectionRoleAssignment> {
    let mut connection = state.connection(id, caller)?.clone();
    connection.check_role(caller, ConnectionRole::Owner)?;
    let assignment = ConnectionRoleAssignment { role, ..*connection.role_assignment(principal)? };
    if role != ConnectionRole::Owner {
        connection.check_not_last_owner(principal)?;
    }
    let changed = connection.roles.iter_mut().filter(|known| known.principal.id == principal);
    changed.for_each(|known| *known = assignment);
    Ok((vec![Fact::ConnectionUpdated(connection)], assignment))
}

/// Deletes a role assignment. Rejects the deletion of the last owner.
pub fn delete(state: &State, id: ConnectionId, principal: PrincipalId, caller: &Principal) -> Decision<()> {
    let mut connection = state.connection(id, caller)?.clone();
    connection.check_role(caller, ConnectionRole::Owner)?;
    connection.role_assignment(principal)?;
    connection.check_not_last_owner(principal)?;
    connection.roles.retain(|assignment| assignment.principal.id != principal);
    Ok((vec![Fact::ConnectionUpdated(connection)], ()))
}
