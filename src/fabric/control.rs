//! Control commands: changes to a tenant that Fabric's API cannot make, and the validation of these changes.
//!
//! The control interface, the command line and the Rust API use the same commands.

use std::sync::Arc;

use jiff::Timestamp;

use crate::fabric::capacity::{self, CapacityDeclaration, CapacityState};
use crate::fabric::connection::declaration::{self as connection, ConnectionDeclaration};
use crate::fabric::fault::{self, FaultRule};
use crate::fabric::gateway::declaration::{self as gateway, GatewayDeclaration};
use crate::fabric::git::declaration::{self as git, RepositoryDeclaration};
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::mirroring::trouble::End;
use crate::fabric::mirroring::trouble_request::NewTrouble;
use crate::fabric::principal::{self, DirectoryEntry};
use crate::fabric::settings::SettingsChange;
use crate::fabric::tag::{self, NewTag};
use crate::fabric::{Decision, Fact, State, trouble};
use crate::ids::{CapacityId, ConnectionId, FaultId, PrincipalId, SourceId, TroubleId};

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
    /// Declares the tables of the source of a connection or an open mirror. The declared tables replace the current
    /// tables, and the declared trouble replaces the trouble of the declaration before.
    DeclareSource {
        /// The connection or open mirror.
        id: SourceId,
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
    /// Adds gateways that the API cannot create to the tenant. Replaces existing gateways with the same id.
    DeclareGateways(Vec<GatewayDeclaration>),
    /// Pushes commits to branches of Git repositories. Creates missing repositories and branches.
    PushGit(Vec<RepositoryDeclaration>),
    /// Adds a capacity, or replaces the capacity with the same id.
    DeclareCapacity {
        /// The id of the capacity.
        id: CapacityId,
        /// The capacity.
        capacity: CapacityDeclaration,
    },
    /// Adds a connection that the API cannot make, or replaces the connection with the same id.
    DeclareConnection {
        /// The id of the connection.
        id: ConnectionId,
        /// The connection.
        connection: ConnectionDeclaration,
    },
    /// Plans trouble in an item, table or source.
    PlanTrouble(Box<NewTrouble>),
    /// Changes the end of a trouble that has not ended.
    ChangeTrouble {
        /// The trouble.
        id: TroubleId,
        /// The new end.
        ends: End,
    },
    /// Deletes a trouble. Active trouble ends now.
    RemoveTrouble(TroubleId),
    /// Pauses or resumes a capacity.
    ChangeCapacity {
        /// The capacity.
        id: CapacityId,
        /// The new state of the capacity.
        state: CapacityState,
    },
    /// Adds a fault rule.
    AddFault(Box<FaultRule>),
    /// Enables or disables a fault rule.
    SwitchFault {
        /// The rule.
        id: FaultId,
        /// `true` to enable the rule.
        enabled: bool,
    },
    /// Deletes a fault rule.
    DeleteFault(FaultId),
    /// Deletes all fault rules.
    DeleteFaults,
}

impl ControlCommand {
    /// Returns the facts that the command causes at `now`.
    ///
    /// # Errors
    ///
    /// Returns an error if a value is out of range, a name is unknown or in use, or a referenced resource does not
    /// exist.
    pub fn decide(self, state: &State, now: Timestamp) -> Decision<()> {
        match self {
            Self::ChangeSettings(change) => {
                Ok((vec![Fact::SettingsChanged(state.settings.clone().changed(change)?)], ()))
            }
            Self::DeclareSource { id, mut source } => {
                let troubles = std::mem::take(&mut source.trouble);
                let declaration = Arc::new(source.try_into()?);
                state.check_source(id)?;
                let declared = Fact::SourceDeclared { source: id, declaration };
                let troubles = trouble::declare(state, id, troubles, now)?;
                Ok((std::iter::once(declared).chain(troubles).collect(), ()))
            }
            Self::DeclarePrincipals { entries, secrets } => principal::declare(state, entries, secrets),
            Self::DeclareTags(tags) => tag::declare(state, tags),
            Self::DeclareGateways(gateways) => gateway::declare(state, gateways),
            Self::PushGit(repositories) => git::declare(state, repositories, now),
            Self::DeclareCapacity { id, capacity } => capacity::declare(state, id, capacity),
            Self::DeclareConnection { id, connection } => connection::declare(state, id, connection),
            Self::PlanTrouble(new) => trouble::add(state, *new, now).map(|(facts, _)| (facts, ())),
            Self::ChangeTrouble { id, ends } => trouble::change(state, &id.to_string(), ends, now),
            Self::RemoveTrouble(id) => trouble::remove(state, &id.to_string(), now),
            Self::ChangeCapacity { id, state: to } => capacity::change(state, id, to),
            Self::AddFault(rule) => fault::add(state, *rule).map(|(facts, _)| (facts, ())),
            Self::SwitchFault { id, enabled } => fault::switch(state, id, enabled),
            Self::DeleteFault(id) => fault::delete(state, id),
            Self::DeleteFaults => fault::delete_all(state),
        }
    }
}
