//! The statuses and totals of one table over time, from the beginning of its replication.
//!
//! A table is copied once when its replication begins, again after each reseed, and again after each failure that ends.
//! Between copies, its changes are published at fixed intervals. The totals of all copies add up.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::effects::{Effects, Restart};
use super::source::Table;
use super::source_table::{Changes, SourceTable};
use super::tables::{Metrics, TableChanges, TableStatus};
use super::trouble::later_by;
use super::{MirroringError, TableTiming};
use crate::fabric::instant::later;
use crate::ids::TroubleId;

/// The first publishing interval of a source that backs off is that of the timing; the longest is this.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_secs(3_600);
/// The number of publishings with rows that are examined to find the last one.
const BACKOFF_STEPS: usize = 64;

/// The history of one table.
#[derive(Debug)]
pub(super) struct TableHistory<'a> {
    table: SourceTable<'a>,
    timing: TableTiming,
    effects: Rc<Effects<'a>>,
    copies: Vec<TableCopy>,
    /// The rows and bytes of the first copies, each up to the beginning of the next copy and with those before it.
    /// Computed when they are first needed.
    totals: RefCell<Vec<(u64, u64)>>,
}

/// The status of a table at an instant, and the error beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown<'a> {
    pub(super) status: TableStatus,
    pub(super) error: Option<&'a MirroringError>,
    /// The trouble that is the reason for the status or the error.
    pub(super) trouble: Option<TroubleId>,
}

/// A copy of a table's rows.
#[derive(Debug)]
struct TableCopy {
    at: Timestamp,
    table: Table,
    /// The duration at normal speed.
    duration: SignedDuration,
    /// The end of the copy.
    replicating: Timestamp,
    is_reseed: bool,
    /// The trouble that made the copy necessary.
    trouble: Option<TroubleId>,
}

impl<'a> TableHistory<'a> {
    /// Creates the history of a table whose replication begins at `begin`, with the wait for the first copy.
    pub(super) fn new(table: SourceTable<'a>, timing: TableTiming, begin: Timestamp, effects: Rc<Effects<'a>>) -> Self {
        let first = later(begin, timing.wait);
        let totals = RefCell::default();
        let mut history = Self { table, timing, effects, copies: Vec::new(), totals };
        let restarts = history.effects.restarts.iter().copied().filter(|restart| restart.at > first);
        let begins = std::iter::once(Restart { at: first, is_reseed: false, trouble: None }).chain(restarts);
        let copies = begins.map(|restart| history.copy(restart));
        history.copies = copies.collect();
        history
    }

    fn copy(&self, Restart { at, is_reseed, trouble }: Restart) -> TableCopy {
        let table = self.table.at(at);
        let (speed, declared) = self.table.snapshot_speed(at);
        let duration = self.timing.snapshot.duration(table.rows, speed, declared);
        TableCopy { at, table, duration, replicating: self.effects.finish(at, duration), is_reseed, trouble }
    }

    /// Returns the status at `now`, without regard to an error beside it.
    fn copying(&self, now: Timestamp) -> Shown<'a> {
        let index = self.copies.partition_point(|copy| copy.at <= now);
        let (status, trouble) = match index.checked_sub(1).map(|index| &self.copies[index]) {
            None => (TableStatus::Initialized, None),
            Some(copy) if now >= copy.replicating => (TableStatus::Replicating, None),
            Some(copy) if copy.is_reseed => (TableStatus::Reseeding, copy.trouble),
            Some(copy) => (TableStatus::Snapshotting, copy.trouble),
        };
        Shown { status, error: None, trouble }
    }

    /// Returns the status and the error at `now`.
    pub(super) fn shown_at(&self, now: Timestamp) -> Shown<'a> {
        let failures = self.effects.failures.iter().filter(|window| window.contains(now));
        if let Some(failure) = failures.min_by_key(|window| window.from) {
            return Shown { status: TableStatus::Failed, error: failure.error, trouble: failure.trouble };
        }
        let copying = self.copying(now);
        match self.effects.errors.iter().find(|window| window.contains(now)) {
            Some(window) => Shown { error: window.error, trouble: window.trouble, ..copying },
            None => copying,
        }
    }

    /// Returns the changes of the status or the error after `now`, each with the status that follows.
    pub(super) fn changes_after(&self, now: Timestamp) -> TableChanges {
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
        let mut before = self.shown_at(now);
        let mut changes = Vec::new();
        for at in edges {
            let after = self.shown_at(at);
            if (after.status, after.error) != (before.status, before.error) {
                changes.push((at, after.status));
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

    /// Returns the rows and bytes of the first `count` copies, each up to the beginning of the next copy.
    fn totals(&self, count: usize) -> (u64, u64) {
        let mut totals = self.totals.borrow_mut();
        for index in totals.len()..count {
            let before = index.checked_sub(1).map_or((0, 0), |before| totals[before]);
            let ends = self.copies.get(index + 1).map_or(Timestamp::MAX, |next| next.at);
            totals.push(self.with_rows(before, &self.copies[index], ends));
        }
        count.checked_sub(1).map_or((0, 0), |last| totals[last])
    }

    /// Returns rows and bytes with those of a copy up to `now`.
    fn with_rows(&self, (rows, bytes): (u64, u64), copy: &TableCopy, now: Timestamp) -> (u64, u64) {
        let more = self.rows(copy, now);
        (rows.saturating_add(more), bytes.saturating_add(more.saturating_mul(copy.table.bytes_per_row)))
    }

    /// Returns the totals at `now`; `None` until the first row is copied.
    pub(super) fn metrics_at(&self, now: Timestamp) -> Option<Metrics> {
        let last = self.copies.partition_point(|copy| copy.at <= now).checked_sub(1)?;
        let (rows, bytes) = self.with_rows(self.totals(last), &self.copies[last], now);
        // While rows are copied again, the last publishing is that before the copy.
        let synced = self.begun(now).rev().find(|(copy, ends)| *ends >= copy.replicating);
        let last_sync = synced.map(|(copy, ends)| self.published(copy, ends).1);
        let latency_seconds = synced.map(|(_, ends)| {
            let latency = self.table.at(ends).latency_seconds;
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
        if self.table.backs_off(copy.at) {
            return self.published(copy, now).0;
        }
        let latest = self.effects.last_publishing(copy.replicating, self.timing.publishing, now);
        self.arrived(copy, latest).rows
    }

    /// Returns the changes since a copy that have arrived at `now`.
    fn arrived(&self, copy: &TableCopy, now: Timestamp) -> Changes {
        let latency = SignedDuration::from_secs(copy.table.latency_seconds.into());
        self.table.changes(copy.at, self.effects.arrived_until(now, latency).max(copy.at))
    }

    /// Returns the number of changes that were published between a copy and `now`, and the instant of the last
    /// publishing that brought rows.
    ///
    /// Changes are published at fixed intervals, and arrive after the latency of the table. The latency at the copy
    /// determines which rows have arrived. If a higher latency that is declared later applied, rows would disappear.
    fn published(&self, copy: &TableCopy, now: Timestamp) -> (u64, Timestamp) {
        let latest = self.effects.last_publishing(copy.replicating, self.timing.publishing, now);
        if self.table.backs_off(copy.at) {
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
