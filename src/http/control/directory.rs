//! `principals`: the tenant's directory.

use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;
use serde_json::Value;

use super::ControlRequest;
use crate::fabric::State;
use crate::fabric::control::ControlCommand;
use crate::fabric::principal::DirectoryEntry;
use crate::http::json;
use crate::http::wire::principals::{PrincipalBody, PrincipalRequest};
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
    /// The client secret of an app or the password of a user. If this member is missing, the emulator accepts any
    /// secret.
    secret: Option<String>,
}

pub(super) async fn show(request: ControlRequest) -> Response<Body> {
    request.answer(|request| Ok(request.tenant.read(body)))
}

/// Adds or replaces principals. Other principals remain in the directory.
pub(super) async fn declare(request: ControlRequest) -> Response<Body> {
    request.answer(|request| {
        // An error of this parser never repeats a value, which may be a secret.
        let DeclarePrincipals { value } = json::parse(&request.body.bytes)?;
        let (mut entries, mut secrets): (Vec<DirectoryEntry>, Vec<(PrincipalId, String)>) = (Vec::new(), Vec::new());
        for DeclarePrincipal { principal, secret } in value {
            let entry = principal.entry()?;
            secrets.extend(secret.map(|secret| (entry.id, signing::hash(secret.as_bytes()))));
            entries.push(entry);
        }
        request.tenant.control(ControlCommand::DeclarePrincipals { entries, secrets })?;
        Ok(request.tenant.read(body))
    })
}

fn body(state: &State) -> Value {
    serde_json::json!({"value": state.directory().values().map(PrincipalBody::from).collect::<Vec<_>>()})
}
