//! Parsing of requests to Entra, managed identities, Azure Resource Manager and OneLake, and their responses.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::clock::real_seconds;
use crate::emulator::Emulator;
use crate::entra::grant::TokenIssuer;
use crate::entra::{Form, Refusal, Site};
use crate::fabric::access;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts;
use crate::http::answer::{self, Written};
use crate::http::error;
use crate::http::exchange::{Arrived, Received, Stamp, Traits, send};
use crate::http::request::{Arrival, FORM_MAX, authorization, basic};
use crate::ids::TenantId;
use crate::tenant::Tenant;

/// The successful response of an endpoint.
pub(in crate::http) enum Reply {
    /// A JSON document.
    Json(Value),
    /// An HTML page.
    Page(String),
    /// A redirect of the browser to this URL.
    Redirect(String),
}

/// The error of an endpoint.
pub(in crate::http) enum Rejection {
    /// An error in Entra's format.
    Entra(Refusal),
    /// An error in Fabric's format: for unknown paths, operations that are not emulated, and failures of the emulator.
    Fabric(FabricError),
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Entra(refusal)
    }
}

impl From<FabricError> for Rejection {
    fn from(refusal: FabricError) -> Self {
        Self::Fabric(refusal)
    }
}

/// The result of an endpoint.
pub(in crate::http) type EntraResult = Result<Reply, Rejection>;
/// A function that serves an endpoint.
pub(in crate::http) type Endpoint = fn(&EntraRequest<'_>) -> EntraResult;
/// The operation id of an endpoint, and the function that serves the endpoint.
pub(in crate::http) type Found = (&'static str, Endpoint);

/// A service whose requests are parsed, and whose responses are written, in the same way as Entra's.
pub(in crate::http) struct Service {
    /// The function that returns the endpoint of a method and a path. The segments of the path are in lower case.
    pub(in crate::http) find: fn(&Method, &[&str]) -> Option<Found>,
    /// The function that returns the tenant of a request. A tenant in the user name of the proxy URL takes precedence.
    pub(in crate::http) tenant: fn(&Parts, Option<Found>) -> TenantId,
    /// `true` if GET and HEAD requests may create a tenant. This is safe only if such a request needs a header that a web
    /// page cannot set: otherwise, any page could create tenants.
    pub(in crate::http) reads_create_tenants: bool,
    /// The emulated service.
    pub(in crate::http) name: hosts::Service,
}

impl Service {
    /// Responds to a request.
    pub(in crate::http) async fn respond(
        self,
        emulator: Arc<Emulator>,
        request: Request,
        arrival: Arrival,
    ) -> Response<Body> {
        let received = Received::read(request, arrival, FORM_MAX, &emulator).await;
        let size = received.size();
        let admission = self.admit(&emulator, received);
        Arrived::delay(admission.arrived.fault_delay()).await;
        let shared = Arc::clone(&emulator);
        let response = emulator.in_flight().work(size, move || admission.process(&shared)).await;
        send(&emulator, response).await
    }

    /// Finds the endpoint and the tenant of a request whose body was read, stamps the request, and finds its fault.
    fn admit(self, emulator: &Emulator, received: Received) -> Admission {
        let lower = received.parts.uri.path().trim_end_matches('/').to_ascii_lowercase();
        let found = (self.find)(&received.parts.method, &lower.split('/').skip(1).collect::<Vec<_>>());
        let named = (self.tenant)(&received.parts, found);
        let id = received.arrival.tenant.unwrap_or(named);
        let views = !self.reads_create_tenants && received.parts.method.is_safe();
        let (tenant, no_room) = match if views { Ok(emulator.view_tenant(id)) } else { emulator.tenant(id) } {
            Ok(tenant) => (tenant, None),
            Err(refusal) => (emulator.default_tenant(), Some(refusal)),
        };
        let operation = found.map(|(operation, _)| operation);
        let arrived = received.arrive(tenant, |_, _| Traits { operation, ..Traits::default() });
        Admission { arrived, found, no_room, service: self.name }
    }
}

/// A request whose endpoint and tenant are known.
struct Admission {
    arrived: Arrived,
    found: Option<Found>,
    no_room: Option<FabricError>,
    service: hosts::Service,
}

impl Admission {
    /// Processes the request.
    fn process(self, emulator: &Emulator) -> Written {
        let Self { mut arrived, found, no_room, service } = self;
        let operation = found.map(|(operation, _)| operation);
        let is_oauth = operation.is_some_and(|id| id.starts_with("Entra_") || id.starts_with("ManagedIdentity_"));
        let response = arrived.answer(is_oauth.then_some(given_error), |arrived| {
            let result = match no_room {
                Some(refusal) => Err(Refusal::no_tenant(refusal.hint().unwrap_or_default()).into()),
                None => serve(emulator, arrived, found),
            };
            render(result, &arrived.parts, arrived.arrival, arrived.stamp)
        });
        arrived.finish(emulator, service, None, operation, response)
    }
}

fn serve(emulator: &Emulator, arrived: &Arrived, found: Option<Found>) -> EntraResult {
    let body = arrived.body()?;
    let Some((_, endpoint)) = found else { return Err(not_emulated(&arrived.parts).into()) };
    let path = arrived.parts.uri.path().trim_end_matches('/');
    let segments = path.split('/').skip(1).collect();
    let form = form(&arrived.parts, body);
    form.check_lengths()?;
    endpoint(&EntraRequest { emulator, arrived, segments, form })
}

/// A request to an endpoint.
pub(in crate::http) struct EntraRequest<'a> {
    emulator: &'a Emulator,
    arrived: &'a Arrived,
    /// The segments of the path, as sent.
    pub(in crate::http) segments: Vec<&'a str>,
    /// The fields of the body, followed by the fields of the query.
    pub(in crate::http) form: Form,
}

impl EntraRequest<'_> {
    pub(in crate::http) fn parts(&self) -> &Parts {
        &self.arrived.parts
    }

    pub(in crate::http) fn arrival(&self) -> Arrival {
        self.arrived.arrival
    }

    pub(in crate::http) fn tenant(&self) -> &Tenant {
        &self.arrived.tenant
    }

    pub(in crate::http) fn stamp(&self) -> Stamp {
        self.arrived.stamp
    }

    /// Returns the machine's time at which the request began. Lifetimes in responses begin at this time.
    pub(in crate::http) fn begun(&self) -> Timestamp {
        self.arrived.begun
    }

    /// Returns the site of the request: the origin that the client used, and the tenant in the path.
    pub(in crate::http) fn site(&self) -> Site {
        let name = self.segments.first().copied().unwrap_or_default();
        Site::new(self.arrival().origin(self.parts()), name, self.tenant().id())
    }

    /// Returns the result of `work`, which receives the token issuer of the request's tenant.
    pub(in crate::http) fn with_issuer<T>(
        &self,
        site: &Site,
        work: impl FnOnce(&TokenIssuer<'_>) -> T,
    ) -> Result<T, Rejection> {
        let signer = self.emulator.signer().map_err(|why| {
            tracing::error!(%why, "cannot use the signing key");
            FabricError::from(ErrorCode::UnknownError)
        })?;
        Ok(self.tenant().read(|state| work(&TokenIssuer { state, signer, site, now: self.stamp().now })))
    }

    /// Returns a number for a code. No other code has the number.
    pub(in crate::http) fn next_code_number(&self) -> u64 {
        self.emulator.next_code_number()
    }

    /// Converts seconds on the tenant's clock into seconds of real time. The result is rounded down and is at least 1.
    pub(in crate::http) fn callers_seconds(&self, seconds: u32) -> u64 {
        (real_seconds(f64::from(seconds), self.tenant().clock().rate()) as u64).max(1)
    }
}

/// Returns the tenant of the bearer token.
pub(in crate::http) fn tenant_of_bearer(parts: &Parts, _: Option<Found>) -> TenantId {
    access::identify(authorization(parts)).tenant
}

/// Parses the body and the query as one form. The credentials in a header `Authorization: Basic` become fields of this
/// form.
fn form(parts: &Parts, body: &[u8]) -> Form {
    let query = parts.uri.query().unwrap_or_default();
    let form = Form::parse(&[body, b"&", query.as_bytes()].concat());
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    match basic(&parts.headers, header::AUTHORIZATION) {
        Some((client, secret)) => form.with("client_id", decoded(&client)).with("client_secret", decoded(&secret)),
        None => form,
    }
}

fn not_emulated(parts: &Parts) -> FabricError {
    let path: String = parts.uri.path().chars().take(200).collect();
    let message =
        format!("Specularite does not emulate {path} on this host: it serves only what a sign-in needs there.");
    FabricError::new(ErrorCode::NotEmulated).message(message)
}

/// Returns the HTTP status of an Entra error.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal.error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        "access_denied" => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn render(result: EntraResult, parts: &Parts, arrival: Arrival, stamp: Stamp) -> Written {
    let (status, media, body) = match result {
        Ok(Reply::Json(body)) => (StatusCode::OK, "application/json; charset=utf-8", answer::to_json(&body)),
        Ok(Reply::Page(body)) => (StatusCode::OK, "text/html; charset=utf-8", body.into_bytes()),
        Ok(Reply::Redirect(location)) => return redirect(&location),
        Err(Rejection::Entra(refusal)) => {
            let body = error_document(refusal.error, &refusal.text, Some(refusal.code), parts, arrival, stamp);
            (status(&refusal), "application/json; charset=utf-8", answer::to_json(&body))
        }
        Err(Rejection::Fabric(refusal)) => {
            return error::render(&refusal, stamp.request_id, &Behaviours::default(), 1.0);
        }
    };
    write(status, media, body)
}

/// Returns the response to a request that is rejected before it belongs to a tenant, with a hint of the emulator.
pub(in crate::http) fn refuse(
    emulator: &Emulator,
    parts: &Parts,
    arrival: Arrival,
    refusal: Refusal,
    note: &'static str,
) -> Response<Body> {
    let stamp = Stamp::new(&emulator.default_tenant());
    let mut response = render(Err(refusal.into()), parts, arrival, stamp);
    response.headers_mut().insert(HeaderName::from_static("x-emulator-note"), HeaderValue::from_static(note));
    answer::stamp(&mut response, stamp.request_id, stamp.now);
    response.map(Body::from)
}

fn write(status: StatusCode, media: &'static str, body: Vec<u8>) -> Written {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn redirect(location: &str) -> Written {
    let mut response = write(StatusCode::FOUND, "text/html; charset=utf-8", Vec::new());
    response.headers_mut().extend(HeaderValue::try_from(location).ok().map(|location| (header::LOCATION, location)));
    response
}

/// Returns the body of an Entra error, with every member that clients print.
/// Returns the response with an error that a fault gives.
fn given_error(arrived: &Arrived, status: StatusCode, error: &str, text: &str) -> Written {
    let body = error_document(error, text, None, &arrived.parts, arrived.arrival, arrived.stamp);
    write(status, "application/json; charset=utf-8", answer::to_json(&body))
}

/// Returns the body of an error. The description of an error with an `AADSTS` number begins with the number and ends with
/// ids for support.
fn error_document(error: &str, text: &str, code: Option<u32>, parts: &Parts, arrival: Arrival, stamp: Stamp) -> Value {
    let trace = stamp.request_id;
    let sent = parts.headers.get(HeaderName::from_static("client-request-id")).and_then(|id| id.to_str().ok());
    let correlation = sent.and_then(|id| id.parse().ok()).unwrap_or(trace);
    let timestamp = stamp.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let description = match code {
        Some(code) => {
            format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}")
        }
        None => text.to_owned(),
    };
    let mut body = json!({
        "error": error,
        "error_description": description,
        "error_codes": code.into_iter().collect::<Vec<_>>(),
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
    });
    if let Some(code) = code {
        body["error_uri"] = format!("{}/error?code={code}", arrival.origin(parts)).into();
    }
    body
}
