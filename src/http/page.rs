//! The emulator's own web page: the files of `src/page/`, served at `/` and below `/page/`.
//!
//! The page is served under the emulator's own host names only, to callers that may use the control interface. Its
//! requests belong to no tenant and are not recorded.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::machine_time;
use crate::emulator::Emulator;
use crate::fabric::ErrorCode;
use crate::http::control;
use crate::http::error::no_endpoint;
use crate::http::request::{Arrival, FORM_MAX, read_body};
use crate::journal::{shown_method, shown_path};

/// A file of the page.
struct File {
    name: &'static str,
    content: &'static [u8],
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(File { name: $name, content: include_bytes!(concat!("../page/", $name)) }),*]
    };
}

/// All files of `src/page/`.
const FILES: &[File] = files![
    "acts.js",
    "api.js",
    "auto-start.js",
    "axis.js",
    "base64.js",
    "callers.js",
    "clock.js",
    "copy.js",
    "create-acts.js",
    "create-dialog.js",
    "create-request.js",
    "create-tables.js",
    "curl.js",
    "definition.js",
    "dialog.js",
    "dock.js",
    "document-file.js",
    "dom.js",
    "editor.js",
    "exchange-details.js",
    "form.js",
    "format.js",
    "grid.js",
    "icon.svg",
    "icons.js",
    "index.html",
    "journal-pane.js",
    "json-text.js",
    "json.js",
    "keys.js",
    "lanes.js",
    "main.js",
    "menu.js",
    "menus.js",
    "monitor.css",
    "monitor.js",
    "operation.js",
    "page.css",
    "panes.css",
    "portal.js",
    "resource.js",
    "rows.js",
    "shell.js",
    "small-dialogs.js",
    "spans.js",
    "store.js",
    "table-pane.js",
    "tenants.js",
    "theme.js",
    "time-bar.js",
    "trouble-acts.js",
    "trouble-fields.js",
    "trouble-form.js",
    "trouble-kinds.js",
    "trouble-pane.js",
    "trouble-request.js",
    "troubles.js",
];

/// The name of the file at `/`.
const INDEX: &str = "index.html";
/// The path of the files, before their names.
const FOLDER: &str = "/page/";

/// The media types of the files, by the end of the name.
const MEDIA_TYPES: &[(&str, &str)] = &[
    (".html", "text/html; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".svg", "image/svg+xml; charset=utf-8"),
];

/// Returns `true` for `/` and the paths below `/page/`.
pub(super) fn has_path(path: &str) -> bool {
    path == "/" || path.starts_with(FOLDER)
}

/// Responds to a request for a file of the page.
pub(super) async fn respond(emulator: Arc<Emulator>, request: Request, arrival: Arrival) -> Response {
    let begun = machine_time();
    let (parts, body) = request.into_parts();
    // A connection with an unread body cannot be reused.
    drop(read_body(body, FORM_MAX, emulator.in_flight()).await);
    let response = answer(&emulator, &parts, arrival);
    tracing::debug!(
        operation = "page",
        method = shown_method(parts.method.as_str()),
        path = &*shown_path(parts.uri.path()),
        status = response.status().as_u16(),
        duration_ms = machine_time().duration_since(begun).as_secs_f64() * 1e3,
        "request"
    );
    response
}

fn answer(emulator: &Emulator, parts: &Parts, arrival: Arrival) -> Response {
    let Parts { method, uri, headers, .. } = parts;
    if let Some(rejection) = control::rejection(emulator, headers, uri, arrival) {
        return rejection;
    }
    let Some(file) = File::at(uri.path()) else {
        return control::refuse(&emulator.default_tenant(), &no_endpoint(uri.path()));
    };
    if *method != Method::GET && *method != Method::HEAD {
        let mut response = control::refuse(&emulator.default_tenant(), &ErrorCode::MethodNotAllowed.into());
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    file.response(headers)
}

impl File {
    fn at(path: &str) -> Option<&'static Self> {
        let name = if path == "/" { INDEX } else { path.strip_prefix(FOLDER)? };
        FILES.iter().find(|file| file.name == name)
    }

    fn media_type(&self) -> Option<&'static str> {
        MEDIA_TYPES.iter().find(|(end, _)| self.name.ends_with(end)).map(|(_, media)| *media)
    }

    /// Returns the strong validator: a hash of the content.
    fn tag(&self) -> String {
        format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, self.content)))
    }

    /// Returns the file, or 304 if the client has it.
    fn response(&self, request: &HeaderMap) -> Response {
        let tag = self.tag();
        let is_known = is_listed(request, &tag);
        let mut response = Response::new(Body::from(Bytes::from_static(if is_known { b"" } else { self.content })));
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'self'"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::VARY, "accept-encoding"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "deny"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (header::ETAG, tag)));
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        let media = self.media_type().map(HeaderValue::from_static);
        headers.extend(media.map(|media| (header::CONTENT_TYPE, media)));
        response
    }
}

/// Returns `true` if `If-None-Match` lists a validator, or is `*`.
fn is_listed(request: &HeaderMap, tag: &str) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|listed| listed == "*" || listed.strip_prefix("W/").unwrap_or(listed) == tag)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The table has every file of the folder, and the folder every file of the table.
    #[test]
    fn table_lists_all_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
        let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        assert_eq!(FILES.iter().map(|file| file.name).collect::<Vec<_>>(), names, "the names of FILES, in their order");
        for file in FILES {
            assert!(file.media_type().is_some(), "MEDIA_TYPES has no row for {}", file.name);
        }
    }
}
