//! Paths of the landing zone: folders of tables, partitions, and the names of files.

/// The name of the file that describes a table.
pub const METADATA: &str = "_metadata.json";
/// The name of the file that describes the producer.
pub const PARTNER_EVENTS: &str = "_partnerEvents.json";
/// The folder, in that of a table, of the files that were read.
pub const PROCESSED: &str = "_ProcessedFiles";
/// The folder of the service's earlier versions for files that were read.
pub const READY_TO_DELETE: &str = "_FilesReadyToDelete";
/// The ending of a folder of tables.
const SCHEMA: &str = ".schema";
/// The number of digits in the name of a numbered file.
const DIGITS: usize = 20;

/// The folder of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableFolder<'z> {
    /// The path below `Files/LandingZone/`: `{schema}.schema/{name}` or `{name}`.
    pub path: &'z str,
    /// The schema; `None` for the default schema.
    pub schema: Option<&'z str>,
    /// The name of the table.
    pub name: &'z str,
}

/// A path in a landing zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'z> {
    /// Below a file or folder whose name begins with `_`. The service ignores it.
    Hidden {
        /// The name.
        name: &'z str,
    },
    /// The folder of a table.
    Table(TableFolder<'z>),
    /// The `_metadata.json` of a table.
    Metadata(TableFolder<'z>),
    /// Something in the folder of a table.
    Inside {
        /// The folder.
        folder: TableFolder<'z>,
        /// The path below the folder.
        rest: &'z str,
    },
    /// A folder of tables: `{schema}.schema`.
    Schema,
}

/// Returns the place of a path below `Files/LandingZone/`.
pub fn place(path: &str) -> Place<'_> {
    let (first, after) = split(path);
    let schema = first.strip_suffix(SCHEMA).filter(|schema| !schema.is_empty());
    let (table, rest) = match (schema, after) {
        (Some(_), None) => return hidden(path).unwrap_or(Place::Schema),
        (Some(_), Some(after)) => split(after),
        (None, after) => (first, after),
    };
    let end = path.len() - rest.map_or(0, |rest| rest.len() + 1);
    let folder = TableFolder { path: &path[..end], schema, name: table };
    if hidden(folder.path).is_none() && rest == Some(METADATA) {
        return Place::Metadata(folder);
    }
    hidden(path).unwrap_or(match rest {
        None => Place::Table(folder),
        Some(rest) => Place::Inside { folder, rest },
    })
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(first, after)| (first, Some(after)))
}

/// Returns the first name in a path that the service ignores.
fn hidden(path: &str) -> Option<Place<'_>> {
    path.split('/').find(|name| name.starts_with('_')).map(|name| Place::Hidden { name })
}

/// Splits a path below a table's folder into the partition, which is empty or a path of folders, and the file name.
pub fn partition_of(rest: &str) -> (&str, &str) {
    rest.rsplit_once('/').unwrap_or(("", rest))
}

/// Returns `true` if a partition is empty or has the form `col=value/col=value`.
pub fn is_partition(partition: &str) -> bool {
    partition.is_empty()
        || partition.split('/').all(|part| part.split_once('=').is_some_and(|(column, _)| !column.is_empty()))
}

/// Returns `true` if a file name ends with a dot and the extension, without regard to case.
pub fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
}

/// Returns the number in a name of exactly 20 digits and one extension.
pub fn number(name: &str) -> Option<u64> {
    let (digits, extension) = name.split_once('.')?;
    let is_number = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !extension.is_empty() && !extension.contains('.')).then(|| digits.parse().ok()).flatten()
}

/// Returns the first 21 characters of the name of file `number`, up to its extension.
pub fn numbered(number: u64) -> String {
    format!("{number:0DIGITS$}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_of_path() {
        let orders = TableFolder { path: "Orders", schema: None, name: "Orders" };
        let hr = TableFolder { path: "hr.schema/T", schema: Some("hr"), name: "T" };
        for (path, expected) in [
            ("Orders", Place::Table(orders)),
            ("Orders/x.parquet", Place::Inside { folder: orders, rest: "x.parquet" }),
            ("Orders/a=1/x.parquet", Place::Inside { folder: orders, rest: "a=1/x.parquet" }),
            ("Orders/_metadata.json", Place::Metadata(orders)),
            ("Orders/a=1/_metadata.json", Place::Hidden { name: "_metadata.json" }),
            ("Orders/_x.parquet", Place::Hidden { name: "_x.parquet" }),
            ("Orders/_Temp/x.parquet", Place::Hidden { name: "_Temp" }),
            ("_scratchPad/_metadata.json", Place::Hidden { name: "_scratchPad" }),
            ("_partnerEvents.json", Place::Hidden { name: "_partnerEvents.json" }),
            ("_hidden.schema", Place::Hidden { name: "_hidden.schema" }),
            ("hr.schema", Place::Schema),
            ("hr.schema/T", Place::Table(hr)),
            ("hr.schema/T/1", Place::Inside { folder: hr, rest: "1" }),
            ("hr.schema/T/_metadata.json", Place::Metadata(hr)),
            ("hr.schema/_T/_metadata.json", Place::Hidden { name: "_T" }),
            (".schema", Place::Table(TableFolder { path: ".schema", schema: None, name: ".schema" })),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn numbers_have_20_digits_and_one_extension() {
        for (name, expected) in [
            ("00000000000000000001.parquet", Some(1)),
            ("00000000000000000000.csv", Some(0)),
            ("18446744073709551615.csv", Some(u64::MAX)),
            ("18446744073709551616.csv", None),
            ("0000000000000000001.parquet", None),
            ("000000000000000000001.parquet", None),
            ("00000000000000000001", None),
            ("00000000000000000001.", None),
            ("00000000000000000001.csv.gz", None),
            ("+0000000000000000001.csv", None),
            ("0000000000000000000a.csv", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
        assert_eq!(numbered(16), "00000000000000000016.");
    }

    #[test]
    fn partitions_have_columns() {
        for (partition, expected) in [("", true), ("a=1", true), ("a=1/b=", true), ("=1", false), ("a", false)] {
            assert_eq!(is_partition(partition), expected, "{partition:?}");
        }
    }
}
