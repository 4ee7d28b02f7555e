//! What was asked of the whole program, counted: for the report of `run`.

use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;

/// Hosts and operations that are counted at most, each.
const KEYS_MAX: usize = 1_000;

/// Characters of a host's name that are kept: no real one is longer.
const HOST_MAX: usize = 253;

/// What became of a connection that a client wanted to a host, through us as its proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// We answered for it.
    Answered,
    /// It went on to the real host.
    Tunnelled,
    /// It was refused.
    Refused,
    /// The real host could not be reached.
    Unreachable,
}

/// How often which operation was answered how, and which hosts were wanted.
#[derive(Debug, Default)]
pub struct Traffic {
    counts_calls: AtomicBool,
    calls: DashMap<(&'static str, u16), u64>,
    hosts: DashMap<(String, Fate), u64>,
}

impl Traffic {
    /// From now on calls are counted, not only hosts: somebody wants to read a report.
    pub fn count_calls(&self) {
        self.counts_calls.store(true, Ordering::Relaxed);
    }

    /// Counts a call that was answered.
    pub fn answered(&self, operation: &'static str, status: u16) {
        if !self.counts_calls.load(Ordering::Relaxed) {
            return;
        }
        if self.calls.len() < KEYS_MAX || self.calls.contains_key(&(operation, status)) {
            *self.calls.entry((operation, status)).or_default() += 1;
        }
    }

    /// Counts a host that was wanted; answers whether it was for the first time.
    pub fn wanted(&self, host: &str, fate: Fate) -> bool {
        let key = (host.chars().take(HOST_MAX).collect::<String>().to_ascii_lowercase(), fate);
        if self.hosts.len() >= KEYS_MAX && !self.hosts.contains_key(&key) {
            return false;
        }
        let mut count = self.hosts.entry(key).or_default();
        *count += 1;
        *count == 1
    }

    /// Operations with their statuses and how often, by name.
    pub fn calls(&self) -> Vec<(&'static str, u16, u64)> {
        let mut calls: Vec<_> = self.calls.iter().map(|call| (call.key().0, call.key().1, *call.value())).collect();
        calls.sort_unstable();
        calls
    }

    /// Hosts with what became of them and how often, by that.
    pub fn hosts(&self) -> Vec<(Fate, String, u64)> {
        let mut hosts: Vec<_> =
            self.hosts.iter().map(|host| (host.key().1, host.key().0.clone(), *host.value())).collect();
        hosts.sort_unstable();
        hosts
    }
}
