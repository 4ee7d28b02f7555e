//! Entra: the endpoints for sign-in, tokens and metadata.

mod authorize;
pub(in crate::http) mod request;
mod token;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, Response};
use percent_encoding::percent_decode_str;

use self::request::{EntraRequest, EntraResult, Found, Reply, Service};
use crate::emulator::Emulator;
use crate::entra::form::USER_NAME_MAX;
use crate::entra::{Refusal, documents};
use crate::fabric::access::{DEFAULT_TENANT, tenant_named};
use crate::hosts;
use crate::http::request::Arrival;
use crate::ids::TenantId;

/// The operations that issue a token, an authorization code or a device code. Only these operations select the tenant in
/// their path, and only their POST requests create it.
const ISSUING: &[&str] = &["Entra_Authorize", "Entra_DeviceCode", "Entra_Token"];

/// The ids of all operations.
pub(super) const OPERATIONS: &[&str] = &[
    "Entra_Authorize",
    "Entra_DeviceCode",
    "Entra_DeviceLogin",
    "Entra_Error",
    "Entra_InstanceDiscovery",
    "Entra_Keys",
    "Entra_Logout",
    "Entra_OpenIdConfiguration",
    "Entra_Token",
    "Entra_UserRealm",
];

/// Responds to a request to Entra.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request, arrival: Arrival) -> Response<Body> {
    Service { find: endpoint, tenant, reads_create_tenants: false, name: hosts::Service::Entra }
        .respond(emulator, request, arrival)
        .await
}

/// Returns `true` if Entra has an endpoint with this path, which is in lower case.
pub(super) fn has_path(path: &str) -> bool {
    endpoint(&Method::GET, &path.split('/').skip(1).collect::<Vec<_>>()).is_some()
}

/// Returns the endpoint of a method and path. The first segment of most paths is the tenant.
fn endpoint(method: &Method, segments: &[&str]) -> Option<Found> {
    let is_post = *method == Method::POST;
    Some(match segments {
        ["common", "discovery", "instance"] => ("Entra_InstanceDiscovery", instance_discovery),
        ["devicelogin"] => ("Entra_DeviceLogin", authorize::device_login),
        [_, "v2.0", ".well-known", "openid-configuration"] | [_, ".well-known", "openid-configuration"] => {
            ("Entra_OpenIdConfiguration", openid_configuration)
        }
        [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"] => ("Entra_Keys", keys),
        [_, "userrealm", _] => ("Entra_UserRealm", user_realm),
        [_, "oauth2", "v2.0", "authorize"] | [_, "oauth2", "authorize"] => ("Entra_Authorize", authorize::authorize),
        [_, "oauth2", "v2.0", "devicecode"] | [_, "oauth2", "devicecode"] => {
            ("Entra_DeviceCode", authorize::device_code)
        }
        ["error"] => ("Entra_Error", authorize::explain),
        [_, "oauth2", "v2.0", "logout"] | [_, "oauth2", "logout"] => ("Entra_Logout", authorize::logout),
        [_, "oauth2", "v2.0", "token"] | [_, "oauth2", "token"] if is_post => ("Entra_Token", token::token),
        [_, "oauth2", "v2.0", "token"] | [_, "oauth2", "token"] => ("Entra_Token", wrong_method),
        _ => return None,
    })
}

/// Returns the tenant in the path for the operations in [`ISSUING`], and the default tenant for all other operations.
fn tenant(parts: &Parts, found: Option<Found>) -> TenantId {
    match found {
        Some((operation, _)) if ISSUING.contains(&operation) => {
            let name = parts.uri.path().split('/').nth(1).unwrap_or_default();
            tenant_named(&name.to_ascii_lowercase())
        }
        Some(_) | None => DEFAULT_TENANT,
    }
}

fn wrong_method(_: &EntraRequest<'_>) -> EntraResult {
    Err(Refusal::post_only().into())
}

fn openid_configuration(request: &EntraRequest<'_>) -> EntraResult {
    Ok(Reply::Json(documents::openid_configuration(&request.site())))
}

fn keys(request: &EntraRequest<'_>) -> EntraResult {
    request.with_issuer(&request.site(), |issuer| Reply::Json(issuer.signer.public_keys()))
}

fn instance_discovery(request: &EntraRequest<'_>) -> EntraResult {
    let port = request.arrival().local.port();
    let endpoint = request.form.need("authorization_endpoint")?;
    Ok(Reply::Json(documents::instance(endpoint, &format!("https://localhost:{port}"))?))
}

fn user_realm(request: &EntraRequest<'_>) -> EntraResult {
    let user = request.segments.last().copied().unwrap_or_default();
    if user.len() > USER_NAME_MAX {
        return Err(Refusal::too_long("user", USER_NAME_MAX).into());
    }
    Ok(Reply::Json(documents::user_realm(&percent_decode_str(user).decode_utf8_lossy())))
}
