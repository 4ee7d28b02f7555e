//! What may vary within a tenant while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fabric::behaviours::Behaviours;
use crate::fabric::pace::Pace;

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

impl Default for Settings {
    fn default() -> Self {
        let (pace, throttle) = (Pace::default(), Throttle::default());
        let (limits, behaviours) = (BTreeMap::new(), Behaviours::default());
        Self { pace, throttle, page_size: PAGE_SIZE, token_lifetime: TOKEN_LIFETIME, limits, behaviours }
    }
}

impl Settings {
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
