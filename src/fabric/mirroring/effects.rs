//! Effects of trouble on one table: when rows are copied and published, how fast, and which errors are shown.

use jiff::{SignedDuration, Timestamp};

use super::TableName;
use super::trouble::TroubleKind;
use super::windows::{Window, Windows};
use crate::fabric::instant::later;
use crate::ids::{SourceId, TroubleId};

/// The windows that affect one table. The default has no windows.
#[derive(Debug, Default)]
pub(super) struct Effects<'a> {
    /// The windows in which the table fails.
    pub(super) failures: Vec<Window<'a>>,
    /// The windows in which the table has an error beside its status, in the order of precedence.
    pub(super) errors: Vec<Window<'a>>,
    /// The instants at which the table is copied again, in order.
    pub(super) restarts: Vec<Restart>,
    /// The periods in which nothing is published, without overlaps and in order.
    stalls: Vec<(Timestamp, Timestamp)>,
    /// The speeds of the table, in order. Empty if the speed is always normal.
    pieces: Vec<Piece>,
    /// The same, without regard to stalls.
    factors: Vec<Piece>,
}

/// The beginning of a further copy of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Restart {
    pub(super) at: Timestamp,
    /// `true` for a reseed, and `false` for the end of a failure.
    pub(super) is_reseed: bool,
    pub(super) trouble: Option<TroubleId>,
}

/// A period of constant speed. It ends with the next piece.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from: Timestamp,
    /// `true` if no row is copied.
    is_stalled: bool,
    /// The factor by which copies take longer, and changes arrive later.
    factor: f64,
}

const NORMAL: Piece = Piece { from: Timestamp::MIN, is_stalled: false, factor: 1.0 };

impl<'a> Effects<'a> {
    /// Collects the windows that affect a table of a source. Without a name, collects those that affect all tables.
    pub(super) fn of_table(windows: &Windows<'a>, source: Option<SourceId>, name: Option<&TableName>) -> Self {
        let mut effects = Self::default();
        let mut slow = Vec::new();
        let restart = |window: &Window<'_>, at| Restart {
            at,
            is_reseed: window.kind == TroubleKind::Reseed,
            trouble: window.trouble,
        };
        let affects = |it: &&Window<'a>| {
            (it.kind.is_of_tables() || it.kind == TroubleKind::DatabaseError)
                && it.source.is_none_or(|of| Some(of) == source)
                && it.table.is_none_or(|table| Some(table) == name)
        };
        for window in windows.all().iter().filter(affects) {
            match window.kind {
                TroubleKind::TableFails => effects.failures.push(*window),
                TroubleKind::TableError | TroubleKind::Unreachable => effects.errors.push(*window),
                TroubleKind::Reseed => effects.restarts.push(restart(window, window.from)),
                TroubleKind::Slow => slow.push(*window),
                _ => {}
            }
            let stalls = !matches!(window.kind, TroubleKind::Slow | TroubleKind::Reseed) && !window.figures_go_on;
            if stalls {
                effects.stalls.push((window.from, window.to));
            }
        }
        effects.errors.sort_by_key(|window| (window.kind == TroubleKind::Unreachable, window.from));
        effects.restarts.extend(effects.failures.iter().map(|window| restart(window, window.to)));
        let failures = &effects.failures;
        effects.restarts.retain(|it| it.at < Timestamp::MAX && !failures.iter().any(|window| window.contains(it.at)));
        effects.restarts.sort_unstable();
        effects.restarts.dedup_by_key(|restart| restart.at);
        effects.stalls = merged(effects.stalls);
        effects.pieces = pieces(&effects.stalls, windows.pauses(), &slow);
        effects.factors = pieces(&[], &[], &slow);
        effects
    }

    /// Returns `true` if no trouble affects the table.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.failures.is_empty() && self.errors.is_empty() && self.restarts.is_empty()
    }

    /// Returns the factor by which copies take longer, and changes arrive later, at `now`.
    pub(super) fn factor(&self, now: Timestamp) -> f64 {
        let index = self.factors.partition_point(|piece| piece.from <= now);
        index.checked_sub(1).map_or(1.0, |index| self.factors[index].factor)
    }

    /// Returns the pieces from the one that contains `from` on, each with its end.
    fn pieces_from(&self, from: Timestamp) -> impl Iterator<Item = (Piece, Timestamp)> {
        let first = self.pieces.partition_point(|piece| piece.from <= from).saturating_sub(1);
        with_ends(self.pieces.get(first..).unwrap_or_default())
    }

    /// Returns the end of a copy that begins at `from` and takes `duration` at normal speed. The copy does not end while
    /// the table is stalled.
    pub(super) fn finish(&self, from: Timestamp, duration: SignedDuration) -> Timestamp {
        let (mut at, mut left) = (from, duration);
        for (piece, end) in self.pieces_from(from) {
            if !piece.is_stalled {
                let needed = times(left, piece.factor);
                let available = end.duration_since(at);
                if needed <= available {
                    return later(at, needed);
                }
                left = left.saturating_sub(times(available, 1.0 / piece.factor)).max(SignedDuration::ZERO);
            }
            at = end;
        }
        Timestamp::MAX
    }

    /// Returns the part of a copy, as a duration at normal speed, that is done between `from` and `to`.
    pub(super) fn work(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let mut done = SignedDuration::ZERO;
        let mut at = from;
        for (piece, end) in self.pieces_from(from) {
            let end = end.min(to);
            if end <= at {
                break;
            }
            if !piece.is_stalled {
                done = done.saturating_add(times(end.duration_since(at), 1.0 / piece.factor));
            }
            at = end;
        }
        done
    }

    /// Returns the instant up to which the changes of the source have arrived at `now`, for a table with this latency.
    /// The instant never decreases when `now` increases.
    pub(super) fn arrived_until(&self, now: Timestamp, latency: SignedDuration) -> Timestamp {
        let until = |(piece, end): (Piece, Timestamp)| {
            let end = end.min(now);
            end.saturating_sub(times(latency, piece.factor)).unwrap_or(end)
        };
        let begun = with_ends(&self.factors).take_while(|(piece, _)| piece.from <= now);
        begun.map(until).max().unwrap_or(now)
    }

    /// Returns the instant at which a change of the source at `change` arrives, for a table with this latency.
    pub(super) fn arrival(&self, change: Timestamp, latency: SignedDuration) -> Timestamp {
        let arrives = |(piece, end): (Piece, Timestamp)| {
            let at = later(change, times(latency, piece.factor)).max(piece.from);
            (at <= end).then_some(at)
        };
        with_ends(&self.factors).find_map(arrives).unwrap_or(Timestamp::MAX)
    }

    /// Returns the stall that `now` is in. A publishing at the first instant of a stall takes place, so that a stall that
    /// begins now takes nothing back.
    fn stall(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let index = self.stalls.partition_point(|(from, _)| *from < now).checked_sub(1)?;
        Some(self.stalls[index]).filter(|(_, to)| now < *to)
    }

    /// Returns the last publishing at or before `now`. The first publishing is at `begin`, and takes place even if the
    /// table is stalled.
    pub(super) fn last_publishing(&self, begin: Timestamp, interval: SignedDuration, now: Timestamp) -> Timestamp {
        let mut at = multiple_until(begin, interval, now);
        while let Some((from, _)) = self.stall(at).filter(|_| at > begin) {
            at = multiple_until(begin, interval, from);
        }
        at
    }

    /// Returns the first publishing at or after `now`.
    pub(super) fn next_publishing(&self, begin: Timestamp, interval: SignedDuration, now: Timestamp) -> Timestamp {
        let mut at = multiple_from(begin, interval, now);
        while let Some((_, to)) = self.stall(at).filter(|_| at > begin) {
            if to == Timestamp::MAX {
                return to;
            }
            at = multiple_from(begin, interval, to);
        }
        at
    }
}

/// Returns these pieces, each with its end. Without pieces the speed is always normal.
fn with_ends(pieces: &[Piece]) -> impl Iterator<Item = (Piece, Timestamp)> {
    let pieces = if pieces.is_empty() { &[NORMAL][..] } else { pieces };
    let ends = pieces.iter().skip(1).map(|piece| piece.from).chain([Timestamp::MAX]);
    pieces.iter().copied().zip(ends)
}

/// Returns `duration` multiplied by a positive factor. The factor 1 is exact.
fn times(duration: SignedDuration, factor: f64) -> SignedDuration {
    if factor == 1.0 {
        return duration;
    }
    SignedDuration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(SignedDuration::MAX)
}

/// Returns the last multiple of `unit` after `begin` that is at or before `now`, or `begin` if there is none.
fn multiple_until(begin: Timestamp, unit: SignedDuration, now: Timestamp) -> Timestamp {
    let (since, unit) = since(begin, unit, now);
    later(begin, nanos(since / unit * unit))
}

/// Returns the first multiple of `unit` after `begin` that is at or after `now`, or `begin` if `now` is earlier.
fn multiple_from(begin: Timestamp, unit: SignedDuration, now: Timestamp) -> Timestamp {
    let (since, unit) = since(begin, unit, now);
    later(begin, nanos((since / unit + i128::from(since % unit > 0)) * unit))
}

/// Returns the time from `begin` to `now`, and `unit`, in nanoseconds. A unit from a file can be zero; 1 is returned then.
fn since(begin: Timestamp, unit: SignedDuration, now: Timestamp) -> (i128, i128) {
    (now.duration_since(begin).as_nanos().max(0), unit.as_nanos().max(1))
}

fn nanos(nanos: i128) -> SignedDuration {
    SignedDuration::new((nanos / 1_000_000_000) as i64, (nanos % 1_000_000_000) as i32)
}

/// Returns these periods in order, with overlapping and adjacent periods joined.
fn merged(mut periods: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    periods.sort_unstable();
    let mut merged: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(periods.len());
    for (from, to) in periods {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// Returns the pieces that result from the stalls, the pauses of the capacity and the windows of `slow`.
fn pieces(stalls: &[(Timestamp, Timestamp)], pauses: &[(Timestamp, Timestamp)], slow: &[Window<'_>]) -> Vec<Piece> {
    if stalls.is_empty() && pauses.is_empty() && slow.is_empty() {
        return Vec::new();
    }
    let still = merged(stalls.iter().chain(pauses).copied().collect());
    let edges = still.iter().copied().chain(slow.iter().map(|window| (window.from, window.to)));
    let mut edges: Vec<Timestamp> = edges.flat_map(|(from, to)| [from, to]).chain([Timestamp::MIN]).collect();
    edges.sort_unstable();
    edges.dedup();
    let piece = |from: Timestamp| {
        let index = still.partition_point(|(begins, _)| *begins <= from).checked_sub(1);
        let is_stalled = index.is_some_and(|index| from < still[index].1);
        let factor = slow.iter().filter(|window| window.contains(from)).map(|window| window.factor).product();
        Piece { from, is_stalled, factor }
    };
    edges.into_iter().filter(|at| *at < Timestamp::MAX).map(piece).collect()
}
