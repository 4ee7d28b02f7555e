//! What the folder of a table shows to a poll.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;

use super::folder::{Change, Event};
use super::path::{METADATA, numbered};
use super::zone::{Content, Entry};

/// A file that is in the folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'z> {
    pub entry: &'z Entry,
    pub content: &'z Content,
}

impl Held<'_> {
    /// Returns the number of the fact that created the file.
    pub(super) fn created(&self) -> u64 {
        self.entry.created.number
    }
}

/// The folder of a table after some of its facts.
#[derive(Debug, Clone, Default)]
pub(super) struct Visible<'z> {
    /// The number of the fact that created the folder, while it exists.
    pub folder: Option<u64>,
    /// The files by their path below the folder, without `_metadata.json` and what the service ignores.
    pub files: BTreeMap<&'z str, Held<'z>>,
    /// The files that were not read, in the order of their last modification. Equal instants are ordered by path.
    pub unread: BTreeSet<(Timestamp, &'z str)>,
    /// The `_metadata.json`.
    pub metadata: Option<Held<'z>>,
}

impl<'z> Visible<'z> {
    /// Applies an event. `was_read` tells whether the path of a file was read before.
    pub(super) fn apply(&mut self, event: &Event<'z>, was_read: impl Fn(&str) -> bool) {
        match event.change {
            Change::FolderCreated => self.folder = Some(event.when.number),
            Change::FolderDeleted => *self = Self::default(),
            Change::FileDeleted(METADATA, entry) => {
                self.metadata = self.metadata.filter(|held| held.entry.created != entry.created);
            }
            Change::FileDeleted(rest, entry) => {
                if self.files.get(rest).is_some_and(|held| held.entry.created == entry.created) {
                    self.remove(rest);
                }
            }
            Change::Content(METADATA, entry, content) => self.metadata = Some(Held { entry, content }),
            Change::Content(rest, entry, content) => {
                self.remove(rest);
                self.files.insert(rest, Held { entry, content });
                if !was_read(rest) {
                    self.unread.insert((content.last_modified, rest));
                }
            }
        }
    }

    /// Removes a file.
    pub(super) fn remove(&mut self, path: &str) {
        self.mark_read(path);
        self.files.remove(path);
    }

    /// Removes a file from those that were not read.
    pub(super) fn mark_read(&mut self, path: &str) {
        if let Some((path, held)) = self.files.get_key_value(path) {
            self.unread.remove(&(held.content.last_modified, *path));
        }
    }

    /// Forgets which files were read.
    pub(super) fn forget(&mut self) {
        self.unread = self.files.iter().map(|(path, held)| (held.content.last_modified, *path)).collect();
    }

    /// Returns the file of a partition with a number and an extension.
    pub(super) fn numbered(&self, partition: &str, number: u64, extension: &str) -> Option<(&'z str, Held<'z>)> {
        let slash = if partition.is_empty() { "" } else { "/" };
        let start = format!("{partition}{slash}{}", numbered(number));
        self.files
            .range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(&start))
            .find(|(path, _)| path[start.len()..].eq_ignore_ascii_case(extension))
            .map(|(path, held)| (*path, *held))
    }
}
