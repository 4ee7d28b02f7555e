//! Creation of items.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::companions::Companions;
use super::definition;
use super::kinds::{Creation, Preparation};
use super::{ItemKind, KindSpec, NewItem, check_characters};
use crate::fabric::behaviours::CreateWithoutDefinition;
use crate::fabric::name::{ITEM_DESCRIPTION_MAX, NAME_MAX, check_description, check_name};
use crate::fabric::operation::{self, OperationError, PendingResult, Progress};
use crate::fabric::principal::{Principal, PrincipalType};
use crate::fabric::role::Role;
use crate::fabric::weight::weight;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{FolderId, ItemId, LabelId};

/// The approximate maximum size of a creation payload in memory, in bytes (guessed).
const CREATION_PAYLOAD_MAX: usize = 256 << 10;

/// A request to create an item.
#[derive(Debug, Clone)]
pub struct CreateItem {
    /// The item's kind, from the route or the body.
    pub kind: ItemKind,
    /// The item's name.
    pub display_name: String,
    /// The item's description. If it is `None`, the description in `.platform` applies.
    pub description: Option<String>,
    /// The item's folder; `None` for the root of the workspace.
    pub folder: Option<FolderId>,
    /// The item's sensitivity label.
    pub sensitivity_label: Option<LabelId>,
    /// The definition, with the metadata in its `.platform`, or the error of its check.
    pub definition: Option<definition::Checked>,
    /// The creation payload, not yet checked.
    pub creation_payload: Option<Value>,
}

/// Creates an item and its companions. Items of most kinds are created at once. Items of slow kinds, which have an
/// entry in [`KindSpec::operation_times`], are created by a long-running operation.
///
/// The handler has already parsed the body. The checks run in this order: form of name and description, kind, role,
/// capacity, folder, definition, uniqueness of the name, number of items. If the content of a slow kind's definition is
/// invalid, the request is accepted, and the long-running operation fails.
pub fn create(
    state: &State,
    within: &Workspace,
    new: CreateItem,
    caller: Principal,
    now: Timestamp,
) -> Decision<Progress<ItemId>> {
    check_name(&new.display_name, NAME_MAX)?;
    check_description(new.description.as_deref().unwrap_or_default(), ITEM_DESCRIPTION_MAX)?;
    let (kind, spec) = (new.kind, new.kind.spec());
    if !spec.can_be_created {
        return Err(not_creatable(spec, caller));
    }
    let payload = new.creation_payload.as_ref();
    if payload.is_some_and(|payload| weight(payload) > CREATION_PAYLOAD_MAX) {
        return Err(FabricError::invalid_input("The CreationPayload is too large."));
    }
    let creation = Creation { state, within, caller, payload, definition: None, now };
    (spec.hooks.authorize)(&creation)?;
    state.check_capacity(within)?;
    if let Some(folder) = new.folder {
        within.folder(folder)?;
    }
    if new.definition.is_some() && payload.is_some() {
        return Err(ErrorCode::RequestWithDefinitionAndCreationPayloadNotSupported.into());
    }
    let times = spec.operation_times;
    let mut preparation = Preparation {
        operation_time: if new.definition.is_some() { times.create_with_definition } else { times.create },
        ready_in: state.settings.timing().initializing(),
        inherited: None,
        sql_database: None,
    };
    (spec.hooks.prepare)(&creation, &mut preparation)?;
    let Preparation { operation_time, ready_in, inherited, sql_database } = preparation;
    let definition = new.definition.transpose()?;
    let (definition, platform) = definition.map_or((None, None), |(definition, platform)| (Some(definition), platform));
    let creation = Creation { definition: definition.as_ref(), ..creation };
    (spec.hooks.check)(&creation)?;
    let parent = (spec.hooks.parent)(&creation)?;
    check_characters(kind, &new.display_name)?;
    within.check_item_name(kind, &new.display_name, None, now)?;

    let description = new.description.or_else(|| platform?.description).unwrap_or_default();
    check_description(&description, ITEM_DESCRIPTION_MAX)?;
    let begin = |realistic, result| operation::begin(state, within.id, Role::Contributor, realistic, result, now);
    let content = definition.as_ref().map(|definition| definition::check_content(kind, definition));
    if let (Some(realistic), Some(Err(fault))) = (operation_time, content) {
        return Ok(begin(realistic, PendingResult::Failed(OperationError::from(&fault))).after(Vec::new()));
    }
    let id = state.next_item(0);
    let operation = operation_time.map(|realistic| begin(realistic, PendingResult::Created(id)));
    let visible_from = operation.as_ref().map_or(now, |operation| operation.ends_at);
    let mut item = NewItem {
        id,
        kind,
        display_name: new.display_name,
        description,
        folder: new.folder,
        sensitivity_label: new.sensitivity_label,
        definition: definition.map(Arc::new).or(inherited),
        parent,
        creation_payload: new.creation_payload.map(Arc::new),
        sql_database,
        creator: Some(caller),
    };
    let mut companions = Companions::new(state, within, &item, visible_from);
    (spec.hooks.companions)(&mut item, &mut companions);
    let companions = companions.into_vec();
    within.check_room(1 + companions.len(), now)?;
    for companion in companions.iter().map(|companion| &companion.item) {
        if companion.kind != ItemKind::SQLEndpoint {
            within.check_item_name(companion.kind, &companion.display_name, None, now)?;
        }
    }
    let facts = vec![Fact::ItemCreated { workspace: within.id, item, visible_from, companions, ready_in }];
    Ok(match operation {
        Some(operation) => operation.after(facts),
        None => (facts, Progress::Done(id)),
    })
}

/// Returns the error for a kind whose items clients cannot create. For apps, the error is `PrincipalTypeNotSupported`
/// (seen), except for SQL endpoints.
fn not_creatable(spec: &KindSpec, caller: Principal) -> FabricError {
    if caller.kind == PrincipalType::ServicePrincipal && spec.kind != ItemKind::SQLEndpoint {
        return FabricError::new(ErrorCode::PrincipalTypeNotSupported);
    }
    let message = format!("Requested item type '{}' is unsupported.", spec.name);
    FabricError::new(ErrorCode::UnsupportedItemType).message(message)
}

/// Returns `true` if a mirrored database can be created on its own route without a definition.
pub fn definition_is_optional(state: &State) -> bool {
    state.settings.behaviours.create_without_definition == CreateWithoutDefinition::Accept
}

/// Rejects a `sensitivityLabelApplyStrategy` that is not in Microsoft's API description.
pub fn check_label_strategy(strategy: &str) -> Result<(), FabricError> {
    const STRATEGIES: [&str; 2] = ["ApplyOrFail", "Ignore"];
    if STRATEGIES.iter().any(|known| known.eq_ignore_ascii_case(strategy)) {
        return Ok(());
    }
    let known = STRATEGIES.join(" or ");
    let message = format!("The value {strategy:?} of SensitivityLabelApplyStrategy is not {known}.");
    Err(FabricError::invalid_input(message))
}
