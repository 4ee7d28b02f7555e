//! The request ids that a tenant has issued.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::stored::{Record, Storage};

/// The number of ids of each kind that are issued without storing their number again. After a kill of the program, up to
/// this number of ids is skipped.
const BLOCK: u64 = 1_000;

/// The numbers of issued request ids. The stored numbers are never lower, so that no id repeats after a restart.
#[derive(Debug, Default)]
pub(super) struct Issued {
    requests: Counter,
    control_requests: Counter,
    /// Held while the numbers are stored.
    storing: Mutex<()>,
}

#[derive(Debug, Default)]
struct Counter {
    issued: AtomicU64,
    stored: AtomicU64,
}

/// The numbers of issued request ids, which do not become higher than what is stored while this exists.
pub(super) struct Held<'a> {
    issued: &'a Issued,
    _storing: MutexGuard<'a, ()>,
}

impl Counter {
    fn next(&self) -> u64 {
        self.issued.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn load(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// Returns an upper bound that is stored or may be stored.
    fn bound(&self) -> u64 {
        self.load().max(self.stored.load(Ordering::Relaxed))
    }

    fn set(&self, count: u64) {
        self.issued.store(count, Ordering::Relaxed);
        self.stored.store(count, Ordering::Relaxed);
    }
}

impl Issued {
    /// Returns the number of the next request id of an emulated service.
    pub(super) fn next_request(&self, storage: Option<&Storage>) -> u64 {
        let number = self.requests.next();
        self.reserve(&self.requests, number, storage);
        number
    }

    /// Returns the number of the next request id of the control interface.
    pub(super) fn next_control_request(&self, storage: Option<&Storage>) -> u64 {
        let number = self.control_requests.next();
        self.reserve(&self.control_requests, number, storage);
        number
    }

    /// Returns the number of ids that were issued for emulated services.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load()
    }

    /// Stores higher numbers if `number` is higher than the stored one. If that fails, the next id tries again: reads are
    /// answered even if nothing can be stored.
    fn reserve(&self, counter: &Counter, number: u64, storage: Option<&Storage>) {
        let Some(storage) = storage else { return };
        if number <= counter.stored.load(Ordering::Relaxed) {
            return;
        }
        let _storing = self.lock();
        if number > counter.stored.load(Ordering::Relaxed) {
            self.store(storage, BLOCK);
        }
    }

    /// Stores the exact numbers, if the stored ones are higher.
    pub(super) fn store_exactly(&self, storage: &Storage) {
        let _storing = self.lock();
        let is_exact = |counter: &Counter| counter.load() == counter.stored.load(Ordering::Relaxed);
        if !is_exact(&self.requests) || !is_exact(&self.control_requests) {
            self.store(storage, 0);
        }
    }

    /// Stores numbers that are higher than the issued ones by `more`.
    fn store(&self, storage: &Storage, more: u64) {
        let (requests, control_requests) = (self.requests.load() + more, self.control_requests.load() + more);
        let tenant = storage.tenant();
        if storage.append(&Record::Ids { tenant, requests, control_requests }).is_ok() {
            self.requests.stored.store(requests, Ordering::Relaxed);
            self.control_requests.stored.store(control_requests, Ordering::Relaxed);
        }
    }

    /// Prevents that higher numbers are stored.
    pub(super) fn hold(&self) -> Held<'_> {
        Held { issued: self, _storing: self.lock() }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.storing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Returns the numbers to store: of emulated services, and of the control interface.
    pub(super) fn bounds(&self) -> (u64, u64) {
        (self.issued.requests.bound(), self.issued.control_requests.bound())
    }

    /// Sets the number of ids that were issued for emulated services, which is stored.
    pub(super) fn set_requests(&self, count: u64) {
        self.issued.requests.set(count);
    }

    /// Sets the number of ids that were issued for the control interface, which is stored.
    pub(super) fn set_control_requests(&self, count: u64) {
        self.issued.control_requests.set(count);
    }
}
