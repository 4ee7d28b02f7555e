//! `overview`: tenants, clock, workspaces and items in one answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde::Serialize;
use serde_json::Value;

use super::timeline::STATES_SIZE;
use super::{ControlRequest, clock, one_tenant_only, refuse, reply_json, tenants};
use crate::fabric::capacity::{Capacity, CapacityState};
use crate::fabric::item::ItemKind;
use crate::fabric::overview::{self, ItemOverview, SourceOverview, WorkspaceOverview};
use crate::http::answer::{to_json, utc};
use crate::http::wire::mirrored_databases::MirroringErrorBody;
use crate::ids::{CapacityId, ConnectionId, ItemId, WorkspaceId};
use crate::tenant::Tenant;

/// Returns what a page shows first.
pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    if request.every_tenant {
        return refuse(&request.tenant, &one_tenant_only());
    }
    let tenants = tenants::all(&request.emulator);
    let tenant = Arc::clone(&request.tenant);
    let size = tenant.weight().max(STATES_SIZE);
    let body = request.emulator.in_flight().work(size, move || body(&tenant, tenants)).await;
    reply_json(&request.tenant, Ok(body))
}

#[derive(Serialize)]
struct OverviewBody<'a> {
    tenants: Vec<Value>,
    clock: Value,
    workspaces: Vec<WorkspaceBody<'a>>,
}

fn body(tenant: &Tenant, tenants: Vec<Value>) -> Vec<u8> {
    let clock = tenant.clock().state();
    // A copy, so that other requests do not wait.
    let (state, next) = tenant.read_upcoming(|upcoming| (upcoming.state().clone(), upcoming.next_change(clock.now)));
    let workspaces = overview::overview(&state, clock.now);
    let workspaces = workspaces.iter().map(WorkspaceBody::from).collect();
    let clock = clock::shown(clock, next.as_ref());
    to_json(&OverviewBody { tenants, clock, workspaces })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceBody<'a> {
    id: WorkspaceId,
    display_name: &'a str,
    capacity_id: Option<CapacityId>,
    capacity: Option<CapacityBody<'a>>,
    items: Vec<ItemBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CapacityBody<'a> {
    display_name: &'a str,
    sku: &'a str,
    state: CapacityState,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody<'a> {
    id: ItemId,
    r#type: ItemKind,
    display_name: &'a str,
    source: Option<SourceBody<'a>>,
    status: Option<&'static str>,
    error: Option<MirroringErrorBody<'a>>,
    rows: Option<u64>,
    last_sync_date_time: Option<String>,
    latency_max: Option<u32>,
    tables: &'a BTreeMap<&'static str, usize>,
    tables_in_error: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceBody<'a> {
    r#type: &'static str,
    connection_id: Option<ConnectionId>,
    connection: Option<&'a str>,
    database: Option<&'a str>,
}

impl<'a> From<&'a WorkspaceOverview> for WorkspaceBody<'a> {
    fn from(workspace: &'a WorkspaceOverview) -> Self {
        Self {
            id: workspace.id,
            display_name: &workspace.display_name,
            capacity_id: workspace.capacity_id,
            capacity: workspace.capacity.as_ref().map(CapacityBody::from),
            items: workspace.items.iter().map(ItemBody::from).collect(),
        }
    }
}

impl<'a> From<&'a ItemOverview> for ItemBody<'a> {
    fn from(item: &'a ItemOverview) -> Self {
        Self {
            id: item.id,
            r#type: item.kind,
            display_name: &item.display_name,
            source: item.source.as_ref().map(SourceBody::from),
            status: item.status,
            error: item.error.as_ref().map(MirroringErrorBody::from),
            rows: item.rows,
            last_sync_date_time: item.last_sync.map(utc),
            latency_max: item.latency_max,
            tables: &item.tables,
            tables_in_error: item.tables_in_error,
        }
    }
}

impl<'a> From<&'a Capacity> for CapacityBody<'a> {
    fn from(Capacity { display_name, sku, state, .. }: &'a Capacity) -> Self {
        Self { display_name, sku, state: *state }
    }
}

impl<'a> From<&'a SourceOverview> for SourceBody<'a> {
    fn from(source: &'a SourceOverview) -> Self {
        Self {
            r#type: source.kind,
            connection_id: source.connection_id,
            connection: source.connection.as_deref(),
            database: source.database.as_deref(),
        }
    }
}
