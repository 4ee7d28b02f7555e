//! Timelines of mirrored catalogs. Their connections are taken as they are now, because a catalog keeps no log.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::{Query, SpanBudget, TableLine, Timeline, check_states, points};
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

/// A catalog and its source.
pub(super) struct Catalog<'a> {
    pub(super) state: &'a State,
    pub(super) item: &'a Item,
    pub(super) source: CatalogSource,
}

/// A period in which neither the catalog nor its source changes.
struct Period {
    /// The span of the catalog.
    span: Span<&'static str>,
    tables: HashSet<CatalogTable>,
}

impl<'a> Catalog<'a> {
    /// Returns the catalog of an item; `None` for items of other kinds.
    pub(super) fn of(state: &'a State, item: &'a Item) -> Option<Self> {
        Some(Self { state, item, source: mirrored_catalog::source(item)? })
    }

    /// Returns the part of the timeline that a query selects.
    pub(super) fn timeline(&self, query: &Query, now: Timestamp) -> Result<Timeline, FabricError> {
        let (total, mut page) = query.page(self.tables_at(query.at.unwrap_or(now)))?;
        let periods = self.periods();
        check_states(periods.len(), page.len())?;
        let mut budget = SpanBudget::default();
        for line in &mut page {
            line.spans = self.table_spans(line, &periods);
            line.spans.retain(|span| query.touches(span));
            budget.take(line.spans.len())?;
        }
        let points = points::of_grid(query, query.range(self.item.visible_from, now), |instants, sums| {
            let statuses: Vec<_> = periods.iter().map(|period| self.counts(period)).collect();
            for (index, at) in instants.iter().enumerate() {
                let period = periods.partition_point(|period| period.span.from <= *at).checked_sub(1);
                sums.set_statuses(index, period.map(|period| statuses[period].clone()).unwrap_or_default());
            }
        });
        Ok(Timeline::of(query, now, self.spans(), (total, page), points))
    }

    /// Returns the spans of the catalog's status.
    pub(super) fn spans(&self) -> Vec<Span<&'static str>> {
        timeline::spans(&self.edges(), |from| self.span(from))
    }

    /// Returns the tables at `now`, without their spans.
    pub(super) fn tables_at(&self, now: Timestamp) -> Vec<TableLine> {
        if now < self.item.visible_from {
            return Vec::new();
        }
        let of_catalog = self.span(now);
        let line = |table: CatalogTable| {
            let Span { status, error, .. } = self.table_span(&of_catalog, &table);
            let (namespace, name) = table;
            let name = TableName { schema: namespace.join(".").into(), table: name.into() };
            TableLine { name, object_type: None, status, error, metrics: None, spans: Vec::new() }
        };
        mirrored_catalog::tables(self.state, &self.source, now).into_iter().map(line).collect()
    }

    /// Returns the instants at which the status of the catalog or of a table can change, in order.
    fn edges(&self) -> Vec<Timestamp> {
        let Self { state, item, source } = self;
        let concerns = |target: &Target| matches!(target, Target::Item { item: of, .. } if *of == item.id);
        let troubles = state.troubles().all().filter(|it| it.kind == TroubleKind::CatalogFails && concerns(&it.target));
        let troubles = troubles.filter_map(|trouble| Some((trouble.begins()?, trouble)));
        let mut edges: Vec<Timestamp> = troubles.flat_map(|(from, trouble)| [from, trouble.ends_from(from)]).collect();
        edges.extend(state.declared(source.connection.into()).into_iter().flat_map(|it| it.all()).map(|(at, _)| *at));
        edges.retain(|at| *at > item.visible_from && *at < Timestamp::MAX);
        edges.push(item.visible_from);
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    fn periods(&self) -> Vec<Period> {
        let edges = self.edges();
        let ends = edges.iter().skip(1).map(|at| Some(*at)).chain([None]);
        let period = |(from, to): (&Timestamp, Option<Timestamp>)| Period {
            span: Span { to, ..self.span(*from) },
            tables: mirrored_catalog::tables(self.state, &self.source, *from).into_iter().collect(),
        };
        edges.iter().zip(ends).map(period).collect()
    }

    /// Returns the span of the catalog's status that begins at `from`.
    fn span(&self, from: Timestamp) -> Span<&'static str> {
        let error = mirrored_catalog::failure(self.state, self.item, &self.source, from);
        let trouble = self.state.troubles().active(self.item.id, TroubleKind::CatalogFails, from);
        let trouble = trouble.map(|trouble| trouble.id);
        let reason = if trouble.is_some() { Reason::Trouble } else { Reason::Create };
        Span { status: status(error.as_ref()), error, reason, trouble, from, to: None }
    }

    /// Returns the span of a table during a span of the catalog.
    fn table_span(&self, of_catalog: &Span<&'static str>, table: &CatalogTable) -> Span<&'static str> {
        let of_table = || mirrored_catalog::table_failure(self.state, &self.source, table, of_catalog.from);
        let error = of_catalog.error.clone().or_else(of_table);
        Span { status: status(error.as_ref()), error, ..*of_catalog }
    }

    /// Returns the spans of a table in the periods in which the catalog lists it.
    fn table_spans(&self, line: &TableLine, periods: &[Period]) -> Vec<Span<&'static str>> {
        let table = (line.name.schema.split('.').map(str::to_owned).collect(), line.name.table.to_string());
        let mut spans = Vec::new();
        for period in periods.iter().filter(|period| period.tables.contains(&table)) {
            timeline::push(&mut spans, self.table_span(&period.span, &table));
        }
        spans
    }

    /// Returns the number of tables by status.
    fn counts(&self, period: &Period) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for table in &period.tables {
            *counts.entry(self.table_span(&period.span, table).status).or_default() += 1;
        }
        counts
    }
}

fn status(error: Option<&MirroringError>) -> &'static str {
    if error.is_some() { FAILED } else { RUNNING }
}
