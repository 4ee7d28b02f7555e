//! Bulk export and import of definitions (docs/fidelity.md#around).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::{self, DefinitionRequest, Needed, PLATFORM};
use super::kinds::Content;
use super::part::{self, PartRequest};
use super::{CreateItem, Definition, Draft, Item, ItemKind, Part, Update, create, update, update_definition};
use crate::fabric::name::Folded;
use crate::fabric::operation::{self, PendingResult, Progress};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, State};
use crate::ids::{FolderId, ItemId};

/// The duration of an import at the realistic pace (guessed).
const IMPORT_TIME: SignedDuration = SignedDuration::from_secs(10);
/// The maximum size of the definitions in an export, in bytes (guessed).
const EXPORT_MAX: usize = 16 << 20;
/// The placeholder for a missing logical id.
const NO_LOGICAL_ID: &str = "00000000-0000-0000-0000-000000000000";

/// An exported item.
#[derive(Debug)]
pub struct Exported {
    /// The item's id.
    pub id: ItemId,
    /// The common path of the parts: `/{folder}/…/{name}.{kind}`.
    pub root: String,
    /// The parts of the item's definition.
    pub parts: Vec<Part>,
}

/// Exports the definitions of the items in `named`. If `named` is `None`, exports the definitions of all items whose
/// kind supports definitions.
pub fn export(
    state: &State,
    within: &Workspace,
    named: Option<&[ItemId]>,
    now: Timestamp,
) -> Result<Vec<Exported>, FabricError> {
    state.check_capacity(within)?;
    let items: Vec<&Item> = match named {
        None => within.items().values().filter(|item| item.visible_from <= now).collect(),
        Some(ids) => ids.iter().map(|id| within.item(*id, now)).collect::<Result<_, _>>()?,
    };
    if let Some((_, duplicate)) =
        items.iter().enumerate().find(|(n, item)| items[..*n].iter().any(|other| other.id == item.id))
    {
        return Err(FabricError::new(ErrorCode::ItemReferencedMoreThanOnce).about("Item", duplicate.id));
    }
    let has_definition = |item: &&Item| item.kind.spec().definition.is_some();
    if named.is_some()
        && let Some(without) = items.iter().find(|item| !has_definition(item))
    {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", without.id));
    }
    let items: Vec<&Item> = items.into_iter().filter(has_definition).collect();
    let size: usize = items.iter().filter_map(|item| item.definition.as_deref()).map(Definition::size).sum();
    if size > EXPORT_MAX {
        return Err(FabricError::invalid_input(format!(
            "The definitions have {size} bytes; at most {EXPORT_MAX} are exported by one request."
        )));
    }
    let exported = items.into_iter().map(|item| {
        let root = format!("{}/{}.{}", within.folder_path(item.folder), item.display_name, item.kind.spec().name);
        Exported { id: item.id, root, parts: definition::read_back(item, None).parts }
    });
    Ok(exported.collect())
}

/// The result of an import for one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The item's id.
    pub id: ItemId,
    /// The item's name.
    pub display_name: String,
    /// The item's kind.
    pub kind: ItemKind,
    /// The item's logical id in the source repository.
    pub logical_id: String,
    /// `true` if the import created the item, `false` if it updated the item.
    pub is_new: bool,
}

impl Imported {
    /// Returns the approximate size of the result in memory, in bytes.
    pub(in crate::fabric) fn weight(&self) -> usize {
        size_of::<Self>() + self.display_name.len() + self.logical_id.len()
    }
}

/// Creates or updates items from the parts of their definitions, as a long-running operation. If one item fails, none
/// is created or updated.
///
/// An incoming item with a logical id updates the existing item of the same kind and name. An incoming item without a
/// logical id does so only if `may_pair` is `true`.
pub fn import(
    state: &State,
    within: &Workspace,
    parts: Vec<PartRequest>,
    may_pair: bool,
    caller: Principal,
    now: Timestamp,
) -> Decision<Progress<()>> {
    state.check_capacity(within)?;
    let begin = |result| operation::begin(state, within.id, Role::Contributor, IMPORT_TIME, result, now);
    let ends_at = begin(PendingResult::Nothing).ends_at;
    let mut draft = Draft::new(state, within.id, now, ends_at);
    let incoming: Vec<Incoming> = by_root(parts)?.into_iter().map(Incoming::new).collect();
    let mut names = BTreeSet::new();
    if let Some(duplicate) = incoming.iter().find(|it| !names.insert((it.kind, Folded::new(&it.metadata.display_name))))
    {
        let text = format!(
            "There is more than one {} with the name '{}'.",
            duplicate.kind.spec().name,
            duplicate.metadata.display_name
        );
        return Err(FabricError::new(ErrorCode::DuplicateDisplayNameAndType).message(text));
    }
    let imported = incoming.into_iter().map(|item| import_item(&mut draft, item, may_pair, caller));
    let imported = imported.collect::<Result<_, _>>()?;
    // If the operation of an item would fail, the import fails.
    Ok(match draft.failure().cloned() {
        Some(failure) => begin(PendingResult::Failed(failure)).after(Vec::new()),
        None => begin(PendingResult::Imported(imported)).after(draft.into_facts()),
    })
}

/// Groups parts by item.
fn by_root(parts: Vec<PartRequest>) -> Result<BTreeMap<Root, Vec<PartRequest>>, FabricError> {
    let mut items: BTreeMap<Root, Vec<PartRequest>> = BTreeMap::new();
    for part in parts {
        let Some((root, path)) = Root::of(&part.path) else {
            return Err(FabricError::new(ErrorCode::InvalidFilesPath)
                .detail(ErrorCode::InvalidFilesPath, format!("{}: the path has no folder of an item", part.path)));
        };
        items.entry(root).or_default().push(PartRequest { path, ..part });
    }
    if items.is_empty() {
        return Err(FabricError::invalid_input("The DefinitionParts field is required."));
    }
    Ok(items)
}

/// The path of an item's folder in an import request or in Git: outer folders, and the item's name and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::fabric) struct Root {
    pub(in crate::fabric) folders: Vec<String>,
    pub(in crate::fabric) name: String,
    pub(in crate::fabric) kind: ItemKind,
}

impl Root {
    /// Returns the folder of the item that a file belongs to, and the path of the file in this folder. The folder is the
    /// first whose name ends with a dot and a kind.
    pub(in crate::fabric) fn of(path: &str) -> Option<(Self, String)> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let split = |segment: &str| {
            let (name, kind) = segment.rsplit_once('.')?;
            Some((name.to_owned(), kind.parse::<ItemKind>().ok()?))
        };
        let mut folders = segments.iter().enumerate().take(segments.len().saturating_sub(1));
        let (at, (name, kind)) = folders.find_map(|(at, folder)| Some((at, split(folder)?)))?;
        let root = Self { folders: segments[..at].iter().map(|&name| name.to_owned()).collect(), name, kind };
        Some((root, segments[at + 1..].join("/")))
    }
}

/// The metadata of an incoming item.
#[derive(Debug)]
pub(in crate::fabric) struct Metadata {
    pub(in crate::fabric) display_name: String,
    pub(in crate::fabric) description: String,
    pub(in crate::fabric) logical_id: Option<String>,
}

impl Metadata {
    /// Reads `.platform`. Without a valid `.platform`, uses the name of the item's folder.
    pub(in crate::fabric) fn read(root: &Root, platform: Option<&Part>) -> Self {
        let platform = platform.and_then(|part| part::parse(part).ok());
        let platform = platform.map(|(_, value)| value).unwrap_or_default();
        let is_id = |text: &str| text.parse::<ItemId>().is_ok();
        let text = |pointer: &str| platform.pointer(pointer).and_then(Value::as_str);
        Self {
            display_name: text("/metadata/displayName").unwrap_or(&root.name).to_owned(),
            description: text("/metadata/description").unwrap_or_default().to_owned(),
            logical_id: text("/config/logicalId").filter(|id| is_id(id) && *id != NO_LOGICAL_ID).map(str::to_owned),
        }
    }
}

/// An item in an import request or in Git.
#[derive(Debug)]
pub(in crate::fabric) struct Incoming {
    folders: Vec<String>,
    kind: ItemKind,
    metadata: Metadata,
    /// The definition; `None` for an item in Git that has only `.platform`.
    definition: Option<DefinitionRequest>,
}

impl Incoming {
    fn new((root, parts): (Root, Vec<PartRequest>)) -> Self {
        let platform = parts.iter().find(|part| part.path == PLATFORM).and_then(|part| part.decoded().ok());
        let platform = platform.map(|payload| Part { path: PLATFORM.to_owned(), payload: payload.into() });
        let metadata = Metadata::read(&root, platform.as_ref());
        let definition = DefinitionRequest { format: format(root.kind, &parts), parts };
        Self { folders: root.folders, kind: root.kind, metadata, definition: Some(definition) }
    }

    /// Creates an item from the files of its folder in Git. An item that has only `.platform` has no definition, unless
    /// its kind requires one.
    pub(in crate::fabric) fn of_files(root: Root, files: &[Part]) -> Self {
        let is_bare = files.iter().all(|part| part.path == PLATFORM);
        let needed = root.kind.spec().definition.as_ref().map_or(Needed::Never, |spec| spec.needed);
        let incoming = Self::new((root, files.iter().map(PartRequest::encoded).collect()));
        let definition = incoming.definition.filter(|_| !is_bare || needed == Needed::Always);
        Self { definition, ..incoming }
    }
}

/// Returns the format that a part's file extension implies; `None` if no extension implies a format.
fn format(kind: ItemKind, parts: &[PartRequest]) -> Option<String> {
    let Content::Extension(formats) = kind.spec().definition?.content else { return None };
    let implied = formats.iter().find(|(_, ending)| parts.iter().any(|part| part.path.ends_with(ending)));
    implied.map(|(format, _)| (*format).to_owned())
}

/// Creates an item, or updates the item with its name.
fn import_item(draft: &mut Draft, item: Incoming, may_pair: bool, caller: Principal) -> Result<Imported, FabricError> {
    let (kind, display_name) = (item.kind, item.metadata.display_name.clone());
    let logical_id = item.metadata.logical_id.clone();
    let may_pair = may_pair || logical_id.is_some();
    let existing = draft.within()?.named(kind, &display_name).filter(|_| may_pair);
    let id = item.put(draft, existing, caller)?;
    let logical_id = logical_id.unwrap_or_else(|| NO_LOGICAL_ID.to_owned());
    Ok(Imported { id, display_name, kind, logical_id, is_new: existing.is_none() })
}

impl Incoming {
    /// Creates the item, or updates the existing one. An update does not move the item.
    pub(in crate::fabric) fn put(
        self,
        draft: &mut Draft,
        existing: Option<ItemId>,
        caller: Principal,
    ) -> Result<ItemId, FabricError> {
        let Self { folders, kind, metadata, definition } = self;
        let description = Some(metadata.description).filter(|_| definition.is_none());
        let checked = definition.map(|definition| definition::check(kind, definition, true));
        let Some(id) = existing else {
            let folder = draft.folder(&folders)?;
            let id = draft.state().next_item(0);
            let new = CreateItem {
                kind,
                display_name: metadata.display_name,
                description,
                folder,
                sensitivity_label: None,
                definition: checked,
                creation_payload: None,
            };
            draft.change(|state, within, now| create(state, within, new, caller, now))?;
            return Ok(id);
        };
        draft.change(|state, within, now| {
            let item = within.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
            match checked {
                Some(checked) => {
                    let (facts, _) = update_definition(state, within, item, checked, now)?;
                    Ok((facts, id))
                }
                None => {
                    let display_name = Some(metadata.display_name).filter(|name| *name != item.display_name);
                    let change = Update { display_name, description, kind_changes: Vec::new() };
                    let (facts, _) = update(state, within, item, change, now)?;
                    Ok((facts, id))
                }
            }
        })
    }
}

impl Workspace {
    /// Returns the names in the path of a folder. The path of the workspace's root has none.
    pub(in crate::fabric) fn folder_names(&self, folder: Option<FolderId>) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = folder;
        while let Some(folder) = next.and_then(|id| self.folders().get(&id)) {
            names.insert(0, folder.display_name.clone());
            next = folder.parent;
        }
        names
    }

    /// Returns the path of a folder, with a leading slash. The path of the workspace's root is empty.
    pub(in crate::fabric) fn folder_path(&self, folder: Option<FolderId>) -> String {
        self.folder_names(folder).iter().map(|name| format!("/{name}")).collect()
    }

    pub(super) fn folder_named(&self, place: Option<FolderId>, name: &str) -> Option<FolderId> {
        let folded = Folded::new(name);
        let found = self.folders().values().find(|it| it.parent == place && Folded::new(&it.display_name) == folded);
        found.map(|folder| folder.id)
    }

    /// Returns the item with this kind and name.
    pub(in crate::fabric) fn named(&self, kind: ItemKind, name: &str) -> Option<ItemId> {
        self.names.get(&(kind, Folded::new(name))).copied()
    }
}
