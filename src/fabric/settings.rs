//! What may vary within a tenant while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fabric::FabricError;
use crate::fabric::behaviours::Behaviours;
use crate::fabric::pace::{Durations, Pace, Step, Timing};

/// How requests are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Throttle {
    /// As the real service was seen to block; [`LIMIT_GUESSED`] where it was not.
    #[default]
    Measured,
    /// [`LIMIT_TIGHT`] for every operation.
    Tight,
    /// Never.
    Off,
}

/// Calls that a window lets pass where the service was never seen to block (docs/fidelity.md#throttling).
pub const LIMIT_GUESSED: u32 = 200;
/// Calls that a window lets pass under [`Throttle::Tight`].
pub const LIMIT_TIGHT: u32 = 10;
/// Elements of a page, unless set: deployment tools do not page.
pub const PAGE_SIZE: u32 = 10_000;
/// The largest page that can be set.
pub const PAGE_SIZE_MAX: u32 = 100_000;
/// Rows that a page of table statuses has at the most.
pub const TABLES_PAGE_SIZE: u32 = 1_000;

/// How long a token is good for unless set, in seconds: Entra gives 60 to 90 minutes.
pub const TOKEN_LIFETIME: u32 = 3_600;
/// The longest that can be set: a year, for clocks that are moved in large steps.
pub const TOKEN_LIFETIME_MAX: u32 = 31_536_000;

/// The settings of a tenant, as `GET /_emulator/settings` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// How long things take that start from now on.
    pub pace: Pace,
    /// Durations of single steps, which go before the pace.
    pub durations: Durations,
    /// How requests are limited.
    pub throttle: Throttle,
    /// Elements of a page.
    pub page_size: u32,
    /// Seconds of the tenant's time that a token which we issue is good for.
    pub token_lifetime: u32,
    /// Limits of single operations, by operation id; they go before `throttle`'s, but not before `off`.
    pub limits: BTreeMap<String, u32>,
    /// Where the real service gave two answers, which one it is.
    pub behaviours: Behaviours,
}

/// A change of settings. What is left out stays; a limit or duration of null is taken back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsChange {
    /// The pace.
    pub pace: Option<Pace>,
    /// How requests are limited.
    pub throttle: Option<Throttle>,
    /// Elements of a page.
    pub page_size: Option<u32>,
    /// Seconds that a token is good for.
    pub token_lifetime: Option<u32>,
    /// Limits by operation id.
    pub limits: Option<BTreeMap<String, Option<u32>>>,
    /// Durations in seconds, by step.
    pub durations: Option<BTreeMap<String, Option<f64>>>,
    /// Answers by behaviour.
    pub behaviours: Option<Map<String, Value>>,
}

impl Default for Settings {
    fn default() -> Self {
        let (pace, throttle) = (Pace::default(), Throttle::default());
        let (durations, limits, behaviours) = (Durations::default(), BTreeMap::new(), Behaviours::default());
        Self { pace, durations, throttle, page_size: PAGE_SIZE, token_lifetime: TOKEN_LIFETIME, limits, behaviours }
    }
}

impl Settings {
    /// How long each step takes that begins under these settings.
    pub fn timing(&self) -> Timing<'_> {
        Timing { pace: self.pace, durations: &self.durations }
    }

    /// These settings with a change applied. `is_operation` tells whether there is an operation of an id.
    ///
    /// Rejects a value out of its range and an unknown name; then nothing is changed.
    pub fn changed(mut self, change: SettingsChange, is_operation: impl Fn(&str) -> bool) -> Result<Self, FabricError> {
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
        for (operation, limit) in change.limits.into_iter().flatten() {
            if !is_operation(&operation) {
                return Err(FabricError::invalid_input(format!("limits: no operation has the id {operation:?}.")));
            }
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
            // A status may be written as a number.
            let answer = answer.as_u64().map_or(answer, |status| status.to_string().into());
            self.behaviours.set(&name, answer.as_str().unwrap_or_default()).map_err(FabricError::invalid_input)?;
        }
        Ok(self)
    }

    /// Rows of a page of table statuses.
    pub fn tables_page_size(&self) -> u32 {
        self.page_size.min(TABLES_PAGE_SIZE)
    }

    /// How many calls of an operation a window lets pass; `None`: any number.
    ///
    /// `seen` is the limit at which the real service blocked this operation.
    pub fn limit(&self, operation: &str, seen: Option<u32>) -> Option<u32> {
        match self.throttle {
            Throttle::Off => None,
            Throttle::Tight => Some(self.limits.get(operation).copied().unwrap_or(LIMIT_TIGHT)),
            Throttle::Measured => Some(self.limits.get(operation).copied().or(seen).unwrap_or(LIMIT_GUESSED)),
        }
    }
}
