//! Mirrored catalogs: status, refresh, and the discovery of a source through its connection.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::fabric::item::{catalog, catalog_sync, mirrored_catalog};
use crate::fabric::mirroring::TableName;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire::catalogs::{
    CatalogStatus, CatalogTableStatus, DatabricksCatalog, DatabricksSchema, DatabricksTable, ScopeBody, TableInfo,
};
use crate::ids::ConnectionId;

/// The only catalog that a Databricks workspace is assumed to have (guessed).
const DATABRICKS_CATALOG: &str = "main";

/// The parameter that names the connection in the operations of Databricks.
const DATABRICKS_CONNECTION: &str = "databricksWorkspaceConnectionId";

pub(super) fn refresh(context: &Context<'_>) -> HandlerResult {
    long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        catalog_sync::refresh(state, workspace, item, now)
    })
}

pub(super) fn status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let source = mirrored_catalog::source(item);
        let error = source.and_then(|source| mirrored_catalog::failure(state, item, &source, context.now));
        Ok(Answer::ok(&CatalogStatus::new(mirrored_catalog::last_sync(item, context.now), error)))
    })
}

pub(super) fn tables_status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let Some(source) = mirrored_catalog::source(item) else {
            return page(context, state, std::iter::empty::<CatalogTableStatus>());
        };
        let failure = mirrored_catalog::failure(state, item, &source, context.now);
        let synced = mirrored_catalog::last_sync(item, context.now);
        let body = |table: (Vec<String>, String)| {
            let table_failure = || mirrored_catalog::table_failure(state, &source, &table, context.now);
            let error = failure.clone().or_else(table_failure);
            CatalogTableStatus::new(table, synced, item.visible_from, error)
        };
        let tables = mirrored_catalog::tables(state, &source, context.now);
        page(context, state, tables.into_iter().map(body))
    })
}

/// Returns the requested page of the content of a source. Positions are counted from the start of the list, so a
/// continuation token is reliable only while the source does not change.
fn page<T: Serialize>(context: &Context<'_>, state: &State, all: impl Iterator<Item = T>) -> HandlerResult {
    let mut page = context.page(state)?;
    page.size = context.max_results()?.map_or(page.size, |most| page.size.min(most));
    let page = page.cut((1..).zip(all).skip_while(|(position, _)| Some(*position) <= page.after));
    Ok(Answer::ok(&context.nullable_list(page)))
}

/// Returns the tables of the source whose connection is in the query. Rejects callers without a role in the connection.
fn source(context: &Context<'_>, state: &State, parameter: &str) -> Result<Vec<TableName>, FabricError> {
    context.workspace(state)?;
    let id = context.query_id::<ConnectionId>(parameter)?;
    let id = id.ok_or_else(|| FabricError::invalid_input(format!("The parameter {parameter} is required.")))?;
    state.connection(id, &context.caller)?;
    Ok(catalog::tables_at(state, id, context.now))
}

/// Lists the namespaces inside `parent`. A recursive list without `parent` is a single tree that begins at the root.
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

pub(super) fn databricks_catalogs(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        source(context, state, DATABRICKS_CONNECTION)?;
        page(context, state, std::iter::once(DatabricksCatalog::new(DATABRICKS_CATALOG)))
    })
}

/// Returns the catalog that the path names, with its tables. An unknown catalog has no tables.
fn databricks(context: &Context<'_>, state: &State) -> Result<(String, Vec<TableName>), FabricError> {
    let tables = source(context, state, DATABRICKS_CONNECTION)?;
    let catalog = context.text("catalogName");
    let known = catalog == DATABRICKS_CATALOG;
    Ok((catalog, if known { tables } else { Vec::new() }))
}

pub(super) fn databricks_schemas(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (catalog, tables) = databricks(context, state)?;
        let schemas: BTreeSet<String> = tables.iter().map(|table| table.schema.to_string()).collect();
        page(context, state, schemas.into_iter().map(|name| DatabricksSchema::new(&catalog, name)))
    })
}

pub(super) fn databricks_tables(context: &Context<'_>) -> HandlerResult {
    let schema = context.text("schemaName");
    context.read(|state| {
        let (catalog, tables) = databricks(context, state)?;
        let within = tables.iter().filter(|table| *table.schema == *schema);
        page(context, state, within.map(|table| DatabricksTable::new(&catalog, table)))
    })
}
