//! The fault rules of a tenant, with their counters.

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use jiff::Timestamp;

use super::Tenant;
use super::stored::Record;
use crate::fabric::fault::{self, Counter, Counters, Fault, FaultRequest, Strike};
use crate::fabric::{Decision, FabricError, State};
use crate::ids::{FaultId, RequestId};

impl Tenant {
    /// Returns `true` if the tenant has fault rules.
    pub(crate) fn has_faults(&self) -> bool {
        self.has_faults.load(Ordering::Acquire)
    }

    /// Draws the instant and the request id of a request, and counts the request in the rules that it matches. Returns
    /// the rule that strikes it. Requests are counted in the order of their request ids.
    pub(crate) fn strike(&self, request: &FaultRequest<'_>) -> (Timestamp, RequestId, Option<Strike>) {
        self.read_upcoming(|upcoming| {
            let state = upcoming.state();
            let mut counters = self.lock_fault_counters();
            let before = self.storage.as_ref().map(|_| counters.clone());
            let (now, request_id) = (self.clock.now(), self.next_request_id());
            let strike = counters.strike(state.seed(), state.faults().values(), request, now);
            if let Some(Strike { id, .. }) = strike {
                self.report_strike(upcoming, id, counters.of(id), now);
            }
            self.store_counters(before.as_ref(), &counters);
            (now, request_id, strike)
        })
    }

    /// Stores the counters that have changed. If that fails, the next change stores all of them: reads are answered even
    /// if nothing can be stored.
    fn store_counters(&self, before: Option<&Counters>, counters: &Counters) {
        let (Some(storage), Some(before)) = (&self.storage, before) else { return };
        let is_stale = self.has_unstored_counters.load(Ordering::Relaxed);
        let changed = if is_stale { counters.clone() } else { counters.changed_since(before) };
        if !changed.is_empty() {
            let stored = storage.append(&Record::Faults { tenant: self.id, counters: changed });
            self.has_unstored_counters.store(stored.is_err(), Ordering::Relaxed);
        }
    }

    /// Takes back a strike whose effect did not apply.
    pub(crate) fn take_back(&self, strike: &Strike) {
        self.read_upcoming(|upcoming| {
            let mut counters = self.lock_fault_counters();
            let before = self.storage.as_ref().map(|_| counters.clone());
            counters.take_back(strike);
            self.store_counters(before.as_ref(), &counters);
            self.report_strike(upcoming, strike.id, counters.of(strike.id), self.clock.now());
        });
    }

    /// Returns the fault rules with their counters, oldest first.
    pub fn faults(&self) -> Vec<(Fault, Counter)> {
        self.read(|state| {
            let counters = self.lock_fault_counters();
            state.faults().values().map(|fault| (fault.clone(), counters.of(fault.id))).collect()
        })
    }

    /// Executes a decision about a fault rule at the instant `now`. Returns the rule and its counter right after the change.
    ///
    /// # Errors
    ///
    /// The decision breaks a rule. Nothing has changed.
    pub(crate) fn change_fault(
        &self,
        now: Timestamp,
        decide: impl FnOnce(&State) -> Decision<FaultId>,
    ) -> Result<(Fault, Counter), FabricError> {
        let look = |state: &State, id| {
            let fault = state.faults().get(&id).cloned().ok_or_else(|| fault::missing(&id.to_string()))?;
            Ok((fault, self.lock_fault_counters().of(id)))
        };
        self.commit_then(now, |state, _| decide(state), look)?
    }

    /// Counts requests of the past in a rule that the tenant does not have. Returns the counter of the rule, and for each
    /// request `true` if the rule would have struck it.
    pub(crate) fn try_fault(&self, fault: &Fault, requests: &[(Timestamp, FaultRequest<'_>)]) -> (Counter, Vec<bool>) {
        let seed = self.read(State::seed);
        let mut counters = Counters::default();
        let mut strike = |(at, request): &(Timestamp, FaultRequest<'_>)| {
            counters.strike(seed, std::iter::once(fault), request, *at).is_some()
        };
        let struck = requests.iter().map(&mut strike).collect();
        (counters.of(fault.id), struck)
    }

    /// Notes that the fault rules may have changed, and drops the counters of deleted rules.
    pub(super) fn note_faults(&self, state: &State) {
        let faults = state.faults();
        if faults.is_empty() && !self.has_faults() {
            return;
        }
        self.has_faults.store(!faults.is_empty(), Ordering::Release);
        let mut counters = self.lock_fault_counters();
        counters.retain(|id| faults.contains(&id));
    }

    /// Returns the state at an earlier instant, and that instant. An instant before the beginning of the stored facts is
    /// replaced by that beginning.
    pub(crate) fn state_at(&self, at: Timestamp) -> (State, Timestamp) {
        let history = self.read_history();
        let at = at.max(history.base_at);
        let mut state = history.base.clone();
        let until = history.facts.partition_point(|(dated, _)| dated.at <= at);
        history.facts.range(..until).for_each(|(dated, _)| state.apply(dated));
        (state, at)
    }

    pub(super) fn lock_fault_counters(&self) -> MutexGuard<'_, Counters> {
        self.fault_counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
