//! Spark: the settings and custom pools of workspaces, and sessions of Livy, of which there are none.

use crate::fabric::spark::pool::{self, PoolUpdate};
use crate::fabric::spark::settings::{self, SettingsUpdate};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::http::wire::spark::{CreatePoolBody, PoolBody, SettingsBody};
use crate::ids::PoolId;

pub(super) fn settings(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let workspace = context.workspace(state)?;
        Ok(Answer::indented(&SettingsBody::new(state, workspace, context.now)))
    })
}

pub(super) fn update_settings(context: &Context<'_>) -> HandlerResult {
    let update: SettingsUpdate = context.json()?;
    context.commit_then(
        |state, now| settings::update(state, context.workspace(state)?, update, now),
        |state, ()| Ok(Answer::indented(&SettingsBody::new(state, context.workspace(state)?, context.now))),
    )?
}

pub(super) fn pools(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let workspace = context.workspace(state)?;
        let page = context.page(state)?;
        Ok(Answer::indented(&context.list(page.cut(pool::list(workspace, page.after)).map(PoolBody::from))))
    })
}

pub(super) fn create_pool(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<CreatePoolBody>()?.try_into()?;
    context.commit_then(
        |state, _| pool::create(state, context.workspace(state)?, new),
        |state, id| Ok(Answer::created_indented(&PoolBody::from(pool::get(context.workspace(state)?, id)?))),
    )?
}

pub(super) fn pool(context: &Context<'_>) -> HandlerResult {
    let id: PoolId = context.id("poolId")?;
    context.read(|state| Ok(Answer::indented(&PoolBody::from(pool::get(context.workspace(state)?, id)?))))
}

pub(super) fn update_pool(context: &Context<'_>) -> HandlerResult {
    let id: PoolId = context.id("poolId")?;
    let update: PoolUpdate = context.json()?;
    context.commit_then(
        |state, _| pool::update(context.workspace(state)?, id, update),
        |state, ()| Ok(Answer::indented(&PoolBody::from(pool::get(context.workspace(state)?, id)?))),
    )?
}

pub(super) fn delete_pool(context: &Context<'_>) -> HandlerResult {
    let id: PoolId = context.id("poolId")?;
    context.commit(|state, _| pool::delete(context.workspace(state)?, id))?;
    Ok(Answer::empty())
}

/// Lists no sessions of a workspace.
pub(super) fn sessions(context: &Context<'_>) -> HandlerResult {
    context.read(|state| context.workspace(state).map(drop))?;
    Ok(Answer::ok(&List::<()>::all(Vec::new())))
}

/// Lists no sessions of an item.
pub(super) fn item_sessions(context: &Context<'_>) -> HandlerResult {
    context.read(|state| context.item(state, context.now).map(drop))?;
    Ok(Answer::ok(&List::<()>::all(Vec::new())))
}

/// Finds no session of an item.
pub(super) fn item_session(context: &Context<'_>) -> HandlerResult {
    context.read(|state| context.item(state, context.now).map(drop))?;
    Err(FabricError::new(ErrorCode::EntityNotFound).about("LivySession", context.text("livyId")))
}
