//! The reset of a tenant, and the replacement of what it has beside its history.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Tenant;
use super::snapshot::{Counters, OperationKeys, Snapshot};
use super::stored::{Record, Storage};
use crate::clock::ClockState;
use crate::content::Uploads;
use crate::fabric::fault::Counters as FaultCounters;
use crate::fabric::throttle::Windows;
use crate::fabric::{FabricError, State};
use crate::seed::Seed;

impl Tenant {
    /// Resets the facts, settings, clock, ids, throttle windows, counters of faults, redeemed codes and journal. Only
    /// the numbers of facts continue. The reset skips one number, so that subscribers notice it.
    ///
    /// # Errors
    ///
    /// `StateNotStored` if the state file cannot be written. Nothing has changed.
    pub fn reset(&self) -> Result<(), FabricError> {
        self.reset_then(|content| self.storage.as_ref().map_or(Ok(()), |storage| storage.append(&content)))
    }

    /// Resets this tenant like [`Tenant::reset`], and stores that the others are deleted, all or nothing.
    ///
    /// # Errors
    ///
    /// `StateNotStored` if the state file cannot be written. Nothing has changed.
    pub(crate) fn reset_and_detach(&self, others: &[Arc<Self>]) -> Result<(), FabricError> {
        let others: Vec<&Storage> = others.iter().filter_map(|other| other.storage.as_deref()).collect();
        self.reset_then(|content| {
            self.storage.as_ref().map_or(Ok(()), |storage| storage.replace_all(&content, &others))
        })
    }

    fn reset_then(&self, store: impl FnOnce(Record<'static>) -> Result<(), FabricError>) -> Result<(), FabricError> {
        let mut history = self.write_history();
        let content = |clock: ClockState| {
            let base = State::new(self.seed, self.defaults.clone());
            let (counters, faults) = (Counters::default(), FaultCounters::default());
            self.content(Snapshot::new(clock, counters, faults, clock.now, base, Vec::new()))
        };
        let store = |clock| if self.storage.is_some() { store(content(clock)) } else { Ok(()) };
        let (counters, faults) = (Counters::default(), FaultCounters::default());
        let clock = self.replace_rest(None, counters, faults, self.seed, |_, _| None, store)?;
        self.issued.hold().set_control_requests(0);
        history.reset(self.seed, self.defaults.clone(), clock.now);
        self.note_faults(&history.state);
        self.lock_journal().clear();
        self.events.record(|recording| recording.restart(&self.clock));
        drop(history);
        self.with_uploads(|uploads| *uploads = Uploads::default());
        self.version.bump();
        Ok(())
    }

    /// Replaces what determines the later responses beside the history, while the history is locked. `None` sets the
    /// clock to the machine's time. `store` runs first, and nothing can change before the replacement. Returns the
    /// new state of the clock.
    pub(super) fn replace_rest(
        &self,
        clock: Option<ClockState>,
        counters: Counters,
        faults: FaultCounters,
        seed: Seed,
        keys: OperationKeys,
        store: impl FnOnce(ClockState) -> Result<(), FabricError>,
    ) -> Result<ClockState, FabricError> {
        let mut redeemed = self.lock_redeemed();
        let mut fault_counters = self.lock_fault_counters();
        let issued = self.issued.hold();
        let clock = self.clock.replace(clock, store)?;
        *redeemed = counters.redeemed.into_iter().collect();
        *fault_counters = faults;
        issued.set_requests(counters.requests);
        self.request_seed.store(seed.number(), Ordering::Relaxed);
        *self.lock_windows() = Windows::restored(counters.windows, keys);
        Ok(clock)
    }
}
