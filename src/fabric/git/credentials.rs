//! The Git credentials of a caller in a workspace. Each principal has its own.

use serde::{Deserialize, Serialize};

use super::connection::GitConnection;
use super::provider::Owner;
use crate::fabric::principal::{Principal, PrincipalType};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::ConnectionId;

/// The source of Git credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Credentials {
    /// The sign-in of the caller.
    Automatic,
    /// A connection.
    ConfiguredConnection(ConnectionId),
    /// There are no credentials.
    None,
}

impl Credentials {
    /// Returns the initial credentials of a principal: automatic ones for a user of Azure DevOps.
    pub(super) fn initial(owner: &Owner, caller: Principal) -> Self {
        match owner {
            Owner::AzureDevOps { .. } if caller.kind == PrincipalType::User => Self::Automatic,
            Owner::AzureDevOps { .. } | Owner::GitHub { .. } => Self::None,
        }
    }

    /// Rejects automatic credentials for GitHub and for callers that are not users (documented), and a connection that
    /// the caller cannot use or that has another type.
    pub(super) fn check(self, state: &State, owner: &Owner, caller: Principal) -> Result<(), FabricError> {
        match self {
            Self::None => Ok(()),
            Self::Automatic if caller.kind != PrincipalType::User => Err(ErrorCode::PrincipalTypeNotSupported.into()),
            Self::Automatic => match owner {
                Owner::AzureDevOps { .. } => Ok(()),
                Owner::GitHub { .. } => {
                    Err(FabricError::invalid_input("GitHub does not support the credentials source Automatic."))
                }
            },
            Self::ConfiguredConnection(id) => {
                let missing = |_| FabricError::new(ErrorCode::ConnectionNotFound).about("Connection", id);
                let connection = state.connection(id, &caller).map_err(missing)?;
                let expected = match owner {
                    Owner::AzureDevOps { .. } => "AzureDevOpsSourceControl",
                    Owner::GitHub { .. } => "GitHubSourceControl",
                };
                if connection.kind == expected {
                    return Ok(());
                }
                let found = format!("The connection has the type {}; {expected} is expected.", connection.kind);
                Err(FabricError::new(ErrorCode::ConnectionMismatch)
                    .detail(ErrorCode::ConnectionMismatch, found)
                    .about("Connection", id))
            }
        }
    }
}

/// Returns the Git credentials of the caller.
pub fn of(workspace: &Workspace, caller: Principal) -> Result<Credentials, FabricError> {
    Ok(workspace.git()?.credentials_of(caller))
}

/// Sets the Git credentials of the caller.
pub fn set(state: &State, workspace: &Workspace, credentials: Credentials, caller: Principal) -> Decision<Credentials> {
    let connection: &GitConnection = workspace.git()?;
    credentials.check(state, &connection.provider.repository.owner, caller)?;
    if connection.credentials_of(caller) == credentials {
        return Ok((Vec::new(), credentials));
    }
    let changed = Fact::GitCredentialsChanged { workspace: workspace.id, principal: caller.id, credentials };
    Ok((vec![changed], credentials))
}
