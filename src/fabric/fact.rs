//! Facts: the accepted changes of a tenant. They are all that is stored; the state is their result.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fabric::capacity::CapacityState;
use crate::fabric::connection::Connection;
use crate::fabric::error::FabricError;
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

/// The result of a decision: the facts to record and a value for the response, or an error.
pub type Decision<T> = Result<(Vec<Fact>, T), FabricError>;

/// The number of the persisted format. It changes when a program of today could not read the facts of tomorrow.
pub const FORMAT: u32 = 1;

/// A persisted sequence of facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FactLog {
    /// The format of the facts: [`FORMAT`].
    format: Format,
    /// The facts, in order of their numbers.
    pub facts: Vec<DatedFact>,
}

impl FactLog {
    /// A log in the format of this program.
    pub fn new(facts: Vec<DatedFact>) -> Self {
        Self { format: Format, facts }
    }
}

/// The number [`FORMAT`]. Any other number is an error when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(FORMAT)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            FORMAT => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "cannot read facts of format {other}: this version of specularite reads format {FORMAT}"
            ))),
        }
    }
}

/// A fact, its number and its instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatedFact {
    /// Its place in the tenant's history, from 1 on. Numbers have no gaps; they go on after a reset, which takes one.
    pub number: u64,
    /// Its instant; never before that of the fact before it.
    pub at: Timestamp,
    /// The fact.
    pub fact: Fact,
}

/// An accepted change, with everything that its decision settled: ids, durations, the caller.
///
/// The names of variants and members are those of the persisted format. They never change; a new meaning is a new variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it; the rules stand where the facts are decided")]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum Fact {
    #[serde(rename = "settingsChanged")]
    SettingsChanged(Settings),
    #[serde(rename = "sourceDeclared")]
    SourceDeclared { connection: ConnectionId, declaration: Arc<Declaration> },
    #[serde(rename = "capacityChanged")]
    CapacityChanged { id: CapacityId, state: CapacityState },
    #[serde(rename = "principalRegistered")]
    PrincipalRegistered { entry: DirectoryEntry, personal: Option<WorkspaceId> },
    #[serde(rename = "principalsDeclared")]
    PrincipalsDeclared(Vec<DirectoryEntry>),
    /// The SHA-256 of the secret of each principal.
    #[serde(rename = "secretsDeclared")]
    SecretsDeclared(Vec<(PrincipalId, String)>),
    #[serde(rename = "tagsDeclared")]
    TagsDeclared { tags: Vec<Tag>, drawn: u64 },

    #[serde(rename = "workspaceCreated")]
    WorkspaceCreated {
        id: WorkspaceId,
        display_name: String,
        description: String,
        capacity: Option<CapacityId>,
        creator: Principal,
    },
    #[serde(rename = "workspaceUpdated")]
    WorkspaceUpdated { id: WorkspaceId, display_name: String, description: String },
    #[serde(rename = "workspaceAssigned")]
    WorkspaceAssigned { id: WorkspaceId, capacity: Option<CapacityId>, completed_at: Timestamp },
    #[serde(rename = "workspaceDeleted")]
    WorkspaceDeleted { id: WorkspaceId },
    #[serde(rename = "identityProvisioned")]
    IdentityProvisioned { workspace: WorkspaceId, identity: WorkspaceIdentity, from: Timestamp },
    #[serde(rename = "identityDeprovisioned")]
    IdentityDeprovisioned { workspace: WorkspaceId },
    #[serde(rename = "workspaceTagged")]
    WorkspaceTagged { id: WorkspaceId, tags: Vec<TagId> },
    #[serde(rename = "roleAssigned")]
    RoleAssigned { workspace: WorkspaceId, assignment: RoleAssignment },
    #[serde(rename = "roleChanged")]
    RoleChanged { workspace: WorkspaceId, assignment: RoleAssignment },
    #[serde(rename = "roleRemoved")]
    RoleRemoved { workspace: WorkspaceId, id: PrincipalId },

    #[serde(rename = "folderCreated")]
    FolderCreated { workspace: WorkspaceId, id: FolderId, display_name: String, parent: Option<FolderId> },
    #[serde(rename = "folderRenamed")]
    FolderRenamed { workspace: WorkspaceId, id: FolderId, display_name: String },
    #[serde(rename = "folderMoved")]
    FolderMoved { workspace: WorkspaceId, id: FolderId, parent: Option<FolderId> },
    #[serde(rename = "folderDeleted")]
    FolderDeleted { workspace: WorkspaceId, id: FolderId },

    #[serde(rename = "connectionCreated")]
    ConnectionCreated(Connection),
    #[serde(rename = "connectionUpdated")]
    ConnectionUpdated(Connection),
    #[serde(rename = "connectionDeleted")]
    ConnectionDeleted { id: ConnectionId },

    #[serde(rename = "itemCreated")]
    ItemCreated {
        workspace: WorkspaceId,
        item: NewItem,
        visible_from: Timestamp,
        companions: Vec<Companion>,
        ready_in: SignedDuration,
    },
    #[serde(rename = "itemUpdated")]
    ItemUpdated {
        workspace: WorkspaceId,
        id: ItemId,
        display_name: String,
        description: String,
        changes: Vec<KindChange>,
    },
    #[serde(rename = "shortcutsChanged")]
    ShortcutsChanged { workspace: WorkspaceId, id: ItemId, shortcuts: Vec<Shortcut> },
    #[serde(rename = "identityAssociated")]
    IdentityAssociated { workspace: WorkspaceId, id: ItemId, identity: Principal },
    #[serde(rename = "kindStateChanged")]
    KindStateChanged { workspace: WorkspaceId, id: ItemId, changes: Vec<KindChange> },
    #[serde(rename = "itemsMoved")]
    ItemsMoved { workspace: WorkspaceId, ids: Vec<ItemId>, folder: Option<FolderId> },
    #[serde(rename = "itemTagged")]
    ItemTagged { workspace: WorkspaceId, id: ItemId, tags: Vec<TagId> },
    #[serde(rename = "itemDeleted")]
    ItemDeleted { workspace: WorkspaceId, id: ItemId, reserved_until: Timestamp },
    #[serde(rename = "definitionUpdated")]
    DefinitionUpdated { workspace: WorkspaceId, id: ItemId, definition: Arc<Definition> },
    #[serde(rename = "operationStarted")]
    OperationStarted(NewOperation),

    #[serde(rename = "mirroringStarted")]
    MirroringStarted {
        workspace: WorkspaceId,
        id: ItemId,
        takes: SignedDuration,
        tables: TableTiming,
        error: Option<MirroringError>,
    },
    #[serde(rename = "mirroringStopped")]
    MirroringStopped { workspace: WorkspaceId, id: ItemId, takes: SignedDuration },
}

impl Fact {
    /// Returns its approximate size in memory, in bytes. The history is bounded by it.
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
