//! Lakehouses: tables, Livy sessions, and execution definitions of materialized lake views.

use serde_json::Value;

use crate::fabric::item::lakehouse::{execution_definition, table};
use crate::fabric::page::Page;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire::NullableList;
use crate::http::wire::lakehouses::{ExecutionDefinitionBody, ExecutionDefinitionRequest, LoadTableRequest, TableList};
use crate::ids::ExecutionDefinitionId;

/// The maximum number of tables on a page (documented).
const TABLES_PAGE_MAX: u32 = 100;
/// The hint in the answer to a load.
const NO_FILES: &str = "no file is read: the table has no rows";

pub(super) fn list_tables(context: &Context<'_>) -> HandlerResult {
    let most = context.max_results()?.unwrap_or(TABLES_PAGE_MAX);
    if most > TABLES_PAGE_MAX {
        return Err(FabricError::invalid_input(format!("maxResults is {most}: at most {TABLES_PAGE_MAX} is allowed.")));
    }
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_readable(workspace, item.kind)?;
        let page = context.page_of(state, most.min(state.settings.page_size))?;
        let tables = table::list(item, context.now)?.map(|table| (table.position, table));
        let page = page.cut(tables.skip_while(|(position, _)| Some(*position) <= page.after));
        let continuation = context.continuation(&page);
        Ok(Answer::ok(&TableList::new((workspace.id, item.id), page, continuation)))
    })
}

pub(super) fn load_table(context: &Context<'_>) -> HandlerResult {
    load(context, None)
}

pub(super) fn load_schema_table(context: &Context<'_>) -> HandlerResult {
    load(context, Some(context.text("schemaName")))
}

fn load(context: &Context<'_>, schema: Option<String>) -> HandlerResult {
    let load = context.json::<LoadTableRequest>()?.parsed(schema, context.text("tableName"), context.now)?;
    let started = long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        table::load(state, workspace, item, load, now)
    })?;
    Ok(started.note(Some(NO_FILES)))
}

/// Lists the Livy sessions of a lakehouse. There are none, because the emulator has no Spark.
pub(super) fn list_livy_sessions(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        context.item(state, context.now)?;
        let none: Page<Value> = context.page(state)?.cut(std::iter::empty());
        Ok(Answer::ok(&NullableList::new(none, None)))
    })
}

pub(super) fn get_livy_session(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        context.item(state, context.now)?;
        Err(FabricError::new(ErrorCode::SparkCoreSessionNotFound).about("LivySession", context.text("livyId")))
    })
}

pub(super) fn create_execution_definition(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<ExecutionDefinitionRequest>()?.parsed()?;
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            execution_definition::create(state, workspace, item, new)
        },
        |state, id| {
            let (_, item) = context.item(state, context.now)?;
            let answer = Answer::created(&ExecutionDefinitionBody::from(execution_definition::find(item, id)?));
            Ok(answer.at(context.url(&format!("{}/{id}", context.path()))))
        },
    )?
}

pub(super) fn list_execution_definitions(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let page = context.page(state)?;
        let all = execution_definition::list(item).iter().map(|definition| (definition.position, definition));
        let page = page.cut(all.skip_while(|(position, _)| Some(*position) <= page.after));
        Ok(Answer::ok(&context.list(page.map(ExecutionDefinitionBody::from))))
    })
}

pub(super) fn get_execution_definition(context: &Context<'_>) -> HandlerResult {
    let id = execution_definition_id(context)?;
    context.read(|state| show_execution_definition(context, state, id))
}

pub(super) fn update_execution_definition(context: &Context<'_>) -> HandlerResult {
    let id = execution_definition_id(context)?;
    let change = context.json::<ExecutionDefinitionRequest>()?.parsed()?;
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            execution_definition::update(workspace, item, id, change)
        },
        |state, id| show_execution_definition(context, state, id),
    )?
}

pub(super) fn delete_execution_definition(context: &Context<'_>) -> HandlerResult {
    let id = execution_definition_id(context)?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        execution_definition::delete(workspace, item, id)
    })?;
    Ok(Answer::empty())
}

fn execution_definition_id(context: &Context<'_>) -> Result<ExecutionDefinitionId, FabricError> {
    context.id("mlvExecutionDefinitionId")
}

fn show_execution_definition(context: &Context<'_>, state: &State, id: ExecutionDefinitionId) -> HandlerResult {
    let (_, item) = context.item(state, context.now)?;
    Ok(Answer::ok(&ExecutionDefinitionBody::from(execution_definition::find(item, id)?)))
}
