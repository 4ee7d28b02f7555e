//! The rules for changing the paths of an item: managed folders, conditions, and decisions.

use super::{CONTENT_TYPE_MAX, Content, ItemPath, Node, PathKind, StorageCode, StorageDecision, StorageError, Target};
use crate::fabric::Fact;
use crate::fabric::item::ItemKind;

/// A first-level folder of an item. It exists as long as the item does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedFolder {
    /// Its name.
    pub name: &'static str,
    /// `true` if clients can change the paths below it.
    pub is_writable: bool,
}

const fn writable(name: &'static str) -> ManagedFolder {
    ManagedFolder { name, is_writable: true }
}

const fn read_only(name: &'static str) -> ManagedFolder {
    ManagedFolder { name, is_writable: false }
}

/// Returns the first-level folders of items of a kind (guessed, except that `Files` of a warehouse is read-only, which was
/// seen). Items of other kinds have none.
pub fn managed_folders(kind: ItemKind) -> &'static [ManagedFolder] {
    const FILES_AND_TABLES: &[ManagedFolder] = &[writable("Files"), writable("Tables")];
    const MIRROR: &[ManagedFolder] = &[writable("Files"), read_only("Tables")];
    const READ_ONLY: &[ManagedFolder] = &[read_only("Files"), read_only("Tables")];
    const TABLES: &[ManagedFolder] = &[read_only("Tables")];
    match kind {
        ItemKind::Lakehouse => FILES_AND_TABLES,
        ItemKind::MirroredDatabase => MIRROR,
        ItemKind::Warehouse | ItemKind::SQLDatabase => READ_ONLY,
        ItemKind::KQLDatabase | ItemKind::SemanticModel => TABLES,
        _ => &[],
    }
}

/// The entity tags in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any.
    Any,
    /// These, without quotes.
    These(Vec<String>),
}

impl Tags {
    /// Reads the value of `If-Match` or `If-None-Match`.
    pub fn parse(value: &str) -> Self {
        if value.trim() == "*" {
            return Self::Any;
        }
        let tags = value.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned());
        Self::These(tags.collect())
    }

    fn include(&self, node: Option<&Node>) -> bool {
        match (self, node) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::These(tags), Some(node)) => tags.contains(&node.etag()),
        }
    }
}

/// The conditions of a request on the entity tag of its path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The value of `If-Match`.
    pub if_match: Option<Tags>,
    /// The value of `If-None-Match`.
    pub if_none_match: Option<Tags>,
}

impl Conditions {
    /// Returns `true` if the request must not replace a path.
    pub fn is_create_only(&self) -> bool {
        self.if_none_match == Some(Tags::Any)
    }

    /// Rejects a path that does not meet the conditions.
    ///
    /// # Errors
    ///
    /// `ConditionNotMet`.
    pub fn check(&self, node: Option<&Node>) -> Result<(), StorageError> {
        let matches = self.if_match.as_ref().is_none_or(|tags| tags.include(node));
        let differs = self.if_none_match.as_ref().is_none_or(|tags| !tags.include(node));
        if matches && differs { Ok(()) } else { Err(StorageCode::ConditionNotMet.into()) }
    }

    /// Rejects a path that does not meet the conditions of its creation.
    fn check_creation(&self, node: Option<&Node>) -> Result<(), StorageError> {
        if self.is_create_only() && node.is_some() {
            return Err(StorageCode::PathAlreadyExists.into());
        }
        self.check(node)
    }
}

/// The content of a file that is put as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its content.
    pub content: Content,
    /// Its content type.
    pub content_type: Option<String>,
}

/// Creates a folder with the folders above it. A folder that exists is kept.
///
/// # Errors
///
/// `PathAlreadyExists` for a first-level folder, or for a path that exists and must not be replaced; `PathConflict` if the
/// path or one above it is a file; `OperationNotAllowedOnThePath`; `ConditionNotMet`.
pub fn create_directory(target: Target<'_>, path: &ItemPath, conditions: &Conditions) -> StorageDecision {
    check_writable(target, path, "PUT")?;
    if path.is_managed_folder() {
        return Err(StorageCode::PathAlreadyExists.into());
    }
    check_ancestors(target, path)?;
    let node = target.tree().get(path);
    conditions.check_creation(node)?;
    match node {
        Some(node) if node.is_directory() => Ok(Vec::new()),
        Some(_) => Err(StorageCode::PathConflict.into()),
        None => Ok(vec![created(target, path, PathKind::Directory, None)]),
    }
}

/// Creates an empty file with the folders above it, or replaces a file. The file counts as unfinished until it is flushed.
///
/// # Errors
///
/// Those of [`create_directory`].
pub fn create_file(
    target: Target<'_>,
    path: &ItemPath,
    content_type: Option<String>,
    conditions: &Conditions,
) -> StorageDecision {
    check_file(target, path, conditions)?;
    check_content_type(content_type.as_deref())?;
    Ok(vec![created(target, path, PathKind::File, content_type)])
}

/// Puts a file with its whole content.
///
/// # Errors
///
/// Those of [`create_directory`].
pub fn put_file(target: Target<'_>, path: &ItemPath, new: NewFile, conditions: &Conditions) -> StorageDecision {
    check_file(target, path, conditions)?;
    check_content_type(new.content_type.as_deref())?;
    let creation = target.tree().get(path).is_none().then(|| created(target, path, PathKind::File, None));
    let flushed = flushed(target, path, new.content, new.content_type);
    Ok(creation.into_iter().chain([flushed]).collect())
}

/// Sets the content of a file.
///
/// # Errors
///
/// `PathNotFound`; `PathConflict` for a folder; `ConditionNotMet`; `OperationNotAllowedOnThePath`.
pub fn flush(
    target: Target<'_>,
    path: &ItemPath,
    content: Content,
    content_type: Option<String>,
    conditions: &Conditions,
) -> StorageDecision {
    check_below_managed(target, path, "PATCH")?;
    let node = target.tree().get(path);
    conditions.check(node)?;
    match node {
        None => return Err(StorageCode::PathNotFound.into()),
        Some(node) if node.is_directory() => return Err(StorageCode::PathConflict.into()),
        Some(_) => {}
    }
    check_content_type(content_type.as_deref())?;
    Ok(vec![flushed(target, path, content, content_type)])
}

/// Renames a path, with everything below it. The target replaces a file or an empty folder.
///
/// # Errors
///
/// `SourcePathNotFound`, `RenameDestinationParentPathNotFound`, `PathAlreadyExists`, `InvalidDestinationPath`,
/// `ConditionNotMet`, `OperationNotAllowedOnThePath`.
pub fn rename(target: Target<'_>, from: &ItemPath, to: &ItemPath, conditions: &Conditions) -> StorageDecision {
    check_below_managed(target, to, "PUT")?;
    check_below_managed(target, from, "PUT")?;
    let Some(source) = target.tree().get(from) else { return Err(StorageCode::SourcePathNotFound.into()) };
    if to.is_below(from) {
        return Err(StorageCode::InvalidDestinationPath.into());
    }
    check_parent(target, to)?;
    let replaced = target.tree().get(to);
    conditions.check_creation(replaced)?;
    if from == to {
        return Ok(Vec::new());
    }
    let can_replace = replaced.is_none_or(|node| {
        let fits = node.is_directory() == source.is_directory();
        fits && (!node.is_directory() || target.tree().is_empty_directory(to))
    });
    if !can_replace {
        return Err(StorageCode::PathAlreadyExists.into());
    }
    let Target { workspace, item } = target;
    Ok(vec![Fact::PathRenamed { workspace: workspace.id, id: item.id, from: from.clone(), to: to.clone() }])
}

/// Deletes a path, and with `recursive` everything below it.
///
/// # Errors
///
/// `PathNotFound`; `DirectoryNotEmpty` without `recursive`; `ConditionNotMet`; `OperationNotAllowedOnThePath`.
pub fn delete(target: Target<'_>, path: &ItemPath, recursive: bool, conditions: &Conditions) -> StorageDecision {
    check_below_managed(target, path, "DELETE")?;
    let Some(node) = target.tree().get(path) else { return Err(StorageCode::PathNotFound.into()) };
    conditions.check(Some(node))?;
    if node.is_directory() && !recursive && !target.tree().is_empty_directory(path) {
        return Err(StorageCode::DirectoryNotEmpty.into());
    }
    let Target { workspace, item } = target;
    Ok(vec![Fact::PathDeleted { workspace: workspace.id, id: item.id, path: path.clone() }])
}

fn created(target: Target<'_>, path: &ItemPath, kind: PathKind, content_type: Option<String>) -> Fact {
    let Target { workspace, item } = target;
    Fact::PathCreated { workspace: workspace.id, id: item.id, path: path.clone(), kind, content_type }
}

fn flushed(target: Target<'_>, path: &ItemPath, content: Content, content_type: Option<String>) -> Fact {
    let Target { workspace, item } = target;
    Fact::PathFlushed { workspace: workspace.id, id: item.id, path: path.clone(), content, content_type }
}

/// Rejects a file that cannot be created or replaced.
fn check_file(target: Target<'_>, path: &ItemPath, conditions: &Conditions) -> Result<(), StorageError> {
    check_below_managed(target, path, "PUT")?;
    check_ancestors(target, path)?;
    let node = target.tree().get(path);
    conditions.check_creation(node)?;
    if node.is_some_and(Node::is_directory) { Err(StorageCode::PathConflict.into()) } else { Ok(()) }
}

fn check_content_type(content_type: Option<&str>) -> Result<(), StorageError> {
    let fits = content_type.is_none_or(|text| text.len() <= CONTENT_TYPE_MAX && !text.contains(char::is_control));
    if fits { Ok(()) } else { Err(StorageCode::InvalidHeaderValue.into()) }
}

/// Rejects a path that is not in a writable first-level folder of the item.
fn check_writable(target: Target<'_>, path: &ItemPath, method: &str) -> Result<(), StorageError> {
    let folders = managed_folders(target.item.kind);
    let name = path.managed_folder();
    match folders.iter().find(|folder| folder.name == name) {
        Some(folder) if folder.is_writable => Ok(()),
        Some(_) | None => Err(not_allowed(path, method)),
    }
}

/// Rejects a path that is not below a writable first-level folder of the item.
fn check_below_managed(target: Target<'_>, path: &ItemPath, method: &str) -> Result<(), StorageError> {
    check_writable(target, path, method)?;
    if path.is_managed_folder() { Err(not_allowed(path, method)) } else { Ok(()) }
}

fn not_allowed(path: &ItemPath, method: &str) -> StorageError {
    let message = format!("{method} call is not allowed on {} path", path.managed_folder());
    StorageError::from(StorageCode::OperationNotAllowedOnThePath).message(message)
}

/// Rejects a path below a file.
fn check_ancestors(target: Target<'_>, path: &ItemPath) -> Result<(), StorageError> {
    let is_file = |folder: ItemPath| target.tree().get(&folder).is_some_and(|node| !node.is_directory());
    if path.ancestors().any(is_file) { Err(StorageCode::PathConflict.into()) } else { Ok(()) }
}

/// Rejects the target of a rename whose folder does not exist.
fn check_parent(target: Target<'_>, path: &ItemPath) -> Result<(), StorageError> {
    let parent = path.parent();
    if parent.is_managed_folder() || target.tree().get(&parent).is_some_and(Node::is_directory) {
        return Ok(());
    }
    Err(StorageCode::RenameDestinationParentPathNotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_and_without_quotes() {
        assert_eq!(Tags::parse(" * "), Tags::Any);
        assert_eq!(Tags::parse("\"a\", W/\"b\",c"), Tags::These(["a", "b", "c"].map(str::to_owned).into()));
    }
}
