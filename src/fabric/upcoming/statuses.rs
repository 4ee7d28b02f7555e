//! The upcoming changes of the statuses of one item and of its tables.

use jiff::Timestamp;

use super::Change;
use crate::fabric::item::Item;
use crate::fabric::mirroring::{TableName, TableStatus};
use crate::fabric::{State, timeline};
use crate::ids::WorkspaceId;

/// An upcoming change of the status of an item or of one of its tables.
#[derive(Debug)]
pub(super) struct StatusChange {
    /// The instant of the change.
    pub(super) at: Timestamp,
    status: NewStatus,
}

#[derive(Debug)]
enum NewStatus {
    OfItem(&'static str),
    OfTable(TableName, TableStatus),
}

impl StatusChange {
    fn of_table(at: Timestamp, name: &TableName, status: TableStatus) -> Self {
        Self { at, status: NewStatus::OfTable(name.clone(), status) }
    }

    /// Returns the type of the change, and the new status.
    pub(super) fn change(&self) -> Change {
        match &self.status {
            NewStatus::OfItem(status) => Change::Status { status },
            NewStatus::OfTable(name, status) => Change::TableStatus {
                source_schema_name: name.schema.to_string(),
                source_table_name: name.table.to_string(),
                status: format!("{status:?}"),
            },
        }
    }
}

/// Returns the changes of the statuses of an item and of its tables after `now`, in no particular order.
pub(super) fn after(state: &State, within: WorkspaceId, item: &Item, now: Timestamp) -> Vec<StatusChange> {
    let spans = timeline::spans(state, within, item).unwrap_or_default();
    let statuses = spans.iter().filter(|span| span.from > now);
    let statuses = statuses.map(|span| StatusChange { at: span.from, status: NewStatus::OfItem(span.status) });
    let mut changes: Vec<StatusChange> = statuses.collect();
    let Ok(replication) = state.replication(within, item) else { return changes };

    let phase = replication.phase_at(now);
    let transition = phase.gives_way.filter(|(_, status)| *status != phase.status);
    let Some((at, _)) = transition else {
        for (table, later) in replication.tables_and_changes_at(state, now) {
            changes.extend(later.into_iter().map(|(at, status)| StatusChange::of_table(at, &table.name, status)));
        }
        return changes;
    };
    // Table statuses can change at the instant at which the status of the database changes. Later changes of the tables
    // follow from their state at that instant.
    let tables_now = replication.tables_at(state, now);
    for (table, later) in replication.tables_and_changes_at(state, at) {
        let before = tables_now.iter().find(|before| before.name == table.name);
        if before.is_none_or(|before| (before.status, &before.error) != (table.status, &table.error)) {
            changes.push(StatusChange::of_table(at, &table.name, table.status));
        }
        changes.extend(later.into_iter().map(|(at, status)| StatusChange::of_table(at, &table.name, status)));
    }
    changes
}
