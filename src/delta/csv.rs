//! Delimited text files: their rules in `_metadata.json`, and their rows.

use super::convert;
use super::error::Problem;
use super::files::Content;
use super::rows::{Column, Rows};
use super::schema::{DataType, Field, MARKER, Schema};
use super::text::Records;
pub use super::text::{Delimiters, Encoding, RowSeparator};

/// A type of `SchemaDefinition`. [documented]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvType {
    /// `Double`.
    Double,
    /// `Single`.
    Single,
    /// `Int16`.
    Int16,
    /// `Int32`.
    Int32,
    /// `Int64`.
    Int64,
    /// `DateTime`.
    DateTime,
    /// `IDate`.
    Date,
    /// `ITime`: the text stays as it is. [guessed]
    Time,
    /// `String`.
    String,
    /// `Boolean`.
    Boolean,
    /// `ByteArray`: hexadecimal after `0x`, else base64. [guessed]
    ByteArray,
}

impl CsvType {
    /// Returns the type with a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "double" => Self::Double,
            "single" => Self::Single,
            "int16" => Self::Int16,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "datetime" => Self::DateTime,
            "idate" => Self::Date,
            "itime" => Self::Time,
            "string" => Self::String,
            "boolean" => Self::Boolean,
            "bytearray" => Self::ByteArray,
            _ => return None,
        })
    }

    /// Returns the type of the column in the table.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Double => DataType::Double,
            Self::Single => DataType::Float,
            Self::Int16 => DataType::Short,
            Self::Int32 => DataType::Integer,
            Self::Int64 => DataType::Long,
            Self::DateTime => DataType::Timestamp,
            Self::Date => DataType::Date,
            Self::Time | Self::String => DataType::String,
            Self::Boolean => DataType::Boolean,
            Self::ByteArray => DataType::Binary,
        }
    }
}

/// A column of `SchemaDefinition`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvColumn {
    /// The name.
    pub name: String,
    /// The type.
    pub csv_type: CsvType,
    /// If `false`, no row may have NULL.
    pub is_nullable: bool,
}

/// The rules of a table's delimited files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRules {
    /// The columns of the table. The column of row markers need not be among them.
    pub columns: Vec<CsvColumn>,
    /// `FirstRowAsHeader`. Without a header, the cells are those of `columns` and the marker.
    pub has_header: bool,
    /// The characters that delimit cells.
    pub delimiters: Delimiters,
    /// The text that stands for NULL unless it is quoted.
    pub null_value: Option<String>,
    /// The encoding.
    pub encoding: Encoding,
}

impl CsvRules {
    /// Returns the default rules for the columns of a table.
    pub fn new(columns: Vec<CsvColumn>) -> Self {
        Self {
            columns,
            has_header: true,
            delimiters: Delimiters::default(),
            null_value: None,
            encoding: Encoding::default(),
        }
    }
}

/// The rows of a delimited file.
#[derive(Debug)]
pub(super) struct CsvRows {
    records: Records,
    null_value: Option<String>,
    /// The number of cells in a record.
    width: usize,
    /// The columns that are read: the position of the cell, if the file has one, and the type.
    plan: Vec<(Option<usize>, CsvType)>,
    schema: Schema,
}

impl CsvRows {
    /// Reads the header. Columns of the file that `rules` do not name are ignored, and those that the file does not
    /// have are NULL. [guessed]
    pub(super) fn open(content: &Content, rules: &CsvRules) -> Result<Self, Problem> {
        let mut records = Records::new(content.reader(0), rules.encoding, rules.delimiters);
        let header = header(&mut records, rules)?;
        if header.last().is_none_or(|last| last != MARKER) {
            let is_elsewhere = header.iter().any(|name| name == MARKER);
            return Err(if is_elsewhere { Problem::MarkerNotLast } else { Problem::MarkerMissing });
        }
        let mut plan = Vec::new();
        let mut schema = Schema::default();
        for column in rules.columns.iter().filter(|column| column.name != MARKER) {
            plan.push((header.iter().position(|name| *name == column.name), column.csv_type));
            let data_type = column.csv_type.data_type();
            schema.fields.push(Field { name: column.name.clone(), data_type, is_nullable: column.is_nullable });
        }
        plan.push((Some(header.len() - 1), CsvType::Int64));
        schema.fields.push(Field { name: MARKER.to_owned(), data_type: DataType::Long, is_nullable: false });
        Ok(Self { records, null_value: rules.null_value.clone(), width: header.len(), plan, schema })
    }

    /// Returns the columns, of which the last is the row marker.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the next rows, at most `rows_max`, or `None` at the end.
    pub(super) fn next(&mut self, rows_max: usize) -> Result<Option<Rows>, Problem> {
        let mut rows = Rows::empty(&self.schema);
        while rows.count < rows_max && self.records.next()? {
            if self.records.len() != self.width {
                let (cells, width) = (self.records.len(), self.width);
                return Err(Problem::text(format_args!("A row has {cells} values, but the header has {width}")));
            }
            for ((cell, csv_type), column) in self.plan.iter().zip(&mut rows.columns) {
                push(&self.records, *cell, *csv_type, self.null_value.as_deref(), column)?;
            }
            rows.count += 1;
        }
        Ok((rows.count > 0).then_some(rows))
    }
}

/// Returns the names of a file's columns.
fn header(records: &mut Records, rules: &CsvRules) -> Result<Vec<String>, Problem> {
    if rules.has_header {
        if !records.next()? {
            return Err(Problem::EmptyText);
        }
        return Ok((0..records.len()).map(|at| records.cell(at).0.to_owned()).collect());
    }
    let names = rules.columns.iter().map(|column| column.name.clone()).filter(|name| name != MARKER);
    Ok(names.chain([MARKER.to_owned()]).collect())
}

/// Adds a cell to its column. An empty cell that is not quoted is NULL, except in a column of strings. [guessed]
fn push(
    records: &Records,
    cell: Option<usize>,
    csv_type: CsvType,
    null_value: Option<&str>,
    column: &mut Column,
) -> Result<(), Problem> {
    let (text, is_quoted) = cell.map_or(("", false), |at| records.cell(at));
    let is_text = matches!(csv_type, CsvType::String | CsvType::Time);
    let is_null = !is_quoted && (null_value == Some(text) || text.is_empty() && !is_text) || cell.is_none();
    column.levels.push(i16::from(!is_null));
    if is_null { Ok(()) } else { convert::parse(text, csv_type, &mut column.values) }
}
