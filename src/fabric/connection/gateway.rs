//! Connections over a gateway: the gateway that a connection needs, and the state of the one that it has.

use super::{Connection, missing};
use crate::fabric::gateway::status::{Fault, GatewayStatus};
use crate::fabric::gateway::{Gateway, GatewayType};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{GatewayId, PrincipalId};

/// Returns the gateway for a new connection. The caller must have a role in it, and its type must be `kind`.
pub(super) fn find<'a>(
    state: &'a State,
    id: Option<&str>,
    kind: GatewayType,
    caller: PrincipalId,
) -> Result<&'a Gateway, FabricError> {
    let id = id.ok_or_else(|| missing("GatewayId"))?;
    let id: GatewayId =
        id.parse().map_err(|_| FabricError::invalid_input(format!("The value {id:?} of GatewayId is not a GUID.")))?;
    let gateway = state.gateway(id, caller)?;
    if gateway.kind() == kind {
        return Ok(gateway);
    }
    let (is, needed) = (gateway.kind().as_str(), kind.as_str());
    Err(FabricError::invalid_input(format!("The gateway {id} has the type {is}; the connection needs {needed}.")))
}

/// Returns the gateway of a connection; `None` if the connection has no gateway, or if it was deleted.
pub(super) fn of<'a>(state: &'a State, connection: &Connection) -> Option<&'a Gateway> {
    connection.gateway_id.and_then(|id| state.find_gateway(id))
}

/// Rejects a test of credentials if there is a fault.
pub(super) fn check(fault: Option<Fault>, code: ErrorCode) -> Result<(), FabricError> {
    match fault {
        None => Ok(()),
        Some(Fault::Unreachable | Fault::Disabled) => {
            Err(FabricError::new(code).detail(ErrorCode::InvalidParameter, "The gateway of the connection is offline."))
        }
        Some(Fault::Missing) => {
            Err(FabricError::new(code)
                .detail(ErrorCode::InvalidParameter, "The gateway of the connection does not exist."))
        }
    }
}

/// Returns the reason why a connection is offline; `None` if it is online.
pub fn fault_of(state: &State, connection: &Connection) -> Option<Fault> {
    match (connection.gateway_id, of(state, connection)) {
        (None, _) => None,
        (Some(_), None) => Some(Fault::Missing),
        (Some(_), Some(gateway)) => fault_in(gateway),
    }
}

/// Returns the reason why the connections over a gateway are offline; `None` if they are online.
pub(super) fn fault_in(gateway: &Gateway) -> Option<Fault> {
    (gateway.report().status == GatewayStatus::Offline).then_some(Fault::Unreachable)
}
