//! The decision to deploy: copies items from one stage to a neighbouring one, as a long-running operation.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::deployment::{Deployment, Difference, Failure, Step};
use super::stage::{Neighbour, check_capacity, is_deployable};
use super::{DeploymentPipeline, Stage};
use crate::fabric::item::{
    self, CreateItem, Definition, Draft, Item, ItemKind, Rename, Update, relocate, update_definition,
};
use crate::fabric::operation::{self, OperationError, PendingResult};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::{self, NewWorkspace, Workspace};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{
    CapacityId, DeploymentId, DeploymentPipelineId, DeploymentStageId, FolderId, ItemId, OperationId, WorkspaceId,
};

/// The duration of a deployment at the realistic pace (guessed).
const DEPLOYMENT_TIME: SignedDuration = SignedDuration::from_secs(30);
/// The maximum number of items of a deployment (documented).
pub const ITEMS_MAX: usize = 300;
/// The maximum length of a note, in characters (documented).
pub const NOTE_MAX: usize = 1_024;

/// A request to deploy.
#[derive(Debug, Clone)]
pub struct DeployRequest {
    /// The stage that the items come from.
    pub source: DeploymentStageId,
    /// The stage that the items are copied to.
    pub target: DeploymentStageId,
    /// The items. If it is empty, all items that can be deployed.
    pub items: Vec<(ItemId, ItemKind)>,
    /// The note.
    pub note: String,
    /// The workspace to create for a target stage that has none.
    pub new_workspace: Option<NewTarget>,
    /// `true` if the regions of the two workspaces may differ.
    pub allows_cross_region: bool,
}

/// A workspace that a deployment creates.
#[derive(Debug, Clone)]
pub struct NewTarget {
    /// The name of the workspace.
    pub name: String,
    /// The capacity of the workspace; `None` for the capacity of the source workspace.
    pub capacity: Option<CapacityId>,
}

/// Deploys items. Returns the long-running operation and the deployment.
///
/// New items become visible when the operation ends; existing items are overwritten at once. If one item fails, none is
/// deployed.
pub fn deploy(
    state: &State,
    id: DeploymentPipelineId,
    request: DeployRequest,
    caller: Principal,
    now: Timestamp,
) -> Decision<(OperationId, DeploymentId)> {
    let pipeline = state.deployment_pipeline(id, caller.id)?;
    if request.note.chars().count() > NOTE_MAX {
        return Err(FabricError::invalid_input(format!("The note has more than {NOTE_MAX} characters.")));
    }
    if request.items.len() > ITEMS_MAX {
        return Err(too_many());
    }
    let (direction, target) = pipeline.direction(&request)?;
    pipeline.check_idle(now)?;
    let source = pipeline.source(state, request.source, caller)?;
    let items = selected(source, &request.items, now)?;
    let begin = |result| operation::begin(state, source.id, Role::Contributor, DEPLOYMENT_TIME, result, now);
    let ends_at = begin(PendingResult::Nothing).ends_at;
    let (created, workspace) = target_workspace(state, id, target, source, &request, caller)?;
    let mut draft = Draft::new(state, workspace, now, ends_at);
    draft.add(created);
    check_regions(draft.state(), source, draft.within()?, request.allows_cross_region)?;

    let mut copier = Copier { source, draft, placed: BTreeMap::new(), caller, now, ends_at };
    let mut steps = copier.plan(state, &items, direction)?;
    let failure = copier.copy_all(&items, &mut steps)?;
    let deployment = Deployment {
        id: state.next_deployment(),
        source: request.source,
        target: request.target,
        performed_by: caller,
        note: request.note,
        started_at: now,
        ends_at,
        steps: Arc::new(steps),
        failure,
    };
    let deployed = deployment.id;
    let (mut facts, result) = match &deployment.failure {
        Some(failure) => (Vec::new(), PendingResult::Failed(failure.error.clone())),
        None => (copier.draft.into_facts(), PendingResult::Deployed(id, deployed)),
    };
    let operation = begin(result);
    let started = operation.id;
    facts.extend([Fact::DeploymentStarted { pipeline: id, deployment }, Fact::OperationStarted(operation)]);
    Ok((facts, (started, deployed)))
}

impl DeploymentPipeline {
    /// Returns the direction of a deployment and its target stage. Rejects stages that are not neighbours, and a
    /// deployment to a previous stage that has a workspace.
    fn direction(&self, request: &DeployRequest) -> Result<(Neighbour, &Stage), FabricError> {
        let (from, _) = self.stage(request.source)?;
        let (to, target) = self.stage(request.target)?;
        let direction = Neighbour::BOTH.into_iter().find(|neighbour| neighbour.of(from) == Some(to));
        match direction {
            None => Err(FabricError::invalid_input("The source and target stages are not consecutive.")),
            Some(Neighbour::Previous) if target.workspace.is_some() => Err(FabricError::new(ErrorCode::InvalidRequest)
                .message("Items are deployed to a previous stage only if it is empty.")
                .about("DeploymentPipelineStage", target.id)),
            Some(direction) => Ok((direction, target)),
        }
    }

    /// Returns the workspace of the source stage, if the caller may deploy from it.
    fn source<'a>(
        &self,
        state: &'a State,
        stage: DeploymentStageId,
        caller: Principal,
    ) -> Result<&'a Workspace, FabricError> {
        let (_, source) = self.stage(stage)?;
        let empty = || {
            FabricError::new(ErrorCode::InvalidRequest)
                .message("The source stage has no workspace.")
                .about("DeploymentPipelineStage", stage)
        };
        let within = state.workspace(source.workspace.ok_or_else(empty)?)?;
        within.check_role(caller, Role::Contributor)?;
        check_capacity(state, within)?;
        Ok(within)
    }
}

fn too_many() -> FabricError {
    FabricError::invalid_input(format!("At most {ITEMS_MAX} items are deployed by a request."))
}

/// Returns the items to deploy: those that the request names, or all. Items with a parent come after all others.
fn selected<'a>(
    within: &'a Workspace,
    named: &[(ItemId, ItemKind)],
    now: Timestamp,
) -> Result<Vec<&'a Item>, FabricError> {
    let mut items = Vec::new();
    for (id, kind) in named {
        let item = within.item_of(*kind, *id, now)?;
        if !is_deployable(item) {
            return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", id));
        }
        if items.iter().any(|known: &&Item| known.id == *id) {
            return Err(FabricError::new(ErrorCode::ItemReferencedMoreThanOnce).about("Item", id));
        }
        items.push(item);
    }
    if named.is_empty() {
        let all = within.items().values().filter(|item| is_deployable(item) && item.visible_from <= now);
        items.extend(all);
    }
    match items.len() {
        0 => return Err(ErrorCode::AlmNoArtifactsToDeploy.into()),
        count if count > ITEMS_MAX => return Err(too_many()),
        _ => {}
    }
    items.sort_by_key(|item| item.parent.is_some());
    Ok(items)
}

/// Returns the workspace of the target stage, and the facts that create it if the stage has none.
fn target_workspace(
    state: &State,
    pipeline: DeploymentPipelineId,
    target: &Stage,
    source: &Workspace,
    request: &DeployRequest,
    caller: Principal,
) -> Decision<WorkspaceId> {
    if let Some(id) = target.workspace {
        let within = state.workspace(id)?;
        within.check_role(caller, Role::Contributor)?;
        check_capacity(state, within)?;
        return Ok((Vec::new(), id));
    }
    let NewTarget { name, capacity } = request
        .new_workspace
        .clone()
        .ok_or_else(|| FabricError::invalid_input("The CreatedWorkspaceDetails field is required."))?;
    let new = NewWorkspace {
        display_name: name,
        description: String::new(),
        capacity: capacity.or(source.capacity),
        domain: None,
    };
    let (mut facts, workspace) = workspace::create(state, new, caller)?;
    facts.push(Fact::DeploymentStageAssigned { pipeline, stage: target.id, workspace, pairs: Vec::new() });
    Ok((facts, workspace))
}

/// Rejects workspaces in different regions, unless the request allows them.
fn check_regions(state: &State, source: &Workspace, target: &Workspace, may_differ: bool) -> Result<(), FabricError> {
    let region = |workspace: &Workspace| Some(state.capacity(workspace.capacity?).ok()?.region.clone());
    if may_differ || region(source) == region(target) {
        return Ok(());
    }
    Err(FabricError::new(ErrorCode::InvalidRequest)
        .message("The workspaces are in different regions, and allowCrossRegionDeployment is not true.")
        .about("Workspace", target.id))
}

/// The copy of items from one workspace to another.
struct Copier<'a> {
    source: &'a Workspace,
    /// The target workspace.
    draft: Draft,
    /// The items of the target workspace that are paired with those of the source, or created from them.
    placed: BTreeMap<ItemId, ItemId>,
    caller: Principal,
    now: Timestamp,
    ends_at: Timestamp,
}

impl Copier<'_> {
    /// Returns the steps for the given items, before any of them is copied.
    fn plan(&mut self, state: &State, items: &[&Item], direction: Neighbour) -> Result<Vec<Step>, FabricError> {
        let pairs = self
            .source
            .items()
            .values()
            .filter_map(|item| Some((item.id, state.paired(item, direction, self.now)?.id)));
        self.placed = pairs.collect();
        items.iter().map(|item| self.step(item)).collect()
    }

    fn step(&self, item: &Item) -> Result<Step, FabricError> {
        let paired = self.placed.get(&item.id).and_then(|id| Some((*id, self.draft.within().ok()?.items().get(id)?)));
        let difference = match paired {
            None => Difference::New,
            Some((_, target)) if self.differences(item, target)?.any() => Difference::Different,
            Some(_) => Difference::NoDifference,
        };
        Ok(Step {
            kind: item.kind,
            source: item.id,
            source_name: item.display_name.clone(),
            overwritten: paired.map(|(id, target)| (id, target.display_name.clone())),
            difference,
            created: None,
        })
    }

    /// Copies the items, in order. Returns the failure of the first item that cannot be copied.
    ///
    /// # Errors
    ///
    /// Returns an error if callers of this type cannot create one of the items.
    fn copy_all(&mut self, items: &[&Item], steps: &mut [Step]) -> Result<Option<Failure>, FabricError> {
        for (number, (item, step)) in items.iter().zip(steps).enumerate() {
            let error = match self.copy(item, step) {
                Ok(()) => self.draft.failure().cloned(),
                Err(error) if error.code() == ErrorCode::PrincipalTypeNotSupported => return Err(error),
                Err(error) => Some(OperationError::from(&error)),
            };
            if let Some(error) = error {
                return Ok(Some(Failure { step: number, error }));
            }
        }
        Ok(None)
    }

    fn copy(&mut self, item: &Item, step: &mut Step) -> Result<(), FabricError> {
        if step.difference == Difference::NoDifference {
            return Ok(());
        }
        let folder = self.draft.folder(&self.source.folder_names(item.folder))?;
        match &step.overwritten {
            Some((target, _)) => self.overwrite(item, *target, folder),
            None => {
                let created = self.create(item, folder)?;
                self.placed.insert(item.id, created);
                step.created = Some(created);
                Ok(())
            }
        }
    }

    /// Creates the copy of an item. The decision is made as if the operation had ended, so that the copy may refer to
    /// other items that the deployment creates.
    fn create(&mut self, item: &Item, folder: Option<FolderId>) -> Result<ItemId, FabricError> {
        let definition = self.definition(item);
        let payload = self.payload(item);
        // A creation with a payload cannot have a definition.
        let (definition, rest) = if payload.is_some() { (None, definition) } else { (definition, None) };
        let new = CreateItem {
            kind: item.kind,
            display_name: item.display_name.clone(),
            description: Some(item.description.clone()),
            folder,
            sensitivity_label: item.sensitivity_label,
            definition: definition.map(|definition| Ok((definition, None))),
            creation_payload: payload,
        };
        let (caller, ends_at) = (self.caller, self.ends_at);
        let id = self.draft.state().next_item(0);
        self.draft.change(|state, within, _| item::create(state, within, new, caller, ends_at))?;
        if let Some(definition) = rest.filter(|_| self.draft.failure().is_none()) {
            self.draft.change(|state, within, now| {
                update_definition(state, within, within.item(id, ends_at)?, Ok((definition, None)), now)
            })?;
        }
        Ok(id)
    }

    /// Overwrites an item with a copy. Its id, its folder if it has a parent, and its roles remain.
    fn overwrite(&mut self, item: &Item, target: ItemId, folder: Option<FolderId>) -> Result<(), FabricError> {
        let within = self.draft.within()?;
        let differences = self.differences(item, within.item(target, self.now)?)?;
        let now = self.now;
        if let Some(definition) = self.definition(item).filter(|_| differences.definition) {
            self.draft.change(|state, within, now| {
                update_definition(state, within, within.item(target, now)?, Ok((definition, None)), now)
            })?;
        }
        if differences.name || differences.description {
            let update = Update {
                display_name: differences.name.then(|| item.display_name.clone()),
                description: differences.description.then(|| item.description.clone()),
                kind_changes: Vec::new(),
            };
            self.draft
                .change(|state, within, now| item::update(state, within, within.item(target, now)?, update, now))?;
        }
        if differences.folder {
            self.draft.change(|_, within, _| relocate(within, vec![target], folder, now))?;
        }
        Ok(())
    }

    /// Returns the differences between an item and its pair.
    fn differences(&self, item: &Item, target: &Item) -> Result<Differences, FabricError> {
        let parts = target.definition.as_deref().map(|definition| &definition.parts);
        let path = |workspace: &Workspace, item: &Item| workspace.folder_names(item.folder);
        Ok(Differences {
            definition: self.definition(item).is_some_and(|definition| Some(&definition.parts) != parts),
            name: item.kind.spec().rename == Rename::Accepted && item.display_name != target.display_name,
            description: item.description != target.description,
            folder: item.parent.is_none() && path(self.source, item) != path(self.draft.within()?, target),
        })
    }

    /// Returns the definition of the copy of an item.
    fn definition(&self, item: &Item) -> Option<Definition> {
        let mut definition = item.definition.as_deref()?.clone();
        if let Some((parent, placed)) = self.parents(item) {
            for part in &mut definition.parts {
                if let Some(text) = std::str::from_utf8(&part.payload).ok().filter(|text| text.contains(&parent)) {
                    part.payload = Arc::new(text.replace(&parent, &placed).into_bytes());
                }
            }
        }
        Some(definition)
    }

    /// Returns the creation payload of the copy of an item; `None` for a restored SQL database.
    fn payload(&self, item: &Item) -> Option<Value> {
        let payload = item.creation_payload.as_deref()?;
        let mode = payload.get("creationMode").and_then(Value::as_str);
        if mode.is_some_and(|mode| !mode.eq_ignore_ascii_case("New")) {
            return None;
        }
        match self.parents(item) {
            Some((parent, placed)) => serde_json::from_str(&payload.to_string().replace(&parent, &placed)).ok(),
            None => Some(payload.clone()),
        }
    }

    /// Returns the id of the parent of an item, and that of the parent's pair.
    fn parents(&self, item: &Item) -> Option<(String, String)> {
        let parent = item.parent?;
        Some((parent.to_string(), self.placed.get(&parent)?.to_string()))
    }
}

/// The properties in which an item and its pair differ.
#[derive(Debug, Clone, Copy)]
struct Differences {
    definition: bool,
    name: bool,
    description: bool,
    folder: bool,
}

impl Differences {
    fn any(self) -> bool {
        self.definition || self.name || self.description || self.folder
    }
}
