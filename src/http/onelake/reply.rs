//! The responses of storage: headers, and bodies that are streamed from the content store.

use std::io::Read;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use jiff::Timestamp;

use super::address::Dialect;
use crate::content::Blob;
use crate::http::answer::Written;

/// The size of the pieces in which a file is sent, in bytes.
const PIECE: usize = 64 << 10;

/// A response of storage.
#[derive(Debug)]
pub(super) struct Reply(Written);

impl Reply {
    /// Creates a response without a body.
    pub(super) fn new(status: StatusCode) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        Self(response)
    }

    /// Sets a header. A value that a header cannot have is left out.
    pub(super) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.as_ref()) {
            self.0.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Sets a header if there is a value.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Sets `ETag` and `Last-Modified`.
    pub(super) fn stamped(self, etag: &str, modified: Timestamp) -> Self {
        self.header("etag", format!("\"{etag}\"")).header("last-modified", http_date(modified))
    }

    /// Sets the body.
    pub(super) fn body(mut self, media: &str, body: Vec<u8>) -> Self {
        *self.0.body_mut() = body.into();
        self.header("content-type", media)
    }

    /// Sets the body to a range of a content.
    pub(super) fn content(mut self, blob: Blob, range: Range<u64>) -> Self {
        let length = range.end.saturating_sub(range.start);
        self.0.extensions_mut().insert(Outgoing { blob, range });
        self.header("content-length", length.to_string())
    }

    /// Sets the status of a response with a part of a content.
    pub(super) fn partial(mut self) -> Self {
        *self.0.status_mut() = StatusCode::PARTIAL_CONTENT;
        self
    }

    /// Returns the response.
    pub(super) fn written(self) -> Written {
        self.0
    }
}

/// Formats an instant as in HTTP headers.
pub(super) fn http_date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

/// Adds the headers that all responses have (seen, except `x-ms-request-id` and `x-ms-version`, which are documented).
pub(super) fn add_common_headers(response: &mut Written, dialect: Dialect) {
    let server = match dialect {
        Dialect::Dfs => "Windows-Azure-HDFS/1.0",
        Dialect::Blob => "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
    };
    let headers = response.headers_mut();
    if let Some(id) = headers.get("requestid").cloned() {
        headers.insert("x-ms-request-id", id);
    }
    for (name, value) in [
        ("server", server),
        ("x-ms-version", "2021-06-08"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "*,Authorization"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// The content that becomes the body of a response. The journal does not record it.
#[derive(Debug, Clone)]
struct Outgoing {
    blob: Blob,
    range: Range<u64>,
}

/// Returns the response with its content as the body; the response itself if it has none.
pub(super) fn streamed(mut response: Written) -> Result<Response<Body>, Written> {
    let Some(Outgoing { blob, range }) = response.extensions_mut().remove::<Outgoing>() else { return Err(response) };
    if !response.body().is_empty() {
        // A fault has replaced the body.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        return Err(response);
    }
    if let Some(bytes) = blob.in_memory(&range) {
        return Ok(response.map(|_| Body::from(bytes)));
    }
    let left = range.end.saturating_sub(range.start);
    match blob.reader(range) {
        Ok(reader) => Ok(response.map(|_| Body::new(FileBody { reader, left }))),
        Err(why) => {
            tracing::error!(%why, "cannot read the content of a file");
            Err(Reply::new(StatusCode::INTERNAL_SERVER_ERROR).written())
        }
    }
}

/// A body that is read from a file while it is sent.
struct FileBody {
    reader: Box<dyn Read + Send + Sync>,
    left: u64,
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileBody({} bytes left)", self.left)
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = PIECE.min(usize::try_from(self.left).unwrap_or(PIECE));
        let mut piece = vec![0; size];
        if let Err(why) = self.reader.read_exact(&mut piece) {
            return Poll::Ready(Some(Err(why)));
        }
        self.left -= size as u64;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
