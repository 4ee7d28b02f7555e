//! Jobs: the runs of an item, on demand and by schedules (docs/fidelity.md#jobs).
//!
//! A run on demand is a fact. The runs of a schedule are computed from the periods in which the schedule is enabled: a
//! run falls due at each instant of the recurrence.

mod instance;
mod recurrence;
pub mod refresh;
pub mod schedule;
mod time_zone;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::instance::{ENDED_MAX, InvokeType, JobInstance, JobStatus, changes, find, instances, positioned};
pub use self::recurrence::{DayOfWeek, MonthlyOccurrence, Pattern, Recurrence, TimeOfDay, WeekIndex};
use self::refresh::Refresh;
use self::schedule::{Period, Schedule};
use crate::fabric::item::kinds::JobType;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::mirroring::MirroringError;
use crate::fabric::mirroring::trouble::TroubleKind;
use crate::fabric::ordered::Ordered;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{ActivityId, JobInstanceId, ScheduleId};

/// The maximum number of active runs of an item on demand (guessed).
pub const ACTIVE_MAX: usize = 50;

/// The durations of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobTiming {
    /// The time until the start.
    pub queued: SignedDuration,
    /// The time until the end. It includes [`Self::queued`].
    pub takes: SignedDuration,
    /// `Retry-After`: the time that a client should wait between polls, measured by the tenant's clock.
    pub retry_after: SignedDuration,
}

/// A run, from its request or from the instant at which it fell due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The id.
    pub id: JobInstanceId,
    /// The type, as the request spelled it.
    pub job_type: String,
    /// The instant of the request, or at which the run fell due.
    pub requested_at: Timestamp,
    /// The durations.
    pub timing: JobTiming,
    /// The error with which the run ends; `None` if it completes.
    pub error: Option<MirroringError>,
    /// The request, if the run is a refresh of a semantic model through Power BI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<Box<Refresh>>,
}

impl Run {
    /// Returns the instant of the start, without regard to a cancellation.
    fn begins(&self) -> Timestamp {
        later(self.requested_at, self.timing.queued)
    }

    /// Returns the instant of the end, without regard to a cancellation.
    fn ends(&self) -> Timestamp {
        later(self.requested_at, self.timing.takes)
    }
}

/// The jobs of an item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Jobs {
    /// The runs on demand, oldest first.
    runs: Vec<Run>,
    schedules: Ordered<ScheduleId, Schedule>,
    /// The periods in which schedules are or were enabled, oldest first.
    periods: Vec<Period>,
    /// The cancelled runs, each with the instant at which the cancellation takes effect.
    cancelled: BTreeMap<JobInstanceId, Timestamp>,
}

impl ItemKind {
    /// Returns the type of jobs with this name. Rejects names of types that items of the kind do not have.
    pub fn job_type(self, name: &str) -> Result<&'static JobType, FabricError> {
        JobType::named(self.spec().jobs, name).ok_or_else(|| ErrorCode::InvalidJobType.into())
    }
}

/// Runs a job of an item. `job_type` is shown as it is spelled.
pub fn run(
    state: &State,
    within: &Workspace,
    item: &Item,
    job_type: String,
    now: Timestamp,
) -> Decision<JobInstanceId> {
    let realistic = item.kind.job_type(&job_type)?.realistic;
    begin(state, within, item, (job_type, realistic), None, now)
}

/// Starts a run of a type that takes `realistic` seconds at the realistic pace.
fn begin(
    state: &State,
    within: &Workspace,
    item: &Item,
    (job_type, realistic): (String, i64),
    refresh: Option<Box<Refresh>>,
    now: Timestamp,
) -> Decision<JobInstanceId> {
    let timing = timing(state, realistic);
    state.check_capacity(within)?;
    let is_active = |it: &&JobInstance| it.invoke_type == InvokeType::Manual && it.status.is_active();
    if instances(state, item, now).iter().filter(is_active).count() >= ACTIVE_MAX {
        return Err(FabricError::new(ErrorCode::TooManyRequestsForJobs).retry_after(timing.retry_after));
    }
    let id = state.next_job();
    let trouble = state.troubles().active(item.id, TroubleKind::JobFails, now);
    let error = trouble.and_then(|trouble| trouble.error.clone());
    let run = Run { id, job_type, requested_at: now, timing, error, refresh };
    Ok((vec![Fact::JobStarted { workspace: within.id, item: item.id, run }], id))
}

/// Cancels a run after a while. A run that ends before is not cancelled.
pub fn cancel(state: &State, within: &Workspace, item: &Item, id: JobInstanceId, now: Timestamp) -> Decision<()> {
    if !find(state, item, id, now)?.status.is_active() {
        return Err(ErrorCode::JobAlreadyCompleted.into());
    }
    let is_known = item.jobs.as_ref().is_some_and(|jobs| jobs.cancelled.contains_key(&id));
    let from = later(now, state.settings.timing().job_cancellation());
    let cancelled = (!is_known).then_some(Fact::JobCancelled { workspace: within.id, item: item.id, id, from });
    Ok((cancelled.into_iter().collect(), ()))
}

/// Returns the id of the root activity of a run.
pub fn root_activity(state: &State, run: JobInstanceId) -> ActivityId {
    ActivityId::nth(state.seed().fork(run.to_ascii()), 0)
}

/// Returns the durations of runs that begin under the present settings and take `realistic` seconds at the realistic pace.
fn timing(state: &State, realistic: i64) -> JobTiming {
    let timing = state.settings.timing();
    let takes = timing.job(SignedDuration::from_secs(realistic));
    JobTiming { queued: takes / 2, takes, retry_after: timing.retry_after_job() }
}

impl Jobs {
    /// Returns `true` if a schedule is enabled.
    pub fn are_scheduled(&self) -> bool {
        self.schedules.values().any(|schedule| schedule.enabled)
    }

    /// Returns the schedules, in order of creation.
    pub fn schedules(&self) -> &Ordered<ScheduleId, Schedule> {
        &self.schedules
    }

    /// Adds a run on demand, and drops the oldest runs that have ended and that no list shows any more.
    pub(super) fn start(&mut self, run: Run, at: Timestamp) {
        self.runs.push(run);
        let mut surplus = self.runs.iter().filter(|run| run.ends() <= at).count().saturating_sub(ENDED_MAX);
        let cancelled = &mut self.cancelled;
        self.runs.retain(|run| {
            let is_dropped = surplus > 0 && run.ends() <= at;
            if is_dropped {
                surplus -= 1;
                cancelled.remove(&run.id);
            }
            !is_dropped
        });
    }

    /// Cancels a run, and drops the cancellations of runs that are not `listed` any more.
    pub(super) fn cancel(&mut self, id: JobInstanceId, from: Timestamp, listed: &[JobInstance]) {
        self.cancelled.retain(|known, _| listed.iter().any(|instance| instance.run.id == *known));
        self.cancelled.insert(id, from);
    }
}
