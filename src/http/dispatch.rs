//! The router: the control interface by its path, and every other request by the host that it is for.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::HeaderMap;
use axum::http::{Extensions, StatusCode, Version};
use axum::response::Response;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::emulator::Emulator;
use crate::fabric::ErrorCode;
use crate::fabric::behaviours::Behaviours;
use crate::hosts::{self, Service};
use crate::http::answer::Headers;
use crate::http::request::{SentUri, collapse_slashes, host};
use crate::http::{control, entra, error, fabric_api, managed_identity, onelake, resource_manager};
use crate::ids::RequestId;
use crate::seed::Seed;

/// Returns a service that answers every request, without a socket.
pub fn router(emulator: Arc<Emulator>) -> Router {
    // The layers apply to every response: a panic becomes an error in Fabric's shape, and bodies are compressed on request.
    Router::new()
        .nest("/_emulator", control::router(Arc::clone(&emulator)))
        .fallback(dispatch)
        .layer(CatchPanicLayer::custom(panic_response))
        .layer(CompressionLayer::new().gzip(true).compress_when(is_compressible))
        .with_state(emulator)
}

/// Passes a request to the service of its host; under a name that is not Microsoft's, to that of its path.
async fn dispatch(State(emulator): State<Arc<Emulator>>, mut request: Request) -> Response {
    if let Some(collapsed) = collapse_slashes(request.uri()) {
        let sent = std::mem::replace(request.uri_mut(), collapsed);
        request.extensions_mut().insert(SentUri(sent));
    }
    match service(&request) {
        Service::Fabric => fabric_api::respond(emulator, request).await,
        Service::Entra => entra::respond(emulator, request).await,
        Service::Metadata => managed_identity::respond(emulator, request).await,
        Service::ResourceManager => resource_manager::respond(emulator, request).await,
        Service::OneLake => onelake::respond(emulator, request).await,
    }
}

fn service(request: &Request) -> Service {
    let named = host(request.headers(), request.uri()).and_then(|host| hosts::service(hosts::without_port(host)));
    named.or_else(|| service_of_path(request.uri().path())).unwrap_or(Service::Fabric)
}

/// Returns the service of a path, under a host name that does not tell.
fn service_of_path(path: &str) -> Option<Service> {
    if path.starts_with("/v1/") {
        return None;
    }
    let path = path.to_ascii_lowercase();
    if path.starts_with("/v1/") || path.starts_with("/_emulator/") {
        None
    } else if managed_identity::has_path(&path) {
        Some(Service::Metadata)
    } else if resource_manager::has_path(&path) {
        Some(Service::ResourceManager)
    } else {
        entra::has_path(&path).then_some(Service::Entra)
    }
}

fn is_compressible(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Headers>().is_some_and(|family| family.is_compressed())
}

/// The response to a panic, which is a bug: in the shape of every other error.
fn panic_response(_: Box<dyn std::any::Any + Send>) -> Response {
    let request_id = RequestId::nth(Seed::new(0), 0);
    error::render(&ErrorCode::UnknownError.into(), request_id, &Behaviours::default(), 1.0).map(Body::from)
}
