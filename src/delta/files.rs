//! Bytes that can be read at any offset, and the place of a table's data files.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, Length};

/// Bytes that can be read at any offset, such as a blob in memory or a file. The bytes do not change.
pub trait ReadAt: Send + Sync {
    /// Returns the number of bytes.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset`. Fails if there are fewer bytes.
    ///
    /// # Errors
    /// Those of the storage below, and [`io::ErrorKind::UnexpectedEof`].
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).ok();
        let range = from.and_then(|from| Some(from..from.checked_add(buffer.len())?));
        let bytes = range.and_then(|range| self.get(range)).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(unix)]
impl ReadAt for std::fs::File {
    fn size(&self) -> u64 {
        self.metadata().map_or(0, |metadata| metadata.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }
}

/// Shared bytes: those of a landed file or of a data file.
#[derive(Clone)]
pub struct Content(Arc<dyn ReadAt>);

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.size())
    }
}

impl Content {
    /// Wraps bytes.
    pub fn new(bytes: impl ReadAt + 'static) -> Self {
        Self(Arc::new(bytes))
    }

    /// Returns the number of bytes.
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// Fills `buffer` with the bytes from `offset`.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    /// Returns a reader of the bytes from `offset`, which reads 256 KiB at a time.
    pub(super) fn reader(&self, offset: u64) -> ContentReader {
        ContentReader { content: self.clone(), offset, block: Vec::new(), read: 0 }
    }
}

impl Length for Content {
    fn len(&self) -> u64 {
        self.size()
    }
}

impl ChunkReader for Content {
    type T = ContentReader;

    fn get_read(&self, start: u64) -> ParquetResult<ContentReader> {
        Ok(self.reader(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.size()) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.size())));
        }
        let mut bytes = vec![0; length];
        self.0.read_at(start, &mut bytes)?;
        Ok(bytes.into())
    }
}

/// A buffered reader of [`Content`].
#[derive(Debug)]
pub struct ContentReader {
    content: Content,
    /// The offset of the first byte after `block`.
    offset: u64,
    block: Vec<u8>,
    /// The bytes of `block` that were read.
    read: usize,
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const BLOCK_BYTES: u64 = 256 << 10;
        if self.read == self.block.len() {
            let length = BLOCK_BYTES.min(self.content.size().saturating_sub(self.offset));
            self.block.resize(usize::try_from(length).unwrap_or(0), 0);
            self.content.0.read_at(self.offset, &mut self.block)?;
            self.offset += length;
            self.read = 0;
        }
        let rest = &self.block[self.read..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.read += length;
        Ok(length)
    }
}

/// The data files of a table. Paths are relative to the table's folder.
pub trait Files {
    /// Opens a data file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none, and those of the storage below.
    fn open(&self, path: &str) -> io::Result<Content>;

    /// Begins a data file. It is complete when the writer was flushed and dropped. A file that is never named in a
    /// commit may be deleted.
    ///
    /// # Errors
    /// Those of the storage below.
    fn create(&self, path: &str) -> io::Result<Box<dyn Write + Send>>;
}

/// Data files in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<BTreeMap<String, Bytes>>>);

impl MemoryFiles {
    /// Returns all files, by path.
    pub fn all(&self) -> BTreeMap<String, Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Files for MemoryFiles {
    fn open(&self, path: &str) -> io::Result<Content> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(path).cloned().map(Content::new).ok_or(io::ErrorKind::NotFound.into())
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(MemoryFile { files: self.clone(), path: path.to_owned(), bytes: Vec::new() }))
    }
}

/// A data file that is being written.
#[derive(Debug)]
struct MemoryFile {
    files: MemoryFiles,
    path: String,
    bytes: Vec<u8>,
}

impl Write for MemoryFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes).into();
        self.files.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.path.clone(), bytes);
    }
}
