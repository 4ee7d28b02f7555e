//! The files in the folder of an item, as the parts of a definition.

use std::path::{Path, PathBuf};

use crate::fabric::item::Part;

/// The maximum depth of folders below that of an item.
const DEPTH_MAX: usize = 32;

/// Returns the files in the folder of an item, sorted by path. Links to folders are not followed, because they can form a
/// cycle.
///
/// # Errors
///
/// A file or folder cannot be read.
pub fn parts(folder: &Path) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    collect(folder, "", &mut parts, DEPTH_MAX)?;
    Ok(parts)
}

fn collect(folder: &Path, under: &str, parts: &mut Vec<Part>, depth: usize) -> Result<(), String> {
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            collect(&path, &format!("{under}{name}/"), parts, depth - 1)?;
        } else if path.is_file() {
            parts.push(Part { path: format!("{under}{name}"), payload: read(&path)?.into() });
        }
    }
    Ok(())
}

/// Returns the paths of the entries of a folder, sorted.
///
/// # Errors
///
/// The folder cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unread = |why: std::io::Error| format!("{}: {why}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        entries.push(entry.map_err(unread)?.path());
    }
    entries.sort();
    Ok(entries)
}

/// Returns the content of a file.
///
/// # Errors
///
/// The file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))
}
