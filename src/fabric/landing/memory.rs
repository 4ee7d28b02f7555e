//! What the service remembers of a table.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::metadata::Metadata;
use super::plan::Stop;

/// A life of a table, from the first poll that finds its folder to the deletion of the folder or a new start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation {
    /// The number of starts that were no resumption, from 1.
    pub start: u32,
    /// The number of the fact that created the folder.
    pub folder: u64,
}

/// The memory of an incarnation.
#[derive(Debug, Clone)]
pub(super) struct Memory<'z> {
    pub incarnation: Incarnation,
    /// The first poll that found the folder with its `_metadata.json`.
    pub found: Timestamp,
    /// A `_metadata.json` was read.
    pub is_armed: bool,
    /// The last metadata that was read.
    pub metadata: Metadata,
    /// The next number of each partition that had a file.
    pub next: BTreeMap<&'z str, u64>,
    /// The path and the creation of the last file that was read in each partition. It stays in its place.
    pub last: BTreeMap<&'z str, (&'z str, u64)>,
    /// The paths that were read.
    pub read: BTreeSet<&'z str>,
    /// The version that the next batch writes.
    pub version: u64,
    /// The error that stops the table.
    pub stop: Option<Stop<'z>>,
}

impl Memory<'_> {
    /// Creates the memory of a table that was found at a poll.
    pub(super) fn new(incarnation: Incarnation, found: Timestamp) -> Self {
        Self {
            incarnation,
            found,
            is_armed: false,
            metadata: Metadata::default(),
            next: BTreeMap::new(),
            last: BTreeMap::new(),
            read: BTreeSet::new(),
            version: 0,
            stop: None,
        }
    }

    /// Returns the next number of a partition.
    pub(super) fn next(&self, partition: &str) -> u64 {
        self.next.get(partition).copied().unwrap_or(1)
    }
}
