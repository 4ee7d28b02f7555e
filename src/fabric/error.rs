//! Errors as data: the code, the message and the details. `http/error.rs` maps each code to an HTTP status.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::SignedDuration;

/// Defines [`ErrorCode`] from rows: the code, `retriable` if a client may retry, and the default message.
///
/// The codes are Fabric's, except `MemoryFull`, `MethodNotAllowed`, `NotEmulated`, `ServerClosing` and `StateNotStored`.
/// The messages are those that were seen or are documented.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $(as $wire:literal)? $(($retriable:ident))? = $message:literal;)*) => {
        /// The error codes. The name of a variant is the code on the wire, unless the row of the variant sets another
        /// code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $code),* }

        impl ErrorCode {
            /// All codes, in the order of their rows.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Returns the code on the wire, as in `errorCode` and in the header `x-ms-public-api-error-code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => codes!(@wire $code $($wire)?)),* }
            }

            /// Returns the default message.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message),* }
            }

            /// Returns `true` if the same request may succeed later. The wire calls this value `isRetriable`.
            pub const fn is_retriable(self) -> bool {
                match self { $(Self::$code => codes!(@ $($retriable)?)),* }
            }
        }
    };
    (@ retriable) => { true };
    (@) => { false };
    (@wire $code:ident $wire:literal) => { $wire };
    (@wire $code:ident) => { stringify!($code) };
}

codes! {
    /// The name of the deployment pipeline is in use.
    AlmDuplicatePipelineName as "Alm_InvalidRequest_DuplicateAlmPipelineName" = "The name of the deployment pipeline is already in use.";
    /// The stage has no items that can be deployed.
    AlmNoArtifactsToDeploy as "Alm_InvalidRequest_NoArtifactsToDeploy" = "There are no items to deploy.";
    /// A workspace of a deployment pipeline needs a capacity.
    AlmWorkspaceHasNoCapacity as "Alm_InvalidRequest_WorkspaceHasNoCapacity" = "The workspace has no capacity.";
    /// A value in the request is missing or not valid.
    BadRequest = "The request could not be processed due to missing or invalid information";
    /// The primary member of a gateway can be deleted only after all other members.
    CannotDeletePrimaryGatewayIfClusterMemberExists = "Cannot delete the primary gateway while another member gateway exists.";
    /// A child item can be moved only together with its parent.
    CannotMoveChildOnly = "Child item can't be moved without its parent item.";
    /// A capacity that the workspace needs is paused.
    CapacityNotActive = "The capacity is not active.";
    /// The capacity does not exist.
    CapacityNotFound = "The requested capacity was not found.";
    /// The target capacity of a workspace assignment is paused.
    CapacityNotInActiveState = "The capacity is not in active state.";
    /// The data access role exists, and the request must not replace it.
    Conflict = "There are conflicting role assignments and the conflict policy is set to Abort.";
    /// A request has both a fixed number of gateway members and a range.
    ConflictingMemberGatewayCountProperties = "Cannot specify both 'numberOfMemberGateways' and 'maxMemberGatewayCount'/'minMemberGatewayCount'. Use either the legacy property (fixed value) or the new properties (value range).";
    /// The name of an execution definition of materialized lake views is in use.
    ConflictingRequest = "A conflicting materialized lake views execution definition already exists";
    /// The type of the connection does not fit the Git provider.
    ConnectionMismatch = "The connection does not match the Git provider details.";
    /// The connection with Git credentials does not exist, or the caller may not use it.
    ConnectionNotFound = "The specified connection was not found.";
    /// A payload is not base64, or does not have the format that its path requires.
    CorruptedPayload = "The provided payload is corrupted.";
    /// A Cosmos DB database cannot be renamed.
    CosmosDBDatabaseDisplayNameCannotBeChanged = "The display name of CosmosDBDatabase items cannot be changed";
    /// The gateway of a new connection is offline.
    CreateGatewayConnectionFailed = "Failed to create gateway connection.";
    /// A workspace identity cannot sign in to this type of source.
    DmtsUntrustedEndpointForWorkspaceIdentity as "DMTS_UntrustedEndpointForWorkspaceIdentity" = "Workspace identity cannot be used with this endpoint, because it is not trusted.";
    /// The code of the source's error. It appears in `moreDetails`.
    DmUnderlyingErrorCode as "DM_ErrorDetailNameCode_UnderlyingErrorCode" = "The error code of the source.";
    /// The message of the source's error. It appears in `moreDetails`.
    DmUnderlyingErrorMessage as "DM_ErrorDetailNameCode_UnderlyingErrorMessage" = "The error message of the source.";
    /// The result code of the source's error. It appears in `moreDetails`.
    DmUnderlyingHResult as "DM_ErrorDetailNameCode_UnderlyingHResult" = "The result code of the source.";
    /// The native code of the source's error. It appears in `moreDetails`.
    DmUnderlyingNativeErrorCode as "DM_ErrorDetailNameCode_UnderlyingNativeErrorCode" = "The native error code of the source.";
    /// The test of a connection failed at its source.
    DmGwPipelineGatewayDataSourceAccessError as "DM_GWPipeline_Gateway_DataSourceAccessError" = "The source could not be accessed.";
    /// The lakehouse for diagnostic logs does not exist.
    DestinationItemNotFound = "The destination item was not found.";
    /// The workspace of the lakehouse for diagnostic logs does not exist.
    DestinationWorkspaceNotFound = "The destination workspace was not found.";
    /// The domain does not exist.
    DomainNotFound = "The provided domain was not found";
    /// The name of the connection is in use.
    DuplicateConnectionName = "The connection name is already in use.";
    /// An import contains two items with the same kind and name.
    DuplicateDisplayNameAndType = "More than one item of the request has the same display name and type.";
    /// The name of the gateway is in use.
    DuplicateGatewayName = "The gateway DisplayName input is already being used by another gateway";
    /// The path has no route.
    EndpointNotFound = "The requested endpoint was not found.";
    /// The resource already exists.
    EntityConflict = "The requested resource is there already";
    /// The resource does not exist, or the caller may not see it.
    EntityNotFound = "The requested resource could not be found";
    /// The environment has no libraries.
    EnvironmentLibrariesNotFound = "No libraries were found for the environment.";
    /// The invitation to an external data share is for another tenant.
    ExternalDataShareCannotBeAcceptedInTheSameTenant = "An external data share cannot be accepted in the tenant that shares the data.";
    /// Items of this kind can neither share data with another tenant nor receive it.
    ExternalDataShareOperationNotSupportedForItemType = "The type of the item does not support external data shares.";
    /// The folder would be nested too deeply.
    FolderDepthOutOfRange = "The parent folder has achieved max depth, can't create a new subfolder.";
    /// The parent already contains a folder with this name.
    FolderDisplayNameAlreadyInUse = "Folder display name is already used.";
    /// The folder is not empty.
    FolderNotEmpty = "The folder can't be deleted, since it is not empty.";
    /// The folder does not exist in the workspace.
    FolderNotFound = "Could not find the requested folder.";
    /// The caller may not use the control interface.
    Forbidden = "The control interface is closed to this request.";
    /// Principals of this type cannot have a role in a gateway.
    GatewayInvalidPrincipalType = "The principal type is not supported for Gateways";
    /// The caller has no Git credentials in the workspace.
    GitCredentialsNotConfigured = "The Git credentials of the caller are not configured for the workspace.";
    /// The repository, its branch or the directory does not exist.
    GitProviderResourceNotFound = "The requested Git resource was not found.";
    /// The credentials of a connection are rejected by the source.
    IncorrectCredentials = "Failed to establish connection using the Credentials input";
    /// The folder would contain itself.
    InfiniteFolderHierarchyLoop = "The folder can't be moved into any of its descents.";
    /// The caller may not assign workspaces to the domain.
    InsufficientPermissionsToDomain = "The caller does not have sufficient permissions to the domain";
    /// The caller does not have the required role on the connection.
    InsufficientPermissionsToManageConnection = "The caller does not have sufficient permissions to manage the connection";
    /// The caller does not have the required role in the gateway.
    InsufficientPermissionsToManageGateway = "The caller has insufficient permissions to manage this gateway";
    /// The caller does not have the required role in the workspace.
    InsufficientPrivileges = "The caller does not have sufficient permissions to perform this operation";
    /// The token has none of the scopes of the operation.
    InsufficientScopes = "The caller does not have sufficient scopes to perform this operation";
    /// An imitated failure of the service, for `behaviours.readsWhilePaused`.
    InternalServerError = "An error occured";
    /// The SKU of a capacity does not allow gateways.
    InvalidCapacitySku as "InvalidCapacitySKU" = "The Capacity's SKU is invalid.";
    /// The capacity of a gateway is paused.
    InvalidCapacityState = "The Capacity's state is invalid.";
    /// `connectionDetails` has an unknown type or creation method, or lacks a parameter.
    InvalidConnectionDetails = "The ConnectionDetails input provided is not valid.";
    /// The service did not issue this continuation token.
    InvalidContinuationToken = "The continuation token is not valid.";
    /// `credentialDetails` lacks members that the credential type requires.
    InvalidCredentialDetails = "The CredentialDetails input provided is not valid.";
    /// The kind does not support the definition format.
    InvalidDefinitionFormat = "The definition format is not supported by the item type.";
    /// A part of the definition is not valid for the kind.
    InvalidDefinitionParts = "The definition parts are not valid.";
    /// The path of a part in an import does not belong to an item.
    InvalidFilesPath = "A path of the definition parts is not valid.";
    /// The name of the folder is empty, too long or reserved, or contains a forbidden character.
    InvalidFolderDisplayName = "The provided folder display name is invalid.";
    /// The tenant id of a guest is not valid.
    InvalidGuestTenantId = "The guest tenant ID is not valid.";
    /// The body or one of its members is not valid.
    InvalidInput = "The request has an invalid input";
    /// The member `tags` is not valid.
    InvalidInputs = "Invalid input was provided";
    /// The state of items in a filter is unknown.
    InvalidItemState = "Item state is invalid.";
    /// The item kind is unknown, or does not fit the route.
    InvalidItemType = "Item type is invalid.";
    /// Items of this kind have no jobs of this type.
    InvalidJobType = "The requested job type is invalid.";
    /// A parameter is not valid. This code usually appears in `moreDetails`.
    InvalidParameter = "A parameter is not valid.";
    /// The body is too large.
    InvalidPayloadSize = "The request body is too large.";
    /// The part `.platform` is not valid.
    InvalidPlatformFile = "The platform file is not valid.";
    /// The directory has no user with this id or sign-in name.
    InvalidPrincipal = "The principal is not valid.";
    /// An update is empty, or an identity association or a capacity unassignment is not possible.
    InvalidRequest = "Invalid update request.";
    /// A resource of Azure with this name exists in another region.
    InvalidResourceLocation = "The resource already exists in another location.";
    /// Azure Resource Manager does not know the version of the API.
    InvalidResourceType = "The API version is not supported.";
    /// The id of an Azure subscription is not a GUID.
    InvalidSubscriptionId = "The provided subscription identifier is malformed or invalid.";
    /// The name is in use by an item of the same kind.
    ItemDisplayNameAlreadyInUse = "The requested display name is already in use";
    /// The name is still reserved, because an item with this name was deleted recently.
    ItemDisplayNameNotAvailableYet (retriable) = "The requested display name is not available yet and is expected to become available in the upcoming minutes.";
    /// The item, or a scope in a catalog, does not exist (documented, not seen).
    ItemNotFound = "The requested item was not found.";
    /// An export lists an item twice.
    ItemReferencedMoreThanOnce = "An item is referenced more than once.";
    /// A run that has ended cannot be cancelled.
    JobAlreadyCompleted = "The job instance run has already completed.";
    /// A personal workspace has no lifecycle settings.
    LifecycleNotAllowedForMyWorkspace = "Lifecycle settings are not allowed on My workspace.";
    /// Azure Resource Manager does not offer capacities in this region.
    LocationNotAvailableForResourceType = "The location is not available for the resource type.";
    /// The tenant, or all tenants together, have stored as much as the emulator allows.
    MemoryFull = "The memory of the emulator is full.";
    /// The route exists, but not with this method.
    MethodNotAllowed = "The requested method is not supported by this endpoint.";
    /// A mirrored database without a definition is still being provisioned.
    MirroredDatabaseNotReady (retriable) = "The mirrored database is not ready yet";
    /// A mirrored database without a definition cannot be started.
    MirroringDefinitionMissing = "The mirrored database has no definition: mirroring.json is missing";
    /// A request to Azure Resource Manager names no version of the API.
    MissingApiVersionParameter = "The api-version query parameter (?api-version=) is required for all requests.";
    /// The definition lacks a part that the kind requires.
    MissingDefinitionParts = "The definition is missing required parts.";
    /// Workspace and branch have items, and the request does not choose between them (documented).
    MissingInitializationPolicy = "The requested operation requires an initialization policy to be specified.";
    /// Workspace and branch have items, and the request does not choose between them (seen).
    MissingInitializationStrategy = "The requested operation requires an initialization strategy to be specified.";
    /// An update from Git has conflicts, and the request does not resolve them.
    MissingWorkspaceConflictResolution = "The requested operation requires a conflict resolution to be specified.";
    /// A personal workspace cannot be changed or shared.
    MyWorkspaceCantBeChanged = "A personal workspace can't be changed.";
    /// Fabric has the operation, but the emulator does not emulate it.
    NotEmulated = "Specularite does not emulate this operation.";
    /// A wait request to the control interface timed out.
    OperationFailedOnTimeout (retriable) = "The operation timed out.";
    /// The long-running operation has no result.
    OperationHasNoResult = "The operation has no result";
    /// The status of the mirrored database does not allow the request.
    OperationNotAllowedInCurrentStatus = "The operation is not allowed in the current status.";
    /// The long-running operation does not exist, or the caller may not see it.
    OperationNotFound = "The requested operation was not found";
    /// The long-running operation is still running or has failed.
    OperationNotSucceeded = "The operation has not succeeded";
    /// The kind of the item does not support the operation.
    OperationNotSupportedForItem = "Operation not supported for requested item";
    /// An update from Git would change items of the workspace, and the request does not allow that.
    OverrideItemsNotAllowed = "The requested operation would override items of the workspace, which is not allowed.";
    /// The workspace has no lifecycle policy.
    PolicyNotFound = "No lifecycle policy exists for this workspace.";
    /// An update from Git would create a second item with this kind and name.
    PotentialDuplicateDisplayNameAndType = "The requested operation would create a duplicate display name and type.";
    /// The resource is not the one that `If-Match` names.
    PreconditionFailed = "The current resource ETag doesn't match the value of the If-Match header.";
    /// The principal already has a role in the workspace.
    PrincipalAlreadyHasWorkspaceRolePermissions = "The provided principal already has a role assigned in the workspace";
    /// The directory has no principal with this id.
    PrincipalNotFound = "The provided principal was not found";
    /// Principals of the caller's type cannot use the operation.
    PrincipalTypeNotSupported = "The operation is not supported for the principal type";
    /// The principal already has the role in the domain.
    PrincipalWithDomainRoleAssignmentAlreadyExists = "The principal already has the role in the domain.";
    /// The principal does not have the role in the domain.
    PrincipalWithDomainRoleAssignmentNotFound = "The principal does not have the role in the domain.";
    /// The caller has exceeded the rate limit of the operation.
    RequestBlocked (retriable) = "Request is blocked by the upstream service.";
    /// The request has both a definition and a creation payload.
    RequestWithDefinitionAndCreationPayloadNotSupported = "The request has both a definition and a creation payload, which is not supported.";
    /// Diagnostics are enabled for the first time, without a destination.
    RequiredDestination = "The destination is required when diagnostics are enabled for the first time.";
    /// The Azure resource group does not exist.
    ResourceGroupNotFound = "Resource group could not be found.";
    /// The Azure resource does not exist.
    ResourceNotFound = "The resource was not found.";
    /// The retention of diagnostic logs can only be extended.
    RetentionDaysReductionNotAllowed = "The retention days cannot be fewer than those already set.";
    /// The data access role does not exist.
    RoleNotFound = "The specified role was not found.";
    /// The item has reached its maximum number of schedules.
    ScheduleExceedsLimit = "The number of created schedules for the item exceeds the limit.";
    /// The schedule does not exist.
    ScheduleNotFound = "The requested item schedule not found";
    /// The emulator is shutting down.
    ServerClosing (retriable) = "The emulator is shutting down.";
    /// A personal workspace has no diagnostics.
    SettingsNotAllowedOnWorkspace = "The setting is not allowed on the workspace.";
    /// The Livy session does not exist.
    SparkCoreSessionNotFound = "Livy identifier does not exist";
    /// The change cannot be written to the state file.
    StateNotStored (retriable) = "The change could not be stored.";
    /// The Azure subscription does not exist.
    SubscriptionNotFound = "The subscription could not be found.";
    /// Only contributors of a domain can be copied to its subdomains.
    SyncingAdminsToSubdomainsIsNotSupported = "Syncing admins to subdomains is not supported";
    /// The emulator has reached its maximum number of tenants.
    TenantNotAllowed = "The tenant is not allowed.";
    /// The token has expired.
    TokenExpired = "Access token has expired, resubmit with a new access token";
    /// The workspace has reached its maximum number of folders.
    TooManyFolders = "The specified workspace has reached the max count of folders, can't create any more.";
    /// The item has too many active runs.
    TooManyRequestsForJobs (retriable) = "The caller requests too many on-demand job requests.";
    /// The token is missing or not valid, or the operation does not accept the caller.
    Unauthorized = "The caller is not authenticated to access this resource";
    /// An internal error of the emulator.
    UnknownError = "An unexpected error occurred while processing the request";
    /// The directory has no principal with the id in the role assignment of a gateway.
    UnknownGatewayPrincipal as "UnknownError" = "An unexpected error occurred while processing the request";
    /// Gateways of this type do not have the operation.
    UnsupportedGatewayType = "The operation is not supported for this type of gateway.";
    /// Clients cannot create items of this kind.
    UnsupportedItemType = "Requested item type is unsupported.";
    /// The media type of the body is not JSON.
    UnsupportedMediaType = "The request's content type is not supported: application/json is expected.";
    /// The operation is not available in a lakehouse with schemas.
    UnsupportedOperationForSchemasEnabledLakehouse = "The operation is not supported for Lakehouse with schemas enabled.";
    /// The payload type of a part is not `InlineBase64`.
    UnsupportedPayloadType = "The payload type is not supported: InlineBase64 is expected.";
    /// Principals of this type cannot administer a domain.
    UnsupportedPrincipalTypeForDomainAdminAssignment = "The principal type is not supported for domain admins";
    /// The gateway of an updated connection is offline or deleted.
    UpdateGatewayConnectionFailed = "Failed to update gateway connection.";
    /// The caller does not have the required role in the workspace of the lakehouse for diagnostic logs.
    UserNotAuthorizedDestinationItem = "The user is not authorized for the destination workspace.";
    /// The workspace has a Git connection.
    WorkspaceAlreadyConnectedToGit = "The workspace is already connected to Git.";
    /// The Git connection of the workspace is initialized.
    WorkspaceGitConnectionAlreadyInitialized = "The Git connection of the workspace is already initialized.";
    /// The operation requires a capacity, but the workspace is not assigned to a capacity.
    WorkspaceHasNoCapacityAssigned = "A workspace with a capacity assigned is required for the operation";
    /// A commit in the request is not the one to which the workspace or the branch is synced.
    WorkspaceHeadMismatch = "The head in the request does not match the head that is known to the system.";
    /// The workspace already has an identity.
    WorkspaceIdentityAlreadyExists = "The workspace has an identity already.";
    /// The workspace has no identity.
    WorkspaceIdentityNotFound = "The workspace has no identity.";
    /// The workspace has reached its maximum number of items.
    WorkspaceItemsLimitExceeded = "Workspace item limit exceeded.";
    /// A deployment of the deployment pipeline is in progress.
    WorkspaceMigrationOperationInProgress (retriable) = "A workspace migration operation is in progress.";
    /// The name of the workspace is in use in the tenant.
    WorkspaceNameAlreadyExists = "The workspace name is already in use.";
    /// The workspace has no Git connection.
    WorkspaceNotConnectedToGit = "The workspace is not connected to Git.";
    /// The workspace does not exist.
    WorkspaceNotFound = "The provided workspace was not found";
    /// The workspace and that of the lakehouse for its diagnostic logs have different capacities.
    WorkspaceNotInSameCapacity = "The source and the destination workspace are not in the same capacity.";
    /// The relation is one of other workspaces.
    WorkspaceNotInvolvedInRelation = "The workspace is not involved in the specified relation.";
    /// Workspaces of this type do not support the operation.
    WorkspaceNotSupported = "The operation is not supported in this workspace.";
    /// A Git operation of the workspace is in progress.
    WorkspacePreviousOperationInProgress (retriable) = "The previous operation is still in progress.";
    /// The relation exists.
    WorkspaceRelationAlreadyExists = "A relation between the specified workspaces already exists.";
    /// The base workspace is a branch of another workspace.
    WorkspaceRelationBaseIsBranch = "The base workspace is already a branch of another workspace.";
    /// The relation exists in the opposite direction.
    WorkspaceRelationBidirectionalExists = "A relation between these workspaces already exists in the opposite direction.";
    /// The branch workspace has another base workspace.
    WorkspaceRelationDifferentBase = "The target workspace has a different base workspace.";
    /// The request for a relation lacks a member, or one of them is not valid.
    WorkspaceRelationInvalidArgument = "Invalid arguments provided for workspace relation operation.";
    /// Relations of this type cannot be created.
    WorkspaceRelationInvalidType = "Invalid workspace relation type.";
    /// The relation does not exist.
    WorkspaceRelationNotFound = "The specified workspace relation was not found.";
    /// The workspaces are not connected to the same directory of the same repository.
    WorkspaceRelationRootDirectoryMismatch = "The workspaces are not connected to the same Git repository root.";
    /// A workspace cannot be its own base.
    WorkspaceRelationSelfReferencing = "A workspace cannot be related to itself.";
    /// The branch workspace has branch workspaces itself.
    WorkspaceRelationTargetHasBranches = "The target workspace already has branch workspaces.";
    /// A service principal profile cannot have this role.
    WorkspaceRoleNotAllowedForServicePrincipalProfile = "The provided role cannot be assigned to the provided profile";
}

/// An error of Fabric's API. A rejected request is not applied, not even in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricError(Box<Refused>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    code: ErrorCode,
    message: Cow<'static, str>,
    more_details: Vec<Detail>,
    related_resource: Option<RelatedResource>,
    retry_after: Option<SignedDuration>,
    note: Option<Cow<'static, str>>,
    hides: bool,
}

/// An element of `moreDetails`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The code and the message of the fault. The message states the location, the actual value and the expected value.
    pub fault: Option<(ErrorCode, String)>,
    /// The resource that the detail concerns.
    pub related_resource: Option<RelatedResource>,
}

/// The resource that an error concerns: `relatedResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedResource {
    /// The id of the resource.
    pub id: String,
    /// The type of the resource in Fabric's spelling, such as `Item` or `Workspace`.
    pub kind: &'static str,
}

impl Display for FabricError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.message)?;
        let faults = self.0.more_details.iter().filter_map(|detail| detail.fault.as_ref());
        faults.into_iter().try_for_each(|(_, fault)| write!(f, " {fault}"))
    }
}

impl std::error::Error for FabricError {}

impl FabricError {
    /// Returns an error with the default message of its code.
    pub fn new(code: ErrorCode) -> Self {
        let message = Cow::Borrowed(code.message());
        Self(Box::new(Refused {
            code,
            message,
            more_details: Vec::new(),
            related_resource: None,
            retry_after: None,
            note: None,
            hides: false,
        }))
    }

    /// Returns `InvalidInput` with one `InvalidParameter` in `moreDetails`. Faults in a body have this form.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput).detail(ErrorCode::InvalidParameter, message)
    }

    /// Returns `EntityNotFound` about an item that does not exist or that the caller may not see.
    pub fn no_item(id: impl Display) -> Self {
        Self::new(ErrorCode::EntityNotFound).about("Item", id)
    }

    /// Sets the message.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Adds a code and a message to `moreDetails`.
    pub fn detail(mut self, code: ErrorCode, message: impl Into<String>) -> Self {
        self.0.more_details.push(Detail { fault: Some((code, message.into())), related_resource: None });
        self
    }

    /// Adds a resource to `moreDetails`.
    pub fn concerning(mut self, kind: &'static str, id: impl Display) -> Self {
        let related_resource = Some(RelatedResource { id: id.to_string(), kind });
        self.0.more_details.push(Detail { fault: None, related_resource });
        self
    }

    /// Sets the related resource.
    pub fn about(mut self, kind: &'static str, id: impl Display) -> Self {
        self.0.related_resource = Some(RelatedResource { id: id.to_string(), kind });
        self
    }

    /// Sets the time after which the client can retry, in the tenant's time.
    pub fn retry_after(mut self, wait: SignedDuration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Sets the emulator's hint for the header `x-emulator-note`.
    pub fn note(mut self, note: impl Into<Cow<'static, str>>) -> Self {
        self.0.note = Some(note.into());
        self
    }

    /// Sets the HTTP status to 404, regardless of the error code.
    pub fn hiding(mut self) -> Self {
        self.0.hides = true;
        self
    }

    /// Returns the code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Returns the message.
    pub fn text(&self) -> &str {
        &self.0.message
    }

    /// Returns the faults and resources of `moreDetails`.
    pub fn more_details(&self) -> &[Detail] {
        &self.0.more_details
    }

    /// Returns the related resource.
    pub fn related_resource(&self) -> Option<&RelatedResource> {
        self.0.related_resource.as_ref()
    }

    /// Returns the time after which the client can retry, in the tenant's time.
    pub fn wait(&self) -> Option<SignedDuration> {
        self.0.retry_after
    }

    /// Returns `true` if the HTTP status is 404, regardless of the error code.
    pub fn hides(&self) -> bool {
        self.0.hides
    }

    /// Returns the emulator's hint for the header `x-emulator-note`.
    pub fn hint(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

impl From<ErrorCode> for FabricError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_sorted_and_have_a_message() {
        let names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(ErrorCode::ALL.iter().all(|code| !code.message().is_empty()));
    }
}
