//! The state machine of a mirrored database (docs/fidelity.md#mirroring-states).
//!
//! ```text
//! create                        → Initializing → Initialized
//! Initialized, Stopped · start  → Starting → Running            (or back to Initialized, with an error)
//! Running · stop                → Stopping → Stopped
//! Starting, Running · capacity paused           → Paused
//! Paused · start                → Starting → Running            (resumes its tables)
//! ```
//!
//! Starts and stops are accepted only in stable statuses. A transient status ends without a request, at an instant that
//! is fixed when the status begins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::timeline::Reason;
use super::{LifecycleEvent, MirroringConfig, MirroringError, Replication};
use crate::fabric::behaviours::{Behaviours, StartWhileRunning, StopWhileNotRunning};
use crate::fabric::error::{ErrorCode, FabricError};
use crate::fabric::instant::later;
use crate::ids::TroubleId;

/// The status of a mirrored database, in the spelling of `getMirroringStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MirroringStatus {
    /// The SQL endpoint is being provisioned. Transient.
    Initializing,
    /// Mirroring is ready to start.
    Initialized,
    /// The replicator is starting. Transient.
    Starting,
    /// The replicator is running.
    Running,
    /// The capacity was paused. The next start resumes replication.
    Paused,
    /// The replicator is stopping. Transient.
    Stopping,
    /// The replicator is stopped.
    Stopped,
}

impl MirroringStatus {
    /// Returns the name of the status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "Initializing",
            Self::Initialized => "Initialized",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }

    /// Returns `true` for `Initialized` and `Stopped`. In these statuses, replication is neither active, upcoming nor
    /// paused, so the connection, the database and the default schema may change.
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Initialized | Self::Stopped)
    }
}

/// A status, the error beside the status, and the status that follows without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase<'a> {
    /// The status.
    pub status: MirroringStatus,
    /// The error of the last start, if the start failed, or of a trouble.
    pub error: Option<&'a MirroringError>,
    /// The trouble that shows the error.
    pub trouble: Option<TroubleId>,
    /// The reason for the status and the error.
    pub reason: Reason,
    /// The next instant at which the status or the error changes without a request, and the status that follows.
    pub gives_way: Option<(Timestamp, MirroringStatus)>,
}

impl<'a> Replication<'a> {
    /// Returns the phase at `now`. Ignores events after `now`.
    pub fn phase_at(&self, now: Timestamp) -> Phase<'a> {
        let index = self.log.lifecycle.partition_point(|(at, _)| *at <= now).saturating_sub(1);
        let last = &self.log.lifecycle[index].1;
        let due = self.due(index);
        let failed = self.windows.failed(index);
        let (follows, error) = match failed {
            Some(window) => (MirroringStatus::Initialized, window.error),
            None => last.outcome(),
        };
        if now < due {
            let gives_way = (due < Timestamp::MAX).then_some((due, follows));
            return Phase { status: last.transient(), error: None, trouble: None, reason: last.reason(), gives_way };
        }
        let running = follows == MirroringStatus::Running;
        let window = failed.or_else(|| self.windows.database_error(now).filter(|_| running));
        let next = self.windows.next_database_error(now).filter(|_| running);
        Phase {
            status: follows,
            error: window.map_or(error, |window| window.error),
            trouble: window.and_then(|window| window.trouble),
            reason: if window.is_some() { Reason::Trouble } else { last.reason() },
            gives_way: next.map(|at| (at, follows)),
        }
    }

    /// Returns the end of the transient status that begins with the event with this index.
    pub(super) fn due(&self, index: usize) -> Timestamp {
        let (at, event) = &self.log.lifecycle[index];
        self.windows.due(index).unwrap_or_else(|| later(*at, event.takes()))
    }

    /// Returns the status at `now`.
    pub fn status_at(&self, now: Timestamp) -> MirroringStatus {
        self.phase_at(now).status
    }

    /// Returns `true` if a start must be recorded, and `false` if the start has no effect. Rejects a start that the
    /// status does not allow.
    pub fn may_start(&self, behaviours: &Behaviours, now: Timestamp) -> Result<bool, FabricError> {
        match (self.status_at(now), behaviours.start_while_running) {
            (MirroringStatus::Initialized | MirroringStatus::Paused | MirroringStatus::Stopped, _) => Ok(true),
            (MirroringStatus::Running, StartWhileRunning::Accept) => Ok(false),
            (status, _) => Err(not_allowed_in(status)),
        }
    }

    /// Returns `true` if a stop must be recorded, and `false` if the stop has no effect. Rejects a stop that the status
    /// does not allow.
    pub fn may_stop(&self, behaviours: &Behaviours, now: Timestamp) -> Result<bool, FabricError> {
        match (self.status_at(now), behaviours.stop_while_not_running) {
            (MirroringStatus::Running, _) => Ok(true),
            (
                MirroringStatus::Initialized | MirroringStatus::Paused | MirroringStatus::Stopped,
                StopWhileNotRunning::Accept,
            ) => Ok(false),
            (status, StopWhileNotRunning::Refuse | StopWhileNotRunning::Accept) => Err(not_allowed_in(status)),
        }
    }

    /// Rejects a definition that changes the type of the source.
    ///
    /// Also rejects a change of the connection, the database or the default schema in statuses other than `Initialized`
    /// and `Stopped`, and a first definition during `Initializing`.
    pub fn check_redefinition(&self, config: &MirroringConfig, now: Timestamp) -> Result<(), FabricError> {
        if let (Some(old), Some(new)) = (self.log.config.source, config.source)
            && old != new
        {
            let (old, new) = (old.spec().name, new.spec().name);
            return Err(FabricError::new(ErrorCode::InvalidDefinitionParts).detail(
                ErrorCode::InvalidDefinitionParts,
                format!(
                    "properties.source.type is {new:?}: {old:?} was expected, as at the creation; another source needs \
                     another item"
                ),
            ));
        }
        let status = self.status_at(now);
        if self.log.config.source.is_none() && status == MirroringStatus::Initializing {
            return Err(ErrorCode::MirroredDatabaseNotReady.into());
        }
        if config.differs_in_location(&self.log.config) && !status.is_at_rest() {
            Err(not_allowed_in(status))
        } else {
            Ok(())
        }
    }
}

/// Returns the error for a request that the status does not allow. Clients search the message of this error for the
/// status.
pub fn not_allowed_in(status: MirroringStatus) -> FabricError {
    let status = status.as_str();
    FabricError::new(ErrorCode::OperationNotAllowedInCurrentStatus)
        .message(format!("The operation is not allowed in the current status: {status}"))
}

impl LifecycleEvent {
    fn transient(&self) -> MirroringStatus {
        match self {
            Self::Created { .. } => MirroringStatus::Initializing,
            Self::Started { .. } => MirroringStatus::Starting,
            Self::Stopped { .. } => MirroringStatus::Stopping,
            Self::Paused { .. } => MirroringStatus::Paused,
        }
    }

    /// Returns the duration of the transient status that begins with the event.
    pub(super) fn takes(&self) -> jiff::SignedDuration {
        match self {
            Self::Created { takes } | Self::Started { takes, .. } | Self::Stopped { takes } => *takes,
            Self::Paused { .. } => jiff::SignedDuration::ZERO,
        }
    }

    /// Returns the reason for the statuses that the event brings about.
    fn reason(&self) -> Reason {
        match self {
            Self::Created { .. } => Reason::Create,
            Self::Started { .. } => Reason::Start,
            Self::Stopped { .. } => Reason::Stop,
            Self::Paused { .. } => Reason::Capacity,
        }
    }

    fn outcome(&self) -> (MirroringStatus, Option<&MirroringError>) {
        match self {
            Self::Created { .. } => (MirroringStatus::Initialized, None),
            Self::Started { error: None, .. } => (MirroringStatus::Running, None),
            Self::Started { error, .. } => (MirroringStatus::Initialized, error.as_ref()),
            Self::Stopped { .. } => (MirroringStatus::Stopped, None),
            Self::Paused { .. } => (MirroringStatus::Paused, None),
        }
    }
}
