//! SQL databases: creation, backups, restores and mirroring (docs/fidelity.md#sql-databases). Mirroring starts at the
//! creation.

mod dacpac;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ItemKind;
use super::hooks::{Creation, KindHooks, Preparation};
use super::state::KindState;
use crate::fabric::behaviours::SqlDatabaseCreation;
use crate::fabric::item::addresses::base32;
use crate::fabric::item::{Definition, Item, companions};
use crate::fabric::mirroring::MirroringStatus;
use crate::fabric::mirroring::timeline::{self, Reason, Span};
use crate::fabric::page::Position;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State, later};
use crate::ids::{ItemId, WorkspaceId};

/// The default retention of backups, in days.
const RETENTION_DAYS: u32 = 7;
/// The maximum retention of backups, in days.
const RETENTION_DAYS_MAX: u32 = 35;
/// The default collation.
const COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";
/// The interval at which the latest restore point advances (guessed: the interval of log backups).
const BACKUP_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// The duration of a restore at the realistic pace. Durations of 380 to 394 s were seen.
const RESTORE_TIME: SignedDuration = SignedDuration::from_secs(387);
/// The maximum number of starts and stops of mirroring in the log. The oldest entries are dropped.
const SWITCHES_MAX: usize = 1_000;
/// The maximum number of deleted databases that a workspace keeps. The oldest are dropped.
pub(in crate::fabric) const DELETED_MAX: usize = 100;
/// The maximum length of a collation's name, in characters.
const COLLATION_MAX: usize = 128;
/// The values of `creationMode` in the spelling of Microsoft's API description. Requests may use any case, as in all
/// enumerations.
const CREATION_MODES: [&str; 3] = ["New", "Restore", "RestoreDeletedDatabase"];

pub(super) const HOOKS: KindHooks = KindHooks {
    authorize,
    prepare,
    state: || KindState::SqlDatabase { audit: None },
    companions: companions::sql_endpoint,
    default_definition: dacpac::default_definition,
    ..KindHooks::DEFAULT
};

/// The settings of a SQL database, and the log of its mirroring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqlDatabase {
    /// The retention of backups, in days.
    pub backup_retention_days: u32,
    /// The collation.
    pub collation: String,
    created_at: Timestamp,
    first_backup_at: Timestamp,
    /// The log of starts and stops by clients: the instant, the direction and the duration. Without an entry, mirroring
    /// is on.
    switches: Vec<(Timestamp, MirroringSwitch, SignedDuration)>,
}

/// A start or a stop of mirroring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MirroringSwitch {
    /// A start of mirroring.
    On,
    /// A stop of mirroring.
    Off,
}

/// The range of instants to which a database can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestorePoints {
    /// The earliest instant.
    pub earliest: Timestamp,
    /// The latest instant.
    pub latest: Timestamp,
}

/// A deleted database that can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedDatabase {
    /// The id that the database had as an item.
    pub id: ItemId,
    /// The name of the database on its server.
    pub database_name: String,
    /// The instant of the deletion.
    pub deleted_at: Timestamp,
    /// The instants to which the database can be restored.
    pub points: RestorePoints,
    database: SqlDatabase,
    definition: Option<Arc<Definition>>,
}

/// The `creationPayload` of a request to create a SQL database.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "creationMode", rename_all_fields = "camelCase")]
enum CreationPayload {
    New { backup_retention_days: Option<u32>, collation: Option<String> },
    Restore { restore_point_in_time: Option<Timestamp>, source_database_reference: Option<ItemReference> },
    RestoreDeletedDatabase { restore_point_in_time: Timestamp, restorable_deleted_database_name: String },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemReference {
    item_id: String,
    workspace_id: String,
}

/// Rejects callers without the role Member if `behaviours.sqlDatabaseCreation` is `Member`. Microsoft's API description
/// requires only Contributor.
fn authorize(creation: &Creation<'_>) -> Result<(), FabricError> {
    match creation.state.settings.behaviours.sql_database_creation {
        SqlDatabaseCreation::Member => creation.within.check_role(creation.caller, Role::Member),
        SqlDatabaseCreation::Contributor => Ok(()),
    }
}

/// Reads the settings of a new database from the creation payload.
///
/// Rejects a restore point in the future. Does not check the restore point against the restore points of the source
/// database.
fn prepare(creation: &Creation<'_>, preparation: &mut Preparation) -> Result<(), FabricError> {
    let Creation { state, within, caller, now, .. } = *creation;
    preparation.ready_in = state.settings.timing().first_backup();
    let default = NewSqlDatabase { backup_retention_days: RETENTION_DAYS, collation: COLLATION.into() };
    let Some(payload) = creation.payload else {
        preparation.sql_database = Some(default);
        return Ok(());
    };
    let payload = CreationPayload::deserialize(with_known_mode(payload.clone()))
        .map_err(|why| FabricError::invalid_input(format!("The CreationPayload field is not valid: {why}.")))?;
    let (source, definition) = match payload {
        CreationPayload::New { backup_retention_days, collation } => {
            let backup_retention_days = backup_retention_days.unwrap_or(RETENTION_DAYS);
            if !(1..=RETENTION_DAYS_MAX).contains(&backup_retention_days) {
                return Err(FabricError::invalid_input(format!(
                    "The field BackupRetentionDays must be between 1 and {RETENTION_DAYS_MAX}."
                )));
            }
            let collation = collation.unwrap_or(default.collation);
            let is_short = !collation.is_empty() && collation.len() <= COLLATION_MAX;
            if !is_short || !collation.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(FabricError::invalid_input("The field Collation is not the name of a collation."));
            }
            preparation.sql_database = Some(NewSqlDatabase { backup_retention_days, collation });
            return Ok(());
        }
        CreationPayload::Restore { restore_point_in_time, source_database_reference } => {
            check_past(restore_point_in_time, now)?;
            let source = source_database_reference
                .ok_or_else(|| FabricError::invalid_input("The SourceDatabaseReference field is required."))?;
            let item = find(state, &source, caller, now)?;
            (item.sql_database()?, &item.definition)
        }
        CreationPayload::RestoreDeletedDatabase { restore_point_in_time, restorable_deleted_database_name: name } => {
            check_past(Some(restore_point_in_time), now)?;
            // The number after the last comma is the instant of the deletion. It is ignored, because the name before
            // the comma is unique.
            let database_name = name.rsplit_once(',').map_or(name.as_str(), |(name, _)| name);
            let deleted =
                within.restorable(now).find(|deleted| deleted.database_name.eq_ignore_ascii_case(database_name));
            let deleted = deleted.ok_or_else(|| {
                FabricError::invalid_input(format!("No deleted database {name:?} can be restored in this workspace."))
            })?;
            (&deleted.database, &deleted.definition)
        }
    };
    preparation.operation_time = Some(RESTORE_TIME);
    preparation.sql_database = Some(NewSqlDatabase::like(source));
    preparation.inherited = definition.clone();
    Ok(())
}

/// Returns the payload with `creationMode` in the spelling of Microsoft's API description.
fn with_known_mode(mut payload: Value) -> Value {
    let given = payload.get("creationMode").and_then(Value::as_str).unwrap_or_default();
    if let Some(known) = CREATION_MODES.iter().find(|known| known.eq_ignore_ascii_case(given)) {
        payload["creationMode"] = (*known).into();
    }
    payload
}

fn check_past(point: Option<Timestamp>, now: Timestamp) -> Result<(), FabricError> {
    match point {
        Some(point) if point <= now => Ok(()),
        Some(_) => Err(FabricError::invalid_input("The RestorePointInTime field is an instant that is yet to come.")),
        None => Err(FabricError::invalid_input("The RestorePointInTime field is required.")),
    }
}

/// Returns the source database of a restore. Rejects callers without the role Contributor in the workspace of the
/// source database.
fn find<'s>(
    state: &'s State,
    reference: &ItemReference,
    caller: Principal,
    now: Timestamp,
) -> Result<&'s Item, FabricError> {
    let missing = || FabricError::no_item(&reference.item_id);
    let workspace: WorkspaceId = reference.workspace_id.parse().map_err(|_| missing())?;
    let item: ItemId = reference.item_id.parse().map_err(|_| missing())?;
    let workspace = state.workspace(workspace).ok().filter(|it| it.role_of(caller).is_some()).ok_or_else(missing)?;
    workspace.check_role(caller, Role::Contributor)?;
    state.check_capacity(workspace)?;
    workspace.item_of(ItemKind::SQLDatabase, item, now)
}

/// The settings of a new database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSqlDatabase {
    backup_retention_days: u32,
    collation: String,
}

impl NewSqlDatabase {
    fn like(database: &SqlDatabase) -> Self {
        let SqlDatabase { backup_retention_days, ref collation, .. } = *database;
        Self { backup_retention_days, collation: collation.clone() }
    }
}

impl SqlDatabase {
    /// Creates a database that becomes visible at `created_at`.
    pub(in crate::fabric) fn created(
        new: NewSqlDatabase,
        created_at: Timestamp,
        first_backup_in: SignedDuration,
    ) -> Self {
        let NewSqlDatabase { backup_retention_days, collation } = new;
        let first_backup_at = later(created_at, first_backup_in);
        Self { backup_retention_days, collation, created_at, first_backup_at, switches: Vec::new() }
    }

    /// Records a start or a stop of mirroring. `takes` is its duration.
    pub(in crate::fabric) fn switched(&mut self, at: Timestamp, to: MirroringSwitch, takes: SignedDuration) {
        self.switches.push((at, to, takes));
        if self.switches.len() > SWITCHES_MAX {
            self.switches.remove(0);
        }
    }

    /// Returns the database without the log of its mirroring.
    pub(in crate::fabric::item) fn outline(&self) -> Self {
        Self { collation: self.collation.clone(), switches: Vec::new(), ..*self }
    }

    /// Returns `true` unless the last entry in the log is a stop of mirroring.
    pub(in crate::fabric) fn is_mirrored(&self) -> bool {
        self.switches.last().is_none_or(|(_, switch, _)| *switch == MirroringSwitch::On)
    }

    /// Returns the instants to which the database can be restored; `None` before the first backup.
    pub fn restore_points(&self, now: Timestamp) -> Option<RestorePoints> {
        if now < self.first_backup_at {
            return None;
        }
        let kept = SignedDuration::from_hours(24 * i64::from(self.backup_retention_days));
        let earliest = now.checked_sub(kept).map_or(self.first_backup_at, |oldest| oldest.max(self.first_backup_at));
        let steps = now.duration_since(self.first_backup_at).as_secs() / BACKUP_EVERY.as_secs();
        let latest = later(self.first_backup_at, SignedDuration::from_secs(steps * BACKUP_EVERY.as_secs()));
        Some(RestorePoints { earliest, latest: latest.max(earliest) })
    }

    /// Returns the record of a deletion at `at`. The latest restore point of the deleted database is `at`.
    pub(in crate::fabric) fn deleted(&self, item: &Item, at: Timestamp) -> DeletedDatabase {
        let earliest = self.restore_points(at).map_or(at, |points| points.earliest);
        DeletedDatabase {
            id: item.id,
            database_name: database_name(item),
            deleted_at: at,
            points: RestorePoints { earliest, latest: at },
            database: self.outline(),
            definition: item.definition.clone(),
        }
    }

    /// Returns the span of the mirroring status that holds from `now` on. Only timelines show this status, because Fabric's
    /// API does not.
    fn span_at(&self, now: Timestamp) -> Span {
        let known = self.switches.iter().rev().find(|(at, ..)| *at <= now).copied();
        let (at, switch, takes) = known.unwrap_or((self.created_at, MirroringSwitch::On, SignedDuration::ZERO));
        let reason = match switch {
            _ if known.is_none() => Reason::Create,
            MirroringSwitch::On => Reason::Start,
            MirroringSwitch::Off => Reason::Stop,
        };
        let (transient, stable) = match switch {
            MirroringSwitch::On => (MirroringStatus::Starting, MirroringStatus::Running),
            MirroringSwitch::Off => (MirroringStatus::Stopping, MirroringStatus::Stopped),
        };
        let due = later(at, takes);
        let (status, to) = if now < due { (transient, Some(due)) } else { (stable, None) };
        Span { status, error: None, reason, trouble: None, from: now, to }
    }

    /// Returns the mirroring statuses since the creation, in order of time.
    pub fn spans(&self) -> Vec<Span> {
        let changes: Vec<Timestamp> =
            std::iter::once(self.created_at).chain(self.switches.iter().map(|(at, ..)| *at)).collect();
        timeline::spans(&changes, |now| self.span_at(now))
    }
}

impl DeletedDatabase {
    /// Returns the name by which a creation payload refers to the deleted database: the name on its server, a comma,
    /// and the instant of the deletion as a Windows file time.
    pub fn restorable_name(&self) -> String {
        const TICKS_FROM_1601_TO_1970: i128 = 116_444_736_000_000_000;
        let ticks = TICKS_FROM_1601_TO_1970 + self.deleted_at.as_nanosecond() / 100;
        format!("{},{ticks}", self.database_name)
    }
}

impl Workspace {
    /// Returns the deleted databases that can still be restored, in order of deletion.
    pub fn restorable(&self, now: Timestamp) -> impl Iterator<Item = &DeletedDatabase> {
        self.restorable_after(None, now).map(|(_, deleted)| deleted)
    }

    /// Returns the deleted databases that can still be restored and follow `position`, in order of deletion.
    pub fn restorable_after(
        &self,
        position: Option<Position>,
        now: Timestamp,
    ) -> impl Iterator<Item = (Position, &DeletedDatabase)> {
        self.deleted_databases.after(position).filter(move |(_, deleted)| {
            let days = i64::from(deleted.database.backup_retention_days);
            now < later(deleted.deleted_at, SignedDuration::from_hours(24 * days))
        })
    }
}

impl Item {
    /// Returns the SQL database of this item. Rejects items of other kinds.
    pub fn sql_database(&self) -> Result<&SqlDatabase, FabricError> {
        let database = self.sql_database.as_ref();
        database.ok_or_else(|| FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", self.id))
    }
}

/// Returns the name of a SQL database on its server.
pub fn database_name(item: &Item) -> String {
    format!("{}-{}", item.display_name, item.id)
}

/// Returns the server of all SQL databases in a workspace, with the port. The host contains the ids of the tenant's
/// first capacity and of the workspace, in base 32.
pub fn server_fqdn(state: &State, workspace: WorkspaceId) -> String {
    let tenant = state.capacities().first().map_or(0, |capacity| capacity.id.as_u128());
    let (tenant, workspace) = (base32(tenant), base32(workspace.as_u128()));
    format!("{tenant}-{workspace}.database.fabric.microsoft.com,1433")
}
