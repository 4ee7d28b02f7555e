//! The tenant in the state file: the records of its changes, and its restoration from them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::issued::Held;
use super::snapshot::{Counters, Snapshot};
use super::{History, Tenant};
use crate::clock::{ClockState, Mode, machine_time};
use crate::fabric::fault::Counters as FaultCounters;
use crate::fabric::settings::Settings;
use crate::fabric::{DatedFact, FabricError, State};
use crate::ids::TenantId;
use crate::seed::Seed;
use crate::state_file::{LineError, Lines, StateFile};

/// A line of the state file, after the header.
///
/// The serialized names of variants and members belong to the persisted format, so they never change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Record<'a> {
    /// The whole content of a tenant, which replaces earlier content.
    Content {
        tenant: TenantId,
        /// The instant that the machine's clock showed. A running clock goes on while the program does not run.
        machine_now: Timestamp,
        /// The number of request ids that were issued for the control interface, if it is higher than in earlier lines.
        control_requests: u64,
        snapshot: Box<Snapshot>,
    },
    /// The facts of a commit.
    Facts { tenant: TenantId, facts: Cow<'a, [DatedFact]> },
    /// A change of the clock.
    Clock { tenant: TenantId, machine_now: Timestamp, clock: ClockState },
    /// Upper bounds of the numbers of issued request ids.
    Ids { tenant: TenantId, requests: u64, control_requests: u64 },
    /// The counters of fault rules that have changed.
    Faults { tenant: TenantId, counters: FaultCounters },
    /// The hash of a redeemed code, and the Unix time at which the code expires.
    Redeemed { tenant: TenantId, hash: Cow<'a, str>, ends: i64 },
    /// The tenant was deleted.
    Deleted { tenant: TenantId },
}

impl Record<'_> {
    fn write(&self, text: &mut Vec<u8>) {
        // Writing to memory does not fail, and all keys of maps are texts.
        let written = serde_json::to_writer(&mut *text, self);
        debug_assert!(written.is_ok(), "{written:?}");
        text.push(b'\n');
    }

    fn line(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.write(&mut text);
        text
    }

    fn lines(&self, tenant: TenantId) -> Lines {
        Lines { tenant, text: self.line(), is_whole: matches!(self, Record::Content { .. }) }
    }
}

/// The place of a tenant in the state file.
#[derive(Debug)]
pub(crate) struct Storage {
    tenant: TenantId,
    file: Arc<StateFile>,
    /// The seed, the settings and the beginning of the tenant before its first change.
    seed: Seed,
    defaults: Settings,
    begins_at: Timestamp,
    status: Mutex<Status>,
}

/// The relation of a tenant to the state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The tenant is not in use yet. Its changes are not stored.
    Detached,
    /// The tenant has had no change. The first record is preceded by its initial content.
    New,
    /// The file holds the tenant.
    Stored,
    /// The tenant was deleted. Its changes are not stored.
    Deleted,
}

impl Storage {
    pub(super) fn new(file: &Arc<StateFile>, status: Status, tenant: &Tenant) -> Self {
        Self {
            tenant: tenant.id,
            file: Arc::clone(file),
            seed: tenant.seed,
            defaults: tenant.defaults.clone(),
            begins_at: tenant.read_history().base_at,
            status: Mutex::new(status),
        }
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Appends a record, unless the tenant is detached or deleted.
    ///
    /// # Errors
    ///
    /// The file cannot be written, and is unchanged.
    pub(super) fn append(&self, record: &Record<'_>) -> Result<(), FabricError> {
        let mut status = self.lock();
        let mut lines = record.lines(self.tenant);
        match *status {
            Status::Detached | Status::Deleted => return Ok(()),
            Status::New if !lines.is_whole => {
                let mut text = self.initial().line();
                text.append(&mut lines.text);
                lines = Lines { text, is_whole: true, ..lines };
            }
            Status::New | Status::Stored => {}
        }
        self.file.append(&[lines])?;
        *status = Status::Stored;
        Ok(())
    }

    /// Appends a change of the clock.
    pub(super) fn append_clock(&self, clock: ClockState) -> Result<(), String> {
        let record = Record::Clock { tenant: self.tenant, machine_now: machine_time(), clock };
        self.append(&record).map_err(|refusal| refusal.text().to_owned())
    }

    /// Returns `true` if changes of the tenant are stored.
    pub(super) fn is_used(&self) -> bool {
        matches!(*self.lock(), Status::New | Status::Stored)
    }

    /// Appends the content of a tenant that comes into use.
    fn attach(&self, content: &Record<'_>) -> Result<(), FabricError> {
        let mut status = self.lock();
        self.file.append(&[content.lines(self.tenant)])?;
        *status = Status::Stored;
        Ok(())
    }

    /// Appends the new content of the tenant and the deletion of others, all or nothing.
    pub(super) fn replace_all(&self, content: &Record<'_>, deleted: &[&Self]) -> Result<(), FabricError> {
        let mut status = self.lock();
        let mut others: Vec<MutexGuard<'_, Status>> = deleted.iter().map(|other| other.lock()).collect();
        let mut lines = vec![content.lines(self.tenant)];
        for (other, status) in deleted.iter().zip(&others) {
            if **status == Status::Stored {
                lines.push(Record::Deleted { tenant: other.tenant }.lines(other.tenant));
            }
        }
        self.file.append(&lines)?;
        *status = Status::Stored;
        others.iter_mut().for_each(|status| **status = Status::Deleted);
        Ok(())
    }

    /// Appends the deletion of the tenant.
    fn delete(&self) -> Result<(), FabricError> {
        let mut status = self.lock();
        if *status == Status::Stored {
            self.file.append(&[Record::Deleted { tenant: self.tenant }.lines(self.tenant)])?;
        }
        *status = Status::Deleted;
        Ok(())
    }

    /// Notes that the content of the tenant was captured for a compaction. Returns `false` if the file does not hold the
    /// tenant.
    fn capture(&self) -> bool {
        let is_stored = *self.lock() == Status::Stored;
        if is_stored {
            self.file.capture(self.tenant);
        }
        is_stored
    }

    /// Returns the record of the tenant before its first change.
    fn initial(&self) -> Record<'static> {
        let clock = ClockState { mode: Mode::Real, rate: 1.0, step: 0.0, paused: false, now: self.begins_at };
        let base = State::new(self.seed, self.defaults.clone());
        let (counters, faults) = (Counters::default(), FaultCounters::default());
        let snapshot = Snapshot::new(clock, counters, faults, self.begins_at, base, Vec::new());
        Record::Content {
            tenant: self.tenant,
            // A new clock shows the machine's time.
            machine_now: self.begins_at,
            control_requests: 0,
            snapshot: Box::new(snapshot),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenant {
    /// Stores facts before they take effect.
    pub(super) fn store_facts(&self, facts: &[DatedFact]) -> Result<(), FabricError> {
        match &self.storage {
            Some(storage) if !facts.is_empty() => {
                storage.append(&Record::Facts { tenant: self.id, facts: facts.into() })
            }
            _ => Ok(()),
        }
    }

    /// Returns the record of content that replaces that of the tenant.
    pub(super) fn content(&self, snapshot: Snapshot) -> Record<'static> {
        Record::Content {
            tenant: self.id,
            machine_now: machine_time(),
            control_requests: 0,
            snapshot: Box::new(snapshot),
        }
    }

    /// Returns the result of `look`, which receives the record of the tenant's content. Nothing is stored meanwhile.
    fn holding_content<T>(&self, look: impl FnOnce(Record<'static>) -> T) -> T {
        let history = self.read_history();
        let redeemed = self.lock_redeemed();
        let faults = self.lock_fault_counters();
        let issued = self.issued.hold();
        self.clock.holding(|clock| {
            let (requests, control_requests) = issued.bounds();
            let redeemed = redeemed.iter().map(|(hash, ends)| (hash.clone(), *ends)).collect();
            let counters = Counters { requests, windows: Vec::new(), redeemed };
            let snapshot = history.snapshot(clock, counters, faults.clone());
            look(Record::Content {
                tenant: self.id,
                machine_now: machine_time(),
                control_requests,
                snapshot: Box::new(snapshot),
            })
        })
    }

    /// Returns the content of the tenant before facts are recorded, while the history is locked for them. Nothing else is
    /// stored until the content is dropped.
    pub(super) fn content_before(&self, history: &History) -> ContentBefore<'_> {
        let (redeemed, faults, issued) = (self.lock_redeemed(), self.lock_fault_counters(), self.issued.hold());
        let (requests, control_requests) = issued.bounds();
        let hashes = redeemed.iter().map(|(hash, ends)| (hash.clone(), *ends)).collect();
        let counters = Counters { requests, windows: Vec::new(), redeemed: hashes };
        let snapshot = history.snapshot(self.clock.state(), counters, faults.clone());
        ContentBefore { tenant: self.id, snapshot, control_requests, _held: (redeemed, faults, issued) }
    }

    /// Captures the content of the tenant for a compaction, as a line. Returns `None` if the state file does not hold the
    /// tenant.
    pub(crate) fn captured(&self) -> Option<Vec<u8>> {
        let storage = self.storage.as_ref()?;
        let content = self.holding_content(|content| storage.capture().then_some(content))?;
        Some(content.line())
    }

    /// Stores a tenant that comes into use, and its changes from now on.
    ///
    /// # Errors
    ///
    /// The file cannot be written, and is unchanged.
    pub(crate) fn attach(&self) -> Result<(), FabricError> {
        let Some(storage) = &self.storage else { return Ok(()) };
        self.holding_content(|content| storage.attach(&content))
    }

    /// Stores a tenant that comes into use in place of another one with the same id. Changes of the other one are no longer
    /// stored.
    ///
    /// # Errors
    ///
    /// The file cannot be written, and is unchanged. The other tenant remains stored.
    pub(crate) fn attach_instead_of(&self, other: &Self) -> Result<(), FabricError> {
        let (Some(own), Some(replaced)) = (&self.storage, &other.storage) else { return Ok(()) };
        self.holding_content(|content| {
            let mut status = replaced.lock();
            own.attach(&content)?;
            *status = Status::Deleted;
            Ok(())
        })
    }

    /// Stores the deletion of the tenant. Later changes are not stored.
    ///
    /// # Errors
    ///
    /// The file cannot be written, and is unchanged.
    pub(crate) fn detach(&self) -> Result<(), FabricError> {
        self.storage.as_ref().map_or(Ok(()), |storage| storage.delete())
    }

    /// Stores the exact numbers of issued request ids, at the end of the program.
    pub(crate) fn store_ids(&self) {
        if let Some(storage) = &self.storage {
            self.issued.store_exactly(storage);
        }
    }

    /// Fills this tenant, which is detached, with content of the state file.
    ///
    /// # Errors
    ///
    /// The content breaks a rule, or is larger than the memory allows.
    pub(crate) fn load(&self, content: StoredContent) -> Result<(), FabricError> {
        let control_requests = content.control_requests;
        self.install(content.snapshot().checked()?, |_, _| None)?;
        self.issued.hold().set_control_requests(control_requests);
        if let Some(storage) = &self.storage {
            *storage.lock() = Status::Stored;
        }
        Ok(())
    }
}

/// The content of a tenant before facts are recorded, with the locks of what is stored beside the facts.
pub(super) struct ContentBefore<'a> {
    tenant: TenantId,
    snapshot: Snapshot,
    control_requests: u64,
    _held: (MutexGuard<'a, HashMap<String, i64>>, MutexGuard<'a, FaultCounters>, Held<'a>),
}

impl ContentBefore<'_> {
    /// Appends the content with more facts, another beginning and another clock.
    pub(super) fn append_with(
        mut self,
        storage: &Storage,
        clock: ClockState,
        base_at: Timestamp,
        facts: &[DatedFact],
    ) -> Result<(), FabricError> {
        self.snapshot.add(clock, base_at, facts);
        storage.append(&Record::Content {
            tenant: self.tenant,
            machine_now: machine_time(),
            control_requests: self.control_requests,
            snapshot: Box::new(self.snapshot),
        })
    }
}

/// The content of a tenant in the state file.
#[derive(Debug)]
pub(crate) struct StoredContent {
    /// The number of the line that began it.
    pub(crate) line: u64,
    machine_now: Timestamp,
    control_requests: u64,
    snapshot: Snapshot,
}

impl StoredContent {
    /// Returns the content at present: a running clock has gone on.
    fn snapshot(self) -> Snapshot {
        let elapsed = machine_time().duration_since(self.machine_now);
        let mut snapshot = self.snapshot;
        let last = snapshot.facts.last().map_or(snapshot.base_at, |last| last.at);
        let clock = snapshot.clock.after_machine_time(elapsed);
        snapshot.clock = ClockState { now: clock.now.max(last), ..clock };
        let now = snapshot.clock.now.as_second();
        snapshot.counters.redeemed.retain(|_, ends| *ends > now);
        snapshot
    }

    fn add(&mut self, facts: Vec<DatedFact>) -> Result<(), String> {
        for dated in facts {
            let last = self.snapshot.facts.last().map_or(self.snapshot.base_at, |last| last.at);
            if dated.at < last {
                return Err(format!("the fact of {} is earlier than the one before it, of {last}", dated.at));
            }
            self.snapshot.facts.push(dated);
        }
        Ok(())
    }
}

/// The tenants of a state file, while it is read.
#[derive(Debug, Default)]
pub(crate) struct StoredTenants(pub(crate) HashMap<TenantId, StoredContent>);

impl StoredTenants {
    /// Applies a line. Returns `true` if the line holds the whole content of a tenant.
    pub(crate) fn read(&mut self, line: u64, text: &[u8]) -> Result<bool, LineError> {
        let record: Record<'static> = serde_json::from_slice(text)?;
        if let Record::Content { tenant, machine_now, control_requests, snapshot } = record {
            let snapshot = *snapshot;
            let known = self.0.get(&tenant).map_or(0, |known| known.control_requests);
            let control_requests = control_requests.max(known);
            self.0.insert(tenant, StoredContent { line, machine_now, control_requests, snapshot });
            return Ok(true);
        }
        self.change(record)?;
        Ok(false)
    }

    fn change(&mut self, record: Record<'static>) -> Result<(), String> {
        match record {
            Record::Content { .. } => {}
            Record::Facts { tenant, facts } => self.content(tenant)?.add(facts.into_owned())?,
            Record::Clock { tenant, machine_now, clock } => {
                let content = self.content(tenant)?;
                (content.machine_now, content.snapshot.clock) = (machine_now, clock);
            }
            Record::Ids { tenant, requests, control_requests } => {
                let content = self.content(tenant)?;
                (content.snapshot.counters.requests, content.control_requests) = (requests, control_requests);
            }
            Record::Faults { tenant, counters } => self.content(tenant)?.snapshot.faults.merge(counters),
            Record::Redeemed { tenant, hash, ends } => {
                self.content(tenant)?.snapshot.counters.redeemed.insert(hash.into_owned(), ends);
            }
            Record::Deleted { tenant } => {
                self.content(tenant)?;
                self.0.remove(&tenant);
            }
        }
        Ok(())
    }

    fn content(&mut self, tenant: TenantId) -> Result<&mut StoredContent, String> {
        self.0.get_mut(&tenant).ok_or_else(|| format!("no line before it holds the content of the tenant {tenant}"))
    }
}
