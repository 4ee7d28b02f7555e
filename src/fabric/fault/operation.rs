//! Faults in long-running operations: an operation fails, does not end, or takes another time.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::fabric::fault::effect::{DURATION_MAX, check_seconds};
use crate::fabric::item::KindChange;
use crate::fabric::operation::{NewOperation, OperationError, PendingResult};
use crate::fabric::{ErrorCode, Fact, later};

/// A change to the long-running operation that a request begins. Exactly one of `status`, `stalled` and `seconds` is
/// given.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationFault {
    status: Option<FailedStatus>,
    error: Option<GivenError>,
    stalled: Option<bool>,
    seconds: Option<f64>,
}

/// The only status with which a fault can end an operation.
#[derive(Debug, Clone, Copy, Deserialize)]
enum FailedStatus {
    Failed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenError {
    error_code: String,
    message: String,
    #[serde(default)]
    is_retriable: bool,
}

impl OperationFault {
    pub(super) fn check(&self) -> Result<(), String> {
        let given = [self.status.is_some(), self.stalled.is_some(), self.seconds.is_some()];
        if given.into_iter().filter(|is| *is).count() != 1 {
            return Err("effect.operation: expected one of status, stalled and seconds".to_owned());
        }
        if self.error.is_some() && self.status.is_none() {
            return Err("effect.operation.error: needs status".to_owned());
        }
        if self.stalled == Some(false) {
            return Err("effect.operation.stalled: is false, expected true".to_owned());
        }
        self.seconds.map_or(Ok(()), |seconds| check_seconds("effect.operation.seconds", seconds, DURATION_MAX))
    }

    /// Changes the facts of a decision that starts a long-running operation at `now`. Returns `false`, and changes
    /// nothing, if the decision starts none.
    pub fn apply(&self, facts: &mut Vec<Fact>, now: Timestamp) -> bool {
        let begins = |fact: &Fact| if let Fact::OperationStarted(new) = fact { Some(new.clone()) } else { None };
        let Some(operation) = facts.iter().find_map(begins) else { return false };
        match self {
            Self { status: Some(FailedStatus::Failed), .. } => fail(facts, &operation, self.operation_error()),
            Self { seconds: Some(seconds), .. } => {
                let takes = SignedDuration::try_from_secs_f64(*seconds).unwrap_or(SignedDuration::MAX);
                set_end(facts, operation.ends_at, later(now, takes));
            }
            _ => set_end(facts, operation.ends_at, Timestamp::MAX),
        }
        true
    }

    fn operation_error(&self) -> OperationError {
        match &self.error {
            Some(GivenError { error_code, message, is_retriable }) => {
                OperationError { code: error_code.clone(), message: message.clone(), is_retriable: *is_retriable }
            }
            None => OperationError::from(&ErrorCode::UnknownError.into()),
        }
    }
}

/// Makes the operation fail at its usual end. Of the other facts, only the creation of items and a deployment remain: the
/// items are deleted at once, and their names are free when the operation ends; the deployment fails.
fn fail(facts: &mut Vec<Fact>, operation: &NewOperation, error: OperationError) {
    let ends_at = operation.ends_at;
    facts.retain_mut(|fact| match fact {
        Fact::ItemCreated { visible_from, .. } => *visible_from == ends_at,
        Fact::DeploymentStarted { deployment, .. } => {
            deployment.fail(error.clone());
            true
        }
        _ => false,
    });
    let deleted = |fact: &Fact| match fact {
        Fact::ItemCreated { workspace, item, .. } => {
            Some(Fact::ItemDeleted { workspace: *workspace, id: item.id, reserved_until: ends_at })
        }
        _ => None,
    };
    let deleted: Vec<Fact> = facts.iter().filter_map(deleted).collect();
    facts.push(Fact::OperationStarted(NewOperation { result: PendingResult::Failed(error), ..operation.clone() }));
    facts.extend(deleted);
}

/// Moves the end of an operation from `before` to `after`, and with it whatever appears when the operation ends.
fn set_end(facts: &mut [Fact], before: Timestamp, after: Timestamp) {
    for fact in facts {
        match fact {
            Fact::OperationStarted(operation) => {
                operation.ends_at = after;
                if let PendingResult::RestorePoint(point) = &mut operation.result {
                    point.from = after;
                }
            }
            Fact::ItemCreated { visible_from, companions, .. } if *visible_from == before => {
                for companion in companions {
                    companion.visible_from = later(after, companion.visible_from.duration_since(before));
                }
                *visible_from = after;
            }
            Fact::IdentityProvisioned { from, .. } if *from == before => *from = after,
            Fact::DeploymentStarted { deployment, .. } => deployment.ends_at = after,
            Fact::GitSynced { busy_until: Some(until), .. } if *until == before => *until = after,
            Fact::KindStateChanged { changes, .. } => set_end_of_changes(changes, before, after),
            _ => {}
        }
    }
}

/// Moves the end of a catalog's refresh, of a table's load, of the creation of a restore point and of a restore from
/// `before` to `after`.
fn set_end_of_changes(changes: &mut [KindChange], before: Timestamp, after: Timestamp) {
    for change in changes {
        match change {
            KindChange::CatalogSynced { sync } if sync.refreshed_at == Some(before) => sync.refreshed_at = Some(after),
            KindChange::TableLoaded { load } if load.ends_at == before => load.ends_at = after,
            KindChange::RestorePointSet { point } if point.from == before => point.from = after,
            KindChange::WarehouseRestored { until } if *until == before => *until = after,
            _ => {}
        }
    }
}
