//! Runs of jobs, and schedules.

use jiff::Timestamp;

use crate::fabric::State;
use crate::fabric::job::schedule::Schedule;
use crate::fabric::job::{self, JobTiming, Jobs, Run};
use crate::ids::{ItemId, JobInstanceId, WorkspaceId};

impl State {
    pub(super) fn start_job(&mut self, workspace: WorkspaceId, item: ItemId, run: Run, at: Timestamp) {
        self.counts.jobs += 1;
        self.with_jobs(workspace, item, |jobs| jobs.start(run, at));
    }

    pub(super) fn cancel_job(
        &mut self,
        workspace: WorkspaceId,
        item: ItemId,
        id: JobInstanceId,
        from: Timestamp,
        at: Timestamp,
    ) {
        let listed = self.find_item(item).map(|(_, item)| job::instances(self, item, at)).unwrap_or_default();
        self.with_jobs(workspace, item, |jobs| jobs.cancel(id, from, &listed));
    }

    pub(super) fn create_schedule(
        &mut self,
        workspace: WorkspaceId,
        item: ItemId,
        schedule: Schedule,
        timing: JobTiming,
        at: Timestamp,
    ) {
        self.counts.schedules += 1;
        self.with_jobs(workspace, item, |jobs| jobs.create_schedule(schedule, timing, at));
    }

    pub(super) fn with_jobs(&mut self, workspace: WorkspaceId, item: ItemId, change: impl FnOnce(&mut Jobs)) {
        self.with_item(workspace, item, |item| change(item.jobs.get_or_insert_default()));
    }
}
