//! Refusals as data: what was refused and why. Which HTTP status that is, only `http/error.rs` knows.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::SignedDuration;

/// Makes [`ErrorCode`] from rows of code, whether a client may try again, and the message that is sent unless a refusal has
/// one of its own. Codes are Fabric's, except `MethodNotAllowed`, `NotEmulated` and `ServerClosing`; messages are those seen or documented.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $(as $wire:literal)? $(($retriable:ident))? = $message:literal;)*) => {
        /// Every way to refuse. The name of a variant is the code on the wire, unless its row says otherwise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $code),* }

        impl ErrorCode {
            /// All of them, in the order of their rows.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The code as it stands in `errorCode` and in `x-ms-public-api-error-code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => codes!(@wire $code $($wire)?)),* }
            }

            /// The message of a refusal that has none of its own.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message),* }
            }

            /// Whether the same request may succeed later: `isRetriable`.
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
    /// Something in the request is missing or wrong.
    BadRequest = "The request could not be processed due to missing or invalid information";
    /// What lives with its parent moves with it, not alone.
    CannotMoveChildOnly = "Child item can't be moved without its parent item.";
    /// A capacity that the workspace needs is paused.
    CapacityNotActive = "The capacity is not active.";
    /// No such capacity.
    CapacityNotFound = "The requested capacity was not found.";
    /// A capacity is paused to which a workspace shall go.
    CapacityNotInActiveState = "The capacity is not in active state.";
    /// A payload is not base64, or not what its path promises.
    CorruptedPayload = "The provided payload is corrupted.";
    /// A Cosmos DB database keeps its name.
    CosmosDBDatabaseDisplayNameCannotBeChanged = "The display name of CosmosDBDatabase items cannot be changed";
    /// A workspace identity may not sign in to this kind of source.
    DmtsUntrustedEndpointForWorkspaceIdentity as "DMTS_UntrustedEndpointForWorkspaceIdentity" = "Workspace identity cannot be used with this endpoint, because it is not trusted.";
    /// The connection's name is taken.
    DuplicateConnectionName = "The connection name is already in use.";
    /// An import has two items of one kind and name.
    DuplicateDisplayNameAndType = "More than one item of the request has the same display name and type.";
    /// The route is none of Fabric's.
    EndpointNotFound = "The requested endpoint was not found.";
    /// It is there already.
    EntityConflict = "The requested resource is there already";
    /// Nothing there, or nothing that the caller may see.
    EntityNotFound = "The requested resource could not be found";
    /// The folder would lie too deep.
    FolderDepthOutOfRange = "The parent folder has achieved max depth, can't create a new subfolder.";
    /// The folder's name is taken in its place.
    FolderDisplayNameAlreadyInUse = "Folder display name is already used.";
    /// Something lies in the folder.
    FolderNotEmpty = "The folder can't be deleted, since it is not empty.";
    /// No such folder in the workspace.
    FolderNotFound = "Could not find the requested folder.";
    /// The control interface is closed to this caller.
    Forbidden = "The control interface is closed to this request.";
    /// The folder would lie within itself.
    InfiniteFolderHierarchyLoop = "The folder can't be moved into any of its descents.";
    /// The role of the connection does not suffice.
    InsufficientPermissionsToManageConnection = "The caller does not have sufficient permissions to manage the connection";
    /// The role does not suffice.
    InsufficientPrivileges = "The caller does not have sufficient permissions to perform this operation";
    /// The user's token has none of the scopes that the operation takes.
    InsufficientScopes = "The caller does not have sufficient scopes to perform this operation";
    /// The service failed.
    InternalServerError = "An error occured";
    /// `connectionDetails` names no known type or method, or lacks a parameter.
    InvalidConnectionDetails = "The ConnectionDetails input provided is not valid.";
    /// The continuation token is none that this service gave.
    InvalidContinuationToken = "The continuation token is not valid.";
    /// `credentialDetails` lacks what its type needs.
    InvalidCredentialDetails = "The CredentialDetails input provided is not valid.";
    /// The definition's format is none of the kind's.
    InvalidDefinitionFormat = "The definition format is not supported by the item type.";
    /// A part of the definition is not what the kind takes.
    InvalidDefinitionParts = "The definition parts are not valid.";
    /// A part of an import lies under no item.
    InvalidFilesPath = "A path of the definition parts is not valid.";
    /// The folder's name has a character that it must not have, or is too long.
    InvalidFolderDisplayName = "The provided folder display name is invalid.";
    /// The tenant of a guest is no tenant.
    InvalidGuestTenantId = "The guest tenant ID is not valid.";
    /// The body, or something in it, is not valid.
    InvalidInput = "The request has an invalid input";
    /// `tags` are not what they must be.
    InvalidInputs = "Invalid input was provided";
    /// No such kind of item, or not here.
    InvalidItemType = "Item type is invalid.";
    /// One parameter is not valid; mostly within `moreDetails`.
    InvalidParameter = "A parameter is not valid.";
    /// The body is larger than any that the service reads.
    InvalidPayloadSize = "The request body is too large.";
    /// `.platform` is not what it must be.
    InvalidPlatformFile = "The platform file is not valid.";
    /// An update that names nothing to update.
    InvalidRequest = "Invalid update request.";
    /// An item of this kind has the name already.
    ItemDisplayNameAlreadyInUse = "The requested display name is already in use";
    /// The name was deleted a moment ago.
    ItemDisplayNameNotAvailableYet (retriable) = "The requested display name is not available yet and is expected to become available in the upcoming minutes.";
    /// No such item: documented, and not seen.
    ItemNotFound = "The requested item was not found.";
    /// An export names an item twice.
    ItemReferencedMoreThanOnce = "An item is referenced more than once.";
    /// The route exists, with another method.
    MethodNotAllowed = "The requested method is not supported by this endpoint.";
    /// A mirrored database without a definition is still being provisioned.
    MirroredDatabaseNotReady (retriable) = "The mirrored database is not ready yet";
    /// A mirrored database without a definition cannot be started.
    MirroringDefinitionMissing = "The mirrored database has no definition: mirroring.json is missing";
    /// The definition lacks a part that the kind needs.
    MissingDefinitionParts = "The definition is missing required parts.";
    /// A personal workspace stays what it is, and its owner's.
    MyWorkspaceCantBeChanged = "A personal workspace can't be changed.";
    /// Fabric has it, the emulator has not.
    NotEmulated = "Specularite does not emulate this operation.";
    /// A wait timed out.
    OperationFailedOnTimeout (retriable) = "The operation timed out.";
    /// The operation yields nothing.
    OperationHasNoResult = "The operation has no result";
    /// The mirror's status does not allow it now.
    OperationNotAllowedInCurrentStatus = "The operation is not allowed in the current status.";
    /// No such operation, or not for this caller.
    OperationNotFound = "The requested operation was not found";
    /// The operation is still on its way, or failed.
    OperationNotSucceeded = "The operation has not succeeded";
    /// Items of this kind cannot do it.
    OperationNotSupportedForItem = "Operation not supported for requested item";
    /// The principal has a role in the workspace already.
    PrincipalAlreadyHasWorkspaceRolePermissions = "The provided principal already has a role assigned in the workspace";
    /// The directory does not know the id.
    PrincipalNotFound = "The provided principal was not found";
    /// Callers of this type cannot do it.
    PrincipalTypeNotSupported = "The operation is not supported for the principal type";
    /// Too many requests in this window.
    RequestBlocked (retriable) = "Request is blocked by the upstream service.";
    /// A definition and a creation payload at once.
    RequestWithDefinitionAndCreationPayloadNotSupported = "The request has both a definition and a creation payload, which is not supported.";
    /// The emulator is shutting down.
    ServerClosing (retriable) = "The emulator is shutting down.";
    /// The emulator has no room for one more tenant.
    TenantNotAllowed = "The tenant is not allowed.";
    /// The token's time is over.
    TokenExpired = "Access token has expired, resubmit with a new access token";
    /// The workspace has as many folders as it may.
    TooManyFolders = "The specified workspace has reached the max count of folders, can't create any more.";
    /// No token, or none that can be read.
    Unauthorized = "The caller is not authenticated to access this resource";
    /// The emulator itself failed.
    UnknownError = "An unexpected error occurred while processing the request";
    /// Items of this type cannot be created.
    UnsupportedItemType = "Requested item type is unsupported.";
    /// The body is said to be something else than JSON.
    UnsupportedMediaType = "The request's content type is not supported: application/json is expected.";
    /// A part comes in another way than as `InlineBase64`.
    UnsupportedPayloadType = "The payload type is not supported: InlineBase64 is expected.";
    /// Items of this kind need a capacity.
    WorkspaceHasNoCapacityAssigned = "A workspace with a capacity assigned is required for the operation";
    /// The workspace has an identity already.
    WorkspaceIdentityAlreadyExists = "The workspace has an identity already.";
    /// The workspace has no identity.
    WorkspaceIdentityNotFound = "The workspace has no identity.";
    /// The workspace has as many items as it may.
    WorkspaceItemsLimitExceeded = "Workspace item limit exceeded.";
    /// The workspace's name is taken in the tenant.
    WorkspaceNameAlreadyExists = "The workspace name is already in use.";
    /// No such workspace.
    WorkspaceNotFound = "The provided workspace was not found";
    /// Workspaces of this type cannot do it.
    WorkspaceNotSupported = "The operation is not supported in this workspace.";
    /// A profile cannot have this role.
    WorkspaceRoleNotAllowedForServicePrincipalProfile = "The provided role cannot be assigned to the provided profile";
}

/// A refusal. Nothing was changed by what it refuses.
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

/// One of `moreDetails`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What is wrong, where, and what was expected instead.
    pub fault: Option<(ErrorCode, String)>,
    /// What it is about.
    pub related_resource: Option<RelatedResource>,
}

/// What a refusal is about: `relatedResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedResource {
    /// Its id.
    pub id: String,
    /// Its type as Fabric spells it: `Item`, `Workspace` …
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
    /// A refusal with the code's own message.
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

    /// `InvalidInput` about one parameter: the shape of every fault that the service finds in a body.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput).detail(ErrorCode::InvalidParameter, message)
    }

    /// `EntityNotFound` about an item: not there, or not for the caller to see.
    pub fn no_item(id: impl Display) -> Self {
        Self::new(ErrorCode::EntityNotFound).about("Item", id)
    }

    /// In other words than the code's own.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// With one more of `moreDetails`.
    pub fn detail(mut self, code: ErrorCode, message: impl Into<String>) -> Self {
        self.0.more_details.push(Detail { fault: Some((code, message.into())), related_resource: None });
        self
    }

    /// With one more of `moreDetails`, which only names a resource.
    pub fn concerning(mut self, kind: &'static str, id: impl Display) -> Self {
        let related_resource = Some(RelatedResource { id: id.to_string(), kind });
        self.0.more_details.push(Detail { fault: None, related_resource });
        self
    }

    /// About a resource.
    pub fn about(mut self, kind: &'static str, id: impl Display) -> Self {
        self.0.related_resource = Some(RelatedResource { id: id.to_string(), kind });
        self
    }

    /// To be tried again after so long, in the tenant's time.
    pub fn retry_after(mut self, wait: SignedDuration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// With a hint that the real service would not give; it goes into the header `x-emulator-note`.
    pub fn note(mut self, note: impl Into<Cow<'static, str>>) -> Self {
        self.0.note = Some(note.into());
        self
    }

    /// Answers 404, whatever the status of the code.
    pub fn hiding(mut self) -> Self {
        self.0.hides = true;
        self
    }

    /// What was refused.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Why, for people.
    pub fn text(&self) -> &str {
        &self.0.message
    }

    /// The faults one by one, where there are several.
    pub fn more_details(&self) -> &[Detail] {
        &self.0.more_details
    }

    /// What it is about.
    pub fn related_resource(&self) -> Option<&RelatedResource> {
        self.0.related_resource.as_ref()
    }

    /// How long to wait, in the tenant's time.
    pub fn wait(&self) -> Option<SignedDuration> {
        self.0.retry_after
    }

    /// Whether the answer is 404, whatever the status of the code.
    pub fn hides(&self) -> bool {
        self.0.hides
    }

    /// What only the emulator knows about it.
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
    fn codes_are_sorted_and_have_a_message() {
        let names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(ErrorCode::ALL.iter().all(|code| !code.message().is_empty()));
    }
}
