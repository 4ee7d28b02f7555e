//! Connections: create, list, get, update, delete, test, and the supported connection types.

use crate::fabric::connection;
use crate::fabric::connection::types::Connectivity;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::connections::{ConnectionBody, ConnectionRequestBody, ConnectionStatus, SupportedType};
use crate::ids::ConnectionId;

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let request: ConnectionRequestBody = context.json()?;
    // The test fails only if trouble makes it fail. Otherwise `skipTestConnection` has no effect.
    let skips_test = request.sets_skip_test();
    context.commit_then(
        |state, now| connection::create(state, request.into(), context.caller, now),
        |state, id| {
            let location = context.url(&format!("/v1/connections/{id}"));
            let created = ConnectionBody::from(state.connection(id, &context.caller)?);
            Ok(Answer::created(&created).at(location).inert("skipTestConnection", skips_test))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let seen = state
            .connections()
            .after(page.after)
            .filter(|(_, connection)| connection.role_of(context.caller.id).is_some());
        Ok(Answer::ok(&context.list(page.cut(seen).map(ConnectionBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("connectionId")?;
    context.read(|state| Ok(Answer::ok(&ConnectionBody::from(state.connection(id, &context.caller)?))))
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let id = context.id("connectionId")?;
    let request: ConnectionRequestBody = context.json()?;
    context.commit_then(
        |state, now| connection::update(state, id, request.into(), &context.caller, now),
        |state, ()| Ok(Answer::ok(&ConnectionBody::from(state.connection(id, &context.caller)?))),
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let id = context.id("connectionId")?;
    context.commit(|state, _| connection::delete(state, id, &context.caller))?;
    Ok(Answer::empty())
}

pub(super) fn supported_types(context: &Context<'_>) -> HandlerResult {
    // Gateways are not emulated: any id stands for an on-premises gateway.
    let gateway = context.query_id::<ConnectionId>("gatewayId")?;
    let connectivity = gateway.map_or(Connectivity::Cloud, |_| Connectivity::OnPremisesGateway);
    let all_methods = context.flag("showAllCreationMethods")? == Some(true);
    let page = context.read(|state| context.page(state))?;
    let after = (1..).zip(connectivity.types()).skip_while(|(position, _)| Some(*position) <= page.after);
    let list = context.list(page.cut(after).map(SupportedType::from));
    Ok(Answer::ok(&list).inert("gatewayId", gateway.is_some()).inert("showAllCreationMethods", all_methods))
}

/// Tests a connection. The test always succeeds, because sources are simulated.
pub(super) fn test(context: &Context<'_>) -> HandlerResult {
    let id = context.id("connectionId")?;
    context.read(|state| {
        state.connection(id, &context.caller)?;
        Ok(Answer::ok(&ConnectionStatus { status: "Online" }))
    })
}
