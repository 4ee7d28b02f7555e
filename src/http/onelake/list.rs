//! Lists of paths in the dialect of Data Lake Storage, and the entries that the lists of both dialects have.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;

use super::address::{Address, invalid};
use super::reply::{Reply, http_date};
use super::storage_request::StorageRequest;
use crate::fabric::onelake::{self, ItemPath, Node, StorageCode, StorageError, Target};
use crate::http::answer::{self, Written};

/// The maximum number of entries of a page (documented).
const PAGE_MAX: usize = 5_000;
/// The maximum length of a continuation token, in characters.
const TOKEN_MAX: usize = 8_192;

/// A file or folder in a list.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// The name, from the item on, as the URL names the item.
    pub(super) name: String,
    /// The content type, the length and the content; `None` for a folder.
    pub(super) file: Option<(Option<String>, u64)>,
    pub(super) etag: String,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

impl Listed {
    fn folder(name: String, since: Timestamp) -> Self {
        Self { name, file: None, etag: onelake::etag(0), created: since, modified: since }
    }

    fn of(item: &str, path: &ItemPath, node: &Node) -> Self {
        let file = node.file().map(|file| (file.content_type.clone(), file.length()));
        let (etag, created, modified) = (node.etag(), node.created, node.modified);
        Self { name: format!("{item}/{path}"), file, etag, created, modified }
    }
}

/// The limits of a page: it begins after a name, and has a maximum number of entries.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// The name after which the page begins; `None` for the first page.
    pub(super) after: Option<String>,
    pub(super) size: usize,
}

impl Page {
    /// Reads the page of a request.
    ///
    /// # Errors
    ///
    /// `InvalidQueryParameterValue`.
    pub(super) fn of(
        request: &StorageRequest<'_>,
        size: &'static str,
        token: &'static str,
    ) -> Result<Self, StorageError> {
        let size = match request.query.number(size)? {
            Some(0) => return Err(invalid(size)),
            Some(number) => usize::try_from(number).unwrap_or(PAGE_MAX).min(PAGE_MAX),
            None => PAGE_MAX,
        };
        let decoded = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|_| text.len() <= TOKEN_MAX);
            bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| invalid(token))
        };
        let after = request.query.get(token).map(decoded).transpose()?;
        Ok(Self { after, size })
    }

    /// Returns the token of the page after a name.
    pub(super) fn token(after: &str) -> String {
        URL_SAFE_NO_PAD.encode(after)
    }

    /// Returns the path in an item after which the page begins.
    fn after_in(&self, item: &str) -> Option<ItemPath> {
        let rest = self.after.as_deref()?.strip_prefix(item)?.strip_prefix('/')?;
        ItemPath::parse(rest).ok()
    }
}

/// Returns the entries of a folder of an item: with `recursive` everything below it. There is at most one entry more than
/// the page has. `name` is the name of the item in the URL.
pub(super) fn entries(target: Target<'_>, name: &str, folder: &ItemPath, recursive: bool, page: &Page) -> Vec<Listed> {
    let most = page.size + 1;
    let after = page.after_in(name);
    if !folder.is_root() {
        return below(target, name, folder, recursive, after.as_ref()).take(most).collect();
    }
    let mut listed = Vec::new();
    for managed in onelake::folder_names(target.item) {
        let Ok(path) = ItemPath::parse(managed) else { continue };
        if after.as_ref().is_none_or(|after| *after < path) {
            listed.push(Listed::folder(format!("{name}/{path}"), target.item.visible_from));
        }
        if recursive {
            listed.extend(below(target, name, &path, true, after.as_ref()).take(most));
        }
    }
    listed.truncate(most);
    listed
}

fn below<'a>(
    target: Target<'a>,
    name: &'a str,
    folder: &'a ItemPath,
    recursive: bool,
    after: Option<&'a ItemPath>,
) -> Box<dyn Iterator<Item = Listed> + 'a> {
    let tree = target.tree();
    match recursive {
        true => Box::new(tree.below(folder, after).map(move |entry| Listed::of(name, entry.path, entry.node))),
        false => Box::new(tree.children(folder, after).map(move |entry| Listed::of(name, entry.path, entry.node))),
    }
}

/// Returns the items of the workspace of an address as folders. An item is named as the URL names the workspace: by id,
/// or by name and kind.
pub(super) fn items(request: &StorageRequest<'_>) -> Result<Vec<Listed>, StorageError> {
    let name = request.address.workspace.as_deref().unwrap_or_default();
    let is_by_id = name.parse::<crate::ids::WorkspaceId>().is_ok();
    request.arrived.tenant.read(|state| {
        let workspace = onelake::resolve_workspace(state, request.caller, name)?;
        let named = onelake::named_items(workspace, request.now()).map(|item| {
            let named = match is_by_id {
                true => item.id.to_string(),
                false => format!("{}.{}", item.display_name, item.kind.spec().name),
            };
            Listed::folder(named, item.visible_from)
        });
        let mut listed: Vec<Listed> = named.collect();
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listed)
    })
}

/// Serves a list of paths. The folder is in the path, in `directory`, or partly in both.
pub(super) fn serve(request: &StorageRequest<'_>) -> Result<Written, StorageError> {
    let page = Page::of(request, "maxresults", "continuation")?;
    let recursive = request.query.flag("recursive")?;
    let address = request.address.below(request.query.get("directory").unwrap_or_default())?;
    let listed = match &address.item {
        Some(_) => of_item(request, &address, recursive, &page)?,
        None => of_workspace(request, recursive, &page)?,
    };
    Ok(respond(listed, &page))
}

fn of_item(
    request: &StorageRequest<'_>,
    address: &Address,
    recursive: bool,
    page: &Page,
) -> Result<Vec<Listed>, StorageError> {
    let name = address.item.as_deref().unwrap_or_default();
    let folder = address.path.clone()?;
    request.read(address, |target| {
        let is_managed = folder.is_root() || onelake::folder_names(target.item).any(|name| name == folder.as_str());
        match target.tree().get(&folder) {
            None if !is_managed => Err(StorageCode::PathNotFound.into()),
            Some(node) if !node.is_directory() => Ok(vec![Listed::of(name, &folder, node)]),
            _ => Ok(entries(target, name, &folder, recursive, page)),
        }
    })
}

/// Lists the items of a workspace, and with `recursive` everything in those that the caller may read.
fn of_workspace(request: &StorageRequest<'_>, recursive: bool, page: &Page) -> Result<Vec<Listed>, StorageError> {
    let mut listed = Vec::new();
    for item in items(request)? {
        let name = item.name.clone();
        let is_before = |after: &String| *after >= name;
        if !page.after.as_ref().is_some_and(is_before) {
            listed.push(item);
        }
        if recursive {
            let address = Address { item: Some(name), path: Ok(ItemPath::default()), ..request.address.clone() };
            let is_past = page.after.as_deref().is_some_and(|after| {
                let item = address.item.as_deref().unwrap_or_default();
                !after.starts_with(item) && after > item
            });
            if !is_past {
                listed.extend(of_item(request, &address, true, page)?);
            }
        }
        if listed.len() > page.size {
            break;
        }
    }
    Ok(listed)
}

/// An entry of a list. All values are texts (seen).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    content_length: String,
    creation_time: String,
    etag: String,
    expiry_time: &'static str,
    group: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_directory: Option<&'static str>,
    last_modified: String,
    name: String,
    owner: &'static str,
    permissions: &'static str,
}

#[derive(Debug, Serialize)]
struct Paths {
    paths: Vec<Entry>,
    #[serde(rename = "ContinuationToken")]
    continuation_token: Option<String>,
}

fn entry(listed: Listed) -> Entry {
    /// The owner and the group of all paths (documented; recordings have the ids of principals).
    const OWNER: &str = "$superuser";
    let Listed { name, file, etag, created, modified } = listed;
    let is_directory = file.is_none();
    Entry {
        content_length: file.map_or(0, |(_, length)| length).to_string(),
        creation_time: file_time(created).to_string(),
        etag,
        expiry_time: "0",
        group: OWNER,
        is_directory: is_directory.then_some("true"),
        last_modified: http_date(modified),
        name,
        owner: OWNER,
        permissions: if is_directory { "rwxr-x---" } else { "rw-r-----" },
    }
}

/// Returns the Windows file time of an instant: the number of 100 ns since 1601.
fn file_time(at: Timestamp) -> i128 {
    /// The Windows file time of 1970.
    const EPOCH: i128 = 116_444_736_000_000_000;
    at.as_nanosecond() / 100 + EPOCH
}

fn respond(mut listed: Vec<Listed>, page: &Page) -> Written {
    let has_more = listed.len() > page.size;
    listed.truncate(page.size);
    let token = listed.last().filter(|_| has_more).map(|last| Page::token(&last.name));
    let reply = Reply::new(StatusCode::OK).maybe("x-ms-continuation", token.as_ref());
    let paths = Paths { paths: listed.into_iter().map(entry).collect(), continuation_token: token };
    reply.body("application/json;charset=utf-8", answer::to_json(&paths)).written()
}
