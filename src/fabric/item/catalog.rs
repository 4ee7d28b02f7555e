//! Mirrored catalogs, of Iceberg and of Unity Catalog: namespaces and tables of their source, and synchronisation with it
//! (docs/fidelity.md#catalogs). They copy no rows: nothing starts or stops.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Item, KindChange};
use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::{SourceKey, SourceType, TableName};
use crate::fabric::operation::{self, Progress, Yield};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State, later};
use crate::ids::ConnectionId;

/// The period of synchronisation (documented).
const SYNC_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// Duration of a refresh (guessed).
const REFRESH_TIME: SignedDuration = SignedDuration::from_secs(5);
/// Tables of a catalog at most (documented).
pub(super) const TABLES_MAX: usize = 500;

/// Synchronisations of a catalog with its source that do not follow from its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncTimes {
    /// The last one before a change to the catalog.
    pub synced_at: Option<Timestamp>,
    /// The end of the last refresh.
    pub refreshed_at: Option<Timestamp>,
}

impl SyncTimes {
    /// Returns the times of `new`, and these where `new` has none.
    pub(super) fn updated(self, new: Self) -> Self {
        Self { synced_at: new.synced_at.or(self.synced_at), refreshed_at: new.refreshed_at.or(self.refreshed_at) }
    }

    /// Returns the last synchronisation of a catalog: at its creation, by a refresh, or by the schedule if it is `periodic`.
    pub(super) fn last(self, created: Timestamp, periodic: bool, now: Timestamp) -> Timestamp {
        let steps = if periodic { now.duration_since(created).as_secs().max(0) / SYNC_EVERY.as_secs() } else { 0 };
        let scheduled = later(created, SignedDuration::from_secs(steps * SYNC_EVERY.as_secs()));
        let recorded = [self.synced_at, self.refreshed_at.filter(|at| *at <= now)];
        recorded.into_iter().flatten().fold(scheduled, Timestamp::max)
    }

    /// Whether a refresh is in progress.
    pub(super) fn is_refreshing(self, now: Timestamp) -> bool {
        self.refreshed_at.is_some_and(|at| at > now)
    }
}

/// Records the last synchronisation, which cannot be computed after a change of the schedule.
pub(super) fn record_sync(at: Timestamp) -> Vec<KindChange> {
    vec![KindChange::CatalogSynced { sync: SyncTimes { synced_at: Some(at), refreshed_at: None } }]
}

/// Synchronises a catalog with its source, as an operation.
pub fn refresh(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decided<Progress<()>> {
    state.check_capacity(within)?;
    let operation = operation::begin(state, within.id, Role::Contributor, REFRESH_TIME, Yield::Nothing, now);
    let mut changes = (item.kind.spec().hooks.before_change)(item, now);
    let refreshed_at = Some(operation.ends_at);
    changes.push(KindChange::CatalogSynced { sync: SyncTimes { synced_at: None, refreshed_at } });
    Ok(operation.after(vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }]))
}

/// The refusal of a part of a catalog's definition.
pub(super) fn invalid_part(part: &str, complaint: &str) -> FabricError {
    FabricError::new(ErrorCode::InvalidDefinitionParts)
        .detail(ErrorCode::InvalidDefinitionParts, format!("{part}: {complaint}"))
}

/// The simulated source behind a connection.
pub(super) fn source_key(connection: ConnectionId) -> SourceKey {
    SourceKey { source: SourceType::AzureSqlDatabase, connection: Some(connection), database: None }
}

/// Returns the tables behind a connection: those declared of its source, else a few assumed ones. Dots in a schema separate its
/// namespaces.
pub fn tables_at(state: &State, connection: ConnectionId, now: Timestamp) -> Vec<TableName> {
    state.source(&source_key(connection)).tables(now, TABLES_MAX)
}

/// Returns the namespaces behind a connection, of all its tables.
pub fn namespaces_at(state: &State, connection: ConnectionId, now: Timestamp) -> BTreeSet<Vec<String>> {
    namespaces(&state.source(&source_key(connection)).tables(now, usize::MAX))
}

/// The namespace of a table, from the root on.
pub fn namespace(name: &TableName) -> Vec<String> {
    name.schema.split('.').map(str::to_owned).collect()
}

/// All namespaces of these tables, the outer before the inner.
pub fn namespaces(tables: &[TableName]) -> BTreeSet<Vec<String>> {
    let prefixes = |name: &TableName| {
        let whole = namespace(name);
        (1..=whole.len()).map(|length| whole[..length].to_vec()).collect::<Vec<_>>()
    };
    tables.iter().flat_map(prefixes).collect()
}

/// Whether a namespace can be mirrored: one of its inner namespaces has no inner ones, or it is at the root and has none itself.
pub fn is_selectable(namespace: &[String], all: &BTreeSet<Vec<String>>) -> bool {
    let inner = || all.iter().filter(|other| other.len() == namespace.len() + 1 && other.starts_with(namespace));
    let is_leaf = |of: &[String]| !all.iter().any(|other| other.len() > of.len() && other.starts_with(of));
    if namespace.len() == 1 && is_leaf(namespace) { true } else { inner().any(|other| is_leaf(other)) }
}
