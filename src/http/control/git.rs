//! `git`: the repositories of the tenant. `PUT` pushes commits, as people and other systems do.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlRequest;
use crate::fabric::State;
use crate::fabric::control::ControlCommand;
use crate::fabric::git::declaration::RepositoryDeclaration;
use crate::http::wire::git_repositories::RepositoryBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PushGit {
    value: Vec<RepositoryDeclaration>,
}

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer(|request| Ok(request.tenant.read(body)))
}

/// Pushes a commit to each branch whose files change.
pub(super) async fn push(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        let PushGit { value } = request.json()?;
        request.tenant.control(ControlCommand::PushGit(value))?;
        Ok(request.tenant.read(body))
    })
}

fn body(state: &State) -> Value {
    json!({"value": state.repositories().values().map(RepositoryBody::from).collect::<Vec<_>>()})
}
