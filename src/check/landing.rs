//! The check of a landing zone in a folder: names, gaps, `_metadata.json`, empty files.
//!
//! The content of data files is not checked.

use std::path::{Path, PathBuf};

use super::Report;
use crate::fabric::landing::Metadata;
use crate::fabric::landing::lint::{LintContent, LintFile, lint};
use crate::fabric::landing::metadata::BYTES_MAX;
use crate::fabric::landing::path::{METADATA, PARTNER_EVENTS, TableFolder};
use crate::item_folder::entries;

/// The name of the folder in OneLake.
const LANDING_ZONE: &str = "LandingZone";
/// The ending of a folder of tables.
const SCHEMA: &str = ".schema";
/// The maximum depth of folders below the zone.
const DEPTH_MAX: usize = 32;

/// Returns `true` if a folder is a landing zone: it has this name or a `_partnerEvents.json`, or the folder of a table is
/// in it or in one of its schemas.
pub(super) fn is_landing_zone(folder: &Path, found: &[PathBuf]) -> bool {
    let has_table = |path: &PathBuf| path.join(METADATA).is_file();
    folder.ends_with(LANDING_ZONE)
        || found.iter().any(|path| path.ends_with(PARTNER_EVENTS))
        || found.iter().any(has_table)
        || found
            .iter()
            .filter(|path| is_schema(path))
            .filter_map(|path| entries(path).ok())
            .flatten()
            .any(|path| has_table(&path))
}

fn is_schema(path: &Path) -> bool {
    path.is_dir() && path.to_string_lossy().ends_with(SCHEMA)
}

/// Checks a landing zone.
///
/// # Errors
///
/// A folder cannot be read.
pub(super) fn check(zone: &Path, report: &mut Report) -> Result<(), String> {
    let mut files = Vec::new();
    collect(zone, "", &mut files, DEPTH_MAX)?;
    files.sort();
    let listed: Vec<LintFile<'_>> = files.iter().map(|(path, length)| LintFile { path, length: *length }).collect();
    report.checked += 1;
    for fault in lint(&listed, &mut Files { zone }) {
        let position = fault.position.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
        report.faults.push(format!("{}{position}: {}", zone.join(&fault.path).display(), fault.message));
    }
    Ok(())
}

/// Adds the files in a folder, with their path below the zone and their size.
fn collect(folder: &Path, under: &str, files: &mut Vec<(String, u64)>, depth: usize) -> Result<(), String> {
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let below = format!("{under}{name}");
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            collect(&path, &format!("{below}/"), files, depth - 1)?;
        } else if path.is_file() {
            let length = std::fs::metadata(&path).map_err(|why| format!("{}: {why}", path.display()))?.len();
            files.push((below, length));
        }
    }
    Ok(())
}

/// The files of a zone.
struct Files<'a> {
    zone: &'a Path,
}

impl LintContent for Files<'_> {
    fn text(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let path = self.zone.join(path);
        let unread = |why: std::io::Error| format!("cannot be read: {why}");
        let length = std::fs::metadata(&path).map_err(unread)?.len();
        if length > BYTES_MAX as u64 {
            return Err(format!("the file has {length} bytes: at most {BYTES_MAX} are read"));
        }
        std::fs::read(&path).map_err(unread)
    }

    fn data(&mut self, _: &TableFolder<'_>, _: &Metadata, _: &[&str]) -> Vec<(String, String)> {
        Vec::new()
    }
}
