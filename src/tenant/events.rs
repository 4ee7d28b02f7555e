//! The events of a tenant. They are recorded under the lock of the history, so that their order is that of the changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Tenant;
use crate::events::{Event, EventLog, Position, Render};
use crate::fabric::changes::{Observation, Scope};
use crate::fabric::fault::{Counter, Fault};
use crate::fabric::trouble_view::{TroubleView, Views};
use crate::fabric::upcoming::Upcoming;
use crate::fabric::{Fact, State, trouble};
use crate::ids::{FaultId, TroubleId};
use crate::memory::Share;

/// What facts change, observed before they are recorded.
pub(super) struct Before {
    scope: Scope,
    observation: Observation,
    /// The instant of the facts.
    at: Timestamp,
    /// The instant of the observation. It is not before `at`.
    horizon: Timestamp,
    settings: bool,
    faults: BTreeSet<FaultId>,
    deleted_faults: Vec<(Fault, Counter)>,
    troubles: BTreeSet<TroubleId>,
    deleted_troubles: Vec<TroubleView>,
}

impl Tenant {
    /// Returns the log of events.
    pub(crate) fn events(&self) -> &Arc<EventLog> {
        &self.events
    }

    /// Adds a stream of events, which resumes after the event `last`, or else begins now.
    pub(crate) fn open_events(&self, render: Render, share: impl FnOnce() -> Share, last: Option<&str>) -> Position {
        // No fact is recorded between the present of the recording and its first event.
        let _history = self.read_history();
        self.events.open(render, share, last, |recording| recording.begin(&self.clock))
    }

    /// Replaces the log of a tenant that is not in use yet by that of streams that wait for the tenant. `has_content` is
    /// `true` if the tenant is not new: the streams are then told to read it.
    pub(crate) fn adopt_events(&mut self, log: Arc<EventLog>, has_content: bool) {
        self.events = log;
        self.events.record(|recording| {
            if has_content {
                recording.restart(&self.clock);
            } else {
                recording.begin(&self.clock);
            }
        });
        self.events.wake();
    }

    /// Announces the changes that time has brought about, and those of the clock. Returns the instant of the next change.
    /// Does nothing if events are not recorded.
    pub(crate) fn announce(&self) -> Option<Timestamp> {
        if !self.events.is_recording() {
            return None;
        }
        let history = self.read_history();
        let mut next = None;
        self.events.record(|recording| {
            recording.catch_up(history.upcoming(), &self.clock, None);
            next = recording.next_change(history.upcoming()).map(|change| change.at);
        });
        next
    }

    /// Observes what facts will change at the instant `at`, and announces the changes before. Returns `None` if events are
    /// not recorded.
    pub(super) fn observe(&self, upcoming: Upcoming<'_>, facts: &[Fact], at: Timestamp) -> Option<Before> {
        if !self.events.is_recording() || facts.is_empty() {
            return None;
        }
        let mut horizon = at;
        self.events.record(|recording| {
            recording.catch_up(upcoming, &self.clock, Some(at));
            horizon = recording.horizon().max(at);
        });
        let state = upcoming.state();
        let scope = Scope::of(state, facts);
        let mut before = Before {
            observation: Observation::of(state, &scope, horizon),
            scope,
            at,
            horizon,
            settings: false,
            faults: BTreeSet::new(),
            deleted_faults: Vec::new(),
            troubles: BTreeSet::new(),
            deleted_troubles: Vec::new(),
        };
        let mut deleted_troubles = BTreeSet::new();
        for fact in facts {
            match fact {
                Fact::SettingsChanged(_) => before.settings = true,
                Fact::FaultAdded { id, .. } | Fact::FaultSwitched { id, .. } => drop(before.faults.insert(*id)),
                Fact::FaultDeleted { id } => {
                    let counter = self.lock_fault_counters().of(*id);
                    before.deleted_faults.extend(state.faults().get(id).map(|fault| (fault.clone(), counter)));
                }
                Fact::TroubleAdded(trouble) => drop(before.troubles.insert(trouble.id)),
                Fact::TroubleChanged { id, .. } => drop(before.troubles.insert(*id)),
                Fact::TroubleRemoved { id, .. } => drop(deleted_troubles.insert(*id)),
                _ => {}
            }
        }
        before.deleted_troubles = views(state, &deleted_troubles, at);
        Some(before)
    }

    /// Records the events of facts that were recorded.
    pub(super) fn report(&self, state: &State, before: &Before) {
        let Before { at, horizon, .. } = *before;
        let after = Observation::of(state, &before.scope, horizon);
        let deleted = before.deleted_faults.iter().map(|(fault, counter)| (fault, *counter, true));
        let changed = before.faults.iter().filter_map(|id| state.faults().get(id));
        let changed = changed.map(|fault| (fault, self.lock_fault_counters().of(fault.id), false));
        let faults: Vec<(&Fault, Counter, bool)> = deleted.chain(changed).collect();
        let troubles = views(state, &before.troubles, at);
        let deleted = before.deleted_troubles.iter().map(|view| (view, true));
        let troubles = deleted.chain(troubles.iter().map(|view| (view, false)));
        self.events.record(|recording| {
            recording.forget_outlook();
            before.observation.item_changes(&after).into_iter().for_each(|change| recording.push(&Event::Item(change)));
            let changes = before.observation.status_changes(&after, at);
            changes.iter().for_each(|change| recording.push(&Event::Change(change)));
            if before.settings {
                recording.push(&Event::Settings(&state.settings));
            }
            for (fault, counter, is_deleted) in faults {
                recording.push(&Event::Fault { fault, counter, now: at, is_deleted });
            }
            for (view, is_deleted) in troubles {
                recording.push(&Event::Trouble { view, is_deleted });
            }
        });
    }

    /// Records the event that a fault rule has struck a request, or that its strike was taken back. The changes of time
    /// and of the clock come before.
    pub(super) fn report_strike(&self, upcoming: Upcoming<'_>, id: FaultId, counter: Counter, now: Timestamp) {
        if self.events.is_recording()
            && let Some(fault) = upcoming.state().faults().get(&id)
        {
            self.events.record(|recording| {
                recording.catch_up(upcoming, &self.clock, Some(now));
                recording.push(&Event::Fault { fault, counter, now, is_deleted: false });
            });
        }
    }
}

/// Returns the views of these troubles at an instant.
fn views(state: &State, ids: &BTreeSet<TroubleId>, at: Timestamp) -> Vec<TroubleView> {
    if ids.is_empty() {
        return Vec::new();
    }
    let views = Views::new(state, at);
    let known = ids.iter().filter_map(|id| trouble::find(state, &id.to_string()).ok());
    known.map(|trouble| views.view(trouble)).collect()
}
