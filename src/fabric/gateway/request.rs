//! Creation and update of gateways through the API.

use super::role::GatewayRole;
use super::virtual_network::{MemberCountRequest, check_capacity, inactivity};
use super::{
    AzureResource, Details, GATEWAYS_MAX, Gateway, GatewayType, LoadBalancing, MemberCount, OnPremises, VirtualNetwork,
    check_display_name,
};
use crate::fabric::assignments::Assignments;
use crate::fabric::principal::Principal;
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::{CapacityId, GatewayId, PrincipalId};

/// A request to create or update a gateway. `None` stands for an absent member of the body.
#[derive(Debug, Clone, Default)]
pub struct GatewayRequest {
    /// The name of the type.
    pub kind: Option<String>,
    /// The display name.
    pub display_name: Option<String>,
    /// The capacity of a virtual network gateway.
    pub capacity: Option<CapacityId>,
    /// The subnet of a virtual network gateway, or of a streaming one.
    pub resource: Option<AzureResource>,
    /// The minutes without use after which a virtual network gateway sleeps.
    pub inactivity_minutes: Option<i64>,
    /// The number of members of a virtual network gateway.
    pub members: MemberCountRequest,
    /// The distribution of queries among the members of a gateway on premises.
    pub load_balancing: Option<LoadBalancing>,
    /// `true` if connections of the cloud may refresh through a gateway on premises.
    pub allow_cloud_connection_refresh: Option<bool>,
    /// `true` if custom connectors may use a gateway on premises.
    pub allow_custom_connectors: Option<bool>,
}

fn required<T>(value: Option<T>, field: &str) -> Result<T, FabricError> {
    value.ok_or_else(|| FabricError::invalid_input(format!("The {field} field is required.")))
}

impl GatewayRequest {
    fn kind(&self) -> Result<GatewayType, FabricError> {
        let name = required(self.kind.as_deref(), "Type")?;
        GatewayType::named(name)
            .ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of Type is not a type of gateway.")))
    }

    fn resource(&mut self) -> Result<AzureResource, FabricError> {
        let resource = required(self.resource.take(), "VirtualNetworkAzureResource")?;
        resource.check()?;
        Ok(resource)
    }
}

/// Creates a virtual network gateway or a streaming one. The creator becomes its administrator.
pub fn create(state: &State, mut request: GatewayRequest, creator: Principal) -> Decision<GatewayId> {
    let kind = request.kind()?;
    let details = match kind {
        GatewayType::VirtualNetwork => Details::VirtualNetwork(new_virtual_network(state, request, creator.id)?),
        GatewayType::StreamingVirtualNetwork => Details::StreamingVirtualNetwork {
            resource: request.resource()?,
            display_name: required(request.display_name, "DisplayName")?,
            is_online: true,
        },
        GatewayType::OnPremises | GatewayType::OnPremisesPersonal => {
            return Err(FabricError::invalid_input("The Type input is not supported for this API.")
                .note("a gateway on premises is declared by PUT /_emulator/gateways"));
        }
    };
    let mut drawn = 0;
    let id = state.next_gateway(&mut drawn);
    let gateway = Gateway { id, details, roles: Assignments::new(creator, GatewayRole::Admin) };
    if let Some(name) = gateway.display_name() {
        check_display_name(state, name, None)?;
    }
    if state.gateways().len() >= GATEWAYS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {GATEWAYS_MAX} gateways.")));
    }
    Ok((vec![Fact::GatewayCreated(gateway)], id))
}

fn new_virtual_network(
    state: &State,
    mut request: GatewayRequest,
    creator: PrincipalId,
) -> Result<VirtualNetwork, FabricError> {
    let resource = request.resource()?;
    let capacity = required(request.capacity, "CapacityId")?;
    check_capacity(state, capacity, creator)?;
    Ok(VirtualNetwork {
        display_name: required(request.display_name, "DisplayName")?,
        capacity,
        resource,
        inactivity_minutes: inactivity(required(request.inactivity_minutes, "InactivityMinutesBeforeSleep")?)?,
        members: request.members.count()?.unwrap_or(MemberCount::Fixed(1)),
        is_online: true,
    })
}

/// Updates a gateway. The type is required and cannot be changed. `None` leaves the current value unchanged.
pub fn update(state: &State, id: GatewayId, request: GatewayRequest, caller: Principal) -> Decision<()> {
    let mut gateway = state.gateway_for(id, caller, GatewayRole::Admin)?.clone();
    if request.kind()? != gateway.kind() {
        return Err(FabricError::invalid_input("Type cannot be changed."));
    }
    let unsupported = gateway.unsupported();
    match &mut gateway.details {
        Details::OnPremises(gateway) => update_on_premises(gateway, &request),
        Details::VirtualNetwork(gateway) => update_virtual_network(state, gateway, &request, caller.id)?,
        Details::StreamingVirtualNetwork { .. } => {}
        Details::OnPremisesPersonal(_) => return Err(unsupported),
    }
    if let Some(new) = request.display_name {
        check_display_name(state, &new, Some(id))?;
        match &mut gateway.details {
            Details::OnPremises(OnPremises { display_name, .. })
            | Details::VirtualNetwork(VirtualNetwork { display_name, .. })
            | Details::StreamingVirtualNetwork { display_name, .. } => *display_name = new,
            Details::OnPremisesPersonal(_) => {}
        }
    }
    Ok((vec![Fact::GatewayUpdated(gateway)], ()))
}

fn update_on_premises(gateway: &mut OnPremises, request: &GatewayRequest) {
    gateway.load_balancing = request.load_balancing.unwrap_or(gateway.load_balancing);
    gateway.allow_cloud_connection_refresh =
        request.allow_cloud_connection_refresh.unwrap_or(gateway.allow_cloud_connection_refresh);
    gateway.allow_custom_connectors = request.allow_custom_connectors.unwrap_or(gateway.allow_custom_connectors);
}

fn update_virtual_network(
    state: &State,
    gateway: &mut VirtualNetwork,
    request: &GatewayRequest,
    caller: PrincipalId,
) -> Result<(), FabricError> {
    if let Some(capacity) = request.capacity {
        check_capacity(state, capacity, caller)?;
        gateway.capacity = capacity;
    }
    if let Some(minutes) = request.inactivity_minutes {
        gateway.inactivity_minutes = inactivity(minutes)?;
    }
    gateway.members = request.members.count()?.unwrap_or(gateway.members);
    Ok(())
}
