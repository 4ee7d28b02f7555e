//! Applying landed files to a table: one version with whole files.
//!
//! Rows apply from top to bottom. For each key, only its last update, delete or upsert in the commit matters: the rows
//! of the table with this key go, and so do the rows of the commit before it. What remains of the commit is in the
//! order of the files. So the first pass over the files keeps 16 bytes for each row that changes others, and the
//! second pass writes the rows that remain. A data file without a changed key is not touched; others are copied
//! without the rows that go.

use std::io;

use jiff::Timestamp;

use super::error::{Problem, TableError};
use super::files::Files;
use super::keys::{self, Changes};
use super::log::{self, Version};
use super::parquet_read::ParquetRows;
use super::parquet_write::Output;
use super::read::{BATCH_ROWS, Landed, LandedFile, Marker, SpecialNames, TableMetadata};
use super::rows::Rows;
use super::schema::Schema;
use super::table::{LiveFile, Naming, Table};

/// The number of rows of each marker in a landed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that were inserts.
    pub inserts: u64,
    /// Rows that were updates.
    pub updates: u64,
    /// Rows that were deletes, including those that deleted nothing.
    pub deletes: u64,
    /// Rows that were upserts.
    pub upserts: u64,
}

impl Counts {
    /// Returns the number of rows that were read.
    pub fn rows(self) -> u64 {
        self.inserts + self.updates + self.deletes + self.upserts
    }

    fn add(&mut self, markers: &[Marker]) {
        for marker in markers {
            *match marker {
                Marker::Insert => &mut self.inserts,
                Marker::Update => &mut self.updates,
                Marker::Delete => &mut self.deletes,
                Marker::Upsert => &mut self.upserts,
            } += 1;
        }
    }
}

/// A new version of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The number of the version.
    pub version: u64,
    /// The path of its file in the log, relative to the table's folder.
    pub log_path: String,
    /// The bytes of its file in the log.
    pub log: Vec<u8>,
    /// The data files that it adds. They have been written.
    pub added: Vec<LiveFile>,
    /// The data files that it removes. Older versions still need them.
    pub removed: Vec<LiveFile>,
}

/// The result of applying files to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The table after the commit.
    pub table: Table,
    /// The commit, or `None` if the files change nothing: neither rows, nor columns, nor the existence of the table.
    pub commit: Option<Commit>,
    /// The rows of each file.
    pub counts: Vec<Counts>,
}

/// Applies landed files to a table, in order, as one version. Data files are written through `io`; the caller stores
/// the bytes of the log. `at` is the instant of the commit.
///
/// # Errors
/// The first file that does not fit, and the reason. Then the table does not change, and files that were written can
/// be deleted.
pub fn apply(
    table: &Table,
    files: &[LandedFile],
    metadata: &TableMetadata,
    naming: &Naming,
    at: Timestamp,
    io: &dyn Files,
) -> Result<Applied, TableError> {
    let schema = merged_schema(table, files, metadata)?;
    let changes = changes(files, metadata)?;
    let failed = |problem| TableError { file: 0, problem };
    let mut output = Output::new(io, *naming, table.next_version(), at, &schema);
    let (kept, removed) = copy_survivors(table, metadata, &changes, &mut output, io).map_err(failed)?;
    let counts = append(files, metadata, &changes, &schema, &mut output)?;
    let added = output.finish().map_err(failed)?;
    Ok(conclude(table, schema, (kept, removed, added), *naming, at, counts))
}

/// Returns the schema of the table after all files.
fn merged_schema(table: &Table, files: &[LandedFile], metadata: &TableMetadata) -> Result<Schema, TableError> {
    let mut schema = table.schema.clone();
    for (file, landed) in files.iter().enumerate() {
        let merged = Landed::open(landed, metadata, false).and_then(|landed| schema.merged(landed.schema()));
        let checked = merged.and_then(|merged| check_names(&merged, metadata).map(|()| merged));
        schema = checked.map_err(|problem| TableError { file, problem })?;
    }
    Ok(schema)
}

fn check_names(schema: &Schema, metadata: &TableMetadata) -> Result<(), Problem> {
    const SPECIAL: [char; 10] = [' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];
    let special = schema.fields.iter().find(|field| field.name.contains(SPECIAL));
    match (special, metadata.special_names) {
        (Some(field), SpecialNames::Reject) => Err(Problem::SpecialCharacters { column: field.name.clone() }),
        _ => Ok(()),
    }
}

/// Reads the keys and markers of all files. Rows are numbered over all files.
fn changes(files: &[LandedFile], metadata: &TableMetadata) -> Result<Changes, TableError> {
    let mut changes = Changes::default();
    let mut row = 0;
    for (file, landed) in files.iter().enumerate() {
        let read = read_changes(landed, metadata, &mut changes, &mut row);
        read.map_err(|problem| TableError { file, problem })?;
    }
    changes.seal();
    Ok(changes)
}

fn read_changes(
    file: &LandedFile,
    metadata: &TableMetadata,
    changes: &mut Changes,
    row: &mut u32,
) -> Result<(), Problem> {
    let mut landed = Landed::open(file, metadata, true)?;
    if !landed.may_change() {
        // Files without changes need no first pass, but their rows have numbers too.
        *row = u32::try_from(landed.stated_rows().unwrap_or(0))
            .ok()
            .and_then(|rows| row.checked_add(rows))
            .ok_or_else(too_many)?;
        return Ok(());
    }
    // A file states its number of rows, but each change takes a byte at least.
    let stated = landed.stated_rows().unwrap_or(0) as u64;
    changes.reserve(usize::try_from(stated.min(file.content.size())).unwrap_or(0));
    let key_schema = key_schema(landed.schema(), metadata);
    while let Some((rows, markers)) = landed.next()? {
        check_keys(&markers, &key_schema, metadata)?;
        let hashes = key_hashes(rows, landed.schema(), &key_schema);
        for (marker, hash) in markers.iter().zip(hashes) {
            if *marker != Marker::Insert {
                changes.push(hash, *row);
            }
            *row = row.checked_add(1).ok_or_else(too_many)?;
        }
    }
    Ok(())
}

fn too_many() -> Problem {
    Problem::parquet("the files have too many rows for one version")
}

/// Returns the key columns that a schema has, in the order of the metadata.
fn key_schema(schema: &Schema, metadata: &TableMetadata) -> Schema {
    let positions = metadata.key_columns.iter().filter_map(|name| schema.position(name));
    Schema { fields: positions.map(|at| schema.fields[at].clone()).collect() }
}

/// Rejects changes of rows if a key column is missing.
fn check_keys(markers: &[Marker], keys: &Schema, metadata: &TableMetadata) -> Result<(), Problem> {
    if markers.iter().all(|marker| *marker == Marker::Insert) {
        return Ok(());
    }
    if metadata.key_columns.is_empty() {
        return Err(Problem::NoKeyColumns);
    }
    match metadata.key_columns.iter().find(|name| keys.position(name).is_none()) {
        Some(column) => Err(Problem::KeyColumnMissing { column: column.clone() }),
        None => Ok(()),
    }
}

fn key_hashes(rows: Rows, own: &Schema, keys: &Schema) -> Vec<keys::KeyHash> {
    let all: Vec<usize> = (0..keys.fields.len()).collect();
    keys::hashes(&rows.conform(own, keys), &all)
}

/// Copies the data files that have changed rows, without these rows. Returns the files that stay, and those that go.
fn copy_survivors(
    table: &Table,
    metadata: &TableMetadata,
    changes: &Changes,
    output: &mut Output<'_>,
    io: &dyn Files,
) -> Result<(Vec<LiveFile>, Vec<LiveFile>), Problem> {
    if changes.is_empty() {
        return Ok((table.files.clone(), Vec::new()));
    }
    let keys = key_schema(output.schema(), metadata);
    let (mut kept, mut removed) = (Vec::new(), Vec::new());
    for file in &table.files {
        if has_changed_row(file, &keys, changes, io)? {
            copy_survivors_of(file, &keys, changes, output, io)?;
            removed.push(file.clone());
        } else {
            kept.push(file.clone());
        }
    }
    Ok((kept, removed))
}

/// Opens a data file. A failure is not the producer's.
fn open(file: &LiveFile, io: &dyn Files, is_wanted: impl Fn(&str) -> bool) -> Result<ParquetRows, Problem> {
    let content =
        io.open(&file.path).map_err(|error: io::Error| Problem::storage(format_args!("{}: {error}", file.path)))?;
    ParquetRows::open(&content, is_wanted).map_err(Problem::storage)
}

fn has_changed_row(file: &LiveFile, keys: &Schema, changes: &Changes, io: &dyn Files) -> Result<bool, Problem> {
    let mut reader = open(file, io, |name| keys.position(name).is_some())?;
    while let Some(rows) = reader.next(BATCH_ROWS).map_err(Problem::storage)? {
        let hashes = key_hashes(rows, reader.schema(), keys);
        if hashes.iter().any(|hash| changes.last(*hash).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn copy_survivors_of(
    file: &LiveFile,
    keys: &Schema,
    changes: &Changes,
    output: &mut Output<'_>,
    io: &dyn Files,
) -> Result<(), Problem> {
    let mut reader = open(file, io, |_| true)?;
    let all: Vec<usize> = keys.fields.iter().filter_map(|field| output.schema().position(&field.name)).collect();
    while let Some(rows) = reader.next(BATCH_ROWS).map_err(Problem::storage)? {
        let mut rows = rows.conform(reader.schema(), output.schema());
        let kept: Vec<bool> = keys::hashes(&rows, &all).iter().map(|hash| changes.last(*hash).is_none()).collect();
        rows.retain(&kept);
        output.push(rows)?;
    }
    Ok(())
}

/// Adds the rows of the files that no later row changes.
fn append(
    files: &[LandedFile],
    metadata: &TableMetadata,
    changes: &Changes,
    schema: &Schema,
    output: &mut Output<'_>,
) -> Result<Vec<Counts>, TableError> {
    let mut row = 0;
    let appended = files.iter().enumerate().map(|(file, landed)| {
        let counts = append_file(landed, metadata, changes, schema, output, &mut row);
        counts.map_err(|problem| TableError { file, problem })
    });
    appended.collect()
}

fn append_file(
    file: &LandedFile,
    metadata: &TableMetadata,
    changes: &Changes,
    schema: &Schema,
    output: &mut Output<'_>,
    row: &mut u32,
) -> Result<Counts, Problem> {
    let mut landed = Landed::open(file, metadata, false)?;
    let keys: Vec<usize> = metadata.key_columns.iter().filter_map(|name| schema.position(name)).collect();
    let mut counts = Counts::default();
    while let Some((rows, markers)) = landed.next()? {
        let mut rows = rows.conform(landed.schema(), schema);
        counts.add(&markers);
        let first = *row;
        *row = u32::try_from(rows.count).ok().and_then(|rows| first.checked_add(rows)).ok_or_else(too_many)?;
        if !changes.is_empty() {
            let hashes = keys::hashes(&rows, &keys);
            let kept = (first..).zip(&markers).zip(hashes);
            let kept: Vec<bool> = kept.map(|((row, marker), hash)| stays(row, *marker, changes.last(hash))).collect();
            rows.retain(&kept);
        }
        output.push(rows)?;
    }
    Ok(counts)
}

/// Returns `true` if a row of the commit remains. `last` is the row of the last change of its key.
fn stays(row: u32, marker: Marker, last: Option<u32>) -> bool {
    last.is_none_or(|last| row > last || row == last && marker != Marker::Delete)
}

/// Builds the result. `files` are the data files that stay, those that go, and those that are new.
fn conclude(
    table: &Table,
    schema: Schema,
    (kept, removed, added): (Vec<LiveFile>, Vec<LiveFile>, Vec<LiveFile>),
    naming: Naming,
    at: Timestamp,
    counts: Vec<Counts>,
) -> Applied {
    let has_new_schema = table.version.is_none() || schema != table.schema;
    if !has_new_schema && removed.is_empty() && added.is_empty() {
        return Applied { table: table.clone(), commit: None, counts };
    }
    let number = table.next_version();
    let created_at = table.created_at.unwrap_or(at);
    let is_insert = removed.is_empty() && counts.iter().all(|counts| counts.rows() == counts.inserts);
    let operation = if is_insert { "WRITE" } else { "MERGE" };
    let schema_string = has_new_schema.then(|| schema.to_json());
    let version =
        Version { number, at, created_at, operation, schema: schema_string, added: &added, removed: &removed };
    let log = version.to_bytes(naming);
    let files = kept.into_iter().chain(added.iter().cloned()).collect();
    let table = Table { version: Some(number), created_at: Some(created_at), schema, files };
    let commit = Commit { version: number, log_path: log::path(number), log, added, removed };
    Applied { table, commit: Some(commit), counts }
}
