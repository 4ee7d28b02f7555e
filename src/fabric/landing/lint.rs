//! The check of a landing zone in files, without a service: names, gaps, metadata, empty files.

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::{DetectionStrategy, Fault, Metadata, parse, text, value};
use super::path::{
    METADATA, PARTNER_EVENTS, PROCESSED, Place, READY_TO_DELETE, TableFolder, has_extension, is_partition, number,
    partition_of, place,
};

/// A file of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintFile<'a> {
    /// The path below the zone, with slashes.
    pub path: &'a str,
    /// The size in bytes.
    pub length: u64,
}

/// Something that the service would not accept, or that the producer hardly meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFault {
    /// The path below the zone of the file, or of the folder of the table.
    pub path: String,
    /// The line and column in the file, counted from 1.
    pub position: Option<(usize, usize)>,
    /// The fault.
    pub message: String,
}

/// The content of files.
pub trait LintContent {
    /// Returns the bytes of a small file: a `_metadata.json` or `_partnerEvents.json`.
    fn text(&mut self, path: &str) -> Result<Vec<u8>, String>;

    /// Checks the data files of a table together, in the order in which they are read: marker, key columns, schema from
    /// file to file. Each message is returned with its path.
    fn data(&mut self, folder: &TableFolder<'_>, metadata: &Metadata, paths: &[&str]) -> Vec<(String, String)>;
}

/// The files of a table.
#[derive(Default)]
struct Table<'a> {
    metadata: Option<LintFile<'a>>,
    /// The data files, with their path below the folder.
    files: Vec<(&'a str, LintFile<'a>)>,
    /// The folder has files that the service read and moved, so that the numbers may begin above 1.
    has_moved: bool,
}

/// Checks a landing zone. Faults are in the order of tables; `files` must be sorted by path.
pub fn lint(files: &[LintFile<'_>], content: &mut dyn LintContent) -> Vec<LintFault> {
    let mut linter = Linter { content, faults: Vec::new() };
    let mut tables: BTreeMap<TableFolder<'_>, Table<'_>> = BTreeMap::new();
    for file in files {
        match place(file.path) {
            Place::Metadata(folder) => tables.entry(folder).or_default().metadata = Some(*file),
            Place::Inside { folder, rest } => tables.entry(folder).or_default().files.push((rest, *file)),
            Place::Hidden { .. } if file.path == PARTNER_EVENTS => linter.partner_events(file.path),
            Place::Hidden { name: PROCESSED | READY_TO_DELETE } => {
                if let Some(folder) = folder_of_moved(file.path) {
                    tables.entry(folder).or_default().has_moved = true;
                }
            }
            Place::Hidden { .. } => {}
            Place::Table(_) | Place::Schema => linter.fault(file.path, "ignored: the file is in no folder of a table"),
        }
    }
    linter.same_tables(tables.keys().copied());
    for (folder, table) in &tables {
        linter.table(folder, table);
    }
    linter.faults
}

/// Returns the folder of the table in which a file was moved.
fn folder_of_moved(path: &str) -> Option<TableFolder<'_>> {
    let end = path.find("/_")?;
    match place(&path[..end]) {
        Place::Table(folder) => Some(folder),
        _ => None,
    }
}

struct Linter<'c> {
    content: &'c mut dyn LintContent,
    faults: Vec<LintFault>,
}

impl Linter<'_> {
    fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(LintFault { path: path.into(), position: None, message: message.into() });
    }

    fn partner_events(&mut self, path: &str) {
        match self.content.text(path) {
            Ok(bytes) => {
                let fault = text(&bytes).and_then(value).err();
                self.located(path, fault);
            }
            Err(why) => self.fault(path, why),
        }
    }

    fn located(&mut self, path: &str, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults.into_iter().map(|fault| LintFault {
            path: path.into(),
            position: Some((fault.line, fault.column)),
            message: fault.message,
        }));
    }

    /// Reports folders in the default schema whose name is that of a table in a schema `dbo`.
    fn same_tables<'a>(&mut self, folders: impl Iterator<Item = TableFolder<'a>>) {
        let folders: Vec<_> = folders.collect();
        for folder in folders.iter().filter(|folder| folder.schema == Some("dbo")) {
            if folders.iter().any(|other| other.schema.is_none() && other.name == folder.name) {
                let name = folder.name;
                self.fault(folder.path, format!("the same table as the folder {name:?}, if the default schema is dbo"));
            }
        }
    }

    fn table(&mut self, folder: &TableFolder<'_>, table: &Table<'_>) {
        let Some(file) = table.metadata else {
            if !table.files.is_empty() {
                self.fault(folder.path, format!("nothing is read: {METADATA} is missing"));
            }
            return;
        };
        self.empty_files(table);
        let Some(metadata) = self.metadata(file.path) else { return };
        let files = self.data_files(&metadata, table);
        let order = match metadata.strategy {
            DetectionStrategy::SequentialFileName => self.numbers(folder, table, &files),
            DetectionStrategy::LastUpdateTime => files.iter().map(|(_, file)| file.path).collect(),
        };
        for (path, message) in self.content.data(folder, &metadata, &order) {
            self.fault(&path, message);
        }
    }

    fn empty_files(&mut self, table: &Table<'_>) {
        for (_, file) in table.files.iter().filter(|(_, file)| file.length == 0) {
            self.fault(file.path, "the file has 0 bytes: the table would stop");
        }
    }

    /// Reads the metadata, and reports faults and warnings with their positions.
    fn metadata(&mut self, path: &str) -> Option<Metadata> {
        let bytes = match self.content.text(path) {
            Ok(bytes) => bytes,
            Err(why) => {
                self.fault(path, why);
                return None;
            }
        };
        let (metadata, faults) = match parse(&bytes) {
            Ok(parsed) => (Some(parsed.metadata), parsed.warnings),
            Err(faults) => (None, faults),
        };
        self.located(path, faults);
        metadata
    }

    /// Returns the files that the service reads, and reports the others.
    fn data_files<'a>(&mut self, metadata: &Metadata, table: &Table<'a>) -> Vec<(&'a str, LintFile<'a>)> {
        let mut files = Vec::new();
        for (rest, file) in &table.files {
            match ignored(rest, metadata) {
                Some(reason) => self.fault(file.path, format!("ignored: {reason}")),
                None => files.push((*rest, *file)),
            }
        }
        files
    }

    /// Reports gaps and numbers that occur twice. Returns the files that are read, in their order.
    fn numbers<'a>(
        &mut self,
        folder: &TableFolder<'_>,
        table: &Table<'_>,
        files: &[(&'a str, LintFile<'a>)],
    ) -> Vec<&'a str> {
        let mut partitions: BTreeMap<&str, BTreeMap<u64, &'a str>> = BTreeMap::new();
        for (rest, file) in files {
            let (partition, name) = partition_of(rest);
            let Some(number) = number(name) else { continue };
            if partitions.entry(partition).or_default().insert(number, file.path).is_some() {
                self.fault(file.path, format!("the number {number} occurs twice"));
            }
        }
        let mut order = Vec::new();
        for (partition, files) in partitions {
            let place =
                if partition.is_empty() { folder.path.to_owned() } else { format!("{}/{partition}", folder.path) };
            let numbers: BTreeSet<u64> = files.keys().copied().collect();
            let end = self.gap(&place, &numbers, table.has_moved);
            order.extend(
                files.into_iter().take_while(|(number, _)| end.is_none_or(|end| *number < end)).map(|(_, path)| path),
            );
        }
        order
    }

    /// Reports the first gap and returns its number.
    fn gap(&mut self, place: &str, numbers: &BTreeSet<u64>, has_moved: bool) -> Option<u64> {
        let lowest = *numbers.first()?;
        let start = if has_moved { lowest } else { 1 };
        let gap =
            (start..).zip(numbers).find(|(expected, number)| expected != *number).map(|(expected, _)| expected)?;
        let waiting = numbers.range(gap..).count();
        let files = if waiting == 1 { "file waits" } else { "files wait" };
        self.fault(place, format!("number {gap} is missing: {waiting} later {files}"));
        Some(gap)
    }
}

/// Returns the reason why the service does not read a file in the folder of a table.
fn ignored(rest: &str, metadata: &Metadata) -> Option<String> {
    let (partition, name) = partition_of(rest);
    let extension = metadata.extension();
    if !partition.is_empty() && !metadata.has_partitions {
        Some("the file is in a subfolder, and isPartitionEnabled is not true".into())
    } else if !is_partition(partition) {
        Some("the folders below that of the table have not the form column=value".into())
    } else if !has_extension(name, extension) {
        Some(format!("the table reads files *.{extension}"))
    } else if metadata.strategy == DetectionStrategy::SequentialFileName
        && number(name).is_none_or(|number| number == 0)
    {
        Some("the name is not a number of 20 digits, from 1".into())
    } else {
        None
    }
}
