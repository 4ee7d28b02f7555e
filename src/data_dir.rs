//! The data directory. It stores the keys of the emulator across restarts, in files that only their owner can read.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use etcetera::BaseStrategy as _;

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

    /// Returns the text in the file `name`. If the file does not exist, creates the text with `make` and stores it.
    /// Programs that call this function at the same time get the same text.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or `make` fails.
    pub fn keep(&self, name: &str, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
        let Some(directory) = &self.path else { return make() };
        let path = directory.join(name);
        let about = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", path.display()));
        match std::fs::read_to_string(&path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound || !self.is_explicit && !path.exists() => {}
            read => return read.map_err(about),
        }
        let text = make()?;
        match write(directory, &path, &text) {
            Ok(true) => Ok(text),
            Ok(false) => std::fs::read_to_string(&path).map_err(about),
            Err(why) if self.is_explicit => Err(about(why)),
            Err(why) => {
                tracing::warn!(
                    "cannot store {}: {why}; the next start will create new keys (see --data-dir)",
                    path.display()
                );
                Ok(text)
            }
        }
    }

    /// Returns an error about an invalid stored file. `what` follows the path of the file in the message.
    pub fn complain(&self, name: &str, what: &str) -> io::Error {
        let path = self.path.as_ref().map_or_else(|| name.into(), |directory| directory.join(name));
        io::Error::other(format!("{} {what}; delete the file, and the emulator will create a new one", path.display()))
    }
}

/// Writes a file atomically. If the file exists, leaves it unchanged and returns `false`.
fn write(directory: &Path, path: &Path, text: &str) -> io::Result<bool> {
    std::fs::create_dir_all(directory)?;
    // A temporary file is created with permissions for its owner only, so the key is never readable by others.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(lost) => Err(lost.error),
    }
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
