//! Recurrences of schedules: the instants at which runs fall due.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::time_zone;
use crate::fabric::{FabricError, later};

/// The maximum number of times of day (documented).
const TIMES_MAX: usize = 100;
/// The maximum number of weekdays (documented).
const WEEKDAYS_MAX: usize = 7;
/// The maximum interval of `Cron` in minutes (documented).
const INTERVAL_MAX: u32 = 5_270_400;
/// The maximum number of months between two runs of `Monthly` (documented).
const MONTHS_MAX: u8 = 12;

/// A recurrence: a pattern between two instants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recurrence {
    /// The first instant.
    pub start: Timestamp,
    /// The last instant.
    pub end: Timestamp,
    /// The id of the time zone for times of day and dates.
    pub time_zone: String,
    /// The pattern.
    pub pattern: Pattern,
}

/// The pattern of a recurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Pattern {
    /// At the start and then every `interval` minutes.
    Cron {
        /// The interval in minutes.
        interval: u32,
    },
    /// Every day.
    Daily {
        /// The times of day.
        times: Vec<TimeOfDay>,
    },
    /// On some days of every week.
    Weekly {
        /// The times of day.
        times: Vec<TimeOfDay>,
        /// The days.
        weekdays: Vec<DayOfWeek>,
    },
    /// On a day of every month, or of every n-th month, counted from the month of the start.
    Monthly {
        /// The number of months from one run to the next.
        recurrence: u8,
        /// The day.
        occurrence: MonthlyOccurrence,
        /// The times of day.
        times: Vec<TimeOfDay>,
    },
}

/// The day of a month on which runs fall due. A month without this day is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "occurrenceType", rename_all_fields = "camelCase")]
pub enum MonthlyOccurrence {
    /// A date.
    DayOfMonth {
        /// The day, from 1 to 31.
        day_of_month: i8,
    },
    /// A weekday, such as the second Monday.
    OrdinalWeekday {
        /// The week of the month.
        week_index: WeekIndex,
        /// The weekday.
        weekday: DayOfWeek,
    },
}

/// The week of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum WeekIndex {
    First = 1,
    Second,
    Third,
    Fourth,
    Fifth,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum DayOfWeek {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<DayOfWeek> for Weekday {
    fn from(day: DayOfWeek) -> Self {
        match day {
            DayOfWeek::Monday => Self::Monday,
            DayOfWeek::Tuesday => Self::Tuesday,
            DayOfWeek::Wednesday => Self::Wednesday,
            DayOfWeek::Thursday => Self::Thursday,
            DayOfWeek::Friday => Self::Friday,
            DayOfWeek::Saturday => Self::Saturday,
            DayOfWeek::Sunday => Self::Sunday,
        }
    }
}

/// A time of day in hours and minutes, written `hh:mm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(Time);

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits =
            |text: &str| text.parse().ok().filter(|_| text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit()));
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((digits(hour)?, digits(minute)?)));
        let time = parts.and_then(|(hour, minute)| Time::new(hour, minute, 0, 0).ok());
        time.map(Self).ok_or_else(|| "a time of day was expected: hh:mm".to_owned())
    }
}

impl From<TimeOfDay> for String {
    fn from(TimeOfDay(time): TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.hour(), time.minute())
    }
}

impl Recurrence {
    /// Rejects a recurrence with a value that is out of range, or with a time zone that is unknown.
    pub(super) fn check(&self) -> Result<(), FabricError> {
        let invalid = |message: &str| Err(FabricError::invalid_input(message));
        if self.end <= self.start {
            return invalid("The endDateTime must be later than the startDateTime.");
        }
        if time_zone::named(&self.time_zone).is_none() {
            return invalid("The localTimeZoneId is not the id of a time zone of Windows.");
        }
        let times = match &self.pattern {
            Pattern::Cron { interval } if (1..=INTERVAL_MAX).contains(interval) => return Ok(()),
            Pattern::Cron { .. } => return invalid("The interval must be between 1 and 5270400."),
            Pattern::Weekly { weekdays, .. } if !(1..=WEEKDAYS_MAX).contains(&weekdays.len()) => {
                return invalid("The weekdays must have 1 to 7 elements.");
            }
            Pattern::Monthly { recurrence, .. } if !(1..=MONTHS_MAX).contains(recurrence) => {
                return invalid("The recurrence must be between 1 and 12.");
            }
            Pattern::Monthly { occurrence: MonthlyOccurrence::DayOfMonth { day_of_month }, .. }
                if !(1..=31).contains(day_of_month) =>
            {
                return invalid("The dayOfMonth must be between 1 and 31.");
            }
            Pattern::Daily { times } | Pattern::Weekly { times, .. } | Pattern::Monthly { times, .. } => times,
        };
        if (1..=TIMES_MAX).contains(&times.len()) { Ok(()) } else { invalid("The times must have 1 to 100 elements.") }
    }

    /// Returns the last `most` due instants from `from` to `to`, both included, latest first.
    pub(super) fn last_due(&self, from: Timestamp, to: Timestamp, most: usize) -> Vec<Timestamp> {
        let (from, to) = (from.max(self.start), to.min(self.end));
        if from > to {
            return Vec::new();
        }
        match (&self.pattern, time_zone::named(&self.time_zone)) {
            (Pattern::Cron { interval }, _) => self.last_of_interval(*interval, from, to).take(most).collect(),
            (pattern, Some(zone)) => self.last_of_calendar(pattern, zone, from, to).take(most).collect(),
            (_, None) => Vec::new(),
        }
    }

    /// Returns the multiples of an interval after the start, latest first.
    /// Returns the first instant after `after` at which runs fall due; `None` if there is none before the end.
    pub(super) fn next_due(&self, after: Timestamp) -> Option<Timestamp> {
        let from = after.checked_add(SignedDuration::from_nanos(1)).ok()?.max(self.start);
        // A period has few runs if half of it has none.
        let minutes = (0..).map(|power| 1_i64 << power).take_while(|minutes| *minutes < 2 * i64::from(INTERVAL_MAX));
        let mut periods = minutes.map(|minutes| later(from, SignedDuration::from_mins(minutes)));
        periods.find_map(|to| self.last_due(from, to, usize::MAX).pop())
    }

    fn last_of_interval(&self, minutes: u32, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
        let (start, interval) = (self.start, i64::from(minutes.max(1)) * 60);
        let last = to.duration_since(start).as_secs() / interval;
        let due = (0..=last).rev().map_while(move |n| start.checked_add(SignedDuration::from_secs(n * interval)).ok());
        due.take_while(move |at| *at >= from)
    }

    /// Returns the due instants on the dates of a pattern, latest first.
    fn last_of_calendar(
        &self,
        pattern: &Pattern,
        zone: &'static TimeZone,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = Timestamp> {
        let date = |at| zone.to_datetime(at).date();
        let (first, last) = (date(from), date(to));
        let (dates, times): (Box<dyn Iterator<Item = Date>>, _) = match pattern {
            Pattern::Cron { .. } => (Box::new(std::iter::empty()), Vec::new()),
            Pattern::Daily { times } => (Box::new(days_back(first, last)), times.clone()),
            Pattern::Weekly { times, weekdays } => {
                let weekdays: Vec<Weekday> = weekdays.iter().map(|day| Weekday::from(*day)).collect();
                (Box::new(days_back(first, last).filter(move |day| weekdays.contains(&day.weekday()))), times.clone())
            }
            Pattern::Monthly { recurrence, occurrence, times } => {
                let (start, every, occurrence) = (date(self.start), i32::from(*recurrence).max(1), *occurrence);
                let fits = move |month: &Date| month_number(*month).wrapping_sub(month_number(start)) % every == 0;
                let months = months_back(first, last).filter(fits);
                (Box::new(months.filter_map(move |month| occurrence.in_month(month))), times.clone())
            }
        };
        let mut times = times;
        times.sort_unstable_by(|a, b| b.cmp(a));
        times.dedup();
        let instants = dates.flat_map(move |date| {
            let instant = |TimeOfDay(time): &TimeOfDay| {
                // A time that the change to daylight saving time skips falls due an hour later.
                zone.to_ambiguous_timestamp(date.to_datetime(*time)).compatible().ok()
            };
            times.iter().filter_map(instant).collect::<Vec<_>>()
        });
        instants.filter(move |at| (from..=to).contains(at))
    }
}

impl MonthlyOccurrence {
    /// Returns the date in the month of `month`; `None` if the month has no such day.
    fn in_month(self, month: Date) -> Option<Date> {
        match self {
            Self::DayOfMonth { day_of_month } => Date::new(month.year(), month.month(), day_of_month).ok(),
            Self::OrdinalWeekday { week_index, weekday } => {
                month.nth_weekday_of_month(week_index as i8, weekday.into()).ok()
            }
        }
    }
}

/// Returns the days from `last` back to `first`.
fn days_back(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(last), |day| day.yesterday().ok()).take_while(move |day| *day >= first)
}

/// Returns the first days of the months from that of `last` back to that of `first`.
fn months_back(first: Date, last: Date) -> impl Iterator<Item = Date> {
    let first = first.first_of_month();
    let months = std::iter::successors(Some(last.first_of_month()), |month| month.checked_sub(1.month()).ok());
    months.take_while(move |month| *month >= first)
}

fn month_number(date: Date) -> i32 {
    i32::from(date.year()) * 12 + i32::from(date.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, zone: &str, from: &str, to: &str, expected: &[&str]) {
        let recurrence = Recurrence {
            start: "2031-01-01T00:00:00Z".parse().unwrap(),
            end: "2032-01-01T00:00:00Z".parse().unwrap(),
            time_zone: zone.into(),
            pattern: serde_json::from_str(pattern).unwrap(),
        };
        assert_eq!(recurrence.check(), Ok(()));
        let due = recurrence.last_due(from.parse().unwrap(), to.parse().unwrap(), 3);
        assert_eq!(due.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{pattern}");
    }

    #[test]
    fn last_due_instants_are_returned_latest_first() {
        let (from, to) = ("2031-01-31T00:00:00Z", "2031-03-31T00:00:00Z");
        let check_utc = |pattern: &str, expected: &[&str]| check(pattern, "UTC", from, to, expected);
        check_utc(
            r#"{"cron":{"interval":1000}}"#,
            &["2031-03-30T21:20:00Z", "2031-03-30T04:40:00Z", "2031-03-29T12:00:00Z"],
        );
        check_utc(
            r#"{"daily":{"times":["06:30","18:00"]}}"#,
            &["2031-03-30T18:00:00Z", "2031-03-30T06:30:00Z", "2031-03-29T18:00:00Z"],
        );
        check_utc(
            r#"{"weekly":{"times":["12:00"],"weekdays":["Monday","Sunday"]}}"#,
            &["2031-03-30T12:00:00Z", "2031-03-24T12:00:00Z", "2031-03-23T12:00:00Z"],
        );
        let monthly = |occurrence: &str, recurrence: u8| {
            format!(r#"{{"monthly":{{"recurrence":{recurrence},"occurrence":{occurrence},"times":["00:00"]}}}}"#)
        };
        check_utc(
            &monthly(r#"{"occurrenceType":"DayOfMonth","dayOfMonth":31}"#, 1),
            &["2031-03-31T00:00:00Z", "2031-01-31T00:00:00Z"],
        );
        check_utc(
            &monthly(r#"{"occurrenceType":"OrdinalWeekday","weekIndex":"Second","weekday":"Tuesday"}"#, 2),
            &["2031-03-11T00:00:00Z"],
        );
        check_utc(&monthly(r#"{"occurrenceType":"DayOfMonth","dayOfMonth":30}"#, 12), &[]);
    }

    #[test]
    fn times_of_day_are_those_of_the_time_zone() {
        let daily = r#"{"daily":{"times":["02:30"]}}"#;
        let central = "Central Standard Time";
        // Daylight saving time begins on 9 March: 02:30 does not exist on this day.
        check(
            daily,
            central,
            "2031-03-08T00:00:00Z",
            "2031-03-10T23:00:00Z",
            &["2031-03-10T07:30:00Z", "2031-03-09T08:30:00Z", "2031-03-08T08:30:00Z"],
        );
        check(daily, central, "2031-03-08T08:31:00Z", "2031-03-09T08:29:00Z", &[]);
    }

    #[test]
    fn times_of_day_have_hours_and_minutes() {
        for (text, expected) in [
            ("9:05", Some("09:05")),
            ("23:59", Some("23:59")),
            ("24:00", None),
            ("1:2:3", None),
            ("-1:00", None),
            ("x", None),
        ] {
            let time = TimeOfDay::try_from(text.to_owned()).ok().map(String::from);
            assert_eq!(time.as_deref(), expected, "{text}");
        }
    }
}
