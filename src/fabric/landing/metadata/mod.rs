//! `_metadata.json`: the description of a table by its producer (docs/fidelity.md#landing-zone).

mod parse;

pub use self::parse::{BYTES_MAX, COLUMNS_MAX, Fault, KEY_COLUMNS_ADVISED, KEY_COLUMNS_MAX, Parsed, TEXT_MAX, parse};
pub(super) use self::parse::{text, value};

/// The content of a `_metadata.json`. The default is that of `{}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The columns that identify a row. Without them, rows can only be inserted.
    pub key_columns: Vec<Box<str>>,
    /// The detection of new files.
    pub strategy: DetectionStrategy,
    /// Rows without a marker are upserts, not inserts.
    pub upserts_by_default: bool,
    /// Files are in folders `col=value` below the table's folder, and each such folder has its own numbers.
    pub has_partitions: bool,
    /// The column that decides on updates. It was documented for a short time, and its meaning is not known: it has no
    /// effect.
    pub conditional_update_column: Option<Box<str>>,
    /// The format of the data files.
    pub format: FileFormat,
}

impl Metadata {
    /// Returns the extension of data files, without a dot.
    pub fn extension(&self) -> &str {
        match &self.format {
            FileFormat::Parquet => "parquet",
            FileFormat::Delimited(format) => &format.extension,
        }
    }
}

/// The detection of new files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DetectionStrategy {
    /// Files have consecutive numbers. A missing number blocks all later files.
    #[default]
    SequentialFileName,
    /// Files have any names, and are read in the order of their last modification.
    LastUpdateTime,
}

/// The format of the data files of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FileFormat {
    /// Parquet.
    #[default]
    Parquet,
    /// Delimited text.
    Delimited(Box<Delimited>),
}

/// The rules of delimited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delimited {
    /// The extension of the files, without a dot.
    pub extension: Box<str>,
    /// The columns, from `SchemaDefinition`.
    pub columns: Vec<Column>,
    /// The first row has the names of the columns.
    pub has_header: bool,
    /// The end of a row: `\r\n`, `\n` or `\r`.
    pub row_separator: Box<str>,
    /// The separator of cells: `,`, `;`, `|` or a tab.
    pub column_separator: char,
    /// The quotation mark, if cells can be quoted.
    pub quote: Option<char>,
    /// The character before a quotation mark in a quoted cell, if there is one.
    pub escape: Option<char>,
    /// The text of a cell that is NULL.
    pub null_value: Box<str>,
    /// The encoding, as written.
    pub encoding: Box<str>,
}

impl Default for Delimited {
    /// The rules of a table that declares none. The row separator, the escape character and the text of NULL are guessed.
    fn default() -> Self {
        Self {
            extension: "csv".into(),
            columns: Vec::new(),
            has_header: true,
            row_separator: "\r\n".into(),
            column_separator: ',',
            quote: Some('"'),
            escape: Some('\\'),
            null_value: "N/A".into(),
            encoding: "UTF-8".into(),
        }
    }
}

/// A column of delimited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name, as in the header row.
    pub name: Box<str>,
    /// The type.
    pub data_type: DataType,
    /// NULL is allowed.
    pub is_nullable: bool,
}

/// The type of a column of delimited text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the documentation, which explains none")]
pub enum DataType {
    Double,
    Single,
    Int16,
    Int32,
    Int64,
    DateTime,
    IDate,
    ITime,
    String,
    Boolean,
    ByteArray,
}

impl DataType {
    /// All types, with their names in a `_metadata.json`.
    pub const ALL: [(&'static str, Self); 11] = [
        ("Double", Self::Double),
        ("Single", Self::Single),
        ("Int16", Self::Int16),
        ("Int32", Self::Int32),
        ("Int64", Self::Int64),
        ("DateTime", Self::DateTime),
        ("IDate", Self::IDate),
        ("ITime", Self::ITime),
        ("String", Self::String),
        ("Boolean", Self::Boolean),
        ("ByteArray", Self::ByteArray),
    ];
}
