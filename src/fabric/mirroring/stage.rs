//! Stages: what decides the state of a database's tables in a period without events.
//!
//! The status calls and the timeline both read the tables from the stage at an instant, so that they cannot disagree.

use std::rc::Rc;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::definition::TABLES_MAX;
use super::effects::Effects;
use super::source::{ObjectType, Source};
use super::source_table::{Presence, SourceTable};
use super::table_history::TableHistory;
use super::tables::{Metrics, Sources, TableChanges, TableState, TableStatus};
use super::timeline::Reason;
use super::windows::Windows;
use super::{
    LifecycleEvent, Mirroring, MirroringError, Replication, ResumePoint, ResumePoints, Selection, SourceKey, TableName,
    TableTiming,
};
use crate::fabric::instant::later;
use crate::ids::{SourceId, TroubleId};

/// The error of a table that does not exist at the source.
static SOURCE_TABLE_NOT_FOUND: LazyLock<MirroringError> = LazyLock::new(|| MirroringError {
    code: "SourceTableNotFound".into(),
    message: "The source table does not exist".into(),
});

/// A run of replication, from `Running` to a stop or a pause. The start fixes the source and the timing of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    /// The index of the start in the log.
    index: usize,
    running: Timestamp,
    timing: TableTiming,
    source: &'a SourceKey,
    resume_points: &'a ResumePoints,
}

/// The end of a run: a stop or a pause.
#[derive(Debug, Clone, Copy)]
struct Halt<'a> {
    run: Run<'a>,
    at: Timestamp,
    /// The index of the event in the log.
    index: usize,
    is_pause: bool,
}

/// What decides the state of the tables in a period without events.
#[derive(Debug)]
pub(super) enum Stage<'a> {
    /// Nothing has been replicated.
    Empty,
    /// A run replicates the tables.
    Live(Followed<'a>),
    /// The tables stand still since the end of a run.
    Halted(Halted<'a>),
}

/// The tables after the end of a run.
#[derive(Debug)]
pub(super) struct Halted<'a> {
    followed: Followed<'a>,
    /// The end of the run.
    at: Timestamp,
    /// The present selection. Tables that it does not contain are gone.
    selection: &'a Selection,
    /// The reason for the status `Stopped`, and its trouble; `None` if the tables keep their statuses.
    stopped: Option<Stopped>,
}

/// The reason for the status `Stopped`, and the trouble, if it is the reason.
type Stopped = (Reason, Option<TroubleId>);

/// The tables of a run.
#[derive(Debug)]
pub(super) struct Followed<'a> {
    run: Run<'a>,
    source: Source<'a>,
    windows: &'a Windows<'a>,
    /// The effects of the windows that concern all tables.
    effects: Rc<Effects<'a>>,
    selection: &'a Selection,
}

/// The effects of the windows that concern all tables of a source. They are computed once.
#[derive(Debug, Default)]
pub(super) struct SharedEffects<'a>(Vec<(Option<SourceId>, Rc<Effects<'a>>)>);

impl<'a> SharedEffects<'a> {
    fn of(&mut self, windows: &Windows<'a>, source: Option<SourceId>) -> Rc<Effects<'a>> {
        if let Some((_, known)) = self.0.iter().find(|(of, _)| *of == source) {
            return Rc::clone(known);
        }
        let effects = Rc::new(Effects::of_table(windows, source, None));
        self.0.push((source, Rc::clone(&effects)));
        effects
    }
}

/// The last history of a table, with what it depends on: the run, its timing, and the beginning of the replication. It is
/// used again in the next stage if these are the same.
pub(super) type Known<'a> = Option<((usize, TableTiming, Timestamp), Rc<TableHistory<'a>>)>;

impl Replication<'_> {
    /// Returns the stage at `now`.
    pub(super) fn stage_at<'s>(
        &'s self,
        sources: &'s impl Sources,
        effects: &mut SharedEffects<'s>,
        now: Timestamp,
    ) -> Stage<'s> {
        let mut follow = |run: Run<'s>, at: Timestamp| Followed {
            run,
            source: sources.source(run.source),
            windows: &self.windows,
            effects: effects.of(&self.windows, run.source.id()),
            selection: self.log.selection_at(at),
        };
        let count = self.log.lifecycle.partition_point(|(at, _)| *at <= now);
        let halt = self.last_halt(count);
        // A start that has failed stops what was paused.
        let has_failed = |after: usize| (after..count.saturating_sub(1)).any(|index| self.is_failed_start(index));
        let was_paused = halt.is_some_and(|halt| halt.is_pause && !has_failed(halt.index + 1));
        let last = count.checked_sub(1).map(|index| (index, &self.log.lifecycle[index].1));
        let keeps_status = match last {
            Some((index, LifecycleEvent::Started { error: None, .. })) => {
                if now >= self.due(index)
                    && let Some(run) = self.run_of(index)
                {
                    return Stage::Live(follow(run, now));
                }
                was_paused && self.windows.failed(index).is_none_or(|_| now < self.due(index))
            }
            Some((_, LifecycleEvent::Paused { .. })) => was_paused,
            Some((index, LifecycleEvent::Stopped { .. })) => now < self.due(index),
            Some((_, LifecycleEvent::Created { .. } | LifecycleEvent::Started { .. })) | None => false,
        };
        let Some(Halt { run, at, .. }) = halt else { return Stage::Empty };
        let stopped = (!keeps_status).then(|| {
            let phase = self.phase_at(now);
            (phase.reason, phase.trouble)
        });
        Stage::Halted(Halted { followed: follow(run, at), at, selection: self.log.selection_at(now), stopped })
    }

    /// Returns the last stop or pause of a run among the first `count` events. Ignores a pause during `Starting`, because
    /// its run never began.
    fn last_halt(&self, count: usize) -> Option<Halt<'_>> {
        (1..count).rev().find_map(|index| {
            let (at, event) = &self.log.lifecycle[index];
            let is_pause = match event {
                LifecycleEvent::Paused { .. } => true,
                LifecycleEvent::Stopped { .. } => false,
                LifecycleEvent::Created { .. } | LifecycleEvent::Started { .. } => return None,
            };
            let run = self.run_of(index - 1).filter(|run| run.running <= *at)?;
            Some(Halt { run, at: *at, index, is_pause })
        })
    }

    /// Returns `true` if the event with this index is a start that fails.
    fn is_failed_start(&self, index: usize) -> bool {
        let is_start = matches!(self.log.lifecycle[index].1, LifecycleEvent::Started { .. });
        is_start && (self.log.run(index, Timestamp::MIN).is_none() || self.windows.failed(index).is_some())
    }

    /// Returns the run that the event with this index began, or `None` if the event is not a successful start.
    fn run_of(&self, index: usize) -> Option<Run<'_>> {
        let run = self.log.run(index, self.due(index))?;
        self.windows.failed(index).is_none().then_some(run)
    }
}

impl Mirroring {
    /// Returns the run that the event with this index begins at `running`, or `None` if the event is not a successful
    /// start.
    fn run(&self, index: usize, running: Timestamp) -> Option<Run<'_>> {
        let LifecycleEvent::Started { timing, source, error: None, resume_points, .. } = &self.lifecycle[index].1
        else {
            return None;
        };
        Some(Run { index, running, timing: *timing, source, resume_points })
    }

    /// Returns the instant at which a share of the rows of a table is copied in the run with this index, under the
    /// trouble that is known so far.
    pub(super) fn share_instant(
        &self,
        windows: &Windows<'_>,
        sources: &impl Sources,
        (index, running): (usize, Timestamp),
        (name, share): (&TableName, f64),
        planned: Timestamp,
    ) -> Option<Timestamp> {
        let run = self.run(index, running)?;
        let at = running.max(planned);
        let followed = Followed {
            run,
            source: sources.source(run.source),
            windows,
            effects: SharedEffects::default().of(windows, run.source.id()),
            selection: self.selection_at(at),
        };
        followed.selection.since(name)?;
        let table = followed.table(name);
        let begin = followed.begin(name, &table, at)?;
        followed.history(begin.run, name, table, begin.at).share_instant(share, planned)
    }
}

impl<'a> Stage<'a> {
    /// Returns the names of the tables. `now` is an instant of the stage.
    pub(super) fn names(&self, now: Timestamp) -> Vec<TableName> {
        match self {
            Self::Empty => Vec::new(),
            Self::Live(followed) => followed.names(now),
            Self::Halted(halted) => {
                let mut names = halted.followed.names(halted.at);
                names.retain(|name| halted.selection.since(name).is_some());
                names
            }
        }
    }

    /// Returns `true` if the tables include this table. `now` is an instant of the stage.
    pub(super) fn includes(&self, name: &TableName, now: Timestamp) -> bool {
        match self {
            Self::Empty => false,
            Self::Live(followed) => followed.includes(name, now),
            Self::Halted(halted) => halted.followed.includes(name, halted.at) && halted.selection.since(name).is_some(),
        }
    }

    /// Returns the course of a table that the stage includes. `now` is an instant of the stage.
    pub(super) fn course(&self, name: &TableName, now: Timestamp, known: &mut Known<'a>) -> Option<Course<'a>> {
        match self {
            Self::Empty => None,
            Self::Live(followed) => Some(followed.course(name, now, known)),
            Self::Halted(Halted { followed, at, stopped, .. }) => {
                Some(Course { halt: Some((*at, *stopped)), ..followed.course(name, *at, known) })
            }
        }
    }
}

/// The beginning of a table's replication.
struct Begin<'a> {
    at: Timestamp,
    /// The run whose timing applies.
    run: Run<'a>,
    reason: Reason,
}

impl<'a> Followed<'a> {
    fn names(&self, now: Timestamp) -> Vec<TableName> {
        match self.selection {
            Selection::Only { order, .. } => order.clone(),
            Selection::All { .. } => self.source.tables(now, TABLES_MAX),
        }
    }

    fn includes(&self, name: &TableName, now: Timestamp) -> bool {
        match self.selection {
            Selection::Only { since, .. } => since.contains_key(name),
            Selection::All { .. } => self.source.lists(name, now, TABLES_MAX),
        }
    }

    /// Returns a table of the source over time.
    fn table(&self, name: &TableName) -> SourceTable<'a> {
        self.source.table(name, self.selection.names(name))
    }

    /// Returns the beginning of the replication of a table; `None` if the table does not exist at `now`.
    fn begin(&self, name: &TableName, table: &SourceTable<'_>, now: Timestamp) -> Option<Begin<'a>> {
        let Presence::Since(added) = table.presence(now) else { return None };
        let selected = self.selection.since(name).unwrap_or(self.run.running);
        if let Some(ResumePoint { since, timing }) = self.run.resume_points.0.get(name).copied()
            && selected <= since
            && added <= since
        {
            return Some(Begin { at: since, run: Run { timing, ..self.run }, reason: Reason::Start });
        }
        let at = selected.max(self.run.running).max(added);
        Some(Begin { at, run: self.run, reason: self.reason(at) })
    }

    /// Returns the reason for which the replication of a table begins at an instant of the run.
    fn reason(&self, begin: Timestamp) -> Reason {
        if begin > self.run.running { Reason::Definition } else { Reason::Start }
    }

    fn course(&self, name: &TableName, now: Timestamp, known: &mut Known<'a>) -> Course<'a> {
        let table = self.table(name);
        let object_type = table.object_type(now);
        let course =
            |since, reason, figures| Course { name: name.clone(), object_type, since, reason, figures, halt: None };
        if let Some(Begin { at, run, reason }) = self.begin(name, &table, now) {
            return course(at, reason, Figures::Followed(self.known_history(run, name, table, at, known)));
        }
        let begin = self.selection.since(name).unwrap_or(self.run.running).max(self.run.running);
        match table.presence(now) {
            Presence::Until(dropped) if dropped > begin => {
                // Uses the state just before the table was dropped, because a later declaration describes another table
                // of the same name.
                let last = dropped.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(dropped);
                let added = match table.presence(last) {
                    Presence::Since(added) => added,
                    Presence::Until(_) | Presence::Never => begin,
                };
                let (since, object_type) = (begin.max(added), table.object_type(last));
                let history = self.known_history(self.run, name, table, since, known);
                Course { object_type, ..course(since, Reason::Definition, Figures::Dropped(history, last)) }
            }
            Presence::Since(_) | Presence::Until(_) | Presence::Never => {
                // The table fails when its snapshot would begin.
                course(begin, self.reason(begin), Figures::Missing(later(begin, self.run.timing.wait)))
            }
        }
    }

    fn known_history(
        &self,
        run: Run<'a>,
        name: &TableName,
        table: SourceTable<'a>,
        begin: Timestamp,
        known: &mut Known<'a>,
    ) -> Rc<TableHistory<'a>> {
        let key = (run.index, run.timing, begin);
        match known {
            Some((of, history)) if *of == key => Rc::clone(history),
            _ => {
                let history = Rc::new(self.history(run, name, table, begin));
                *known = Some((key, Rc::clone(&history)));
                history
            }
        }
    }

    fn history(&self, run: Run<'a>, name: &TableName, table: SourceTable<'a>, begin: Timestamp) -> TableHistory<'a> {
        let effects = if self.windows.names(name) {
            Rc::new(Effects::of_table(self.windows, run.source.id(), Some(name)))
        } else {
            Rc::clone(&self.effects)
        };
        TableHistory::new(table, run.timing, begin, effects)
    }
}

/// The state of one table as a function of the instant, within a stage.
#[derive(Debug)]
pub(super) struct Course<'a> {
    name: TableName,
    object_type: ObjectType,
    /// The beginning of the replication, and the reason for it.
    since: Timestamp,
    reason: Reason,
    figures: Figures<'a>,
    /// The instant at which the table stands still, and the reason for the status `Stopped`, if it has this status.
    halt: Option<(Timestamp, Option<Stopped>)>,
}

#[derive(Debug)]
enum Figures<'a> {
    /// The table exists at the source.
    Followed(Rc<TableHistory<'a>>),
    /// The table was dropped from the source just after this instant.
    Dropped(Rc<TableHistory<'a>>, Timestamp),
    /// The table does not exist at the source. It fails at this instant.
    Missing(Timestamp),
}

/// The status of a table, the error beside it, and the reason for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition<'a> {
    pub(super) status: TableStatus,
    pub(super) error: Option<&'a MirroringError>,
    pub(super) reason: Reason,
    pub(super) trouble: Option<TroubleId>,
}

impl<'a> Course<'a> {
    /// Returns the condition of the table at `now`.
    pub(super) fn condition_at(&self, now: Timestamp) -> Condition<'a> {
        let plain = |status, error, reason| Condition { status, error, reason, trouble: None };
        if let Some((_, Some((reason, trouble)))) = self.halt {
            return Condition { trouble, ..plain(TableStatus::Stopped, None, reason) };
        }
        let now = self.halt.map_or(now, |(at, _)| at);
        match &self.figures {
            Figures::Followed(history) => {
                let shown = history.shown_at(now);
                let (status, error, trouble) = (shown.status, shown.error, shown.trouble);
                let reason = if trouble.is_some() { Reason::Trouble } else { self.reason };
                Condition { status, error, reason, trouble }
            }
            Figures::Missing(fails) if now < *fails => plain(TableStatus::Initialized, None, self.reason),
            Figures::Missing(_) | Figures::Dropped(..) => {
                plain(TableStatus::Failed, Some(&*SOURCE_TABLE_NOT_FOUND), self.reason)
            }
        }
    }

    /// Returns the totals of the table at `now`.
    pub(super) fn metrics_at(&self, now: Timestamp) -> Option<Metrics> {
        match &self.figures {
            Figures::Followed(history) => history.metrics_at(self.halt.map_or(now, |(at, _)| at)),
            Figures::Dropped(history, last) => history.metrics_at(*last),
            Figures::Missing(_) => None,
        }
    }

    /// Returns the changes of the condition after `now`, each with the status that follows.
    pub(super) fn changes_after(&self, now: Timestamp) -> TableChanges {
        match &self.figures {
            _ if self.halt.is_some() => Vec::new(),
            Figures::Followed(history) => history.changes_after(now),
            Figures::Missing(fails) if now < *fails => vec![(*fails, TableStatus::Failed)],
            Figures::Missing(_) | Figures::Dropped(..) => Vec::new(),
        }
    }

    /// Returns the state of the table at `now`.
    pub(super) fn state_at(&self, now: Timestamp) -> TableState {
        let condition = self.condition_at(now);
        TableState {
            name: self.name.clone(),
            object_type: self.object_type,
            since: self.since,
            status: condition.status,
            metrics: self.metrics_at(now),
            error: condition.error.cloned(),
        }
    }
}
