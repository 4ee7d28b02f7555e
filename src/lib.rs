//! Specularite: a local emulator of Microsoft Fabric mirroring.
//!
//! The program is a thin shell around this library. Embed it where a test wants no process:
//!
//! ```
//! use specularite::{Emulator, Pace};
//!
//! let emulator = Emulator::builder().seed(7).pace(Pace::Instant).build();
//! let router = specularite::router(emulator.clone()); // a tower service: no socket needed
//! emulator.default_tenant().clock().advance(60.0)?;
//! # let _ = router;
//! # Ok::<(), specularite::clock::ClockError>(())
//! ```
//!
//! A module may use those after it, never those before it:
//! `main → config → serve → check → http → emulator → tenant → journal → fabric → ids → seed → clock` (docs/ARCHITECTURE.md).

pub mod check;
pub mod clock;
pub mod config;
pub mod emulator;
pub mod fabric;
pub mod http;
pub mod ids;
pub mod journal;
pub mod seed;
pub mod serve;
pub mod tenant;

pub use self::emulator::{ControlFrom, Emulator};
pub use self::fabric::pace::Pace;
pub use self::fabric::settings::Throttle;
pub use self::http::router;
pub use self::tenant::Tenant;
