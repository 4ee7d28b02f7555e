//! `specularite sign-in`: what `BROWSER` names under `run`. It does what a person in a browser would: follows the page's form.

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

/// The page's form: where the browser goes next, and with what.
#[derive(Deserialize)]
struct Onward {
    method: String,
    action: String,
    fields: Map<String, Value>,
}

/// Signs in at the address of a page, with the emulator at `at`, and brings the code back to the program that waits for it.
///
/// # Errors
///
/// The page is none of Entra's, or somebody does not answer.
pub async fn sign_in(at: &str, page: &str, tenant: Option<&str>) -> io::Result<()> {
    let page: Uri = page.parse().map_err(io::Error::other)?;
    let authority = page.authority().ok_or_else(|| io::Error::other("the page's address names no host"))?;
    let is_ours = hosts::owner(authority.host()) == Owner::Ours(Service::Entra) || hosts::is_local(authority.host());
    if !is_ours {
        return Err(io::Error::other(format!("{} is no page to sign in", authority.host())));
    }
    let path = page.path_and_query().map_or("/", |path| path.as_str());
    let mut asked = Request::get(path).header(HOST, authority.as_str()).header(ACCEPT, "application/json");
    if let Some(tenant) = tenant {
        asked = asked.header(PROXY_AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{tenant}:x"))));
    }
    let answer = client::ask(at, asked.body(Full::default()).map_err(io::Error::other)?).await?;
    let onward: Onward = serde_json::from_slice(answer.body())
        .map_err(|_| io::Error::other(format!("signing in was refused: {}", String::from_utf8_lossy(answer.body()))))?;
    come_back(&onward).await
}

/// Goes where the form leads: to a program on this machine.
async fn come_back(onward: &Onward) -> io::Result<()> {
    let fields = onward.fields.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let action: Uri = onward.action.parse().map_err(io::Error::other)?;
    let authority = action.authority().filter(|_| action.scheme_str() == Some("http"));
    let authority = authority.filter(|authority| hosts::is_local(authority.host()));
    let authority = authority.ok_or_else(|| io::Error::other(format!("{action} is no program on this machine")))?;
    let host = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
    let path = action.path_and_query().map_or("/", |path| path.as_str());
    let back = if onward.method == "POST" {
        let posted = Request::builder().method(Method::POST).uri(path).header(HOST, &host);
        posted.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Full::new(Bytes::from(form)))
    } else {
        let mark = if path.contains('?') { '&' } else { '?' };
        Request::get(format!("{path}{mark}{form}")).header(HOST, &host).body(Full::default())
    };
    client::ask(&host, back.map_err(io::Error::other)?).await.map(drop)
}
