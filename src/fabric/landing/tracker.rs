//! The course of one table: polls, cycles and their effects.

use jiff::{SignedDuration, Timestamp};

use super::error::TableError;
use super::folder::Folder;
use super::memory::{Incarnation, Memory};
use super::metadata::{DetectionStrategy, Metadata};
use super::path::{METADATA, number, partition_of};
use super::plan::{Cycle, Flight, Move, ReadFile, Stop, TablePlan};
use super::selection::select;
use super::tables::{Batch, BatchFile, BatchResult, Tables};
use super::timing::{MissingMetadata, Timing};
use super::visible::{Held, Visible};
use super::zone::{Epoch, When, Zone};
use crate::fabric::later;

/// The work that a poll found.
#[derive(Debug, Default)]
struct Work<'z> {
    drops: Option<Incarnation>,
    clears: bool,
    files: Vec<BatchFile<'z>>,
    /// A fault of the metadata.
    stop: Option<Stop<'z>>,
}

impl Work<'_> {
    fn is_empty(&self) -> bool {
        self.drops.is_none() && !self.clears && self.files.is_empty() && self.stop.is_none()
    }
}

/// The state of a table while its plan is computed.
pub(super) struct Tracker<'z, 't> {
    zone: &'z Zone,
    timing: &'t Timing,
    now: Timestamp,
    folder: Folder<'z>,
    /// The number of events that [`Self::visible`] contains.
    seen: usize,
    visible: Visible<'z>,
    memory: Option<Memory<'z>>,
    /// The number of starts that were no resumption.
    start: u32,
    /// The incarnation whose table exists or whose row is shown.
    table: Option<Incarnation>,
    cycles: Vec<Cycle<'z>>,
    moves: Vec<Move<'z>>,
    flight: Option<Flight<'z>>,
    next_poll: Option<Timestamp>,
    /// The next poll may find work: it sees new facts, or it follows a cycle.
    is_due: bool,
}

impl<'z, 't> Tracker<'z, 't> {
    /// Creates the state before the first fact.
    pub(super) fn new(zone: &'z Zone, timing: &'t Timing, folder: Folder<'z>, now: Timestamp) -> Self {
        Self {
            zone,
            timing,
            now,
            folder,
            seen: 0,
            visible: Visible::default(),
            memory: None,
            start: 0,
            table: None,
            cycles: Vec::new(),
            moves: Vec::new(),
            flight: None,
            next_poll: None,
            is_due: false,
        }
    }

    /// Computes the plan of the table.
    pub(super) fn run(mut self, tables: &mut dyn Tables) -> TablePlan<'z> {
        let (zone, now) = (self.zone, self.now);
        for (index, epoch) in zone.epochs.iter().enumerate().take_while(|(_, epoch)| epoch.started.at <= now) {
            self.start += u32::from(!epoch.resumes || index == 0);
            if self.folder.owner.is_none() {
                self.run_epoch(index, epoch, tables);
            }
        }
        let next = self.next();
        self.see(When { at: self.now, number: u64::MAX });
        TablePlan {
            folder: self.folder.folder,
            schema: self.folder.schema,
            owner: self.folder.owner,
            cycles: self.cycles,
            flight: self.flight,
            next,
            next_poll: self.next_poll,
            memory: self.memory,
            visible: self.visible,
            moves: self.moves,
        }
    }

    /// Returns the end of the current cycle, or the next poll that may find work.
    fn next(&self) -> Option<Timestamp> {
        let flight = self.flight.as_ref().map(|flight| flight.commit.at);
        flight.or(self.next_poll.filter(|_| self.is_due))
    }

    fn run_epoch(&mut self, index: usize, epoch: &Epoch, tables: &mut dyn Tables) {
        (self.flight, self.next_poll, self.is_due) = (None, None, false);
        let mut poll = self.timing.first_poll(epoch);
        // A cycle without duration can end at the instant of the stop, but not after the stop.
        while epoch.ended.is_none_or(|ended| poll <= ended) {
            if poll.at > self.now {
                (self.next_poll, self.is_due) = (Some(poll.at), true);
                return;
            }
            let work = self.poll(poll, tables);
            if work.is_empty() {
                let Some(next) = self.poll_of_next_fact(epoch) else {
                    self.next_poll = self.next_tick(epoch);
                    return;
                };
                poll = next;
                continue;
            }
            let commit = self.commit_of(poll, &work);
            if epoch.ended.is_some_and(|ended| commit > ended && ended.at <= self.now) {
                return;
            }
            if commit.at > self.now {
                self.flight = Some(Flight { poll, commit, files: work.files });
                self.next_poll = Some(self.timing.poll_from(epoch, poll, commit).at);
                return;
            }
            self.commit(index, poll, commit, work, tables);
            poll = self.timing.poll_from(epoch, poll, commit);
        }
    }

    /// Returns the poll that sees the next fact. Polls before it find nothing.
    fn poll_of_next_fact(&self, epoch: &Epoch) -> Option<When> {
        let fact = self.folder.events.get(self.seen)?.when;
        (fact.at <= self.now).then(|| self.timing.poll_after(epoch, fact))
    }

    /// Returns the first poll after `now`, unless mirroring has ended by then.
    fn next_tick(&self, epoch: &Epoch) -> Option<Timestamp> {
        let now = When { at: self.now, number: u64::MAX };
        let is_polled = !self.timing.is_instant() && epoch.ended.is_none_or(|ended| ended.at > self.now);
        is_polled.then(|| self.timing.poll_after(epoch, now).at)
    }

    fn commit_of(&self, poll: When, work: &Work<'_>) -> When {
        let duration = if !work.files.is_empty() {
            let bytes = work.files.iter().filter_map(|file| file.content.flushed).map(|flushed| flushed.length).sum();
            self.timing.reading(self.memory.as_ref().is_none_or(|memory| memory.version == 0), bytes)
        } else if work.drops.is_some() {
            self.timing.drop
        } else {
            SignedDuration::ZERO
        };
        if duration.is_zero() { poll } else { When::before(later(poll.at, duration)) }
    }

    /// Applies the facts before `when`.
    fn see(&mut self, when: When) {
        let read = self.memory.as_ref().map(|memory| &memory.read);
        while let Some(event) = self.folder.events.get(self.seen).filter(|event| event.when < when) {
            self.visible.apply(event, |path| read.is_some_and(|read| read.contains(path)));
            self.seen += 1;
        }
    }

    /// Sees the facts before a poll and finds the work.
    fn poll(&mut self, poll: When, tables: &mut dyn Tables) -> Work<'z> {
        self.see(poll);
        let current = self.visible.folder.map(|folder| Incarnation { start: self.start, folder });
        let mut work = Work { drops: self.table.filter(|table| Some(*table) != current), ..Work::default() };
        if self.memory.as_ref().is_some_and(|memory| Some(memory.incarnation) != current) {
            self.memory = None;
            self.visible.forget();
        }
        let Some(current) = current else { return work };
        match self.metadata(tables) {
            Ok(None) => {}
            Ok(Some(metadata)) => {
                let memory = self.memory.get_or_insert_with(|| Memory::new(current, poll.at));
                memory.is_armed |= self.visible.metadata.is_some();
                memory.metadata = metadata;
                self.find_files(&mut work);
            }
            Err(stop) => {
                let memory = self.memory.get_or_insert_with(|| Memory::new(current, poll.at));
                let is_known =
                    memory.stop.as_ref().is_some_and(|known| is_same(known, &stop) || known.path != METADATA);
                work.stop = (!is_known).then_some(stop);
            }
        }
        if self.table.is_none() && self.memory.is_some() {
            self.table = Some(current);
        }
        work
    }

    /// Returns the metadata of the table; `None` if the table has to wait for it.
    fn metadata(&self, tables: &mut dyn Tables) -> Result<Option<Metadata>, Stop<'z>> {
        let item = self.zone.item;
        let Some(Held { entry, content }) = self.visible.metadata else {
            if self.memory.as_ref().is_some_and(|memory| memory.is_armed) {
                let path = format!("LandingZone/{}/{METADATA}", self.folder.folder.path);
                return Err(stop(0, 0, TableError::metadata_missing(item, &path)));
            }
            let is_insert_only = self.timing.missing_metadata == MissingMetadata::InsertOnly;
            return Ok((is_insert_only && !self.visible.files.is_empty()).then(Metadata::default));
        };
        if content.flushed.is_none() {
            return Ok(None);
        }
        let failed =
            |detail: &str| stop(entry.created.number, content.since.number, TableError::metadata(item, detail));
        let metadata = tables.metadata(content).map_err(|detail| failed(&detail))?;
        if self.memory.as_ref().is_some_and(|memory| changes_keys(memory, &metadata)) {
            return Err(failed("keyColumns cannot be changed"));
        }
        Ok(Some(metadata))
    }

    /// Adds the files to read, unless an error stops the table.
    fn find_files(&mut self, work: &mut Work<'z>) {
        let Some(memory) = &mut self.memory else { return };
        if let Some(stop) = &memory.stop {
            if is_stopped(stop, &self.visible) {
                return;
            }
            work.clears = true;
            memory.stop = None;
        }
        work.files = select(&self.visible, memory, self.timing.unflushed);
    }

    /// Applies the effects of a cycle.
    fn commit(&mut self, epoch: usize, poll: When, commit: When, work: Work<'z>, tables: &mut dyn Tables) {
        let Work { drops, clears, files, stop } = work;
        self.table = self.memory.as_ref().map(|memory| memory.incarnation);
        let result = self.apply(commit, &files, tables);
        self.see(commit);
        let failed = result.error.zip(files.get(result.applied.len()));
        let stop = stop.or(failed.map(|(error, file)| Stop {
            path: file.path,
            created: file.created,
            content: file.content.since.number,
            error,
        }));
        let files: Vec<ReadFile<'z>> =
            files.iter().zip(result.applied).map(|(file, applied)| ReadFile { file: *file, applied }).collect();
        let version = self.remember(&files, stop.as_ref(), commit);
        self.cycles.push(Cycle {
            folder: self.folder.folder,
            number: self.cycles.len() as u64 + 1,
            epoch,
            poll,
            commit,
            drops,
            incarnation: self.table,
            files,
            version,
            clears,
            stop,
        });
    }

    fn apply(&self, commit: When, files: &[BatchFile<'z>], tables: &mut dyn Tables) -> BatchResult {
        let Some(memory) = self.memory.as_ref().filter(|_| !files.is_empty()) else { return BatchResult::default() };
        let mut result = tables.apply(&Batch {
            folder: &self.folder.folder,
            schema: self.folder.schema,
            incarnation: memory.incarnation,
            version: memory.version,
            commit: commit.at,
            metadata: &memory.metadata,
            files,
        });
        result.applied.truncate(files.len());
        result
    }

    /// Records the files that were read, moves all but the last, and records the error. Returns the version.
    fn remember(&mut self, files: &[ReadFile<'z>], stop: Option<&Stop<'z>>, commit: When) -> Option<u64> {
        for ReadFile { file, .. } in files {
            let (partition, _) = partition_of(file.path);
            let Some(memory) = &mut self.memory else { break };
            memory.read.insert(file.path);
            if let Some(number) = file.number {
                memory.next.insert(partition, number.saturating_add(1));
            }
            let last = (file.path, file.created);
            let previous = memory.last.insert(partition, last).filter(|previous| *previous != last);
            self.visible.mark_read(file.path);
            if let Some((path, created)) = previous {
                self.move_file(path, created, commit);
            }
        }
        let memory = self.memory.as_mut()?;
        if stop.is_some() {
            memory.stop = stop.cloned();
        }
        let version = (!files.is_empty()).then_some(memory.version);
        memory.version += u64::from(version.is_some());
        version
    }

    /// Moves a file that was read to the folder of processed files, if it is still in its place.
    fn move_file(&mut self, path: &'z str, created: u64, when: When) {
        let held = self.visible.files.get(path).copied().filter(|held| held.created() == created);
        let Some((Held { entry, content }, folder)) = held.zip(self.visible.folder) else { return };
        self.visible.remove(path);
        self.moves.push(Move { entry, content, path, when, folder });
    }
}

fn stop<'z>(created: u64, content: u64, error: TableError) -> Stop<'z> {
    Stop { path: METADATA, created, content, error }
}

fn is_same(one: &Stop<'_>, other: &Stop<'_>) -> bool {
    (one.path, one.created, one.content) == (other.path, other.created, other.content)
}

/// Returns `true` if an error still stops a table whose metadata can be read.
fn is_stopped(stop: &Stop<'_>, visible: &Visible<'_>) -> bool {
    stop.path != METADATA
        && (stop.error.clears == super::error::Clears::WithFolder
            || visible.files.get(stop.path).is_some_and(|held| held.created() == stop.created))
}

/// Returns `true` if the key columns change after rows were read with others (guessed).
fn changes_keys(memory: &Memory<'_>, metadata: &Metadata) -> bool {
    let known = &memory.metadata.key_columns;
    memory.version > 0 && !known.is_empty() && *known != metadata.key_columns
}

/// Returns the number in the name of a file that a table with numbered files reads.
pub(super) fn number_of(path: &str, metadata: &Metadata) -> Option<u64> {
    (metadata.strategy == DetectionStrategy::SequentialFileName).then(|| number(partition_of(path).1)).flatten()
}
