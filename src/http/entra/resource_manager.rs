//! Azure Resource Manager, as far as a sign-in asks it: tenants, subscriptions, and where the cloud's services are.

use serde_json::json;

use super::{Call, Endpoint, Outcome, Told};
use crate::fabric::access::DEFAULT_DOMAIN;
use crate::hosts::{self, Owner};
use crate::http::Arrival;

/// What answers a path of Azure Resource Manager, whose segments are in lower case.
pub(super) fn endpoint(segments: &[&str]) -> Option<(&'static str, Endpoint)> {
    Some(match segments {
        ["subscriptions"] => ("ResourceManager_Subscriptions", subscriptions),
        ["tenants"] => ("ResourceManager_Tenants", tenants),
        ["metadata", "endpoints"] => ("ResourceManager_Endpoints", endpoints),
        _ => return None,
    })
}

fn subscriptions(_: &Call<'_>) -> Outcome {
    Ok(Told::Json(json!({"value": [], "count": {"type": "Total", "value": 0}})))
}

fn tenants(call: &Call<'_>) -> Outcome {
    let tenant = call.tenant.id();
    Ok(Told::Json(json!({"value": [{
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "countryCode": "US",
        "displayName": "Specularite",
        "domains": [DEFAULT_DOMAIN],
        "defaultDomain": DEFAULT_DOMAIN,
        "tenantType": "AAD",
        "tenantCategory": "Home",
    }]})))
}

/// Where `az cloud register` looks: this very server, unless it was asked under Azure's own name.
fn endpoints(call: &Call<'_>) -> Outcome {
    let own = Arrival::origin(call.parts);
    let host = own.split("://").nth(1).unwrap_or_default();
    let is_azures = matches!(hosts::owner(hosts::without_port(host)), Owner::Ours(_));
    let at = |azures: &str| if is_azures { azures.to_owned() } else { own.clone() };
    Ok(Told::Json(json!({
        "name": "Specularite",
        "portal": at("https://portal.azure.com"),
        "authentication": {
            "loginEndpoint": at("https://login.microsoftonline.com"),
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": "https://graph.windows.net/",
        "graph": "https://graph.windows.net/",
        "resourceManager": at("https://management.azure.com/"),
        "batch": "https://batch.core.windows.net/",
        "gallery": "https://gallery.azure.com/",
        "media": "https://rest.media.azure.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "vmImageAliasDoc": "",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "appInsightsResourceId": "https://api.applicationinsights.io",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io",
        },
    })))
}
