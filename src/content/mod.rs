//! The content store: the bytes of files in OneLake, by their SHA-256 hash. Facts and state contain only the hashes.
//!
//! Small contents are in memory, as long as there is room. All others are in temporary files, which end with the store.
//! Contents are shared by all tenants and are kept until the emulator ends: they are not stored with the state file yet,
//! and contents that no file has any more are not removed yet.

mod blob;
mod uploads;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tempfile::TempDir;

pub use self::blob::{Blob, Part, PartWriter};
pub use self::uploads::{UploadKey, Uploads};
use crate::fabric::onelake::{Content, ContentHash};
use crate::memory::Memory;

/// The maximum size of a content that can be in memory, in bytes. The bytes of a larger one go to a file while they
/// arrive.
pub const IN_MEMORY_MAX: usize = 256 << 10;
/// The maximum size of all contents in memory, in bytes. They also count as memory of the tenants.
const MEMORY_MAX: u64 = 64 << 20;
/// The maximum size of all contents in files, in bytes.
const FILES_MAX: u64 = 64 << 30;
/// The maximum number of contents. Each needs about 200 bytes of memory.
const CONTENTS_MAX: usize = 1_000_000;

/// The contents of files, by hash.
#[derive(Debug)]
pub struct ContentStore {
    contents: Mutex<HashMap<ContentHash, Blob>>,
    /// The folder in which the temporary folder is created; `None` for that of the system.
    parent: Option<PathBuf>,
    folder: OnceLock<TempDir>,
    used: Arc<Used>,
    memory: Arc<Memory>,
}

/// The bytes of all contents, stored or not.
#[derive(Debug, Default)]
struct Used {
    memory: AtomicU64,
    files: AtomicU64,
}

impl ContentStore {
    /// Creates a store. `parent` is the folder for its temporary files, or `None` for that of the system.
    pub fn new(parent: Option<PathBuf>, memory: Arc<Memory>) -> Self {
        let (contents, folder, used) = (Mutex::default(), OnceLock::new(), Arc::default());
        Self { contents, parent, folder, used, memory }
    }

    /// Returns the content with a hash; `None` if the store does not have it.
    pub fn get(&self, hash: ContentHash) -> Option<Blob> {
        self.lock().get(&hash).cloned()
    }

    /// Stores a part as the content of a file, and returns its hash and length.
    ///
    /// # Errors
    ///
    /// There are too many contents.
    pub fn put(&self, part: &Part) -> io::Result<Content> {
        let mut contents = self.lock();
        if contents.len() >= CONTENTS_MAX && !contents.contains_key(&part.content.hash) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        contents.entry(part.content.hash).or_insert_with(|| part.blob.clone());
        Ok(part.content)
    }

    /// Begins a part, whose bytes are not known yet.
    pub fn begin(&self) -> PartWriter<'_> {
        PartWriter::new(self)
    }

    /// Returns the bytes of parts, one after the other, as one part. A single part is not copied.
    ///
    /// # Errors
    ///
    /// A part cannot be read, or the bytes cannot be stored.
    pub fn join(&self, parts: &[Part]) -> io::Result<Part> {
        if let [only] = parts {
            return Ok(only.clone());
        }
        let mut writer = self.begin();
        for part in parts {
            io::copy(&mut part.blob.reader(0..part.blob.length())?, &mut writer)?;
        }
        writer.finish()
    }

    /// Returns the folder for temporary files. Only their owner can read it.
    fn folder(&self) -> io::Result<&TempDir> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder);
        }
        let builder = || tempfile::Builder::new().prefix("specularite-content-").rand_bytes(12).to_owned();
        let made = match &self.parent {
            Some(parent) => {
                std::fs::create_dir_all(parent)?;
                builder().tempdir_in(parent)?
            }
            None => builder().tempdir()?,
        };
        Ok(self.folder.get_or_init(|| made))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ContentHash, Blob>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn part(store: &ContentStore, bytes: &[u8]) -> Part {
        let mut writer = store.begin();
        bytes.chunks(1_000).for_each(|chunk| writer.write_all(chunk).unwrap());
        writer.finish().unwrap()
    }

    fn check(bytes: &[u8]) {
        let store = ContentStore::new(None, Memory::new(1 << 30));
        let middle = bytes.len() / 2;
        let parts = [part(&store, &bytes[..middle]), part(&store, &bytes[middle..])];
        let content = store.put(&store.join(&parts).unwrap()).unwrap();
        assert_eq!(content, Content::of(bytes));
        let blob = store.get(content.hash).unwrap();
        let mut read = Vec::new();
        blob.reader(1..blob.length()).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, &bytes[1..]);
    }

    #[test]
    fn content_is_read_back_from_memory_and_from_a_file() {
        check(b"hello world");
        check(&vec![7; IN_MEMORY_MAX]);
        check(&(0..IN_MEMORY_MAX + 1).map(|n| n as u8).collect::<Vec<_>>());
        check(&vec![1; 5 * IN_MEMORY_MAX]);
    }

    #[test]
    fn content_goes_to_a_file_without_memory() {
        let store = ContentStore::new(None, Memory::new(0));
        let content = store.put(&part(&store, b"abc")).unwrap();
        let mut read = String::new();
        store.get(content.hash).unwrap().reader(0..3).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!((read.as_str(), store.memory.used()), ("abc", 0));
    }
}
