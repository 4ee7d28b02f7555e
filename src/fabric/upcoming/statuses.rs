//! The upcoming changes of the statuses of one item and of its tables.

use jiff::Timestamp;

use super::Change;
use crate::fabric::item::Item;
use crate::fabric::job::{self, JobStatus};
use crate::fabric::mirroring::{TableName, TableStatus};
use crate::fabric::{State, timeline};
use crate::ids::{JobInstanceId, WorkspaceId};

/// An upcoming change of the status of an item, of one of its tables or of a run of its jobs.
#[derive(Debug)]
pub(super) struct StatusChange {
    /// The instant of the change.
    pub(super) at: Timestamp,
    status: NewStatus,
}

#[derive(Debug)]
enum NewStatus {
    Item(&'static str),
    Job(JobInstanceId, JobStatus),
    Table(TableName, TableStatus),
}

impl StatusChange {
    fn of_table(at: Timestamp, name: &TableName, status: TableStatus) -> Self {
        Self { at, status: NewStatus::Table(name.clone(), status) }
    }

    /// Returns the type of the change, and the new status.
    pub(super) fn change(&self) -> Change {
        match &self.status {
            NewStatus::Item(status) => Change::Status { status },
            NewStatus::Job(id, status) => Change::Job { job_instance_id: *id, status: *status },
            NewStatus::Table(name, status) => Change::TableStatus {
                source_schema_name: name.schema.to_string(),
                source_table_name: name.table.to_string(),
                status: format!("{status:?}"),
            },
        }
    }
}

/// Returns the changes of the statuses of an item, of its tables and of the runs of its jobs after `now`, in no
/// particular order.
pub(super) fn after(state: &State, within: WorkspaceId, item: &Item, now: Timestamp) -> Vec<StatusChange> {
    let spans = timeline::spans(state, within, item).unwrap_or_default();
    let statuses = spans.iter().filter(|span| span.from > now);
    let statuses = statuses.map(|span| StatusChange { at: span.from, status: NewStatus::Item(span.status) });
    let runs = job::changes(state, item, now).into_iter();
    let runs = runs.map(|(at, id, status)| StatusChange { at, status: NewStatus::Job(id, status) });
    let mut changes: Vec<StatusChange> = statuses.chain(runs).collect();
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
