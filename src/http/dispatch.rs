//! The entry point of all requests. Requests below `/_emulator` go to the control interface. All other requests go to the
//! service of the host that they name, or to the emulator's own page.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::Response;
use hyper::body::Body as _;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::compression::CompressionLayer;

use crate::emulator::Emulator;
use crate::entra::Refusal;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts::{self, Service};
use crate::http::answer;
use crate::http::api::Api;
use crate::http::exchange::Stamp;
use crate::http::request::{Arrival, PageAct, SentUri, collapse_slashes, host, is_of_foreign_page};
use crate::http::{
    azure_capacities, control, entra, error, fabric_api, managed_identity, onelake, page, resource_manager,
};
use crate::identification::LastIdentification;
use crate::ids::RequestId;
use crate::maybe_ready::MaybeReady;
use crate::notify::Closing;
use crate::seed::Seed;

/// The path of the control interface.
const CONTROL: &str = "/_emulator";

/// Returns the router for all requests. The router does not need a socket.
pub fn router(emulator: Arc<Emulator>) -> Router {
    let dispatcher = Dispatcher::new(emulator);
    Router::new().fallback(async move |mut request: Request| {
        let arrival = request.extensions_mut().remove().unwrap_or_default();
        dispatcher.respond(request, arrival, &Connection::default()).await
    })
}

/// What the requests of a connection share.
#[derive(Debug, Default)]
pub struct Connection {
    closing: Closing,
    last: LastIdentification,
}

impl Connection {
    /// Creates a connection of a server that notifies of its end.
    pub fn new(closing: Closing) -> Self {
        Self { closing, last: LastIdentification::default() }
    }
}

/// The entry point of all requests.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    emulator: Arc<Emulator>,
    /// The router of the control interface.
    control: Router,
}

impl Dispatcher {
    /// Creates the entry point of an emulator.
    pub fn new(emulator: Arc<Emulator>) -> Self {
        // A path such as `/_emulatorx` does not belong to the control interface.
        let control = Router::new()
            .nest(CONTROL, control::router(Arc::clone(&emulator)))
            .fallback(async |State(emulator), request: Request| {
                let arrival = request.extensions().get().copied().unwrap_or_default();
                dispatch(&emulator, request, arrival, &LastIdentification::default()).await
            })
            .with_state(Arc::clone(&emulator));
        Self { emulator, control }
    }

    /// Responds to a request. Turns a panic into a Fabric error.
    pub fn respond<'a>(
        &'a self,
        request: Request,
        arrival: Arrival,
        connection: &'a Connection,
    ) -> MaybeReady<'a, Response> {
        catch_panics(|| self.answer(request, arrival, connection))
    }

    /// Returns the response to a request, compressed if the client accepts gzip. Rejects a request with several `Host`
    /// headers.
    fn answer<'a>(
        &'a self,
        mut request: Request,
        arrival: Arrival,
        connection: &'a Connection,
    ) -> MaybeReady<'a, Response> {
        if let Some(rejection) = reject_hosts(request.headers()) {
            return MaybeReady::ready(rejection);
        }
        let accepted = request.headers().get(header::ACCEPT_ENCODING).cloned();
        let response = if request.uri().path().starts_with(CONTROL) {
            request.extensions_mut().insert(arrival);
            request.extensions_mut().insert(connection.closing.clone());
            let control = self.control.clone().oneshot(request);
            MaybeReady::pending(async { control.await.unwrap_or_else(|never| match never {}) })
        } else {
            dispatch(&self.emulator, request, arrival, &connection.last)
        };
        let Some(accepted) = accepted else { return response };
        response.then(|response| match is_compressible(&response) {
            true => MaybeReady::pending(compress(response, accepted)),
            false => MaybeReady::ready(response),
        })
    }
}

/// Returns the response of `answer`. A panic of `answer`, or of the future of its response, becomes a Fabric error.
fn catch_panics<'a>(answer: impl FnOnce() -> MaybeReady<'a, Response>) -> MaybeReady<'a, Response> {
    match catch_unwind(AssertUnwindSafe(answer)) {
        Ok(MaybeReady::Pending(mut response)) => {
            let poll = move |context: &mut Context<'_>| {
                catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(context)))
                    .unwrap_or_else(|_| Poll::Ready(panic_response()))
            };
            MaybeReady::pending(poll_fn(poll))
        }
        Ok(ready) => ready,
        Err(_) => MaybeReady::ready(panic_response()),
    }
}

/// Compresses the body of a response if the client accepts gzip. `accepted` is the header `Accept-Encoding`.
async fn compress(response: Response, accepted: HeaderValue) -> Response {
    let mut response = Some(response);
    let respond = service_fn(|_: Request| ready(Ok::<_, Infallible>(response.take().unwrap_or_default())));
    let mut request = Request::default();
    request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
    let compressed = CompressionLayer::new().gzip(true).layer(respond).oneshot(request).await;
    compressed.unwrap_or_else(|never| match never {}).map(Body::new)
}

/// Passes a request to a service or to the page. A host name of Microsoft selects the service; with any other host name,
/// the path selects the destination.
fn dispatch<'a>(
    emulator: &'a Arc<Emulator>,
    mut request: Request,
    arrival: Arrival,
    last: &'a LastIdentification,
) -> MaybeReady<'a, Response> {
    let service = match destination(&request) {
        Destination::Service(service) => service,
        Destination::Page => return MaybeReady::pending(page::respond(Arc::clone(emulator), request, arrival)),
    };
    if is_of_foreign_page(emulator, request.headers(), request.uri()) {
        return MaybeReady::ready(reject_page(emulator, request, arrival, service));
    }
    if service == Service::Fabric {
        match PageAct::of(emulator, &request, arrival) {
            Ok(page) => drop(page.map(|page| request.extensions_mut().insert(page))),
            Err(reason) => return MaybeReady::ready(forbid(emulator, reason)),
        }
    }
    if let Some(collapsed) = collapse_slashes(request.uri()) {
        let sent = std::mem::replace(request.uri_mut(), collapsed);
        request.extensions_mut().insert(SentUri(sent));
    }
    let shared = || Arc::clone(emulator);
    match service {
        Service::Fabric => {
            let api = Api::of_path(request.uri().path());
            fabric_api::respond(emulator, request, arrival, last, api)
        }
        Service::Entra => MaybeReady::pending(entra::respond(shared(), request, arrival)),
        Service::Metadata => MaybeReady::pending(managed_identity::respond(shared(), request, arrival)),
        Service::ResourceManager if azure_capacities::has_path(&request.uri().path().to_ascii_lowercase()) => {
            fabric_api::respond(emulator, request, arrival, last, Api::Azure)
        }
        Service::ResourceManager => MaybeReady::pending(resource_manager::respond(shared(), request, arrival)),
        Service::OneLake => onelake::respond(emulator, request, arrival, last),
    }
}

/// The receiver of a request that is not for the control interface.
enum Destination {
    Service(Service),
    /// The emulator's own page.
    Page,
}

fn destination(request: &Request) -> Destination {
    let named = host(request.headers(), request.uri()).and_then(|host| hosts::service(hosts::without_port(host)));
    named.map_or_else(|| destination_of_path(request.uri().path()), Destination::Service)
}

/// Returns the destination of a path, for host names that select no service. A path of Fabric and an unknown path belong
/// to Fabric.
fn destination_of_path(path: &str) -> Destination {
    if path.starts_with("/v1/") {
        return Destination::Service(Service::Fabric);
    }
    let path = path.to_ascii_lowercase();
    if path.starts_with("/v1/") || path.starts_with("/_emulator/") {
        Destination::Service(Service::Fabric)
    } else if managed_identity::has_path(&path) {
        Destination::Service(Service::Metadata)
    } else if resource_manager::has_path(&path) {
        Destination::Service(Service::ResourceManager)
    } else if entra::has_path(&path) {
        Destination::Service(Service::Entra)
    } else if onelake::has_path(&path) {
        Destination::Service(Service::OneLake)
    } else if page::has_path(&path) {
        Destination::Page
    } else {
        Destination::Service(Service::Fabric)
    }
}

fn is_compressible(response: &Response) -> bool {
    answer::is_compressed(response.headers()) && !response.body().is_end_stream()
}

/// Rejects a request of a web page under a host name that is not ours.
fn reject_page(emulator: &Emulator, request: Request, arrival: Arrival, service: Service) -> Response {
    const NOTE: &str = "the Host of a web page's request must be an address, localhost, a name without a dot, or that of an \
                        emulated service; --allowed-hosts adds names";
    static LOGGED: AtomicBool = AtomicBool::new(false);
    if !LOGGED.swap(true, Ordering::Relaxed) {
        let host: String = host(request.headers(), request.uri()).unwrap_or_default().chars().take(253).collect();
        tracing::warn!("rejected a request of a web page to the host {host:?} (see --allowed-hosts)");
    }
    let (parts, _) = request.into_parts();
    match service {
        Service::Entra | Service::Metadata => {
            entra::request::refuse(emulator, &parts, arrival, Refusal::foreign_page(), NOTE)
        }
        Service::Fabric | Service::ResourceManager | Service::OneLake => forbid(emulator, NOTE),
    }
}

/// Returns the response to a request that is rejected before its tenant is known.
fn forbid(emulator: &Emulator, note: &'static str) -> Response {
    let stamp = Stamp::new(&emulator.default_tenant());
    let error = FabricError::new(ErrorCode::Forbidden).note(note);
    let mut response = error::render(&error, stamp.request_id, &Behaviours::default(), 1.0);
    answer::stamp(&mut response, stamp.request_id, stamp.now);
    response.map(Body::from)
}

/// Returns the response to a request with several `Host` headers (RFC 9112, section 3.2).
pub fn reject_hosts(headers: &HeaderMap) -> Option<Response> {
    if headers.get_all(header::HOST).iter().count() <= 1 {
        return None;
    }
    let error = FabricError::invalid_input("The request has several Host headers.");
    Some(error::render(&error, RequestId::nth(Seed::new(0), 0), &Behaviours::default(), 1.0).map(Body::from))
}

/// Returns the response to a panic, which is always a bug. The response has the format of a Fabric error.
fn panic_response() -> Response {
    let request_id = RequestId::nth(Seed::new(0), 0);
    error::render(&ErrorCode::UnknownError.into(), request_id, &Behaviours::default(), 1.0).map(Body::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_become_fabric_errors() {
        let status = async |answer: fn() -> MaybeReady<'static, Response>| catch_panics(answer).await.status().as_u16();
        assert_eq!(status(|| MaybeReady::ready(Response::default())).await, 200);
        assert_eq!(status(|| MaybeReady::pending(ready(Response::default()))).await, 200);
        assert_eq!(status(|| panic!("at once")).await, 500);
        assert_eq!(status(|| MaybeReady::pending(async { panic!("later") })).await, 500);
    }
}
