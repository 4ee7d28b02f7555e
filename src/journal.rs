//! The journal: the last exchanges of a tenant, bounded by their bytes. Secrets are blanked before anything is kept.

use std::collections::VecDeque;

use hyper::HeaderMap;
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
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
        HEADS + self.path.len() + self.request.len() + self.body.len()
    }

    /// The exchange with its secrets blanked by their names, in the query and in both bodies.
    fn without_secrets(mut self) -> Self {
        if let Some((path, query)) = self.path.split_once('?') {
            let shown = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) if is_secret(name) => format!("{name}={BLANK}"),
                Some(_) | None => pair.to_owned(),
            });
            self.path = format!("{path}?{}", shown.collect::<Vec<_>>().join("&"));
        }
        (self.request, self.body) = (blanked(self.request), blanked(self.body));
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

/// A body without its secrets. What is no JSON has no members to blank: where one of their names occurs, all of it goes.
fn blanked(body: Bytes) -> Bytes {
    let lower = body.to_ascii_lowercase();
    let names_one = |secret: &str| lower.windows(secret.len()).any(|window| window == secret.as_bytes());
    if !SECRETS.iter().copied().chain(["credentials"]).any(names_one) {
        return body;
    }
    match serde_json::from_slice(&body) {
        Ok(mut value) => {
            blank(&mut value);
            Bytes::from(value.to_string())
        }
        Err(_) => Bytes::from_static(BLANK.as_bytes()),
    }
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
    }
}
