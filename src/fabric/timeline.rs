//! The timeline of a database: its statuses one after the other, the past ones and those that will come by themselves.

use jiff::Timestamp;

use crate::fabric::item::Item;
use crate::fabric::mirroring::MirroringStatus;
use crate::fabric::{ErrorCode, FabricError};

/// A time with one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The status.
    pub status: MirroringStatus,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it; `None`: until something is done.
    pub to: Option<Timestamp>,
}

/// What a log of deeds says about an instant: the status, and when it gives way by itself.
pub(super) type Look = (MirroringStatus, Option<Timestamp>);

/// The spans of a status that changes at the instants of `deeds`, in order, and by itself.
pub(super) fn spans(deeds: &[Timestamp], look: impl Fn(Timestamp) -> Look) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = deeds.first().copied();
    while let Some(from) = next {
        let (status, gives_way) = look(from);
        let deed = deeds.get(deeds.partition_point(|at| *at <= from)).copied();
        next = gives_way.into_iter().chain(deed).min();
        match spans.last_mut() {
            Some(last) if last.status == status => last.to = next,
            _ => spans.push(Span { status, from, to: next }),
        }
    }
    spans
}

/// The spans of a mirrored or SQL database; refused where the item's kind does not replicate.
pub fn of(item: &Item) -> Result<Vec<Span>, FabricError> {
    match (&item.mirroring, &item.sql_database) {
        (Some(mirroring), _) => Ok(mirroring.spans()),
        (None, Some(database)) => Ok(database.spans()),
        (None, None) => Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id)),
    }
}
