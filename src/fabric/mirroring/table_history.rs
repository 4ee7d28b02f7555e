//! The statuses and totals of one table over time, from the beginning of its replication.
//!
//! A table is copied once when its replication begins, again after each reseed, and again after each failure that ends.
//! Between copies, its changes are published at fixed intervals. The totals of all copies add up.

use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::effects::Effects;
use super::source::{Changes, Source, Table};
use super::tables::{Metrics, TableStatus};
use super::trouble::later_by;
use super::{MirroringError, TableName, TableTiming};
use crate::fabric::instant::later;

/// The first publishing interval of a source that backs off is that of the timing; the longest is this.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_secs(3_600);
/// The number of publishings with rows that are examined to find the last one.
const BACKOFF_STEPS: usize = 64;

/// The history of one table.
pub(super) struct TableHistory<'a> {
    source: Source<'a>,
    name: TableName,
    timing: TableTiming,
    effects: Rc<Effects<'a>>,
    copies: Vec<TableCopy>,
}

/// A copy of a table's rows.
struct TableCopy {
    at: Timestamp,
    table: Table,
    /// The duration at normal speed.
    duration: SignedDuration,
    /// The end of the copy.
    replicating: Timestamp,
    is_reseed: bool,
}

impl<'a> TableHistory<'a> {
    /// Creates the history of a table whose replication begins at `begin`, with the wait for the first copy.
    pub(super) fn new(
        source: Source<'a>,
        name: TableName,
        timing: TableTiming,
        begin: Timestamp,
        effects: Rc<Effects<'a>>,
    ) -> Self {
        let first = later(begin, timing.wait);
        let mut history = Self { source, name, timing, effects, copies: Vec::new() };
        let restarts = history.effects.restarts.iter().copied().filter(|(at, _)| *at > first);
        let begins = std::iter::once((first, false)).chain(restarts);
        let copies = begins.map(|(at, is_reseed)| history.copy(at, is_reseed));
        history.copies = copies.collect();
        history
    }

    fn copy(&self, at: Timestamp, is_reseed: bool) -> TableCopy {
        let table = self.source.table(&self.name, at);
        let (speed, declared) = self.source.snapshot_speed(at);
        let duration = self.timing.snapshot.duration(table.rows, speed, declared);
        TableCopy { at, table, duration, replicating: self.effects.finish(at, duration), is_reseed }
    }

    /// Returns the status at `now`, without regard to an error beside it.
    fn copying(&self, now: Timestamp) -> TableStatus {
        let index = self.copies.partition_point(|copy| copy.at <= now);
        match index.checked_sub(1).map(|index| &self.copies[index]) {
            None => TableStatus::Initialized,
            Some(copy) if now >= copy.replicating => TableStatus::Replicating,
            Some(copy) if copy.is_reseed => TableStatus::Reseeding,
            Some(_) => TableStatus::Snapshotting,
        }
    }

    /// Returns the status and the error at `now`.
    pub(super) fn status_at(&self, now: Timestamp) -> (TableStatus, Option<&'a MirroringError>) {
        let failures = self.effects.failures.iter().filter(|window| window.contains(now));
        if let Some(failure) = failures.min_by_key(|window| window.from) {
            return (TableStatus::Failed, failure.error);
        }
        let error = self.effects.errors.iter().find(|window| window.contains(now));
        (self.copying(now), error.and_then(|window| window.error))
    }

    /// Returns the changes of the status or the error after `now`, each with the status that follows.
    pub(super) fn changes_after(&self, now: Timestamp) -> Vec<(Timestamp, TableStatus)> {
        if self.effects.is_empty() {
            let copy = &self.copies[0];
            let both = [(copy.at, TableStatus::Snapshotting), (copy.replicating, TableStatus::Replicating)];
            return both.into_iter().filter(|(at, _)| *at > now).collect();
        }
        let copies = self.copies.iter().flat_map(|copy| [copy.at, copy.replicating]);
        let windows = self.effects.failures.iter().chain(&self.effects.errors);
        let mut edges: Vec<Timestamp> = copies.chain(windows.flat_map(|window| [window.from, window.to])).collect();
        edges.retain(|at| *at > now && *at < Timestamp::MAX);
        edges.sort_unstable();
        edges.dedup();
        let mut before = self.status_at(now);
        let mut changes = Vec::new();
        for at in edges {
            let after = self.status_at(at);
            if after != before {
                changes.push((at, after.0));
                before = after;
            }
        }
        changes
    }

    /// Returns the instant at which a share of the rows of a copy is copied, for the first copy of which this instant is
    /// not before `planned`.
    pub(super) fn share_instant(&self, share: f64, planned: Timestamp) -> Option<Timestamp> {
        let instants = self.copies.iter().map(|copy| {
            let part = SignedDuration::try_from_secs_f64(copy.duration.as_secs_f64() * share).unwrap_or(copy.duration);
            self.effects.finish(copy.at, part)
        });
        instants.filter(|at| *at >= planned && *at < Timestamp::MAX).min()
    }

    /// Returns the copies that have begun at `now`, each with the beginning of the next copy, or `now` if there is none.
    fn begun(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = (&TableCopy, Timestamp)> {
        let begun = &self.copies[..self.copies.partition_point(|copy| copy.at <= now)];
        begun.iter().enumerate().map(move |(index, copy)| (copy, begun.get(index + 1).map_or(now, |next| next.at)))
    }

    /// Returns the totals at `now`; `None` until the first row is copied.
    pub(super) fn metrics_at(&self, now: Timestamp) -> Option<Metrics> {
        let (mut rows, mut bytes) = (0_u64, 0_u64);
        for (copy, ends) in self.begun(now) {
            let more = self.rows(copy, ends);
            rows = rows.saturating_add(more);
            bytes = bytes.saturating_add(more.saturating_mul(copy.table.bytes_per_row));
        }
        // While rows are copied again, the last publishing is that before the copy.
        let synced = self.begun(now).rev().find(|(copy, ends)| *ends >= copy.replicating);
        let last_sync = synced.map(|(copy, ends)| self.published(copy, ends).1);
        let latency_seconds = synced.map(|(_, ends)| {
            let latency = self.source.table(&self.name, ends).latency_seconds;
            (f64::from(latency) * self.effects.factor(ends)).round() as u32
        });
        (rows > 0 || last_sync.is_some()).then_some(Metrics { rows, bytes, last_sync, latency_seconds })
    }

    /// Returns the number of rows that were copied and published between the beginning of a copy and `now`.
    fn rows(&self, copy: &TableCopy, now: Timestamp) -> u64 {
        if now >= copy.replicating {
            return copy.table.rows.saturating_add(self.changed(copy, now));
        }
        let share = self.effects.work(copy.at, now).as_secs_f64() / copy.duration.as_secs_f64();
        let share = if share.is_finite() { share } else { 0.0 };
        ((copy.table.rows as f64 * share) as u64).min(copy.table.rows)
    }

    /// Returns the number of changes that were published between a copy and `now`.
    fn changed(&self, copy: &TableCopy, now: Timestamp) -> u64 {
        if self.source.backs_off(copy.at) {
            return self.published(copy, now).0;
        }
        let latest = self.effects.last_publishing(copy.replicating, self.timing.publishing, now);
        self.arrived(copy, latest).rows
    }

    /// Returns the changes since a copy that have arrived at `now`.
    fn arrived(&self, copy: &TableCopy, now: Timestamp) -> Changes {
        let latency = SignedDuration::from_secs(copy.table.latency_seconds.into());
        self.source.changes(&self.name, copy.at, self.effects.arrived_until(now, latency).max(copy.at))
    }

    /// Returns the number of changes that were published between a copy and `now`, and the instant of the last
    /// publishing that brought rows.
    ///
    /// Changes are published at fixed intervals, and arrive after the latency of the table. The latency at the copy
    /// determines which rows have arrived. If a higher latency that is declared later applied, rows would disappear.
    fn published(&self, copy: &TableCopy, now: Timestamp) -> (u64, Timestamp) {
        let latest = self.effects.last_publishing(copy.replicating, self.timing.publishing, now);
        if self.source.backs_off(copy.at) {
            return self.backed_off(copy, latest);
        }
        self.published_at(copy, latest)
    }

    /// Returns the number of changes that have arrived at a publishing, and the instant of the last publishing up to then
    /// that brought rows.
    fn published_at(&self, copy: &TableCopy, publishing: Timestamp) -> (u64, Timestamp) {
        let latency = SignedDuration::from_secs(copy.table.latency_seconds.into());
        let changes = self.arrived(copy, publishing);
        let last_sync = match changes.last {
            Some(last) if changes.rows > self.arrived(copy, copy.replicating).rows => {
                let arrival = self.effects.arrival(last, latency);
                let next = self.effects.next_publishing(copy.replicating, self.timing.publishing, arrival);
                next.min(publishing)
            }
            _ => copy.replicating,
        };
        (changes.rows, last_sync)
    }

    /// Returns the same as [`Self::published_at`], for a source that is asked less often while nothing changes. After
    /// rows that became available at one publishing, the source is asked after 1, 2, 4, … intervals, up to
    /// [`BACKOFF_MAX`].
    fn backed_off(&self, copy: &TableCopy, latest: Timestamp) -> (u64, Timestamp) {
        let mut available = self.published_at(copy, latest);
        for _ in 0..BACKOFF_STEPS {
            let (rows, at) = available;
            if at <= copy.replicating {
                break;
            }
            let just_before = at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(at);
            let before = self.published_at(
                copy,
                self.effects.last_publishing(copy.replicating, self.timing.publishing, just_before),
            );
            let asked = self.next_poll(before.1, at);
            if asked <= latest {
                return (rows, asked);
            }
            available = before;
        }
        available
    }

    /// Returns the first instant at or after `now` at which a source is asked that last had rows at `anchor`.
    fn next_poll(&self, anchor: Timestamp, now: Timestamp) -> Timestamp {
        let mut interval = self.timing.publishing.as_secs_f64();
        let longest = BACKOFF_MAX.as_secs_f64().max(interval);
        let waited = now.duration_since(anchor).as_secs_f64();
        let mut since = 0.0;
        while interval < longest && since < waited {
            since += interval;
            interval = (interval * 2.0).min(longest);
        }
        if since < waited {
            since += ((waited - since) / longest).ceil() * longest;
        }
        later_by(anchor, since)
    }
}
