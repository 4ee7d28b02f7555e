//! The content store: the bytes of files in OneLake, by their SHA-256 hash. Facts and state contain only the hashes.
//!
//! Small contents are in memory, as long as there is room. All others are in temporary files, which end with the store.
//! With a state file, each content is also a file in a folder beside it, and is there before a fact names it. Contents are
//! shared by all tenants. Contents that no file has any more are not removed.

mod blob;
mod uploads;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tempfile::{NamedTempFile, TempDir};

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
    /// The folder in which contents are kept; `None` without a state file.
    kept_in: Option<PathBuf>,
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
        Self { contents, parent, folder, kept_in: None, used, memory }
    }

    /// Keeps contents in a folder, which is created with the first of them.
    pub fn keep_in(&mut self, folder: PathBuf) {
        self.kept_in = Some(folder);
    }

    /// Returns the content with a hash; `None` if the store does not have it.
    pub fn get(&self, hash: ContentHash) -> Option<Blob> {
        if let Some(known) = self.lock().get(&hash) {
            return Some(known.clone());
        }
        let kept = Blob::kept(self.kept_in.as_ref()?.join(hash.to_string()), &self.used)?;
        Some(self.lock().entry(hash).or_insert(kept).clone())
    }

    /// Stores a part as the content of a file, and returns its hash and length.
    ///
    /// # Errors
    ///
    /// There are too many contents, or the content cannot be kept.
    pub fn put(&self, part: &Part) -> io::Result<Content> {
        let hash = part.content.hash;
        if self.get(hash).is_some() {
            return Ok(part.content);
        }
        let blob = match &self.kept_in {
            Some(folder) => self.keep(part, folder)?,
            None => part.blob.clone(),
        };
        let mut contents = self.lock();
        if contents.len() >= CONTENTS_MAX {
            return Err(io::ErrorKind::StorageFull.into());
        }
        contents.entry(hash).or_insert(blob);
        Ok(part.content)
    }

    /// Keeps a part in a file that is named after its hash. A small part stays in memory too.
    fn keep(&self, part: &Part, folder: &Path) -> io::Result<Blob> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(part.content.hash.to_string());
        let mut file = NamedTempFile::new_in(folder)?;
        io::copy(&mut part.blob.reader(0..part.blob.length())?, &mut file)?;
        file.persist(&path).map_err(|failed| failed.error)?;
        if part.blob.in_memory(&(0..part.blob.length())).is_some() {
            return Ok(part.blob.clone());
        }
        Blob::kept(path, &self.used).ok_or_else(|| io::ErrorKind::NotFound.into())
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
    fn kept_content_is_found_by_another_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = || {
            let mut store = ContentStore::new(None, Memory::new(1 << 30));
            store.keep_in(folder.path().join("contents"));
            store
        };
        for bytes in [b"small".to_vec(), vec![3; 3 * IN_MEMORY_MAX]] {
            let one = store();
            let content = one.put(&part(&one, &bytes)).unwrap();
            let blob = store().get(content.hash).unwrap();
            let mut read = Vec::new();
            blob.reader(0..blob.length()).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes);
        }
        assert!(store().get(Content::of(b"other").hash).is_none());
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
