//! What can happen. Facts are all that is ever stored; the state is what they come to.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::capacity::CapacityState;
use crate::fabric::connection::Connection;
use crate::fabric::item::bulk::Imported;
use crate::fabric::item::shortcut::Shortcut;
use crate::fabric::item::{Companion, Definition, KindChange, NewItem};
use crate::fabric::json;
use crate::fabric::mirroring::{Declaration, MirroringError, TableTiming};
use crate::fabric::operation::{NewOperation, PendingResult};
use crate::fabric::principal::{DirectoryEntry, Principal};
use crate::fabric::role::RoleAssignment;
use crate::fabric::settings::Settings;
use crate::fabric::tag::Tag;
use crate::fabric::workspace::WorkspaceIdentity;
use crate::ids::{CapacityId, ConnectionId, FolderId, ItemId, PrincipalId, TagId, WorkspaceId};

/// The number of this format of facts.
pub const FORMAT: u32 = 1;

/// A fact, its number and its instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatedFact {
    /// Its place in the tenant's history, from 1 on. Numbers have no gaps; they go on after a reset, which takes one.
    pub number: u64,
    /// When it happened: never before the fact before it.
    pub at: Timestamp,
    /// What happened.
    pub fact: Fact,
}

/// Something that was accepted, with all that was settled by then: ids, durations, the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it; the rules stand where the facts are decided")]
pub enum Fact {
    SettingsChanged(Settings),
    SourceDeclared {
        connection: ConnectionId,
        declaration: Arc<Declaration>,
    },
    CapacityChanged {
        id: CapacityId,
        state: CapacityState,
    },
    PrincipalRegistered {
        entry: DirectoryEntry,
        personal: Option<WorkspaceId>,
    },
    PrincipalsDeclared(Vec<DirectoryEntry>),
    /// Of each principal the SHA-256 of what it proves itself by.
    SecretsDeclared(Vec<(PrincipalId, String)>),
    TagsDeclared {
        tags: Vec<Tag>,
        drawn: u64,
    },

    WorkspaceCreated {
        id: WorkspaceId,
        display_name: String,
        description: String,
        capacity: Option<CapacityId>,
        creator: Principal,
    },
    WorkspaceUpdated {
        id: WorkspaceId,
        display_name: String,
        description: String,
    },
    WorkspaceAssigned {
        id: WorkspaceId,
        capacity: Option<CapacityId>,
        completed_at: Timestamp,
    },
    WorkspaceDeleted {
        id: WorkspaceId,
    },
    IdentityProvisioned {
        workspace: WorkspaceId,
        identity: WorkspaceIdentity,
        from: Timestamp,
    },
    IdentityDeprovisioned {
        workspace: WorkspaceId,
    },
    WorkspaceTagged {
        id: WorkspaceId,
        tags: Vec<TagId>,
    },
    RoleAssigned {
        workspace: WorkspaceId,
        assignment: RoleAssignment,
    },
    RoleChanged {
        workspace: WorkspaceId,
        assignment: RoleAssignment,
    },
    RoleRemoved {
        workspace: WorkspaceId,
        id: PrincipalId,
    },

    FolderCreated {
        workspace: WorkspaceId,
        id: FolderId,
        display_name: String,
        parent: Option<FolderId>,
    },
    FolderRenamed {
        workspace: WorkspaceId,
        id: FolderId,
        display_name: String,
    },
    FolderMoved {
        workspace: WorkspaceId,
        id: FolderId,
        parent: Option<FolderId>,
    },
    FolderDeleted {
        workspace: WorkspaceId,
        id: FolderId,
    },

    ConnectionCreated(Connection),
    ConnectionUpdated(Connection),
    ConnectionDeleted {
        id: ConnectionId,
    },

    ItemCreated {
        workspace: WorkspaceId,
        item: NewItem,
        visible_from: Timestamp,
        companions: Vec<Companion>,
        ready_in: SignedDuration,
    },
    ItemUpdated {
        workspace: WorkspaceId,
        id: ItemId,
        display_name: String,
        description: String,
        changes: Vec<KindChange>,
    },
    ShortcutsChanged {
        workspace: WorkspaceId,
        id: ItemId,
        shortcuts: Vec<Shortcut>,
    },
    IdentityAssociated {
        workspace: WorkspaceId,
        id: ItemId,
        identity: Principal,
    },
    KindStateChanged {
        workspace: WorkspaceId,
        id: ItemId,
        changes: Vec<KindChange>,
    },
    ItemsMoved {
        workspace: WorkspaceId,
        ids: Vec<ItemId>,
        folder: Option<FolderId>,
    },
    ItemTagged {
        workspace: WorkspaceId,
        id: ItemId,
        tags: Vec<TagId>,
    },
    ItemDeleted {
        workspace: WorkspaceId,
        id: ItemId,
        reserved_until: Timestamp,
    },
    DefinitionUpdated {
        workspace: WorkspaceId,
        id: ItemId,
        definition: Arc<Definition>,
    },
    OperationStarted(NewOperation),

    MirroringStarted {
        workspace: WorkspaceId,
        id: ItemId,
        takes: SignedDuration,
        tables: TableTiming,
        error: Option<MirroringError>,
    },
    MirroringStopped {
        workspace: WorkspaceId,
        id: ItemId,
        takes: SignedDuration,
    },
}

impl Fact {
    /// Its size in memory, roughly, in bytes: what history is bounded by.
    pub fn weight(&self) -> usize {
        const SMALL: usize = 512;
        match self {
            Self::ItemCreated { item, .. } => {
                let payload = item.creation_payload.as_deref().map_or(0, json::weight);
                SMALL + payload + item.definition.as_deref().map_or(0, Definition::weight)
            }
            Self::ItemUpdated { changes, .. } | Self::KindStateChanged { changes, .. } => {
                SMALL + changes.iter().map(KindChange::weight).sum::<usize>()
            }
            Self::OperationStarted(NewOperation { result: PendingResult::Imported(items), .. }) => {
                SMALL + items.iter().map(Imported::weight).sum::<usize>()
            }
            Self::ConnectionUpdated(connection) => SMALL + connection.roles.len() * 64,
            Self::PrincipalsDeclared(entries) => SMALL + entries.len() * 256,
            Self::SecretsDeclared(secrets) => SMALL + secrets.len() * 128,
            Self::ShortcutsChanged { shortcuts, .. } => SMALL + shortcuts.iter().map(Shortcut::weight).sum::<usize>(),
            Self::TagsDeclared { tags, .. } => SMALL + tags.len() * 128,
            Self::DefinitionUpdated { definition, .. } => SMALL + definition.weight(),
            Self::SourceDeclared { declaration, .. } => SMALL + declaration.tables.len() * 128,
            _ => SMALL,
        }
    }
}
