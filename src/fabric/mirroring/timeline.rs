//! The timeline of a database: its past statuses, and the upcoming statuses that follow without a request.

use jiff::Timestamp;

use super::MirroringStatus;

/// A period of time in which the status does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The status during the span.
    pub status: MirroringStatus,
    /// The first instant of the span.
    pub from: Timestamp,
    /// The first instant after the span; `None` if only a request ends the status.
    pub to: Option<Timestamp>,
}

/// A status, and the instant at which the status ends without a request; `None` if only a request ends the status.
pub(in crate::fabric) type StatusUntil = (MirroringStatus, Option<Timestamp>);

/// Returns the spans of a status. The status changes at the instants `changes`, which must be in order, and when a
/// transient status ends.
pub(in crate::fabric) fn spans(changes: &[Timestamp], status_at: impl Fn(Timestamp) -> StatusUntil) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = changes.first().copied();
    while let Some(from) = next {
        let (status, until) = status_at(from);
        let change = changes.get(changes.partition_point(|at| *at <= from)).copied();
        next = until.into_iter().chain(change).min();
        match spans.last_mut() {
            Some(last) if last.status == status => last.to = next,
            _ => spans.push(Span { status, from, to: next }),
        }
    }
    spans
}
