//! Execution definitions of materialized lake views. They are kept and shown, but a run refreshes nothing, because there
//! are no views.

use serde::{Deserialize, Serialize};

use super::{LakehouseContent, content};
use crate::fabric::item::{Item, KindChange};
use crate::fabric::name::{Folded, ITEM_DESCRIPTION_MAX, NAME_MAX, check_description, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{ExecutionDefinitionId, ItemId, WorkspaceId};

/// The maximum number of execution definitions of a lakehouse (guessed).
pub const DEFINITIONS_MAX: usize = 100;
/// The maximum number of selected views or lakehouses (guessed).
pub const SELECTED_MAX: usize = 1_000;
/// The maximum length of the name of a view, in characters: a schema, a dot and a table.
const VIEW_NAME_MAX: usize = 385;

/// An execution definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionDefinition {
    /// The id.
    pub id: ExecutionDefinitionId,
    /// The position in lists.
    pub position: u64,
    /// The name, unique in the lakehouse without regard to case.
    pub display_name: String,
    /// The description.
    pub description: Option<String>,
    /// The settings.
    pub settings: Option<ExecutionSettings>,
    /// The views of the lakehouse to be refreshed.
    pub current_lakehouse: ExecutionContext<String>,
    /// The other lakehouses to be refreshed.
    pub extended_lineage: Option<ExecutionContext<ItemReference>>,
}

/// The settings of an execution definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSettings {
    /// The Spark environment.
    pub environment: Option<ItemReference>,
    /// The refresh mode; `None` for the default.
    pub refresh_mode: Option<RefreshMode>,
}

/// The strategy of a refresh. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RefreshMode {
    /// The best strategy for each view.
    #[default]
    Optimal,
    /// A full computation of each view.
    Full,
}

/// A reference to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemReference {
    /// The item.
    pub item: ItemId,
    /// Its workspace.
    pub workspace: WorkspaceId,
}

/// The views or lakehouses that a run refreshes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionContext<T> {
    /// Everything.
    All,
    /// These views or lakehouses.
    Selected(Vec<T>),
}

/// The content of a request to create or update an execution definition. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the members are those of the definition")]
pub struct ExecutionDefinitionChange {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub settings: Option<ExecutionSettings>,
    pub current_lakehouse: Option<ExecutionContext<String>>,
    pub extended_lineage: Option<ExecutionContext<ItemReference>>,
}

/// Returns the error for a request whose content is not valid.
pub fn invalid(message: impl Into<String>) -> FabricError {
    FabricError::new(ErrorCode::InvalidRequest)
        .message("Request parameters are invalid or not in a supported format")
        .detail(ErrorCode::InvalidParameter, message)
}

/// Converts an error of another operation into one that is documented for the operations of execution definitions.
fn as_invalid(error: &FabricError) -> FabricError {
    let fault = error.more_details().iter().find_map(|detail| detail.fault.as_ref());
    invalid(fault.map_or(error.text(), |(_, message)| message))
}

/// Creates an execution definition.
pub fn create(
    state: &State,
    within: &Workspace,
    item: &Item,
    new: ExecutionDefinitionChange,
) -> Decision<ExecutionDefinitionId> {
    let content = content(item);
    let number = content.drawn.saturating_add(1);
    let id = ExecutionDefinitionId::nth(state.seed().fork(item.id.to_ascii()), number);
    let definition = ExecutionDefinition {
        id,
        position: number,
        display_name: new.display_name.ok_or_else(|| invalid("The DisplayName field is required."))?,
        description: new.description,
        settings: new.settings,
        current_lakehouse: new
            .current_lakehouse
            .ok_or_else(|| invalid("The CurrentLakehouseExecutionContext field is required."))?,
        extended_lineage: new.extended_lineage,
    };
    if content.execution_definitions.len() >= DEFINITIONS_MAX {
        return Err(invalid(format!("A lakehouse has at most {DEFINITIONS_MAX} execution definitions.")));
    }
    set(within, item, definition)
}

/// Updates an execution definition. Settings that the request does not name stay unchanged (documented in an example).
pub fn update(
    within: &Workspace,
    item: &Item,
    id: ExecutionDefinitionId,
    change: ExecutionDefinitionChange,
) -> Decision<ExecutionDefinitionId> {
    let before = find(item, id)?.clone();
    let settings = change.settings.map(|change| {
        let before = before.settings.unwrap_or_default();
        ExecutionSettings {
            environment: change.environment.or(before.environment),
            refresh_mode: change.refresh_mode.or(before.refresh_mode),
        }
    });
    let definition = ExecutionDefinition {
        display_name: change.display_name.unwrap_or(before.display_name),
        description: change.description.or(before.description),
        settings: settings.or(before.settings),
        current_lakehouse: change.current_lakehouse.unwrap_or(before.current_lakehouse),
        extended_lineage: change.extended_lineage.or(before.extended_lineage),
        ..before
    };
    set(within, item, definition)
}

/// Deletes an execution definition.
pub fn delete(within: &Workspace, item: &Item, id: ExecutionDefinitionId) -> Decision<()> {
    find(item, id)?;
    let changes = vec![KindChange::ExecutionDefinitionDeleted { id }];
    Ok((vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }], ()))
}

/// Returns the execution definitions of a lakehouse, in order of creation.
pub fn list(item: &Item) -> &[ExecutionDefinition] {
    &content(item).execution_definitions
}

/// Returns an execution definition of a lakehouse.
pub fn find(item: &Item, id: ExecutionDefinitionId) -> Result<&ExecutionDefinition, FabricError> {
    let missing = || FabricError::new(ErrorCode::ItemNotFound).about("MlvExecutionDefinition", id);
    list(item).iter().find(|definition| definition.id == id).ok_or_else(missing)
}

/// Checks a definition, and returns the fact that records it.
fn set(within: &Workspace, item: &Item, definition: ExecutionDefinition) -> Decision<ExecutionDefinitionId> {
    let id = definition.id;
    let description = definition.description.as_deref().unwrap_or_default();
    check_name(&definition.display_name, NAME_MAX)
        .and_then(|()| check_description(description, ITEM_DESCRIPTION_MAX))
        .map_err(|error| as_invalid(&error))?;
    check_selected(&definition.current_lakehouse)?;
    definition.extended_lineage.as_ref().map_or(Ok(()), check_selected)?;
    if let ExecutionContext::Selected(views) = &definition.current_lakehouse
        && views.iter().any(|view| !(1..=VIEW_NAME_MAX).contains(&view.chars().count()))
    {
        return Err(invalid(format!("The name of a view has 1 to {VIEW_NAME_MAX} characters.")));
    }
    let name = Folded::new(&definition.display_name);
    if list(item).iter().any(|other| other.id != id && Folded::new(&other.display_name) == name) {
        return Err(ErrorCode::ConflictingRequest.into());
    }
    let changes = vec![KindChange::ExecutionDefinitionSet { definition }];
    Ok((vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }], id))
}

fn check_selected<T>(context: &ExecutionContext<T>) -> Result<(), FabricError> {
    match context {
        ExecutionContext::Selected(selected) if selected.len() > SELECTED_MAX => {
            Err(invalid(format!("At most {SELECTED_MAX} views or lakehouses are selected.")))
        }
        ExecutionContext::All | ExecutionContext::Selected(_) => Ok(()),
    }
}

impl LakehouseContent {
    /// Applies the creation or the replacement of a definition.
    pub(in crate::fabric::item::kinds) fn set_definition(&mut self, definition: ExecutionDefinition) {
        self.drawn = self.drawn.max(definition.position);
        match self.execution_definitions.iter_mut().find(|known| known.id == definition.id) {
            Some(known) => *known = definition,
            None => self.execution_definitions.push(definition),
        }
    }

    /// Applies the deletion of a definition.
    pub(in crate::fabric::item::kinds) fn delete_definition(&mut self, id: ExecutionDefinitionId) {
        self.execution_definitions.retain(|definition| definition.id != id);
    }
}
