//! The index of the instants at which time alone changes a tenant.
//!
//! Only facts change these instants. Before a fact is applied, the entries of all items that it concerns are removed;
//! after it, they are computed again. Between facts, the index remains as it is, whatever the time. It has no instants
//! before the last fact.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;

use jiff::Timestamp;

use super::statuses;
use crate::fabric::State;
use crate::fabric::item::{Item, mirrored_catalog};
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, SourceId, WorkspaceId};

/// The maximum number of instants in the index for one item. The changes of an item after these instants are computed
/// when they are read. A database with many tables or much trouble has more.
const LISTED_MAX: usize = 64;
/// The maximum number of past entries of each set that are removed with each change, so that no change takes long.
const PRUNED_MAX: usize = 8;

/// An instant, with a workspace and an item in it.
pub(super) type OfItem = (Timestamp, WorkspaceId, ItemId);

/// The instants at which time alone changes a tenant. [`Operations`](crate::fabric::operations::Operations) has those of
/// long-running operations.
#[derive(Debug, Default)]
pub struct Index {
    /// The instants at which workspaces change: see [`workspace_instants`].
    pub(super) workspaces: BTreeSet<(Timestamp, WorkspaceId)>,
    /// The instants at which items become visible.
    pub(super) appearances: BTreeSet<OfItem>,
    /// The first instants at which the status of an item or of one of its tables changes: at most [`LISTED_MAX`] for each
    /// item.
    pub(super) statuses: BTreeSet<OfItem>,
    /// The last such instant of each item that has more.
    pub(super) long: BTreeSet<OfItem>,
    /// The items with entries in `statuses`.
    listed: HashMap<ItemId, Listed>,
    /// The mirrored databases of each source.
    pub(super) databases: BTreeSet<(SourceId, ItemId)>,
    /// The mirrored catalogs of each source.
    pub(super) catalogs: BTreeSet<(SourceId, ItemId)>,
    /// The items with an enabled schedule of jobs. The changes of their runs are computed when they are read, because
    /// their number is not bounded.
    pub(super) scheduled: BTreeSet<(WorkspaceId, ItemId)>,
    /// The items without entries, because facts concern them.
    touched: HashSet<ItemId>,
    /// The workspaces without entries in `workspaces`, because facts concern them.
    touched_workspaces: HashSet<WorkspaceId>,
}

/// The entries of an item in [`Index::statuses`].
#[derive(Debug)]
struct Listed {
    instants: Box<[Timestamp]>,
    /// The last instant, if there are more than these.
    last: Option<Timestamp>,
}

impl Listed {
    /// Returns the last instant at which a status changes.
    fn end(&self) -> Option<Timestamp> {
        self.last.or(self.instants.last().copied())
    }
}

impl Index {
    /// Computes the index of a state whose last fact is not later than `now`. It has only instants after `now`.
    pub fn new(state: &State, now: Timestamp) -> Self {
        let mut index = Self::default();
        for workspace in state.workspaces().values() {
            index.touched_workspaces.insert(workspace.id);
            index.touched.extend(workspace.items().values().map(|item| item.id));
        }
        index.settle(state, now);
        index
    }

    /// Computes the entries of all items that facts concerned. `state` is the state after the last of them, which was
    /// applied at `now`.
    pub fn settle(&mut self, state: &State, now: Timestamp) {
        for id in std::mem::take(&mut self.touched_workspaces) {
            let Ok(workspace) = state.workspace(id) else { continue };
            self.workspaces.extend(workspace_instants(workspace).filter(|at| *at > now).map(|at| (at, id)));
        }
        for id in std::mem::take(&mut self.touched) {
            if let Some((within, item)) = state.find_item(id) {
                self.add(state, within, item, now);
            }
        }
        self.prune(now);
    }

    fn add(&mut self, state: &State, within: &Workspace, item: &Item, now: Timestamp) {
        if item.visible_from > now {
            self.appearances.insert((item.visible_from, within.id, item.id));
        }
        self.databases.extend(sources(item).map(|source| (source, item.id)));
        self.catalogs.extend(catalog_source(item).map(|source| (source, item.id)));
        if item.jobs.as_ref().is_some_and(|jobs| jobs.are_scheduled()) {
            self.scheduled.insert((within.id, item.id));
        }
        let mut instants: Vec<Timestamp> =
            statuses::after(state, within.id, item, now).iter().map(|change| change.at).collect();
        instants.sort_unstable();
        instants.dedup();
        let last = instants.last().copied().filter(|_| instants.len() > LISTED_MAX);
        instants.truncate(LISTED_MAX);
        if instants.is_empty() {
            return;
        }
        self.statuses.extend(instants.iter().map(|at| (*at, within.id, item.id)));
        self.long.extend(last.map(|at| (at, within.id, item.id)));
        self.listed.insert(item.id, Listed { instants: instants.into(), last });
    }

    /// Removes the entries of an item.
    pub(super) fn touch_item(&mut self, within: &Workspace, item: &Item) {
        if !self.touched.insert(item.id) {
            return;
        }
        self.appearances.remove(&(item.visible_from, within.id, item.id));
        for source in sources(item) {
            self.databases.remove(&(source, item.id));
        }
        if let Some(source) = catalog_source(item) {
            self.catalogs.remove(&(source, item.id));
        }
        self.scheduled.remove(&(within.id, item.id));
        let Some(Listed { instants, last }) = self.listed.remove(&item.id) else { return };
        for at in instants {
            self.statuses.remove(&(at, within.id, item.id));
        }
        if let Some(at) = last {
            self.long.remove(&(at, within.id, item.id));
        }
    }

    /// Notes an item that a fact creates.
    pub(super) fn touch_new(&mut self, item: ItemId) {
        self.touched.insert(item);
    }

    /// Removes the entries of a workspace.
    pub(super) fn touch_workspace(&mut self, workspace: &Workspace) {
        if self.touched_workspaces.insert(workspace.id) {
            for at in workspace_instants(workspace) {
                self.workspaces.remove(&(at, workspace.id));
            }
        }
    }

    /// Returns the last instant of an item in [`Index::statuses`].
    pub(super) fn listed_until(&self, item: ItemId) -> Option<Timestamp> {
        self.listed.get(&item).and_then(|listed| listed.instants.last().copied())
    }

    /// Removes some of the entries that have passed.
    fn prune(&mut self, now: Timestamp) {
        for _ in 0..PRUNED_MAX {
            pop_past(&mut self.appearances, now);
            let passed = pop_past(&mut self.statuses, now).into_iter().chain(pop_past(&mut self.long, now));
            for (at, _, item) in passed {
                if self.listed.get(&item).is_some_and(|listed| listed.end() <= Some(at)) {
                    self.listed.remove(&item);
                }
            }
        }
    }
}

/// Returns the instants at which time alone changes a workspace, past ones included.
fn workspace_instants(workspace: &Workspace) -> impl Iterator<Item = Timestamp> {
    let endpoints = workspace.managed_private_endpoints().values().map(|endpoint| endpoint.provisioned_at);
    let encryption = workspace.encryption().map(|encryption| encryption.completed_at);
    endpoints.chain(encryption).chain([workspace.assigned_at])
}

/// Removes and returns the first entry, if it has passed.
fn pop_past(entries: &mut BTreeSet<OfItem>, now: Timestamp) -> Option<OfItem> {
    let is_past = entries.first().is_some_and(|(at, ..)| *at <= now);
    if is_past { entries.pop_first() } else { None }
}

/// Returns the sources of a mirrored database; none for other items.
fn sources(item: &Item) -> impl Iterator<Item = SourceId> {
    item.mirroring.iter().flat_map(|log| log.sources(item.id))
}

/// Returns the source of a mirrored catalog; `None` for other items.
fn catalog_source(item: &Item) -> Option<SourceId> {
    mirrored_catalog::source(item).map(|source| source.connection.into())
}

/// Returns the items of a source.
pub(super) fn of_source(items: &BTreeSet<(SourceId, ItemId)>, source: SourceId) -> Vec<ItemId> {
    let range = (Bound::Included((source, ItemId::MIN)), Bound::Included((source, ItemId::MAX)));
    items.range(range).map(|(_, item)| *item).collect()
}
