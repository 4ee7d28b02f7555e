//! Rate limits: a fixed window per caller and operation, opened by its first call (docs/fidelity.md#throttling).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::fabric::{ErrorCode, FabricError};
use crate::ids::PrincipalId;

/// Windows that are kept at most; those that have ended make room.
const WINDOWS_MAX: usize = 10_000;

/// Whose calls of what are counted together.
pub type Key = (PrincipalId, &'static str, &'static str);

/// The open windows of a tenant.
#[derive(Debug, Default)]
pub struct Windows(HashMap<Key, Window>);

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Timestamp,
    calls: u32,
    limit: u32,
}

impl Windows {
    /// Counts a call; refuses it when the window has had its `limit` of them.
    ///
    /// A blocked call does not move the window's end, and `lasts` is that of the call that opened it.
    pub fn take(&mut self, key: Key, limit: u32, lasts: SignedDuration, now: Timestamp) -> Result<(), FabricError> {
        self.make_room(now);
        let opened = Window { ends: now.saturating_add(lasts).unwrap_or(now), calls: 0, limit };
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

    /// The next instant at which a window ends that blocks now.
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

fn blocked(ends: Timestamp, now: Timestamp) -> FabricError {
    FabricError::new(ErrorCode::RequestBlocked)
        .message(format!("Request is blocked by the upstream service until: {} (UTC)", us_date(ends)))
        .retry_after(ends.duration_since(now))
}

/// `M/d/yyyy h:mm:ss tt`: clients read the date out of the message.
fn us_date(at: Timestamp) -> String {
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let (hour, half) = (at.hour(), if at.hour() < 12 { "AM" } else { "PM" });
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{}/{}/{:04} {hour}:{:02}:{:02} {half}", at.month(), at.day(), at.year(), at.minute(), at.second())
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
    fn ten_pass_the_eleventh_waits_for_the_windows_end() {
        let mut windows = Windows::default();
        for call in 0..10 {
            assert!(windows.take(key(), 10, MINUTE, at(call)).is_ok());
        }
        for second in [10, 30, 59] {
            let refusal = windows.take(key(), 10, MINUTE, at(second)).unwrap_err();
            assert_eq!(refusal.wait(), Some(SignedDuration::from_secs(60 - second)));
            assert_eq!(windows.next_change_after(at(second)), Some(at(60)));
        }
        assert!(windows.take(key(), 10, MINUTE, at(60)).is_ok());
        assert_eq!(windows.next_change_after(at(60)), None);
    }

    #[test]
    fn the_date_is_the_american_one() {
        for (instant, shown) in [
            ("2031-02-03T13:00:30Z", "2/3/2031 1:00:30 PM"),
            ("2025-09-03T06:54:11Z", "9/3/2025 6:54:11 AM"),
            ("2025-12-31T00:00:00Z", "12/31/2025 12:00:00 AM"),
            ("2025-12-31T12:05:09Z", "12/31/2025 12:05:09 PM"),
        ] {
            assert_eq!(us_date(instant.parse().unwrap()), shown);
        }
    }

    #[test]
    fn the_number_of_windows_is_bounded() {
        let mut windows = Windows::default();
        for n in 0..2 * WINDOWS_MAX as u64 {
            let key = (PrincipalId::nth(crate::seed::Seed::new(0), n), "GET", "x");
            windows.take(key, 1, MINUTE, at(0)).unwrap();
            assert!(windows.0.len() <= WINDOWS_MAX);
        }
    }
}
