//! Bodies of mirrored databases: their properties, and the status of mirroring and of its tables.

use jiff::Timestamp;
use serde::Serialize;

use super::Continuation;
use crate::fabric::State;
use crate::fabric::behaviours::SqlEndpointProvisioning;
use crate::fabric::item::{self, Item};
use crate::fabric::mirroring::source::ObjectType;
use crate::fabric::mirroring::status::Phase;
use crate::fabric::mirroring::tables::Metrics;
use crate::fabric::mirroring::trouble::TroubleKind;
use crate::fabric::mirroring::{MirroringError, MirroringStatus, TableState, TableStatus};
use crate::fabric::page::Page;
use crate::fabric::workspace::Workspace;
use crate::http::answer::utc;
use crate::ids::ItemId;

/// The `properties` of a mirrored database. The path and the id and address of the SQL endpoint are null until the
/// database has been initialized and the SQL endpoint is visible.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MirroredDatabaseProperties<'a> {
    one_lake_tables_path: Option<String>,
    sql_endpoint_properties: Option<SqlEndpointProperties>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_schema: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SqlEndpointProperties {
    connection_string: Option<String>,
    id: Option<ItemId>,
    provisioning_status: &'static str,
}

impl<'a> MirroredDatabaseProperties<'a> {
    /// Creates the properties of a mirrored database at `now`; `None` for an item without mirroring.
    pub(super) fn new(state: &State, workspace: &Workspace, item: &'a Item, now: Timestamp) -> Option<Self> {
        let mirroring = item.mirroring.as_ref()?;
        let replication = state.replication(workspace.id, item).ok()?;
        let is_ready = replication.status_at(now) != MirroringStatus::Initializing;
        let endpoint = item.sql_endpoint.filter(|id| is_ready && workspace.item(*id, now).is_ok());
        let null = state.settings.behaviours.sql_endpoint_provisioning == SqlEndpointProvisioning::Null;
        let has_failed = endpoint.is_none()
            && is_ready
            && state.troubles().active(item.id, TroubleKind::SqlEndpointFails, now).is_some();
        let sql_endpoint_properties = (endpoint.is_some() || has_failed || !null).then(|| SqlEndpointProperties {
            connection_string: endpoint.map(|id| item::sql_endpoint_host(workspace.id, id)),
            id: endpoint,
            provisioning_status: match endpoint {
                Some(_) => "Success",
                None if has_failed => "Failed",
                None => "InProgress",
            },
        });
        Some(Self {
            one_lake_tables_path: endpoint.map(|_| item::one_lake_tables_path(workspace, item)),
            sql_endpoint_properties,
            default_schema: mirroring.config().default_schema.as_deref(),
        })
    }
}

/// The status of mirroring.
#[derive(Serialize)]
pub(crate) struct StatusBody<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<MirroringErrorBody<'a>>,
}

impl<'a> From<Phase<'a>> for StatusBody<'a> {
    fn from(phase: Phase<'a>) -> Self {
        Self { status: phase.status.as_str(), error: phase.error.map(MirroringErrorBody::from) }
    }
}

/// The `error` beside the status of a mirrored database or table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MirroringErrorBody<'a> {
    error_code: &'a str,
    message: &'a str,
}

impl<'a> From<&'a MirroringError> for MirroringErrorBody<'a> {
    fn from(error: &'a MirroringError) -> Self {
        Self { error_code: &error.code, message: &error.message }
    }
}

/// A page of tables. On the last page the continuation members are null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TablesBody<'a> {
    continuation_token: Option<String>,
    continuation_uri: Option<String>,
    data: Vec<TableBody<'a>>,
}

impl<'a> TablesBody<'a> {
    /// Creates the body of a page with its continuation.
    pub(crate) fn new(page: &'a Page<TableState>, continuation: Option<Continuation>) -> Self {
        let (continuation_token, continuation_uri) = Continuation::members(continuation);
        Self { continuation_token, continuation_uri, data: page.elements.iter().map(TableBody::from).collect() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableBody<'a> {
    source_object_type: ObjectType,
    source_schema_name: &'a str,
    source_table_name: &'a str,
    status: TableStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<MetricsBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<MirroringErrorBody<'a>>,
}

/// The totals of a table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricsBody {
    processed_bytes: i64,
    processed_rows: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync_latency_in_seconds: Option<u32>,
}

impl From<Metrics> for MetricsBody {
    fn from(metrics: Metrics) -> Self {
        Self {
            processed_bytes: i64::try_from(metrics.bytes).unwrap_or(i64::MAX),
            processed_rows: i64::try_from(metrics.rows).unwrap_or(i64::MAX),
            last_sync_date_time: metrics.last_sync.map(utc),
            last_sync_latency_in_seconds: metrics.latency_seconds,
        }
    }
}

impl<'a> From<&'a TableState> for TableBody<'a> {
    fn from(table: &'a TableState) -> Self {
        Self {
            source_object_type: table.object_type,
            source_schema_name: &table.name.schema,
            source_table_name: &table.name.table,
            status: table.status,
            metrics: table.metrics.map(MetricsBody::from),
            error: table.error.as_ref().map(MirroringErrorBody::from),
        }
    }
}
