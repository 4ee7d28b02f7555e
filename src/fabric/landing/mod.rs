//! The landing zone of an open mirror: which files become rows of which table, when, and why a file does not
//! (docs/fidelity.md#landing-zone).
//!
//! The module knows neither storage nor Delta. It receives what the zone held over time ([`Zone`]) and how long the
//! steps take ([`Timing`]), and computes the cycles of the service ([`plan()`]). A cycle polls a table's folder, reads files
//! and commits a version. [`Tables`] gives the results of reading files, because an error stops a table. Views of a plan:
//! [`explain`](mod@explain), [`listing`](mod@listing), [`progress`](mod@progress), [`monitoring`].
//!
//! All results are functions of the facts and the instant. A later fact never changes an earlier cycle: a poll sees only
//! facts before its instant, and a cycle that a stop interrupts has no effect.

mod error;
pub mod explain;
mod folder;
pub mod lint;
pub mod listing;
mod memory;
pub mod metadata;
pub mod monitoring;
pub mod path;
pub mod plan;
pub mod progress;
mod selection;
mod tables;
mod timing;
mod tracker;
mod visible;
mod zone;

pub use self::error::{Clears, MESSAGE_MAX, TableError};
pub use self::explain::{Reason, explain};
pub use self::listing::{Listed, listing};
pub use self::memory::Incarnation;
pub use self::metadata::Metadata;
pub use self::plan::{Cycle, Flight, Plan, ReadFile, Stop, TablePlan, plan};
pub use self::progress::{TableProgress, progress};
pub use self::selection::FILES_MAX;
pub use self::tables::{Applied, Batch, BatchFile, BatchResult, Tables};
pub use self::timing::{MissingMetadata, Timing, UnflushedFile};
pub use self::zone::{Content, ContentHash, Entry, Epoch, Flushed, Removed, When, Zone};
