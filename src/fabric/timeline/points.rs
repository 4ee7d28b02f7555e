//! Aggregates of all tables at the instants of a grid.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Query;
use super::grid::Grid;
use crate::fabric::mirroring::table_timeline::TableTimelines;
use crate::fabric::mirroring::{TableName, TableStatus};

/// The tables at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The instant.
    pub at: Timestamp,
    /// The rows of all tables.
    pub rows: u64,
    /// The rows per second since the point before. 0 if there are fewer rows, because a start begins to count anew.
    pub rows_per_second: f64,
    /// The highest latency, in seconds; `None` if no table has one.
    pub latency_max: Option<u32>,
    /// The latency that 95 % of the tables with a latency do not exceed, in seconds.
    pub latency_p95: Option<u32>,
    /// The number of tables by status.
    pub tables_by_status: BTreeMap<&'static str, usize>,
}

/// The sums over tables at one instant.
#[derive(Debug, Clone, Default)]
struct Sum {
    rows: u64,
    latencies: Vec<u32>,
    statuses: BTreeMap<&'static str, usize>,
}

impl Sum {
    fn point(mut self, at: Timestamp, rows_per_second: f64) -> Point {
        self.latencies.sort_unstable();
        // The nearest rank.
        let rank = (self.latencies.len() * 95).div_ceil(100);
        Point {
            at,
            rows: self.rows,
            rows_per_second,
            latency_max: self.latencies.last().copied(),
            latency_p95: rank.checked_sub(1).map(|index| self.latencies[index]),
            tables_by_status: self.statuses,
        }
    }
}

/// The sums over tables at each instant of a grid.
#[derive(Debug)]
pub(super) struct Sums(Vec<Sum>);

impl Sums {
    /// Adds a table.
    pub(super) fn add(&mut self, timelines: &TableTimelines<'_>, name: &TableName, instants: &[Timestamp]) {
        timelines.figures(name, instants, |index, status: TableStatus, metrics| {
            let Some(sum) = self.0.get_mut(index) else { return };
            *sum.statuses.entry(status.as_str()).or_default() += 1;
            sum.rows = sum.rows.saturating_add(metrics.map_or(0, |metrics| metrics.rows));
            sum.latencies.extend(metrics.and_then(|metrics| metrics.latency_seconds));
        });
    }

    /// Sets the number of tables by status at an instant.
    pub(super) fn set_statuses(&mut self, index: usize, statuses: BTreeMap<&'static str, usize>) {
        if let Some(sum) = self.0.get_mut(index) {
            sum.statuses = statuses;
        }
    }
}

/// Returns the points of a query; none if the query asks for none. `add` adds the tables at the instants of the grid, and
/// at one instant before, from which the first rate is computed.
pub(super) fn of_grid(
    query: &Query,
    (from, to): (Timestamp, Timestamp),
    add: impl FnOnce(&[Timestamp], &mut Sums),
) -> Vec<Point> {
    let Some(points) = query.points else { return Vec::new() };
    let Grid { step, instants } = Grid::new(from, to, points);
    let Some(first) = instants.first() else { return Vec::new() };
    let before = first.saturating_sub(SignedDuration::from_secs(step)).unwrap_or(Timestamp::MIN);
    let instants: Vec<Timestamp> = std::iter::once(before).chain(instants).collect();
    let mut sums = Sums(vec![Sum::default(); instants.len()]);
    add(&instants, &mut sums);
    let pairs = sums.0.windows(2).map(|pair| pair[1].rows.saturating_sub(pair[0].rows));
    let rates: Vec<f64> = pairs.map(|more| more as f64 / step as f64).collect();
    let points = instants.into_iter().zip(sums.0).skip(1).zip(rates);
    points.map(|((at, sum), rows_per_second)| sum.point(at, rows_per_second)).collect()
}
