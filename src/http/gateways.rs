//! Gateways: create, list, get, update, delete, check the status, restart, shut down.

use crate::fabric::gateway::{self, request, status};
use crate::fabric::{Decision, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::gateways::{GatewayBody, GatewayRequestBody, StatusBody};
use crate::ids::GatewayId;

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let body: GatewayRequestBody = context.json()?;
    let request = body.request()?;
    context.commit_then(
        |state, _| request::create(state, request, context.caller),
        |state, id| {
            let location = context.url(&format!("/v1/gateways/{id}"));
            Ok(Answer::created(&GatewayBody::from(state.gateway(id, context.caller.id)?)).at(location))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let all = state.gateways().after(page.after);
        let seen = all.filter(|(_, gateway)| gateway.roles.role_of(context.caller.id).is_some());
        Ok(Answer::ok(&context.list(page.cut(seen).map(GatewayBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("gatewayId")?;
    context.read(|state| Ok(Answer::ok(&GatewayBody::from(state.gateway(id, context.caller.id)?))))
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let id = context.id("gatewayId")?;
    let body: GatewayRequestBody = context.json()?;
    let request = body.request()?;
    context.commit_then(
        |state, _| request::update(state, id, request, context.caller),
        |state, ()| Ok(Answer::ok(&GatewayBody::from(state.gateway(id, context.caller.id)?))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    run(context, |state, id| gateway::delete(state, id, context.caller))
}

pub(super) fn check_status(context: &Context<'_>) -> HandlerResult {
    let id = context.id("gatewayId")?;
    context.read(|state| Ok(Answer::ok(&StatusBody::from(state.gateway(id, context.caller.id)?.report()))))
}

pub(super) fn restart(context: &Context<'_>) -> HandlerResult {
    run(context, |state, id| status::restart(state, id, context.caller))
}

pub(super) fn shut_down(context: &Context<'_>) -> HandlerResult {
    run(context, |state, id| status::shut_down(state, id, context.caller))
}

/// Makes a decision about the gateway that the path names, and records its facts. The response is empty.
fn run(context: &Context<'_>, decide: impl FnOnce(&State, GatewayId) -> Decision<()>) -> HandlerResult {
    let id = context.id("gatewayId")?;
    context.commit(|state, _| decide(state, id))?;
    Ok(Answer::empty())
}
