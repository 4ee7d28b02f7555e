//! Forks: a tenant that shares the past of another up to an instant.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::Tenant;
use super::snapshot::{Content, Counters};
use crate::clock::ClockState;
use crate::fabric::{DatedFact, FabricError, Fact};

impl Tenant {
    /// Makes this new tenant a fork of `original` at the instant `at`.
    ///
    /// It has the facts up to and including `at`, the present settings, clock mode, request ids and redeemed codes of
    /// the original, and no throttle windows. Its clock shows `at`.
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
        // The settings of a fork are the present ones. If a later fact changed them, the fork has a fact of its own.
        let changed =
            history.facts.range(facts.len()..).any(|(dated, _)| matches!(dated.fact, Fact::SettingsChanged(_)));
        if changed {
            let number = facts.last().map_or(1, |last| last.number + 1);
            facts.push(DatedFact { number, at, fact: Fact::SettingsChanged(history.state.settings.clone()) });
        }
        let redeemed = self.redeemed.lock().unwrap_or_else(PoisonError::into_inner);
        let redeemed: BTreeMap<String, i64> = redeemed.iter().map(|(hash, ends)| (hash.clone(), *ends)).collect();
        let counters = Counters { requests: self.requests.load(Ordering::Relaxed), windows: Vec::new(), redeemed };
        let clock = ClockState { now: at, ..clock };
        Ok(Content { base_at: history.base_at, base: history.base.clone(), facts, clock, counters })
    }
}
