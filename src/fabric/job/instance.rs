//! Runs of jobs at an instant: their status, and their list.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Run;
use crate::fabric::item::Item;
use crate::fabric::mirroring::MirroringError;
use crate::fabric::mirroring::trouble::{Trouble, TroubleKind};
use crate::fabric::page::Position;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::JobInstanceId;

/// The maximum number of ended runs in the list of the runs of an item (documented).
pub const ENDED_MAX: usize = 100;

/// The cause of a run. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum InvokeType {
    /// A schedule.
    Scheduled,
    /// A request.
    Manual,
}

/// The status of a run. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum JobStatus {
    /// Waiting for its start.
    NotStarted,
    /// In progress.
    InProgress,
    /// Ended without an error.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended early, because it was cancelled.
    Cancelled,
}

impl JobStatus {
    /// Returns `true` if the run has not ended.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::NotStarted | Self::InProgress)
    }
}

/// A run at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct JobInstance {
    /// The run.
    pub run: Run,
    /// The cause.
    pub invoke_type: InvokeType,
    /// The status.
    pub status: JobStatus,
    /// The instant of the start; that of the request while the run waits for its start.
    pub started_at: Timestamp,
    /// The instant of the end; `None` while the run is active.
    pub ended_at: Option<Timestamp>,
    /// The time until the next poll; `None` if the run has ended.
    pub retry_after: Option<SignedDuration>,
}

impl JobInstance {
    /// Computes the status of a run. `cancelled` is the instant at which its cancellation takes effect.
    fn new(run: Run, invoke_type: InvokeType, cancelled: Option<Timestamp>, now: Timestamp) -> Self {
        let end = cancelled.map_or(run.ends(), |at| at.min(run.ends()));
        let status = status_at(&run, cancelled, now);
        let is_active = status.is_active();
        let begins = run.begins();
        Self {
            invoke_type,
            status,
            started_at: if begins <= now.min(end) { begins } else { run.requested_at },
            ended_at: (!is_active).then_some(end),
            retry_after: is_active.then(|| until_poll(&run, now)),
            run,
        }
    }

    /// Returns the error of a run that has failed.
    pub fn error(&self) -> Option<&MirroringError> {
        self.run.error.as_ref().filter(|_| self.status == JobStatus::Failed)
    }
}

/// Computes the status of a run. `cancelled` is the instant at which its cancellation takes effect.
fn status_at(run: &Run, cancelled: Option<Timestamp>, now: Timestamp) -> JobStatus {
    let ends = run.ends();
    let cancelled = cancelled.filter(|at| *at < ends);
    let end = cancelled.unwrap_or(ends);
    match (cancelled, &run.error) {
        _ if now < run.begins().min(end) => JobStatus::NotStarted,
        _ if now < end => JobStatus::InProgress,
        (Some(_), _) => JobStatus::Cancelled,
        (None, Some(_)) => JobStatus::Failed,
        (None, None) => JobStatus::Completed,
    }
}

/// Returns the time from `now` to the next poll. Polls are due at multiples of `retry_after` after the request.
fn until_poll(run: &Run, now: Timestamp) -> SignedDuration {
    let every = run.timing.retry_after.as_nanos().max(1);
    let left = every - now.duration_since(run.requested_at).as_nanos().rem_euclid(every);
    SignedDuration::from_nanos(i64::try_from(left).unwrap_or(i64::MAX))
}

/// Returns a run of an item.
pub fn find(state: &State, item: &Item, id: JobInstanceId, now: Timestamp) -> Result<JobInstance, FabricError> {
    let found = instances(state, item, now).into_iter().find(|instance| instance.run.id == id);
    found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("JobInstance", id))
}

/// Returns the runs of an item, latest first: the active ones, and the last [`ENDED_MAX`] of those that have ended. Of
/// each schedule there are at most [`ENDED_MAX`].
pub fn instances(state: &State, item: &Item, now: Timestamp) -> Vec<JobInstance> {
    let Some(jobs) = &item.jobs else { return Vec::new() };
    let troubles: Vec<&Trouble> = state.troubles().of_kind(item.id, TroubleKind::JobFails).collect();
    let scheduled = jobs.periods.iter().flat_map(|period| {
        let due = period.last_due(now, ENDED_MAX).into_iter();
        due.map(|at| (period.run(state.seed(), at, error_at(&troubles, at)), InvokeType::Scheduled))
    });
    let manual = jobs.runs.iter().map(|run| (run.clone(), InvokeType::Manual));
    let instance = |(run, invoke_type): (Run, _)| {
        let cancelled = jobs.cancelled.get(&run.id).copied();
        JobInstance::new(run, invoke_type, cancelled, now)
    };
    let mut instances: Vec<JobInstance> = manual.chain(scheduled).map(instance).collect();
    instances.sort_by_key(|instance| Reverse((instance.run.requested_at, instance.run.id)));
    let mut ended = 0;
    instances.retain(|instance| {
        let is_active = instance.status.is_active();
        ended += usize::from(!is_active);
        is_active || ended <= ENDED_MAX
    });
    instances
}

/// Returns the changes of the statuses of the runs of an item after `now`: of the active runs, and of the next run of
/// each schedule.
pub fn changes(state: &State, item: &Item, now: Timestamp) -> Vec<(Timestamp, JobInstanceId, JobStatus)> {
    let Some(jobs) = &item.jobs else { return Vec::new() };
    let troubles: Vec<&Trouble> = state.troubles().of_kind(item.id, TroubleKind::JobFails).collect();
    let active = instances(state, item, now).into_iter().filter(|instance| instance.status.is_active());
    let next = jobs.periods.iter().filter_map(|period| {
        let due = period.next_due(now)?;
        Some(period.run(state.seed(), due, error_at(&troubles, due)))
    });
    let runs = active.map(|instance| instance.run).chain(next);
    runs.flat_map(|run| changes_of(&run, jobs.cancelled.get(&run.id).copied(), now)).collect()
}

fn changes_of(run: &Run, cancelled: Option<Timestamp>, now: Timestamp) -> Vec<(Timestamp, JobInstanceId, JobStatus)> {
    let mut instants = vec![run.requested_at, run.begins(), run.ends()];
    instants.extend(cancelled);
    instants.sort_unstable();
    let statuses = instants.into_iter().map(|at| (at, run.id, status_at(run, cancelled, at)));
    let mut changes: Vec<_> = statuses.collect();
    changes.dedup_by_key(|(.., status)| *status);
    changes.retain(|(at, ..)| *at > now);
    changes
}

/// Returns the error of a run of a schedule, under the trouble of its item.
fn error_at(troubles: &[&Trouble], due: Timestamp) -> Option<MirroringError> {
    // Trouble that is planned at the very instant comes too late: the run may have been read.
    let trouble = troubles.iter().find(|trouble| trouble.planned_at < due && trouble.is_active_at(due));
    trouble.and_then(|trouble| trouble.error.clone())
}

/// Adds their positions to the runs of a list. Later runs do not change the position of a run.
pub fn positioned(instances: Vec<JobInstance>) -> impl Iterator<Item = (Position, JobInstance)> {
    /// The number of positions within a millisecond. A list has fewer runs.
    const WITHIN: u64 = 10_000;
    let mut last = None;
    instances.into_iter().map(move |instance| {
        let at = instance.run.requested_at.as_millisecond();
        let first = Timestamp::MAX.as_millisecond().abs_diff(at) * WITHIN;
        let position = last.filter(|last| *last >= first).map_or(first, |last| last + 1);
        last = Some(position);
        (position, instance)
    })
}
