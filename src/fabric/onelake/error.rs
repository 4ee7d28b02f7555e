//! The errors of OneLake storage as data. `http/onelake/error.rs` maps each code to an HTTP status.

use std::borrow::Cow;

use crate::fabric::{ErrorCode, FabricError};

/// Defines [`StorageCode`] from rows: the code and its message.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $message:literal;)*) => {
        /// The error codes of storage. The name of a variant is the code on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum StorageCode { $($(#[$doc])* $code),* }

        impl StorageCode {
            /// All codes, in the order of their rows.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Returns the code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),* }
            }

            /// Returns the default message.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message),* }
            }
        }
    };
}

codes! {
    /// The call needs an item, and the URL names none (seen).
    BadRequest = "Either WorkspaceId or ArtifactId are missing in the request";
    /// A condition of the request failed (documented).
    ConditionNotMet = "The condition specified using HTTP conditional header(s) is not met.";
    /// The container of a list does not exist (documented).
    ContainerNotFound = "The specified container does not exist.";
    /// The request has a body where none is expected (documented).
    ContentLengthMustBeZero = "The Content-Length request header must be zero.";
    /// A folder with content was deleted without `recursive=true` (documented).
    DirectoryNotEmpty = "The recursive query parameter value must be true to delete a non-empty directory.";
    /// The filesystem of a call does not exist (documented).
    FilesystemNotFound = "The specified filesystem does not exist.";
    /// The caller may not do this (seen).
    Forbidden = "User is not authorized to perform current operation.";
    /// A name in the URL was not resolved (seen).
    FriendlyNameSupportDisabled = "Friendly name support is disabled.";
    /// The operation belongs to the other host (seen).
    IncorrectEndpointError = "Operation not supported on the specified endpoint.";
    /// The token is missing or not valid (documented).
    InvalidAuthenticationInfo = "Server failed to authenticate the request.";
    /// The ids of a block list are not those of uncommitted blocks (documented).
    InvalidBlockList = "The specified block list is invalid.";
    /// The target of a rename lies below its source (documented).
    InvalidDestinationPath = "The specified path is an invalid destination of the rename.";
    /// The position of a flush is not the length of what was appended (documented).
    InvalidFlushPosition = "The uploaded data is not contiguous or the position query parameter value is not equal to the length of the file after appending the uploaded data.";
    /// A header has a value that is not accepted (documented).
    InvalidHeaderValue = "The value for one of the HTTP headers is not in the correct format.";
    /// The body is not what the operation expects (documented).
    InvalidInput = "One of the request inputs is not valid.";
    /// A query parameter has a value that is not accepted (documented).
    InvalidQueryParameterValue = "Value for one of the query parameters specified in the request URI is invalid.";
    /// The range begins after the end of the file (documented).
    InvalidRange = "The range specified is invalid for the current size of the resource.";
    /// The path has characters or a length that are not accepted (documented).
    InvalidResourceName = "The specified resource name contains invalid characters.";
    /// The source of a rename is not a path of this service (documented).
    InvalidSourceUri = "The source URI is invalid.";
    /// The XML of the body cannot be read (documented).
    InvalidXmlDocument = "XML specified is not syntactically valid.";
    /// The emulator could not read or store bytes.
    InternalError = "The server encountered an internal error. Please retry the request.";
    /// A required query parameter is missing (documented).
    MissingRequiredQueryParameter = "A required query parameter was not specified for this request.";
    /// The emulator does not emulate this.
    NotEmulated = "Specularite does not emulate this operation of OneLake.";
    /// The path must not be changed by this call (seen).
    OperationNotAllowedOnThePath = "The call is not allowed on this path";
    /// The request took too long, or its body ended early (documented).
    OperationTimedOut = "The operation could not be completed within the permitted time.";
    /// The target exists (documented).
    PathAlreadyExists = "The specified path already exists.";
    /// An element of the path is of another type (documented).
    PathConflict = "The specified path, or an element of the path, exists and its resource type is invalid for this operation.";
    /// There is no such path (seen).
    PathNotFound = "The specified path does not exist.";
    /// The folder of the target of a rename does not exist (documented).
    RenameDestinationParentPathNotFound = "The parent directory of the destination path does not exist.";
    /// The body is too large (documented).
    RequestBodyTooLarge = "The request body is too large and exceeds the maximum permissible limit.";
    /// The service cannot take the request now (documented).
    ServerBusy = "The server is currently unable to receive requests. Please retry your request.";
    /// The source of a rename does not exist (documented).
    SourcePathNotFound = "The source path for a rename operation does not exist.";
    /// The version in `x-ms-version` is not one of the service (documented).
    UnsupportedRestVersion = "The specified Rest Version is Unsupported.";
    /// The emulator has no room for more bytes.
    AccountLimitExceeded = "The emulator stores no more content of files.";
}

/// An error of a request to storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageError {
    /// Its code.
    pub code: StorageCode,
    /// Its message.
    pub message: Cow<'static, str>,
    /// A hint of the emulator, for the header `x-emulator-note`.
    pub note: Option<String>,
    /// The code on the wire, if it is one of Fabric's.
    pub fabric: Option<ErrorCode>,
}

impl From<StorageCode> for StorageError {
    fn from(code: StorageCode) -> Self {
        Self { code, message: code.message().into(), note: None, fabric: None }
    }
}

impl From<FabricError> for StorageError {
    fn from(refusal: FabricError) -> Self {
        let code = match refusal.code() {
            ErrorCode::Unauthorized | ErrorCode::TokenExpired => StorageCode::InvalidAuthenticationInfo,
            ErrorCode::OperationFailedOnTimeout => StorageCode::OperationTimedOut,
            ErrorCode::InvalidPayloadSize => StorageCode::RequestBodyTooLarge,
            ErrorCode::RequestBlocked => StorageCode::ServerBusy,
            ErrorCode::NotEmulated => StorageCode::NotEmulated,
            ErrorCode::MemoryFull | ErrorCode::StateNotStored => StorageCode::AccountLimitExceeded,
            ErrorCode::InvalidInput => StorageCode::InvalidInput,
            ErrorCode::Forbidden => StorageCode::Forbidden,
            _ => StorageCode::InternalError,
        };
        let note = refusal.hint().map(str::to_owned);
        Self { code, message: refusal.text().to_owned().into(), note, fabric: Some(refusal.code()) }
    }
}

impl StorageError {
    /// Replaces the message.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Adds a hint of the emulator.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Creates the error for an operation that is not emulated.
    pub fn not_emulated(what: &str) -> Self {
        Self::from(StorageCode::NotEmulated).message(format!("Specularite does not emulate {what} of OneLake."))
    }
}
