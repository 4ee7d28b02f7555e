//! The body with the state of a long-running operation.

use serde::Serialize;

use crate::fabric::State;
use crate::fabric::behaviours::OperationMembers;
use crate::fabric::operation::{Operation, OperationError, OperationResult, OperationStatus};
use crate::http::answer::zoneless;

/// The state of a long-running operation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperationState<'a> {
    status: OperationStatus,
    created_time_utc: String,
    last_updated_time_utc: String,
    percent_complete: Option<u32>,
    error: Option<OperationErrorBody<'a>>,
    #[serde(flatten)]
    newer: Option<NewerMembers>,
}

/// The members that Fabric's builds of August 2026 add.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct NewerMembers {
    blob_info_id: (),
    result_content_type: (),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperationErrorBody<'a> {
    error_code: &'a str,
    message: &'a str,
    is_retriable: bool,
}

impl<'a> From<&'a OperationError> for OperationErrorBody<'a> {
    fn from(error: &'a OperationError) -> Self {
        Self { error_code: &error.code, message: &error.message, is_retriable: error.is_retriable }
    }
}

impl<'a> OperationState<'a> {
    /// Creates the state of an operation from its current status.
    pub(crate) fn new(state: &State, operation: &'a Operation, status: OperationStatus) -> Self {
        let (last_updated, percent_complete, error) = match (status, &operation.result) {
            (OperationStatus::Running, _) => (operation.created_at, None, None),
            (_, OperationResult::Failed(error)) => (operation.ends_at, None, Some(OperationErrorBody::from(error))),
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
