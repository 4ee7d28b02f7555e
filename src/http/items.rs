//! Items of every kind, on the generic routes and on the kinds' own routes.

use crate::fabric::item::definition::{self, Needed};
use crate::fabric::item::kinds::StartedEtag;
use crate::fabric::item::{self, CreateItem, DefinitionRequest, Item, ItemKind, Update};
use crate::fabric::item::{environment, semantic_model};
use crate::fabric::operation::Progress;
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::{Answer, Headers};
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire::connections::ItemConnectionBody;
use crate::http::wire::definitions::{DefinitionResponse, UpdateDefinitionBody};
use crate::http::wire::items::{
    BindConnectionBody, BulkMoveItemsBody, CreateItemBody, ItemBody, LogicalIdBody, MoveItemBody, UpdateItemBody,
    UpdateItemIdentity, UpdateItemIdentityResponse,
};
use crate::http::wire::principals::PrincipalBody;
use crate::http::wire::{self, List, properties};
use crate::ids::{FolderId, ItemId};

/// The members that the query parameter `include` adds to an item.
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

    /// Returns the body of an item with the included members. On a kind's own routes, the body also has the item's
    /// properties.
    fn body<'s>(
        self,
        context: &Context<'_>,
        state: &'s State,
        workspace: &'s Workspace,
        item: &'s Item,
    ) -> ItemBody<'s> {
        let properties = context.operation.kind.and_then(|_| properties::of(state, workspace, item, context.now));
        let identity = item.default_identity.filter(|_| self.default_identity);
        ItemBody::new(state, workspace.id, item)
            .with_properties(properties)
            .with_default_identity(identity.map(|principal| PrincipalBody::known(state, principal)))
    }
}

/// Makes the caller the default identity of an item. No other identity can be chosen (documented).
pub(super) fn associate_identity(context: &Context<'_>) -> HandlerResult {
    let body: UpdateItemIdentity = context.json()?;
    if !wire::required(body.assignment_type, "AssignmentType")?.eq_ignore_ascii_case("Caller") {
        return Err(FabricError::new(ErrorCode::InvalidRequest).message("Invalid association request."));
    }
    let item_id = context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        item::associate_identity(state, workspace, item, context.caller)
    })?;
    Ok(Answer::ok(&UpdateItemIdentityResponse::succeeded(item_id)))
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
    // A body with top-level `properties` instead of a definition creates an empty item (documented).
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
        definition: definition.map(|request| definition::check(kind, request, true)),
        creation_payload: body.creation_payload,
    };
    let unread_payload = new.creation_payload.is_some() && !kind.spec().reads_payload;
    let without_etag = match kind.spec().started_etag {
        StartedEtag::Always => false,
        StartedEtag::Generic => typed.is_some(),
        StartedEtag::Never => true,
    };
    let answer = context.commit_then(
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

/// Rejects reads on a kind's own routes while a paused capacity makes the content of the items unavailable.
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
        let page = page.cut(seen).map(|item| included.body(context, state, workspace, item));
        let null_tokens = context.operation.kind.is_some_and(|kind| kind.spec().lists_null_tokens);
        Ok(if null_tokens { Answer::ok(&context.nullable_list(page)) } else { Answer::ok(&context.list(page)) })
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let included = Included::read(context)?;
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        check_readable(context, state, workspace)?;
        Ok(Answer::ok(&included.body(context, state, workspace, item)))
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let UpdateItemBody { display_name, description, properties } = context.json()?;
    let kind_changes =
        context.operation.kind.map(|kind| item::settable(kind, &properties.unwrap_or_default())).transpose()?;
    let change = Update { display_name, description, kind_changes: kind_changes.unwrap_or_default() };
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            item::update(state, workspace, item, change, now)
        },
        |state, id| {
            let workspace = context.workspace(state)?;
            let item = workspace.items().get(&id).ok_or_else(|| FabricError::no_item(id))?;
            let properties =
                context.operation.kind.and_then(|_| properties::of_update(state, workspace, item, context.now));
            Ok(Answer::ok(&ItemBody::new(state, workspace.id, item).with_properties(properties)))
        },
    )?
}

/// Deletes an item. On the generic route, `hardDelete` requires the role Admin (documented).
pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let permanent = context.flag("hardDelete")?.unwrap_or(false);
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        if permanent && context.operation.kind.is_none() {
            workspace.check_role(context.caller, Role::Admin)?;
        }
        item::delete(state, workspace, item, permanent, now)
    })?;
    Ok(Answer::empty())
}

pub(super) fn update_logical_id(context: &Context<'_>) -> HandlerResult {
    let body: LogicalIdBody = context.json()?;
    let logical_id = wire::required_id(body.logical_id, "LogicalId")?;
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        item::set_logical_id(state, workspace, item, logical_id, now)
    })?;
    Ok(Answer::ok(&LogicalIdBody { logical_id: Some(logical_id.to_string()) }))
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
    relocate_all(context, wire::required_ids(body.items, "Items")?, target)
}

fn relocate_all(context: &Context<'_>, ids: Vec<ItemId>, target: Option<FolderId>) -> HandlerResult {
    context.commit_then(
        |state, now| {
            let workspace = match ids.as_slice() {
                [_] if context.parameters.item().is_some() => context.item(state, now)?.0,
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

pub(super) fn get_definition(context: &Context<'_>) -> HandlerResult {
    let format = context.query("format");
    let done = context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            item::get_definition(state, workspace, item, format.as_deref(), now)
        },
        |state, definition| match definition {
            Progress::Started(operation) => Err(Box::new(long_running_operations::started(context, state, operation))),
            Progress::Done(definition) => Ok(definition),
        },
    )?;
    // A definition can be large: it is serialised without the lock.
    match done {
        Ok(definition) => {
            let body = DefinitionResponse::from(definition);
            Ok(Answer::ok_sized(&body, body.size()))
        }
        Err(started) => *started,
    }
}

pub(super) fn update_definition(context: &Context<'_>) -> HandlerResult {
    let metadata = context.flag("updateMetadata")?.unwrap_or(false);
    let body: UpdateDefinitionBody = context.json()?;
    let request: DefinitionRequest = wire::required(body.definition, "Definition")?.try_into()?;
    let kind = context.tenant.read(|state| context.item(state, context.now).map(|(_, item)| item.kind))?;
    let checked = definition::check(kind, request, metadata);
    long_running_operations::run(context, |state, now| {
        let (workspace, item) = context.item(state, now)?;
        item::update_definition(state, workspace, item, checked, now)
    })
}

/// Publishes an environment. The response is its `publishDetails` (seen).
pub(super) fn publish_environment(context: &Context<'_>) -> HandlerResult {
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            environment::publish(state, workspace, item, now)
        },
        |state, ()| Ok(Answer::ok(&properties::publish_details(context.item(state, context.now)?.1, context.now))),
    )?
}

/// Binds a data source of a semantic model to a connection. If the connection id is missing, the existing binding is
/// removed.
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

/// Lists the connections of an item, except connections in which the caller has no role.
pub(super) fn connections(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        if !item.kind.spec().lists_connections {
            return Err(ErrorCode::OperationNotSupportedForItem.into());
        }
        let page = context.page(state)?;
        let named = item::connections(item).into_iter();
        let usable = (1..).zip(named.filter_map(|id| state.connection(id, &context.caller).ok()));
        let page =
            page.cut(usable.skip_while(|(position, _)| Some(*position) <= page.after)).map(ItemConnectionBody::from);
        Ok(Answer::ok(&context.list(page)))
    })
}
