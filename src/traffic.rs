//! The counts of calls and requested hosts in all tenants, for the report of `run`.

use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashMap;

/// The maximum number of counters for calls, and the maximum number of counters for hosts.
const KEYS_MAX: usize = 1_000;

/// The maximum length of a counted host name, in characters. This is the limit of DNS.
const HOST_MAX: usize = 253;

/// The outcome of a client's request for a host through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostOutcome {
    /// The emulator answered in place of the host.
    Answered,
    /// The connection was forwarded to the real host.
    Tunnelled,
    /// The connection was refused.
    Refused,
    /// The real host could not be reached.
    Unreachable,
}

/// The counters of calls and hosts.
#[derive(Debug, Default)]
pub struct Traffic {
    counts_calls: AtomicBool,
    calls: DashMap<(&'static str, Option<u16>), u64>,
    hosts: DashMap<(String, HostOutcome), u64>,
}

impl Traffic {
    /// Enables the counting of calls. Hosts are always counted.
    pub fn count_calls(&self) {
        self.counts_calls.store(true, Ordering::Relaxed);
    }

    /// Counts a call of an operation by the status of its response; `None` if no response was sent.
    pub fn answered(&self, operation: &'static str, status: Option<u16>) {
        if !self.counts_calls.load(Ordering::Relaxed) {
            return;
        }
        if self.calls.len() < KEYS_MAX || self.calls.contains_key(&(operation, status)) {
            *self.calls.entry((operation, status)).or_default() += 1;
        }
    }

    /// Counts a request for a host. Returns `true` for the first request with this host and outcome.
    pub fn count_host(&self, host: &str, outcome: HostOutcome) -> bool {
        let key = (host.chars().take(HOST_MAX).collect::<String>().to_ascii_lowercase(), outcome);
        if self.hosts.len() >= KEYS_MAX && !self.hosts.contains_key(&key) {
            return false;
        }
        let mut count = self.hosts.entry(key).or_default();
        *count += 1;
        *count == 1
    }

    /// Returns the counts of calls, sorted by operation and status.
    pub fn calls(&self) -> Vec<(&'static str, Option<u16>, u64)> {
        let mut calls: Vec<_> = self.calls.iter().map(|call| (call.key().0, call.key().1, *call.value())).collect();
        calls.sort_unstable();
        calls
    }

    /// Returns the counts of hosts, sorted by outcome and host.
    pub fn hosts(&self) -> Vec<(HostOutcome, String, u64)> {
        let mut hosts: Vec<_> =
            self.hosts.iter().map(|host| (host.key().1, host.key().0.clone(), *host.value())).collect();
        hosts.sort_unstable();
        hosts
    }
}
