//! Stages: their properties, the assignment of workspaces, and the items of the assigned workspace with their pairs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::links::Neighbour;
use super::{DESCRIPTION_MAX, DeploymentPipeline};
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::name::{NAME_MAX, check_description, check_name};
use crate::fabric::page::Position;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{DeploymentPipelineId, DeploymentStageId, ItemId, WorkspaceId};

/// A stage of a deployment pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// The id of the stage.
    pub id: DeploymentStageId,
    /// The properties that clients set.
    pub properties: StageRequest,
    /// The assigned workspace.
    pub workspace: Option<WorkspaceId>,
}

/// The properties of a stage that clients set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageRequest {
    /// The display name.
    pub display_name: String,
    /// The description; empty if there is none.
    pub description: String,
    /// `true` if the stage is public. This has no effect.
    pub is_public: bool,
}

impl StageRequest {
    /// Rejects a name or a description that is not valid.
    pub(super) fn check(&self) -> Result<(), FabricError> {
        check_name(&self.display_name, NAME_MAX)?;
        check_description(&self.description, DESCRIPTION_MAX)
    }

    /// Creates a stage with these properties and without a workspace.
    pub(super) fn create(self, id: DeploymentStageId) -> Stage {
        Stage { id, properties: self, workspace: None }
    }
}

/// An item of a stage, with its pairs in the neighbouring stages as far as the caller may see them.
#[derive(Debug)]
pub struct StageItem<'a> {
    /// The item.
    pub item: &'a Item,
    /// The pair in the previous stage.
    pub source: Option<ItemId>,
    /// The pair in the next stage.
    pub target: Option<ItemId>,
    /// The instant of the last deployment to the item.
    pub deployed_at: Option<Timestamp>,
}

/// Updates the properties of a stage.
pub fn update(
    state: &State,
    id: DeploymentPipelineId,
    stage: DeploymentStageId,
    request: StageRequest,
    caller: Principal,
) -> Decision<()> {
    state.deployment_pipeline(id, caller.id)?.stage(stage)?;
    request.check()?;
    Ok((vec![Fact::DeploymentStageUpdated { pipeline: id, stage, properties: request }], ()))
}

/// Assigns a workspace to a stage, and pairs its items with those of the neighbouring stages that have the same kind and
/// name.
pub fn assign(
    state: &State,
    id: DeploymentPipelineId,
    stage: DeploymentStageId,
    workspace: WorkspaceId,
    caller: Principal,
    now: Timestamp,
) -> Decision<()> {
    let pipeline = state.deployment_pipeline(id, caller.id)?;
    let (order, known) = pipeline.stage(stage)?;
    let within = state.workspace(workspace)?;
    within.check_role(caller, Role::Admin)?;
    within.check_shared()?;
    pipeline.check_idle(now)?;
    if known.workspace.is_some() {
        return Err(FabricError::new(ErrorCode::InvalidRequest)
            .message("The deployment pipeline stage already has a workspace.")
            .about("DeploymentPipelineStage", stage));
    }
    if state.deployment_pipelines.of_workspace(workspace).is_some() {
        return Err(FabricError::new(ErrorCode::InvalidRequest)
            .message("The workspace is already assigned to a deployment pipeline stage.")
            .about("Workspace", workspace));
    }
    check_capacity(state, within)?;
    let mut pairs = Vec::new();
    for neighbour in Neighbour::BOTH {
        let Some(other) = pipeline.neighbour(order, neighbour).and_then(|stage| stage.workspace) else { continue };
        let other = state.workspace(other)?;
        other.check_role(caller, Role::Contributor)?;
        pairs.extend(same_names(within, other, now).map(|(item, pair)| match neighbour {
            Neighbour::Previous => (pair, item),
            Neighbour::Next => (item, pair),
        }));
    }
    Ok((vec![Fact::DeploymentStageAssigned { pipeline: id, stage, workspace, pairs }], ()))
}

/// Returns the items that can be deployed, each with the item of another workspace that has the same kind and name.
fn same_names(within: &Workspace, other: &Workspace, now: Timestamp) -> impl Iterator<Item = (ItemId, ItemId)> {
    let items = within.items().values().filter(move |item| is_deployable(item) && item.visible_from <= now);
    items.filter_map(move |item| {
        let pair = other.item(other.named(item.kind, &item.display_name)?, now).ok()?;
        is_deployable(pair).then_some((item.id, pair.id))
    })
}

/// Unassigns the workspace of a stage. The pairs of its items and the deployments from and to the stage are dropped.
pub fn unassign(
    state: &State,
    id: DeploymentPipelineId,
    stage: DeploymentStageId,
    caller: Principal,
    now: Timestamp,
) -> Decision<()> {
    let pipeline = state.deployment_pipeline(id, caller.id)?;
    let (_, known) = pipeline.stage(stage)?;
    pipeline.check_idle(now)?;
    if known.workspace.is_none() {
        return Err(FabricError::new(ErrorCode::InvalidRequest)
            .message("The deployment pipeline stage has no workspace.")
            .about("DeploymentPipelineStage", stage));
    }
    Ok((vec![Fact::DeploymentStageUnassigned { pipeline: id, stage }], ()))
}

/// Rejects a workspace without an active capacity.
pub(super) fn check_capacity(state: &State, workspace: &Workspace) -> Result<(), FabricError> {
    if workspace.capacity.is_none() {
        return Err(FabricError::new(ErrorCode::AlmWorkspaceHasNoCapacity).about("Workspace", workspace.id));
    }
    state.check_capacity(workspace)
}

/// Returns `true` if deployment pipelines support items of this kind.
fn is_supported(kind: ItemKind) -> bool {
    kind.spec().definition.is_some() || matches!(kind, ItemKind::Warehouse | ItemKind::Dashboard | ItemKind::Datamart)
}

/// Returns `true` if an item can be deployed. Companions cannot: they are created with the copy of their item.
pub(super) fn is_deployable(item: &Item) -> bool {
    is_supported(item.kind) && item.creator.is_some()
}

/// Returns `true` if the list of the items of a stage shows an item.
fn is_listed(item: &Item) -> bool {
    is_supported(item.kind) || item.kind == ItemKind::SQLEndpoint
}

impl DeploymentPipeline {
    /// Returns the neighbour of the stage with this order.
    fn neighbour(&self, order: usize, neighbour: Neighbour) -> Option<&super::Stage> {
        self.stages.get(neighbour.of(order)?)
    }

    /// Returns the items of a stage after a position, each with its position. The caller must be a contributor of the
    /// workspace. A stage without a workspace has no items.
    pub fn items<'a>(
        &'a self,
        state: &'a State,
        stage: DeploymentStageId,
        after: Option<Position>,
        caller: Principal,
        now: Timestamp,
    ) -> Result<impl Iterator<Item = (Position, StageItem<'a>)>, FabricError> {
        let (order, stage) = self.stage(stage)?;
        let within = stage.workspace.map(|id| state.workspace(id)).transpose()?;
        if let Some(within) = within {
            within.check_role(caller, Role::Contributor)?;
        }
        let is_open = |neighbour| {
            let workspace = self.neighbour(order, neighbour).and_then(|stage| stage.workspace);
            let workspace = workspace.and_then(|id| state.workspace(id).ok());
            workspace.is_some_and(|workspace| workspace.has_role(caller, Role::Contributor))
        };
        let (shows_source, shows_target) = (is_open(Neighbour::Previous), is_open(Neighbour::Next));
        let pair = move |item, neighbour| Some(state.paired(item, neighbour, now)?.id);
        let items = within.into_iter().flat_map(move |within| within.items().after(after));
        let items = items.filter(move |(_, item)| item.visible_from <= now && is_listed(item));
        Ok(items.map(move |(position, item)| {
            let source = shows_source.then(|| pair(item, Neighbour::Previous)).flatten();
            let target = shows_target.then(|| pair(item, Neighbour::Next)).flatten();
            let deployed_at = state.deployment_pipelines.links().deployed(item.id).filter(|at| *at <= now);
            (position, StageItem { item, source, target, deployed_at })
        }))
    }
}

impl State {
    /// Returns the pair of an item in a neighbouring stage, if it is visible at `now`. The companion of an item is paired
    /// with the companion of its pair.
    pub(super) fn paired(&self, item: &Item, neighbour: Neighbour, now: Timestamp) -> Option<&Item> {
        let links = self.deployment_pipelines.links();
        let pair = if is_deployable(item) {
            links.get(item.id, neighbour)?
        } else {
            let parent = links.get(item.parent?, neighbour)?;
            let (within, _) = self.find_item(parent)?;
            let companions = within.items.descendants(parent).into_iter().filter_map(|id| within.items().get(&id));
            let mut companions = companions.filter(|companion| companion.parent == Some(parent));
            companions.find(|companion| companion.kind == item.kind && companion.creator.is_none())?.id
        };
        self.find_item(pair).map(|(_, pair)| pair).filter(|pair| pair.visible_from <= now)
    }
}
