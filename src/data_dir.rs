//! The data directory: keys that outlive a restart, in files that only their owner can read.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use etcetera::BaseStrategy as _;

/// The directory of `--data-dir`, or none. Without one, new keys are made at each start.
#[derive(Debug, Clone, Default)]
pub struct DataDir {
    path: Option<PathBuf>,
    /// Tells that the user named it: then a file that cannot be stored is an error.
    is_explicit: bool,
}

impl DataDir {
    /// No directory: nothing is stored.
    pub const fn none() -> Self {
        Self { path: None, is_explicit: false }
    }

    /// A directory that the user named. It is created when something is stored in it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), is_explicit: true }
    }

    /// The data directory of the user, if the system has one. A file that cannot be stored there is only a warning.
    pub fn of_user() -> Self {
        let path = etcetera::choose_base_strategy().ok().map(|strategy| strategy.data_dir().join("specularite"));
        Self { path, is_explicit: false }
    }

    /// Returns the path.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the text that is stored under a name, or makes and stores it. Programs that do so at the same time get the same text.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or the text cannot be made.
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
                    "cannot store {}: {why}; new keys will be made at the next start (see --data-dir)",
                    path.display()
                );
                Ok(text)
            }
        }
    }

    /// Returns an error about a stored file, with its path.
    pub fn complain(&self, name: &str, what: &str) -> io::Error {
        let path = self.path.as_ref().map_or_else(|| name.into(), |directory| directory.join(name));
        io::Error::other(format!("{} {what}; remove it to have a new one made", path.display()))
    }
}

/// Writes a file whole or not at all. Returns `false` when the file exists, and leaves it unchanged.
fn write(directory: &Path, path: &Path, text: &str) -> io::Result<bool> {
    std::fs::create_dir_all(directory)?;
    // A temporary file is readable by its owner only, from its creation on.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(lost) => Err(lost.error),
    }
}

/// A value that is opened once, on first use.
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
    /// Returns the value, and opens it on first use.
    ///
    /// # Errors
    ///
    /// The error of `open`, which is called again on the next use.
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
