//! The connection of a workspace to a branch: connect, disconnect, and the last sync.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::credentials::Credentials;
use super::digest::Digest;
use super::provider::ProviderDetails;
use super::repository::{self, Branch};
use super::settings::BranchRoles;
use crate::fabric::item::ItemKind;
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{LogicalId, PrincipalId};

/// The connection of a workspace to a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitConnection {
    /// The repository, branch and directory.
    pub provider: ProviderDetails,
    /// The last sync; `None` until the connection is initialized.
    pub sync: Option<SyncPoint>,
    /// The roles other than `Admin` that may change the branch.
    #[serde(default, skip_serializing_if = "BranchRoles::is_default")]
    pub(in crate::fabric) branch_roles: BranchRoles,
    credentials: BTreeMap<PrincipalId, Credentials>,
    /// The end of the last operation.
    busy_until: Option<Timestamp>,
}

/// The last sync of a workspace with its branch: the items that both had in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncPoint {
    /// The commit to which the workspace is synced; `None` between the initialization and the first update.
    pub head: Option<Digest>,
    /// The instant of the sync.
    pub at: Timestamp,
    pub(super) items: BTreeMap<LogicalId, SyncedItem>,
}

/// An item at the last sync. The fingerprints differ if the service formats the files differently from the branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncedItem {
    pub(super) kind: ItemKind,
    pub(super) display_name: String,
    /// The fingerprint of the item in the workspace.
    pub(super) workspace: Digest,
    /// The fingerprint of the item in the branch.
    pub(super) remote: Digest,
}

/// Connects a workspace to a branch. Without credentials, a user of Azure DevOps has automatic ones.
///
/// A repository that was not declared through the control interface has every branch and every directory.
pub fn connect(
    state: &State,
    workspace: &Workspace,
    provider: ProviderDetails,
    credentials: Option<Credentials>,
    caller: Principal,
    now: Timestamp,
) -> Decision<()> {
    workspace.check_shared()?;
    if workspace.git.is_some() {
        return Err(FabricError::new(ErrorCode::WorkspaceAlreadyConnectedToGit).about("Workspace", workspace.id));
    }
    state.check_capacity(workspace)?;
    let owner = &provider.repository.owner;
    let credentials = match credentials.unwrap_or(Credentials::Automatic) {
        Credentials::None => return Err(FabricError::invalid_input("MyGitCredentials must have a source.")),
        credentials => credentials,
    };
    credentials.check(state, owner, caller)?;
    let mut facts = Vec::new();
    match state.repositories().branch(&provider.repository, &provider.branch) {
        Some(branch) => branch.check_directory(state, &provider)?,
        None => facts.push(repository::create_branch(state, &provider, now)?),
    }
    facts.push(Fact::GitConnected { workspace: workspace.id, provider, caller: caller.id, credentials });
    Ok((facts, ()))
}

/// Disconnects a workspace from its branch. Its items and the branch remain.
pub fn disconnect(workspace: &Workspace) -> Decision<()> {
    workspace.git()?;
    Ok((vec![Fact::GitDisconnected { workspace: workspace.id }], ()))
}

impl GitConnection {
    /// Creates a connection that is not initialized.
    pub(in crate::fabric) fn new(provider: ProviderDetails, caller: PrincipalId, credentials: Credentials) -> Self {
        let credentials = BTreeMap::from([(caller, credentials)]);
        Self { provider, sync: None, branch_roles: BranchRoles::default(), credentials, busy_until: None }
    }

    /// Sets the credentials of a principal.
    pub(in crate::fabric) fn set_credentials(&mut self, principal: PrincipalId, credentials: Credentials) {
        self.credentials.insert(principal, credentials);
    }

    /// Sets the last sync, and the end of its operation.
    pub(in crate::fabric) fn synced(&mut self, sync: SyncPoint, busy_until: Option<Timestamp>) {
        (self.sync, self.busy_until) = (Some(sync), busy_until);
    }

    /// Replaces principals. The keys of `replaced` are the ids of the old principals.
    pub(in crate::fabric) fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        for (before, after) in replaced {
            if let Some(credentials) = self.credentials.remove(before) {
                self.credentials.entry(after.id).or_insert(credentials);
            }
        }
    }

    /// Returns the credentials of a principal.
    pub(super) fn credentials_of(&self, caller: Principal) -> Credentials {
        let own = self.credentials.get(&caller.id).copied();
        own.unwrap_or_else(|| Credentials::initial(&self.provider.repository.owner, caller))
    }

    /// Rejects a caller without Git credentials, or whose credentials are a connection that the caller can no longer use.
    pub(super) fn check_credentials(&self, state: &State, caller: Principal) -> Result<(), FabricError> {
        match self.credentials_of(caller) {
            Credentials::None => Err(ErrorCode::GitCredentialsNotConfigured.into()),
            credentials => credentials.check(state, &self.provider.repository.owner, caller),
        }
    }

    /// Rejects a request while an operation is in progress.
    pub(super) fn check_idle(&self, now: Timestamp) -> Result<(), FabricError> {
        match self.busy_until {
            Some(until) if now < until => {
                let wait = until.duration_since(now);
                Err(FabricError::new(ErrorCode::WorkspacePreviousOperationInProgress).retry_after(wait))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the branch. The directory may be empty by now.
    pub(super) fn branch<'s>(&self, state: &'s State) -> Result<&'s Branch, FabricError> {
        let branch = state.repositories().branch(&self.provider.repository, &self.provider.branch);
        branch.ok_or_else(|| ErrorCode::GitProviderResourceNotFound.into())
    }
}

impl Workspace {
    /// Returns the connection to Git; `None` if there is none.
    pub fn git_connection(&self) -> Option<&GitConnection> {
        self.git.as_deref()
    }

    /// Returns the connection to Git. Rejects a workspace that has none.
    pub(super) fn git(&self) -> Result<&GitConnection, FabricError> {
        let missing = || FabricError::new(ErrorCode::WorkspaceNotConnectedToGit).about("Workspace", self.id);
        self.git_connection().ok_or_else(missing)
    }
}
