//! The reads of both dialects: content, properties, and the choice between them and lists.

use std::ops::Range;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;

use super::address::Dialect;
use super::dfs::lost;
use super::reply::{Reply, http_date};
use super::storage_request::StorageRequest;
use super::{list, list_blobs};
use crate::fabric::onelake::{self, ItemPath, Node, StorageCode, StorageError, Target};
use crate::http::answer::Written;

/// The content type of a file for which no client set one (documented).
const MEDIA: &str = "application/octet-stream";

/// Serves a GET or a HEAD on either host.
pub(super) fn serve(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let (query, address) = (request.query, request.address);
    let is_get = request.arrived.parts.method == Method::GET;
    let comp = query.get("comp").map(str::to_ascii_lowercase);
    match comp.as_deref() {
        Some("list") if is_get && address.workspace.is_some() => return list_blobs::serve(request),
        None | Some("metadata" | "properties") => {}
        Some("lease") => return Err(StorageError::not_emulated("leases")),
        Some(_) => return Err(StorageError::not_emulated("this value of comp")),
    }
    if query.has("resource", "filesystem") && is_get {
        return list::serve(request);
    }
    match (&address.workspace, &address.item) {
        (None, _) => Err(StorageCode::BadRequest.into()),
        (Some(_), None) => container(request),
        (Some(_), Some(_)) => path(request),
    }
}

/// Returns the properties of a workspace.
fn container(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let name = request.address.workspace.as_deref().unwrap_or_default();
    request.arrived.tenant.read(|state| onelake::resolve_workspace(state, request.caller, name).map(|_| ()))?;
    let reply = Reply::new(StatusCode::OK).stamped(&onelake::etag(0), Timestamp::UNIX_EPOCH);
    Ok(reply.header("x-ms-namespace-enabled", "true").header("content-length", "0").written())
}

/// A path that a request reads.
enum Found {
    /// The item or a first-level folder, with the instant from which it exists.
    Managed(Timestamp),
    /// A path in the tree.
    Node(Box<Node>),
}

/// Returns the path of a request: the item, a first-level folder, or a path in the tree.
fn find(target: Target<'_>, path: &ItemPath) -> Result<Found, StorageError> {
    let is_managed = path.is_root() || onelake::folder_names(target.item).any(|name| name == path.as_str());
    if is_managed {
        return Ok(Found::Managed(target.item.visible_from));
    }
    let node = target.tree().get(path).ok_or(StorageCode::PathNotFound)?;
    Ok(Found::Node(Box::new(node.clone())))
}

fn path(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let path = request.path()?;
    let found = request.read(request.address, |target| find(target, path))?;
    match found {
        Found::Managed(since) => Ok(directory(Reply::new(StatusCode::OK).stamped(&onelake::etag(0), since)).written()),
        Found::Node(node) => {
            let conditions = request.conditions();
            if let Err(refusal) = conditions.check(Some(&node)) {
                let is_unchanged = conditions.if_match.is_none();
                return if is_unchanged { Ok(Reply::new(StatusCode::NOT_MODIFIED).written()) } else { Err(refusal) };
            }
            of_node(request, &node)
        }
    }
}

fn directory(reply: Reply) -> Reply {
    reply
        .header("content-type", MEDIA)
        .header("x-ms-resource-type", "directory")
        .header("x-ms-meta-hdi_isfolder", "true")
        .header("content-length", "0")
}

/// Returns the response with the properties of a path, and with GET its content.
fn of_node(request: &StorageRequest<'_>, node: &Node) -> Result<Written, StorageError> {
    let reply = Reply::new(StatusCode::OK).stamped(&node.etag(), node.modified);
    let reply = reply.header("x-ms-creation-time", http_date(node.created)).header("x-ms-server-encrypted", "true");
    let reply = match request.query.get("action").map(str::to_ascii_lowercase).as_deref() {
        Some("getaccesscontrol") => reply
            .header("x-ms-owner", "$superuser")
            .header("x-ms-group", "$superuser")
            .header("x-ms-permissions", "---------"),
        _ => reply,
    };
    let Some(file) = node.file() else { return Ok(directory(reply).written()) };
    let reply = reply
        .header("accept-ranges", "bytes")
        .header("content-type", file.content_type.as_deref().unwrap_or(MEDIA))
        .header("x-ms-resource-type", "file");
    let reply = match request.address.dialect {
        Dialect::Blob => reply.header("x-ms-blob-type", "BlockBlob").header("x-ms-lease-state", "available"),
        Dialect::Dfs => reply,
    };
    let length = file.length();
    if request.arrived.parts.method == Method::HEAD {
        return Ok(reply.header("content-length", length.to_string()).written());
    }
    let range = range(request.header("x-ms-range").or_else(|| request.header("range")), length)?;
    let Some(content) = file.content else { return Ok(reply.header("content-length", "0").written()) };
    let blob = request.emulator.contents().get(content.hash).ok_or_else(lost)?;
    match range {
        None => Ok(reply.content(blob, 0..length).written()),
        Some(range) => {
            let shown = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            Ok(reply.content(blob, range).header("content-range", shown).partial().written())
        }
    }
}

/// Reads a range of bytes; `None` for the whole file. A range of another form is ignored (RFC 9110, section 14.2).
///
/// # Errors
///
/// `InvalidRange` for a range that begins after the end.
fn range(value: Option<&str>, length: u64) -> Result<Option<Range<u64>>, StorageError> {
    let Some((first, last)) = value.and_then(|value| value.strip_prefix("bytes=")?.split_once('-')) else {
        return Ok(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return Ok(None),
    };
    if range.start >= length { Err(StorageCode::InvalidRange.into()) } else { Ok(Some(range)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end() {
        let check = |value: &str, expected: Result<Option<Range<u64>>, StorageCode>| {
            assert_eq!(range(Some(value), 10).map_err(|refusal| refusal.code), expected, "{value}");
        };
        check("bytes=0-4", Ok(Some(0..5)));
        check("bytes=5-", Ok(Some(5..10)));
        check("bytes=5-99", Ok(Some(5..10)));
        check("bytes=-3", Ok(Some(7..10)));
        check("bytes=10-", Err(StorageCode::InvalidRange));
        check("bytes=4-2", Ok(None));
        check("bytes=a-b", Ok(None));
        check("lines=1-2", Ok(None));
        check("bytes=18446744073709551615-18446744073709551615", Err(StorageCode::InvalidRange));
        assert_eq!(range(None, 10), Ok(None));
    }
}
