//! The members of a gateway on premises: list, update, delete, check the status.

use crate::fabric::gateway::member::{self, MemberChange};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::http::wire::gateways::{MemberBody, StatusBody, UpdateMember};

/// Returns all members. The list has no pages, because a gateway has few members.
pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let id = context.id("gatewayId")?;
    context.read(|state| {
        let members = state.gateway(id, context.caller.id)?.cluster()?;
        Ok(Answer::ok(&List::all(members.iter().map(MemberBody::from).collect())))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let (id, member) = (context.id("gatewayId")?, context.id("gatewayMemberId")?);
    let UpdateMember { display_name, enabled } = context.json()?;
    let change = MemberChange { display_name, is_enabled: enabled };
    let changed = context.commit(|state, _| member::update(state, id, member, change, context.caller))?;
    Ok(Answer::ok(&MemberBody::from(&changed)))
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let (id, member) = (context.id("gatewayId")?, context.id("gatewayMemberId")?);
    context.commit(|state, _| member::delete(state, id, member, context.caller))?;
    Ok(Answer::empty())
}

pub(super) fn check_status(context: &Context<'_>) -> HandlerResult {
    let (id, member) = (context.id("gatewayId")?, context.id("gatewayMemberId")?);
    context.read(|state| {
        let gateway = state.gateway(id, context.caller.id)?;
        Ok(Answer::ok(&StatusBody::from(gateway.member(member)?.report())))
    })
}
