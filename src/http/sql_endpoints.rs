//! SQL endpoints: their connection string, their refresh, and the audit settings that they share with SQL databases.

use serde::{Deserialize, Serialize};

use crate::fabric::ErrorCode;
use crate::fabric::item::audit::{self, AuditSettings, AuditState, AuditUpdate};
use crate::fabric::item::sql_endpoint::{self, Timeout};
use crate::fabric::item::{self, Item, ItemKind};
use crate::fabric::workspace::Workspace;
use crate::http::answer::{Answer, utc};
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::ids::TenantId;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionString {
    connection_string: String,
}

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableSyncStatus {
    table_name: String,
    status: &'static str,
    start_date_time: String,
    end_date_time: String,
    last_successful_sync_date_time: String,
}

#[derive(Default, Deserialize)]
struct RefreshRequest {
    timeout: Option<Timeout>,
}

/// Refreshes the endpoint's metadata at once: the tables that have rows are there.
pub(super) fn refresh_metadata(context: &Context<'_>) -> HandlerResult {
    let RefreshRequest { timeout } = context.json_or_nothing()?;
    timeout.as_ref().map_or(Ok(()), Timeout::check)?;
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let now = utc(context.now);
        let table = |table_name: String| TableSyncStatus {
            table_name,
            status: "Success",
            start_date_time: now.clone(),
            end_date_time: now.clone(),
            last_successful_sync_date_time: now.clone(),
        };
        let tables = sql_endpoint::tables(state, workspace, item, context.now);
        Ok(Answer::ok(&List::all(tables.into_iter().map(table).collect())))
    })
}

/// The settings as they are shown: a SQL database has two members more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditBody {
    state: AuditState,
    retention_days: u32,
    audit_actions_and_groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_expression: Option<String>,
}

impl AuditBody {
    fn new(workspace: &Workspace, item: &Item, settings: AuditSettings) -> Self {
        let AuditSettings { state, retention_days, audit_actions_and_groups, predicate_expression } = settings;
        let is_database = item.kind == ItemKind::SQLDatabase;
        let folder = || format!("https://onelake.blob.fabric.microsoft.com/{}/{}/Audit", workspace.id, item.id);
        Self {
            state,
            retention_days,
            audit_actions_and_groups,
            storage_endpoint: is_database.then(folder),
            predicate_expression: is_database.then_some(predicate_expression),
        }
    }
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
    let groups: Vec<String> = context.json()?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        let (facts, _) = audit::set_groups(workspace, item, groups)?;
        Ok((facts, Answer::empty()))
    })
}
