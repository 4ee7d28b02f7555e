//! Sources of mirrored catalogs: their namespaces and tables (docs/fidelity.md#catalogs).

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::{SourceKey, SourceType, TableName};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::ConnectionId;

/// The maximum number of tables in a catalog (documented).
pub(super) const TABLES_MAX: usize = 500;

/// Returns the error for an invalid part of a catalog's definition.
pub(super) fn invalid_part(part: &str, message: &str) -> FabricError {
    FabricError::new(ErrorCode::InvalidDefinitionParts)
        .detail(ErrorCode::InvalidDefinitionParts, format!("{part}: {message}"))
}

/// Returns the key of the simulated source behind a connection.
pub(super) fn source_key(connection: ConnectionId) -> SourceKey {
    SourceKey { source: SourceType::AzureSqlDatabase, connection: Some(connection), open_mirror: None, database: None }
}

/// Returns the tables of the source behind a connection: the declared tables, or a few assumed tables if none were
/// declared. Dots in a table's schema separate the names of nested namespaces.
pub fn tables_at(state: &State, connection: ConnectionId, now: Timestamp) -> Vec<TableName> {
    state.source(&source_key(connection)).tables(now, TABLES_MAX)
}

/// Returns the namespaces of all tables of the source behind a connection.
pub fn namespaces_at(state: &State, connection: ConnectionId, now: Timestamp) -> BTreeSet<Vec<String>> {
    namespaces(&state.source(&source_key(connection)).tables(now, usize::MAX))
}

/// Returns the namespace of a table as a list of names, the outermost first.
pub fn namespace(name: &TableName) -> Vec<String> {
    name.schema.split('.').map(str::to_owned).collect()
}

/// Returns all namespaces of these tables. Each namespace follows the namespaces that contain it.
pub fn namespaces(tables: &[TableName]) -> BTreeSet<Vec<String>> {
    let prefixes = |name: &TableName| {
        let whole = namespace(name);
        (1..=whole.len()).map(|length| whole[..length].to_vec()).collect::<Vec<_>>()
    };
    tables.iter().flat_map(prefixes).collect()
}

/// Returns `true` if a namespace can be mirrored. A leaf is a namespace without inner namespaces. A namespace can be
/// mirrored if it is a leaf at the root, or directly contains a leaf.
pub fn is_selectable(namespace: &[String], all: &BTreeSet<Vec<String>>) -> bool {
    let inner = || all.iter().filter(|other| other.len() == namespace.len() + 1 && other.starts_with(namespace));
    let is_leaf = |of: &[String]| !all.iter().any(|other| other.len() > of.len() && other.starts_with(of));
    if namespace.len() == 1 && is_leaf(namespace) { true } else { inner().any(|other| is_leaf(other)) }
}
