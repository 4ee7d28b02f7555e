//! The journal: the last exchanges of a tenant, bounded by their bytes. Secrets are blanked before anything is kept.

use std::borrow::Cow;
use std::collections::VecDeque;

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{HeaderValue, LOCATION};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::ids::{PrincipalId, TenantId};

/// What an exchange weighs beside its bodies and its path, roughly, in bytes.
const HEADS: usize = 1_024;
/// What stands in the place of a secret.
const BLANK: &str = "***";
/// Members whose values are secrets, whatever holds them; case makes no difference.
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

/// Parameters of forms and queries that are secrets beside those; as members they are too common.
const FORM_SECRETS: &[&str] = &["code", "code_verifier", "device_code"];

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Its one instant, in the tenant's time.
    pub time: Timestamp,
    /// Whose universe it was.
    pub tenant: TenantId,
    /// Who asked, if that was known.
    pub principal: Option<PrincipalId>,
    /// What was asked for, if that was known: the description's `operationId`.
    pub operation: Option<&'static str>,
    /// The method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The request's body.
    pub request: Bytes,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body, before it was packed.
    pub body: Bytes,
    /// How long the answer took, by the machine's time.
    pub took: SignedDuration,
}

/// Which exchanges are wanted; everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Their path contains this.
    pub path: Option<String>,
    /// Their status is this.
    pub status: Option<u16>,
    /// They came then or later.
    pub since: Option<Timestamp>,
}

/// The last exchanges, the oldest first.
#[derive(Debug)]
pub struct Journal {
    exchanges: VecDeque<Exchange>,
    weight: usize,
    most: usize,
}

impl Journal {
    /// An empty journal that keeps so many bytes at most.
    pub fn new(most: usize) -> Self {
        Self { exchanges: VecDeque::new(), weight: 0, most }
    }

    /// Writes an exchange down, and forgets the oldest ones for it. One that is larger than the whole journal leaves it empty.
    pub fn record(&mut self, exchange: Exchange) {
        let exchange = exchange.without_secrets();
        self.weight += exchange.weight();
        self.exchanges.push_back(exchange);
        while self.weight > self.most {
            let Some(oldest) = self.exchanges.pop_front() else { break };
            self.weight -= oldest.weight();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.most);
    }

    /// The exchanges that pass a filter, oldest first.
    pub fn matching(&self, filter: &Filter) -> Vec<Exchange> {
        self.exchanges.iter().filter(|exchange| filter.takes(exchange)).cloned().collect()
    }
}

impl Filter {
    fn takes(&self, exchange: &Exchange) -> bool {
        self.path.as_ref().is_none_or(|path| exchange.path.contains(path.as_str()))
            && self.status.is_none_or(|status| exchange.status == status)
            && self.since.is_none_or(|since| exchange.time >= since)
    }
}

impl Exchange {
    fn weight(&self) -> usize {
        let location = self.headers.get(LOCATION).map_or(0, HeaderValue::len);
        HEADS + location + self.path.len() + self.request.len() + self.body.len()
    }

    /// The exchange without its secrets: those that their names tell, in the query and in both bodies, and whatever is signed.
    fn without_secrets(mut self) -> Self {
        if let Some((path, query)) = self.path.split_once('?') {
            self.path = format!("{path}?{}", without_named(query));
        }
        self.path = without_signed(&self.path).into_owned();
        (self.request, self.body) = (blanked(self.request), blanked(self.body));
        let location = self.headers.get(LOCATION).and_then(|location| location.to_str().ok());
        if let Some(Ok(shown)) = location.map(|location| HeaderValue::try_from(without_signed(location).into_owned())) {
            self.headers.insert(LOCATION, shown);
        }
        self
    }

    /// The exchange as one line of NDJSON; `timing` tells how long it took, which no two runs share.
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
            "request": shown(&self.request),
            "status": self.status,
            "headers": headers,
            "body": shown(&self.body),
        });
        if timing {
            line["durationMs"] = json!(self.took.as_secs_f64() * 1e3);
        }
        format!("{line}\n")
    }
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// A body without its secrets. What is neither JSON nor a form has no members to blank: where one of their names occurs, all
/// of it goes.
fn blanked(body: Bytes) -> Bytes {
    let lower = String::from_utf8_lossy(&body).to_ascii_lowercase();
    let names_one = |secret: &str| lower.contains(secret);
    let body = if let Some(form) = std::str::from_utf8(&body).ok().filter(|body| is_form(body)) {
        Bytes::from(without_named(form))
    } else if !SECRETS.iter().copied().chain(["credentials"]).any(names_one) {
        body
    } else if let Ok(mut value) = serde_json::from_slice(&body) {
        blank(&mut value);
        Bytes::from(value.to_string())
    } else {
        Bytes::from_static(BLANK.as_bytes())
    };
    match std::str::from_utf8(&body).map(without_signed) {
        Ok(Cow::Owned(shown)) => Bytes::from(shown),
        Ok(Cow::Borrowed(_)) | Err(_) => body,
    }
}

/// Pairs as a form or a query has them, nothing else.
fn is_form(text: &str) -> bool {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.%".contains(&byte));
    !text.contains(char::is_whitespace)
        && text.split('&').all(|pair| pair.split_once('=').is_some_and(|(name, _)| is_name(name)))
}

/// The pairs of a form or a query, without the values whose names tell that they are secrets.
fn without_named(pairs: &str) -> String {
    let is_secret = |name: &str| {
        let name = percent_decode_str(name).decode_utf8_lossy();
        is_secret(&name) || FORM_SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
    };
    let shown = pairs.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={BLANK}"),
        Some(_) | None => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

/// A text without the signed tokens in it: three parts in base64url, the first of which is an object; encrypted ones have five.
fn without_signed(text: &str) -> Cow<'_, str> {
    const BEGINS: &str = "eyJ";
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(BEGINS) {
        let (before, token) = rest.split_at(at);
        let ends = token.find(|c: char| !is_part(c) && c != '.').unwrap_or(token.len());
        let is_signed = token[..ends].split('.').count() >= 3;
        shown.push_str(before);
        shown.push_str(if is_signed { BLANK } else { &token[..ends] });
        rest = &token[ends..];
    }
    if shown.is_empty() && rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(shown + rest) }
}

/// A body as JSON where it is that, else as text; null where there is none.
fn shown(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let misplaced = name.eq_ignore_ascii_case("credentials") && !value.is_object();
                if (is_secret(name) || misplaced) && !value.is_null() && !value.is_array() {
                    *value = BLANK.into();
                } else {
                    if let (true, Value::Array(several)) = (is_secret(name), &mut *value) {
                        several.iter_mut().filter(|one| one.is_string()).for_each(|one| *one = BLANK.into());
                    }
                    blank(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blank),
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
    fn the_oldest_make_room() {
        let mut journal = Journal::new(3 * HEADS);
        for path in ["a", "b", "c", "d"] {
            journal.record(exchange(path, ""));
        }
        let kept: Vec<String> = journal.matching(&Filter::default()).into_iter().map(|it| it.path).collect();
        assert_eq!(kept, ["c", "d"]);
        journal.record(exchange("e", "x".repeat(4 * HEADS).leak()));
        assert!(journal.matching(&Filter::default()).is_empty());
        assert_eq!(journal.weight, 0);
    }

    #[test]
    fn secrets_are_blanked_by_their_names() {
        let body = r#"{"credentialDetails":{"credentials":[{"Password":"p1","username":"u"}]},"continuationToken":"t","key":null}"#;
        let line = |path: &str, body| exchange(path, body).without_secrets().line(false);
        let told = line("/", body);
        assert!(
            !told.contains("p1") && told.contains(r#""username":"u""#) && told.contains(r#""continuationToken":"t""#)
        );
        assert!(!line("/", r#"{"password":"p1""#).contains("p1"), "broken JSON is not shown");
        assert!(!line("/", r#"{"credentials":"p1"}"#).contains("p1"), "a secret in the wrong place is not shown");
        assert!(line("/", "plain").contains("plain"));
        assert!(line("/a?x=1&Token=p1&y", "").contains("/a?x=1&Token=***&y"));
        assert!(line("/", "a=1&client_secret=p1&code=p2").contains("a=1&client_secret=***&code=***"));
        assert!(!line("/a?client%5Fsecret=p1", "client%5Fsecret=p1&b=2").contains("p1"), "a name may be encoded");
        assert!(!line("/", r#"{"client_secret":["p1"]}"#).contains("p1"), "there may be several of one name");
        assert!(!line("/", "the secret is p1").contains("p1"), "a text that speaks of a secret is not shown");
    }

    #[test]
    fn what_is_signed_is_blanked_wherever_it_stands() {
        for (text, shown) in [
            ("a eyJh.eyJi.c- b", "a *** b"),
            ("the token eyJh.eyJi.c. And eyJh.b.c.d.e", "the token *** And ***"),
            ("\"eyJh.eyJi.\",\"eyJh.x.y\"", "\"***\",\"***\""),
            ("eyJub3QgYSB0b2tlbiJ9 eyJh.b", "eyJub3QgYSB0b2tlbiJ9 eyJh.b"),
            ("ends with eyJ", "ends with eyJ"),
            ("", ""),
        ] {
            assert_eq!(without_signed(text), shown);
        }
    }
}
