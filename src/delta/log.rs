//! The JSON of a version in the Delta log.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::table::{LiveFile, Naming};

/// Returns the path of a version's file in the log, relative to the table's folder.
pub fn path(version: u64) -> String {
    format!("_delta_log/{version:020}.json")
}

/// The changes of a version, of which its file in the log consists.
#[derive(Debug)]
pub(super) struct Version<'a> {
    /// The number of the version.
    pub(super) number: u64,
    /// The instant of the commit.
    pub(super) at: Timestamp,
    /// The instant of the first version.
    pub(super) created_at: Timestamp,
    /// The name of the operation, for the history.
    pub(super) operation: &'static str,
    /// `schemaString`, if it is new.
    pub(super) schema: Option<String>,
    /// The files that are added.
    pub(super) added: &'a [LiveFile],
    /// The files that are removed.
    pub(super) removed: &'a [LiveFile],
}

impl Version<'_> {
    /// Returns the bytes of the file: one action in each line.
    pub(super) fn to_bytes(&self, naming: Naming) -> Vec<u8> {
        let mut actions = vec![self.commit_info()];
        if self.number == 0 {
            actions.push(json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}));
        }
        actions.extend(self.schema.as_ref().map(|schema| self.meta_data(schema, naming)));
        actions.extend(self.removed.iter().map(|file| self.remove(file)));
        actions.extend(self.added.iter().map(|file| self.add(file)));
        let mut bytes = Vec::new();
        for action in actions {
            bytes.extend(action.to_string().into_bytes());
            bytes.push(b'\n');
        }
        bytes
    }

    fn commit_info(&self) -> Value {
        let is_append = self.removed.is_empty();
        json!({"commitInfo": {
            "timestamp": self.at.as_millisecond(),
            "operation": self.operation,
            "operationParameters": {},
            "isBlindAppend": is_append,
            "engineInfo": "Specularite",
        }})
    }

    fn meta_data(&self, schema: &str, naming: Naming) -> Value {
        json!({"metaData": {
            "id": naming.table_id().to_string(),
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema,
            "partitionColumns": [],
            "configuration": {},
            "createdTime": self.created_at.as_millisecond(),
        }})
    }

    /// Paths consist of letters, digits, `-` and `.`, which need no encoding.
    fn add(&self, file: &LiveFile) -> Value {
        json!({"add": {
            "path": file.path,
            "partitionValues": {},
            "size": file.size,
            "modificationTime": self.at.as_millisecond(),
            "dataChange": true,
            "stats": json!({"numRecords": file.rows}).to_string(),
        }})
    }

    fn remove(&self, file: &LiveFile) -> Value {
        json!({"remove": {
            "path": file.path,
            "deletionTimestamp": self.at.as_millisecond(),
            "dataChange": true,
            "extendedFileMetadata": true,
            "partitionValues": {},
            "size": file.size,
        }})
    }
}
