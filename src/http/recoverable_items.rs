//! Recoverable items of a workspace: list, recover, delete permanently.

use crate::fabric::FabricError;
use crate::fabric::item::{ItemKind, recovery};
use crate::fabric::role::Role;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::http::wire::items::ItemBody;
use crate::http::wire::recoverable_items::RecoverableItemBody;

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let kind: Option<ItemKind> = context.query("type").map(|name| name.parse()).transpose()?;
    let by_me = context.flag("recoverableByMe")?.unwrap_or(false);
    context.read(|state| {
        let workspace = context.workspace(state)?;
        let page = context.page(state)?;
        let may_recover = !by_me || workspace.has_role(context.caller, Role::Contributor);
        let seen = workspace.recoverable_items(page.after, context.now).filter(|(_, it)| {
            kind.is_none_or(|kind| it.item.kind == kind) && may_recover && (!by_me || workspace.can_recover(&it.item))
        });
        let page = page.cut(seen).map(|it| RecoverableItemBody::new(state, workspace.id, it));
        Ok(Answer::ok(&context.list(page)))
    })
}

/// Recovers an item at once. The response lists the recovered items.
pub(super) fn recover(context: &Context<'_>) -> HandlerResult {
    let id = context.item_id()?;
    context.commit_then(
        |state, now| recovery::recover(context.workspace(state)?, id, now),
        |state, recovered| {
            let workspace = context.workspace(state)?;
            let items = recovered.iter().filter_map(|id| workspace.items().get(id));
            Ok::<_, FabricError>(Answer::ok(&List::all(
                items.map(|item| ItemBody::new(state, workspace.id, item)).collect(),
            )))
        },
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let id = context.item_id()?;
    context.commit(|state, now| recovery::delete(context.workspace(state)?, id, now))?;
    Ok(Answer::empty())
}
