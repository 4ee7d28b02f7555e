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
mod control;
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
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::Response;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::emulator::Emulator;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Headers;
use crate::http::context::Context;

/// What a handler comes to.
pub type Outcome = Result<answer::Answer, FabricError>;
/// Answers one operation.
pub type Handler = fn(&Context<'_>) -> Outcome;

/// Where a connection comes from; the server puts it on each of its requests.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Bytes of a request's body at most.
pub const BODY_MAX: usize = 16 << 20;

/// Everything that the emulator answers: it needs no socket.
pub fn router(emulator: Arc<Emulator>) -> Router {
    // Outermost first: whatever happens within is answered in Fabric's shape, and packed for those who take it.
    Router::new()
        .nest("/_emulator", control::router(Arc::clone(&emulator)))
        .fallback(pipeline::answer)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new().gzip(true).compress_when(is_packed))
        .with_state(emulator)
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
    FabricError::new(ErrorCode::EndpointNotFound).about("Endpoint", path.chars().take(200).collect::<String>())
}

type Shared = State<Arc<Emulator>>;
