//! Control commands: changes to a tenant that Fabric's API cannot make, and the validation of these changes.
//!
//! The control interface, the command line and the Rust API use the same commands.

use std::sync::Arc;

use crate::fabric::capacity::{self, CapacityState};
use crate::fabric::fault::{self, FaultRule};
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::principal::{self, DirectoryEntry};
use crate::fabric::settings::SettingsChange;
use crate::fabric::tag::{self, NewTag};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{CapacityId, ConnectionId, FaultId, PrincipalId};

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
    /// Declares the tables of the source behind a connection. The declared tables replace the current tables.
    DeclareSource {
        /// The connection.
        connection: ConnectionId,
        /// The tables of the source.
        source: SourceDeclaration,
    },
    /// Adds principals to the directory. Replaces existing principals with the same id.
    DeclarePrincipals {
        /// The principals.
        entries: Vec<DirectoryEntry>,
        /// The SHA-256 hashes of the principals' secrets, in base64url. A principal without an entry keeps its current
        /// secret.
        secrets: Vec<(PrincipalId, String)>,
    },
    /// Adds tags to the tenant. Replaces existing tags with the same id.
    DeclareTags(Vec<NewTag>),
    /// Pauses or resumes a capacity.
    ChangeCapacity {
        /// The capacity.
        id: CapacityId,
        /// The new state of the capacity.
        state: CapacityState,
    },
    /// Adds a rule for faults.
    AddFault(Box<FaultRule>),
    /// Enables or disables a rule for faults.
    SwitchFault {
        /// The rule.
        id: FaultId,
        /// `true` to enable the rule.
        enabled: bool,
    },
    /// Deletes a rule for faults.
    DeleteFault(FaultId),
    /// Deletes all rules for faults.
    DeleteFaults,
}

impl ControlCommand {
    /// Returns the facts that the command causes.
    ///
    /// # Errors
    ///
    /// Returns an error if a value is out of range, a name is unknown or in use, or a referenced resource does not
    /// exist.
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
            Self::AddFault(rule) => fault::add(state, *rule).map(|(facts, _)| (facts, ())),
            Self::SwitchFault { id, enabled } => fault::switch(state, id, enabled),
            Self::DeleteFault(id) => fault::delete(state, id),
            Self::DeleteFaults => fault::delete_all(state),
        }
    }
}
