//! Updates of a workspace from its branch.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::connection::{SyncPoint, SyncedItem};
use super::status::{Comparison, ConflictType, Entry};
use super::sync::{Preference, begin, check_head, new_logical_ids, synced, unchanged};
use super::tree::{self, TreeItem, WorkspaceItem};
use crate::fabric::item::bulk::Incoming;
use crate::fabric::item::{Draft, ItemKind};
use crate::fabric::name::Folded;
use crate::fabric::operation::{NewOperation, OperationError, PendingResult, Progress};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ItemId, LogicalId};

/// The duration of an update at the realistic pace (guessed).
const UPDATE_TIME: SignedDuration = SignedDuration::from_secs(20);

/// A request to update a workspace.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    /// The last commit of the branch.
    pub remote_commit: String,
    /// The commit to which the caller assumes the workspace to be synced.
    pub workspace_head: Option<String>,
    /// The side whose content is kept if both sides changed an item.
    pub conflict_resolution: Option<Preference>,
    /// `true` if the update may change and delete items.
    pub may_override: bool,
}

/// Updates a workspace from its branch, as a long-running operation: creates, changes, moves and deletes items. If an item
/// of the branch is not valid, the operation fails, and nothing changes.
pub fn update(
    state: &State,
    within: &Workspace,
    request: &UpdateRequest,
    caller: Principal,
    now: Timestamp,
) -> Decision<Progress<()>> {
    let comparison = Comparison::ready(state, within, caller, now)?;
    let incoming = incoming(&comparison, request, now)?;
    let operation = begin(state, within, UPDATE_TIME, PendingResult::Nothing, now);
    let mut draft = Draft::new(state, within.id, now, operation.ends_at);
    let applied = match apply(&mut draft, &incoming, caller) {
        Err(error) if error.code() == ErrorCode::ItemDisplayNameAlreadyInUse => {
            return Err(FabricError::new(ErrorCode::PotentialDuplicateDisplayNameAndType)
                .detail(ErrorCode::PotentialDuplicateDisplayNameAndType, error.text()));
        }
        Err(error) => Err(OperationError::from(&error)),
        Ok(applied) => draft.failure().cloned().map_or(Ok(applied), Err),
    };
    match applied {
        Ok(applied) => {
            let synced = synced_after((state, within), &comparison, &draft, &applied, &operation);
            Ok(operation.after(draft.into_facts().into_iter().chain([synced]).collect()))
        }
        Err(failure) => {
            let operation = NewOperation { result: PendingResult::Failed(failure), ..operation };
            let unchanged = unchanged(within, comparison.sync, &operation);
            Ok(operation.after(vec![unchanged]))
        }
    }
}

/// Returns the items that an update changes in the workspace. Rejects a request that does not match the state of both
/// sides, or that does not permit the changes.
fn incoming<'e, 'a>(
    comparison: &'e Comparison<'a>,
    request: &UpdateRequest,
    now: Timestamp,
) -> Result<Vec<&'e Entry<'a>>, FabricError> {
    let Comparison { connection, branch, sync, entries } = comparison;
    connection.check_idle(now)?;
    check_head(request.workspace_head.as_deref().unwrap_or_default(), sync.head)?;
    check_head(&request.remote_commit, Some(branch.head()))?;
    let has_conflict = entries.iter().any(|entry| entry.conflict() == ConflictType::Conflict);
    if has_conflict && request.conflict_resolution.is_none() {
        return Err(ErrorCode::MissingWorkspaceConflictResolution.into());
    }
    let preference = request.conflict_resolution.unwrap_or(Preference::Remote);
    let incoming: Vec<&Entry<'_>> = entries.iter().filter(|entry| is_incoming(entry, preference)).collect();
    if !request.may_override && incoming.iter().any(|entry| entry.workspace.is_some()) {
        return Err(ErrorCode::OverrideItemsNotAllowed.into());
    }
    Ok(incoming)
}

/// Returns the fact that the workspace is synced with its branch by an operation.
fn synced_after(
    (state, within): (&State, &Workspace),
    Comparison { branch, entries, .. }: &Comparison<'_>,
    draft: &Draft,
    applied: &BTreeMap<LogicalId, ItemId>,
    operation: &NewOperation,
) -> Fact {
    let items = entries.iter().filter_map(|entry| Some((entry.logical_id, base_after(draft, entry, applied)?)));
    let items: BTreeMap<LogicalId, SyncedItem> = items.collect();
    let before = |id: ItemId| state.find_item(id).and_then(|(_, item)| item.logical_id);
    let given = applied.iter().map(|(logical_id, id)| (*id, *logical_id));
    let given = given.filter(|(id, logical_id)| before(*id) != Some(*logical_id));
    let kept = new_logical_ids(entries.iter().filter(|entry| items.contains_key(&entry.logical_id)));
    let logical_ids: BTreeMap<ItemId, LogicalId> = given.chain(kept).collect();
    let sync = SyncPoint { head: Some(branch.head()), at: draft.now(), items };
    let (workspace, busy_until) = (within.id, Some(operation.ends_at));
    Fact::GitSynced { workspace, sync, logical_ids: logical_ids.into_iter().collect(), busy_until }
}

/// Returns `true` if an update changes the item in the workspace.
fn is_incoming(entry: &Entry<'_>, preference: Preference) -> bool {
    match entry.conflict() {
        ConflictType::SameChanges => false,
        ConflictType::Conflict => preference == Preference::Remote,
        ConflictType::None => entry.remote_change().is_some(),
    }
}

/// Applies the items of a branch to a workspace, the kinds in their order in the API description. Returns the items that
/// were created or changed.
fn apply(
    draft: &mut Draft,
    incoming: &[&Entry<'_>],
    caller: Principal,
) -> Result<BTreeMap<LogicalId, ItemId>, FabricError> {
    for entry in incoming.iter().filter(|entry| entry.remote.is_none()) {
        if let Some(found) = &entry.workspace {
            draft.delete(found.id)?;
        }
    }
    let present = incoming.iter().filter_map(|entry| Some((*entry, entry.remote.as_ref()?)));
    let mut present: Vec<(&Entry<'_>, &TreeItem)> = present.collect();
    present.sort_by_key(|(_, remote)| remote.kind());
    let mut applied = BTreeMap::new();
    for (entry, remote) in present {
        let existing = match &entry.workspace {
            Some(found) => replaced(draft, found, remote.kind())?,
            None => companion(draft, remote)?,
        };
        let id = Incoming::of_files(remote.root.clone(), &remote.files).put(draft, existing, caller)?;
        if existing.is_some() {
            draft.relocate(id, &remote.root.folders)?;
        }
        if draft.failure().is_some() {
            break;
        }
        applied.insert(entry.logical_id, id);
    }
    Ok(applied)
}

/// Returns the item that an item of the branch overwrites. An item of another kind cannot be overwritten: it is deleted
/// (guessed).
fn replaced(draft: &mut Draft, found: &WorkspaceItem, kind: ItemKind) -> Result<Option<ItemId>, FabricError> {
    if found.item.kind() != kind {
        draft.delete(found.id)?;
    }
    Ok(Some(found.id).filter(|id| draft.state().find_item(*id).is_some()))
}

/// Returns the item that the service created with another item of the same update, if it has the kind and the name of an
/// item of the branch.
fn companion(draft: &Draft, remote: &TreeItem) -> Result<Option<ItemId>, FabricError> {
    let within = draft.within()?;
    let named = within.named(remote.kind(), &remote.display_name).and_then(|id| within.items().get(&id));
    let is_it = |name: &str| Folded::new(name) == Folded::new(&remote.display_name);
    Ok(named
        .filter(|item| item.creator.is_none() && item.logical_id.is_none() && is_it(&item.display_name))
        .map(|it| it.id))
}

/// Returns the record of an item that both sides have after an update; `None` if the branch does not have the item.
fn base_after(draft: &Draft, entry: &Entry<'_>, applied: &BTreeMap<LogicalId, ItemId>) -> Option<SyncedItem> {
    let remote = entry.remote.as_ref()?;
    let written = applied.get(&entry.logical_id).and_then(|id| {
        let (within, item) = draft.state().find_item(*id)?;
        Some(tree::of_item(draft.state(), within, item).item)
    });
    let workspace = match (written, entry.conflict()) {
        (Some(item), _) => item.fingerprint,
        (None, ConflictType::SameChanges) => entry.workspace.as_ref()?.item.fingerprint,
        (None, ConflictType::Conflict) => remote.fingerprint,
        (None, ConflictType::None) => entry.base.map_or(remote.fingerprint, |base| base.workspace),
    };
    Some(SyncedItem { workspace, ..synced(remote, remote.fingerprint) })
}
