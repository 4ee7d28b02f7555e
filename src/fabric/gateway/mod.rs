//! Gateways: the routes from the service to sources in private networks (docs/fidelity.md#gateways).
//!
//! The API creates virtual network gateways. Gateways on premises register themselves when they are installed; here the
//! control interface declares them.

pub mod declaration;
pub mod member;
pub mod request;
pub mod role;
pub mod status;
mod virtual_network;

use serde::{Deserialize, Serialize};

pub use self::member::{Member, PublicKey};
use self::role::GatewayRole;
pub use self::virtual_network::{AzureResource, MemberCount, MemberCountRequest, VirtualNetwork};
use crate::fabric::assignments::Assignments;
use crate::fabric::name::{Folded, GATEWAY_NAME_MAX, check_name};
use crate::fabric::principal::Principal;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{GatewayId, PrincipalId};

/// The maximum number of gateways in a tenant (guessed).
pub const GATEWAYS_MAX: usize = 1_000;
/// The maximum number of members of a gateway on premises (documented for the installation, not for the API).
pub const MEMBERS_MAX: usize = 10;

/// The type of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum GatewayType {
    /// A cluster of installations in a private network.
    #[default]
    OnPremises,
    /// A single installation for one user.
    OnPremisesPersonal,
    /// A gateway that the service runs in a virtual network of Azure.
    VirtualNetwork,
    /// A gateway for streams that the service runs in a virtual network of Azure.
    StreamingVirtualNetwork,
}

impl GatewayType {
    const ALL: [Self; 4] =
        [Self::OnPremises, Self::OnPremisesPersonal, Self::VirtualNetwork, Self::StreamingVirtualNetwork];

    /// Returns the name of the type on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnPremises => "OnPremises",
            Self::OnPremisesPersonal => "OnPremisesPersonal",
            Self::VirtualNetwork => "VirtualNetwork",
            Self::StreamingVirtualNetwork => "StreamingVirtualNetwork",
        }
    }

    /// Returns the type with the given name, compared without regard to case.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name))
    }
}

/// The distribution of queries among the members of a gateway on premises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LoadBalancing {
    /// The first member that is available.
    #[default]
    Failover,
    /// All members in turn.
    DistributeEvenly,
}

/// A gateway of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// The id of the gateway. It is also the id of the primary member of a gateway on premises.
    pub id: GatewayId,
    /// The properties that depend on the type.
    pub details: Details,
    /// The role assignments of the gateway.
    pub roles: Assignments<GatewayRole>,
}

/// The properties of a gateway that depend on its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Details {
    /// The properties of a gateway on premises.
    OnPremises(OnPremises),
    /// The only member of a personal gateway.
    OnPremisesPersonal(Member),
    /// The properties of a virtual network gateway.
    VirtualNetwork(VirtualNetwork),
    /// The properties of a streaming virtual network gateway.
    StreamingVirtualNetwork {
        /// The display name, unique in the tenant without regard to case.
        display_name: String,
        /// The subnet of the gateway.
        resource: AzureResource,
        /// `false` after a shutdown.
        is_online: bool,
    },
}

/// The properties of a gateway on premises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnPremises {
    /// The display name, unique in the tenant without regard to case.
    pub display_name: String,
    /// The distribution of queries among the members.
    pub load_balancing: LoadBalancing,
    /// `true` if connections of the cloud may refresh through the gateway.
    pub allow_cloud_connection_refresh: bool,
    /// `true` if custom connectors may use the gateway.
    pub allow_custom_connectors: bool,
    /// The members of the gateway, the primary member first. There is at least one.
    pub members: Vec<Member>,
}

impl Gateway {
    /// Returns the type of the gateway.
    pub const fn kind(&self) -> GatewayType {
        match self.details {
            Details::OnPremises(_) => GatewayType::OnPremises,
            Details::OnPremisesPersonal(_) => GatewayType::OnPremisesPersonal,
            Details::VirtualNetwork(_) => GatewayType::VirtualNetwork,
            Details::StreamingVirtualNetwork { .. } => GatewayType::StreamingVirtualNetwork,
        }
    }

    /// Returns the display name; `None` for a personal gateway.
    pub fn display_name(&self) -> Option<&str> {
        match &self.details {
            Details::OnPremises(gateway) => Some(&gateway.display_name),
            Details::OnPremisesPersonal(_) => None,
            Details::VirtualNetwork(gateway) => Some(&gateway.display_name),
            Details::StreamingVirtualNetwork { display_name, .. } => Some(display_name),
        }
    }

    /// Returns the members of a gateway on premises, the primary member first; none for other gateways.
    pub fn members(&self) -> &[Member] {
        match &self.details {
            Details::OnPremises(gateway) => &gateway.members,
            Details::OnPremisesPersonal(_) | Details::VirtualNetwork(_) | Details::StreamingVirtualNetwork { .. } => {
                &[]
            }
        }
    }

    /// Returns the error for an operation that gateways of this type do not have.
    fn unsupported(&self) -> FabricError {
        let message = match self.kind() {
            GatewayType::OnPremises | GatewayType::OnPremisesPersonal => {
                "This operation is not supported for on-premise data gateways."
            }
            GatewayType::VirtualNetwork | GatewayType::StreamingVirtualNetwork => {
                "This operation is not supported for the vnet gateway type."
            }
        };
        FabricError::new(ErrorCode::UnsupportedGatewayType).message(message).about("Gateway", self.id)
    }
}

impl State {
    /// Returns a gateway. Rejects callers without a role in the gateway.
    pub fn gateway(&self, id: GatewayId, caller: PrincipalId) -> Result<&Gateway, FabricError> {
        let found = self.find_gateway(id).filter(|gateway| gateway.roles.role_of(caller).is_some());
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Gateway", id))
    }

    /// Returns a gateway in which the caller has the role `needed` or a higher one.
    pub fn gateway_for(&self, id: GatewayId, caller: Principal, needed: GatewayRole) -> Result<&Gateway, FabricError> {
        let gateway = self.gateway(id, caller.id)?;
        if gateway.roles.role_of(caller.id) >= Some(needed) {
            return Ok(gateway);
        }
        Err(FabricError::new(ErrorCode::InsufficientPermissionsToManageGateway)
            .about("Gateway", id)
            .note(format!("the operation needs the role {needed:?} in the gateway")))
    }
}

/// Rejects a display name that is not valid, or that another gateway has.
fn check_display_name(state: &State, name: &str, own: Option<GatewayId>) -> Result<(), FabricError> {
    check_name(name, GATEWAY_NAME_MAX)?;
    match state.gateway_named(&Folded::new(name)) {
        Some(taken) if Some(taken) != own => Err(ErrorCode::DuplicateGatewayName.into()),
        _ => Ok(()),
    }
}

/// Deletes a gateway. The connections over the gateway remain, and are offline.
pub fn delete(state: &State, id: GatewayId, caller: Principal) -> Decision<()> {
    state.gateway_for(id, caller, GatewayRole::Admin)?;
    Ok((vec![Fact::GatewayDeleted { id }], ()))
}
