//! The log of the tables' replication, in the shape of Fabric's table `MirroredDatabaseTableExecution`
//! (docs/fidelity.md#tables).

use jiff::Timestamp;

use super::grid::Grid;
use super::{LIMIT_MAX, Query, ROWS_MAX, check_states, invalid};
use crate::fabric::mirroring::table_timeline::TableTimelines;
use crate::fabric::mirroring::tables::Metrics;
use crate::fabric::mirroring::timeline::Span;
use crate::fabric::mirroring::{MirroringError, SourceType, TableName, TableStatus};
use crate::fabric::{FabricError, State};

/// The maximum number of `Replicating` rows of a table, unless the query gives another with `points`.
const BATCHES: usize = 100;

/// A row of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The instant of the row.
    pub at: Timestamp,
    /// The name of the operation.
    pub operation: &'static str,
    /// The table.
    pub table: TableName,
    /// The beginning of the operation.
    pub started: Timestamp,
    /// The rows and bytes that the operation has processed.
    pub processed: Option<(u64, u64)>,
    /// The latency of the batch, in seconds.
    pub latency_seconds: Option<u32>,
    /// The error.
    pub error: Option<MirroringError>,
}

/// The log of a database.
#[derive(Debug)]
pub struct Log {
    /// The type of the source.
    pub source: Option<SourceType>,
    /// The rows on the page, oldest first.
    pub rows: Vec<Row>,
}

/// Returns the log of a mirrored database up to `now`. Batches of changes between two instants of a grid are one row.
///
/// # Errors
///
/// A parameter is invalid, the item is no mirrored database, or the answer would need too much work.
pub fn log(state: &State, query: &Query, now: Timestamp) -> Result<Log, FabricError> {
    query.check()?;
    if query.at.is_some() || query.status.is_some() || query.sort.is_some() {
        return Err(invalid("at, status and sort do not apply to as=log."));
    }
    let (within, item) = state.find_item(query.item).ok_or_else(|| FabricError::no_item(query.item))?;
    let replication = state.replication(within.id, item)?;
    let timelines = TableTimelines::new(&replication, state);
    let names: Vec<TableName> = timelines.names().into_iter().filter(|name| query.names(name)).collect();
    let points = query.points.unwrap_or(BATCHES);
    check_states(points.saturating_add(timelines.stages()), names.len())?;
    let (from, to) = (query.from.unwrap_or(item.visible_from), query.to.map_or(now, |to| to.min(now)));
    let grid: Vec<Timestamp> = std::iter::once(from).chain(Grid::new(from, to, points).instants).collect();
    let mut rows = Vec::new();
    for name in &names {
        let of_table = TableLog::of(&timelines, name, &grid, now);
        rows.extend(of_table.into_iter().filter(|row| (from..=to).contains(&row.at)));
        if rows.len() > ROWS_MAX {
            return Err(invalid(format!(
                "The log has more than {ROWS_MAX} rows; select fewer with filter, from, to or points."
            )));
        }
    }
    // Rows of the same instant keep the order of the tables and of their operations.
    rows.sort_by_key(|row| row.at);
    let rows = rows.into_iter().skip(query.offset).take(query.limit.unwrap_or(LIMIT_MAX)).collect();
    Ok(Log { source: item.mirroring()?.config().source, rows })
}

/// The log of one table.
struct TableLog<'a> {
    name: &'a TableName,
    rows: Vec<Row>,
    /// The instants in order, each with the totals.
    totals: Vec<(Timestamp, Option<Metrics>)>,
}

impl TableLog<'_> {
    fn of(timelines: &TableTimelines<'_>, name: &TableName, grid: &[Timestamp], now: Timestamp) -> Vec<Row> {
        let mut spans = timelines.spans(name);
        spans.retain(|span| span.from <= now);
        let ends = spans.iter().filter_map(|span| span.to).filter(|to| *to <= now);
        let mut instants: Vec<Timestamp> = spans.iter().map(|span| span.from).chain(ends).chain([now]).collect();
        instants.extend(grid);
        instants.sort_unstable();
        instants.dedup();
        let mut totals: Vec<(Timestamp, Option<Metrics>)> = instants.iter().map(|at| (*at, None)).collect();
        timelines.figures(name, &instants, |index, _, metrics| totals[index].1 = metrics);
        let mut log = TableLog { name, rows: Vec::new(), totals };
        for (index, span) in spans.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &spans[before]).filter(|it| it.to == Some(span.from));
            log.begin(before, span);
            let end = span.to.filter(|to| *to <= now);
            log.process(span, end.unwrap_or(now), end.is_some());
            let continues = spans.get(index + 1).is_some_and(|next| Some(next.from) == end);
            if let Some(end) = end.filter(|_| !continues) {
                log.add(end, "RemoveTable", None);
            }
        }
        log.rows
    }

    fn add(&mut self, at: Timestamp, operation: &'static str, error: Option<MirroringError>) {
        let table = self.name.clone();
        self.rows.push(Row { at, operation, table, started: at, processed: None, latency_seconds: None, error });
    }

    /// Adds the rows of the beginning of a span.
    fn begin(&mut self, before: Option<&Span<TableStatus>>, span: &Span<TableStatus>) {
        if before.is_none() {
            self.add(span.from, "AddTable", None);
        }
        let is_new = before.is_none_or(|before| before.status != span.status);
        let operation = match span.status {
            TableStatus::Initialized => None,
            TableStatus::Snapshotting if is_new => {
                self.add(span.from, "ReplicatingSchema", None);
                Some("StartSnapshotting")
            }
            TableStatus::Reseeding if is_new => Some("StartReseeding"),
            TableStatus::Replicating if is_new => Some("StartReplicating"),
            TableStatus::Stopped => Some("StopTable"),
            TableStatus::Failed => Some("FailTable"),
            TableStatus::Snapshotting | TableStatus::Reseeding | TableStatus::Replicating => None,
        };
        let is_failure = span.status == TableStatus::Failed;
        if let Some(operation) = operation {
            self.add(span.from, operation, span.error.clone().filter(|_| is_failure));
        }
        if let Some(error) = span.error.clone().filter(|_| !is_failure) {
            let is_copying = matches!(span.status, TableStatus::Snapshotting | TableStatus::Reseeding);
            self.add(span.from, if is_copying { "Snapshotting" } else { "Replicating" }, Some(error));
        }
    }

    /// Adds the rows of what is processed in a span. `is_over` is `true` if the span ends at `end`.
    fn process(&mut self, span: &Span<TableStatus>, end: Timestamp, is_over: bool) {
        let is_copying = matches!(span.status, TableStatus::Snapshotting | TableStatus::Reseeding);
        let first = self.totals.partition_point(|(at, _)| *at < span.from);
        let count = self.totals.partition_point(|(at, _)| *at <= end).saturating_sub(first);
        let within: Vec<(Timestamp, Option<Metrics>)> = self.totals.iter().skip(first).take(count).copied().collect();
        if is_copying {
            if let (true, Some((from, before)), Some((to, after))) = (is_over, within.first(), within.last()) {
                self.rows.extend(self.batch("Snapshotting", (*from, *before), (*to, *after)));
            }
        } else if span.status == TableStatus::Replicating {
            let mut started = span.from;
            for pair in within.windows(2) {
                let [(_, before), (_, after)] = pair else { continue };
                let at = after.and_then(|after| after.last_sync).filter(|at| *at > started);
                let batch = at.and_then(|at| self.batch("Replicating", (started, *before), (at, *after)));
                started = batch.as_ref().map_or(started, |row| row.at);
                self.rows.extend(batch);
            }
        }
    }

    /// Returns the row of the rows that were processed between two instants; `None` if there are none.
    fn batch(
        &self,
        operation: &'static str,
        (started, before): (Timestamp, Option<Metrics>),
        (at, after): (Timestamp, Option<Metrics>),
    ) -> Option<Row> {
        let after = after?;
        let (rows, bytes) = before.map_or((0, 0), |before| (before.rows, before.bytes));
        let rows = after.rows.checked_sub(rows).filter(|rows| *rows > 0)?;
        let processed = Some((rows, after.bytes.saturating_sub(bytes)));
        let table = self.name.clone();
        Some(Row { at, operation, table, started, processed, latency_seconds: after.latency_seconds, error: None })
    }
}
