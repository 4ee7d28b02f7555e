//! Declarations of simulated sources through the control interface, and the validation of declarations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TableName;
use super::source::{Burst, Declaration, ObjectType, Table, TableDetails};
use super::trouble_request::NewTrouble;
use crate::fabric::error::FabricError;
use crate::ids::PrincipalId;

/// The maximum number of tables of a declared source.
const TABLES_MAX: usize = 10_000;
/// The maximum length of a schema or table name, in characters.
const NAME_MAX: usize = 256;
/// The maximum number of parts of a schema or table name. Dots separate the parts.
const DEPTH_MAX: usize = 16;
/// The maximum number of rows of a table, and the maximum number of bytes per row. The product of both saturates at
/// `u64::MAX`.
const SIZE_MAX: u64 = 1_000_000_000_000;
/// The maximum rate of changes, in rows per second.
const RATE_MAX: f64 = 1e9;
/// The maximum latency, in seconds: one day.
const LATENCY_MAX: f64 = 86_400.0;
/// The maximum number of bursts of a table.
const BURSTS_MAX: usize = 16;
/// The bounds of the interval of bursts, in seconds: a second and a year.
const INTERVALS: (f64, f64) = (1.0, 365.0 * 86_400.0);
/// The maximum number of columns of a primary key.
const COLUMNS_MAX: usize = 32;
/// The bounds of the snapshot speed, in rows per second.
const SNAPSHOT_SPEED: (f64, f64) = (1e-3, 1e12);

/// A declaration of a source, as the control interface accepts and returns it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceDeclaration {
    /// All tables of the source.
    pub tables: Vec<TableDeclaration>,
    /// The snapshot speed, in rows per second. `None` means 10,000 rows per second, and the pace may shorten snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_rows_per_second: Option<f64>,
    /// The managed identity of the source server. If there is one, rows arrive only while it has the role Contributor or
    /// a higher role in the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<SourceIdentity>,
    /// `true` if the interval between publishings doubles with each publishing that brings nothing, up to an hour.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle_backoff: bool,
    /// The trouble of the source. Lists of trouble show it; the declaration does not repeat it.
    #[serde(default, skip_serializing)]
    pub trouble: Vec<NewTrouble>,
}

/// The managed identity of a source server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceIdentity {
    /// The object id of the identity.
    pub principal_id: PrincipalId,
}

/// A table of a declared source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableDeclaration {
    /// The name of the schema. For Cosmos DB, the name of the database.
    pub schema_name: String,
    /// The name of the table or container.
    pub table_name: String,
    /// The type of the object: table or view.
    #[serde(default)]
    pub object_type: ObjectType,
    /// The number of rows that a snapshot copies.
    #[serde(default = "default_rows")]
    pub rows: u64,
    /// The size of a row, in bytes.
    #[serde(default = "default_bytes_per_row")]
    pub bytes_per_row: u64,
    /// The number of rows that change per second.
    #[serde(default)]
    pub rows_per_second: f64,
    /// The time from a commit at the source to the commit in OneLake, in seconds.
    #[serde(default = "default_latency_seconds")]
    pub latency_seconds: u32,
    /// The names of the columns of the primary key. They have no effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    /// The numbers of rows that change at once at fixed intervals, counted from the declaration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<Burst>,
}

fn default_rows() -> u64 {
    1_000
}

fn default_bytes_per_row() -> u64 {
    100
}

fn default_latency_seconds() -> u32 {
    5
}

impl TableDeclaration {
    /// Creates a table with the default values: 1,000 rows of 100 bytes that never change, and a latency of 5 seconds.
    pub fn new(schema_name: impl Into<String>, table_name: impl Into<String>) -> Self {
        Self {
            schema_name: schema_name.into(),
            table_name: table_name.into(),
            object_type: ObjectType::default(),
            rows: default_rows(),
            bytes_per_row: default_bytes_per_row(),
            rows_per_second: 0.0,
            latency_seconds: default_latency_seconds(),
            primary_key: Vec::new(),
            bursts: Vec::new(),
        }
    }

    fn check(&self) -> Result<(), FabricError> {
        let Self { schema_name, table_name, rows, bytes_per_row, rows_per_second, latency_seconds, .. } = self;
        let place = format!("{schema_name}.{table_name}");
        check_name(schema_name)?;
        check_name(table_name)?;
        check_range(&format!("rows of {place}"), *rows as f64, (0.0, SIZE_MAX as f64))?;
        check_range(&format!("bytesPerRow of {place}"), *bytes_per_row as f64, (0.0, SIZE_MAX as f64))?;
        check_range(&format!("rowsPerSecond of {place}"), *rows_per_second, (0.0, RATE_MAX))?;
        check_range(&format!("latencySeconds of {place}"), (*latency_seconds).into(), (0.0, LATENCY_MAX))?;
        check_range(&format!("the number of bursts of {place}"), self.bursts.len() as f64, (0.0, BURSTS_MAX as f64))?;
        for Burst { every, rows } in &self.bursts {
            check_range(&format!("every of a burst of {place}"), *every, INTERVALS)?;
            check_range(&format!("rows of a burst of {place}"), *rows as f64, (0.0, SIZE_MAX as f64))?;
        }
        let columns = self.primary_key.len();
        check_range(
            &format!("the number of columns in primaryKey of {place}"),
            columns as f64,
            (0.0, COLUMNS_MAX as f64),
        )?;
        self.primary_key.iter().try_for_each(|column| check_name(column))
    }
}

fn check_range(name: &str, value: f64, (min, max): (f64, f64)) -> Result<(), FabricError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(FabricError::invalid_input(format!("{name} is {value}: expected {min} to {max}.")))
}

fn check_name(name: &str) -> Result<(), FabricError> {
    let (characters, depth) = (name.chars().count(), name.split('.').count());
    if characters <= NAME_MAX && depth <= DEPTH_MAX {
        return Ok(());
    }
    let shown: String = name.chars().take(NAME_MAX).collect();
    Err(FabricError::invalid_input(format!(
        "{shown:?} has {characters} characters and {depth} parts: expected at most {NAME_MAX} and {DEPTH_MAX}."
    )))
}

impl TryFrom<SourceDeclaration> for Declaration {
    type Error = FabricError;

    /// Validates and converts a declaration. Rejects values that are out of range, and tables that are declared twice.
    fn try_from(source: SourceDeclaration) -> Result<Self, FabricError> {
        check_range("the number of tables", source.tables.len() as f64, (0.0, TABLES_MAX as f64))?;
        if let Some(speed) = source.snapshot_rows_per_second {
            check_range("snapshotRowsPerSecond", speed, SNAPSHOT_SPEED)?;
        }
        let (mut tables, mut details) = (BTreeMap::new(), BTreeMap::new());
        for declared in source.tables {
            declared.check()?;
            let TableDeclaration { schema_name, table_name, object_type, rows, bytes_per_row, .. } = declared;
            let (rows_per_second, latency_seconds) = (declared.rows_per_second, declared.latency_seconds);
            let table = Table { object_type, rows, bytes_per_row, rows_per_second, latency_seconds };
            let place = format!("{schema_name}.{table_name}");
            let name = TableName { schema: schema_name.into(), table: table_name.into() };
            let more = TableDetails { primary_key: declared.primary_key, bursts: declared.bursts };
            if more != TableDetails::default() {
                details.insert(name.clone(), more);
            }
            if tables.insert(name, table).is_some() {
                return Err(FabricError::invalid_input(format!("The table {place} is declared twice.")));
            }
        }
        let identity = source.identity.map(|identity| identity.principal_id);
        let (snapshot_rows_per_second, idle_backoff) = (source.snapshot_rows_per_second, source.idle_backoff);
        Ok(Self { tables, snapshot_rows_per_second, details, identity, idle_backoff })
    }
}

impl From<&Declaration> for SourceDeclaration {
    fn from(declaration: &Declaration) -> Self {
        let details = |name: &TableName| declaration.details.get(name).cloned().unwrap_or_default();
        let table = |(name, table): (&TableName, &Table)| TableDeclaration {
            primary_key: details(name).primary_key,
            bursts: details(name).bursts,
            schema_name: name.schema.to_string(),
            table_name: name.table.to_string(),
            object_type: table.object_type,
            rows: table.rows,
            bytes_per_row: table.bytes_per_row,
            rows_per_second: table.rows_per_second,
            latency_seconds: table.latency_seconds,
        };
        Self {
            tables: declaration.tables.iter().map(table).collect(),
            snapshot_rows_per_second: declaration.snapshot_rows_per_second,
            identity: declaration.identity.map(|principal_id| SourceIdentity { principal_id }),
            idle_backoff: declaration.idle_backoff,
            trouble: Vec::new(),
        }
    }
}
