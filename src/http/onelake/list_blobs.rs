//! Lists of blobs in the dialect of Blob Storage.

use std::fmt::Write as _;

use axum::http::StatusCode;

use super::address::Address;
use super::error::escape;
use super::list::{Listed, Page, entries, items};
use super::reply::{Reply, http_date};
use super::storage_request::StorageRequest;
use crate::fabric::onelake::{ItemPath, StorageError};
use crate::http::answer::Written;

/// The delimiter that lists support.
const DELIMITER: &str = "/";

/// An entry of a page: a blob, or the folder of several.
enum Shown {
    Blob(Listed),
    Prefix(String),
}

impl Shown {
    fn name(&self) -> &str {
        match self {
            Self::Blob(listed) => &listed.name,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// Serves a list of blobs. Names and the prefix begin with the item, unless the item is in the path.
pub(super) fn serve(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let page = Page::of(request, "maxresults", "marker")?;
    let prefix = request.query.get("prefix").unwrap_or_default();
    let has_delimiter = request.query.get("delimiter") == Some(DELIMITER);
    let shown = shown(request, prefix, has_delimiter, &page)?;
    Ok(respond(request, prefix, shown, &page))
}

/// Returns the entries of a page, and one more if there are more.
fn shown(
    request: &StorageRequest<'_>,
    prefix: &str,
    has_delimiter: bool,
    page: &Page,
) -> Result<Vec<Shown>, StorageError> {
    let all = candidates(request, prefix, has_delimiter)?;
    let from = request.query.get("startfrom");
    let mut shown: Vec<Shown> = Vec::new();
    for listed in all.into_iter().filter(|listed| listed.name.starts_with(prefix)) {
        let rest = &listed.name[prefix.len()..];
        let one = match rest.find(DELIMITER).filter(|_| has_delimiter) {
            Some(end) => Shown::Prefix(listed.name[..prefix.len() + end + 1].to_owned()),
            None if has_delimiter && listed.file.is_none() => Shown::Prefix(format!("{}/", listed.name)),
            None => Shown::Blob(listed),
        };
        shown.push(one);
    }
    // A folder comes before a file whose name continues that of the folder with a character before the slash.
    shown.sort_by(|one, other| one.name().cmp(other.name()));
    shown.dedup_by(|one, other| one.name() == other.name());
    shown.retain(|one| {
        from.is_none_or(|from| one.name() >= from) && page.after.as_deref().is_none_or(|after| one.name() > after)
    });
    shown.truncate(page.size + 1);
    Ok(shown)
}

/// Returns the paths that a list can contain: those of the deepest folder in the prefix, or of all items.
fn candidates(request: &StorageRequest<'_>, prefix: &str, has_delimiter: bool) -> Result<Vec<Listed>, StorageError> {
    let everything = Page { after: None, size: usize::MAX - 1 };
    let (folder, _) = prefix.rsplit_once('/').unwrap_or_default();
    let of_item = |address: &Address, folder: &ItemPath, recursive: bool| {
        let name = address.item.as_deref().unwrap_or_default();
        request.read(address, |target| Ok(entries(target, name, folder, recursive, &everything)))
    };
    let root = Address { item: None, path: Ok(ItemPath::default()), ..request.address.clone() };
    let address = root.below(folder)?;
    if address.item.is_some() {
        return of_item(&address, &address.path.clone()?, !has_delimiter);
    }
    let mut listed = Vec::new();
    for item in items(request)?.into_iter().filter(|item| item.name.starts_with(prefix)) {
        let address = Address { item: Some(item.name.clone()), ..root.clone() };
        listed.push(item);
        if !has_delimiter {
            listed.extend(of_item(&address, &ItemPath::default(), true)?);
        }
    }
    Ok(listed)
}

fn respond(request: &StorageRequest<'_>, prefix: &str, mut shown: Vec<Shown>, page: &Page) -> Written {
    let has_more = shown.len() > page.size;
    shown.truncate(page.size);
    let next = shown.last().filter(|_| has_more).map(|last| Page::token(last.name())).unwrap_or_default();
    let workspace = escape(request.address.workspace.as_deref().unwrap_or_default());
    let mut body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults \
         ServiceEndpoint=\"https://onelake.blob.fabric.microsoft.com/\" ContainerName=\"{workspace}\"><Prefix>{}</Prefix>\
         <MaxResults>{}</MaxResults><Blobs>",
        escape(prefix),
        page.size
    );
    for one in &shown {
        match one {
            Shown::Blob(listed) => write_blob(&mut body, listed),
            Shown::Prefix(prefix) => {
                let _ = write!(body, "<BlobPrefix><Name>{}</Name></BlobPrefix>", escape(prefix));
            }
        }
    }
    let _ = write!(body, "</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>");
    Reply::new(StatusCode::OK).body("application/xml", body.into_bytes()).written()
}

fn write_blob(body: &mut String, listed: &Listed) {
    let Listed { name, file, etag, created, modified } = listed;
    let (kind, metadata) = match file {
        Some(_) => ("file", "<Metadata/>"),
        None => ("directory", "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>"),
    };
    let (media, length) = file.as_ref().map_or((None, 0), |(media, length)| (media.as_deref(), *length));
    let _ = write!(
        body,
        "<Blob><Name>{}</Name><Properties><Creation-Time>{}</Creation-Time><Last-Modified>{}</Last-Modified>\
         <Etag>{etag}</Etag><ResourceType>{kind}</ResourceType><Content-Length>{length}</Content-Length>\
         <Content-Type>{}</Content-Type><BlobType>BlockBlob</BlobType><LeaseStatus>unlocked</LeaseStatus>\
         <LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties>{metadata}</Blob>",
        escape(name),
        http_date(*created),
        http_date(*modified),
        escape(media.unwrap_or("application/octet-stream")),
    );
}
