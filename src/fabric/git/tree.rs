//! The items of a workspace and of a branch as Git represents them: a folder with files for each item.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::digest::Digest;
use super::provider::ProviderDetails;
use super::repository::Branch;
use crate::fabric::item::bulk::{Metadata, Root};
use crate::fabric::item::definition::{self, PLATFORM};
use crate::fabric::item::{Item, ItemKind, Part};
use crate::fabric::workspace::Workspace;
use crate::fabric::{State, json};
use crate::ids::{ItemId, LogicalId};
use crate::seed::Seed;

/// The maximum length of a name that is also the name of a folder, in characters (documented).
const FOLDER_NAME_MAX: usize = 256;
/// The characters that the name of a folder cannot contain (documented). The folder of an item with such a name has the
/// logical id of the item as its name.
const NOT_IN_FOLDER_NAMES: &[char] = &['"', '/', '<', '>', '\\', ':', '|', '*', '?'];

/// An item with its files.
#[derive(Debug, Clone)]
pub(super) struct TreeItem {
    /// The folder: outer folders, name and kind.
    pub(super) root: Root,
    pub(super) display_name: String,
    /// The files, with their paths in the folder.
    pub(super) files: Vec<Part>,
    pub(super) fingerprint: Digest,
}

impl TreeItem {
    fn new(root: Root, metadata: Metadata, files: Vec<Part>) -> Self {
        let fingerprint = fingerprint(&root, &metadata, &files);
        Self { root, display_name: metadata.display_name, files, fingerprint }
    }

    pub(super) fn kind(&self) -> ItemKind {
        self.root.kind
    }

    /// Returns the path of the folder in the directory, with a slash at its end.
    pub(super) fn path(&self) -> String {
        path(&self.root)
    }
}

/// Returns the path of a folder, with a slash at its end.
fn path(root: &Root) -> String {
    let outer: String = root.folders.iter().map(|folder| format!("{folder}/")).collect();
    format!("{outer}{}.{}/", root.name, root.kind.spec().name)
}

/// Returns the logical id that a commit gives to an item that is not synced yet.
pub(super) fn new_logical_id(seed: Seed, item: ItemId) -> LogicalId {
    LogicalId::nth(seed.fork(item.to_ascii()), 0)
}

/// An item of a workspace with its files.
#[derive(Debug, Clone)]
pub(super) struct WorkspaceItem {
    pub(super) id: ItemId,
    /// The logical id, if the item was synced before.
    pub(super) logical_id: Option<LogicalId>,
    pub(super) item: TreeItem,
}

/// Returns the items of a workspace at `now`, in order of creation. Items of kinds without definitions are not part of
/// Git integration. An item that was synced counts even if it is not visible yet.
pub(super) fn of_workspace(state: &State, within: &Workspace, now: Timestamp) -> Vec<WorkspaceItem> {
    let items = within.items().values().filter(|item| item.kind.spec().definition.is_some());
    let items = items.filter(|item| item.visible_from <= now || item.logical_id.is_some());
    items.map(|item| of_item(state, within, item)).collect()
}

/// Returns an item of a workspace with its files.
pub(super) fn of_item(state: &State, within: &Workspace, item: &Item) -> WorkspaceItem {
    let logical_id = item.logical_id.unwrap_or_else(|| new_logical_id(state.seed(), item.id));
    let mut files = definition::read_back(item, None).parts;
    files.retain(|file| file.path != PLATFORM);
    files.push(definition::write_platform(item, Some(logical_id)));
    let folders = within.folder_path(item.folder);
    let folders = folders.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let name = folder_name(&item.display_name).map_or_else(|| logical_id.to_string(), str::to_owned);
    let root = Root { folders, name, kind: item.kind };
    let metadata = Metadata {
        display_name: item.display_name.clone(),
        description: item.description.clone(),
        logical_id: Some(logical_id.to_string()),
    };
    WorkspaceItem { id: item.id, logical_id: item.logical_id, item: TreeItem::new(root, metadata, files) }
}

/// Returns the name of an item if a folder can have it.
fn folder_name(name: &str) -> Option<&str> {
    let is_closed = !name.starts_with(' ') && !name.ends_with([' ', '.']);
    let fits = name.chars().count() <= FOLDER_NAME_MAX && !name.contains(NOT_IN_FOLDER_NAMES);
    Some(name).filter(|_| is_closed && fits)
}

/// Returns the items in the directory of a branch. Files outside the folders of items are ignored. An item without a
/// logical id, or with that of another item, gets one that is derived from its path.
pub(super) fn of_branch(seed: Seed, branch: &Branch, provider: &ProviderDetails) -> BTreeMap<LogicalId, TreeItem> {
    let prefix = provider.prefix();
    let mut folders: BTreeMap<Root, Vec<Part>> = BTreeMap::new();
    for file in &branch.files {
        let within = file.path.strip_prefix(&prefix).and_then(Root::of);
        if let Some((root, path)) = within.filter(|(root, _)| root.kind.spec().definition.is_some()) {
            folders.entry(root).or_default().push(Part { path, payload: file.payload.clone() });
        }
    }
    let mut items: BTreeMap<LogicalId, TreeItem> = BTreeMap::new();
    for (root, files) in folders {
        let metadata = Metadata::read(&root, files.iter().find(|file| file.path == PLATFORM));
        let given = metadata
            .logical_id
            .as_ref()
            .and_then(|id| id.parse::<LogicalId>().ok())
            .filter(|id| !items.contains_key(id));
        let id = given.unwrap_or_else(|| LogicalId::nth(seed.fork(path(&root)), 0));
        items.insert(id, TreeItem::new(root, metadata, files));
    }
    items
}

/// Returns the fingerprint of an item: of its kind, name, description, outer folders and files. It does not depend on the
/// logical id, the name of the folder, line endings or the formatting of JSON.
fn fingerprint(root: &Root, metadata: &Metadata, files: &[Part]) -> Digest {
    let mut sorted: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path != PLATFORM) {
        sorted.insert(&file.path, normalized(&file.payload));
    }
    let outer = root.folders.join("/");
    let head = [root.kind.spec().name, &metadata.display_name, &metadata.description, &outer].map(str::as_bytes);
    let files = sorted.iter().flat_map(|(path, content)| [path.as_bytes(), content.as_slice()]);
    Digest::of(head.into_iter().chain(files))
}

fn normalized(payload: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(payload) else { return payload.to_vec() };
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '['])
        && !json::has_too_many_values(text.as_bytes())
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(text)
    {
        return value.to_string().into_bytes();
    }
    text.replace("\r\n", "\n").trim_end().as_bytes().to_vec()
}

/// Returns the folder of an item that a commit writes: its folder in the branch if the outer folders and the kind are the
/// same, else a folder with the name of the item, or with its logical id if another item has that folder.
pub(super) fn committed_path(
    item: &TreeItem,
    before: Option<&TreeItem>,
    logical_id: LogicalId,
    taken: &BTreeSet<String>,
) -> String {
    let is_same_place = |before: &&TreeItem| before.root.folders == item.root.folders && before.kind() == item.kind();
    if let Some(before) = before.filter(is_same_place) {
        return before.path();
    }
    let path_of_name = item.path();
    if taken.contains(&path_of_name.to_lowercase()) {
        return path(&Root { name: logical_id.to_string(), ..item.root.clone() });
    }
    path_of_name
}
