//! Scenarios: facts of the past and the present, applied at once.

use jiff::Timestamp;

use super::Tenant;
use crate::clock::{ClockChange, ClockError, ClockState};
use crate::fabric::scenario::{DeclaredIds, OperationIds, Scenario};
use crate::fabric::throttle::Windows;
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
            let clock = self.next_clock(scenario, change, last.is_none())?;
            let now = clock.map_or_else(|| self.clock.now(), |clock| clock.now);
            let now = last.map_or(now, |last| last.max(now));
            let plan = scenario.decide(&history.state, now, last, operations)?;
            history.record_dated(plan.facts)?;
            if let Some(mut clock) = clock {
                if last.is_none() {
                    history.base_at = history.base_at.min(clock.now);
                    *self.lock_windows() = Windows::default();
                } else {
                    // The clock may have run on.
                    clock.now = clock.now.max(self.clock.now());
                }
                // The state of the clock was checked.
                let restored = self.clock.restore(clock);
                debug_assert!(restored.is_ok(), "{restored:?}");
            }
            self.note_faults(&history.state);
            plan.declared
        };
        self.version.bump();
        Ok(declared)
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

impl super::History {
    /// Records facts with their instants, oldest first. If the tenant has no facts, its past begins with the first.
    ///
    /// # Errors
    ///
    /// There is no memory for the facts. None is recorded.
    fn record_dated(&mut self, facts: Vec<(Timestamp, Fact)>) -> Result<(), FabricError> {
        if self.last_at.is_none()
            && let Some((first, _)) = facts.first()
        {
            let base_at = self.base_at.min(*first);
            self.record_all(facts)?;
            self.base_at = self.base_at.min(base_at);
            return Ok(());
        }
        self.record_all(facts)
    }
}
