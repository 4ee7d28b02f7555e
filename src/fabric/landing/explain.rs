//! The reason why a file was read, or was not.

use std::fmt;

use jiff::Timestamp;

use super::memory::Memory;
use super::metadata::DetectionStrategy;
use super::path::{Place, TableFolder, partition_of, place};
use super::plan::{Cycle, Plan, ReadFile, TablePlan};
use super::selection::is_eligible;
use super::tables::Applied;
use super::timing::{Timing, UnflushedFile};
use super::tracker::number_of;
use super::visible::Held;
use super::zone::Zone;

/// The condition of a path at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The path never existed.
    Absent,
    /// The file was deleted before it was read.
    Deleted {
        /// The deletion.
        at: Timestamp,
    },
    /// A name in the path begins with `_`.
    Hidden {
        /// The name.
        name: String,
    },
    /// The path is in no folder of a table, or is a folder.
    NoDataFile,
    /// The path is the `_metadata.json` of a table, which is not applied.
    Metadata {
        /// The text of the error that it causes.
        error: Option<String>,
    },
    /// Another folder has the same table, and was created first.
    SameTable {
        /// The path of that folder.
        folder: String,
    },
    /// Mirroring does not run.
    NotRunning,
    /// The table has no flushed `_metadata.json`.
    NoMetadata,
    /// The folder is not one of a data file, or the name has another extension than the table's files.
    WrongName {
        /// The extension of the table's files.
        extension: String,
    },
    /// The name is not a number of 20 digits.
    NoNumber,
    /// The file was created and not flushed.
    NeverFlushed {
        /// The creation.
        created: Timestamp,
    },
    /// The number is below the next one.
    NumberPassed {
        /// The next number.
        next: u64,
    },
    /// An earlier file is missing or not flushed.
    WaitsForNumber {
        /// The number of that file.
        number: u64,
    },
    /// An error stops the table.
    WaitsBehindError {
        /// The path of the file that caused the error, below the table's folder.
        path: String,
        /// The text of the error.
        error: String,
    },
    /// The path was read before. The service does not read a path twice.
    PathWasRead {
        /// The number of the cycle that read it.
        cycle: u64,
    },
    /// The file is due, and no poll has seen it.
    NotPolled {
        /// The next poll.
        next_poll: Option<Timestamp>,
    },
    /// The file is being read.
    BeingRead {
        /// The poll.
        since: Timestamp,
        /// The commit.
        until: Timestamp,
    },
    /// The file was read.
    Read {
        /// The number of the cycle of the table.
        cycle: u64,
        /// The version of the table that contains it.
        version: u64,
        /// The commit.
        at: Timestamp,
        /// The number of operations.
        operations: u64,
    },
    /// The file could not be read.
    Failed {
        /// The number of the cycle of the table.
        cycle: u64,
        /// The commit.
        at: Timestamp,
        /// The text of the error.
        error: String,
    },
}

/// Returns the condition of a path below `Files/LandingZone/` at the instant of the plan.
pub fn explain(zone: &Zone, timing: &Timing, plan: &Plan<'_>, path: &str, now: Timestamp) -> Reason {
    let path = path.trim_matches('/');
    let (folder, rest) = match place(path) {
        Place::Hidden { name } => return Reason::Hidden { name: name.into() },
        Place::Table(_) | Place::Schema => return Reason::NoDataFile,
        Place::Metadata(folder) => return metadata(zone, plan, &folder, path, now),
        Place::Inside { folder, rest } => (folder, rest),
    };
    let entries = zone.entries.iter().filter(|entry| *entry.path == *path && entry.created.at <= now);
    let Some(entry) = entries.max_by_key(|entry| entry.created) else { return Reason::Absent };
    if entry.contents.is_none() {
        return Reason::NoDataFile;
    }
    let Some(table) = plan.table(folder.path) else { return Reason::Absent };
    let held = table.visible.files.get(rest);
    held.map_or_else(
        || gone(table, rest, entry.created.number, entry.deleted.map_or(now, |deleted| deleted.at)),
        |held| present(zone, timing, table, rest, held, now),
    )
}

fn metadata(zone: &Zone, plan: &Plan<'_>, folder: &TableFolder<'_>, path: &str, now: Timestamp) -> Reason {
    if !zone.entries.iter().any(|entry| *entry.path == *path && entry.exists(now)) {
        return Reason::Absent;
    }
    let memory = plan.table(folder.path).and_then(|table| table.memory.as_ref());
    let stop = memory.and_then(|memory| memory.stop.as_ref()).filter(|stop| stop.path == super::path::METADATA);
    Reason::Metadata { error: stop.map(|stop| stop.error.message.to_string()) }
}

/// Returns the reason for a file that is not in its place: it was read and moved, or deleted.
fn gone(table: &TablePlan<'_>, rest: &str, created: u64, at: Timestamp) -> Reason {
    read(table.cycles.iter(), rest, created).unwrap_or(Reason::Deleted { at })
}

/// Returns the last result of reading a file.
fn read<'c, 'z: 'c>(
    cycles: impl DoubleEndedIterator<Item = &'c Cycle<'z>>,
    rest: &str,
    created: u64,
) -> Option<Reason> {
    cycles.rev().find_map(|cycle| {
        let is_file = |file: &&ReadFile<'_>| file.file.path == rest && file.file.created == created;
        let read = cycle.files.iter().find(is_file).map(|file| file.applied);
        let read = read.zip(cycle.version).map(|(Applied { operations, .. }, version)| Reason::Read {
            cycle: cycle.number,
            version,
            at: cycle.commit.at,
            operations,
        });
        read.or_else(|| {
            let stop = cycle.stop.as_ref().filter(|stop| stop.path == rest && stop.created == created)?;
            Some(Reason::Failed { cycle: cycle.number, at: cycle.commit.at, error: stop.error.message.to_string() })
        })
    })
}

/// Returns the reason for a file in its place.
fn present(zone: &Zone, timing: &Timing, table: &TablePlan<'_>, rest: &str, held: &Held<'_>, now: Timestamp) -> Reason {
    if let Some(owner) = table.owner {
        return Reason::SameTable { folder: owner.into() };
    }
    let of_incarnation = table.cycles.iter().filter(|cycle| cycle.incarnation == table.incarnation());
    match read(of_incarnation, rest, held.created()) {
        Some(Reason::Failed { .. }) if !is_stopped_by(table, rest) => {}
        Some(reason) => return reason,
        None => {}
    }
    if let Some(flight) = table.flight.as_ref().filter(|flight| flight.files.iter().any(|file| file.path == rest)) {
        return Reason::BeingRead { since: flight.poll.at, until: flight.commit.at };
    }
    if zone.epoch(now).is_none() {
        return Reason::NotRunning;
    }
    match (&table.memory, &table.visible.metadata) {
        (Some(memory), _) => waiting(timing, table, memory, rest, held),
        (None, Some(metadata)) if metadata.content.flushed.is_some() => not_polled(table),
        (None, _) => Reason::NoMetadata,
    }
}

fn is_stopped_by(table: &TablePlan<'_>, rest: &str) -> bool {
    let stop = table.memory.as_ref().and_then(|memory| memory.stop.as_ref());
    stop.is_some_and(|stop| stop.path == rest)
}

fn not_polled(table: &TablePlan<'_>) -> Reason {
    Reason::NotPolled { next_poll: table.next_poll }
}

/// Returns the reason for a file that was not read, in a table that the service knows.
fn waiting(timing: &Timing, table: &TablePlan<'_>, memory: &Memory<'_>, rest: &str, held: &Held<'_>) -> Reason {
    if !is_eligible(rest, &memory.metadata) {
        return Reason::WrongName { extension: memory.metadata.extension().into() };
    }
    let is_numbered = memory.metadata.strategy == DetectionStrategy::SequentialFileName;
    let number = number_of(rest, &memory.metadata);
    if is_numbered && number.is_none() {
        return Reason::NoNumber;
    }
    let next = memory.next(partition_of(rest).0);
    if number.is_some_and(|number| number < next) {
        return Reason::NumberPassed { next };
    }
    if !is_numbered && memory.read.contains(rest) {
        return Reason::PathWasRead { cycle: cycle_of(table, rest) };
    }
    if let Some(stop) = &memory.stop {
        return Reason::WaitsBehindError { path: stop.path.into(), error: stop.error.message.to_string() };
    }
    if held.content.flushed.is_none() && timing.unflushed == UnflushedFile::Wait {
        return Reason::NeverFlushed { created: held.entry.created.at };
    }
    match number.and_then(|number| missing(timing, table, memory, rest, number)) {
        Some(number) => Reason::WaitsForNumber { number },
        None => not_polled(table),
    }
}

fn cycle_of(table: &TablePlan<'_>, rest: &str) -> u64 {
    let has_path = |cycle: &&Cycle<'_>| cycle.files.iter().any(|file| file.file.path == rest);
    table.cycles.iter().rev().find(has_path).map_or(0, |cycle| cycle.number)
}

/// Returns the first number below `number` whose file is missing or not flushed.
fn missing(timing: &Timing, table: &TablePlan<'_>, memory: &Memory<'_>, rest: &str, number: u64) -> Option<u64> {
    let (partition, _) = partition_of(rest);
    let extension = memory.metadata.extension();
    let is_missing = |number: &u64| {
        table
            .visible
            .numbered(partition, *number, extension)
            .is_none_or(|(_, held)| held.content.flushed.is_none() && timing.unflushed == UnflushedFile::Wait)
    };
    // There are fewer files than numbers beyond the first gap, so that the search ends early.
    (memory.next(partition)..number).find(is_missing)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("not in the landing zone"),
            Self::Deleted { at } => write!(f, "deleted at {at} before it was read"),
            Self::Hidden { name } => write!(f, "ignored: {name:?} begins with _"),
            Self::NoDataFile => f.write_str("ignored: no file in the folder of a table"),
            Self::Metadata { error: None } => f.write_str("describes the table"),
            Self::Metadata { error: Some(error) } => write!(f, "stops the table: {error}"),
            Self::SameTable { folder } => write!(f, "ignored: the older folder {folder:?} has the same table"),
            Self::NotRunning => f.write_str("waits: mirroring does not run"),
            Self::NoMetadata => f.write_str("waits: the table has no _metadata.json"),
            Self::WrongName { extension } => write!(f, "ignored: the table reads files *.{extension} in its folder"),
            Self::NoNumber => f.write_str("ignored: the name is not a number of 20 digits"),
            Self::NeverFlushed { created } => write!(f, "waits: created at {created}, never flushed"),
            Self::NumberPassed { next } => write!(f, "ignored: the table expects number {next}"),
            Self::WaitsForNumber { number } => write!(f, "waits: number {number} is missing or not flushed"),
            Self::WaitsBehindError { path, error } => write!(f, "waits: {path:?} failed: {error}"),
            Self::PathWasRead { cycle } => write!(f, "ignored: cycle {cycle} read this path"),
            Self::NotPolled { next_poll: Some(poll) } => write!(f, "due: the next poll is at {poll}"),
            Self::NotPolled { next_poll: None } => f.write_str("due: no poll is planned"),
            Self::BeingRead { since, until } => write!(f, "being read since {since}, until {until}"),
            Self::Read { cycle, version, at, operations } => {
                write!(f, "read in cycle {cycle} as version {version} at {at}: {operations} operations")
            }
            Self::Failed { cycle, at, error } => write!(f, "failed in cycle {cycle} at {at}: {error}"),
        }
    }
}
