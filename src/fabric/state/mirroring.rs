//! Mirroring of items, and its sources.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fabric::State;
use crate::fabric::item::sql_database::MirroringSwitch;
use crate::fabric::item::{self, Definition, Item};
use crate::fabric::mirroring::source::{Declared, Source};
use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::{Declaration, MirroringError, MirroringStatus, SourceKey, TableName, TableTiming};
use crate::ids::{ItemId, SourceId, WorkspaceId};

impl State {
    /// Returns the declarations of a source.
    pub fn declared(&self, source: SourceId) -> Option<&Declared> {
        self.sources.get(&source)
    }

    /// Records the declaration of a source, and the permissions of the identity that it names.
    pub(super) fn declare_source(&mut self, source: SourceId, declaration: Arc<Declaration>, at: Timestamp) {
        let identity = declaration.identity;
        self.sources.entry(source).or_default().declare(at, declaration);
        if let Some(identity) = identity {
            self.follow_identity(identity, at);
        }
    }

    pub(super) fn start_mirroring(
        &mut self,
        workspace: WorkspaceId,
        id: ItemId,
        takes: SignedDuration,
        tables: TableTiming,
        error: Option<MirroringError>,
        at: Timestamp,
    ) {
        self.with_item(workspace, id, |item| match (&mut item.mirroring, &mut item.sql_database) {
            (Some(mirroring), _) => mirroring.started(at, id, takes, tables, error),
            (None, database) => {
                database.iter_mut().for_each(|database| database.switched(at, MirroringSwitch::On, takes));
            }
        });
    }

    pub(super) fn stop_mirroring(&mut self, workspace: WorkspaceId, id: ItemId, takes: SignedDuration, at: Timestamp) {
        self.with_item(workspace, id, |item| match (&mut item.mirroring, &mut item.sql_database) {
            (Some(mirroring), _) => mirroring.stopped(at, takes),
            (None, database) => {
                database.iter_mut().for_each(|database| database.switched(at, MirroringSwitch::Off, takes));
            }
        });
    }

    /// Pauses the mirroring of all databases in a workspace whose mirroring is starting or running.
    pub(super) fn pause_mirroring(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let Some(within) = self.workspaces.get(&workspace) else { return };
        let pauses = |item: &Item| {
            let replication = self.replication(workspace, item).ok()?;
            let is_paused = matches!(replication.status_at(at), MirroringStatus::Starting | MirroringStatus::Running);
            is_paused.then(|| (item.id, replication.resume_points_at(self, at)))
        };
        let recoverable = within.recoverable.values().map(|it| &*it.item);
        let paused: Vec<_> = within.items().values().chain(recoverable).filter_map(pauses).collect();
        for (id, resume_points) in paused {
            self.with_workspace(workspace, |workspace| {
                let recoverable = workspace.recoverable.get_mut(&id).map(|it| Arc::make_mut(&mut it.item));
                let item = workspace.items.get_mut(&id).or(recoverable);
                if let Some(mirroring) = item.and_then(|item| item.mirroring.as_mut()) {
                    mirroring.paused(at, resume_points);
                }
            });
        }
    }

    /// Replaces the definition of an item of any kind. A mirrored database replicates the tables of the new definition.
    pub(super) fn update_definition(
        &mut self,
        workspace: WorkspaceId,
        id: ItemId,
        definition: Arc<Definition>,
        at: Timestamp,
    ) {
        let followed = self.followed(workspace, id, at);
        self.with_item(workspace, id, |item| {
            if let (Some(mirroring), Some(config)) = (&mut item.mirroring, item::mirroring_config(Some(&*definition))) {
                mirroring.redefined(at, config, followed);
            }
            item.definition = Some(definition);
            item.updated_at = Some(at);
            item.kind_state.redefined();
        });
    }

    /// Returns the tables of a mirrored database at `now`, each with the instant from which replication includes the
    /// table.
    fn followed(&self, workspace: WorkspaceId, id: ItemId, now: Timestamp) -> BTreeMap<TableName, Timestamp> {
        let item = self.workspaces.get(&workspace).and_then(|workspace| workspace.items().get(&id));
        let replication = item.and_then(|item| self.replication(workspace, item).ok());
        let tables = replication.map(|replication| replication.tables_at(self, now));
        tables.into_iter().flatten().map(|table| (table.name, table.since)).collect()
    }
}

impl Sources for State {
    fn source<'a>(&'a self, key: &'a SourceKey) -> Source<'a> {
        Source::new(self.seed, key, key.id().and_then(|id| self.sources.get(&id)))
    }
}
