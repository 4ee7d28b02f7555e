//! Bytes that do not change: in memory or in a temporary file.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{Context, SHA256};
use hyper::body::Bytes;
use tempfile::{NamedTempFile, TempPath};

use super::{ContentStore, FILES_MAX, IN_MEMORY_MAX, MEMORY_MAX, Used};
use crate::fabric::onelake::{Content, ContentHash};
use crate::memory::Share;

/// Bytes that do not change. Copies share them.
#[derive(Debug, Clone)]
pub struct Blob(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    data: Data,
    length: u64,
    used: Arc<Used>,
    /// The memory of the bytes, as a part of that of all tenants.
    _share: Option<Share>,
}

#[derive(Debug)]
enum Data {
    Memory(Bytes),
    File(TempPath),
    /// A file that remains after the store.
    Kept(PathBuf),
}

impl Drop for Inner {
    fn drop(&mut self) {
        counter(&self.used, &self.data).fetch_sub(self.length, Ordering::Relaxed);
    }
}

fn counter<'a>(used: &'a Used, data: &Data) -> &'a AtomicU64 {
    match data {
        Data::Memory(_) => &used.memory,
        Data::File(_) | Data::Kept(_) => &used.files,
    }
}

impl Blob {
    /// Returns the bytes of a file that remains after the store; `None` if there is no such file.
    pub(super) fn kept(path: PathBuf, used: &Arc<Used>) -> Option<Self> {
        let length = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        used.files.fetch_add(length, Ordering::Relaxed);
        let data = Data::Kept(path);
        Some(Self(Arc::new(Inner { data, length, used: Arc::clone(used), _share: None })))
    }

    /// Returns the number of bytes.
    pub fn length(&self) -> u64 {
        self.0.length
    }

    /// Returns a range of the bytes if they are in memory.
    pub fn in_memory(&self, range: &Range<u64>) -> Option<Bytes> {
        match &self.0.data {
            Data::Memory(bytes) => Some(bytes.slice(range.start as usize..range.end as usize)),
            Data::File(_) | Data::Kept(_) => None,
        }
    }

    /// Returns a reader of a range of the bytes.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn reader(&self, range: Range<u64>) -> io::Result<Box<dyn Read + Send + Sync>> {
        if let Some(bytes) = self.in_memory(&range) {
            return Ok(Box::new(io::Cursor::new(bytes)));
        }
        let mut file = match &self.0.data {
            Data::Memory(_) => return Ok(Box::new(io::empty())),
            Data::File(path) => File::open(path)?,
            Data::Kept(path) => File::open(path)?,
        };
        file.seek(SeekFrom::Start(range.start))?;
        Ok(Box::new(Opened { file: file.take(range.end.saturating_sub(range.start)), _blob: self.clone() }))
    }
}

/// A reader that keeps its file while it is read.
struct Opened {
    file: io::Take<File>,
    _blob: Blob,
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// Bytes with their hash, which no file has yet.
#[derive(Debug, Clone)]
pub struct Part {
    /// The hash and the length.
    pub content: Content,
    /// The bytes.
    pub blob: Blob,
}

/// Receives the bytes of a part.
#[derive(Debug)]
pub struct PartWriter<'a> {
    store: &'a ContentStore,
    buffer: Vec<u8>,
    file: Option<NamedTempFile>,
    hash: HashContext,
    length: u64,
    /// The bytes that are counted as used in files.
    counted: u64,
}

/// A hash that is being computed.
struct HashContext(Context);

impl std::fmt::Debug for HashContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashContext")
    }
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(store: &'a ContentStore) -> Self {
        let (hash, length, counted) = (HashContext(Context::new(&SHA256)), 0, 0);
        Self { store, buffer: Vec::new(), file: None, hash, length, counted }
    }

    /// Returns the part. It is in memory if it is small and there is room for it.
    ///
    /// # Errors
    ///
    /// The bytes cannot be written to a file, or there is no room for them.
    pub fn finish(mut self) -> io::Result<Part> {
        let share = if self.file.is_none() { self.share() } else { None };
        let data = match share {
            Some(_) => Data::Memory(std::mem::take(&mut self.buffer).into()),
            None => {
                self.spill()?;
                let file = self.file.take().ok_or(io::ErrorKind::NotFound)?;
                Data::File(file.into_temp_path())
            }
        };
        self.counted = 0;
        let context = std::mem::replace(&mut self.hash.0, Context::new(&SHA256));
        let content = Content { hash: ContentHash::finish(context), length: self.length };
        let used = Arc::clone(&self.store.used);
        Ok(Part { content, blob: Blob(Arc::new(Inner { data, length: self.length, used, _share: share })) })
    }

    /// Takes memory for the bytes. Returns `None` if there is none.
    fn share(&self) -> Option<Share> {
        let memory = &self.store.used.memory;
        let before = memory.fetch_add(self.length, Ordering::Relaxed);
        let mut share = Share::new(&self.store.memory);
        let fits = before + self.length <= MEMORY_MAX && share.resize(self.length as usize);
        if !fits {
            memory.fetch_sub(self.length, Ordering::Relaxed);
        }
        fits.then_some(share)
    }

    /// Moves the buffered bytes to the file.
    fn spill(&mut self) -> io::Result<()> {
        let more = self.buffer.len() as u64;
        let before = self.store.used.files.fetch_add(more, Ordering::Relaxed);
        self.counted += more;
        if before + more > FILES_MAX {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.file.is_none() {
            self.file = Some(NamedTempFile::new_in(self.store.folder()?)?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.buffer)?;
        }
        self.buffer.clear();
        Ok(())
    }
}

impl Write for PartWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.0.update(bytes);
        self.buffer.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if self.buffer.len() > IN_MEMORY_MAX {
            self.spill()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PartWriter<'_> {
    fn drop(&mut self) {
        self.store.used.files.fetch_sub(self.counted, Ordering::Relaxed);
    }
}
