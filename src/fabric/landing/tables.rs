//! What a plan needs to know of the content of files: the results of reading them.

use super::error::TableError;
use super::memory::Incarnation;
use super::metadata::Metadata;
use super::path::TableFolder;
use super::zone::Content;

/// A file of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchFile<'z> {
    /// The path below the table's folder.
    pub path: &'z str,
    /// The number in the file's name, if the table detects files by number.
    pub number: Option<u64>,
    /// The number of the fact that created the file.
    pub created: u64,
    /// The content when the file was polled. A file that was never flushed counts as one of 0 bytes.
    pub content: &'z Content,
}

/// Files that a cycle applies to a table in one version.
#[derive(Debug)]
pub struct Batch<'a, 'z> {
    /// The folder of the table.
    pub folder: &'a TableFolder<'z>,
    /// The schema of the table.
    pub schema: &'a str,
    /// The life of the table. Another incarnation begins with an empty table.
    pub incarnation: Incarnation,
    /// The version to write, from 0. The batches of an incarnation come in order of their versions; one whose first file
    /// fails writes none.
    pub version: u64,
    /// The instant of the commit.
    pub commit: jiff::Timestamp,
    /// The table's metadata when the files were polled.
    pub metadata: &'a Metadata,
    /// The files, in the order in which they apply.
    pub files: &'a [BatchFile<'z>],
}

/// The effect of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// The number of rows that were read, each an operation.
    pub operations: u64,
    /// The bytes that were processed.
    pub bytes: u64,
}

/// The result of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BatchResult {
    /// The effects of the files up to the first that failed. They are committed even if a file failed.
    pub applied: Vec<Applied>,
    /// The error of the file after them.
    pub error: Option<TableError>,
}

/// The content of files, and the tables that are made of it.
///
/// A plan calls the methods for one table after the other, and for each table in the order of time, always from the
/// beginning. An implementation keeps results by the hash of the content, the incarnation and the version.
pub trait Tables {
    /// Reads a `_metadata.json`. The error text is the detail in [`TableError::metadata`].
    fn metadata(&mut self, content: &Content) -> Result<Metadata, String>;

    /// Applies a batch to a table.
    fn apply(&mut self, batch: &Batch<'_, '_>) -> BatchResult;
}
