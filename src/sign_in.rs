//! `specularite sign-in`: opens a sign-in page and submits its form, as a browser would. `run` and `env` set the
//! variable `BROWSER` to this command.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Uri};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client;
use crate::hosts::{self, Owner, Service};

/// The form of the sign-in page. Submitting the form sends the authorization code to the redirect URI.
#[derive(Deserialize)]
struct Form {
    method: String,
    action: String,
    fields: Map<String, Value>,
}

/// Opens the sign-in page `page` on the emulator at `at`, and sends the authorization code to the program that
/// requested the sign-in.
///
/// # Errors
///
/// The page is not on a host of Entra, the sign-in is rejected, or the emulator or the program does not respond.
pub async fn sign_in(at: &str, page: &str, tenant: Option<&str>) -> io::Result<()> {
    let page: Uri = page.parse().map_err(io::Error::other)?;
    let authority = page.authority().ok_or_else(|| io::Error::other("the URL of the page has no host"))?;
    let is_ours = hosts::owner(authority.host()) == Owner::Ours(Service::Entra) || hosts::is_local(authority.host());
    if !is_ours {
        return Err(io::Error::other(format!("{} is neither a host of Entra nor a local host", authority.host())));
    }
    let path = page.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::get(path).header(HOST, authority.as_str()).header(ACCEPT, "application/json");
    if let Some(tenant) = tenant {
        request = request.header(PROXY_AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{tenant}:x"))));
    }
    let answer = client::ask(at, request.body(Full::default()).map_err(io::Error::other)?).await?;
    let form: Form = serde_json::from_slice(answer.body())
        .map_err(|_| io::Error::other(format!("Entra answered {}", String::from_utf8_lossy(answer.body()))))?;
    submit(&form).await
}

/// Submits the form to the program on this machine that listens at the redirect URI.
async fn submit(form: &Form) -> io::Result<()> {
    let fields = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let action: Uri = form.action.parse().map_err(io::Error::other)?;
    let authority = action.authority().filter(|_| action.scheme_str() == Some("http"));
    let authority = authority.filter(|authority| hosts::is_local(authority.host()));
    let authority = authority
        .ok_or_else(|| io::Error::other(format!("the redirect URI {action} is not an http URL on this machine")))?;
    let host = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
    let path = action.path_and_query().map_or("/", |path| path.as_str());
    let request = if form.method == "POST" {
        let post = Request::builder().method(Method::POST).uri(path).header(HOST, &host);
        post.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Full::new(Bytes::from(encoded)))
    } else {
        let separator = if path.contains('?') { '&' } else { '?' };
        Request::get(format!("{path}{separator}{encoded}")).header(HOST, &host).body(Full::default())
    };
    client::ask(&host, request.map_err(io::Error::other)?).await.map(drop)
}
