//! An exchange in the journal: how it is stored, and how it is shown.

use std::borrow::Cow;
use std::ops::Range;

use hyper::header::{CONTENT_LOCATION, LOCATION};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{BODY_MAX, Caller, Exchange, REDACTED, Shown, body, json, names, shown_method, text, url};
use crate::ids::{FaultId, RequestId, TenantId};

/// The size of an entry without its texts, in bytes: about the memory that its structure and the punctuation of its line
/// take.
const OVERHEAD: usize = 512;

/// An exchange in the journal. What it shows is without secrets.
#[derive(Debug)]
pub struct Entry {
    time: Timestamp,
    tenant: TenantId,
    principal: Option<Caller>,
    operation: Option<&'static str>,
    status: Option<u16>,
    fault: Option<FaultId>,
    took: SignedDuration,
    /// The method, the path, the redacted body of the request as JSON, the headers of the response, and its body,
    /// one after the other. Each header is a line.
    texts: Box<[u8]>,
    /// The positions in `texts` at which the method, the path, the request and the headers end.
    ends: [usize; 4],
    /// `true` if the headers and the body of the response, and a path without a query, are stored as sent; `false` if they
    /// are redacted.
    is_as_sent: bool,
}

/// The first members of a line.
#[derive(Serialize)]
struct Head<'a> {
    time: String,
    tenant: TenantId,
    principal: Option<Caller>,
    operation: Option<&'static str>,
    method: &'a str,
}

impl Entry {
    /// Stores an exchange for a journal of `max_weight` bytes. Of a body that is too large for the journal, or larger than
    /// [`BODY_MAX`], only the size is stored.
    pub fn new(exchange: &Exchange<'_>, max_weight: usize) -> Self {
        let Exchange { time, tenant, principal, operation, status, fault, took, headers, .. } = *exchange;
        let body_max = BODY_MAX.min(max_weight);
        let is_as_sent = exchange.is_of_state && exchange.body.len() <= body_max;
        // The path of such a request consists of ids and names of the state. A query can contain tokens.
        let path = match is_as_sent && is_without_query(exchange.path) {
            true => Cow::Borrowed(exchange.path),
            false => url::redact(exchange.path, exchange.is_storage),
        };
        let request = stored_body(exchange.request, body_max, false);
        let body = stored_body(exchange.body, body_max, is_as_sent);
        let begin = [shown_method(exchange.method).as_bytes(), path.as_bytes(), &request];

        // The size is exact as long as no header is redacted, so that the texts are written in place.
        let of_headers = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum::<usize>();
        let of_begin = begin.iter().map(|text| text.len()).sum::<usize>();
        let mut texts = Vec::with_capacity(of_begin + of_headers + body.len());
        let mut ends = [0; 4];
        for (end, text) in ends.iter_mut().zip(begin) {
            texts.extend_from_slice(text);
            *end = texts.len();
        }
        for (name, value) in headers {
            texts.extend_from_slice(name.as_str().as_bytes());
            texts.push(b':');
            if is_as_sent {
                texts.extend_from_slice(value.as_bytes());
            } else {
                texts.extend_from_slice(
                    redacted_header(name.as_str(), &String::from_utf8_lossy(value.as_bytes())).as_bytes(),
                );
            }
            texts.push(b'\n');
        }
        ends[3] = texts.len();
        texts.extend_from_slice(&body);
        let texts = texts.into_boxed_slice();
        Self { time, tenant, principal, operation, status, fault, took, texts, ends, is_as_sent }
    }

    /// Returns the instant of the request, on the tenant's clock.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Returns the status of the response; `None` if no response was sent.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns the path and the query, redacted.
    pub fn path(&self) -> Cow<'_, str> {
        let path = self.text(self.ends[0]..self.ends[1]);
        match self.is_as_sent && is_without_query(&path) {
            true => Cow::Owned(url::redact(&path, false).into_owned()),
            false => path,
        }
    }

    /// Returns the header `RequestId` of the response.
    pub fn request_id(&self) -> Option<RequestId> {
        let headers = self.text(self.ends[2]..self.ends[3]);
        headers.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| *name == "requestid")?.1.parse().ok()
    }

    /// Formats the exchange as one line of NDJSON.
    pub fn line(&self, shown: Shown) -> String {
        let Self { time, tenant, principal, operation, status, fault, ends, .. } = self;
        let method = self.text(0..ends[0]);
        let (tenant, principal, operation, method) = (*tenant, *principal, *operation, &*method);
        let head = Head { time: format!("{time:.7}"), tenant, principal, operation, method };
        let head = json::escape_line_ends(serde_json::to_string(&head).expect("a head has string keys only"));
        let mut line =
            format!("{},\"path\":{}", head.strip_suffix('}').unwrap_or_default(), json::quoted(&self.path()));
        if shown.bodies {
            line += &format!(",\"request\":{}", shown_body(&self.texts[ends[1]..ends[2]], false));
        }
        let fault = Value::from(fault.map(|fault| fault.to_string()));
        line += &format!(",\"status\":{},\"fault\":{fault},\"headers\":{}", Value::from(*status), self.headers());
        if shown.bodies {
            line += &format!(",\"body\":{}", shown_body(&self.texts[ends[3]..], self.is_as_sent));
        }
        if shown.timing {
            line += &format!(",\"durationMs\":{}", Value::from(self.took.as_secs_f64() * 1e3));
        }
        line + "}\n"
    }

    /// Returns the headers of the response as a JSON object. Of several values of a header, it contains the last.
    fn headers(&self) -> String {
        let headers = self.text(self.ends[2]..self.ends[3]);
        let shown = |(name, value): (&str, &str)| {
            let value = if self.is_as_sent { redacted_header(name, value) } else { Cow::Borrowed(value) };
            (name.to_owned(), Value::from(value))
        };
        let pairs = headers.split_terminator('\n').filter_map(|line| line.split_once(':'));
        json::escape_line_ends(Value::Object(pairs.map(shown).collect::<Map<String, Value>>()).to_string())
    }

    fn text(&self, range: Range<usize>) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.texts[range])
    }

    /// Returns the size of the entry in bytes. It is not less than the size of the line.
    pub(super) fn weight(&self) -> usize {
        OVERHEAD + self.texts.len()
    }
}

fn is_without_query(path: &str) -> bool {
    !path.contains('?')
}

/// Returns a body as it is stored: as sent, or redacted and as JSON.
fn stored_body(body: &[u8], body_max: usize, is_as_sent: bool) -> Cow<'_, [u8]> {
    if is_as_sent || body.is_empty() { Cow::Borrowed(body) } else { body::redact(body, body_max).into_bytes().into() }
}

/// Returns a stored body as it is shown: redacted and as JSON.
fn shown_body(stored: &[u8], is_as_sent: bool) -> Cow<'_, str> {
    if is_as_sent || stored.is_empty() {
        body::redact(stored, BODY_MAX).into()
    } else {
        String::from_utf8_lossy(stored)
    }
}

/// Returns the value of a header without its secrets.
fn redacted_header<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if name == LOCATION || name == CONTENT_LOCATION {
        url::redact(value, false)
    } else if names::Name::new(name).is_secret() {
        Cow::Borrowed(REDACTED)
    } else {
        text::redact(value, 0)
    }
}
