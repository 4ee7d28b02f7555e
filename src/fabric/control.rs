//! Control commands: changes that Fabric's API cannot make, with their rules.
//!
//! The control interface, the command line and the Rust API share them.

use std::sync::Arc;

use crate::fabric::capacity::{self, CapacityState};
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::principal::{self, DirectoryEntry};
use crate::fabric::settings::SettingsChange;
use crate::fabric::tag::{self, NewTag};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{CapacityId, ConnectionId, PrincipalId};

/// A change to a tenant that Fabric's API cannot make.
///
/// ```
/// use specularite::control::{ControlCommand, SettingsChange};
/// use specularite::{Emulator, Pace};
///
/// let tenant = Emulator::builder().build().default_tenant();
/// let change = SettingsChange { pace: Some(Pace::Realistic), ..SettingsChange::default() };
/// tenant.control(ControlCommand::ChangeSettings(change))?;
/// assert_eq!(tenant.settings().pace, Pace::Realistic);
/// # Ok::<(), specularite::FabricError>(())
/// ```
#[derive(Debug, Clone)]
pub enum ControlCommand {
    /// Changes the settings.
    ChangeSettings(SettingsChange),
    /// Declares the tables of the source behind a connection. They replace the current ones from now on.
    DeclareSource {
        /// The connection.
        connection: ConnectionId,
        /// Its tables.
        source: SourceDeclaration,
    },
    /// Adds principals to the directory, or replaces existing ones.
    DeclarePrincipals {
        /// The principals.
        entries: Vec<DirectoryEntry>,
        /// The SHA-256 hashes, in base64url, of their secrets. Principals without an entry keep theirs.
        secrets: Vec<(PrincipalId, String)>,
    },
    /// Adds tags to the tenant, or replaces existing ones.
    DeclareTags(Vec<NewTag>),
    /// Pauses or resumes a capacity.
    ChangeCapacity {
        /// The capacity.
        id: CapacityId,
        /// Its new state.
        state: CapacityState,
    },
}

impl ControlCommand {
    /// Decides the facts of the command.
    ///
    /// # Errors
    ///
    /// Returns an error if a value is out of range, a name is unknown or in use, or a referenced resource does not exist.
    pub fn decide(self, state: &State) -> Decision<()> {
        match self {
            Self::ChangeSettings(change) => {
                Ok((vec![Fact::SettingsChanged(state.settings.clone().changed(change)?)], ()))
            }
            Self::DeclareSource { connection, source } => {
                let declaration = Arc::new(source.try_into()?);
                if state.find_connection(connection).is_none() {
                    return Err(FabricError::new(ErrorCode::EntityNotFound).about("Connection", connection));
                }
                Ok((vec![Fact::SourceDeclared { connection, declaration }], ()))
            }
            Self::DeclarePrincipals { entries, secrets } => principal::declare(state, entries, secrets),
            Self::DeclareTags(tags) => tag::declare(state, tags),
            Self::ChangeCapacity { id, state: to } => capacity::change(state, id, to),
        }
    }
}
