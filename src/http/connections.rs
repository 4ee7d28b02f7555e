//! Connections: create, list, get, update, delete, test, and the supported connection types.

use crate::fabric::connection::types::Connectivity;
use crate::fabric::gateway::Gateway;
use crate::fabric::{FabricError, connection};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::connections::{ConnectionBody, ConnectionRequestBody, ConnectionStatus, SupportedType};

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
            .filter(|(_, connection)| state.connection_role(connection, context.caller.id).is_some());
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
    let gateway = context.query_id("gatewayId")?;
    let all_methods = context.flag("showAllCreationMethods")? == Some(true);
    let (page, gateway) = context.read(|state| {
        let gateway = gateway.map(|id| state.gateway(id, context.caller.id)).transpose()?;
        Ok::<_, FabricError>((context.page(state)?, gateway.map(Gateway::kind)))
    })?;
    let connectivity = gateway.map_or(Connectivity::Cloud, Connectivity::through);
    let after = (1..).zip(connectivity.types()).skip_while(|(position, _)| Some(*position) <= page.after);
    let list = context.list(page.cut(after).map(SupportedType::from));
    Ok(Answer::ok(&list).inert("showAllCreationMethods", all_methods))
}

/// Tests a connection. The test fails only if the gateway of the connection is offline or deleted, because sources are
/// simulated.
pub(super) fn test(context: &Context<'_>) -> HandlerResult {
    let id = context.id("connectionId")?;
    context.read(|state| {
        let connection = state.connection(id, &context.caller)?;
        Ok(Answer::ok(&ConnectionStatus::new(connection::gateway::fault_of(state, connection))))
    })
}
