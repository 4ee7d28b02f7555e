//! Table shortcuts of KQL databases: create, list, get, delete.

use crate::fabric::item::shortcut::{self, TABLES};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::shortcuts::segment;
use crate::http::wire::shortcuts::{CreateTableShortcut, TableShortcutBody};

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<CreateTableShortcut>()?.parsed()?;
    let created = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        state.check_capacity(workspace)?;
        shortcut::create_of_table(workspace, item, new)
    })?;
    let location = context.url(&format!("{}/{}", context.path(), segment(&created.name)));
    Ok(Answer::created(&TableShortcutBody::from(&created)).at(location))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let page = context.page(state)?;
        let all = item.shortcuts.iter().filter(|shortcut| shortcut.is_of_table());
        let all = all.map(|shortcut| (shortcut.position, shortcut));
        let page = page.cut(all.skip_while(|(position, _)| Some(*position) <= page.after));
        Ok(Answer::ok(&context.list(page.map(TableShortcutBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let name = context.text("shortcutName");
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        Ok(Answer::ok(&TableShortcutBody::from(shortcut::find(item, TABLES, &name)?)))
    })
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let name = context.text("shortcutName");
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        shortcut::delete(workspace, item, TABLES, &name)
    })?;
    Ok(Answer::empty())
}
