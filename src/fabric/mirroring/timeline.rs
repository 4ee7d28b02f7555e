//! Timelines: the past statuses of a database or a table, and the upcoming statuses that follow without a request.

use jiff::Timestamp;
use serde::Serialize;

use super::{MirroringError, MirroringStatus};
use crate::ids::TroubleId;

/// The reason for which a status or an error began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The item was created.
    Create,
    /// Mirroring was started.
    Start,
    /// Mirroring was stopped.
    Stop,
    /// The capacity was paused.
    Capacity,
    /// The definition of the item or the declaration of its source changed.
    Definition,
    /// A trouble began.
    Trouble,
}

/// A period of time in which neither the status nor the error beside it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<S = MirroringStatus> {
    /// The status during the span.
    pub status: S,
    /// The error beside the status.
    pub error: Option<MirroringError>,
    /// The reason for which the span began.
    pub reason: Reason,
    /// The trouble, if it is the reason.
    pub trouble: Option<TroubleId>,
    /// The first instant of the span.
    pub from: Timestamp,
    /// The first instant after the span; `None` if only a request ends the status.
    pub to: Option<Timestamp>,
}

impl<S> Span<S> {
    /// Returns the span with another type of status.
    pub fn map<T>(self, map: impl FnOnce(S) -> T) -> Span<T> {
        let Self { status, error, reason, trouble, from, to } = self;
        Span { status: map(status), error, reason, trouble, from, to }
    }

    /// Returns `true` if the span contains `now`.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.from <= now && self.to.is_none_or(|to| now < to)
    }
}

/// Adds a span. If it continues the last span with the same status and error, extends that span instead.
pub(in crate::fabric) fn push<S: PartialEq>(spans: &mut Vec<Span<S>>, span: Span<S>) {
    match spans.last_mut() {
        Some(last) if last.to == Some(span.from) && (&last.status, &last.error) == (&span.status, &span.error) => {
            last.to = span.to;
        }
        _ => spans.push(span),
    }
}

/// Returns the spans of a status. The status changes at the instants `changes`, which must be in order, and where a span
/// ends without a request. `span_at` returns the span that begins at an instant.
pub(in crate::fabric) fn spans<S: PartialEq>(
    changes: &[Timestamp],
    span_at: impl Fn(Timestamp) -> Span<S>,
) -> Vec<Span<S>> {
    let mut spans = Vec::new();
    let mut next = changes.first().copied();
    while let Some(from) = next {
        let span = span_at(from);
        let change = changes.get(changes.partition_point(|at| *at <= from)).copied();
        next = span.to.into_iter().chain(change).min();
        push(&mut spans, Span { to: next, ..span });
    }
    spans
}
