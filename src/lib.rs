//! Specularite: a local emulator of Microsoft Fabric mirroring.
//!
//! The emulator implements the Fabric REST API: workspaces, connections, mirrored databases and their replication. All
//! state is in memory, and in a [file](Builder::open) if you want to keep it. A test can move time forward. No tenant in Microsoft's cloud is needed. The program
//! `specularite` serves the emulator to any client. This crate embeds the emulator in Rust tests.
//!
//! # Without a socket
//!
//! [`router`] returns a [`tower`](https://docs.rs/tower) service that answers every request. This is the fastest way to
//! test code whose HTTP client can be replaced:
//!
//! ```
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use specularite::Emulator;
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().seed(7).build();
//! let request = Request::get("/v1/workspaces").header("authorization", "Bearer any").body(Body::empty())?;
//! let response = specularite::router(emulator).oneshot(request).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```
//!
//! # With a server
//!
//! [`server::start`] starts a server on a free port, for HTTP, HTTPS and proxy requests. Dropping the returned value
//! stops the server:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let emulator = specularite::Emulator::builder().build();
//! let server = specularite::server::start(emulator).await?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! Each tenant has a [`Clock`](clock::Clock). By default, it shows the machine's time. Named steps, such as the start
//! of mirroring, take time: [`Pace`] and [`Settings::durations`](control::Settings::durations) set their durations.
//! Statuses and figures depend only on the clock's instant. After `advance`, all steps that were due in the meantime
//! are complete.
//!
//! ```
//! use std::time::Duration;
//!
//! use specularite::clock::{ClockChange, Mode};
//! use specularite::{Emulator, Pace};
//!
//! let emulator = Emulator::builder().pace(Pace::Realistic).build();
//! let tenant = emulator.default_tenant();
//! tenant.clock().set(ClockChange { mode: Some(Mode::Manual), ..ClockChange::default() })?;
//! tenant.clock().advance(Duration::from_secs(3_600))?;
//! # Ok::<(), specularite::clock::ClockError>(())
//! ```
//!
//! # Sources and settings
//!
//! [`Tenant::control`] executes a [`ControlCommand`](control::ControlCommand). Such commands declare the tables of a
//! simulated source, principals and tags; others change settings or pause a capacity.
//!
//! ```
//! use specularite::Emulator;
//! use specularite::control::{ControlCommand, SourceDeclaration, TableDeclaration};
//!
//! let tenant = Emulator::builder().build().default_tenant();
//! let orders = TableDeclaration { rows: 50_000, rows_per_second: 2.5, ..TableDeclaration::new("dbo", "Orders") };
//! let source = SourceDeclaration { tables: vec![orders], ..SourceDeclaration::default() };
//! let id = "11111111-1111-4111-8111-111111111111".parse()?;
//! let unknown = tenant.control(ControlCommand::DeclareSource { id, source });
//! assert_eq!(unknown.unwrap_err().to_string(), "EntityNotFound: The requested resource could not be found");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules that are hidden on this page belong to the program `specularite`. Their interfaces are not stable.
//!
//! <!-- A module uses only modules that follow it in docs/ARCHITECTURE.md. tests/it/architecture.rs checks this. -->

#[doc(hidden)]
pub mod ca;
#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod client;
pub mod clock;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod content;
#[doc(hidden)]
pub mod data_dir;
#[cfg(feature = "onelake")]
#[doc(hidden)]
pub mod delta;
#[doc(hidden)]
pub mod demo;
mod disconnect;
#[doc(hidden)]
pub mod emulator;
#[doc(hidden)]
pub mod entra;
#[doc(hidden)]
pub mod environment;
mod events;
#[doc(hidden)]
pub mod fabric;
#[doc(hidden)]
pub mod hosts;
#[doc(hidden)]
pub mod http;
mod identification;
mod idle;
#[doc(hidden)]
pub mod ids;
#[doc(hidden)]
pub mod in_flight;
#[doc(hidden)]
pub mod item_folder;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod maybe_ready;
#[doc(hidden)]
pub mod memory;
#[doc(hidden)]
pub mod notify;
#[doc(hidden)]
pub mod proxy;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod scenario_file;
#[doc(hidden)]
pub mod seed;
pub mod server;
#[doc(hidden)]
pub mod sign_in;
#[doc(hidden)]
pub mod signals;
#[doc(hidden)]
pub mod signing;
mod state_file;
#[doc(hidden)]
pub mod tenant;
#[doc(hidden)]
pub mod tls;
#[doc(hidden)]
pub mod traffic;

#[doc(inline)]
pub use self::emulator::{Builder, ControlFrom, Emulator};
#[doc(inline)]
pub use self::fabric::access::Auth;
#[doc(inline)]
pub use self::fabric::pace::Pace;
#[doc(inline)]
pub use self::fabric::settings::Throttle;
#[doc(inline)]
pub use self::fabric::{ErrorCode, FabricError};
#[doc(inline)]
pub use self::http::router;
#[doc(inline)]
pub use self::proxy::OtherHosts;
#[doc(inline)]
pub use self::state_file::{StateError, StateSync};
#[doc(inline)]
pub use self::tenant::Tenant;

/// Control commands: changes of a tenant that the Fabric API does not offer.
pub mod control {
    #[doc(inline)]
    pub use crate::fabric::capacity::{CapacityDeclaration, CapacityState};
    #[doc(inline)]
    pub use crate::fabric::connection::declaration::ConnectionDeclaration;
    #[doc(inline)]
    pub use crate::fabric::control::ControlCommand;
    #[doc(inline)]
    pub use crate::fabric::fault::{Counter, Fault, FaultRule};
    #[doc(inline)]
    pub use crate::fabric::gateway::GatewayType;
    #[doc(inline)]
    pub use crate::fabric::gateway::declaration::{GatewayDeclaration, MemberDeclaration};
    #[doc(inline)]
    pub use crate::fabric::git::declaration::{BranchDeclaration, FileDeclaration, RepositoryDeclaration};
    #[doc(inline)]
    pub use crate::fabric::mirroring::declaration::{SourceDeclaration, TableDeclaration};
    #[doc(inline)]
    pub use crate::fabric::mirroring::source::ObjectType;
    #[doc(inline)]
    pub use crate::fabric::mirroring::trouble::{End, Start, TroubleKind};
    #[doc(inline)]
    pub use crate::fabric::mirroring::trouble_request::{
        DetailsRequest, ErrorRequest, NewTrouble, TableRequest, TargetRequest,
    };
    #[doc(inline)]
    pub use crate::fabric::pace::{Durations, Step};
    #[doc(inline)]
    pub use crate::fabric::principal::{Details, DirectoryEntry, Principal, PrincipalType};
    #[doc(inline)]
    pub use crate::fabric::settings::{Settings, SettingsChange};
    #[doc(inline)]
    pub use crate::fabric::tag::NewTag;
    #[doc(inline)]
    pub use crate::ids::{CapacityId, ConnectionId, FaultId, GatewayId, PrincipalId, SourceId, TagId, TroubleId};
}
