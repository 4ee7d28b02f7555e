//! Deployment pipelines: the pipelines, their role assignments, their stages, and deployments. The id of a role assignment
//! is that of its principal, of which only the id and the type are shown.

use crate::fabric::deployment_pipeline::role::{self, PipelineRole};
use crate::fabric::deployment_pipeline::{self, DeploymentPipeline, deploy as deployment, stage};
use crate::fabric::principal::LEARNED;
use crate::fabric::{FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations::started;
use crate::http::wire::deployment_pipeline::{
    AssignWorkspace, CreatePipeline, DeployBody, DeploymentBody, PipelineBody, StageBody, StageItemBody,
    StageRequestBody, UpdatePipeline,
};
use crate::http::wire::principals::{AddRoleAssignment, RoleAssignmentBody};
use crate::http::wire::{required, required_id};
use crate::ids::DeploymentPipelineId;

fn id(context: &Context<'_>) -> Result<DeploymentPipelineId, FabricError> {
    context.id("deploymentPipelineId")
}

/// Returns the deployment pipeline that the path names.
fn pipeline<'a>(context: &Context<'_>, state: &'a State) -> Result<&'a DeploymentPipeline, FabricError> {
    state.deployment_pipeline(id(context)?, context.caller.id)
}

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let body: CreatePipeline = context.json()?;
    let request = body.request()?;
    context.commit_then(
        |state, _| deployment_pipeline::create(state, request, context.caller),
        |state, id| {
            let pipeline = state.deployment_pipeline(id, context.caller.id)?;
            Ok(Answer::created(&PipelineBody::whole(state, pipeline, context.caller)))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let all = state.deployment_pipelines().after(page.after);
        let seen = all.filter(|(_, pipeline)| pipeline.roles.role_of(context.caller.id).is_some());
        Ok(Answer::ok(&context.list(page.cut(seen).map(|pipeline| PipelineBody::listed(state, pipeline)))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&PipelineBody::whole(state, pipeline(context, state)?, context.caller))))
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let id = id(context)?;
    let UpdatePipeline { display_name, description } = context.json()?;
    context.commit_then(
        |state, _| deployment_pipeline::update(state, id, display_name, description, context.caller),
        |state, ()| Ok(Answer::ok(&PipelineBody::whole(state, pipeline(context, state)?, context.caller))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let id = id(context)?;
    context.commit(|state, now| deployment_pipeline::delete(state, id, context.caller, now))?;
    Ok(Answer::empty())
}

pub(super) fn list_roles(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let roles = &pipeline(context, state)?.roles;
        let page = context.page(state)?;
        let page = page.cut(roles.after(page.after));
        let page = page.map(|assignment| RoleAssignmentBody::bare(assignment.principal, assignment.role));
        Ok(Answer::ok(&context.list(page)))
    })
}

pub(super) fn add_role(context: &Context<'_>) -> HandlerResult {
    let id = id(context)?;
    let body: AddRoleAssignment = context.json()?;
    let principal = required(body.principal, "Principal")?.principal()?;
    let name = required(body.role, "Role")?;
    let unknown =
        || FabricError::invalid_input(format!("The value {name:?} of Role is not a deployment pipeline role."));
    let role = PipelineRole::named(&name).ok_or_else(unknown)?;
    let (added, is_learned) = context.commit(|state, _| role::add(state, id, principal, role, context.caller))?;
    let body = RoleAssignmentBody::bare(added.principal, added.role);
    Ok(Answer::ok(&body).note(is_learned.then_some(LEARNED)))
}

pub(super) fn delete_role(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (id(context)?, context.id("principalId")?);
    context.commit(|state, _| role::delete(state, id, principal, context.caller))?;
    Ok(Answer::empty())
}

pub(super) fn list_stages(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let stages = pipeline(context, state)?.stages.iter().enumerate();
        let page = context.page(state)?;
        let stages = (1..).zip(stages).skip_while(|(position, _)| Some(*position) <= page.after);
        let page = page.cut(stages).map(|stage| StageBody::new(state, stage, context.caller));
        Ok(Answer::ok(&context.list(page)))
    })
}

/// Returns the body of the stage that the path names.
fn stage_answer(context: &Context<'_>, state: &State) -> HandlerResult {
    let stage = pipeline(context, state)?.stage(context.id("stageId")?)?;
    Ok(Answer::ok(&StageBody::new(state, stage, context.caller)))
}

pub(super) fn get_stage(context: &Context<'_>) -> HandlerResult {
    context.read(|state| stage_answer(context, state))
}

pub(super) fn update_stage(context: &Context<'_>) -> HandlerResult {
    let (id, stage) = (id(context)?, context.id("stageId")?);
    let body: StageRequestBody = context.json()?;
    let request = body.request()?;
    context.commit_then(
        |state, _| stage::update(state, id, stage, request, context.caller),
        |state, ()| stage_answer(context, state),
    )?
}

pub(super) fn list_items(context: &Context<'_>) -> HandlerResult {
    let stage = context.id("stageId")?;
    context.read(|state| {
        let page = context.page(state)?;
        let items = pipeline(context, state)?.items(state, stage, page.after, context.caller, context.now)?;
        Ok(Answer::ok(&context.list(page.cut(items).map(StageItemBody::from))))
    })
}

pub(super) fn assign(context: &Context<'_>) -> HandlerResult {
    let (id, stage) = (id(context)?, context.id("stageId")?);
    let body: AssignWorkspace = context.json()?;
    let workspace = required_id(body.workspace_id, "WorkspaceId")?;
    context.commit(|state, now| stage::assign(state, id, stage, workspace, context.caller, now))?;
    Ok(Answer::empty())
}

pub(super) fn unassign(context: &Context<'_>) -> HandlerResult {
    let (id, stage) = (id(context)?, context.id("stageId")?);
    context.commit(|state, now| stage::unassign(state, id, stage, context.caller, now))?;
    Ok(Answer::empty())
}

pub(super) fn deploy(context: &Context<'_>) -> HandlerResult {
    let id = id(context)?;
    let body: DeployBody = context.json()?;
    let request = body.request()?;
    context.commit_then(
        |state, now| deployment::deploy(state, id, request, context.caller, now),
        |state, (operation, deployed)| Ok(started(context, state, operation)?.deploying(deployed)),
    )?
}

pub(super) fn list_operations(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let deployments = pipeline(context, state)?.deployments();
        let page = context.page(state)?;
        let page = page.cut(deployments.after(page.after));
        Ok(Answer::ok(&context.list(page.map(|deployment| DeploymentBody::listed(deployment, context.now)))))
    })
}

pub(super) fn get_operation(context: &Context<'_>) -> HandlerResult {
    let deployment = context.id("operationId")?;
    context.read(|state| {
        let deployment = pipeline(context, state)?.deployment(deployment)?;
        Ok(Answer::ok(&DeploymentBody::whole(deployment, context.now)))
    })
}
