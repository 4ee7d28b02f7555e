//! Mirrored catalogs, of Unity Catalog and of Iceberg: what their creation asks for, what the source has, and when it was looked at
//! last (docs/fidelity.md#catalogs). They copy no rows: there is nothing to start or to stop.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Definition, Item, ItemKind, definition};
use crate::fabric::mirroring::source::Presence;
use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::{SourceKey, SourceType, TableName, Trouble};
use crate::fabric::operation::{self, Progress, Yield};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State};
use crate::ids::ConnectionId;

/// The part of a mirrored catalog's definition.
pub(super) const MIRRORED: &str = "MirroredCatalogDefinition.json";
/// The part of a Databricks catalog's definition.
pub(super) const DATABRICKS: &str = "mirroringAzureDatabricksCatalog.json";
/// Accepted names of that part: the documented one, and the one in Microsoft's newer article.
pub(super) const DATABRICKS_PARTS: &[&str] = &[DATABRICKS, "definition.json"];
/// The sources of a mirrored catalog.
const SOURCES: [&str; 3] = ["DremioIcebergCatalog", "AzureMonitorMirroredCatalog", "AWSIcebergCatalog"];
/// How often a catalog is looked at by itself (documented).
const SYNC_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// How long a refresh takes (guessed).
const REFRESH_TAKES: SignedDuration = SignedDuration::from_secs(5);
/// Tables of a catalog at most (documented).
const TABLES_MAX: usize = 500;
/// The properties of a Databricks catalog that an update sets; a definition sets them anew.
pub(in crate::fabric) const SETTABLE: [&str; 3] = ["autoSync", "mirroringMode", "storageConnectionId"];
/// The member under which an item keeps when it was looked at last, before that was changed.
const SYNCED: &str = "syncedAt";
/// The member under which an item keeps when it was refreshed last.
const REFRESHED: &str = "refreshedAt";

/// What a Databricks catalog mirrors, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Databricks {
    /// The catalog's name in Unity Catalog.
    pub catalog_name: String,
    /// The connection to the workspace of Databricks.
    pub databricks_workspace_connection_id: String,
    /// `Enabled` or `Disabled`: whether it is looked at by itself.
    pub auto_sync: String,
    /// `Full` or `Partial`.
    pub mirroring_mode: String,
    /// The connection to its storage.
    pub storage_connection_id: Option<String>,
}

/// What a mirrored catalog mirrors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// One of the source types.
    pub source_type: String,
    /// The connection to the source.
    pub connection: ConnectionId,
    /// The namespace that is mirrored, from the root on.
    pub scope: Vec<String>,
    /// The tables that are named: their namespace and their name; `None`: all in the scope.
    pub tables: Option<Vec<(Vec<String>, String)>>,
}

fn fault(part: &str, complaint: &str) -> FabricError {
    FabricError::new(ErrorCode::InvalidDefinitionParts)
        .detail(ErrorCode::InvalidDefinitionParts, format!("{part}: {complaint}"))
}

/// Checks what a creation or an update says of a catalog; items of other kinds are none.
pub(super) fn check(
    kind: ItemKind,
    payload: Option<&Value>,
    definition: Option<&Definition>,
) -> Result<(), FabricError> {
    match kind {
        ItemKind::MirroredAzureDatabricksCatalog => {
            let told = told(payload, definition, DATABRICKS_PARTS);
            let told = told.ok_or_else(|| FabricError::invalid_input("The CreationPayload field is required."))?;
            Databricks::read(&told)?.check()?;
            check_mirror_configuration(&told)
        }
        ItemKind::MirroredCatalog => {
            let definition = definition.and_then(|it| part(it, &[MIRRORED]));
            read(&definition.unwrap_or_default()).map(drop)
        }
        ItemKind::SnowflakeDatabase => match payload.and_then(|it| it.get("connectionId")) {
            Some(id) if id.as_str().is_none_or(|id| id.parse::<ConnectionId>().is_err()) => {
                Err(FabricError::invalid_input("The field ConnectionId is not a GUID."))
            }
            Some(_) | None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Refuses what a definition must not change: the type of the source, and the connection.
pub(super) fn check_change(item: &Item, definition: &Definition) -> Result<(), FabricError> {
    check(item.kind, None, Some(definition))?;
    if item.kind != ItemKind::MirroredCatalog {
        return Ok(());
    }
    let after = read(&part(definition, &[MIRRORED]).unwrap_or_default())?;
    match mirrored(item) {
        Some(before) if before.source_type != after.source_type || before.connection != after.connection => {
            Err(fault(MIRRORED, "properties.source: its type and its connectionId stay as they were at the creation"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Rejects a scope that discovery does not mark as selectable, where the source of the connection is declared.
pub(super) fn check_scope(
    state: &State,
    kind: ItemKind,
    definition: Option<&Definition>,
    now: Timestamp,
) -> Result<(), FabricError> {
    let Some(document) = definition.filter(|_| kind == ItemKind::MirroredCatalog).and_then(|it| part(it, &[MIRRORED]))
    else {
        return Ok(());
    };
    let Mirrored { connection, scope, .. } = read(&document)?;
    if state.declared(connection).and_then(|declared| declared.at(now)).is_none() || scope.is_empty() {
        return Ok(());
    }
    let all = namespaces_at(state, connection, now);
    if all.contains(&scope) && is_selectable(&scope, &all) {
        return Ok(());
    }
    let scope = scope.join(".");
    Err(fault(
        MIRRORED,
        &format!("properties.source.typeProperties.scope: {scope:?} is not a selectable scope of the source"),
    ))
}

/// Rejects a `mirrorConfiguration` with an unknown mode, or with `Exclude` under `Partial`: there, only selected schemas and tables
/// are mirrored, so none can be excluded.
fn check_mirror_configuration(document: &Value) -> Result<(), FabricError> {
    const MODES: [&str; 3] = ["Full", "Partial", "Exclude"];
    let entries = |holder: &Value, member: &str| match holder.get(member) {
        _ if !holder.is_object() => Err(fault(DATABRICKS, "mirrorConfiguration: expected objects")),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(entries)) => Ok(entries.clone()),
        Some(_) => Err(fault(DATABRICKS, &format!("mirrorConfiguration.{member}: expected a list"))),
    };
    let check = |entry: &Value, outer: &str| match entry.get("mirroringMode") {
        None | Some(Value::Null) => Ok(outer.to_owned()),
        Some(mode) => {
            let mode = mode.as_str().unwrap_or_default();
            if !MODES.contains(&mode) {
                let known = MODES.join(", ");
                return Err(fault(DATABRICKS, &format!("mirroringMode is {mode:?}: expected one of {known}")));
            }
            if outer == "Partial" && mode == "Exclude" {
                return Err(fault(DATABRICKS, "mirroringMode is \"Exclude\": nothing can be excluded under Partial"));
            }
            Ok(mode.to_owned())
        }
    };
    let configuration = document.get("mirrorConfiguration").filter(|configuration| !configuration.is_null());
    let Some(configuration) = configuration else { return Ok(()) };
    let outer = document.get("mirroringMode").and_then(Value::as_str).unwrap_or_default();
    for schema in entries(configuration, "schemas")? {
        let mode = check(&schema, outer)?;
        for table in entries(&schema, "tables")? {
            check(&table, &mode)?;
        }
    }
    Ok(())
}

impl Databricks {
    /// Reads a creation payload or a definition, in the spellings of Microsoft's articles too: `name` for `catalogName`,
    /// `databrickWorkspaceConnectionId`, and a truth value for `autoSync`.
    fn read(document: &Value) -> Result<Self, FabricError> {
        let Some(members) = document.as_object() else { return Err(fault(DATABRICKS, "expected an object")) };
        let text = |names: &[&str]| {
            let given = names.iter().find_map(|name| Some((name, members.get(*name).filter(|it| !it.is_null())?)));
            given
                .map(|(name, value)| {
                    let text = value.as_str().map(str::to_owned);
                    text.ok_or_else(|| fault(DATABRICKS, &format!("{name}: expected a text")))
                })
                .transpose()
        };
        let required = |names: &[&str]| {
            text(names)?.ok_or_else(|| fault(DATABRICKS, &format!("{} is missing", names.first().unwrap_or(&""))))
        };
        let auto_sync = match members.get("autoSync") {
            Some(Value::Bool(true)) => Some("Enabled".to_owned()),
            Some(Value::Bool(false)) => Some("Disabled".to_owned()),
            _ => text(&["autoSync"])?,
        };
        Ok(Self {
            catalog_name: required(&["catalogName", "name"])?,
            databricks_workspace_connection_id: required(&[
                "databricksWorkspaceConnectionId",
                "databrickWorkspaceConnectionId",
            ])?,
            auto_sync: auto_sync.unwrap_or_else(|| "Enabled".into()),
            mirroring_mode: required(&["mirroringMode"])?,
            storage_connection_id: text(&["storageConnectionId"])?,
        })
    }

    fn check(&self) -> Result<(), FabricError> {
        let is_id = |id: &str| id.parse::<ConnectionId>().is_ok();
        if self.catalog_name.is_empty() {
            return Err(fault(DATABRICKS, "catalogName: a text that is not empty was expected"));
        }
        if !is_id(&self.databricks_workspace_connection_id) || !self.storage_connection_id.as_deref().is_none_or(is_id)
        {
            return Err(fault(DATABRICKS, "a connection is named by its id, a GUID"));
        }
        check_settable("autoSync", &self.auto_sync.as_str().into())?;
        check_settable("mirroringMode", &self.mirroring_mode.as_str().into())
    }
}

/// Checks a property of a Databricks catalog that an update sets.
fn check_settable(name: &str, value: &Value) -> Result<(), FabricError> {
    let value = value.as_str().unwrap_or_default();
    let fits = match name {
        "autoSync" => ["Enabled", "Disabled"].contains(&value),
        "mirroringMode" => ["Full", "Partial"].contains(&value),
        _ => value.parse::<ConnectionId>().is_ok(),
    };
    if fits { Ok(()) } else { Err(FabricError::invalid_input(format!("The value {value:?} of {name} is not valid."))) }
}

/// Checks the properties of a Databricks catalog that an update sets.
pub(super) fn check_settable_all(set: Map<String, Value>) -> Result<Map<String, Value>, FabricError> {
    set.iter().try_for_each(|(name, value)| check_settable(name, value)).map(|()| set)
}

/// What the kind was told: by the payload, or by a part of the definition.
fn told(payload: Option<&Value>, definition: Option<&Definition>, paths: &[&str]) -> Option<Value> {
    definition.and_then(|definition| part(definition, paths)).or_else(|| payload.cloned())
}

fn part(definition: &Definition, paths: &[&str]) -> Option<Value> {
    let part = definition.parts.iter().find(|part| paths.contains(&part.path.as_str()))?;
    definition::parse(part).ok().map(|(_, value)| value)
}

/// What a Databricks catalog mirrors now; other items mirror none.
pub fn databricks(item: &Item) -> Option<Databricks> {
    if item.kind != ItemKind::MirroredAzureDatabricksCatalog {
        return None;
    }
    let mut told = told(item.creation_payload.as_deref(), item.definition.as_deref(), DATABRICKS_PARTS)?;
    let chosen = item.kind_state.iter().filter(|(name, _)| SETTABLE.contains(&name.as_str()));
    told.as_object_mut()?.extend(chosen.map(|(name, value)| (name.clone(), value.clone())));
    Databricks::read(&told).ok()
}

/// What a mirrored catalog mirrors; other items mirror none.
pub fn mirrored(item: &Item) -> Option<Mirrored> {
    if item.kind != ItemKind::MirroredCatalog {
        return None;
    }
    read(&part(item.definition.as_deref()?, &[MIRRORED])?).ok()
}

fn read(document: &Value) -> Result<Mirrored, FabricError> {
    let fault = |complaint: &str| fault(MIRRORED, complaint);
    let texts = |value: Option<&Value>| -> Option<Vec<String>> {
        value?.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    };
    if !document.get("$schema").is_some_and(Value::is_string) {
        return Err(fault("$schema is missing: a text was expected"));
    }
    let source = document.pointer("/properties/source").ok_or_else(|| fault("properties.source is missing"))?;
    let source_type = source.get("type").and_then(Value::as_str).unwrap_or_default();
    if !SOURCES.contains(&source_type) {
        let known = SOURCES.join(", ");
        return Err(fault(&format!("properties.source.type is {source_type:?}: one of {known} was expected")));
    }
    let connection = source.pointer("/typeProperties/connectionId").and_then(|id| id.as_str()?.parse().ok());
    let connection = connection
        .ok_or_else(|| fault("properties.source.typeProperties.connectionId: the id of a connection was expected"))?;
    let scope = texts(source.pointer("/typeProperties/scope"))
        .ok_or_else(|| fault("properties.source.typeProperties.scope: a list of names was expected"))?;
    let table = |table: &Value| {
        let of = |member: &str| table.pointer(&format!("/source/typeProperties/{member}"));
        Some((texts(of("fullyQualifiedScope"))?, of("tableName")?.as_str()?.to_owned()))
    };
    let tables = match document.pointer("/properties/mountedTables") {
        None | Some(Value::Null) => None,
        Some(tables) => {
            if tables.as_array().is_some_and(|tables| tables.len() > TABLES_MAX) {
                return Err(fault(&format!("properties.mountedTables: {TABLES_MAX} tables at most")));
            }
            let tables = tables.as_array().and_then(|tables| tables.iter().map(table).collect::<Option<Vec<_>>>());
            Some(
                tables
                    .ok_or_else(|| fault("properties.mountedTables: a table has fullyQualifiedScope and tableName"))?,
            )
        }
    };
    Ok(Mirrored { source_type: source_type.to_owned(), connection, scope, tables })
}

/// The tables behind a connection: those declared of its source, else a few assumed. A schema's dots part its namespaces.
pub fn tables_at(state: &State, connection: ConnectionId, now: Timestamp) -> Vec<TableName> {
    let key = SourceKey { source: SourceType::AzureSqlDatabase, connection: Some(connection), database: None };
    state.source(&key).tables(now, TABLES_MAX)
}

/// The namespaces behind a connection, of all its tables.
pub fn namespaces_at(state: &State, connection: ConnectionId, now: Timestamp) -> BTreeSet<Vec<String>> {
    let key = SourceKey { source: SourceType::AzureSqlDatabase, connection: Some(connection), database: None };
    namespaces(&state.source(&key).tables(now, usize::MAX))
}

/// The tables that a catalog mirrors, each with its namespace.
pub fn mirrored_tables(state: &State, catalog: &Mirrored, now: Timestamp) -> Vec<(Vec<String>, String)> {
    if let Some(tables) = &catalog.tables {
        return tables.clone();
    }
    let all =
        tables_at(state, catalog.connection, now).into_iter().map(|name| (namespace(&name), name.table.to_string()));
    all.filter(|(namespace, _)| namespace.starts_with(&catalog.scope)).collect()
}

/// Why a catalog cannot be read: its connection is not there, or its creator may not use it.
pub fn failure(state: &State, item: &Item, catalog: &Mirrored) -> Option<Trouble> {
    let connection = state.connection_at_all(catalog.connection);
    let usable = connection.filter(|it| item.creator.is_none_or(|creator| it.role_of(creator.id).is_some()));
    usable.is_none().then(|| Trouble {
        code: ErrorCode::InvalidInput.as_str().into(),
        message: "Authentication to the source catalog failed. Verify the connection credentials are valid and have not expired, \
                  then try again."
            .into(),
    })
}

/// Why a table of a catalog cannot be read: the source does not have it. An assumed source has every table that is named.
pub fn table_failure(
    state: &State,
    catalog: &Mirrored,
    (namespace, table): &(Vec<String>, String),
    now: Timestamp,
) -> Option<Trouble> {
    let key = SourceKey { source: SourceType::AzureSqlDatabase, connection: Some(catalog.connection), database: None };
    let name = TableName { schema: namespace.join(".").into(), table: table.as_str().into() };
    let is_there = matches!(state.source(&key).presence(&name, true, now), Presence::Since(_));
    (!is_there).then(|| Trouble {
        code: "TableLocationNotAccessible".into(),
        message: format!("Table location not accessible: {}.{table}", name.schema),
    })
}

/// The namespace of a table, from the root on.
pub fn namespace(name: &TableName) -> Vec<String> {
    name.schema.split('.').map(str::to_owned).collect()
}

/// All namespaces of these tables, the outer before the inner.
pub fn namespaces(tables: &[TableName]) -> BTreeSet<Vec<String>> {
    let prefixes = |name: &TableName| {
        let whole = namespace(name);
        (1..=whole.len()).map(|length| whole[..length].to_vec()).collect::<Vec<_>>()
    };
    tables.iter().flat_map(prefixes).collect()
}

/// Whether a namespace can be mirrored: it holds the namespaces of tables, or tables where there are no inner ones.
pub fn is_selectable(namespace: &[String], all: &BTreeSet<Vec<String>>) -> bool {
    let inner = || all.iter().filter(|other| other.len() == namespace.len() + 1 && other.starts_with(namespace));
    let is_leaf = |of: &[String]| !all.iter().any(|other| other.len() > of.len() && other.starts_with(of));
    if namespace.len() == 1 && is_leaf(namespace) { true } else { inner().any(|other| is_leaf(other)) }
}

/// When a catalog was looked at last: at its creation, at a refresh, or by itself.
pub fn last_sync(item: &Item, now: Timestamp) -> Timestamp {
    let by_itself = databricks(item).is_none_or(|catalog| catalog.auto_sync == "Enabled");
    let created = item.visible_from;
    let steps = if by_itself { now.duration_since(created).as_secs().max(0) / SYNC_EVERY.as_secs() } else { 0 };
    let scheduled = crate::fabric::later(created, SignedDuration::from_secs(steps * SYNC_EVERY.as_secs()));
    let known = [instant(item, SYNCED), instant(item, REFRESHED).filter(|at| *at <= now)];
    known.into_iter().flatten().fold(scheduled, Timestamp::max)
}

/// What is to be remembered of a catalog before something changes when it is looked at: when that was last.
pub(super) fn remembered(item: &Item, now: Timestamp) -> Map<String, Value> {
    match item.kind {
        ItemKind::MirroredAzureDatabricksCatalog | ItemKind::MirroredCatalog => {
            [(SYNCED.to_owned(), last_sync(item, now).to_string().into())].into_iter().collect()
        }
        _ => Map::new(),
    }
}

/// Whether a refresh is on its way.
pub fn is_refreshing(item: &Item, now: Timestamp) -> bool {
    instant(item, REFRESHED).is_some_and(|at| at > now)
}

fn instant(item: &Item, member: &str) -> Option<Timestamp> {
    item.kind_state.get(member)?.as_str()?.parse().ok()
}

/// Looks at a catalog's source anew, as an operation.
pub fn refresh(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decided<Progress<()>> {
    state.check_capacity(within)?;
    let operation = operation::begin(state, within.id, Role::Contributor, REFRESH_TAKES, Yield::Nothing, now);
    let mut kind_state = remembered(item, now);
    kind_state.insert(REFRESHED.to_owned(), operation.ends_at.to_string().into());
    let refreshed = Fact::ItemExtended { workspace: within.id, id: item.id, kind_state };
    Ok(operation.after(vec![refreshed]))
}
