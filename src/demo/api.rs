//! The requests of a story to the emulator.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST};
use hyper::{Request, Response};
use serde_json::Value;

use super::DemoError;
use crate::client;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// An answer, and the request that it belongs to.
#[derive(Debug)]
pub(super) struct Answer {
    /// Method and path.
    pub(super) request: String,
    pub(super) status: u16,
    /// The time of day at which the emulator answered, on the tenant's clock, as `hh:mm:ss`.
    pub(super) time: String,
    pub(super) body: Value,
}

impl Answer {
    /// Returns the text at a JSON pointer.
    pub(super) fn text(&self, member: &'static str) -> Result<String, DemoError> {
        let found = self.body.pointer(member).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| DemoError::Incomplete { request: self.request.clone(), member })
    }
}

/// The emulator, as a client sees it.
#[derive(Debug)]
pub(super) struct Api {
    host: String,
    token: String,
}

impl Api {
    /// Returns a client without a token.
    pub(super) fn new(host: String) -> Self {
        Self { host, token: String::new() }
    }

    /// Sets the token of the requests from now on.
    pub(super) fn sign_in(&mut self, token: String) {
        self.token = token;
    }

    /// Sends a request with a JSON body, or without a body if the value is null.
    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Answer, DemoError> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.exchange(method, path, JSON, bytes).await
    }

    /// Sends a form.
    pub(super) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, DemoError> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.exchange("POST", path, FORM, form.into()).await
    }

    async fn exchange(&self, method: &str, path: &str, media_type: &str, body: Bytes) -> Result<Answer, DemoError> {
        let request = format!("{method} {path}");
        let mut builder = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if !body.is_empty() {
            builder = builder.header(CONTENT_TYPE, media_type);
        }
        if !self.token.is_empty() {
            builder = builder.header(AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let built = builder.body(Full::new(body)).map_err(std::io::Error::other);
        let answered = match built {
            Ok(built) => client::ask(&self.host, built).await,
            Err(why) => Err(why),
        };
        match answered {
            Ok(response) => read(request, &response),
            Err(why) => Err(DemoError::NoAnswer { request, why }),
        }
    }
}

/// Returns an answer, or an error if its status is not one of success.
fn read(request: String, response: &Response<Bytes>) -> Result<Answer, DemoError> {
    let status = response.status().as_u16();
    if !response.status().is_success() {
        return Err(DemoError::Rejected { request, status, message: message(response.body()) });
    }
    // Such as `Mon, 05 Jan 2026 12:00:00 GMT`.
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    let time = date.and_then(|date| date.split(' ').nth(4)).unwrap_or_default().to_owned();
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    Ok(Answer { request, status, time, body })
}

/// Returns the most specific message of an error, or the whole body if it is not one of Fabric's.
fn message(body: &[u8]) -> String {
    let error: Value = serde_json::from_slice(body).unwrap_or_default();
    let texts = [error.pointer("/moreDetails/0/message"), error.pointer("/message")];
    let text = texts.into_iter().flatten().find_map(Value::as_str).map(str::to_owned);
    let text = text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    match error["errorCode"].as_str() {
        Some(code) => format!("{code}: {text}"),
        None => text,
    }
}

/// Returns a path in which `{id}` stands for the ids. If it is longer than `width`, its first segments are left out.
pub(super) fn short(path: &str, width: usize) -> String {
    let is_id = |segment: &str| segment.len() == 36 && segment.matches('-').count() == 4;
    let segments: Vec<&str> = path.split('/').map(|segment| if is_id(segment) { "{id}" } else { segment }).collect();
    let whole = segments.join("/");
    if whole.len() <= width {
        return whole;
    }
    let tail = |from: usize| format!(".../{}", segments[from..].join("/"));
    let last = segments.len() - 1;
    (1..last).map(tail).find(|tail| tail.len() <= width).unwrap_or_else(|| tail(last))
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn paths_are_shortened_from_their_beginning() {
        let id = "0e556870-b4cd-471a-b908-6427212572cd";
        for (width, expected) in [
            (80, "/v1/workspaces/{id}/items"),
            (25, "/v1/workspaces/{id}/items"),
            (24, ".../{id}/items"),
            (14, ".../{id}/items"),
            (3, ".../items"),
        ] {
            let shortened = short(&format!("/v1/workspaces/{id}/items"), width);
            assert_eq!(shortened, expected, "{width}");
        }
    }
}
