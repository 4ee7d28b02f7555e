//! The response of a handler, and the header families of the service (docs/fidelity.md#headers).

use std::cell::RefCell;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::json;
use crate::ids::{DeploymentId, OperationId, RequestId};

/// The header with the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("requestid");

/// A response whose whole body is in memory, so that the journal can record the body.
pub type Written = Response<Bytes>;

/// The response of a handler. [`Answer::into_response`] converts it into an HTTP response.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    body: Option<Vec<u8>>,
    family: Option<Headers>,
    location: Option<String>,
    etag: Option<String>,
    asynchronous: Option<String>,
    request: Option<String>,
    operation: Option<OperationId>,
    deployment: Option<DeploymentId>,
    retry_after: Option<u64>,
    exposed: Option<&'static str>,
    note: Option<&'static str>,
    inert: Vec<&'static str>,
}

impl Answer {
    /// Creates a 200 with a JSON body.
    pub fn ok(body: &impl Serialize) -> Self {
        Self { body: Some(to_json(body)), ..Self::empty() }
    }

    /// Creates a 200 with a JSON body of about `size` bytes.
    pub fn ok_sized(body: &impl Serialize, size: usize) -> Self {
        Self { body: Some(json::to_compact_sized(body, size)), ..Self::empty() }
    }

    /// Creates a 200 with a body in the indented JSON of the mirroring workload.
    pub fn indented(body: &impl Serialize) -> Self {
        Self { body: Some(json::to_crlf(body)), ..Self::empty() }
    }

    /// Creates a 201 with the created resource.
    pub fn created(body: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// Creates a 201 with the created resource, in the indented JSON of a workload.
    pub fn created_indented(body: &impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, ..Self::indented(body) }
    }

    /// Creates a 200 whose body is a file.
    pub fn file(content: Vec<u8>) -> Self {
        Self { body: Some(content), ..Self::empty() }.family(Headers::WorkloadEmpty)
    }

    /// Creates a 200 without a body.
    pub fn empty() -> Self {
        Self {
            status: StatusCode::OK,
            body: None,
            family: None,
            location: None,
            etag: None,
            asynchronous: None,
            request: None,
            operation: None,
            deployment: None,
            retry_after: None,
            exposed: None,
            note: None,
            inert: Vec::new(),
        }
    }

    /// Creates a 201 without a body.
    pub fn created_empty() -> Self {
        Self { status: StatusCode::CREATED, ..Self::empty() }
    }

    /// Creates a 202 without a body.
    pub fn accepted() -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::empty() }
    }

    /// Creates a 202 with a JSON body.
    pub fn accepted_with(body: &impl Serialize) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// Creates a 204.
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::empty() }
    }

    /// Creates the 202 of a long-running operation that has started. Its body is the JSON `null`.
    pub fn started() -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(&()) }
    }

    /// Replaces the header family of the operation.
    pub fn family(mut self, family: Headers) -> Self {
        self.family = Some(family);
        self
    }

    /// Adds the id of a long-running operation. `retry_after` is the number of seconds until the next poll; `None` if
    /// the operation has ended.
    pub fn of(mut self, operation: OperationId, retry_after: Option<u64>) -> Self {
        (self.operation, self.retry_after) = (Some(operation), retry_after);
        self
    }

    /// Adds the id of a deployment of a deployment pipeline.
    pub fn deploying(mut self, deployment: DeploymentId) -> Self {
        self.deployment = Some(deployment);
        self
    }

    /// Sets `Retry-After`: the number of seconds until the next poll.
    pub fn poll(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Replaces the header `Access-Control-Expose-Headers` of the header family.
    pub fn exposing(mut self, headers: &'static str) -> Self {
        self.exposed = Some(headers);
        self
    }

    /// Sets `Location` to an absolute URL.
    pub fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// Sets `ETag` to a quoted tag.
    pub fn etag(mut self, etag: String) -> Self {
        self.etag = Some(etag);
        self
    }

    /// Sets `Azure-AsyncOperation` to the absolute URL of the status of an operation.
    pub fn tracked_at(mut self, status: String) -> Self {
        self.asynchronous = Some(status);
        self
    }

    /// Sets `x-ms-request-id` to the id of what the request started.
    pub fn request(mut self, id: String) -> Self {
        self.request = Some(id);
        self
    }

    /// Adds the name of a member or parameter without effect to `x-emulator-note`, if the request contains it
    /// (`given`).
    pub fn inert(mut self, member: &'static str, given: bool) -> Self {
        if given {
            self.inert.push(member);
        }
        self
    }

    /// Adds a hint of the emulator to `x-emulator-note`.
    pub fn note(mut self, note: Option<&'static str>) -> Self {
        self.note = note;
        self
    }

    /// Converts the answer into an HTTP response. `family` is the header family of the operation.
    pub fn into_response(self, family: Headers) -> Written {
        let family = match (&self.body, self.family.unwrap_or(family)) {
            (Some(_), Headers::Item) if self.operation.is_some() => Headers::StartedItem,
            (Some(_), Headers::Core) if self.operation.is_some() => Headers::Operation,
            (None, Headers::Workload) => Headers::WorkloadEmpty,
            (None, _) => Headers::Empty,
            (Some(_), family) => family,
        };
        let mut response = respond(self.status, family, self.body.unwrap_or_default());
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(etag) = self.etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
            headers.insert(header::ETAG, etag);
        }
        if let Some(status) = self.asynchronous.and_then(|status| HeaderValue::try_from(status).ok()) {
            headers.insert(HeaderName::from_static("azure-asyncoperation"), status);
        }
        if let Some(id) = self.request.and_then(|id| HeaderValue::try_from(id).ok()) {
            headers.insert(HeaderName::from_static("x-ms-request-id"), id);
        }
        if let Some(id) = self.operation.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
            headers.insert(HeaderName::from_static("x-ms-operation-id"), id);
        }
        if let Some(id) = self.deployment.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
            headers.insert(HeaderName::from_static("deployment-id"), id);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(exposed) = self.exposed {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(exposed));
        }
        let inert = (!self.inert.is_empty()).then(|| format!("inert={}", self.inert.join(",")));
        let notes: Vec<String> = self.note.map(str::to_owned).into_iter().chain(inert).collect();
        if !notes.is_empty()
            && let Ok(notes) = HeaderValue::try_from(notes.join("; "))
        {
            headers.insert(HeaderName::from_static("x-emulator-note"), notes);
        }
        response
    }
}

/// A header family: a set of headers that several responses share. Each operation has a header family; a response may
/// have another family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headers {
    /// Responses to the creation, get and update of an item: marked as uncacheable, with an empty `ETag`.
    Item,
    /// Other responses of the core service: marked as uncacheable.
    Core,
    /// The 202 for the creation of an item as a long-running operation.
    StartedItem,
    /// Other 202s of long-running operations, and responses with the state of a long-running operation.
    Operation,
    /// The result of a long-running operation.
    Result,
    /// Responses of the mirroring workload: neither compressed nor marked as uncacheable.
    Workload,
    /// An empty 200.
    Empty,
    /// An empty 200 of the mirroring workload.
    WorkloadEmpty,
    /// An error.
    Refused,
    /// The error of a rate limit: not marked as uncacheable.
    Blocked,
}

impl Headers {
    /// All families, in order of declaration.
    const ALL: [Self; 10] = [
        Self::Item,
        Self::Core,
        Self::StartedItem,
        Self::Operation,
        Self::Result,
        Self::Workload,
        Self::Empty,
        Self::WorkloadEmpty,
        Self::Refused,
        Self::Blocked,
    ];

    /// Returns `true` if the body is compressed for clients that accept gzip.
    const fn is_compressed(self) -> bool {
        matches!(self, Self::Item | Self::Core | Self::StartedItem | Self::Operation | Self::Result | Self::Refused)
    }

    const fn is_uncacheable(self) -> bool {
        !matches!(self, Self::Workload | Self::WorkloadEmpty | Self::Blocked)
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Empty | Self::WorkloadEmpty => "application/octet-stream",
            Self::Result => "application/json",
            Self::Item
            | Self::Core
            | Self::StartedItem
            | Self::Operation
            | Self::Workload
            | Self::Refused
            | Self::Blocked => "application/json; charset=utf-8",
        }
    }

    const fn exposed(self) -> &'static str {
        match self {
            Self::Item => "RequestId,ETag",
            Self::StartedItem => "RequestId,Location,Retry-After,ETag,x-ms-operation-id",
            Self::Operation => "RequestId,Location,Retry-After,x-ms-operation-id",
            Self::Core
            | Self::Result
            | Self::Workload
            | Self::Empty
            | Self::WorkloadEmpty
            | Self::Refused
            | Self::Blocked => "RequestId",
        }
    }

    /// Returns the headers, and places for the request id and the date.
    fn map(self) -> HeaderMap {
        static MAPS: LazyLock<[HeaderMap; Headers::ALL.len()]> = LazyLock::new(|| Headers::ALL.map(Headers::to_map));
        MAPS[self as usize].clone()
    }

    fn to_map(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put =
            |name: HeaderName, value: &'static str| drop(headers.insert(name, HeaderValue::from_static(value)));
        put(REQUEST_ID, "");
        put(header::DATE, "");
        if self.is_compressed() {
            put(header::VARY, "accept-encoding");
        }
        if self.is_uncacheable() {
            put(header::CACHE_CONTROL, "no-store, must-revalidate, no-cache");
            put(header::PRAGMA, "no-cache");
        }
        put(header::CONTENT_TYPE, self.content_type());
        if matches!(self, Self::Item | Self::StartedItem) {
            put(header::ETAG, "\"\"");
        }
        put(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
        put(header::X_FRAME_OPTIONS, "deny");
        put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        put(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed());
        headers
    }
}

/// Returns a response with the headers of a family. [`stamp`] adds the request id and the date.
pub fn respond(status: StatusCode, family: Headers, body: Vec<u8>) -> Written {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = family.map();
    response
}

/// Returns `true` for a response whose body is compressed for clients that accept gzip. It has the header `Vary`.
pub fn is_compressed(headers: &HeaderMap) -> bool {
    headers.contains_key(header::VARY)
}

/// Adds `RequestId` and `Date` to a response. If `Date` were missing, hyper would add the machine's time.
pub fn stamp(response: &mut Written, request_id: RequestId, now: Timestamp) {
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id_header(request_id));
    match date(now) {
        Some(date) => headers.insert(header::DATE, date),
        None => headers.remove(header::DATE),
    };
}

fn id_header(id: RequestId) -> HeaderValue {
    HeaderValue::from_bytes(&id.to_ascii()).expect("a GUID is ASCII")
}

/// Returns the header `Date` of an instant; `None` for an instant that the format cannot express.
fn date(now: Timestamp) -> Option<HeaderValue> {
    thread_local! {
        /// The last date of this thread, and its second. Most responses are sent within the second of the one before.
        static LAST: RefCell<Option<(i64, HeaderValue)>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some((second, date)) if *second == now.as_second() => Some(date.clone()),
        Some(_) | None => {
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
            let date = HeaderValue::try_from(date).ok()?;
            *last = Some((now.as_second(), date.clone()));
            Some(date)
        }
    })
}

/// Serialises a body as compact JSON.
pub fn to_json(body: &impl Serialize) -> Vec<u8> {
    json::to_compact(body)
}

/// Formats an instant with seven fractional digits, as .NET does: `2024-10-08T05:07:11.0663362Z`.
pub fn utc(at: Timestamp) -> String {
    format!("{at:.7}")
}

/// Formats an instant as in the state of a long-running operation, without zone and trailing zeros:
/// `2026-08-11T07:49:13.5612398`.
pub fn zoneless(at: Timestamp) -> String {
    let text = format!("{at:.7}");
    text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.').to_owned()
}
