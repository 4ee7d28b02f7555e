//! The parts of an HTTP request that all services use: origin, host, credentials and body.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Uri;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame};
use jiff::SignedDuration;
use tower_http::timeout::{TimeoutBody, TimeoutError};

use crate::emulator::Emulator;
use crate::fabric::access::{DEFAULT_TENANT, tenant_named};
use crate::fabric::{ErrorCode, FabricError};
use crate::hosts;
use crate::ids::TenantId;
use crate::in_flight::{InFlight, Room, TINY_MAX};

/// The maximum size of a request body, in bytes.
pub const BODY_MAX: usize = 16 << 20;
/// The maximum size of the body of a request to any service except Fabric and the control interface, in bytes.
pub(super) const FORM_MAX: usize = 1 << 20;
/// The number of bytes of a too large body that are read, in addition to its maximum size. Most clients read a response
/// only after they have sent the whole body.
const EXCESS_MAX: usize = 48 << 20;
/// The time limit for the next bytes of a body.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The connection of a request: addresses, scheme and proxy. A request to [`router`](crate::router) can have it as an
/// extension. A request without it counts as sent from this machine over http.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The address of the client.
    pub peer: SocketAddr,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The scheme of the connection, or of the URL in a proxy request: `http` or `https`.
    pub scheme: &'static str,
    /// The tenant that the user name in the proxy URL selects. This tenant overrides the tenant of the token.
    pub tenant: Option<TenantId>,
    /// `true` if the request came through a proxy tunnel that ends at this server.
    pub in_tunnel: bool,
}

impl Default for Arrival {
    fn default() -> Self {
        let here = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self { peer: here(0), local: here(443), scheme: "http", tenant: None, in_tunnel: false }
    }
}

impl Arrival {
    /// Returns a copy with this machine as the client. It is used to connect to an upstream proxy: the machine's
    /// settings choose its address, so restrictions on the client's targets do not apply.
    pub(crate) fn by_this_machine(self) -> Self {
        Self { peer: SocketAddr::from(([127, 0, 0, 1], 0)), ..self }
    }

    /// Returns the origin that the client used for this server: scheme, host and port.
    pub(super) fn origin(self, parts: &Parts) -> String {
        format!("{}://{}", self.scheme, host(&parts.headers, &parts.uri).unwrap_or("localhost"))
    }
}

/// Returns the user name and the password of a header with the scheme `Basic`.
pub(crate) fn basic(headers: &HeaderMap, header: HeaderName) -> Option<(String, String)> {
    let (scheme, text) = headers.get(header)?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (name, secret) = text.split_once(':').unwrap_or((&text, ""));
    Some((name.to_owned(), secret.to_owned()))
}

/// Returns the host of a request, with its port.
pub(super) fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Returns `true` if the `Host` of a request names this machine: it is an address, a name that no web page can have, or a
/// name that `--allowed-hosts` adds.
pub(super) fn names_this_machine(emulator: &Emulator, headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(host) = host(headers, uri) else { return true };
    let Ok(authority) = host.parse::<Authority>() else { return false };
    hosts::is_private(authority.host()) || emulator.allows_host(authority.host())
}

/// Returns `true` for a request of a web page whose own host name resolves to this machine (DNS rebinding): it has an
/// `Origin`, and a `Host` that names neither this machine nor an emulated service.
pub(super) fn is_of_foreign_page(emulator: &Emulator, headers: &HeaderMap, uri: &Uri) -> bool {
    let is_emulated = || host(headers, uri).and_then(|host| hosts::service(hosts::without_port(host))).is_some();
    headers.contains_key(header::ORIGIN) && !names_this_machine(emulator, headers, uri) && !is_emulated()
}

/// Returns the reason why a request must not use the control interface; `None` if it may.
///
/// The caller's address must be one that `--control-from` allows, the `Host` must not be one that a web page can have, and
/// the request must not come from a page of another origin.
pub(super) fn control_rejection(
    emulator: &Emulator,
    headers: &HeaderMap,
    uri: &Uri,
    arrival: Arrival,
) -> Option<&'static str> {
    if !emulator.control_from().admits(arrival.peer.ip()) {
        Some("callers from this address are not allowed; see --control-from")
    } else if !names_this_machine(emulator, headers, uri) {
        Some("the Host must be an address, localhost, or a name without a dot; --allowed-hosts adds names")
    } else if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        Some("requests of web pages of other sites are not allowed")
    } else if !is_own_origin(headers, uri) {
        Some("requests from other origins are not allowed")
    } else {
        None
    }
}

fn is_own_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    own.is_some() && own.map(str::to_owned) == host(headers, uri).map(str::to_ascii_lowercase)
}

/// Returns the tenant that `?tenant=` selects by id or name; `None` for `?tenant=*`.
pub(super) fn tenant_in_query(uri: &Uri) -> Option<TenantId> {
    let query = uri.query().unwrap_or_default();
    match form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "tenant") {
        None => Some(DEFAULT_TENANT),
        Some((_, every)) if every == "*" => None,
        Some((_, name)) => Some(tenant_named(&name)),
    }
}

/// The extension of a request that the emulator's own page sent. Only a request that may use the control interface has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageAct(());

impl PageAct {
    /// The header of the page's requests, with the value `1`.
    pub(super) const HEADER: HeaderName = HeaderName::from_static("x-specularite-page");

    /// Returns the mark of a request with the header; `None` without it.
    ///
    /// # Errors
    ///
    /// The request must not use the control interface. The error is the reason.
    pub(super) fn of(emulator: &Emulator, request: &Request, arrival: Arrival) -> Result<Option<Self>, &'static str> {
        if request.headers().get(Self::HEADER).is_none_or(|value| value != "1") {
            return Ok(None);
        }
        match control_rejection(emulator, request.headers(), request.uri(), arrival) {
            Some(reason) => Err(reason),
            None => Ok(Some(Self(()))),
        }
    }
}

/// Returns the value of `Authorization`.
pub(super) fn authorization(parts: &Parts) -> Option<&[u8]> {
    parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)
}

/// A whole request body, and its room among the bodies in flight.
#[derive(Debug, Default)]
pub(super) struct ReadBody {
    pub(super) bytes: Bytes,
    _room: Option<Room>,
}

/// Reads a whole body of at most `most` bytes.
///
/// # Errors
///
/// Returns an error if the body is larger, ends early or stops arriving, or if there is no room for a large body.
pub(super) async fn read_body(body: Body, most: usize, in_flight: &InFlight) -> Result<ReadBody, FabricError> {
    let length = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    let mut body = pin!(TimeoutBody::new(BODY_TIMEOUT, body));
    let (mut bytes, mut room) = (Vec::with_capacity(length.unwrap_or(0).min(TINY_MAX)), None);
    if length.is_some_and(|length| length > most) {
        return Err(discard(body, most).await);
    }
    while let Some(frame) = next_frame(&mut body, room.as_ref(), bytes.len()).await {
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            drop((bytes, room));
            return Err(discard(body, most).await);
        }
        if bytes.len() + data.len() > TINY_MAX && room.is_none() {
            let size = length.unwrap_or(most);
            room = Some(in_flight.receiving(size).await.ok_or_else(busy)?);
            bytes.reserve_exact(length.unwrap_or(0).saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(ReadBody { bytes: bytes.into(), _room: room })
}

/// Reads the next frame of a body. A body that has room must arrive fast enough.
async fn next_frame(
    body: &mut Pin<&mut TimeoutBody<Body>>,
    room: Option<&Room>,
    received: usize,
) -> Option<Result<Frame<Bytes>, FabricError>> {
    let frame = match room {
        Some(room) => match tokio::time::timeout_at(room.deadline(received), body.frame()).await {
            Ok(frame) => frame,
            Err(_) => return Some(Err(timed_out("The request body arrives too slowly."))),
        },
        None => body.frame().await,
    };
    frame.map(|frame| frame.map_err(|why| unread(&*why)))
}

/// Reads the rest of a body that is too large without storing it, and returns the error for it.
async fn discard(mut body: Pin<&mut TimeoutBody<Body>>, most: usize) -> FabricError {
    let mut left = EXCESS_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(size) else { break };
        left = rest;
    }
    FabricError::new(ErrorCode::InvalidPayloadSize)
        .detail(ErrorCode::InvalidPayloadSize, format!("At most {most} bytes are read."))
}

/// Returns the error for a body that cannot be read.
fn unread(why: &(dyn std::error::Error + 'static)) -> FabricError {
    if why.is::<TimeoutError>() {
        let seconds = BODY_TIMEOUT.as_secs();
        return timed_out(format!("The request body is incomplete: no data arrived for {seconds} s."));
    }
    FabricError::invalid_input("The request body ended before it was complete.")
}

fn timed_out(message: impl Into<Cow<'static, str>>) -> FabricError {
    FabricError::new(ErrorCode::OperationFailedOnTimeout).message(message)
}

/// Returns the error for a body while other bodies take up all room.
pub(super) fn busy() -> FabricError {
    FabricError::new(ErrorCode::RequestBlocked)
        .retry_after(SignedDuration::from_secs(1))
        .note("too many bodies are in flight")
}

/// The URI of a request as the client sent it, with repeated slashes. The journal records this URI.
#[derive(Debug, Clone)]
pub(super) struct SentUri(pub(super) Uri);

impl SentUri {
    /// Returns the URI as the client sent it.
    pub(super) fn of(parts: &Parts) -> &Uri {
        parts.extensions.get::<Self>().map_or(&parts.uri, |sent| &sent.0)
    }
}

/// Returns the URI with each run of slashes in its path replaced by one slash; `None` if the path has no such run.
///
/// Fabric ignores repeated slashes, and semantic-link-labs sends `//v1/…`.
pub(super) fn collapse_slashes(uri: &Uri) -> Option<Uri> {
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
