//! Managed private endpoints of workspaces: list, create, get, delete.

use crate::fabric::managed_private_endpoint;
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::managed_private_endpoints::{CreateManagedPrivateEndpointBody, ManagedPrivateEndpointBody};

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let endpoints = context.workspace(state)?.managed_private_endpoints();
        let page = context.page(state)?;
        let body = |endpoint| ManagedPrivateEndpointBody::new(endpoint, context.now);
        Ok(Answer::ok(&context.list(page.cut(endpoints.after(page.after)).map(body))))
    })
}

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let request = context.json::<CreateManagedPrivateEndpointBody>()?.try_into()?;
    context.commit_then(
        |state, now| managed_private_endpoint::create(state, context.workspace(state)?, request, now),
        |state, id| {
            let endpoint = context.workspace(state)?.managed_private_endpoint(id)?;
            let location = context.url(&format!("{}/{id}", context.path()));
            Ok(Answer::created(&ManagedPrivateEndpointBody::new(endpoint, context.now)).at(location))
        },
    )?
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let endpoint = context.workspace(state)?.managed_private_endpoint(context.id("managedPrivateEndpointId")?)?;
        Ok(Answer::ok(&ManagedPrivateEndpointBody::new(endpoint, context.now)))
    })
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, _| {
        managed_private_endpoint::delete(context.workspace(state)?, context.id("managedPrivateEndpointId")?)
    })?;
    Ok(Answer::empty())
}
