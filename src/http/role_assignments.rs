//! Role assignments of a workspace: add, list, get, update, delete. An assignment has the id of its principal.

use crate::fabric::FabricError;
use crate::fabric::principal::LEARNED;
use crate::fabric::role::{self, Role};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::principals::{AddRoleAssignment, RoleAssignmentBody, UpdateRoleAssignment};
use crate::ids::WorkspaceId;

fn role(name: Option<String>) -> Result<Role, FabricError> {
    let name = wire::required(name, "Role")?;
    Role::named(&name)
        .ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of Role is not a workspace role.")))
}

pub(super) fn add(context: &Context<'_>) -> HandlerResult {
    let workspace: WorkspaceId = context.id("workspaceId")?;
    let body: AddRoleAssignment = context.json()?;
    let principal = wire::required(body.principal, "Principal")?.principal()?;
    let role = role(body.role)?;
    let (added, is_learned) =
        context.commit(|state, _| role::add(state, context.workspace(state)?, principal, role, context.caller))?;
    let location = context.url(&format!("/v1/workspaces/{workspace}/roleAssignments/{}", added.principal.id));
    let body = RoleAssignmentBody::bare(added.principal, added.role);
    Ok(Answer::created(&body).at(location).note(is_learned.then_some(LEARNED)))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let page = page.cut(context.workspace(state)?.role_assignments().after(page.after));
        let page = page.map(|assignment| RoleAssignmentBody::whole(state, assignment.principal, assignment.role));
        Ok(Answer::ok(&context.list(page)))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("workspaceRoleAssignmentId")?;
    context.read(|state| {
        let assignment = context.workspace(state)?.role_assignment(id)?;
        Ok(Answer::ok(&RoleAssignmentBody::whole(state, assignment.principal, assignment.role)))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let id = context.id("workspaceRoleAssignmentId")?;
    let body: UpdateRoleAssignment = context.json()?;
    let role = role(body.role)?;
    context.commit_then(
        |state, _| role::update(context.workspace(state)?, id, role),
        |state, changed| Ok(Answer::ok(&RoleAssignmentBody::whole(state, changed.principal, changed.role))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let id = context.id("workspaceRoleAssignmentId")?;
    context.commit(|state, _| role::delete(context.workspace(state)?, id))?;
    Ok(Answer::empty())
}
