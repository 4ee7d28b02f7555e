//! Items, as administrators see them: list, get, their users, and the items of a user.

use crate::fabric::item::{Item, ItemKind};
use crate::fabric::principal::{DirectoryEntry, PrincipalType};
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::admin::{AccessDetails, AccessEntity, AdminItem, ItemAccess, NamedList};
use crate::ids::{CapacityId, ItemId, PrincipalId, WorkspaceId};

/// Returns the kind that the query parameter `type` names.
fn kind(context: &Context<'_>) -> Result<Option<ItemKind>, FabricError> {
    context.query("type").map(|name| name.parse()).transpose()
}

/// Returns the item that the path names. A `type` must be that of the item.
pub(super) fn item<'s>(context: &Context<'_>, state: &'s State) -> Result<(&'s Workspace, &'s Item), FabricError> {
    let (workspace, id): (WorkspaceId, ItemId) = (context.id("workspaceId")?, context.id("itemId")?);
    let kind = kind(context)?;
    let found = state.workspaces().get(&workspace).and_then(|within| Some((within, within.items().get(&id)?)));
    let found = found.filter(|(_, item)| item.visible_from <= context.now);
    let found = found.filter(|(_, item)| kind.is_none_or(|kind| item.kind == kind));
    found.ok_or_else(|| FabricError::new(ErrorCode::ItemNotFound).about("Item", id))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let workspace: Option<WorkspaceId> = context.query_id("workspaceId")?;
    let capacity: Option<CapacityId> = context.query_id("capacityId")?;
    let kind = kind(context)?;
    if context.query("state").is_some_and(|state| !state.eq_ignore_ascii_case("active")) {
        return Err(ErrorCode::InvalidItemState.into());
    }
    context.read(|state| {
        let page = context.page(state)?;
        let found = state.items_after(page.after, context.now).filter(|(_, (within, item))| {
            workspace.is_none_or(|id| within.id == id)
                && capacity.is_none_or(|id| within.capacity == Some(id))
                && kind.is_none_or(|kind| item.kind == kind)
        });
        let page = page.cut(found).map(|(within, item)| AdminItem::new(state, within, item));
        let continuation = context.continuation(&page);
        Ok(Answer::ok(&NamedList { name: "itemEntities", elements: page.elements, continuation }))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = item(context, state)?;
        Ok(Answer::ok(&AdminItem::new(state, workspace, item)))
    })
}

pub(super) fn users(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (workspace, item) = item(context, state)?;
        let assignments = workspace.role_assignments().values();
        let access_details = assignments.map(|assignment| ItemAccess::new(state, item, assignment)).collect();
        Ok(Answer::ok(&AccessDetails { access_details }))
    })
}

/// Returns the items to which a user has access. The path has the object id or the sign-in name of the user.
pub(super) fn of_user(context: &Context<'_>) -> HandlerResult {
    let (name, kind) = (context.text("userId"), kind(context)?);
    context.read(|state| {
        let by_id = name.parse::<PrincipalId>().ok().and_then(|id| state.directory().get(&id));
        let known = by_id.or_else(|| state.user(&name)).map(DirectoryEntry::principal);
        let user = known.filter(|principal| principal.kind == PrincipalType::User);
        let user = user.ok_or_else(|| {
            FabricError::new(ErrorCode::InvalidPrincipal).about("User", name.chars().take(200).collect::<String>())
        })?;
        let page = context.page(state)?;
        let found = state.items_after(page.after, context.now);
        let found = found.filter(|(_, (_, item))| kind.is_none_or(|kind| item.kind == kind));
        let found = found.filter_map(|(at, (within, item))| Some((at, (item, within.role_of(user)?))));
        let page = page.cut(found).map(|(item, role)| AccessEntity::new(item, role));
        let continuation = context.continuation(&page);
        Ok(Answer::ok(&NamedList { name: "accessEntities", elements: page.elements, continuation }))
    })
}
