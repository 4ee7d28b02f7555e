//! Rate limits. Each caller has a fixed window per operation, and the first call opens the window
//! (docs/fidelity.md#throttling).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::{ErrorCode, FabricError};
use crate::ids::PrincipalId;

/// The maximum number of windows in a tenant. At the maximum, the ended windows are removed, or all windows if none has
/// ended.
const WINDOWS_MAX: usize = 10_000;

/// The key of a window: the caller, and the method and path of the operation.
pub type Key = (PrincipalId, &'static str, &'static str);

/// The windows of a tenant.
#[derive(Debug, Default)]
pub struct Windows(HashMap<Key, Window>);

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Timestamp,
    calls: u32,
    limit: u32,
}

/// The serialized form of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoredWindow {
    principal: PrincipalId,
    method: String,
    path: String,
    ends: Timestamp,
    calls: u32,
    limit: u32,
}

impl Windows {
    /// Returns the serialized form of the windows that have not ended at `now`.
    pub fn stored(&self, now: Timestamp) -> Vec<StoredWindow> {
        let open = self.0.iter().filter(|(_, window)| window.ends > now);
        let stored = open.map(|((principal, method, path), window)| {
            let Window { ends, calls, limit } = *window;
            StoredWindow {
                principal: *principal,
                method: (*method).to_owned(),
                path: (*path).to_owned(),
                ends,
                calls,
                limit,
            }
        });
        let mut stored: Vec<StoredWindow> = stored.collect();
        stored.sort_by(|one, other| {
            (one.principal, &one.method, &one.path).cmp(&(other.principal, &other.method, &other.path))
        });
        stored
    }

    /// Returns the windows of a serialized form. `key` returns the method and the path of an operation; windows of
    /// unknown operations are left out.
    pub fn restored(
        stored: Vec<StoredWindow>,
        key: impl Fn(&str, &str) -> Option<(&'static str, &'static str)>,
    ) -> Self {
        let restored = stored.into_iter().take(WINDOWS_MAX).filter_map(|window| {
            let (method, path) = key(&window.method, &window.path)?;
            let StoredWindow { principal, ends, calls, limit, .. } = window;
            Some(((principal, method, path), Window { ends, calls, limit }))
        });
        Self(restored.collect())
    }

    /// Counts a call. Rejects the call if the window already contains `limit` calls.
    ///
    /// `duration` is the length of a window that this call opens. A rejected call does not extend the window.
    pub fn take(&mut self, key: Key, limit: u32, duration: SignedDuration, now: Timestamp) -> Result<(), FabricError> {
        self.make_room(now);
        let opened = Window { ends: now.saturating_add(duration).unwrap_or(now), calls: 0, limit };
        let window = self.0.entry(key).or_insert(opened);
        if window.ends <= now {
            *window = opened;
        }
        window.limit = limit;
        if window.calls >= limit {
            return Err(blocked(window.ends, now));
        }
        window.calls += 1;
        Ok(())
    }

    /// Returns the earliest instant after `now` at which a full window ends.
    pub fn next_change_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.0
            .values()
            .filter(|window| window.calls >= window.limit && window.ends > now)
            .map(|window| window.ends)
            .min()
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.0.len() >= WINDOWS_MAX {
            self.0.retain(|_, window| window.ends > now);
        }
        if self.0.len() >= WINDOWS_MAX {
            self.0.clear();
        }
    }
}

/// Returns the error for a call that is blocked until `ends`, as the service writes it.
pub(super) fn blocked(ends: Timestamp, now: Timestamp) -> FabricError {
    FabricError::new(ErrorCode::RequestBlocked)
        .message(format!("Request is blocked by the upstream service until: {} (UTC)", us_date(ends)))
        .retry_after(ends.duration_since(now))
}

/// Formats an instant as `M/d/yyyy h:mm:ss tt` in UTC. Clients parse the date in the message.
fn us_date(at: Timestamp) -> String {
    at.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key() -> Key {
        (PrincipalId::nth(crate::seed::Seed::new(0), 0), "GET", "/connections")
    }

    #[test]
    fn throttle_blocks_11th_call_until_window_ends() {
        let mut windows = Windows::default();
        for call in 0..10 {
            assert!(windows.take(key(), 10, MINUTE, at(call)).is_ok());
        }
        for second in [10, 30, 59] {
            let rejection = windows.take(key(), 10, MINUTE, at(second)).unwrap_err();
            assert_eq!(rejection.wait(), Some(SignedDuration::from_secs(60 - second)));
            assert_eq!(windows.next_change_after(at(second)), Some(at(60)));
        }
        assert!(windows.take(key(), 10, MINUTE, at(60)).is_ok());
        assert_eq!(windows.next_change_after(at(60)), None);
    }

    #[test]
    fn us_date_is_formatted_as_in_the_service() {
        for (instant, shown) in [
            ("2031-02-03T13:00:30Z", "2/3/2031 1:00:30 PM"),
            ("2025-09-03T06:54:11Z", "9/3/2025 6:54:11 AM"),
            ("2025-12-31T00:00:00Z", "12/31/2025 12:00:00 AM"),
            ("2025-12-31T12:05:09Z", "12/31/2025 12:05:09 PM"),
            ("0931-01-01T23:59:59.9Z", "1/1/0931 11:59:59 PM"),
        ] {
            assert_eq!(us_date(instant.parse().unwrap()), shown);
        }
    }

    #[test]
    fn windows_are_bounded() {
        let mut windows = Windows::default();
        for n in 0..2 * WINDOWS_MAX as u64 {
            let key = (PrincipalId::nth(crate::seed::Seed::new(0), n), "GET", "x");
            windows.take(key, 1, MINUTE, at(0)).unwrap();
            assert!(windows.0.len() <= WINDOWS_MAX);
        }
    }
}
