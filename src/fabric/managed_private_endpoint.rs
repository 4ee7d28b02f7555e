//! Managed private endpoints of a workspace. They are kept and shown, but have no effect, because the emulator has no
//! networks (docs/fidelity.md#networking).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::name::{Folded, check_name};
use crate::fabric::networking::{RESOURCE_MAX, is_azure_resource};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::ManagedPrivateEndpointId;

/// The maximum length of a name, in characters (documented).
pub const NAME_MAX: usize = 64;
/// The maximum length of a request message, in characters (documented).
pub const MESSAGE_MAX: usize = 140;
/// The maximum number of domain names of an endpoint (documented).
pub const FQDNS_MAX: usize = 20;
/// The maximum length of a domain name, in characters.
pub const FQDN_MAX: usize = 253;
/// The maximum number of endpoints of a workspace (guessed).
pub const ENDPOINTS_MAX: usize = 200;

/// A managed private endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedPrivateEndpoint {
    /// The id of the endpoint.
    pub id: ManagedPrivateEndpointId,
    /// What the creation requested.
    pub request: NewManagedPrivateEndpoint,
    /// The instant at which the provisioning is complete.
    pub provisioned_at: Timestamp,
}

/// The properties of a new endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewManagedPrivateEndpoint {
    /// The name, unique in the workspace (guessed).
    pub name: String,
    /// The id of the Azure resource that the endpoint leads to.
    pub target_private_link_resource_id: String,
    /// The part of the resource, such as `sqlServer`.
    pub target_subresource_type: Option<String>,
    /// The message to the owner of the resource.
    pub request_message: Option<String>,
    /// The domain names of the resource.
    pub target_fqdns: Vec<String>,
}

/// Creates an endpoint. The workspace must have an active capacity (documented).
pub fn create(
    state: &State,
    workspace: &Workspace,
    request: NewManagedPrivateEndpoint,
    now: Timestamp,
) -> Decision<ManagedPrivateEndpointId> {
    state.check_capacity(workspace)?;
    request.check()?;
    let endpoints = workspace.managed_private_endpoints();
    let name = Folded::new(&request.name);
    if endpoints.values().any(|known| Folded::new(&known.request.name) == name) {
        return Err(FabricError::new(ErrorCode::EntityConflict).message("The name of the endpoint is already in use."));
    }
    if endpoints.len() >= ENDPOINTS_MAX {
        return Err(FabricError::invalid_input(format!("A workspace has at most {ENDPOINTS_MAX} endpoints.")));
    }
    let id = state.next_managed_private_endpoint();
    let provisioned_at = later(now, state.settings.timing().managed_private_endpoint());
    let endpoint = ManagedPrivateEndpoint { id, request, provisioned_at };
    Ok((vec![Fact::ManagedPrivateEndpointCreated { workspace: workspace.id, endpoint }], id))
}

/// Deletes an endpoint.
pub fn delete(workspace: &Workspace, id: ManagedPrivateEndpointId) -> Decision<()> {
    workspace.managed_private_endpoint(id)?;
    Ok((vec![Fact::ManagedPrivateEndpointDeleted { workspace: workspace.id, id }], ()))
}

impl NewManagedPrivateEndpoint {
    fn check(&self) -> Result<(), FabricError> {
        check_name(&self.name, NAME_MAX)?;
        let resource = &self.target_private_link_resource_id;
        if resource.chars().count() > RESOURCE_MAX || !is_azure_resource(resource) {
            return Err(FabricError::invalid_input("TargetPrivateLinkResourceId is not the id of an Azure resource."));
        }
        if let Some(part) = &self.target_subresource_type {
            check_name(part, NAME_MAX)?;
        }
        if self.request_message.as_ref().is_some_and(|message| message.chars().count() > MESSAGE_MAX) {
            return Err(FabricError::invalid_input(format!("RequestMessage has more than {MESSAGE_MAX} characters.")));
        }
        if self.target_fqdns.len() > FQDNS_MAX {
            return Err(FabricError::invalid_input(format!("TargetFQDNs has more than {FQDNS_MAX} elements.")));
        }
        self.target_fqdns.iter().try_for_each(|name| check_name(name, FQDN_MAX))
    }
}

impl ManagedPrivateEndpoint {
    /// Returns `true` if the provisioning is complete at `now`.
    pub fn is_provisioned(&self, now: Timestamp) -> bool {
        self.provisioned_at <= now
    }
}

impl Workspace {
    /// Returns a managed private endpoint.
    pub fn managed_private_endpoint(
        &self,
        id: ManagedPrivateEndpointId,
    ) -> Result<&ManagedPrivateEndpoint, FabricError> {
        let found = self.managed_private_endpoints().get(&id);
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("ManagedPrivateEndpoint", id))
    }
}
