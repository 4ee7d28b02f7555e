//! `timeline`: the statuses and figures of a database or a catalog over time.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::{ControlRequest, one_tenant_only, refuse, reply_json};
use crate::fabric::capacity::Capacity;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::mirroring::SourceType;
use crate::fabric::mirroring::source::ObjectType;
use crate::fabric::mirroring::timeline::{Reason, Span};
use crate::fabric::timeline::log::{self, Row};
use crate::fabric::timeline::{self, Point, Query, TableLine, Timeline};
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};
use crate::http::answer::{to_json, utc};
use crate::http::wire::mirrored_databases::{MetricsBody, MirroringErrorBody};
use crate::ids::{CapacityId, ItemId, TenantId, TroubleId, WorkspaceId};

/// The size as which an answer about all tables counts among the bodies that are processed at the same time.
pub(super) const STATES_SIZE: usize = 1 << 20;

/// Returns a part of the timeline of an item, or the log of its tables.
pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    if request.every_tenant {
        return refuse(&request.tenant, &one_tenant_only());
    }
    let (query, is_log) = match query(&request) {
        Ok(parsed) => parsed,
        Err(refusal) => return refuse(&request.tenant, &refusal),
    };
    let tenant = Arc::clone(&request.tenant);
    let work = move || {
        let now = tenant.clock().now();
        // A copy, so that other requests do not wait.
        let state = tenant.read(|state| state.excerpt(query.item));
        if is_log { log_body(tenant.id(), &state, &query, now) } else { body(&state, &query, now) }
    };
    let answer = request.emulator.in_flight().work(STATES_SIZE, work).await;
    reply_json(&request.tenant, answer)
}

/// Parses the query, and returns `true` with it if it asks for the log.
fn query(request: &ControlRequest) -> Result<(Query, bool), FabricError> {
    let item = request.query::<ItemId>("item")?;
    let item = item.ok_or_else(|| FabricError::invalid_input("The parameter item is required: the id of an item."))?;
    let is_log = match request.query::<String>("as")?.as_deref() {
        None => false,
        Some("log") => true,
        Some(other) => return Err(FabricError::invalid_input(format!("as is {other:?}: log was expected."))),
    };
    let query = Query {
        item,
        from: request.query("from")?,
        to: request.query("to")?,
        at: request.query("at")?,
        points: request.query("points")?,
        offset: request.query("offset")?.unwrap_or(0),
        limit: request.query("limit")?,
        filter: request.query("filter")?,
        status: request.query("status")?,
        sort: request.query("sort")?,
    };
    Ok((query, is_log))
}

#[derive(Serialize)]
struct TimelineBody<'a> {
    item: ItemId,
    now: String,
    at: String,
    spans: Vec<SpanBody<'a>>,
    tables: TablesBody<'a>,
    points: Vec<PointBody>,
}

#[derive(Serialize)]
struct TablesBody<'a> {
    total: usize,
    value: Vec<TableBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source_object_type: Option<ObjectType>,
    source_schema_name: &'a str,
    source_table_name: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<MetricsBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<MirroringErrorBody<'a>>,
    spans: Vec<SpanBody<'a>>,
}

#[derive(Serialize)]
struct SpanBody<'a> {
    status: &'static str,
    from: String,
    to: Option<String>,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<MirroringErrorBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PointBody {
    at: String,
    rows: u64,
    rows_per_second: f64,
    latency_max: Option<u32>,
    latency_p95: Option<u32>,
    tables_by_status: BTreeMap<&'static str, usize>,
}

fn body(state: &State, query: &Query, now: Timestamp) -> Result<Vec<u8>, FabricError> {
    let Timeline { at, spans, total, tables, points } = timeline::timeline(state, query, now)?;
    Ok(to_json(&TimelineBody {
        item: query.item,
        now: utc(now),
        at: utc(at),
        spans: spans.iter().map(SpanBody::from).collect(),
        tables: TablesBody { total, value: tables.iter().map(TableBody::from).collect() },
        points: points.into_iter().map(PointBody::from).collect(),
    }))
}

impl<'a> From<&'a Span<&'static str>> for SpanBody<'a> {
    fn from(span: &'a Span<&'static str>) -> Self {
        Self {
            status: span.status,
            from: utc(span.from),
            to: span.to.map(utc),
            reason: span.reason,
            error: span.error.as_ref().map(MirroringErrorBody::from),
            trouble: span.trouble,
        }
    }
}

impl<'a> From<&'a TableLine> for TableBody<'a> {
    fn from(table: &'a TableLine) -> Self {
        Self {
            source_object_type: table.object_type,
            source_schema_name: &table.name.schema,
            source_table_name: &table.name.table,
            status: table.status,
            metrics: table.metrics.map(MetricsBody::from),
            error: table.error.as_ref().map(MirroringErrorBody::from),
            spans: table.spans.iter().map(SpanBody::from).collect(),
        }
    }
}

impl From<Point> for PointBody {
    fn from(point: Point) -> Self {
        let Point { at, rows, rows_per_second, latency_max, latency_p95, tables_by_status } = point;
        Self { at: utc(at), rows, rows_per_second, latency_max, latency_p95, tables_by_status }
    }
}

#[derive(Serialize)]
struct LogBody<'a> {
    value: Vec<RowBody<'a>>,
}

/// A row of Fabric's table `MirroredDatabaseTableExecution`. The columns that do not apply to mirroring are null.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RowBody<'a> {
    timestamp: String,
    operation_name: &'static str,
    item_id: ItemId,
    item_kind: ItemKind,
    item_name: &'a str,
    workspace_id: WorkspaceId,
    workspace_name: &'a str,
    capacity_id: Option<CapacityId>,
    correlation_id: (),
    operation_id: (),
    identity: (),
    customer_tenant_id: TenantId,
    duration_ms: (),
    status: (),
    level: (),
    region: Option<&'a str>,
    workspace_monitoring_table_name: &'static str,
    operation_start_time: String,
    operation_end_time: String,
    mirroring_source_type: Option<SourceType>,
    source_table_name: &'a str,
    source_schema_name: &'a str,
    processed_rows: Option<u64>,
    processed_bytes: Option<u64>,
    replicator_batch_latency: Option<u32>,
    error_type: Option<&'static str>,
    error_message: Option<&'a str>,
}

/// The members that the rows of a log have in common.
struct LogContext<'a> {
    tenant: TenantId,
    within: &'a Workspace,
    item: &'a Item,
    capacity: Option<&'a Capacity>,
    source: Option<SourceType>,
}

fn log_body(tenant: TenantId, state: &State, query: &Query, now: Timestamp) -> Result<Vec<u8>, FabricError> {
    let log = log::log(state, query, now)?;
    let (within, item) = state.find_item(query.item).ok_or_else(|| FabricError::no_item(query.item))?;
    let capacity = within.capacity.and_then(|id| state.capacities().iter().find(|capacity| capacity.id == id));
    let context = LogContext { tenant, within, item, capacity, source: log.source };
    Ok(to_json(&LogBody { value: log.rows.iter().map(|row| context.row(row)).collect() }))
}

impl<'a> LogContext<'a> {
    fn row(&self, row: &'a Row) -> RowBody<'a> {
        RowBody {
            timestamp: utc(row.at),
            operation_name: row.operation,
            item_id: self.item.id,
            item_kind: self.item.kind,
            item_name: &self.item.display_name,
            workspace_id: self.within.id,
            workspace_name: &self.within.display_name,
            capacity_id: self.within.capacity,
            correlation_id: (),
            operation_id: (),
            identity: (),
            customer_tenant_id: self.tenant,
            duration_ms: (),
            status: (),
            level: (),
            region: self.capacity.map(|capacity| &*capacity.region),
            workspace_monitoring_table_name: "MirroredDatabaseTableExecution",
            operation_start_time: utc(row.started),
            operation_end_time: utc(row.at),
            mirroring_source_type: self.source,
            source_table_name: &row.table.table,
            source_schema_name: &row.table.schema,
            processed_rows: row.processed.map(|(rows, _)| rows),
            processed_bytes: row.processed.map(|(_, bytes)| bytes),
            replicator_batch_latency: row.latency_seconds,
            // All emulated faults lie in the source or in its permissions.
            error_type: row.error.as_ref().map(|_| "UserError"),
            error_message: row.error.as_ref().map(|error| error.message.as_str()),
        }
    }
}
