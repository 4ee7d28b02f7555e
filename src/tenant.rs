//! A tenant: its facts, the state that results from the facts, its clock, its throttle windows and its journal.
//!
//! No lock guard leaves this file. Only [`Tenant::read`] gives access to the state. Only [`Tenant::commit`],
//! [`Tenant::commit_then`] and [`Tenant::reset`] change the state.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::fabric::control::ControlCommand;
use crate::fabric::settings::Settings;
use crate::fabric::throttle::{Key, Windows};
use crate::fabric::{DatedFact, Decision, FabricError, Fact, State};
use crate::ids::{RequestId, TenantId};
use crate::journal::{Entry, Exchange, Filter, Journal};
use crate::notify::Version;
use crate::seed::Seed;

/// The approximate maximum size of the facts that a tenant stores, in bytes. Older facts are merged into the base
/// state.
const HISTORY_MAX: usize = 64 << 20;

/// An isolated tenant of the emulator. Tenants share no state, clock, settings or journal.
#[derive(Debug)]
pub struct Tenant {
    id: TenantId,
    seed: Seed,
    defaults: Settings,
    clock: Clock,
    version: Version,
    history: RwLock<History>,
    windows: Mutex<Windows>,
    journal: Mutex<Journal>,
    /// The size of the journal in bytes; 0 if it is disabled.
    journal_max: usize,
    requests: AtomicU64,
}

/// The facts of a tenant and the resulting state. Invariant: `state` equals `base` with all `facts` applied.
#[derive(Debug)]
struct History {
    base: State,
    facts: VecDeque<DatedFact>,
    /// The number of the last fact. Numbers continue after a reset, so that subscribers can distinguish new facts from
    /// old facts.
    last_number: u64,
    weight: usize,
    state: State,
}

impl Tenant {
    /// Creates a tenant whose ids are derived from `seed` and `id`. Its clock shows the machine's time.
    pub(crate) fn new(id: TenantId, seed: Seed, defaults: Settings, journal: usize) -> Self {
        let seed = seed.fork(id.to_string());
        let history = RwLock::new(History::new(seed, defaults.clone(), 0));
        let version = Version::default();
        Self {
            id,
            seed,
            defaults,
            clock: Clock::real(version.clone()),
            version,
            history,
            windows: Mutex::default(),
            journal: Mutex::new(Journal::new(journal)),
            journal_max: journal,
            requests: AtomicU64::new(0),
        }
    }

    /// Returns the id of the tenant.
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// Returns the clock of the tenant.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the result of `look`, which reads the state under a lock.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.read_history().state)
    }

    /// Makes a decision on the locked state, and records the facts of the decision.
    ///
    /// `decide` receives the state and an instant. The instant is `now`, or that of the last fact if the last fact is
    /// later. All facts of the decision are recorded at this instant. If `decide` returns an error, no fact is
    /// recorded.
    ///
    /// # Errors
    ///
    /// The error of `decide`.
    pub fn commit<T>(
        &self,
        now: Timestamp,
        decide: impl FnOnce(&State, Timestamp) -> Decision<T>,
    ) -> Result<T, FabricError> {
        self.commit_then(now, decide, |_, outcome| outcome)
    }

    /// Commits a decision like [`Tenant::commit`], and then calls `look` with the resulting state. No other request can
    /// change the state in between.
    ///
    /// # Errors
    ///
    /// The error of `decide`.
    pub fn commit_then<T, U>(
        &self,
        now: Timestamp,
        decide: impl FnOnce(&State, Timestamp) -> Decision<T>,
        look: impl FnOnce(&State, T) -> U,
    ) -> Result<U, FabricError> {
        let (answer, has_changed) = {
            let mut history = self.write_history();
            // A reset can set the clock back. If a request was stamped before the reset, its instant can be later than
            // the clock's. The clock's instant then applies.
            let now = now.min(self.clock.now());
            let at = history.facts.back().map_or(now, |last| last.at.max(now));
            let (facts, outcome) = decide(&history.state, at)?;
            let has_changed = !facts.is_empty();
            for fact in facts {
                history.record(at, fact);
            }
            (look(&history.state, outcome), has_changed)
        };
        if has_changed {
            self.version.bump();
        }
        Ok(answer)
    }

    /// Executes a control command at the instant that the clock shows.
    ///
    /// # Errors
    ///
    /// The command breaks a rule. Nothing has changed.
    pub fn control(&self, command: ControlCommand) -> Result<(), FabricError> {
        self.commit(self.clock.now(), |state, _| command.decide(state))
    }

    /// Returns a copy of the tenant's settings.
    pub fn settings(&self) -> Settings {
        self.read(|state| state.settings.clone())
    }

    /// Counts a call in its throttle window.
    ///
    /// # Errors
    ///
    /// The window is full.
    pub fn count_call(&self, key: Key, limit: u32, now: Timestamp) -> Result<(), FabricError> {
        self.read(|state| {
            // After a reset that set the clock back, a window must not last until the instant of an older request.
            let now = now.min(self.clock.now());
            self.lock_windows().take(key, limit, state.settings.pace.throttle_window(), now)
        })
    }

    /// Returns the next instant after `now` at which a full throttle window ends.
    pub fn next_window_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock_windows().next_change_after(now)
    }

    /// Returns the request id of the next response. Request ids have their own counter, because reads create no facts.
    pub fn next_request_id(&self) -> RequestId {
        RequestId::nth(self.seed, self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Adds an exchange to the journal, unless the journal is disabled. Secrets are redacted before the journal is
    /// locked, because that can take time.
    pub fn journal<'a>(&self, exchange: impl FnOnce() -> Exchange<'a>) {
        if self.journal_max > 0 {
            let entry = Entry::new(&exchange(), self.journal_max);
            let removed = self.lock_journal().record(entry);
            drop(removed);
        }
    }

    /// Returns the exchanges in the journal that match a filter, oldest first.
    pub fn exchanges(&self, filter: &Filter) -> Vec<Arc<Entry>> {
        let entries = self.lock_journal().entries();
        entries.into_iter().filter(|entry| filter.matches(entry)).collect()
    }

    /// Removes all exchanges from the journal.
    pub fn clear_journal(&self) {
        self.lock_journal().clear();
    }

    /// Resets the facts, settings, clock, ids, throttle windows and journal. Only the numbers of facts continue. The
    /// reset skips one number, so that subscribers notice it.
    pub fn reset(&self) {
        let mut history = self.write_history();
        *history = History::new(self.seed, self.defaults.clone(), history.last_number + 1);
        *self.lock_windows() = Windows::default();
        self.lock_journal().clear();
        self.requests.store(0, Ordering::Relaxed);
        self.clock.reset();
    }

    /// Returns `true` if applying the facts to the base again gives the same state. Tests check this invariant.
    pub fn replays(&self) -> bool {
        let history = self.read_history();
        let mut state = history.base.clone();
        history.facts.iter().for_each(|dated| state.apply(dated));
        state == history.state
    }

    /// Returns the stored facts, oldest first. Facts that were merged into the base state are not included.
    pub fn facts(&self) -> Vec<DatedFact> {
        self.read_history().facts.iter().cloned().collect()
    }

    /// Returns the facts with numbers greater than `number`, oldest first. Returns `None` if some of these facts are no
    /// longer stored.
    pub fn facts_since(&self, number: u64) -> Option<Vec<DatedFact>> {
        let history = self.read_history();
        let newer = usize::try_from(history.last_number.saturating_sub(number)).unwrap_or(usize::MAX);
        let from = history.facts.len().checked_sub(newer)?;
        Some(history.facts.range(from..).cloned().collect())
    }

    /// Returns a receiver that is notified of every commit that records facts, every clock change and every reset.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    // Poisoned locks are still used. Decisions run before facts are applied, so a panic in a decision leaves the state
    // consistent.

    fn read_history(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_history(&self) -> RwLockWriteGuard<'_, History> {
        self.history.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn new(seed: Seed, settings: Settings, last_number: u64) -> Self {
        let base = State::new(seed, settings);
        Self { state: base.clone(), base, facts: VecDeque::new(), last_number, weight: 0 }
    }

    fn record(&mut self, at: Timestamp, fact: Fact) {
        self.last_number += 1;
        let dated = DatedFact { number: self.last_number, at, fact };
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
