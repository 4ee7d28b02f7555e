//! Bodies of warehouses: restore points.

use jiff::Timestamp;
use serde::Serialize;

use super::principals::PrincipalBody;
use crate::fabric::State;
use crate::fabric::item::warehouse::RestorePoint;

/// A restore point.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestorePointBody<'a> {
    id: String,
    display_name: &'a str,
    description: &'a str,
    creation_mode: &'static str,
    creation_details: CreationDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationDetails<'a> {
    event_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_initiator: Option<PrincipalBody<'a>>,
}

impl<'a> RestorePointBody<'a> {
    /// Creates the body of a restore point.
    pub(crate) fn new(state: &'a State, point: &'a RestorePoint) -> Self {
        let RestorePoint { id, display_name, description, created_at, initiator, .. } = point;
        Self {
            id: id.to_string(),
            display_name,
            description,
            creation_mode: if initiator.is_some() { "UserDefined" } else { "SystemCreated" },
            creation_details: CreationDetails {
                event_date_time: seconds(*created_at),
                event_initiator: initiator.map(|initiator| PrincipalBody::known(state, initiator)),
            },
        }
    }
}

/// Formats an instant without a fraction of a second: `2026-07-01T19:19:18Z`.
fn seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}
