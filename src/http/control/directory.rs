//! `principals`: the tenant's directory.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use crate::fabric::State;
use crate::fabric::principal::{self, DirectoryEntry};
use crate::http::principals::{PrincipalBody, PrincipalRequest};
use crate::ids::PrincipalId;
use crate::signing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclarePrincipals {
    value: Vec<DeclarePrincipal>,
}

#[derive(Deserialize)]
struct DeclarePrincipal {
    #[serde(flatten)]
    principal: PrincipalRequest,
    /// The client secret of an app, or the password of a user: from now on no other will do.
    secret: Option<String>,
}

pub(super) async fn show(call: Call) -> Response<Body> {
    call.answer(|call| Ok(call.tenant.read(body)))
}

/// Adds to the directory: who is not named stays in it.
pub(super) async fn declare(call: Call) -> Response<Body> {
    call.answer(|call| {
        let DeclarePrincipals { value } = call.json()?;
        let (mut entries, mut secrets): (Vec<DirectoryEntry>, Vec<(PrincipalId, String)>) = (Vec::new(), Vec::new());
        for DeclarePrincipal { principal, secret } in value {
            let entry = principal.entry()?;
            secrets.extend(secret.map(|secret| (entry.id, signing::hash(secret.as_bytes()))));
            entries.push(entry);
        }
        let now = call.tenant.clock().now();
        call.tenant.commit_then(now, |state, _| principal::declare(state, entries, secrets), |state, ()| body(state))
    })
}

fn body(state: &State) -> Value {
    json!({"value": state.directory().values().map(PrincipalBody::from).collect::<Vec<_>>()})
}
