//! Gateways and domains, as far as tools read them: a tenant has none of either.

use crate::fabric::{ErrorCode, FabricError};
use crate::http::Outcome;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::wire::List;
use crate::ids::ConnectionId;

/// A list of none.
pub(super) fn list(context: &Context<'_>) -> Outcome {
    context.read(|state| {
        context.page(state)?;
        Ok(Answer::ok(&List::<()>::all(Vec::new())))
    })
}

/// None of these is there.
pub(super) fn get(context: &Context<'_>) -> Outcome {
    let id: ConnectionId = context.id(0)?;
    let kind = if context.operation.path.starts_with("/domains") { "Domain" } else { "Gateway" };
    Err(FabricError::new(ErrorCode::EntityNotFound).about(kind, id))
}
