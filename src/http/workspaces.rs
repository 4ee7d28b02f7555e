//! Workspaces: create, list, get, update and delete workspaces, assign a capacity, and provision an identity.

use crate::fabric::role::Role;
use crate::fabric::workspace::{self, NewWorkspace};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire;
use crate::http::wire::workspaces::{AssignToCapacity, CreateWorkspace, UpdateWorkspace, WorkspaceBody};

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let body: CreateWorkspace = context.json()?;
    let new = NewWorkspace {
        display_name: wire::required(body.display_name, "DisplayName")?,
        description: body.description.unwrap_or_default(),
        capacity: wire::id(body.capacity_id, "CapacityId")?,
        domain: wire::id(body.domain_id, "DomainId")?,
    };
    context.commit_then(
        |state, _| workspace::create(state, new, context.caller),
        |state, id| {
            let location = context.url(&format!("/v1/workspaces/{id}"));
            let created = state.workspace(id)?;
            Ok(Answer::created(&WorkspaceBody::new(state, created)).at(location))
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
        Ok(Answer::ok(&context.list(page)).inert("preferWorkspaceSpecificEndpoints", preferred == Some(true)))
    })
}

fn role(name: &str) -> Result<Role, FabricError> {
    Role::named(name.trim()).ok_or_else(|| {
        FabricError::new(ErrorCode::InvalidParameter)
            .message(format!("The value {name:?} of roles is not a workspace role."))
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
    context.commit_then(
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
    let capacity = wire::required_id(body.capacity_id, "CapacityId")?;
    context.commit(|state, now| workspace::assign(state, context.workspace(state)?, Some(capacity), now))?;
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
