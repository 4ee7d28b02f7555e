//! What must outlive a restart: keys, in files that only their owner reads, made once.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use etcetera::BaseStrategy as _;

/// The directory of `--data-dir`, or none: then everything is made anew at each start.
#[derive(Debug, Clone, Default)]
pub struct DataDir {
    path: Option<PathBuf>,
    /// Whether it was asked for: then what cannot be kept there is a failure.
    is_asked_for: bool,
}

impl DataDir {
    /// Nothing is kept.
    pub const fn none() -> Self {
        Self { path: None, is_asked_for: false }
    }

    /// A directory; it is made when something is kept in it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()), is_asked_for: true }
    }

    /// Where a user's data lies on this system, if it says so. Nobody asked for it: what cannot be kept there is not.
    pub fn of_user() -> Self {
        let path = etcetera::choose_base_strategy().ok().map(|strategy| strategy.data_dir().join("specularite"));
        Self { path, is_asked_for: false }
    }

    /// The directory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The text that is kept under this name, or the one that is made now. Of several programs that begin at once all come to
    /// the same text.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or the text cannot be made.
    pub fn keep(&self, name: &str, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
        let Some(directory) = &self.path else { return make() };
        let path = directory.join(name);
        let about = |why: io::Error| io::Error::new(why.kind(), format!("{}: {why}", path.display()));
        match std::fs::read_to_string(&path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound || !self.is_asked_for && !path.exists() => {}
            read => return read.map_err(about),
        }
        let text = make()?;
        match write(directory, &path, &text) {
            Ok(true) => Ok(text),
            Ok(false) => std::fs::read_to_string(&path).map_err(about),
            Err(why) if self.is_asked_for => Err(about(why)),
            Err(why) => {
                tracing::warn!(
                    "{}: {why}; what should be kept there is gone at the end (see --data-dir)",
                    path.display()
                );
                Ok(text)
            }
        }
    }

    /// A refusal of what is kept under a name, which says where it lies.
    pub fn complain(&self, name: &str, what: &str) -> io::Error {
        let path = self.path.as_ref().map_or_else(|| name.into(), |directory| directory.join(name));
        io::Error::other(format!("{} {what}; remove it, and a new one is made", path.display()))
    }
}

/// Writes a file whole or not at all; answers `false`, and leaves it as it is, when there is one by now.
fn write(directory: &Path, path: &Path, text: &str) -> io::Result<bool> {
    std::fs::create_dir_all(directory)?;
    // A temporary file is its owner's alone from its beginning.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(lost) => Err(lost.error),
    }
}

/// Something that is opened when it is first needed, and once.
#[derive(Debug)]
pub struct Lazily<T> {
    opened: OnceLock<T>,
    opening: Mutex<()>,
}

impl<T> Default for Lazily<T> {
    fn default() -> Self {
        Self { opened: OnceLock::new(), opening: Mutex::default() }
    }
}

impl<T> Lazily<T> {
    /// What was opened, or is now.
    ///
    /// # Errors
    ///
    /// What `open` says; it is tried again by whoever asks next.
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
    fn what_was_kept_is_found_again_and_is_its_owners_alone() {
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
    fn what_nobody_asked_to_be_kept_need_not_be() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let asked_for = DataDir::at(file.path());
        assert!(asked_for.keep("key", || Ok("text".into())).is_err());
        let of_user = DataDir { is_asked_for: false, ..asked_for };
        assert_eq!(of_user.keep("key", || Ok("text".into())).unwrap(), "text");
    }

    #[test]
    fn many_that_begin_at_once_come_to_one_text() {
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
