//! Domains: list, get. A tenant has no domains, but tools send these requests.

use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::ids::ConnectionId;

/// Returns an empty list.
pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        context.page(state)?;
        Ok(Answer::ok(&List::<()>::all(Vec::new())))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id: ConnectionId = context.id("domainId")?;
    Err(FabricError::new(ErrorCode::EntityNotFound).about("Domain", id))
}
