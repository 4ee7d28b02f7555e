//! The selection of the files that a cycle reads.

use std::collections::BTreeSet;

use super::memory::Memory;
use super::metadata::{DetectionStrategy, Metadata};
use super::path::{has_extension, is_partition, partition_of};
use super::tables::BatchFile;
use super::timing::UnflushedFile;
use super::tracker::number_of;
use super::visible::{Held, Visible};

/// The maximum number of files in a cycle. The next cycle reads the others.
pub const FILES_MAX: usize = 1_000;

/// Returns the files that are due, in the order in which they apply.
pub(super) fn select<'z>(visible: &Visible<'z>, memory: &Memory<'z>, unflushed: UnflushedFile) -> Vec<BatchFile<'z>> {
    match memory.metadata.strategy {
        DetectionStrategy::SequentialFileName => by_number(visible, memory, unflushed),
        DetectionStrategy::LastUpdateTime => by_time(visible, memory, unflushed),
    }
}

/// Returns the files with the next numbers of each partition, up to a missing one. Partitions are sorted by path.
fn by_number<'z>(visible: &Visible<'z>, memory: &Memory<'z>, unflushed: UnflushedFile) -> Vec<BatchFile<'z>> {
    let metadata = &memory.metadata;
    let mut files = Vec::new();
    for partition in partitions(visible, metadata) {
        let mut next = memory.next(partition);
        while let Some((path, held)) = visible.numbered(partition, next, metadata.extension()) {
            if files.len() == FILES_MAX || !is_ready(&held, unflushed) {
                break;
            }
            files.push(batch_file(path, &held, metadata));
            let Some(following) = next.checked_add(1) else { break };
            next = following;
        }
    }
    files
}

fn partitions<'z>(visible: &Visible<'z>, metadata: &Metadata) -> BTreeSet<&'z str> {
    if metadata.has_partitions {
        visible.files.keys().map(|path| partition_of(path).0).filter(|partition| is_partition(partition)).collect()
    } else {
        BTreeSet::from([""])
    }
}

/// Returns the unread files in the order of their last modification.
fn by_time<'z>(visible: &Visible<'z>, memory: &Memory<'z>, unflushed: UnflushedFile) -> Vec<BatchFile<'z>> {
    let metadata = &memory.metadata;
    visible
        .unread
        .iter()
        .filter(|(_, path)| is_eligible(path, metadata))
        .filter_map(|(_, path)| visible.files.get_key_value(path))
        .filter(|(_, held)| is_ready(held, unflushed))
        .map(|(path, held)| batch_file(path, held, metadata))
        .take(FILES_MAX)
        .collect()
}

fn batch_file<'z>(path: &'z str, held: &Held<'z>, metadata: &Metadata) -> BatchFile<'z> {
    BatchFile { path, number: number_of(path, metadata), created: held.created(), content: held.content }
}

fn is_ready(held: &Held<'_>, unflushed: UnflushedFile) -> bool {
    held.content.flushed.is_some() || unflushed == UnflushedFile::Error
}

/// Returns `true` if the folder and the extension of a file are those of the table's data files.
pub(super) fn is_eligible(path: &str, metadata: &Metadata) -> bool {
    let (partition, name) = partition_of(path);
    let is_in_place = partition.is_empty() || metadata.has_partitions && is_partition(partition);
    is_in_place && has_extension(name, metadata.extension())
}
