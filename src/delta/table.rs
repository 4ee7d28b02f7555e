//! The state of a table after a version, and the names of its files.

use jiff::Timestamp;
use uuid::Uuid;

use super::schema::Schema;
use crate::ids::{self, ItemId};
use crate::seed::Seed;

/// A data file of a table's current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFile {
    /// The path, relative to the table's folder.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// The number of rows.
    pub rows: u64,
    /// The instant of the commit that added the file.
    pub added_at: Timestamp,
}

/// A table after a version. The default is a table without versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The number of the version, or `None` before the first one.
    pub version: Option<u64>,
    /// The instant of the first version.
    pub created_at: Option<Timestamp>,
    /// The columns.
    pub schema: Schema,
    /// The data files, in order of their addition.
    pub files: Vec<LiveFile>,
}

impl Table {
    /// Returns the number of rows.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Returns the number of the next version.
    pub fn next_version(&self) -> u64 {
        self.version.map_or(0, |version| version + 1)
    }
}

/// The source of the names and ids of a table. They depend on the seed, the item, the table, the epoch (the number of
/// times that the table was built), the version and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming(Seed);

impl Naming {
    /// Creates the source for a table, whose name is `schema/table`.
    pub fn new(seed: Seed, item: ItemId, table: &str, epoch: u64) -> Self {
        Self(seed.fork("delta").fork(item.to_ascii()).fork(table).fork(epoch.to_le_bytes()))
    }

    /// Returns the id of the table in its metadata.
    pub fn table_id(self) -> Uuid {
        ids::derived(self.0.fork("table"))
    }

    /// Returns the path of a data file that a version adds.
    pub fn data_file(self, version: u64, number: usize) -> String {
        let key = self.0.fork("file").fork(version.to_le_bytes()).fork((number as u64).to_le_bytes());
        format!("part-{number:05}-{}-c000.zstd.parquet", ids::derived(key))
    }
}
