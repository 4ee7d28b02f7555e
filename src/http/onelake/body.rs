//! The bodies of storage requests: bytes for files go to the content store while they arrive.

use std::io::Write as _;
use std::pin::pin;

use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::http::request::Parts;
use http_body_util::BodyExt as _;
use tower_http::timeout::TimeoutBody;

use super::address::{Dialect, Query};
use crate::content::Part;
use crate::emulator::Emulator;
use crate::fabric::onelake::{StorageCode, StorageError};
use crate::http::request::{BODY_TIMEOUT, FORM_MAX, read_body};

/// The maximum size of the bytes of one request, in bytes (documented for an append: 4,000 MiB).
const PART_MAX: u64 = 4_000 << 20;

/// What is done with the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    /// It is stored as the bytes of a file.
    Store,
    /// It is read as a document.
    Read,
    /// It is read and ignored.
    Discard,
}

/// The body of a request.
#[derive(Debug)]
pub(super) enum Taken {
    /// The bytes of a file.
    Part(Part),
    /// A document.
    Document(Bytes),
    /// This number of bytes, which were ignored.
    Ignored(u64),
}

impl Intake {
    /// Returns what is done with the body of a request. The body of the creation of a file is ignored, because a client
    /// that sends one works with the service (inferred).
    pub(super) fn of(parts: &Parts, query: &Query, dialect: Dialect) -> Self {
        let header = |name: &str| parts.headers.contains_key(name);
        let put = parts.method == Method::PUT;
        let stores = match dialect {
            Dialect::Dfs => parts.method == Method::PATCH && query.has("action", "append"),
            Dialect::Blob => {
                put && !header("x-ms-copy-source") && (query.get("comp").is_none() || query.has("comp", "block"))
            }
        };
        match () {
            () if stores => Self::Store,
            () if put && query.has("comp", "blocklist") => Self::Read,
            () => Self::Discard,
        }
    }
}

/// Takes the body of a request.
///
/// # Errors
///
/// The body is too large, ends early or stops arriving, or there is no room for it.
pub(super) async fn take(body: Body, intake: Intake, emulator: &Emulator) -> Result<Taken, StorageError> {
    match intake {
        Intake::Store => store(body, emulator).await.map(Taken::Part),
        Intake::Read => Ok(Taken::Document(read_body(body, FORM_MAX, emulator.in_flight()).await?.bytes)),
        Intake::Discard => discard(body).await.map(Taken::Ignored),
    }
}

async fn store(body: Body, emulator: &Emulator) -> Result<Part, StorageError> {
    let mut body = pin!(TimeoutBody::new(BODY_TIMEOUT, body));
    let mut part = emulator.contents().begin();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StorageError::from(StorageCode::OperationTimedOut))?.into_data() else {
            continue;
        };
        length += data.len() as u64;
        if length > PART_MAX {
            return Err(StorageCode::RequestBodyTooLarge.into());
        }
        part.write_all(&data).map_err(|why| unstored(&why))?;
    }
    part.finish().map_err(|why| unstored(&why))
}

async fn discard(body: Body) -> Result<u64, StorageError> {
    let mut body = pin!(TimeoutBody::new(BODY_TIMEOUT, body));
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StorageError::from(StorageCode::OperationTimedOut))?;
        length += frame.data_ref().map_or(0, Bytes::len) as u64;
        if length > PART_MAX {
            return Err(StorageCode::RequestBodyTooLarge.into());
        }
    }
    Ok(length)
}

/// Returns the error for bytes that cannot be stored.
pub(super) fn unstored(why: &std::io::Error) -> StorageError {
    if why.kind() == std::io::ErrorKind::StorageFull {
        return StorageCode::AccountLimitExceeded.into();
    }
    tracing::error!(%why, "cannot store the content of a file");
    StorageCode::InternalError.into()
}
