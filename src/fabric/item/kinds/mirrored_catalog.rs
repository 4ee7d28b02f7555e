//! Mirrored catalogs of Iceberg and similar sources (docs/fidelity.md#catalogs).

use jiff::Timestamp;
use serde_json::Value;

use super::ItemKind;
use super::catalog_sync::{self, SyncTimes};
use super::hooks::{Creation, KindHooks};
use super::state::KindState;
use crate::fabric::item::catalog::{self, invalid_part};
use crate::fabric::item::{Definition, Item, companions};
use crate::fabric::mirroring::source_table::Presence;
use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::trouble::TroubleKind;
use crate::fabric::mirroring::{MirroringError, TableName};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::ConnectionId;

/// The required part of a definition.
pub(super) const PATH: &str = "MirroredCatalogDefinition.json";
/// The accepted source types.
const SOURCES: [&str; 3] = ["DremioIcebergCatalog", "AzureMonitorMirroredCatalog", "AWSIcebergCatalog"];

pub(super) const HOOKS: KindHooks = KindHooks {
    check,
    check_update,
    state: || KindState::MirroredCatalog { sync: SyncTimes::default() },
    companions: companions::sql_endpoint,
    before_change: |item, now| catalog_sync::record_sync(last_sync(item, now)),
    ..KindHooks::DEFAULT
};

/// The source of a mirrored catalog, and the namespace and tables to mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogSource {
    /// The type of the source.
    pub source_type: String,
    /// The connection to the source.
    pub connection: ConnectionId,
    /// The mirrored namespace as a list of names, the outermost first.
    pub scope: Vec<String>,
    /// The mirrored tables, each with its namespace; `None` for all tables in the scope.
    pub tables: Option<Vec<(Vec<String>, String)>>,
}

fn check(creation: &Creation<'_>) -> Result<(), FabricError> {
    let source = read_definition(creation.definition)?;
    check_scope(creation.state, &source, creation.now)
}

/// Rejects a definition that changes the type of the source, changes its connection, or has an invalid scope.
fn check_update(state: &State, item: &Item, definition: &Definition, now: Timestamp) -> Result<(), FabricError> {
    let after = read_definition(Some(definition))?;
    match source(item) {
        Some(before) if before.source_type != after.source_type || before.connection != after.connection => {
            return Err(invalid("properties.source: its type and its connectionId stay as they were at the creation"));
        }
        Some(_) | None => {}
    }
    check_scope(state, &after, now)
}

/// Rejects a scope that the discovery of the source does not list as selectable. Accepts an empty scope, and every
/// scope of a source that is not declared.
fn check_scope(state: &State, source: &CatalogSource, now: Timestamp) -> Result<(), FabricError> {
    let CatalogSource { connection, scope, .. } = source;
    if state.declared((*connection).into()).and_then(|declared| declared.at(now)).is_none() || scope.is_empty() {
        return Ok(());
    }
    let all = catalog::namespaces_at(state, *connection, now);
    if all.contains(scope) && catalog::is_selectable(scope, &all) {
        return Ok(());
    }
    let scope = scope.join(".");
    Err(invalid(&format!("properties.source.typeProperties.scope: {scope:?} is not a selectable scope of the source")))
}

/// Returns the source of a mirrored catalog; `None` for items of other kinds.
pub fn source(item: &Item) -> Option<CatalogSource> {
    if item.kind != ItemKind::MirroredCatalog {
        return None;
    }
    read_definition(item.definition.as_deref()).ok()
}

fn invalid(message: &str) -> FabricError {
    invalid_part(PATH, message)
}

fn read_definition(definition: Option<&Definition>) -> Result<CatalogSource, FabricError> {
    read(&definition.and_then(|definition| definition.json(&[PATH])).unwrap_or_default())
}

fn read(document: &Value) -> Result<CatalogSource, FabricError> {
    let texts = |value: Option<&Value>| -> Option<Vec<String>> {
        value?.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    };
    if !document.get("$schema").is_some_and(Value::is_string) {
        return Err(invalid("$schema is missing: a text was expected"));
    }
    let source = document.pointer("/properties/source").ok_or_else(|| invalid("properties.source is missing"))?;
    let source_type = source.get("type").and_then(Value::as_str).unwrap_or_default();
    if !SOURCES.contains(&source_type) {
        let known = SOURCES.join(", ");
        return Err(invalid(&format!("properties.source.type is {source_type:?}: one of {known} was expected")));
    }
    let connection = source.pointer("/typeProperties/connectionId").and_then(|id| id.as_str()?.parse().ok());
    let connection = connection
        .ok_or_else(|| invalid("properties.source.typeProperties.connectionId: the id of a connection was expected"))?;
    let scope = texts(source.pointer("/typeProperties/scope"))
        .ok_or_else(|| invalid("properties.source.typeProperties.scope: a list of names was expected"))?;
    let table = |table: &Value| {
        let of = |member: &str| table.pointer(&format!("/source/typeProperties/{member}"));
        Some((texts(of("fullyQualifiedScope"))?, of("tableName")?.as_str()?.to_owned()))
    };
    let tables =
        match document.pointer("/properties/mountedTables") {
            None | Some(Value::Null) => None,
            Some(tables) => {
                let max = catalog::TABLES_MAX;
                if tables.as_array().is_some_and(|tables| tables.len() > max) {
                    return Err(invalid(&format!("properties.mountedTables: {max} tables at most")));
                }
                let tables = tables.as_array().and_then(|tables| tables.iter().map(table).collect::<Option<Vec<_>>>());
                Some(tables.ok_or_else(|| {
                    invalid("properties.mountedTables: a table has fullyQualifiedScope and tableName")
                })?)
            }
        };
    Ok(CatalogSource { source_type: source_type.to_owned(), connection, scope, tables })
}

/// Returns the tables that a catalog mirrors, each with its namespace.
pub fn tables(state: &State, source: &CatalogSource, now: Timestamp) -> Vec<(Vec<String>, String)> {
    if let Some(tables) = &source.tables {
        return tables.clone();
    }
    let all = catalog::tables_at(state, source.connection, now)
        .into_iter()
        .map(|name| (catalog::namespace(&name), name.table.to_string()));
    all.filter(|(namespace, _)| namespace.starts_with(&source.scope)).collect()
}

/// Returns the error of a catalog; `None` if the connection exists, the catalog's creator has a role on it, and no trouble
/// makes the catalog fail.
pub fn failure(state: &State, item: &Item, source: &CatalogSource, now: Timestamp) -> Option<MirroringError> {
    if let Some(trouble) = state.troubles().active(item.id, TroubleKind::CatalogFails, now) {
        return trouble.error.clone();
    }
    let connection = state.find_connection(source.connection);
    let usable = connection.filter(|it| item.creator.is_none_or(|creator| it.role_of(creator.id).is_some()));
    usable.is_none().then(|| MirroringError {
        code: ErrorCode::InvalidInput.as_str().into(),
        message: "Authentication to the source catalog failed. Verify the connection credentials are valid and have not expired, \
                  then try again."
            .into(),
    })
}

/// Returns the error of a mirrored table; `None` if the table exists in the source. A source that is not declared has
/// every table that a definition names.
pub fn table_failure(
    state: &State,
    source: &CatalogSource,
    (namespace, table): &(Vec<String>, String),
    now: Timestamp,
) -> Option<MirroringError> {
    let key = catalog::source_key(source.connection);
    let name = TableName { schema: namespace.join(".").into(), table: table.as_str().into() };
    let exists = matches!(state.source(&key).table(&name, true).presence(now), Presence::Since(_));
    (!exists).then(|| MirroringError {
        code: "TableLocationNotAccessible".into(),
        message: format!("Table location not accessible: {}.{table}", name.schema),
    })
}

/// Returns the instant at which a catalog was last synchronised with its source.
pub fn last_sync(item: &Item, now: Timestamp) -> Timestamp {
    let KindState::MirroredCatalog { sync } = item.kind_state else { return item.visible_from };
    sync.last(item.visible_from, true, now)
}
