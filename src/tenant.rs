//! A tenant is a universe: its facts and what they come to, its clock, and what its requests have cost.
//!
//! No lock leaves this file. [`Tenant::commit`] is the one door for writes, [`Tenant::read`] is everything that only looks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::fabric::settings::Settings;
use crate::fabric::throttle::{Key, Windows};
use crate::fabric::{Dated, Decided, FabricError, Fact, State};
use crate::ids::{RequestId, TenantId};
use crate::journal::{Exchange, Filter, Journal};
use crate::seed::Seed;

/// Bytes of history that a tenant keeps, roughly; what is older is folded into the base.
const HISTORY_MAX: usize = 64 << 20;

/// A tenant.
#[derive(Debug)]
pub struct Tenant {
    id: TenantId,
    seed: Seed,
    defaults: Settings,
    clock: Clock,
    history: RwLock<History>,
    windows: Mutex<Windows>,
    journal: Mutex<Journal>,
    keeps_journal: bool,
    requests: AtomicU64,
}

/// What happened, and what it comes to: `state` is always `base` with all `facts` applied.
#[derive(Debug)]
struct History {
    base: State,
    facts: VecDeque<Dated>,
    weight: usize,
    state: State,
}

impl Tenant {
    /// A new universe in the realm of `seed`, on a clock that runs with the machine's.
    pub(crate) fn new(id: TenantId, seed: Seed, defaults: Settings, journal: usize) -> Self {
        let seed = seed.fork(id.to_string());
        let history = RwLock::new(History::new(seed, defaults.clone()));
        Self {
            id,
            seed,
            defaults,
            clock: Clock::real(),
            history,
            windows: Mutex::default(),
            journal: Mutex::new(Journal::new(journal)),
            keeps_journal: journal > 0,
            requests: AtomicU64::new(0),
        }
    }

    /// Its id.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// The handle to its time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks at the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.reading().state)
    }

    /// Decides with the state locked, and records what was decided.
    ///
    /// `decide` gets the state and the instant: `now`, or that of the last fact where another request was faster. Either all
    /// of its facts happen at that instant, or it refuses and nothing does.
    pub fn commit<T>(
        &self,
        now: Timestamp,
        decide: impl FnOnce(&State, Timestamp) -> Decided<T>,
    ) -> Result<T, FabricError> {
        self.commit_then(now, decide, |_, outcome| outcome)
    }

    /// As [`Tenant::commit`], and looks at what has become of the state before anybody else can change it.
    pub fn commit_then<T, U>(
        &self,
        now: Timestamp,
        decide: impl FnOnce(&State, Timestamp) -> Decided<T>,
        look: impl FnOnce(&State, T) -> U,
    ) -> Result<U, FabricError> {
        let answer = {
            let mut history = self.writing();
            // A request that was stamped before a reset must not carry the old universe's time into the new one.
            let now = now.min(self.clock.now());
            let at = history.facts.back().map_or(now, |last| last.at.max(now));
            let (facts, outcome) = decide(&history.state, at)?;
            for fact in facts {
                history.record(Dated { at, fact });
            }
            look(&history.state, outcome)
        };
        self.clock.wake();
        Ok(answer)
    }

    /// Counts a call against its window; refuses it when that is full.
    pub fn count_call(&self, key: Key, limit: u32, now: Timestamp) -> Result<(), FabricError> {
        let lasts = self.read(|state| state.settings.pace.throttle_window());
        self.accounts().take(key, limit, lasts, now)
    }

    /// The next instant at which a window ends that blocks now.
    pub fn next_window_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.accounts().next_change_after(now)
    }

    /// The id of the next answer; these are counted apart, for looking at something changes no fact.
    pub fn next_request_id(&self) -> RequestId {
        RequestId::nth(self.seed, self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Writes an exchange down, where a journal is kept.
    pub fn journal(&self, exchange: impl FnOnce() -> Exchange) {
        if self.keeps_journal {
            self.pages().record(exchange());
        }
    }

    /// The exchanges that pass a filter, the oldest first.
    pub fn exchanges(&self, filter: &Filter) -> Vec<Exchange> {
        self.pages().matching(filter)
    }

    /// Forgets all exchanges.
    pub fn clear_journal(&self) {
        self.pages().clear();
    }

    /// A new universe: the seed, the settings of the start, the clock real, ids from the beginning.
    pub fn reset(&self) {
        let mut history = self.writing();
        *history = History::new(self.seed, self.defaults.clone());
        *self.accounts() = Windows::default();
        self.pages().clear();
        self.requests.store(0, Ordering::Relaxed);
        self.clock.reset();
    }

    /// Whether the facts, applied to the base once more, come to the same state: they always do.
    pub fn replays(&self) -> bool {
        let history = self.reading();
        let mut state = history.base.clone();
        history.facts.iter().for_each(|dated| state.apply(dated));
        state == history.state
    }

    /// What happened, oldest first, as far as it is remembered.
    pub fn facts(&self) -> Vec<Dated> {
        self.reading().facts.iter().cloned().collect()
    }

    // A panic is a bug, and one that left the state whole: facts are applied after all decisions. So nobody else pays for it.

    fn reading(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, History> {
        self.history.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn pages(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accounts(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn new(seed: Seed, settings: Settings) -> Self {
        let base = State::new(seed, settings);
        Self { state: base.clone(), base, facts: VecDeque::new(), weight: 0 }
    }

    fn record(&mut self, dated: Dated) {
        self.state.apply(&dated);
        self.weight += Fact::weight(&dated.fact);
        self.facts.push_back(dated);
        while self.weight > HISTORY_MAX {
            let Some(oldest) = self.facts.pop_front() else { break };
            self.weight -= Fact::weight(&oldest.fact);
            self.base.apply(&oldest);
        }
    }
}
