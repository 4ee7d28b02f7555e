//! The settings of the connection of a workspace to Git. They are kept and shown, but have no effect: a connected branch
//! changes only when the workspace is connected again, for which the caller must be an Admin.

use serde::{Deserialize, Serialize};

use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact};

/// The roles other than `Admin` that may change the connected branch. The names of the variants are the values on the
/// wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BranchRoles {
    /// No other role.
    #[default]
    None,
    /// The roles `Member` and `Contributor`.
    MemberAndContributor,
}

impl BranchRoles {
    /// Returns the roles with this name, compared without regard to case.
    pub fn named(name: &str) -> Option<Self> {
        let known = [("None", Self::None), ("MemberAndContributor", Self::MemberAndContributor)];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, roles)| roles)
    }

    /// Returns `true` for [`BranchRoles::None`].
    pub(super) fn is_default(&self) -> bool {
        *self == Self::None
    }
}

/// Returns the roles that may change the connected branch. Rejects a workspace that is not connected.
pub fn branch_roles(workspace: &Workspace) -> Result<BranchRoles, FabricError> {
    Ok(workspace.git()?.branch_roles)
}

/// Sets the roles that may change the connected branch; `None` keeps them. Returns the roles.
pub fn change(workspace: &Workspace, roles: Option<BranchRoles>) -> Decision<BranchRoles> {
    let before = branch_roles(workspace)?;
    let roles = roles.unwrap_or(before);
    let changed = Fact::GitSettingsChanged { workspace: workspace.id, branch_roles: roles };
    Ok(((roles != before).then_some(changed).into_iter().collect(), roles))
}
