//! Role assignments of a connection: add, list, get, update, delete. An assignment has the id of its principal.

use crate::fabric::FabricError;
use crate::fabric::connection::role::{self, ConnectionRole};
use crate::fabric::principal::LEARNED;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::principals::{AddRoleAssignment, RoleAssignmentBody, UpdateRoleAssignment};
use crate::ids::ConnectionId;

fn role(name: Option<String>) -> Result<ConnectionRole, FabricError> {
    let name = wire::required(name, "Role")?;
    ConnectionRole::named(&name)
        .ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of Role is not a connection role.")))
}

pub(super) fn add(context: &Context<'_>) -> HandlerResult {
    let id: ConnectionId = context.id("connectionId")?;
    let body: AddRoleAssignment = context.json()?;
    let principal = wire::required(body.principal, "Principal")?.principal()?;
    let role = role(body.role)?;
    context.commit_then(
        |state, _| role::add(state, id, principal, role, &context.caller),
        |state, (added, is_learned)| {
            let location = context.url(&format!("/v1/connections/{id}/roleAssignments/{}", added.principal.id));
            let body = RoleAssignmentBody::whole(state, added.principal, added.role);
            Ok(Answer::created(&body).at(location).note(is_learned.then_some(LEARNED)))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let id = context.id("connectionId")?;
    context.read(|state| {
        let roles = &state.connection(id, &context.caller)?.roles;
        let page = context.page(state)?;
        let page = page.cut(roles.after(page.after));
        let page = page.map(|assignment| RoleAssignmentBody::whole(state, assignment.principal, assignment.role));
        Ok(Answer::ok(&context.list(page)))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (context.id("connectionId")?, context.id("connectionRoleAssignmentId")?);
    context.read(|state| {
        let assignment = state.connection(id, &context.caller)?.role_assignment(principal)?;
        Ok(Answer::ok(&RoleAssignmentBody::whole(state, assignment.principal, assignment.role)))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (context.id("connectionId")?, context.id("connectionRoleAssignmentId")?);
    let body: UpdateRoleAssignment = context.json()?;
    let role = role(body.role)?;
    context.commit_then(
        |state, _| role::update(state, id, principal, role, &context.caller),
        |state, changed| Ok(Answer::ok(&RoleAssignmentBody::whole(state, changed.principal, changed.role))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (context.id("connectionId")?, context.id("connectionRoleAssignmentId")?);
    context.commit(|state, _| role::delete(state, id, principal, &context.caller))?;
    Ok(Answer::empty())
}
