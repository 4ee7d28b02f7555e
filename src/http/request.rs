//! What HTTP says about a request before any service looks at it: its origin, its host, its credentials, its body.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::Uri;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::fabric::{ErrorCode, FabricError};
use crate::ids::TenantId;

/// The largest body of a request, in bytes.
pub const BODY_MAX: usize = 16 << 20;

/// The way by which a request arrived. The server adds it to each request; without a server it came from this machine over http.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The address of the client.
    pub peer: SocketAddr,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// `http`, or `https` when the connection or the target of a proxy request says so.
    pub scheme: &'static str,
    /// The tenant of the user name in the proxy URL. It overrides that of the token.
    pub tenant: Option<TenantId>,
    /// The request came through a tunnel that ends here.
    pub in_tunnel: bool,
}

impl Arrival {
    /// Returns the arrival of a request by this machine itself: its settings are not for the client to choose.
    pub(crate) fn by_this_machine(self) -> Self {
        Self { peer: SocketAddr::from(([127, 0, 0, 1], 0)), ..self }
    }

    /// Returns the scheme and host under which the client knows this server.
    pub(super) fn origin(parts: &Parts) -> String {
        let scheme = parts.extensions.get::<Self>().map_or("http", |arrival| arrival.scheme);
        format!("{scheme}://{}", host(&parts.headers, &parts.uri).unwrap_or("localhost"))
    }

    /// Returns the tenant of the user name in the proxy URL.
    pub(super) fn tenant(parts: &Parts) -> Option<TenantId> {
        parts.extensions.get::<Self>().and_then(|arrival| arrival.tenant)
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

/// Returns the value of `Authorization`.
pub(super) fn authorization(parts: &Parts) -> Option<&[u8]> {
    parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)
}

/// Reads a whole body.
///
/// # Errors
///
/// It is larger than [`BODY_MAX`], or ends early.
pub(super) async fn read_body(body: Body) -> Result<Bytes, FabricError> {
    match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => Err(FabricError::new(ErrorCode::InvalidPayloadSize)
            .detail(ErrorCode::InvalidPayloadSize, format!("At most {BODY_MAX} bytes are read."))),
        Err(_) => Err(FabricError::invalid_input("The request body ended before it was complete.")),
    }
}

/// The URI of a request before its repeated slashes were collapsed. The journal shows it.
#[derive(Debug, Clone)]
pub(super) struct SentUri(pub(super) Uri);

impl SentUri {
    /// Returns the URI as the client sent it.
    pub(super) fn of(parts: &Parts) -> &Uri {
        parts.extensions.get::<Self>().map_or(&parts.uri, |sent| &sent.0)
    }
}

/// Returns the URI with one slash for each run of slashes in its path, if there are any: the service ignores them, and
/// semantic-link-labs sends `//v1/…`.
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
