//! SQL databases: deleted databases that can be restored, and the customer-managed key.
//!
//! Start and stop of mirroring are in `mirrored_databases.rs`. The operations that all kinds share are in `items.rs`.

use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::sql_databases::RestorableBody;

/// Revalidates the customer-managed key. No key is emulated, so nothing changes.
pub(super) fn revalidate_cmk(context: &Context<'_>) -> HandlerResult {
    context.read(|state| context.item(state, context.now).map(|_| Answer::empty()))
}

pub(super) fn restorable(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let page = page.cut(context.workspace(state)?.restorable_after(page.after, context.now));
        Ok(Answer::ok(&context.list(page.map(RestorableBody::from))))
    })
}
