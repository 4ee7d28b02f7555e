//! Git integration: the connection of a workspace to a branch of a Git repository, and the synchronization of its items
//! with the branch (docs/fidelity.md#git).
//!
//! The repositories belong to the tenant. They are not those of a Git server: only Fabric and the control interface push to
//! them.

pub mod connection;
pub mod credentials;
pub mod declaration;
pub mod digest;
pub mod provider;
pub mod relation;
pub mod repository;
pub mod settings;
pub mod status;
pub mod sync;
mod tree;
pub mod update;

pub use self::connection::GitConnection;
