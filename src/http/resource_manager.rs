//! Azure Resource Manager: the operations that a sign-in calls (tenants, subscriptions, and the endpoints of the
//! cloud).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};
use serde_json::json;

use crate::emulator::Emulator;
use crate::fabric::access::DEFAULT_DOMAIN;
use crate::hosts::{self, Owner};
use crate::http::entra::request::{EntraRequest, EntraResult, Found, Reply, Service, tenant_of_bearer};
use crate::http::request::Arrival;

/// The ids of all operations.
pub(super) const OPERATIONS: &[&str] =
    &["ResourceManager_Endpoints", "ResourceManager_Subscriptions", "ResourceManager_Tenants"];

/// Responds to a request to Azure Resource Manager.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request, arrival: Arrival) -> Response<Body> {
    Service {
        find: endpoint,
        tenant: tenant_of_bearer,
        reads_create_tenants: true,
        name: hosts::Service::ResourceManager,
    }
    .respond(emulator, request, arrival)
    .await
}

/// Returns `true` if a path in lower case belongs to Azure Resource Manager.
pub(super) fn has_path(path: &str) -> bool {
    ["/metadata/endpoints", "/subscriptions", "/tenants"].iter().any(|prefix| path.starts_with(prefix))
}

/// Returns the endpoint of a path.
fn endpoint(_: &Method, segments: &[&str]) -> Option<Found> {
    Some(match segments {
        ["subscriptions"] => ("ResourceManager_Subscriptions", subscriptions),
        ["tenants"] => ("ResourceManager_Tenants", tenants),
        ["metadata", "endpoints"] => ("ResourceManager_Endpoints", endpoints),
        _ => return None,
    })
}

/// Returns the subscription of the tenant, which has the id of the tenant.
fn subscriptions(request: &EntraRequest<'_>) -> EntraResult {
    let tenant = request.tenant().id();
    let subscription = json!({
        "id": format!("/subscriptions/{tenant}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": tenant,
        "tenantId": tenant,
        "displayName": "Specularite",
        "state": "Enabled",
    });
    Ok(Reply::Json(json!({"value": [subscription], "count": {"type": "Total", "value": 1}})))
}

fn tenants(request: &EntraRequest<'_>) -> EntraResult {
    let tenant = request.tenant().id();
    Ok(Reply::Json(json!({"value": [{
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

/// Returns the endpoints of the cloud, for `az cloud register`. They are on this server, or on Azure's own hosts if the
/// request was for such a host.
fn endpoints(request: &EntraRequest<'_>) -> EntraResult {
    let own = request.arrival().origin(request.parts());
    let host = own.split("://").nth(1).unwrap_or_default();
    let is_azures = matches!(hosts::owner(hosts::without_port(host)), Owner::Ours(_));
    let at = |azures: &str| if is_azures { azures.to_owned() } else { own.clone() };
    Ok(Reply::Json(json!({
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
