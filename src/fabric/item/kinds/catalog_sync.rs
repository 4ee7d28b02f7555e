//! Synchronisation of mirrored catalogs and mirrored Azure Databricks catalogs with their source
//! (docs/fidelity.md#catalogs). Catalogs do not copy rows, so clients cannot start or stop them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::KindChange;
use crate::fabric::item::Item;
use crate::fabric::operation::{self, PendingResult, Progress};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, Fact, State, later};

/// The interval between scheduled synchronisations (documented).
const SYNC_EVERY: SignedDuration = SignedDuration::from_mins(15);
/// The duration of a refresh at the realistic pace (guessed).
const REFRESH_TIME: SignedDuration = SignedDuration::from_secs(5);

/// The recorded synchronisations of a catalog with its source. Scheduled synchronisations are not recorded, but
/// computed from the catalog's age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncTimes {
    /// The last synchronisation before the latest change to the catalog.
    pub synced_at: Option<Timestamp>,
    /// The end of the last refresh, which may be in the future.
    pub refreshed_at: Option<Timestamp>,
}

impl SyncTimes {
    /// Returns these times. Each time that is `Some` in `new` replaces the old time.
    pub(super) fn updated(self, new: Self) -> Self {
        Self { synced_at: new.synced_at.or(self.synced_at), refreshed_at: new.refreshed_at.or(self.refreshed_at) }
    }

    /// Returns the instant of a catalog's last synchronisation. A catalog is synchronised at its creation, at the end
    /// of a refresh, and, if `periodic` is `true`, on schedule.
    pub(super) fn last(self, created: Timestamp, periodic: bool, now: Timestamp) -> Timestamp {
        let steps = if periodic { now.duration_since(created).as_secs().max(0) / SYNC_EVERY.as_secs() } else { 0 };
        let scheduled = later(created, SignedDuration::from_secs(steps * SYNC_EVERY.as_secs()));
        let recorded = [self.synced_at, self.refreshed_at.filter(|at| *at <= now)];
        recorded.into_iter().flatten().fold(scheduled, Timestamp::max)
    }

    /// Returns `true` while a refresh is in progress.
    pub(super) fn is_refreshing(self, now: Timestamp) -> bool {
        self.refreshed_at.is_some_and(|at| at > now)
    }
}

/// Returns the change that records the last synchronisation. After a change to the schedule, the instant can no longer
/// be computed.
pub(super) fn record_sync(at: Timestamp) -> Vec<KindChange> {
    vec![KindChange::CatalogSynced { sync: SyncTimes { synced_at: Some(at), refreshed_at: None } }]
}

/// Synchronises a catalog with its source, as a long-running operation.
pub fn refresh(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<Progress<()>> {
    state.check_capacity(within)?;
    let operation = operation::begin(state, within.id, Role::Contributor, REFRESH_TIME, PendingResult::Nothing, now);
    let mut changes = (item.kind.spec().hooks.before_change)(item, now);
    let refreshed_at = Some(operation.ends_at);
    changes.push(KindChange::CatalogSynced { sync: SyncTimes { synced_at: None, refreshed_at } });
    Ok(operation.after(vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the instant `minutes` after the creation of the catalog.
    fn at(minutes: i64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, SignedDuration::from_mins(minutes))
    }

    #[test]
    fn last_sync_is_latest_of_schedule_record_and_ended_refresh() {
        let check = |(synced, refreshed): (Option<i64>, Option<i64>), periodic: bool, now: i64, last: i64| {
            let sync = SyncTimes { synced_at: synced.map(at), refreshed_at: refreshed.map(at) };
            assert_eq!(sync.last(at(0), periodic, at(now)), at(last), "{sync:?}, periodic: {periodic}, now: {now}");
        };
        check((None, None), true, 0, 0);
        check((None, None), true, 14, 0);
        check((None, None), true, 15, 15);
        check((None, None), true, 31, 30);
        check((None, None), false, 31, 0);
        check((Some(15), None), false, 31, 15);
        check((Some(15), None), true, 31, 30);
        check((None, Some(20)), false, 19, 0);
        check((None, Some(20)), false, 20, 20);
        check((None, Some(20)), true, 31, 30);
    }

    #[test]
    fn refresh_is_in_progress_until_its_end() {
        let sync = SyncTimes { synced_at: None, refreshed_at: Some(at(2)) };
        assert!(sync.is_refreshing(at(1)));
        assert!(!sync.is_refreshing(at(2)));
        assert!(!SyncTimes::default().is_refreshing(at(0)));
    }
}
