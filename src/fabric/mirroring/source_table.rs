//! One table of a source over time: whether it exists, its size, its changes, and how fast it is copied.
//!
//! A formula computes the number of changes, so the cost does not depend on the length of the period.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::TableName;
use super::source::{Burst, Declaration, ObjectType, SNAPSHOT_ROWS_PER_SECOND, Table};
use crate::fabric::instant::later;

/// The presence of a table in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The table has existed since this instant.
    Since(Timestamp),
    /// The table existed until this instant.
    Until(Timestamp),
    /// The table has never existed.
    Never,
}

/// One table of a source over time: whether it exists, and its figures.
#[derive(Debug)]
pub struct SourceTable<'a> {
    /// `false` if the definition does not cover the table.
    is_mirrored: bool,
    /// `true` if the table exists while the source is assumed.
    exists_assumed: bool,
    /// The periods of constant figures, oldest first. The first period is before the first declaration.
    periods: Vec<Period<'a>>,
}

/// A period in which one declaration is in effect. It ends with the next period.
#[derive(Debug)]
struct Period<'a> {
    from: Timestamp,
    declaration: Option<&'a Declaration>,
    /// `true` if the declaration contains the table.
    is_declared: bool,
    table: Table,
    bursts: &'a [Burst],
}

/// A table of a source before its first declaration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assumed {
    /// The figures, also where none are declared.
    pub(super) table: Table,
    /// `true` if the table exists.
    pub(super) exists: bool,
}

/// The changes of a table between two instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// The number of changed rows.
    pub rows: u64,
    /// The instant of the last change; `None` if no row changed.
    pub last: Option<Timestamp>,
}

impl Changes {
    /// Returns these changes and others.
    fn and(self, other: Self) -> Self {
        Self { rows: self.rows.saturating_add(other.rows), last: self.last.max(other.last) }
    }
}

/// Returns the changes by the bursts of a declaration at `since`, after `from` and up to `to`.
fn bursts_between(bursts: &[Burst], since: Timestamp, (from, to): (Timestamp, Timestamp)) -> Changes {
    bursts.iter().fold(Changes { rows: 0, last: None }, |changes, burst| {
        let (before, count) = (burst.count(since, from), burst.count(since, to));
        if count <= before {
            return changes;
        }
        let last = SignedDuration::try_from_secs_f64(count as f64 * burst.every).unwrap_or_default();
        changes.and(Changes { rows: burst.rows.saturating_mul(count - before), last: Some(later(since, last).min(to)) })
    })
}

impl Burst {
    /// Returns the number of bursts after the declaration at `since` and up to `to`.
    fn count(self, since: Timestamp, to: Timestamp) -> u64 {
        (to.duration_since(since).as_secs_f64().max(0.0) / self.every) as u64
    }
}

impl<'a> SourceTable<'a> {
    /// Creates the table `name` of a source with these declarations. `is_mirrored` is `false` if the definition does not
    /// cover the table.
    pub(super) fn new(
        name: &TableName,
        is_mirrored: bool,
        assumed: Assumed,
        declared: &'a [(Timestamp, Arc<Declaration>)],
    ) -> Self {
        let (from, bursts, table): (_, &[Burst], _) = (Timestamp::MIN, &[], assumed.table);
        let undeclared = Period { from, declaration: None, is_declared: false, table, bursts };
        let declared = declared.iter().map(|(from, declaration)| {
            let table = declaration.tables.get(name);
            Period {
                from: *from,
                declaration: Some(declaration),
                is_declared: table.is_some(),
                table: table.copied().unwrap_or(assumed.table),
                bursts: declaration.details.get(name).map_or(&[], |details| &details.bursts),
            }
        });
        let periods = std::iter::once(undeclared).chain(declared).collect();
        Self { is_mirrored, exists_assumed: assumed.exists, periods }
    }

    /// Returns the presence of the table at `now`.
    pub fn presence(&self, now: Timestamp) -> Presence {
        if !self.is_mirrored {
            return Presence::Never;
        }
        let mut edge = None;
        for period in self.periods[1..].iter().rev().filter(|period| period.from <= now) {
            match edge {
                None if period.is_declared => edge = Some(Presence::Since(period.from)),
                None => edge = Some(Presence::Until(period.from)),
                Some(Presence::Since(_)) if period.is_declared => edge = Some(Presence::Since(period.from)),
                Some(Presence::Until(_)) if !period.is_declared => edge = Some(Presence::Until(period.from)),
                Some(found) => return found,
            }
        }
        match (edge, self.exists_assumed) {
            (None | Some(Presence::Since(_)), true) => Presence::Since(Timestamp::MIN),
            (None, false) | (Some(Presence::Until(_)), false) => Presence::Never,
            (Some(found), _) => found,
        }
    }

    /// Returns the type of the object at `now`. The default is the type of an undeclared table.
    pub fn object_type(&self, now: Timestamp) -> ObjectType {
        let period = self.period(now);
        if period.is_declared { period.table.object_type } else { ObjectType::default() }
    }

    fn period(&self, now: Timestamp) -> &Period<'a> {
        self.periods.iter().rfind(|period| period.from <= now).unwrap_or(&self.periods[0])
    }

    /// Returns the figures at `now`.
    pub fn at(&self, now: Timestamp) -> Table {
        self.period(now).table
    }

    /// Returns the speed of a snapshot that begins at `now`, in rows per second. The second value is `true` if the
    /// speed is declared.
    pub fn snapshot_speed(&self, now: Timestamp) -> (f64, bool) {
        let declared = self.period(now).declaration.and_then(|declaration| declaration.snapshot_rows_per_second);
        (declared.unwrap_or(SNAPSHOT_ROWS_PER_SECOND), declared.is_some())
    }

    /// Returns `true` if the source is asked less often while nothing changes, in the declaration in effect at `now`.
    pub fn backs_off(&self, now: Timestamp) -> bool {
        self.period(now).declaration.is_some_and(|declaration| declaration.idle_backoff)
    }

    /// Returns the changes between `from` and `to`.
    ///
    /// The cost is linear in the number of declarations. The number of changed rows never decreases when `to`
    /// increases.
    pub fn changes(&self, from: Timestamp, to: Timestamp) -> Changes {
        let mut total = 0.0_f64;
        let mut changes = Changes { rows: 0, last: None };
        let mut burst = changes;
        let ends = self.periods.iter().skip(1).map(|period| period.from).chain([Timestamp::MAX]);
        for (period, ends) in self.periods.iter().zip(ends) {
            let (first, last) = (period.from.max(from), ends.min(to));
            if first < last {
                burst = burst.and(bursts_between(period.bursts, period.from, (first, last)));
                let rate = period.table.rows_per_second;
                let sum = total + rate * last.duration_since(first).as_secs_f64();
                let rows = sum as u64;
                if rows > changes.rows {
                    // The instant is one microsecond early, so that rounding never makes it later than the change.
                    let into = SignedDuration::try_from_secs_f64(((rows as f64 - total) / rate - 1e-6).max(0.0))
                        .unwrap_or_default();
                    changes = Changes { rows, last: Some(later(first, into).min(last)) };
                }
                total = sum;
            }
        }
        burst.and(changes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn changes_add_up_over_declarations() {
        let name = TableName { schema: "dbo".into(), table: "a".into() };
        let declared = |second, rows_per_second| {
            let (object_type, rows, bytes_per_row, latency_seconds) = (ObjectType::Table, 10, 1, 1);
            let table = Table { object_type, rows, bytes_per_row, rows_per_second, latency_seconds };
            let tables = BTreeMap::from([(name.clone(), table)]);
            (at(second), Arc::new(Declaration { tables, ..Declaration::default() }))
        };
        let declarations = [declared(0, 2.0), declared(100, 0.5)];
        let table = SourceTable::new(
            &name,
            true,
            Assumed { table: declarations[0].1.tables[&name], exists: true },
            &declarations,
        );
        for (from, to, rows) in [(0, 50, 100), (50, 100, 100), (90, 110, 25), (100, 101, 0), (0, 1_000_100, 500_200)] {
            assert_eq!(table.changes(at(from), at(to)).rows, rows, "{from} to {to}");
        }
        assert_eq!(table.changes(at(99), at(100)).last.map(Timestamp::as_second), Some(99));
    }
}
