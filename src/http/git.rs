//! Git integration: connections, credentials, status, commits, updates and relations of workspaces.

use crate::fabric::git::{connection, credentials, relation, settings, status, sync, update as git_update};
use crate::fabric::operation::Progress;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire;
use crate::http::wire::git::{
    CommitBody, ConnectBody, ConnectionBody, ConnectionSettingsBody, CreateRelationBody, CredentialsBody,
    CredentialsResponse, DiscoveredConnection, InitializeBody, InitializeResponse, RelationBody, StatusResponse,
    UpdateBody, UpdateSettingsBody,
};

pub(super) fn get_connection(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&ConnectionBody::from(context.workspace(state)?.git_connection()))))
}

pub(super) fn connect(context: &Context<'_>) -> HandlerResult {
    let body: ConnectBody = context.json()?;
    let provider = wire::required(body.git_provider_details, "GitProviderDetails")?.details()?;
    let credentials = body.my_git_credentials.map(CredentialsBody::credentials).transpose()?;
    context.commit(|state, now| {
        connection::connect(state, context.workspace(state)?, provider, credentials, context.caller, now)
    })?;
    Ok(Answer::empty())
}

pub(super) fn disconnect(context: &Context<'_>) -> HandlerResult {
    context.commit(|state, _| connection::disconnect(context.workspace(state)?))?;
    Ok(Answer::empty())
}

/// Lists the connections of all workspaces, for administrators.
pub(super) fn list_connections(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let all = state.workspaces().after(page.after);
        let connected = all.filter_map(|(position, workspace)| {
            let connection = workspace.git_connection()?;
            Some((position, DiscoveredConnection::new(workspace.id, connection)))
        });
        Ok(Answer::ok(&context.list(page.cut(connected))))
    })
}

pub(super) fn get_settings(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let roles = settings::branch_roles(context.workspace(state)?)?;
        Ok(Answer::ok(&ConnectionSettingsBody::from(roles)))
    })
}

pub(super) fn update_settings(context: &Context<'_>) -> HandlerResult {
    let roles = context.json::<UpdateSettingsBody>()?.branch_roles()?;
    let roles = context.commit(|state, _| settings::change(context.workspace(state)?, roles))?;
    Ok(Answer::ok(&ConnectionSettingsBody::from(roles)))
}

pub(super) fn get_credentials(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let credentials = credentials::of(context.workspace(state)?, context.caller)?;
        Ok(Answer::ok(&CredentialsResponse::from(credentials)))
    })
}

pub(super) fn update_credentials(context: &Context<'_>) -> HandlerResult {
    let body: CredentialsBody = context.json()?;
    let credentials = body.credentials()?;
    let set =
        context.commit(|state, _| credentials::set(state, context.workspace(state)?, credentials, context.caller))?;
    Ok(Answer::ok(&CredentialsResponse::from(set)))
}

pub(super) fn initialize(context: &Context<'_>) -> HandlerResult {
    let strategy = context.json_or_nothing::<InitializeBody>()?.strategy()?;
    context.commit_then(
        |state, now| sync::initialize(state, context.workspace(state)?, strategy, context.caller, now),
        |state, progress| answer(context, state, progress, |done| Answer::ok(&InitializeResponse::from(done))),
    )?
}

pub(super) fn get_status(context: &Context<'_>) -> HandlerResult {
    context.commit_then(
        |state, now| status::status(state, context.workspace(state)?, context.caller, now),
        |state, progress| answer(context, state, progress, |done| Answer::ok(&StatusResponse::from(done))),
    )?
}

/// Returns a 202 response if an operation has started, else the response with the result.
fn answer<T>(
    context: &Context<'_>,
    state: &State,
    progress: Progress<T>,
    respond: impl FnOnce(&T) -> Answer,
) -> HandlerResult {
    match progress {
        Progress::Started(operation) => long_running_operations::started(context, state, operation),
        Progress::Done(result) => Ok(respond(&result)),
    }
}

pub(super) fn commit(context: &Context<'_>) -> HandlerResult {
    let request = context.json::<CommitBody>()?.request()?;
    long_running_operations::run(context, |state, now| {
        sync::commit(state, context.workspace(state)?, request, context.caller, now)
    })
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let request = context.json::<UpdateBody>()?.request()?;
    long_running_operations::run(context, |state, now| {
        git_update::update(state, context.workspace(state)?, &request, context.caller, now)
    })
}

pub(super) fn list_relations(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let id = context.workspace(state)?.id;
        let page = context.page(state)?;
        let own = state.relations().after(page.after).filter(|(_, relation)| relation.involves(id));
        Ok(Answer::ok(&context.list(page.cut(own).map(|relation| RelationBody::new(id, relation)))))
    })
}

pub(super) fn create_relation(context: &Context<'_>) -> HandlerResult {
    let body: CreateRelationBody = context.json()?;
    let invalid = |why: &str| {
        FabricError::new(ErrorCode::WorkspaceRelationInvalidArgument).detail(ErrorCode::InvalidParameter, why)
    };
    let related = body.related_workspace_id.and_then(|id| id.parse().ok());
    let related = related.ok_or_else(|| invalid("RelatedWorkspaceId must be a GUID."))?;
    let kind = body.relation_type.ok_or_else(|| invalid("The RelationType field is required."))?;
    let kind = relation::RelationType::named(&kind)?;
    context.commit_then(
        |state, _| relation::create(state, context.workspace(state)?, related, kind, context.caller),
        |state, id| {
            let within = context.workspace(state)?.id;
            let created = state.relations().get(&id).ok_or(ErrorCode::WorkspaceRelationNotFound)?;
            Ok(Answer::created(&RelationBody::new(within, created)))
        },
    )?
}

pub(super) fn delete_relation(context: &Context<'_>) -> HandlerResult {
    let id = context.id("workspaceRelationId")?;
    context.commit(|state, _| relation::delete(state, context.workspace(state)?, id))?;
    Ok(Answer::empty())
}
