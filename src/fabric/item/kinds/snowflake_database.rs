//! Snowflake databases. The creation payload names the connection to Snowflake.

use super::hooks::{Creation, KindHooks};
use crate::fabric::FabricError;
use crate::fabric::item::companions;
use crate::ids::ConnectionId;

pub(super) const HOOKS: KindHooks = KindHooks { check, companions: companions::sql_endpoint, ..KindHooks::DEFAULT };

/// Rejects a creation payload whose `connectionId` is not a GUID.
fn check(creation: &Creation<'_>) -> Result<(), FabricError> {
    match creation.payload.and_then(|payload| payload.get("connectionId")) {
        Some(id) if id.as_str().is_none_or(|id| id.parse::<ConnectionId>().is_err()) => {
            Err(FabricError::invalid_input("The field ConnectionId is not a GUID."))
        }
        Some(_) | None => Ok(()),
    }
}
