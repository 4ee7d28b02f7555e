//! Bodies of jobs: runs and schedules.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::principals::PrincipalBody;
use super::required;
use crate::fabric::job::schedule::{NewSchedule, Schedule};
use crate::fabric::job::{
    self, DayOfWeek, InvokeType, JobInstance, JobStatus, MonthlyOccurrence, Pattern, Recurrence, TimeOfDay,
};
use crate::fabric::{FabricError, State, later};
use crate::http::answer::zoneless;
use crate::ids::{ActivityId, ItemId, JobInstanceId, RequestId, ScheduleId};

/// A request to run a job.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunJob {
    pub(crate) execution_data: Option<Value>,
    pub(crate) parameters: Option<Vec<Value>>,
}

/// A run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobInstanceBody<'a> {
    id: JobInstanceId,
    item_id: ItemId,
    job_type: &'a str,
    invoke_type: InvokeType,
    status: JobStatus,
    failure_reason: Option<FailureReason<'a>>,
    root_activity_id: ActivityId,
    start_time_utc: String,
    end_time_utc: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureReason<'a> {
    request_id: RequestId,
    error_code: &'a str,
    message: &'a str,
    is_retriable: bool,
}

impl<'a> JobInstanceBody<'a> {
    /// Creates the body of a run of an item.
    pub(crate) fn new(state: &State, item: ItemId, instance: &'a JobInstance) -> Self {
        let id = instance.run.id;
        let failure_reason = instance.error().map(|error| FailureReason {
            request_id: RequestId::nth(state.seed().fork(id.to_ascii()), 0),
            error_code: &error.code,
            message: &error.message,
            is_retriable: false,
        });
        let start_time_utc = match instance.status {
            JobStatus::NotStarted => coarse(instance.started_at),
            _ => zoneless(instance.started_at),
        };
        Self {
            id,
            item_id: item,
            job_type: &instance.run.job_type,
            invoke_type: instance.invoke_type,
            status: instance.status,
            failure_reason,
            root_activity_id: job::root_activity(state, id),
            start_time_utc,
            end_time_utc: instance.ended_at.map(zoneless),
        }
    }
}

/// Formats an instant in steps of 1/300 s, like the type `datetime` of SQL Server: `2026-04-27T06:44:54.3666667`.
fn coarse(at: Timestamp) -> String {
    let steps = (i64::from(at.subsec_nanosecond()) * 300 + 500_000_000) / 1_000_000_000;
    // Seven decimals are shown, of which the last is rounded.
    let tenths_of_microseconds = (steps * 10_000_000 + 150) / 300;
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    zoneless(later(second, SignedDuration::from_nanos(tenths_of_microseconds * 100)))
}

/// A request to create or update a schedule.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduleRequest {
    enabled: Option<bool>,
    configuration: Option<ConfigurationRequest>,
    execution_data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationRequest {
    r#type: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    local_time_zone_id: Option<String>,
    interval: Option<u32>,
    recurrence: Option<u8>,
    occurrence: Option<MonthlyOccurrence>,
    times: Option<Vec<TimeOfDay>>,
    weekdays: Option<Vec<DayOfWeek>>,
}

impl ScheduleRequest {
    /// Parses the content of the request.
    pub(crate) fn parsed(self) -> Result<NewSchedule, FabricError> {
        Ok(NewSchedule {
            enabled: required(self.enabled, "Enabled")?,
            recurrence: required(self.configuration, "Configuration")?.parsed()?,
            execution_data: self.execution_data,
        })
    }
}

impl ConfigurationRequest {
    fn parsed(self) -> Result<Recurrence, FabricError> {
        let kind = required(self.r#type, "Type")?;
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        let times = || required(self.times, "Times");
        let pattern = if is("Cron") {
            Pattern::Cron { interval: required(self.interval, "Interval")? }
        } else if is("Daily") {
            Pattern::Daily { times: times()? }
        } else if is("Weekly") {
            Pattern::Weekly { times: times()?, weekdays: required(self.weekdays, "Weekdays")? }
        } else if is("Monthly") {
            Pattern::Monthly {
                recurrence: required(self.recurrence, "Recurrence")?,
                occurrence: required(self.occurrence, "Occurrence")?,
                times: times()?,
            }
        } else {
            return Err(FabricError::invalid_input("The type is none of Cron, Daily, Weekly and Monthly."));
        };
        Ok(Recurrence {
            start: instant(self.start_date_time, "StartDateTime")?,
            end: instant(self.end_date_time, "EndDateTime")?,
            time_zone: required(self.local_time_zone_id, "LocalTimeZoneId")?,
            pattern,
        })
    }
}

/// Parses an instant. Without an offset, it is in UTC.
fn instant(text: Option<String>, field: &str) -> Result<Timestamp, FabricError> {
    let text = required(text, field)?;
    let zoneless = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let at = text.parse().ok().or_else(zoneless);
    at.ok_or_else(|| FabricError::invalid_input(format!("The {field} field is not a date and time.")))
}

/// A schedule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduleBody<'a> {
    id: ScheduleId,
    enabled: bool,
    created_date_time: String,
    configuration: Configuration<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_data: Option<&'a Value>,
    owner: PrincipalBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Configuration<'a> {
    r#type: &'static str,
    start_date_time: String,
    end_date_time: String,
    local_time_zone_id: &'a str,
    #[serde(flatten)]
    pattern: PatternBody<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PatternBody<'a> {
    Cron { interval: u32 },
    Daily { times: &'a [TimeOfDay] },
    Weekly { times: &'a [TimeOfDay], weekdays: &'a [DayOfWeek] },
    Monthly { recurrence: u8, occurrence: MonthlyOccurrence, times: &'a [TimeOfDay] },
}

impl<'a> From<&'a Schedule> for ScheduleBody<'a> {
    fn from(schedule: &'a Schedule) -> Self {
        let Recurrence { start, end, time_zone, pattern } = &schedule.recurrence;
        let (r#type, pattern) = match pattern {
            Pattern::Cron { interval } => ("Cron", PatternBody::Cron { interval: *interval }),
            Pattern::Daily { times } => ("Daily", PatternBody::Daily { times }),
            Pattern::Weekly { times, weekdays } => ("Weekly", PatternBody::Weekly { times, weekdays }),
            Pattern::Monthly { recurrence, occurrence, times } => {
                ("Monthly", PatternBody::Monthly { recurrence: *recurrence, occurrence: *occurrence, times })
            }
        };
        let configuration = Configuration {
            r#type,
            start_date_time: zoneless(*start),
            end_date_time: zoneless(*end),
            local_time_zone_id: time_zone,
            pattern,
        };
        Self {
            id: schedule.id,
            enabled: schedule.enabled,
            created_date_time: coarse(schedule.created_at),
            configuration,
            execution_data: schedule.execution_data.as_ref(),
            owner: schedule.owner.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_instants_have_steps_of_a_three_hundredth_of_a_second() {
        for (at, expected) in [
            ("2026-04-27T06:44:54.367Z", "2026-04-27T06:44:54.3666667"),
            ("2026-04-27T06:44:54.872Z", "2026-04-27T06:44:54.8733333"),
            ("2026-04-27T06:44:54.7701Z", "2026-04-27T06:44:54.77"),
            ("2026-04-27T06:44:54.999Z", "2026-04-27T06:44:55"),
            ("2026-04-27T06:44:54Z", "2026-04-27T06:44:54"),
        ] {
            assert_eq!(coarse(at.parse().unwrap()), expected, "{at}");
        }
    }
}
