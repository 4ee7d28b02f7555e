//! Parts of a state: copies for long work on one item, and items that two states share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fabric::item::{Item, mirrored_catalog};
use crate::fabric::ordered::Ordered;
use crate::fabric::workspace::Workspace;
use crate::fabric::workspaces::{Items, Workspaces};
use crate::fabric::{Fact, State};
use crate::ids::{ItemId, SourceId};

impl State {
    /// Returns a copy with one item and all that its mirroring depends on, but without other items.
    pub fn excerpt(&self, id: ItemId) -> Self {
        let mut excerpt = Self::new(self.seed, self.settings.clone());
        excerpt.capacities = self.capacities.clone();
        excerpt.troubles = self.troubles.clone();
        let Some((within, item)) = self.find_item(id) else { return excerpt };
        for source in sources(item) {
            let declared = self.sources.get(&source).cloned();
            excerpt.sources.extend(declared.map(|declared| (source, declared)));
            if let Some(connection) = self.connections.get(&source.into()) {
                excerpt.connections.insert(connection.id, connection.clone());
            }
        }
        let mut workspaces = Ordered::default();
        workspaces.insert(within.id, within.with_only(item));
        excerpt.workspaces = Workspaces::from(workspaces);
        excerpt
    }

    /// Shares with another state the items that a fact concerns, if they are equal in both. Then they are in memory only
    /// once.
    pub fn share_items(&mut self, fact: &Fact, other: &Self) {
        let (workspace, items): (_, Vec<ItemId>) = match fact {
            Fact::ItemCreated { workspace, item, companions, .. } => {
                (workspace, companions.iter().map(|companion| companion.item.id).chain([item.id]).collect())
            }
            Fact::ItemUpdated { workspace, id, .. }
            | Fact::DefinitionUpdated { workspace, id, .. }
            | Fact::PathCreated { workspace, id, .. }
            | Fact::PathFlushed { workspace, id, .. }
            | Fact::PathRenamed { workspace, id, .. }
            | Fact::PathDeleted { workspace, id, .. }
            | Fact::MirroringStarted { workspace, id, .. }
            | Fact::MirroringStopped { workspace, id, .. } => (workspace, vec![*id]),
            Fact::JobStarted { workspace, item, .. }
            | Fact::JobCancelled { workspace, item, .. }
            | Fact::ScheduleCreated { workspace, item, .. }
            | Fact::ScheduleUpdated { workspace, item, .. }
            | Fact::ScheduleDeleted { workspace, item, .. } => (workspace, vec![*item]),
            Fact::ItemsMoved { workspace, ids, .. } => (workspace, ids.clone()),
            Fact::GitSynced { workspace, logical_ids, .. } => {
                (workspace, logical_ids.iter().map(|(id, _)| *id).collect())
            }
            _ => return,
        };
        if let (Some(own), Some(of_other)) = (self.workspaces.get_mut(workspace), other.workspaces.get(workspace)) {
            items.iter().for_each(|id| own.items.share(id, &of_other.items));
        }
    }
}

/// Returns the sources of a mirrored database or catalog.
fn sources(item: &Item) -> Vec<SourceId> {
    let catalog = mirrored_catalog::source(item).map(|source| source.connection.into());
    item.mirroring.iter().flat_map(|log| log.sources(item.id)).chain(catalog).collect()
}

impl Workspace {
    /// Returns a copy with one item, and without other content.
    fn with_only(&self, item: &Item) -> Self {
        let mut items = Items::default();
        items.insert(Arc::new(item.clone()));
        Self {
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            networking: None,
            managed_private_endpoints: Ordered::default(),
            encryption: None,
            onelake_settings: None,
            spark: None,
            sql_pools: None,
            git: None,
            roles: self.roles.clone(),
            deleted_databases: Ordered::default(),
            recoverable: Ordered::default(),
            folders: Ordered::default(),
            items,
            names: BTreeMap::new(),
            reserved: BTreeMap::new(),
            ..*self
        }
    }
}
