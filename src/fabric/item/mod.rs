//! Items: the data and the rules that all kinds have in common. The special rules of each kind are in [`kinds`].

mod addresses;
pub mod bulk;
pub mod catalog;
mod companions;
mod create;
pub mod data_access_role;
pub mod definition;
mod draft;
pub mod kinds;
pub mod label;
mod part;
pub mod permission;
pub mod recovery;
pub mod relations;
pub mod shortcut;
mod update;

use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::addresses::{one_lake_tables_path, query_host, sql_endpoint_host};
pub use self::companions::Companion;
pub use self::create::{CreateItem, check_label_strategy, create, definition_is_optional};
use self::data_access_role::DataAccessRole;
pub use self::definition::{Definition, DefinitionRequest, Part, ReadBack, get_definition, update_definition};
pub(super) use self::draft::Draft;
use self::kinds::sql_database::{NewSqlDatabase, SqlDatabase};
pub use self::kinds::{
    ItemKind, KindChange, KindSpec, KindState, Names, Rename, audit, catalog_sync, digital_twin_builder_flow,
    environment, lakehouse, mirrored_azure_databricks_catalog, mirrored_catalog, mirrored_database, semantic_model,
    sql_database, sql_endpoint, variable_library, warehouse,
};
use self::shortcut::Shortcut;
pub use self::update::{MOVED_MAX, Update, associate_identity, delete, relocate, set_logical_id, settable, update};
use crate::fabric::job::Jobs;
use crate::fabric::mirroring::{self, Mirroring, SourceType};
use crate::fabric::onelake::Tree;
use crate::fabric::principal::Principal;
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::{ConnectionId, FolderId, ItemId, LabelId, LogicalId, TagId};

/// An item of a workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Its kind.
    pub kind: ItemKind,
    /// Its name. It is unique among the items of its kind in the workspace, regardless of case.
    pub display_name: String,
    /// Its description; empty if it has no description.
    pub description: String,
    /// Its folder; `None` for the root of the workspace.
    pub folder: Option<FolderId>,
    /// Its sensitivity label.
    pub sensitivity_label: Option<LabelId>,
    /// The instant from which the item is visible.
    pub visible_from: Timestamp,
    /// The instant of the last change of its name, description or definition; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Its parent. An item with a parent is moved and deleted together with the parent.
    pub parent: Option<ItemId>,
    /// Its SQL endpoint; `None` if it has no SQL endpoint.
    pub sql_endpoint: Option<ItemId>,
    /// Its tags, in the order in which they were applied.
    pub tags: Vec<TagId>,
    /// Its shortcuts, in order of creation.
    pub shortcuts: Vec<Shortcut>,
    /// Its OneLake data access roles; `None` until they are set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_access_roles: Option<Arc<Vec<DataAccessRole>>>,
    /// The associated identity: the principal as which the item acts.
    pub default_identity: Option<Principal>,
    /// The `creationPayload` of the request that created the item.
    pub creation_payload: Option<Arc<Value>>,
    /// Its kind state.
    pub kind_state: KindState,
    /// The stored definition; `None` if no client has sent a definition.
    pub definition: Option<Arc<Definition>>,
    /// Its mirroring configuration and log, if it is a mirrored database.
    pub mirroring: Option<Mirroring>,
    /// Its settings and mirroring log, if it is a SQL database.
    pub sql_database: Option<SqlDatabase>,
    /// Its creator; `None` for items that the service creates.
    pub creator: Option<Principal>,
    /// Its logical id; `None` until a client sets it, or the item is synced with a branch in Git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical_id: Option<LogicalId>,
    /// Its jobs; `None` if it has had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Box<Jobs>>,
    /// Its files and folders in OneLake; `None` until there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::fabric) tree: Option<Box<Tree>>,
}

/// The data of a new item. All of it is decided when the request is accepted, even if the item becomes visible later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewItem {
    /// Its id.
    pub id: ItemId,
    /// Its kind.
    pub kind: ItemKind,
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: String,
    /// Its folder; `None` for the root of the workspace.
    pub folder: Option<FolderId>,
    /// Its sensitivity label.
    pub sensitivity_label: Option<LabelId>,
    /// Its definition.
    pub definition: Option<Arc<Definition>>,
    /// Its parent.
    pub parent: Option<ItemId>,
    /// The `creationPayload` of the request.
    pub creation_payload: Option<Arc<Value>>,
    /// Its settings, if it is a SQL database.
    pub sql_database: Option<NewSqlDatabase>,
    /// Its creator; `None` for items that the service creates.
    pub creator: Option<Principal>,
}

impl Item {
    /// Creates an item that becomes visible at `visible_from`. A mirrored database is `Initialized`, and a SQL database
    /// has its first backup, `ready_in` later.
    pub(super) fn new(new: NewItem, visible_from: Timestamp, ready_in: SignedDuration) -> Self {
        let NewItem { id, kind, display_name, description, folder, sensitivity_label, definition, .. } = new;
        let NewItem { parent, creation_payload, sql_database, creator, .. } = new;
        let empty = (kind == ItemKind::MirroredDatabase).then_some(mirroring::MirroringConfig::empty());
        let config = mirroring_config(definition.as_deref()).or(empty);
        let mirroring = config.map(|config| Mirroring::created(visible_from, ready_in, config));
        let sql_database = sql_database.map(|new| SqlDatabase::created(new, visible_from, ready_in));
        Self {
            id,
            kind,
            display_name,
            description,
            folder,
            sensitivity_label,
            visible_from,
            updated_at: None,
            parent,
            sql_endpoint: None,
            tags: Vec::new(),
            shortcuts: Vec::new(),
            data_access_roles: None,
            default_identity: None,
            creation_payload,
            kind_state: KindState::new(kind),
            definition,
            mirroring,
            sql_database,
            creator,
            logical_id: None,
            jobs: None,
            tree: None,
        }
    }

    /// Returns a copy for lists, without the members that lists do not show: the definition, shortcuts, logs, jobs and
    /// kind state.
    pub(super) fn outline(&self) -> Self {
        Self {
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            shortcuts: Vec::new(),
            data_access_roles: None,
            creation_payload: self.creation_payload.clone(),
            kind_state: KindState::new(self.kind),
            definition: None,
            mirroring: None,
            sql_database: self.sql_database.as_ref().map(SqlDatabase::outline),
            jobs: None,
            tree: None,
            ..*self
        }
    }

    /// Returns its files and folders in OneLake.
    pub fn tree(&self) -> &Tree {
        static EMPTY: LazyLock<Tree> = LazyLock::new(Tree::default);
        self.tree.as_deref().unwrap_or(&EMPTY)
    }

    /// Returns `true` for a mirrored database whose source is open mirroring.
    pub fn is_open_mirror(&self) -> bool {
        self.mirroring.as_ref().is_some_and(|log| log.config().source == Some(SourceType::GenericMirror))
    }

    /// Returns the mirroring configuration and log of a mirrored database. Rejects items of other kinds.
    pub fn mirroring(&self) -> Result<&Mirroring, FabricError> {
        self.mirroring
            .as_ref()
            .ok_or_else(|| FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", self.id))
    }
}

/// Returns the connections of an item, without duplicates. For a mirrored database, they are the connections in the
/// definition. For a semantic model, they are the connections in the bindings.
pub fn connections(item: &Item) -> Vec<ConnectionId> {
    let mut connections = Vec::new();
    for connection in (item.kind.spec().hooks.connections)(item) {
        if !connections.contains(&connection) {
            connections.push(connection);
        }
    }
    connections
}

/// Returns the string at a JSON pointer in an item's creation payload; an empty string if there is no string.
pub fn text_of<'a>(item: &'a Item, pointer: &str) -> &'a str {
    item.creation_payload.as_ref().and_then(|payload| payload.pointer(pointer)?.as_str()).unwrap_or_default()
}

/// Rejects a name with characters that the kind does not allow in names.
fn check_characters(kind: ItemKind, name: &str) -> Result<(), FabricError> {
    let fits = match kind.spec().names {
        Names::Any => true,
        Names::Word => name.chars().all(|c| c.is_alphanumeric() || c == '_'),
        Names::Without(forbidden) => !name.contains(|c| forbidden.contains(c)),
    };
    if fits {
        return Ok(());
    }
    let message = format!("DisplayName is Invalid for ArtifactType. DisplayName: <pi>{name}</pi>");
    Err(FabricError::invalid_input(message))
}

/// Returns the mirroring configuration in a definition; `None` for definitions of kinds other than mirrored databases.
pub(super) fn mirroring_config(definition: Option<&Definition>) -> Option<mirroring::MirroringConfig> {
    definition.and_then(|definition| definition.mirroring.clone())
}
