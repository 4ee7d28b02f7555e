//! Bodies of gateways, of their members and of their status.

use serde::{Deserialize, Serialize};

use super::{id, required, required_id};
use crate::fabric::FabricError;
use crate::fabric::assignments::{Assignment, DeclaredPrincipal, DeclaredRole};
use crate::fabric::gateway::request::GatewayRequest;
use crate::fabric::gateway::role::GatewayRole;
use crate::fabric::gateway::status::{Fault, GatewayStatus, StatusReport};
use crate::fabric::gateway::{
    AzureResource, Details, Gateway, GatewayType, LoadBalancing, Member, MemberCount, MemberCountRequest, PublicKey,
    VirtualNetwork,
};
use crate::ids::{CapacityId, GatewayId};

/// A request to create or update a gateway.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayRequestBody {
    r#type: Option<String>,
    display_name: Option<String>,
    capacity_id: Option<String>,
    virtual_network_azure_resource: Option<ResourceRequest>,
    inactivity_minutes_before_sleep: Option<i64>,
    number_of_member_gateways: Option<i64>,
    max_member_gateway_count: Option<i64>,
    min_member_gateway_count: Option<i64>,
    load_balancing_setting: Option<LoadBalancing>,
    allow_cloud_connection_refresh: Option<bool>,
    allow_custom_connectors: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRequest {
    subscription_id: Option<String>,
    resource_group_name: Option<String>,
    virtual_network_name: Option<String>,
    subnet_name: Option<String>,
}

impl ResourceRequest {
    fn resource(self) -> Result<AzureResource, FabricError> {
        Ok(AzureResource {
            virtual_network_name: required(self.virtual_network_name, "VirtualNetworkName")?,
            subnet_name: required(self.subnet_name, "SubnetName")?,
            resource_group_name: required(self.resource_group_name, "ResourceGroupName")?,
            subscription_id: required_id(self.subscription_id, "SubscriptionId")?,
        })
    }
}

impl GatewayRequestBody {
    /// Returns the request of the body. Rejects ids that are not GUIDs, and a subnet without all of its members.
    pub(crate) fn request(self) -> Result<GatewayRequest, FabricError> {
        Ok(GatewayRequest {
            kind: self.r#type,
            display_name: self.display_name,
            capacity: id(self.capacity_id, "CapacityId")?,
            resource: self.virtual_network_azure_resource.map(ResourceRequest::resource).transpose()?,
            inactivity_minutes: self.inactivity_minutes_before_sleep,
            members: MemberCountRequest {
                fixed: self.number_of_member_gateways,
                min: self.min_member_gateway_count,
                max: self.max_member_gateway_count,
            },
            load_balancing: self.load_balancing_setting,
            allow_cloud_connection_refresh: self.allow_cloud_connection_refresh,
            allow_custom_connectors: self.allow_custom_connectors,
        })
    }
}

/// A gateway. The members are in the order of the service: first those of the type.
#[derive(Serialize)]
pub(crate) struct GatewayBody<'a> {
    #[serde(flatten)]
    details: DetailsBody<'a>,
    id: GatewayId,
    r#type: GatewayType,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum DetailsBody<'a> {
    OnPremises {
        display_name: &'a str,
        number_of_member_gateways: usize,
        load_balancing_setting: LoadBalancing,
        allow_cloud_connection_refresh: bool,
        allow_custom_connectors: bool,
        public_key: Option<&'a PublicKey>,
        version: Option<&'a str>,
    },
    OnPremisesPersonal {
        public_key: &'a PublicKey,
        version: &'a str,
    },
    VirtualNetwork {
        display_name: &'a str,
        capacity_id: CapacityId,
        virtual_network_azure_resource: &'a AzureResource,
        inactivity_minutes_before_sleep: u32,
        number_of_member_gateways: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_member_gateway_count: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        min_member_gateway_count: Option<u32>,
    },
    StreamingVirtualNetwork {
        display_name: &'a str,
        virtual_network_azure_resource: &'a AzureResource,
    },
}

impl<'a> From<&'a Gateway> for GatewayBody<'a> {
    fn from(gateway: &'a Gateway) -> Self {
        let details = match &gateway.details {
            Details::OnPremises(gateway) => {
                let primary = gateway.members.first();
                DetailsBody::OnPremises {
                    display_name: &gateway.display_name,
                    number_of_member_gateways: gateway.members.len(),
                    load_balancing_setting: gateway.load_balancing,
                    allow_cloud_connection_refresh: gateway.allow_cloud_connection_refresh,
                    allow_custom_connectors: gateway.allow_custom_connectors,
                    public_key: primary.map(|member| &member.public_key),
                    version: primary.map(|member| member.version.as_str()),
                }
            }
            Details::OnPremisesPersonal(Member { public_key, version, .. }) => {
                DetailsBody::OnPremisesPersonal { public_key, version }
            }
            Details::VirtualNetwork(gateway) => gateway.into(),
            Details::StreamingVirtualNetwork { display_name, resource, .. } => {
                DetailsBody::StreamingVirtualNetwork { display_name, virtual_network_azure_resource: resource }
            }
        };
        Self { details, id: gateway.id, r#type: gateway.kind() }
    }
}

impl<'a> From<&'a VirtualNetwork> for DetailsBody<'a> {
    fn from(gateway: &'a VirtualNetwork) -> Self {
        // The number of members is the maximum of a range (Microsoft's example).
        let (number, range) = match gateway.members {
            MemberCount::Fixed(number) => (number, None),
            MemberCount::Range { min, max } => (max, Some((max, min))),
        };
        let (max_member_gateway_count, min_member_gateway_count) = range.unzip();
        Self::VirtualNetwork {
            display_name: &gateway.display_name,
            capacity_id: gateway.capacity,
            virtual_network_azure_resource: &gateway.resource,
            inactivity_minutes_before_sleep: gateway.inactivity_minutes,
            number_of_member_gateways: number,
            max_member_gateway_count,
            min_member_gateway_count,
        }
    }
}

/// A request to update a member.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateMember {
    pub(crate) display_name: Option<String>,
    pub(crate) enabled: Option<bool>,
}

/// A member of a gateway on premises.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberBody<'a> {
    id: GatewayId,
    display_name: &'a str,
    public_key: &'a PublicKey,
    version: &'a str,
    enabled: bool,
}

impl<'a> From<&'a Member> for MemberBody<'a> {
    fn from(member: &'a Member) -> Self {
        let Member { id, display_name, public_key, version, is_enabled, .. } = member;
        Self { id: *id, display_name, public_key, version, enabled: *is_enabled }
    }
}

/// The status of a gateway or a member.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusBody<'a> {
    status: GatewayStatus,
    gateway_version: &'a str,
    gateway_upgrade_state: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    error_details: Vec<FaultBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FaultBody {
    error_code: &'static str,
    message: &'static str,
    related_resource: RelatedGateway,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedGateway {
    resource_id: GatewayId,
    resource_type: &'static str,
}

/// Returns the error code and the message of a fault, as in Microsoft's examples.
pub(super) const fn code_and_message(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::Unreachable => ("DM_GWPipeline_Client_GatewayUnreachable", "Gateway is unreachable"),
        Fault::Disabled => ("DMTS_GatewayIsDisabled", "Gateway is disabled"),
        Fault::Missing => (
            "DM_GWPipeline_UnknownError",
            "Error response with StatusCode: BadRequest, ErrorCode: GatewayNotFound, \
             ErrorMessage: 'GatewayContainer does not exist'",
        ),
    }
}

impl<'a> From<StatusReport<'a>> for StatusBody<'a> {
    fn from(report: StatusReport<'a>) -> Self {
        let fault = |(id, fault)| {
            let (error_code, message) = code_and_message(fault);
            let related_resource = RelatedGateway { resource_id: id, resource_type: "Gateway" };
            FaultBody { error_code, message, related_resource }
        };
        Self {
            status: report.status,
            gateway_version: report.version,
            gateway_upgrade_state: "UpToDate",
            error_details: report.faults.into_iter().map(fault).collect(),
        }
    }
}

/// A gateway with all that a declaration of it contains.
#[derive(Serialize)]
pub(crate) struct DeclaredGateway<'a> {
    #[serde(flatten)]
    gateway: GatewayBody<'a>,
    status: GatewayStatus,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<DeclaredMember<'a>>,
    roles: Vec<DeclaredRole<GatewayRole>>,
}

#[derive(Serialize)]
struct DeclaredMember<'a> {
    #[serde(flatten)]
    member: MemberBody<'a>,
    status: GatewayStatus,
}

impl<'a> From<&'a Gateway> for DeclaredGateway<'a> {
    fn from(gateway: &'a Gateway) -> Self {
        let member = |member: &'a Member| DeclaredMember {
            member: member.into(),
            status: if member.is_online { GatewayStatus::Online } else { GatewayStatus::Offline },
        };
        let role = |Assignment { principal, role, .. }: &Assignment<GatewayRole>| DeclaredRole {
            principal: DeclaredPrincipal { id: principal.id, r#type: principal.kind },
            role: *role,
        };
        Self {
            status: gateway.report().status,
            members: gateway.members().iter().map(member).collect(),
            roles: gateway.roles.iter().map(role).collect(),
            gateway: gateway.into(),
        }
    }
}
