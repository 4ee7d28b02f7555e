//! SQL endpoints: connection string, refresh, and the audit settings that they share with SQL databases.

use crate::fabric::ErrorCode;
use crate::fabric::item;
use crate::fabric::item::audit::{self, AuditUpdate};
use crate::fabric::item::sql_endpoint::{self, Timeout};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::http::wire::sql_endpoints::{AuditBody, ConnectionString, RefreshRequest, TableSyncStatus};
use crate::ids::TenantId;

pub(super) fn connection_string(context: &Context<'_>) -> HandlerResult {
    let guest = context.query("guestTenantId");
    if guest.as_ref().is_some_and(|id| id.parse::<TenantId>().is_err()) {
        return Err(ErrorCode::InvalidGuestTenantId.into());
    }
    let private = context.query("privateLinkType");
    private.as_deref().map_or(Ok(()), sql_endpoint::check_private_link_type)?;
    let private = private.is_some();
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        let connection_string = item::sql_endpoint_host(workspace.id, item.id);
        let answer = Answer::ok(&ConnectionString { connection_string });
        Ok(answer.inert("guestTenantId", guest.is_some()).inert("privateLinkType", private))
    })
}

/// Refreshes the metadata of a SQL endpoint at once. The response lists the tables that have rows.
pub(super) fn refresh_metadata(context: &Context<'_>) -> HandlerResult {
    let RefreshRequest { timeout } = context.json_or_nothing()?;
    timeout.as_ref().map_or(Ok(()), Timeout::check)?;
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let tables = sql_endpoint::tables(state, workspace, item, context.now);
        let statuses = tables.into_iter().map(|table| TableSyncStatus::succeeded(table, context.now));
        Ok(Answer::ok(&List::all(statuses.collect())))
    })
}

pub(super) fn audit(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        Ok(Answer::ok(&AuditBody::new(workspace, item, audit::of(item))))
    })
}

pub(super) fn update_audit(context: &Context<'_>) -> HandlerResult {
    let change: AuditUpdate = context.json()?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        let (facts, settings) = audit::update(workspace, item, change)?;
        Ok((facts, Answer::ok(&AuditBody::new(workspace, item, settings))))
    })
}

pub(super) fn set_audit_groups(context: &Context<'_>) -> HandlerResult {
    let groups: Vec<String> = context.json_list()?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        let (facts, _) = audit::set_groups(workspace, item, groups)?;
        Ok((facts, Answer::empty()))
    })
}
