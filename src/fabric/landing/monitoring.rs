//! The files `Files/Monitoring/replicator.json` and `tables.json`, from which Microsoft's SDK for producers reads the
//! status. They do not exist until mirroring was started for the first time.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::progress::TableProgress;
use crate::fabric::json::to_compact;

/// The name of the file with the status of the mirrored database.
pub const REPLICATOR: &str = "replicator.json";
/// The name of the file with the status of its tables.
pub const TABLES: &str = "tables.json";
/// The instant of a commit at the source, which nobody knows for files that were landed.
const NEVER: &str = "0001-01-01T00:00:00";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replicator<'a> {
    status: &'a str,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
}

#[derive(Serialize)]
struct Tables<'a> {
    tables: Vec<Table<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    id: Uuid,
    status: &'a str,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    normalized_table_name: String,
    source_table_name: &'a str,
    source_schema_name: Option<&'a str>,
    source_object_type: &'a str,
    metrics: Metrics,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    processed_row_count: u64,
    processed_byte: u64,
    last_source_commit_time_utc: &'static str,
    last_sync_time_utc: String,
}

/// Returns the content of `replicator.json`. `status` is that of the mirrored database, and `error` its code and
/// message.
pub fn replicator(status: &str, error: Option<(&str, &str)>) -> Vec<u8> {
    let (error_code, error_message) = error.unzip();
    to_compact(&Replicator { status, error_code, error_message })
}

/// Returns the content of `tables.json`. `id` gives each table an id, which is stable and not known elsewhere.
pub fn tables(progress: &[TableProgress<'_>], id: impl Fn(&TableProgress<'_>) -> Uuid) -> Vec<u8> {
    let tables = progress.iter().map(|table| Table {
        id: id(table),
        status: table.status.as_str(),
        error_code: table.error.as_ref().map(|error| &*error.code),
        error_message: table.error.as_ref().map(|error| &*error.message),
        normalized_table_name: format!("{}.{}", table.schema, table.folder.name),
        source_table_name: table.folder.name,
        source_schema_name: table.folder.schema,
        source_object_type: "Table",
        metrics: Metrics {
            processed_row_count: table.operations,
            processed_byte: table.bytes,
            last_source_commit_time_utc: NEVER,
            last_sync_time_utc: table.last_sync.map_or_else(|| NEVER.to_owned(), time),
        },
    });
    to_compact(&Tables { tables: tables.collect() })
}

/// Returns an instant in the form of these files, without a time zone.
fn time(at: Timestamp) -> String {
    let text = at.to_string();
    text.trim_end_matches('Z').to_owned()
}
