//! Folders of a workspace.

use std::collections::HashSet;

use crate::fabric::name::Folded;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State};
use crate::ids::{FolderId, WorkspaceId};

/// Folders of a workspace at most. The description names the refusal, not the number: it is guessed.
pub const FOLDERS_MAX: usize = 1_000;
/// How deep folders nest.
pub const DEPTH_MAX: usize = 10;
/// Characters of a folder's name at most.
pub const NAME_MAX: usize = 255;
/// Characters that a folder's name must not have.
const FORBIDDEN: &[char] = &['~', '"', '#', '.', '&', '*', ':', '<', '>', '?', '/', '\\', '{', '|', '}'];
/// Names that are no folder's.
const RESERVED: &[&str] = &["$recycle.bin", "recycled", "recycler"];

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// Its name: unique in its place, case aside.
    pub display_name: String,
    /// The folder that it lies in; `None`: the workspace.
    pub parent: Option<FolderId>,
}

/// Creates a folder.
pub fn create(
    state: &State,
    workspace: WorkspaceId,
    display_name: String,
    parent: Option<FolderId>,
) -> Decided<FolderId> {
    let within = state.workspace(workspace)?;
    check_name(&display_name)?;
    if let Some(parent) = parent {
        within.folder(parent)?;
        if within.depth(parent) >= DEPTH_MAX {
            return Err(ErrorCode::FolderDepthOutOfRange.into());
        }
    }
    let folded = Folded::new(&display_name);
    if within.folders.values().any(|folder| folder.parent == parent && Folded::new(&folder.display_name) == folded) {
        return Err(ErrorCode::FolderDisplayNameAlreadyInUse.into());
    }
    if within.folders.len() >= FOLDERS_MAX {
        return Err(ErrorCode::TooManyFolders.into());
    }
    let id = state.next_folder();
    Ok((vec![Fact::FolderCreated { workspace, id, display_name, parent }], id))
}

fn check_name(name: &str) -> Result<(), FabricError> {
    let bad = name.trim().is_empty()
        || name.trim() != name
        || name.chars().count() > NAME_MAX
        || name.contains(FORBIDDEN)
        || name.chars().any(char::is_control)
        || RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name));
    if bad { Err(ErrorCode::InvalidFolderDisplayName.into()) } else { Ok(()) }
}

impl Workspace {
    /// How deep a folder lies: 1 in the workspace itself.
    fn depth(&self, id: FolderId) -> usize {
        std::iter::successors(self.folders.get(&id), |folder| self.folders.get(&folder.parent?)).count()
    }

    /// What lies in a place: directly in it, or at any depth.
    pub fn scope(&self, root: Option<FolderId>, recursive: bool) -> Result<Scope, FabricError> {
        if let Some(root) = root {
            self.folder(root)?;
        }
        Ok(match (root, recursive) {
            (None, true) => Scope::Everything,
            (root, false) => Scope::Places(HashSet::from([root])),
            (Some(root), true) => {
                let mut places = HashSet::from([Some(root)]);
                // A folder is younger than the one it was made in, but may have been moved: go round until nothing is new.
                loop {
                    let before = places.len();
                    places.extend(
                        self.folders
                            .values()
                            .filter(|folder| places.contains(&folder.parent))
                            .map(|folder| Some(folder.id))
                            .collect::<Vec<_>>(),
                    );
                    if places.len() == before {
                        break Scope::Places(places);
                    }
                }
            }
        })
    }
}

/// The places that a list looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole workspace.
    Everything,
    /// These folders, `None` being the workspace itself.
    Places(HashSet<Option<FolderId>>),
}

impl Scope {
    /// Whether what lies in this place is meant.
    pub fn has(&self, place: Option<FolderId>) -> bool {
        match self {
            Self::Everything => true,
            Self::Places(places) => places.contains(&place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_documented_rules() {
        for name in ["a", "Größe 1", "x-y_z"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", " ", " a", "a ", "a/b", "a.b", "$Recycle.Bin", "recycled", &"x".repeat(256)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
