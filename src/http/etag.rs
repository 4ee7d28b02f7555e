//! Entity tags: the version of a resource, and conditions of a request on it.

use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;

use crate::fabric::json;
use crate::http::context::Context;
use crate::seed::Seed;

/// Returns the entity tag of a resource, in quotes. Equal resources have equal tags.
pub(super) fn etag(resource: &(impl Serialize + ?Sized)) -> String {
    format!("\"{:016x}\"", Seed::new(0).fork(json::to_compact(&resource)).draw())
}

/// Returns `true` if a resource with this tag meets the conditions `If-Match` and `If-None-Match` of a request. `None` stands
/// for a resource that does not exist.
pub(super) fn meets_conditions(context: &Context<'_>, tag: Option<&str>) -> bool {
    listed(context, &IF_MATCH, tag) != Some(false) && listed(context, &IF_NONE_MATCH, tag) != Some(true)
}

/// Returns `true` if a header lists a tag, or is `*`. Returns `None` if the request does not have the header.
fn listed(context: &Context<'_>, header: &HeaderName, tag: Option<&str>) -> Option<bool> {
    let mut lists = context.parts.headers.get_all(header).iter().peekable();
    lists.peek()?;
    let mut listed = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    Some(tag.is_some_and(|tag| listed.any(|listed| listed == b"*" || listed == tag.as_bytes())))
}
