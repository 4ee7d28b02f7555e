//! `overview`: tenants, clock, workspaces and items in one answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::timeline::{STATES_SIZE, error};
use super::{ControlRequest, clock, one_tenant_only, refuse, reply, tenants};
use crate::fabric::item::ItemKind;
use crate::fabric::overview::{self, ItemOverview, WorkspaceOverview};
use crate::http::answer::utc;
use crate::ids::{CapacityId, ItemId, WorkspaceId};
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
    reply(&request.tenant, Ok(body))
}

fn body(tenant: &Tenant, tenants: Vec<Value>) -> Value {
    let clock = tenant.clock().state();
    // A copy, so that other requests do not wait.
    let state = tenant.state();
    let workspaces: Vec<WorkspaceBody> = overview::overview(&state, clock.now).into_iter().map(Into::into).collect();
    json!({"tenants": tenants, "clock": clock::shown(&state, clock), "workspaces": workspaces})
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceBody {
    id: WorkspaceId,
    display_name: String,
    capacity_id: Option<CapacityId>,
    items: Vec<ItemBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody {
    id: ItemId,
    r#type: ItemKind,
    display_name: String,
    status: Option<&'static str>,
    error: Option<Value>,
    rows: Option<u64>,
    last_sync_date_time: Option<String>,
    latency_max: Option<u32>,
    tables: BTreeMap<&'static str, usize>,
    tables_in_error: usize,
}

impl From<WorkspaceOverview> for WorkspaceBody {
    fn from(WorkspaceOverview { id, display_name, capacity, items }: WorkspaceOverview) -> Self {
        Self { id, display_name, capacity_id: capacity, items: items.into_iter().map(ItemBody::from).collect() }
    }
}

impl From<ItemOverview> for ItemBody {
    fn from(item: ItemOverview) -> Self {
        Self {
            id: item.id,
            r#type: item.kind,
            display_name: item.display_name,
            status: item.status,
            error: item.error.as_ref().map(error),
            rows: item.rows,
            last_sync_date_time: item.last_sync.map(utc),
            latency_max: item.latency_max,
            tables: item.tables,
            tables_in_error: item.tables_in_error,
        }
    }
}
