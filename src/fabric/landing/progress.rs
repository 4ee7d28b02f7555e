//! The status and the figures of the tables at an instant.

use jiff::Timestamp;

use super::error::TableError;
use super::memory::Memory;
use super::path::TableFolder;
use super::plan::{Plan, TablePlan};
use super::zone::Zone;
use crate::fabric::mirroring::TableStatus;

/// The status and the figures of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableProgress<'z> {
    /// The folder.
    pub folder: TableFolder<'z>,
    /// The schema of the table. `folder.schema` is that of the source.
    pub schema: &'z str,
    /// The status.
    pub status: TableStatus,
    /// The number of rows that were read, each an operation, since the table's folder was created or mirroring was
    /// started. It is no number of rows in the table.
    pub operations: u64,
    /// The bytes that were processed in the same time.
    pub bytes: u64,
    /// The commit of the last version; `None` before the first.
    pub last_sync: Option<Timestamp>,
    /// The error that stops the table.
    pub error: Option<TableError>,
}

/// Returns the progress of the tables that the service has found, sorted by folder, at the instant of the plan.
pub fn progress<'z>(zone: &Zone, plan: &Plan<'z>, now: Timestamp) -> Vec<TableProgress<'z>> {
    let is_running = zone.epoch(now).is_some();
    let of = |table: &TablePlan<'z>| table.memory.as_ref().map(|memory| of_table(table, memory, is_running));
    plan.tables.iter().filter_map(of).collect()
}

fn of_table<'z>(table: &TablePlan<'z>, memory: &Memory<'z>, is_running: bool) -> TableProgress<'z> {
    let cycles = || table.cycles.iter().filter(|cycle| cycle.incarnation == Some(memory.incarnation));
    let applied = || cycles().flat_map(|cycle| &cycle.files).map(|file| file.applied);
    let error = memory.stop.as_ref().map(|stop| stop.error.clone());
    TableProgress {
        folder: table.folder,
        schema: table.schema,
        status: status(is_running, error.is_some(), memory.version > 0),
        operations: applied().map(|applied| applied.operations).sum(),
        bytes: applied().map(|applied| applied.bytes).sum(),
        last_sync: cycles().filter(|cycle| cycle.version.is_some()).map(|cycle| cycle.commit.at).next_back(),
        error,
    }
}

/// Returns the status. An error shows as `Failed` also while mirroring is stopped.
const fn status(is_running: bool, has_error: bool, has_version: bool) -> TableStatus {
    match (is_running, has_error, has_version) {
        (_, true, _) => TableStatus::Failed,
        (false, ..) => TableStatus::Stopped,
        (true, _, true) => TableStatus::Replicating,
        (true, _, false) => TableStatus::Snapshotting,
    }
}
