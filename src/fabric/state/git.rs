//! Git integration: repositories, the connections of workspaces to branches, and relations between workspaces.

use jiff::Timestamp;

use crate::fabric::State;
use crate::fabric::git::GitConnection;
use crate::fabric::git::connection::SyncPoint;
use crate::fabric::git::relation::Relation;
use crate::fabric::git::repository::Repositories;
use crate::fabric::ordered::Ordered;
use crate::ids::{ItemId, LogicalId, WorkspaceId, WorkspaceRelationId};

impl State {
    /// Returns the Git repositories.
    pub fn repositories(&self) -> &Repositories {
        &self.repositories
    }

    /// Returns the relations between workspaces, in order of creation.
    pub fn relations(&self) -> &Ordered<WorkspaceRelationId, Relation> {
        &self.relations
    }

    pub(super) fn connect_git(&mut self, workspace: WorkspaceId, connection: GitConnection) {
        self.with_workspace(workspace, |workspace| workspace.git = Some(Box::new(connection)));
    }

    /// Records that a workspace was synced with its branch, and sets the logical ids that items received.
    pub(super) fn sync_git(
        &mut self,
        workspace: WorkspaceId,
        sync: SyncPoint,
        logical_ids: Vec<(ItemId, LogicalId)>,
        busy_until: Option<Timestamp>,
    ) {
        self.with_git(workspace, |connection| connection.synced(sync, busy_until));
        for (id, logical_id) in logical_ids {
            self.with_item(workspace, id, |item| item.logical_id = Some(logical_id));
        }
    }

    pub(super) fn create_relation(&mut self, relation: Relation) {
        self.counts.relations += 1;
        self.relations.insert(relation.id, relation);
    }

    pub(super) fn with_git(&mut self, id: WorkspaceId, change: impl FnOnce(&mut GitConnection)) {
        self.with_workspace(id, |workspace| {
            if let Some(connection) = &mut workspace.git {
                change(connection);
            }
        });
    }
}
