//! Specularite: a local emulator of Microsoft Fabric mirroring.
//!
//! The program is a thin shell around this library. Embed it where a test wants no process:
//!
//! ```
//! use specularite::{Emulator, Pace};
//!
//! let emulator = Emulator::builder().seed(7).pace(Pace::Instant).build();
//! let router = specularite::router(emulator.clone()); // a tower service: no socket needed
//! emulator.default_tenant().clock().advance(std::time::Duration::from_secs(60))?;
//! # let _ = router;
//! # Ok::<(), specularite::clock::ClockError>(())
//! ```
//!
//! A module may use those after it, never those before it:
//! `main → run → sign_in → config → environment → server → proxy → tls → check → http → entra → emulator → traffic → tenant →
//! journal → fabric → authority → signing → client → hosts → data_dir → ids → seed → clock → notify → signals` (docs/ARCHITECTURE.md).

pub mod authority;
pub mod check;
pub mod client;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod emulator;
pub mod entra;
pub mod environment;
pub mod fabric;
pub mod hosts;
pub mod http;
pub mod ids;
pub mod journal;
pub mod notify;
pub mod proxy;
pub mod run;
pub mod seed;
pub mod server;
pub mod sign_in;
pub mod signals;
pub mod signing;
pub mod tenant;
pub mod tls;
pub mod traffic;

pub use self::emulator::{ControlFrom, Emulator};
pub use self::fabric::pace::Pace;
pub use self::fabric::settings::Throttle;
pub use self::http::router;
pub use self::tenant::Tenant;
