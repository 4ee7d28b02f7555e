//! The tables of a mirrored database at an instant, with their statuses and totals (docs/fidelity.md#tables).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::definition::TABLES_MAX;
use super::source::{ObjectType, Presence, Source};
use super::{
    LifecycleEvent, Mirroring, MirroringError, ResumePoint, ResumePoints, Selection, SourceKey, TableName, TableTiming,
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
    /// The table is no longer replicated.
    Stopped,
    /// The table cannot be replicated.
    Failed,
}

/// The totals of a table since its snapshot began.
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
    /// The error, if the status is `Failed`.
    pub error: Option<MirroringError>,
    /// The upcoming changes of the status that need no request.
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

impl Mirroring {
    /// Returns the tables at `now`, in the order of the definition. If the definition names no tables, the order is by
    /// schema and name.
    pub fn tables_at(&self, sources: &impl Sources, now: Timestamp) -> Vec<TableState> {
        let events = &self.lifecycle[..self.lifecycle.partition_point(|(at, _)| *at <= now)];
        let halt = last_halt(events);
        let was_paused = halt.is_some_and(|halt| halt.is_pause);
        let keeps_status = match events.last() {
            Some((at, last @ LifecycleEvent::Started { error: None, .. })) => {
                if now >= later(*at, last.takes())
                    && let Some(run) = run_of(events.last())
                {
                    return self.live(sources, run, now);
                }
                was_paused
            }
            Some((_, LifecycleEvent::Paused { .. })) => was_paused,
            Some((at, last @ LifecycleEvent::Stopped { .. })) => now < later(*at, last.takes()),
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

    /// Returns `true` if replication was started at or before `now`.
    pub fn was_started_by(&self, now: Timestamp) -> bool {
        self.lifecycle.iter().any(|(at, event)| *at <= now && matches!(event, LifecycleEvent::Started { .. }))
    }

    /// Returns the tables that would resume after a pause at `now`: the tables whose snapshot is complete. During
    /// `Starting`, returns the resume points of the previous pause.
    pub fn resume_points_at(&self, sources: &impl Sources, now: Timestamp) -> ResumePoints {
        let Some(last @ (at, LifecycleEvent::Started { timing, resume_points, error: None, .. })) =
            self.lifecycle.last()
        else {
            return ResumePoints::default();
        };
        if now < later(*at, last.1.takes()) {
            return ResumePoints::clone(resume_points);
        }
        let replicating =
            self.tables_at(sources, now).into_iter().filter(|table| table.status == TableStatus::Replicating);
        let points = replicating.map(|table| {
            let earlier = resume_points.0.get(&table.name).filter(|point| point.since == table.since);
            (table.name, ResumePoint { since: table.since, timing: earlier.map_or(*timing, |point| point.timing) })
        });
        ResumePoints(points.collect())
    }

    /// Returns the tables that are still selected at `now`, in the state that they had at the halt.
    fn at_halt(&self, sources: &impl Sources, halt: Halt<'_>, now: Timestamp) -> Vec<TableState> {
        let selection = self.selection_at(now);
        let mut tables = self.live(sources, halt.run, halt.at);
        tables.retain(|table| selection.since(&table.name).is_some());
        for table in &mut tables {
            table.gives_way.clear();
        }
        tables
    }

    fn live(&self, sources: &impl Sources, run: Run<'_>, now: Timestamp) -> Vec<TableState> {
        let source = sources.source(run.source);
        let selection = self.selection_at(now);
        match selection {
            Selection::Only { order, .. } => {
                order.iter().map(|name| run.table(&source, selection, name.clone(), now)).collect()
            }
            Selection::All { .. } => source
                .tables(now, TABLES_MAX)
                .into_iter()
                .map(|name| run.table(&source, selection, name, now))
                .collect(),
        }
    }
}

/// The end of a run: a stop or a pause.
#[derive(Debug, Clone, Copy)]
struct Halt<'a> {
    run: Run<'a>,
    at: Timestamp,
    is_pause: bool,
}

/// Returns the last stop or pause of a run. Ignores a pause during `Starting`, because its run never began.
fn last_halt(events: &[(Timestamp, LifecycleEvent)]) -> Option<Halt<'_>> {
    (1..events.len()).rev().find_map(|index| {
        let (at, event) = &events[index];
        let is_pause = match event {
            LifecycleEvent::Paused { .. } => true,
            LifecycleEvent::Stopped { .. } => false,
            LifecycleEvent::Created { .. } | LifecycleEvent::Started { .. } => return None,
        };
        let run = run_of(events.get(index - 1)).filter(|run| run.running <= *at)?;
        Some(Halt { run, at: *at, is_pause })
    })
}

/// Returns the run that a start began, or `None` if the event is not a successful start.
fn run_of(start: Option<&(Timestamp, LifecycleEvent)>) -> Option<Run<'_>> {
    let (at, event) = start?;
    let LifecycleEvent::Started { timing, source, error: None, resume_points, .. } = event else { return None };
    Some(Run { running: later(*at, event.takes()), timing: *timing, source, resume_points })
}

impl Run<'_> {
    fn table(self, source: &Source<'_>, selection: &Selection, name: TableName, now: Timestamp) -> TableState {
        let named = selection.names(&name);
        let selected = selection.since(&name).unwrap_or(self.running);
        if let Some(ResumePoint { since, timing }) = self.resume_points.0.get(&name).copied()
            && selected <= since
            && matches!(source.presence(&name, named, now), Presence::Since(added) if added <= since)
        {
            return Run { timing, ..self }.following(source, name, since, now);
        }
        let begin = selected.max(self.running);
        match source.presence(&name, named, now) {
            Presence::Since(added) => self.following(source, name, begin.max(added), now),
            Presence::Until(dropped) if dropped > begin => {
                // Uses the state just before the table was dropped, because a later declaration describes another table
                // of the same name.
                let last = dropped.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(dropped);
                let added = match source.presence(&name, named, last) {
                    Presence::Since(added) => added,
                    Presence::Until(_) | Presence::Never => begin,
                };
                self.following(source, name, begin.max(added), last).failed()
            }
            Presence::Until(_) | Presence::Never => self.missing(source, name, begin, now),
        }
    }

    /// Returns the state of a table that exists at the source and whose replication began at `begin`.
    fn following(self, source: &Source<'_>, name: TableName, begin: Timestamp, now: Timestamp) -> TableState {
        let snapshot = later(begin, self.timing.wait);
        let table = source.table(&name, snapshot);
        let (speed, declared) = source.snapshot_speed(snapshot);
        let duration = self.timing.snapshot.duration(table.rows, speed, declared);
        let replicating = later(snapshot, duration);
        let (status, metrics) = if now < snapshot {
            (TableStatus::Initialized, None)
        } else if now < replicating {
            (TableStatus::Snapshotting, copied(table.rows, table.bytes_per_row, snapshot, duration, now))
        } else {
            (TableStatus::Replicating, Some(self.replicated(source, &name, snapshot, replicating, now)))
        };
        let gives_way = [(snapshot, TableStatus::Snapshotting), (replicating, TableStatus::Replicating)];
        let gives_way = gives_way.into_iter().filter(|(at, _)| *at > now).collect();
        let object_type = source.table(&name, now).object_type;
        TableState { name, object_type, since: begin, status, metrics, error: None, gives_way }
    }

    /// Returns the totals after the snapshot. Changes are published at fixed intervals, and arrive after the latency of
    /// the table.
    fn replicated(
        self,
        source: &Source<'_>,
        name: &TableName,
        snapshot: Timestamp,
        replicating: Timestamp,
        now: Timestamp,
    ) -> Metrics {
        let interval = self.timing.publishing;
        let published = later(replicating, to_multiple(now.duration_since(replicating), interval, Rounding::Down));
        let (at_snapshot, current) = (source.table(name, snapshot), source.table(name, now));
        // The latency at the snapshot determines which rows have arrived. If a higher latency that is declared later
        // applied, rows would disappear.
        let latency = SignedDuration::from_secs(at_snapshot.latency_seconds.into());
        let arrived =
            |at: Timestamp| source.changes(name, snapshot, at.saturating_sub(latency).unwrap_or(at).max(snapshot));
        let changes = arrived(published);
        let last_sync = match changes.last {
            Some(last) if changes.rows > arrived(replicating).rows => {
                let since = later(last, latency).duration_since(replicating).max(SignedDuration::ZERO);
                later(replicating, to_multiple(since, interval, Rounding::Up)).min(published)
            }
            _ => replicating,
        };
        let rows = at_snapshot.rows.saturating_add(changes.rows);
        Metrics {
            rows,
            bytes: rows.saturating_mul(at_snapshot.bytes_per_row),
            last_sync: Some(last_sync),
            latency_seconds: Some(current.latency_seconds),
        }
    }

    /// Returns the state of a table that does not exist at the source. The table fails when its snapshot would begin.
    fn missing(self, source: &Source<'_>, name: TableName, begin: Timestamp, now: Timestamp) -> TableState {
        let snapshot = later(begin, self.timing.wait);
        let object_type = source.table(&name, now).object_type;
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

/// Returns the totals of a snapshot in progress, or `None` before the first row is copied.
fn copied(
    rows: u64,
    bytes_per_row: u64,
    begin: Timestamp,
    duration: SignedDuration,
    now: Timestamp,
) -> Option<Metrics> {
    let share = now.duration_since(begin).as_secs_f64() / duration.as_secs_f64();
    let done = ((rows as f64 * share) as u64).min(rows);
    (done > 0).then_some(Metrics {
        rows: done,
        bytes: done.saturating_mul(bytes_per_row),
        last_sync: None,
        latency_seconds: None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rounding {
    Down,
    Up,
}

/// Rounds a duration down or up to a multiple of `unit`.
fn to_multiple(duration: SignedDuration, unit: SignedDuration, rounding: Rounding) -> SignedDuration {
    // A unit from a file can be zero.
    let (duration, unit) = (duration.as_nanos(), unit.as_nanos().max(1));
    let count = duration / unit + i128::from(rounding == Rounding::Up && duration % unit > 0);
    let nanos = count * unit;
    SignedDuration::new((nanos / 1_000_000_000) as i64, (nanos % 1_000_000_000) as i32)
}
