//! The cycles of the service in a landing zone.

use jiff::Timestamp;

use super::error::TableError;
use super::folder::folders;
use super::memory::{Incarnation, Memory};
use super::path::TableFolder;
use super::tables::{Applied, BatchFile, Tables};
use super::timing::Timing;
use super::tracker::Tracker;
use super::visible::Visible;
use super::zone::{When, Zone};

/// A file that a cycle read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFile<'z> {
    /// The file.
    pub file: BatchFile<'z>,
    /// Its effect.
    pub applied: Applied,
}

/// The error that stops a table, and the file that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop<'z> {
    /// The path below the table's folder.
    pub path: &'z str,
    /// The number of the fact that created the file; 0 if the file is missing.
    pub created: u64,
    /// The number of the fact that gave the file its content. A `_metadata.json` is read again if it has another one.
    pub content: u64,
    /// The error.
    pub error: TableError,
}

/// A cycle: a poll that found work for a table, and the commit of its effect. All effects happen at the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle<'z> {
    /// The folder of the table.
    pub folder: TableFolder<'z>,
    /// The number of the cycle among those of the folder, from 1.
    pub number: u64,
    /// The index of the period of mirroring in [`Zone::epochs`].
    pub epoch: usize,
    /// The poll.
    pub poll: When,
    /// The commit.
    pub commit: When,
    /// The incarnation that the cycle drops, because its folder is gone or mirroring began anew.
    pub drops: Option<Incarnation>,
    /// The incarnation whose files the cycle read; `None` if it only drops a table.
    pub incarnation: Option<Incarnation>,
    /// The files that the version contains, in the order in which they were applied.
    pub files: Vec<ReadFile<'z>>,
    /// The version that the cycle wrote; `None` if it read no file.
    pub version: Option<u64>,
    /// An earlier error ended with this cycle.
    pub clears: bool,
    /// The error with which the cycle ended. Later files wait behind it.
    pub stop: Option<Stop<'z>>,
}

/// A cycle that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flight<'z> {
    /// The poll.
    pub poll: When,
    /// The commit, unless mirroring stops before.
    pub commit: When,
    /// The files that are being read.
    pub files: Vec<BatchFile<'z>>,
}

/// The file that a cycle moved from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move<'z> {
    pub entry: &'z super::zone::Entry,
    pub content: &'z super::zone::Content,
    /// The path below the table's folder.
    pub path: &'z str,
    pub when: When,
    /// The number of the fact that created the table's folder.
    pub folder: u64,
}

/// The cycles of a table, and its condition.
#[derive(Debug)]
pub struct TablePlan<'z> {
    /// The folder of the table.
    pub folder: TableFolder<'z>,
    /// The schema of the table.
    pub schema: &'z str,
    /// Another folder that has the same table. This one is ignored.
    pub owner: Option<&'z str>,
    /// The cycles that ended, in the order of time.
    pub cycles: Vec<Cycle<'z>>,
    /// The cycle that has not ended.
    pub flight: Option<Flight<'z>>,
    /// The next instant at which the service may change something if nothing else happens: the end of a cycle, or the poll
    /// after a cycle or after the last facts.
    pub next: Option<Timestamp>,
    /// The next poll, while mirroring runs. Polls that find nothing count too.
    pub next_poll: Option<Timestamp>,
    pub(super) memory: Option<Memory<'z>>,
    pub(super) visible: Visible<'z>,
    pub(super) moves: Vec<Move<'z>>,
}

impl TablePlan<'_> {
    /// Returns the current incarnation of the table, once the service has found it.
    pub fn incarnation(&self) -> Option<Incarnation> {
        self.memory.as_ref().map(|memory| memory.incarnation)
    }

    /// Returns the poll that found the current incarnation.
    pub fn found(&self) -> Option<Timestamp> {
        self.memory.as_ref().map(|memory| memory.found)
    }
}

/// The cycles of all tables of a zone until an instant.
#[derive(Debug)]
pub struct Plan<'z> {
    /// The tables, sorted by folder.
    pub tables: Vec<TablePlan<'z>>,
}

impl<'z> Plan<'z> {
    /// Returns the table of a folder.
    pub fn table(&self, folder: &str) -> Option<&TablePlan<'z>> {
        self.tables.iter().find(|table| table.folder.path == folder)
    }

    /// Returns all cycles in the order of their commits. Cycles of one instant are sorted by folder.
    pub fn cycles(&self) -> Vec<&Cycle<'z>> {
        let mut cycles: Vec<&Cycle<'z>> = self.tables.iter().flat_map(|table| &table.cycles).collect();
        cycles.sort_by_key(|cycle| (cycle.commit, cycle.folder, cycle.number));
        cycles
    }

    /// Returns the next instant at which the service may change something if nothing else happens.
    pub fn next(&self) -> Option<Timestamp> {
        self.tables.iter().filter_map(|table| table.next).min()
    }
}

/// Computes the cycles whose commit is not after `now`. Facts after `now` have no effect.
pub fn plan<'z>(zone: &'z Zone, timing: &Timing, tables: &mut dyn Tables, now: Timestamp) -> Plan<'z> {
    let plan_of = |folder| Tracker::new(zone, timing, folder, now).run(tables);
    Plan { tables: folders(zone).into_iter().map(plan_of).collect() }
}
