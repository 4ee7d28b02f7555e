//! The tables of a mirrored database at an instant, with their statuses and totals (docs/fidelity.md#tables).

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::definition::TABLES_MAX;
use super::effects::Effects;
use super::source::{ObjectType, Presence, Source};
use super::table_history::TableHistory;
use super::windows::Windows;
use super::{
    LifecycleEvent, Mirroring, MirroringError, Replication, ResumePoint, ResumePoints, Selection, SourceKey, TableName,
    TableTiming,
};
use crate::fabric::instant::later;

/// The status of a table, in the spelling of `getTablesMirroringStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableStatus {
    /// The table is selected and waits for its snapshot.
    Initialized,
    /// The rows of the table are being copied.
    Snapshotting,
    /// The changes of the table are being replicated.
    Replicating,
    /// The rows of the table are being copied again.
    Reseeding,
    /// The table is no longer replicated.
    Stopped,
    /// The table cannot be replicated.
    Failed,
}

/// The totals of a table since its first snapshot began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// The number of rows that the snapshot has copied, plus the number of rows changed since the snapshot began.
    pub rows: u64,
    /// The size of these rows, in bytes.
    pub bytes: u64,
    /// The instant at which the last row arrived in OneLake; `None` until the snapshot is complete.
    pub last_sync: Option<Timestamp>,
    /// The time from a commit at the source to the commit in OneLake, in seconds; `None` until the snapshot is
    /// complete.
    pub latency_seconds: Option<u32>,
}

/// The state of a table at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// The name of the table.
    pub name: TableName,
    /// The type of the object at the source.
    pub object_type: ObjectType,
    /// The instant at which the replication of the table began. Replication begins with the wait for the snapshot.
    pub since: Timestamp,
    /// The status of the table.
    pub status: TableStatus,
    /// The totals of the table; `None` until the first row is copied.
    pub metrics: Option<Metrics>,
    /// The error beside the status.
    pub error: Option<MirroringError>,
    /// The upcoming changes of the status or the error that need no request, each with the status that follows.
    pub gives_way: Vec<(Timestamp, TableStatus)>,
}

/// A run of replication, from `Running` to a stop or a pause. The start fixes the source and the timing of the run.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    running: Timestamp,
    timing: TableTiming,
    source: &'a SourceKey,
    resume_points: &'a ResumePoints,
}

/// A lookup of sources by their key.
pub trait Sources {
    /// Returns the source of `key`.
    fn source<'a>(&'a self, key: &'a SourceKey) -> Source<'a>;
}

impl Replication<'_> {
    /// Returns the tables at `now`, in the order of the definition. If the definition names no tables, the order is by
    /// schema and name.
    pub fn tables_at(&self, sources: &impl Sources, now: Timestamp) -> Vec<TableState> {
        let count = self.log.lifecycle.partition_point(|(at, _)| *at <= now);
        let halt = self.last_halt(count);
        let was_paused = halt.is_some_and(|halt| halt.is_pause);
        let last = count.checked_sub(1).map(|index| (index, &self.log.lifecycle[index].1));
        let keeps_status = match last {
            Some((index, LifecycleEvent::Started { error: None, .. })) => {
                if now >= self.due(index)
                    && let Some(run) = self.run_of(index)
                {
                    return self.live(sources, run, now);
                }
                was_paused && self.windows.failed(index).is_none_or(|_| now < self.due(index))
            }
            Some((_, LifecycleEvent::Paused { .. })) => was_paused,
            Some((index, LifecycleEvent::Stopped { .. })) => now < self.due(index),
            Some((_, LifecycleEvent::Created { .. } | LifecycleEvent::Started { .. })) | None => false,
        };
        let mut tables = halt.map_or_else(Vec::new, |halt| self.at_halt(sources, halt, now));
        if !keeps_status {
            for table in &mut tables {
                (table.status, table.error) = (TableStatus::Stopped, None);
            }
        }
        tables
    }

    /// Returns the tables that would resume after a pause at `now`: the tables whose snapshot is complete. During
    /// `Starting`, returns the resume points of the previous pause.
    pub fn resume_points_at(&self, sources: &impl Sources, now: Timestamp) -> ResumePoints {
        let last = self.log.lifecycle.len() - 1;
        let LifecycleEvent::Started { timing, resume_points, error: None, .. } = &self.log.lifecycle[last].1 else {
            return ResumePoints::default();
        };
        if now < self.due(last) {
            return ResumePoints::clone(resume_points);
        }
        let resumes = |table: &TableState| matches!(table.status, TableStatus::Replicating | TableStatus::Reseeding);
        let replicating = self.tables_at(sources, now).into_iter().filter(resumes);
        let points = replicating.map(|table| {
            let earlier = resume_points.0.get(&table.name).filter(|point| point.since == table.since);
            (table.name, ResumePoint { since: table.since, timing: earlier.map_or(*timing, |point| point.timing) })
        });
        ResumePoints(points.collect())
    }

    /// Returns the tables that are still selected at `now`, in the state that they had at the halt.
    fn at_halt(&self, sources: &impl Sources, halt: Halt<'_>, now: Timestamp) -> Vec<TableState> {
        let selection = self.log.selection_at(now);
        let mut tables = self.live(sources, halt.run, halt.at);
        tables.retain(|table| selection.since(&table.name).is_some());
        for table in &mut tables {
            table.gives_way.clear();
        }
        tables
    }

    fn live(&self, sources: &impl Sources, run: Run<'_>, now: Timestamp) -> Vec<TableState> {
        let source = sources.source(run.source);
        let selection = self.log.selection_at(now);
        let followed = Followed::new(run, &source, &self.windows, selection);
        match selection {
            Selection::Only { order, .. } => order.iter().map(|name| followed.table(name.clone(), now)).collect(),
            Selection::All { .. } => {
                source.tables(now, TABLES_MAX).into_iter().map(|name| followed.table(name, now)).collect()
            }
        }
    }

    /// Returns the last stop or pause of a run among the first `count` events. Ignores a pause during `Starting`, because
    /// its run never began.
    fn last_halt(&self, count: usize) -> Option<Halt<'_>> {
        (1..count).rev().find_map(|index| {
            let (at, event) = &self.log.lifecycle[index];
            let is_pause = match event {
                LifecycleEvent::Paused { .. } => true,
                LifecycleEvent::Stopped { .. } => false,
                LifecycleEvent::Created { .. } | LifecycleEvent::Started { .. } => return None,
            };
            let run = self.run_of(index - 1).filter(|run| run.running <= *at)?;
            Some(Halt { run, at: *at, is_pause })
        })
    }

    /// Returns the run that the event with this index began, or `None` if the event is not a successful start.
    fn run_of(&self, index: usize) -> Option<Run<'_>> {
        let run = self.log.run(index, self.due(index))?;
        self.windows.failed(index).is_none().then_some(run)
    }
}

impl Mirroring {
    /// Returns `true` if replication was started at or before `now`.
    pub fn was_started_by(&self, now: Timestamp) -> bool {
        self.lifecycle.iter().any(|(at, event)| *at <= now && matches!(event, LifecycleEvent::Started { .. }))
    }

    /// Returns the run that the event with this index begins at `running`, or `None` if the event is not a successful
    /// start.
    fn run(&self, index: usize, running: Timestamp) -> Option<Run<'_>> {
        let LifecycleEvent::Started { timing, source, error: None, resume_points, .. } = &self.lifecycle[index].1
        else {
            return None;
        };
        Some(Run { running, timing: *timing, source, resume_points })
    }

    /// Returns the instant at which a share of the rows of a table is copied in the run with this index, under the
    /// trouble that is known so far.
    pub(super) fn share_instant(
        &self,
        windows: &Windows<'_>,
        sources: &impl Sources,
        (index, running): (usize, Timestamp),
        (name, share): (&TableName, f64),
        planned: Timestamp,
    ) -> Option<Timestamp> {
        let run = self.run(index, running)?;
        let source = sources.source(run.source);
        let at = running.max(planned);
        let followed = Followed::new(run, &source, windows, self.selection_at(at));
        followed.selection.since(name)?;
        let (run, begin) = followed.begin(name, at)?;
        followed.history(run, name, begin).share_instant(share, planned)
    }
}

/// The end of a run: a stop or a pause.
#[derive(Debug, Clone, Copy)]
struct Halt<'a> {
    run: Run<'a>,
    at: Timestamp,
    is_pause: bool,
}

/// The tables of a run.
struct Followed<'a> {
    run: Run<'a>,
    source: &'a Source<'a>,
    windows: &'a Windows<'a>,
    /// The effects of the windows that concern all tables.
    effects: Rc<Effects<'a>>,
    selection: &'a Selection,
}

impl<'a> Followed<'a> {
    fn new(run: Run<'a>, source: &'a Source<'a>, windows: &'a Windows<'a>, selection: &'a Selection) -> Self {
        let effects = Rc::new(Effects::of_table(windows, run.source.id(), None));
        Self { run, source, windows, effects, selection }
    }

    /// Returns the instant at which the replication of a table begins, and the run whose timing applies; `None` if the
    /// table does not exist at `now`.
    fn begin(&self, name: &TableName, now: Timestamp) -> Option<(Run<'a>, Timestamp)> {
        let Presence::Since(added) = self.source.presence(name, self.selection.names(name), now) else { return None };
        let selected = self.selection.since(name).unwrap_or(self.run.running);
        match self.run.resume_points.0.get(name).copied() {
            Some(ResumePoint { since, timing }) if selected <= since && added <= since => {
                Some((Run { timing, ..self.run }, since))
            }
            Some(_) | None => Some((self.run, selected.max(self.run.running).max(added))),
        }
    }

    fn table(&self, name: TableName, now: Timestamp) -> TableState {
        if let Some((run, begin)) = self.begin(&name, now) {
            return self.following(run, name, begin, now);
        }
        let named = self.selection.names(&name);
        let begin = self.selection.since(&name).unwrap_or(self.run.running).max(self.run.running);
        match self.source.presence(&name, named, now) {
            Presence::Until(dropped) if dropped > begin => {
                // Uses the state just before the table was dropped, because a later declaration describes another table
                // of the same name.
                let last = dropped.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(dropped);
                let added = match self.source.presence(&name, named, last) {
                    Presence::Since(added) => added,
                    Presence::Until(_) | Presence::Never => begin,
                };
                self.following(self.run, name, begin.max(added), last).failed()
            }
            Presence::Since(_) | Presence::Until(_) | Presence::Never => self.missing(name, begin, now),
        }
    }

    fn history(&self, run: Run<'a>, name: &TableName, begin: Timestamp) -> TableHistory<'a> {
        let effects = if self.windows.names(name) {
            Rc::new(Effects::of_table(self.windows, run.source.id(), Some(name)))
        } else {
            Rc::clone(&self.effects)
        };
        TableHistory::new(*self.source, name.clone(), run.timing, begin, effects)
    }

    /// Returns the state of a table that exists at the source and whose replication began at `begin`.
    fn following(&self, run: Run<'a>, name: TableName, begin: Timestamp, now: Timestamp) -> TableState {
        let history = self.history(run, &name, begin);
        let (status, error) = history.status_at(now);
        TableState {
            object_type: self.source.table(&name, now).object_type,
            name,
            since: begin,
            status,
            metrics: history.metrics_at(now),
            error: error.cloned(),
            gives_way: history.changes_after(now),
        }
    }

    /// Returns the state of a table that does not exist at the source. The table fails when its snapshot would begin.
    fn missing(&self, name: TableName, begin: Timestamp, now: Timestamp) -> TableState {
        let snapshot = later(begin, self.run.timing.wait);
        let object_type = self.source.table(&name, now).object_type;
        let waiting = TableState {
            name,
            object_type,
            since: begin,
            status: TableStatus::Initialized,
            metrics: None,
            error: None,
            gives_way: Vec::new(),
        };
        if now < snapshot {
            TableState { gives_way: vec![(snapshot, TableStatus::Failed)], ..waiting }
        } else {
            waiting.failed()
        }
    }
}

impl TableState {
    /// Returns this table with the status `Failed`, because the table does not exist at the source.
    fn failed(self) -> Self {
        let error =
            MirroringError { code: "SourceTableNotFound".into(), message: "The source table does not exist".into() };
        Self { status: TableStatus::Failed, error: Some(error), gives_way: Vec::new(), ..self }
    }
}
