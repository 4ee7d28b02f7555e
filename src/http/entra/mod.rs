//! Entra over HTTP, and what signing in asks of its neighbours: managed identities, and Azure Resource Manager.
//!
//! A request goes by its service and its path to a function that tells JSON, a page or a way on, or refuses as Entra does.

mod authorize;
mod managed_identity;
mod resource_manager;
mod token;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::entra::grant::TokenIssuer;
use crate::entra::{Form, Refusal, Site, documents};
use crate::fabric::access::{self, DEFAULT_TENANT, tenant_named};
use crate::fabric::behaviours::Behaviours;
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts::Service;
use crate::http::answer::{self, Written};
use crate::http::pipeline::{self, Moment, Span, Who, moment};
use crate::http::{Arrival, error};
use crate::ids::TenantId;
use crate::tenant::Tenant;

/// What a request comes to.
enum Told {
    /// A document.
    Json(Value),
    /// A page for a browser.
    Page(String),
    /// The browser goes on there.
    Elsewhere(String),
}

/// Why there is none of them.
enum Unanswered {
    /// Entra refuses.
    Refused(Refusal),
    /// There is no such path, it is not emulated, or there is no room: told as Fabric tells it.
    Fabric(FabricError),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FabricError> for Unanswered {
    fn from(refusal: FabricError) -> Self {
        Self::Fabric(refusal)
    }
}

type Outcome = Result<Told, Unanswered>;
type Endpoint = fn(&Call<'_>) -> Outcome;

/// A request to one of these services, unpacked.
struct Call<'a> {
    emulator: &'a Emulator,
    tenant: &'a Tenant,
    parts: &'a Parts,
    /// The segments of the path, as they were sent.
    segments: Vec<&'a str>,
    /// What the body brings, then the query.
    form: Form,
    moment: Moment,
    /// When the machine began with it: what clients reckon by.
    begun: Timestamp,
}

/// What gives tokens, or what leads to them: it needs a tenant of its own.
const GIVING: &[&str] = &["Entra_Authorize", "Entra_DeviceCode", "Entra_Token"];

/// Which service a path belongs to, under a host name that does not say.
pub(super) fn service_of(path: &str) -> Option<Service> {
    if path.starts_with("/v1/") {
        return None;
    }
    let path = path.to_ascii_lowercase();
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| path.starts_with(beginning));
    if begins(&["/v1/", "/_emulator/"]) {
        None
    } else if begins(&["/metadata/identity", "/metadata/instance", "/msi/token"]) {
        Some(Service::Metadata)
    } else if begins(&["/metadata/endpoints", "/subscriptions", "/tenants"]) {
        Some(Service::ResourceManager)
    } else {
        entra_endpoint(&Method::GET, &path.split('/').skip(1).collect::<Vec<_>>()).map(|_| Service::Entra)
    }
}

/// What answers a path of Entra, whose segments are in lower case. Its first one names the tenant.
fn entra_endpoint(method: &Method, segments: &[&str]) -> Option<(&'static str, Endpoint)> {
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

/// Answers for Entra, for managed identities, for Azure Resource Manager; and says of OneLake that it is not emulated.
pub(super) async fn answer(emulator: Arc<Emulator>, service: Service, request: Request) -> Response<Body> {
    let begun = machine_time();
    let (parts, body) = request.into_parts();
    let body = pipeline::read_body(body).await;
    let lower = parts.uri.path().trim_end_matches('/').to_ascii_lowercase();
    let segments: Vec<&str> = lower.split('/').skip(1).collect();
    let found: Option<(&'static str, Endpoint)> = match service {
        Service::Fabric | Service::OneLake => Some(("OneLake", onelake)),
        Service::Entra => entra_endpoint(&parts.method, &segments),
        Service::Metadata => managed_identity::endpoint(&parts.method, &segments),
        Service::ResourceManager => resource_manager::endpoint(&segments),
    };
    // Only who is given a token, or is about to be, brings a universe into being.
    let is_given = found.is_some_and(|(operation, _)| GIVING.contains(&operation));
    let first = if is_given { segments.first().copied().unwrap_or_default() } else { "" };
    let tenant = emulator.tenant(universe(&parts, service, first));
    let (tenant, no_room) = match tenant {
        Ok(tenant) => (tenant, None),
        Err(refusal) => (emulator.default_tenant(), Some(refusal)),
    };
    let moment = moment(&tenant);
    let sent = body.as_ref().map_or_else(|_| Bytes::new(), Bytes::clone);
    let outcome = match (no_room, body, found) {
        (Some(refusal), ..) => Err(Refusal::no_tenant(refusal.hint().unwrap_or_default()).into()),
        (None, Err(refusal), _) => Err(refusal.into()),
        (None, Ok(_), None) => Err(nowhere(&parts).into()),
        (None, Ok(body), Some((_, endpoint))) => {
            let segments = parts.uri.path().trim_end_matches('/').split('/').skip(1).collect();
            let form = form(&parts, &body);
            endpoint(&Call { emulator: &emulator, tenant: &tenant, parts: &parts, segments, form, moment, begun })
        }
    };
    let mut response = render(outcome, &parts, moment);
    answer::stamp(&mut response, moment.request_id, moment.now);
    let operation = found.map(|(operation, _)| operation);
    emulator.traffic().answered(operation.unwrap_or("no operation"), response.status().as_u16());
    let who = Who { principal: None, operation };
    pipeline::journal(&tenant, &parts, who, sent, &response, Span { moment, begun });
    response.map(Body::from)
}

/// The universe of a request: of the proxy's user, else of the tenant in the path or of the identity's header.
fn universe(parts: &Parts, service: Service, first: &str) -> TenantId {
    let named = match service {
        Service::Entra => Some(first),
        Service::Metadata => parts.headers.get("x-identity-header").and_then(|header| header.to_str().ok()),
        Service::Fabric | Service::ResourceManager | Service::OneLake => None,
    };
    // The header of a managed identity is a secret to others; only an id is taken for a tenant.
    let tenant = match (service, named) {
        (Service::Metadata, Some(named)) => named.parse().unwrap_or(DEFAULT_TENANT),
        (_, Some(named)) => tenant_named(named),
        (_, None) => bearers_tenant(parts),
    };
    Arrival::tenant(parts).unwrap_or(tenant)
}

fn bearers_tenant(parts: &Parts) -> TenantId {
    access::identify(parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)).tenant
}

/// The body, where it is a form, and then the query; credentials of a client may stand in a header instead.
fn form(parts: &Parts, body: &[u8]) -> Form {
    let query = parts.uri.query().unwrap_or_default();
    let form = Form::parse(&[body, b"&", query.as_bytes()].concat());
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match super::basic(&parts.headers, header::AUTHORIZATION) {
        Some((client, secret)) => form.with("client_id", decoded(&client)).with("client_secret", decoded(&secret)),
        None => form,
    }
}

fn nowhere(parts: &Parts) -> FabricError {
    let path: String = parts.uri.path().chars().take(200).collect();
    FabricError::new(ErrorCode::NotEmulated)
        .message(format!("Specularite does not emulate {path} on this host: signing in is all that it does there."))
}

fn onelake(_: &Call<'_>) -> Outcome {
    Err(FabricError::new(ErrorCode::NotEmulated)
        .message("Specularite does not emulate OneLake: it holds no data.")
        .into())
}

fn wrong_method(_: &Call<'_>) -> Outcome {
    Err(Refusal::post_only().into())
}

impl Call<'_> {
    /// The authority that was asked: the path's first segment, under the client's own scheme and host.
    fn site(&self) -> Site {
        let name = self.segments.first().copied().unwrap_or_default();
        Site::new(Arrival::origin(self.parts), name, self.tenant.id())
    }

    /// Does something where tokens are given out.
    fn at_desk<T>(&self, site: &Site, work: impl FnOnce(&TokenIssuer<'_>) -> T) -> Result<T, Unanswered> {
        let signer = self.emulator.signer().map_err(|why| {
            tracing::error!(%why, "the key of tokens cannot be used");
            FabricError::from(ErrorCode::UnknownError)
        })?;
        Ok(self.tenant.read(|state| work(&TokenIssuer { state, signer, site, now: self.moment.now })))
    }

    /// Seconds of the tenant's time in the caller's.
    fn callers_seconds(&self, seconds: u32) -> u64 {
        ((f64::from(seconds) / self.tenant.clock().rate()) as u64).max(1)
    }
}

fn openid_configuration(call: &Call<'_>) -> Outcome {
    Ok(Told::Json(documents::openid_configuration(&call.site())))
}

fn keys(call: &Call<'_>) -> Outcome {
    call.at_desk(&call.site(), |issuer| Told::Json(issuer.signer.public_keys()))
}

fn instance_discovery(call: &Call<'_>) -> Outcome {
    let port = call.parts.extensions.get::<Arrival>().map_or(443, |arrival| arrival.local.port());
    let asked = call.form.need("authorization_endpoint")?;
    Ok(Told::Json(documents::instance(asked, &format!("https://localhost:{port}"))?))
}

fn user_realm(call: &Call<'_>) -> Outcome {
    let user = call.segments.last().copied().unwrap_or_default();
    Ok(Told::Json(documents::user_realm(&percent_decode_str(user).decode_utf8_lossy())))
}

/// Entra's refusals have these statuses.
fn status(refusal: &Refusal) -> StatusCode {
    if refusal.error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
}

fn render(outcome: Outcome, parts: &Parts, moment: Moment) -> Written {
    let (status, media, body) = match outcome {
        Ok(Told::Json(body)) => (StatusCode::OK, "application/json; charset=utf-8", answer::to_json(&body)),
        Ok(Told::Page(body)) => (StatusCode::OK, "text/html; charset=utf-8", body.into_bytes()),
        Ok(Told::Elsewhere(location)) => return elsewhere(&location),
        Err(Unanswered::Refused(refusal)) => {
            (status(&refusal), "application/json; charset=utf-8", answer::to_json(&refused(&refusal, parts, moment)))
        }
        Err(Unanswered::Fabric(refusal)) => {
            return error::render(&refusal, moment.request_id, &Behaviours::default(), 1.0);
        }
    };
    respond(status, media, body)
}

fn respond(status: StatusCode, media: &'static str, body: Vec<u8>) -> Written {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn elsewhere(location: &str) -> Written {
    let mut response = respond(StatusCode::FOUND, "text/html; charset=utf-8", Vec::new());
    response.headers_mut().extend(HeaderValue::try_from(location).ok().map(|location| (header::LOCATION, location)));
    response
}

/// The body of a refusal, with all that clients print of it.
fn refused(refusal: &Refusal, parts: &Parts, moment: Moment) -> Value {
    let Refusal { error, code, text } = refusal;
    let trace = moment.request_id;
    let asked = parts.headers.get(HeaderName::from_static("client-request-id")).and_then(|id| id.to_str().ok());
    let correlation = asked.and_then(|id| id.parse().ok()).unwrap_or(trace);
    let timestamp = moment.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    json!({
        "error": error,
        "error_description": format!(
            "AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
        ),
        "error_codes": [code],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("{}/error?code={code}", Arrival::origin(parts)),
    })
}
