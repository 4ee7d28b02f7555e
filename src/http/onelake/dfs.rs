//! The writes of the dialect of Data Lake Storage: create, append, flush, rename and delete.

use axum::http::{Method, StatusCode};

use super::address::invalid;
use super::body::{Taken, unstored};
use super::rename_source::source;
use super::reply::Reply;
use super::storage_request::{PathStamp, StorageRequest};
use crate::fabric::onelake::{self, Content, FileNode, StorageCode, StorageError};
use crate::http::answer::Written;

/// Serves a write on the dfs host.
pub(super) fn serve(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let method = &request.arrived.parts.method;
    match (method, request.query.get("resource"), request.query.get("action")) {
        (&Method::PUT, resource, _) => put(request, resource),
        (&Method::PATCH, _, Some(action)) => patch(request, action),
        (&Method::PATCH, _, None) => Err(missing("action")),
        (&Method::DELETE, ..) => delete(request),
        (&Method::POST, ..) if request.header("x-ms-lease-action").is_some() => {
            Err(StorageError::not_emulated("leases"))
        }
        _ => Err(StorageCode::IncorrectEndpointError.into()),
    }
}

fn missing(name: &str) -> StorageError {
    StorageError::from(StorageCode::MissingRequiredQueryParameter).note(format!("{name} is required"))
}

fn put(request: &StorageRequest<'_>, resource: Option<&str>) -> Result<Written, StorageError> {
    if let Some(value) = request.header("x-ms-rename-source") {
        return rename(request, value);
    }
    match resource.map(str::to_ascii_lowercase).as_deref() {
        Some("directory") => create_directory(request),
        Some("file") => create_file(request),
        Some("filesystem") => Err(StorageCode::BadRequest.into()),
        Some(_) => Err(invalid("resource")),
        None if is_of_blobs(request) => Err(StorageCode::IncorrectEndpointError.into()),
        None => Err(missing("resource")),
    }
}

/// Returns `true` for a write of the other dialect.
fn is_of_blobs(request: &StorageRequest<'_>) -> bool {
    ["x-ms-blob-type", "x-ms-copy-source"].into_iter().any(|name| request.header(name).is_some())
        || request.query.get("comp").is_some()
}

fn created(request: &StorageRequest<'_>, stamp: &PathStamp) -> Written {
    let reply = stamp.on(Reply::new(StatusCode::CREATED)).header("content-length", "0");
    reply
        .header("x-ms-request-server-encrypted", "true")
        .maybe("x-ms-rejected-headers", request.rejected_headers())
        .written()
}

fn create_directory(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let (path, conditions) = (request.path()?, request.conditions());
    let stamp = request.commit(path, |_, target| onelake::create_directory(target, path, &conditions))?;
    Ok(created(request, &stamp))
}

fn create_file(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let (path, conditions) = (request.path()?, request.conditions());
    let content_type = request.content_type(&["x-ms-content-type"]);
    let stamp =
        request.commit(path, |_, target| onelake::create_file(target, path, content_type.clone(), &conditions))?;
    let key = request.upload_key()?;
    request.arrived.tenant.with_uploads(|uploads| uploads.forget(&key));
    Ok(created(request, &stamp))
}

fn rename(request: &StorageRequest<'_>, value: &str) -> Result<Written, StorageError> {
    let from = source(request, value)?;
    let (path, conditions) = (request.path()?, request.conditions());
    let item = request.item_id()?;
    if request.read(&from, |target| Ok(target.item.id))? != item {
        return Err(StorageError::not_emulated("renames from one item to another"));
    }
    let source = from.path?;
    let stamp = request.commit(path, |_, target| onelake::rename(target, &source, path, &conditions))?;
    request.arrived.tenant.with_uploads(|uploads| {
        uploads.forget_below(item, &source);
        uploads.forget_below(item, path);
    });
    Ok(created(request, &stamp))
}

fn delete(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let (path, conditions) = (request.path()?, request.conditions());
    let recursive = request.query.flag("recursive")?;
    let item = request.item_id()?;
    request.commit(path, |_, target| onelake::delete(target, path, recursive, &conditions))?;
    request.arrived.tenant.with_uploads(|uploads| uploads.forget_below(item, path));
    Ok(Reply::new(StatusCode::OK).header("content-length", "0").written())
}

fn patch(request: &StorageRequest<'_>, action: &str) -> Result<Written, StorageError> {
    match action.to_ascii_lowercase().as_str() {
        "append" => append(request),
        "flush" => flush(request),
        "setaccesscontrol" | "setaccesscontrolrecursive" => {
            let message = "PATCH call is not allowed for access control";
            Err(StorageError::from(StorageCode::OperationNotAllowedOnThePath).message(message))
        }
        "setproperties" => Err(StorageError::not_emulated("setting the properties of paths")),
        _ => Err(invalid("action")),
    }
}

/// Returns the file of the request.
fn file(request: &StorageRequest<'_>) -> Result<FileNode, StorageError> {
    let path = request.path()?;
    request.read(request.address, |target| match target.tree().get(path) {
        None => Err(StorageCode::PathNotFound.into()),
        Some(node) => node.file().cloned().ok_or_else(|| StorageCode::PathConflict.into()),
    })
}

fn append(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let position = request.query.number("position")?.ok_or_else(|| missing("position"))?;
    let Taken::Part(part) = &request.taken else { return Err(StorageCode::InternalError.into()) };
    let length = part.content.length;
    if length == 0 {
        let error = StorageError::from(StorageCode::InvalidHeaderValue);
        return Err(error.note("an append has a body: its Content-Length must not be 0"));
    }
    let end = position.checked_add(length).ok_or_else(|| invalid("position"))?;
    file(request)?;
    let key = request.upload_key()?;
    if !request.arrived.tenant.with_uploads(|uploads| uploads.append(&key, position, part.clone())) {
        return Err(StorageCode::AccountLimitExceeded.into());
    }
    let reply = Reply::new(StatusCode::ACCEPTED).header("content-length", "0");
    let reply = reply.header("x-ms-request-server-encrypted", "true");
    match request.query.flag("flush")? {
        true => Ok(flush_to(request, end, false)?.on(reply).written()),
        false => Ok(reply.written()),
    }
}

fn flush(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    if matches!(request.taken, Taken::Ignored(1..)) {
        return Err(StorageCode::ContentLengthMustBeZero.into());
    }
    let position = request.query.number("position")?.ok_or_else(|| missing("position"))?;
    let retains = request.query.flag("retainuncommitteddata")?;
    request.query.flag("close")?;
    let stamp = flush_to(request, position, retains)?;
    Ok(stamp.on(Reply::new(StatusCode::OK)).header("content-length", "0").written())
}

/// Appends the uncommitted bytes up to `position` to the file. The bytes must be contiguous, and `position` must be the
/// length of the file afterwards.
fn flush_to(request: &StorageRequest<'_>, position: u64, retains: bool) -> Result<PathStamp, StorageError> {
    let (path, conditions) = (request.path()?, request.conditions());
    let before = file(request)?;
    // The conditions are checked before bytes are copied, and again with the commit.
    request.read(request.address, |target| conditions.check(target.tree().get(path)))?;
    let key = request.upload_key()?;
    let content = joined(request, &before, position)?;
    let content_type = request.content_type(&["x-ms-content-type"]);
    let stamp = request.commit(path, |_, target| {
        let now = target.tree().get(path).and_then(|node| node.file()).and_then(|file| file.content);
        if now != before.content {
            return Err(StorageCode::InvalidFlushPosition.into());
        }
        onelake::flush(target, path, content, content_type.clone(), &conditions)
    })?;
    request.arrived.tenant.with_uploads(|uploads| match retains {
        true => uploads.forget_before(&key, position),
        false => uploads.forget(&key),
    });
    Ok(stamp)
}

/// Returns the content of a file with its uncommitted bytes up to `position`.
fn joined(request: &StorageRequest<'_>, before: &FileNode, position: u64) -> Result<Content, StorageError> {
    let contents = request.emulator.contents();
    let key = request.upload_key()?;
    let appended = request.arrived.tenant.with_uploads(|uploads| uploads.appended(&key, before.length(), position));
    let appended = appended.ok_or(StorageCode::InvalidFlushPosition)?;
    if let (Some(content), true) = (before.content, appended.is_empty()) {
        return Ok(content);
    }
    let mut parts = appended;
    if let Some(content) = before.content.filter(|content| content.length > 0) {
        let blob = contents.get(content.hash).ok_or_else(lost)?;
        parts.insert(0, crate::content::Part { content, blob });
    }
    contents.join(&parts).and_then(|part| contents.put(&part)).map_err(|why| unstored(&why))
}

/// Returns the error for a content that the store does not have.
pub(super) fn lost() -> StorageError {
    StorageError::from(StorageCode::InternalError)
        .note("the bytes of this file are neither in memory nor in the folder of contents beside the state file")
}
