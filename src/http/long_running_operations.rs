//! Long-running operations: state, result, and the 202 of a started operation.

use jiff::Timestamp;

use crate::fabric::behaviours::OperationLocation;
use crate::fabric::operation::{self, OperationResult, OperationStatus, Progress};
use crate::fabric::{Decision, ErrorCode, FabricError, State};
use crate::http::answer::{Answer, Headers};
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::bulk::ImportResponse;
use crate::http::wire::definitions::DefinitionResponse;
use crate::http::wire::deployment_pipeline::DeploymentBody;
use crate::http::wire::git;
use crate::http::wire::items::ItemBody;
use crate::http::wire::long_running_operations::OperationState;
use crate::http::wire::warehouses::RestorePointBody;
use crate::http::wire::workspaces::IdentityBody;
use crate::ids::OperationId;

/// The origin in the `Location` of an operation, if the tenant's behaviours choose a regional host. Fabric redirects
/// requests to such hosts.
const REGIONAL: &str = "https://wabi-west-europe-redirect.analysis.windows.net";

/// Makes a decision and records its facts. The response is a 202 if a long-running operation has started, otherwise an
/// empty 200.
pub(super) fn run(
    context: &Context<'_>,
    decide: impl FnOnce(&State, Timestamp) -> Decision<Progress<()>>,
) -> HandlerResult {
    context.commit_then(decide, |state, progress| match progress {
        Progress::Started(operation) => started(context, state, operation),
        Progress::Done(()) => Ok(Answer::empty()),
    })?
}

/// Returns the 202 for a long-running operation that has started.
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

pub(super) fn get_result(context: &Context<'_>) -> HandlerResult {
    let id = context.id("operationId")?;
    context.read(|state| {
        let operation = operation::find(state, id, context.caller)?;
        let answer = match operation.result_at(context.now)? {
            OperationResult::Created(item) | OperationResult::Item(item) => {
                Answer::ok(&ItemBody::new(state, operation.workspace_id(), item))
            }
            OperationResult::Definition(item, format) => {
                let body = DefinitionResponse::of(item, format.as_deref());
                Answer::ok_sized(&body, body.size())
            }
            OperationResult::Identity(identity) => Answer::ok(&IdentityBody::from(*identity)),
            OperationResult::RestorePoint(point) => Answer::ok(&RestorePointBody::new(state, point)),
            OperationResult::Imported(items) => Answer::ok(&ImportResponse::from(items.as_slice())),
            OperationResult::Deployed(pipeline, id) => {
                let pipeline = state.deployment_pipeline(*pipeline, context.caller.id)?;
                Answer::ok(&DeploymentBody::whole(pipeline.deployment(*id)?, context.now))
            }
            OperationResult::Git(result) => git::result(result),
            OperationResult::Nothing | OperationResult::Failed(_) => {
                return Err(ErrorCode::OperationNotSucceeded.into());
            }
        };
        Ok(answer.family(Headers::Result))
    })
}
