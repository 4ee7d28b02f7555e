//! Mirrored databases: start, stop, and the status of mirroring and of its tables.
//!
//! The operations that all kinds share are in `items.rs`.

use jiff::Timestamp;

use crate::fabric::behaviours::{MirroringByApps, StartAnswer, TablesBeforeStart};
use crate::fabric::item::{Item, mirrored_database};
use crate::fabric::mirroring::Replication;
use crate::fabric::mirroring::trouble::TroubleKind;
use crate::fabric::principal::PrincipalType;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::mirrored_databases::{StatusBody, TablesBody};

/// Starts the mirroring of a mirrored or SQL database.
pub(super) fn start(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        check_caller(context, state)?;
        mirrored_database::start(state, workspace, item, now)
    })?;
    let answer = context.read(|state| state.settings.behaviours.start_answer);
    Ok(if answer == StartAnswer::Accepted { Answer::accepted() } else { Answer::empty() })
}

/// Stops the mirroring of a mirrored or SQL database.
pub(super) fn stop(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        check_caller(context, state)?;
        mirrored_database::stop(state, workspace, item, now)
    })?;
    Ok(Answer::empty())
}

/// Rejects apps if the tenant's behaviours choose this answer. One real tenant rejected start and stop by managed
/// identities of every role (seen).
fn check_caller(context: &Context<'_>, state: &State) -> Result<(), FabricError> {
    let rejects_apps = state.settings.behaviours.mirroring_by_apps == MirroringByApps::Refuse;
    if rejects_apps && context.caller.kind == PrincipalType::ServicePrincipal {
        let note = "settings.behaviours.mirroringByApps is 401";
        return Err(FabricError::new(ErrorCode::Unauthorized).note(note));
    }
    Ok(())
}

/// Returns the replication of a mirrored database. Answers 404 if trouble hides the status.
fn replication<'a>(
    state: &'a State,
    workspace: &Workspace,
    item: &'a Item,
    now: Timestamp,
) -> Result<Replication<'a>, FabricError> {
    let replication = state.replication(workspace.id, item)?;
    if replication.windows().has(TroubleKind::StatusNotFound, now) {
        return Err(FabricError::no_item(item.id));
    }
    Ok(replication)
}

pub(super) fn status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let replication = replication(state, workspace, item, context.now)?;
        Ok(Answer::indented(&StatusBody::from(replication.phase_at(context.now))))
    })
}

pub(super) fn tables_status(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        state.check_capacity(workspace)?;
        let replication = replication(state, workspace, item, context.now)?;
        if state.settings.behaviours.tables_before_start == TablesBeforeStart::NotFound
            && !item.mirroring()?.was_started_by(context.now)
        {
            return Err(FabricError::no_item(item.id));
        }
        let page = context.page_of(state, state.settings.tables_page_size())?;
        let tables = replication.tables_page(state, context.now, page);
        let continuation = context.continuation(&tables);
        Ok(Answer::indented(&TablesBody::new(&tables, continuation)))
    })
}
