//! The writes of the dialect of Blob Storage: Put Blob, blocks, Copy Blob, Delete Blob.

use axum::http::{Method, StatusCode};

use super::body::{Taken, unstored};
use super::rename_source::source;
use super::reply::Reply;
use super::storage_request::StorageRequest;
use crate::content::Part;
use crate::fabric::onelake::{self, Content, NewFile, StorageCode, StorageError};
use crate::http::answer::Written;

/// The maximum length of the id of a block, in characters of Base64 (documented: 64 bytes).
const BLOCK_ID_MAX: usize = 88;
/// The content type of a blob for which the client sets none (documented).
const MEDIA: &str = "application/octet-stream";

/// Serves a write on the blob host.
pub(super) fn serve(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let comp = request.query.get("comp").map(str::to_ascii_lowercase);
    match (&request.arrived.parts.method, comp.as_deref()) {
        // The service looks for the item in the URL of the batch (seen).
        (&Method::POST, Some("batch")) => Err(StorageCode::BadRequest.into()),
        (_, Some("lease")) => Err(StorageError::not_emulated("leases")),
        (&Method::PUT, Some("block")) => put_block(request),
        (&Method::PUT, Some("blocklist")) => put_block_list(request),
        (&Method::PUT, None) if request.query.get("restype").is_some() => {
            Err(StorageCode::OperationNotAllowedOnThePath.into())
        }
        (&Method::PUT, None)
            if request.query.get("resource").is_some() || request.header("x-ms-rename-source").is_some() =>
        {
            Err(StorageCode::IncorrectEndpointError.into())
        }
        (&Method::PUT, None) => match request.header("x-ms-copy-source") {
            Some(value) => copy(request, value),
            None => put_blob(request),
        },
        (&Method::DELETE, None) => delete(request),
        (&Method::PATCH, _) => Err(StorageCode::IncorrectEndpointError.into()),
        (_, Some(comp)) => {
            Err(StorageError::not_emulated(&format!("comp={}", comp.chars().take(40).collect::<String>())))
        }
        _ => Err(StorageError::not_emulated("this method")),
    }
}

fn part<'a>(request: &'a StorageRequest<'_>) -> Result<&'a Part, StorageError> {
    match &request.taken {
        Taken::Part(part) => Ok(part),
        Taken::Document(_) | Taken::Ignored(_) => Err(StorageCode::InternalError.into()),
    }
}

/// Puts a file with a content that is in the store, and begins the response.
fn put_file(request: &StorageRequest<'_>, new: &NewFile, status: StatusCode) -> Result<Reply, StorageError> {
    let (path, conditions) = (request.path()?, request.conditions());
    let stamp = request.commit(path, |_, target| onelake::put_file(target, path, new.clone(), &conditions))?;
    let key = request.upload_key()?;
    request.arrived.tenant.with_uploads(|uploads| uploads.forget(&key));
    let reply = stamp.on(Reply::new(status)).header("content-length", "0");
    Ok(reply.header("x-ms-request-server-encrypted", "true").maybe("x-ms-rejected-headers", request.rejected_headers()))
}

/// Returns the content type in one of these headers; that of a blob without one otherwise.
fn content_type(request: &StorageRequest<'_>, names: &[&'static str]) -> Option<String> {
    request.content_type(names).or_else(|| Some(MEDIA.to_owned()))
}

fn put_blob(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    match request.header("x-ms-blob-type").map(str::to_ascii_lowercase).as_deref() {
        Some("blockblob") => {}
        Some("appendblob" | "pageblob") => return Err(StorageError::not_emulated("append blobs and page blobs")),
        Some(_) => return Err(StorageCode::InvalidHeaderValue.into()),
        None => {
            let error = StorageError::from(StorageCode::InvalidHeaderValue);
            return Err(error.note("x-ms-blob-type is required"));
        }
    }
    let content = request.emulator.contents().put(part(request)?).map_err(|why| unstored(&why))?;
    let content_type = content_type(request, &["x-ms-blob-content-type", "content-type"]);
    put_file(request, &NewFile { content, content_type }, StatusCode::CREATED).map(Reply::written)
}

fn put_block(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let invalid = || super::address::invalid("blockid");
    let id = request.query.get("blockid").ok_or_else(invalid)?;
    if id.len() > BLOCK_ID_MAX {
        return Err(invalid());
    }
    let part = part(request)?;
    if part.content.length == 0 {
        return Err(StorageCode::InvalidHeaderValue.into());
    }
    let path = request.path()?;
    // A block that no blob could have is rejected at once.
    let probe = NewFile { content: Content::empty(), content_type: None };
    let none = onelake::Conditions::default();
    request.read(request.address, |target| onelake::put_file(target, path, probe, &none))?;
    let key = request.upload_key()?;
    if !request.arrived.tenant.with_uploads(|uploads| uploads.put_block(&key, id.to_owned(), part.clone())) {
        return Err(StorageCode::AccountLimitExceeded.into());
    }
    let reply = Reply::new(StatusCode::CREATED).header("content-length", "0");
    Ok(reply.header("x-ms-request-server-encrypted", "true").written())
}

fn put_block_list(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let Taken::Document(body) = &request.taken else { return Err(StorageCode::InternalError.into()) };
    let ids = block_ids(body)?;
    let key = request.upload_key()?;
    let blocks: Option<Vec<Part>> =
        request.arrived.tenant.with_uploads(|uploads| ids.iter().map(|id| uploads.block(&key, id)).collect());
    let blocks = blocks.ok_or(StorageCode::InvalidBlockList)?;
    let path = request.path()?;
    // The conditions are checked before bytes are copied, and again with the commit.
    let (probe, conditions) = (NewFile { content: Content::empty(), content_type: None }, request.conditions());
    request.read(request.address, |target| onelake::put_file(target, path, probe, &conditions))?;
    let contents = request.emulator.contents();
    let content = contents.join(&blocks).and_then(|part| contents.put(&part)).map_err(|why| unstored(&why))?;
    // `Content-Type` is that of the list.
    let content_type = content_type(request, &["x-ms-blob-content-type"]);
    put_file(request, &NewFile { content, content_type }, StatusCode::CREATED).map(Reply::written)
}

/// Returns the ids in a block list, in order. Only uncommitted blocks are known, so `Committed` is rejected.
///
/// # Errors
///
/// `InvalidXmlDocument`, `InvalidBlockList`.
fn block_ids(body: &[u8]) -> Result<Vec<String>, StorageError> {
    let invalid = || StorageError::from(StorageCode::InvalidXmlDocument);
    let text = std::str::from_utf8(body).map_err(|_| invalid())?.trim_start_matches('\u{feff}');
    let start = text.find("<BlockList").ok_or_else(invalid)?;
    let mut rest = text[start..].split_once('>').ok_or_else(invalid)?.1;
    if text[start..].trim_end().ends_with("/>") && rest.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.starts_with("</BlockList") {
            return Ok(ids);
        }
        let (tag, after) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or_else(invalid)?;
        if tag == "Committed" {
            return Err(StorageCode::InvalidBlockList.into());
        }
        if !["Latest", "Uncommitted"].contains(&tag) {
            return Err(invalid());
        }
        let (id, after) = after.split_once(&format!("</{tag}>")).ok_or_else(invalid)?;
        ids.push(id.trim().to_owned());
        rest = after;
    }
}

/// Copies a file of the tenant. The copy is complete at once.
fn copy(request: &StorageRequest<'_>, value: &str) -> Result<Written, StorageError> {
    let from = source(request, value)?;
    let source = from.path.clone()?;
    let file = request.read(&from, |target| match target.tree().get(&source) {
        None => Err(StorageCode::PathNotFound.into()),
        Some(node) => node.file().cloned().ok_or_else(|| StorageCode::PathConflict.into()),
    })?;
    let contents = request.emulator.contents();
    let content = match file.content {
        Some(content) => content,
        None => contents.begin().finish().and_then(|part| contents.put(&part)).map_err(|why| unstored(&why))?,
    };
    let reply = put_file(request, &NewFile { content, content_type: file.content_type }, StatusCode::ACCEPTED)?;
    let id = request.arrived.stamp.request_id.to_string();
    Ok(reply.header("x-ms-copy-id", id).header("x-ms-copy-status", "success").written())
}

fn delete(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let (path, conditions) = (request.path()?, request.conditions());
    let item = request.item_id()?;
    request.commit(path, |_, target| onelake::delete(target, path, false, &conditions))?;
    request.arrived.tenant.with_uploads(|uploads| uploads.forget_below(item, path));
    Ok(Reply::new(StatusCode::ACCEPTED).header("content-length", "0").written())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lists_are_read() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let found = block_ids(text.as_bytes()).ok();
            let expected = expected.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected, "{text}");
        };
        let head = "\u{feff}<?xml version='1.0' encoding='utf-8'?>\n";
        check(
            &format!("{head}<BlockList><Latest>YQ==</Latest>\n<Uncommitted>Yg==</Uncommitted></BlockList>"),
            Some(&["YQ==", "Yg=="]),
        );
        check(&format!("{head}<BlockList />"), Some(&[]));
        check("<BlockList></BlockList>", Some(&[]));
        check("<BlockList><Committed>YQ==</Committed></BlockList>", None);
        check("<BlockList><Latest>YQ==</BlockList>", None);
        check("<Blocks/>", None);
        check("", None);
    }
}
