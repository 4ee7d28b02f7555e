//! The tree of paths of an item: a projection of the facts about its paths.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Content, ItemPath};

/// The files and folders of an item, without its first-level folders: these exist as long as the item does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// The number of changes so far, from which entity tags are made.
    changes: u64,
    paths: BTreeMap<ItemPath, Arc<Node>>,
}

/// The kind of a path that is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PathKind {
    /// A folder.
    Directory,
    /// A file.
    File,
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// The number of the change from which the path exists. A path that is deleted and created again, or renamed, has
    /// another number; an overwritten file keeps it.
    pub birth: u64,
    /// The number of the last change, which is its entity tag ([`etag`]).
    pub change: u64,
    /// The instant from which the path exists.
    pub created: Timestamp,
    /// The instant of the last change.
    pub modified: Timestamp,
    /// What it is.
    pub kind: NodeKind,
}

/// What a path is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeKind {
    /// A folder.
    Directory,
    /// A file.
    File(FileNode),
}

/// What only a file has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileNode {
    /// The content; `None` for a file that was created and never flushed.
    pub content: Option<Content>,
    /// The content type, if the client set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

impl FileNode {
    /// Returns the length in bytes. A file that was never flushed has the length 0.
    pub fn length(&self) -> u64 {
        self.content.map_or(0, |content| content.length)
    }
}

/// A path with its node.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The path.
    pub path: &'a ItemPath,
    /// The node.
    pub node: &'a Node,
}

/// Returns the entity tag of a change, without quotes. It has the form of those of Azure Storage.
pub fn etag(change: u64) -> String {
    /// The beginning of the entity tags of these years.
    const BEGIN: u64 = 0x8DE << 48;
    format!("0x{:X}", BEGIN | (change & 0xFFFF_FFFF_FFFF))
}

impl Node {
    /// Returns the file; `None` for a folder.
    pub fn file(&self) -> Option<&FileNode> {
        match &self.kind {
            NodeKind::File(file) => Some(file),
            NodeKind::Directory => None,
        }
    }

    /// Returns `true` for a folder.
    pub fn is_directory(&self) -> bool {
        self.kind == NodeKind::Directory
    }

    /// Returns its entity tag, without quotes.
    pub fn etag(&self) -> String {
        etag(self.change)
    }
}

impl Tree {
    /// Returns the node of a path.
    pub fn get(&self, path: &ItemPath) -> Option<&Node> {
        self.paths.get(path).map(Arc::as_ref)
    }

    /// Returns all paths below a folder, in order of the bytes of the paths, beginning after `after`.
    pub fn below<'a>(&'a self, folder: &'a ItemPath, after: Option<&ItemPath>) -> impl Iterator<Item = Entry<'a>> {
        let from = after.filter(|after| *after > folder).unwrap_or(folder).clone();
        self.paths
            .range((Bound::Excluded(from), Bound::Unbounded))
            .take_while(move |(path, _)| folder.is_root() || path.as_str().starts_with(folder.as_str()))
            .filter(move |(path, _)| path.is_below(folder))
            .map(|(path, node)| Entry { path, node })
    }

    /// Returns the paths directly in a folder, in order of the bytes of the paths, beginning after `after`.
    pub fn children<'a>(&'a self, folder: &'a ItemPath, after: Option<&ItemPath>) -> impl Iterator<Item = Entry<'a>> {
        let depth = folder.as_str().split('/').filter(|segment| !segment.is_empty()).count() + 1;
        self.below(folder, after).filter(move |entry| entry.path.as_str().split('/').count() == depth)
    }

    /// Returns `true` if a folder contains nothing.
    pub fn is_empty_directory(&self, folder: &ItemPath) -> bool {
        self.below(folder, None).next().is_none()
    }

    /// Returns the hashes of all contents that files have.
    pub fn contents(&self) -> impl Iterator<Item = Content> {
        self.paths.values().filter_map(|node| node.file()?.content)
    }

    /// Creates a path with the folders above it. Replaces a file, which keeps its birth.
    pub(in crate::fabric) fn create(
        &mut self,
        path: &ItemPath,
        kind: PathKind,
        content_type: Option<String>,
        at: Timestamp,
    ) {
        for folder in path.ancestors().filter(|folder| !folder.is_managed_folder()) {
            if !self.paths.contains_key(&folder) {
                self.put(folder, NodeKind::Directory, at);
            }
        }
        let kind = match kind {
            PathKind::Directory => NodeKind::Directory,
            PathKind::File => NodeKind::File(FileNode { content: None, content_type }),
        };
        self.put(path.clone(), kind, at);
    }

    fn put(&mut self, path: ItemPath, kind: NodeKind, at: Timestamp) {
        self.changes += 1;
        let birth = self.get(&path).map_or(self.changes, |before| before.birth);
        let node = Node { birth, change: self.changes, created: at, modified: at, kind };
        self.paths.insert(path, Arc::new(node));
    }

    /// Sets the content of a file.
    pub(in crate::fabric) fn flush(
        &mut self,
        path: &ItemPath,
        content: Content,
        content_type: Option<String>,
        at: Timestamp,
    ) {
        self.changes += 1;
        let change = self.changes;
        let Some(node) = self.paths.get_mut(path).map(Arc::make_mut) else { return };
        if let NodeKind::File(file) = &mut node.kind {
            file.content = Some(content);
            file.content_type = content_type.or_else(|| file.content_type.take());
            (node.change, node.modified) = (change, at);
        }
    }

    /// Renames a path with everything below it. Replaces the target.
    pub(in crate::fabric) fn rename(&mut self, from: &ItemPath, to: &ItemPath, at: Timestamp) {
        self.remove(to);
        self.changes += 1;
        let moved: Vec<ItemPath> = self.with_below(from);
        for path in moved {
            let (Some(target), Some(mut node)) = (path.moved(from, to), self.paths.remove(&path)) else { continue };
            let changed = Arc::make_mut(&mut node);
            changed.birth = self.changes;
            if path == *from {
                (changed.change, changed.modified) = (self.changes, at);
            }
            self.paths.insert(target, node);
        }
    }

    /// Deletes a path with everything below it.
    pub(in crate::fabric) fn remove(&mut self, path: &ItemPath) {
        for removed in self.with_below(path) {
            self.paths.remove(&removed);
        }
    }

    fn with_below(&self, path: &ItemPath) -> Vec<ItemPath> {
        let own = self.paths.contains_key(path).then(|| path.clone());
        own.into_iter().chain(self.below(path, None).map(|entry| entry.path.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ItemPath {
        ItemPath::parse(text).unwrap()
    }

    fn tree(files: &[&str]) -> Tree {
        let mut tree = Tree::default();
        files.iter().for_each(|file| tree.create(&path(file), PathKind::File, None, Timestamp::UNIX_EPOCH));
        tree
    }

    fn names<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<&'a str> {
        entries.map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn lists_contain_folders_and_begin_after_a_path() {
        let tree = tree(&["Files/a/x", "Files/a-b", "Files/a/y", "Files/b"]);
        let (files, a) = (path("Files"), path("Files/a"));
        assert_eq!(names(tree.below(&files, None)), ["Files/a", "Files/a-b", "Files/a/x", "Files/a/y", "Files/b"]);
        assert_eq!(names(tree.children(&files, None)), ["Files/a", "Files/a-b", "Files/b"]);
        assert_eq!(names(tree.below(&a, None)), ["Files/a/x", "Files/a/y"]);
        assert_eq!(names(tree.below(&a, Some(&path("Files/a/x")))), ["Files/a/y"]);
        assert_eq!(names(tree.children(&ItemPath::default(), None)), Vec::<&str>::new());
    }

    #[test]
    fn rename_moves_everything_and_changes_births() {
        let mut tree = tree(&["Files/a/x"]);
        let birth = tree.get(&path("Files/a/x")).unwrap().birth;
        tree.rename(&path("Files/a"), &path("Files/b"), Timestamp::UNIX_EPOCH);
        assert_eq!(names(tree.below(&path("Files"), None)), ["Files/b", "Files/b/x"]);
        assert_ne!(tree.get(&path("Files/b/x")).unwrap().birth, birth);
    }

    #[test]
    fn overwriting_keeps_the_birth_and_deleting_does_not() {
        let mut tree = tree(&["Files/a"]);
        let file = path("Files/a");
        let node = |tree: &Tree| tree.get(&file).map(|node| (node.birth, node.change)).unwrap();
        let first = node(&tree);
        tree.create(&file, PathKind::File, None, Timestamp::UNIX_EPOCH);
        let second = node(&tree);
        assert!(first.0 == second.0 && first.1 != second.1);
        tree.remove(&file);
        tree.create(&file, PathKind::File, None, Timestamp::UNIX_EPOCH);
        assert_ne!(node(&tree).0, first.0);
    }

    #[test]
    fn entity_tags_have_fifteen_digits() {
        assert_eq!((etag(0).as_str(), etag(255).as_str()), ("0x8DE000000000000", "0x8DE0000000000FF"));
    }
}
