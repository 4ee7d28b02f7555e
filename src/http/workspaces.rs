//! Workspaces: create, list, get, update, delete.

use serde::{Deserialize, Serialize};

use crate::fabric::State;
use crate::fabric::workspace::{self, NewWorkspace, Workspace};
use crate::http::Outcome;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::wire::{self, List};
use crate::ids::{CapacityId, WorkspaceId};

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceBody<'a> {
    id: WorkspaceId,
    display_name: &'a str,
    description: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_id: Option<CapacityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_assignment_progress: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_lake_endpoints: Option<OneLakeEndpoints>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneLakeEndpoints {
    blob_endpoint: String,
    dfs_endpoint: String,
}

impl<'a> WorkspaceBody<'a> {
    fn new(state: &'a State, workspace: &'a Workspace) -> Self {
        let region = workspace.capacity.and_then(|id| state.capacity(id).ok()).map(|capacity| capacity.region);
        Self {
            id: workspace.id,
            display_name: &workspace.display_name,
            description: &workspace.description,
            r#type: "Workspace",
            capacity_id: workspace.capacity,
            capacity_region: region,
            capacity_assignment_progress: None,
            one_lake_endpoints: None,
        }
    }

    /// With what only the get of a single workspace shows, once it has a capacity.
    fn whole(state: &'a State, workspace: &'a Workspace) -> Self {
        let body = Self::new(state, workspace);
        let endpoints = body.capacity_region.map(|region| {
            let host: String = region.to_lowercase().split_whitespace().collect();
            let endpoint = |service| format!("https://{host}-onelake.{service}.fabric.microsoft.com");
            OneLakeEndpoints { blob_endpoint: endpoint("blob"), dfs_endpoint: endpoint("dfs") }
        });
        Self {
            capacity_assignment_progress: endpoints.as_ref().map(|_| "Completed"),
            one_lake_endpoints: endpoints,
            ..body
        }
    }
}

pub(super) fn create(context: &Context<'_>) -> Outcome {
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

pub(super) fn list(context: &Context<'_>) -> Outcome {
    let preferred = context.flag("preferWorkspaceSpecificEndpoints")?;
    context.read(|state| {
        let page = context.page(state.settings.page_size)?;
        let page = page.cut(state.workspaces().after(page.after)).map(|workspace| WorkspaceBody::new(state, workspace));
        Ok(Answer::ok(&List::new(context, page)).inert("preferWorkspaceSpecificEndpoints", preferred == Some(true)))
    })
}

pub(super) fn get(context: &Context<'_>) -> Outcome {
    let id = context.id(0)?;
    let preferred = context.flag("preferWorkspaceSpecificEndpoints")?;
    context.read(|state| {
        let answer = Answer::ok(&WorkspaceBody::whole(state, state.workspace(id)?));
        Ok(answer.inert("preferWorkspaceSpecificEndpoints", preferred == Some(true)))
    })
}

pub(super) fn update(context: &Context<'_>) -> Outcome {
    let id = context.id(0)?;
    let UpdateWorkspace { display_name, description } = context.json()?;
    context.tenant.commit_then(
        context.now,
        |state, _| workspace::update(state, id, display_name, description),
        |state, ()| Ok(Answer::ok(&WorkspaceBody::new(state, state.workspace(id)?))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> Outcome {
    let id = context.id(0)?;
    context.commit(|state, _| workspace::delete(state, id))?;
    Ok(Answer::empty())
}
