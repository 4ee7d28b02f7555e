//! Bodies of SQL endpoints, and the audit settings that they share with SQL databases and warehouses.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::item::audit::{AuditSettings, AuditState};
use crate::fabric::item::sql_endpoint::Timeout;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::workspace::Workspace;
use crate::http::answer::utc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionString {
    pub(crate) connection_string: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableSyncStatus {
    table_name: String,
    status: &'static str,
    start_date_time: String,
    end_date_time: String,
    last_successful_sync_date_time: String,
}

impl TableSyncStatus {
    /// Creates the status of a table whose synchronisation started and succeeded at `now`.
    pub(crate) fn succeeded(table_name: String, now: Timestamp) -> Self {
        Self {
            table_name,
            status: "Success",
            start_date_time: utc(now),
            end_date_time: utc(now),
            last_successful_sync_date_time: utc(now),
        }
    }
}

#[derive(Default, Deserialize)]
pub(crate) struct RefreshRequest {
    pub(crate) timeout: Option<Timeout>,
}

/// The audit settings of a SQL endpoint, a SQL database or a warehouse. Only a SQL database has `storageEndpoint`, and a
/// SQL endpoint has no `predicateExpression`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditBody {
    state: AuditState,
    retention_days: u32,
    audit_actions_and_groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_expression: Option<String>,
}

impl AuditBody {
    pub(crate) fn new(workspace: &Workspace, item: &Item, settings: AuditSettings) -> Self {
        let AuditSettings { state, retention_days, audit_actions_and_groups, predicate_expression } = settings;
        let is_database = item.kind == ItemKind::SQLDatabase;
        let folder = || format!("https://onelake.blob.fabric.microsoft.com/{}/{}/Audit", workspace.id, item.id);
        Self {
            state,
            retention_days,
            audit_actions_and_groups,
            storage_endpoint: is_database.then(folder),
            predicate_expression: (item.kind != ItemKind::SQLEndpoint).then_some(predicate_expression),
        }
    }
}
