//! The files of the zone as a client sees them: those that were read have moved.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::path::PROCESSED;
use super::plan::{Move, Plan};
use super::zone::{Content, Entry, Zone};
use crate::fabric::later;

/// The time after which a file that was read and moved is deleted.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A file or folder in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<'z> {
    /// The path below `Files/LandingZone/`.
    pub path: String,
    /// The entry; `None` for a folder of moved files.
    pub entry: Option<&'z Entry>,
    /// The content; `None` for a folder.
    pub content: Option<&'z Content>,
    /// The instant at which the service moved the file to this path, or made the folder.
    pub moved: Option<Timestamp>,
}

/// Returns what the zone shows at the instant of the plan, sorted by path.
///
/// A file that was read moves to `_ProcessedFiles` in its table's folder when a later file of its partition was read,
/// and is deleted after [`KEPT`]. The last one stays, so that a producer can continue its numbers.
pub fn listing<'z>(zone: &'z Zone, plan: &Plan<'z>, now: Timestamp) -> Vec<Listed<'z>> {
    let moves = || plan.tables.iter().flat_map(|table| table.moves.iter().map(move |moved| (table.folder.path, moved)));
    // A content that was moved. One that was written after the move is another file in the old place.
    let moved: HashSet<_> = moves().map(|(_, moved)| (moved.entry.created, moved.content.since)).collect();
    let in_place = zone.entries.iter().filter(|entry| entry.exists(now)).filter_map(|entry| {
        let content = entry.content(now);
        let is_moved = content.is_some_and(|content| moved.contains(&(entry.created, content.since)));
        (!is_moved).then(|| Listed { path: entry.path.to_string(), entry: Some(entry), content, moved: None })
    });
    let mut listed: Vec<Listed<'z>> = in_place.collect();
    for (folder, moved) in moves().filter(|(folder, moved)| is_kept(zone, folder, moved, now)) {
        listed.push(Listed {
            path: format!("{folder}/{PROCESSED}/{}", moved.path),
            entry: Some(moved.entry),
            content: Some(moved.content),
            moved: Some(moved.when.at),
        });
    }
    add_folders(&mut listed);
    listed.sort_by(|a, b| (&a.path, a.moved).cmp(&(&b.path, b.moved)));
    listed.reverse();
    // Of several files that moved to one path, the last one remains.
    listed.dedup_by(|a, b| a.path == b.path);
    listed.reverse();
    listed
}

/// Returns `true` if a moved file still exists.
fn is_kept(zone: &Zone, folder: &str, moved: &Move<'_>, now: Timestamp) -> bool {
    let path = format!("{folder}/{PROCESSED}/{}", moved.path);
    let has_folder =
        |entry: &Entry| entry.created.number == moved.folder && *entry.path == *folder && entry.exists(now);
    let is_removed = zone.removed.iter().any(|removed| {
        let is_at_or_below =
            path.strip_prefix(&*removed.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        is_at_or_below && removed.when.at <= now && moved.when <= removed.when
    });
    later(moved.when.at, KEPT) > now && !is_removed && zone.entries.iter().any(has_folder)
}

/// Adds the folders of moved files that have no entry.
fn add_folders(listed: &mut Vec<Listed<'_>>) {
    let mut known: HashSet<String> = listed.iter().map(|listed| listed.path.clone()).collect();
    let mut folders = Vec::new();
    for (path, moved) in listed.iter().filter_map(|listed| Some((listed.path.as_str(), listed.moved?))) {
        let mut rest = path;
        while let Some((folder, _)) = rest.rsplit_once('/') {
            if known.insert(folder.to_owned()) {
                folders.push(Listed { path: folder.to_owned(), entry: None, content: None, moved: Some(moved) });
            }
            rest = folder;
        }
    }
    listed.append(&mut folders);
}
