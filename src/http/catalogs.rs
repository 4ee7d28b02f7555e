//! Mirrored catalogs: their status, their refresh, and what can be discovered behind a connection.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::fabric::item::mirrored_catalog::CatalogSource;
use crate::fabric::item::{catalog, catalog_sync, mirrored_catalog};
use crate::fabric::mirroring::{MirroringError, TableName};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::{Answer, utc};
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire::NullableList;
use crate::ids::ConnectionId;

pub(super) fn refresh(context: &Context<'_>) -> HandlerResult {
    long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        catalog_sync::refresh(state, workspace, item, now)
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    status: &'static str,
    last_sync_date_time: String,
    error: Option<TroubleBody>,
}

/// The error of a catalog, or of one of its tables.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct TroubleBody {
    error_code: String,
    message: String,
}

impl From<MirroringError> for TroubleBody {
    fn from(error: MirroringError) -> Self {
        Self { error_code: error.code, message: error.message }
    }
}

pub(super) fn status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let last_sync_date_time = utc(mirrored_catalog::last_sync(item, context.now));
        let source = mirrored_catalog::source(item);
        let error = source.and_then(|it| mirrored_catalog::failure(state, item, &it)).map(TroubleBody::from);
        let status = if error.is_some() { "Failed" } else { "Running" };
        Ok(Answer::ok(&StatusBody { status, last_sync_date_time, error }))
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableStatusBody {
    schema_name: String,
    name: String,
    status: &'static str,
    last_sync_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_update_date_time: Option<String>,
    error: Option<TroubleBody>,
}

pub(super) fn tables_status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let Some(source) = mirrored_catalog::source(item) else {
            return page(context, state, std::iter::empty::<TableStatusBody>());
        };
        let failure = mirrored_catalog::failure(state, item, &source);
        let (synced, updated) = (utc(mirrored_catalog::last_sync(item, context.now)), utc(item.visible_from));
        let body = |table: (Vec<String>, String)| {
            let of_table = || mirrored_catalog::table_failure(state, &source, &table, context.now);
            let error = failure.clone().or_else(of_table).map(TroubleBody::from);
            let runs = error.is_none();
            let (namespace, name) = table;
            TableStatusBody {
                schema_name: namespace.last().cloned().unwrap_or_default(),
                name,
                status: if runs { "Running" } else { "Failed" },
                last_sync_date_time: runs.then(|| synced.clone()),
                last_update_date_time: runs.then(|| updated.clone()),
                error,
            }
        };
        let tables = mirrored_catalog::tables(state, &source, context.now);
        page(context, state, tables.into_iter().map(body))
    })
}

/// A page of what a source has: counted from its begin, and not to be relied on when the source is declared anew meanwhile.
fn page<T: Serialize>(context: &Context<'_>, state: &State, all: impl Iterator<Item = T>) -> HandlerResult {
    let mut page = context.page(state)?;
    if let Some(most) = context.query("maxResults") {
        let most: u32 = most.parse().ok().filter(|most| *most > 0).ok_or_else(|| {
            FabricError::invalid_input(format!("The value {most:?} of maxResults is not a positive whole number."))
        })?;
        page.size = page.size.min(most);
    }
    let page = page.cut((1..).zip(all).skip_while(|(position, _)| Some(*position) <= page.after));
    Ok(Answer::ok(&NullableList::new(context, page)))
}

/// The tables behind the connection that the query names, if the caller may use it.
fn source(context: &Context<'_>, state: &State, parameter: &str) -> Result<Vec<TableName>, FabricError> {
    context.workspace(state)?;
    let id = context.query_id::<ConnectionId>(parameter)?;
    let id = id.ok_or_else(|| FabricError::invalid_input(format!("The parameter {parameter} is required.")))?;
    state.connection(id, &context.caller)?;
    Ok(catalog::tables_at(state, id, context.now))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeBody {
    name: String,
    fully_qualified_scope: Vec<String>,
    is_selectable: &'static str,
    children: Option<Vec<ScopeBody>>,
}

impl ScopeBody {
    fn new(scope: &[String], all: &BTreeSet<Vec<String>>, recursive: bool) -> Self {
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

/// From the root, one entry for it; of a parent, those within.
pub(super) fn scopes(context: &Context<'_>) -> HandlerResult {
    let recursive = context.flag("recursive")?.unwrap_or(false);
    let parent = context.query_all("parent");
    context.read(|state| {
        let all = catalog::namespaces(&source(context, state, "connectionId")?);
        let within = all.iter().filter(|other| other.len() == parent.len() + 1 && other.starts_with(&parent));
        let scopes: Vec<ScopeBody> = if parent.is_empty() && recursive {
            vec![ScopeBody::new(&[], &all, true)]
        } else {
            within.map(|scope| ScopeBody::new(scope, &all, recursive)).collect()
        };
        page(context, state, scopes.into_iter())
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableInfo {
    fully_qualified_scope: Vec<String>,
    name: String,
}

pub(super) fn tables(context: &Context<'_>) -> HandlerResult {
    let scope = context.query_all("scope");
    context.read(|state| {
        let tables = source(context, state, "connectionId")?;
        if !scope.is_empty() && !catalog::namespaces(&tables).contains(&scope) {
            return Err(ErrorCode::ItemNotFound.into());
        }
        let tables = tables.into_iter().map(|table| (catalog::namespace(&table), table.table.to_string()));
        let within = tables.filter(|(namespace, _)| namespace.starts_with(&scope));
        page(context, state, within.map(|(fully_qualified_scope, name)| TableInfo { fully_qualified_scope, name }))
    })
}

/// The one catalog that a workspace of Databricks is assumed to have (guessed).
const DATABRICKS_CATALOG: &str = "main";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DatabricksCatalog {
    name: &'static str,
    catalog_type: &'static str,
    storage_location: String,
    full_name: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DatabricksSchema {
    full_name: String,
    storage_location: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DatabricksTable {
    full_name: String,
    storage_location: String,
    table_type: &'static str,
    data_source_format: &'static str,
    name: String,
}

/// Where something of Unity Catalog lies.
fn storage(path: &str) -> String {
    format!("abfss://unity@specularite.dfs.core.windows.net/{path}")
}

pub(super) fn databricks_catalogs(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        source(context, state, CONNECTION)?;
        let storage_location = storage(DATABRICKS_CATALOG);
        let (name, catalog_type) = (DATABRICKS_CATALOG, "MANAGED_CATALOG");
        page(
            context,
            state,
            std::iter::once(DatabricksCatalog { name, catalog_type, storage_location, full_name: name }),
        )
    })
}

const CONNECTION: &str = "databricksWorkspaceConnectionId";

/// The tables of the catalog that the path names: of another than the one that there is, none.
fn databricks(context: &Context<'_>, state: &State) -> Result<(String, Vec<TableName>), FabricError> {
    let tables = source(context, state, CONNECTION)?;
    let catalog = context.text("catalogName");
    let known = catalog == DATABRICKS_CATALOG;
    Ok((catalog, if known { tables } else { Vec::new() }))
}

pub(super) fn databricks_schemas(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (catalog, tables) = databricks(context, state)?;
        let schemas: BTreeSet<String> = tables.iter().map(|table| table.schema.to_string()).collect();
        let body = |name: String| DatabricksSchema {
            full_name: format!("{catalog}.{name}"),
            storage_location: storage(&format!("{catalog}/{name}")),
            name,
        };
        page(context, state, schemas.into_iter().map(body))
    })
}

pub(super) fn databricks_tables(context: &Context<'_>) -> HandlerResult {
    let schema = context.text("schemaName");
    context.read(|state| {
        let (catalog, tables) = databricks(context, state)?;
        let body = |table: TableName| DatabricksTable {
            full_name: format!("{catalog}.{schema}.{}", table.table),
            storage_location: storage(&format!("{catalog}/{schema}/{}", table.table)),
            table_type: "MANAGED",
            data_source_format: "DELTA",
            name: table.table.to_string(),
        };
        page(context, state, tables.into_iter().filter(|table| *table.schema == *schema).map(body))
    })
}

/// The properties of a mirrored catalog that are its own.
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
