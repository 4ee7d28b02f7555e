//! Errors of tables: their codes and texts, and how they end (docs/fidelity.md#landing-zone).

use uuid::Uuid;

/// The maximum length of an error's message, in bytes.
pub const MESSAGE_MAX: usize = 4_096;

/// The way in which the error of a table ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clears {
    /// The file is deleted. A file that is uploaded under the same name afterwards is another file. Overwriting does not
    /// clear the error.
    WithFile,
    /// The folder of the table is deleted.
    WithFolder,
}

/// An error that stops a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableError {
    /// The error code, such as `InputValidationError`.
    pub code: Box<str>,
    /// The text, in the words of the service as far as they are known; at most [`MESSAGE_MAX`] bytes.
    pub message: Box<str>,
    /// The way in which the error ends.
    pub clears: Clears,
}

impl TableError {
    /// Creates an error. The message is shortened to [`MESSAGE_MAX`] bytes.
    pub fn new(code: &str, message: &str, clears: Clears) -> Self {
        let end = message.floor_char_boundary(MESSAGE_MAX);
        Self { code: code.into(), message: message[..end].into(), clears }
    }

    /// The `_metadata.json` of a table has disappeared (seen). `path` begins with `LandingZone/`.
    pub fn metadata_missing(item: Uuid, path: &str) -> Self {
        Self::metadata(item, &format!("PathNotFound Files/{path}"))
    }

    /// The `_metadata.json` of a table has a fault. The frame was seen, the detail is guessed.
    pub fn metadata(item: Uuid, detail: &str) -> Self {
        let message = format!(
            "Exception reading the metadata file: _metadata.json, Exception: {detail}, ErrorCode: InternalError, \
             ErrorCode: InputValidationError ArtifactId: {item}"
        );
        Self::new("InputValidationError", &message, Clears::WithFile)
    }
}
