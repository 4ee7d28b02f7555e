//! The emulator: all its tenants and keys, without HTTP and sockets. Tenants are created on first use, with the
//! settings of the builder.

mod listener;
mod stored;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::ca::CertificateAuthority;
use crate::clock::machine_time;
use crate::content::ContentStore;
use crate::data_dir::{DataDir, OpenOnce};
use crate::events::EventLog;
use crate::fabric::access::{Auth, DEFAULT_TENANT};
use crate::fabric::pace::Pace;
use crate::fabric::settings::{Settings, SettingsChange, Throttle};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::TenantId;
use crate::in_flight::InFlight;
use crate::memory::{MEMORY, Memory, TENANT_MEMORY};
use crate::seed::Seed;
use crate::signing::Signer;
use crate::tenant::{OperationKeys, Snapshot, Status, Tenant, TenantLimits};
use crate::traffic::Traffic;

use self::listener::LISTENERS_MAX;
pub(crate) use self::listener::Listener;
use self::stored::Maintained;

/// The maximum number of tenants. Further tenants are rejected until existing ones are deleted.
pub const TENANTS_MAX: usize = 10_000;
/// The default size of a tenant's journal, in bytes.
pub const JOURNAL: usize = 8 << 20;

/// The networks that may use the control interface and the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ControlFrom {
    /// This machine
    #[default]
    Loopback,
    /// Private networks too, which a container needs
    Private,
    /// Every network
    Any,
}

/// A local emulator of Fabric: its tenants, and the keys and options that they share.
#[derive(Debug)]
pub struct Emulator {
    seed: Seed,
    /// `true` if the builder set the seed.
    has_seed: bool,
    defaults: Settings,
    control_from: ControlFrom,
    allowed_hosts: Vec<String>,
    journal: usize,
    tenant_memory: usize,
    memory: Arc<Memory>,
    auth: Auth,
    data_dir: DataDir,
    signer: OpenOnce<Signer>,
    ca: OpenOnce<CertificateAuthority>,
    traffic: Traffic,
    in_flight: InFlight,
    contents: ContentStore,
    codes: AtomicU64,
    tenants: Arc<Tenants>,
    /// The logs of events of tenants that do not exist yet, but have listeners.
    awaited: DashMap<TenantId, Arc<EventLog>>,
    /// Held while two tenants change together.
    pairing: Mutex<()>,
    /// The places of listeners.
    listeners: Arc<Semaphore>,
    /// The state file; `None` if tenants are only in memory.
    state: Option<Maintained>,
}

type Tenants = DashMap<TenantId, Arc<Tenant>>;

/// Configures an [`Emulator`].
#[derive(Debug, Clone)]
pub struct Builder {
    seed: Option<u64>,
    fallback_seed: u64,
    settings: Settings,
    control_from: ControlFrom,
    allowed_hosts: Vec<String>,
    journal: usize,
    tenant_memory: usize,
    memory: usize,
    auth: Auth,
    data_dir: DataDir,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            seed: None,
            fallback_seed: 0,
            settings: Settings::default(),
            control_from: ControlFrom::default(),
            allowed_hosts: Vec::new(),
            journal: JOURNAL,
            tenant_memory: TENANT_MEMORY,
            memory: MEMORY,
            auth: Auth::default(),
            data_dir: DataDir::none(),
        }
    }
}

impl Builder {
    /// Sets the seed of ids and simulated figures. The default is 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the seed that applies if [`Builder::seed`] is not called, and if there is no state file that contains a seed.
    pub fn fallback_seed(mut self, seed: u64) -> Self {
        self.fallback_seed = seed;
        self
    }

    /// Sets the pace: how long the steps of the service take, such as the start of mirroring.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.settings.pace = pace;
        self
    }

    /// Sets the rate limits of the API.
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.settings.throttle = throttle;
        self
    }

    /// Changes the initial settings of all tenants.
    ///
    /// ```
    /// use specularite::Emulator;
    /// use specularite::control::SettingsChange;
    ///
    /// let small_pages = SettingsChange { page_size: Some(10), ..SettingsChange::default() };
    /// let emulator = Emulator::builder().settings(small_pages)?.build();
    ///
    /// let no_pages = SettingsChange { page_size: Some(0), ..SettingsChange::default() };
    /// assert!(Emulator::builder().settings(no_pages).is_err());
    /// # Ok::<(), specularite::FabricError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A value is out of range, or the name of a setting is unknown.
    pub fn settings(mut self, change: SettingsChange) -> Result<Self, FabricError> {
        self.settings = self.settings.changed(change)?;
        Ok(self)
    }

    /// Sets the networks that may use the control interface and the proxy.
    pub fn control_from(mut self, control_from: ControlFrom) -> Self {
        self.control_from = control_from;
        self
    }

    /// Adds host names, without port, under which web pages and clients of the control interface may call the emulator.
    /// Addresses, local names and the names of the emulated services are always allowed.
    pub fn allowed_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed_hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Sets the size of each tenant's journal in bytes. The value 0 disables the journal.
    pub fn journal(mut self, bytes: usize) -> Self {
        self.journal = bytes;
        self
    }

    /// Sets the approximate maximum size of what a tenant stores in bytes, without its journal. Requests that would
    /// exceed it are rejected with `MemoryFull`.
    pub fn tenant_memory(mut self, bytes: usize) -> Self {
        self.tenant_memory = bytes;
        self
    }

    /// Sets the approximate maximum size of what all tenants store in bytes, journals included. Requests that would
    /// exceed it are rejected with `MemoryFull`.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets the rule for accepting tokens.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Sets the directory that stores the keys for tokens and certificates. Without a directory, each emulator creates
    /// new keys.
    pub fn data_dir(mut self, data_dir: DataDir) -> Self {
        self.data_dir = data_dir;
        self
    }

    /// Builds the emulator and its default tenant.
    pub fn build(self) -> Arc<Emulator> {
        let emulator = self.without_tenants();
        emulator.default_tenant();
        Arc::new(emulator)
    }

    fn without_tenants(self) -> Emulator {
        let memory = Memory::new(self.memory);
        Emulator {
            contents: ContentStore::new(self.data_dir.path().map(Path::to_owned), Arc::clone(&memory)),
            has_seed: self.seed.is_some(),
            seed: Seed::new(self.seed.unwrap_or(self.fallback_seed)),
            defaults: self.settings,
            control_from: self.control_from,
            allowed_hosts: self.allowed_hosts,
            journal: self.journal,
            tenant_memory: self.tenant_memory,
            memory,
            auth: self.auth,
            data_dir: self.data_dir,
            signer: OpenOnce::default(),
            ca: OpenOnce::default(),
            traffic: Traffic::default(),
            in_flight: InFlight::default(),
            codes: AtomicU64::new(0),
            tenants: Arc::default(),
            awaited: DashMap::new(),
            pairing: Mutex::default(),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
            state: None,
        }
    }
}

fn no_tenant(id: TenantId) -> FabricError {
    FabricError::new(ErrorCode::EntityNotFound).about("Tenant", id)
}

impl ControlFrom {
    /// Returns `true` if a caller with this address may use the control interface and the proxy.
    pub fn admits(self, caller: std::net::IpAddr) -> bool {
        let caller = caller.to_canonical();
        let private = match caller {
            std::net::IpAddr::V4(caller) => caller.is_private() || caller.is_link_local(),
            std::net::IpAddr::V6(caller) => caller.is_unique_local() || caller.is_unicast_link_local(),
        };
        match self {
            Self::Loopback => caller.is_loopback(),
            Self::Private => caller.is_loopback() || private,
            Self::Any => true,
        }
    }
}

impl Emulator {
    /// Returns a builder with the defaults of the command line, except that the seed is 0 and no keys are stored.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the tenant with the given id. The first use of an id creates the tenant.
    ///
    /// # Errors
    ///
    /// The emulator already has [`TENANTS_MAX`] tenants.
    pub fn tenant(&self, id: TenantId) -> Result<Arc<Tenant>, FabricError> {
        if let Some(tenant) = self.tenants.get(&id) {
            return Ok(Arc::clone(&tenant));
        }
        self.check_room(id)?;
        let new = || self.with_listeners(self.stored(self.new_tenant(id), Status::New), false);
        let tenant = self.tenants.entry(id).or_insert_with(new);
        Ok(Arc::clone(&tenant))
    }

    /// Returns a tenant for reading. A tenant that does not exist is not created: the result is a new one that is not kept.
    pub(crate) fn view_tenant(&self, id: TenantId) -> Arc<Tenant> {
        let existing = self.tenants.get(&id).map(|tenant| Arc::clone(&tenant));
        existing.unwrap_or_else(|| Arc::new(self.new_tenant(id)))
    }

    /// Returns a tenant that exists.
    ///
    /// # Errors
    ///
    /// There is no tenant with this id.
    pub fn existing_tenant(&self, id: TenantId) -> Result<Arc<Tenant>, FabricError> {
        let existing = self.tenants.get(&id).map(|tenant| Arc::clone(&tenant));
        existing.ok_or_else(|| no_tenant(id))
    }

    /// Returns the right to change two tenants together. Only its holder may wait for a tenant while it holds the history
    /// of another, so that no two requests wait for each other.
    pub(crate) fn pair_tenants(&self) -> MutexGuard<'_, ()> {
        self.pairing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deletes a tenant. Its next use creates it again, in its initial state.
    ///
    /// # Errors
    ///
    /// There is no tenant with this id, it is the default tenant, or the state file cannot be written. Nothing has changed.
    pub fn delete_tenant(&self, id: TenantId) -> Result<(), FabricError> {
        if id == DEFAULT_TENANT {
            return Err(FabricError::invalid_input(
                "The default tenant cannot be deleted. POST /_emulator/reset empties it.",
            ));
        }
        let found = self.existing_tenant(id)?;
        found.detach()?;
        // Another request may have deleted the tenant, and a third one may have created it again.
        let removed = self.tenants.remove_if(&id, |_, tenant| Arc::ptr_eq(tenant, &found));
        let (_, deleted) = removed.ok_or_else(|| no_tenant(id))?;
        deleted.events().end();
        // Requests may be waiting for a change of the tenant.
        deleted.reset()
    }

    /// Creates the tenant `id`, which shares the past of another tenant up to and including the instant `at`. If `at` is
    /// `None`, the past up to the present is shared. The settings are those of the present.
    ///
    /// # Errors
    ///
    /// The original does not exist, the tenant `id` exists, `at` is in the future or in a past that is no longer known,
    /// there is no room for another tenant, or the state file cannot be written.
    pub fn fork(&self, original: TenantId, at: Option<Timestamp>, id: TenantId) -> Result<Arc<Tenant>, FabricError> {
        let original = self.existing_tenant(original)?;
        let exists = || FabricError::new(ErrorCode::EntityConflict).about("Tenant", id);
        if self.tenants.contains_key(&id) {
            return Err(exists());
        }
        let fork = self.stored(self.new_tenant(id), Status::Detached);
        fork.become_fork(&original, at)?;
        self.check_room(id)?;
        // The past can be long, so it was copied before the entry is locked.
        match self.tenants.entry(id) {
            Entry::Occupied(_) => Err(exists()),
            Entry::Vacant(free) => {
                fork.attach()?;
                Ok(Arc::clone(free.insert(self.with_listeners(fork, true)).value()))
            }
        }
    }

    /// Replaces the content of the tenant `id` by that of a snapshot. If the tenant does not exist, it is created.
    ///
    /// # Errors
    ///
    /// The snapshot breaks a rule, or there is no room for it. Nothing has changed.
    pub(crate) fn restore(&self, id: TenantId, snapshot: Snapshot, keys: OperationKeys) -> Result<(), FabricError> {
        if let Ok(tenant) = self.existing_tenant(id) {
            return tenant.restore(snapshot, keys);
        }
        self.check_room(id)?;
        let tenant = self.stored(self.new_tenant(id), Status::Detached);
        tenant.restore(snapshot, keys)?;
        match self.tenants.entry(id) {
            // The tenant was created in the meantime.
            Entry::Occupied(mut other) => {
                tenant.attach_instead_of(other.get())?;
                self.keep_listeners(other.get());
                other.insert(self.with_listeners(tenant, true));
            }
            Entry::Vacant(free) => {
                tenant.attach()?;
                free.insert(self.with_listeners(tenant, true));
            }
        }
        Ok(())
    }

    /// Rejects a new tenant if there are too many.
    fn check_room(&self, id: TenantId) -> Result<(), FabricError> {
        if self.tenants.len() >= TENANTS_MAX && id != DEFAULT_TENANT {
            return Err(FabricError::new(ErrorCode::TenantNotAllowed).note(format!(
                "there are {TENANTS_MAX} tenants already; DELETE /_emulator/tenants/{{tenantId}} removes one, and POST \
                 /_emulator/reset?tenant=* all"
            )));
        }
        Ok(())
    }

    fn new_tenant(&self, id: TenantId) -> Tenant {
        let limits = TenantLimits { bytes: self.tenant_memory, memory: &self.memory };
        Tenant::new(id, self.seed, self.defaults.clone(), self.journal, limits)
    }

    /// Returns the tenant of callers whose token does not name a tenant.
    pub fn default_tenant(&self) -> Arc<Tenant> {
        self.tenant(DEFAULT_TENANT).expect("the limit does not apply to the default tenant")
    }

    /// Returns all tenants, sorted by id.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        let mut tenants: Vec<_> = self.tenants.iter().map(|tenant| Arc::clone(&tenant)).collect();
        tenants.sort_by_key(|tenant| tenant.id());
        tenants
    }

    /// Resets the default tenant, and removes all other tenants.
    ///
    /// # Errors
    ///
    /// The state file cannot be written. Nothing has changed.
    pub fn reset_all(&self) -> Result<(), FabricError> {
        let mut others = self.tenants();
        others.retain(|tenant| tenant.id() != DEFAULT_TENANT);
        self.default_tenant().reset_and_detach(&others)?;
        // Tenants are also reset before they are removed: requests may be waiting for a change of one.
        others.iter().try_for_each(|tenant| tenant.reset())?;
        self.tenants.retain(|_, tenant| {
            let stays = !others.iter().any(|other| Arc::ptr_eq(other, tenant));
            if !stays {
                self.keep_listeners(tenant);
            }
            stays
        });
        Ok(())
    }

    /// Returns the seed of ids and simulated figures.
    pub fn seed(&self) -> u64 {
        self.seed.number()
    }

    /// Returns the networks that may use the control interface and the proxy.
    pub fn control_from(&self) -> ControlFrom {
        self.control_from
    }

    /// Returns `true` for a host name that [`Builder::allowed_hosts`] added. Case and a trailing dot are ignored.
    pub fn allows_host(&self, host: &str) -> bool {
        let is_allowed =
            |allowed: &String| allowed.trim_end_matches('.').eq_ignore_ascii_case(host.trim_end_matches('.'));
        self.allowed_hosts.iter().any(is_allowed)
    }

    /// Returns the rule for accepting tokens.
    pub fn auth(&self) -> Auth {
        self.auth
    }

    /// Returns the signer of tokens. Its key is read or created on first use.
    ///
    /// # Errors
    ///
    /// The key file cannot be read or written, or does not contain an RSA key.
    pub fn signer(&self) -> io::Result<&Signer> {
        self.signer.get(|| Signer::open(&self.data_dir))
    }

    /// Returns the certificate authority for the host names of the emulated services. Its key and certificate are read
    /// or created on first use.
    ///
    /// # Errors
    ///
    /// The key file cannot be read or written, or does not contain a key and a certificate.
    pub fn ca(&self) -> io::Result<&CertificateAuthority> {
        self.ca.get(|| CertificateAuthority::open(&self.data_dir, machine_time()))
    }

    /// Makes all tenants give up what they do not need for answers, if the memory of the emulator was too small for a
    /// request. Returns `true` if memory became free.
    pub(crate) fn free_memory(&self) -> bool {
        let before = self.memory.used();
        if self.memory.take_refusal() {
            self.tenants().iter().for_each(|tenant| tenant.compact());
        }
        self.memory.used() < before
    }

    /// Returns the approximate size of what all tenants store, in bytes.
    pub fn memory_used(&self) -> usize {
        self.memory.used()
    }

    /// Returns the bodies in flight.
    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// Returns the number of the next authorization code or device code. The numbers are not those of a tenant, because a
    /// code can belong to a tenant that does not exist yet.
    pub(crate) fn next_code_number(&self) -> u64 {
        self.codes.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the contents of files in OneLake.
    pub(crate) fn contents(&self) -> &ContentStore {
        &self.contents
    }

    /// Returns the counts of calls and hosts.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}
