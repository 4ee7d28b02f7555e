//! Items: what all kinds share.

pub mod definition;
pub mod kind;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::definition::{Definition, DefinitionRequest, Part};
pub use self::kind::{ItemKind, KindSpec};
use crate::fabric::mirroring::{self, Mirroring};
use crate::fabric::name::{ITEM_DESCRIPTION_MAX, NAME_MAX, check_description, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{FolderId, ItemId, LabelId, WorkspaceId};

/// An item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its name: unique among the workspace's items of its kind, case aside.
    pub display_name: String,
    /// Its description, empty when there is none.
    pub description: String,
    /// The folder that it lies in; `None`: the workspace.
    pub folder: Option<FolderId>,
    /// The label that was asked for at its creation.
    pub sensitivity_label: Option<LabelId>,
    /// When it appears in lists and answers to its id.
    pub visible_from: Timestamp,
    /// The item that it came with and goes with.
    pub parent: Option<ItemId>,
    /// The SQL endpoint that came with it.
    pub sql_endpoint: Option<ItemId>,
    /// The definition as it was last given.
    pub definition: Option<Definition>,
    /// What was done to it, when its kind replicates.
    pub mirroring: Option<Mirroring>,
}

/// What a new item shall be: the facts of a creation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewItem {
    /// Its id.
    pub id: ItemId,
    /// Its kind.
    pub kind: ItemKind,
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: String,
    /// Its place.
    pub folder: Option<FolderId>,
    /// Its label.
    pub sensitivity_label: Option<LabelId>,
    /// Its definition.
    pub definition: Option<Definition>,
}

/// What a client asks for when it creates an item.
#[derive(Debug, Clone)]
pub struct CreateItem {
    /// Its kind as the route or the body names it.
    pub kind: ItemKind,
    /// Its name.
    pub display_name: String,
    /// Its description; `None`: that of `.platform`, if any.
    pub description: Option<String>,
    /// Its place.
    pub folder: Option<FolderId>,
    /// Its label.
    pub sensitivity_label: Option<LabelId>,
    /// Its definition, unchecked.
    pub definition: Option<DefinitionRequest>,
}

/// Creates an item, with what comes along with it.
///
/// Faults are looked for in this order: the kind, the capacity, the folder, the definition, the name, the limit; those of
/// the body were found before.
pub fn create(state: &State, workspace: WorkspaceId, new: CreateItem, now: Timestamp) -> Decided<ItemId> {
    check_name(&new.display_name, NAME_MAX)?;
    check_description(new.description.as_deref().unwrap_or_default(), ITEM_DESCRIPTION_MAX)?;
    let within = state.workspace(workspace)?;
    let spec = new.kind.spec();
    if !spec.is_emulated {
        return Err(not_emulated(new.kind));
    }
    if !spec.can_be_created {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem)
            .message(format!("{} items cannot be created by themselves", spec.name)));
    }
    state.check_capacity(within)?;
    if let Some(folder) = new.folder {
        within.folder(folder)?;
    }
    let definition = new.definition.map(|request| definition::check(new.kind, request, true)).transpose()?;
    let (definition, platform) = definition.map_or((None, None), |(definition, platform)| (Some(definition), platform));
    within.check_item_name(new.kind, &new.display_name, None, now)?;
    within.check_room(1 + usize::from(spec.has_sql_endpoint))?;

    let id = state.next_item(0);
    let pace = state.settings.pace;
    let description = new.description.or_else(|| platform?.description).unwrap_or_default();
    check_description(&description, ITEM_DESCRIPTION_MAX)?;
    let item = NewItem {
        id,
        kind: new.kind,
        display_name: new.display_name,
        description,
        folder: new.folder,
        sensitivity_label: new.sensitivity_label,
        definition,
    };
    let sql_endpoint = spec.has_sql_endpoint.then(|| (state.next_item(1), later(now, pace.sql_endpoint())));
    Ok((vec![Fact::ItemCreated { workspace, item, sql_endpoint, pace }], id))
}

/// Renames or describes an item; what is `None` stays as it is. What came with it is renamed along.
pub fn update(state: &State, workspace: WorkspaceId, item: &Item, change: Update, now: Timestamp) -> Decided<ItemId> {
    let Update { display_name, description } = change;
    if display_name.is_none() && description.is_none() {
        return Err(ErrorCode::InvalidRequest.into());
    }
    let display_name = display_name.unwrap_or_else(|| item.display_name.clone());
    let description = description.unwrap_or_else(|| item.description.clone());
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, ITEM_DESCRIPTION_MAX)?;
    let within = state.workspace(workspace)?;
    state.check_capacity(within)?;
    check_own(item)?;
    if display_name != item.display_name {
        within.check_item_name(item.kind, &display_name, Some(item.id), now)?;
    }
    Ok((vec![Fact::ItemUpdated { workspace, id: item.id, display_name, description }], item.id))
}

/// What a client asks for when it updates an item.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// The new name.
    pub display_name: Option<String>,
    /// The new description.
    pub description: Option<String>,
}

/// Deletes an item, with what came along with it. Its name stays reserved for as long as the pace says.
pub fn delete(state: &State, workspace: WorkspaceId, item: &Item, now: Timestamp) -> Decided<()> {
    check_own(item)?;
    let reserved_until = later(now, state.settings.pace.name_reserved());
    Ok((vec![Fact::ItemDeleted { workspace, id: item.id, reserved_until }], ()))
}

/// Replaces an item's definition; with `metadata`, name and description as `.platform` has them too.
pub fn update_definition(
    state: &State,
    workspace: WorkspaceId,
    item: &Item,
    request: DefinitionRequest,
    metadata: bool,
    now: Timestamp,
) -> Decided<()> {
    let within = state.workspace(workspace)?;
    state.check_capacity(within)?;
    check_definable(item)?;
    let (definition, platform) = definition::check(item.kind, request, metadata)?;
    if let (Some(mirroring), Some(plan)) = (&item.mirroring, &definition.mirroring) {
        mirroring.may_become(plan, now)?;
    }
    let mut facts = vec![Fact::DefinitionUpdated { workspace, id: item.id, definition }];
    if let Some(platform) = platform {
        let change = Update {
            display_name: Some(platform.display_name),
            description: Some(platform.description.unwrap_or_default()),
        };
        facts.extend(update(state, workspace, item, change, now)?.0);
    }
    Ok((facts, ()))
}

/// The parts of an item's definition as they are read back: re-serialised, and `.platform` written anew.
pub fn get_definition(item: &Item, format: Option<&str>) -> Result<Vec<Part>, FabricError> {
    check_definable(item)?;
    definition::check_format(item.kind, format)?;
    Ok(definition::read_back(item))
}

impl Item {
    /// A new item, visible from `visible_from` on.
    pub(super) fn new(new: NewItem, visible_from: Timestamp) -> Self {
        let NewItem { id, kind, display_name, description, folder, sensitivity_label, definition } = new;
        Self {
            id,
            kind,
            display_name,
            description,
            folder,
            sensitivity_label,
            visible_from,
            parent: None,
            sql_endpoint: None,
            definition,
            mirroring: None,
        }
    }

    /// The SQL endpoint that came with `parent`: its sibling, under its name.
    pub(super) fn sql_endpoint_of(parent: &Self, id: ItemId, visible_from: Timestamp) -> Self {
        let new = NewItem {
            id,
            kind: ItemKind::SQLEndpoint,
            display_name: parent.display_name.clone(),
            description: String::new(),
            folder: parent.folder,
            sensitivity_label: None,
            definition: None,
        };
        Self { parent: Some(parent.id), ..Self::new(new, visible_from) }
    }

    /// What was done to it; refused where its kind does not replicate.
    pub fn mirroring(&self) -> Result<&Mirroring, FabricError> {
        self.mirroring
            .as_ref()
            .ok_or_else(|| FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", self.id))
    }
}

/// Refuses what is asked of an item that only lives with its parent.
fn check_own(item: &Item) -> Result<(), FabricError> {
    if item.parent.is_some() {
        Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id))
    } else {
        Ok(())
    }
}

fn check_definable(item: &Item) -> Result<(), FabricError> {
    if item.kind.spec().definition.is_none() {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id));
    }
    Ok(())
}

fn not_emulated(kind: ItemKind) -> FabricError {
    FabricError::new(ErrorCode::NotEmulated).message(format!(
        "Specularite does not emulate items of the type {} yet; MirroredDatabase is served.",
        kind.spec().name
    ))
}

/// Where a mirrored database's tables lie once its endpoint is there: `properties.oneLakeTablesPath`.
pub fn one_lake_tables_path(workspace: &Workspace, item: &Item) -> String {
    format!("https://onelake.dfs.fabric.microsoft.com/{}/{}/Tables", workspace.id, item.id)
}

/// The host of a SQL endpoint: two ids in base 32, as long as the service's (docs/fidelity.md#sql-endpoints).
pub fn sql_endpoint_host(workspace: WorkspaceId, endpoint: ItemId) -> String {
    format!("{}-{}.datawarehouse.fabric.microsoft.com", base32(workspace.as_u128()), base32(endpoint.as_u128()))
}

/// The 26 digits of 128 bits.
fn base32(bits: u128) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..26).rev().map(|n| char::from(DIGITS[((bits >> (5 * n)) & 31) as usize])).collect()
}

/// The plan of a definition, where its kind replicates.
pub(super) fn plan(definition: Option<&Definition>) -> Option<mirroring::Plan> {
    definition.and_then(|definition| definition.mirroring.clone())
}
