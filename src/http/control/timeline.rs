//! `timeline`: the statuses and figures of a database or a catalog over time.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ControlRequest, one_tenant_only, refuse, reply};
use crate::fabric::mirroring::MirroringError;
use crate::fabric::mirroring::timeline::Span;
use crate::fabric::timeline::log::{self, Log, Row};
use crate::fabric::timeline::{self, Point, Query, TableLine, Timeline};
use crate::fabric::{FabricError, State};
use crate::http::answer::utc;
use crate::http::wire::mirrored_databases::MetricsBody;
use crate::ids::ItemId;
use crate::tenant::Tenant;

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
        let state = tenant.state();
        if is_log { log_body(&tenant, &state, &query, now) } else { body(&state, &query, now) }
    };
    let answer = request.emulator.in_flight().work(STATES_SIZE, work).await;
    reply(&request.tenant, answer)
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

fn body(state: &State, query: &Query, now: Timestamp) -> Result<Value, FabricError> {
    let Timeline { at, spans, total, tables, points } = timeline::timeline(state, query, now)?;
    Ok(json!({
        "item": query.item,
        "now": utc(now),
        "at": utc(at),
        "spans": spans.iter().map(span).collect::<Vec<Value>>(),
        "tables": {"total": total, "value": tables.into_iter().map(table).collect::<Vec<Value>>()},
        "points": points.into_iter().map(point).collect::<Vec<Value>>(),
    }))
}

fn span(span: &Span<&'static str>) -> Value {
    let Span { status, reason, from, to, .. } = span;
    let mut body = json!({"status": status, "from": utc(*from), "to": to.map(utc), "reason": reason});
    if let Some(it) = &span.error {
        body["error"] = error(it);
    }
    if let Some(trouble) = span.trouble {
        body["trouble"] = json!(trouble);
    }
    body
}

/// Returns an error as the status calls show it.
pub(super) fn error(error: &MirroringError) -> Value {
    json!({"errorCode": error.code, "message": error.message})
}

fn table(table: TableLine) -> Value {
    let mut body = json!({
        "sourceSchemaName": &*table.name.schema,
        "sourceTableName": &*table.name.table,
        "status": table.status,
        "spans": table.spans.iter().map(span).collect::<Vec<Value>>(),
    });
    if let Some(object_type) = table.object_type {
        body["sourceObjectType"] = json!(object_type);
    }
    if let Some(metrics) = table.metrics {
        body["metrics"] = json!(MetricsBody::from(metrics));
    }
    if let Some(it) = &table.error {
        body["error"] = error(it);
    }
    body
}

fn point(point: Point) -> Value {
    json!({
        "at": utc(point.at),
        "rows": point.rows,
        "rowsPerSecond": point.rows_per_second,
        "latencyMax": point.latency_max,
        "latencyP95": point.latency_p95,
        "tablesByStatus": point.tables_by_status,
    })
}

fn log_body(tenant: &Tenant, state: &State, query: &Query, now: Timestamp) -> Result<Value, FabricError> {
    let Log { source, rows } = log::log(state, query, now)?;
    let (within, item) = state.find_item(query.item).ok_or_else(|| FabricError::no_item(query.item))?;
    let capacity = within.capacity.and_then(|id| state.capacities().iter().find(|capacity| capacity.id == id));
    let row = |row: Row| {
        json!({
            "Timestamp": utc(row.at),
            "OperationName": row.operation,
            "ItemId": item.id,
            "ItemKind": item.kind,
            "ItemName": item.display_name,
            "WorkspaceId": within.id,
            "WorkspaceName": within.display_name,
            "CapacityId": within.capacity,
            "CorrelationId": null,
            "OperationId": null,
            "Identity": null,
            "CustomerTenantId": tenant.id(),
            "DurationMs": null,
            "Status": null,
            "Level": null,
            "Region": capacity.map(|capacity| &*capacity.region),
            "WorkspaceMonitoringTableName": "MirroredDatabaseTableExecution",
            "OperationStartTime": utc(row.started),
            "OperationEndTime": utc(row.at),
            "MirroringSourceType": source,
            "SourceTableName": &*row.table.table,
            "SourceSchemaName": &*row.table.schema,
            "ProcessedRows": row.processed.map(|(rows, _)| rows),
            "ProcessedBytes": row.processed.map(|(_, bytes)| bytes),
            "ReplicatorBatchLatency": row.latency_seconds,
            // All emulated faults lie in the source or in its permissions.
            "ErrorType": row.error.as_ref().map(|_| "UserError"),
            "ErrorMessage": row.error.map(|error| error.message),
        })
    };
    Ok(json!({"value": rows.into_iter().map(row).collect::<Vec<Value>>()}))
}
