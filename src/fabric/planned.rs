//! What is going to change by itself, as far as it is known now: `next-change` and `until` look here.

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::ids::{ItemId, WorkspaceId};

/// A change that comes by itself: of a status or of what can be seen, never of a figure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Which item.
    pub item_id: ItemId,
    /// What of it.
    #[serde(flatten)]
    pub change: Change,
}

/// What changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub enum Change {
    /// The item appears in lists.
    Visible,
    /// The status of a mirrored database.
    Status {
        /// The new one.
        status: &'static str,
    },
    /// The status of a table.
    #[serde(rename_all = "camelCase")]
    TableStatus {
        /// The table's schema.
        source_schema_name: String,
        /// The table's name.
        source_table_name: String,
        /// The new one.
        status: String,
    },
}

/// All changes after `now` that are known at `now`, the earliest first.
pub fn after(state: &State, now: Timestamp) -> Vec<Planned> {
    let items =
        state.workspaces().values().flat_map(|workspace| workspace.items().values().map(|item| (workspace.id, item)));
    let mut planned: Vec<Planned> = items.flat_map(|(workspace, item)| of_item(state, workspace, item, now)).collect();
    planned.sort();
    planned
}

/// The changes of one item.
pub fn of_item(state: &State, workspace_id: WorkspaceId, item: &Item, now: Timestamp) -> Vec<Planned> {
    let planned = |at, change| Planned { at, workspace_id, item_id: item.id, change };
    let visible = (item.visible_from > now).then(|| planned(item.visible_from, Change::Visible));
    let Some(mirroring) = &item.mirroring else { return visible.into_iter().collect() };

    let phase = mirroring.phase_at(now);
    let status = phase.gives_way.map(|(at, status)| planned(at, Change::Status { status: status.as_str() }));
    // Once the replicator is up, the tables' ways are known as well: look at them from there.
    let seen_from = status.as_ref().map_or(now, |status| status.at);
    let tables = mirroring.tables_at(state, seen_from).into_iter().flat_map(|table| {
        let (schema, name) = (table.name.schema.to_string(), table.name.table.to_string());
        table.gives_way.into_iter().map(move |(at, status)| (at, schema.clone(), name.clone(), status))
    });
    let tables = tables.map(|(at, source_schema_name, source_table_name, status)| {
        planned(at, Change::TableStatus { source_schema_name, source_table_name, status: format!("{status:?}") })
    });
    visible.into_iter().chain(status).chain(tables).collect()
}
