//! The status of gateways and of their members, and the operations that change it.

use serde::{Deserialize, Serialize};

use super::member::{Member, VERSION};
use super::role::GatewayRole;
use super::{Details, Gateway, VirtualNetwork};
use crate::fabric::principal::Principal;
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::GatewayId;

/// The status of a gateway or a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GatewayStatus {
    /// The gateway can be used.
    Online,
    /// The gateway cannot be used.
    Offline,
}

impl GatewayStatus {
    const fn of(is_online: bool) -> Self {
        if is_online { Self::Online } else { Self::Offline }
    }
}

/// The fault of a gateway, a member or a connection over a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The service does not reach the gateway.
    Unreachable,
    /// The member is disabled.
    Disabled,
    /// The gateway of a connection does not exist.
    Missing,
}

/// The result of a check of a gateway or a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport<'a> {
    /// The status.
    pub status: GatewayStatus,
    /// The version of the gateway; of a cluster, that of its primary member.
    pub version: &'a str,
    /// The faults, each with the gateway or the member that has it.
    pub faults: Vec<(GatewayId, Fault)>,
}

impl Member {
    /// Returns the status of the member.
    pub fn report(&self) -> StatusReport<'_> {
        let fault = match (self.is_online, self.is_enabled) {
            (false, _) => Some(Fault::Unreachable),
            (true, false) => Some(Fault::Disabled),
            (true, true) => None,
        };
        StatusReport {
            status: GatewayStatus::of(fault.is_none()),
            version: &self.version,
            faults: fault.into_iter().map(|fault| (self.id, fault)).collect(),
        }
    }
}

impl Gateway {
    /// Returns the status of the gateway. A cluster is online if at least one of its members is.
    pub fn report(&self) -> StatusReport<'_> {
        match &self.details {
            Details::OnPremises(gateway) => {
                let reports: Vec<StatusReport<'_>> = gateway.members.iter().map(Member::report).collect();
                StatusReport {
                    status: GatewayStatus::of(reports.iter().any(|report| report.status == GatewayStatus::Online)),
                    version: reports.first().map_or(VERSION, |primary| primary.version),
                    faults: reports.into_iter().flat_map(|report| report.faults).collect(),
                }
            }
            Details::OnPremisesPersonal(member) => member.report(),
            Details::VirtualNetwork(VirtualNetwork { is_online, .. })
            | Details::StreamingVirtualNetwork { is_online, .. } => StatusReport {
                status: GatewayStatus::of(*is_online),
                version: VERSION,
                faults: if *is_online { Vec::new() } else { vec![(self.id, Fault::Unreachable)] },
            },
        }
    }
}

/// Restarts a virtual network gateway. The gateway is online at once.
pub fn restart(state: &State, id: GatewayId, caller: Principal) -> Decision<()> {
    switch(state, id, caller, true)
}

/// Shuts down a virtual network gateway. The gateway is offline until it is restarted.
pub fn shut_down(state: &State, id: GatewayId, caller: Principal) -> Decision<()> {
    switch(state, id, caller, false)
}

fn switch(state: &State, id: GatewayId, caller: Principal, to: bool) -> Decision<()> {
    let mut gateway = state.gateway_for(id, caller, GatewayRole::Admin)?.clone();
    *virtual_status(&mut gateway)? = to;
    Ok((vec![Fact::GatewayUpdated(gateway)], ()))
}

/// Returns the place of the status of a virtual network gateway. Rejects other gateways.
fn virtual_status(gateway: &mut Gateway) -> Result<&mut bool, FabricError> {
    let unsupported = gateway.unsupported();
    match &mut gateway.details {
        Details::VirtualNetwork(VirtualNetwork { is_online, .. })
        | Details::StreamingVirtualNetwork { is_online, .. } => Ok(is_online),
        Details::OnPremises(_) | Details::OnPremisesPersonal(_) => Err(unsupported),
    }
}
