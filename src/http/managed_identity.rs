//! Managed identities: App Service's endpoint, Cloud Shell's, and the machine's own (IMDS).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response};
use serde_json::json;

use crate::emulator::Emulator;
use crate::entra::{Refusal, Site};
use crate::fabric::access::DEFAULT_TENANT;
use crate::http::entra::request::{EntraRequest, EntraResult, Found, Reply, Service};
use crate::http::request::Arrival;
use crate::ids::TenantId;

/// Responds to a request.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request) -> Response<Body> {
    Service { find: endpoint, tenant }.respond(emulator, request).await
}

/// Returns whether a path in lower case is one of the metadata service or of App Service's endpoint.
pub(super) fn has_path(path: &str) -> bool {
    ["/metadata/identity", "/metadata/instance", "/msi/token"].iter().any(|prefix| path.starts_with(prefix))
}

/// Returns the tenant that the identity header names. Elsewhere the header is a secret: only an id counts as a tenant.
fn tenant(parts: &Parts, _: Option<Found>) -> TenantId {
    let header = parts.headers.get("x-identity-header").and_then(|header| header.to_str().ok());
    header.and_then(|named| named.parse().ok()).unwrap_or(DEFAULT_TENANT)
}

/// Returns the endpoint of a path.
///
/// Other paths are probes, and are rejected at once with 400: clients take a 404 for a service that is still starting.
fn endpoint(method: &Method, segments: &[&str]) -> Option<Found> {
    Some(match segments {
        ["msi", "token"] if *method == Method::GET => ("ManagedIdentity_AppService", app_service),
        ["msi", "token"] => ("ManagedIdentity_CloudShell", machine),
        ["metadata", "identity", "oauth2", "token"] => ("ManagedIdentity_Machine", machine),
        _ => ("ManagedIdentity_Probe", probe),
    })
}

fn app_service(request: &EntraRequest<'_>) -> EntraResult {
    let headers = &request.parts().headers;
    // The first version of the endpoint had another name for the header.
    if !headers.contains_key("x-identity-header") && !headers.contains_key("secret") {
        return Err(Refusal::bad_identity_request("The header X-IDENTITY-HEADER is missing.").into());
    }
    token(request)
}

/// Rejects requests without the header `Metadata`, which redirected requests do not have.
fn machine(request: &EntraRequest<'_>) -> EntraResult {
    let has_metadata = |headers: &HeaderMap| {
        headers.get("metadata").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    };
    if has_metadata(&request.parts().headers) { token(request) } else { probe(request) }
}

fn probe(_: &EntraRequest<'_>) -> EntraResult {
    Err(Refusal::bad_identity_request("Required metadata header not specified, or a document that is not emulated.")
        .into())
}

/// Issues a token. Times are strings of seconds: some clients accept nothing else.
fn token(request: &EntraRequest<'_>) -> EntraResult {
    let Some(resource) = request.form.get("resource") else {
        return Err(Refusal::bad_identity_request("Required query variable 'resource' is missing.").into());
    };
    let client = ["client_id", "clientid", "object_id", "msi_res_id", "mi_res_id"]
        .iter()
        .find_map(|name| request.form.get(name));
    let site = Site::new(Arrival::origin(request.parts()), "", request.tenant().id());
    let site = Site { tenant: request.tenant().id(), name: request.tenant().id().to_string(), ..site };
    let granted = request.with_issuer(&site, |issuer| issuer.managed_identity(resource, client))?;
    let expires_in = request.callers_seconds(granted.lifetime);
    let begins = request.begun().as_second();
    Ok(Reply::Json(json!({
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
