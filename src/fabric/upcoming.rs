//! Upcoming changes: changes of a status or of visibility that time alone will bring about. `POST
//! /_emulator/clock/advance` with `"to": "next-change"` advances the clock to the first of them,
//! or to the end of a full throttle window if that is earlier.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::mirroring::{TableName, TableStatus};
use crate::fabric::operation::OperationStatus;
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

/// Returns the upcoming changes of one item.
fn of_item(state: &State, workspace_id: WorkspaceId, item: &Item, now: Timestamp) -> Vec<UpcomingChange> {
    let upcoming = |at, change| UpcomingChange { at, workspace_id, item_id: Some(item.id), change };
    let visible = (item.visible_from > now).then(|| upcoming(item.visible_from, Change::Visible));
    if let Some(database) = &item.sql_database {
        let spans = database.spans().into_iter().filter(|span| span.from > now);
        let statuses = spans.map(|span| upcoming(span.from, Change::Status { status: span.status.as_str() }));
        return visible.into_iter().chain(statuses).collect();
    }
    let Some(mirroring) = &item.mirroring else { return visible.into_iter().collect() };

    let table_status = |at, name: &TableName, status: TableStatus| {
        let (source_schema_name, source_table_name) = (name.schema.to_string(), name.table.to_string());
        upcoming(at, Change::TableStatus { source_schema_name, source_table_name, status: format!("{status:?}") })
    };
    let tables_now = mirroring.tables_at(state, now);
    let mut changes: Vec<UpcomingChange> = visible.into_iter().collect();
    let Some((at, status)) = mirroring.phase_at(now).gives_way else {
        let transitions =
            tables_now.iter().flat_map(|table| table.gives_way.iter().map(|(at, status)| (*at, &table.name, *status)));
        changes.extend(transitions.map(|(at, name, status)| table_status(at, name, status)));
        return changes;
    };
    // The status of the database changes first, and table statuses can change at the same instant. Later changes of the
    // tables follow from their state at that instant.
    changes.push(upcoming(at, Change::Status { status: status.as_str() }));
    for table in mirroring.tables_at(state, at) {
        let before = tables_now.iter().find(|before| before.name == table.name);
        if before.is_none_or(|before| before.status != table.status) {
            changes.push(table_status(at, &table.name, table.status));
        }
        changes.extend(table.gives_way.iter().map(|(at, status)| table_status(*at, &table.name, *status)));
    }
    changes
}
