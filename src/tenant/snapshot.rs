//! Snapshots: everything that determines the later responses of a tenant, as one document.

use std::collections::{BTreeMap, VecDeque};

use bytesize::ByteSize;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HISTORY_MAX, History, REDEEMED_MAX, TIGHT_HISTORY_MAX, Tenant, weight_of};
use crate::clock::ClockState;
use crate::fabric::fact::Format;
use crate::fabric::fault::Counters as FaultCounters;
use crate::fabric::throttle::StoredWindow;
use crate::fabric::upcoming::Index;
use crate::fabric::{DatedFact, ErrorCode, FabricError, Fact, State};

/// Everything that determines the later responses of a tenant. Its journal is not included.
///
/// The settings are in the base and in the facts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    format: Format,
    pub(super) clock: ClockState,
    pub(super) counters: Counters,
    /// The counters of the fault rules. The rules are in the base and in the facts.
    pub(super) faults: FaultCounters,
    /// The instant from which the states of the tenant are known.
    pub(super) base_at: Timestamp,
    base: State,
    /// The facts after the base, oldest first. They are numbered from 1.
    pub(super) facts: Vec<DatedFact>,
}

/// The counters of a tenant that are not part of its state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Counters {
    /// The number of request ids that were issued.
    pub(super) requests: u64,
    /// The throttle windows that have not ended.
    pub(super) windows: Vec<StoredWindow>,
    /// The hashes of the redeemed codes, with the Unix times at which the codes expire.
    pub(super) redeemed: BTreeMap<String, i64>,
}

/// The static method and path of an operation, or `None` if there is no such operation.
pub type OperationKeys = fn(&str, &str) -> Option<(&'static str, &'static str)>;

/// The content of a tenant that replaces the present content.
pub(super) struct Content {
    pub(super) base_at: Timestamp,
    pub(super) base: State,
    pub(super) facts: Vec<DatedFact>,
    pub(super) clock: ClockState,
    pub(super) counters: Counters,
    pub(super) faults: FaultCounters,
}

impl Snapshot {
    /// Creates a snapshot. The facts are those after the base, oldest first.
    pub(super) fn new(
        clock: ClockState,
        counters: Counters,
        faults: FaultCounters,
        base_at: Timestamp,
        base: State,
        facts: Vec<DatedFact>,
    ) -> Self {
        Self { format: Format, clock, counters, faults, base_at, base, facts: numbered(facts.into_iter(), 1).collect() }
    }

    /// Sets the clock and the beginning, and adds facts at the end.
    pub(super) fn add(&mut self, clock: ClockState, base_at: Timestamp, facts: &[DatedFact]) {
        let next = self.facts.len() as u64 + 1;
        self.facts.extend(numbered(facts.iter().cloned(), next));
        (self.clock, self.base_at) = (clock, base_at);
    }

    /// Checks the rules that functions rely on, and returns the content.
    pub(super) fn checked(self) -> Result<Content, FabricError> {
        /// The length of a SHA-256 hash in base64url.
        const HASH: usize = 43;
        let Self { format: Format, clock, counters, faults, base_at, base, facts } = self;
        clock.check().map_err(|why| invalid("clock", &why.to_string()))?;
        if counters.redeemed.len() > REDEEMED_MAX || counters.redeemed.keys().any(|hash| hash.len() > HASH) {
            return Err(invalid("counters.redeemed", "too many or too long hashes"));
        }
        let mut last = base_at.max(Timestamp::UNIX_EPOCH);
        for (index, dated) in facts.iter().enumerate() {
            if dated.at < last {
                return Err(invalid(&format!("facts[{index}].at"), "earlier than the fact or the base before it"));
            }
            last = dated.at;
        }
        if base_at < Timestamp::UNIX_EPOCH || last > clock.now {
            return Err(invalid("clock.now", "earlier than the last fact or the base, or before 1970"));
        }
        base.check_integrity().map_err(|why| invalid("base", &why))?;
        Ok(Content { base_at, base, facts, clock, counters, faults })
    }
}

fn invalid(member: &str, why: &str) -> FabricError {
    FabricError::invalid_input(format!("The snapshot is not valid: {member}: {why}."))
}

impl Tenant {
    /// Returns a snapshot of the tenant.
    pub fn snapshot(&self) -> Snapshot {
        let history = self.read_history();
        // The clock is read after the history is locked, so that no fact is later than the clock.
        let clock = self.clock.state();
        let counters = Counters {
            requests: self.issued.requests(),
            windows: self.lock_windows().stored(clock.now),
            redeemed: self.lock_redeemed().iter().map(|(hash, ends)| (hash.clone(), *ends)).collect(),
        };
        let faults = self.lock_fault_counters().clone();
        history.snapshot(clock, counters, faults)
    }

    /// Returns the approximate size of the stored facts and of the base state, in bytes.
    pub fn weight(&self) -> usize {
        self.read_history().weight()
    }

    /// Replaces the content of the tenant by that of a snapshot. The clock can go back. The journal is cleared.
    ///
    /// # Errors
    ///
    /// The snapshot breaks a rule, or there is no memory for it. Nothing has changed.
    pub fn restore(&self, snapshot: Snapshot, keys: OperationKeys) -> Result<(), FabricError> {
        self.install(snapshot.checked()?, keys)
    }

    /// Replaces the content of the tenant.
    pub(super) fn install(&self, content: Content, keys: OperationKeys) -> Result<(), FabricError> {
        let Content { base_at, base, facts, clock, counters, faults } = content;
        let mut next = self.read_history().successor(base, base_at, facts)?;
        let storage = self.storage.as_ref().filter(|storage| storage.is_used());
        // The content is copied before the history is locked, because that takes time.
        let stored =
            storage.map(|storage| (storage, self.content(next.snapshot(clock, counters.clone(), faults.clone()))));
        let replaced = {
            let mut history = self.write_history();
            if !history.share.resize(next.weight()) {
                return Err(next.too_large(history.share.memory().limit(), "The tenants together", "--memory"));
            }
            let seed = next.state.seed();
            let store = |_| stored.map_or(Ok(()), |(storage, content)| storage.append(&content));
            if let Err(refusal) = self.replace_rest(Some(clock), counters, faults, seed, keys, store) {
                history.take(0);
                return Err(refusal);
            }
            // Subscribers must notice the change, and must distinguish the new facts from those that they know.
            next.renumber(if history.last_number == 0 { 1 } else { history.last_number.saturating_add(2) });
            std::mem::swap(&mut history.share, &mut next.share);
            std::mem::swap(&mut *history, &mut next);
            self.note_faults(&history.state);
            self.lock_journal().clear();
            self.events.record(|recording| recording.restart(&self.clock));
            next
        };
        drop(replaced);
        self.version.bump();
        Ok(())
    }
}

impl History {
    /// Returns a snapshot with this history.
    pub(super) fn snapshot(&self, clock: ClockState, counters: Counters, faults: FaultCounters) -> Snapshot {
        let facts = self.facts.iter().map(|(dated, _)| dated.clone()).collect();
        Snapshot::new(clock, counters, faults, self.base_at, self.base.clone(), facts)
    }

    /// Returns the approximate size of the stored facts and of the base, in bytes.
    fn weight(&self) -> usize {
        self.weight.saturating_add(self.merged).saturating_add(self.stored)
    }

    /// Returns a history with other content and the same limits. Its share is empty.
    fn successor(&self, base: State, base_at: Timestamp, facts: Vec<DatedFact>) -> Result<Self, FabricError> {
        let mut state = base.clone();
        facts.iter().for_each(|dated| state.apply(dated));
        state.check_integrity().map_err(|why| invalid("facts", &why))?;
        let facts: VecDeque<(DatedFact, usize)> = facts
            .into_iter()
            .map(|dated| {
                let footprint = Fact::footprint(&dated.fact);
                (dated, footprint)
            })
            .collect();
        let last_at = facts.back().map_or(base_at, |(dated, _)| dated.at);
        let mut next = Self {
            weight: weight_of(&base, &state),
            base,
            base_at,
            merged: 0,
            stored: facts.iter().fold(0, |sum, (_, footprint)| sum.saturating_add(*footprint)),
            last_at: Some(last_at),
            last_number: 0,
            facts,
            index: Index::new(&state, last_at),
            state,
            limit: self.limit,
            share: self.share.another(),
        };
        let most = if self.share.memory().is_tight() { TIGHT_HISTORY_MAX } else { HISTORY_MAX };
        next.merge(most.min(next.limit / 2));
        if next.weight() > next.limit {
            next.merge(0);
            next.weigh();
        }
        if next.weight() > next.limit {
            return Err(next.too_large(next.limit, "The tenant", "--tenant-memory"));
        }
        Ok(next)
    }

    fn too_large(&self, limit: usize, whose: &str, option: &str) -> FabricError {
        FabricError::new(ErrorCode::MemoryFull).message(format!(
            "{whose} may store at most {}, and this content needs {}. Delete items, workspaces or tenants, or start the \
             emulator with a larger {option}.",
            ByteSize(limit as u64),
            ByteSize(self.weight() as u64)
        ))
    }

    /// Numbers the stored facts from `first`.
    fn renumber(&mut self, first: u64) {
        let facts = std::mem::take(&mut self.facts);
        self.last_number = first.saturating_add(facts.len() as u64) - 1;
        let (facts, footprints): (Vec<DatedFact>, Vec<usize>) = facts.into_iter().unzip();
        self.facts = numbered(facts.into_iter(), first).zip(footprints).collect();
    }
}

/// Returns facts with consecutive numbers from `first`.
fn numbered(facts: impl Iterator<Item = DatedFact>, first: u64) -> impl Iterator<Item = DatedFact> {
    facts.zip(first..).map(|(dated, number)| DatedFact { number, ..dated })
}
