//! The schema of a table: types, columns, their evolution, and `schemaString` of the Delta log.

use serde_json::{Value, json};

use super::error::Problem;

/// The name of the column of row markers.
pub const MARKER: &str = "__rowMarker__";

/// The largest number of columns of a table. [guessed]
pub const COLUMNS_MAX: usize = 2_000;

/// The largest length of a column's name, in bytes. [guessed]
pub const NAME_BYTES_MAX: usize = 512;

/// A type of the Delta protocol: those that mirroring creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// `boolean`.
    Boolean,
    /// `byte`: 8 bits, signed.
    Byte,
    /// `short`: 16 bits, signed.
    Short,
    /// `integer`: 32 bits, signed.
    Integer,
    /// `long`: 64 bits, signed.
    Long,
    /// `float`: 32 bits.
    Float,
    /// `double`: 64 bits.
    Double,
    /// `decimal(precision,scale)`.
    Decimal {
        /// The number of digits, from 1 to 38.
        precision: u8,
        /// The number of digits after the point, at most `precision`.
        scale: u8,
    },
    /// `date`: days since 1970-01-01.
    Date,
    /// `timestamp`: microseconds since 1970-01-01 in UTC.
    Timestamp,
    /// `string`: UTF-8.
    String,
    /// `binary`.
    Binary,
}

impl DataType {
    /// Returns the name in `schemaString`, which error texts use too.
    pub fn name(self) -> String {
        let name = match self {
            Self::Boolean => "boolean",
            Self::Byte => "byte",
            Self::Short => "short",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Decimal { precision, scale } => return format!("decimal({precision},{scale})"),
        };
        name.to_owned()
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name, as the first file spelled it.
    pub name: String,
    /// The type.
    pub data_type: DataType,
    /// If `false`, no row may have NULL.
    pub is_nullable: bool,
}

/// The columns of a table or a file, in order. Names differ in more than case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// The columns.
    pub fields: Vec<Field>,
}

impl Schema {
    /// Returns the position of the column with exactly this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Returns `schemaString` of the Delta log.
    pub fn to_json(&self) -> String {
        let fields: Vec<Value> = self
            .fields
            .iter()
            .map(|f| json!({"name": f.name, "type": f.data_type.name(), "nullable": f.is_nullable, "metadata": {}}))
            .collect();
        json!({"type": "struct", "fields": fields}).to_string()
    }

    /// Returns the schema after a file with the columns `incoming`, or the reason why they do not fit. The first file
    /// of a table creates its schema. fidelity.md#delta-tables
    ///
    /// # Errors
    /// A type that differs, a column that is not nullable and either new or omitted, and names that differ only in case.
    pub fn merged(&self, incoming: &Self) -> Result<Self, Problem> {
        incoming.check()?;
        let is_new = self.fields.is_empty();
        let mut merged = self.clone();
        for field in &incoming.fields {
            match self.position(&field.name) {
                Some(at) => check_type(&self.fields[at], field)?,
                None if is_new || field.is_nullable => merged.fields.push(field.clone()),
                None => return Err(Problem::RequiredColumnAdded { column: field.name.clone() }),
            }
        }
        let omitted = self.fields.iter().find(|field| !field.is_nullable && incoming.position(&field.name).is_none());
        match omitted {
            Some(field) => Err(Problem::RequiredColumnOmitted { column: field.name.clone() }),
            None => merged.check().map(|()| merged),
        }
    }

    /// Rejects too many columns, names that are too long, and names that differ only in case.
    fn check(&self) -> Result<(), Problem> {
        if self.fields.len() > COLUMNS_MAX {
            return Err(Problem::TooManyColumns { columns: self.fields.len() });
        }
        let mut names = std::collections::HashSet::new();
        for field in &self.fields {
            if field.name.is_empty() || field.name.len() > NAME_BYTES_MAX {
                return Err(Problem::ColumnName { bytes: field.name.len() });
            }
            if !names.insert(field.name.to_lowercase()) {
                return Err(Problem::DuplicateColumn { column: field.name.clone() });
            }
        }
        Ok(())
    }
}

fn check_type(existing: &Field, incoming: &Field) -> Result<(), Problem> {
    if existing.data_type == incoming.data_type {
        return Ok(());
    }
    Err(Problem::TypeMismatch {
        column: incoming.name.clone(),
        incoming: incoming.data_type,
        existing: existing.data_type,
    })
}
