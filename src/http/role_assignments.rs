//! Role assignments of a workspace: add, list, get, update, delete. The id of one is its principal's.

use serde::{Deserialize, Serialize};

use crate::fabric::role::{self, Role, RoleAssignment};
use crate::fabric::{FabricError, State};
use crate::http::Outcome;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::principals::{PrincipalBody, PrincipalRequest};
use crate::http::wire::{self, List};
use crate::ids::{PrincipalId, WorkspaceId};

#[derive(Deserialize)]
struct AddRoleAssignment {
    principal: Option<PrincipalRequest>,
    role: Option<String>,
}

#[derive(Deserialize)]
struct UpdateRoleAssignment {
    role: Option<String>,
}

#[derive(Serialize)]
struct RoleAssignmentBody<'a> {
    id: PrincipalId,
    principal: PrincipalBody<'a>,
    role: Role,
}

impl<'a> RoleAssignmentBody<'a> {
    /// With all that the directory knows of the principal.
    fn whole(state: &'a State, assignment: &RoleAssignment) -> Self {
        let RoleAssignment { principal, role } = *assignment;
        let known = state.directory().get(&principal.id);
        Self { id: principal.id, principal: known.map_or_else(|| principal.into(), PrincipalBody::from), role }
    }
}

fn role(name: Option<String>) -> Result<Role, FabricError> {
    let name = wire::required(name, "Role")?;
    Role::named(&name)
        .ok_or_else(|| FabricError::invalid_input(format!("The value {name:?} of Role is no workspace role.")))
}

pub(super) fn add(context: &Context<'_>) -> Outcome {
    let workspace: WorkspaceId = context.id(0)?;
    let body: AddRoleAssignment = context.json()?;
    let principal = wire::required(body.principal, "Principal")?.principal()?;
    let role = role(body.role)?;
    let added =
        context.commit(|state, _| role::add(state, context.workspace(state)?, principal, role, context.caller))?;
    let location = context.url(&format!("/v1/workspaces/{workspace}/roleAssignments/{}", added.principal.id));
    let body = RoleAssignmentBody { id: added.principal.id, principal: added.principal.into(), role: added.role };
    Ok(Answer::created(&body).at(location))
}

pub(super) fn list(context: &Context<'_>) -> Outcome {
    context.read(|state| {
        let page = context.page(state)?;
        let page = page.cut(context.workspace(state)?.role_assignments().after(page.after));
        Ok(Answer::ok(&List::new(context, page.map(|assignment| RoleAssignmentBody::whole(state, assignment)))))
    })
}

pub(super) fn get(context: &Context<'_>) -> Outcome {
    let id = context.id(1)?;
    context.read(|state| {
        let assignment = context.workspace(state)?.role_assignment(id)?;
        Ok(Answer::ok(&RoleAssignmentBody::whole(state, assignment)))
    })
}

pub(super) fn update(context: &Context<'_>) -> Outcome {
    let id = context.id(1)?;
    let body: UpdateRoleAssignment = context.json()?;
    let role = role(body.role)?;
    context.tenant.commit_then(
        context.now,
        |state, _| role::update(context.workspace(state)?, id, role),
        |state, changed| Ok(Answer::ok(&RoleAssignmentBody::whole(state, &changed))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> Outcome {
    let id = context.id(1)?;
    context.commit(|state, _| role::delete(context.workspace(state)?, id))?;
    Ok(Answer::empty())
}
