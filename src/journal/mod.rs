//! The journal: a tenant's last exchanges, up to a size in bytes. No secret leaves the journal, and none is stored that the
//! state of the tenant does not store.

mod body;
mod entry;
mod json;
mod names;
mod text;
mod url;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use hyper::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ids::{FaultId, PrincipalId, RequestId, TenantId};
use crate::memory::Share;

pub use self::entry::Entry;

/// The maximum size of a body that is stored, in bytes. Of a larger body, only the size is stored.
const BODY_MAX: usize = 1 << 20;
/// The maximum size of a journal while the memory of the emulator is tight, in bytes.
const TIGHT_MAX: usize = 64 << 10;
/// The maximum number of characters of a method that are stored. The methods of HTTP are shorter.
const METHOD_MAX: usize = 32;
/// The text that replaces a secret.
const REDACTED: &str = "***";

/// The caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Caller {
    /// The emulator's own page. It is written as `page`.
    Page,
    /// A principal. It is written as its id.
    #[serde(untagged)]
    Principal(PrincipalId),
}

/// A request and its response.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The instant of the request, on the tenant's clock.
    pub time: Timestamp,
    /// The tenant that served the request.
    pub tenant: TenantId,
    /// The caller, if known.
    pub principal: Option<Caller>,
    /// The `operationId` in Microsoft's API description, if the operation is known.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The path and the query.
    pub path: &'a str,
    /// `true` if the request is for a host of OneLake, where a query can contain a shared access signature.
    pub is_storage: bool,
    /// The body of the request.
    pub request: &'a [u8],
    /// The status of the response; `None` if no response was sent.
    pub status: Option<u16>,
    /// The fault rule that struck the request.
    pub fault: Option<FaultId>,
    /// The headers of the response.
    pub headers: &'a HeaderMap,
    /// The body of the response, before compression.
    pub body: &'a [u8],
    /// `true` if the response and the path contain nothing that the state of the tenant does not contain. Both are then
    /// redacted when they are read. A path with a query, and all other exchanges, are redacted before they are stored.
    pub is_of_state: bool,
    /// The time from the request to the response, on the machine's clock.
    pub took: SignedDuration,
}

/// The members of a line that can be omitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// `true` for `request` and `body`.
    pub bodies: bool,
    /// `true` for the duration, which is different in each run.
    pub timing: bool,
}

impl Shown {
    /// All members.
    pub const ALL: Self = Self { bodies: true, timing: true };
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
    /// The header `RequestId` of the response.
    pub request_id: Option<RequestId>,
}

/// The last exchanges of a tenant, oldest first.
#[derive(Debug)]
pub struct Journal {
    entries: VecDeque<Arc<Entry>>,
    weight: usize,
    max_weight: usize,
    share: Share,
}

impl Journal {
    /// Creates an empty journal that stores at most `max_weight` bytes, and no more than `share` can take.
    pub fn new(max_weight: usize, share: Share) -> Self {
        Self { entries: VecDeque::new(), weight: 0, max_weight, share }
    }

    /// Stores an entry. Removes the oldest entries if the journal exceeds its maximum size or the memory of the emulator
    /// is full, and returns them, so that the caller can drop them without holding a lock. An entry that is larger than
    /// the maximum size is not stored, and the journal is empty afterwards.
    pub fn record(&mut self, entry: Entry) -> Vec<Arc<Entry>> {
        self.weight += entry.weight();
        self.entries.push_back(Arc::new(entry));
        let is_tight = self.share.memory().is_tight();
        self.shrink_to(if is_tight { TIGHT_MAX } else { self.max_weight })
    }

    /// Removes the oldest exchanges until the journal has the size that it has while memory is tight. Returns them.
    pub fn shrink(&mut self) -> Vec<Arc<Entry>> {
        self.shrink_to(TIGHT_MAX)
    }

    fn shrink_to(&mut self, most: usize) -> Vec<Arc<Entry>> {
        let most = most.min(self.max_weight);
        let mut removed = Vec::new();
        while self.weight > most || !self.share.resize(self.weight) {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.weight -= oldest.weight();
            removed.push(oldest);
        }
        removed
    }

    /// Removes all exchanges.
    pub fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.weight = 0;
        self.share.resize(0);
    }

    /// Returns the exchanges, oldest first.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.entries.iter().cloned().collect()
    }
}

impl Filter {
    /// Returns `true` if an exchange meets all conditions.
    pub fn matches(&self, entry: &Entry) -> bool {
        self.path.as_ref().is_none_or(|path| entry.path().contains(path.as_str()))
            && self.status.is_none_or(|status| entry.status() == Some(status))
            && self.since.is_none_or(|since| entry.time() >= since)
            && self.request_id.is_none_or(|id| entry.request_id() == Some(id))
    }
}

/// Returns an exchange as a JSON object without bodies and secrets.
pub fn summary(exchange: &Exchange<'_>) -> String {
    let without_bodies = Exchange { request: &[], body: &[], ..*exchange };
    let mut line = Entry::new(&without_bodies, usize::MAX).line(Shown { bodies: false, timing: true });
    line.truncate(line.trim_end().len());
    line
}

/// Returns the part of a method that is shown. A method is text of the client, of any length.
pub fn shown_method(method: &str) -> &str {
    method.char_indices().nth(METHOD_MAX).map_or(method, |(end, _)| &method[..end])
}

/// Returns the path of a URL without its secrets.
pub fn shown_path(path: &str) -> Cow<'_, str> {
    url::redact(path, false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use serde_json::Value;

    use super::*;
    use crate::memory::Memory;

    fn entry(method: &str, path: &str, request: &[u8], max_weight: usize) -> Entry {
        entry_of(method, path, request, false, max_weight)
    }

    fn entry_of(method: &str, path: &str, request: &[u8], is_of_state: bool, max_weight: usize) -> Entry {
        let exchange = Exchange {
            time: Timestamp::UNIX_EPOCH,
            tenant: TenantId::from_uuid(uuid::Uuid::nil()),
            principal: None,
            operation: None,
            method,
            path,
            is_storage: false,
            request,
            status: Some(200),
            fault: None,
            headers: &HeaderMap::new(),
            body: request,
            is_of_state,
            took: SignedDuration::ZERO,
        };
        Entry::new(&exchange, max_weight)
    }

    fn paths(journal: &Journal) -> Vec<String> {
        journal.entries().iter().map(|entry| entry.path().into_owned()).collect()
    }

    #[test]
    fn line_has_no_line_separators() {
        let line = entry("GET", "/", "{\"a\": \"x\u{2028}y\u{2029}z\u{85}\"}".as_bytes(), 9_999)
            .line(Shown { timing: false, ..Shown::ALL });
        assert!(!line.contains(['\u{85}', '\u{2028}', '\u{2029}']), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["request"]["a"], "x\u{2028}y\u{2029}z\u{85}");
    }

    #[test]
    fn path_shows_no_secret_however_it_is_stored() {
        for (path, shown) in
            [("/v1/a;password=S", "/v1/a;password=***"), ("/v1/a?token=S", "/v1/a?token=***"), ("/v1/a", "/v1/a")]
        {
            for is_of_state in [false, true] {
                assert_eq!(entry_of("GET", path, b"", is_of_state, 9_999).path(), shown, "{is_of_state}");
            }
        }
    }

    #[test]
    fn record_drops_oldest_exchanges() {
        let weight = entry("GET", "a", b"", 9_999).weight();
        let mut journal = Journal::new(3 * weight, Share::new(&Memory::new(usize::MAX)));
        for path in ["a", "b", "c", "d"] {
            let removed = journal.record(entry("GET", path, b"", journal.max_weight));
            assert_eq!(removed.len(), usize::from(path == "d"));
        }
        assert_eq!(paths(&journal), ["b", "c", "d"]);
        // A body that is larger than the journal is not stored. A longer path does not fit at all.
        drop(journal.record(entry("GET", "e", &b"x".repeat(4 * weight), journal.max_weight)));
        assert_eq!(paths(&journal).last().unwrap(), "e");
        assert!(
            journal.entries().last().unwrap().line(Shown { timing: false, ..Shown::ALL }).contains("bytes, not kept")
        );
        drop(journal.record(entry("GET", &"f".repeat(4 * weight), b"", journal.max_weight)));
        assert!(paths(&journal).is_empty());
        assert_eq!(journal.weight, 0);
    }

    #[test]
    fn record_drops_more_if_memory_is_tight_or_full() {
        let entry = || entry("GET", "a", &b"x".repeat(10_000), 1 << 20);
        let memory = Memory::new(1 << 20);
        let mut journal = Journal::new(1 << 20, Share::new(&memory));
        (0..20).for_each(|_| drop(journal.record(entry())));
        assert!((400_000..512_000).contains(&journal.weight) && memory.used() == journal.weight);
        let mut other = Share::new(&memory);
        assert!(other.resize((1 << 20) - memory.used()) && memory.is_tight());
        drop(journal.record(entry()));
        assert!((10_000..=TIGHT_MAX).contains(&journal.weight), "{}", journal.weight);
        journal.clear();
        assert!(other.resize(memory.limit()));
        drop(journal.record(entry()));
        assert_eq!((journal.weight, paths(&journal).len()), (0, 0));
    }

    #[test]
    fn method_is_stored_up_to_a_length() {
        let entry = entry(&"X".repeat(60_000), "/", b"", 1 << 20);
        assert!(entry.weight() < 2_000);
        let line: Value = serde_json::from_str(&entry.line(Shown::ALL)).unwrap();
        assert_eq!(line["method"], "X".repeat(METHOD_MAX));
    }

    proptest! {
        #[test]
        fn weight_is_at_least_the_size_of_the_line(
            method in ".{0,99}",
            path in ".{0,99}",
            request in prop::collection::vec(any::<u8>(), 0..999),
        ) {
            let entry = entry(&method, &path, &request, 9_999);
            prop_assert!(entry.weight() >= entry.line(Shown::ALL).len());
            let text = String::from_utf8_lossy(&request);
            let entry = self::entry(&method, &path, text.as_bytes(), 9_999);
            prop_assert!(entry.weight() >= entry.line(Shown::ALL).len());
        }
    }
}
