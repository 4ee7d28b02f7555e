//! Fault rules.

use std::sync::Arc;

use crate::fabric::State;
use crate::fabric::fault::{Fault, FaultRule};
use crate::fabric::ordered::Ordered;
use crate::ids::FaultId;

impl State {
    /// Returns the fault rules, oldest first.
    pub fn faults(&self) -> &Ordered<FaultId, Fault> {
        &self.faults
    }

    pub(super) fn add_fault(&mut self, id: FaultId, rule: Arc<FaultRule>) {
        self.counts.faults += 1;
        self.faults.insert(id, Fault { id, rule, enabled: true });
    }

    pub(super) fn switch_fault(&mut self, id: FaultId, enabled: bool) {
        if let Some(fault) = self.faults.get_mut(&id) {
            fault.enabled = enabled;
        }
    }
}
