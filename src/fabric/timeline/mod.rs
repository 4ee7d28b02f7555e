//! Timelines of items: the statuses and figures of a database or a catalog over time, past and projected
//! (docs/CONTROL.md#timeline).

mod catalog;
pub mod grid;
pub mod log;
mod points;

use std::cmp::Ordering;

use jiff::Timestamp;

use self::catalog::Catalog;
pub use self::points::Point;
use crate::fabric::item::Item;
use crate::fabric::mirroring::source::ObjectType;
use crate::fabric::mirroring::table_timeline::TableTimelines;
use crate::fabric::mirroring::tables::Metrics;
use crate::fabric::mirroring::timeline::Span;
use crate::fabric::mirroring::{MirroringError, MirroringStatus, Replication, TableName, TableStatus};
use crate::fabric::{FabricError, State};
use crate::ids::{ItemId, WorkspaceId};

/// The maximum number of points.
pub const POINTS_MAX: usize = 10_000;
/// The maximum number of tables or rows of the log in an answer, and the default.
pub const LIMIT_MAX: usize = 10_000;
/// The maximum number of computed table states in an answer.
const STATES_MAX: usize = 1_000_000;
/// The maximum number of spans of tables in an answer.
const SPANS_MAX: usize = 200_000;
/// The maximum number of rows of a log, of which an answer contains a page.
const ROWS_MAX: usize = 200_000;

/// The selection of a part of a timeline.
#[derive(Debug, Clone)]
pub struct Query {
    /// The item.
    pub item: ItemId,
    /// The first instant of the range; `None` for the creation of the item.
    pub from: Option<Timestamp>,
    /// The last instant of the range; `None` for the present, or `at` if it is later.
    pub to: Option<Timestamp>,
    /// The instant of the tables and their figures; `None` for the present.
    pub at: Option<Timestamp>,
    /// The maximum number of points; `None` for no points.
    pub points: Option<usize>,
    /// The number of tables that are left out first.
    pub offset: usize,
    /// The maximum number of tables.
    pub limit: Option<usize>,
    /// A part of `schema.table`, regardless of case.
    pub filter: Option<String>,
    /// The status of the tables.
    pub status: Option<String>,
    /// The order of the tables; `None` for the order of the status calls.
    pub sort: Option<String>,
}

/// A part of the timeline of an item.
#[derive(Debug)]
pub struct Timeline {
    /// The instant of the tables and their figures.
    pub at: Timestamp,
    /// The spans of the item that touch the range.
    pub spans: Vec<Span<&'static str>>,
    /// The number of tables that match.
    pub total: usize,
    /// The tables on the page.
    pub tables: Vec<TableLine>,
    /// The aggregates of all tables at the instants of the grid.
    pub points: Vec<Point>,
}

/// A table: its state at an instant, and its spans.
#[derive(Debug)]
pub struct TableLine {
    /// The name.
    pub name: TableName,
    /// The type of the object at the source; `None` for a table of a catalog.
    pub object_type: Option<ObjectType>,
    /// The status.
    pub status: &'static str,
    /// The error beside the status.
    pub error: Option<MirroringError>,
    /// The totals; `None` until the first row is copied.
    pub metrics: Option<Metrics>,
    /// The spans that touch the range.
    pub spans: Vec<Span<&'static str>>,
}

/// The order of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortBy {
    Name,
    Status,
    Rows,
    Latency,
    LastSync,
}

/// The names of the orders.
const SORTS: [(&str, SortBy); 5] = [
    ("name", SortBy::Name),
    ("status", SortBy::Status),
    ("rows", SortBy::Rows),
    ("latency", SortBy::Latency),
    ("lastSync", SortBy::LastSync),
];

impl Query {
    /// Rejects values that are out of range, and unknown orders and statuses.
    ///
    /// # Errors
    ///
    /// A parameter is invalid.
    fn check(&self) -> Result<(), FabricError> {
        if let Some(points) = self.points.filter(|points| !(1..=POINTS_MAX).contains(points)) {
            return Err(invalid(format!("points is {points}: 1 to {POINTS_MAX} was expected.")));
        }
        if let Some(limit) = self.limit.filter(|limit| *limit > LIMIT_MAX) {
            return Err(invalid(format!("limit is {limit}: 0 to {LIMIT_MAX} was expected.")));
        }
        if self.from.zip(self.to).is_some_and(|(from, to)| to < from) {
            return Err(invalid("to is before from."));
        }
        let known = TableStatus::ALL.map(TableStatus::as_str).into_iter().chain([catalog::RUNNING]);
        if let Some(status) = self.status.as_deref().filter(|status| !known.clone().any(|known| known == *status)) {
            let known: Vec<&str> = known.collect();
            return Err(invalid(format!("status is {status:?}: one of {} was expected.", known.join(", "))));
        }
        self.sort().map(drop)
    }

    /// Returns the order of the tables, and `true` if it is descending.
    fn sort(&self) -> Result<Option<(SortBy, bool)>, FabricError> {
        let Some(sort) = &self.sort else { return Ok(None) };
        let (name, is_descending) = sort.strip_prefix('-').map_or((sort.as_str(), false), |name| (name, true));
        match SORTS.iter().find(|(known, _)| *known == name) {
            Some((_, by)) => Ok(Some((*by, is_descending))),
            None => {
                let known = SORTS.map(|(known, _)| known).join(", ");
                Err(invalid(format!(
                    "sort is {sort:?}: one of {known} was expected, with - before it for descending order."
                )))
            }
        }
    }

    /// Returns `true` if a span touches the range.
    fn touches<S>(&self, span: &Span<S>) -> bool {
        self.to.is_none_or(|to| span.from <= to)
            && self.from.is_none_or(|from| span.to.is_none_or(|until| until > from))
    }

    fn names(&self, name: &TableName) -> bool {
        let Some(part) = &self.filter else { return true };
        format!("{}.{}", name.schema, name.table).to_lowercase().contains(&part.to_lowercase())
    }

    /// Returns the range of the points for an item created at `created`.
    fn range(&self, created: Timestamp, now: Timestamp) -> (Timestamp, Timestamp) {
        (self.from.unwrap_or(created), self.to.unwrap_or_else(|| self.at.unwrap_or(now).max(now)))
    }

    /// Returns the page of the tables that match, and their number.
    fn page(&self, mut tables: Vec<TableLine>) -> Result<(usize, Vec<TableLine>), FabricError> {
        tables.retain(|table| {
            self.names(&table.name) && self.status.as_deref().is_none_or(|status| status == table.status)
        });
        if let Some((by, is_descending)) = self.sort()? {
            tables.sort_by(|a, b| {
                let order = by.compare(a, b);
                let order = if is_descending { order.reverse() } else { order };
                order.then_with(|| a.name.cmp(&b.name))
            });
        }
        let total = tables.len();
        let page = tables.into_iter().skip(self.offset).take(self.limit.unwrap_or(LIMIT_MAX));
        Ok((total, page.collect()))
    }
}

impl SortBy {
    fn compare(self, a: &TableLine, b: &TableLine) -> Ordering {
        let rows = |table: &TableLine| table.metrics.map(|metrics| metrics.rows);
        let latency = |table: &TableLine| table.metrics.and_then(|metrics| metrics.latency_seconds);
        let last_sync = |table: &TableLine| table.metrics.and_then(|metrics| metrics.last_sync);
        match self {
            Self::Name => a.name.cmp(&b.name),
            Self::Status => a.status.cmp(b.status),
            Self::Rows => rows(a).cmp(&rows(b)),
            Self::Latency => latency(a).cmp(&latency(b)),
            Self::LastSync => last_sync(a).cmp(&last_sync(b)),
        }
    }
}

fn invalid(message: impl Into<String>) -> FabricError {
    FabricError::invalid_input(message)
}

/// Rejects an answer that would need too many table states.
fn check_states(points: usize, tables: usize) -> Result<(), FabricError> {
    let most = STATES_MAX / tables.max(1);
    if points > most {
        return Err(invalid(format!("points is {points}: with {tables} tables, at most {most} was expected.")));
    }
    Ok(())
}

/// The number of spans of tables that an answer may still contain.
struct SpanBudget(usize);

impl Default for SpanBudget {
    fn default() -> Self {
        Self(SPANS_MAX)
    }
}

impl SpanBudget {
    /// Rejects an answer with more than [`SPANS_MAX`] spans of tables.
    fn take(&mut self, spans: usize) -> Result<(), FabricError> {
        let left = self.0.checked_sub(spans);
        let too_many = || invalid(format!("limit: the tables on the page have more than {SPANS_MAX} spans."));
        self.0 = left.ok_or_else(too_many)?;
        Ok(())
    }
}

/// Returns the part of the timeline of an item that a query selects.
///
/// # Errors
///
/// A parameter is invalid, the item does not exist or has no mirroring, or the answer would need too much work.
pub fn timeline(state: &State, query: &Query, now: Timestamp) -> Result<Timeline, FabricError> {
    query.check()?;
    let (within, item) = state.find_item(query.item).ok_or_else(|| FabricError::no_item(query.item))?;
    if let Some(catalog) = Catalog::of(state, item) {
        return catalog.timeline(query, now);
    }
    if let Some(database) = &item.sql_database {
        // Clients cannot see the tables of a SQL database, so that they are not simulated.
        let spans = database.spans();
        let points = points::of_grid(query, query.range(item.visible_from, now), |_, _| {});
        return Ok(Timeline::new(query, now, spans, (0, Vec::new()), points));
    }
    let replication = state.replication(within.id, item)?;
    let timelines = TableTimelines::new(&replication, state);
    let points = match query.points {
        Some(points) => {
            let names = timelines.names();
            check_states(points, names.len())?;
            points::of_grid(query, query.range(item.visible_from, now), |instants, sums| {
                names.iter().for_each(|name| sums.add(&timelines, name, instants));
            })
        }
        None => Vec::new(),
    };
    let (total, mut tables) = query.page(tables_at(state, &replication, query.at.unwrap_or(now)))?;
    if timelines.stages().saturating_mul(tables.len()) > STATES_MAX {
        let most = STATES_MAX / timelines.stages();
        return Err(invalid(format!("limit: with this history, at most {most} tables was expected.")));
    }
    let mut budget = SpanBudget::default();
    for table in &mut tables {
        let spans = timelines.spans(&table.name).into_iter().filter(|span| query.touches(span));
        table.spans = spans.map(|span| span.map(TableStatus::as_str)).collect();
        budget.take(table.spans.len())?;
    }
    Ok(Timeline::new(query, now, replication.spans(), (total, tables), points))
}

/// Returns the tables at an instant, without their spans.
fn tables_at(state: &State, replication: &Replication<'_>, at: Timestamp) -> Vec<TableLine> {
    let line = |table: crate::fabric::mirroring::TableState| TableLine {
        name: table.name,
        object_type: Some(table.object_type),
        status: table.status.as_str(),
        error: table.error,
        metrics: table.metrics,
        spans: Vec::new(),
    };
    replication.tables_at(state, at).into_iter().map(line).collect()
}

impl Timeline {
    fn new(
        query: &Query,
        now: Timestamp,
        spans: Vec<Span<MirroringStatus>>,
        tables: (usize, Vec<TableLine>),
        points: Vec<Point>,
    ) -> Self {
        let spans = spans.into_iter().map(|span| span.map(MirroringStatus::as_str)).collect();
        Self::of(query, now, spans, tables, points)
    }

    fn of(
        query: &Query,
        now: Timestamp,
        mut spans: Vec<Span<&'static str>>,
        (total, tables): (usize, Vec<TableLine>),
        points: Vec<Point>,
    ) -> Self {
        spans.retain(|span| query.touches(span));
        Self { at: query.at.unwrap_or(now), spans, total, tables, points }
    }
}

/// Returns the spans of the status of an item; `None` for an item without mirroring.
pub fn spans(state: &State, within: WorkspaceId, item: &Item) -> Option<Vec<Span<&'static str>>> {
    if let Some(catalog) = Catalog::of(state, item) {
        return Some(catalog.spans());
    }
    let spans = match &item.sql_database {
        Some(database) => database.spans(),
        None => state.replication(within, item).ok()?.spans(),
    };
    Some(spans.into_iter().map(|span| span.map(MirroringStatus::as_str)).collect())
}

/// Returns the tables of an item at `now`, without their spans. An item without tables has none.
pub fn tables(state: &State, within: WorkspaceId, item: &Item, now: Timestamp) -> Vec<TableLine> {
    if let Some(catalog) = Catalog::of(state, item) {
        return catalog.tables_at(now);
    }
    state.replication(within, item).map_or_else(|_| Vec::new(), |replication| tables_at(state, &replication, now))
}
