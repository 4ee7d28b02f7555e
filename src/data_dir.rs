//! The data directory. It stores the keys of the emulator across restarts, in files that only their owner can read.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use etcetera::BaseStrategy as _;
use tempfile::NamedTempFile;

/// The maximum size of a stored file, in bytes. A key with a certificate takes less than 4 KiB.
pub const FILE_MAX: u64 = 64 << 10;

/// An optional directory that stores keys. Without a directory, new keys are created at each start.
#[derive(Debug, Clone, Default)]
pub struct DataDir {
    path: Option<PathBuf>,
    /// `true` if the user named the directory. Failing to store a file is then an error, otherwise a warning.
    is_explicit: bool,
}

impl DataDir {
    /// Returns a data directory that stores nothing.
    pub const fn none() -> Self {
        Self { path: None, is_explicit: false }
    }

    /// Returns a data directory that the user named. The directory is created when the first file is stored.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), is_explicit: true }
    }

    /// Returns `specularite` in the user's data directory, or [`DataDir::none`] if the user has no data directory. A
    /// file that cannot be stored there causes a warning, not an error.
    pub fn of_user() -> Self {
        let path = etcetera::choose_base_strategy().ok().map(|strategy| strategy.data_dir().join("specularite"));
        Self { path, is_explicit: false }
    }

    /// Returns the path of the directory, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns `true` if there is a file `name`, of any kind.
    pub fn has(&self, name: &str) -> bool {
        self.path.as_ref().is_some_and(|directory| directory.join(name).symlink_metadata().is_ok())
    }

    /// Returns the text in the file `name`. If the file does not exist, creates the text with `make` and stores it.
    /// Programs that call this function at the same time get the same text.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, is not a regular file, is larger than [`FILE_MAX`], or group or others can
    /// write to it; or `make` fails.
    pub fn keep(&self, name: &str, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
        let Some(directory) = &self.path else { return make() };
        let path = directory.join(name);
        match read(&path, Access::Owner) {
            Err(why) if why.kind() == io::ErrorKind::NotFound || !self.is_explicit && !path.exists() => {}
            read => return read,
        }
        let text = make()?;
        match create(directory, &path, &text) {
            Ok(true) => Ok(text),
            Ok(false) => read(&path, Access::Owner),
            Err(why) => self.not_stored(&path, &why).map(|()| text),
        }
    }

    /// Replaces the text of the file `name`, which is `old`, with a text that `make` creates. If another program has
    /// replaced `old` in the meantime, returns the text of that program.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or `make` fails.
    pub fn replace(&self, name: &str, old: &str, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
        let Some(directory) = &self.path else { return make() };
        let path = directory.join(name);
        // Programs that replace the same file take turns. The lock ends when the file is closed. Some file systems have
        // no locks: there, the last program wins.
        let held = open(&path)?;
        let _ = held.lock();
        let current = read(&path, Access::Owner)?;
        if current != old {
            return Ok(current);
        }
        let text = make()?;
        match write_atomically(&path, &text, Access::Owner) {
            Ok(()) => Ok(text),
            Err(why) => self.not_stored(&path, &why).map(|()| text),
        }
    }

    /// Stores a text in the file `name`, which all users may read. Does nothing if the file already contains the text.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn publish(&self, name: &str, text: &str) -> io::Result<()> {
        let Some(directory) = &self.path else { return Ok(()) };
        let path = directory.join(name);
        if read(&path, Access::Everyone).is_ok_and(|stored| stored == text) {
            return Ok(());
        }
        write_atomically(&path, text, Access::Everyone).map_err(|why| about(&path, &why))
    }

    /// Returns an error about an invalid stored file. `what` follows the path of the file in the message.
    pub fn complain(&self, name: &str, what: &str) -> io::Error {
        let path = self.path.as_ref().map_or_else(|| name.into(), |directory| directory.join(name));
        io::Error::other(format!("{} {what}; delete the file, and the emulator will create a new one", path.display()))
    }

    /// Logs that a file was not stored. If the user named the directory, returns an error instead.
    fn not_stored(&self, path: &Path, why: &io::Error) -> io::Result<()> {
        if self.is_explicit {
            return Err(about(path, why));
        }
        tracing::warn!("cannot store {}: {why}; the next start will create new keys (see --data-dir)", path.display());
        Ok(())
    }
}

/// The users who may read a stored file. Only its owner may write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only the owner of the file.
    Owner,
    /// All users.
    Everyone,
}

/// Adds the path of a file to an error.
fn about(path: &Path, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{}: {why}", path.display()))
}

/// Reads a stored file, which can be a symbolic link to a regular file. `readers` are the users who should be able to
/// read it.
fn read(path: &Path, readers: Access) -> io::Result<String> {
    let file = open(path)?;
    let metadata = file.metadata().map_err(|why| about(path, &why))?;
    if !metadata.is_file() {
        return Err(not_regular(path));
    }
    check_mode(path, &metadata, readers)?;
    let mut text = String::new();
    file.take(FILE_MAX + 1).read_to_string(&mut text).map_err(|why| about(path, &why))?;
    if text.len() as u64 > FILE_MAX {
        let why = format!("{} is larger than {FILE_MAX} bytes; delete or replace the file", path.display());
        return Err(io::Error::other(why));
    }
    Ok(text)
}

/// Opens a file for reading. Does not wait, not even for the writer of a named pipe.
fn open(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    let opened = {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        open(path, flags, Mode::empty()).map(File::from).map_err(io::Error::from)
    };
    #[cfg(not(unix))]
    let opened = File::open(path);
    opened.map_err(|why| match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => not_regular(path),
        Ok(_) | Err(_) => about(path, &why),
    })
}

fn not_regular(path: &Path) -> io::Error {
    let path = path.display();
    io::Error::other(format!(
        "{path} is not a regular file; delete it, and the emulator will create a new file (or see --data-dir)"
    ))
}

/// Rejects a file to which users other than its owner can write, because they could replace the key. Logs a warning if
/// they can read a key: mounted secrets are often such files, so these are accepted.
#[cfg(unix)]
fn check_mode(path: &Path, metadata: &Metadata, readers: Access) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    let path = path.display();
    if mode & 0o022 != 0 {
        return Err(io::Error::other(format!(
            "{path} is writable by group or others (mode {mode:04o}): run `chmod go-w {path}` if you trust its content, \
             or delete it, and the emulator will create a new one"
        )));
    }
    if readers == Access::Owner && mode & 0o044 != 0 {
        tracing::warn!("{path} contains a private key, and group or others can read it (mode {mode:04o})");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &Metadata, _: Access) -> io::Result<()> {
    Ok(())
}

/// Writes a new file atomically. If the file exists, leaves it unchanged and returns `false`.
fn create(directory: &Path, path: &Path, text: &str) -> io::Result<bool> {
    std::fs::create_dir_all(directory)?;
    match temporary(path, text, Access::Owner)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(lost) => Err(lost.error),
    }
}

/// Writes a file atomically: a program that reads it at the same time gets the old text or the new text. Replaces an
/// existing file.
pub(crate) fn write_atomically(path: &Path, text: &str, access: Access) -> io::Result<()> {
    temporary(path, text, access)?.persist(path).map_err(|lost| lost.error).map(drop)
}

/// Creates a temporary file beside `path`. Its permissions apply from the start, so a key is never readable by others.
fn temporary(path: &Path, text: &str, access: Access) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::Permissions::from_mode(if access == Access::Owner { 0o600 } else { 0o644 })
    };
    #[cfg(unix)]
    builder.permissions(permissions);
    let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    if access == Access::Owner {
        // A key must not be lost if the machine stops.
        file.as_file().sync_all()?;
    }
    Ok(file)
}

/// A value that is created on first use, and then shared.
#[derive(Debug)]
pub struct OpenOnce<T> {
    opened: OnceLock<T>,
    opening: Mutex<()>,
}

impl<T> Default for OpenOnce<T> {
    fn default() -> Self {
        Self { opened: OnceLock::new(), opening: Mutex::default() }
    }
}

impl<T> OpenOnce<T> {
    /// Returns the value. The first call creates it with `open`.
    ///
    /// # Errors
    ///
    /// The error of `open`. The next call then tries again.
    pub fn get(&self, open: impl FnOnce() -> io::Result<T>) -> io::Result<&T> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        match self.opened.get() {
            Some(opened) => Ok(opened),
            None => open().map(|opened| self.opened.get_or_init(|| opened)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_dir_returns_stored_text_which_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path().join("made/when/needed"));
        assert_eq!(directory.keep("key", || Ok("first".into())).unwrap(), "first");
        assert_eq!(directory.keep("key", || unreachable!("it is there")).unwrap(), "first");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let kept = std::fs::metadata(directory.path().unwrap().join("key")).unwrap();
            assert_eq!(kept.permissions().mode() & 0o777, 0o600);
        }
    }

    /// Writes a file with the given mode in a new data directory, and returns the result of reading it.
    #[cfg(unix)]
    fn keep_with_mode(mode: u32, text: &str) -> io::Result<String> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        DataDir::at(folder.path()).keep("key", || unreachable!("the file exists"))
    }

    #[cfg(unix)]
    #[test]
    fn stored_file_is_rejected_if_others_can_write_to_it() {
        for mode in [0o400, 0o600, 0o640, 0o644, 0o444] {
            assert_eq!(keep_with_mode(mode, "text").unwrap(), "text", "{mode:o}");
        }
        for mode in [0o660, 0o606, 0o622, 0o666, 0o777] {
            let why = keep_with_mode(mode, "text").unwrap_err().to_string();
            assert!(why.contains("/key is writable") && why.contains(&format!("mode {mode:04o}")), "{why}");
            assert!(why.contains("chmod go-w"), "{why}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn stored_file_is_bounded() {
        let longest = usize::try_from(FILE_MAX).unwrap();
        assert!(keep_with_mode(0o600, &"x".repeat(longest)).is_ok());
        let why = keep_with_mode(0o600, &"x".repeat(longest + 1)).unwrap_err().to_string();
        assert!(why.contains("larger than 65536 bytes"), "{why}");
    }

    #[cfg(unix)]
    #[test]
    fn stored_file_is_regular_or_a_link_to_a_regular_file() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let directory = DataDir::at(folder.path());
        std::fs::create_dir(path("directory")).unwrap();
        let _listener = UnixListener::bind(path("socket")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status();
        assert!(made.is_ok_and(|status| status.success()));
        symlink("/dev/zero", path("device")).unwrap();
        for name in ["directory", "socket", "pipe", "device"] {
            let why = directory.keep(name, || unreachable!("the file exists")).unwrap_err().to_string();
            assert!(why.contains(&format!("/{name} is not a regular file")), "{why}");
        }
        directory.keep("key", || Ok("text".into())).unwrap();
        symlink(path("key"), path("link")).unwrap();
        assert_eq!(directory.keep("link", || unreachable!("the file exists")).unwrap(), "text");
        // A published file replaces whatever has its name.
        directory.publish("pipe", "certificate").unwrap();
        assert_eq!(std::fs::read_to_string(path("pipe")).unwrap(), "certificate");
    }

    #[test]
    fn concurrent_replacements_agree() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        directory.keep("key", || Ok("old".into())).unwrap();
        let texts: Vec<String> = std::thread::scope(|scope| {
            let replace = |n: u32| directory.replace("key", "old", || Ok(n.to_string())).unwrap();
            let begun: Vec<_> = (0..16).map(|n| scope.spawn(move || replace(n))).collect();
            begun.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let stored = std::fs::read_to_string(folder.path().join("key")).unwrap();
        assert!(texts.iter().all(|text| *text == stored), "{texts:?}");
    }

    #[test]
    fn data_dir_of_the_user_may_be_unusable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let explicit = DataDir::at(file.path());
        assert!(explicit.keep("key", || Ok("text".into())).is_err());
        let of_user = DataDir { is_explicit: false, ..explicit };
        assert_eq!(of_user.keep("key", || Ok("text".into())).unwrap(), "text");
    }

    #[test]
    fn concurrent_programs_get_the_same_text() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let texts: Vec<String> = std::thread::scope(|scope| {
            let begun: Vec<_> = (0..16)
                .map(|n| {
                    let directory = &directory;
                    scope.spawn(move || directory.keep("key", || Ok(n.to_string())).unwrap())
                })
                .collect();
            begun.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    }
}
