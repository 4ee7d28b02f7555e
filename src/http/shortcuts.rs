//! Shortcuts of an item: create one or many, list, get, delete; the reset of their cache.

use crate::fabric::FabricError;
use crate::fabric::item::shortcut::{self, ConflictPolicy, Shortcut};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire::shortcuts::{CreateShortcut, CreateShortcuts, CreatedShortcutBody, ShortcutBody};
use crate::http::wire::{self, List};

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let new = context.json::<CreateShortcut>()?.parsed()?;
    let policy = policy(context)?;
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

/// Creates shortcuts, each by itself: the answer has the result of each.
pub(super) fn create_many(context: &Context<'_>) -> HandlerResult {
    let requests =
        wire::required(context.json::<CreateShortcuts>()?.create_shortcut_requests, "CreateShortcutRequests")?;
    let new = requests.into_iter().map(CreateShortcut::parsed).collect::<Result<Vec<Shortcut>, FabricError>>()?;
    let policy = policy(context)?;
    let named: Vec<(String, String)> = new.iter().map(|new| (new.name.clone(), new.path.clone())).collect();
    let created = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        state.check_capacity(workspace)?;
        shortcut::create_each(workspace, item, new, policy)
    })?;
    let bodies =
        named.iter().zip(&created).map(|((name, path), created)| CreatedShortcutBody::new(name, path, created));
    Ok(Answer::ok(&List::all(bodies.collect())))
}

pub(super) fn reset_cache(context: &Context<'_>) -> HandlerResult {
    long_running_operations::run(context, |state, now| Ok(shortcut::reset_cache(state, context.workspace(state)?, now)))
}

/// Returns the conflict policy that the query names.
fn policy(context: &Context<'_>) -> Result<ConflictPolicy, FabricError> {
    let policy = context.query("shortcutConflictPolicy").map(|name| {
        ConflictPolicy::named(&name).ok_or_else(|| {
            FabricError::invalid_input(format!(
                "The value {name:?} of shortcutConflictPolicy is not a conflict policy."
            ))
        })
    });
    Ok(policy.transpose()?.unwrap_or_default())
}

/// Encodes a text as one segment of a path. Slashes become `%2F`.
pub(super) fn segment(text: &str) -> String {
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
        Ok(Answer::ok(&context.list(page.map(ShortcutBody::listed))))
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
