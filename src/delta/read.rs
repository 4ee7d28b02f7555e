//! Landed files: what the metadata of their table says about them, and their rows with row markers.

use super::csv::{CsvRows, CsvRules};
use super::error::Problem;
use super::files::Content;
use super::parquet_read::ParquetRows;
use super::rows::Rows;
use super::schema::{Field, MARKER, Schema};

/// The rows that are read at a time.
pub(super) const BATCH_ROWS: usize = 8_192;

/// The format of a table's landed files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Parquet.
    Parquet,
    /// Delimited text.
    Csv(CsvRules),
}

/// The treatment of columns whose name has one of the characters `␣,;{}()\n\t=`, which Delta forbids without column
/// mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpecialNames {
    /// The name is written as it is. DuckDB, delta-rs and Polars read it. [guessed]
    #[default]
    Keep,
    /// The table fails.
    Reject,
}

/// The parts of `_metadata.json` that decide about rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMetadata {
    /// `keyColumns`: exact names.
    pub key_columns: Vec<String>,
    /// `isUpsertDefaultRowMarker`: rows without marker are upserts, not inserts.
    pub is_upsert_default: bool,
    /// The format of the files.
    pub format: Format,
    /// The treatment of special names.
    pub special_names: SpecialNames,
}

impl TableMetadata {
    /// Returns the metadata of a table with Parquet files.
    pub fn parquet(key_columns: &[&str]) -> Self {
        Self {
            key_columns: key_columns.iter().map(|name| (*name).to_owned()).collect(),
            is_upsert_default: false,
            format: Format::Parquet,
            special_names: SpecialNames::Keep,
        }
    }
}

/// A file in the landing zone that is to be applied.
#[derive(Debug, Clone)]
pub struct LandedFile {
    /// The bytes.
    pub content: Content,
}

/// A row marker. [documented]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// 0: adds a row, even if there is one with the key.
    Insert,
    /// 1: replaces the rows with the key, or adds one.
    Update,
    /// 2: deletes the rows with the key.
    Delete,
    /// 4: replaces the rows with the key, or adds one.
    Upsert,
}

impl Marker {
    /// Returns the marker of a number.
    fn from_number(marker: Option<i64>) -> Result<Self, Problem> {
        match marker {
            Some(0) => Ok(Self::Insert),
            Some(1) => Ok(Self::Update),
            Some(2) => Ok(Self::Delete),
            Some(4) => Ok(Self::Upsert),
            _ => Err(Problem::MarkerValue { marker }),
        }
    }
}

/// The source of rows.
#[derive(Debug)]
enum Source {
    Parquet(Box<ParquetRows>),
    Csv(Box<CsvRows>),
}

/// The rows of a landed file.
#[derive(Debug)]
pub(super) struct Landed {
    source: Source,
    /// The columns without the marker.
    schema: Schema,
    has_marker: bool,
    default: Marker,
}

impl Landed {
    /// Opens a file. With `keys_only`, other columns than keys and the marker may be left out.
    pub(super) fn open(file: &LandedFile, metadata: &TableMetadata, keys_only: bool) -> Result<Self, Problem> {
        let is_key = |name: &str| name == MARKER || metadata.key_columns.iter().any(|key| key == name);
        let source = match &metadata.format {
            Format::Parquet if file.content.size() == 0 => return Err(Problem::EmptyParquet),
            Format::Parquet if keys_only => Source::Parquet(Box::new(ParquetRows::open(&file.content, is_key)?)),
            Format::Parquet => Source::Parquet(Box::new(ParquetRows::open(&file.content, |_| true)?)),
            Format::Csv(rules) => Source::Csv(Box::new(CsvRows::open(&file.content, rules)?)),
        };
        let all = match &source {
            Source::Parquet(rows) => rows.schema(),
            Source::Csv(rows) => rows.schema(),
        };
        let (schema, has_marker) = without_marker(all)?;
        if schema.fields.is_empty() && !keys_only {
            return Err(Problem::NoColumns);
        }
        let default = if metadata.is_upsert_default { Marker::Upsert } else { Marker::Insert };
        Ok(Self { source, schema, has_marker, default })
    }

    /// Returns the columns without the marker.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns `true` if rows may be something else than inserts.
    pub(super) fn may_change(&self) -> bool {
        self.has_marker || self.default != Marker::Insert
    }

    /// Returns the number of rows if the file states it.
    pub(super) fn stated_rows(&self) -> Option<usize> {
        match &self.source {
            Source::Parquet(rows) => Some(rows.stated_rows()),
            Source::Csv(_) => None,
        }
    }

    /// Returns the next rows and their markers, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Rows, Vec<Marker>)>, Problem> {
        let rows = match &mut self.source {
            Source::Parquet(rows) => rows.next(BATCH_ROWS)?,
            Source::Csv(rows) => rows.next(BATCH_ROWS)?,
        };
        let Some(mut rows) = rows else { return Ok(None) };
        let column = if self.has_marker { rows.columns.pop() } else { None };
        let markers = match column {
            Some(column) => {
                let numbers = column.integers().ok_or(Problem::MarkerType)?;
                numbers.into_iter().map(Marker::from_number).collect::<Result<Vec<_>, _>>()?
            }
            None => vec![self.default; rows.count],
        };
        Ok(Some((rows, markers)))
    }
}

/// Splits the marker off, which must be the last column.
fn without_marker(all: &Schema) -> Result<(Schema, bool), Problem> {
    let Some(at) = all.position(MARKER) else { return Ok((all.clone(), false)) };
    if at + 1 != all.fields.len() {
        return Err(Problem::MarkerNotLast);
    }
    if !is_integer(&all.fields[at]) {
        return Err(Problem::MarkerType);
    }
    Ok((Schema { fields: all.fields[..at].to_vec() }, true))
}

fn is_integer(field: &Field) -> bool {
    use super::schema::DataType::{Byte, Integer, Long, Short};
    matches!(field.data_type, Byte | Short | Integer | Long)
}
