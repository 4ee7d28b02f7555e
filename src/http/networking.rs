//! Networking policies of workspaces: get, set.

use axum::http::header;

use crate::fabric::json;
use crate::fabric::networking::{self, Policy};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::seed::Seed;

pub(super) fn get<P: Policy>(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let policy: &P = networking::policy(context.workspace(state)?)?;
        Ok(Answer::ok(policy).etag(etag(policy)))
    })
}

/// Sets a policy. `If-Match` names the policy that it replaces.
pub(super) fn set<P: Policy>(context: &Context<'_>) -> HandlerResult {
    let policy: P = context.json()?;
    let etag_after = etag(&policy);
    let is_current = |before: &P| is_listed(context, &etag(before));
    context.commit(|state, _| networking::set(context.workspace(state)?, policy, is_current))?;
    Ok(Answer::empty().etag(etag_after))
}

/// Returns the `ETag` of a policy. Equal policies have equal tags.
fn etag(policy: &impl Policy) -> String {
    format!("\"{:016x}\"", Seed::new(0).fork(json::to_compact(policy)).draw())
}

/// Returns `true` if `If-Match` is absent, lists a tag, or is `*`.
fn is_listed(context: &Context<'_>, tag: &str) -> bool {
    let lists = context.parts.headers.get_all(header::IF_MATCH);
    let mut tags = lists.iter().flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    let is_current = |listed: &[u8]| listed.trim_ascii() == b"*" || listed.trim_ascii() == tag.as_bytes();
    lists.iter().next().is_none() || tags.any(is_current)
}
