//! The folders of tables in a zone, and their facts in the order of time.

use std::collections::BTreeMap;

use super::path::{Place, TableFolder, place};
use super::zone::{Content, Entry, When, Zone};

/// A change in the folder of a table. The variants are in the order in which changes of one fact apply: a rename ends one
/// entry and creates another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change<'z> {
    FileDeleted(&'z str, &'z Entry),
    FolderDeleted,
    FolderCreated,
    Content(&'z str, &'z Entry, &'z Content),
}

impl Change<'_> {
    const fn rank(&self) -> u8 {
        match self {
            Self::FileDeleted(..) => 0,
            Self::FolderDeleted => 1,
            Self::FolderCreated => 2,
            Self::Content(..) => 3,
        }
    }
}

/// A change, and its fact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'z> {
    pub when: When,
    pub change: Change<'z>,
}

/// The folder of a table.
#[derive(Debug)]
pub(super) struct Folder<'z> {
    pub folder: TableFolder<'z>,
    pub schema: &'z str,
    /// The changes in the order of time.
    pub events: Vec<Event<'z>>,
    /// Another folder of the same table, which was created first. `T` and `dbo.schema/T` can be one table.
    pub owner: Option<&'z str>,
}

/// Returns the folders of a zone, sorted by path.
pub(super) fn folders(zone: &Zone) -> Vec<Folder<'_>> {
    let mut found: BTreeMap<TableFolder<'_>, Vec<Event<'_>>> = BTreeMap::new();
    for entry in &zone.entries {
        let (folder, rest) = match place(&entry.path) {
            Place::Table(folder) if entry.contents.is_none() => (folder, None),
            Place::Metadata(folder) => (folder, Some(super::path::METADATA)),
            Place::Inside { folder, rest } => (folder, Some(rest)),
            Place::Table(_) | Place::Hidden { .. } | Place::Schema => continue,
        };
        record(found.entry(folder).or_default(), entry, rest);
    }
    let mut folders: Vec<Folder<'_>> = found
        .into_iter()
        .map(|(folder, events)| sorted(folder, folder.schema.unwrap_or(&zone.default_schema), events))
        .collect();
    find_owners(&mut folders);
    folders
}

/// Adds the events of an entry. `rest` is the path below the folder; `None` for the folder itself.
fn record<'z>(events: &mut Vec<Event<'z>>, entry: &'z Entry, rest: Option<&'z str>) {
    match (rest, &entry.contents) {
        (None, _) => {
            events.push(Event { when: entry.created, change: Change::FolderCreated });
            events.extend(entry.deleted.map(|when| Event { when, change: Change::FolderDeleted }));
        }
        (Some(rest), Some(contents)) => {
            let event =
                |content: &'z Content| Event { when: content.since, change: Change::Content(rest, entry, content) };
            events.extend(contents.iter().map(event));
            events.extend(entry.deleted.map(|when| Event { when, change: Change::FileDeleted(rest, entry) }));
        }
        (Some(_), None) => {}
    }
}

fn sorted<'z>(folder: TableFolder<'z>, schema: &'z str, mut events: Vec<Event<'z>>) -> Folder<'z> {
    events.sort_by_key(|event| (event.when, event.change.rank()));
    Folder { folder, schema, events, owner: None }
}

/// Of several folders of one table, the one that was created first owns it, also after its deletion: so a later fact does
/// not change what happened before.
fn find_owners(folders: &mut [Folder<'_>]) {
    let mut owners = BTreeMap::new();
    for folder in folders.iter() {
        let Some(first) = folder.events.first() else { continue };
        let created = (first.when, folder.folder.path);
        let owner = owners.entry((folder.schema, folder.folder.name)).or_insert(created);
        *owner = created.min(*owner);
    }
    for folder in folders {
        let owner = owners.get(&(folder.schema, folder.folder.name)).map(|(_, path)| *path);
        folder.owner = owner.filter(|path| *path != folder.folder.path);
    }
}
