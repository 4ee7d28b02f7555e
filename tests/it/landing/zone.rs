//! A recorder of what a producer does in a landing zone, and simulated content: a file is the number of its operations,
//! or `broken`, or `schema`, or has 0 bytes.

use jiff::{SignedDuration, Timestamp};
use specularite::fabric::landing::metadata::parse;
use specularite::fabric::landing::{
    Applied, Batch, BatchResult, Clears, Content, Entry, Epoch, Flushed, Metadata, Removed, TableError, Tables, When,
    Zone,
};

/// The instant `second` seconds after the beginning.
pub(crate) fn instant(second: i64) -> Timestamp {
    "2026-01-05T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

/// The path of a numbered file of the table `T`.
pub(crate) fn file(number: u64) -> String {
    format!("T/{number:020}.parquet")
}

#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    pub(crate) zone: Zone,
    now: Timestamp,
    number: u64,
    blobs: Vec<Vec<u8>>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let zone = Zone {
            item: uuid::Uuid::nil(),
            default_schema: "dbo".into(),
            entries: Vec::new(),
            removed: Vec::new(),
            epochs: Vec::new(),
        };
        Self { zone, now: instant(0), number: 0, blobs: Vec::new() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn wait(&mut self, seconds: f64) {
        self.now += SignedDuration::from_secs_f64(seconds);
    }

    fn next(&mut self) -> When {
        self.number += 1;
        When { at: self.now, number: self.number }
    }

    fn entry(&mut self, path: &str) -> Option<&mut Entry> {
        self.zone.entries.iter_mut().find(|entry| *entry.path == *path && entry.deleted.is_none())
    }

    /// Creates the folders on the way to a path.
    fn folders(&mut self, path: &str, created: When) {
        let ends: Vec<usize> = path.match_indices('/').map(|(end, _)| end).collect();
        for end in ends {
            if self.entry(&path[..end]).is_none() {
                self.zone.entries.push(Entry { path: path[..end].into(), created, contents: None, deleted: None });
            }
        }
    }

    fn put(&mut self, path: &str, flushed: Option<Flushed>) {
        let since = self.next();
        self.folders(path, since);
        let content = Content { since, last_modified: since.at, flushed };
        match self.entry(path) {
            Some(entry) => entry.contents.as_mut().unwrap().push(content),
            None => self.zone.entries.push(Entry {
                path: path.into(),
                created: since,
                contents: Some(vec![content]),
                deleted: None,
            }),
        }
    }

    pub(crate) fn create(&mut self, path: &str) {
        self.put(path, None);
    }

    pub(crate) fn write(&mut self, path: &str, bytes: &[u8]) {
        self.blobs.push(bytes.to_vec());
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&(self.blobs.len() as u64 - 1).to_le_bytes());
        self.put(path, Some(Flushed { length: bytes.len() as u64, hash }));
    }

    pub(crate) fn delete(&mut self, path: &str) {
        let deleted = self.next();
        if let Some(entry) = self.entry(path) {
            entry.deleted = Some(deleted);
        }
    }

    pub(crate) fn delete_folder(&mut self, path: &str) {
        let deleted = self.next();
        let below = format!("{path}/");
        for entry in self.zone.entries.iter_mut().filter(|entry| entry.deleted.is_none()) {
            if *entry.path == *path || entry.path.starts_with(&below) {
                entry.deleted = Some(deleted);
            }
        }
    }

    /// Renames a file. An existing target is another file afterwards.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let since = self.next();
        self.folders(to, since);
        for path in [from, to] {
            if let Some(entry) = self.entry(path) {
                entry.deleted = Some(since);
            }
        }
        let source = self.zone.entries.iter().rev().find(|entry| *entry.path == *from).unwrap();
        let last = *source.contents.as_ref().unwrap().last().unwrap();
        let contents = Some(vec![Content { since, ..last }]);
        self.zone.entries.push(Entry { path: to.into(), created: since, contents, deleted: None });
    }

    pub(crate) fn remove_moved(&mut self, path: &str) {
        let when = self.next();
        self.zone.removed.push(Removed { path: path.into(), when });
    }

    pub(crate) fn start(&mut self) {
        self.begin(false);
    }

    pub(crate) fn resume(&mut self) {
        self.begin(true);
    }

    fn begin(&mut self, resumes: bool) {
        self.stop();
        let started = self.next();
        self.zone.epochs.push(Epoch { started, ended: None, resumes });
    }

    pub(crate) fn stop(&mut self) {
        let ended = self.next();
        if let Some(epoch) = self.zone.epochs.last_mut().filter(|epoch| epoch.ended.is_none()) {
            epoch.ended = Some(ended);
        }
    }

    pub(crate) fn tables(&self) -> Simulated<'_> {
        Simulated { blobs: &self.blobs }
    }
}

/// Simulated tables. Each batch must continue the table.
pub(crate) struct Simulated<'a> {
    blobs: &'a [Vec<u8>],
}

impl Simulated<'_> {
    fn bytes(&self, content: &Content) -> &[u8] {
        let Some(flushed) = content.flushed else { return b"" };
        &self.blobs[u64::from_le_bytes(flushed.hash[..8].try_into().unwrap()) as usize]
    }
}

impl Tables for Simulated<'_> {
    fn metadata(&mut self, content: &Content) -> Result<Metadata, String> {
        parse(self.bytes(content)).map(|parsed| parsed.metadata).map_err(|faults| faults[0].message.clone())
    }

    fn apply(&mut self, batch: &Batch<'_, '_>) -> BatchResult {
        let mut result = BatchResult::default();
        for file in batch.files {
            let text = std::str::from_utf8(self.bytes(file.content)).unwrap();
            let Ok(operations) = text.parse() else {
                let clears = if text == "schema" { Clears::WithFolder } else { Clears::WithFile };
                result.error = Some(TableError::new("InputValidationError", &format!("cannot read {text:?}"), clears));
                break;
            };
            result.applied.push(Applied { operations, bytes: text.len() as u64 });
        }
        result
    }
}
