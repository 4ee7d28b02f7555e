//! Bulk export and import of definitions (docs/fidelity.md#around).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::{self, DefinitionRequest, Needed, PLATFORM};
use super::kinds::Content;
use super::part::{self, PartRequest};
use super::{
    CreateItem, Definition, Item, ItemKind, Part, Update, create, delete, relocate, update, update_definition,
};
use crate::fabric::folder;
use crate::fabric::name::Folded;
use crate::fabric::operation::{self, OperationError, PendingResult, Progress};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{DatedFact, Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{FolderId, ItemId, WorkspaceId};

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
    // `draft` decides the import of each item on the state after the import of all previous items.
    let begin = |result| operation::begin(state, within.id, Role::Contributor, IMPORT_TIME, result, now);
    let ends_at = begin(PendingResult::Nothing).ends_at;
    let mut draft = Draft::new(state, within.id, ends_at, now);
    let incoming: Vec<Incoming> = by_root(parts)?.into_iter().map(Incoming::new).collect();
    let mut names = BTreeSet::new();
    if let Some(duplicate) = incoming.iter().find(|it| !names.insert((it.kind, Folded::new(&it.display_name)))) {
        let text = format!(
            "There is more than one {} with the name '{}'.",
            duplicate.kind.spec().name,
            duplicate.display_name
        );
        return Err(FabricError::new(ErrorCode::DuplicateDisplayNameAndType).message(text));
    }
    let imported = incoming.into_iter().map(|item| draft.import(item, may_pair, caller)).collect::<Result<_, _>>()?;
    Ok(match draft.failure {
        Some(failure) => begin(PendingResult::Failed(failure)).after(Vec::new()),
        None => begin(PendingResult::Imported(imported)).after(draft.facts),
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

/// A change of many items in progress: the facts decided so far, and the state after these facts.
pub(in crate::fabric) struct Draft {
    pub(in crate::fabric) state: State,
    pub(in crate::fabric) facts: Vec<Fact>,
    /// The error of an item whose own long-running operation would fail.
    pub(in crate::fabric) failure: Option<OperationError>,
    workspace: WorkspaceId,
    now: Timestamp,
    ends_at: Timestamp,
}

impl Draft {
    /// Begins a change of items that takes effect for clients at `ends_at`.
    pub(in crate::fabric) fn new(state: &State, workspace: WorkspaceId, ends_at: Timestamp, now: Timestamp) -> Self {
        Self { state: state.clone(), facts: Vec::new(), failure: None, workspace, now, ends_at }
    }

    fn import(&mut self, item: Incoming, may_pair: bool, caller: Principal) -> Result<Imported, FabricError> {
        let (kind, display_name) = (item.kind, item.metadata.display_name.clone());
        let logical_id = item.metadata.logical_id.clone();
        let may_pair = may_pair || logical_id.is_some();
        let existing = self.within()?.named(kind, &display_name).filter(|_| may_pair);
        let id = self.put(item, existing, caller)?;
        let logical_id = logical_id.unwrap_or_else(|| NO_LOGICAL_ID.to_owned());
        Ok(Imported { id, display_name, kind, logical_id, is_new: existing.is_none() })
    }

    /// Creates an item, or updates the existing one. An update does not move the item.
    pub(in crate::fabric) fn put(
        &mut self,
        item: Incoming,
        existing: Option<ItemId>,
        caller: Principal,
    ) -> Result<ItemId, FabricError> {
        let Incoming { folders, kind, metadata, definition } = item;
        let description = Some(metadata.description).filter(|_| definition.is_none());
        let checked = definition.map(|definition| definition::check(kind, definition, true));
        let Some(id) = existing else {
            let folder = self.folder(&folders)?;
            let id = self.state.next_item(0);
            let new = CreateItem {
                kind,
                display_name: metadata.display_name,
                description,
                folder,
                sensitivity_label: None,
                definition: checked,
                creation_payload: None,
            };
            let (facts, _) = create(&self.state, self.within()?, new, caller, self.now)?;
            self.take(facts);
            return Ok(id);
        };
        let within = self.within()?;
        let item = within.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
        let facts = match checked {
            Some(checked) => update_definition(&self.state, within, item, checked, self.now)?.0,
            None => {
                let display_name = Some(metadata.display_name).filter(|name| *name != item.display_name);
                let change = Update { display_name, description, kind_changes: Vec::new() };
                update(&self.state, within, item, change, self.now)?.0
            }
        };
        self.take(facts);
        Ok(id)
    }

    /// Moves an item into the folder with this path. Creates missing folders.
    pub(in crate::fabric) fn relocate(&mut self, id: ItemId, folders: &[String]) -> Result<(), FabricError> {
        let folder = self.folder(folders)?;
        let within = self.within()?;
        if within.items().get(&id).is_some_and(|item| item.folder != folder) {
            let (facts, _) = relocate(within, vec![id], folder, self.now)?;
            self.take(facts);
        }
        Ok(())
    }

    /// Deletes an item, unless it was deleted with its parent.
    pub(in crate::fabric) fn delete(&mut self, id: ItemId) -> Result<(), FabricError> {
        let within = self.within()?;
        if let Some(item) = within.items().get(&id) {
            let (facts, ()) = delete(&self.state, within, item, self.now)?;
            self.take(facts);
        }
        Ok(())
    }

    /// Returns the folder with this path; `None` for the root of the workspace. Creates missing folders.
    fn folder(&mut self, names: &[String]) -> Result<Option<FolderId>, FabricError> {
        let mut place = None;
        for name in names {
            let existing = self.within()?.folder_named(place, name);
            place = Some(match existing {
                Some(id) => id,
                None => {
                    let (facts, id) = folder::create(&self.state, self.within()?, name.clone(), place)?;
                    self.take(facts);
                    id
                }
            });
        }
        Ok(place)
    }

    pub(in crate::fabric) fn within(&self) -> Result<&Workspace, FabricError> {
        self.state.workspace(self.workspace)
    }

    /// Applies and collects the facts of one item. Drops the long-running operation of the item, because the import is
    /// a long-running operation itself. Items become visible when the import ends. If the operation of an item would
    /// fail, the import fails.
    fn take(&mut self, facts: Vec<Fact>) {
        for mut fact in facts {
            match &mut fact {
                Fact::OperationStarted(operation) => {
                    if let PendingResult::Failed(failure) = &operation.result {
                        self.failure.get_or_insert(failure.clone());
                    }
                    continue;
                }
                Fact::ItemCreated { visible_from, companions, .. } => {
                    for companion in companions {
                        let after = companion.visible_from.duration_since(*visible_from);
                        companion.visible_from = later(self.ends_at, after);
                    }
                    *visible_from = self.ends_at;
                }
                _ => {}
            }
            self.state.apply(&DatedFact { number: 0, at: self.now, fact: fact.clone() });
            self.facts.push(fact);
        }
    }
}

impl Workspace {
    /// Returns the path of a folder, with a leading slash. The path of the workspace's root is empty.
    pub(in crate::fabric) fn folder_path(&self, folder: Option<FolderId>) -> String {
        let Some(folder) = folder.and_then(|id| self.folders().get(&id)) else { return String::new() };
        format!("{}/{}", self.folder_path(folder.parent), folder.display_name)
    }

    fn folder_named(&self, place: Option<FolderId>, name: &str) -> Option<FolderId> {
        let folded = Folded::new(name);
        let found = self.folders().values().find(|it| it.parent == place && Folded::new(&it.display_name) == folded);
        found.map(|folder| folder.id)
    }

    /// Returns the item with this kind and name.
    pub(in crate::fabric) fn named(&self, kind: ItemKind, name: &str) -> Option<ItemId> {
        self.names.get(&(kind, Folded::new(name))).copied()
    }
}
