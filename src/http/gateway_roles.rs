//! Role assignments of a gateway: add, list, get, update, delete. An assignment has the id of its principal, and shows
//! only the id and the type of the principal.

use crate::fabric::FabricError;
use crate::fabric::gateway::role::{self, GatewayRole};
use crate::fabric::principal::LEARNED;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::principals::{AddRoleAssignment, RoleAssignmentBody, UpdateRoleAssignment};
use crate::ids::GatewayId;

fn role(name: Option<String>) -> Result<GatewayRole, FabricError> {
    let name = wire::required(name, "Role")?;
    GatewayRole::named(&name)
        .ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of Role is not a gateway role.")))
}

pub(super) fn add(context: &Context<'_>) -> HandlerResult {
    let id: GatewayId = context.id("gatewayId")?;
    let body: AddRoleAssignment = context.json()?;
    let principal = wire::required(body.principal, "Principal")?.principal()?;
    let role = role(body.role)?;
    let (added, is_learned) = context.commit(|state, _| role::add(state, id, principal, role, context.caller))?;
    let location = context.url(&format!("/v1/gateways/{id}/roleAssignments/{}", added.principal.id));
    let body = RoleAssignmentBody::bare(added.principal, added.role);
    Ok(Answer::created(&body).at(location).note(is_learned.then_some(LEARNED)))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let id = context.id("gatewayId")?;
    context.read(|state| {
        let roles = &state.gateway(id, context.caller.id)?.roles;
        let page = context.page(state)?;
        let page = page.cut(roles.after(page.after));
        let page = page.map(|assignment| RoleAssignmentBody::bare(assignment.principal, assignment.role));
        Ok(Answer::ok(&context.list(page)))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (context.id("gatewayId")?, context.id("gatewayRoleAssignmentId")?);
    context.read(|state| {
        let assignment = state.gateway(id, context.caller.id)?.role_assignment(principal)?;
        Ok(Answer::ok(&RoleAssignmentBody::bare(assignment.principal, assignment.role)))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (context.id("gatewayId")?, context.id("gatewayRoleAssignmentId")?);
    let body: UpdateRoleAssignment = context.json()?;
    let role = role(body.role)?;
    let changed = context.commit(|state, _| role::update(state, id, principal, role, context.caller))?;
    Ok(Answer::ok(&RoleAssignmentBody::bare(changed.principal, changed.role)))
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let (id, principal) = (context.id("gatewayId")?, context.id("gatewayRoleAssignmentId")?);
    context.commit(|state, _| role::delete(state, id, principal, context.caller))?;
    Ok(Answer::empty())
}
