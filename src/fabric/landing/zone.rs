//! What the landing zone of an item held over time, and when the item was mirrored.

use jiff::Timestamp;
use uuid::Uuid;

/// The SHA-256 hash of a file's bytes.
pub type ContentHash = [u8; 32];

/// The instant of a fact, and its number among the facts of the item. Numbers begin at 1 and grow with every fact; the
/// number of the fact that creates or changes an entry is the entry's ETag. Facts at one instant are ordered by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When {
    /// The instant, of the tenant's clock.
    pub at: Timestamp,
    /// The number. 0 comes before all facts of the instant.
    pub number: u64,
}

impl When {
    /// Returns the point before all facts at `at`.
    pub const fn before(at: Timestamp) -> Self {
        Self { at, number: 0 }
    }

    /// Returns the point after this fact and before the next one.
    pub const fn after(self) -> Self {
        Self { at: self.at, number: self.number.saturating_add(1) }
    }
}

/// The flushed bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flushed {
    /// The size in bytes.
    pub length: u64,
    /// The hash of the bytes.
    pub hash: ContentHash,
}

/// The content of a file from a fact until the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The fact that gave the file this content.
    pub since: When,
    /// The file's `Last-Modified`, in full precision. A rename may keep that of the source.
    pub last_modified: Timestamp,
    /// The flushed bytes; `None` after the file was created and until it is flushed.
    pub flushed: Option<Flushed>,
}

/// A file or folder of the landing zone, from its creation to its deletion.
///
/// A path that is deleted and created again has two entries. A rename ends entries and creates others. Folders have
/// entries too, also those that the creation of a file makes on the way. The deletion of a folder deletes every entry in
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path below `Files/LandingZone/`, without a slash at its ends.
    pub path: Box<str>,
    /// The creation, which identifies the entry.
    pub created: When,
    /// The contents in the order of time, at least one; `None` for a folder.
    pub contents: Option<Vec<Content>>,
    /// The deletion.
    pub deleted: Option<When>,
}

impl Entry {
    /// Returns `true` if the entry exists after all facts at `now`.
    pub fn exists(&self, now: Timestamp) -> bool {
        self.created.at <= now && self.deleted.is_none_or(|deleted| deleted.at > now)
    }

    /// Returns the content after all facts at `now`; `None` for a folder, and before the creation.
    pub fn content(&self, now: Timestamp) -> Option<&Content> {
        self.contents.as_ref()?.iter().rev().find(|content| content.since.at <= now)
    }
}

/// A period in which the item was mirrored, from `Running` to the stop or the pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// The item became `Running`. Polls happen at this instant and at every period after it.
    pub started: When,
    /// Mirroring was stopped or paused. A cycle that would commit later has no effect.
    pub ended: Option<When>,
    /// The period continues the one before it, as after a pause of the capacity. Otherwise, the service forgets which
    /// files it read, and builds all tables again from what the zone holds.
    pub resumes: bool,
}

impl Epoch {
    /// Returns `true` if the item is mirrored after all facts at `now`.
    pub fn includes(&self, now: Timestamp) -> bool {
        self.started.at <= now && self.ended.is_none_or(|ended| ended.at > now)
    }
}

/// The deletion of files that the service had moved, which the storage knows only as a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The path of a moved file, or of a folder of moved files, below `Files/LandingZone/`.
    pub path: Box<str>,
    /// The deletion.
    pub when: When,
}

/// The history of a landing zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The item, which error texts name.
    pub item: Uuid,
    /// The schema of tables outside a folder `{schema}.schema`.
    pub default_schema: Box<str>,
    /// The entries, in any order.
    pub entries: Vec<Entry>,
    /// The deletions of moved files.
    pub removed: Vec<Removed>,
    /// The periods of mirroring, in the order of time.
    pub epochs: Vec<Epoch>,
}

impl Zone {
    /// Returns the period of mirroring that includes `now`.
    pub fn epoch(&self, now: Timestamp) -> Option<&Epoch> {
        self.epochs.iter().rev().find(|epoch| epoch.includes(now))
    }
}
