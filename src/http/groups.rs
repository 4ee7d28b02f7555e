//! Power BI's groups, which are Fabric's workspaces: list, create, get, update, delete, their users, and their capacity.
//! Also lists Power BI's capacities.

use crate::fabric::principal::{LEARNED, Principal, PrincipalType};
use crate::fabric::role::{self, Role};
use crate::fabric::workspace::{self, NewWorkspace, Workspace, WorkspaceType};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::odata::{Filter, OdataList, Slice};
use crate::http::wire;
use crate::http::wire::groups::{
    AssignToCapacity, AssignmentStatusBody, CapacityBody, CreateGroup, GroupBody, GroupUserBody, GroupUserRequest,
    UpdateGroup,
};
use crate::ids::{CapacityId, PrincipalId};

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let slice = Slice::of(context)?;
    let filter = context.query("$filter").map(|text| Filter::parse(&text, MEMBERS)).transpose()?;
    context.read(|state| {
        let groups = state.workspaces().values().filter(|workspace| is_group(workspace, context.caller));
        let groups = groups.filter(|it| filter.as_ref().is_none_or(|filter| filter.accepts(|name| member(it, name))));
        let groups = slice.cut(groups).map(GroupBody::from).collect();
        Ok(Answer::ok(&OdataList::new(context, "groups", groups)))
    })
}

/// Returns `true` for a workspace in which the caller has a role. A personal workspace is not a group.
fn is_group(workspace: &Workspace, caller: Principal) -> bool {
    workspace.kind == WorkspaceType::Workspace && workspace.role_of(caller).is_some()
}

/// The members that filters can name.
pub(super) const MEMBERS: &[&str] = &["id", "name", "capacityId", "isOnDedicatedCapacity", "isReadOnly", "type"];

/// Returns the value of one of [`MEMBERS`].
pub(super) fn member(workspace: &Workspace, name: &str) -> String {
    match name {
        "id" => workspace.id.to_string(),
        "name" => workspace.display_name.clone(),
        "capacityId" => workspace.capacity.map(|id| id.to_string()).unwrap_or_default(),
        "isOnDedicatedCapacity" => workspace.capacity.is_some().to_string(),
        "isReadOnly" => false.to_string(),
        _ => "Workspace".to_owned(),
    }
}

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let body: CreateGroup = context.json()?;
    if context.flag("workspaceV2")? != Some(true) {
        return Err(FabricError::new(ErrorCode::InvalidParameter).message(
            "Groups without workspaceV2=true are not supported: the query parameter workspaceV2 must be True.",
        ));
    }
    let display_name = wire::required(body.name, "Name")?;
    let new = NewWorkspace { display_name, description: String::new(), capacity: None, domain: None };
    context.commit_then(
        |state, _| workspace::create(state, new, context.caller),
        |state, id| Ok(Answer::ok(&GroupBody::from(state.workspace(id)?))),
    )?
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&GroupBody::from(context.workspace(state)?))))
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let UpdateGroup { name, default_dataset_storage_format: format } = context.json()?;
    if let Some(format) = format.as_deref().filter(|format| !["Small", "Large"].contains(format)) {
        return Err(FabricError::invalid_input(format!(
            "The value {format:?} of DefaultDatasetStorageFormat is neither Small nor Large."
        )));
    }
    if format.is_none() || name.is_some() {
        context.commit(|state, _| workspace::update(state, context.workspace(state)?, name, None))?;
    }
    Ok(Answer::empty().inert("defaultDatasetStorageFormat", format.is_some()))
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, _| workspace::delete(context.workspace(state)?))?;
    Ok(Answer::empty())
}

pub(super) fn list_users(context: &Context<'_>) -> HandlerResult {
    let slice = Slice::of(context)?;
    context.read(|state| {
        let users = slice.cut(context.workspace(state)?.role_assignments().values());
        let users = users.map(|assignment| GroupUserBody::new(state, assignment)).collect();
        Ok(Answer::ok(&OdataList::new(context, "users", users)))
    })
}

pub(super) fn add_user(context: &Context<'_>) -> HandlerResult {
    let body: GroupUserRequest = context.json()?;
    let role = right(&body)?;
    let (_, is_learned) = context.commit(|state, _| {
        let principal = principal(state, &body)?;
        role::add(state, context.workspace(state)?, principal, role, context.caller)
    })?;
    Ok(Answer::empty().note(is_learned.then_some(LEARNED)))
}

pub(super) fn update_user(context: &Context<'_>) -> HandlerResult {
    let body: GroupUserRequest = context.json()?;
    let role = right(&body)?;
    context.commit(|state, _| role::update(context.workspace(state)?, principal(state, &body)?.id, role))?;
    Ok(Answer::empty())
}

pub(super) fn delete_user(context: &Context<'_>) -> HandlerResult {
    let user = context.text("user");
    context.commit(|state, _| {
        let id = known(state, &user).map_or_else(|| unknown(&user), |principal| Ok(principal.id))?;
        role::delete(context.workspace(state)?, id)
    })?;
    Ok(Answer::empty())
}

/// Returns the role that a request grants.
fn right(body: &GroupUserRequest) -> Result<Role, FabricError> {
    let name = wire::required(body.group_user_access_right.as_deref(), "GroupUserAccessRight")?;
    Role::named(name).ok_or_else(|| {
        FabricError::invalid_input(format!("The value {name:?} of GroupUserAccessRight is not the right of a group."))
    })
}

/// Returns the principal that a request names: by its id, or for a user also by the sign-in name.
fn principal(state: &State, body: &GroupUserRequest) -> Result<Principal, FabricError> {
    let named = body.identifier.as_deref().or(body.email_address.as_deref());
    let named = wire::required(named, "Identifier")?;
    if let Some(known) = known(state, named) {
        return Ok(known);
    }
    let kind = match body.principal_type.as_deref() {
        Some("App") => PrincipalType::ServicePrincipal,
        Some("Group") => PrincipalType::Group,
        Some("User") | None => PrincipalType::User,
        Some(other) => {
            return Err(FabricError::invalid_input(format!("The value {other:?} of PrincipalType is not supported.")));
        }
    };
    unknown(named).map(|id| Principal { id, kind })
}

/// Returns the principal in the directory with this id or sign-in name.
fn known(state: &State, named: &str) -> Option<Principal> {
    match named.parse::<PrincipalId>() {
        Ok(id) => state.directory().get(&id).map(|entry| entry.principal()),
        Err(_) => state.user(named).map(|entry| entry.principal()),
    }
}

/// Returns the id of a principal that is not in the directory. Rejects a sign-in name, which only the directory knows.
fn unknown(named: &str) -> Result<PrincipalId, FabricError> {
    named.parse().map_err(|_| ErrorCode::PrincipalNotFound.into())
}

pub(super) fn assign_to_capacity(context: &Context<'_>) -> HandlerResult {
    let body: AssignToCapacity = context.json()?;
    let capacity = wire::required_id(body.capacity_id, "CapacityId")?;
    // Power BI's shared capacity has the empty id.
    let capacity = Some(capacity).filter(|id| *id != CapacityId::MIN);
    context.commit(|state, now| workspace::assign(state, context.workspace(state)?, capacity, now))?;
    Ok(Answer::empty())
}

pub(super) fn assignment_status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&AssignmentStatusBody::new(context.workspace(state)?, context.now))))
}

pub(super) fn list_capacities(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let visible = state.capacities().iter().filter(|capacity| capacity.is_visible_to(context.caller.id));
        Ok(Answer::ok(&OdataList::new(context, "capacities", visible.map(CapacityBody::from).collect())))
    })
}
