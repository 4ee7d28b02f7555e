//! The encryption of workspaces with a customer-managed key: get, assign, reset.

use crate::fabric::encryption;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire;
use crate::http::wire::encryption::{AssignEncryptionBody, EncryptionBody};

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&EncryptionBody::new(context.workspace(state)?, context.now))))
}

pub(super) fn assign(context: &Context<'_>) -> HandlerResult {
    let body: AssignEncryptionBody = context.json()?;
    let key = wire::required(body.key_identifier, "KeyIdentifier")?;
    context.commit(|state, now| encryption::assign(state, context.workspace(state)?, key, now))?;
    Ok(Answer::empty())
}

pub(super) fn reset(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, now| encryption::reset(state, context.workspace(state)?, now))?;
    Ok(Answer::empty())
}
