//! Views of trouble: the period and the state of each trouble at an instant, for the control interface.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::mirroring::Replication;
use crate::fabric::mirroring::trouble::{End, Start, Target, Trouble, TroubleKind};
use crate::fabric::mirroring::trouble_request::{DetailsRequest, ErrorRequest, TableRequest};
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, SourceId, TroubleId};

/// The state of a trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The trouble has not begun.
    Planned,
    /// The trouble has begun.
    Active,
    /// The trouble has ended.
    Ended,
}

/// A trouble, as the control interface returns it. The instants `from` and `to` are added there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TroubleView {
    id: TroubleId,
    target: TargetView,
    kind: TroubleKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<Start>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    /// The first instant; `None` while it is unknown.
    #[serde(skip)]
    pub from: Option<Timestamp>,
    /// The first instant after the trouble; `None` if it is unknown or never comes.
    #[serde(skip)]
    pub to: Option<Timestamp>,
    state: Phase,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetView {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ItemId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<TableRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_details: Option<DetailsRequest>,
}

impl From<&Target> for TargetView {
    fn from(target: &Target) -> Self {
        let table = target
            .table()
            .map(|name| TableRequest { schema_name: name.schema.to_string(), table_name: name.table.to_string() });
        let view = Self { item: None, source: target.source(), table, connection_details: None };
        match target {
            Target::Item { item, .. } => Self { item: Some(*item), ..view },
            Target::Source { .. } => view,
            Target::ConnectionDetails { kind, path } => {
                let details = DetailsRequest { r#type: kind.clone(), path: path.clone() };
                Self { connection_details: Some(details), ..view }
            }
        }
    }
}

/// The trouble of a tenant at an instant, with the replication of the databases that it affects.
#[derive(Debug)]
pub struct Views<'a> {
    state: &'a State,
    now: Timestamp,
    replications: Vec<(ItemId, Replication<'a>)>,
}

impl<'a> Views<'a> {
    /// Computes the replication of all databases with trouble.
    pub fn new(state: &'a State, now: Timestamp) -> Self {
        let replication = |(within, item): (&Workspace, &'a Item)| {
            let replication = state.replication(within.id, item).ok()?;
            (!replication.windows().all().is_empty()).then_some((item.id, replication))
        };
        let is_of_source = |trouble: &Trouble| trouble.target.source().is_some();
        let replications = if state.troubles().all().any(is_of_source) {
            let workspaces = state.workspaces().values();
            let items = workspaces.flat_map(|within| within.items().values().map(move |item| (within, item)));
            items.filter_map(replication).collect()
        } else {
            let items: BTreeSet<ItemId> = state.troubles().all().filter_map(|trouble| trouble.target.item()).collect();
            items.into_iter().filter_map(|id| state.find_item(id)).filter_map(replication).collect()
        };
        Self { state, now, replications }
    }

    /// Returns the period of a trouble: that of its item, or from the first to the last instant in the databases of its
    /// source. Both ends are `None` while they are unknown, or if they never come.
    pub fn period(&self, trouble: &Trouble) -> (Option<Timestamp>, Option<Timestamp>) {
        let windows = self.replications.iter().flat_map(|(_, replication)| replication.windows().all());
        let windows = windows.filter(|window| window.trouble == Some(trouble.id));
        let period = windows.map(|window| (window.from, window.to)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let known = trouble.begins().filter(|_| trouble.kind != TroubleKind::Reseed);
        let period = period.or_else(|| known.map(|from| (from, trouble.ends_from(from))));
        let Some((from, to)) = period else { return (None, None) };
        // A reseed is a moment: the table then copies its rows without the trouble.
        let to = if trouble.kind == TroubleKind::Reseed { from } else { to };
        (Some(from), Some(to).filter(|to| *to < Timestamp::MAX))
    }

    /// Returns the state of a trouble.
    pub fn phase(&self, trouble: &Trouble) -> Phase {
        match self.period(trouble) {
            (Some(_), Some(to)) if to <= self.now => Phase::Ended,
            (Some(from), _) if from <= self.now => Phase::Active,
            _ => Phase::Planned,
        }
    }

    /// Returns the view of a trouble.
    pub fn view(&self, trouble: &Trouble) -> TroubleView {
        let (from, to) = self.period(trouble);
        let error = trouble.error.clone().map(|error| ErrorRequest { error_code: error.code, message: error.message });
        TroubleView {
            id: trouble.id,
            target: TargetView::from(&trouble.target),
            kind: trouble.kind,
            cause: trouble.cause.clone(),
            starts: trouble.starts,
            ends: trouble.ends,
            error,
            factor: trouble.factor,
            from,
            to,
            state: self.phase(trouble),
        }
    }

    /// Returns the views of the trouble of an item and its sources, of a source, or of the tenant. Deleted trouble is not
    /// included.
    pub fn list(&self, item: Option<ItemId>, source: Option<SourceId>) -> Vec<TroubleView> {
        let database = item.and_then(|id| self.state.find_item(id)).and_then(|(_, item)| item.mirroring.as_ref());
        let sources = item.zip(database).map_or_else(Vec::new, |(id, log)| log.sources(id));
        let of_item = |trouble: &Trouble| match &trouble.target {
            Target::Item { item: of, .. } => Some(*of) == item,
            Target::Source { source: of, .. } => sources.contains(of),
            Target::ConnectionDetails { .. } => false,
        };
        let wanted = |trouble: &&Trouble| {
            trouble.deleted_at.is_none()
                && (item.is_none() || of_item(trouble))
                && (source.is_none() || trouble.target.source() == source)
        };
        self.state.troubles().all().filter(wanted).map(|trouble| self.view(trouble)).collect()
    }
}
