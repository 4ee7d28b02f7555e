//! Windows: the periods in which trouble affects a mirrored database, computed from the trouble and the database's log.
//!
//! The log is read once, from its first event to its last. Trouble decides when a transient status ends and if a start
//! fails, and the instants of `Running` decide when trouble begins and ends. Each depends only on earlier events, so
//! later events never change the past.

use jiff::Timestamp;

use super::tables::Sources;
use super::trouble::{End, Start, Trouble, TroubleKind, later_by};
use super::{LifecycleEvent, Mirroring, MirroringError, TableName};
use crate::fabric::instant::later;
use crate::ids::{SourceId, TroubleId};

/// A period in which a trouble affects a database.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window<'a> {
    /// The trouble; `None` for a missing permission of the source's identity.
    pub trouble: Option<TroubleId>,
    /// The kind of the trouble.
    pub kind: TroubleKind,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after the window. [`Timestamp::MAX`] means that the trouble does not end.
    pub to: Timestamp,
    /// The source that has the trouble; `None` if the item has it.
    pub source: Option<SourceId>,
    /// The table that has the trouble; `None` for all tables.
    pub table: Option<&'a TableName>,
    /// The error that the trouble shows.
    pub error: Option<&'a MirroringError>,
    /// The factor of `slow`, otherwise 1.
    pub factor: f64,
    /// `true` if tables are replicated during the trouble.
    pub figures_go_on: bool,
    /// The instant at which the trouble was planned, and the number of events of the log at this instant that precede it.
    planned: (Timestamp, usize),
    /// `true` if a start ends the trouble.
    awaits_restart: bool,
    /// `true` if the trouble has had an effect.
    has_shown: bool,
}

impl<'a> Window<'a> {
    fn new(trouble: &'a Trouble, from: Timestamp) -> Self {
        Self {
            trouble: Some(trouble.id),
            kind: trouble.kind,
            from,
            to: trouble.ends_from(from),
            source: trouble.target.source(),
            table: trouble.target.table(),
            error: trouble.error.as_ref(),
            factor: trouble.factor.unwrap_or(1.0),
            figures_go_on: trouble.figures_go_on,
            planned: (trouble.planned_at, trouble.earlier_events),
            awaits_restart: trouble.ends == Some(End::Restart),
            has_shown: false,
        }
    }

    /// Returns the window of a missing permission: the identity of `source` cannot write in the workspace.
    pub fn without_permission(source: SourceId, from: Timestamp, to: Timestamp) -> Self {
        Self {
            trouble: None,
            kind: TroubleKind::NoRows,
            from,
            to,
            source: Some(source),
            table: None,
            error: None,
            factor: 1.0,
            figures_go_on: false,
            planned: (Timestamp::MIN, 0),
            awaits_restart: false,
            has_shown: false,
        }
    }

    /// Returns `true` if the window contains `now`.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.to
    }
}

/// The windows of a mirrored database, and their effects on the events in its log.
#[derive(Debug, Clone, Default)]
pub struct Windows<'a> {
    /// The windows that have begun or whose beginning is known.
    all: Vec<Window<'a>>,
    /// The outcomes of the events in the log; empty if no trouble affects the database.
    outcomes: Vec<Outcome>,
    /// The periods between a pause and the next `Running`.
    pauses: Vec<(Timestamp, Timestamp)>,
}

/// The effect of trouble on an event in the log.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    /// The end of the transient status that begins with the event.
    due: Timestamp,
    /// The index of the window of the trouble that makes the start fail.
    failed: Option<usize>,
}

impl<'a> Windows<'a> {
    /// Returns the windows.
    pub fn all(&self) -> &[Window<'a>] {
        &self.all
    }

    /// Returns the periods between a pause and the next `Running`.
    pub(super) fn pauses(&self) -> &[(Timestamp, Timestamp)] {
        &self.pauses
    }

    /// Returns the end of the transient status of the event with this index, if trouble was considered for it.
    pub(super) fn due(&self, index: usize) -> Option<Timestamp> {
        self.outcomes.get(index).map(|outcome| outcome.due)
    }

    /// Returns the window of the trouble that makes the start with this index fail.
    pub(super) fn failed(&self, index: usize) -> Option<&Window<'a>> {
        self.outcomes.get(index).and_then(|outcome| self.all.get(outcome.failed?))
    }

    /// Returns the window whose error is beside the status `Running` at `now`: the first that began.
    pub(super) fn database_error(&self, now: Timestamp) -> Option<&Window<'a>> {
        let active = self.all.iter().filter(|it| it.kind == TroubleKind::DatabaseError && it.contains(now));
        active.min_by_key(|window| window.from)
    }

    /// Returns the first instant after `now` at which the error beside `Running` changes.
    pub(super) fn next_database_error(&self, now: Timestamp) -> Option<Timestamp> {
        let shown = |at| self.database_error(at).and_then(|window| window.error);
        let windows = self.all.iter().filter(|window| window.kind == TroubleKind::DatabaseError);
        let mut edges: Vec<Timestamp> = windows.flat_map(|window| [window.from, window.to]).collect();
        edges.retain(|at| *at > now && *at < Timestamp::MAX);
        edges.sort_unstable();
        edges.into_iter().find(|at| shown(*at) != shown(now))
    }

    /// Returns `true` if a window concerns only this table.
    pub(super) fn names(&self, name: &TableName) -> bool {
        self.all.iter().any(|window| window.table == Some(name))
    }

    /// Returns `true` if a window of this kind contains `now`.
    pub fn has(&self, kind: TroubleKind, now: Timestamp) -> bool {
        self.all.iter().any(|window| window.kind == kind && window.contains(now))
    }
}

/// The computation of [`Windows`].
struct Resolver<'a, 'b, S> {
    mirroring: &'a Mirroring,
    sources: &'a S,
    windows: Windows<'a>,
    /// The trouble whose beginning depends on the log.
    pending: Vec<&'b &'a Trouble>,
    pause: Option<Timestamp>,
}

/// Computes the windows of a mirrored database. `gaps` are the windows of missing permissions.
pub(super) fn resolve<'a, S: Sources>(
    mirroring: &'a Mirroring,
    troubles: &[&'a Trouble],
    gaps: Vec<Window<'a>>,
    sources: &'a S,
) -> Windows<'a> {
    if troubles.is_empty() && gaps.is_empty() {
        return Windows::default();
    }
    let windows = Windows { all: gaps, ..Windows::default() };
    let mut resolver = Resolver { mirroring, sources, windows, pending: Vec::new(), pause: None };
    for trouble in troubles {
        match trouble.begins() {
            Some(from) if trouble.kind != TroubleKind::Reseed => resolver.add(Window::new(trouble, from)),
            Some(_) | None => resolver.pending.push(trouble),
        }
    }
    for index in 0..mirroring.lifecycle.len() {
        resolver.read(index);
    }
    resolver.windows
}

impl<'a, S: Sources> Resolver<'a, '_, S> {
    fn add(&mut self, window: Window<'a>) {
        if window.from < window.to {
            self.windows.all.push(window);
        }
    }

    /// Reads the event with this index.
    fn read(&mut self, index: usize) {
        let (at, event) = &self.mirroring.lifecycle[index];
        let next = self.mirroring.lifecycle.get(index + 1).map_or(Timestamp::MAX, |(at, _)| *at);
        if matches!(event, LifecycleEvent::Started { .. }) {
            self.restart(*at);
        }
        let due = self.held(index, later(*at, event.takes()));
        let mut failed = None;
        if let LifecycleEvent::Started { error: None, .. } = event
            && due < next
        {
            failed = self.failing(index, due);
        }
        self.windows.outcomes.push(Outcome { due, failed });
        match event {
            LifecycleEvent::Started { source, error: None, .. } if failed.is_none() && due < next => {
                if let Some(from) = self.pause.take() {
                    self.windows.pauses.push((from, due));
                }
                self.run(index, source.id(), due, next);
            }
            LifecycleEvent::Paused { .. } => self.pause = Some(self.pause.unwrap_or(*at)),
            LifecycleEvent::Stopped { .. } => self.pause = None,
            LifecycleEvent::Created { .. } | LifecycleEvent::Started { .. } => {}
        }
    }

    /// Ends the trouble that has shown before the start at `at` and lasts until a restart.
    fn restart(&mut self, at: Timestamp) {
        for window in self.windows.all.iter_mut().filter(|window| window.awaits_restart && window.to > at) {
            let needs_run = window.kind.shows_while_running() || window.kind == TroubleKind::StartFails;
            if window.has_shown || !needs_run && window.from < at {
                window.to = at;
            }
        }
    }

    /// Returns `true` if a window contains the end of a transient status, at `due`, and was planned before this end.
    fn meets(&self, window: &Window<'_>, index: usize, due: Timestamp) -> bool {
        let log = &self.mirroring.lifecycle;
        let (planned_at, earlier_events) = window.planned;
        let at = log[index].0;
        let rank = index - log.partition_point(|(before, _)| *before < at);
        let is_over = due <= planned_at && (at < planned_at || rank < earlier_events);
        window.contains(due) && !is_over
    }

    /// Returns the end of the transient status that begins with an event and is due at `due`, unless trouble holds it.
    fn held(&self, index: usize, mut due: Timestamp) -> Timestamp {
        let event = &self.mirroring.lifecycle[index].1;
        let holds = |window: &&Window<'_>| match window.kind {
            TroubleKind::Stuck => !matches!(event, LifecycleEvent::Paused { .. }),
            TroubleKind::SqlEndpointLate => matches!(event, LifecycleEvent::Created { .. }),
            _ => false,
        };
        while let Some(window) = self.windows.all.iter().filter(holds).find(|it| self.meets(it, index, due)) {
            due = window.to;
        }
        due
    }

    /// Returns the index of the window that makes the start with this index fail at `due`. If the trouble lasts until a
    /// restart, this start ends it.
    fn failing(&mut self, index: usize, due: Timestamp) -> Option<usize> {
        let fails = |it: &Window<'_>| it.kind == TroubleKind::StartFails && self.meets(it, index, due);
        let found = self.windows.all.iter().position(fails)?;
        let window = &mut self.windows.all[found];
        window.has_shown = true;
        if window.awaits_restart {
            window.to = due;
        }
        Some(found)
    }

    /// Determines the beginnings of the pending trouble in a run, which begins with `Running` and ends at `ends`.
    fn run(&mut self, index: usize, source: Option<SourceId>, running: Timestamp, ends: Timestamp) {
        let pending = std::mem::take(&mut self.pending);
        for trouble in pending {
            let concerns = trouble.target.source().is_none_or(|of| Some(of) == source) && trouble.planned_at < ends;
            let from = if concerns { self.beginning(trouble, index, running, ends) } else { None };
            match from {
                Some(from) => self.add(Window::new(trouble, from)),
                None => self.pending.push(trouble),
            }
        }
        let shown = |window: &&mut Window<'_>| {
            window.kind.shows_while_running()
                && window.source.is_none_or(|of| Some(of) == source)
                && window.from <= ends
                && window.to > running
        };
        self.windows.all.iter_mut().filter(shown).for_each(|window| window.has_shown = true);
    }

    /// Returns the beginning of a trouble in a run; `None` if the trouble does not begin in this run.
    fn beginning(&self, trouble: &Trouble, index: usize, running: Timestamp, ends: Timestamp) -> Option<Timestamp> {
        let at = match trouble.starts {
            Some(Start::After(seconds)) => later_by(running, seconds).max(trouble.planned_at),
            Some(Start::Share(share)) => {
                let name = trouble.target.table()?;
                let (run, planned) = ((index, running), trouble.planned_at);
                self.mirroring.share_instant(&self.windows, self.sources, run, (name, share), planned)?
            }
            Some(Start::At(at)) => at.max(running),
            None => trouble.planned_at.max(running),
        };
        let waits_for_run = matches!(trouble.starts, None | Some(Start::At(_) | Start::Share(_)));
        (!waits_for_run || at < ends).then_some(at)
    }
}
