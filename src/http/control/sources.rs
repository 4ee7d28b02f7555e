//! `sources`: the simulated source of a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Call, id};
use crate::fabric::mirroring::source::{ObjectType, Table};
use crate::fabric::mirroring::{Declaration, TableName};
use crate::fabric::{ErrorCode, FabricError, Fact};
use crate::ids::ConnectionId;

/// Tables of a declared source at most.
const DECLARED_TABLES_MAX: usize = 10_000;
/// Characters of a table's or schema's name at most.
const NAME_MAX: usize = 256;
/// Namespaces in each other at most.
const DEPTH_MAX: usize = 16;
/// The largest number of rows, or of bytes of a row, that can be declared: what is reckoned from it fits into 64 bits.
const SIZE_MAX: u64 = 1_000_000_000_000;
/// The highest rate that can be declared, in rows a second.
const RATE_MAX: f64 = 1e9;

/// A source as it is declared and shown.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceBody {
    tables: Vec<TableBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_rows_per_second: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TableBody {
    schema_name: String,
    table_name: String,
    #[serde(default)]
    object_type: ObjectType,
    #[serde(default = "rows")]
    rows: u64,
    #[serde(default = "bytes_per_row")]
    bytes_per_row: u64,
    #[serde(default)]
    rows_per_second: f64,
    #[serde(default = "latency_seconds")]
    latency_seconds: u32,
}

fn rows() -> u64 {
    1_000
}

fn bytes_per_row() -> u64 {
    100
}

fn latency_seconds() -> u32 {
    5
}

/// Refuses a name that no source has: a schema's dots part its namespaces.
fn check_name(name: &str) -> Result<(), FabricError> {
    let (characters, depth) = (name.chars().count(), name.split('.').count());
    if characters <= NAME_MAX && depth <= DEPTH_MAX {
        return Ok(());
    }
    let shown: String = name.chars().take(NAME_MAX).collect();
    Err(FabricError::invalid_input(format!(
        "{shown:?} has {characters} characters and {depth} parts: at most {NAME_MAX} and {DEPTH_MAX} were expected."
    )))
}

impl TryFrom<SourceBody> for Declaration {
    type Error = FabricError;

    fn try_from(body: SourceBody) -> Result<Self, FabricError> {
        let within = |what: &str, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(FabricError::invalid_input(format!("{what} is {value}: from {least} to {most} was expected.")))
            }
        };
        within("the number of tables", body.tables.len() as f64, 0.0, DECLARED_TABLES_MAX as f64)?;
        if let Some(speed) = body.snapshot_rows_per_second {
            within("snapshotRowsPerSecond", speed, 1e-3, 1e12)?;
        }
        let mut tables = BTreeMap::new();
        for table in body.tables {
            let place = format!("{}.{}", table.schema_name, table.table_name);
            check_name(&table.schema_name)?;
            check_name(&table.table_name)?;
            within(&format!("rows of {place}"), table.rows as f64, 0.0, SIZE_MAX as f64)?;
            within(&format!("bytesPerRow of {place}"), table.bytes_per_row as f64, 0.0, SIZE_MAX as f64)?;
            within(&format!("rowsPerSecond of {place}"), table.rows_per_second, 0.0, RATE_MAX)?;
            within(&format!("latencySeconds of {place}"), table.latency_seconds.into(), 0.0, 86_400.0)?;
            let name = TableName { schema: table.schema_name.into(), table: table.table_name.into() };
            let TableBody { object_type, rows, bytes_per_row, rows_per_second, latency_seconds, .. } =
                TableBody { schema_name: String::new(), table_name: String::new(), ..table };
            let table = Table { object_type, rows, bytes_per_row, rows_per_second, latency_seconds };
            if tables.insert(name, table).is_some() {
                return Err(FabricError::invalid_input(format!("The table {place} is there twice.")));
            }
        }
        Ok(Self { tables, snapshot_rows_per_second: body.snapshot_rows_per_second })
    }
}

impl From<&Declaration> for SourceBody {
    fn from(declaration: &Declaration) -> Self {
        let table = |(name, table): (&TableName, &Table)| TableBody {
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
        }
    }
}

pub(super) async fn show(Path(connection): Path<String>, call: Call) -> Response<Body> {
    call.answer(|call| {
        let connection = id::<ConnectionId>(&connection)?;
        let now = call.tenant.clock().now();
        let declared = call
            .tenant
            .read(|state| state.declared(connection).and_then(|declared| declared.at(now)).map(SourceBody::from));
        declared.map(|source| json!(source)).ok_or_else(|| {
            FabricError::new(ErrorCode::EntityNotFound)
                .message("Nobody has declared a source of this connection: it is assumed.")
                .about("Connection", connection)
        })
    })
}

pub(super) async fn declare(Path(connection): Path<String>, call: Call) -> Response<Body> {
    call.answer(|call| {
        let connection = id::<ConnectionId>(&connection)?;
        let declaration: Declaration = call.json::<SourceBody>()?.try_into()?;
        let shown = json!(SourceBody::from(&declaration));
        call.tenant.commit(call.tenant.clock().now(), |state, _| {
            if state.connection_at_all(connection).is_none() {
                return Err(FabricError::new(ErrorCode::EntityNotFound).about("Connection", connection));
            }
            Ok((vec![Fact::SourceDeclared { connection, declaration: Arc::new(declaration) }], shown))
        })
    })
}
