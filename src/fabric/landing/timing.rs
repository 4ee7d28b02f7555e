//! Durations of the steps of open mirroring, and the chosen answers where two are known.

use std::num::NonZeroU64;

use jiff::{SignedDuration, Timestamp};

use super::zone::{Epoch, When};
use crate::fabric::later;

/// The treatment of a file that was created and not flushed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnflushedFile {
    /// The file waits for its bytes.
    #[default]
    Wait,
    /// The file is read as a file of 0 bytes, which is an error. The service was seen to do so once.
    Error,
}

/// The treatment of a table folder without `_metadata.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingMetadata {
    /// Nothing is read.
    #[default]
    Ignore,
    /// All rows are inserted, as one page of the documentation says.
    InsertOnly,
}

/// The durations of the steps, and the behaviours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The period of polls. At zero, the service polls after every fact instead, and sees it at once.
    pub poll: SignedDuration,
    /// The time from a poll to the first commit of a table, without the time for the bytes.
    pub first: SignedDuration,
    /// The time from a poll to a later commit, without the time for the bytes.
    pub batch: SignedDuration,
    /// The time from a poll to the drop of a table whose folder is gone.
    pub drop: SignedDuration,
    /// The speed of reading; `None` for no limit.
    pub bytes_per_second: Option<NonZeroU64>,
    /// The treatment of files that were created and not flushed.
    pub unflushed: UnflushedFile,
    /// The treatment of tables without `_metadata.json`.
    pub missing_metadata: MissingMetadata,
}

/// The longest time for the bytes of a batch. The bound keeps instants within the range of a timestamp.
const READING_MAX: SignedDuration = SignedDuration::from_hours(24 * 365);

impl Timing {
    /// No waiting: a file is in its table as soon as it is flushed.
    pub const INSTANT: Self = Self {
        poll: SignedDuration::ZERO,
        first: SignedDuration::ZERO,
        batch: SignedDuration::ZERO,
        drop: SignedDuration::ZERO,
        bytes_per_second: None,
        unflushed: UnflushedFile::Wait,
        missing_metadata: MissingMetadata::Ignore,
    };

    /// About a second for each step.
    pub const FAST: Self = Self {
        poll: SignedDuration::from_secs(1),
        first: SignedDuration::from_secs(1),
        batch: SignedDuration::from_millis(500),
        drop: SignedDuration::from_millis(500),
        ..Self::INSTANT
    };

    /// The durations of the service: polls every 15 to 20 s and a first table after about 45 s were seen, the others are
    /// guessed.
    pub const REALISTIC: Self = Self {
        poll: SignedDuration::from_secs(20),
        first: SignedDuration::from_secs(30),
        batch: SignedDuration::from_secs(10),
        drop: SignedDuration::from_secs(10),
        bytes_per_second: NonZeroU64::new(50_000_000),
        ..Self::INSTANT
    };

    /// Returns `true` if the service polls after every fact.
    pub fn is_instant(&self) -> bool {
        self.poll <= SignedDuration::ZERO
    }

    /// Returns the time from a poll to the commit of files with `bytes`.
    pub(super) fn reading(&self, is_first: bool, bytes: u64) -> SignedDuration {
        let base = if is_first { self.first } else { self.batch };
        let Some(speed) = self.bytes_per_second else { return base };
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(speed.get());
        let reading = i64::try_from(nanos).map_or(READING_MAX, SignedDuration::from_nanos);
        base.saturating_add(reading.min(READING_MAX))
    }

    /// Returns the first poll of a period of mirroring.
    pub(super) fn first_poll(&self, epoch: &Epoch) -> When {
        if self.is_instant() { epoch.started.after() } else { When::before(epoch.started.at) }
    }

    /// Returns the first poll that sees `fact`, which is not before the start of the period.
    pub(super) fn poll_after(&self, epoch: &Epoch, fact: When) -> When {
        if self.is_instant() { fact.after().max(epoch.started.after()) } else { self.tick(epoch, fact.at) }
    }

    /// Returns the first poll after the one at `poll` whose cycle ended at `commit`.
    pub(super) fn poll_from(&self, epoch: &Epoch, poll: When, commit: When) -> When {
        if self.is_instant() {
            return poll.max(commit);
        }
        let after = self.tick(epoch, poll.at);
        // One nanosecond less: a poll at the instant of the commit is late enough.
        let free = later(commit.at, SignedDuration::from_nanos(-1));
        after.max(self.tick(epoch, free))
    }

    /// Returns the first poll later than `at`.
    fn tick(&self, epoch: &Epoch, at: Timestamp) -> When {
        let start = epoch.started.at;
        if at < start {
            return When::before(start);
        }
        let period = self.poll.as_nanos();
        let nanos = (at.duration_since(start).as_nanos() / period + 1) * period;
        let seconds = i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX);
        let rest = i32::try_from(nanos % 1_000_000_000).unwrap_or_default();
        When::before(later(start, SignedDuration::new(seconds, rest)))
    }
}
