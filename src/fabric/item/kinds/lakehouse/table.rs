//! Tables of a lakehouse. A load is validated and recorded, but no file is read, because the emulator has no files.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{LakehouseContent, content, has_schemas};
use crate::fabric::item::{Item, KindChange};
use crate::fabric::operation::{self, PendingResult, Progress};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};

/// The maximum number of tables of a lakehouse (guessed).
pub const TABLES_MAX: usize = 1_000;
/// The maximum length of the name of a table, in characters (documented).
const NAME_MAX: usize = 256;
/// The maximum length of the name of a schema, in characters (documented).
const SCHEMA_MAX: usize = 128;
/// The maximum length of a relative path, in characters (guessed).
const PATH_MAX: usize = 1_024;
/// The maximum length of a file extension, in characters (documented).
const EXTENSION_MAX: usize = 16;
/// The maximum length of a delimiter, in characters (documented).
const DELIMITER_MAX: usize = 8;
/// The characters that a delimiter must not contain (documented).
const NOT_IN_DELIMITERS: &[char] = &['(', ')', '[', ']', '{', '}', '\'', '"'];
/// The duration of a load at the realistic pace (guessed).
const LOAD_TIME: SignedDuration = SignedDuration::from_secs(30);

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// The position in lists.
    pub position: u64,
    /// The instant from which the table exists: the end of its first load.
    pub visible_from: Timestamp,
    /// The last load.
    pub load: Load,
}

/// A load of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// The schema; `None` in a lakehouse without schemas.
    pub schema: Option<String>,
    /// The name of the table.
    pub name: String,
    /// The path of the file or folder in the lakehouse.
    pub relative_path: String,
    /// The type of the path.
    pub path_type: PathType,
    /// The extension of the files to be loaded from a folder.
    pub file_extension: Option<String>,
    /// The effect on the rows of an existing table.
    pub mode: Mode,
    /// `true` to also load the files in subfolders.
    pub recursive: bool,
    /// The format of the files; `None` if the request does not name one.
    pub format: Option<Format>,
    /// The instant at which the load ends.
    pub ends_at: Timestamp,
}

/// Defines an enumeration whose values are compared without regard to case.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Returns the value with this name, regardless of case. `field` is the member of the request.
            pub fn named(name: &str, field: &str) -> Result<Self, FabricError> {
                let known = [$((stringify!($variant), Self::$variant)),*];
                let found = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                found.map(|(_, value)| *value).ok_or_else(|| {
                    let known = known.map(|(name, _)| name).join(", ");
                    FabricError::invalid_input(format!("The value {name:?} of {field} is none of {known}."))
                })
            }
        }
    };
}

names! {
    /// The type of a path.
    PathType {
        /// A file.
        File,
        /// A folder.
        Folder
    }
}

names! {
    /// The effect of a load on the rows of an existing table.
    Mode {
        /// The rows are replaced.
        Overwrite,
        /// The rows are kept.
        Append
    }
}

names! {
    /// The format of files.
    FileFormat {
        /// Comma-separated values.
        Csv,
        /// Parquet.
        Parquet
    }
}

/// The format of the files of a load, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Format {
    /// The format.
    pub format: FileFormat,
    /// `true` if the first line has the names of the columns.
    pub header: Option<bool>,
    /// The delimiter of the values.
    pub delimiter: Option<String>,
}

/// Loads a table from a file or folder, as a long-running operation without a result. The table exists when the operation
/// ends. `load` has no end yet.
pub fn load(state: &State, within: &Workspace, item: &Item, mut load: Load, now: Timestamp) -> Decision<Progress<()>> {
    load.check()?;
    state.check_capacity(within)?;
    match (&load.schema, has_schemas(item)) {
        (None, true) => return Err(ErrorCode::UnsupportedOperationForSchemasEnabledLakehouse.into()),
        (Some(_), false) => return Err(FabricError::invalid_input("The lakehouse has no schemas.")),
        (None, false) | (Some(_), true) => {}
    }
    let tables = &content(item).tables;
    if tables.len() >= TABLES_MAX && !tables.iter().any(|table| table.load.is_of_same_table(&load)) {
        return Err(FabricError::invalid_input(format!("A lakehouse has at most {TABLES_MAX} tables.")));
    }
    let operation = operation::begin(state, within.id, Role::Contributor, LOAD_TIME, PendingResult::Nothing, now);
    load.ends_at = operation.ends_at;
    let changes = vec![KindChange::TableLoaded { load }];
    Ok(operation.after(vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }]))
}

/// Returns the tables of a lakehouse at `now`, in order of their first load. Rejects a lakehouse with schemas (seen).
pub fn list(item: &Item, now: Timestamp) -> Result<impl Iterator<Item = &Table>, FabricError> {
    if has_schemas(item) {
        return Err(ErrorCode::UnsupportedOperationForSchemasEnabledLakehouse.into());
    }
    Ok(content(item).tables.iter().filter(move |table| table.visible_from <= now))
}

impl Load {
    fn check(&self) -> Result<(), FabricError> {
        let refuse = |message: &str| Err(FabricError::invalid_input(message));
        if !is_word(&self.name, NAME_MAX) || self.name.chars().all(|c| c.is_ascii_digit()) {
            return refuse(
                "The name of a table has letters, digits and underscores, at most 256, and not only digits.",
            );
        }
        if self.schema.as_ref().is_some_and(|schema| !is_word(schema, SCHEMA_MAX)) {
            return refuse("The name of a schema has letters, digits and underscores, at most 128.");
        }
        if self.relative_path.chars().count() > PATH_MAX || !is_path(&self.relative_path) {
            return refuse("The RelativePath field is not a path of a file or folder below Files.");
        }
        let is_extension = |text: &String| is_word(&text.replace('-', "_"), EXTENSION_MAX);
        if self.file_extension.as_ref().is_some_and(|extension| !is_extension(extension)) {
            return refuse("The FileExtension field has letters, digits, hyphens and underscores, at most 16.");
        }
        let delimiter = self.format.as_ref().and_then(|format| format.delimiter.as_ref());
        if delimiter.is_some_and(|text| text.chars().count() > DELIMITER_MAX || text.contains(NOT_IN_DELIMITERS)) {
            return refuse("The Delimiter field has at most 8 characters, and neither brackets nor quotes.");
        }
        Ok(())
    }

    /// Returns `true` if two loads are of the same table. Names are compared without regard to case, as in Spark.
    fn is_of_same_table(&self, other: &Self) -> bool {
        let schemas = (self.schema.as_deref().unwrap_or_default(), other.schema.as_deref().unwrap_or_default());
        schemas.0.eq_ignore_ascii_case(schemas.1) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

/// Returns `true` for 1 to `most` ASCII letters, digits and underscores.
fn is_word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns `true` for `Files` and for a path below it. A segment begins with a letter, a digit or an underscore, and
/// does not end with a blank.
fn is_path(path: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let is_segment = |segment: &str| {
        segment.starts_with(is_letter)
            && !segment.ends_with(' ')
            && segment.chars().all(|c| is_letter(c) || matches!(c, ' ' | '.' | '-'))
    };
    let mut segments = path.split('/');
    segments.next() == Some("Files") && segments.all(is_segment)
}

impl LakehouseContent {
    /// Applies an accepted load.
    pub(in crate::fabric::item::kinds) fn load(&mut self, load: Load) {
        match self.tables.iter_mut().find(|table| table.load.is_of_same_table(&load)) {
            Some(table) => {
                table.visible_from = table.visible_from.min(load.ends_at);
                table.load = Load { name: table.load.name.clone(), ..load };
            }
            None => {
                let position = self.tables.last().map_or(1, |last| last.position.saturating_add(1));
                self.tables.push(Table { position, visible_from: load.ends_at, load });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_described_pattern() {
        for path in ["Files", "Files/a", "Files/ä/b c.csv", "Files/_x-1.2/y", "Files/1"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "files/a", "Tables/a", "Files/", "Files//a", "Files/a/", "Files/.a", "Files/a ", "Files/a*"] {
            assert!(!is_path(path), "{path}");
        }
    }
}
