//! Warehouses: creation, restore points and SQL pools. A restore changes nothing, because a warehouse has no data
//! (docs/fidelity.md#warehouses).
//!
//! Fabric formerly created warehouses in a long-running operation. The behaviour `warehouseCreation` restores this.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::hooks::{Creation, KindHooks, Preparation};
use super::state::{KindChange, KindState};
use crate::fabric::behaviours::WarehouseCreation;
use crate::fabric::item::Item;
use crate::fabric::operation::{self, PendingResult, Progress};
use crate::fabric::page::Position;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};

/// The duration of the former long-running operation at the realistic pace.
const CREATION_TIME: SignedDuration = SignedDuration::from_millis(9_100);
/// The duration of the creation of a restore point at the realistic pace (guessed).
const RESTORE_POINT_TIME: SignedDuration = SignedDuration::from_secs(10);
/// The duration of a restore at the realistic pace (guessed).
const RESTORE_TIME: SignedDuration = SignedDuration::from_mins(2);
/// The time for which a restore point is kept (documented: 30 days).
const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The interval of the restore points that the service creates (documented).
const SYSTEM_POINTS_EVERY: SignedDuration = SignedDuration::from_hours(8);
/// The maximum number of restore points that clients have created in a warehouse (guessed).
pub const RESTORE_POINTS_MAX: usize = 200;
/// The maximum length of the name of a restore point, in characters (documented).
pub const RESTORE_POINT_NAME_MAX: usize = 128;
/// The maximum length of the description of a restore point, in characters (documented).
pub const RESTORE_POINT_DESCRIPTION_MAX: usize = 512;
/// The name of a restore point that has no other name.
const RESTORE_POINT: &str = "Restore point";

pub(super) const HOOKS: KindHooks = KindHooks { prepare, state: new_state, ..KindHooks::DEFAULT };

fn new_state() -> KindState {
    KindState::Warehouse { audit: None, restore_points: Vec::new(), restoring_until: None }
}

fn prepare(creation: &Creation<'_>, preparation: &mut Preparation) -> Result<(), FabricError> {
    if creation.state.settings.behaviours.warehouse_creation == WarehouseCreation::Operation {
        preparation.operation_time = Some(CREATION_TIME);
    }
    Ok(())
}

/// The id of a restore point: the instant of its creation, in milliseconds since 1970 (documented by examples).
pub type RestorePointId = i64;

/// A restore point of a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestorePoint {
    /// The id.
    pub id: RestorePointId,
    /// The name.
    pub display_name: String,
    /// The description.
    pub description: String,
    /// The instant of the creation.
    pub created_at: Timestamp,
    /// The instant from which the restore point exists.
    pub from: Timestamp,
    /// The principal that created the restore point; `None` for the service.
    pub initiator: Option<Principal>,
}

impl RestorePoint {
    fn of_system(at: Timestamp) -> Self {
        Self {
            id: at.as_millisecond(),
            display_name: RESTORE_POINT.into(),
            description: String::new(),
            created_at: at,
            from: at,
            initiator: None,
        }
    }

    /// Returns the position of the restore point in a list.
    pub fn position(&self) -> Position {
        Position::try_from(self.id).unwrap_or_default()
    }

    fn exists(&self, now: Timestamp) -> bool {
        self.from <= now && !self.is_expired(now)
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        later(self.created_at, RETENTION) <= now
    }

    fn check(&self) -> Result<(), FabricError> {
        let length = self.display_name.chars().count();
        if length == 0 || length > RESTORE_POINT_NAME_MAX {
            return Err(FabricError::invalid_input(format!(
                "The field DisplayName must have 1 to {RESTORE_POINT_NAME_MAX} characters."
            )));
        }
        if self.description.chars().count() > RESTORE_POINT_DESCRIPTION_MAX {
            return Err(FabricError::invalid_input(format!(
                "The field Description has at most {RESTORE_POINT_DESCRIPTION_MAX} characters."
            )));
        }
        Ok(())
    }
}

/// The name and the description of a restore point, in a request to create or update it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each member is named after its value")]
pub struct RestorePointRequest {
    pub display_name: Option<String>,
    pub description: Option<String>,
}

/// Returns the restore points of a warehouse at `now`, the oldest first: those of clients, and those that the service has
/// created every eight hours since the creation of the warehouse (documented).
pub fn restore_points(item: &Item, now: Timestamp) -> Vec<RestorePoint> {
    let of_clients = created(item).iter().filter(|point| point.exists(now)).cloned();
    let mut points: Vec<RestorePoint> = of_clients.chain(system_points(item, now)).collect();
    points.sort_by_key(|point| point.id);
    points
}

fn system_points(item: &Item, now: Timestamp) -> impl Iterator<Item = RestorePoint> {
    let age = now.duration_since(item.visible_from).as_secs().max(0);
    let count = age / SYSTEM_POINTS_EVERY.as_secs();
    let kept = RETENTION.as_secs() / SYSTEM_POINTS_EVERY.as_secs();
    let from = item.visible_from;
    let points = ((count - kept).max(0) + 1..=count).map(move |n| {
        RestorePoint::of_system(later(from, SignedDuration::from_secs(n * SYSTEM_POINTS_EVERY.as_secs())))
    });
    points.filter(move |point| point.exists(now))
}

fn created(item: &Item) -> &[RestorePoint] {
    match &item.kind_state {
        KindState::Warehouse { restore_points, .. } => restore_points,
        _ => &[],
    }
}

/// Returns a restore point.
pub fn restore_point(item: &Item, id: &str, now: Timestamp) -> Result<RestorePoint, FabricError> {
    let number: Option<RestorePointId> = id.parse().ok();
    let found = restore_points(item, now).into_iter().find(|point| Some(point.id) == number);
    found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("RestorePoint", id))
}

/// Creates a restore point, as a long-running operation. Rejects the request while another is being created (documented;
/// the code is guessed).
pub fn create_restore_point(
    state: &State,
    within: &Workspace,
    item: &Item,
    request: RestorePointRequest,
    caller: Principal,
    now: Timestamp,
) -> Decision<Progress<()>> {
    state.check_capacity(within)?;
    if created(item).iter().any(|point| now < point.from) {
        return Err(busy("A restore point is being created."));
    }
    if created(item).iter().filter(|point| !point.is_expired(now)).count() >= RESTORE_POINTS_MAX {
        return Err(FabricError::invalid_input(format!(
            "A warehouse has at most {RESTORE_POINTS_MAX} restore points."
        )));
    }
    let begin = |result| operation::begin(state, within.id, Role::Contributor, RESTORE_POINT_TIME, result, now);
    let point = RestorePoint {
        id: free_id(item, now),
        display_name: request.display_name.unwrap_or_else(|| RESTORE_POINT.into()),
        description: request.description.unwrap_or_default(),
        created_at: now,
        from: begin(PendingResult::Nothing).ends_at,
        initiator: Some(caller),
    };
    point.check()?;
    let operation = begin(PendingResult::RestorePoint(point.clone()));
    Ok(operation.after(vec![changed(within, item, KindChange::RestorePointSet { point })]))
}

/// Returns the id of a restore point that is created at `now`. It is later than all others.
fn free_id(item: &Item, now: Timestamp) -> RestorePointId {
    let last = created(item).iter().map(|point| point.id).chain(system_points(item, now).map(|point| point.id)).max();
    last.map_or(now.as_millisecond(), |last| now.as_millisecond().max(last + 1))
}

/// Updates the name and the description of a restore point.
pub fn update_restore_point(
    within: &Workspace,
    item: &Item,
    id: &str,
    request: RestorePointRequest,
    now: Timestamp,
) -> Decision<RestorePoint> {
    let mut point = of_client(item, id, now)?;
    point.display_name = request.display_name.unwrap_or(point.display_name);
    point.description = request.description.unwrap_or(point.description);
    point.check()?;
    Ok((vec![changed(within, item, KindChange::RestorePointSet { point: point.clone() })], point))
}

/// Deletes a restore point.
pub fn delete_restore_point(within: &Workspace, item: &Item, id: &str, now: Timestamp) -> Decision<()> {
    let id = of_client(item, id, now)?.id;
    Ok((vec![changed(within, item, KindChange::RestorePointDeleted { id })], ()))
}

/// Returns a restore point that a client created. Those of the service cannot be changed (documented for the deletion; the
/// code is guessed).
fn of_client(item: &Item, id: &str, now: Timestamp) -> Result<RestorePoint, FabricError> {
    let point = restore_point(item, id, now)?;
    if point.initiator.is_none() {
        return Err(FabricError::new(ErrorCode::InvalidRequest)
            .message("A restore point that the system created cannot be changed.")
            .about("RestorePoint", point.id));
    }
    Ok(point)
}

/// Restores a warehouse in place, as a long-running operation. Rejects the request while another restore is in progress
/// (documented; the code is guessed).
pub fn restore(state: &State, within: &Workspace, item: &Item, id: &str, now: Timestamp) -> Decision<Progress<()>> {
    state.check_capacity(within)?;
    restore_point(item, id, now)?;
    if matches!(item.kind_state, KindState::Warehouse { restoring_until: Some(until), .. } if now < until) {
        return Err(busy("The warehouse is being restored."));
    }
    let operation = operation::begin(state, within.id, Role::Admin, RESTORE_TIME, PendingResult::Nothing, now);
    let until = operation.ends_at;
    Ok(operation.after(vec![changed(within, item, KindChange::WarehouseRestored { until })]))
}

fn busy(message: &'static str) -> FabricError {
    FabricError::new(ErrorCode::OperationNotAllowedInCurrentStatus).message(message)
}

fn changed(within: &Workspace, item: &Item, change: KindChange) -> Fact {
    Fact::KindStateChanged { workspace: within.id, id: item.id, changes: vec![change] }
}
