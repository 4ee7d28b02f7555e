//! The counters of rules, and the choice of the rule that strikes a request.

use std::collections::BTreeMap;
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
pub struct Counters(BTreeMap<FaultId, Counter>);

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

    /// Returns the counters that differ from those of an earlier time.
    pub fn changed_since(&self, before: &Self) -> Self {
        let changed = self.0.iter().filter(|(id, counter)| before.0.get(id) != Some(counter));
        Self(changed.map(|(id, counter)| (*id, *counter)).collect())
    }

    /// Replaces the counters of some rules.
    pub fn merge(&mut self, changed: Self) {
        self.0.extend(changed.0);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::fabric::fault::rule::FaultBody;

    fn fault(number: u64, given: &Value) -> Fault {
        let rule = FaultRule::parse(given.as_object().unwrap().clone()).unwrap();
        Fault { id: FaultId::nth(Seed::new(1), number), rule: Arc::new(rule), enabled: true }
    }

    fn request(path: &str) -> FaultRequest<'_> {
        FaultRequest {
            operation: None,
            method: "GET",
            path,
            query: Vec::new(),
            principals: Vec::new(),
            workspace: None,
            item: None,
            is_read: true,
            body: FaultBody::new(b""),
        }
    }

    fn when(given: &Value) -> Value {
        json!({"when": given, "effect": {"delay": {"seconds": 0}}})
    }

    /// The strikes of a rule alone among `count` requests.
    fn strikes(given: &Value, count: usize) -> Vec<bool> {
        let (mut counters, fault) = (Counters::default(), fault(1, &when(given)));
        let mut strike =
            || counters.strike(Seed::new(7), std::iter::once(&fault), &request("/"), Timestamp::UNIX_EPOCH).is_some();
        (0..count).map(|_| strike()).collect()
    }

    #[test]
    fn delay_is_drawn_from_its_range_and_repeats() {
        let fault = fault(1, &json!({"effect": {"delay": {"minSeconds": 2, "maxSeconds": 3}}}));
        let delays = || {
            let mut counters = Counters::default();
            let mut strike =
                || counters.strike(Seed::new(7), std::iter::once(&fault), &request("/"), Timestamp::UNIX_EPOCH);
            (0..100).map(|_| strike().unwrap().delay.unwrap()).collect::<Vec<_>>()
        };
        let drawn = delays();
        assert!(drawn.iter().all(|delay| (2.0..3.0).contains(delay)) && drawn[0] != drawn[1]);
        assert_eq!(drawn, delays());
    }

    #[test]
    fn strike_is_taken_back_without_a_trace() {
        let (mut counters, fault) = (Counters::default(), fault(1, &when(&json!({"times": 2}))));
        let strike = |counters: &mut Counters, second| {
            let at = Timestamp::from_second(second).unwrap();
            counters.strike(Seed::new(7), std::iter::once(&fault), &request("/"), at)
        };
        strike(&mut counters, 1).unwrap();
        let before = counters.of(fault.id);
        let second = strike(&mut counters, 2).unwrap();
        assert!(counters.of(fault.id).is_exhausted(&fault.rule.when, Timestamp::UNIX_EPOCH));
        counters.take_back(&second);
        assert_eq!(counters.of(fault.id), Counter { matched: 2, ..before });
        assert!(strike(&mut counters, 3).is_some() && strike(&mut counters, 4).is_none());
    }

    proptest! {
        /// The rule of docs/CONTROL.md, in other words: the request numbers that are struck.
        #[test]
        fn strikes_follow_skip_every_and_times(
            skip in 0..9_usize,
            every in 1..5_usize,
            times in 1..6_usize,
            count in 0..40_usize,
        ) {
            let expected: Vec<usize> = (skip..count).step_by(every).take(times).collect();
            let struck = strikes(&json!({"skip": skip, "every": every, "times": times}), count);
            let numbers: Vec<usize> = struck.iter().enumerate().filter_map(|(n, is)| is.then_some(n)).collect();
            prop_assert_eq!(numbers, expected);
        }

        /// Drawn strikes are among those that are due, and a longer history begins with a shorter one.
        #[test]
        fn drawn_strikes_are_due_and_repeat(probability in 0.0..=1.0_f64, every in 1..5_usize, count in 0..60_usize) {
            let given = json!({"every": every, "probability": probability});
            let struck = strikes(&given, count);
            prop_assert!(struck.iter().enumerate().all(|(n, is_struck)| !is_struck || n % every == 0));
            prop_assert_eq!(&strikes(&given, count + 9)[..count], &struck[..]);
        }

        /// Each request is counted by every rule that it matches, and struck by at most one: the oldest that is due.
        #[test]
        fn each_rule_counts_and_the_oldest_due_rule_strikes(
            requests in prop::collection::vec(0..3_usize, 0..40),
            times in 1..9_u64,
        ) {
            let of = |path: &str| json!({"match": {"path": path}, "when": {"times": times}, "effect": {"delay": {"seconds": 0}}});
            let faults = [fault(1, &of("/a*")), fault(2, &of("*")), fault(3, &of("*b"))];
            let mut counters = Counters::default();
            let mut expected = [Counter::default(); 3];
            for number in requests {
                let path = ["/a", "/b", "/ab"][number];
                let matching = [path.starts_with("/a"), true, path.ends_with('b')];
                let due = (0..3).find(|n| matching[*n] && expected[*n].struck < times);
                (0..3).filter(|n| matching[*n]).for_each(|n| expected[n].matched += 1);
                due.into_iter().for_each(|n| expected[n].struck += 1);
                let strike = counters.strike(Seed::new(7), faults.iter(), &request(path), Timestamp::UNIX_EPOCH);
                prop_assert_eq!(strike.map(|strike| strike.id), due.map(|n| faults[n].id));
            }
            for (fault, expected) in faults.iter().zip(expected) {
                let Counter { matched, struck, .. } = counters.of(fault.id);
                prop_assert_eq!((matched, struck), (expected.matched, expected.struck));
            }
        }
    }
}
