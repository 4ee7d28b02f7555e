//! The memory budget of an emulator: a limit for what all its tenants store together.
//!
//! Each tenant has shares of the budget, one for its facts and state and one for its journal. All sizes are approximate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The default limit for all tenants of an emulator, in bytes.
pub const MEMORY: usize = 1 << 30;
/// The default limit for the definitions and all other state of a tenant, in bytes.
pub const TENANT_MEMORY: usize = 256 << 20;

/// A number of bytes that several owners use together.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    used: AtomicUsize,
    has_refused: AtomicBool,
}

impl Memory {
    /// Creates a budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0), has_refused: AtomicBool::new(false) })
    }

    /// Returns the limit in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns the number of bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Returns `true` if the budget did not have the bytes for a share since the last call.
    pub fn take_refusal(&self) -> bool {
        self.has_refused.swap(false, Ordering::Relaxed)
    }

    /// Returns `true` if more than half of the bytes are in use. Tenants then store fewer old facts and fewer
    /// exchanges.
    pub fn is_tight(&self) -> bool {
        self.used() > self.limit / 2
    }
}

/// A share of a budget. Dropping it returns its bytes.
#[derive(Debug)]
pub struct Share {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Share {
    /// Creates a share of 0 bytes.
    pub fn new(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), bytes: 0 }
    }

    /// Creates a share of 0 bytes of the same budget.
    pub fn another(&self) -> Self {
        Self::new(&self.memory)
    }

    /// Returns the budget of the share.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Changes the size of the share. Returns `false` and changes nothing if the budget does not have these bytes. A
    /// share can always become smaller.
    pub fn resize(&mut self, bytes: usize) -> bool {
        let Memory { limit, used, has_refused } = &*self.memory;
        let before = self.bytes;
        let changed = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let after = (used - before).checked_add(bytes)?;
            (bytes <= before || after <= *limit).then_some(after)
        });
        if changed.is_ok() {
            self.bytes = bytes;
        } else {
            has_refused.store(true, Ordering::Relaxed);
        }
        changed.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_limited_together_and_returned() {
        let memory = Memory::new(100);
        let (mut one, mut other) = (Share::new(&memory), Share::new(&memory));
        assert!(one.resize(60) && memory.is_tight());
        assert!(!memory.take_refusal() && !other.resize(41) && memory.used() == 60);
        assert!(memory.take_refusal() && !memory.take_refusal());
        assert!(other.resize(40) && !one.resize(61));
        assert!(one.resize(10) && other.resize(90));
        drop(other);
        assert_eq!((memory.used(), memory.is_tight()), (10, false));
        assert!(!one.resize(usize::MAX) && one.resize(0));
    }
}
