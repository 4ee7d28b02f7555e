//! Power BI's datasets, which are Fabric's semantic models: list, get, and their refreshes. Without a group, the datasets
//! are those of "My workspace".

use crate::fabric::item::{Item, ItemKind};
use crate::fabric::job::refresh;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::odata::{OdataList, Slice};
use crate::http::wire::datasets::{DatasetBody, RefreshBody, RefreshDetailsBody, RefreshRequest};
use crate::ids::JobInstanceId;

/// The number of refreshes in a list, unless `$top` says otherwise (documented).
const REFRESHES: usize = 60;

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let models = workspace(context, state)?.into_iter().flat_map(|within| {
            let items = within.items().values();
            let visible = items.filter(|it| it.kind == ItemKind::SemanticModel && it.visible_from <= context.now);
            visible.map(|item| DatasetBody::new(state, within, item))
        });
        Ok(Answer::ok(&OdataList::new(context, "datasets", models.collect())))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (within, item) = dataset(context, state)?;
        Ok(Answer::ok(&DatasetBody::new(state, within, item)))
    })
}

pub(super) fn refresh(context: &Context<'_>) -> HandlerResult {
    let (request, inert) = context.json_or_nothing::<RefreshRequest>()?.parsed()?;
    let id = context.commit(|state, now| {
        let (within, item) = dataset(context, state)?;
        refresh::start(state, within, item, request, now)
    })?;
    let answer = Answer::accepted().at(context.url(&format!("{}/{id}", context.path()))).request(id.to_string());
    Ok(inert.into_iter().fold(answer, |answer, member| answer.inert(member, true)))
}

pub(super) fn list_refreshes(context: &Context<'_>) -> HandlerResult {
    let slice = Slice::up_to(context, REFRESHES)?;
    context.read(|state| {
        let (_, item) = dataset(context, state)?;
        let all = refresh::list(state, item, context.now).into_iter();
        let bodies = slice.cut(all).map(|(instance, refresh)| RefreshBody::new(&instance, &refresh)).collect();
        Ok(Answer::ok(&OdataList::new(context, "refreshes", bodies)))
    })
}

/// Returns the details of an enhanced refresh: with 202 while it is in progress.
pub(super) fn get_refresh(context: &Context<'_>) -> HandlerResult {
    let id: JobInstanceId = context.id("refreshId")?;
    context.read(|state| {
        let (_, item) = dataset(context, state)?;
        let (instance, refresh) = refresh::find(state, item, id, context.now)?;
        let body = RefreshDetailsBody::new(&instance, &refresh);
        Ok(if instance.status.is_active() { Answer::accepted_with(&body) } else { Answer::ok(&body) })
    })
}

pub(super) fn cancel_refresh(context: &Context<'_>) -> HandlerResult {
    let id: JobInstanceId = context.id("refreshId")?;
    context.commit(|state, now| {
        let (within, item) = dataset(context, state)?;
        refresh::stop(state, within, item, id, now)
    })?;
    Ok(Answer::empty())
}

/// Returns the workspace of the group that the path names, or else that of the caller. An app has none.
fn workspace<'s>(context: &Context<'_>, state: &'s State) -> Result<Option<&'s Workspace>, FabricError> {
    match context.parameters.get("workspaceId") {
        Some(_) => context.workspace(state).map(Some),
        None => Ok(state.workspace(state.personal_workspace(context.caller.id)).ok()),
    }
}

/// Returns the semantic model that the path names, with its workspace.
fn dataset<'s>(context: &Context<'_>, state: &'s State) -> Result<(&'s Workspace, &'s Item), FabricError> {
    let id = context.id("datasetId")?;
    let missing = || FabricError::new(ErrorCode::EntityNotFound).message(format!("Dataset {id} is not found!"));
    let within = workspace(context, state)?.ok_or_else(missing)?;
    let item = within.item_of(ItemKind::SemanticModel, id, context.now).map_err(|_| missing())?;
    Ok((within, item))
}
