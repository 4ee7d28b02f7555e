//! Bodies of deployment pipelines, their stages, and their deployments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::principals::PrincipalBody;
use super::{description, id, required, required_id};
use crate::fabric::deployment_pipeline::deploy::{DeployRequest, NewTarget};
use crate::fabric::deployment_pipeline::stage::StageItem;
use crate::fabric::deployment_pipeline::{
    Deployment, DeploymentPipeline, DeploymentStatus, Difference, NewPipeline, Stage, StageRequest, Step,
};
use crate::fabric::item::ItemKind;
use crate::fabric::operation::OperationError;
use crate::fabric::principal::Principal;
use crate::fabric::{FabricError, State};
use crate::ids::{DeploymentId, DeploymentPipelineId, DeploymentStageId, ItemId, WorkspaceId};

/// A request to create a deployment pipeline.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatePipeline {
    display_name: Option<String>,
    description: Option<String>,
    stages: Option<Vec<StageRequestBody>>,
}

impl CreatePipeline {
    /// Returns the properties of the new deployment pipeline.
    pub(crate) fn request(self) -> Result<NewPipeline, FabricError> {
        let stages = required(self.stages, "Stages")?;
        Ok(NewPipeline {
            display_name: required(self.display_name, "DisplayName")?,
            description: self.description.unwrap_or_default(),
            stages: stages.into_iter().map(StageRequestBody::request).collect::<Result<_, _>>()?,
        })
    }
}

/// A request to update a deployment pipeline.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatePipeline {
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
}

/// The properties of a stage in a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageRequestBody {
    display_name: Option<String>,
    description: Option<String>,
    is_public: Option<bool>,
}

impl StageRequestBody {
    /// Returns the properties of the stage.
    pub(crate) fn request(self) -> Result<StageRequest, FabricError> {
        Ok(StageRequest {
            display_name: required(self.display_name, "DisplayName")?,
            description: self.description.unwrap_or_default(),
            is_public: self.is_public.unwrap_or_default(),
        })
    }
}

/// A request to assign a workspace to a stage.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignWorkspace {
    pub(crate) workspace_id: Option<String>,
}

/// A request to deploy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeployBody {
    source_stage_id: Option<String>,
    target_stage_id: Option<String>,
    created_workspace_details: Option<NewTargetBody>,
    note: Option<String>,
    items: Option<Vec<ItemRequest>>,
    options: Option<Options>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewTargetBody {
    name: Option<String>,
    capacity_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemRequest {
    source_item_id: Option<String>,
    item_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    allow_cross_region_deployment: Option<bool>,
}

impl DeployBody {
    /// Returns the deployment that the body requests.
    pub(crate) fn request(self) -> Result<DeployRequest, FabricError> {
        let items = self.items.unwrap_or_default().into_iter().map(ItemRequest::item);
        Ok(DeployRequest {
            source: required_id(self.source_stage_id, "SourceStageId")?,
            target: required_id(self.target_stage_id, "TargetStageId")?,
            items: items.collect::<Result<_, _>>()?,
            note: self.note.unwrap_or_default(),
            new_workspace: self.created_workspace_details.map(NewTargetBody::target).transpose()?,
            allows_cross_region: self.options.and_then(|it| it.allow_cross_region_deployment).unwrap_or_default(),
        })
    }
}

impl ItemRequest {
    fn item(self) -> Result<(ItemId, ItemKind), FabricError> {
        Ok((required_id(self.source_item_id, "SourceItemId")?, required(self.item_type, "ItemType")?.parse()?))
    }
}

impl NewTargetBody {
    fn target(self) -> Result<NewTarget, FabricError> {
        Ok(NewTarget { name: required(self.name, "Name")?, capacity: id(self.capacity_id, "CapacityId")? })
    }
}

/// A deployment pipeline. Lists leave out the stages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PipelineBody<'a> {
    id: DeploymentPipelineId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<StageBody<'a>>>,
}

impl<'a> PipelineBody<'a> {
    /// Creates the body for a list.
    pub(crate) fn listed(state: &State, pipeline: &'a DeploymentPipeline) -> Self {
        Self {
            id: pipeline.id,
            display_name: &pipeline.display_name,
            description: description(state, &pipeline.description),
            stages: None,
        }
    }

    /// Creates the body with the stages.
    pub(crate) fn whole(state: &'a State, pipeline: &'a DeploymentPipeline, caller: Principal) -> Self {
        let stages = pipeline.stages.iter().enumerate();
        let stages = stages.map(|stage| StageBody::new(state, stage, caller)).collect();
        Self { stages: Some(stages), ..Self::listed(state, pipeline) }
    }
}

/// A stage. The name of its workspace is shown to callers with a role in the workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageBody<'a> {
    id: DeploymentStageId,
    order: usize,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_name: Option<&'a str>,
    is_public: bool,
}

impl<'a> StageBody<'a> {
    /// Creates the body of a stage with its order.
    pub(crate) fn new(state: &'a State, (order, stage): (usize, &'a Stage), caller: Principal) -> Self {
        let workspace = stage.workspace.and_then(|id| state.workspace(id).ok());
        let seen = workspace.filter(|workspace| workspace.role_of(caller).is_some());
        let properties = &stage.properties;
        Self {
            id: stage.id,
            order,
            display_name: &properties.display_name,
            description: description(state, &properties.description),
            workspace_id: stage.workspace,
            workspace_name: seen.map(|workspace| workspace.display_name.as_str()),
            is_public: properties.is_public,
        }
    }
}

/// An item of a stage.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageItemBody<'a> {
    item_id: ItemId,
    item_display_name: &'a str,
    item_type: ItemKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_item_id: Option<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_item_id: Option<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_deployment_time: Option<Instant>,
}

impl<'a> From<StageItem<'a>> for StageItemBody<'a> {
    fn from(it: StageItem<'a>) -> Self {
        Self {
            item_id: it.item.id,
            item_display_name: &it.item.display_name,
            item_type: it.item.kind,
            source_item_id: it.source,
            target_item_id: it.target,
            last_deployment_time: it.deployed_at.map(Instant),
        }
    }
}

/// An instant with milliseconds, as in the examples of Microsoft's description.
struct Instant(Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

/// A deployment. Lists leave out the execution plan.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentBody<'a> {
    id: DeploymentId,
    r#type: &'static str,
    status: DeploymentStatus,
    last_updated_time: Instant,
    execution_start_time: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_end_time: Option<Instant>,
    source_stage_id: DeploymentStageId,
    target_stage_id: DeploymentStageId,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_plan: Option<Plan<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Note<'a>>,
    pre_deployment_diff_information: Differences,
    performed_by: PrincipalBody<'a>,
}

#[derive(Serialize)]
struct Note<'a> {
    content: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Differences {
    new_items_count: usize,
    different_items_count: usize,
    no_difference_items_count: usize,
}

#[derive(Serialize)]
struct Plan<'a> {
    steps: Vec<StepBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepBody<'a> {
    index: usize,
    description: String,
    status: DeploymentStatus,
    pre_deployment_diff_state: Difference,
    source_and_target: SourceAndTarget<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<StepError<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceAndTarget<'a> {
    source_item_id: ItemId,
    source_item_display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_item_id: Option<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_item_display_name: Option<&'a str>,
    item_type: ItemKind,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepError<'a> {
    error_code: &'a str,
    message: &'a str,
}

impl<'a> DeploymentBody<'a> {
    /// Creates the body for a list.
    pub(crate) fn listed(deployment: &'a Deployment, now: Timestamp) -> Self {
        let status = deployment.status_at(now);
        Self {
            id: deployment.id,
            r#type: "Deploy",
            status,
            last_updated_time: Instant(deployment.updated_at(now)),
            execution_start_time: Instant(deployment.started_at),
            execution_end_time: (status != DeploymentStatus::Running).then_some(Instant(deployment.ends_at)),
            source_stage_id: deployment.source,
            target_stage_id: deployment.target,
            execution_plan: None,
            note: (!deployment.note.is_empty()).then_some(Note { content: &deployment.note }),
            pre_deployment_diff_information: Differences {
                new_items_count: deployment.count(Difference::New),
                different_items_count: deployment.count(Difference::Different),
                no_difference_items_count: deployment.count(Difference::NoDifference),
            },
            performed_by: deployment.performed_by.into(),
        }
    }

    /// Creates the body with the execution plan.
    pub(crate) fn whole(deployment: &'a Deployment, now: Timestamp) -> Self {
        let steps = deployment.steps.iter().enumerate();
        let steps = steps.map(|(index, step)| StepBody::new(deployment, index, step, now)).collect();
        Self { execution_plan: Some(Plan { steps }), ..Self::listed(deployment, now) }
    }
}

impl<'a> StepBody<'a> {
    fn new(deployment: &'a Deployment, index: usize, step: &'a Step, now: Timestamp) -> Self {
        let status = deployment.step_status_at(index, now);
        let failure = deployment.failure.as_ref().filter(|_| status == DeploymentStatus::Failed);
        Self {
            index,
            description: match step.kind {
                ItemKind::SemanticModel => "DatasetDeployment".to_owned(),
                kind => format!("{}Deployment", kind.spec().name),
            },
            status,
            pre_deployment_diff_state: step.difference,
            source_and_target: SourceAndTarget {
                source_item_id: step.source,
                source_item_display_name: &step.source_name,
                target_item_id: step.overwritten.as_ref().map(|(id, _)| *id),
                target_item_display_name: step.overwritten.as_ref().map(|(_, name)| name.as_str()),
                item_type: step.kind,
            },
            error: failure.map(|failure| StepError::from(&failure.error)),
        }
    }
}

impl<'a> From<&'a OperationError> for StepError<'a> {
    fn from(error: &'a OperationError) -> Self {
        Self { error_code: &error.code, message: &error.message }
    }
}
