//! OneLake storage: the files and folders of items, and the rules for changing them (docs/fidelity.md#onelake-storage).
//!
//! A [`Tree`] contains the paths of one item. It knows the content of a file only by its SHA-256 hash and its length;
//! the bytes are in the content store (`src/content`). Decisions check the rules and return facts.

mod digest;
mod error;
mod path;
mod rules;
mod target;
mod tree;

pub use self::digest::{Content, ContentHash};
pub use self::error::{StorageCode, StorageError};
pub use self::path::ItemPath;
pub use self::rules::{
    Conditions, NewFile, Tags, create_directory, create_file, delete, flush, managed_folders, put_file, rename,
};
pub use self::target::{Target, TargetName, folder_names, named_items, resolve, resolve_workspace};
pub use self::tree::{Entry, FileNode, Node, NodeKind, PathKind, Tree, etag};

use crate::fabric::Fact;

/// The maximum length of a path in an item, in characters (documented: names of blobs in Azure Storage).
pub const PATH_MAX: usize = 1_024;
/// The maximum number of segments of a path (documented for Azure Storage).
pub const DEPTH_MAX: usize = 63;
/// The maximum length of a content type, in characters (guessed).
pub const CONTENT_TYPE_MAX: usize = 256;

/// The result of a decision about storage: the facts to record, or an error.
pub type StorageDecision = Result<Vec<Fact>, StorageError>;
