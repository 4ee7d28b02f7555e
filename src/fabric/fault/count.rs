//! The counters of rules, and the choice of the rule that strikes a request.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::fault::Fault;
use crate::fabric::fault::rule::{FaultRequest, FaultRule, When};
use crate::ids::FaultId;
use crate::seed::Seed;

/// The counts of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counter {
    /// The number of requests that matched.
    pub matched: u64,
    /// The number of requests that were struck.
    pub struck: u64,
    /// The instant of the last struck request.
    pub last_struck: Option<Timestamp>,
}

impl Counter {
    /// Returns `true` if the rule can strike no further request at `now` or later.
    pub fn is_exhausted(&self, when: &When, now: Timestamp) -> bool {
        self.is_used_up(when) || when.until.is_some_and(|until| until <= now)
    }

    fn is_used_up(&self, when: &When) -> bool {
        when.times.is_some_and(|times| self.struck >= times)
    }

    /// Counts a matching request. Returns `true` if the request is due. `seed` is the seed of the rule.
    fn count(&mut self, when: &When, seed: Seed) -> bool {
        self.matched += 1;
        let Some(after_skipped) = self.matched.checked_sub(when.skip.saturating_add(1)) else { return false };
        let is_turn = after_skipped % when.every.unwrap_or(1) == 0;
        let is_drawn = |probability: f64| drawn(seed, self.matched).fraction() < probability;
        is_turn && !self.is_used_up(when) && when.probability.is_none_or(is_drawn)
    }
}

/// Returns the seed of what is drawn for request number `count` of a rule.
fn drawn(seed: Seed, count: u64) -> Seed {
    seed.fork(count.to_le_bytes())
}

/// The counters of a tenant's rules. A rule without a counter has matched no request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counters(HashMap<FaultId, Counter>);

/// A request that a rule strikes.
#[derive(Debug, Clone)]
pub struct Strike {
    /// The id of the rule.
    pub id: FaultId,
    /// The rule.
    pub rule: Arc<FaultRule>,
    /// The delay, in seconds of the machine's clock.
    pub delay: Option<f64>,
    /// The instant of the previous strike.
    previous: Option<Timestamp>,
}

impl Counters {
    /// Counts a request in every rule that it matches. The oldest rule that is due and whose effect applies strikes the
    /// request. `faults` are the rules of the tenant, oldest first.
    pub fn strike<'a>(
        &mut self,
        seed: Seed,
        faults: impl Iterator<Item = &'a Fault>,
        request: &FaultRequest<'_>,
        now: Timestamp,
    ) -> Option<Strike> {
        let mut strike = None;
        for Fault { id, rule, enabled } in faults {
            if !enabled || !rule.when.includes(now) || !rule.matches.matches(request) {
                continue;
            }
            let counter = self.0.entry(*id).or_default();
            let seed = seed.fork("fault").fork(id.to_string());
            if !counter.count(&rule.when, seed) || strike.is_some() || !rule.applies_to(request) {
                continue;
            }
            let delay = rule.effect.delay.map(|delay| delay.seconds(drawn(seed, counter.matched).fork("delay")));
            let previous = counter.last_struck.replace(now);
            counter.struck += 1;
            strike = Some(Strike { id: *id, rule: Arc::clone(rule), delay, previous });
        }
        strike
    }

    /// Takes back a strike whose effect did not apply.
    pub fn take_back(&mut self, strike: &Strike) {
        if let Some(counter) = self.0.get_mut(&strike.id) {
            counter.struck = counter.struck.saturating_sub(1);
            counter.last_struck = strike.previous;
        }
    }

    /// Returns the counter of a rule.
    pub fn of(&self, id: FaultId) -> Counter {
        self.0.get(&id).copied().unwrap_or_default()
    }

    /// Removes the counters of rules that do not exist.
    pub fn retain(&mut self, exists: impl Fn(FaultId) -> bool) {
        self.0.retain(|id, _| exists(*id));
    }

    /// Returns the number of rules that have matched a request.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if no rule has matched a request.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
