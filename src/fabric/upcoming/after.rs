//! The upcoming changes in order, computed one instant after the other.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::iter::Peekable;
use std::ops::Bound;

use jiff::Timestamp;

use super::index::OfItem;
use super::statuses::{self, StatusChange};
use super::{Change, Upcoming, UpcomingChange};
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, WorkspaceId};

/// An instant with changes of a workspace or of an item in it. The order is that of [`UpcomingChange`].
type Moment = (Timestamp, WorkspaceId, Option<ItemId>);

/// Moments in order.
type Moments<'a> = Peekable<Box<dyn Iterator<Item = Moment> + 'a>>;

/// An iterator over the changes after an instant, in order. It computes only the changes of the items that it returns.
pub(super) struct After<'a> {
    upcoming: Upcoming<'a>,
    now: Timestamp,
    /// The moments in the index, of each type.
    moments: Vec<Moments<'a>>,
    /// The items with more instants than the index lists, each after the last listed one.
    long: VecDeque<OfItem>,
    /// The moments of such items.
    unlisted: BTreeSet<Moment>,
    /// The changes of the statuses of the items that were returned.
    statuses: HashMap<ItemId, Vec<StatusChange>>,
    /// The changes at the last moment, which are returned next.
    ready: VecDeque<UpcomingChange>,
}

impl<'a> After<'a> {
    /// Returns all changes after `now`.
    pub(super) fn all(upcoming: Upcoming<'a>, now: Timestamp) -> Self {
        let (state, index) = (upcoming.state, upcoming.index);
        let workspaces = index.workspaces.range((Bound::Excluded((now, WorkspaceId::MAX)), Bound::Unbounded));
        let workspaces = workspaces.map(|(at, workspace)| (*at, *workspace, None));
        let operations = state.operations().ends_after(now).map(|(at, workspace, _)| (*at, *workspace, None));
        let mut all = Self::statuses(upcoming, now);
        all.moments.extend([ordered(workspaces), ordered(operations), of_items(&index.appearances, now)]);
        for (workspace, item) in &index.scheduled {
            all.add_unlisted(now, *workspace, *item);
        }
        all
    }

    /// Returns the changes after `now` at the instants at which the status of an item or a table changes.
    pub(super) fn statuses(upcoming: Upcoming<'a>, now: Timestamp) -> Self {
        let index = upcoming.index;
        let mut long: Vec<OfItem> = index.long.range(after(now)).copied().collect();
        long.iter_mut().for_each(|(at, _, item)| *at = index.listed_until(*item).unwrap_or(now));
        long.sort_unstable();
        Self {
            upcoming,
            now,
            moments: vec![of_items(&index.statuses, now)],
            long: long.into(),
            unlisted: BTreeSet::new(),
            statuses: HashMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// Removes and returns the first moment; `None` if there are no more.
    fn next_moment(&mut self) -> Option<Moment> {
        let first = loop {
            let listed = self.moments.iter_mut().filter_map(|moments| moments.peek().copied());
            let first = listed.chain(self.unlisted.first().copied()).min();
            // An item can have earlier changes that are not listed.
            match self.long.pop_front_if(|(from, ..)| first.is_none_or(|(at, ..)| *from < at)) {
                Some((from, workspace, item)) => self.add_unlisted(from, workspace, item),
                None => break first?,
            }
        };
        for moments in &mut self.moments {
            while moments.next_if_eq(&first).is_some() {}
        }
        self.unlisted.remove(&first);
        Some(first)
    }

    fn add_unlisted(&mut self, from: Timestamp, workspace: WorkspaceId, item: ItemId) {
        let instants: Vec<Timestamp> = self.statuses_of(item).iter().map(|change| change.at).collect();
        let unlisted = instants.into_iter().filter(|at| *at > from);
        self.unlisted.extend(unlisted.map(|at| (at, workspace, Some(item))));
    }

    fn statuses_of(&mut self, id: ItemId) -> &[StatusChange] {
        let (state, now) = (self.upcoming.state, self.now);
        self.statuses.entry(id).or_insert_with(|| {
            let found = state.find_item(id);
            found.map_or_else(Vec::new, |(within, item)| statuses::after(state, within.id, item, now))
        })
    }

    /// Returns the changes at a moment, in order.
    fn changes_at(&mut self, (at, workspace_id, item_id): Moment) -> VecDeque<UpcomingChange> {
        let mut changes = match item_id {
            Some(item) => self.changes_of_item(at, item),
            None => self.changes_of_workspace(at, workspace_id),
        };
        changes.sort();
        changes.into_iter().map(|change| UpcomingChange { at, workspace_id, item_id, change }).collect()
    }

    fn changes_of_workspace(&self, at: Timestamp, id: WorkspaceId) -> Vec<Change> {
        let state = self.upcoming.state;
        let own = state.workspace(id).map_or_else(|_| Vec::new(), |workspace| own_changes(workspace, at));
        let ended = state.operations().ending_at(at, id).map(|operation| {
            let (operation_id, status) = (operation.id, operation.status_at(at));
            Change::Operation { operation_id, status }
        });
        own.into_iter().chain(ended).collect()
    }

    fn changes_of_item(&mut self, at: Timestamp, id: ItemId) -> Vec<Change> {
        let is_visible = self.upcoming.state.find_item(id).is_some_and(|(_, item)| item.visible_from == at);
        let visible = is_visible.then_some(Change::Visible);
        let statuses = self.statuses_of(id).iter().filter(|change| change.at == at).map(StatusChange::change);
        visible.into_iter().chain(statuses).collect()
    }
}

impl Iterator for After<'_> {
    type Item = UpcomingChange;

    fn next(&mut self) -> Option<UpcomingChange> {
        while self.ready.is_empty() {
            // An operation that a fault stalled ends at the last instant of all, which means never.
            let moment = self.next_moment().filter(|(at, ..)| *at < Timestamp::MAX)?;
            self.ready = self.changes_at(moment);
        }
        self.ready.pop_front()
    }
}

/// Returns the changes of a workspace itself at an instant.
fn own_changes(workspace: &Workspace, at: Timestamp) -> Vec<Change> {
    let assigned = (workspace.assigned_at == at).then_some(Change::CapacityAssigned);
    let endpoints = workspace.managed_private_endpoints().values().filter(|endpoint| endpoint.provisioned_at == at);
    let endpoints =
        endpoints.map(|endpoint| Change::ManagedPrivateEndpoint { managed_private_endpoint_id: endpoint.id });
    let encryption = workspace.encryption().filter(|encryption| encryption.completed_at == at);
    let encryption = encryption.map(|encryption| Change::Encryption { status: encryption.status_at(at) });
    assigned.into_iter().chain(endpoints).chain(encryption).collect()
}

/// Returns the range of the entries after an instant.
fn after(now: Timestamp) -> (Bound<OfItem>, Bound<OfItem>) {
    (Bound::Excluded((now, WorkspaceId::MAX, ItemId::MAX)), Bound::Unbounded)
}

fn of_items(entries: &BTreeSet<OfItem>, now: Timestamp) -> Moments<'_> {
    ordered(entries.range(after(now)).map(|(at, workspace, item)| (*at, *workspace, Some(*item))))
}

fn ordered<'a>(moments: impl Iterator<Item = Moment> + 'a) -> Moments<'a> {
    let moments: Box<dyn Iterator<Item = Moment> + 'a> = Box::new(moments);
    moments.peekable()
}
