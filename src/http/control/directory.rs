//! `principals`: the tenant's directory.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use crate::fabric::principal::{self, DirectoryEntry};
use crate::fabric::{FabricError, State};
use crate::http::principals::{PrincipalBody, PrincipalRequest};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclarePrincipals {
    value: Vec<PrincipalRequest>,
}

pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer(|call| Ok(call.tenant.read(body)))
}

/// Adds to the directory: who is not named stays in it.
pub(super) async fn declare(call: Call) -> Response<Body> {
    call.answer(|call| {
        let DeclarePrincipals { value } = call.json()?;
        let entries = value.into_iter().map(PrincipalRequest::entry);
        let entries = entries.collect::<Result<Vec<DirectoryEntry>, FabricError>>()?;
        let now = call.tenant.clock().now();
        call.tenant.commit_then(now, |state, _| principal::declare(state, entries), |state, ()| body(state))
    })
}

fn body(state: &State) -> Value {
    json!({"value": state.directory().values().map(PrincipalBody::from).collect::<Vec<_>>()})
}
