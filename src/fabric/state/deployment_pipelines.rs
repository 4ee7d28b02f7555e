//! Deployment pipelines, their stages and their deployments.

use crate::fabric::State;
use crate::fabric::deployment_pipeline::{Deployment, DeploymentPipeline};
use crate::fabric::ordered::Ordered;
use crate::fabric::workspace::Workspace;
use crate::ids::{DeploymentPipelineId, DeploymentStageId, WorkspaceId};

impl State {
    /// Returns the deployment pipelines, in order of creation.
    pub fn deployment_pipelines(&self) -> &Ordered<DeploymentPipelineId, DeploymentPipeline> {
        self.deployment_pipelines.all()
    }

    pub(super) fn create_deployment_pipeline(&mut self, pipeline: DeploymentPipeline) {
        self.counts.deployment_pipelines += 1;
        self.deployment_pipelines.create(pipeline);
    }

    /// Deletes a deployment pipeline. The workspaces of its stages remain.
    pub(super) fn delete_deployment_pipeline(&mut self, id: DeploymentPipelineId) {
        let stages = self.deployment_pipelines().get(&id).into_iter().flat_map(|pipeline| &pipeline.stages);
        let workspaces: Vec<WorkspaceId> = stages.filter_map(|stage| stage.workspace).collect();
        workspaces.into_iter().for_each(|workspace| self.unassign_workspace(workspace));
        self.deployment_pipelines.delete(id);
    }

    /// Unassigns the workspace of a stage, if it has one.
    pub(super) fn unassign_stage(&mut self, pipeline: DeploymentPipelineId, stage: DeploymentStageId) {
        let workspace = self.deployment_pipelines.workspace_of(pipeline, stage);
        workspace.into_iter().for_each(|workspace| self.unassign_workspace(workspace));
    }

    /// Unassigns a workspace from its stage of a deployment pipeline.
    fn unassign_workspace(&mut self, workspace: WorkspaceId) {
        let items = self.workspaces.get(&workspace).map(Workspace::all_item_ids).unwrap_or_default();
        self.deployment_pipelines.unassign(workspace, &items);
    }

    pub(super) fn record_deployment(&mut self, pipeline: DeploymentPipelineId, deployment: Deployment) {
        self.counts.deployments += 1;
        self.deployment_pipelines.record(pipeline, deployment);
    }
}
