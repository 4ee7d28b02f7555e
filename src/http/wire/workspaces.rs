//! Bodies of workspaces.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tags::{AppliedTag, applied};
use crate::fabric::State;
use crate::fabric::workspace::{Workspace, WorkspaceIdentity, WorkspaceType};
use crate::ids::{ApplicationId, CapacityId, DomainId, PrincipalId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateWorkspace {
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) capacity_id: Option<String>,
    pub(crate) domain_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateWorkspace {
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignToCapacity {
    pub(crate) capacity_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkspaceBody<'a> {
    id: WorkspaceId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    r#type: WorkspaceType,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_id: Option<DomainId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<AppliedTag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_assignment_progress: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_lake_endpoints: Option<OneLakeEndpoints>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_identity: Option<IdentityBody>,
}

/// The identity of a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityBody {
    application_id: ApplicationId,
    service_principal_id: PrincipalId,
}

impl From<WorkspaceIdentity> for IdentityBody {
    fn from(identity: WorkspaceIdentity) -> Self {
        let WorkspaceIdentity { application_id, service_principal_id } = identity;
        Self { application_id, service_principal_id }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneLakeEndpoints {
    blob_endpoint: String,
    dfs_endpoint: String,
}

impl<'a> WorkspaceBody<'a> {
    pub(crate) fn new(state: &'a State, workspace: &'a Workspace) -> Self {
        let region = workspace.capacity.and_then(|id| state.capacity(id).ok()).map(|capacity| &*capacity.region);
        Self {
            id: workspace.id,
            display_name: &workspace.display_name,
            description: super::description(state, &workspace.description),
            r#type: workspace.kind,
            capacity_id: workspace.capacity,
            domain_id: workspace.domain,
            tags: applied(state, &workspace.tags),
            capacity_region: region,
            capacity_assignment_progress: None,
            one_lake_endpoints: None,
            workspace_identity: None,
        }
    }

    /// Creates the body of a workspace at `now`, with the members that only the get of a single workspace shows.
    pub(crate) fn whole(state: &'a State, workspace: &'a Workspace, now: Timestamp) -> Self {
        let body = Self::new(state, workspace);
        let progress = if now < workspace.assigned_at { "InProgress" } else { "Completed" };
        let endpoints = body.capacity_region.map(|region| {
            let host: String = region.to_lowercase().split_whitespace().collect();
            let endpoint = |service| format!("https://{host}-onelake.{service}.fabric.microsoft.com");
            OneLakeEndpoints { blob_endpoint: endpoint("blob"), dfs_endpoint: endpoint("dfs") }
        });
        Self {
            capacity_assignment_progress: Some(progress),
            one_lake_endpoints: endpoints,
            workspace_identity: workspace.identity(now).map(IdentityBody::from),
            ..body
        }
    }
}
