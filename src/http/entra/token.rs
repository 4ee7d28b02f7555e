//! `/{tenant}/oauth2/v2.0/token`: exchanges grants for tokens.

use serde::Serialize;
use serde_json::json;

use super::request::{EntraRequest, EntraResult, Reply};
use crate::entra::grant::Granted;

/// The body of a token response, with every member that clients need.
#[derive(Serialize)]
struct TokenBody {
    token_type: &'static str,
    scope: String,
    expires_in: u64,
    ext_expires_in: u64,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
    /// The resource of the token. Only version 1 of the endpoint returns this member.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// The expiry, in seconds since 1970 as a string. Only version 1 of the endpoint returns this member.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<String>,
}

pub(super) fn token(request: &EntraRequest<'_>) -> EntraResult {
    let site = request.site();
    let granted = request.with_issuer(&site, |issuer| issuer.redeem(&request.form))??;
    let Granted { access_token, resource, id_token, refresh_token, client_info, scope, code, lifetime } = granted;
    if let Some(code) = code
        && !request.tenant().redeem_code(code.hash, code.ends, request.stamp().now)?
    {
        return Err(code.if_used.into());
    }
    let expires_in = request.callers_seconds(lifetime);
    let first_version = !request.segments.iter().any(|segment| segment.eq_ignore_ascii_case("v2.0"));
    let ends = request.begun().as_second().saturating_add_unsigned(expires_in);
    Ok(Reply::Json(json!(TokenBody {
        token_type: "Bearer",
        scope,
        expires_in,
        ext_expires_in: expires_in,
        access_token,
        refresh_token,
        id_token,
        client_info,
        resource: first_version.then_some(resource),
        expires_on: first_version.then(|| ends.to_string()),
    })))
}
