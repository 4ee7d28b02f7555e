//! The timeline of a database: its past statuses, and the upcoming statuses that follow without a request.

use jiff::Timestamp;

use super::{MirroringError, MirroringStatus};
use crate::ids::TroubleId;

/// A period of time in which neither the status nor the error beside it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The status during the span.
    pub status: MirroringStatus,
    /// The error beside the status.
    pub error: Option<MirroringError>,
    /// The trouble that shows the error.
    pub trouble: Option<TroubleId>,
    /// The first instant of the span.
    pub from: Timestamp,
    /// The first instant after the span; `None` if only a request ends the status.
    pub to: Option<Timestamp>,
}

/// Returns the spans of a status. The status changes at the instants `changes`, which must be in order, and where a span
/// ends without a request. `span_at` returns the span that begins at an instant.
pub(in crate::fabric) fn spans(changes: &[Timestamp], span_at: impl Fn(Timestamp) -> Span) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = changes.first().copied();
    while let Some(from) = next {
        let span = span_at(from);
        let change = changes.get(changes.partition_point(|at| *at <= from)).copied();
        next = span.to.into_iter().chain(change).min();
        match spans.last_mut() {
            Some(last) if (last.status, &last.error, last.trouble) == (span.status, &span.error, span.trouble) => {
                last.to = next;
            }
            _ => spans.push(Span { to: next, ..span }),
        }
    }
    spans
}
