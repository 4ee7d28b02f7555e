//! Connections over a gateway: the gateway that a connection needs, and the state of the one that it has.

use super::{Connection, missing};
use crate::fabric::gateway::status::{Fault, GatewayStatus, UNREACHABLE};
use crate::fabric::gateway::{Gateway, GatewayType};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{GatewayId, PrincipalId};

/// The fault of a connection whose gateway does not exist (Microsoft's example of an offline connection).
const GATEWAY_NOT_FOUND: Fault = Fault {
    code: "DM_GWPipeline_UnknownError",
    message: "Error response with StatusCode: BadRequest, ErrorCode: GatewayNotFound, \
              ErrorMessage: 'GatewayContainer does not exist'",
};

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
        Some(fault) => Err(FabricError::new(code).detail(ErrorCode::InvalidParameter, fault.message)),
    }
}

/// Returns the reason why a connection is offline; `None` if it is online.
pub fn fault_of(state: &State, connection: &Connection) -> Option<Fault> {
    match (connection.gateway_id, of(state, connection)) {
        (None, _) => None,
        (Some(_), None) => Some(GATEWAY_NOT_FOUND),
        (Some(_), Some(gateway)) => fault_in(gateway),
    }
}

/// Returns the reason why the connections over a gateway are offline; `None` if they are online.
pub(super) fn fault_in(gateway: &Gateway) -> Option<Fault> {
    (gateway.report().status == GatewayStatus::Offline).then_some(UNREACHABLE)
}
