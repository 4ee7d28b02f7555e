//! Declared gateways: gateways that the API cannot create, such as those on premises, and gateways with a given id.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

use super::member::{Member, PublicKey, VERSION};
use super::role::GatewayRole;
use super::status::GatewayStatus;
use super::virtual_network::{AzureResource, MemberCount, MemberCountRequest, VirtualNetwork, inactivity};
use super::{Details, GATEWAYS_MAX, Gateway, GatewayType, LoadBalancing, MEMBERS_MAX, OnPremises, check_display_name};
use crate::fabric::assignments::{Assignments, DeclaredRole};
use crate::fabric::name::{Folded, GATEWAY_NAME_MAX, NAME_MAX, check_name};
use crate::fabric::{Decision, FabricError, Fact, State};
use crate::ids::{CapacityId, GatewayId, SubscriptionId};

/// The maximum length of a part of a public key, in characters.
const KEY_MAX: usize = 4_096;
/// The minutes of inactivity of a declared virtual network gateway, unless it declares others.
const INACTIVITY_MINUTES: i64 = 30;

/// A gateway, as the control interface accepts it. Its members are those that the API returns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayDeclaration {
    /// The id of the gateway; `None` to generate an id.
    pub id: Option<GatewayId>,
    /// The type.
    pub r#type: GatewayType,
    /// The display name, unique in the tenant. Only a personal gateway has none.
    pub display_name: Option<String>,
    /// The role assignments. If the member is missing, everybody in the tenant is an administrator.
    pub roles: Option<Vec<DeclaredRole<GatewayRole>>>,
    /// The status of the gateway, and of its members that declare none.
    pub status: Option<GatewayStatus>,
    /// The public key of the primary member of a gateway on premises.
    pub public_key: Option<PublicKey>,
    /// The version of a gateway on premises, and of its members that declare none.
    pub version: Option<String>,
    /// The members of a gateway on premises, the primary member first.
    pub members: Option<Vec<MemberDeclaration>>,
    /// The distribution of queries among the members of a gateway on premises.
    pub load_balancing_setting: Option<LoadBalancing>,
    /// `true` if connections of the cloud may refresh through a gateway on premises.
    pub allow_cloud_connection_refresh: Option<bool>,
    /// `true` if custom connectors may use a gateway on premises.
    pub allow_custom_connectors: Option<bool>,
    /// The number of members.
    pub number_of_member_gateways: Option<i64>,
    /// The maximum number of members of a virtual network gateway.
    pub max_member_gateway_count: Option<i64>,
    /// The minimum number of members of a virtual network gateway.
    pub min_member_gateway_count: Option<i64>,
    /// The capacity of a virtual network gateway; the first of the tenant if the member is missing.
    pub capacity_id: Option<CapacityId>,
    /// The subnet of a virtual network gateway, or of a streaming one.
    pub virtual_network_azure_resource: Option<AzureResource>,
    /// The minutes without use after which a virtual network gateway sleeps.
    pub inactivity_minutes_before_sleep: Option<i64>,
}

/// A member of a declared gateway on premises.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberDeclaration {
    /// The id; that of the gateway for the primary member, which cannot have another.
    pub id: Option<GatewayId>,
    /// The display name; that of the gateway with the number of the member if it is missing.
    pub display_name: Option<String>,
    /// The public key.
    pub public_key: Option<PublicKey>,
    /// The version.
    pub version: Option<String>,
    /// `true` if the member takes part in the cluster.
    pub enabled: Option<bool>,
    /// The status of the member.
    pub status: Option<GatewayStatus>,
}

/// Adds gateways to the tenant. Replaces existing gateways with the same id.
pub fn declare(state: &State, declared: Vec<GatewayDeclaration>) -> Decision<()> {
    let given: BTreeSet<GatewayId> = declared.iter().filter_map(|gateway| gateway.id).collect();
    let more = declared.iter().filter(|it| it.id.is_none_or(|id| state.find_gateway(id).is_none())).count();
    if state.gateways().len() + more > GATEWAYS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {GATEWAYS_MAX} gateways.")));
    }
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut drawn = 0;
    let mut gateways = Vec::with_capacity(declared.len());
    for mut declaration in declared {
        let id = declaration.id.unwrap_or_else(|| {
            loop {
                let id = state.next_gateway(&mut drawn);
                if !given.contains(&id) {
                    break id;
                }
            }
        });
        let roles = Assignments::declared(declaration.roles.take(), GatewayRole::Admin)?;
        let gateway = Gateway { id, details: declaration.details(state, id)?, roles };
        if let Some(name) = gateway.display_name() {
            check_display_name(state, name, Some(id))?;
            if !names.insert(Folded::new(name)) {
                return Err(FabricError::invalid_input(format!("The display name {name:?} is given twice.")));
            }
        }
        if !ids.insert(id) {
            return Err(FabricError::invalid_input(format!("The id {id} is given twice.")));
        }
        gateways.push(gateway);
    }
    Ok((vec![Fact::GatewaysDeclared { gateways, drawn }], ()))
}

impl GatewayDeclaration {
    fn details(self, state: &State, id: GatewayId) -> Result<Details, FabricError> {
        self.check_type()?;
        let is_online = self.status != Some(GatewayStatus::Offline);
        Ok(match self.r#type {
            GatewayType::OnPremises => Details::OnPremises(self.on_premises(state, id)?),
            GatewayType::OnPremisesPersonal => {
                let member = self.member(state, id, 1, MemberDeclaration::default())?;
                Details::OnPremisesPersonal(member)
            }
            GatewayType::VirtualNetwork => Details::VirtualNetwork(self.virtual_network(state)?),
            GatewayType::StreamingVirtualNetwork => {
                let (resource, display_name) = (self.resource()?, self.required_name()?);
                Details::StreamingVirtualNetwork { display_name, resource, is_online }
            }
        })
    }

    /// Rejects a property that gateways of this type do not have.
    fn check_type(&self) -> Result<(), FabricError> {
        use GatewayType::{OnPremises, OnPremisesPersonal, StreamingVirtualNetwork, VirtualNetwork};
        let range = self.min_member_gateway_count.or(self.max_member_gateway_count);
        let given: [(&str, bool, &[GatewayType]); 10] = [
            ("publicKey", self.public_key.is_some(), &[OnPremises, OnPremisesPersonal]),
            ("version", self.version.is_some(), &[OnPremises, OnPremisesPersonal]),
            ("members", self.members.is_some(), &[OnPremises]),
            ("loadBalancingSetting", self.load_balancing_setting.is_some(), &[OnPremises]),
            ("allowCloudConnectionRefresh", self.allow_cloud_connection_refresh.is_some(), &[OnPremises]),
            ("allowCustomConnectors", self.allow_custom_connectors.is_some(), &[OnPremises]),
            ("numberOfMemberGateways", self.number_of_member_gateways.is_some(), &[OnPremises, VirtualNetwork]),
            ("the range of members", range.is_some(), &[VirtualNetwork]),
            ("capacityId", self.capacity_id.is_some(), &[VirtualNetwork]),
            ("inactivityMinutesBeforeSleep", self.inactivity_minutes_before_sleep.is_some(), &[VirtualNetwork]),
        ];
        let subnet = self.virtual_network_azure_resource.is_some();
        let subnet = ("virtualNetworkAzureResource", subnet, &[VirtualNetwork, StreamingVirtualNetwork][..]);
        match given.into_iter().chain([subnet]).find(|(_, given, of)| *given && !of.contains(&self.r#type)) {
            None => Ok(()),
            Some((property, ..)) => {
                let kind = self.r#type.as_str();
                Err(FabricError::invalid_input(format!("A gateway of the type {kind} does not have {property}.")))
            }
        }
    }

    fn required_name(self) -> Result<String, FabricError> {
        self.display_name.ok_or_else(|| FabricError::invalid_input("The DisplayName field is required."))
    }

    fn on_premises(mut self, state: &State, id: GatewayId) -> Result<OnPremises, FabricError> {
        let count = self.number_of_member_gateways;
        let members = self.members.take();
        let members = members.unwrap_or_else(|| {
            let count = count.map_or(1, |count| usize::try_from(count).unwrap_or_default().min(MEMBERS_MAX + 1));
            vec![MemberDeclaration::default(); count]
        });
        let is_counted = count.is_none_or(|count| usize::try_from(count) == Ok(members.len()));
        if members.is_empty() || members.len() > MEMBERS_MAX || !is_counted {
            let message =
                format!("A gateway has 1 to {MEMBERS_MAX} members, and numberOfMemberGateways is their number.");
            return Err(FabricError::invalid_input(message));
        }
        let mut ids = BTreeSet::new();
        let members = (1..).zip(members).map(|(number, member)| self.member(state, id, number, member));
        let members = members.collect::<Result<Vec<Member>, FabricError>>()?;
        if members.first().is_some_and(|primary| primary.id != id) {
            return Err(FabricError::invalid_input("The first member has the id of the gateway."));
        }
        if let Some(twice) = members.iter().find(|member| !ids.insert(member.id)) {
            return Err(FabricError::invalid_input(format!("The member {} is given twice.", twice.id)));
        }
        Ok(OnPremises {
            load_balancing: self.load_balancing_setting.unwrap_or_default(),
            allow_cloud_connection_refresh: self.allow_cloud_connection_refresh.unwrap_or(false),
            allow_custom_connectors: self.allow_custom_connectors.unwrap_or(false),
            members,
            display_name: self.required_name()?,
        })
    }

    /// Returns the member with this number, which counts from 1 for the primary member.
    fn member(
        &self,
        state: &State,
        gateway: GatewayId,
        number: u64,
        declared: MemberDeclaration,
    ) -> Result<Member, FabricError> {
        let of_gateway =
            || if number == 1 { gateway } else { GatewayId::nth(state.seed().fork(gateway.to_ascii()), number) };
        let id = declared.id.unwrap_or_else(of_gateway);
        let named = || {
            self.display_name.as_ref().map(|name| if number == 1 { name.clone() } else { format!("{name} {number}") })
        };
        let display_name = declared.display_name.or_else(named).unwrap_or_else(|| "Personal gateway".to_owned());
        // The number may follow a name of the maximum length.
        check_name(&display_name, GATEWAY_NAME_MAX + 4)?;
        let of_primary = || if number == 1 { self.public_key.clone() } else { None };
        let public_key = declared.public_key.or_else(of_primary);
        let public_key = public_key.unwrap_or_else(|| PublicKey::derived(state.seed(), id));
        let version = declared.version.or_else(|| self.version.clone()).unwrap_or_else(|| VERSION.to_owned());
        for (member, text, most) in [
            ("publicKey.exponent", &public_key.exponent, KEY_MAX),
            ("publicKey.modulus", &public_key.modulus, KEY_MAX),
            ("version", &version, NAME_MAX),
        ] {
            if text.is_empty() || text.chars().count() > most {
                return Err(FabricError::invalid_input(format!("{member} must have 1 to {most} characters.")));
            }
        }
        let is_online = declared.status.or(self.status) != Some(GatewayStatus::Offline);
        Ok(Member { id, display_name, public_key, version, is_enabled: declared.enabled.unwrap_or(true), is_online })
    }

    fn virtual_network(self, state: &State) -> Result<VirtualNetwork, FabricError> {
        let range = (self.min_member_gateway_count, self.max_member_gateway_count);
        // The API returns the number of members beside their range.
        let fixed = self.number_of_member_gateways.filter(|_| range == (None, None));
        let members = MemberCountRequest { fixed, min: range.0, max: range.1 };
        let capacity = match self.capacity_id {
            Some(id) => state.capacity(id)?,
            None => state.capacities().first().ok_or_else(|| FabricError::invalid_input("CapacityId is missing."))?,
        };
        Ok(VirtualNetwork {
            capacity: capacity.id,
            resource: self.resource()?,
            inactivity_minutes: inactivity(self.inactivity_minutes_before_sleep.unwrap_or(INACTIVITY_MINUTES))?,
            members: members.count()?.unwrap_or(MemberCount::Fixed(1)),
            is_online: self.status != Some(GatewayStatus::Offline),
            display_name: self.required_name()?,
        })
    }

    fn resource(&self) -> Result<AzureResource, FabricError> {
        let default = || AzureResource {
            virtual_network_name: "vnet".to_owned(),
            subnet_name: "subnet".to_owned(),
            resource_group_name: "resource-group".to_owned(),
            subscription_id: SubscriptionId::from_uuid(Uuid::nil()),
        };
        let resource = self.virtual_network_azure_resource.clone().unwrap_or_else(default);
        resource.check()?;
        Ok(resource)
    }
}
