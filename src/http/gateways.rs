//! Gateways and domains: list, get. A tenant has no gateways and no domains, but tools send these requests.

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

pub(super) fn get_gateway(context: &Context<'_>) -> HandlerResult {
    missing(context, "Gateway", "gatewayId")
}

pub(super) fn get_domain(context: &Context<'_>) -> HandlerResult {
    missing(context, "Domain", "domainId")
}

fn missing(context: &Context<'_>, kind: &'static str, parameter: &str) -> HandlerResult {
    let id: ConnectionId = context.id(parameter)?;
    Err(FabricError::new(ErrorCode::EntityNotFound).about(kind, id))
}
