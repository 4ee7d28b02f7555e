//! SQL endpoints: checks of their requests, and the tables that they show.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::hooks::KindHooks;
use super::state::KindState;
use crate::fabric::item::Item;
use crate::fabric::mirroring::TableStatus;
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};

pub(super) const HOOKS: KindHooks =
    KindHooks { state: || KindState::SqlEndpoint { audit: None }, ..KindHooks::DEFAULT };

/// The longest timeout of a refresh: a longer one was seen to fail.
const TIMEOUT_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The units of a timeout, and their lengths in seconds.
const TIME_UNITS: [(&str, f64); 4] = [("Seconds", 1.0), ("Minutes", 60.0), ("Hours", 3_600.0), ("Days", 86_400.0)];
/// The values of `privateLinkType`.
const PRIVATE_LINK_TYPES: [&str; 2] = ["None", "Workspace"];

/// The `timeout` of a metadata refresh. Both members are required.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeout {
    /// One of `Seconds`, `Minutes`, `Hours` and `Days`.
    time_unit: Option<String>,
    /// The number of these units.
    value: Option<f64>,
}

impl Timeout {
    /// Rejects a timeout without unit or value, with an unknown unit, or of more than a day.
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

/// Returns the names of the tables that an endpoint shows: those of its mirrored database whose snapshot is complete.
pub fn tables(state: &State, within: &Workspace, endpoint: &Item, now: Timestamp) -> Vec<String> {
    let parent = endpoint.parent.and_then(|id| within.items().get(&id));
    let Some(mirroring) = parent.and_then(|parent| parent.mirroring.as_ref()) else { return Vec::new() };
    let tables = mirroring.tables_at(state, now).into_iter();
    let copied = tables.filter(|table| matches!(table.status, TableStatus::Replicating | TableStatus::Stopped));
    copied.map(|table| table.name.table.to_string()).collect()
}

/// Rejects a `privateLinkType` that the description does not have.
pub fn check_private_link_type(value: &str) -> Result<(), FabricError> {
    if PRIVATE_LINK_TYPES.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return Ok(());
    }
    let known = PRIVATE_LINK_TYPES.join(" or ");
    Err(FabricError::invalid_input(format!("The value {value:?} of privateLinkType is not {known}.")))
}
