//! Reasons why landed files cannot be applied to a table, and their texts.

use std::fmt;

use super::schema::DataType;

/// The longest text in a problem, in bytes. Longer texts are cut.
const TEXT_BYTES_MAX: usize = 400;

/// A file that cannot be applied. Nothing of the commit takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableError {
    /// The position of the file among those of the commit.
    pub file: usize,
    /// The reason.
    pub problem: Problem,
}

/// A reason why a landed file cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A Parquet file has no bytes. [seen]
    EmptyParquet,
    /// A Parquet file cannot be read. [guessed, after the text for a file without bytes]
    Parquet {
        /// The reason.
        reason: String,
    },
    /// A delimited file has no bytes, or no header. [seen]
    EmptyText,
    /// A cell is no value of its column's type. [seen for dates]
    CellFormat {
        /// The .NET type that the text is no value of.
        kind: &'static str,
    },
    /// A number is outside the range of its column's type. [seen for Int16]
    CellOverflow {
        /// The .NET type whose range it is.
        kind: &'static str,
    },
    /// A delimited file cannot be read. [guessed]
    Text {
        /// The reason.
        reason: String,
    },
    /// A column has another type than in the table. [seen]
    TypeMismatch {
        /// The name of the column.
        column: String,
        /// The type in the file.
        incoming: DataType,
        /// The type in the table.
        existing: DataType,
    },
    /// A new column is not nullable. [told; the text is guessed]
    RequiredColumnAdded {
        /// The name of the column.
        column: String,
    },
    /// A file omits a column that is not nullable. [documented; the text is guessed]
    RequiredColumnOmitted {
        /// The name of the column.
        column: String,
    },
    /// A row has NULL in a column that is not nullable. [guessed]
    NullInRequiredColumn {
        /// The name of the column.
        column: String,
    },
    /// A column's type has no counterpart in Delta, such as a list. [guessed]
    UnsupportedType {
        /// The name of the column.
        column: String,
        /// The type in Parquet.
        kind: String,
    },
    /// Two columns have names that are equal or differ only in case. [guessed]
    DuplicateColumn {
        /// The name of the second column.
        column: String,
    },
    /// A column's name is empty or too long. [guessed]
    ColumnName {
        /// The length of the name, in bytes.
        bytes: usize,
    },
    /// There are more columns than [`COLUMNS_MAX`](super::schema::COLUMNS_MAX). [guessed]
    TooManyColumns {
        /// The number of columns.
        columns: usize,
    },
    /// A file has no column besides the row marker. [guessed]
    NoColumns,
    /// The column of row markers is not the last one. [told; the text is guessed]
    MarkerNotLast,
    /// The column of row markers has no integer type. [guessed]
    MarkerType,
    /// A delimited file has no column of row markers. [documented; the text is guessed]
    MarkerMissing,
    /// A row marker is none of 0, 1, 2 and 4. [guessed]
    MarkerValue {
        /// The marker, or NULL.
        marker: Option<i64>,
    },
    /// A row is an update, a delete or an upsert, but the table has no key columns. [documented; the text is guessed]
    NoKeyColumns,
    /// A file has no column of this name, which is a key column. [guessed]
    KeyColumnMissing {
        /// The name of the column.
        column: String,
    },
    /// A name cannot be a column of a Delta table without column mapping. [guessed]
    SpecialCharacters {
        /// The name of the column.
        column: String,
    },
    /// The data files of the table cannot be read or written. This is a failure of the emulator, not of the producer.
    Storage {
        /// The reason.
        reason: String,
    },
}

impl Problem {
    /// A file that is no readable Parquet.
    pub(super) fn parquet(reason: impl fmt::Display) -> Self {
        Self::Parquet { reason: cut(&reason.to_string()) }
    }

    /// Data files that cannot be read or written.
    pub(super) fn storage(reason: impl fmt::Display) -> Self {
        Self::Storage { reason: cut(&reason.to_string()) }
    }

    /// A file that is no readable text.
    pub(super) fn text(reason: impl fmt::Display) -> Self {
        Self::Text { reason: cut(&reason.to_string()) }
    }

    /// Returns the text of the table's error. `file` is the path of the landed file, `item` the id of the mirrored
    /// database, and `sequence` the number of the file if its names are numbers.
    pub fn message(&self, file: &str, item: &str, sequence: Option<u64>) -> String {
        let number = sequence.map_or_else(String::new, |number| format!(", SequenceNumber: {number}"));
        let end = format!(", ErrorCode: InternalError, ErrorCode: InputValidationError ArtifactId: {item}{number}");
        match self {
            Self::EmptyParquet | Self::Parquet { .. } => {
                format!(
                    "We encountered an error while opening the Parquet file '{}'. The error is: Exception opening the Parquet file. Exception: {self}{end}",
                    cut(file)
                )
            }
            Self::EmptyText | Self::CellFormat { .. } | Self::CellOverflow { .. } | Self::Text { .. } => {
                format!(
                    "We encountered an error while parsing data file being used, please fix the file and try again. The error is: Exception reading the data file. Exception: {self}{end}"
                )
            }
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyParquet => f.write_str("'Invalid: Parquet file size is 0 bytes'"),
            Self::Parquet { reason } => write!(f, "'Invalid: {reason}'"),
            Self::EmptyText => f.write_str("No data rows available. IReader state: Closed"),
            Self::CellFormat { kind } => match *kind {
                "DateTime" => f.write_str("System.FormatException: String was not recognized as a valid DateTime."),
                "Boolean" => f.write_str("System.FormatException: String was not recognized as a valid Boolean."),
                _ => write!(f, "System.FormatException: Input string was not in a correct format for {kind}."),
            },
            Self::CellOverflow { kind } => {
                let article = if kind.starts_with("Int") { "an" } else { "a" };
                write!(f, "System.OverflowException: Value was either too large or too small for {article} {kind}.")
            }
            Self::Text { reason } => f.write_str(reason),
            Self::TypeMismatch { column, incoming, existing } => write!(
                f,
                "SchemaMergeFailure: Type mismatch for column '{column}'. Incoming type: '{}', existing type: '{}'",
                incoming.name(),
                existing.name()
            ),
            Self::RequiredColumnAdded { column } => {
                write!(f, "SchemaMergeFailure: Column '{column}' is new and not nullable")
            }
            Self::RequiredColumnOmitted { column } => {
                write!(f, "SchemaMergeFailure: Column '{column}' is not nullable and missing in the incoming schema")
            }
            Self::NullInRequiredColumn { column } => {
                write!(f, "Column '{column}' is not nullable and has a NULL value")
            }
            Self::UnsupportedType { column, kind } => write!(f, "Column '{column}' has the unsupported type {kind}"),
            Self::DuplicateColumn { column } => {
                write!(
                    f,
                    "SchemaMergeFailure: Column '{column}' differs from another column only in case, or not at all"
                )
            }
            Self::ColumnName { bytes } => write!(f, "A column has a name of {bytes} bytes"),
            Self::TooManyColumns { columns } => write!(f, "The table has too many columns: {columns}"),
            Self::NoColumns => f.write_str("The file has no data columns"),
            Self::MarkerNotLast => f.write_str("Column '__rowMarker__' is not the last column"),
            Self::MarkerType => f.write_str("Column '__rowMarker__' is not an integer"),
            Self::MarkerMissing => f.write_str("Column '__rowMarker__' is missing in a delimited text file"),
            Self::MarkerValue { marker: Some(marker) } => write!(f, "Invalid value {marker} in column '__rowMarker__'"),
            Self::MarkerValue { marker: None } => f.write_str("Invalid value NULL in column '__rowMarker__'"),
            Self::NoKeyColumns => {
                f.write_str("Rows are updated, deleted or upserted, but '_metadata.json' names no keyColumns")
            }
            Self::KeyColumnMissing { column } => write!(f, "Key column '{column}' is missing in the file"),
            Self::SpecialCharacters { column } => {
                write!(f, "Column '{column}' has a name with one of the characters ' ,;{{}}()\\n\\t='")
            }
            Self::Storage { reason } => write!(f, "the data files of the table are not available: {reason}"),
        }
    }
}

/// Returns the text, cut to the longest length.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned()
}
