//! Errors of storage over HTTP: their statuses, and their forms in both dialects.

use axum::http::{HeaderValue, Method, StatusCode};
use hyper::ext::ReasonPhrase;
use serde_json::json;

use super::address::Dialect;
use super::reply::Reply;
use crate::fabric::onelake::{StorageCode, StorageError};
use crate::http::answer::{self, Written, utc};
use crate::http::exchange::Arrived;

/// Returns the HTTP status of a code.
pub(super) fn status(code: StorageCode) -> StatusCode {
    use StorageCode as C;
    match code {
        C::BadRequest
        | C::ContentLengthMustBeZero
        | C::FriendlyNameSupportDisabled
        | C::IncorrectEndpointError
        | C::InvalidBlockList
        | C::InvalidFlushPosition
        | C::InvalidHeaderValue
        | C::InvalidInput
        | C::InvalidQueryParameterValue
        | C::InvalidResourceName
        | C::InvalidSourceUri
        | C::InvalidXmlDocument
        | C::MissingRequiredQueryParameter
        | C::OperationNotAllowedOnThePath
        | C::UnsupportedRestVersion => StatusCode::BAD_REQUEST,
        C::InvalidAuthenticationInfo => StatusCode::UNAUTHORIZED,
        C::Forbidden => StatusCode::FORBIDDEN,
        C::ContainerNotFound
        | C::FilesystemNotFound
        | C::PathNotFound
        | C::RenameDestinationParentPathNotFound
        | C::SourcePathNotFound => StatusCode::NOT_FOUND,
        C::DirectoryNotEmpty | C::InvalidDestinationPath | C::PathAlreadyExists | C::PathConflict => {
            StatusCode::CONFLICT
        }
        C::ConditionNotMet => StatusCode::PRECONDITION_FAILED,
        C::RequestBodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        C::InvalidRange => StatusCode::RANGE_NOT_SATISFIABLE,
        C::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        C::NotEmulated => StatusCode::NOT_IMPLEMENTED,
        C::OperationTimedOut => StatusCode::REQUEST_TIMEOUT,
        C::ServerBusy => StatusCode::SERVICE_UNAVAILABLE,
        C::AccountLimitExceeded => StatusCode::INSUFFICIENT_STORAGE,
    }
}

/// Returns `true` for errors that Fabric makes, not storage. They are JSON in both dialects, and their messages do not
/// end with the request id and the time (seen).
fn is_of_fabric(code: StorageCode) -> bool {
    matches!(
        code,
        StorageCode::BadRequest
            | StorageCode::Forbidden
            | StorageCode::FriendlyNameSupportDisabled
            | StorageCode::IncorrectEndpointError
            | StorageCode::NotEmulated
            | StorageCode::OperationNotAllowedOnThePath
    )
}

/// Returns the code and the default message on the wire. A HEAD request has the code of a blob on both hosts (seen).
fn on_the_wire(code: StorageCode, is_blob: bool) -> (&'static str, &'static str) {
    match code {
        StorageCode::PathNotFound if is_blob => ("BlobNotFound", "The specified blob does not exist."),
        StorageCode::PathAlreadyExists if is_blob => ("BlobAlreadyExists", "The specified blob already exists."),
        StorageCode::FilesystemNotFound if is_blob => {
            (StorageCode::ContainerNotFound.as_str(), StorageCode::ContainerNotFound.message())
        }
        code => (code.as_str(), code.message()),
    }
}

/// Returns the response with an error.
pub(super) fn render(error: &StorageError, arrived: &Arrived, dialect: Dialect) -> Written {
    let is_head = arrived.parts.method == Method::HEAD;
    let (code, default) = on_the_wire(error.code, is_head || dialect == Dialect::Blob);
    let message = if error.message == error.code.message() { default } else { &error.message };
    let mut response = write(arrived, status(error.code), code, message, dialect, is_of_fabric(error.code));
    if let Some(note) = error.note.as_ref().and_then(|note| HeaderValue::try_from(note.as_str()).ok()) {
        response.headers_mut().insert("x-emulator-note", note);
    }
    response
}

/// Returns the response with an error that a fault gives, on the dfs host.
pub(super) fn given_on_dfs(arrived: &Arrived, status: StatusCode, code: &str, message: &str) -> Written {
    write(arrived, status, code, message, Dialect::Dfs, false)
}

/// Returns the response with an error that a fault gives, on the blob host.
pub(super) fn given_on_blob(arrived: &Arrived, status: StatusCode, code: &str, message: &str) -> Written {
    write(arrived, status, code, message, Dialect::Blob, false)
}

/// Writes an error. The response to HEAD has no content type: clients would parse its missing body.
fn write(
    arrived: &Arrived,
    status: StatusCode,
    code: &str,
    message: &str,
    dialect: Dialect,
    is_of_fabric: bool,
) -> Written {
    let stamp = arrived.stamp;
    let long = format!("{message}\nRequestId:{}\nTime:{}", stamp.request_id, utc(stamp.now));
    let text = if is_of_fabric { message } else { &long };
    let reply = Reply::new(status).header("x-ms-error-code", code);
    let reply = match dialect {
        _ if arrived.parts.method == Method::HEAD => reply,
        Dialect::Blob if !is_of_fabric => {
            let body = format!(
                "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{}</Code><Message>{}</Message></Error>",
                escape(code),
                escape(text)
            );
            reply.body("application/xml", body.into_bytes())
        }
        Dialect::Dfs | Dialect::Blob => {
            let body = answer::to_json(&json!({"error": {"code": code, "message": text}}));
            reply.body("application/json;charset=utf-8", body)
        }
    };
    let mut response = reply.written();
    if let Ok(reason) = ReasonPhrase::try_from(message.as_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}

/// Escapes a text for XML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
