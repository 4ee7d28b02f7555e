//! `principals`: the tenant's directory.

use axum::body::Body;
use axum::http::Response;
use serde::{Deserialize, Serialize};
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
    /// `false` for a principal that is not a Fabric administrator.
    #[serde(rename = "fabricAdmin")]
    fabric_admin: Option<bool>,
}

/// A principal of the directory.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeclaredPrincipal<'a> {
    #[serde(flatten)]
    principal: PrincipalBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fabric_admin: Option<bool>,
}

impl<'a> From<&'a DirectoryEntry> for DeclaredPrincipal<'a> {
    fn from(entry: &'a DirectoryEntry) -> Self {
        Self { principal: entry.into(), fabric_admin: entry.fabric_admin }
    }
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
        for DeclarePrincipal { principal, secret, fabric_admin } in value {
            let entry = DirectoryEntry { fabric_admin, ..principal.entry()? };
            secrets.extend(secret.map(|secret| (entry.id, signing::hash(secret.as_bytes()))));
            entries.push(entry);
        }
        request.tenant.control(ControlCommand::DeclarePrincipals { entries, secrets })?;
        Ok(request.tenant.read(body))
    })
}

fn body(state: &State) -> Value {
    serde_json::json!({"value": state.directory().values().map(DeclaredPrincipal::from).collect::<Vec<_>>()})
}
