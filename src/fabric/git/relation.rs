//! Relations between a base workspace and its branch workspaces, which are connected to other branches of the same
//! directory.

use serde::{Deserialize, Serialize};

use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{WorkspaceId, WorkspaceRelationId};

/// The maximum number of relations in a tenant (guessed).
pub const RELATIONS_MAX: usize = 10_000;

/// A relation between a base workspace and a branch workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relation {
    /// The id of the relation.
    pub id: WorkspaceRelationId,
    /// The base workspace.
    pub base: WorkspaceId,
    /// The branch workspace.
    pub branch: WorkspaceId,
}

/// The type of the related workspace in a relation. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RelationType {
    /// The related workspace is the base.
    Base,
    /// The related workspace is a branch.
    Branch,
}

impl RelationType {
    /// Parses the name of a type. The case does not matter.
    pub fn named(name: &str) -> Result<Self, FabricError> {
        match name.to_ascii_lowercase().as_str() {
            "base" => Ok(Self::Base),
            "branch" => Ok(Self::Branch),
            _ => Err(ErrorCode::WorkspaceRelationInvalidType.into()),
        }
    }
}

impl Relation {
    /// Returns `true` if the workspace is one of the two.
    pub fn involves(&self, workspace: WorkspaceId) -> bool {
        self.base == workspace || self.branch == workspace
    }

    /// Returns the other workspace, and its type.
    pub fn seen_from(&self, workspace: WorkspaceId) -> (WorkspaceId, RelationType) {
        if self.base == workspace { (self.branch, RelationType::Branch) } else { (self.base, RelationType::Base) }
    }
}

/// Creates a relation. The caller must administer the branch workspace, and contribute to the base workspace.
pub fn create(
    state: &State,
    within: &Workspace,
    related: WorkspaceId,
    kind: RelationType,
    caller: Principal,
) -> Decision<WorkspaceRelationId> {
    if related == within.id {
        return Err(ErrorCode::WorkspaceRelationSelfReferencing.into());
    }
    let related = state.workspace(related)?;
    let (base, branch) = match kind {
        RelationType::Base => (related, within),
        RelationType::Branch => (within, related),
    };
    branch.check_role(caller, Role::Admin)?;
    base.check_role(caller, Role::Contributor)?;
    let relation = Relation { id: state.next_relation(), base: base.id, branch: branch.id };
    check(state, &relation)?;
    let roots = base.git_connection().zip(branch.git_connection());
    if !roots.is_some_and(|(base, branch)| base.provider.has_root_of(&branch.provider)) {
        return Err(ErrorCode::WorkspaceRelationRootDirectoryMismatch.into());
    }
    if state.relations().len() >= RELATIONS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {RELATIONS_MAX} relations.")));
    }
    Ok((vec![Fact::WorkspaceRelationCreated(relation)], relation.id))
}

/// Rejects a relation that contradicts another one.
fn check(state: &State, new: &Relation) -> Result<(), FabricError> {
    let has = |is_it: &dyn Fn(&Relation) -> bool| state.relations().values().any(is_it);
    let (base, branch) = (new.base, new.branch);
    let code = if has(&|it| (it.base, it.branch) == (base, branch)) {
        ErrorCode::WorkspaceRelationAlreadyExists
    } else if has(&|it| (it.base, it.branch) == (branch, base)) {
        ErrorCode::WorkspaceRelationBidirectionalExists
    } else if has(&|it| it.branch == base) {
        ErrorCode::WorkspaceRelationBaseIsBranch
    } else if has(&|it| it.base == branch) {
        ErrorCode::WorkspaceRelationTargetHasBranches
    } else if has(&|it| it.branch == branch) {
        ErrorCode::WorkspaceRelationDifferentBase
    } else {
        return Ok(());
    };
    Err(code.into())
}

/// Deletes a relation of a workspace.
pub fn delete(state: &State, within: &Workspace, id: WorkspaceRelationId) -> Decision<()> {
    let found = state.relations().get(&id).ok_or(ErrorCode::WorkspaceRelationNotFound)?;
    if !found.involves(within.id) {
        return Err(ErrorCode::WorkspaceNotInvolvedInRelation.into());
    }
    Ok((vec![Fact::WorkspaceRelationDeleted { id }], ()))
}
