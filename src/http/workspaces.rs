//! Workspaces: create, list, get, update, delete, and to which capacity they are assigned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::role::Role;
use crate::fabric::workspace::{self, NewWorkspace, Workspace, WorkspaceIdentity, WorkspaceType};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::tags::{self, AppliedTag};
use crate::http::wire::{self, List};
use crate::ids::{ApplicationId, CapacityId, PrincipalId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateWorkspace {
    display_name: Option<String>,
    description: Option<String>,
    capacity_id: Option<String>,
    domain_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateWorkspace {
    display_name: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignToCapacity {
    capacity_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceBody<'a> {
    id: WorkspaceId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    r#type: WorkspaceType,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentityBody {
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
    fn new(state: &'a State, workspace: &'a Workspace) -> Self {
        let region = workspace.capacity.and_then(|id| state.capacity(id).ok()).map(|capacity| &*capacity.region);
        Self {
            id: workspace.id,
            display_name: &workspace.display_name,
            description: wire::description(state, &workspace.description),
            r#type: workspace.kind,
            capacity_id: workspace.capacity,
            tags: tags::applied(state, &workspace.tags),
            capacity_region: region,
            capacity_assignment_progress: None,
            one_lake_endpoints: None,
            workspace_identity: None,
        }
    }

    /// With what only the get of a single workspace shows.
    fn whole(state: &'a State, workspace: &'a Workspace, now: Timestamp) -> Self {
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

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let body: CreateWorkspace = context.json()?;
    let new = NewWorkspace {
        display_name: wire::required(body.display_name, "DisplayName")?,
        description: body.description.unwrap_or_default(),
        capacity: wire::id(body.capacity_id, "CapacityId")?,
    };
    context.tenant.commit_then(
        context.now,
        |state, _| workspace::create(state, new, context.caller),
        |state, id| {
            let location = context.url(&format!("/v1/workspaces/{id}"));
            let created = state.workspace(id)?;
            Ok(Answer::created(&WorkspaceBody::new(state, created))
                .at(location)
                .inert("domainId", body.domain_id.is_some()))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let preferred = context.flag("preferWorkspaceSpecificEndpoints")?;
    let roles = context.query("roles").map(|roles| roles.split(',').map(role).collect::<Result<Vec<Role>, _>>());
    let roles = roles.transpose()?;
    context.read(|state| {
        let page = context.page(state)?;
        let seen = state.workspaces().after(page.after).filter(|(_, workspace)| {
            let role = workspace.role_of(context.caller);
            role.is_some_and(|role| roles.as_ref().is_none_or(|roles| roles.contains(&role)))
        });
        let page = page.cut(seen).map(|workspace| WorkspaceBody::new(state, workspace));
        Ok(Answer::ok(&List::new(context, page)).inert("preferWorkspaceSpecificEndpoints", preferred == Some(true)))
    })
}

fn role(name: &str) -> Result<Role, FabricError> {
    Role::named(name.trim()).ok_or_else(|| {
        FabricError::new(ErrorCode::InvalidParameter)
            .message(format!("The value {name:?} of roles is no workspace role."))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let preferred = context.flag("preferWorkspaceSpecificEndpoints")?;
    context.read(|state| {
        let answer = Answer::ok(&WorkspaceBody::whole(state, context.workspace(state)?, context.now));
        Ok(answer.inert("preferWorkspaceSpecificEndpoints", preferred == Some(true)))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let UpdateWorkspace { display_name, description } = context.json()?;
    context.tenant.commit_then(
        context.now,
        |state, _| workspace::update(state, context.workspace(state)?, display_name, description),
        |state, ()| Ok(Answer::ok(&WorkspaceBody::new(state, context.workspace(state)?))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, _| workspace::delete(context.workspace(state)?))?;
    Ok(Answer::empty())
}

pub(super) fn assign_to_capacity(context: &Context<'_>) -> HandlerResult {
    let body: AssignToCapacity = context.json()?;
    let capacity = wire::id(Some(wire::required(body.capacity_id, "CapacityId")?), "CapacityId")?;
    context.commit(|state, now| workspace::assign(state, context.workspace(state)?, capacity, now))?;
    Ok(Answer::accepted())
}

pub(super) fn unassign_from_capacity(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| workspace::assign(state, context.workspace(state)?, None, now))?;
    Ok(Answer::accepted())
}

pub(super) fn provision_identity(context: &Context<'_>) -> HandlerResult {
    let decide = |state: &State, now| workspace::provision_identity(state, context.workspace(state)?, now);
    long_running_operations::run(context, decide)
}

pub(super) fn deprovision_identity(context: &Context<'_>) -> HandlerResult {
    let decide = |state: &State, now| workspace::deprovision_identity(state, context.workspace(state)?, now);
    long_running_operations::run(context, decide)
}
