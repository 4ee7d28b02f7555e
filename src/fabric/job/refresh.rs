//! Refreshes of semantic models through Power BI: runs with the details of their request (docs/fidelity.md#power-bi).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{InvokeType, JobInstance, begin, cancel, instances};
use crate::fabric::item::Item;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, State};
use crate::ids::JobInstanceId;

/// The maximum number of tables and partitions in a request (guessed).
pub const OBJECTS_MAX: usize = 1_000;
/// The maximum length of the name of a table or partition, in characters (guessed).
pub const NAME_MAX: usize = 512;
/// The type of the run.
const JOB_TYPE: &str = "Refresh";
/// The duration of a refresh at the realistic pace, in seconds (guessed).
const REALISTIC: i64 = 60;

/// The request for a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Refresh {
    /// `true` for an enhanced refresh: one whose request has more than `notifyOption`.
    pub is_enhanced: bool,
    /// The type.
    pub r#type: RefreshType,
    /// The commit mode.
    pub commit_mode: CommitMode,
    /// The tables and partitions; all if there are none.
    pub objects: Vec<RefreshObject>,
}

/// A table, or a partition of it, in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshObject {
    /// The table.
    pub table: String,
    /// The partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
}

/// Defines an enum whose variants have their names on the wire, and are read regardless of case.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Returns the value with this name, regardless of case.
            pub fn named(name: &str) -> Option<Self> {
                let all = [$((stringify!($variant), Self::$variant)),*];
                all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
        }
    };
}

named! {
    /// The type of a refresh.
    RefreshType {
        /// Data and calculations.
        #[default]
        Full,
        /// Removal of the data.
        ClearValues,
        /// Calculations.
        Calculate,
        /// Data.
        DataOnly,
        /// What is necessary.
        Automatic,
        /// The dictionaries.
        Defragment,
    }
}

named! {
    /// The commit mode of a refresh.
    CommitMode {
        /// All or nothing.
        #[default]
        Transactional,
        /// In batches.
        PartialBatch,
    }
}

/// Refreshes a semantic model. Only one refresh at a time is possible (documented).
pub fn start(
    state: &State,
    within: &Workspace,
    item: &Item,
    refresh: Refresh,
    now: Timestamp,
) -> Decision<JobInstanceId> {
    refresh.check()?;
    if list(state, item, now).iter().any(|(instance, _)| instance.status.is_active()) {
        return Err(FabricError::new(ErrorCode::InvalidParameter)
            .message("Invalid dataset refresh request. Another refresh request is already executing."));
    }
    begin(state, within, item, (JOB_TYPE.to_owned(), REALISTIC), Some(Box::new(refresh)), now)
}

/// Cancels an enhanced refresh after a while.
pub fn stop(state: &State, within: &Workspace, item: &Item, id: JobInstanceId, now: Timestamp) -> Decision<()> {
    find(state, item, id, now)?;
    cancel(state, within, item, id, now)
}

/// Returns the refreshes of a semantic model, latest first, each with its request.
pub fn list(state: &State, item: &Item, now: Timestamp) -> Vec<(JobInstance, Refresh)> {
    let manual = instances(state, item, now).into_iter().filter(|instance| instance.invoke_type == InvokeType::Manual);
    manual.filter_map(|instance| instance.run.refresh.as_deref().cloned().map(|refresh| (instance, refresh))).collect()
}

/// Returns an enhanced refresh. Other refreshes have no details (documented).
pub fn find(
    state: &State,
    item: &Item,
    id: JobInstanceId,
    now: Timestamp,
) -> Result<(JobInstance, Refresh), FabricError> {
    let mut enhanced = list(state, item, now).into_iter().filter(|(_, refresh)| refresh.is_enhanced);
    let found = enhanced.find(|(instance, _)| instance.run.id == id);
    found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Refresh", id))
}

impl Refresh {
    fn check(&self) -> Result<(), FabricError> {
        let fits = |name: &str| !name.is_empty() && name.chars().count() <= NAME_MAX;
        let are_objects = self.objects.iter().all(|it| fits(&it.table) && it.partition.as_deref().is_none_or(fits));
        if self.objects.len() > OBJECTS_MAX || !are_objects {
            return Err(FabricError::new(ErrorCode::InvalidParameter).message(format!(
                "A refresh has at most {OBJECTS_MAX} objects, whose names have 1 to {NAME_MAX} characters."
            )));
        }
        Ok(())
    }
}
