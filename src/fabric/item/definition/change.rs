//! Requests about the definition of an item: update and get.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Checked, ReadBack, check_content, check_convertible, check_format, read_back};
use crate::fabric::behaviours::{GetDefinition, UpdateDefinition};
use crate::fabric::item::{Item, Update, update};
use crate::fabric::operation::{self, OperationError, PendingResult, Progress};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};

/// Replaces an item's definition. If the check returned the metadata in `.platform`, also sets the item's name and
/// description.
///
/// The new definition takes effect at once, even if the response starts a long-running operation.
pub fn update_definition(
    state: &State,
    within: &Workspace,
    item: &Item,
    checked: Checked,
    now: Timestamp,
) -> Decision<Progress<()>> {
    state.check_capacity(within)?;
    check_has_definitions(item)?;
    let spec = item.kind.spec();
    let (definition, platform) = checked?;
    (spec.hooks.check_update)(state, item, &definition, now)?;
    let always = state.settings.behaviours.update_definition == UpdateDefinition::Operation;
    let time = spec.operation_times.update_definition.or(always.then_some(SignedDuration::ZERO));
    let begin = |realistic, result| operation::begin(state, within.id, Role::Contributor, realistic, result, now);
    if let (Some(realistic), Err(fault)) = (time, check_content(item.kind, &definition)) {
        return Ok(begin(realistic, PendingResult::Failed(OperationError::from(&fault))).after(Vec::new()));
    }
    let mut facts =
        vec![Fact::DefinitionUpdated { workspace: within.id, id: item.id, definition: Arc::new(definition) }];
    let changes = (spec.hooks.before_change)(item, now);
    if !changes.is_empty() {
        facts.push(Fact::KindStateChanged { workspace: within.id, id: item.id, changes });
    }
    if let Some(platform) = platform {
        let description = Some(platform.description.unwrap_or_default());
        let display_name = Some(platform.display_name).filter(|name| *name != item.display_name);
        let change = Update { display_name, description, kind_changes: Vec::new() };
        facts.extend(update(state, within, item, change, now)?.0);
    }
    Ok(match time {
        Some(realistic) => begin(realistic, PendingResult::Item(item.id)).after(facts),
        None => (facts, Progress::Done(())),
    })
}

/// Returns an item's definition in the requested format. For slow kinds, starts a long-running operation that returns
/// the definition.
pub fn get_definition(
    state: &State,
    within: &Workspace,
    item: &Item,
    format: Option<&str>,
    now: Timestamp,
) -> Decision<Progress<ReadBack>> {
    state.check_capacity(within)?;
    check_has_definitions(item)?;
    let format = check_format(item.kind, format)?;
    check_convertible(item, format)?;
    let always = state.settings.behaviours.get_definition == GetDefinition::Operation;
    let time = item.kind.spec().operation_times.get_definition.or(always.then_some(SignedDuration::ZERO));
    Ok(match time {
        Some(realistic) => {
            let result = PendingResult::Definition(item.id, format.map(str::to_owned));
            operation::begin(state, within.id, Role::Contributor, realistic, result, now).after(Vec::new())
        }
        None => (Vec::new(), Progress::Done(read_back(item, format))),
    })
}

/// Rejects an item whose kind does not support definitions.
fn check_has_definitions(item: &Item) -> Result<(), FabricError> {
    if item.kind.spec().definition.is_none() {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id));
    }
    Ok(())
}
