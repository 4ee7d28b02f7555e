//! The effect of a fault: what happens to the requests that it strikes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::fabric::fault::operation::OperationFault;
use crate::fabric::fault::patch::PatchStep;
use crate::fabric::throttle;
use crate::fabric::{FabricError, later};
use crate::seed::Seed;

/// The maximum delay, in seconds.
pub const DELAY_MAX: f64 = 3_600.0;
/// The maximum of other durations of an effect, in seconds: one year.
pub const DURATION_MAX: f64 = 31_536_000.0;
/// The headers that describe how a message is transferred. A rule cannot set them: `disconnect` cuts an answer.
const TRANSFER: &[&str] = &["content-length", "transfer-encoding"];

/// The effect of a fault. At least one member is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Effect {
    /// The answer that replaces the real one.
    pub answer: Option<FaultAnswer>,
    /// `true` if the request takes effect before its answer is replaced or lost.
    pub commit: bool,
    /// The answer of a rate limit, which replaces the real one.
    pub throttle: Option<ThrottleFault>,
    /// The rejection of the token, which replaces the real answer.
    pub token: Option<TokenFault>,
    /// The time for which the caller waits.
    pub delay: Option<Delay>,
    /// The place at which the connection is closed.
    pub disconnect: Option<Disconnect>,
    /// Changes to the body of the answer.
    pub patch: Option<Vec<PatchStep>>,
    /// Changes to the headers of the answer. `None` removes a header.
    pub headers: BTreeMap<String, Option<String>>,
    /// The change to the long-running operation that the request begins.
    pub operation: Option<OperationFault>,
    /// The age of the state from which a read is answered, in seconds of the tenant's clock.
    pub stale_seconds: Option<f64>,
}

/// An answer that replaces the real one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The error code of an answer without `body`.
    pub error_code: Option<String>,
    /// The message of an answer without `body`.
    pub message: Option<String>,
    /// `isRetriable` of an answer without `body`.
    #[serde(default)]
    pub is_retriable: bool,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body: a text, or any other JSON value. `None` stands for an error in the shape of the service.
    #[serde(default, deserialize_with = "given")]
    pub body: Option<Value>,
    /// The media type of `body`.
    pub content_type: Option<String>,
}

/// Deserializes a value, so that null differs from a missing member.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The answer of a rate limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThrottleFault {
    /// `Retry-After`, in seconds.
    pub retry_after: u32,
}

impl ThrottleFault {
    /// Returns the error, as the service writes it. `rate` is the rate of the tenant's clock: `Retry-After` is in the
    /// caller's time, and the date in the message in the tenant's.
    pub fn error(self, now: Timestamp, rate: f64) -> FabricError {
        let wait = SignedDuration::try_from_secs_f64(f64::from(self.retry_after) * rate).unwrap_or(SignedDuration::MAX);
        throttle::blocked(later(now, wait), now)
    }
}

/// The rejection of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenFault {
    /// The token counts as expired.
    Expired,
}

/// A delay: an exact one, or one that is drawn from a range.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delay {
    seconds: Option<f64>,
    min_seconds: Option<f64>,
    max_seconds: Option<f64>,
}

impl Delay {
    /// Returns the delay in seconds of the machine's clock. A delay in a range is drawn from the seed.
    pub fn seconds(self, seed: Seed) -> f64 {
        let (low, high) = (self.min_seconds.unwrap_or_default(), self.max_seconds.unwrap_or_default());
        self.seconds.unwrap_or_else(|| low + (high - low) * seed.fraction())
    }

    fn check(self) -> Result<(), String> {
        match (self.seconds, self.min_seconds, self.max_seconds) {
            (Some(seconds), None, None) => check_seconds("effect.delay.seconds", seconds, DELAY_MAX),
            (None, Some(low), Some(high)) => {
                check_seconds("effect.delay.minSeconds", low, DELAY_MAX)?;
                check_seconds("effect.delay.maxSeconds", high, DELAY_MAX)?;
                if low > high {
                    return Err(format!("effect.delay: minSeconds is {low}, which is above maxSeconds {high}"));
                }
                Ok(())
            }
            _ => Err("effect.delay: expected seconds, or minSeconds and maxSeconds".to_owned()),
        }
    }
}

/// The place at which a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Disconnect {
    /// Before the answer.
    Before,
    /// After the whole answer.
    After,
    /// Within the answer, after this number of bytes of its body.
    AfterBytes(u64),
}

impl Effect {
    /// Returns `true` if the effect replaces the real answer.
    pub fn replaces_answer(&self) -> bool {
        self.answer.is_some() || self.throttle.is_some() || self.token.is_some()
    }

    /// Returns `true` if the request takes effect.
    pub fn commits(&self) -> bool {
        self.commit || !self.replaces_answer() && self.disconnect != Some(Disconnect::Before)
    }

    /// Rejects effects that contradict themselves. The error names the member.
    pub(super) fn check(&self) -> Result<(), String> {
        self.check_combination()?;
        if let Some(answer) = &self.answer {
            answer.check()?;
        }
        self.delay.map_or(Ok(()), Delay::check)?;
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default()));
        check_headers("effect.headers", headers)?;
        if let Some(operation) = &self.operation {
            operation.check()?;
        }
        self.stale_seconds.map_or(Ok(()), |seconds| check_seconds("effect.staleSeconds", seconds, DURATION_MAX))
    }

    fn check_combination(&self) -> Result<(), String> {
        let Self { answer, commit, throttle, token, delay, disconnect, patch, headers, operation, stale_seconds } =
            self;
        let replacing = [answer.is_some(), throttle.is_some(), token.is_some()].into_iter().filter(|is| *is).count();
        let others = delay.is_some()
            || disconnect.is_some()
            || patch.is_some()
            || !headers.is_empty()
            || operation.is_some()
            || stale_seconds.is_some();
        if *commit && answer.is_none() && disconnect.is_none() {
            return Err("effect.commit: expected beside answer or disconnect".to_owned());
        }
        if replacing == 0 && !others {
            return Err("effect: at least one effect is required".to_owned());
        }
        if replacing > 1 {
            return Err("effect: at most one of answer, throttle and token can be given".to_owned());
        }
        if *commit && answer.is_none() && replacing > 0 {
            return Err("effect.commit: cannot be combined with throttle or token".to_owned());
        }
        let of_real_answer =
            [("patch", patch.is_some()), ("operation", operation.is_some()), ("staleSeconds", stale_seconds.is_some())];
        match of_real_answer.into_iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) if !self.commits() => {
                Err(format!("effect.{name}: needs the real answer, which this effect does not give"))
            }
            _ => Ok(()),
        }
    }
}

impl FaultAnswer {
    fn check(&self) -> Result<(), String> {
        if !(100..=599).contains(&self.status) {
            return Err(format!("effect.answer.status: is {}, expected 100 to 599", self.status));
        }
        check_headers(
            "effect.answer.headers",
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        )?;
        for (name, value) in [("errorCode", &self.error_code), ("contentType", &self.content_type)] {
            if value.as_ref().is_some_and(|value| !is_header_value(value)) {
                return Err(format!("effect.answer.{name}: is not a valid header value"));
            }
        }
        Ok(())
    }
}

/// Rejects a duration that is negative or more than `most`. `member` is the name of the duration.
pub(super) fn check_seconds(member: &str, seconds: f64, most: f64) -> Result<(), String> {
    if (0.0..=most).contains(&seconds) {
        return Ok(());
    }
    Err(format!("{member}: is {seconds}, expected 0 to {most} seconds"))
}

fn check_headers<'a>(member: &str, headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), String> {
    for (name, value) in headers {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(format!("{member}: {name:?} is not a valid header name"));
        }
        if TRANSFER.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return Err(format!("{member}.{name}: cannot be changed; use disconnect to cut an answer"));
        }
        if !is_header_value(value) {
            return Err(format!("{member}.{name}: is not a valid header value"));
        }
    }
    Ok(())
}

fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}
