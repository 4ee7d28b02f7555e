//! The emulator: tenants that come into being on first sight, under the settings of the start. No HTTP, no socket.

use std::io;
use std::sync::Arc;

use dashmap::DashMap;

use crate::authority::Authority;
use crate::clock::machine_time;
use crate::data_dir::{DataDir, Lazily};
use crate::fabric::access::{Auth, DEFAULT_TENANT};
use crate::fabric::pace::Pace;
use crate::fabric::settings::{PAGE_SIZE_MAX, Settings, Throttle};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::TenantId;
use crate::seed::Seed;
use crate::signing::Signer;
use crate::tenant::Tenant;
use crate::traffic::Traffic;

/// Tenants at most; one more is refused until a reset or a new start.
pub const TENANTS_MAX: usize = 1_000;
/// Bytes of its last exchanges that a tenant keeps, unless chosen.
pub const JOURNAL: usize = 8 << 20;

/// From where the control interface can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControlFrom {
    /// This machine.
    #[default]
    Loopback,
    /// Private networks too: what a container needs.
    Private,
    /// Anywhere.
    Any,
}

/// All tenants of one program.
#[derive(Debug)]
pub struct Emulator {
    seed: Seed,
    defaults: Settings,
    control_from: ControlFrom,
    journal: usize,
    auth: Auth,
    data_dir: DataDir,
    signer: Lazily<Signer>,
    authority: Lazily<Authority>,
    traffic: Traffic,
    tenants: DashMap<TenantId, Arc<Tenant>>,
}

/// Chooses how an [`Emulator`] starts.
#[derive(Debug, Clone)]
pub struct Builder {
    seed: u64,
    settings: Settings,
    control_from: ControlFrom,
    journal: usize,
    auth: Auth,
    data_dir: DataDir,
}

impl Default for Builder {
    fn default() -> Self {
        let (settings, control_from) = (Settings::default(), ControlFrom::default());
        Self { seed: 0, settings, control_from, journal: JOURNAL, auth: Auth::default(), data_dir: DataDir::none() }
    }
}

impl Builder {
    /// What ids and figures are drawn from; 0 unless chosen.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long things take.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.settings.pace = pace;
        self
    }

    /// How requests are limited.
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.settings.throttle = throttle;
        self
    }

    /// Elements of a page, from 1 to [`PAGE_SIZE_MAX`].
    pub fn page_size(mut self, page_size: u32) -> Self {
        self.settings.page_size = page_size.clamp(1, PAGE_SIZE_MAX);
        self
    }

    /// The answer of a behaviour, by its name in `settings.behaviours`. The error says what was expected.
    pub fn behaviour(mut self, name: &str, answer: &str) -> Result<Self, String> {
        self.settings.behaviours.set(name, answer)?;
        Ok(self)
    }

    /// From where the control interface can be reached.
    pub fn control_from(mut self, control_from: ControlFrom) -> Self {
        self.control_from = control_from;
        self
    }

    /// Bytes of its last exchanges that each tenant keeps; 0: none.
    pub fn journal(mut self, bytes: usize) -> Self {
        self.journal = bytes;
        self
    }

    /// Which tokens are taken.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Where the keys of tokens and certificates outlive a restart; nowhere unless chosen.
    pub fn data_dir(mut self, data_dir: DataDir) -> Self {
        self.data_dir = data_dir;
        self
    }

    /// The emulator, with its default tenant.
    pub fn build(self) -> Arc<Emulator> {
        let emulator = Emulator {
            seed: Seed::new(self.seed),
            defaults: self.settings,
            control_from: self.control_from,
            journal: self.journal,
            auth: self.auth,
            data_dir: self.data_dir,
            signer: Lazily::default(),
            authority: Lazily::default(),
            traffic: Traffic::default(),
            tenants: DashMap::new(),
        };
        emulator.default_tenant();
        Arc::new(emulator)
    }
}

impl ControlFrom {
    /// Whether a caller at this address is let in.
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
    /// An emulator as it starts by default, but for the seed, which is 0.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A tenant; it comes into being on first sight. Refused when there are [`TENANTS_MAX`] already.
    pub fn tenant(&self, id: TenantId) -> Result<Arc<Tenant>, FabricError> {
        if let Some(tenant) = self.tenants.get(&id) {
            return Ok(Arc::clone(&tenant));
        }
        if self.tenants.len() >= TENANTS_MAX && id != DEFAULT_TENANT {
            return Err(FabricError::new(ErrorCode::TenantNotAllowed)
                .note(format!("there are {TENANTS_MAX} tenants already; POST /_emulator/reset?tenant=* makes room")));
        }
        let new = || Arc::new(Tenant::new(id, self.seed, self.defaults.clone(), self.journal));
        let tenant = self.tenants.entry(id).or_insert_with(new);
        Ok(Arc::clone(&tenant))
    }

    /// The tenant of callers whose token names none.
    pub fn default_tenant(&self) -> Arc<Tenant> {
        self.tenant(DEFAULT_TENANT).expect("there is always room for the default tenant")
    }

    /// All tenants that there are, by id.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        let mut tenants: Vec<_> = self.tenants.iter().map(|tenant| Arc::clone(&tenant)).collect();
        tenants.sort_by_key(|tenant| tenant.id());
        tenants
    }

    /// Everything back to the start; tenants but the default one come into being anew.
    pub fn reset_all(&self) {
        self.tenants.retain(|id, _| *id == DEFAULT_TENANT);
        self.default_tenant().reset();
    }

    /// From where the control interface can be reached.
    pub fn control_from(&self) -> ControlFrom {
        self.control_from
    }

    /// Which tokens are taken.
    pub fn auth(&self) -> Auth {
        self.auth
    }

    /// What signs tokens; its key is made or read when it is first needed.
    ///
    /// # Errors
    ///
    /// The key's file cannot be read or written.
    pub fn signer(&self) -> io::Result<&Signer> {
        self.signer.get(|| Signer::open(&self.data_dir))
    }

    /// What vouches for our host names; it is made or read when it is first needed.
    ///
    /// # Errors
    ///
    /// Its files cannot be read or written.
    pub fn authority(&self) -> io::Result<&Authority> {
        self.authority.get(|| Authority::open(&self.data_dir, machine_time()))
    }

    /// What was asked of it, counted.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}
