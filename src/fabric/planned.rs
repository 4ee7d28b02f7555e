//! What is going to change by itself, as far as it is known now: `next-change` and `until` look here.

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::mirroring::{TableName, TableStatus};
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

    let table_status = |at, name: &TableName, status: TableStatus| {
        let (source_schema_name, source_table_name) = (name.schema.to_string(), name.table.to_string());
        planned(at, Change::TableStatus { source_schema_name, source_table_name, status: format!("{status:?}") })
    };
    let tables_now = mirroring.tables_at(state, now);
    let mut changes: Vec<Planned> = visible.into_iter().collect();
    let Some((at, status)) = mirroring.phase_at(now).gives_way else {
        let ways =
            tables_now.iter().flat_map(|table| table.gives_way.iter().map(|(at, status)| (*at, &table.name, *status)));
        changes.extend(ways.map(|(at, name, status)| table_status(at, name, status)));
        return changes;
    };
    // The database changes first, and its tables with it; from there on their own ways are known as well.
    changes.push(planned(at, Change::Status { status: status.as_str() }));
    for table in mirroring.tables_at(state, at) {
        let before = tables_now.iter().find(|before| before.name == table.name);
        if before.is_none_or(|before| before.status != table.status) {
            changes.push(table_status(at, &table.name, table.status));
        }
        changes.extend(table.gives_way.iter().map(|(at, status)| table_status(*at, &table.name, *status)));
    }
    changes
}
