//! Synchronization of a workspace with its branch: initialization and commits.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::connection::{SyncPoint, SyncedItem};
use super::digest::Digest;
use super::status::{Comparison, Entry, GitResult, Initialized, RequiredAction, as_operation, pair};
use super::tree::{self, TreeItem};
use crate::fabric::behaviours::GitInitialization;
use crate::fabric::item::Part;
use crate::fabric::name::NAME_MAX;
use crate::fabric::operation::{self, NewOperation, PendingResult, Progress};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ItemId, LogicalId};

/// The duration of a commit at the realistic pace (guessed).
const COMMIT_TIME: SignedDuration = SignedDuration::from_secs(10);
/// The comment of a commit whose request has none (guessed).
const COMMENT: &str = "Committed from Microsoft Fabric";

/// The side whose content is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// The branch.
    Remote,
    /// The workspace.
    Workspace,
}

/// Initializes a connection. If both sides have items, the request must choose a side, even if the items are equal
/// (told).
pub fn initialize(
    state: &State,
    within: &Workspace,
    strategy: Option<Preference>,
    caller: Principal,
    now: Timestamp,
) -> Decision<Progress<Initialized>> {
    let connection = within.git()?;
    state.check_capacity(within)?;
    if connection.sync.is_some() {
        let code = ErrorCode::WorkspaceGitConnectionAlreadyInitialized;
        return Err(FabricError::new(code).about("Workspace", within.id));
    }
    connection.check_credentials(state, caller)?;
    let branch = connection.branch(state)?;
    let own = tree::of_workspace(state, within, now);
    let remote = tree::of_branch(state.seed(), branch, &connection.provider);
    let (is_empty, is_remote_empty) = (own.is_empty(), remote.is_empty());
    let entries = pair(state, own, remote, None);
    let side = match (is_empty, is_remote_empty) {
        (true, _) => Preference::Remote,
        (false, true) => Preference::Workspace,
        (false, false) => strategy.ok_or(match state.settings.behaviours.git_initialization {
            GitInitialization::Strategy => ErrorCode::MissingInitializationStrategy,
            GitInitialization::Policy => ErrorCode::MissingInitializationPolicy,
        })?,
    };
    // The side that is not kept counts as the state of the last sync, so that all changes are on the other side.
    let base = |entry: &Entry<'_>| {
        let own = entry.workspace.as_ref().map(|found| &found.item);
        let item = match side {
            Preference::Remote => own,
            Preference::Workspace => entry.remote.as_ref(),
        };
        item.map(|item| (entry.logical_id, synced(item, item.fingerprint)))
    };
    let action = match side {
        _ if entries.iter().all(Entry::is_equal) => RequiredAction::None,
        Preference::Remote => RequiredAction::UpdateFromGit,
        Preference::Workspace => RequiredAction::CommitToGit,
    };
    let head = (action != RequiredAction::UpdateFromGit).then_some(branch.head());
    let sync = SyncPoint { head, at: now, items: entries.iter().filter_map(base).collect() };
    let logical_ids = entries.iter().filter(|entry| sync.items.contains_key(&entry.logical_id));
    let logical_ids = new_logical_ids(logical_ids);
    let result = Initialized { required_action: action, workspace_head: head, remote_commit: branch.head() };
    let facts = vec![Fact::GitSynced { workspace: within.id, sync, logical_ids, busy_until: None }];
    Ok(match as_operation(state, within, facts, now, || GitResult::Initialized(result.clone())) {
        Ok(started) => started,
        Err(facts) => (facts, Progress::Done(result)),
    })
}

/// Returns the record of an item that both sides have. A name in the files can have any length: the record keeps as many
/// characters as the name of an item can have.
pub(super) fn synced(item: &TreeItem, remote: Digest) -> SyncedItem {
    let display_name = item.display_name.chars().take(NAME_MAX).collect();
    SyncedItem { kind: item.kind(), display_name, workspace: item.fingerprint, remote }
}

/// Returns the logical ids that items of the workspace do not have yet.
pub(super) fn new_logical_ids<'e, 'a: 'e>(entries: impl Iterator<Item = &'e Entry<'a>>) -> Vec<(ItemId, LogicalId)> {
    let given = entries.filter_map(|entry| Some((entry.workspace.as_ref()?, entry.logical_id)));
    let given = given.filter(|(found, logical_id)| found.logical_id != Some(*logical_id));
    given.map(|(found, logical_id)| (found.id, logical_id)).collect()
}

/// A request to commit.
#[derive(Debug, Clone)]
pub struct CommitRequest {
    /// The items to commit; `None` for all.
    pub items: Option<Vec<ItemIdentifier>>,
    /// The commit to which the caller assumes the workspace to be synced.
    pub workspace_head: Option<String>,
    /// The comment.
    pub comment: Option<String>,
}

/// A reference in a request to an item of a workspace or a branch: by its id, its logical id, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemIdentifier {
    /// The id of the item in the workspace.
    pub object_id: Option<ItemId>,
    /// The logical id.
    pub logical_id: Option<LogicalId>,
}

impl ItemIdentifier {
    /// Returns the logical id of the item. The id of the item takes precedence. Rejects an unknown item.
    fn find(self, of_ids: &BTreeMap<ItemId, LogicalId>, known: &BTreeSet<LogicalId>) -> Result<LogicalId, FabricError> {
        match (self.object_id, self.logical_id) {
            (Some(id), _) => of_ids.get(&id).copied().ok_or_else(|| FabricError::no_item(id)),
            (None, Some(id)) if known.contains(&id) => Ok(id),
            (None, id) => Err(FabricError::no_item(id.map(|id| id.to_string()).unwrap_or_default())),
        }
    }
}

/// Commits changes of a workspace to its branch, as a long-running operation. The branch must not have changes that the
/// workspace does not have (guessed).
pub fn commit(
    state: &State,
    within: &Workspace,
    request: CommitRequest,
    caller: Principal,
    now: Timestamp,
) -> Decision<Progress<()>> {
    let comparison = Comparison::ready(state, within, caller, now)?;
    let Comparison { connection, branch, sync, entries } = &comparison;
    connection.check_idle(now)?;
    if let Some(given) = request.workspace_head.filter(|given| !given.is_empty()) {
        check_head(&given, sync.head)?;
    }
    if sync.head != Some(branch.head()) {
        return Err(FabricError::new(ErrorCode::WorkspaceHeadMismatch)
            .message("The branch has changes that the workspace does not have."));
    }
    let chosen = chosen(entries, request.items.as_deref())?;
    let prefix = connection.provider.prefix();
    let (put, removed) = files(&prefix, entries, &chosen);
    let comment = request.comment.filter(|comment| !comment.is_empty()).unwrap_or_else(|| COMMENT.to_owned());
    let to = (&connection.provider.repository, connection.provider.branch.as_str());
    let push = state.repositories().commit(to, put, removed, comment, now)?;
    let operation = begin(state, within, COMMIT_TIME, PendingResult::Nothing, now);
    if chosen.is_empty() {
        let unchanged = unchanged(within, sync, &operation);
        return Ok(operation.after(vec![unchanged]));
    }
    let mut items = sync.items.clone();
    for entry in &chosen {
        match &entry.workspace {
            Some(found) => drop(items.insert(entry.logical_id, synced(&found.item, found.item.fingerprint))),
            None => drop(items.remove(&entry.logical_id)),
        }
    }
    let head = push.as_ref().map_or(branch.head(), |push| push.commit.hash);
    let sync = SyncPoint { head: Some(head), at: now, items };
    let logical_ids = new_logical_ids(chosen.into_iter());
    let busy_until = Some(operation.ends_at);
    let synced = Fact::GitSynced { workspace: within.id, sync, logical_ids, busy_until };
    let pushed = push.map(|push| Fact::GitPushed(Box::new(push)));
    Ok(operation.after(pushed.into_iter().chain([synced]).collect()))
}

/// Returns the fact that records an operation in progress without effects.
pub(super) fn unchanged(within: &Workspace, sync: &SyncPoint, operation: &NewOperation) -> Fact {
    let (sync, busy_until) = (sync.clone(), Some(operation.ends_at));
    Fact::GitSynced { workspace: within.id, sync, logical_ids: Vec::new(), busy_until }
}

/// Returns the changed items of a workspace that a request names. Rejects an identifier of an item that does not exist.
fn chosen<'e, 'a>(
    entries: &'e [Entry<'a>],
    named: Option<&[ItemIdentifier]>,
) -> Result<Vec<&'e Entry<'a>>, FabricError> {
    let changed = entries.iter().filter(|entry| entry.workspace_change().is_some());
    let Some(named) = named else { return Ok(changed.collect()) };
    let id_of = |entry: &Entry<'_>| entry.workspace.as_ref().map(|found| found.id);
    let of_ids = entries.iter().filter_map(|entry| Some((id_of(entry)?, entry.logical_id)));
    let of_ids: BTreeMap<ItemId, LogicalId> = of_ids.collect();
    let known: BTreeSet<LogicalId> = entries.iter().map(|entry| entry.logical_id).collect();
    let found: BTreeSet<LogicalId> =
        named.iter().map(|identifier| identifier.find(&of_ids, &known)).collect::<Result<_, _>>()?;
    Ok(changed.filter(|entry| found.contains(&entry.logical_id)).collect())
}

/// Returns the files that a commit of items writes, and the paths that it deletes.
fn files(prefix: &str, entries: &[Entry<'_>], chosen: &[&Entry<'_>]) -> (Vec<Part>, Vec<String>) {
    let remote = entries.iter().filter_map(|entry| entry.remote.as_ref());
    let mut taken: BTreeSet<String> = remote.map(|item| item.path().to_lowercase()).collect();
    let mut put: BTreeMap<String, Part> = BTreeMap::new();
    let mut removed = Vec::new();
    for entry in chosen {
        if let Some(remote) = &entry.remote {
            let path = remote.path();
            removed.extend(remote.files.iter().map(|file| format!("{prefix}{path}{}", file.path)));
        }
        let Some(found) = &entry.workspace else { continue };
        let path = tree::committed_path(&found.item, entry.remote.as_ref(), entry.logical_id, &taken);
        taken.insert(path.to_lowercase());
        for file in &found.item.files {
            let path = format!("{prefix}{path}{}", file.path);
            put.insert(path.clone(), Part { path, payload: file.payload.clone() });
        }
    }
    removed.retain(|path| !put.contains_key(path));
    (put.into_values().collect(), removed)
}

/// Returns an operation of a contributor in a workspace.
pub(super) fn begin(
    state: &State,
    within: &Workspace,
    takes: SignedDuration,
    result: PendingResult,
    now: Timestamp,
) -> NewOperation {
    operation::begin(state, within.id, Role::Contributor, takes, result, now)
}

/// Rejects a hash that differs from `known`. An empty hash stands for no commit.
pub(super) fn check_head(given: &str, known: Option<Digest>) -> Result<(), FabricError> {
    let matches = match known {
        None => given.is_empty(),
        Some(known) => given.eq_ignore_ascii_case(&known.to_string()),
    };
    if matches { Ok(()) } else { Err(ErrorCode::WorkspaceHeadMismatch.into()) }
}
