//! Discovery documents, from which a client learns the URL of the token endpoint. These URLs have the host name that
//! the client used.

use serde_json::{Value, json};

use crate::entra::{Refusal, Site};
use crate::hosts::{self, Owner, Service};

/// Host names of Entra in the public cloud. All are aliases of one authority.
const ALIASES: &[&str] = &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];

/// Returns the document at `/{tenant}/v2.0/.well-known/openid-configuration`.
pub fn openid_configuration(site: &Site) -> Value {
    // The issuer of a multi-tenant authority is a template.
    let is_multi_tenant = ["common", "organizations", "consumers"].contains(&site.name.as_str());
    let issuer = if is_multi_tenant { format!("{}/{{tenantid}}/v2.0", site.origin) } else { site.issuer() };
    json!({
        "token_endpoint": site.url("/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": site.url("/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "authorization_endpoint": site.url("/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": site.url("/oauth2/v2.0/devicecode"),
        "end_session_endpoint": site.url("/oauth2/v2.0/logout"),
        "http_logout_supported": true,
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "oid", "ver"],
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
    })
}

/// Returns the document at `/common/discovery/instance`: the metadata of the authority with this
/// `authorization_endpoint`.
///
/// Some clients drop the port from the endpoint. A local host name without a port is therefore replaced by
/// `own_origin`, the origin of the emulator.
///
/// # Errors
///
/// The endpoint is not an `https` URL, or its host is not a host of Entra, a local host, or a container name with a
/// port.
pub fn instance(authorization_endpoint: &str, own_origin: &str) -> Result<Value, Refusal> {
    let (scheme, rest) = authorization_endpoint.split_once("://").ok_or_else(Refusal::unknown_instance)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = hosts::without_port(authority);
    if !scheme.eq_ignore_ascii_case("https") || authority.contains('@') {
        return Err(Refusal::unknown_instance());
    }
    let tenant = path.split('/').next().unwrap_or_default();
    let (network, aliases): (&str, Vec<&str>) = if hosts::owner(host) == Owner::Ours(Service::Entra) {
        (ALIASES[0], ALIASES.to_vec())
    } else if hosts::is_local(host) && host.len() == authority.len() {
        let own = own_origin.trim_start_matches("https://");
        (own, vec![own])
    } else if hosts::is_local(host) || !host.contains('.') && host.len() < authority.len() {
        // A container name with a port.
        (authority, vec![authority])
    } else {
        return Err(Refusal::unknown_instance());
    };
    let cache = if network == ALIASES[0] { ALIASES[1] } else { network };
    Ok(json!({
        "tenant_discovery_endpoint": format!("https://{network}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{"preferred_network": network, "preferred_cache": cache, "aliases": aliases}],
    }))
}

/// Returns the document at `/common/userrealm/{user}`, which states that the user is managed, not federated.
pub fn user_realm(user: &str) -> Value {
    json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": user.rsplit_once('@').map_or("", |(_, domain)| domain),
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authorization_endpoint: &str, expected: Option<&str>) {
        let document = instance(authorization_endpoint, "https://localhost:7310").ok();
        let found = document.as_ref().and_then(|document| document["tenant_discovery_endpoint"].as_str());
        assert_eq!(found, expected.map(|host| format!("{host}/t/v2.0/.well-known/openid-configuration")).as_deref());
    }

    #[test]
    fn instance_discovery_keeps_requested_host() {
        check("https://login.microsoftonline.com/t/oauth2/v2.0/authorize", Some("https://login.microsoftonline.com"));
        check("https://localhost:9/t/oauth2/v2.0/authorize", Some("https://localhost:9"));
        // The client dropped the port, so the port of the emulator applies.
        check("https://localhost/t/oauth2/v2.0/authorize", Some("https://localhost:7310"));
        check("https://example.com/t/oauth2/v2.0/authorize", None);
        check("HTTPS://localhost:9/t/oauth2/v2.0/authorize", Some("https://localhost:9"));
        check("https://fabric:9/t/oauth2/v2.0/authorize", Some("https://fabric:9"));
        check("http://localhost:9/t", None);
        check("https://user@localhost/t", None);
        check("", None);
    }
}
