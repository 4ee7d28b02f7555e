//! Faults over HTTP: the answers that replace the real one, and the edits of an answer.

use axum::body::Bytes;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::fabric::behaviours::Behaviours;
use crate::fabric::fault::effect::{Disconnect, Effect, FaultAnswer};
use crate::fabric::fault::patch::{PatchStep, patched};
use crate::fabric::json::to_crlf;
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::{self, Headers, Written};
use crate::http::error;
use crate::ids::RequestId;

/// The note of an answer that a patch does not fit.
const UNPATCHED: &str = "the patch of a fault does not apply to this answer";
/// The note of an answer that is not sent. Only callers without a connection, such as Rust tests, see it.
const UNSENT: &str = "a fault closed the connection before this answer";
/// The note of an answer with a body that its status does not allow.
const BODILESS: &str = "an answer with this status has no body: the body of a fault is not sent";
const NOTE: HeaderName = HeaderName::from_static("x-emulator-note");

/// Returns the response with an error, from its status, its code and its message; `None` for errors in Fabric's shape.
pub(super) type OtherShape<'a> = &'a dyn Fn(StatusCode, &str, &str) -> Option<Written>;

/// The stamp of a request, and the rate of its tenant's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instance {
    pub(super) now: Timestamp,
    pub(super) request_id: RequestId,
    pub(super) rate: f64,
}

/// Returns the answer that replaces the real one; `None` if the effect does not replace it. `shape` is the shape of
/// the service's errors.
pub(super) fn replacement(
    effect: &Effect,
    shape: OtherShape<'_>,
    instance: Instance,
    behaviours: &Behaviours,
) -> Option<Written> {
    let Instance { now, request_id, rate } = instance;
    let refuse = |refusal: &FabricError, oauth: &str| {
        let response = error::render(refusal, request_id, behaviours, 1.0);
        shape(response.status(), oauth, refusal.text()).unwrap_or(response)
    };
    if let Some(answer) = &effect.answer {
        return Some(given(answer, shape, request_id));
    }
    if let Some(throttle) = effect.throttle {
        let mut response = refuse(&throttle.error(now, rate), "temporarily_unavailable");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(throttle.retry_after));
        return Some(response);
    }
    effect.token.map(|_| refuse(&ErrorCode::TokenExpired.into(), "invalid_grant"))
}

/// The body of an error in Fabric's shape.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    request_id: RequestId,
    error_code: &'a str,
    message: &'a str,
    is_retriable: bool,
}

/// Returns the answer that a rule gives.
fn given(given: &FaultAnswer, shape: OtherShape<'_>, request_id: RequestId) -> Written {
    let status = StatusCode::from_u16(given.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match &given.body {
        Some(body) => with_body(status, body, given.content_type.as_deref()),
        None => {
            let code = given.error_code.as_deref().unwrap_or(ErrorCode::UnknownError.as_str());
            let known = ErrorCode::ALL.iter().find(|known| known.as_str() == code).copied();
            let message = given.message.as_deref().unwrap_or(known.unwrap_or(ErrorCode::UnknownError).message());
            shape(status, code, message).unwrap_or_else(|| {
                let body = ErrorBody { request_id, error_code: code, message, is_retriable: given.is_retriable };
                let mut response = answer::respond(status, Headers::Refused, answer::to_json(&body));
                insert(response.headers_mut(), "x-ms-public-api-error-code", code);
                response
            })
        }
    };
    if let Some(seconds) = given.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    given.headers.iter().for_each(|(name, value)| insert(response.headers_mut(), name, value));
    if has_no_body(status) {
        *response.body_mut() = Bytes::new();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::VARY);
        if given.body.as_ref().is_some_and(|body| body != "") {
            add_note(response.headers_mut(), BODILESS);
        }
    }
    if status.is_informational() {
        // Only an interim answer has such a status, and another answer follows it. Here none follows.
        response.extensions_mut().insert(Disconnect::Before);
    }
    response
}

/// Returns `true` if HTTP allows no body in an answer with this status.
fn has_no_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Returns a response with a given body: a text as it is, any other value as JSON.
fn with_body(status: StatusCode, body: &Value, content_type: Option<&str>) -> Written {
    let (bytes, media) = match body {
        Value::String(text) => (text.clone().into_bytes(), "text/plain; charset=utf-8"),
        body => (answer::to_json(body), "application/json; charset=utf-8"),
    };
    let mut response = Written::new(Bytes::from(bytes));
    *response.status_mut() = status;
    insert(response.headers_mut(), header::CONTENT_TYPE.as_str(), content_type.unwrap_or(media));
    response
}

/// Returns the response in place of an answer that is not sent.
pub(super) fn unsent() -> Written {
    let mut response = Written::new(Bytes::new());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.headers_mut().insert(NOTE, HeaderValue::from_static(UNSENT));
    response
}

/// Changes the body of a response, and marks a response that is cut. A marked response is not compressed, because its
/// head announces the full length.
pub(super) fn edit(effect: &Effect, response: &mut Written) {
    if let Some(patch) = &effect.patch {
        match edited(response.body(), patch) {
            Some(body) => *response.body_mut() = Bytes::from(body),
            None => add_note(response.headers_mut(), UNPATCHED),
        }
    }
    if let Some(disconnect) = effect.disconnect {
        response.headers_mut().remove(header::VARY);
        response.extensions_mut().get_or_insert(disconnect);
    }
}

/// Changes the headers of a response, after all others are set.
pub(super) fn edit_headers(effect: &Effect, headers: &mut HeaderMap) {
    for (name, value) in &effect.headers {
        match value {
            Some(value) => insert(headers, name, value),
            None => drop(headers.remove(name)),
        }
    }
}

/// Returns the status of a response; `None` if a fault closes the connection before it.
pub(super) fn sent_status(response: &Written) -> Option<u16> {
    let is_sent = response.extensions().get::<Disconnect>() != Some(&Disconnect::Before);
    is_sent.then(|| response.status().as_u16())
}

/// Returns a JSON text with a patch applied, in the formatting of the text: compact, or indented with CRLF as in the
/// mirroring workload. Returns `None` if the text is not JSON or the patch does not apply.
fn edited(body: &[u8], patch: &[PatchStep]) -> Option<Vec<u8>> {
    let document = patched(serde_json::from_slice(body).ok()?, patch)?;
    let is_indented = body.windows(2).any(|bytes| bytes == b"\r\n");
    Some(if is_indented { to_crlf(&document) } else { answer::to_json(&document) })
}

/// Sets a header. Rules are checked for valid names and values.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}

fn add_note(headers: &mut HeaderMap, note: &'static str) {
    let before = headers.get(&NOTE).and_then(|before| before.to_str().ok());
    let notes = before.map_or_else(|| note.to_owned(), |before| format!("{before}; {note}"));
    headers.extend(HeaderValue::try_from(notes).ok().map(|notes| (NOTE, notes)));
}
