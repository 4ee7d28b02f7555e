//! Upcoming changes: changes of a status or of visibility that time alone will bring about. `POST
//! /_emulator/clock/advance` with `"to": "next-change"` advances the clock to the first of them,
//! or to the end of a full throttle window if that is earlier.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::mirroring::{TableName, TableStatus};
use crate::fabric::operation::OperationStatus;
use crate::fabric::timeline;
use crate::ids::{ItemId, OperationId, WorkspaceId};

/// A change of a status or of visibility that happens without a request. Changes of figures, such as row counts, are
/// not included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpcomingChange {
    /// The instant of the change.
    #[serde(serialize_with = "as_shown")]
    pub at: Timestamp,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The item; `None` for a change of the workspace or of an operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// The type of the change, and the new status.
    #[serde(flatten)]
    pub change: Change,
}

/// Serializes an instant with seven fractional digits, like all instants in responses.
fn as_shown<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.7}"))
}

/// The type of a change, with the new status where there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase", tag = "what")]
pub enum Change {
    /// The item appears in lists.
    Visible,
    /// The assignment of the workspace to its capacity is complete.
    CapacityAssigned,
    /// The status of a long-running operation changes.
    #[serde(rename_all = "camelCase")]
    Operation {
        /// The operation.
        operation_id: OperationId,
        /// The new status.
        status: OperationStatus,
    },
    /// The status of a mirrored or SQL database changes.
    Status {
        /// The new status.
        status: &'static str,
    },
    /// The status of a table changes.
    #[serde(rename_all = "camelCase")]
    TableStatus {
        /// The schema of the table.
        source_schema_name: String,
        /// The name of the table.
        source_table_name: String,
        /// The new status.
        status: String,
    },
}

/// Returns the changes that will happen after `now` if no request changes the tenant. The earliest change comes first.
pub fn after(state: &State, now: Timestamp) -> Vec<UpcomingChange> {
    let assigned =
        state.workspaces().values().filter(|workspace| workspace.assigned_at > now).map(|workspace| UpcomingChange {
            at: workspace.assigned_at,
            workspace_id: workspace.id,
            item_id: None,
            change: Change::CapacityAssigned,
        });
    let ends = state.operations().values().filter(|operation| operation.ends_at > now).map(|operation| {
        let (operation_id, status) = (operation.id, operation.status_at(operation.ends_at));
        let change = Change::Operation { operation_id, status };
        UpcomingChange { at: operation.ends_at, workspace_id: operation.workspace, item_id: None, change }
    });
    let items =
        state.workspaces().values().flat_map(|workspace| workspace.items().values().map(|item| (workspace.id, item)));
    let items = items.flat_map(|(workspace, item)| of_item(state, workspace, item, now));
    // An operation that a fault stalled ends at the last instant of all, which means never.
    let happens = |change: &UpcomingChange| change.at < Timestamp::MAX;
    let mut changes: Vec<UpcomingChange> = assigned.chain(ends).chain(items).filter(happens).collect();
    changes.sort();
    changes
}

/// The next change of the status of an item or of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NextChange {
    /// The instant of the change.
    #[serde(serialize_with = "as_shown")]
    pub at: Timestamp,
    /// The item.
    pub item: ItemId,
    /// The table; `None` for a change of the item itself.
    pub table: Option<ChangedTable>,
    /// The status before the change; `None` for an item or a table that appears.
    pub from: Option<String>,
    /// The status after the change.
    pub to: String,
}

/// The name of a table, as in a declaration of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each member is named after its value")]
pub struct ChangedTable {
    pub schema_name: String,
    pub table_name: String,
}

/// Returns the first change of the status of an item or a table that will happen after `now` if no request changes the
/// tenant.
pub fn next_change(state: &State, now: Timestamp) -> Option<NextChange> {
    after(state, now).into_iter().find_map(|upcoming| {
        let item = upcoming.item_id?;
        // No other change of the same thing comes before the first one, so its status until then is that at `now`.
        let (table, to, from) = match upcoming.change {
            Change::Status { status } => (None, status.to_owned(), status_of(state, item, now)),
            Change::TableStatus { source_schema_name, source_table_name, status } => {
                let table = ChangedTable { schema_name: source_schema_name, table_name: source_table_name };
                let from = table_status_of(state, item, &table, now);
                (Some(table), status, from)
            }
            Change::Visible | Change::CapacityAssigned | Change::Operation { .. } => return None,
        };
        Some(NextChange { at: upcoming.at, item, table, from, to })
    })
}

/// Returns the status of a database or a catalog.
fn status_of(state: &State, id: ItemId, now: Timestamp) -> Option<String> {
    let (workspace, item) = state.find_item(id)?;
    let spans = timeline::spans(state, workspace.id, item)?;
    spans.iter().rfind(|span| span.from <= now).map(|span| span.status.to_owned())
}

fn table_status_of(state: &State, id: ItemId, table: &ChangedTable, now: Timestamp) -> Option<String> {
    let (workspace, item) = state.find_item(id)?;
    let tables = state.replication(workspace.id, item).ok()?.tables_at(state, now);
    let is_named = |name: &TableName| *name.schema == *table.schema_name && *name.table == *table.table_name;
    tables.iter().find(|known| is_named(&known.name)).map(|known| format!("{:?}", known.status))
}

/// Returns the upcoming changes of one item.
fn of_item(state: &State, workspace_id: WorkspaceId, item: &Item, now: Timestamp) -> Vec<UpcomingChange> {
    let upcoming = |at, change| UpcomingChange { at, workspace_id, item_id: Some(item.id), change };
    let visible = (item.visible_from > now && item.visible_from < Timestamp::MAX)
        .then(|| upcoming(item.visible_from, Change::Visible));
    let spans = timeline::spans(state, workspace_id, item).unwrap_or_default();
    let statuses = spans
        .iter()
        .filter(|span| span.from > now)
        .map(|span| upcoming(span.from, Change::Status { status: span.status }));
    let mut changes: Vec<UpcomingChange> = visible.into_iter().chain(statuses).collect();
    let Ok(replication) = state.replication(workspace_id, item) else { return changes };

    let table_status = |at, name: &TableName, status: TableStatus| {
        let (source_schema_name, source_table_name) = (name.schema.to_string(), name.table.to_string());
        upcoming(at, Change::TableStatus { source_schema_name, source_table_name, status: format!("{status:?}") })
    };
    let phase = replication.phase_at(now);
    let transition = phase.gives_way.filter(|(_, status)| *status != phase.status);
    let Some((at, _)) = transition else {
        for (table, later) in replication.tables_and_changes_at(state, now) {
            changes.extend(later.into_iter().map(|(at, status)| table_status(at, &table.name, status)));
        }
        return changes;
    };
    // Table statuses can change at the instant at which the status of the database changes. Later changes of the tables
    // follow from their state at that instant.
    let tables_now = replication.tables_at(state, now);
    for (table, later) in replication.tables_and_changes_at(state, at) {
        let before = tables_now.iter().find(|before| before.name == table.name);
        if before.is_none_or(|before| (before.status, &before.error) != (table.status, &table.error)) {
            changes.push(table_status(at, &table.name, table.status));
        }
        changes.extend(later.into_iter().map(|(at, status)| table_status(at, &table.name, status)));
    }
    changes
}
