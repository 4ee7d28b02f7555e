//! Networking policies of workspaces: get, set.

use crate::fabric::networking::{self, Policy};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::etag::{etag, meets_conditions};

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
    let is_current = |before: &P| meets_conditions(context, Some(&etag(before)));
    context.commit(|state, _| networking::set(context.workspace(state)?, policy, is_current))?;
    Ok(Answer::empty().etag(etag_after))
}
