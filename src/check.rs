//! `specularite check`: validates definitions in files and folders with the rules of the API.
//!
//! Folders are searched for items. A folder is an item if its name ends in a kind (`shop.MirroredDatabase`) or if it
//! contains a `.platform`. In other folders, a `mirroring.json` is checked by itself. Scenarios and snapshots are checked
//! in a new tenant. A landing zone is recognised by its name or by a `_metadata.json` of a table.

mod landing;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::emulator::Emulator;
use crate::fabric::FabricError;
use crate::fabric::item::definition::{self, Finding, PLATFORM};
use crate::fabric::item::{ItemKind, Part};
use crate::fabric::mirroring::definition::PATH as MIRRORING;
use crate::http::api;
use crate::http::operation_ids::operation_ids;
use crate::item_folder::{self, entries, read};
use crate::scenario_file;
use crate::tenant::Snapshot;

/// The JSON Schema of scenarios and snapshots.
pub const SCHEMA: &str = include_str!("../fixtures/scenario.schema.json");
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
        report.note(|_| path.to_owned(), &checked);
    } else if let Some(document) = document_of(&payload) {
        if let Err(fault) = check_document(path, &payload, &document) {
            report.faults.push(format!("{}: {fault}", path.display()));
        }
    } else {
        // A file with any other name is checked as a mirroring.json.
        let part = Part { path: MIRRORING.into(), payload: payload.into() };
        report.note(|_| path.to_owned(), &definition::check_files(ItemKind::MirroredDatabase, vec![part]));
    }
    Ok(())
}

/// Returns the value of a scenario or a snapshot, which has a member `format`, unlike a `mirroring.json`.
fn document_of(text: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(text).ok()?;
    (value.get("format").is_some() && value.get("properties").is_none()).then_some(value)
}

/// Applies a scenario to a new tenant, or restores a snapshot in it.
fn check_document(path: &Path, text: &[u8], document: &Value) -> Result<(), String> {
    let tenant = Emulator::builder().build().default_tenant();
    let checked = if document.get("base").is_some() {
        let snapshot: Snapshot = serde_json::from_slice(text).map_err(|why| why.to_string())?;
        tenant.restore(snapshot, api::key)
    } else {
        tenant.apply_scenario(&scenario_file::parse(path, text)?, &operation_ids()).map(drop)
    };
    checked.map_err(|why| scenario_file::reason(&why))
}

fn check_folder(folder: &Path, report: &mut Report, depth: usize) -> Result<(), String> {
    let entries = entries(folder)?;
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
    if landing::is_landing_zone(folder, &entries) {
        return landing::check(folder, report);
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
        report.note(place, &kind.and_then(|kind| check_platform(kind, &part)));
        by_name.or(named.ok())
    } else {
        report.faults.push(format!("{}: the file {PLATFORM} is missing", folder.display()));
        by_name
    };
    let Some(kind) = kind else { return Ok(()) };
    let mut parts = item_folder::parts(folder)?;
    parts.retain(|part| part.path != PLATFORM);
    report.note(place, &definition::check_files(kind, parts));
    Ok(())
}

fn check_platform(kind: ItemKind, part: &Part) -> Result<(), FabricError> {
    definition::read_platform(kind, part).map(drop)
}

impl Report {
    /// Adds the faults of an error to the report. `place` returns the file of a part.
    fn note(&mut self, place: impl Fn(&str) -> PathBuf, checked: &Result<(), FabricError>) {
        let Err(error) = checked else { return };
        self.faults.extend(Finding::of(error).iter().map(|finding| located(&place, finding)));
    }
}

/// Returns a finding in the format of compiler messages, such as `path/mirroring.json:3:7: fault`.
fn located(place: impl Fn(&str) -> PathBuf, Finding { path, position, message }: &Finding) -> String {
    let position = position.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    format!("{}{position}: {message}", place(path).display())
}
