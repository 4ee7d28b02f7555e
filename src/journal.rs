//! The journal: a tenant's last exchanges, up to a size in bytes. Secrets are redacted before an exchange is stored.

use std::borrow::Cow;
use std::collections::VecDeque;

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{HeaderValue, LOCATION};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::ids::{PrincipalId, TenantId};

/// The approximate size of an exchange without its bodies, path and `Location` header, in bytes.
const OVERHEAD: usize = 1_024;
/// The text that replaces a secret.
const REDACTED: &str = "***";
/// Names of JSON members and parameters whose values are redacted. Members are redacted at any depth. Case is ignored.
const SECRETS: &[&str] = &[
    "access_token",
    "accesstoken",
    "accountkey",
    "assertion",
    "client_assertion",
    "client_secret",
    "clientsecret",
    "encryptedcredentials",
    "id_token",
    "key",
    "passphrase",
    "password",
    "privatekey",
    "refresh_token",
    "sas",
    "sastoken",
    "secret",
    "serviceprincipalsecret",
    "token",
];

/// Names of parameters whose values are redacted in forms and queries, but not in JSON. Many JSON members with these
/// names are not secret.
const FORM_SECRETS: &[&str] = &["code", "code_verifier", "device_code"];

/// A request and its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The instant of the request, on the tenant's clock.
    pub time: Timestamp,
    /// The tenant that served the request.
    pub tenant: TenantId,
    /// The caller, if known.
    pub principal: Option<PrincipalId>,
    /// The `operationId` in Microsoft's API description, if the operation is known.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The body of the request.
    pub request: Bytes,
    /// The status of the response.
    pub status: u16,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The body of the response, before compression.
    pub body: Bytes,
    /// The time from the request to the response, on the machine's clock.
    pub took: SignedDuration,
}

/// A filter for exchanges. An exchange must match every condition that is not `None`.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A text that must occur in the path or the query.
    pub path: Option<String>,
    /// The status of the response.
    pub status: Option<u16>,
    /// The earliest instant of the request.
    pub since: Option<Timestamp>,
}

/// The last exchanges of a tenant, oldest first.
#[derive(Debug)]
pub struct Journal {
    exchanges: VecDeque<Exchange>,
    weight: usize,
    max_weight: usize,
}

impl Journal {
    /// Creates an empty journal that stores at most `max_weight` bytes.
    pub fn new(max_weight: usize) -> Self {
        Self { exchanges: VecDeque::new(), weight: 0, max_weight }
    }

    /// Stores an exchange. Removes the oldest exchanges if the journal exceeds its maximum size. An exchange that is
    /// larger than this maximum is not stored, and the journal is empty afterwards.
    pub fn record(&mut self, exchange: Exchange) {
        let exchange = exchange.redacted();
        self.weight += exchange.weight();
        self.exchanges.push_back(exchange);
        while self.weight > self.max_weight {
            let Some(oldest) = self.exchanges.pop_front() else { break };
            self.weight -= oldest.weight();
        }
    }

    /// Removes all exchanges.
    pub fn clear(&mut self) {
        *self = Self::new(self.max_weight);
    }

    /// Returns the exchanges that match a filter, oldest first.
    pub fn matching(&self, filter: &Filter) -> Vec<Exchange> {
        self.exchanges.iter().filter(|exchange| filter.matches(exchange)).cloned().collect()
    }
}

impl Filter {
    fn matches(&self, exchange: &Exchange) -> bool {
        self.path.as_ref().is_none_or(|path| exchange.path.contains(path.as_str()))
            && self.status.is_none_or(|status| exchange.status == status)
            && self.since.is_none_or(|since| exchange.time >= since)
    }
}

impl Exchange {
    fn weight(&self) -> usize {
        let location = self.headers.get(LOCATION).map_or(0, HeaderValue::len);
        OVERHEAD + location + self.path.len() + self.request.len() + self.body.len()
    }

    /// Redacts secrets by name in the query and in both bodies. Redacts signed tokens in the path, the query, the
    /// bodies and the `Location` header.
    fn redacted(mut self) -> Self {
        if let Some((path, query)) = self.path.split_once('?') {
            self.path = format!("{path}?{}", redact_pairs(query));
        }
        self.path = redact_tokens(&self.path).into_owned();
        (self.request, self.body) = (redact_body(self.request), redact_body(self.body));
        let location = self.headers.get(LOCATION).and_then(|location| location.to_str().ok());
        if let Some(Ok(location)) = location.map(|location| HeaderValue::try_from(redact_tokens(location).into_owned()))
        {
            self.headers.insert(LOCATION, location);
        }
        self
    }

    /// Formats the exchange as one line of NDJSON. `timing` adds the duration, which is different in each run.
    pub fn line(&self, timing: bool) -> String {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let mut line = json!({
            "time": format!("{:.7}", self.time),
            "tenant": self.tenant,
            "principal": self.principal,
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "request": body_value(&self.request),
            "status": self.status,
            "headers": headers,
            "body": body_value(&self.body),
        });
        if timing {
            line["durationMs"] = json!(self.took.as_secs_f64() * 1e3);
        }
        // Some readers of NDJSON end a line at these characters, which JSON allows in strings.
        let line = line.to_string().replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028");
        format!("{}\n", line.replace('\u{2029}', "\\u2029"))
    }
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Redacts the secrets in a body. If a body is neither JSON nor a form and contains the name of a secret, the whole
/// body is redacted.
fn redact_body(body: Bytes) -> Bytes {
    let lower = String::from_utf8_lossy(&body).to_ascii_lowercase();
    let is_mentioned = |secret: &str| lower.contains(secret);
    let body = if let Some(form) = std::str::from_utf8(&body).ok().filter(|body| is_form(body)) {
        Bytes::from(redact_pairs(form))
    } else if !SECRETS.iter().copied().chain(["credentials"]).any(is_mentioned) {
        body
    } else if let Ok(mut value) = serde_json::from_slice(&body) {
        redact_members(&mut value);
        Bytes::from(value.to_string())
    } else {
        Bytes::from_static(REDACTED.as_bytes())
    };
    match std::str::from_utf8(&body).map(redact_tokens) {
        Ok(Cow::Owned(redacted)) => Bytes::from(redacted),
        Ok(Cow::Borrowed(_)) | Err(_) => body,
    }
}

/// Returns `true` if a text is a form or a query: pairs `name=value`, separated by `&`.
fn is_form(text: &str) -> bool {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.%".contains(&byte));
    !text.contains(char::is_whitespace)
        && text.split('&').all(|pair| pair.split_once('=').is_some_and(|(name, _)| is_name(name)))
}

/// Redacts the secret parameters of a form or a query.
fn redact_pairs(pairs: &str) -> String {
    let is_secret = |name: &str| {
        let name = percent_decode_str(name).decode_utf8_lossy();
        is_secret(&name) || FORM_SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
    };
    let redacted = pairs.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        Some(_) | None => pair.to_owned(),
    });
    redacted.collect::<Vec<_>>().join("&")
}

/// Redacts the signed and encrypted tokens in a text. Such a token begins with a JSON object in base64url, and has
/// three or five parts, separated by dots.
fn redact_tokens(text: &str) -> Cow<'_, str> {
    /// The beginning of a JSON object, `{"`, in base64url.
    const OBJECT_START: &str = "eyJ";
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let (mut redacted, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(OBJECT_START) {
        let (before, token) = rest.split_at(at);
        let end = token.find(|c: char| !is_part(c) && c != '.').unwrap_or(token.len());
        let is_signed = token[..end].split('.').count() >= 3;
        redacted.push_str(before);
        redacted.push_str(if is_signed { REDACTED } else { &token[..end] });
        rest = &token[end..];
    }
    if redacted.is_empty() && rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(redacted + rest) }
}

/// Returns a body as a JSON value. An empty body becomes null, and a body that is not valid JSON becomes a string.
fn body_value(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

fn redact_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let misplaced = name.eq_ignore_ascii_case("credentials") && !value.is_object();
                if (is_secret(name) || misplaced) && !value.is_null() && !value.is_array() {
                    *value = REDACTED.into();
                } else {
                    if let (true, Value::Array(values)) = (is_secret(name), &mut *value) {
                        values.iter_mut().filter(|value| value.is_string()).for_each(|value| *value = REDACTED.into());
                    }
                    redact_members(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact_members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(path: &str, body: &'static str) -> Exchange {
        Exchange {
            time: Timestamp::UNIX_EPOCH,
            tenant: TenantId::from_uuid(uuid::Uuid::nil()),
            principal: None,
            operation: None,
            method: "POST".into(),
            path: path.into(),
            request: Bytes::from_static(body.as_bytes()),
            status: 200,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            took: SignedDuration::ZERO,
        }
    }

    #[test]
    fn line_has_no_line_separators() {
        let line = exchange("/", "{\"a\": \"x\u{2028}y\u{2029}z\u{85}\"}").line(false);
        assert!(!line.contains(['\u{85}', '\u{2028}', '\u{2029}']), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["request"]["a"], "x\u{2028}y\u{2029}z\u{85}");
    }

    #[test]
    fn record_drops_oldest_exchanges() {
        let mut journal = Journal::new(3 * OVERHEAD);
        for path in ["a", "b", "c", "d"] {
            journal.record(exchange(path, ""));
        }
        let kept: Vec<String> = journal.matching(&Filter::default()).into_iter().map(|it| it.path).collect();
        assert_eq!(kept, ["c", "d"]);
        journal.record(exchange("e", "x".repeat(4 * OVERHEAD).leak()));
        assert!(journal.matching(&Filter::default()).is_empty());
        assert_eq!(journal.weight, 0);
    }

    #[test]
    fn secrets_are_redacted_by_name() {
        let body = r#"{"credentialDetails":{"credentials":[{"Password":"p1","username":"u"}]},"continuationToken":"t","key":null}"#;
        let line = |path: &str, body| exchange(path, body).redacted().line(false);
        let shown = line("/", body);
        assert!(
            !shown.contains("p1")
                && shown.contains(r#""username":"u""#)
                && shown.contains(r#""continuationToken":"t""#)
        );
        assert!(!line("/", r#"{"password":"p1""#).contains("p1"), "broken JSON is not shown");
        assert!(!line("/", r#"{"credentials":"p1"}"#).contains("p1"), "a secret in the wrong place is not shown");
        assert!(line("/", "plain").contains("plain"));
        assert!(line("/a?x=1&Token=p1&y", "").contains("/a?x=1&Token=***&y"));
        assert!(line("/", "a=1&client_secret=p1&code=p2").contains("a=1&client_secret=***&code=***"));
        assert!(
            !line("/a?client%5Fsecret=p1", "client%5Fsecret=p1&b=2").contains("p1"),
            "names are decoded before they are compared"
        );
        assert!(!line("/", r#"{"client_secret":["p1"]}"#).contains("p1"), "every element of an array is redacted");
        assert!(!line("/", "the secret is p1").contains("p1"), "a text that mentions a secret is not shown");
    }

    #[test]
    fn signed_tokens_are_redacted_in_any_text() {
        for (text, shown) in [
            ("a eyJh.eyJi.c- b", "a *** b"),
            ("the token eyJh.eyJi.c. And eyJh.b.c.d.e", "the token *** And ***"),
            ("\"eyJh.eyJi.\",\"eyJh.x.y\"", "\"***\",\"***\""),
            ("eyJub3QgYSB0b2tlbiJ9 eyJh.b", "eyJub3QgYSB0b2tlbiJ9 eyJh.b"),
            ("ends with eyJ", "ends with eyJ"),
            ("", ""),
        ] {
            assert_eq!(redact_tokens(text), shown);
        }
    }
}
