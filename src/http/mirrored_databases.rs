//! Mirrored databases: their properties, start and stop, and the status of the database and of its tables.
//!
//! All else about them is every item's: see `items.rs`.

use serde::Serialize;

use crate::fabric::behaviours::{MirroringByApps, SqlEndpointProvisioning, StartAnswer, TablesBeforeStart};
use crate::fabric::item::mirrored_database;
use crate::fabric::item::{self, Item};
use crate::fabric::mirroring::source::ObjectType;
use crate::fabric::mirroring::{MirroringError, MirroringStatus, TableState, TableStatus};
use crate::fabric::principal::PrincipalType;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::{Answer, utc};
use crate::http::context::{Context, HandlerResult};
use crate::ids::ItemId;

/// `properties`, which the get on the kind's own route shows: null at first, filled once the SQL endpoint is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MirroredDatabaseProperties<'a> {
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

/// The properties of a mirrored database at `now`; other kinds have none.
pub(super) fn properties<'a>(
    state: &State,
    workspace: &Workspace,
    item: &'a Item,
    now: jiff::Timestamp,
) -> Option<MirroredDatabaseProperties<'a>> {
    let mirroring = item.mirroring.as_ref()?;
    let is_ready = mirroring.status_at(now) != MirroringStatus::Initializing;
    let endpoint = item.sql_endpoint.filter(|id| is_ready && workspace.item(*id, now).is_ok());
    let null = state.settings.behaviours.sql_endpoint_provisioning == SqlEndpointProvisioning::Null;
    let sql_endpoint_properties = (endpoint.is_some() || !null).then(|| SqlEndpointProperties {
        connection_string: endpoint.map(|id| item::sql_endpoint_host(workspace.id, id)),
        id: endpoint,
        provisioning_status: if endpoint.is_some() { "Success" } else { "InProgress" },
    });
    Some(MirroredDatabaseProperties {
        one_lake_tables_path: endpoint.map(|_| item::one_lake_tables_path(workspace, item)),
        sql_endpoint_properties,
        default_schema: mirroring.config().default_schema.as_deref(),
    })
}

#[derive(Serialize)]
struct StatusBody<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<TroubleBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TroubleBody<'a> {
    error_code: &'a str,
    message: &'a str,
}

impl<'a> From<&'a MirroringError> for TroubleBody<'a> {
    fn from(error: &'a MirroringError) -> Self {
        Self { error_code: &error.code, message: &error.message }
    }
}

/// A page of tables; what leads on is null where nothing follows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TablesBody<'a> {
    continuation_token: Option<String>,
    continuation_uri: Option<String>,
    data: Vec<TableBody<'a>>,
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
    error: Option<TroubleBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MetricsBody {
    processed_bytes: i64,
    processed_rows: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sync_latency_in_seconds: Option<u32>,
}

impl<'a> From<&'a TableState> for TableBody<'a> {
    fn from(table: &'a TableState) -> Self {
        Self {
            source_object_type: table.object_type,
            source_schema_name: &table.name.schema,
            source_table_name: &table.name.table,
            status: table.status,
            metrics: table.metrics.map(|metrics| MetricsBody {
                processed_bytes: i64::try_from(metrics.bytes).unwrap_or(i64::MAX),
                processed_rows: i64::try_from(metrics.rows).unwrap_or(i64::MAX),
                last_sync_date_time: metrics.last_sync.map(utc),
                last_sync_latency_in_seconds: metrics.latency_seconds,
            }),
            error: table.error.as_ref().map(TroubleBody::from),
        }
    }
}

/// Starts the mirroring of a mirrored or SQL database.
pub(super) fn start(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        check_caller(context, state)?;
        mirrored_database::start(state, workspace, item, now)
    })?;
    let answer = context.read(|state| state.settings.behaviours.start_answer);
    Ok(if answer == StartAnswer::Accepted { Answer::accepted() } else { Answer::empty() })
}

/// Stops the mirroring of a mirrored or SQL database.
pub(super) fn stop(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        check_caller(context, state)?;
        mirrored_database::stop(state, workspace, item, now)
    })?;
    Ok(Answer::empty())
}

/// One tenant was seen to refuse start and stop to managed identities, whatever their role.
fn check_caller(context: &Context<'_>, state: &State) -> Result<(), FabricError> {
    let refuses = state.settings.behaviours.mirroring_by_apps == MirroringByApps::Refuse;
    if refuses && context.caller.kind == PrincipalType::ServicePrincipal {
        let note = "settings.behaviours.mirroringByApps is 401";
        return Err(FabricError::new(ErrorCode::Unauthorized).note(note));
    }
    Ok(())
}

pub(super) fn status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let phase = item.mirroring()?.phase_at(context.now);
        Ok(Answer::indented(&StatusBody { status: phase.status.as_str(), error: phase.error.map(TroubleBody::from) }))
    })
}

pub(super) fn tables_status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let mirroring = item.mirroring()?;
        if state.settings.behaviours.tables_before_start == TablesBeforeStart::NotFound
            && !mirroring.was_started_by(context.now)
        {
            return Err(FabricError::no_item(item.id));
        }
        let page = context.page_of(state, state.settings.tables_page_size())?;
        let tables = mirroring.tables_at(state, context.now);
        let after = (1..).zip(&tables).skip_while(|(position, _)| Some(*position) <= page.after);
        let page = page.cut(after).map(TableBody::from);
        let (continuation_token, continuation_uri) = context.continuation(&page).unzip();
        Ok(Answer::indented(&TablesBody { continuation_token, continuation_uri, data: page.elements }))
    })
}
