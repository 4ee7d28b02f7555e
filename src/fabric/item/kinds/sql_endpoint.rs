//! SQL endpoints: checks of requests, and the tables in an endpoint.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::hooks::KindHooks;
use super::state::KindState;
use crate::fabric::item::Item;
use crate::fabric::mirroring::{TableState, TableStatus};
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};

pub(super) const HOOKS: KindHooks =
    KindHooks { state: || KindState::SqlEndpoint { audit: None }, ..KindHooks::DEFAULT };

/// The maximum timeout of a metadata refresh. A longer timeout was seen to fail.
const TIMEOUT_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The units of a timeout, and the length of each unit in seconds.
const TIME_UNITS: [(&str, f64); 4] = [("Seconds", 1.0), ("Minutes", 60.0), ("Hours", 3_600.0), ("Days", 86_400.0)];
/// The values of `privateLinkType`.
const PRIVATE_LINK_TYPES: [&str; 2] = ["None", "Workspace"];

/// The `timeout` of a metadata refresh. Both members are required.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeout {
    /// One of `Seconds`, `Minutes`, `Hours` and `Days`.
    time_unit: Option<String>,
    /// The length of the timeout, in `time_unit`.
    value: Option<f64>,
}

impl Timeout {
    /// Rejects a timeout without a unit or a value, with an unknown unit, or with a length of zero, less than zero, or
    /// more than a day.
    pub fn check(&self) -> Result<(), FabricError> {
        let unit = self.time_unit.as_deref().ok_or_else(|| required("TimeUnit"))?;
        let value = self.value.ok_or_else(|| required("Value"))?;
        let Some((_, seconds)) = TIME_UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(unit)) else {
            let known = TIME_UNITS.map(|(name, _)| name).join(", ");
            return Err(FabricError::invalid_input(format!("The value {unit:?} of TimeUnit is none of {known}.")));
        };
        if value > 0.0 && value * seconds <= TIMEOUT_MAX.as_secs_f64() {
            return Ok(());
        }
        Err(FabricError::invalid_input("The Timeout field must be more than zero and at most one day."))
    }
}

fn required(field: &str) -> FabricError {
    FabricError::invalid_input(format!("The {field} field is required."))
}

/// Returns the names of the tables in an endpoint: all tables of its mirrored database with a complete snapshot. An
/// endpoint of any other item shows no tables.
pub fn tables(state: &State, within: &Workspace, endpoint: &Item, now: Timestamp) -> Vec<String> {
    let parent = endpoint.parent.and_then(|id| within.items().get(&id));
    let replication = parent.and_then(|parent| state.replication(within.id, parent).ok());
    let Some(replication) = replication else { return Vec::new() };
    let is_copied = |table: &TableState| {
        matches!(table.status, TableStatus::Replicating | TableStatus::Reseeding | TableStatus::Stopped)
    };
    let copied = replication.tables_at(state, now).into_iter().filter(is_copied);
    copied.map(|table| table.name.table.to_string()).collect()
}

/// Rejects a `privateLinkType` that is not in Microsoft's API description.
pub fn check_private_link_type(value: &str) -> Result<(), FabricError> {
    if PRIVATE_LINK_TYPES.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return Ok(());
    }
    let known = PRIVATE_LINK_TYPES.join(" or ");
    Err(FabricError::invalid_input(format!("The value {value:?} of privateLinkType is not {known}.")))
}
