//! `events`: what happens in a tenant, as server-sent events.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame};
use serde_json::{Value, json};

use super::{ControlRequest, Streamed, clock, faults, one_tenant_only, refuse, settings, stamped, trouble};
use crate::emulator::Listener;
use crate::events::Event;
use crate::http::answer::{self, Headers, utc};
use crate::journal;
use crate::notify::Closing;

/// The header with the id of the last event that a client has received.
const LAST_EVENT_ID: &str = "last-event-id";

/// Opens a stream of the events of a tenant.
pub(super) async fn open(headers: HeaderMap, request: ControlRequest) -> Response<Body> {
    if request.every_tenant {
        return refuse(&request.tenant, &one_tenant_only());
    }
    // An id that is no text is not known.
    let last = headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or("?"));
    match request.emulator.listen(request.tenant.id(), last, data) {
        Ok(listener) => {
            let mut response = answer::respond(StatusCode::OK, Headers::Workload, Vec::new());
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response.extensions_mut().insert(Streamed);
            stamped(&request.tenant, response).map(|_| Body::new(Stream::new(listener, request.closing)))
        }
        Err(refusal) => refuse(&request.tenant, &refusal),
    }
}

/// Returns the data of an event.
fn data(event: &Event<'_>) -> String {
    let body = match event {
        Event::Change(change) => json!(change),
        Event::Clock(state, next) => clock::shown(*state, next.as_ref()),
        Event::Exchange(exchange) => return journal::summary(exchange),
        Event::Fault { fault, counter, now, is_deleted } => {
            with_deletion(faults::shown(fault, *counter, *now), *is_deleted)
        }
        Event::Item(change) => json!(change),
        Event::Reset(now) => json!({"now": utc(*now)}),
        Event::Settings(settings) => settings::shown(settings),
        Event::Trouble { view, is_deleted } => with_deletion(trouble::body(view), *is_deleted),
    };
    body.to_string()
}

/// Adds `"deleted": true` to what was deleted.
fn with_deletion(mut body: Value, is_deleted: bool) -> Value {
    if is_deleted {
        body["deleted"] = true.into();
    }
    body
}

/// The next event of a stream, with the listener that has read it.
type Step = Pin<Box<dyn Future<Output = Option<(Bytes, Listener, Closing)>> + Send>>;

/// A body that never ends by itself: the events of a tenant.
struct Stream(Option<Step>);

impl Stream {
    fn new(listener: Listener, closing: Closing) -> Self {
        Self(Some(Box::pin(Self::step(listener, closing))))
    }

    async fn step(mut listener: Listener, closing: Closing) -> Option<(Bytes, Listener, Closing)> {
        let event = listener.next(&closing).await?;
        Some((event, listener, closing))
    }
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(step) = &mut self.0 else { return Poll::Ready(None) };
        let read = ready!(step.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(read.map(|(event, listener, closing)| {
            *self = Self::new(listener, closing);
            Ok(Frame::data(event))
        }))
    }
}
