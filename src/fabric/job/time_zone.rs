//! Time zones of schedules: the ids of Windows, with the rules that are in force in each zone.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// The zones by their ids. The file has the id and the rule in POSIX syntax, with a tab in between.
static ZONES: LazyLock<BTreeMap<&str, TimeZone>> = LazyLock::new(|| {
    let rows = include_str!("../../../fixtures/windows-time-zones.tsv").lines();
    rows.filter_map(|row| row.split_once('\t'))
        .filter_map(|(id, rule)| Some((id, TimeZone::posix(rule).ok()?)))
        .collect()
});

/// Returns the time zone with this id of Windows, such as `Central Standard Time`.
pub(super) fn named(id: &str) -> Option<&'static TimeZone> {
    ZONES.get(id)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn every_row_has_a_valid_rule() {
        let rows = include_str!("../../../fixtures/windows-time-zones.tsv").lines().count();
        assert_eq!(ZONES.len(), rows);
        assert!(named("Mars Standard Time").is_none());
    }

    #[test]
    fn zones_observe_daylight_saving_time() {
        for (id, at, expected) in [
            ("UTC", "2031-07-01T12:00:00Z", "2031-07-01T12:00:00"),
            ("Central Standard Time", "2031-01-01T12:00:00Z", "2031-01-01T06:00:00"),
            ("Central Standard Time", "2031-07-01T12:00:00Z", "2031-07-01T07:00:00"),
            ("W. Europe Standard Time", "2031-07-01T12:00:00Z", "2031-07-01T14:00:00"),
            ("India Standard Time", "2031-07-01T12:00:00Z", "2031-07-01T17:30:00"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(named(id).unwrap().to_datetime(at).to_string(), expected, "{id}");
        }
    }
}
