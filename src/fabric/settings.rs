//! The settings of a tenant, and the validation of changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fabric::FabricError;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::pace::{Durations, Pace, Step, Timing};

/// The rate limits of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Throttle {
    /// The limits at which the real service was seen to block, and 200 calls in a window elsewhere
    #[default]
    Measured,
    /// 10 calls in a window for every operation
    Tight,
    /// No limits
    Off,
}

/// The number of calls per throttle window for operations that the service was never seen to block
/// (docs/fidelity.md#throttling).
pub const LIMIT_GUESSED: u32 = 200;
/// The number of calls per throttle window with [`Throttle::Tight`].
pub const LIMIT_TIGHT: u32 = 10;
/// The default number of elements on a page. The default is high, because some deployment tools read only the first
/// page.
pub const PAGE_SIZE: u32 = 10_000;
/// The maximum of the `pageSize` setting.
pub const PAGE_SIZE_MAX: u32 = 100_000;
/// The maximum number of rows on a page of table statuses, regardless of the `pageSize` setting.
pub const TABLES_PAGE_SIZE: u32 = 1_000;

/// The default lifetime of a token, in seconds. Entra's tokens last 60 to 90 minutes.
pub const TOKEN_LIFETIME: u32 = 3_600;
/// The maximum of the `tokenLifetime` setting: one year, so that a token stays valid when the clock advances far.
pub const TOKEN_LIFETIME_MAX: u32 = 31_536_000;

/// The minimum of the `itemRetentionDays` setting, which can also be 0 (documented).
pub const ITEM_RETENTION_DAYS_MIN: u32 = 7;
/// The maximum of the `itemRetentionDays` setting (documented).
pub const ITEM_RETENTION_DAYS_MAX: u32 = 90;

/// The settings of a tenant, as `GET /_emulator/settings` returns them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The timing profile of steps that begin from now on.
    pub pace: Pace,
    /// The durations of single steps, which override the pace.
    pub durations: Durations,
    /// The rate limits.
    pub throttle: Throttle,
    /// The number of elements on a page.
    pub page_size: u32,
    /// The lifetime of issued tokens, in seconds of the tenant's time.
    pub token_lifetime: u32,
    /// The number of days for which deleted items can be recovered; 0 if deletions are permanent.
    #[serde(default)]
    pub item_retention_days: u32,
    /// The limits of single operations, by operation id. They override the limits of `throttle`, except with `off`.
    pub limits: BTreeMap<String, u32>,
    /// The chosen answer of each behaviour.
    pub behaviours: Behaviours,
}

/// A change of settings. A missing member leaves its setting unchanged. A null limit or duration removes the override.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsChange {
    /// The timing profile.
    pub pace: Option<Pace>,
    /// The rate limits.
    pub throttle: Option<Throttle>,
    /// The number of elements on a page: 1 to [`PAGE_SIZE_MAX`].
    pub page_size: Option<u32>,
    /// The lifetime of issued tokens in seconds: 1 to [`TOKEN_LIFETIME_MAX`].
    pub token_lifetime: Option<u32>,
    /// The number of days for which deleted items can be recovered: 0, or [`ITEM_RETENTION_DAYS_MIN`] to
    /// [`ITEM_RETENTION_DAYS_MAX`].
    pub item_retention_days: Option<u32>,
    /// The limits of single operations, by operation id.
    pub limits: Option<BTreeMap<String, Option<u32>>>,
    /// The durations of single steps, in seconds.
    pub durations: Option<BTreeMap<String, Option<f64>>>,
    /// The chosen answers, by behaviour.
    pub behaviours: Option<Map<String, Value>>,
}

impl SettingsChange {
    /// Rejects limits of operations that do not exist. `is_operation` returns `true` if an operation id exists.
    ///
    /// # Errors
    ///
    /// Returns an error if an operation id is unknown.
    pub fn check_operations(&self, is_operation: impl Fn(&str) -> bool) -> Result<(), FabricError> {
        match self.limits.iter().flatten().find(|(operation, _)| !is_operation(operation)) {
            Some((unknown, _)) => {
                Err(FabricError::invalid_input(format!("limits: no operation has the id {unknown:?}.")))
            }
            None => Ok(()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let (pace, throttle) = (Pace::default(), Throttle::default());
        let (durations, limits, behaviours) = (Durations::default(), BTreeMap::new(), Behaviours::default());
        let (page_size, token_lifetime, item_retention_days) = (PAGE_SIZE, TOKEN_LIFETIME, 0);
        Self { pace, durations, throttle, page_size, token_lifetime, item_retention_days, limits, behaviours }
    }
}

impl Settings {
    /// Returns the durations of steps that begin under these settings.
    pub fn timing(&self) -> Timing<'_> {
        Timing { pace: self.pace, durations: &self.durations }
    }

    /// Returns these settings with a change applied.
    ///
    /// # Errors
    ///
    /// Returns an error if a value is out of range or a name is unknown.
    pub fn changed(mut self, change: SettingsChange) -> Result<Self, FabricError> {
        self.pace = change.pace.unwrap_or(self.pace);
        self.throttle = change.throttle.unwrap_or(self.throttle);
        for (name, value, most, setting) in [
            ("pageSize", change.page_size, PAGE_SIZE_MAX, &mut self.page_size),
            ("tokenLifetime", change.token_lifetime, TOKEN_LIFETIME_MAX, &mut self.token_lifetime),
        ] {
            let Some(value) = value else { continue };
            if !(1..=most).contains(&value) {
                return Err(FabricError::invalid_input(format!("{name} is {value}: expected 1 to {most}.")));
            }
            *setting = value;
        }
        if let Some(days) = change.item_retention_days {
            let (least, most) = (ITEM_RETENTION_DAYS_MIN, ITEM_RETENTION_DAYS_MAX);
            if days > 0 && !(least..=most).contains(&days) {
                let expected = format!("itemRetentionDays is {days}: expected 0, or {least} to {most}.");
                return Err(FabricError::invalid_input(expected));
            }
            self.item_retention_days = days;
        }
        for (operation, limit) in change.limits.into_iter().flatten() {
            match limit {
                Some(limit) => self.limits.insert(operation, limit),
                None => self.limits.remove(&operation),
            };
        }
        for (name, seconds) in change.durations.into_iter().flatten() {
            let Some(step) = Step::named(&name) else {
                let known = Step::ALL.map(Step::as_str).join(", ");
                return Err(FabricError::invalid_input(format!(
                    "durations: unknown step {name:?}; expected one of {known}."
                )));
            };
            self.durations.set(step, seconds).map_err(|(least, most)| {
                let seconds = seconds.unwrap_or_default();
                FabricError::invalid_input(format!(
                    "durations.{name} is {seconds}: expected {least} to {most} seconds."
                ))
            })?;
        }
        for (name, answer) in change.behaviours.into_iter().flatten() {
            // An answer that is an HTTP status can be a JSON number.
            let answer = answer.as_u64().map_or(answer, |status| status.to_string().into());
            self.behaviours.set(&name, answer.as_str().unwrap_or_default()).map_err(FabricError::invalid_input)?;
        }
        Ok(self)
    }

    /// Returns the maximum number of rows on a page of table statuses.
    pub fn tables_page_size(&self) -> u32 {
        self.page_size.min(TABLES_PAGE_SIZE)
    }

    /// Returns the number of calls of an operation that a throttle window allows, or `None` if calls are unlimited.
    ///
    /// `seen` is the limit at which the real service was seen to block this operation.
    pub fn limit(&self, operation: &str, seen: Option<u32>) -> Option<u32> {
        match self.throttle {
            Throttle::Off => None,
            Throttle::Tight => Some(self.limits.get(operation).copied().unwrap_or(LIMIT_TIGHT)),
            Throttle::Measured => Some(self.limits.get(operation).copied().or(seen).unwrap_or(LIMIT_GUESSED)),
        }
    }
}
