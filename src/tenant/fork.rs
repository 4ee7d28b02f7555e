//! Forks: a tenant that shares the past of another up to an instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::snapshot::{Content, Counters};
use super::{History, Tenant};
use crate::clock::ClockState;
use crate::fabric::fault::Fault;
use crate::fabric::{DatedFact, FabricError, Fact};

impl Tenant {
    /// Makes this new tenant a fork of `original` at the instant `at`.
    ///
    /// It has the facts up to and including `at`, the present settings, fault rules, clock mode,
    /// request ids and redeemed codes of the original, and no throttle windows. Its clock shows `at`.
    ///
    /// # Errors
    ///
    /// `at` is in the original's future or before its base, or there is no memory. Nothing has changed.
    pub(crate) fn become_fork(&self, original: &Self, at: Option<Timestamp>) -> Result<(), FabricError> {
        let content = original.content_at(at)?;
        self.install(content, |_, _| None)
    }

    fn content_at(&self, at: Option<Timestamp>) -> Result<Content, FabricError> {
        let history = self.read_history();
        let clock = self.clock.state();
        let at = at.unwrap_or(clock.now);
        if at > clock.now {
            return Err(FabricError::invalid_input(format!("at is {at}: the tenant's clock shows {}.", clock.now)));
        }
        if at < history.base_at {
            let base_at = history.base_at;
            return Err(FabricError::invalid_input(format!(
                "at is {at}: the past of the tenant is known from {base_at}."
            )));
        }
        let shared = history.facts.iter().map(|(dated, _)| dated).take_while(|dated| dated.at <= at);
        let mut facts: Vec<DatedFact> = shared.cloned().collect();
        let later = history.facts.range(facts.len()..).map(|(dated, _)| &dated.fact);
        let number = facts.last().map_or(1, |last| last.number + 1);
        let present = present(&history, &facts, later).into_iter().zip(number..);
        facts.extend(present.map(|(fact, number)| DatedFact { number, at, fact }));
        let redeemed: BTreeMap<String, i64> =
            self.lock_redeemed().iter().map(|(hash, ends)| (hash.clone(), *ends)).collect();
        let counters = Counters { requests: self.issued.requests(), windows: Vec::new(), redeemed };
        let faults = self.lock_fault_counters().clone();
        let clock = ClockState { now: at, ..clock };
        Ok(Content { base_at: history.base_at, base: history.base.clone(), facts, clock, counters, faults })
    }
}

/// Returns the facts that give a fork the present settings and fault rules, if a `later` fact changed them.
/// `shared` are the facts that the fork shares with the original.
fn present<'a>(history: &History, shared: &[DatedFact], later: impl Iterator<Item = &'a Fact>) -> Vec<Fact> {
    let (mut settings, mut rules) = (false, false);
    for fact in later {
        settings |= matches!(fact, Fact::SettingsChanged(_));
        rules |= matches!(fact, Fact::FaultAdded { .. } | Fact::FaultSwitched { .. } | Fact::FaultDeleted { .. });
    }
    let mut facts: Vec<Fact> =
        settings.then(|| Fact::SettingsChanged(history.state.settings.clone())).into_iter().collect();
    if rules {
        let mut past = history.base.clone();
        shared.iter().for_each(|dated| past.apply(dated));
        facts.extend(past.faults().values().map(|fault| Fact::FaultDeleted { id: fault.id }));
        for Fault { id, rule, enabled } in history.state.faults().values() {
            facts.push(Fact::FaultAdded { id: *id, rule: Arc::clone(rule) });
            if !enabled {
                facts.push(Fact::FaultSwitched { id: *id, enabled: false });
            }
        }
    }
    facts
}
