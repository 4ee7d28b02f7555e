//! Scenarios: facts of the past and the present, applied at once.

use jiff::Timestamp;

use super::events::Before;
use super::{History, Tenant};
use crate::clock::{ClockChange, ClockError, ClockState};
use crate::fabric::scenario::{DeclaredIds, OperationIds, Plan, Scenario};
use crate::fabric::throttle::Windows;
use crate::fabric::upcoming::Upcoming;
use crate::fabric::{FabricError, Fact};

impl Tenant {
    /// Applies a scenario. Returns the ids of what it declares.
    ///
    /// The facts of a scenario can lie in the past, but not before the last fact. A tenant without facts is as old as
    /// the scenario needs it to be: its clock can then be set back.
    ///
    /// # Errors
    ///
    /// The scenario breaks a rule, or there is no memory for its facts. Nothing has changed.
    pub fn apply_scenario(&self, scenario: &Scenario, operations: &OperationIds) -> Result<DeclaredIds, FabricError> {
        let change = scenario.clock::<ClockChange>()?;
        let declared = {
            let mut history = self.write_history();
            let last = history.last_at;
            let present = self.clock.state();
            let clock = self.next_clock(scenario, change, last.is_none())?;
            let now = last.max(Some(clock.unwrap_or(present).now)).unwrap_or(present.now);
            let Plan { facts, declared } = scenario.decide(&history.state, now, last, operations)?;
            let is_set_back = clock.is_some_and(|clock| clock.now < present.now);
            let before = if is_set_back { None } else { self.observe_dated(history.upcoming(), &facts, now) };
            self.record_scenario(&mut history, facts, clock)?;
            self.note_faults(&history.state);
            if let Some(before) = before {
                self.report(&history.state, &before);
            } else if is_set_back {
                self.events.record(|recording| recording.restart(&self.clock));
            }
            declared
        };
        self.version.bump();
        Ok(declared)
    }

    /// Records the facts of a scenario and sets the clock, all or nothing. The state file receives the whole content,
    /// because the beginning and the clock of the tenant can change too.
    fn record_scenario(
        &self,
        history: &mut History,
        facts: Vec<(Timestamp, Fact)>,
        clock: Option<ClockState>,
    ) -> Result<(), FabricError> {
        let is_new = history.last_at.is_none();
        let known_from = history.base_at;
        let first = facts.first().map(|(at, _)| *at).into_iter().chain(clock.map(|clock| clock.now)).min();
        let base_at = first.filter(|_| is_new).map_or(known_from, |first| first.min(known_from));
        let storage = self.storage.as_ref().filter(|storage| storage.is_used());
        let content = storage.map(|_| self.content_before(history));
        // Recording can merge facts into the base, which then begins later.
        history.base_at = base_at;
        let record = |clock: ClockState| {
            history.record_all(facts, |dated| match (storage, content) {
                (Some(storage), Some(content)) => content.append_with(storage, clock, base_at, dated),
                _ => Ok(()),
            })
        };
        let recorded = match clock {
            None => self.clock.holding(record),
            Some(clock) => {
                // The clock may have run on.
                let now = if is_new { clock.now } else { clock.now.max(self.clock.now()) };
                self.clock.replace(Some(ClockState { now, ..clock }), record).map(drop)
            }
        };
        if recorded.is_err() {
            history.base_at = known_from;
        } else if is_new && clock.is_some() {
            *self.lock_windows() = Windows::default();
        }
        recorded
    }

    /// Observes what facts of different instants will change, like [`Tenant::observe`].
    fn observe_dated(&self, upcoming: Upcoming<'_>, facts: &[(Timestamp, Fact)], now: Timestamp) -> Option<Before> {
        if !self.events.is_recording() {
            return None;
        }
        let facts: Vec<Fact> = facts.iter().map(|(_, fact)| fact.clone()).collect();
        self.observe(upcoming, &facts, now)
    }

    /// Returns the state of the clock after a change; `None` if there is no change. Only the clock of a new tenant can
    /// be set back.
    fn next_clock(
        &self,
        scenario: &Scenario,
        change: Option<ClockChange>,
        is_new: bool,
    ) -> Result<Option<ClockState>, FabricError> {
        let Some(ClockChange { mode, rate, step, paused, now }) = change else { return Ok(None) };
        let present = self.clock.state();
        let next = ClockState {
            mode: mode.unwrap_or(present.mode),
            rate: rate.unwrap_or(present.rate),
            step: step.unwrap_or(present.step),
            paused: paused.unwrap_or(present.paused),
            now: now.unwrap_or(present.now),
        };
        let refused = |member: &str, why: &ClockError| scenario.clock_refusal(member, &why.to_string());
        if next.now < present.now && !is_new {
            return Err(refused("now", &ClockError::Backwards { now: present.now, wanted: next.now }));
        }
        if next.now < Timestamp::UNIX_EPOCH {
            return Err(scenario.clock_refusal("now", &format!("{} is before 1970", next.now)));
        }
        next.check()
            .map_err(|why| refused(if matches!(why, ClockError::Beyond { .. }) { "now" } else { "rate" }, &why))?;
        Ok(Some(next))
    }
}
