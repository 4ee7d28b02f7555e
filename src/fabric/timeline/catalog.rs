//! Timelines of mirrored catalogs. Their connections are taken as they are now, because a catalog keeps no log.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Query, TableLine, Timeline, check_states, points};
use crate::fabric::item::mirrored_catalog::CatalogSource;
use crate::fabric::item::{Item, mirrored_catalog};
use crate::fabric::mirroring::timeline::{self, Reason, Span};
use crate::fabric::mirroring::trouble::{Target, TroubleKind};
use crate::fabric::mirroring::{MirroringError, TableName};
use crate::fabric::{FabricError, State};

/// The status of a catalog or a table without an error.
pub(super) const RUNNING: &str = "Running";
const FAILED: &str = "Failed";

/// A table of a catalog: its namespace and its name.
type CatalogTable = (Vec<String>, String);

/// Returns the part of the timeline of a catalog that a query selects.
pub(super) fn timeline(
    state: &State,
    item: &Item,
    source: &CatalogSource,
    query: &Query,
    now: Timestamp,
) -> Result<Timeline, FabricError> {
    let edges = edges(state, item, source);
    let (total, mut page) = query.page(tables_at(state, item, source, query.at.unwrap_or(now)))?;
    check_states(edges.len(), page.len())?;
    let listed: Vec<_> = edges.iter().map(|at| mirrored_catalog::tables(state, source, *at)).collect();
    for line in &mut page {
        line.spans = table_spans(state, item, source, line, (&edges, &listed));
        line.spans.retain(|span| query.touches(span));
    }
    let points = points::of_grid(query, query.range(item.visible_from, now), |instants, sums| {
        let statuses: Vec<_> =
            edges.iter().zip(&listed).map(|(at, tables)| counts(state, item, source, tables, *at)).collect();
        for (index, at) in instants.iter().enumerate() {
            let edge = edges.partition_point(|edge| edge <= at).checked_sub(1);
            sums.set_statuses(index, edge.map(|edge| statuses[edge].clone()).unwrap_or_default());
        }
    });
    Ok(Timeline::of(query, now, spans(state, item, source), (total, page), points))
}

/// Returns the tables of a catalog at `now`, without their spans.
pub(super) fn tables_at(state: &State, item: &Item, source: &CatalogSource, now: Timestamp) -> Vec<TableLine> {
    if now < item.visible_from {
        return Vec::new();
    }
    mirrored_catalog::tables(state, source, now).iter().map(|table| line(state, item, source, table, now)).collect()
}

fn status(error: Option<&MirroringError>) -> &'static str {
    if error.is_some() { FAILED } else { RUNNING }
}

/// Returns the spans of a catalog's status.
pub(super) fn spans(state: &State, item: &Item, source: &CatalogSource) -> Vec<Span<&'static str>> {
    timeline::spans(&edges(state, item, source), |from| span(state, item, source, from))
}

/// Returns the instants at which the status of a catalog or of one of its tables can change, in order.
fn edges(state: &State, item: &Item, source: &CatalogSource) -> Vec<Timestamp> {
    let of_item = |target: &Target| matches!(target, Target::Item { item: of, .. } if *of == item.id);
    let troubles = state.troubles().all().filter(|it| it.kind == TroubleKind::CatalogFails && of_item(&it.target));
    let troubles = troubles.filter_map(|trouble| Some((trouble.begins()?, trouble)));
    let mut edges: Vec<Timestamp> = troubles.flat_map(|(from, trouble)| [from, trouble.ends_from(from)]).collect();
    edges.extend(state.declared(source.connection.into()).into_iter().flat_map(|it| it.all()).map(|(at, _)| *at));
    edges.retain(|at| *at > item.visible_from && *at < Timestamp::MAX);
    edges.push(item.visible_from);
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Returns the span of a catalog's status that begins at `from`.
fn span(state: &State, item: &Item, source: &CatalogSource, from: Timestamp) -> Span<&'static str> {
    let error = mirrored_catalog::failure(state, item, source, from);
    let trouble = state.troubles().active(item.id, TroubleKind::CatalogFails, from).map(|trouble| trouble.id);
    let reason = if trouble.is_some() { Reason::Trouble } else { Reason::Create };
    Span { status: status(error.as_ref()), error, reason, trouble, from, to: None }
}

/// Returns the span of a table's status that begins at `from`.
fn table_span(
    state: &State,
    item: &Item,
    source: &CatalogSource,
    table: &CatalogTable,
    from: Timestamp,
) -> Span<&'static str> {
    let of_catalog = span(state, item, source, from);
    let error = of_catalog.error.or_else(|| mirrored_catalog::table_failure(state, source, table, from));
    Span { status: status(error.as_ref()), error, ..of_catalog }
}

fn line(state: &State, item: &Item, source: &CatalogSource, table: &CatalogTable, at: Timestamp) -> TableLine {
    let Span { status, error, .. } = table_span(state, item, source, table, at);
    let (namespace, name) = table;
    let name = TableName { schema: namespace.join(".").into(), table: name.as_str().into() };
    TableLine { name, object_type: None, status, error, metrics: None, spans: Vec::new() }
}

/// Returns the spans of a table in the periods in which the catalog lists it.
fn table_spans(
    state: &State,
    item: &Item,
    source: &CatalogSource,
    line: &TableLine,
    (edges, listed): (&[Timestamp], &[Vec<CatalogTable>]),
) -> Vec<Span<&'static str>> {
    let table = (line.name.schema.split('.').map(str::to_owned).collect(), line.name.table.to_string());
    let ends = edges.iter().skip(1).map(|at| Some(*at)).chain([None]);
    let mut spans = Vec::new();
    for ((from, to), listed) in edges.iter().zip(ends).zip(listed) {
        if listed.contains(&table) {
            timeline::push(&mut spans, Span { to, ..table_span(state, item, source, &table, *from) });
        }
    }
    spans
}

/// Returns the number of tables by status.
fn counts(
    state: &State,
    item: &Item,
    source: &CatalogSource,
    tables: &[CatalogTable],
    at: Timestamp,
) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for table in tables {
        *counts.entry(table_span(state, item, source, table, at).status).or_default() += 1;
    }
    counts
}
