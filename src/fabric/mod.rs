//! The rules of Fabric: decisions about requests, errors, and the state of a tenant at an instant.
//!
//! The code in this module does not read a clock, wait, log, or use HTTP types. Every instant is an argument. A
//! decision reads the state and returns facts or an error ([`FabricError`]). Only [`State::apply`] changes the state.

pub mod access;
mod as_list;
pub mod assignments;
pub mod behaviours;
pub mod capacity;
pub mod changes;
pub mod connection;
pub mod control;
pub mod deployment_pipeline;
pub mod domain;
pub mod encryption;
pub mod error;
mod excerpt;
pub mod external_data_share;
pub mod fact;
pub mod fault;
pub mod folder;
pub mod gateway;
pub mod git;
mod instant;
pub mod integrity;
pub mod inventory;
pub mod item;
pub mod job;
pub mod json;
pub mod landing;
pub mod managed_private_endpoint;
pub mod mirroring;
pub mod name;
pub mod networking;
pub mod onelake;
pub mod onelake_settings;
pub mod operation;
pub mod operations;
pub mod ordered;
pub mod overview;
pub mod pace;
pub mod page;
pub mod pattern;
pub mod principal;
pub mod role;
pub mod scenario;
pub mod search;
pub mod settings;
pub mod spark;
pub mod sql_pools;
pub mod state;
pub mod tag;
pub mod tenant_setting;
pub mod throttle;
pub mod timeline;
pub mod trouble;
pub mod trouble_view;
pub mod troubles;
pub mod upcoming;
pub mod weight;
pub mod workspace;
mod workspaces;

pub use self::error::{ErrorCode, FabricError};
pub use self::fact::{DatedFact, Decision, Fact};
pub(crate) use self::instant::later;
pub use self::state::State;
