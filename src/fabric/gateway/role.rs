//! Gateway roles: the permissions to use, share and manage a gateway (docs/fidelity.md#gateways).

use serde::{Deserialize, Serialize};

use super::Gateway;
use crate::fabric::assignments::Assignment;
use crate::fabric::principal::{self, Principal, PrincipalType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{GatewayId, PrincipalId};

/// A role in a gateway. The variants are in order from the weakest role to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GatewayRole {
    /// Can create connections over the gateway.
    ConnectionCreator,
    /// Can also assign the roles `ConnectionCreator` and `ConnectionCreatorWithResharing`.
    ConnectionCreatorWithResharing,
    /// Can also change and delete the gateway and the connections over it, and assign all roles.
    Admin,
}

impl GatewayRole {
    /// Returns the role with the given name, compared without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        let roles = [
            ("ConnectionCreator", Self::ConnectionCreator),
            ("ConnectionCreatorWithResharing", Self::ConnectionCreatorWithResharing),
            ("Admin", Self::Admin),
        ];
        roles.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, role)| role)
    }
}

impl Gateway {
    /// Returns the role assignment of a principal.
    pub fn role_assignment(&self, id: PrincipalId) -> Result<&Assignment<GatewayRole>, FabricError> {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("GatewayRoleAssignment", id);
        self.roles.get(id).ok_or_else(missing)
    }

    fn check_not_last_admin(&self, id: PrincipalId) -> Result<(), FabricError> {
        if self.roles.is_last(id, GatewayRole::Admin) {
            return Err(FabricError::invalid_input("A gateway keeps at least one administrator."));
        }
        Ok(())
    }
}

/// Assigns a role to a principal. Returns the assignment, and `true` if the principal is added to the directory.
///
/// Callers can assign only roles up to their own. Callers with the role `ConnectionCreator` cannot assign roles.
pub fn add(
    state: &State,
    id: GatewayId,
    asked: Principal,
    role: GatewayRole,
    caller: Principal,
) -> Decision<(Assignment<GatewayRole>, bool)> {
    let needed = role.max(GatewayRole::ConnectionCreatorWithResharing);
    let mut gateway = state.gateway_for(id, caller, needed)?.clone();
    let kind = state.directory().get(&asked.id).map_or(asked.kind, |known| known.principal().kind);
    if kind == PrincipalType::ServicePrincipalProfile {
        return Err(ErrorCode::GatewayInvalidPrincipalType.into());
    }
    let unknown = || {
        FabricError::new(ErrorCode::UnknownGatewayPrincipal).note(
            "the directory does not know this id, and behaviours.unknownPrincipal is 400; declare it by PUT /_emulator/principals",
        )
    };
    let (principal, learned) = principal::assignee(state, asked).ok_or_else(unknown)?;
    let assignment = gateway.roles.add(principal, role)?;
    let is_learned = learned.is_some();
    Ok((learned.into_iter().chain([Fact::GatewayUpdated(gateway)]).collect(), (assignment, is_learned)))
}

/// Changes the role of a principal. Rejects a change that would leave the gateway without an administrator.
pub fn update(
    state: &State,
    id: GatewayId,
    principal: PrincipalId,
    role: GatewayRole,
    caller: Principal,
) -> Decision<Assignment<GatewayRole>> {
    let mut gateway = state.gateway_for(id, caller, GatewayRole::Admin)?.clone();
    let before = *gateway.role_assignment(principal)?;
    if role != GatewayRole::Admin {
        gateway.check_not_last_admin(principal)?;
    }
    let changed = gateway.roles.change(principal, role).unwrap_or(before);
    Ok((vec![Fact::GatewayUpdated(gateway)], changed))
}

/// Deletes a role assignment. Rejects the deletion of the last administrator.
pub fn delete(state: &State, id: GatewayId, principal: PrincipalId, caller: Principal) -> Decision<()> {
    let mut gateway = state.gateway_for(id, caller, GatewayRole::Admin)?.clone();
    gateway.role_assignment(principal)?;
    gateway.check_not_last_admin(principal)?;
    gateway.roles.remove(principal);
    Ok((vec![Fact::GatewayUpdated(gateway)], ()))
}
