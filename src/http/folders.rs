//! Folders: create, list, get, update, move, delete.

use crate::fabric::State;
use crate::fabric::folder;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::folders::{CreateFolder, FolderBody, MoveFolder, UpdateFolder};
use crate::ids::WorkspaceId;

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let workspace: WorkspaceId = context.id("workspaceId")?;
    let body: CreateFolder = context.json()?;
    let display_name = wire::required(body.display_name, "DisplayName")?;
    let parent = wire::folder(body.parent_folder_id, "ParentFolderId")?;
    context.commit_then(
        |state, _| folder::create(state, context.workspace(state)?, display_name, parent),
        |state, id| {
            let location = context.url(&format!("/v1/workspaces/{workspace}/folders/{id}"));
            Ok(Answer::created(&FolderBody::new(workspace, state.workspace(workspace)?.folder(id)?)).at(location))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let root = context.query_id("rootFolderId")?;
    let recursive = context.flag("recursive")?.unwrap_or(true);
    context.read(|state| {
        let workspace = context.workspace(state)?;
        let scope = workspace.scope(root, recursive)?;
        let page = context.page(state)?;
        let after = workspace.folders().after(page.after).filter(|(_, folder)| scope.has(folder.parent));
        Ok(Answer::ok(&context.list(page.cut(after).map(|folder| FolderBody::new(workspace.id, folder)))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| show(context, state))
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let id = context.id("folderId")?;
    let body: UpdateFolder = context.json()?;
    let display_name = wire::required(body.display_name, "DisplayName")?;
    context.commit_then(
        |state, _| folder::update(context.workspace(state)?, id, display_name),
        |state, ()| show(context, state),
    )?
}

pub(super) fn relocate(context: &Context<'_>) -> HandlerResult {
    let id = context.id("folderId")?;
    let body: MoveFolder = context.json_or_nothing()?;
    let target = wire::folder(body.target_folder_id, "TargetFolderId")?;
    context.commit_then(
        |state, _| folder::relocate(context.workspace(state)?, id, target),
        |state, ()| show(context, state),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let id = context.id("folderId")?;
    context.commit(|state, now| folder::delete(context.workspace(state)?, id, now))?;
    Ok(Answer::empty())
}

fn show(context: &Context<'_>, state: &State) -> HandlerResult {
    let workspace = context.workspace(state)?;
    Ok(Answer::ok(&FolderBody::new(workspace.id, workspace.folder(context.id("folderId")?)?)))
}
