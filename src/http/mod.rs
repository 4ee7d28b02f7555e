//! Fabric's REST API and the control interface over HTTP.
//!
//! A request goes through `pipeline` to a row of [`operations`] and so to a handler; a handler unpacks, calls `fabric`, and
//! wraps. No rule of Fabric's lives here.

pub mod answer;
mod bulk;
mod capacities;
mod catalog_search;
mod catalogs;
mod connection_roles;
mod connections;
mod context;
pub mod control;
mod entra;
pub mod error;
mod folders;
mod gateways;
mod items;
mod long_running_operations;
mod mirrored_databases;
pub mod operations;
mod pipeline;
mod principals;
mod properties;
mod role_assignments;
mod routes;
mod shortcuts;
mod sql_databases;
mod sql_endpoints;
mod tags;
mod wire;
mod workspaces;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri, Version};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::emulator::Emulator;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts::{self, Service};
use crate::http::answer::Headers;
use crate::http::context::Context;
use crate::ids::TenantId;

/// What a handler comes to.
pub type Outcome = Result<answer::Answer, FabricError>;
/// Answers one operation.
pub type Handler = fn(&Context<'_>) -> Outcome;

/// How a request came; the server puts it on each. Without a server it came from here, over plain http.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Where the client is.
    pub peer: SocketAddr,
    /// Where we listen.
    pub local: SocketAddr,
    /// `http`, or `https` where the connection or the request's own target says so.
    pub scheme: &'static str,
    /// The universe that the user name of a proxy's address chose; it goes before that of a token.
    pub tenant: Option<TenantId>,
    /// Whether it came through a tunnel that ends here.
    pub in_tunnel: bool,
}

impl Arrival {
    /// As if we had asked ourselves: what this machine's own settings lead to is not for the client to choose.
    pub(crate) fn by_ourselves(self) -> Self {
        Self { peer: SocketAddr::from(([127, 0, 0, 1], 0)), ..self }
    }

    /// The scheme and host under which the client knows this server.
    fn origin(parts: &Parts) -> String {
        let scheme = parts.extensions.get::<Self>().map_or("http", |arrival| arrival.scheme);
        format!("{scheme}://{}", host(&parts.headers, &parts.uri).unwrap_or("localhost"))
    }

    /// The universe that was chosen beside the token.
    fn tenant(parts: &Parts) -> Option<TenantId> {
        parts.extensions.get::<Self>().and_then(|arrival| arrival.tenant)
    }
}

/// The name and the secret of a header for `Basic`.
pub(crate) fn basic(headers: &HeaderMap, header: header::HeaderName) -> Option<(String, String)> {
    let (scheme, text) = headers.get(header)?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (name, secret) = text.split_once(':').unwrap_or((&text, ""));
    Some((name.to_owned(), secret.to_owned()))
}

/// The host of a request, with its port.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Bytes of a request's body at most.
pub const BODY_MAX: usize = 16 << 20;

/// Everything that the emulator answers: it needs no socket.
pub fn router(emulator: Arc<Emulator>) -> Router {
    // Outermost first: whatever happens within is answered in Fabric's shape, and packed for those who take it.
    Router::new()
        .nest("/_emulator", control::router(Arc::clone(&emulator)))
        .fallback(dispatch)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new().gzip(true).compress_when(is_packed))
        .with_state(emulator)
}

/// By its host a request belongs to a service; under a name that is none of Microsoft's, its path says so.
async fn dispatch(State(emulator): Shared, mut request: Request) -> Response {
    if let Some(collapsed) = collapse_slashes(request.uri()) {
        let sent = std::mem::replace(request.uri_mut(), collapsed);
        request.extensions_mut().insert(AsSent(sent));
    }
    let (headers, uri) = (request.headers(), request.uri());
    let named = host(headers, uri).and_then(|host| hosts::service(hosts::without_port(host)));
    let service = named.or_else(|| entra::service_of(uri.path())).unwrap_or(Service::Fabric);
    match service {
        Service::Fabric => pipeline::answer(emulator, request).await,
        Service::Entra | Service::Metadata | Service::ResourceManager | Service::OneLake => {
            entra::answer(emulator, service, request).await
        }
    }
}

/// The address of a request before its repeated slashes were collapsed; the journal shows it.
#[derive(Debug, Clone)]
struct AsSent(Uri);

/// The address with one slash for each run of slashes in its path, if there are any: the service ignores them, and
/// semantic-link-labs sends `//v1/…`.
fn collapse_slashes(uri: &Uri) -> Option<Uri> {
    if !uri.path().contains("//") {
        return None;
    }
    let mut path = String::with_capacity(uri.path().len());
    for c in uri.path().chars() {
        if c != '/' || !path.ends_with('/') {
            path.push(c);
        }
    }
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = format!("{path}{query}").parse().ok();
    Uri::from_parts(parts).ok()
}

fn is_packed(_: StatusCode, _: Version, _: &HeaderMap, extensions: &axum::http::Extensions) -> bool {
    extensions.get::<Headers>().is_some_and(|family| family.is_packed())
}

/// The answer to a bug of ours: no less in shape than any other.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let nobody = crate::ids::RequestId::nth(crate::seed::Seed::new(0), 0);
    error::render(&ErrorCode::UnknownError.into(), nobody, &Behaviours::default(), 1.0).map(Body::from)
}

/// A path of neither interface.
fn no_endpoint(path: &str) -> FabricError {
    let power_bi = ["/v1.0/", "/powerbi/"].iter().any(|begins| path.to_ascii_lowercase().starts_with(begins));
    if power_bi {
        return FabricError::new(ErrorCode::NotEmulated).message(
            "Specularite does not emulate Power BI's own REST API: Fabric's, under /v1, answers on this host too.",
        );
    }
    FabricError::new(ErrorCode::EndpointNotFound).about("Endpoint", path.chars().take(200).collect::<String>())
}

type Shared = State<Arc<Emulator>>;
