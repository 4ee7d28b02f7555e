//! Deployment pipelines: stages with workspaces, and deployments of items from one stage to the next
//! (docs/fidelity.md#deployment-pipelines).

pub mod deploy;
pub mod deployment;
mod links;
mod pipelines;
pub mod role;
pub mod stage;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::deployment::{Deployment, DeploymentStatus, Difference, Step};
pub(in crate::fabric) use self::pipelines::DeploymentPipelines;
use self::role::PipelineRole;
pub use self::stage::{Stage, StageRequest};
use crate::fabric::assignments::Assignments;
use crate::fabric::name::{Folded, NAME_MAX, check_description, check_name};
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::Principal;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{DeploymentId, DeploymentPipelineId, DeploymentStageId, PrincipalId};

/// The maximum number of deployment pipelines in a tenant (guessed).
pub const PIPELINES_MAX: usize = 1_000;
/// The minimum number of stages of a deployment pipeline (documented).
pub const STAGES_MIN: usize = 2;
/// The maximum number of stages of a deployment pipeline (documented).
pub const STAGES_MAX: usize = 10;
/// The maximum length of the description of a deployment pipeline or of a stage, in characters (documented).
pub const DESCRIPTION_MAX: usize = 1_024;
/// The maximum number of deployments that a deployment pipeline keeps (documented for the list of deployments). The
/// oldest is dropped first.
pub const DEPLOYMENTS_MAX: usize = 20;

/// A deployment pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentPipeline {
    /// The id of the deployment pipeline.
    pub id: DeploymentPipelineId,
    /// The display name, unique in the tenant without regard to case.
    pub display_name: String,
    /// The description; empty if there is none.
    pub description: String,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
    /// The role assignments.
    pub roles: Assignments<PipelineRole>,
    /// The deployments, in order of their start.
    #[serde(default, skip_serializing_if = "Ordered::is_new")]
    pub(in crate::fabric) deployments: Ordered<DeploymentId, Deployment>,
}

/// The properties of a new deployment pipeline.
#[derive(Debug, Clone)]
pub struct NewPipeline {
    /// The display name.
    pub display_name: String,
    /// The description.
    pub description: String,
    /// The stages, in their order.
    pub stages: Vec<StageRequest>,
}

impl DeploymentPipeline {
    /// Creates a deployment pipeline without deployments. The creator is its only administrator.
    pub(in crate::fabric) fn new(
        id: DeploymentPipelineId,
        display_name: String,
        description: String,
        stages: Vec<Stage>,
        creator: Principal,
    ) -> Self {
        let roles = Assignments::new(creator, PipelineRole::Admin);
        Self { id, display_name, description, stages, roles, deployments: Ordered::default() }
    }

    /// Returns a stage and its order, which starts from zero.
    pub fn stage(&self, id: DeploymentStageId) -> Result<(usize, &Stage), FabricError> {
        let found = self.stages.iter().enumerate().find(|(_, stage)| stage.id == id);
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("DeploymentPipelineStage", id))
    }

    /// Returns the deployments, in order of their start.
    pub fn deployments(&self) -> &Ordered<DeploymentId, Deployment> {
        &self.deployments
    }

    /// Returns a deployment.
    pub fn deployment(&self, id: DeploymentId) -> Result<&Deployment, FabricError> {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("DeploymentPipelineOperation", id);
        self.deployments.get(&id).ok_or_else(missing)
    }

    /// Rejects a request while a deployment is in progress.
    fn check_idle(&self, now: Timestamp) -> Result<(), FabricError> {
        if self.deployments.values().any(|deployment| now < deployment.ends_at) {
            return Err(
                FabricError::new(ErrorCode::WorkspaceMigrationOperationInProgress).about("DeploymentPipeline", self.id)
            );
        }
        Ok(())
    }
}

impl State {
    /// Returns a deployment pipeline. Rejects callers who do not administer it.
    pub fn deployment_pipeline(
        &self,
        id: DeploymentPipelineId,
        caller: PrincipalId,
    ) -> Result<&DeploymentPipeline, FabricError> {
        let found = self.deployment_pipelines().get(&id);
        let found = found.filter(|pipeline| pipeline.roles.role_of(caller).is_some());
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("DeploymentPipeline", id))
    }
}

/// Rejects a display name that is not valid, or that another deployment pipeline has.
fn check_display_name(state: &State, name: &str, own: Option<DeploymentPipelineId>) -> Result<(), FabricError> {
    check_name(name, NAME_MAX)?;
    match state.deployment_pipelines.named(&Folded::new(name)) {
        Some(taken) if Some(taken) != own => Err(ErrorCode::AlmDuplicatePipelineName.into()),
        _ => Ok(()),
    }
}

/// Creates a deployment pipeline. The creator becomes its first administrator.
pub fn create(state: &State, new: NewPipeline, creator: Principal) -> Decision<DeploymentPipelineId> {
    let NewPipeline { display_name, description, stages } = new;
    check_display_name(state, &display_name, None)?;
    check_description(&description, DESCRIPTION_MAX)?;
    if !(STAGES_MIN..=STAGES_MAX).contains(&stages.len()) {
        let message = format!("A deployment pipeline has from {STAGES_MIN} to {STAGES_MAX} stages.");
        return Err(FabricError::invalid_input(message));
    }
    stages.iter().try_for_each(StageRequest::check)?;
    if state.deployment_pipelines().len() >= PIPELINES_MAX {
        let message = format!("A tenant has at most {PIPELINES_MAX} deployment pipelines.");
        return Err(FabricError::invalid_input(message));
    }
    let id = state.next_deployment_pipeline();
    let seed = state.seed().fork(id.to_ascii());
    let stages = (0..).zip(stages).map(|(order, stage)| stage.create(DeploymentStageId::nth(seed, order)));
    let stages = stages.collect();
    Ok((vec![Fact::DeploymentPipelineCreated { id, display_name, description, stages, creator }], id))
}

/// Updates the name or description of a deployment pipeline. `None` leaves the current value unchanged.
pub fn update(
    state: &State,
    id: DeploymentPipelineId,
    display_name: Option<String>,
    description: Option<String>,
    caller: Principal,
) -> Decision<()> {
    let pipeline = state.deployment_pipeline(id, caller.id)?;
    if display_name.is_none() && description.is_none() {
        return Err(ErrorCode::InvalidRequest.into());
    }
    let display_name = display_name.unwrap_or_else(|| pipeline.display_name.clone());
    let description = description.unwrap_or_else(|| pipeline.description.clone());
    check_display_name(state, &display_name, Some(id))?;
    check_description(&description, DESCRIPTION_MAX)?;
    Ok((vec![Fact::DeploymentPipelineUpdated { id, display_name, description }], ()))
}

/// Deletes a deployment pipeline. Its workspaces and their items remain.
pub fn delete(state: &State, id: DeploymentPipelineId, caller: Principal, now: Timestamp) -> Decision<()> {
    state.deployment_pipeline(id, caller.id)?.check_idle(now)?;
    Ok((vec![Fact::DeploymentPipelineDeleted { id }], ()))
}
