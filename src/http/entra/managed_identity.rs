//! Managed identities: App Service's endpoint, Cloud Shell's, and the machine's own (IMDS).

use axum::http::{HeaderMap, Method};
use serde_json::json;

use super::{Call, Endpoint, Outcome, Told};
use crate::entra::{Refusal, Site};
use crate::http::Arrival;

/// What answers a path of the metadata service, whose segments are in lower case.
///
/// Whatever else clients ask there is a probe, and refused at once: a 404 they would take for a service that is still starting.
pub(super) fn endpoint(method: &Method, segments: &[&str]) -> Option<(&'static str, Endpoint)> {
    Some(match segments {
        ["msi", "token"] if *method == Method::GET => ("ManagedIdentity_AppService", app_service),
        ["msi", "token"] => ("ManagedIdentity_CloudShell", machine),
        ["metadata", "identity", "oauth2", "token"] => ("ManagedIdentity_Machine", machine),
        _ => ("ManagedIdentity_Probe", probe),
    })
}

fn app_service(call: &Call<'_>) -> Outcome {
    let headers = &call.parts.headers;
    // Its first form had another name for the header.
    if !headers.contains_key("x-identity-header") && !headers.contains_key("secret") {
        return Err(Refusal::bad_identity_request("The header X-IDENTITY-HEADER is missing.").into());
    }
    token(call)
}

/// Who asks without this header was led here by something that knows nothing of it.
fn machine(call: &Call<'_>) -> Outcome {
    let has_metadata = |headers: &HeaderMap| {
        headers.get("metadata").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    };
    if has_metadata(&call.parts.headers) { token(call) } else { probe(call) }
}

fn probe(_: &Call<'_>) -> Outcome {
    Err(Refusal::bad_identity_request("Required metadata header not specified, or a document that is not emulated.")
        .into())
}

/// Times are texts of seconds here: some clients take nothing else.
fn token(call: &Call<'_>) -> Outcome {
    let Some(resource) = call.form.get("resource") else {
        return Err(Refusal::bad_identity_request("Required query variable 'resource' is missing.").into());
    };
    let client =
        ["client_id", "clientid", "object_id", "msi_res_id", "mi_res_id"].iter().find_map(|name| call.form.get(name));
    let site = Site::new(Arrival::origin(call.parts), "", call.tenant.id());
    let site = Site { tenant: call.tenant.id(), name: call.tenant.id().to_string(), ..site };
    let granted = call.at_desk(&site, |issuer| issuer.managed_identity(resource, client))?;
    let expires_in = call.callers_seconds(granted.lifetime);
    let begins = call.begun.as_second();
    Ok(Told::Json(json!({
        "access_token": granted.access_token,
        "client_id": client,
        "expires_in": expires_in.to_string(),
        "expires_on": begins.saturating_add_unsigned(expires_in).to_string(),
        "ext_expires_in": expires_in.to_string(),
        "not_before": begins.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    })))
}
