//! The operations of jobs outside of Microsoft's description of mirroring: those on the own routes of kinds, and the
//! older path to run a job.

use crate::fabric::item::ItemKind::{
    CopyJob, DataBuildToolJob, DataPipeline, Dataflow, GraphModel, Notebook, SparkJobDefinition,
};
use crate::fabric::role::Role::{Contributor, Member, Viewer};
use crate::http::context::Handler;
use crate::http::jobs;
use crate::http::operation::Fidelity::{self, Documented, Guessed, Seen};
use crate::http::operation::{Operation, delete, get, patch, post};

/// The path of a resource in a workspace.
macro_rules! ws {
    ($path:literal) => {
        concat!("/workspaces/{workspaceId}/", $path)
    };
}

const READ_COPY_JOB: &str = "CopyJob.Read.All CopyJob.ReadWrite.All Item.Read.All Item.ReadWrite.All";
const READ_DATA_PIPELINE: &str = "DataPipeline.Read.All DataPipeline.ReadWrite.All Item.Read.All Item.ReadWrite.All";
const READ_NOTEBOOK: &str = "Notebook.Read.All Notebook.ReadWrite.All Item.Read.All Item.ReadWrite.All";
const SCHEDULE: &str = "Item.Execute.All+Item.ReadWrite.All";

/// The operations, each with its fidelity and its handler.
#[rustfmt::skip]
pub(super) const ROWS: &[(Operation, Fidelity, Handler)] = &[
    (post(ws!("items/{itemId}/jobs/instances"),
        "JobScheduler_RunOnDemandItemJob", Some(Contributor), "Item.Execute.All itemType.Execute.All")
        .simplified(), Seen, jobs::run),
    (get(ws!("copyJobs/{copyJobId}/jobs/execute/instances"),
        "BackgroundJobs_ListExecuteJobInstances", Some(Viewer), READ_COPY_JOB)
        .of(CopyJob), Documented, jobs::list_of_type),
    (post(ws!("copyJobs/{copyJobId}/jobs/execute/instances"),
        "BackgroundJobs_RunOnDemandExecute", Some(Member), "CopyJob.Execute.All Item.Execute.All")
        .of(CopyJob).simplified(), Documented, jobs::run),
    (post(ws!("dataBuildToolJobs/{dataBuildToolJobId}/jobs/execute/instances"),
        "BackgroundJobs_RunOnDemandExecute", Some(Member), "Item.Execute.All")
        .of(DataBuildToolJob).simplified(), Documented, jobs::run),
    (post(ws!("dataBuildToolJobs/{dataBuildToolJobId}/jobs/execute/schedules"),
        "BackgroundJobs_ScheduleDataBuildToolJob", Some(Member), SCHEDULE)
        .of(DataBuildToolJob), Documented, jobs::create_schedule),
    (get(ws!("dataPipelines/{dataPipelineId}/jobs/execute/instances"),
        "BackgroundJobs_ListExecuteJobInstances", Some(Viewer), READ_DATA_PIPELINE)
        .of(DataPipeline), Documented, jobs::list_of_type),
    (post(ws!("dataPipelines/{dataPipelineId}/jobs/execute/instances"),
        "BackgroundJobs_RunOnDemandExecute", Some(Contributor), "DataPipeline.Execute.All Item.Execute.All")
        .of(DataPipeline).simplified(), Documented, jobs::run),
    (get(ws!("dataPipelines/{dataPipelineId}/jobs/execute/instances/{jobInstanceId}"),
        "BackgroundJobs_GetExecuteJobInstance", Some(Viewer), READ_DATA_PIPELINE)
        .of(DataPipeline), Documented, jobs::get),
    (get(ws!("dataPipelines/{dataPipelineId}/jobs/execute/schedules"),
        "BackgroundJobs_ListExecuteSchedules", Some(Viewer), READ_DATA_PIPELINE)
        .of(DataPipeline), Documented, jobs::list_schedules),
    (post(ws!("dataPipelines/{dataPipelineId}/jobs/execute/schedules"),
        "BackgroundJobs_ScheduleExecute", Some(Contributor), SCHEDULE)
        .of(DataPipeline), Guessed, jobs::create_schedule),
    (delete(ws!("dataPipelines/{dataPipelineId}/jobs/execute/schedules/{scheduleId}"),
        "BackgroundJobs_DeleteExecuteSchedule", Some(Contributor), "DataPipeline.ReadWrite.All Item.ReadWrite.All")
        .of(DataPipeline), Documented, jobs::delete_schedule),
    (get(ws!("dataPipelines/{dataPipelineId}/jobs/execute/schedules/{scheduleId}"),
        "BackgroundJobs_GetExecuteSchedule", Some(Viewer), READ_DATA_PIPELINE)
        .of(DataPipeline), Documented, jobs::get_schedule),
    (patch(ws!("dataPipelines/{dataPipelineId}/jobs/execute/schedules/{scheduleId}"),
        "BackgroundJobs_UpdateExecuteSchedule", Some(Contributor), SCHEDULE)
        .of(DataPipeline), Guessed, jobs::update_schedule),
    (post(ws!("dataflows/{dataflowId}/jobs/applyChanges/instances"),
        "BackgroundJobs_RunOnDemandApplyChanges", Some(Member), "Dataflow.Execute.All Item.Execute.All")
        .of(Dataflow).simplified(), Documented, jobs::run),
    (post(ws!("dataflows/{dataflowId}/jobs/applyChanges/schedules"),
        "BackgroundJobs_ScheduleApplyChanges", Some(Member), SCHEDULE)
        .of(Dataflow), Documented, jobs::create_schedule),
    (post(ws!("dataflows/{dataflowId}/jobs/execute/instances"),
        "BackgroundJobs_RunOnDemandExecute", Some(Member), "Dataflow.Execute.All Item.Execute.All")
        .of(Dataflow).simplified(), Documented, jobs::run),
    (post(ws!("dataflows/{dataflowId}/jobs/execute/schedules"),
        "BackgroundJobs_ScheduleExecute", Some(Member), SCHEDULE)
        .of(Dataflow), Documented, jobs::create_schedule),
    (post(ws!("graphModels/{graphModelId}/jobs/refreshGraph/instances"),
        "BackgroundJobs_RunOnDemandRefreshGraph", Some(Contributor), "Item.Execute.All")
        .of(GraphModel).simplified(), Documented, jobs::run),
    (post(ws!("notebooks/{notebookId}/jobs/execute/instances"),
        "BackgroundJobs_RunOnDemandNotebook", Some(Contributor), "Notebook.Execute.All Item.Execute.All")
        .of(Notebook).simplified(), Documented, jobs::run),
    (get(ws!("notebooks/{notebookId}/jobs/execute/instances/{jobInstanceId}"),
        "BackgroundJobs_Get_Notebook_Job_Instance_(beta)", Some(Viewer), READ_NOTEBOOK)
        .of(Notebook).beta(), Documented, jobs::get),
    (post(ws!("sparkJobDefinitions/{sparkJobDefinitionId}/jobs/sparkjob/instances"),
        "BackgroundJobs_RunOnDemandSparkJobDefinition", Some(Contributor),
        "SparkJobDefinition.Execute.All Item.Execute.All")
        .of(SparkJobDefinition).simplified(), Documented, jobs::run),
];
