//! OneLake data access roles of items: list, replace, create or update one, get, delete.

use crate::fabric::item::data_access_role::{self, ConflictPolicy, DataAccessRole};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::etag::{etag, meets_conditions};
use crate::http::wire;
use crate::http::wire::data_access_roles::{DataAccessRoleListItem, SetDataAccessRoles};

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        let roles = data_access_role::roles(workspace, item)?;
        let page = context.page(state)?;
        let rest = (1..).zip(roles.iter()).skip_while(|(position, _)| Some(*position) <= page.after);
        let page = page.cut(rest).map(|role| DataAccessRoleListItem::new(state, item, role, etag(role)));
        Ok(Answer::ok(&context.list(page)).etag(etag(&*roles)))
    })
}

/// Replaces all roles. A dry run only checks them.
pub(super) fn set(context: &Context<'_>) -> HandlerResult {
    let body: SetDataAccessRoles = context.json()?;
    let is_dry_run = context.flag("dryRun")?.unwrap_or_default();
    let roles = wire::required(body.value, "Value")?;
    let etag_after = etag(&roles);
    let is_current = |before: &[DataAccessRole]| meets_conditions(context, Some(&etag(before)));
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        let (facts, ()) = data_access_role::set(workspace, item, roles, is_current)?;
        Ok((if is_dry_run { Vec::new() } else { facts }, ()))
    })?;
    Ok(Answer::empty().etag(etag_after))
}

pub(super) fn set_one(context: &Context<'_>) -> HandlerResult {
    let role: DataAccessRole = context.json()?;
    let policy = context.query("dataAccessRoleConflictPolicy").map(|name| {
        ConflictPolicy::named(&name).ok_or_else(|| {
            let message = format!("The value {name:?} of dataAccessRoleConflictPolicy is not a conflict policy.");
            FabricError::invalid_input(message)
        })
    });
    let policy = policy.transpose()?.unwrap_or_default();
    let (etag_after, location) = (etag(&role), format!("{}/{}", context.path(), role.name));
    let is_current = |before: Option<&DataAccessRole>| meets_conditions(context, before.map(etag).as_deref());
    let is_new = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        data_access_role::set_one(workspace, item, role, policy, is_current)
    })?;
    let answer = if is_new { Answer::created_empty() } else { Answer::empty() };
    Ok(answer.etag(etag_after).at(context.url(&location)))
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        let role = data_access_role::role(workspace, item, &context.text("roleName"))?;
        let etag = etag(&role);
        if !meets_conditions(context, Some(&etag)) {
            return Err(ErrorCode::PreconditionFailed.into());
        }
        Ok(Answer::ok(&role).etag(etag))
    })
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        data_access_role::delete(workspace, item, &context.text("roleName"))
    })?;
    Ok(Answer::empty())
}
