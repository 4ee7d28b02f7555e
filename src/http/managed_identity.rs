//! Managed identities: the endpoints of App Service, of Cloud Shell, and of the instance metadata service (IMDS).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response};
use serde_json::json;

use crate::emulator::Emulator;
use crate::entra::{Refusal, Site};
use crate::fabric::access::DEFAULT_TENANT;
use crate::hosts;
use crate::http::entra::request::{EntraRequest, EntraResult, Found, Reply, Service};
use crate::http::request::Arrival;
use crate::ids::TenantId;

/// The ids of all operations.
pub(super) const OPERATIONS: &[&str] =
    &["ManagedIdentity_AppService", "ManagedIdentity_CloudShell", "ManagedIdentity_Machine", "ManagedIdentity_Probe"];

/// Responds to a request for a managed identity.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request, arrival: Arrival) -> Response<Body> {
    Service { find: endpoint, tenant, reads_create_tenants: true, name: hosts::Service::Metadata }
        .respond(emulator, request, arrival)
        .await
}

/// Returns `true` if a path in lower case belongs to the instance metadata service or to the endpoint of App Service.
pub(super) fn has_path(path: &str) -> bool {
    ["/metadata/identity", "/metadata/instance", "/msi/token"].iter().any(|prefix| path.starts_with(prefix))
}

/// Returns the tenant whose id is the value of `X-IDENTITY-HEADER`. In Azure this value is a secret, so a value that is
/// not an id selects the default tenant.
fn tenant(parts: &Parts, _: Option<Found>) -> TenantId {
    let header = parts.headers.get("x-identity-header").and_then(|header| header.to_str().ok());
    header.and_then(|named| named.parse().ok()).unwrap_or(DEFAULT_TENANT)
}

/// Returns the endpoint of a method and path.
///
/// Requests for other paths are probes. They are rejected with 400, because clients interpret a 404 as a service that
/// is still starting.
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
    // The first version of the endpoint used the header `secret` instead.
    if !headers.contains_key("x-identity-header") && !headers.contains_key("secret") {
        return Err(Refusal::bad_identity_request("The header X-IDENTITY-HEADER is missing.").into());
    }
    token(request)
}

/// Rejects requests without the header `Metadata: true`. The header proves that the request was not redirected.
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

/// Issues a token. Times are numbers of seconds in strings, because some clients accept no other format.
fn token(request: &EntraRequest<'_>) -> EntraResult {
    let Some(resource) = request.form.get("resource") else {
        return Err(Refusal::bad_identity_request("Required query variable 'resource' is missing.").into());
    };
    let client = ["client_id", "clientid", "object_id", "msi_res_id", "mi_res_id"]
        .iter()
        .find_map(|name| request.form.get(name));
    let site = Site::new(request.arrival().origin(request.parts()), "", request.tenant().id());
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
