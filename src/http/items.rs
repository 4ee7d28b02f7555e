//! Items of every kind, on the generic route and on those of their kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::item::definition::PartRequest;
use crate::fabric::item::{self, CreateItem, DefinitionRequest, Item, ItemKind, Part, Update};
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::Outcome;
use crate::http::answer::Answer;
use crate::http::connections::ItemConnectionBody;
use crate::http::context::Context;
use crate::http::mirrored_databases;
use crate::http::wire::{self, List};
use crate::ids::{FolderId, ItemId, LabelId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateItemBody {
    r#type: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    folder_id: Option<String>,
    definition: Option<DefinitionBody>,
    creation_payload: Option<serde_json::Value>,
    sensitivity_label_settings: Option<SensitivityLabelSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SensitivityLabelSettings {
    label_id: Option<String>,
    sensitivity_label_apply_strategy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateItemBody {
    display_name: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateDefinitionBody {
    definition: Option<DefinitionBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionBody {
    format: Option<String>,
    parts: Option<Vec<PartBody>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartBody {
    path: Option<String>,
    payload: Option<String>,
    payload_type: Option<String>,
}

impl TryFrom<DefinitionBody> for DefinitionRequest {
    type Error = FabricError;

    fn try_from(body: DefinitionBody) -> Result<Self, FabricError> {
        let part = |part: PartBody| {
            Ok(PartRequest {
                path: wire::required(part.path, "Path")?,
                payload: wire::required(part.payload, "Payload")?,
                payload_type: wire::required(part.payload_type, "PayloadType")?,
            })
        };
        let parts = wire::required(body.parts, "Parts")?.into_iter().map(part).collect::<Result<_, FabricError>>()?;
        Ok(Self { format: body.format, parts })
    }
}

/// An item on the wire: members in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemBody<'a> {
    id: ItemId,
    r#type: ItemKind,
    display_name: &'a str,
    description: &'a str,
    workspace_id: WorkspaceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_id: Option<FolderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity_label: Option<SensitivityLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<mirrored_databases::Properties<'a>>,
}

#[derive(Serialize)]
struct SensitivityLabel {
    id: LabelId,
}

impl<'a> ItemBody<'a> {
    fn new(workspace: &Workspace, item: &'a Item) -> Self {
        Self {
            id: item.id,
            r#type: item.kind,
            display_name: &item.display_name,
            description: &item.description,
            workspace_id: workspace.id,
            folder_id: item.folder,
            sensitivity_label: item.sensitivity_label.map(|id| SensitivityLabel { id }),
            properties: None,
        }
    }
}

/// The item that a path names. On a kind's own route, items of other kinds are not there.
pub(super) fn find<'s>(
    context: &Context<'_>,
    state: &'s State,
    now: Timestamp,
) -> Result<(&'s Workspace, &'s Item), FabricError> {
    let workspace = state.workspace(context.id(0)?)?;
    let id = context.id(1)?;
    let item = match context.operation.kind {
        Some(kind) => workspace.item_of(kind, id, now)?,
        None => workspace.item(id, now)?,
    };
    Ok((workspace, item))
}

pub(super) fn create(context: &Context<'_>) -> Outcome {
    let workspace = context.id(0)?;
    let body: CreateItemBody = context.json()?;
    let display_name = wire::required(body.display_name, "DisplayName")?;
    let typed = context.operation.kind;
    let named = match typed {
        Some(_) => body.r#type,
        None => Some(wire::required(body.r#type, "Type")?),
    };
    let named = named.map(|name| name.parse::<ItemKind>()).transpose()?;
    let kind = typed.or(named).ok_or(ErrorCode::InvalidItemType)?;
    if named.is_some_and(|named| named != kind) {
        return Err(ErrorCode::InvalidItemType.into());
    }
    let needs_definition = kind.spec().can_be_created && kind.spec().definition.is_some();
    let definition = body.definition.map(DefinitionRequest::try_from).transpose()?;
    let definition = if needs_definition { Some(wire::required(definition, "Definition")?) } else { definition };
    let label = body.sensitivity_label_settings;
    let strategy = label.as_ref().is_some_and(|label| label.sensitivity_label_apply_strategy.is_some());
    let label = label.map(|label| wire::required(label.label_id, "LabelId")).transpose()?;
    let new = CreateItem {
        kind,
        display_name,
        description: body.description,
        folder: wire::id(body.folder_id, "FolderId")?,
        sensitivity_label: wire::id(label, "LabelId")?,
        definition,
    };
    context.tenant.commit_then(
        context.now,
        |state, now| item::create(state, workspace, new, now),
        |state, id| {
            let within = state.workspace(workspace)?;
            let created = within.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
            Ok(Answer::created(&ItemBody::new(within, created))
                .inert("creationPayload", body.creation_payload.is_some())
                .inert("sensitivityLabelApplyStrategy", strategy))
        },
    )?
}

pub(super) fn list(context: &Context<'_>) -> Outcome {
    let id = context.id(0)?;
    let wanted = match context.operation.kind {
        Some(kind) => Some(kind),
        None => context.query("type").map(|name| name.parse()).transpose()?,
    };
    let root = context.query_id("rootFolderId")?;
    let recursive = context.flag("recursive")?.unwrap_or(true);
    let include = context.query("include").is_some();
    context.read(|state| {
        let workspace = state.workspace(id)?;
        let scope = workspace.scope(root, recursive)?;
        let page = context.page(state.settings.page_size)?;
        let seen = workspace.items().after(page.after).filter(|(_, item)| {
            item.visible_from <= context.now && wanted.is_none_or(|kind| item.kind == kind) && scope.has(item.folder)
        });
        let page = page.cut(seen).map(|item| ItemBody::new(workspace, item));
        Ok(Answer::ok(&List::new(context, page)).inert("include", include))
    })
}

pub(super) fn get(context: &Context<'_>) -> Outcome {
    let include = context.query("include").is_some();
    context.read(|state| {
        let (workspace, item) = find(context, state, context.now)?;
        let properties =
            context.operation.kind.and_then(|_| mirrored_databases::properties(workspace, item, context.now));
        let body = ItemBody { properties, ..ItemBody::new(workspace, item) };
        Ok(Answer::ok(&body).inert("include", include))
    })
}

pub(super) fn update(context: &Context<'_>) -> Outcome {
    let UpdateItemBody { display_name, description } = context.json()?;
    context.tenant.commit_then(
        context.now,
        |state, now| {
            let (workspace, item) = find(context, state, now)?;
            item::update(state, workspace.id, item, Update { display_name, description }, now)
        },
        |state, id| {
            let (workspace, item) = state.find_item(id).ok_or_else(|| FabricError::no_item(id))?;
            Ok(Answer::ok(&ItemBody::new(workspace, item)))
        },
    )?
}

pub(super) fn delete(context: &Context<'_>) -> Outcome {
    // Mirrored databases are deleted for good, whatever is asked for.
    context.flag("hardDelete")?;
    context.commit(|state, now| {
        let (workspace, item) = find(context, state, now)?;
        item::delete(state, workspace.id, item, now)
    })?;
    Ok(Answer::empty())
}

#[derive(Serialize)]
struct DefinitionResponse {
    definition: DefinitionParts,
}

#[derive(Serialize)]
struct DefinitionParts {
    parts: Vec<DefinitionPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionPart {
    path: String,
    payload: String,
    payload_type: &'static str,
}

impl From<Part> for DefinitionPart {
    fn from(part: Part) -> Self {
        Self { path: part.path, payload: STANDARD.encode(part.payload), payload_type: "InlineBase64" }
    }
}

pub(super) fn get_definition(context: &Context<'_>) -> Outcome {
    let format = context.query("format");
    context.read(|state| {
        let (_, item) = find(context, state, context.now)?;
        let parts = item::get_definition(item, format.as_deref())?.into_iter().map(DefinitionPart::from).collect();
        Ok(Answer::ok(&DefinitionResponse { definition: DefinitionParts { parts } }))
    })
}

pub(super) fn update_definition(context: &Context<'_>) -> Outcome {
    let metadata = context.flag("updateMetadata")?.unwrap_or(false);
    let body: UpdateDefinitionBody = context.json()?;
    let request: DefinitionRequest = wire::required(body.definition, "Definition")?.try_into()?;
    context.commit(|state, now| {
        let (workspace, item) = find(context, state, now)?;
        item::update_definition(state, workspace.id, item, request, metadata, now)
    })?;
    Ok(Answer::empty())
}

/// The connections that an item's definition names, those that are there.
pub(super) fn connections(context: &Context<'_>) -> Outcome {
    context.read(|state| {
        let (_, item) = find(context, state, context.now)?;
        let page = context.page(state.settings.page_size)?;
        let plan = item.mirroring.as_ref().map(|mirroring| mirroring.plan());
        let named = plan.into_iter().flat_map(|plan| plan.connection.iter().chain(&plan.other_connections));
        let there = (1..).zip(named.filter_map(|id| state.connection_at_all(*id)));
        let page =
            page.cut(there.skip_while(|(position, _)| Some(*position) <= page.after)).map(ItemConnectionBody::from);
        Ok(Answer::ok(&List::new(context, page)))
    })
}
