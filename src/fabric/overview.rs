//! The overview of a tenant: its workspaces and items with the figures of their mirroring (docs/CONTROL.md#overview).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::fabric::State;
use crate::fabric::capacity::Capacity;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::mirroring::{Mirroring, MirroringConfig, MirroringError};
use crate::fabric::timeline::{self, TableLine};
use crate::fabric::workspace::Workspace;
use crate::ids::{CapacityId, ConnectionId, ItemId, WorkspaceId};

/// A workspace and its items.
#[derive(Debug)]
pub struct WorkspaceOverview {
    /// The id.
    pub id: WorkspaceId,
    /// The name.
    pub display_name: String,
    /// The id of the capacity; `None` if the workspace is not on a capacity.
    pub capacity_id: Option<CapacityId>,
    /// The capacity; `None` if the workspace is not on a capacity, or if the capacity does not exist.
    pub capacity: Option<Capacity>,
    /// The visible items.
    pub items: Vec<ItemOverview>,
}

/// An item. The members from `source` on are empty for an item without mirroring.
#[derive(Debug)]
pub struct ItemOverview {
    /// The id.
    pub id: ItemId,
    /// The kind.
    pub kind: ItemKind,
    /// The name.
    pub display_name: String,
    /// The source in the definition of a mirrored database.
    pub source: Option<SourceOverview>,
    /// The status of the mirroring.
    pub status: Option<&'static str>,
    /// The error beside the status.
    pub error: Option<MirroringError>,
    /// The rows of all tables; `None` until the first row is copied.
    pub rows: Option<u64>,
    /// The last instant at which rows arrived.
    pub last_sync: Option<Timestamp>,
    /// The highest latency of a table, in seconds.
    pub latency_max: Option<u32>,
    /// The number of tables by status.
    pub tables: BTreeMap<&'static str, usize>,
    /// The number of tables with an error.
    pub tables_in_error: usize,
}

/// The source of a mirrored database.
#[derive(Debug)]
pub struct SourceOverview {
    /// The type of the source, as in `mirroring.json`.
    pub kind: &'static str,
    /// The id of the connection.
    pub connection_id: Option<ConnectionId>,
    /// The name of the connection; `None` if the connection does not exist.
    pub connection: Option<String>,
    /// The name of the database.
    pub database: Option<String>,
}

/// Returns the workspaces of a tenant.
pub fn overview(state: &State, now: Timestamp) -> Vec<WorkspaceOverview> {
    let workspace = |within: &Workspace| WorkspaceOverview {
        id: within.id,
        display_name: within.display_name.clone(),
        capacity_id: within.capacity,
        capacity: within.capacity.and_then(|id| state.capacity(id).ok()).cloned(),
        items: within
            .items()
            .values()
            .filter(|item| item.visible_from <= now)
            .map(|item| ItemOverview::new(state, within.id, item, now))
            .collect(),
    };
    state.workspaces().values().map(workspace).collect()
}

impl ItemOverview {
    fn new(state: &State, within: WorkspaceId, item: &Item, now: Timestamp) -> Self {
        let spans = timeline::spans(state, within, item).unwrap_or_default();
        let span = spans.into_iter().find(|span| span.contains(now));
        let lines = timeline::tables(state, within, item, now);
        let metrics = || lines.iter().filter_map(|table: &TableLine| table.metrics);
        let mut tables = BTreeMap::new();
        for line in &lines {
            *tables.entry(line.status).or_default() += 1;
        }
        Self {
            id: item.id,
            kind: item.kind,
            display_name: item.display_name.clone(),
            source: item
                .mirroring
                .as_ref()
                .map(Mirroring::config)
                .and_then(|config| SourceOverview::new(state, config)),
            status: span.as_ref().map(|span| span.status),
            error: span.and_then(|span| span.error),
            rows: metrics().map(|metrics| metrics.rows).reduce(u64::saturating_add),
            last_sync: metrics().filter_map(|metrics| metrics.last_sync).max(),
            latency_max: metrics().filter_map(|metrics| metrics.latency_seconds).max(),
            tables,
            tables_in_error: lines.iter().filter(|table| table.error.is_some()).count(),
        }
    }
}

impl SourceOverview {
    /// Returns `None` for a mirrored database without a definition.
    fn new(state: &State, config: &MirroringConfig) -> Option<Self> {
        let connection = config.connection.and_then(|id| state.find_connection(id));
        Some(Self {
            kind: config.source?.spec().name,
            connection_id: config.connection,
            connection: connection.map(|connection| connection.display_name.clone()),
            database: config.database.clone(),
        })
    }
}
