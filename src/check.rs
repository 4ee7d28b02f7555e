//! `specularite check`: validates definitions in files and folders with the rules of the API.
//!
//! Folders are searched for items. A folder is an item if its name ends in a kind (`shop.MirroredDatabase`) or if it
//! contains a `.platform`. In other folders, a `mirroring.json` is checked by itself.

use std::path::{Path, PathBuf};

use crate::fabric::FabricError;
use crate::fabric::item::definition::{self, PLATFORM};
use crate::fabric::item::{ItemKind, Part};
use crate::fabric::mirroring::definition::PATH as MIRRORING;

/// The maximum depth of the search, in folders.
const DEPTH_MAX: usize = 32;

/// The result of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// The number of checked items and single files.
    pub checked: usize,
    /// The faults. Each begins with its file, and with its line and column if these are known.
    pub faults: Vec<String>,
}

/// Checks a file, or all items in a folder.
///
/// # Errors
///
/// A file or folder cannot be read.
pub fn check(path: &Path, report: &mut Report) -> Result<(), String> {
    if path.is_dir() {
        return check_folder(path, report, DEPTH_MAX);
    }
    let payload = read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    report.checked += 1;
    if name == PLATFORM {
        let part = Part { path: PLATFORM.into(), payload: payload.into() };
        let checked = definition::kind_of(&part).and_then(|kind| check_platform(kind, &part));
        report.note(|_| path.to_owned(), checked);
    } else {
        // A file with any other name is checked as a mirroring.json.
        let part = Part { path: MIRRORING.into(), payload: payload.into() };
        report.note(|_| path.to_owned(), definition::check_files(ItemKind::MirroredDatabase, vec![part]));
    }
    Ok(())
}

fn check_folder(folder: &Path, report: &mut Report, depth: usize) -> Result<(), String> {
    let mut entries = Vec::new();
    let unread = |why: std::io::Error| format!("{}: {why}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        entries.push(entry.map_err(unread)?.path());
    }
    entries.sort();
    // Some kinds have common names, such as `Report`. A suffix marks an item only if it is spelled exactly like a kind
    // and this kind has a definition.
    let suffix = folder.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    let by_name = suffix.parse().ok().filter(|kind: &ItemKind| {
        let spec = kind.spec();
        spec.name == suffix && spec.definition.is_some()
    });
    if by_name.is_some() || entries.iter().any(|path| path.ends_with(PLATFORM)) {
        return check_item(folder, by_name, report);
    }
    for path in entries {
        // Links are not followed, because they can form a cycle.
        let is_folder = path.is_dir() && !path.is_symlink();
        if is_folder && depth > 0 {
            check_folder(&path, report, depth - 1)?;
        } else if path.ends_with(MIRRORING) {
            check(&path, report)?;
        }
    }
    Ok(())
}

/// Checks the folder of an item: its `.platform`, and its definition.
fn check_item(folder: &Path, by_name: Option<ItemKind>, report: &mut Report) -> Result<(), String> {
    report.checked += 1;
    let place = |part: &str| if part.is_empty() { folder.to_owned() } else { folder.join(part) };
    let platform = folder.join(PLATFORM);
    let kind = if platform.is_file() {
        let part = Part { path: PLATFORM.into(), payload: read(&platform)?.into() };
        let named = definition::kind_of(&part);
        // The kind in the folder name takes precedence over the kind in `.platform`.
        let kind = by_name.map_or_else(|| named.clone(), Ok);
        report.note(place, kind.and_then(|kind| check_platform(kind, &part)));
        by_name.or(named.ok())
    } else {
        report.faults.push(format!("{}: the file {PLATFORM} is missing", folder.display()));
        by_name
    };
    let Some(kind) = kind else { return Ok(()) };
    let mut parts = Vec::new();
    collect(folder, "", &mut parts, DEPTH_MAX)?;
    report.note(place, definition::check_files(kind, parts));
    Ok(())
}

fn check_platform(kind: ItemKind, part: &Part) -> Result<(), FabricError> {
    definition::read_platform(kind, part).map(drop)
}

/// Collects the files of an item as parts of its definition, except `.platform`.
fn collect(folder: &Path, under: &str, parts: &mut Vec<Part>, depth: usize) -> Result<(), String> {
    let unread = |why: std::io::Error| format!("{}: {why}", folder.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        entries.push(entry.map_err(unread)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            collect(&path, &format!("{under}{name}/"), parts, depth - 1)?;
        } else if path.is_file() && name != PLATFORM {
            parts.push(Part { path: format!("{under}{name}"), payload: read(&path)?.into() });
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))
}

impl Report {
    /// Adds the faults of an error to the report. `place` returns the file of a part.
    fn note(&mut self, place: impl Fn(&str) -> PathBuf, checked: Result<(), FabricError>) {
        let Err(error) = checked else { return };
        let details = error.more_details().iter().filter_map(|detail| detail.fault.as_ref());
        let faults = details.map(|(_, fault)| located(&place, fault)).collect::<Vec<_>>();
        if faults.is_empty() {
            self.faults.push(format!("{}: {}", place("").display(), error.text()));
        }
        self.faults.extend(faults);
    }
}

/// Converts the position of a fault to the format of compiler messages: `mirroring.json, line 3, column 7: fault`
/// becomes `path/mirroring.json:3:7: fault`.
fn located(place: impl Fn(&str) -> PathBuf, fault: &str) -> String {
    let split = fault.split_once(", line ").and_then(|(part, rest)| {
        let (line, rest) = rest.split_once(", column ")?;
        let (column, what) = rest.split_once(": ")?;
        Some(format!("{}:{line}:{column}: {what}", place(part).display()))
    });
    split.unwrap_or_else(|| match fault.split_once(": ") {
        Some((part, what)) if !part.contains(' ') => format!("{}: {what}", place(part).display()),
        Some(_) | None => format!("{}: {fault}", place("").display()),
    })
}
