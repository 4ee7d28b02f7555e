//! Items of every kind, on the generic route and on those of their kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fabric::item::definition::{Needed, PartRequest};
use crate::fabric::item::kinds::StartedEtag;
use crate::fabric::item::{self, CreateItem, DefinitionRequest, Item, ItemKind, Part, ReadBack, Update};
use crate::fabric::item::{environment, semantic_model};
use crate::fabric::operation::Progress;
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::{Answer, Headers};
use crate::http::connections::ItemConnectionBody;
use crate::http::context::{Context, HandlerResult};
use crate::http::principals::PrincipalBody;
use crate::http::tags::{self, AppliedTag};
use crate::http::wire::{self, List, NullableList};
use crate::http::{long_running_operations, mirrored_databases, properties, sql_databases};
use crate::ids::{FolderId, ItemId, LabelId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateItemBody {
    r#type: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    folder_id: Option<String>,
    definition: Option<DefinitionBody>,
    creation_payload: Option<Value>,
    sensitivity_label_settings: Option<SensitivityLabelSettings>,
    properties: Option<Value>,
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
    properties: Option<Map<String, Value>>,
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
pub(super) struct PartBody {
    path: Option<String>,
    payload: Option<String>,
    payload_type: Option<String>,
}

impl TryFrom<DefinitionBody> for DefinitionRequest {
    type Error = FabricError;

    fn try_from(body: DefinitionBody) -> Result<Self, FabricError> {
        let parts = wire::required(body.parts, "Parts")?.into_iter().map(PartBody::request);
        Ok(Self { format: body.format, parts: parts.collect::<Result<_, FabricError>>()? })
    }
}

impl PartBody {
    pub(super) fn request(self) -> Result<PartRequest, FabricError> {
        Ok(PartRequest {
            path: wire::required(self.path, "Path")?,
            payload: wire::required(self.payload, "Payload")?,
            payload_type: wire::required(self.payload_type, "PayloadType")?,
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct MoveItemBody {
    target_folder_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BulkMoveItemsBody {
    target_folder_id: Option<String>,
    items: Option<Vec<String>>,
}

/// An item on the wire: members in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemBody<'a> {
    id: ItemId,
    r#type: ItemKind,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    workspace_id: WorkspaceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_id: Option<FolderId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<AppliedTag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_identity: Option<PrincipalBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity_label: Option<SensitivityLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<PropertiesBody<'a>>,
}

#[derive(Serialize)]
struct SensitivityLabel {
    id: LabelId,
}

/// What only a kind's own route shows of its items, by kind.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PropertiesBody<'a> {
    MirroredDatabase(mirrored_databases::MirroredDatabaseProperties<'a>),
    SqlDatabase(sql_databases::SqlDatabaseProperties<'a>),
    Other(Value),
}

impl<'a> ItemBody<'a> {
    pub(super) fn new(state: &'a State, workspace_id: WorkspaceId, item: &'a Item) -> Self {
        Self {
            id: item.id,
            r#type: item.kind,
            display_name: &item.display_name,
            description: wire::description(state, &item.description),
            workspace_id,
            folder_id: item.folder,
            tags: tags::applied(state, &item.tags),
            default_identity: None,
            sensitivity_label: item.sensitivity_label.map(|id| SensitivityLabel { id }),
            properties: None,
        }
    }

    /// The item, with its properties at an instant where they are to be seen.
    fn seen(state: &'a State, workspace: &'a Workspace, item: &'a Item, whole_at: Option<Timestamp>) -> Self {
        let properties = whole_at.and_then(|now| properties::of(state, workspace, item, now));
        Self { properties, ..Self::new(state, workspace.id, item) }
    }
}

/// What a query wants to see beside what all items show.
#[derive(Debug, Clone, Copy)]
struct Included {
    default_identity: bool,
}

impl Included {
    fn read(context: &Context<'_>) -> Result<Self, FabricError> {
        let named = context.query_all("include");
        match named.iter().find(|name| !name.eq_ignore_ascii_case("DefaultIdentity")) {
            None => Ok(Self { default_identity: !named.is_empty() }),
            Some(name) => {
                Err(FabricError::invalid_input(format!("The value {name:?} of include is not DefaultIdentity.")))
            }
        }
    }

    fn with<'a>(self, state: &'a State, item: &Item, body: ItemBody<'a>) -> ItemBody<'a> {
        let identity = item.default_identity.filter(|_| self.default_identity);
        let known = |principal: Principal| {
            state.directory().get(&principal.id).map_or_else(|| principal.into(), PrincipalBody::from)
        };
        ItemBody { default_identity: identity.map(known), ..body }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateItemIdentity {
    assignment_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpdateItemIdentityResponse {
    assignment_status: [AssignmentStatus; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssignmentStatus {
    item_id: ItemId,
    status: &'static str,
}

/// Lets an item act as the caller: no other identity can be chosen (documented).
pub(super) fn associate_identity(context: &Context<'_>) -> HandlerResult {
    let body: UpdateItemIdentity = context.json()?;
    if !wire::required(body.assignment_type, "AssignmentType")?.eq_ignore_ascii_case("Caller") {
        return Err(FabricError::new(ErrorCode::InvalidRequest).message("Invalid association request."));
    }
    let item_id = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        item::associate_identity(state, workspace, item, context.caller)
    })?;
    let assignment_status = [AssignmentStatus { item_id, status: "Succeeded" }];
    Ok(Answer::ok(&UpdateItemIdentityResponse { assignment_status }))
}

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
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
    let needed = kind.spec().definition.as_ref().map_or(Needed::Never, |spec| spec.needed);
    // Top-level `properties` in place of a definition make an empty shell, as Microsoft's page warns.
    let misplaced = needed == Needed::OnOwnRoute && body.properties.is_some();
    let definition = body.definition.map(DefinitionRequest::try_from).transpose()?;
    let lacks_definition = definition.is_none()
        && match needed {
            Needed::Never => false,
            Needed::OnOwnRoute => typed.is_some() && !misplaced && !context.read(item::definition_is_optional),
            Needed::Always => true,
        };
    let definition = if lacks_definition { Some(wire::required(definition, "Definition")?) } else { definition };
    let label = body.sensitivity_label_settings;
    let strategy = label.as_ref().and_then(|label| label.sensitivity_label_apply_strategy.as_deref());
    strategy.map_or(Ok(()), item::check_label_strategy)?;
    let strategy = strategy.is_some();
    let label = label.map(|label| wire::required(label.label_id, "LabelId")).transpose()?;
    let new = CreateItem {
        kind,
        display_name,
        description: body.description,
        folder: wire::folder(body.folder_id, "FolderId")?,
        sensitivity_label: wire::id(label, "LabelId")?,
        definition,
        creation_payload: body.creation_payload,
    };
    let unread_payload = new.creation_payload.is_some() && !kind.spec().reads_payload;
    let without_etag = match kind.spec().started_etag {
        StartedEtag::Always => false,
        StartedEtag::Generic => typed.is_some(),
        StartedEtag::Never => true,
    };
    let answer = context.tenant.commit_then(
        context.now,
        |state, now| item::create(state, context.workspace(state)?, new, context.caller, now),
        |state, created| match created {
            Progress::Started(operation) => {
                let started = long_running_operations::started(context, state, operation)?;
                Ok::<_, FabricError>(if without_etag { started.family(Headers::Operation) } else { started })
            }
            Progress::Done(id) => {
                let within = context.workspace(state)?;
                let created = within.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
                Ok(Answer::created(&ItemBody::new(state, within.id, created)))
            }
        },
    )??;
    let answer = answer.inert("properties", misplaced).inert("creationPayload", unread_payload);
    Ok(answer.inert("sensitivityLabelApplyStrategy", strategy))
}

/// Rejects a read on a kind's own route while the content of the kind cannot be reached.
fn check_readable(context: &Context<'_>, state: &State, workspace: &Workspace) -> Result<(), FabricError> {
    context.operation.kind.map_or(Ok(()), |kind| state.check_readable(workspace, kind))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let wanted = match context.operation.kind {
        Some(kind) => Some(kind),
        None => context.query("type").map(|name| name.parse()).transpose()?,
    };
    let root = context.query_id("rootFolderId")?;
    let recursive = context.flag("recursive")?.unwrap_or(true);
    let included = Included::read(context)?;
    context.read(|state| {
        let workspace = context.workspace(state)?;
        check_readable(context, state, workspace)?;
        let scope = workspace.scope(root, recursive)?;
        let page = context.page(state)?;
        let seen = workspace.items_by_rank(page.after).filter(|(_, item)| {
            item.visible_from <= context.now && wanted.is_none_or(|kind| item.kind == kind) && scope.has(item.folder)
        });
        let whole_at = context.operation.kind.map(|_| context.now);
        let page = page.cut(seen).map(|item| {
            let body = ItemBody::seen(state, workspace, item, whole_at);
            included.with(state, item, body)
        });
        let null_tokens = context.operation.kind.is_some_and(|kind| kind.spec().lists_null_tokens);
        Ok(if null_tokens {
            Answer::ok(&NullableList::new(context, page))
        } else {
            Answer::ok(&List::new(context, page))
        })
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let included = Included::read(context)?;
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        check_readable(context, state, workspace)?;
        let whole_at = context.operation.kind.map(|_| context.now);
        let body = ItemBody::seen(state, workspace, item, whole_at);
        Ok(Answer::ok(&included.with(state, item, body)))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let UpdateItemBody { display_name, description, properties } = context.json()?;
    let kind_changes =
        context.operation.kind.map(|kind| item::settable(kind, &properties.unwrap_or_default())).transpose()?;
    let change = Update { display_name, description, kind_changes: kind_changes.unwrap_or_default() };
    context.tenant.commit_then(
        context.now,
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            item::update(state, workspace, item, change, now)
        },
        |state, id| {
            let workspace = context.workspace(state)?;
            let item = workspace.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
            let properties =
                context.operation.kind.and_then(|_| properties::of_update(state, workspace, item, context.now));
            Ok(Answer::ok(&ItemBody { properties, ..ItemBody::new(state, workspace.id, item) }))
        },
    )?
}

/// Items are deleted for good, whatever is asked for; asking for it takes an admin on the generic route (documented).
pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let hard = context.flag("hardDelete")? == Some(true) && context.operation.kind.is_none();
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        if hard {
            workspace.check_role(context.caller, Role::Admin)?;
        }
        item::delete(state, workspace, item, now)
    })?;
    Ok(Answer::empty())
}

pub(super) fn relocate(context: &Context<'_>) -> HandlerResult {
    let id = context.item_id()?;
    let body: MoveItemBody = context.json_or_nothing()?;
    let target = wire::folder(body.target_folder_id, "TargetFolderId")?;
    relocate_all(context, vec![id], target)
}

pub(super) fn bulk_relocate(context: &Context<'_>) -> HandlerResult {
    let body: BulkMoveItemsBody = context.json()?;
    let target = wire::folder(body.target_folder_id, "TargetFolderId")?;
    let ids = wire::required(body.items, "Items")?.into_iter().map(|id| wire::id(Some(id), "Items"));
    let ids = ids.collect::<Result<Vec<Option<ItemId>>, _>>()?.into_iter().flatten().collect();
    relocate_all(context, ids, target)
}

fn relocate_all(context: &Context<'_>, ids: Vec<ItemId>, target: Option<FolderId>) -> HandlerResult {
    context.tenant.commit_then(
        context.now,
        |state, now| {
            let workspace = match ids.as_slice() {
                [_] if context.operation.item_parameter().is_some() => context.item(state, now)?.0,
                _ => context.workspace(state)?,
            };
            item::relocate(workspace, ids, target, now)
        },
        |state, moved| {
            let workspace = context.workspace(state)?;
            let items = moved.iter().filter_map(|id| workspace.items().get(id));
            Ok(Answer::ok(&List::all(items.map(|item| ItemBody::new(state, workspace.id, item)).collect())))
        },
    )?
}

/// A definition as it is read back.
#[derive(Serialize)]
pub(super) struct DefinitionResponse {
    definition: DefinitionParts,
}

#[derive(Serialize)]
struct DefinitionParts {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    parts: Vec<DefinitionPart>,
}

impl DefinitionResponse {
    /// The definition of an item, in a format that was checked.
    pub(super) fn of(item: &Item, format: Option<&str>) -> Self {
        item::definition::read_back(item, format).into()
    }
}

impl From<ReadBack> for DefinitionResponse {
    fn from(ReadBack { format, parts }: ReadBack) -> Self {
        Self { definition: DefinitionParts { format, parts: parts.into_iter().map(DefinitionPart::from).collect() } }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DefinitionPart {
    path: String,
    payload: String,
    payload_type: &'static str,
}

impl DefinitionPart {
    /// The part as it lies in a folder.
    pub(super) fn under(self, root: &str) -> Self {
        Self { path: format!("{root}/{}", self.path), ..self }
    }
}

impl From<Part> for DefinitionPart {
    fn from(part: Part) -> Self {
        Self { path: part.path, payload: STANDARD.encode(part.payload), payload_type: "InlineBase64" }
    }
}

pub(super) fn get_definition(context: &Context<'_>) -> HandlerResult {
    let format = context.query("format");
    context.tenant.commit_then(
        context.now,
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            item::get_definition(state, workspace, item, format.as_deref(), now)
        },
        |state, definition| match definition {
            Progress::Started(operation) => long_running_operations::started(context, state, operation),
            Progress::Done(definition) => Ok(Answer::ok(&DefinitionResponse::from(definition))),
        },
    )?
}

pub(super) fn update_definition(context: &Context<'_>) -> HandlerResult {
    let metadata = context.flag("updateMetadata")?.unwrap_or(false);
    let body: UpdateDefinitionBody = context.json()?;
    let request: DefinitionRequest = wire::required(body.definition, "Definition")?.try_into()?;
    long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        item::update_definition(state, workspace, item, request, metadata, now)
    })
}

/// Publishes an environment, and answers with its `publishDetails` (seen).
pub(super) fn publish_environment(context: &Context<'_>) -> HandlerResult {
    context.tenant.commit_then(
        context.now,
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            environment::publish(state, workspace, item, now)
        },
        |state, ()| Ok(Answer::ok(&properties::publish_details(context.item(state, context.now)?.1))),
    )?
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindConnectionBody {
    connection_binding: Option<ConnectionBindingBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionBindingBody {
    id: Option<String>,
    connectivity_type: Option<String>,
    connection_details: Option<ConnectionDetailsBody>,
}

#[derive(Deserialize)]
struct ConnectionDetailsBody {
    r#type: Option<String>,
    path: Option<String>,
}

/// Binds a data source of a semantic model to a connection; one without an id binds it to none.
pub(super) fn bind_connection(context: &Context<'_>) -> HandlerResult {
    let body: BindConnectionBody = context.json()?;
    let binding = wire::required(body.connection_binding, "ConnectionBinding")?;
    wire::required(binding.connectivity_type, "ConnectivityType")?;
    let details = wire::required(binding.connection_details, "ConnectionDetails")?;
    let source = (wire::required(details.r#type, "Type")?, wire::required(details.path, "Path")?);
    let connection = wire::id(binding.id, "Id")?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        semantic_model::bind(state, workspace, item, source, connection, context.caller)
    })?;
    Ok(Answer::empty())
}

/// The connections of an item, those that the caller may see.
pub(super) fn connections(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        if !item.kind.spec().lists_connections {
            return Err(ErrorCode::OperationNotSupportedForItem.into());
        }
        let page = context.page(state)?;
        let named = item::connections(item).into_iter();
        let there = (1..).zip(named.filter_map(|id| state.connection(id, &context.caller).ok()));
        let page =
            page.cut(there.skip_while(|(position, _)| Some(*position) <= page.after)).map(ItemConnectionBody::from);
        Ok(Answer::ok(&List::new(context, page)))
    })
}
