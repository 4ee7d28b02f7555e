//! The stored trouble of a tenant, and the past that the effects of trouble need: the permissions of source identities,
//! and the original instants of delayed SQL endpoints.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::item::Item;
use crate::fabric::mirroring::Replication;
use crate::fabric::mirroring::trouble::{End, Target, Trouble, TroubleKind};
use crate::fabric::mirroring::windows::Window;
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::{Principal, PrincipalType};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{ItemId, PrincipalId, SourceId, TroubleId, WorkspaceId};

/// The maximum number of recorded changes of a permission. Beyond the maximum, the oldest change is dropped.
const PERMISSION_CHANGES_MAX: usize = 1_000;

/// The changes of a permission, each with the permission from then on. Before the first change there is none.
type Permission = Vec<(Timestamp, bool)>;

/// The stored trouble of a tenant, and the past that its effects need.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Troubles {
    /// The trouble, in the order in which it was planned.
    pub(super) all: Ordered<TroubleId, Trouble>,
    /// The number of ids issued so far.
    pub(super) drawn: u64,
    /// The databases whose SQL endpoint trouble has delayed, each with the original instant of the endpoint.
    endpoints: BTreeMap<ItemId, Timestamp>,
    /// The permissions of the identities of sources to write in workspaces.
    permissions: BTreeMap<PrincipalId, BTreeMap<WorkspaceId, Permission>>,
}

impl Troubles {
    /// Returns all trouble, in the order in which it was planned.
    pub fn all(&self) -> impl Iterator<Item = &Trouble> {
        self.all.values()
    }

    /// Returns a trouble.
    pub fn get(&self, id: TroubleId) -> Option<&Trouble> {
        self.all.get(&id)
    }

    /// Returns `true` if a source has had an identity.
    pub fn has_identities(&self) -> bool {
        !self.permissions.is_empty()
    }

    /// Returns `true` if there is neither trouble nor an identity of a source.
    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.permissions.is_empty()
    }

    /// Returns the trouble of an item and of these sources.
    fn of<'a>(&'a self, item: ItemId, sources: &[SourceId]) -> impl Iterator<Item = &'a Trouble> {
        self.all.values().filter(move |trouble| match &trouble.target {
            Target::Item { item: of, .. } => *of == item,
            Target::Source { source, .. } => sources.contains(source),
            Target::ConnectionDetails { .. } => false,
        })
    }

    /// Returns an active trouble of an item, for the kinds whose beginning and end do not depend on starts.
    pub fn active(&self, item: ItemId, kind: TroubleKind, now: Timestamp) -> Option<&Trouble> {
        self.of(item, &[]).find(|trouble| trouble.kind == kind && trouble.is_active_at(now))
    }

    /// Returns the trouble of an item that has this kind.
    pub fn of_kind(&self, item: ItemId, kind: TroubleKind) -> impl Iterator<Item = &Trouble> {
        self.of(item, &[]).filter(move |trouble| trouble.kind == kind)
    }

    /// Changes the end of a trouble.
    pub(super) fn change(&mut self, id: TroubleId, ends: Option<End>) {
        if let Some(trouble) = self.all.get_mut(&id) {
            trouble.ends = ends;
        }
    }

    /// Removes a trouble. Trouble that has begun is kept, because its past effects remain.
    pub(super) fn remove(&mut self, id: TroubleId, has_begun: bool, at: Timestamp) {
        match self.all.get_mut(&id) {
            Some(trouble) if has_begun => trouble.deleted_at = Some(at),
            Some(_) => drop(self.all.remove(&id)),
            None => {}
        }
    }

    /// Returns the instant at which the SQL endpoint of a database becomes visible, under the present trouble. `known` is
    /// the instant at which the endpoint becomes visible under the trouble before.
    fn endpoint_from(&mut self, database: ItemId, known: Timestamp) -> Timestamp {
        let mut due = *self.endpoints.entry(database).or_insert(known);
        loop {
            let delays = |trouble: &&Trouble| {
                matches!(trouble.kind, TroubleKind::SqlEndpointFails | TroubleKind::SqlEndpointLate)
                    && trouble.is_active_at(due)
            };
            let Some(trouble) = self.of(database, &[]).find(delays) else { return due };
            due = trouble.ends_from(trouble.begins().unwrap_or(due));
        }
    }

    /// Records the permission of an identity to write in a workspace.
    fn record(&mut self, identity: PrincipalId, workspace: WorkspaceId, can_write: bool, at: Timestamp) {
        let workspaces = self.permissions.entry(identity).or_default();
        let known = workspaces.get(&workspace).and_then(|changes| changes.last());
        if known.is_some_and(|(_, known)| *known) == can_write {
            return;
        }
        let changes = workspaces.entry(workspace).or_default();
        changes.push((at, can_write));
        if changes.len() > PERMISSION_CHANGES_MAX {
            changes.remove(0);
        }
    }

    /// Returns the periods between `from` and `to` in which an identity cannot write in a workspace.
    fn gaps(
        &self,
        identity: PrincipalId,
        workspace: WorkspaceId,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<(Timestamp, Timestamp)> {
        let changes = self.permissions.get(&identity).and_then(|workspaces| workspaces.get(&workspace));
        let changes = changes.map_or(&[][..], Vec::as_slice);
        let begins = [(Timestamp::MIN, false)].into_iter().chain(changes.iter().copied());
        let ends = changes.iter().map(|(at, _)| *at).chain([Timestamp::MAX]);
        let periods = begins.zip(ends).filter(|((_, can_write), _)| !can_write);
        periods.map(|((begins, _), ends)| (begins.max(from), ends.min(to))).filter(|(from, to)| from < to).collect()
    }
}

impl State {
    /// Returns the trouble of the tenant.
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// Returns the id of the next trouble. If a decision plans several, `skip` is the number of ids already used by that
    /// decision.
    pub fn next_trouble(&self, skip: u64) -> TroubleId {
        TroubleId::nth(self.seed, self.troubles.drawn + 1 + skip)
    }

    /// Rejects the id of a source that is neither a connection nor an open mirror.
    pub fn check_source(&self, source: SourceId) -> Result<(), FabricError> {
        let is_connection = self.find_connection(source.into()).is_some();
        if is_connection || self.find_item(source.into()).is_some_and(|(_, item)| item.is_open_mirror()) {
            return Ok(());
        }
        Err(FabricError::new(ErrorCode::EntityNotFound).about("Connection", source))
    }

    /// Adds a trouble.
    pub(super) fn add_trouble(&mut self, trouble: Trouble, at: Timestamp) {
        let id = trouble.id;
        self.troubles.drawn += 1;
        self.troubles.all.insert(id, trouble);
        self.change_trouble(id, at, |_| ());
    }

    /// Changes a trouble, and then the SQL endpoint that the trouble delays.
    pub(super) fn change_trouble(&mut self, id: TroubleId, at: Timestamp, change: impl FnOnce(&mut Troubles)) {
        let database = self.troubles.all.get(&id).and_then(|trouble| trouble.target.item());
        change(&mut self.troubles);
        if let Some(database) = database {
            self.delay_endpoint(database, at);
        }
    }

    /// Returns the replication of a mirrored database, with the trouble that affects the database. Rejects items of
    /// other kinds.
    pub fn replication<'a>(&'a self, within: WorkspaceId, item: &'a Item) -> Result<Replication<'a>, FabricError> {
        let log = item.mirroring()?;
        if self.troubles.is_empty() {
            return Ok(Replication::new(log, &[], Vec::new(), self));
        }
        let sources = log.sources(item.id);
        let troubles: Vec<&Trouble> = self.troubles.of(item.id, &sources).collect();
        let gaps = sources.iter().flat_map(|source| self.permission_gaps(*source, within)).collect();
        Ok(Replication::new(log, &troubles, gaps, self))
    }

    /// Returns the windows in which the identity of a source cannot write in a workspace.
    fn permission_gaps(&self, source: SourceId, within: WorkspaceId) -> Vec<Window<'_>> {
        let declared = self.declared(source).map_or(&[][..], |declared| declared.all());
        let ends = declared.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::MAX]);
        let periods = declared.iter().zip(ends).filter_map(|((from, it), to)| Some((it.identity?, (*from, to))));
        let gaps = periods.flat_map(|(identity, period)| self.troubles.gaps(identity, within, period));
        gaps.map(|(from, to)| Window::without_permission(source, from, to)).collect()
    }

    /// Records the permissions of an identity from now on, in all workspaces.
    pub(super) fn follow_identity(&mut self, identity: PrincipalId, at: Timestamp) {
        self.troubles.permissions.entry(identity).or_default();
        for workspace in self.workspaces.all().values() {
            self.troubles.record(identity, workspace.id, can_write(workspace, identity), at);
        }
    }

    /// Records the permissions of all identities of sources in a workspace whose roles have changed.
    pub(super) fn record_permissions(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let Some(within) = self.workspaces.get(&workspace) else { return };
        let identities: Vec<PrincipalId> = self.troubles.permissions.keys().copied().collect();
        for identity in identities {
            self.troubles.record(identity, workspace, can_write(within, identity), at);
        }
    }

    /// Sets the instant at which the SQL endpoint of a database becomes visible, after a change of the database's trouble.
    /// An endpoint that is visible stays visible.
    fn delay_endpoint(&mut self, database: ItemId, at: Timestamp) {
        let Some((within, item)) = self.find_item(database) else { return };
        let (workspace, endpoint) = (within.id, item.sql_endpoint.and_then(|id| within.items().get(&id)));
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.visible_from > at) else { return };
        let (id, known) = (endpoint.id, endpoint.visible_from);
        let visible_from = self.troubles.endpoint_from(database, known).max(at);
        if let Some(endpoint) = self.workspaces.get_mut(&workspace).and_then(|within| within.items.get_mut(&id)) {
            endpoint.visible_from = visible_from;
        }
    }

    /// Removes the trouble, the sources and the pairs of deleted items.
    pub(super) fn forget_items(&mut self, items: &[ItemId]) {
        self.deployment_pipelines.forget_items(items);
        if !self.external_data_shares.is_empty() {
            self.external_data_shares.retain(|share| !items.contains(&share.item));
        }
        for item in items {
            let source = SourceId::from(*item);
            self.sources.remove(&source);
            self.troubles.endpoints.remove(item);
            self.troubles.all.retain(|trouble| match &trouble.target {
                Target::Item { item: of, .. } => of != item,
                Target::Source { source: of, .. } => *of != source,
                Target::ConnectionDetails { .. } => true,
            });
        }
    }

    /// Removes what is known about a deleted workspace and its items.
    pub(super) fn forget_workspace(&mut self, workspace: &Workspace) {
        self.forget_items(&workspace.all_item_ids());
        self.troubles.permissions.values_mut().for_each(|workspaces| drop(workspaces.remove(&workspace.id)));
    }
}

/// Returns `true` if a principal can write in a workspace: if its role is Contributor or higher.
fn can_write(workspace: &Workspace, identity: PrincipalId) -> bool {
    let principal = Principal { id: identity, kind: PrincipalType::ServicePrincipal };
    workspace.role_of(principal) >= Some(Role::Contributor)
}
