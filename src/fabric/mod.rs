//! Fabric as it behaves: what may be asked, what is refused, and what is so at an instant.
//!
//! Nothing here reads a clock, waits, logs, or knows HTTP. A decision takes the state and answers with facts or with a
//! refusal ([`FabricError`]); [`State::apply`] is the one place where facts change the state; every instant is an argument.

pub mod access;
mod as_list;
pub mod behaviours;
pub mod capacity;
pub mod connection;
pub mod control;
pub mod error;
pub mod fact;
pub mod folder;
mod instant;
pub mod item;
pub mod json;
pub mod mirroring;
pub mod name;
pub mod operation;
pub mod ordered;
pub mod pace;
pub mod page;
pub mod principal;
pub mod role;
pub mod search;
pub mod settings;
pub mod state;
pub mod tag;
pub mod throttle;
pub mod upcoming;
pub mod workspace;

pub use self::error::{ErrorCode, FabricError};
pub use self::fact::{DatedFact, Decision, Fact};
pub(crate) use self::instant::later;
pub use self::state::State;
