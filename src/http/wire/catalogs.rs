//! Bodies of mirrored catalogs: their status, and the catalogs, namespaces and tables that a connection can discover.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::item::catalog;
use crate::fabric::item::mirrored_catalog::CatalogSource;
use crate::fabric::mirroring::{MirroringError, TableName};
use crate::http::answer::utc;
use crate::ids::ConnectionId;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogStatus {
    status: &'static str,
    last_sync_date_time: String,
    error: Option<CatalogError>,
}

impl CatalogStatus {
    pub(crate) fn new(last_sync: Timestamp, error: Option<MirroringError>) -> Self {
        Self {
            status: status(error.as_ref()),
            last_sync_date_time: utc(last_sync),
            error: error.map(CatalogError::from),
        }
    }
}

/// The error of a catalog, or of one of its tables.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogError {
    error_code: String,
    message: String,
}

impl From<MirroringError> for CatalogError {
    fn from(error: MirroringError) -> Self {
        Self { error_code: error.code, message: error.message }
    }
}

fn status(error: Option<&MirroringError>) -> &'static str {
    if error.is_some() { "Failed" } else { "Running" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogTableStatus {
    schema_name: String,
    name: String,
    status: &'static str,
    last_sync_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_date_time: Option<String>,
    error: Option<CatalogError>,
}

impl CatalogTableStatus {
    /// Creates the status of a table from the instants of its last synchronisation and update. A failed table shows
    /// neither instant.
    pub(crate) fn new(
        (namespace, name): (Vec<String>, String),
        synced: Timestamp,
        updated: Timestamp,
        error: Option<MirroringError>,
    ) -> Self {
        let is_running = error.is_none();
        Self {
            schema_name: namespace.last().cloned().unwrap_or_default(),
            name,
            status: status(error.as_ref()),
            last_sync_date_time: is_running.then(|| utc(synced)),
            last_update_date_time: is_running.then(|| utc(updated)),
            error: error.map(CatalogError::from),
        }
    }
}

/// A namespace of a source, which the API calls a scope.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScopeBody {
    name: String,
    fully_qualified_scope: Vec<String>,
    is_selectable: &'static str,
    children: Option<Vec<ScopeBody>>,
}

impl ScopeBody {
    /// Creates the body of the namespace `scope`. If `recursive`, its children are the namespaces of `all` inside
    /// `scope`.
    pub(crate) fn new(scope: &[String], all: &BTreeSet<Vec<String>>, recursive: bool) -> Self {
        let children: Vec<Self> = if recursive {
            let inner = all.iter().filter(|other| other.len() == scope.len() + 1 && other.starts_with(scope));
            inner.map(|inner| Self::new(inner, all, true)).collect()
        } else {
            Vec::new()
        };
        Self {
            name: scope.last().cloned().unwrap_or_else(|| "(root)".into()),
            fully_qualified_scope: scope.to_vec(),
            is_selectable: if catalog::is_selectable(scope, all) && !scope.is_empty() {
                "Selectable"
            } else {
                "NotSelectable"
            },
            children: (!children.is_empty()).then_some(children),
        }
    }
}

/// A table of a source.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableInfo {
    pub(crate) fully_qualified_scope: Vec<String>,
    pub(crate) name: String,
}

/// A catalog in Unity Catalog.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatabricksCatalog {
    name: &'static str,
    catalog_type: &'static str,
    storage_location: String,
    full_name: &'static str,
}

impl DatabricksCatalog {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, catalog_type: "MANAGED_CATALOG", storage_location: unity_location(name), full_name: name }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatabricksSchema {
    full_name: String,
    storage_location: String,
    name: String,
}

impl DatabricksSchema {
    pub(crate) fn new(catalog: &str, name: String) -> Self {
        let storage_location = unity_location(&format!("{catalog}/{name}"));
        Self { full_name: format!("{catalog}.{name}"), storage_location, name }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatabricksTable {
    full_name: String,
    storage_location: String,
    table_type: &'static str,
    data_source_format: &'static str,
    name: String,
}

impl DatabricksTable {
    pub(crate) fn new(catalog: &str, TableName { schema, table }: &TableName) -> Self {
        Self {
            full_name: format!("{catalog}.{schema}.{table}"),
            storage_location: unity_location(&format!("{catalog}/{schema}/{table}")),
            table_type: "MANAGED",
            data_source_format: "DELTA",
            name: table.to_string(),
        }
    }
}

/// Returns the storage location of an object in Unity Catalog.
fn unity_location(path: &str) -> String {
    format!("abfss://unity@specularite.dfs.core.windows.net/{path}")
}

/// The part of the `properties` of a mirrored catalog that comes from its definition.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MirroredCatalogProperties {
    source_type: String,
    connection_id: ConnectionId,
    scope: Vec<String>,
}

impl From<CatalogSource> for MirroredCatalogProperties {
    fn from(catalog: CatalogSource) -> Self {
        Self { source_type: catalog.source_type, connection_id: catalog.connection, scope: catalog.scope }
    }
}
