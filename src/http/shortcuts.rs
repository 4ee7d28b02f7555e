//! Shortcuts of an item: create, list, get, delete.

use crate::fabric::FabricError;
use crate::fabric::item::shortcut::{self, ConflictPolicy, Shortcut};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::shortcuts::{CreateShortcut, ShortcutBody};

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let body: CreateShortcut = context.json()?;
    let new = Shortcut {
        path: wire::required(body.path, "Path")?,
        name: wire::required(body.name, "Name")?,
        target: wire::required(body.target, "Target")?,
        position: 0,
    };
    let policy = context.query("shortcutConflictPolicy").map(|name| {
        ConflictPolicy::named(&name).ok_or_else(|| {
            FabricError::invalid_input(format!(
                "The value {name:?} of shortcutConflictPolicy is not a conflict policy."
            ))
        })
    });
    let policy = policy.transpose()?.unwrap_or_default();
    let (made, is_new) = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        state.check_capacity(workspace)?;
        shortcut::create(workspace, item, new, policy)
    })?;
    let answer = Answer::ok(&ShortcutBody::from(&made));
    let answer = if is_new { Answer::created(&ShortcutBody::from(&made)) } else { answer };
    let place = context.path();
    Ok(answer.at(context.url(&format!("{place}/{}/{}", segment(&made.path), segment(&made.name)))))
}

/// Encodes a text as one segment of a path. Slashes become `%2F`.
fn segment(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let parent = context.query("parentPath");
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let parent = parent.as_deref().map(|path| path.trim_matches('/'));
        let is_within = |path: &str| {
            parent.is_none_or(|parent| {
                path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let page = context.page(state)?;
        let within = item.shortcuts.iter().filter(|shortcut| is_within(&shortcut.path));
        let all = within.map(|shortcut| (shortcut.position, shortcut));
        let page = page.cut(all.skip_while(|(position, _)| Some(*position) <= page.after));
        Ok(Answer::ok(&context.list(page.map(ShortcutBody::from))))
    })
}

/// Returns a shortcut. The path of the shortcut is a single segment of the URL, so clients encode its slashes as `%2F`.
pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let (path, name) = (context.text("shortcutPath"), context.text("shortcutName"));
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        Ok(Answer::ok(&ShortcutBody::from(shortcut::find(item, &path, &name)?)))
    })
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let (path, name) = (context.text("shortcutPath"), context.text("shortcutName"));
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        shortcut::delete(workspace, item, &path, &name)
    })?;
    Ok(Answer::empty())
}
