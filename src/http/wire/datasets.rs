//! Bodies of Power BI's datasets and their refreshes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fabric::item::Item;
use crate::fabric::job::refresh::{CommitMode, Refresh, RefreshObject, RefreshType};
use crate::fabric::job::{JobInstance, JobStatus};
use crate::fabric::workspace::Workspace;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::zoneless;
use crate::ids::{ItemId, JobInstanceId};

/// A dataset.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatasetBody<'a> {
    id: ItemId,
    name: &'a str,
    web_url: String,
    #[serde(rename = "addRowsAPIEnabled")]
    add_rows_api_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    configured_by: Option<&'a str>,
    is_refreshable: bool,
    is_effective_identity_required: bool,
    is_effective_identity_roles_required: bool,
    is_on_prem_gateway_required: bool,
    target_storage_mode: &'static str,
    created_date: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
}

impl<'a> DatasetBody<'a> {
    /// Creates the body of a semantic model of a workspace.
    pub(crate) fn new(state: &'a State, within: &Workspace, item: &'a Item) -> Self {
        let creator = item.creator.and_then(|creator| state.directory().get(&creator.id));
        Self {
            id: item.id,
            name: &item.display_name,
            web_url: format!("https://app.powerbi.com/groups/{}/datasets/{}", within.id, item.id),
            add_rows_api_enabled: false,
            configured_by: creator.and_then(|creator| creator.user_name()),
            is_refreshable: true,
            is_effective_identity_required: false,
            is_effective_identity_roles_required: false,
            is_on_prem_gateway_required: false,
            target_storage_mode: "Abf",
            created_date: millis(item.visible_from),
            description: &item.description,
        }
    }
}

/// A request to refresh a dataset. Its members other than `notifyOption` make it an enhanced refresh.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RefreshRequest {
    notify_option: Option<String>,
    r#type: Option<String>,
    commit_mode: Option<String>,
    objects: Option<Vec<RefreshObject>>,
    max_parallelism: Option<Value>,
    retry_count: Option<Value>,
    apply_refresh_policy: Option<Value>,
    effective_date: Option<Value>,
    timeout: Option<Value>,
}

impl RefreshRequest {
    /// Returns the refresh, and the names of the members without effect.
    pub(crate) fn parsed(self) -> Result<(Refresh, Vec<&'static str>), FabricError> {
        let inert: Vec<&'static str> = [
            ("maxParallelism", self.max_parallelism.is_some()),
            ("retryCount", self.retry_count.is_some()),
            ("applyRefreshPolicy", self.apply_refresh_policy.is_some()),
            ("effectiveDate", self.effective_date.is_some()),
            ("timeout", self.timeout.is_some()),
        ]
        .into_iter()
        .filter_map(|(member, is_given)| is_given.then_some(member))
        .collect();
        if let Some(option) = self.notify_option.as_deref()
            && !["NoNotification", "MailOnFailure", "MailOnCompletion"].contains(&option)
        {
            return Err(invalid("notifyOption", option));
        }
        let is_enhanced =
            !inert.is_empty() || self.r#type.is_some() || self.commit_mode.is_some() || self.objects.is_some();
        let named_type = |name: String| RefreshType::named(&name).ok_or_else(|| invalid("type", &name));
        let named_mode = |name: String| CommitMode::named(&name).ok_or_else(|| invalid("commitMode", &name));
        let refresh = Refresh {
            is_enhanced,
            r#type: self.r#type.map(named_type).transpose()?.unwrap_or_default(),
            commit_mode: self.commit_mode.map(named_mode).transpose()?.unwrap_or_default(),
            objects: self.objects.unwrap_or_default(),
        };
        Ok((refresh, inert))
    }
}

fn invalid(member: &str, value: &str) -> FabricError {
    FabricError::new(ErrorCode::InvalidParameter).message(format!("The value {value:?} of {member} is not supported."))
}

/// A refresh in the history of a dataset.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshBody {
    request_id: JobInstanceId,
    refresh_type: &'static str,
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_exception_json: Option<String>,
    status: &'static str,
}

impl RefreshBody {
    /// Creates the body of a refresh.
    pub(crate) fn new(instance: &JobInstance, refresh: &Refresh) -> Self {
        let error = instance.error();
        Self {
            request_id: instance.run.id,
            refresh_type: if refresh.is_enhanced { "ViaEnhancedApi" } else { "ViaApi" },
            start_time: millis(instance.run.requested_at),
            end_time: instance.ended_at.map(millis),
            service_exception_json: error.map(|error| {
                serde_json::json!({"errorCode": error.code, "errorDescription": error.message}).to_string()
            }),
            status: status(instance.status),
        }
    }
}

/// The details of an enhanced refresh.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefreshDetailsBody<'a> {
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    r#type: RefreshType,
    commit_mode: CommitMode,
    status: &'static str,
    extended_status: &'static str,
    current_refresh_type: RefreshType,
    number_of_attempts: u32,
    #[serde(skip_serializing_if = "<[RefreshObject]>::is_empty")]
    objects: &'a [RefreshObject],
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<[RefreshMessage<'a>; 1]>,
}

#[derive(Serialize)]
struct RefreshMessage<'a> {
    code: &'a str,
    message: &'a str,
    r#type: &'static str,
}

impl<'a> RefreshDetailsBody<'a> {
    /// Creates the details of a refresh.
    pub(crate) fn new(instance: &'a JobInstance, refresh: &'a Refresh) -> Self {
        let message = instance.error();
        Self {
            start_time: zoneless(instance.run.requested_at),
            end_time: instance.ended_at.map(zoneless),
            r#type: refresh.r#type,
            commit_mode: refresh.commit_mode,
            status: status(instance.status),
            extended_status: match instance.status {
                JobStatus::NotStarted => "NotStarted",
                JobStatus::InProgress => "InProgress",
                JobStatus::Completed => "Completed",
                JobStatus::Failed => "Failed",
                JobStatus::Cancelled => "Cancelled",
            },
            current_refresh_type: refresh.r#type,
            number_of_attempts: 0,
            objects: &refresh.objects,
            messages: message
                .map(|error| [RefreshMessage { code: &error.code, message: &error.message, r#type: "Error" }]),
        }
    }
}

/// Returns the status of a refresh. One in progress is `Unknown`.
fn status(status: JobStatus) -> &'static str {
    match status {
        JobStatus::NotStarted | JobStatus::InProgress => "Unknown",
        JobStatus::Completed => "Completed",
        JobStatus::Failed => "Failed",
        JobStatus::Cancelled => "Cancelled",
    }
}

/// Formats an instant as in the examples of the description: `2017-06-13T09:25:43.153Z`.
fn millis(at: Timestamp) -> String {
    format!("{at:.3}")
}
