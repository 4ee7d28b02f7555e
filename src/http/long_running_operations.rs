//! Long-running operations: their state and their result, and the 202 that begins one.

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::behaviours::{OperationLocation, OperationMembers};
use crate::fabric::operation::{self, Operation, OperationError, OperationResult, OperationStatus, Progress};
use crate::fabric::{Decision, ErrorCode, FabricError, State};
use crate::http::answer::{Answer, Headers, zoneless};
use crate::http::bulk::ImportResponse;
use crate::http::context::{Context, HandlerResult};
use crate::http::items::{DefinitionResponse, ItemBody};
use crate::http::workspaces::IdentityBody;
use crate::ids::OperationId;

/// The host in the `Location` of an operation where the regional one is wanted: the service redirects to such a one.
const REGIONAL: &str = "https://wabi-west-europe-redirect.analysis.windows.net";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationState<'a> {
    status: OperationStatus,
    created_time_utc: String,
    last_updated_time_utc: String,
    percent_complete: Option<u32>,
    error: Option<FailureBody<'a>>,
    #[serde(flatten)]
    newer: Option<NewerMembers>,
}

/// What builds of August 2026 add.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct NewerMembers {
    blob_info_id: (),
    result_content_type: (),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureBody<'a> {
    error_code: &'a str,
    message: &'a str,
    is_retriable: bool,
}

impl<'a> From<&'a OperationError> for FailureBody<'a> {
    fn from(failure: &'a OperationError) -> Self {
        Self { error_code: &failure.code, message: &failure.message, is_retriable: failure.is_retriable }
    }
}

/// Decides, and answers with the 202 of what has begun, or with an empty 200 where it is done.
pub(super) fn run(
    context: &Context<'_>,
    decide: impl FnOnce(&State, Timestamp) -> Decision<Progress<()>>,
) -> HandlerResult {
    context.tenant.commit_then(context.now, decide, |state, progress| match progress {
        Progress::Started(operation) => started(context, state, operation),
        Progress::Done(()) => Ok(Answer::empty()),
    })?
}

/// The 202 of an operation that has begun.
pub(super) fn started(context: &Context<'_>, state: &State, id: OperationId) -> HandlerResult {
    let missing = || FabricError::new(ErrorCode::OperationNotFound).about("Operation", id);
    let operation = state.operations().get(&id).ok_or_else(missing)?;
    let wait = context.callers_seconds(operation.retry_after);
    Ok(Answer::started().at(location(context, state, id, "")).of(id, Some(wait)))
}

fn location(context: &Context<'_>, state: &State, id: OperationId, result: &str) -> String {
    let path = format!("/v1/operations/{id}{result}");
    match state.settings.behaviours.operation_location {
        OperationLocation::Same => context.url(&path),
        OperationLocation::Regional => format!("{REGIONAL}{path}"),
    }
}

pub(super) fn get_state(context: &Context<'_>) -> HandlerResult {
    let id = context.id("operationId")?;
    context.read(|state| {
        let operation = operation::find(state, id, context.caller)?;
        let status = operation.status_at(context.now);
        let answer = Answer::ok(&OperationState::new(state, operation, status));
        Ok(match status {
            OperationStatus::Running => {
                let wait = context.callers_seconds(operation.retry_after);
                answer.at(location(context, state, id, "")).of(id, Some(wait))
            }
            OperationStatus::Succeeded if operation.has_result() => {
                answer.at(location(context, state, id, "/result")).of(id, None)
            }
            OperationStatus::Succeeded | OperationStatus::Failed => answer,
        })
    })
}

impl<'a> OperationState<'a> {
    fn new(state: &State, operation: &'a Operation, status: OperationStatus) -> Self {
        let (last_updated, percent_complete, error) = match (status, &operation.result) {
            (OperationStatus::Running, _) => (operation.created_at, None, None),
            (_, OperationResult::Failed(failure)) => (operation.ends_at, None, Some(FailureBody::from(failure))),
            (OperationStatus::Succeeded | OperationStatus::Failed, _) => (operation.ends_at, Some(100), None),
        };
        Self {
            status,
            created_time_utc: zoneless(operation.created_at),
            last_updated_time_utc: zoneless(last_updated),
            percent_complete,
            error,
            newer: (state.settings.behaviours.operation_members == OperationMembers::Seven).then(NewerMembers::default),
        }
    }
}

pub(super) fn get_result(context: &Context<'_>) -> HandlerResult {
    let id = context.id("operationId")?;
    context.read(|state| {
        let operation = operation::find(state, id, context.caller)?;
        let answer = match operation.result_at(context.now)? {
            OperationResult::Created(item) | OperationResult::Item(item) => {
                Answer::ok(&ItemBody::new(state, operation.workspace, item))
            }
            OperationResult::Definition(item, format) => Answer::ok(&DefinitionResponse::of(item, format.as_deref())),
            OperationResult::Identity(identity) => Answer::ok(&IdentityBody::from(*identity)),
            OperationResult::Imported(items) => Answer::ok(&ImportResponse::new(items)),
            OperationResult::Nothing | OperationResult::Failed(_) => {
                return Err(ErrorCode::OperationNotSucceeded.into());
            }
        };
        Ok(answer.family(Headers::Result))
    })
}
