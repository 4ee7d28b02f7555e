//! The deployment pipelines of a tenant, with their indexes. Only [`State::apply`](crate::fabric::State::apply) changes
//! them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::links::{Links, Neighbour};
use super::role::PipelineRole;
use super::{DEPLOYMENTS_MAX, Deployment, DeploymentPipeline, StageRequest};
use crate::fabric::assignments::Assignments;
use crate::fabric::name::Folded;
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::Principal;
use crate::ids::{DeploymentPipelineId, DeploymentStageId, ItemId, PrincipalId, WorkspaceId};

/// The deployment pipelines of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::fabric) struct DeploymentPipelines {
    all: Ordered<DeploymentPipelineId, DeploymentPipeline>,
    names: BTreeMap<Folded, DeploymentPipelineId>,
    /// The deployment pipeline of each assigned workspace.
    of_workspaces: BTreeMap<WorkspaceId, DeploymentPipelineId>,
    links: Links,
}

impl DeploymentPipelines {
    /// Returns `true` if there has never been a deployment pipeline.
    pub(in crate::fabric) fn is_new(&self) -> bool {
        self.all.is_new()
    }

    /// Returns the deployment pipelines, in order of creation.
    pub(in crate::fabric) fn all(&self) -> &Ordered<DeploymentPipelineId, DeploymentPipeline> {
        &self.all
    }

    /// Returns the id of the deployment pipeline with this name.
    pub(super) fn named(&self, name: &Folded) -> Option<DeploymentPipelineId> {
        self.names.get(name).copied()
    }

    /// Returns the id of the deployment pipeline that a workspace is assigned to.
    pub(super) fn of_workspace(&self, workspace: WorkspaceId) -> Option<DeploymentPipelineId> {
        self.of_workspaces.get(&workspace).copied()
    }

    /// Returns the pairs of items.
    pub(super) fn links(&self) -> &Links {
        &self.links
    }

    /// Adds a deployment pipeline.
    pub(in crate::fabric) fn create(&mut self, pipeline: DeploymentPipeline) {
        self.names.insert(Folded::new(&pipeline.display_name), pipeline.id);
        self.all.insert(pipeline.id, pipeline);
    }

    /// Changes the name and the description of a deployment pipeline.
    pub(in crate::fabric) fn update(&mut self, id: DeploymentPipelineId, display_name: String, description: String) {
        if let Some(pipeline) = self.all.get_mut(&id) {
            self.names.remove(&Folded::new(&pipeline.display_name));
            self.names.insert(Folded::new(&display_name), id);
            (pipeline.display_name, pipeline.description) = (display_name, description);
        }
    }

    /// Replaces the role assignments of a deployment pipeline.
    pub(in crate::fabric) fn set_roles(&mut self, id: DeploymentPipelineId, roles: Assignments<PipelineRole>) {
        if let Some(pipeline) = self.all.get_mut(&id) {
            pipeline.roles = roles;
        }
    }

    /// Changes the properties of a stage.
    pub(in crate::fabric) fn update_stage(
        &mut self,
        id: DeploymentPipelineId,
        stage: DeploymentStageId,
        request: &StageRequest,
    ) {
        let stages = self.all.get_mut(&id).into_iter().flat_map(|pipeline| &mut pipeline.stages);
        for stage in stages.filter(|known| known.id == stage) {
            stage.properties = request.clone();
        }
    }

    /// Assigns a workspace to a stage. Each pair consists of an item and its pair in the following stage.
    pub(in crate::fabric) fn assign(
        &mut self,
        id: DeploymentPipelineId,
        stage: DeploymentStageId,
        workspace: WorkspaceId,
        pairs: &[(ItemId, ItemId)],
    ) {
        let stages = self.all.get_mut(&id).into_iter().flat_map(|pipeline| &mut pipeline.stages);
        for stage in stages.filter(|known| known.id == stage) {
            stage.workspace = Some(workspace);
            self.of_workspaces.insert(workspace, id);
        }
        pairs.iter().for_each(|(item, following)| self.links.pair(*item, *following));
    }

    /// Returns the workspace of a stage.
    pub(in crate::fabric) fn workspace_of(
        &self,
        id: DeploymentPipelineId,
        stage: DeploymentStageId,
    ) -> Option<WorkspaceId> {
        self.all.get(&id)?.stage(stage).ok()?.1.workspace
    }

    /// Unassigns a workspace that contains the given items. Drops the pairs of the items, and the deployments from and to
    /// the stage.
    pub(in crate::fabric) fn unassign(&mut self, workspace: WorkspaceId, items: &[ItemId]) {
        let Some(id) = self.of_workspaces.remove(&workspace) else { return };
        self.forget_items(items);
        let Some(pipeline) = self.all.get_mut(&id) else { return };
        for stage in pipeline.stages.iter_mut().filter(|stage| stage.workspace == Some(workspace)) {
            stage.workspace = None;
            let id = stage.id;
            pipeline.deployments.retain(|deployment| deployment.source != id && deployment.target != id);
        }
    }

    /// Records a deployment, and pairs its items unless it fails. Drops the oldest deployment above
    /// [`DEPLOYMENTS_MAX`].
    pub(in crate::fabric) fn record(&mut self, id: DeploymentPipelineId, deployment: Deployment) {
        let Some(pipeline) = self.all.get_mut(&id) else { return };
        let order = |stage| pipeline.stage(stage).map(|(order, _)| order).ok();
        let direction =
            if order(deployment.source) < order(deployment.target) { Neighbour::Next } else { Neighbour::Previous };
        for (source, target) in deployment.effects() {
            match direction {
                Neighbour::Next => self.links.pair(source, target),
                Neighbour::Previous => self.links.pair(target, source),
            }
            self.links.record(target, deployment.ends_at);
        }
        pipeline.deployments.insert(deployment.id, deployment);
        let oldest = pipeline.deployments.values().next().map(|deployment| deployment.id);
        if let Some(oldest) = oldest.filter(|_| pipeline.deployments.len() > DEPLOYMENTS_MAX) {
            pipeline.deployments.remove(&oldest);
        }
    }

    /// Removes a deployment pipeline whose workspaces are unassigned.
    pub(in crate::fabric) fn delete(&mut self, id: DeploymentPipelineId) {
        if let Some(pipeline) = self.all.remove(&id) {
            self.names.remove(&Folded::new(&pipeline.display_name));
        }
    }

    /// Drops the pairs of items.
    pub(in crate::fabric) fn forget_items(&mut self, items: &[ItemId]) {
        items.iter().for_each(|item| self.links.forget(*item));
    }

    /// Replaces principals. The keys of `replaced` are the ids of the old principals.
    pub(in crate::fabric) fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        for pipeline in self.all.values_mut() {
            pipeline.roles.replace_principals(replaced);
            for deployment in pipeline.deployments.values_mut() {
                if let Some(after) = replaced.get(&deployment.performed_by.id) {
                    deployment.performed_by = *after;
                }
            }
        }
    }
}
