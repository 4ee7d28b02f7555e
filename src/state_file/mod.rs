//! The state file: lines that describe the changes of all tenants, so that they survive a restart.
//!
//! The file has one JSON document per line. The first line is the header. `tenant::stored` defines the other lines; this
//! module appends them, reads them back, and replaces the file by a shorter one.

mod compaction;
mod load;

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use crate::fabric::{ErrorCode, FabricError};
use crate::ids::TenantId;
use crate::seed::Seed;

pub(crate) use self::load::LineError;

/// The growth of the file since its last compaction that is always allowed, in bytes.
const GROWTH_MIN: u64 = 1 << 20;
/// The size above which buffered lines are written, in bytes.
const BUFFER_MAX: usize = 64 << 10;
/// The time for which lines are buffered at most.
const BUFFER_TIME: Duration = Duration::from_secs(1);

/// How far an accepted change is stored before its answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum StateSync {
    /// In the memory of the program; killing the program loses the changes of the last second
    None,
    /// In the cache of the operating system; killing the program loses nothing
    #[default]
    Flush,
    /// On the disk; a crash of the machine loses nothing
    Disk,
}

/// The error of a state file that cannot be used. The file is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use the state file {place}: {why}")]
pub struct StateError {
    place: String,
    why: String,
}

impl StateError {
    /// Returns the error about a file.
    pub(crate) fn new(path: &Path, why: impl Into<String>) -> Self {
        Self { place: path.display().to_string(), why: why.into() }
    }

    /// Returns the error about a line.
    pub(crate) fn at(path: &Path, line: u64, why: impl Into<String>) -> Self {
        Self { place: format!("{}, line {line}", path.display()), why: why.into() }
    }
}

/// An open state file. No other process can open it.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    sync: StateSync,
    writer: Mutex<Writer>,
    tasks: Sender<Task>,
    lock: File,
}

/// Work for the thread that maintains the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Compact the file.
    Compact,
    /// Write the buffered lines.
    Write,
    /// End.
    Stop,
}

/// A state file that was opened, and what the caller needs to use it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: StateFile,
    /// The seed in the header.
    pub(crate) seed: Seed,
    /// `true` if the file was created.
    pub(crate) is_new: bool,
    pub(crate) tasks: Tasks,
}

/// The tasks for the thread that maintains the file.
#[derive(Debug)]
pub(crate) struct Tasks {
    tasks: Receiver<Task>,
    is_buffered: bool,
}

impl Tasks {
    /// Waits for the next task.
    pub(crate) fn next(&self) -> Task {
        if !self.is_buffered {
            return self.tasks.recv().unwrap_or(Task::Stop);
        }
        match self.tasks.recv_timeout(BUFFER_TIME) {
            Ok(task) => task,
            Err(mpsc::RecvTimeoutError::Timeout) => Task::Write,
            Err(mpsc::RecvTimeoutError::Disconnected) => Task::Stop,
        }
    }
}

/// Lines of a tenant that are appended.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) tenant: TenantId,
    /// Complete lines.
    pub(crate) text: Vec<u8>,
    /// `true` if the first line replaces everything that was stored of the tenant.
    pub(crate) is_whole: bool,
}

#[derive(Debug)]
struct Writer {
    file: File,
    /// The length of the complete lines in the file.
    len: u64,
    /// `true` if the file may be longer than `len`, because an append failed.
    is_torn: bool,
    /// Lines that are not written yet, under [`StateSync::None`].
    buffer: Vec<u8>,
    /// The length above which the file is compacted.
    compact_above: u64,
    is_closed: bool,
    compacting: Option<Compacting>,
}

/// A compaction in progress.
#[derive(Debug, Default)]
struct Compacting {
    /// The tenants whose content was captured for the new file. Their later lines belong to the new file too.
    captured: HashSet<TenantId>,
    /// Lines for the new file.
    pending: Vec<u8>,
}

impl StateFile {
    /// Opens or creates a state file. `new_seed` is the seed in the header of a new file. `read` receives each line after
    /// the header, and returns `true` if the line holds the whole content of a tenant.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, another process uses it, or a line before the last one is not readable.
    pub(crate) fn open(
        path: &Path,
        sync: StateSync,
        new_seed: Seed,
        read: impl FnMut(u64, &[u8]) -> Result<bool, LineError>,
    ) -> Result<Opened, StateError> {
        let path = resolve(path).map_err(|why| StateError::new(path, reason(&why)))?;
        let failed = |why: io::Error| StateError::new(&path, reason(&why));
        let lock = lock(&path)?;
        // An earlier process may have ended during a compaction.
        match std::fs::remove_file(beside(&path, ".new")) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(failed(why)),
            _ => {}
        }
        let is_new = std::fs::metadata(&path).map_or(true, |metadata| metadata.len() == 0);
        if is_new {
            compaction::create(&path, new_seed).map_err(failed)?;
        }
        let loaded = load::load(&path, read)?;
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        if loaded.is_torn {
            tracing::warn!("{}: the last line is incomplete and was dropped", path.display());
            file.set_len(loaded.len).map_err(failed)?;
        }
        file.seek(SeekFrom::Start(loaded.len)).map_err(failed)?;
        let writer = Writer {
            file,
            len: loaded.len,
            is_torn: false,
            buffer: Vec::new(),
            compact_above: compact_above(loaded.whole),
            is_closed: false,
            compacting: None,
        };
        let (sender, tasks) = mpsc::channel();
        let tasks = Tasks { tasks, is_buffered: sync == StateSync::None };
        let file = Self { path, sync, writer: Mutex::new(writer), tasks: sender, lock };
        Ok(Opened { file, seed: loaded.seed, is_new, tasks })
    }

    /// Returns the path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends lines, of which all are stored or none.
    ///
    /// # Errors
    ///
    /// `StateNotStored` if the lines cannot be written. The file is unchanged.
    pub(crate) fn append(&self, lines: &[Lines]) -> Result<(), FabricError> {
        let mut writer = self.lock_writer();
        match lines {
            [one] => writer.append(&one.text, self.sync),
            _ => writer.append(&lines.iter().flat_map(|lines| &lines.text).copied().collect::<Vec<u8>>(), self.sync),
        }
        .map_err(|why| self.refusal(&why))?;
        if let Some(compacting) = &mut writer.compacting {
            lines.iter().for_each(|lines| compacting.add(lines));
        } else if writer.len + writer.buffer.len() as u64 > writer.compact_above {
            writer.compact_above = u64::MAX;
            self.send(Task::Compact);
        }
        Ok(())
    }

    /// Sends a task to the thread that maintains the file.
    pub(crate) fn send(&self, task: Task) {
        // Without the thread, the file is closed or about to be.
        let _ = self.tasks.send(task);
    }

    /// Writes the buffered lines.
    pub(crate) fn write_buffer(&self) {
        if let Err(why) = self.lock_writer().write_buffer() {
            tracing::warn!("{}: {why}; buffered changes are written later", self.path.display());
        }
    }

    /// Writes the buffered lines, rejects further lines, and lets other processes open the file.
    pub(crate) fn close(&self) {
        self.write_buffer();
        let mut writer = self.lock_writer();
        if !std::mem::replace(&mut writer.is_closed, true) {
            let _ = self.lock.unlock();
        }
    }

    /// Returns the error for a change that was not stored.
    fn refusal(&self, why: &io::Error) -> FabricError {
        FabricError::new(ErrorCode::StateNotStored).message(format!(
            "The state file {} cannot be written: {}. Nothing was changed. Reads are still answered; repeat the \
             request when the file can be written again.",
            self.path.display(),
            reason(why)
        ))
    }

    fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Appends complete lines. If that fails, none of them remains in the file.
    fn append(&mut self, text: &[u8], sync: StateSync) -> io::Result<()> {
        if self.is_closed {
            return Err(io::Error::other("the emulator is closed"));
        }
        if sync != StateSync::None {
            return self.write(text, sync == StateSync::Disk);
        }
        let before = self.buffer.len();
        self.buffer.extend_from_slice(text);
        if self.buffer.len() > BUFFER_MAX {
            self.write_buffer().inspect_err(|_| self.buffer.truncate(before))?;
        }
        Ok(())
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        if buffer.is_empty() {
            return Ok(());
        }
        self.write(&buffer, false).inspect_err(|_| self.buffer = buffer)
    }

    fn write(&mut self, text: &[u8], syncs: bool) -> io::Result<()> {
        self.repair()?;
        let written = self.file.write_all(text).and_then(|()| if syncs { self.file.sync_data() } else { Ok(()) });
        if let Err(why) = written {
            self.is_torn = true;
            let _ = self.repair();
            return Err(why);
        }
        self.len += text.len() as u64;
        Ok(())
    }

    /// Removes what a failed append has left in the file.
    fn repair(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.len)?;
            self.file.seek(SeekFrom::Start(self.len))?;
            self.is_torn = false;
        }
        Ok(())
    }
}

impl Compacting {
    fn add(&mut self, lines: &Lines) {
        if lines.is_whole {
            self.captured.insert(lines.tenant);
        }
        if self.captured.contains(&lines.tenant) {
            self.pending.extend_from_slice(&lines.text);
        }
    }
}

/// Returns the cause of an I/O error without the number of the operating system.
fn reason(why: &io::Error) -> String {
    why.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// Returns the length above which a file is compacted, from the length that it had after its last compaction.
fn compact_above(compacted: u64) -> u64 {
    compacted.saturating_mul(2).saturating_add(GROWTH_MIN)
}

/// Returns the path of the file itself, not of a link to it.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => path.canonicalize(),
        Ok(_) => Err(io::Error::other("it is not a regular file")),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or_else(|| io::Error::other("the path does not name a file"))?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        Err(why) => Err(why),
    }
}

/// Returns the path of a file beside the state file.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Locks the file against other processes. The lock is that of another file, because a compaction replaces this one.
fn lock(path: &Path) -> Result<File, StateError> {
    let lock_path = beside(path, ".lock");
    let locked = private(OpenOptions::new().create(true).truncate(false).write(true)).open(&lock_path);
    let failed =
        |why: io::Error| StateError::new(path, format!("cannot lock {}: {}", lock_path.display(), reason(&why)));
    let file = locked.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StateError::new(path, "another process uses it; stop that process, or name another file"))
        }
        Err(TryLockError::Error(why)) => Err(failed(why)),
    }
}

/// Makes files that these options create readable and writable by their owner only.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
