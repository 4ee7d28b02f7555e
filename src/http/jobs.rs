//! Jobs: run, get, list, cancel; schedules: create, list, get, update, delete.

use crate::fabric::item::Item;
use crate::fabric::job::schedule::{self, Schedule};
use crate::fabric::job::{self, JobInstance};
use crate::fabric::page::Page;
use crate::fabric::{FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::http::wire::jobs::{JobInstanceBody, RunJob, ScheduleBody, ScheduleRequest};
use crate::ids::{ItemId, JobInstanceId, ScheduleId, WorkspaceId};

/// The last segment of the older path to run a job, in which the type is a query parameter.
const INSTANCES: &str = "instances";

pub(super) fn run(context: &Context<'_>) -> HandlerResult {
    let body: RunJob = context.json_or_nothing()?;
    let job_type = job_type(context)?;
    let id = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        job::run(state, workspace, item, job_type, now)
    })?;
    let answer = accepted(context, id)?;
    Ok(answer.inert("executionData", body.execution_data.is_some()).inert("parameters", body.parameters.is_some()))
}

pub(super) fn cancel(context: &Context<'_>) -> HandlerResult {
    let id = context.id("jobInstanceId")?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        job::cancel(state, workspace, item, id, now)
    })?;
    accepted(context, id)
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("jobInstanceId")?;
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let instance = job::find(state, item, id, context.now)?;
        let answer = Answer::ok(&JobInstanceBody::new(state, item.id, &instance));
        Ok(match instance.retry_after {
            Some(wait) => answer.poll(context.callers_seconds(wait)).exposing("RequestId,Retry-After"),
            None => answer,
        })
    })
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    list_instances(context, |_, _| true)
}

/// Lists the runs of the type that the kind's own route names.
pub(super) fn list_of_type(context: &Context<'_>) -> HandlerResult {
    let job_type = job_type(context)?;
    list_instances(context, |item, instance| {
        item.kind.job_type(&instance.run.job_type) == item.kind.job_type(&job_type)
    })
}

fn list_instances(context: &Context<'_>, fits: impl Fn(&Item, &JobInstance) -> bool) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let page = context.page(state)?;
        let instances = job::positioned(job::instances(state, item, context.now));
        let rest =
            instances.filter(|(position, it)| page.after.is_none_or(|after| *position > after) && fits(item, it));
        let page = page.cut(rest);
        let continuation = context.continuation(&page);
        let value = page.elements.iter().map(|instance| JobInstanceBody::new(state, item.id, instance)).collect();
        Ok(Answer::ok(&List::new(Page { elements: value, next: page.next }, continuation)))
    })
}

pub(super) fn create_schedule(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<ScheduleRequest>()?.parsed()?;
    let job_type = job_type(context)?;
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            schedule::create(state, workspace, item, job_type.clone(), new, context.caller, now)
        },
        |state, id| {
            let (workspace, item) = context.item(state, context.now)?;
            let place = format!("/v1/workspaces/{}/items/{}/jobs/{job_type}/schedules/{id}", workspace.id, item.id);
            let answer = Answer::created(&ScheduleBody::from(schedule::find(item, &job_type, id)?));
            Ok(answer.at(context.url(&place)).exposing("RequestId,Location"))
        },
    )?
}

pub(super) fn list_schedules(context: &Context<'_>) -> HandlerResult {
    let job_type = job_type(context)?;
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let job_type = item.kind.job_type(&job_type)?;
        let page = context.page(state)?;
        let schedules = item.jobs.iter().flat_map(|jobs| jobs.schedules().after(page.after));
        let fits = |schedule: &Schedule| item.kind.job_type(&schedule.job_type) == Ok(job_type);
        Ok(Answer::ok(&context.list(page.cut(schedules.filter(|(_, it)| fits(it))).map(ScheduleBody::from))))
    })
}

pub(super) fn get_schedule(context: &Context<'_>) -> HandlerResult {
    let (job_type, id) = named_schedule(context)?;
    context.read(|state| show_schedule(context, state, &job_type, id))
}

pub(super) fn update_schedule(context: &Context<'_>) -> HandlerResult {
    let (job_type, id) = named_schedule(context)?;
    let new = context.json::<ScheduleRequest>()?.parsed()?;
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            schedule::update(state, workspace, item, (&job_type, id), new, context.caller)
        },
        |state, ()| show_schedule(context, state, &job_type, id),
    )?
}

pub(super) fn delete_schedule(context: &Context<'_>) -> HandlerResult {
    let (job_type, id) = named_schedule(context)?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        schedule::delete(workspace, item, &job_type, id)
    })?;
    Ok(Answer::empty())
}

fn named_schedule(context: &Context<'_>) -> Result<(String, ScheduleId), FabricError> {
    Ok((job_type(context)?, context.id("scheduleId")?))
}

fn show_schedule(context: &Context<'_>, state: &State, job_type: &str, id: ScheduleId) -> HandlerResult {
    let (_, item) = context.item(state, context.now)?;
    Ok(Answer::ok(&ScheduleBody::from(schedule::find(item, job_type, id)?)))
}

/// Returns the type of jobs that the path names: by its own name on a kind's own route, or else as it is spelled.
fn job_type(context: &Context<'_>) -> Result<String, FabricError> {
    let segment = context.operation.path.split('/').skip_while(|segment| *segment != "jobs").nth(1);
    match (context.operation.kind, segment) {
        (Some(kind), Some(segment)) => Ok(kind.job_type(segment)?.name.to_owned()),
        (_, Some(INSTANCES)) => Ok(context.query("jobType").unwrap_or_default()),
        _ => Ok(context.text("jobType")),
    }
}

/// Returns the 202 with the place of a run.
fn accepted(context: &Context<'_>, id: JobInstanceId) -> HandlerResult {
    let (workspace, item): (WorkspaceId, ItemId) = (context.id("workspaceId")?, context.item_id()?);
    let wait = context.read(|state| state.settings.timing().retry_after_job());
    let place = context.url(&format!("/v1/workspaces/{workspace}/items/{item}/jobs/instances/{id}"));
    let answer = Answer::accepted().at(place).poll(context.callers_seconds(wait));
    Ok(answer.exposing("RequestId,Location,Retry-After"))
}
