//! Virtual network gateways: their subnet, capacity, members and sleep.

use serde::{Deserialize, Serialize};

use crate::fabric::capacity::CapacityState;
use crate::fabric::name::NAME_MAX;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{CapacityId, PrincipalId, SubscriptionId};

/// The minutes without use after which a gateway may sleep (documented).
const INACTIVITY_MINUTES: [u32; 10] = [30, 60, 90, 120, 150, 240, 360, 480, 720, 1440];
/// The first letters of the SKUs whose capacities can have a gateway: Fabric, its trial included, and Power BI Premium.
const SKUS: [char; 2] = ['F', 'P'];
/// The maximum number of members of a virtual network gateway (documented).
const COUNT_MAX: u32 = 9;

/// The properties of a virtual network gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualNetwork {
    /// The display name, unique in the tenant without regard to case.
    pub display_name: String,
    /// The capacity that pays for the gateway.
    pub capacity: CapacityId,
    /// The subnet of the gateway.
    pub resource: AzureResource,
    /// The minutes without use after which the gateway sleeps. The emulated gateway does not sleep.
    pub inactivity_minutes: u32,
    /// The number of members.
    pub members: MemberCount,
    /// `false` after a shutdown.
    pub is_online: bool,
}

/// The number of members of a virtual network gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberCount {
    /// Always this number.
    Fixed(u32),
    /// A number in a range, as the load requires.
    Range {
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
    },
}

/// The subnet of a gateway in Azure. It is not looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AzureResource {
    /// The name of the virtual network.
    pub virtual_network_name: String,
    /// The name of the subnet.
    pub subnet_name: String,
    /// The name of the resource group.
    pub resource_group_name: String,
    /// The id of the subscription.
    pub subscription_id: SubscriptionId,
}

impl AzureResource {
    /// Rejects a subnet with a name that is blank or too long.
    pub(super) fn check(&self) -> Result<(), FabricError> {
        for (member, name) in [
            ("VirtualNetworkName", &self.virtual_network_name),
            ("SubnetName", &self.subnet_name),
            ("ResourceGroupName", &self.resource_group_name),
        ] {
            if name.trim().is_empty() || name.chars().count() > NAME_MAX {
                return Err(FabricError::invalid_input(format!("{member} must have 1 to {NAME_MAX} characters.")));
            }
        }
        Ok(())
    }
}

/// Returns the minutes of inactivity that a request asks for, if they are allowed.
pub(super) fn inactivity(minutes: i64) -> Result<u32, FabricError> {
    INACTIVITY_MINUTES.into_iter().find(|known| i64::from(*known) == minutes).ok_or_else(|| {
        let allowed = INACTIVITY_MINUTES.map(|minutes| minutes.to_string()).join(", ");
        FabricError::invalid_input(format!("InactivityMinutesBeforeSleep is {minutes}: expected one of {allowed}."))
    })
}

/// The number of members that a request asks for: a fixed number, or the limits of a range.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberCountRequest {
    /// `numberOfMemberGateways`.
    pub fixed: Option<i64>,
    /// `minMemberGatewayCount`.
    pub min: Option<i64>,
    /// `maxMemberGatewayCount`.
    pub max: Option<i64>,
}

impl MemberCountRequest {
    /// Returns the number of members; `None` if the request does not ask for one.
    pub(super) fn count(self) -> Result<Option<MemberCount>, FabricError> {
        match (self.fixed, self.min, self.max) {
            (None, None, None) => Ok(None),
            (Some(fixed), None, None) => Ok(Some(MemberCount::Fixed(within("NumberOfMemberGateways", fixed)?))),
            (None, Some(min), Some(max)) => {
                let (min, max) = (within("MinMemberGatewayCount", min)?, within("MaxMemberGatewayCount", max)?);
                if min > max {
                    let message =
                        format!("MinMemberGatewayCount ({min}) is greater than MaxMemberGatewayCount ({max}).");
                    return Err(FabricError::invalid_input(message));
                }
                Ok(Some(MemberCount::Range { min, max }))
            }
            (Some(_), ..) => Err(ErrorCode::ConflictingMemberGatewayCountProperties.into()),
            (None, ..) => Err(FabricError::invalid_input(
                "MinMemberGatewayCount and MaxMemberGatewayCount must be given together.",
            )),
        }
    }
}

fn within(member: &str, count: i64) -> Result<u32, FabricError> {
    let valid = u32::try_from(count).ok().filter(|count| (1..=COUNT_MAX).contains(count));
    valid.ok_or_else(|| FabricError::invalid_input(format!("{member} is {count}: expected 1 to {COUNT_MAX}.")))
}

/// Rejects a capacity that the caller cannot see, that is paused, or whose SKU cannot have a gateway.
pub(super) fn check_capacity(state: &State, id: CapacityId, caller: PrincipalId) -> Result<(), FabricError> {
    let capacity = state.capacity(id).ok().filter(|capacity| capacity.is_visible_to(caller));
    let missing = || FabricError::new(ErrorCode::CapacityNotFound).message("The provided capacity was not found");
    let capacity = capacity.ok_or_else(missing)?;
    if !capacity.sku.starts_with(SKUS) {
        return Err(ErrorCode::InvalidCapacitySku.into());
    }
    match capacity.state {
        CapacityState::Active => Ok(()),
        CapacityState::Inactive => Err(ErrorCode::InvalidCapacityState.into()),
    }
}
