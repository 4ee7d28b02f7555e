//! A tenant: its facts, the state that results from the facts, its clock, its throttle windows and its journal.
//!
//! No lock guard leaves this module. Only [`Tenant::read`] gives access to the state. Only [`Tenant::commit`],
//! [`Tenant::commit_then`], [`Tenant::reset`] and [`Tenant::restore`] change the state.
//!
//! Locks are taken in this order: history, redeemed codes, counters of faults, issued ids, throttle windows or journal,
//! events, clock, state file.

mod events;
mod faults;
mod fork;
mod issued;
mod reset;
mod scenario;
mod snapshot;
mod stored;
mod uploads;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytesize::ByteSize;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::{Clock, Recorder};
use crate::content::Uploads;
use crate::events::{Event, EventLog};
use crate::fabric::control::ControlCommand;
use crate::fabric::fault::Counters;
use crate::fabric::settings::Settings;
use crate::fabric::throttle::{Key, Windows};
use crate::fabric::upcoming::{Index, Upcoming};
use crate::fabric::weight::{weigh, weight};
use crate::fabric::{DatedFact, Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{RequestId, TenantId};
use crate::journal::{Entry, Exchange, Filter, Journal};
use crate::memory::{Memory, Share};
use crate::notify::Version;
use crate::seed::Seed;
use crate::state_file::StateFile;

use self::issued::Issued;
pub use self::snapshot::{OperationKeys, Snapshot};
use self::stored::{Record, Storage};
pub(crate) use self::stored::{Status, StoredTenants};

/// The approximate maximum footprint of the facts that a tenant stores, in bytes, but at most half of the tenant's
/// memory. Older facts are merged into the base state.
const HISTORY_MAX: usize = 128 << 20;
/// [`HISTORY_MAX`] while the memory of the emulator is tight.
const TIGHT_HISTORY_MAX: usize = 1 << 20;
/// The footprint of merged facts above which base and state are weighed again, in bytes.
const MERGED_MAX: usize = 8 << 20;

/// The maximum number of redeemed codes that a tenant remembers until they expire. At the maximum, no further code is
/// redeemed.
const REDEEMED_MAX: usize = 10_000;

/// The memory that a tenant may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TenantLimits<'a> {
    /// The maximum weight of the tenant's facts and state, in bytes.
    pub(crate) bytes: usize,
    /// The memory of all tenants.
    pub(crate) memory: &'a Arc<Memory>,
}

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
    /// `true` if the tenant has fault rules. It spares other tenants the lookup.
    has_faults: AtomicBool,
    fault_counters: Mutex<Counters>,
    /// The hashes of the redeemed codes, with the Unix times at which the codes expire.
    redeemed: Mutex<HashMap<String, i64>>,
    journal: Mutex<Journal>,
    events: Arc<EventLog>,
    /// The size of the journal in bytes; 0 if it is disabled.
    journal_max: usize,
    /// The seed of request ids. It is that of the state.
    request_seed: AtomicU64,
    issued: Issued,
    /// The place of the tenant in the state file; `None` without a state file.
    storage: Option<Arc<Storage>>,
    /// `true` if a change of the fault counters could not be stored.
    has_unstored_counters: AtomicBool,
    /// The uncommitted bytes of files in OneLake. This lock is taken while no other is held.
    uploads: Mutex<Uploads>,
}

/// The facts of a tenant and the resulting state. Invariant: `state` equals `base` with all `facts` applied.
///
/// The memory that the tenant uses is the weight of base and state, which share the payloads of definitions, and the
/// footprints of the facts. Base and state also share the items that are equal in both, so that this is an upper limit.
#[derive(Debug)]
struct History {
    base: State,
    /// The instant from which the states of the tenant are known: that of its beginning, or of the last fact that was
    /// merged into the base.
    base_at: Timestamp,
    /// The weight of base and state, when they were weighed last.
    weight: usize,
    /// The footprint of the facts that were merged into the base since then.
    merged: usize,
    /// The stored facts, each with its footprint.
    facts: VecDeque<(DatedFact, usize)>,
    /// The footprint of `facts`.
    stored: usize,
    /// The instant of the last fact.
    last_at: Option<Timestamp>,
    /// The number of the last fact. Numbers continue after a reset, so that subscribers can distinguish new facts from
    /// old facts.
    last_number: u64,
    state: State,
    /// The index of the state's upcoming changes.
    index: Index,
    /// The maximum weight of base and facts.
    limit: usize,
    share: Share,
}

impl Tenant {
    /// Creates a tenant whose ids are derived from `seed` and `id`. Its clock shows the machine's time.
    pub(crate) fn new(id: TenantId, seed: Seed, defaults: Settings, journal: usize, limits: TenantLimits<'_>) -> Self {
        let seed = seed.fork(id.to_string());
        let version = Version::default();
        let clock = Clock::real(version.clone());
        let history = RwLock::new(History::new(seed, defaults.clone(), clock.now(), limits));
        Self {
            id,
            seed,
            defaults,
            clock,
            version,
            history,
            windows: Mutex::default(),
            has_faults: AtomicBool::new(false),
            fault_counters: Mutex::default(),
            redeemed: Mutex::default(),
            journal: Mutex::new(Journal::new(journal, Share::new(limits.memory))),
            events: Arc::default(),
            journal_max: journal,
            request_seed: AtomicU64::new(seed.number()),
            issued: Issued::default(),
            storage: None,
            has_unstored_counters: AtomicBool::new(false),
            uploads: Mutex::default(),
        }
    }

    /// Stores the changes of this new tenant in a state file.
    pub(crate) fn stored_in(mut self, file: &Arc<StateFile>, status: Status) -> Self {
        let storage = Arc::new(Storage::new(file, status, &self));
        self.storage = Some(Arc::clone(&storage));
        self.clock = self.clock.recorded(Recorder(Box::new(move |clock| storage.append_clock(clock))));
        self
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

    /// Returns the result of `look`, which reads the changes that time alone will bring about, under a lock.
    pub fn read_upcoming<T>(&self, look: impl FnOnce(Upcoming<'_>) -> T) -> T {
        look(self.read_history().upcoming())
    }

    /// Makes a decision on the locked state, and records the facts of the decision.
    ///
    /// `decide` receives the state and an instant. The instant is `now`, or that of the last fact if the last fact is
    /// later. All facts of the decision are recorded at this instant. If `decide` returns an error, no fact is
    /// recorded.
    ///
    /// # Errors
    ///
    /// The error of `decide`, `MemoryFull` if there is no memory for the facts, or `StateNotStored` if the state file cannot
    /// be written. No fact is recorded.
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
    /// The errors of [`Tenant::commit`].
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
            let at = history.last_at.unwrap_or(history.base_at).max(now);
            let (facts, outcome) = decide(&history.state, at)?;
            let has_changed = !facts.is_empty();
            let before = self.observe(history.upcoming(), &facts, at);
            history.record(at, facts, |facts| self.store_facts(facts))?;
            if has_changed {
                self.note_faults(&history.state);
            }
            if let Some(before) = before {
                self.report(&history.state, &before);
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
        self.commit(self.clock.now(), |state, now| command.decide(state, now))
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

    /// Records that a code is redeemed. Returns `false` if it was redeemed before, or if [`REDEEMED_MAX`] other codes were
    /// redeemed and have not expired. `hash` is the hash of the code, and `ends` the Unix time at which the code expires.
    ///
    /// # Errors
    ///
    /// `StateNotStored` if the state file cannot be written. The code is not redeemed.
    pub(crate) fn redeem_code(&self, hash: String, ends: i64, now: Timestamp) -> Result<bool, FabricError> {
        let mut redeemed = self.lock_redeemed();
        if redeemed.contains_key(&hash) {
            return Ok(false);
        }
        redeemed.retain(|_, ends| *ends > now.as_second());
        let has_room = redeemed.len() < REDEEMED_MAX;
        if has_room {
            if let Some(storage) = &self.storage {
                storage.append(&Record::Redeemed { tenant: self.id, hash: hash.as_str().into(), ends })?;
            }
            redeemed.insert(hash, ends);
        }
        Ok(has_room)
    }

    /// Returns the next instant after `now` at which a full throttle window ends.
    pub fn next_window_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock_windows().next_change_after(now)
    }

    /// Returns the request id of the next response of an emulated service. Request ids have their own counter, because
    /// reads create no facts.
    pub fn next_request_id(&self) -> RequestId {
        let seed = Seed::new(self.request_seed.load(Ordering::Relaxed));
        RequestId::nth(seed, self.issued.next_request(self.storage.as_deref()))
    }

    /// Returns the request id of the next response that belongs to no emulated service, such as one of the control
    /// interface. These ids have a counter of their own: looking at a tenant must not change its later responses.
    pub fn next_control_request_id(&self) -> RequestId {
        let seed = Seed::new(self.request_seed.load(Ordering::Relaxed)).fork("control");
        RequestId::nth(seed, self.issued.next_control_request(self.storage.as_deref()))
    }

    /// Adds an exchange to the journal, unless the journal is disabled, and to the events. The entry is created before
    /// the journal is locked, because redaction can take time.
    pub fn journal<'a>(&self, exchange: impl FnOnce() -> Exchange<'a>) {
        let is_heard = self.events.is_recording();
        if self.journal_max == 0 && !is_heard {
            return;
        }
        let exchange = exchange();
        if self.journal_max > 0 {
            let entry = Entry::new(&exchange, self.journal_max);
            let removed = self.lock_journal().record(entry);
            drop(removed);
        }
        if is_heard {
            self.announce();
            self.events.record(|recording| recording.push(&Event::Exchange(&exchange)));
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

    /// Gives up what is not needed for answers: stored facts, which are merged into the base state, and most of the
    /// journal.
    pub(crate) fn compact(&self) {
        let mut history = self.write_history();
        history.merge(0);
        history.weigh();
        history.take(0);
        drop(history);
        let removed = self.lock_journal().shrink();
        drop(removed);
        self.events.shrink();
    }

    /// Returns `true` if applying the facts to the base again gives the same state. Tests check this invariant.
    pub fn replays(&self) -> bool {
        let history = self.read_history();
        let mut state = history.base.clone();
        history.facts.iter().for_each(|(dated, _)| state.apply(dated));
        state == history.state
    }

    /// Returns `true` if all indexes equal those of a walk over the state. Tests check this invariant.
    pub fn is_indexed(&self) -> bool {
        let history = self.read_history();
        let now = self.clock.now();
        let walked = Index::new(&history.state, now);
        let walked = Upcoming::new(&history.state, &walked);
        history.state.is_indexed() && history.upcoming().after(now).eq(walked.after(now))
    }

    /// Returns the stored facts, oldest first. Facts that were merged into the base state are not included.
    pub fn facts(&self) -> Vec<DatedFact> {
        self.read_history().facts.iter().map(|(dated, _)| dated.clone()).collect()
    }

    /// Returns the facts with numbers greater than `number`, oldest first. Returns `None` if some of these facts are no
    /// longer stored.
    pub fn facts_since(&self, number: u64) -> Option<Vec<DatedFact>> {
        let history = self.read_history();
        let newer = usize::try_from(history.last_number.saturating_sub(number)).unwrap_or(usize::MAX);
        let from = history.facts.len().checked_sub(newer)?;
        Some(history.facts.range(from..).map(|(dated, _)| dated.clone()).collect())
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

    fn lock_redeemed(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.redeemed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn new(seed: Seed, settings: Settings, begins_at: Timestamp, limits: TenantLimits<'_>) -> Self {
        let base = State::new(seed, settings);
        Self {
            state: base.clone(),
            weight: weight_of(&base, &base),
            base,
            base_at: begins_at,
            merged: 0,
            facts: VecDeque::new(),
            stored: 0,
            last_at: None,
            last_number: 0,
            index: Index::default(),
            limit: limits.bytes,
            share: Share::new(limits.memory),
        }
    }

    /// Returns to the state of a new tenant. Skips one number.
    fn reset(&mut self, seed: Seed, settings: Settings, begins_at: Timestamp) {
        let base = State::new(seed, settings);
        (self.state, self.base, self.merged) = (base.clone(), base, 0);
        self.index = Index::default();
        self.weight = weight_of(&self.base, &self.state);
        self.base_at = begins_at;
        self.facts = VecDeque::new();
        (self.stored, self.last_at) = (0, None);
        self.last_number += 1;
        self.take(0);
    }

    /// Returns the changes that time alone will bring about.
    fn upcoming(&self) -> Upcoming<'_> {
        Upcoming::new(&self.state, &self.index)
    }

    /// Records the facts of a decision. `store` stores them before they take effect.
    ///
    /// # Errors
    ///
    /// There is no memory for the facts, or they were not stored. None is recorded.
    fn record(
        &mut self,
        at: Timestamp,
        facts: Vec<Fact>,
        store: impl FnOnce(&[DatedFact]) -> Result<(), FabricError>,
    ) -> Result<(), FabricError> {
        self.record_all(facts.into_iter().map(|fact| (at, fact)).collect(), store)
    }

    /// Records facts with their instants, oldest first, like [`History::record`].
    fn record_all(
        &mut self,
        facts: Vec<(Timestamp, Fact)>,
        store: impl FnOnce(&[DatedFact]) -> Result<(), FabricError>,
    ) -> Result<(), FabricError> {
        let footprints: Vec<usize> = facts.iter().map(|(_, fact)| fact.footprint()).collect();
        if !facts.iter().all(|(_, fact)| fact.frees_memory()) {
            self.make_room(footprints.iter().sum())?;
        }
        let frees_memory = facts.iter().any(|(_, fact)| fact.frees_memory());
        // A pause is a small fact, but changes all mirrored databases on the capacity.
        let is_wide = facts.iter().any(|(_, fact)| matches!(fact, Fact::CapacityChanged { .. }));
        let dated = facts.into_iter().zip(self.last_number + 1..);
        let dated: Vec<DatedFact> = dated.map(|((at, fact), number)| DatedFact { number, at, fact }).collect();
        if let Err(refusal) = store(&dated) {
            self.take(0);
            return Err(refusal);
        }
        for (dated, footprint) in dated.into_iter().zip(footprints) {
            (self.last_number, self.last_at) = (dated.number, Some(dated.at));
            self.index.touch(&self.state, &dated.fact);
            self.state.apply(&dated);
            self.facts.push_back((dated, footprint));
            self.stored += footprint;
        }
        if let Some(last_at) = self.last_at {
            self.index.settle(&self.state, last_at);
        }
        let is_tight = self.share.memory().is_tight();
        self.merge(if is_tight { TIGHT_HISTORY_MAX } else { HISTORY_MAX }.min(self.limit / 2));
        if self.merged > MERGED_MAX.max(self.weight) || is_wide || frees_memory && is_tight {
            self.weigh();
            self.take(0);
        }
        Ok(())
    }

    /// Makes room for facts of the footprint `more`: if necessary, weighs base and state, and then gives up the stored
    /// facts.
    fn make_room(&mut self, more: usize) -> Result<(), FabricError> {
        if self.take(more) {
            return Ok(());
        }
        if self.merged > 0 {
            self.weigh();
            if self.take(more) {
                return Ok(());
            }
        }
        if !self.facts.is_empty() {
            self.merge(0);
            self.weigh();
            if self.take(more) {
                return Ok(());
            }
        }
        Err(self.full(more))
    }

    /// Takes the memory for base, state, the stored facts and `more` bytes. Returns `false` if there is not enough.
    fn take(&mut self, more: usize) -> bool {
        let wanted = (self.weight + self.merged + self.stored).saturating_add(more);
        wanted <= self.limit && self.share.resize(wanted)
    }

    fn full(&self, more: usize) -> FabricError {
        let is_own = self.weight.saturating_add(more) > self.limit;
        let (whose, limit, option) = if is_own {
            ("The tenant", self.limit, "--tenant-memory")
        } else {
            ("The tenants together", self.share.memory().limit(), "--memory")
        };
        FabricError::new(ErrorCode::MemoryFull).message(format!(
            "{whose} may store at most {}, and this request would add {}. Delete items or workspaces, reset tenants, or \
             start the emulator with a larger {option}.",
            ByteSize(limit as u64),
            ByteSize(more as u64)
        ))
    }

    /// Merges the oldest facts into the base, until the footprint of the stored facts is at most `most`.
    fn merge(&mut self, most: usize) {
        while self.stored > most {
            let Some((oldest, footprint)) = self.facts.pop_front() else { break };
            self.stored -= footprint;
            self.merged += footprint;
            self.base.apply(&oldest);
            self.base.share_items(&oldest.fact, &self.state);
            self.base_at = oldest.at;
        }
    }

    /// Weighs base and state. The footprint of merged facts is only an upper limit of what they add to the base.
    fn weigh(&mut self) {
        (self.weight, self.merged) = (weight_of(&self.base, &self.state), 0);
    }
}

/// Returns the memory of a base and a state. The payloads that only the state has belong to facts.
fn weight_of(base: &State, state: &State) -> usize {
    weight(base).saturating_add(weigh(state).rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::Emulator;

    #[test]
    fn redeemed_codes_are_remembered_until_they_expire() {
        let tenant = Emulator::builder().build().default_tenant();
        let redeem =
            |n: usize, now: i64| tenant.redeem_code(n.to_string(), 600, Timestamp::from_second(now).unwrap()).unwrap();
        assert!((0..REDEEMED_MAX).all(|n| redeem(n, 0)));
        assert!(!redeem(0, 0) && !redeem(REDEEMED_MAX, 0), "no code is forgotten to make room");
        assert!(redeem(REDEEMED_MAX, 600));
    }
}
