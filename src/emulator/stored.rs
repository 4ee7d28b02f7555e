//! The state file of an emulator: its opening, its compaction and its end.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::{Builder, Emulator, Tenants};
use crate::clock::machine_time;
use crate::seed::Seed;
use crate::state_file::{Opened, StateError, StateFile, StateSync, Task, Tasks};
use crate::tenant::{Status, StoredTenants, Tenant};

/// A state file, and the thread that maintains it.
#[derive(Debug)]
pub(super) struct Maintained {
    file: Arc<StateFile>,
    /// `true` if the file was created by this program.
    is_new: bool,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Builder {
    /// Builds an emulator whose tenants are stored in a file, with the tenants that the file holds. If the file does not
    /// exist, it is created. `sync` says how far a change is stored before it is answered.
    ///
    /// Seed, settings and clock of stored tenants are those in the file. A clock that runs goes on while no program uses the
    /// file. Journals and throttle windows are not stored.
    ///
    /// ```
    /// use specularite::control::{ControlCommand, SettingsChange};
    /// use specularite::{Emulator, StateSync};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("state.ndjson");
    /// let emulator = Emulator::builder().open(&file, StateSync::Flush)?;
    /// let change = SettingsChange { page_size: Some(10), ..SettingsChange::default() };
    /// emulator.default_tenant().control(ControlCommand::ChangeSettings(change))?;
    /// drop(emulator);
    ///
    /// let again = Emulator::builder().open(&file, StateSync::Flush)?;
    /// assert_eq!(again.default_tenant().settings().page_size, 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The file cannot be used: it cannot be read or written, another process uses it, a line is not valid, or its tenants
    /// need more memory than they may use.
    pub fn open(self, file: impl AsRef<Path>, sync: StateSync) -> Result<Arc<Emulator>, StateError> {
        let mut emulator = self.without_tenants();
        emulator.open_state(file.as_ref(), sync)?;
        emulator.default_tenant();
        Ok(Arc::new(emulator))
    }
}

impl Emulator {
    /// Returns a new tenant whose changes are stored in the state file, if there is one.
    pub(super) fn stored(&self, tenant: Tenant, status: Status) -> Tenant {
        match &self.state {
            Some(state) => tenant.stored_in(&state.file, status),
            None => tenant,
        }
    }

    /// Opens a state file, and creates the tenants that it holds. Without a given seed, the seed in the file applies.
    pub(super) fn open_state(&mut self, path: &Path, sync: StateSync) -> Result<(), StateError> {
        let mut contents = path.as_os_str().to_owned();
        contents.push(".contents");
        self.contents.keep_in(contents.into());
        let mut stored = StoredTenants::default();
        let opened = StateFile::open(path, sync, self.seed, |line, text| stored.read(line, text))?;
        let Opened { file, seed, is_new, tasks } = opened;
        if !self.has_seed {
            self.seed = seed;
        }
        if !is_new {
            // Codes that were issued before have lower numbers.
            *self.codes.get_mut() = machine_time().as_microsecond().unsigned_abs();
        }
        let file = Arc::new(file);
        let thread = start(Arc::clone(&file), Arc::clone(&self.tenants), self.seed, tasks);
        let thread = thread.map_err(|why| StateError::new(file.path(), why.to_string()))?;
        self.state = Some(Maintained { file: Arc::clone(&file), is_new, thread: Mutex::new(Some(thread)) });
        for (id, content) in stored.0 {
            let line = content.line;
            let tenant = self.stored(self.new_tenant(id), Status::Detached);
            tenant.load(content).map_err(|why| StateError::at(file.path(), line, format!("the tenant {id}: {why}")))?;
            self.tenants.insert(id, Arc::new(tenant));
        }
        Ok(())
    }

    /// Returns `false` if the tenants were read from a state file.
    pub fn is_new(&self) -> bool {
        self.state.as_ref().is_none_or(|state| state.is_new)
    }

    /// Stores what is not stored yet, and closes the state file. Other processes can then open it. Later changes are
    /// rejected.
    pub fn close_state(&self) {
        let Some(Maintained { file, thread, .. }) = &self.state else { return };
        let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            file.send(Task::Stop);
            let _ = thread.join();
            self.tenants.iter().for_each(|tenant| tenant.store_ids());
        }
        file.close();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.close_state();
    }
}

/// Starts the thread that maintains a state file.
fn start(file: Arc<StateFile>, tenants: Arc<Tenants>, seed: Seed, tasks: Tasks) -> io::Result<JoinHandle<()>> {
    let work = move || {
        loop {
            match tasks.next() {
                Task::Compact => compact(&file, &tenants, seed),
                Task::Write => file.write_buffer(),
                Task::Stop => return,
            }
        }
    };
    std::thread::Builder::new().name("state-file".into()).spawn(work)
}

/// Compacts a state file. If that fails, the present file stays in use.
fn compact(file: &StateFile, tenants: &Tenants, seed: Seed) {
    let compacted = || {
        let mut compaction = file.begin_compaction(seed)?;
        // The tenants are listed after the beginning: those that come later are written by their first change.
        let tenants: Vec<Arc<Tenant>> = tenants.iter().map(|tenant| Arc::clone(&tenant)).collect();
        for tenant in tenants {
            if let Some(line) = tenant.captured() {
                compaction.write(&line)?;
            }
        }
        compaction.finish()
    };
    let done: io::Result<()> = compacted();
    match done {
        Ok(()) => tracing::debug!("{}: compacted", file.path().display()),
        Err(why) => tracing::warn!("{}: cannot be compacted: {why}", file.path().display()),
    }
}
