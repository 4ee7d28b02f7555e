//! Connection roles: the permissions to use, share and change a connection (docs/fidelity.md#connections).

use serde::{Deserialize, Serialize};

use super::Connection;
use crate::fabric::assignments::Assignment;
use crate::fabric::gateway::role::GatewayRole;
use crate::fabric::principal::{self, Principal};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ConnectionId, PrincipalId};

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

impl Connection {
    /// Returns the role of a principal. A principal without a role cannot use the connection.
    pub fn role_of(&self, principal: PrincipalId) -> Option<ConnectionRole> {
        self.roles.role_of(principal)
    }

    /// Returns the role assignment of a principal.
    pub fn role_assignment(&self, id: PrincipalId) -> Result<&Assignment<ConnectionRole>, FabricError> {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("ConnectionRoleAssignment", id);
        self.roles.get(id).ok_or_else(missing)
    }

    fn check_not_last_owner(&self, id: PrincipalId) -> Result<(), FabricError> {
        if self.roles.is_last(id, ConnectionRole::Owner) {
            return Err(FabricError::invalid_input("A connection keeps at least one owner."));
        }
        Ok(())
    }
}

impl State {
    /// Returns the role in which a caller manages a connection. An administrator of the connection's gateway manages the
    /// connection like its owner (documented).
    pub fn connection_role(&self, connection: &Connection, caller: PrincipalId) -> Option<ConnectionRole> {
        let gateway = connection.gateway_id.and_then(|id| self.find_gateway(id));
        match gateway.and_then(|gateway| gateway.roles.role_of(caller)) {
            Some(GatewayRole::Admin) => Some(ConnectionRole::Owner),
            Some(GatewayRole::ConnectionCreator | GatewayRole::ConnectionCreatorWithResharing) | None => {
                connection.role_of(caller)
            }
        }
    }

    /// Returns a connection that a caller manages. Rejects callers whose role is lower than `needed`.
    pub(super) fn managed_connection(
        &self,
        id: ConnectionId,
        caller: &Principal,
        needed: ConnectionRole,
    ) -> Result<&Connection, FabricError> {
        let connection = self.connection(id, caller)?;
        if self.connection_role(connection, caller.id) >= Some(needed) {
            return Ok(connection);
        }
        Err(FabricError::new(ErrorCode::InsufficientPermissionsToManageConnection).about("Connection", id))
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
) -> Decision<(Assignment<ConnectionRole>, bool)> {
    let mut connection = state.managed_connection(id, caller, role.max(ConnectionRole::UserWithReshare))?.clone();
    let unknown = || {
        FabricError::new(ErrorCode::PrincipalNotFound).about("Principal", asked.id).note(
            "the directory does not know this id, and behaviours.unknownPrincipal is 400; declare it by PUT /_emulator/principals",
        )
    };
    let (principal, learned) = principal::assignee(state, asked).ok_or_else(unknown)?;
    let assignment = connection.roles.add(principal, role)?;
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
) -> Decision<Assignment<ConnectionRole>> {
    let mut connection = state.managed_connection(id, caller, ConnectionRole::Owner)?.clone();
    let before = *connection.role_assignment(principal)?;
    if role != ConnectionRole::Owner {
        connection.check_not_last_owner(principal)?;
    }
    let changed = connection.roles.change(principal, role).unwrap_or(before);
    Ok((vec![Fact::ConnectionUpdated(connection)], changed))
}

/// Deletes a role assignment. Rejects the deletion of the last owner.
pub fn delete(state: &State, id: ConnectionId, principal: PrincipalId, caller: &Principal) -> Decision<()> {
    let mut connection = state.managed_connection(id, caller, ConnectionRole::Owner)?.clone();
    connection.role_assignment(principal)?;
    connection.check_not_last_owner(principal)?;
    connection.roles.remove(principal);
    Ok((vec![Fact::ConnectionUpdated(connection)], ()))
}
