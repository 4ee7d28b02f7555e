//! Paths in an item.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DEPTH_MAX, PATH_MAX, StorageCode, StorageError};

/// A path in an item, such as `Files/LandingZone/t`. It has no slash at its ends. The empty path is the item itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemPath(String);

impl ItemPath {
    /// Creates a path from its decoded segments. Empty segments are left out.
    ///
    /// # Errors
    ///
    /// `InvalidResourceName` if a segment is `.` or `..`, or contains a control character or a slash, or if the path is
    /// longer than [`PATH_MAX`] or deeper than [`DEPTH_MAX`].
    pub fn new<'a>(segments: impl IntoIterator<Item = &'a str>) -> Result<Self, StorageError> {
        let mut path = String::new();
        let mut depth = 0;
        for segment in segments.into_iter().filter(|segment| !segment.is_empty()) {
            if [".", ".."].contains(&segment) || segment.contains(|c: char| c.is_control() || "/\\".contains(c)) {
                return Err(StorageCode::InvalidResourceName.into());
            }
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(segment);
            depth += 1;
        }
        if depth > DEPTH_MAX || path.chars().count() > PATH_MAX {
            return Err(StorageCode::InvalidResourceName.into());
        }
        Ok(Self(path))
    }

    /// Creates a path from a text with slashes.
    ///
    /// # Errors
    ///
    /// The errors of [`ItemPath::new`].
    pub fn parse(text: &str) -> Result<Self, StorageError> {
        Self::new(text.split('/'))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `true` for the item itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the folder of the path. The folder of a first segment, and of the item, is the item.
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or_else(String::new, |(parent, _)| parent.to_owned()))
    }

    /// Returns the last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// Returns the first segment: the managed folder of the item. It is empty for the item itself.
    pub fn managed_folder(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(first, _)| first)
    }

    /// Returns `true` if the path is a first-level folder of the item.
    pub fn is_managed_folder(&self) -> bool {
        !self.is_root() && !self.0.contains('/')
    }

    /// Returns the folders above the path, from the first-level folder on.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        self.0.match_indices('/').map(|(at, _)| Self(self.0[..at].to_owned()))
    }

    /// Returns `true` if the path lies below a folder.
    pub fn is_below(&self, folder: &Self) -> bool {
        folder.is_root() && !self.is_root() || self.0.strip_prefix(&folder.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns the path with the folder `from` replaced by `to`; `None` if it is neither `from` nor below it.
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        if self == from {
            return Some(to.clone());
        }
        let rest = self.0.strip_prefix(&from.0).filter(|rest| rest.starts_with('/'))?;
        Some(Self(format!("{}{rest}", to.0)))
    }
}

impl fmt::Display for ItemPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_has_no_empty_and_no_relative_segments() {
        let check = |text: &str, expected: Option<&str>| {
            let path = ItemPath::parse(text);
            assert_eq!(path.as_ref().ok().map(ItemPath::as_str), expected, "{text}");
        };
        check("/Files//a/", Some("Files/a"));
        check("", Some(""));
        check("Files/..", None);
        check("Files/./a", None);
        check("Files/a\u{1}", None);
        check("Files/a\\b", None);
        check(&"x".repeat(PATH_MAX), Some(&"x".repeat(PATH_MAX)));
        check(&"x".repeat(PATH_MAX + 1), None);
        check(&"x/".repeat(DEPTH_MAX), Some("x/".repeat(DEPTH_MAX).trim_end_matches('/')));
        check(&"x/".repeat(DEPTH_MAX + 1), None);
    }

    #[test]
    fn path_knows_its_folders() {
        let path = ItemPath::parse("Files/a/b").unwrap();
        let folder = ItemPath::parse("Files/a").unwrap();
        assert_eq!((path.parent(), path.name(), path.managed_folder()), (folder.clone(), "b", "Files"));
        assert_eq!(path.ancestors().map(|it| it.to_string()).collect::<Vec<_>>(), ["Files", "Files/a"]);
        assert!(path.is_below(&folder) && !folder.is_below(&folder) && path.is_below(&ItemPath::default()));
        assert!(!ItemPath::parse("Files/ab").unwrap().is_below(&folder));
        let moved = path.moved(&folder, &ItemPath::parse("Files/c").unwrap());
        assert_eq!(moved, ItemPath::parse("Files/c/b").ok());
    }
}
