//! The libraries of an environment: custom libraries, of which only the name and the size are kept, and external
//! libraries, which the file `environment.yml` lists.

use serde::{Deserialize, Serialize};

use crate::fabric::{ErrorCode, FabricError};

/// The maximum number of custom libraries (guessed).
pub const LIBRARIES_MAX: usize = 200;
/// The maximum length of the name of a library, in characters (guessed).
pub const LIBRARY_NAME_MAX: usize = 255;
/// The maximum size of `environment.yml`, in bytes (guessed).
pub const ENVIRONMENT_YML_MAX: usize = 64 << 10;
/// The name of the file that lists the external libraries.
pub const ENVIRONMENT_YML: &str = "environment.yml";

/// The type of a custom library, by the extension of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LibraryType {
    /// A wheel of Python: `.whl`.
    Wheel,
    /// A file of Python: `.py`.
    Python,
    /// An archive of Java: `.jar`.
    Jar,
    /// A package of R: `.tar.gz`.
    R,
}

impl LibraryType {
    /// Returns the type of a file; `None` for a file that is not a library.
    pub fn of(name: &str) -> Option<Self> {
        let extensions = [(".whl", Self::Wheel), (".py", Self::Python), (".jar", Self::Jar), (".tar.gz", Self::R)];
        let name = name.to_ascii_lowercase();
        let has = |extension: &str| name.len() > extension.len() && name.ends_with(extension);
        extensions.into_iter().find(|(extension, _)| has(extension)).map(|(_, r#type)| r#type)
    }
}

/// A custom library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomLibrary {
    /// The name of the file.
    pub name: String,
    /// The size of the file, in bytes.
    pub size: u64,
}

/// An external library, as a line of `environment.yml` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalLibrary<'a> {
    /// The name.
    pub name: &'a str,
    /// The version; empty if the line has none.
    pub version: &'a str,
}

impl<'a> ExternalLibrary<'a> {
    /// Reads a line of the form `- name=1.0` or `- name==1.0`; `None` for all other lines.
    fn read(line: &'a str) -> Option<Self> {
        let entry = line.trim().strip_prefix('-')?.trim().trim_matches(['"', '\'']);
        if entry.is_empty() || entry.ends_with(':') {
            return None;
        }
        let (name, version) = entry.split_once('=').unwrap_or((entry, ""));
        Some(Self { name: name.trim(), version: version.trim_start_matches('=').trim() })
    }
}

/// The libraries of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Libraries {
    custom: Vec<CustomLibrary>,
    environment_yml: Option<String>,
}

impl Libraries {
    /// Returns the custom libraries, in order of their first upload.
    pub fn custom(&self) -> &[CustomLibrary] {
        &self.custom
    }

    /// Returns the names of the custom libraries of a type.
    pub fn of_type(&self, r#type: LibraryType) -> Vec<&str> {
        let names = self.custom.iter().map(|library| library.name.as_str());
        names.filter(|name| LibraryType::of(name) == Some(r#type)).collect()
    }

    /// Returns the content of `environment.yml`; `None` if there is none.
    pub fn environment_yml(&self) -> Option<&str> {
        self.environment_yml.as_deref()
    }

    /// Returns the external libraries, in the order of `environment.yml`.
    pub fn external(&self) -> impl Iterator<Item = ExternalLibrary<'_>> {
        self.environment_yml().unwrap_or_default().lines().filter_map(ExternalLibrary::read)
    }

    /// Rejects an environment without libraries (told: 404 with this code).
    pub fn check_any(&self) -> Result<(), FabricError> {
        if self.custom.is_empty() && self.environment_yml.is_none() {
            return Err(ErrorCode::EnvironmentLibrariesNotFound.into());
        }
        Ok(())
    }

    /// Adds a file: a custom library, or `environment.yml`. A library with the same name is replaced.
    pub fn upload(&mut self, name: &str, file: &[u8]) -> Result<(), FabricError> {
        if name == ENVIRONMENT_YML {
            return self.import(file);
        }
        let is_name = name.chars().count() <= LIBRARY_NAME_MAX && !name.chars().any(|c| c.is_control() || c == '/');
        if !is_name || LibraryType::of(name).is_none() {
            return Err(FabricError::invalid_input(format!(
                "A custom library is a .whl, .py, .jar or .tar.gz file whose name has at most {LIBRARY_NAME_MAX} characters."
            )));
        }
        if file.is_empty() {
            return Err(FabricError::invalid_input("The file of the library is empty."));
        }
        let library = CustomLibrary { name: name.to_owned(), size: file.len() as u64 };
        if let Some(known) = self.custom.iter_mut().find(|known| known.name == name) {
            *known = library;
            return Ok(());
        }
        if self.custom.len() >= LIBRARIES_MAX {
            return Err(FabricError::invalid_input(format!(
                "An environment has at most {LIBRARIES_MAX} custom libraries."
            )));
        }
        self.custom.push(library);
        Ok(())
    }

    /// Deletes a custom library, or `environment.yml`.
    pub fn delete(&mut self, name: &str) -> Result<(), FabricError> {
        let before = self.custom.len();
        self.custom.retain(|library| library.name != name);
        let had_yml = name == ENVIRONMENT_YML && self.environment_yml.take().is_some();
        if self.custom.len() < before || had_yml { Ok(()) } else { Err(not_present(name)) }
    }

    /// Replaces `environment.yml`.
    pub fn import(&mut self, file: &[u8]) -> Result<(), FabricError> {
        if file.is_empty() || file.len() > ENVIRONMENT_YML_MAX {
            return Err(FabricError::invalid_input(format!(
                "The file {ENVIRONMENT_YML} has between 1 and {ENVIRONMENT_YML_MAX} bytes."
            )));
        }
        let text = std::str::from_utf8(file);
        let text = text.map_err(|_| FabricError::invalid_input(format!("The file {ENVIRONMENT_YML} is not UTF-8.")))?;
        self.environment_yml = Some(text.to_owned());
        Ok(())
    }

    /// Removes the line of an external library from `environment.yml`.
    pub fn remove_external(&mut self, name: &str, version: &str) -> Result<(), FabricError> {
        let removed = Some(ExternalLibrary { name, version });
        let text = self.environment_yml().unwrap_or_default();
        let rest: String = text.split_inclusive('\n').filter(|line| ExternalLibrary::read(line) != removed).collect();
        if rest == text {
            return Err(not_present(name));
        }
        self.environment_yml = Some(rest);
        Ok(())
    }
}

/// Returns the error about a library that is not there (told: 400 with these words; the code is guessed).
fn not_present(name: &str) -> FabricError {
    FabricError::new(ErrorCode::InvalidInput).message(format!("The library {name} is not present in the environment."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_environment_yml_name_external_libraries() {
        for (line, expected) in [
            ("  - numpy=1.26.4", Some(("numpy", "1.26.4"))),
            ("      - fuzzywuzzy==0.0.1", Some(("fuzzywuzzy", "0.0.1"))),
            ("- \"polars\"", Some(("polars", ""))),
            ("  - pip:", None),
            ("dependencies:", None),
            ("-", None),
        ] {
            let read = ExternalLibrary::read(line).map(|library| (library.name, library.version));
            assert_eq!(read, expected, "{line}");
        }
    }

    #[test]
    fn type_of_library_is_that_of_its_extension() {
        for (name, expected) in [
            ("a-1.0-py3-none-any.whl", Some(LibraryType::Wheel)),
            ("a.PY", Some(LibraryType::Python)),
            ("a.jar", Some(LibraryType::Jar)),
            ("a.tar.gz", Some(LibraryType::R)),
            (".jar", None),
            ("a.exe", None),
        ] {
            assert_eq!(LibraryType::of(name), expected, "{name}");
        }
    }
}
