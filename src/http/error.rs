//! Refusals on the wire: the only map from an [`ErrorCode`] to a status.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use crate::fabric::settings::{Behaviours, Conflict};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::{self, Headers};
use crate::ids::RequestId;

/// The status of a refusal. Where the service was seen to answer in two ways, the tenant's behaviours decide.
pub const fn status_code(code: ErrorCode, behaviours: &Behaviours) -> StatusCode {
    match code {
        ErrorCode::CorruptedPayload
        | ErrorCode::FolderDepthOutOfRange
        | ErrorCode::InvalidConnectionDetails
        | ErrorCode::InvalidContinuationToken
        | ErrorCode::InvalidCredentialDetails
        | ErrorCode::InvalidDefinitionFormat
        | ErrorCode::InvalidDefinitionParts
        | ErrorCode::InvalidFolderDisplayName
        | ErrorCode::InvalidInput
        | ErrorCode::InvalidItemType
        | ErrorCode::InvalidParameter
        | ErrorCode::InvalidPlatformFile
        | ErrorCode::InvalidRequest
        | ErrorCode::MissingDefinitionParts
        | ErrorCode::OperationNotAllowedInCurrentStatus
        | ErrorCode::OperationNotSupportedForItem
        | ErrorCode::TooManyFolders
        | ErrorCode::UnsupportedPayloadType
        | ErrorCode::WorkspaceHasNoCapacityAssigned
        | ErrorCode::WorkspaceItemsLimitExceeded => StatusCode::BAD_REQUEST,

        ErrorCode::TokenExpired | ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,

        ErrorCode::Forbidden | ErrorCode::TenantNotAllowed => StatusCode::FORBIDDEN,

        ErrorCode::CapacityNotActive
        | ErrorCode::CapacityNotFound
        | ErrorCode::EndpointNotFound
        | ErrorCode::EntityNotFound
        | ErrorCode::FolderNotFound
        | ErrorCode::WorkspaceNotFound => StatusCode::NOT_FOUND,

        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::OperationFailedOnTimeout => StatusCode::REQUEST_TIMEOUT,

        ErrorCode::ItemDisplayNameAlreadyInUse | ErrorCode::ItemDisplayNameNotAvailableYet => {
            match behaviours.name_conflict {
                Conflict::Conflict => StatusCode::CONFLICT,
                Conflict::BadRequest => StatusCode::BAD_REQUEST,
            }
        }
        ErrorCode::DuplicateConnectionName
        | ErrorCode::FolderDisplayNameAlreadyInUse
        | ErrorCode::WorkspaceNameAlreadyExists => StatusCode::CONFLICT,

        ErrorCode::InvalidPayloadSize => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::RequestBlocked => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::UnknownError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::NotEmulated => StatusCode::NOT_IMPLEMENTED,
    }
}

/// The body of a refusal: members in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorResponse<'a> {
    request_id: RequestId,
    error_code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more_details: Vec<Detail<'a>>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_resource: Option<RelatedResource<'a>>,
    is_retriable: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    error_code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedResource<'a> {
    resource_id: &'a str,
    resource_type: &'static str,
}

/// Writes a refusal. `rate` turns the tenant's seconds into the caller's.
pub fn render(refusal: &FabricError, request_id: RequestId, behaviours: &Behaviours, rate: f64) -> Response {
    let code = refusal.code();
    let details = refusal.more_details().iter();
    let body = ErrorResponse {
        request_id,
        error_code: code.as_str(),
        more_details: details
            .map(|detail| Detail { error_code: detail.code.as_str(), message: &detail.message })
            .collect(),
        message: refusal.text(),
        related_resource: refusal
            .related_resource()
            .map(|it| RelatedResource { resource_id: &it.id, resource_type: it.kind }),
        is_retriable: code.is_retriable(),
    };
    let family = if code == ErrorCode::RequestBlocked { Headers::Blocked } else { Headers::Refused };
    let mut response = answer::respond(status_code(code, behaviours), family, answer::to_json(&body));
    let headers = response.headers_mut();
    headers.insert("x-ms-public-api-error-code", HeaderValue::from_static(code.as_str()));
    if let Some(wait) = refusal.wait() {
        // Rounded down, as the service does for its windows, but never to nothing.
        let seconds = ((wait.as_secs_f64() / rate) as u64).max(1);
        headers.insert("retry-after", HeaderValue::from(seconds));
    }
    if let Some(note) = refusal.hint().and_then(|note| HeaderValue::from_str(note).ok()) {
        headers.insert("x-emulator-note", note);
    }
    response
}
