//! Compaction: the replacement of a state file by a shorter one, while lines are appended.
//!
//! The new file is written beside the old one, and renamed when it is on the disk. Lines of a tenant that are appended
//! after its content was captured go to both files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::load::Header;
use super::{Compacting, GROWTH_MIN, StateFile, beside, compact_above, private};
use crate::ids::TenantId;
use crate::seed::Seed;

/// A compaction in progress. Dropping it before [`Compaction::finish`] keeps the old file.
#[derive(Debug)]
pub(crate) struct Compaction<'a> {
    state: &'a StateFile,
    path: PathBuf,
    file: File,
    len: u64,
    is_finished: bool,
}

impl StateFile {
    /// Begins a compaction.
    ///
    /// # Errors
    ///
    /// The new file cannot be created.
    pub(crate) fn begin_compaction(&self, seed: Seed) -> io::Result<Compaction<'_>> {
        let path = beside(&self.path, ".new");
        self.lock_writer().compacting = Some(Compacting::default());
        let created = begin(&path, seed).inspect_err(|_| self.abandon_compaction());
        let (file, len) = created?;
        Ok(Compaction { state: self, path, file, len, is_finished: false })
    }

    /// Notes that the content of a tenant was captured for the compaction in progress. Nothing of the tenant may change
    /// between the capture and this call.
    pub(crate) fn capture(&self, tenant: TenantId) {
        if let Some(compacting) = &mut self.lock_writer().compacting {
            compacting.captured.insert(tenant);
        }
    }

    /// Forgets the compaction in progress. The next one begins when the file has grown further.
    fn abandon_compaction(&self) {
        let mut writer = self.lock_writer();
        writer.compacting = None;
        writer.compact_above = writer.len + (writer.len / 2).max(GROWTH_MIN);
    }
}

impl Compaction<'_> {
    /// Writes the captured content of a tenant, and then the lines that were appended in the meantime.
    ///
    /// # Errors
    ///
    /// The new file cannot be written.
    pub(crate) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.len += line.len() as u64;
        self.write_pending()
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let pending = match &mut self.state.lock_writer().compacting {
            Some(compacting) => std::mem::take(&mut compacting.pending),
            None => Vec::new(),
        };
        self.file.write_all(&pending)?;
        self.len += pending.len() as u64;
        Ok(())
    }

    /// Replaces the old file.
    ///
    /// # Errors
    ///
    /// The new file cannot be written or renamed. The old file remains in use.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.write_pending()?;
        // Most of the file is on the disk before appends have to wait.
        self.file.sync_all()?;
        let mut writer = self.state.lock_writer();
        let pending = writer.compacting.take().unwrap_or_default().pending;
        self.file.write_all(&pending)?;
        self.len += pending.len() as u64;
        self.file.sync_all()?;
        if let Ok(metadata) = std::fs::metadata(&self.state.path) {
            self.file.set_permissions(metadata.permissions())?;
        }
        let file = self.file.try_clone()?;
        std::fs::rename(&self.path, &self.state.path)?;
        self.is_finished = true;
        if let Err(why) = sync_folder(&self.state.path) {
            tracing::warn!("{}: the renamed file may not be on the disk: {why}", self.state.path.display());
        }
        writer.file = file;
        writer.len = self.len;
        writer.is_torn = false;
        // Every line in the buffer is also in the new file.
        writer.buffer.clear();
        writer.compact_above = compact_above(self.len);
        Ok(())
    }
}

impl Drop for Compaction<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.state.abandon_compaction();
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Creates a state file without tenants. A program that ends meanwhile leaves no incomplete file.
pub(super) fn create(path: &Path, seed: Seed) -> io::Result<()> {
    let new = beside(path, ".new");
    let (file, _) = begin(&new, seed)?;
    file.sync_all()?;
    if let Ok(metadata) = std::fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    std::fs::rename(&new, path)?;
    sync_folder(path)
}

/// Creates a file with a header. Returns the file and its length.
fn begin(path: &Path, seed: Seed) -> io::Result<(File, u64)> {
    let mut header = serde_json::to_vec(&Header::new(seed))?;
    header.push(b'\n');
    let mut file = private(OpenOptions::new().create(true).truncate(true).read(true).write(true)).open(path)?;
    file.write_all(&header).inspect_err(|_| drop(std::fs::remove_file(path)))?;
    Ok((file, header.len() as u64))
}

/// Makes a rename in the folder of a file permanent.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
