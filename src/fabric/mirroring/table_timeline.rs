//! The timelines of all tables of a database, from its creation to the last change that follows without a request.

use std::collections::HashSet;

use jiff::Timestamp;

use super::stage::{SharedEffects, Stage};
use super::tables::{Metrics, Sources, TableStatus};
use super::timeline::{self, Span};
use super::{LifecycleEvent, Replication, SourceKey, TableName};

/// The timelines of all tables of a database.
#[derive(Debug)]
pub struct TableTimelines<'a> {
    /// The stages in order, each with its first instant and the first instant after it.
    stages: Vec<(Timestamp, Timestamp, Stage<'a>)>,
}

impl<'a> TableTimelines<'a> {
    /// Computes the stages of a database.
    pub fn new(replication: &'a Replication<'_>, sources: &'a impl Sources) -> Self {
        let edges = edges(replication, sources);
        let ends = edges.iter().skip(1).copied().chain([Timestamp::MAX]);
        let mut effects = SharedEffects::default();
        let stages = edges.iter().zip(ends).map(|(from, to)| {
            let stage = replication.stage_at(sources, &mut effects, *from);
            (*from, to, stage)
        });
        Self { stages: stages.filter(|(.., stage)| !matches!(stage, Stage::Empty)).collect() }
    }

    /// Returns the number of stages.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Returns the names of all tables, in the order in which they appear.
    pub fn names(&self) -> Vec<TableName> {
        let mut known = HashSet::new();
        let names = self.stages.iter().flat_map(|(from, _, stage)| stage.names(*from));
        names.filter(|name| known.insert(name.clone())).collect()
    }

    /// Returns the spans of a table.
    pub fn spans(&self, name: &TableName) -> Vec<Span<TableStatus>> {
        let mut known = None;
        let mut spans = Vec::new();
        for (from, to, stage) in self.stages.iter().filter(|(from, _, stage)| stage.includes(name, *from)) {
            let Some(course) = stage.course(name, *from, &mut known) else { continue };
            let changes = course.changes_after(*from).into_iter().map(|(at, _)| at).take_while(|at| at < to);
            let begins: Vec<Timestamp> = std::iter::once(*from).chain(changes).collect();
            let ends = begins.iter().skip(1).chain([to]);
            for (from, to) in begins.iter().zip(ends) {
                let condition = course.condition_at(*from);
                let span = Span {
                    status: condition.status,
                    error: condition.error.cloned(),
                    reason: condition.reason,
                    trouble: condition.trouble,
                    from: *from,
                    to: Some(*to).filter(|to| *to < Timestamp::MAX),
                };
                timeline::push(&mut spans, span);
            }
        }
        spans
    }

    /// Calls `look` with the status and the totals of a table at each of these instants at which there is the table. The
    /// instants must be in order. The first argument is the index of the instant.
    pub fn figures(
        &self,
        name: &TableName,
        instants: &[Timestamp],
        mut look: impl FnMut(usize, TableStatus, Option<Metrics>),
    ) {
        let mut known = None;
        for (from, to, stage) in &self.stages {
            let first = instants.partition_point(|at| at < from);
            let count = instants.partition_point(|at| at < to).saturating_sub(first);
            if count == 0 || !stage.includes(name, *from) {
                continue;
            }
            let Some(course) = stage.course(name, *from, &mut known) else { continue };
            for (index, at) in instants.iter().enumerate().skip(first).take(count) {
                look(index, course.condition_at(*at).status, course.metrics_at(*at));
            }
        }
    }
}

/// Returns the instants at which the stage can change, in order: the events, the ends of transient statuses, and the
/// changes of the definition and of the sources.
fn edges(replication: &Replication<'_>, sources: &impl Sources) -> Vec<Timestamp> {
    let log = replication.log;
    let mut edges: Vec<Timestamp> = log.lifecycle.iter().map(|(at, _)| *at).collect();
    edges.extend((0..log.lifecycle.len()).map(|index| replication.due(index)));
    edges.extend(log.selections.iter().map(|(at, _)| *at));
    let mut known: Vec<&SourceKey> = Vec::new();
    for (_, event) in &log.lifecycle {
        if let LifecycleEvent::Started { source, .. } = event
            && !known.contains(&source)
        {
            known.push(source);
            edges.extend(sources.source(source).declared_at());
        }
    }
    let created = log.lifecycle.first().map_or(Timestamp::MIN, |(at, _)| *at);
    edges.retain(|at| (created..Timestamp::MAX).contains(at));
    edges.sort_unstable();
    edges.dedup();
    edges
}
