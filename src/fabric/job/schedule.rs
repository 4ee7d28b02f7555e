//! Schedules of an item: their rules, and the runs that fall due.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::recurrence::Recurrence;
use super::{JobTiming, Jobs, Run, timing};
use crate::fabric::item::Item;
use crate::fabric::mirroring::MirroringError;
use crate::fabric::principal::Principal;
use crate::fabric::weight::weight;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{JobInstanceId, ScheduleId};
use crate::seed::Seed;

/// The maximum number of schedules of an item (documented).
pub const SCHEDULES_MAX: usize = 20;
/// The maximum number of ended periods of an item. Beyond it, the runs of the oldest are forgotten.
const PERIODS_MAX: usize = 20;
/// The maximum weight of `executionData` in bytes.
const DATA_MAX: usize = 64 << 10;

/// A schedule of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The id.
    pub id: ScheduleId,
    /// The type of the jobs, as the request spelled it.
    pub job_type: String,
    /// `true` if runs fall due.
    pub enabled: bool,
    /// The instant of its creation.
    pub created_at: Timestamp,
    /// The recurrence.
    pub recurrence: Recurrence,
    /// The data for the runs, which are shown and have no effect.
    pub execution_data: Option<Value>,
    /// The principal that created the schedule or last changed it.
    pub owner: Principal,
}

/// The content of a request to create or update a schedule.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// `true` if runs shall fall due.
    pub enabled: bool,
    /// The recurrence.
    pub recurrence: Recurrence,
    /// The data for the runs.
    pub execution_data: Option<Value>,
}

/// A period in which a schedule is enabled with one recurrence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    schedule: ScheduleId,
    job_type: String,
    recurrence: Recurrence,
    timing: JobTiming,
    /// `true` if a run falls due at the beginning of the period.
    runs_at_once: bool,
    from: Timestamp,
    /// The end, which does not belong to the period; `None` if the schedule is enabled.
    until: Option<Timestamp>,
}

impl Period {
    /// Returns the last `most` instants up to `now` at which runs fall due, latest first.
    pub(super) fn last_due(&self, now: Timestamp, most: usize) -> Vec<Timestamp> {
        let before = |until: Timestamp| until.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(until);
        let to = self.until.map_or(now, |until| now.min(before(until)));
        let mut due = self.recurrence.last_due(self.from, to, most);
        if self.runs_at_once && due.len() < most && due.last() != Some(&self.from) {
            due.push(self.from);
        }
        due
    }

    /// Returns the first instant after `now` at which a run falls due; `None` if the schedule is not enabled or has no
    /// more runs. `now` must not be earlier than the beginning of the period.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.until.is_none() { self.recurrence.next_due(now) } else { None }
    }

    /// Returns the run that falls due at `due`.
    pub(super) fn run(&self, seed: Seed, due: Timestamp, error: Option<MirroringError>) -> Run {
        let seed = seed.fork(self.schedule.to_ascii());
        Run {
            id: JobInstanceId::nth(seed, due.as_microsecond().unsigned_abs()),
            job_type: self.job_type.clone(),
            requested_at: due,
            timing: self.timing,
            error,
            refresh: None,
        }
    }
}

/// Creates a schedule. `job_type` is shown as it is spelled.
pub fn create(
    state: &State,
    within: &Workspace,
    item: &Item,
    job_type: String,
    new: NewSchedule,
    owner: Principal,
    now: Timestamp,
) -> Decision<ScheduleId> {
    let timing = timing(state, item.kind.job_type(&job_type)?.realistic);
    check(&new)?;
    if item.jobs.as_ref().is_some_and(|jobs| jobs.schedules.len() >= SCHEDULES_MAX) {
        return Err(ErrorCode::ScheduleExceedsLimit.into());
    }
    let id = state.next_schedule();
    let NewSchedule { enabled, recurrence, execution_data } = new;
    let schedule = Schedule { id, job_type, enabled, created_at: now, recurrence, execution_data, owner };
    Ok((vec![Fact::ScheduleCreated { workspace: within.id, item: item.id, schedule, timing }], id))
}

/// Replaces the content of a schedule. Its past runs remain.
pub fn update(
    state: &State,
    within: &Workspace,
    item: &Item,
    (job_type, id): (&str, ScheduleId),
    new: NewSchedule,
    owner: Principal,
) -> Decision<()> {
    let before = find(item, job_type, id)?;
    check(&new)?;
    let timing = timing(state, item.kind.job_type(job_type)?.realistic);
    let NewSchedule { enabled, recurrence, execution_data } = new;
    let job_type = before.job_type.clone();
    let schedule = Schedule { id, job_type, enabled, created_at: before.created_at, recurrence, execution_data, owner };
    Ok((vec![Fact::ScheduleUpdated { workspace: within.id, item: item.id, schedule, timing }], ()))
}

/// Deletes a schedule. Its past runs remain.
pub fn delete(within: &Workspace, item: &Item, job_type: &str, id: ScheduleId) -> Decision<()> {
    find(item, job_type, id)?;
    Ok((vec![Fact::ScheduleDeleted { workspace: within.id, item: item.id, id }], ()))
}

/// Returns the schedule of an item for jobs of this type.
pub fn find<'a>(item: &'a Item, job_type: &str, id: ScheduleId) -> Result<&'a Schedule, FabricError> {
    let job_type = item.kind.job_type(job_type)?;
    let found = item.jobs.as_ref().and_then(|jobs| jobs.schedules.get(&id));
    found
        .filter(|schedule| item.kind.job_type(&schedule.job_type) == Ok(job_type))
        .ok_or_else(|| FabricError::new(ErrorCode::ScheduleNotFound))
}

fn check(new: &NewSchedule) -> Result<(), FabricError> {
    new.recurrence.check()?;
    match &new.execution_data {
        Some(data) if !data.is_object() => Err(FabricError::invalid_input("The executionData is not an object.")),
        Some(data) if weight(data) > DATA_MAX => Err(FabricError::invalid_input("The executionData is too large.")),
        _ => Ok(()),
    }
}

/// The effects of facts.
impl Jobs {
    /// Adds a schedule. If its start is in the past, a run falls due at once (documented).
    pub(in crate::fabric) fn create_schedule(&mut self, schedule: Schedule, timing: JobTiming, at: Timestamp) {
        let runs_at_once = schedule.recurrence.start < at && at <= schedule.recurrence.end;
        self.open_period(&schedule, timing, runs_at_once, at);
        self.schedules.insert(schedule.id, schedule);
    }

    /// Replaces a schedule.
    pub(in crate::fabric) fn update_schedule(&mut self, schedule: Schedule, timing: JobTiming, at: Timestamp) {
        self.close_period(schedule.id, at);
        self.open_period(&schedule, timing, false, at);
        if let Some(before) = self.schedules.get_mut(&schedule.id) {
            *before = schedule;
        }
    }

    /// Returns mutable references to the owners of the schedules.
    pub(in crate::fabric) fn owners_mut(&mut self) -> impl Iterator<Item = &mut Principal> {
        self.schedules.values_mut().map(|schedule| &mut schedule.owner)
    }

    /// Removes a schedule.
    pub(in crate::fabric) fn delete_schedule(&mut self, id: ScheduleId, at: Timestamp) {
        self.close_period(id, at);
        self.schedules.remove(&id);
    }

    fn open_period(&mut self, schedule: &Schedule, timing: JobTiming, runs_at_once: bool, from: Timestamp) {
        if schedule.enabled {
            let (job_type, recurrence) = (schedule.job_type.clone(), schedule.recurrence.clone());
            let schedule = schedule.id;
            self.periods.push(Period { schedule, job_type, recurrence, timing, runs_at_once, from, until: None });
        }
    }

    /// Ends the period of a schedule. Drops it if it had no runs, and the oldest if too many have ended.
    fn close_period(&mut self, schedule: ScheduleId, at: Timestamp) {
        let open = |period: &&mut Period| period.schedule == schedule && period.until.is_none();
        self.periods.iter_mut().filter(open).for_each(|period| period.until = Some(at));
        self.periods.retain(|period| period.until.is_none() || !period.last_due(at, 1).is_empty());
        let ended = self.periods.iter().filter(|period| period.until.is_some()).count();
        if ended > PERIODS_MAX
            && let Some(oldest) = self.periods.iter().position(|period| period.until.is_some())
        {
            self.periods.remove(oldest);
        }
    }
}
