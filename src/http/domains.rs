//! Domains, as all callers see them: list, get, and the assignment of a workspace.

use crate::fabric::domain;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::domains::{AssignToDomain, DomainBody};

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        Ok(Answer::ok(&context.list(page.cut(state.domains().after(page.after)).map(DomainBody::from))))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    context.read(|state| Ok(Answer::ok(&DomainBody::from(state.domain(id)?))))
}

pub(super) fn assign_workspace(context: &Context<'_>) -> HandlerResult {
    let body: AssignToDomain = context.json()?;
    let id = wire::required_id(body.domain_id, "DomainId")?;
    context.commit(|state, _| domain::assign_one(state, context.workspace(state)?, id, context.caller))?;
    Ok(Answer::empty())
}

pub(super) fn unassign_workspace(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, _| domain::unassign_one(context.workspace(state)?))?;
    Ok(Answer::empty())
}
