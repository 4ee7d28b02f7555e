//! The documents that lead a client to the token endpoint; every address in them is built from the client's own.

use serde_json::{Value, json};

use crate::entra::{Refusal, Site};
use crate::hosts::{self, Owner, Service};

/// The names of the public cloud's one authority.
const ALIASES: &[&str] = &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];

/// `/{tenant}/v2.0/.well-known/openid-configuration`.
pub fn openid_configuration(site: &Site) -> Value {
    // An authority that is anybody's leaves its issuer open.
    let open = ["common", "organizations", "consumers"].contains(&site.name.as_str());
    let issuer = if open { format!("{}/{{tenantid}}/v2.0", site.origin) } else { site.issuer() };
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

/// `/common/discovery/instance`: where the authority is whose `authorization_endpoint` is given.
///
/// `own_origin` is where we listen: a client that asks for this machine may have lost the port on its way.
///
/// # Errors
///
/// The host is neither one of Entra's nor this machine.
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
        // A container's name, with its port.
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

/// `/common/userrealm/{user}`: nobody is federated.
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
    fn check(asked: &str, leads_to: Option<&str>) {
        let told = instance(asked, "https://localhost:7310");
        let found = told.as_ref().ok().map(|told| told["tenant_discovery_endpoint"].as_str().unwrap_or_default());
        assert_eq!(found, leads_to.map(|host| format!("{host}/t/v2.0/.well-known/openid-configuration")).as_deref());
    }

    #[test]
    fn instance_discovery_leads_to_the_host_that_was_asked_about() {
        check("https://login.microsoftonline.com/t/oauth2/v2.0/authorize", Some("https://login.microsoftonline.com"));
        check("https://localhost:9/t/oauth2/v2.0/authorize", Some("https://localhost:9"));
        // The port was lost on the way: there is only one that it can be.
        check("https://localhost/t/oauth2/v2.0/authorize", Some("https://localhost:7310"));
        check("https://example.com/t/oauth2/v2.0/authorize", None);
        check("HTTPS://localhost:9/t/oauth2/v2.0/authorize", Some("https://localhost:9"));
        check("https://fabric:9/t/oauth2/v2.0/authorize", Some("https://fabric:9"));
        check("http://localhost:9/t", None);
        check("https://user@localhost/t", None);
        check("", None);
    }
}
