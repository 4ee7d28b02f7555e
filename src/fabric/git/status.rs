//! The differences between a workspace and its branch since the last sync.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::connection::{GitConnection, SyncPoint, SyncedItem};
use super::digest::Digest;
use super::repository::Branch;
use super::tree::{self, TreeItem, WorkspaceItem};
use crate::fabric::behaviours::GitStatusAnswer;
use crate::fabric::item::ItemKind;
use crate::fabric::operation::{self, PendingResult, Progress};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ItemId, LogicalId};

/// The duration of a long-running operation that compares a workspace with its branch, at the realistic pace (guessed).
const COMPARISON_TIME: SignedDuration = SignedDuration::from_secs(5);

/// The result of an operation of Git integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GitResult {
    /// The result of an initialization.
    Initialized(Initialized),
    /// The status.
    Status(GitStatus),
}

/// The result of the initialization of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialized {
    /// The operation that must follow.
    pub required_action: RequiredAction,
    /// The commit to which the workspace is synced.
    pub workspace_head: Option<Digest>,
    /// The last commit of the branch.
    pub remote_commit: Digest,
}

/// The operation that must follow the initialization of a connection. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequiredAction {
    /// None: workspace and branch are equal.
    None,
    /// An update of the workspace.
    UpdateFromGit,
    /// A commit to the branch.
    CommitToGit,
}

/// The status of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitStatus {
    /// The commit to which the workspace is synced.
    pub workspace_head: Option<Digest>,
    /// The last commit of the branch.
    pub remote_commit: Digest,
    /// The changed items, those of the workspace first.
    pub changes: Vec<ItemChange>,
}

/// A change of an item since the last sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemChange {
    /// The item in the workspace.
    pub object_id: Option<ItemId>,
    /// The logical id; `None` for an item that was never synced.
    pub logical_id: Option<LogicalId>,
    /// The kind.
    pub kind: ItemKind,
    /// The name in the workspace, or else in the branch.
    pub display_name: String,
    /// The change in the workspace.
    pub workspace: Option<ChangeType>,
    /// The change in the branch.
    pub remote: Option<ChangeType>,
    /// The relation between the two changes.
    pub conflict: ConflictType,
}

/// The type of a change. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeType {
    /// The item is new.
    Added,
    /// The item was deleted.
    Deleted,
    /// The item was changed.
    Modified,
}

/// The relation between the changes of an item on both sides. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConflictType {
    /// At most one side changed.
    None,
    /// Both sides changed, in different ways.
    Conflict,
    /// Both sides changed, in the same way.
    SameChanges,
}

/// Returns the status of a workspace.
pub fn status(state: &State, within: &Workspace, caller: Principal, now: Timestamp) -> Decision<Progress<GitStatus>> {
    let Comparison { branch, sync, entries, .. } = Comparison::ready(state, within, caller, now)?;
    let changes = entries.iter().filter_map(Entry::change).collect();
    let status = GitStatus { workspace_head: sync.head, remote_commit: branch.head(), changes };
    Ok(match as_operation(state, within, Vec::new(), now, || GitResult::Status(status.clone())) {
        Ok(started) => started,
        Err(facts) => (facts, Progress::Done(status)),
    })
}

/// Starts a long-running operation with a result, if the tenant's behaviours select one. Otherwise returns the facts
/// unchanged.
pub(super) fn as_operation<T>(
    state: &State,
    within: &Workspace,
    facts: Vec<Fact>,
    now: Timestamp,
    result: impl FnOnce() -> GitResult,
) -> Result<(Vec<Fact>, Progress<T>), Vec<Fact>> {
    match state.settings.behaviours.git_status {
        GitStatusAnswer::AtOnce => Err(facts),
        GitStatusAnswer::Operation => {
            let result = PendingResult::Git(Box::new(result()));
            Ok(operation::begin(state, within.id, Role::Contributor, COMPARISON_TIME, result, now).after(facts))
        }
    }
}

/// An item in the workspace, in the branch and at the last sync.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) logical_id: LogicalId,
    pub(super) workspace: Option<WorkspaceItem>,
    pub(super) remote: Option<TreeItem>,
    pub(super) base: Option<&'a SyncedItem>,
}

impl Entry<'_> {
    pub(super) fn workspace_change(&self) -> Option<ChangeType> {
        let now = self.workspace.as_ref().map(|found| found.item.fingerprint);
        change(self.base.map(|base| base.workspace), now)
    }

    pub(super) fn remote_change(&self) -> Option<ChangeType> {
        let now = self.remote.as_ref().map(|item| item.fingerprint);
        change(self.base.map(|base| base.remote), now)
    }

    pub(super) fn conflict(&self) -> ConflictType {
        if self.workspace_change().is_none() || self.remote_change().is_none() {
            return ConflictType::None;
        }
        if self.is_equal() { ConflictType::SameChanges } else { ConflictType::Conflict }
    }

    /// Returns `true` if workspace and branch have the same item, or both have none.
    pub(super) fn is_equal(&self) -> bool {
        let own = self.workspace.as_ref().map(|found| found.item.fingerprint);
        own == self.remote.as_ref().map(|item| item.fingerprint)
    }

    fn change(&self) -> Option<ItemChange> {
        let (workspace, remote) = (self.workspace_change(), self.remote_change());
        if workspace.is_none() && remote.is_none() {
            return None;
        }
        let found = self.workspace.as_ref().map(|found| &found.item).or(self.remote.as_ref());
        let of_base = || self.base.map(|base| (base.kind, base.display_name.clone()));
        let (kind, display_name) = found.map(|item| (item.kind(), item.display_name.clone())).or_else(of_base)?;
        let was_synced = self.base.is_some() || self.remote.is_some();
        Some(ItemChange {
            object_id: self.workspace.as_ref().map(|found| found.id),
            logical_id: Some(self.logical_id).filter(|_| was_synced),
            kind,
            display_name,
            workspace,
            remote,
            conflict: self.conflict(),
        })
    }
}

fn change(base: Option<Digest>, now: Option<Digest>) -> Option<ChangeType> {
    match (base, now) {
        (None, None) => None,
        (None, Some(_)) => Some(ChangeType::Added),
        (Some(_), None) => Some(ChangeType::Deleted),
        (Some(base), Some(now)) => (base != now).then_some(ChangeType::Modified),
    }
}

/// A workspace compared with its branch.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    pub(super) connection: &'a GitConnection,
    pub(super) branch: &'a Branch,
    pub(super) sync: &'a SyncPoint,
    /// The items of the workspace in order of creation, and then those that are only in the branch or at the last sync.
    pub(super) entries: Vec<Entry<'a>>,
}

impl<'a> Comparison<'a> {
    /// Compares a workspace with its branch. Rejects a workspace whose connection is not initialized, and a caller without
    /// Git credentials.
    pub(super) fn ready(
        state: &'a State,
        within: &'a Workspace,
        caller: Principal,
        now: Timestamp,
    ) -> Result<Self, FabricError> {
        let connection = within.git()?;
        state.check_capacity(within)?;
        connection.check_credentials(state, caller)?;
        let sync = connection.sync.as_ref().ok_or_else(|| {
            FabricError::new(ErrorCode::WorkspaceNotConnectedToGit)
                .message("The Git connection of the workspace is not initialized.")
                .about("Workspace", within.id)
        })?;
        let branch = connection.branch(state)?;
        let remote = tree::of_branch(state.seed(), branch, &connection.provider);
        let entries = pair(state, tree::of_workspace(state, within, now), remote, Some(sync));
        Ok(Self { connection, branch, sync, entries })
    }
}

/// Pairs the items of a workspace and of a branch: by logical id, or by kind and name if they were never synced
/// (guessed).
pub(super) fn pair<'a>(
    state: &State,
    own: Vec<WorkspaceItem>,
    mut remote: BTreeMap<LogicalId, TreeItem>,
    sync: Option<&'a SyncPoint>,
) -> Vec<Entry<'a>> {
    let synced: BTreeSet<LogicalId> = own.iter().filter_map(|found| found.logical_id).collect();
    let key = |item: &TreeItem| (item.kind(), item.display_name.to_lowercase());
    let unpaired = remote.iter().filter(|(id, _)| !synced.contains(*id));
    let by_name: BTreeMap<(ItemKind, String), LogicalId> = unpaired.map(|(id, item)| (key(item), *id)).collect();
    let base = |id: LogicalId| sync.and_then(|sync| sync.items.get(&id));
    let mut entries: Vec<Entry<'a>> = Vec::with_capacity(own.len());
    for found in own {
        let logical_id = found.logical_id.or_else(|| by_name.get(&key(&found.item)).copied());
        let logical_id = logical_id.unwrap_or_else(|| tree::new_logical_id(state.seed(), found.id));
        let remote = remote.remove(&logical_id);
        entries.push(Entry { logical_id, workspace: Some(found), remote, base: base(logical_id) });
    }
    let known: BTreeSet<LogicalId> = entries.iter().map(|entry| entry.logical_id).collect();
    let lost = sync.iter().flat_map(|sync| sync.items.keys());
    let rest: BTreeSet<LogicalId> = remote.keys().chain(lost).filter(|id| !known.contains(*id)).copied().collect();
    for logical_id in rest {
        let remote = remote.remove(&logical_id);
        entries.push(Entry { logical_id, workspace: None, remote, base: base(logical_id) });
    }
    entries
}
