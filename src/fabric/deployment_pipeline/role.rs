//! The only role of a deployment pipeline: administrators see, change and share the pipeline.

use serde::{Deserialize, Serialize};

use crate::fabric::assignments::Assignment;
use crate::fabric::principal::{self, Principal};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{DeploymentPipelineId, PrincipalId};

/// A role in a deployment pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PipelineRole {
    /// Full control of the deployment pipeline. Its workspaces require roles of their own.
    Admin,
}

impl PipelineRole {
    /// Returns the role with the given name, compared without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        name.eq_ignore_ascii_case("Admin").then_some(Self::Admin)
    }
}

/// Assigns a role to a principal. Returns the assignment, and `true` if the principal is added to the directory.
pub fn add(
    state: &State,
    id: DeploymentPipelineId,
    asked: Principal,
    role: PipelineRole,
    caller: Principal,
) -> Decision<(Assignment<PipelineRole>, bool)> {
    let mut roles = state.deployment_pipeline(id, caller.id)?.roles.clone();
    let unknown = || {
        FabricError::new(ErrorCode::PrincipalNotFound).about("Principal", asked.id).note(
            "the directory does not know this id, and behaviours.unknownPrincipal is 400; declare it by PUT /_emulator/principals",
        )
    };
    let (principal, learned) = principal::assignee(state, asked).ok_or_else(unknown)?;
    let assignment = roles.add(principal, role)?;
    let is_learned = learned.is_some();
    let changed = Fact::DeploymentPipelineRolesChanged { id, roles };
    Ok((learned.into_iter().chain([changed]).collect(), (assignment, is_learned)))
}

/// Deletes a role assignment. Rejects the deletion of the last administrator.
pub fn delete(state: &State, id: DeploymentPipelineId, principal: PrincipalId, caller: Principal) -> Decision<()> {
    let mut roles = state.deployment_pipeline(id, caller.id)?.roles.clone();
    if roles.get(principal).is_none() {
        return Err(FabricError::new(ErrorCode::EntityNotFound).about("DeploymentPipelineRoleAssignment", principal));
    }
    if roles.is_last(principal, PipelineRole::Admin) {
        return Err(FabricError::invalid_input("A deployment pipeline keeps at least one administrator."));
    }
    roles.remove(principal);
    Ok((vec![Fact::DeploymentPipelineRolesChanged { id, roles }], ()))
}
