//! Faults: rules that change the answers to chosen requests (docs/CONTROL.md#faults).
//!
//! Rules are facts. Their counters are not: a tenant keeps them beside its throttle windows.

mod count;
pub mod effect;
pub mod operation;
pub mod patch;
mod rule;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::count::{Counter, Counters, Strike};
pub use self::rule::{FaultBody, FaultRequest, FaultRule, PAGE, RULE_SIZE_MAX};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::FaultId;

/// The maximum number of rules in a tenant.
pub const RULES_MAX: usize = 1_000;

/// A rule in a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The id of the rule.
    pub id: FaultId,
    /// The rule.
    pub rule: Arc<FaultRule>,
    /// `false` if the rule neither counts nor strikes requests.
    pub enabled: bool,
}

/// Adds a rule, and returns its id.
///
/// # Errors
///
/// The tenant has [`RULES_MAX`] rules.
pub fn add(state: &State, rule: FaultRule) -> Decision<FaultId> {
    if state.faults().len() >= RULES_MAX {
        return Err(FabricError::invalid_input(format!("There are {RULES_MAX} rules already, which is the maximum.")));
    }
    let id = state.next_fault();
    Ok((vec![Fact::FaultAdded { id, rule: Arc::new(rule) }], id))
}

/// Enables or disables a rule.
///
/// # Errors
///
/// The rule does not exist.
pub fn switch(state: &State, id: FaultId, enabled: bool) -> Decision<()> {
    let fault = find(state, id)?;
    let facts = if fault.enabled == enabled { Vec::new() } else { vec![Fact::FaultSwitched { id, enabled }] };
    Ok((facts, ()))
}

/// Deletes a rule.
///
/// # Errors
///
/// The rule does not exist.
pub fn delete(state: &State, id: FaultId) -> Decision<()> {
    find(state, id)?;
    Ok((vec![Fact::FaultDeleted { id }], ()))
}

/// Deletes all rules.
///
/// # Errors
///
/// This decision has no errors.
pub fn delete_all(state: &State) -> Decision<()> {
    Ok((state.faults().values().map(|fault| Fact::FaultDeleted { id: fault.id }).collect(), ()))
}

/// Returns a rule.
///
/// # Errors
///
/// The rule does not exist.
pub fn find(state: &State, id: FaultId) -> Result<&Fault, FabricError> {
    state.faults().get(&id).ok_or_else(|| missing(&id.to_string()))
}

/// Returns the error for a rule that does not exist.
pub fn missing(id: &str) -> FabricError {
    FabricError::new(ErrorCode::EntityNotFound).about("Fault", id)
}
