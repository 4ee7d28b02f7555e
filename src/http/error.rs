//! Errors over HTTP: the status of each [`ErrorCode`], and the body of an error.

use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::clock::real_seconds;
use crate::fabric::behaviours::{Behaviours, CapacityNotActive, IsRetriable, ItemNotFound, NameConflict};
use crate::fabric::{self, ErrorCode, FabricError};
use crate::http::answer::{self, Headers, Written};
use crate::ids::RequestId;

/// Returns the status of an error code. If two statuses of the service are known, the tenant's behaviours choose one.
pub const fn status_code(code: ErrorCode, behaviours: &Behaviours) -> StatusCode {
    match code {
        ErrorCode::AlmDuplicatePipelineName
        | ErrorCode::AlmNoArtifactsToDeploy
        | ErrorCode::AlmWorkspaceHasNoCapacity
        | ErrorCode::BadRequest
        | ErrorCode::CannotDeletePrimaryGatewayIfClusterMemberExists
        | ErrorCode::CannotMoveChildOnly
        | ErrorCode::CapacityNotInActiveState
        | ErrorCode::ConflictingMemberGatewayCountProperties
        | ErrorCode::ConnectionMismatch
        | ErrorCode::CorruptedPayload
        | ErrorCode::CosmosDBDatabaseDisplayNameCannotBeChanged
        | ErrorCode::CreateGatewayConnectionFailed
        | ErrorCode::DmGwPipelineGatewayDataSourceAccessError
        | ErrorCode::DmUnderlyingErrorCode
        | ErrorCode::DmUnderlyingErrorMessage
        | ErrorCode::DmUnderlyingHResult
        | ErrorCode::DmUnderlyingNativeErrorCode
        | ErrorCode::DmtsUntrustedEndpointForWorkspaceIdentity
        | ErrorCode::DuplicateDisplayNameAndType
        | ErrorCode::ExternalDataShareCannotBeAcceptedInTheSameTenant
        | ErrorCode::ExternalDataShareOperationNotSupportedForItemType
        | ErrorCode::FolderDepthOutOfRange
        | ErrorCode::FolderNotEmpty
        | ErrorCode::GatewayInvalidPrincipalType
        | ErrorCode::GitCredentialsNotConfigured
        | ErrorCode::IncorrectCredentials
        | ErrorCode::InfiniteFolderHierarchyLoop
        | ErrorCode::InvalidCapacitySku
        | ErrorCode::InvalidCapacityState
        | ErrorCode::InvalidConnectionDetails
        | ErrorCode::InvalidContinuationToken
        | ErrorCode::InvalidCredentialDetails
        | ErrorCode::InvalidDefinitionFormat
        | ErrorCode::InvalidDefinitionParts
        | ErrorCode::InvalidFilesPath
        | ErrorCode::InvalidFolderDisplayName
        | ErrorCode::InvalidGuestTenantId
        | ErrorCode::InvalidInput
        | ErrorCode::InvalidInputs
        | ErrorCode::InvalidItemState
        | ErrorCode::InvalidItemType
        | ErrorCode::InvalidJobType
        | ErrorCode::InvalidParameter
        | ErrorCode::InvalidPlatformFile
        | ErrorCode::InvalidPrincipal
        | ErrorCode::InvalidRequest
        | ErrorCode::InvalidSubscriptionId
        | ErrorCode::ItemReferencedMoreThanOnce
        | ErrorCode::LifecycleNotAllowedForMyWorkspace
        | ErrorCode::LocationNotAvailableForResourceType
        | ErrorCode::MissingApiVersionParameter
        | ErrorCode::JobAlreadyCompleted
        | ErrorCode::MirroredDatabaseNotReady
        | ErrorCode::MirroringDefinitionMissing
        | ErrorCode::MissingDefinitionParts
        | ErrorCode::MissingInitializationPolicy
        | ErrorCode::MissingInitializationStrategy
        | ErrorCode::MissingWorkspaceConflictResolution
        | ErrorCode::MyWorkspaceCantBeChanged
        | ErrorCode::OperationHasNoResult
        | ErrorCode::OperationNotAllowedInCurrentStatus
        | ErrorCode::OperationNotSucceeded
        | ErrorCode::OperationNotSupportedForItem
        | ErrorCode::OverrideItemsNotAllowed
        | ErrorCode::PotentialDuplicateDisplayNameAndType
        | ErrorCode::PrincipalNotFound
        | ErrorCode::PrincipalTypeNotSupported
        | ErrorCode::RequestWithDefinitionAndCreationPayloadNotSupported
        | ErrorCode::RequiredDestination
        | ErrorCode::RetentionDaysReductionNotAllowed
        | ErrorCode::ScheduleExceedsLimit
        | ErrorCode::SyncingAdminsToSubdomainsIsNotSupported
        | ErrorCode::SettingsNotAllowedOnWorkspace
        | ErrorCode::TooManyFolders
        | ErrorCode::UnknownGatewayPrincipal
        | ErrorCode::UnsupportedGatewayType
        | ErrorCode::UnsupportedItemType
        | ErrorCode::UnsupportedOperationForSchemasEnabledLakehouse
        | ErrorCode::UnsupportedPayloadType
        | ErrorCode::UnsupportedPrincipalTypeForDomainAdminAssignment
        | ErrorCode::UpdateGatewayConnectionFailed
        | ErrorCode::WorkspaceHasNoCapacityAssigned
        | ErrorCode::WorkspaceHeadMismatch
        | ErrorCode::WorkspaceItemsLimitExceeded
        | ErrorCode::WorkspaceNotInSameCapacity
        | ErrorCode::WorkspaceMigrationOperationInProgress
        | ErrorCode::WorkspaceNotConnectedToGit
        | ErrorCode::WorkspaceNotInvolvedInRelation
        | ErrorCode::WorkspaceNotSupported
        | ErrorCode::WorkspacePreviousOperationInProgress
        | ErrorCode::WorkspaceRelationBaseIsBranch
        | ErrorCode::WorkspaceRelationDifferentBase
        | ErrorCode::WorkspaceRelationInvalidArgument
        | ErrorCode::WorkspaceRelationInvalidType
        | ErrorCode::WorkspaceRelationRootDirectoryMismatch
        | ErrorCode::WorkspaceRelationSelfReferencing
        | ErrorCode::WorkspaceRelationTargetHasBranches
        | ErrorCode::WorkspaceRoleNotAllowedForServicePrincipalProfile => StatusCode::BAD_REQUEST,

        ErrorCode::TokenExpired | ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,

        ErrorCode::Forbidden
        | ErrorCode::InsufficientPermissionsToDomain
        | ErrorCode::InsufficientPermissionsToManageConnection
        | ErrorCode::InsufficientPermissionsToManageGateway
        | ErrorCode::InsufficientPrivileges
        | ErrorCode::InsufficientScopes
        | ErrorCode::MemoryFull
        | ErrorCode::TenantNotAllowed
        | ErrorCode::UserNotAuthorizedDestinationItem => StatusCode::FORBIDDEN,

        ErrorCode::CapacityNotActive => match behaviours.capacity_not_active {
            CapacityNotActive::NotFound => StatusCode::NOT_FOUND,
            CapacityNotActive::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        },
        ErrorCode::CapacityNotFound
        | ErrorCode::DomainNotFound
        | ErrorCode::DestinationItemNotFound
        | ErrorCode::DestinationWorkspaceNotFound
        | ErrorCode::ConnectionNotFound
        | ErrorCode::EndpointNotFound
        | ErrorCode::EntityNotFound
        | ErrorCode::EnvironmentLibrariesNotFound
        | ErrorCode::FolderNotFound
        | ErrorCode::GitProviderResourceNotFound
        | ErrorCode::InvalidResourceType
        | ErrorCode::ItemNotFound
        | ErrorCode::OperationNotFound
        | ErrorCode::PrincipalWithDomainRoleAssignmentNotFound
        | ErrorCode::PolicyNotFound
        | ErrorCode::RoleNotFound
        | ErrorCode::ResourceGroupNotFound
        | ErrorCode::ResourceNotFound
        | ErrorCode::SparkCoreSessionNotFound
        | ErrorCode::SubscriptionNotFound
        | ErrorCode::ScheduleNotFound
        | ErrorCode::WorkspaceIdentityNotFound
        | ErrorCode::WorkspaceNotFound
        | ErrorCode::WorkspaceRelationNotFound => StatusCode::NOT_FOUND,

        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::OperationFailedOnTimeout => StatusCode::REQUEST_TIMEOUT,

        ErrorCode::ItemDisplayNameAlreadyInUse | ErrorCode::ItemDisplayNameNotAvailableYet => {
            match behaviours.name_conflict {
                NameConflict::Conflict => StatusCode::CONFLICT,
                NameConflict::BadRequest => StatusCode::BAD_REQUEST,
            }
        }
        ErrorCode::Conflict
        | ErrorCode::ConflictingRequest
        | ErrorCode::DuplicateConnectionName
        | ErrorCode::DuplicateGatewayName
        | ErrorCode::EntityConflict
        | ErrorCode::FolderDisplayNameAlreadyInUse
        | ErrorCode::InvalidResourceLocation
        | ErrorCode::PrincipalAlreadyHasWorkspaceRolePermissions
        | ErrorCode::PrincipalWithDomainRoleAssignmentAlreadyExists
        | ErrorCode::WorkspaceAlreadyConnectedToGit
        | ErrorCode::WorkspaceGitConnectionAlreadyInitialized
        | ErrorCode::WorkspaceIdentityAlreadyExists
        | ErrorCode::WorkspaceNameAlreadyExists
        | ErrorCode::WorkspaceRelationAlreadyExists
        | ErrorCode::WorkspaceRelationBidirectionalExists => StatusCode::CONFLICT,

        ErrorCode::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        ErrorCode::InvalidPayloadSize => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::RequestBlocked | ErrorCode::TooManyRequestsForJobs => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::InternalServerError | ErrorCode::UnknownError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::NotEmulated => StatusCode::NOT_IMPLEMENTED,
        ErrorCode::ServerClosing => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::StateNotStored => StatusCode::INSUFFICIENT_STORAGE,
    }
}

/// Returns the error for a path that exists neither in Fabric's REST API nor in the control interface.
pub(super) fn no_endpoint(path: &str) -> FabricError {
    let power_bi = ["/v1.0/", "/powerbi/"].iter().any(|begins| path.to_ascii_lowercase().starts_with(begins));
    if power_bi {
        return FabricError::new(ErrorCode::NotEmulated).message(
            "Specularite does not emulate this part of Power BI's REST API. docs/fidelity.md lists what it emulates.",
        );
    }
    FabricError::new(ErrorCode::EndpointNotFound).about("Endpoint", path.chars().take(200).collect::<String>())
}

/// The body of an error. The members are in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorResponse<'a> {
    request_id: RequestId,
    error_code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_details: Option<Vec<Detail<'a>>>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_resource: Option<RelatedResource<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_retriable: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_resource: Option<RelatedResource<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedResource<'a> {
    resource_id: &'a str,
    resource_type: &'static str,
}

impl<'a> From<&'a fabric::error::Detail> for Detail<'a> {
    fn from(detail: &'a fabric::error::Detail) -> Self {
        let fault = detail.fault.as_ref();
        Self {
            error_code: fault.map(|(code, _)| code.as_str()),
            message: fault.map(|(_, message)| message.as_str()),
            related_resource: detail.related_resource.as_ref().map(RelatedResource::from),
        }
    }
}

impl<'a> From<&'a fabric::error::RelatedResource> for RelatedResource<'a> {
    fn from(resource: &'a fabric::error::RelatedResource) -> Self {
        Self { resource_id: &resource.id, resource_type: resource.kind }
    }
}

/// The error of a part of a request, within the body of a successful response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorDetails<'a> {
    error_code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more_details: Vec<Detail<'a>>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_resource: Option<RelatedResource<'a>>,
}

impl<'a> From<&'a FabricError> for ErrorDetails<'a> {
    fn from(error: &'a FabricError) -> Self {
        Self {
            error_code: error.code().as_str(),
            more_details: error.more_details().iter().map(Detail::from).collect(),
            message: error.text(),
            related_resource: error.related_resource().map(RelatedResource::from),
        }
    }
}

/// Returns the code and the message of an error. The tenant's behaviours may replace both.
fn code_and_message<'a>(error: &'a FabricError, behaviours: &Behaviours) -> (ErrorCode, &'a str) {
    let is_item = error.related_resource().is_some_and(|resource| resource.kind == "Item");
    if error.code() == ErrorCode::EntityNotFound && is_item && behaviours.item_not_found == ItemNotFound::Item {
        return (ErrorCode::ItemNotFound, ErrorCode::ItemNotFound.message());
    }
    (error.code(), error.text())
}

/// Returns the response for an error. `rate` is the rate of the tenant's clock, and converts `Retry-After` into real
/// time.
pub fn render(error: &FabricError, request_id: RequestId, behaviours: &Behaviours, rate: f64) -> Written {
    let (code, message) = code_and_message(error, behaviours);
    let details: Vec<Detail<'_>> = error.more_details().iter().map(Detail::from).collect();
    // The service answers this error with an empty list (seen).
    let has_details = !details.is_empty() || code == ErrorCode::UnknownGatewayPrincipal;
    let body = ErrorResponse {
        request_id,
        error_code: code.as_str(),
        more_details: has_details.then_some(details),
        message,
        related_resource: error.related_resource().map(RelatedResource::from),
        is_retriable: (behaviours.is_retriable == IsRetriable::Present).then_some(code.is_retriable()),
    };
    let family = if code == ErrorCode::RequestBlocked { Headers::Blocked } else { Headers::Refused };
    let status = if error.hides() { StatusCode::NOT_FOUND } else { status_code(code, behaviours) };
    let mut response = answer::respond(status, family, answer::to_json(&body));
    let headers = response.headers_mut();
    headers.insert("x-ms-public-api-error-code", HeaderValue::from_static(code.as_str()));
    if let Some(wait) = error.wait() {
        // The value is rounded down, as the service does for its throttle windows, and is at least 1.
        let seconds = (real_seconds(wait.as_secs_f64(), rate) as u64).max(1);
        headers.insert("retry-after", HeaderValue::from(seconds));
    }
    if let Some(note) = error.hint().and_then(|note| HeaderValue::from_str(note).ok()) {
        headers.insert("x-emulator-note", note);
    }
    response
}

/// The body of an error of Azure Resource Manager and of Power BI.
#[derive(Serialize)]
struct NestedErrorResponse<'a> {
    error: NestedError<'a>,
}

#[derive(Serialize)]
struct NestedError<'a> {
    code: &'a str,
    message: &'a str,
}

/// Returns the body of an error of Azure Resource Manager and of Power BI: `{"error":{"code","message"}}`.
pub(super) fn nested(code: &str, message: &str) -> Vec<u8> {
    answer::to_json(&NestedErrorResponse { error: NestedError { code, message } })
}

/// Returns the message of an error for a body without `moreDetails`: the messages of the details, if there are any.
pub(super) fn message_with_details(error: &FabricError) -> String {
    let details = error.more_details().iter().filter_map(|detail| detail.fault.as_ref());
    let details: Vec<&str> = details.map(|(_, message)| message.as_str()).collect();
    if details.is_empty() { error.text().to_owned() } else { details.join(" ") }
}
