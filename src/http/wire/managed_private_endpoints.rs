//! Bodies of managed private endpoints.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::required;
use crate::fabric::FabricError;
use crate::fabric::managed_private_endpoint::{ManagedPrivateEndpoint, NewManagedPrivateEndpoint};
use crate::ids::ManagedPrivateEndpointId;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateManagedPrivateEndpointBody {
    name: Option<String>,
    target_private_link_resource_id: Option<String>,
    target_subresource_type: Option<String>,
    request_message: Option<String>,
    #[serde(rename = "targetFQDNs")]
    target_fqdns: Option<Vec<String>>,
}

impl TryFrom<CreateManagedPrivateEndpointBody> for NewManagedPrivateEndpoint {
    type Error = FabricError;

    fn try_from(body: CreateManagedPrivateEndpointBody) -> Result<Self, FabricError> {
        Ok(Self {
            name: required(body.name, "Name")?,
            target_private_link_resource_id: required(
                body.target_private_link_resource_id,
                "TargetPrivateLinkResourceId",
            )?,
            target_subresource_type: body.target_subresource_type,
            request_message: body.request_message,
            target_fqdns: body.target_fqdns.unwrap_or_default(),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManagedPrivateEndpointBody<'a> {
    id: ManagedPrivateEndpointId,
    name: &'a str,
    target_private_link_resource_id: &'a str,
    provisioning_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_state: Option<ConnectionState<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_subresource_type: Option<&'a str>,
}

/// The approval by the owner of the resource. Nobody approves: resources are outside of the emulator.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionState<'a> {
    status: &'static str,
    description: &'a str,
    actions_required: &'static str,
}

impl<'a> ManagedPrivateEndpointBody<'a> {
    /// Creates the body of an endpoint at `now`.
    pub(crate) fn new(endpoint: &'a ManagedPrivateEndpoint, now: Timestamp) -> Self {
        let request = &endpoint.request;
        let is_provisioned = endpoint.is_provisioned(now);
        Self {
            id: endpoint.id,
            name: &request.name,
            target_private_link_resource_id: &request.target_private_link_resource_id,
            provisioning_state: if is_provisioned { "Succeeded" } else { "Provisioning" },
            connection_state: is_provisioned.then(|| ConnectionState {
                status: "Pending",
                description: request.request_message.as_deref().unwrap_or_default(),
                actions_required: "None",
            }),
            target_subresource_type: request.target_subresource_type.as_deref(),
        }
    }
}
