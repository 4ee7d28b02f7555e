//! Warehouses: restore points, and the SQL pools of a workspace. The connection string and the audit settings are in
//! `sql_endpoints.rs`.

use crate::fabric::item::warehouse::{self, RestorePointRequest};
use crate::fabric::sql_pools::{self, SqlPoolsUpdate};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire::List;
use crate::http::wire::warehouses::RestorePointBody;

/// The parameter for the id of a restore point.
const POINT: &str = "restorePointId";

pub(super) fn restore_points(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let page = context.page(state)?;
        let points = warehouse::restore_points(item, context.now);
        let after = points.iter().map(|point| (point.position(), point));
        let page = page.cut(after.filter(|(position, _)| page.after.is_none_or(|after| *position > after)));
        let continuation = context.continuation(&page);
        let body = page.map(|point| RestorePointBody::new(state, point));
        Ok(Answer::ok(&List::new(body, continuation)))
    })
}

pub(super) fn create_restore_point(context: &Context<'_>) -> HandlerResult {
    let request: RestorePointRequest = context.json_or_nothing()?;
    long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        warehouse::create_restore_point(state, workspace, item, request, context.caller, now)
    })
}

pub(super) fn restore_point(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let point = warehouse::restore_point(item, &context.text(POINT), context.now)?;
        Ok(Answer::ok(&RestorePointBody::new(state, &point)))
    })
}

pub(super) fn update_restore_point(context: &Context<'_>) -> HandlerResult {
    let request: RestorePointRequest = context.json()?;
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            warehouse::update_restore_point(workspace, item, &context.text(POINT), request, now)
        },
        |state, point| Answer::ok(&RestorePointBody::new(state, &point)),
    )
}

pub(super) fn delete_restore_point(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        warehouse::delete_restore_point(workspace, item, &context.text(POINT), now)
    })?;
    Ok(Answer::empty())
}

pub(super) fn restore(context: &Context<'_>) -> HandlerResult {
    long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        warehouse::restore(state, workspace, item, &context.text(POINT), now)
    })
}

pub(super) fn sql_pools(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(context.workspace(state)?.sql_pools())))
}

pub(super) fn update_sql_pools(context: &Context<'_>) -> HandlerResult {
    let update: SqlPoolsUpdate = context.json()?;
    context.commit(|state, _| sql_pools::update(context.workspace(state)?, update))?;
    Ok(Answer::empty())
}
