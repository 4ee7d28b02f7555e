//! The clock of a tenant. No other file reads the machine's time or waits for an instant of a tenant's clock.

use std::fmt;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::notify::Version;

/// The mode of a clock: how its time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// The clock runs as fast as the machine's clock.
    Real,
    /// The clock runs `rate` times as fast as the machine's clock.
    Scaled,
    /// The clock stands still until it is moved.
    Manual,
    /// The clock stands still like [`Mode::Manual`], but also moves by `step` seconds before each request under `/v1` and
    /// to OneLake's storage.
    Stepped,
}

/// The settings of a clock and the instant that it shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClockState {
    /// The mode of the clock.
    pub mode: Mode,
    /// The seconds of this clock per second of the machine's clock. Applies only in [`Mode::Scaled`].
    pub rate: f64,
    /// The seconds by which each request moves the clock. Applies only in [`Mode::Stepped`].
    pub step: f64,
    /// `true` while the clock stands still in every mode, until it is moved.
    pub paused: bool,
    /// The instant that the clock shows.
    pub now: Timestamp,
}

/// A change of a clock. `None` leaves a setting unchanged.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClockChange {
    /// The new mode.
    pub mode: Option<Mode>,
    /// The new rate: from [`RATE_MIN`] to [`RATE_MAX`].
    pub rate: Option<f64>,
    /// The new step: from 0 to [`STEP_MAX`] seconds.
    pub step: Option<f64>,
    /// `true` pauses the clock, `false` lets it run again in its mode.
    pub paused: Option<bool>,
    /// The instant to move the clock to. It must not be before the instant that the clock shows.
    pub now: Option<Timestamp>,
}

/// The error of a rejected clock change. The clock's settings are unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The requested instant is before the instant that the clock shows.
    #[error("cannot move the clock to {wanted}: the clock shows {now} and never goes back")]
    Backwards {
        /// The instant that the clock shows.
        now: Timestamp,
        /// The requested instant.
        wanted: Timestamp,
    },
    /// The requested instant is after [`END`], or the number of seconds is not a number.
    #[error("cannot move the clock by or to {wanted}: the clock ends at {END}")]
    Beyond {
        /// The requested instant or number of seconds.
        wanted: String,
    },
    /// The rate or the step is out of bounds.
    #[error("{0}")]
    OutOfBounds(&'static str),
    /// The change could not be stored.
    #[error("{0}")]
    NotStored(String),
}

/// The last instant that a clock can show, in the year 9000. Instants that are computed from the clock can be later
/// without overflow.
pub const END: Timestamp = Timestamp::constant(221_845_392_000, 0);
/// The lowest rate of a scaled clock. A clock that should stand still has [`Mode::Manual`].
pub const RATE_MIN: f64 = 1e-3;
/// The highest rate of a scaled clock.
pub const RATE_MAX: f64 = 1e9;
/// The longest step of a stepped clock, in seconds: one year.
pub const STEP_MAX: f64 = 31_536_000.0;

/// The longest wait in an answer, such as in `Retry-After`, in seconds: one year.
const WAIT_MAX: f64 = 31_536_000.0;

/// The virtual clock of a tenant. It never goes back, except when the tenant is reset or restored. Reading the clock does not
/// change it.
///
/// ```
/// use std::time::Duration;
///
/// use specularite::Emulator;
/// use specularite::clock::{ClockChange, Mode};
///
/// let emulator = Emulator::builder().build();
/// let tenant = emulator.default_tenant();
/// let clock = tenant.clock();
/// clock.set(ClockChange { mode: Some(Mode::Manual), ..ClockChange::default() })?;
/// let start = clock.now();
/// clock.advance(Duration::from_secs(90))?;
/// assert_eq!(clock.now().duration_since(start).as_secs(), 90);
/// # Ok::<(), specularite::clock::ClockError>(())
/// ```
#[derive(Debug)]
pub struct Clock {
    inner: RwLock<ClockInner>,
    /// The number of changes: moves and new settings.
    changes: AtomicU64,
    version: Version,
    recorder: Option<Recorder>,
}

/// A function that stores the new state of a clock before the clock changes.
pub(crate) struct Recorder(pub(crate) Box<dyn Fn(ClockState) -> Result<(), String> + Send + Sync>);

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

/// The settings of a clock, and a pair of equal times: this clock showed `anchor` when the machine's monotonic clock
/// showed `anchored`. Since then, this clock runs according to `mode`.
#[derive(Debug, Clone, Copy)]
struct ClockInner {
    mode: Mode,
    rate: f64,
    step: f64,
    paused: bool,
    anchor: Timestamp,
    anchored: Instant,
}

impl ClockState {
    /// Rejects a state that no clock can have.
    ///
    /// # Errors
    ///
    /// The instant is after [`END`], or the rate or the step is out of bounds.
    pub(crate) fn check(self) -> Result<(), ClockError> {
        ClockInner::showing(self).map(|_| ())
    }

    /// Returns the state after `elapsed` on the machine's clock.
    pub(crate) fn after_machine_time(self, elapsed: SignedDuration) -> Self {
        let speed = if self.mode == Mode::Scaled { self.rate } else { 1.0 };
        let runs = !self.paused && matches!(self.mode, Mode::Real | Mode::Scaled);
        let passed = elapsed.as_secs_f64().max(0.0) * speed;
        Self { now: if runs { later(self.now, passed).unwrap_or(END) } else { self.now }, ..self }
    }
}

impl Clock {
    /// Creates a clock in mode [`Mode::Real`] that shows the machine's time. Each change of the clock increments
    /// `version`.
    pub(crate) fn real(version: Version) -> Self {
        Self { inner: RwLock::new(ClockInner::real()), changes: AtomicU64::new(0), version, recorder: None }
    }

    /// Stores each change with `recorder` before it is made.
    pub(crate) fn recorded(self, recorder: Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// Returns the instant that the clock shows.
    pub fn now(&self) -> Timestamp {
        self.look(|clock| clock.now())
    }

    /// Returns the settings of the clock and the instant that it shows.
    pub fn state(&self) -> ClockState {
        self.look(ClockInner::state)
    }

    /// Returns the state of the clock, and the number of changes that led to it. The passing of time is not a change.
    pub(crate) fn state_and_changes(&self) -> (ClockState, u64) {
        self.look(|clock| (clock.state(), self.changes.load(Ordering::Relaxed)))
    }

    /// Returns the result of `look`, which receives the state of the clock. The clock does not change meanwhile.
    pub(crate) fn holding<T>(&self, look: impl FnOnce(ClockState) -> T) -> T {
        self.look(|clock| look(clock.state()))
    }

    /// Returns the seconds of this clock per second of the machine's clock. Returns 1 in all modes except
    /// [`Mode::Scaled`], even for a clock that stands still.
    pub fn rate(&self) -> f64 {
        self.look(ClockInner::speed)
    }

    /// Moves a clock in [`Mode::Stepped`] by its step, even if the step cannot be stored: reads step the clock too. Paused
    /// clocks and clocks in other modes do not change. Called before each request under `/v1` and to OneLake's
    /// storage.
    pub(crate) fn step(&self) {
        // Most clocks are not stepped. This check avoids the write lock for them.
        if self.look(ClockInner::is_stepped) {
            let mut clock = self.inner.write().expect("no code panics while the clock is locked");
            let step = clock.step;
            if clock.is_stepped() && clock.advance(step).is_ok() {
                let _ = self.record(&clock);
                self.count_change();
            }
            drop(clock);
            self.version.bump();
        }
    }

    /// Applies a change. If one of the new values is invalid, nothing changes.
    ///
    /// # Errors
    ///
    /// The new instant is before the instant that the clock shows or after [`END`], or the rate or the step is out of
    /// bounds.
    pub fn set(&self, change: ClockChange) -> Result<ClockState, ClockError> {
        self.change(|clock| {
            let now = clock.now();
            let at = change.now.unwrap_or(now);
            if at < now {
                return Err(ClockError::Backwards { now, wanted: at });
            }
            *clock = ClockInner::showing(ClockState {
                mode: change.mode.unwrap_or(clock.mode),
                rate: change.rate.unwrap_or(clock.rate),
                step: change.step.unwrap_or(clock.step),
                paused: change.paused.unwrap_or(clock.paused),
                now: at,
            })?;
            Ok(())
        })?;
        Ok(self.state())
    }

    /// Moves the clock forward by `duration`, in any mode.
    ///
    /// # Errors
    ///
    /// The new instant would be after [`END`].
    pub fn advance(&self, duration: Duration) -> Result<(), ClockError> {
        self.advance_seconds(duration.as_secs_f64())
    }

    /// Moves the clock forward by `seconds`, in any mode.
    pub(crate) fn advance_seconds(&self, seconds: f64) -> Result<(), ClockError> {
        self.change(|clock| clock.advance(seconds))
    }

    /// Moves the clock forward to `at`, but not beyond [`END`]. A clock that shows a later instant does not change.
    ///
    /// # Errors
    ///
    /// The change could not be stored. The clock is unchanged.
    pub fn advance_to(&self, at: Timestamp) -> Result<(), ClockError> {
        self.change(|clock| {
            let now = clock.now();
            clock.anchor_at(now.max(at.min(END)));
            Ok(())
        })
    }

    /// Sets the clock to a state, or to the machine's time in [`Mode::Real`] if `state` is `None`. Only this function can
    /// move the clock back. `store` stores the new state before the clock changes. Returns that state.
    ///
    /// # Errors
    ///
    /// The error of `store`. The clock is unchanged.
    pub(crate) fn replace<E>(
        &self,
        state: Option<ClockState>,
        store: impl FnOnce(ClockState) -> Result<(), E>,
    ) -> Result<ClockState, E> {
        // A given state was checked, or is that of a clock.
        let next = || state.and_then(|state| ClockInner::showing(state).ok()).unwrap_or_else(ClockInner::real);
        let stored = {
            let mut clock = self.inner.write().expect("no code panics while the clock is locked");
            let next = next();
            let state = next.state();
            store(state).map(|()| {
                *clock = next;
                self.count_change();
                state
            })
        };
        self.version.bump();
        stored
    }

    /// Returns `true` for a clock that shows a later instant only after it is moved.
    pub fn stands_still(&self) -> bool {
        self.look(ClockInner::stands_still)
    }

    /// Returns the instant `seconds` after the instant that the clock shows.
    ///
    /// # Errors
    ///
    /// `seconds` is negative or not a number, or the result is after [`END`].
    pub(crate) fn after(&self, seconds: f64) -> Result<Timestamp, ClockError> {
        self.look(|clock| clock.after(seconds))
    }

    /// Moves a clock that stands still to `at`. If the clock runs, waits until it shows `at`, but not longer than
    /// `timeout` on the machine's clock. Returns `true` if the clock has reached `at`.
    ///
    /// # Errors
    ///
    /// The change of a clock that stands still could not be stored.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn reach(&self, at: Timestamp, timeout: Duration) -> Result<bool, ClockError> {
        // A clock never shows an instant after its end.
        let at = at.min(END);
        let mut version = self.version.subscribe();
        let reached = async {
            loop {
                version.borrow_and_update();
                if self.stands_still() {
                    self.advance_to(at)?;
                }
                if self.now() >= at {
                    return Ok(());
                }
                tokio::select! {
                    () = self.pass_until(at) => {}
                    _ = version.changed() => {}
                }
            }
        };
        match tokio::time::timeout(timeout, reached).await {
            Ok(reached) => reached.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Waits as long as the clock, at its present speed, needs to reach `at`. Callers must also wait for a new version
    /// of the tenant, because a change of the clock does not change this wait. Never completes if the clock stands
    /// still before `at`.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub(crate) async fn pass_until(&self, at: Timestamp) {
        match self.look(|clock| clock.machine_time_until(at)) {
            Some(left) => tokio::time::sleep(left).await,
            None => std::future::pending().await,
        }
    }

    fn look<T>(&self, look: impl FnOnce(&ClockInner) -> T) -> T {
        look(&self.inner.read().expect("no code panics while the clock is locked"))
    }

    fn change(&self, change: impl FnOnce(&mut ClockInner) -> Result<(), ClockError>) -> Result<(), ClockError> {
        let changed = {
            let mut clock = self.inner.write().expect("no code panics while the clock is locked");
            let mut next = *clock;
            change(&mut next).and_then(|()| self.record(&next)).map(|()| {
                *clock = next;
                self.count_change();
            })
        };
        self.version.bump();
        changed
    }

    /// Counts a change, while the clock is locked.
    fn count_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Stores the state that the clock is about to have.
    fn record(&self, next: &ClockInner) -> Result<(), ClockError> {
        let record = self.recorder.as_ref().map_or(Ok(()), |Recorder(record)| record(next.state()));
        record.map_err(ClockError::NotStored)
    }
}

impl ClockInner {
    fn real() -> Self {
        Self { mode: Mode::Real, rate: 1.0, step: 0.0, paused: false, anchor: machine_time(), anchored: instant() }
    }

    /// Returns a clock that has this state at present.
    fn showing(ClockState { mode, rate, step, paused, now }: ClockState) -> Result<Self, ClockError> {
        if now > END {
            return Err(ClockError::Beyond { wanted: now.to_string() });
        }
        if !(RATE_MIN..=RATE_MAX).contains(&rate) {
            return Err(ClockError::OutOfBounds("the rate must be from 0.001 to 1000000000"));
        }
        if !(0.0..=STEP_MAX).contains(&step) {
            return Err(ClockError::OutOfBounds("the step must be from 0 to 31536000 seconds"));
        }
        Ok(Self { mode, rate, step, paused, anchor: now, anchored: instant() })
    }

    fn state(&self) -> ClockState {
        let Self { mode, rate, step, paused, .. } = *self;
        ClockState { mode, rate, step, paused, now: self.now() }
    }

    fn is_stepped(&self) -> bool {
        self.mode == Mode::Stepped && !self.paused
    }

    fn speed(&self) -> f64 {
        if self.mode == Mode::Scaled { self.rate } else { 1.0 }
    }

    fn now(&self) -> Timestamp {
        if self.stands_still() {
            return self.anchor;
        }
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
        let elapsed = self.anchored.elapsed().as_secs_f64() * self.speed();
        later(self.anchor, elapsed).unwrap_or(END)
    }

    fn stands_still(&self) -> bool {
        self.paused || matches!(self.mode, Mode::Manual | Mode::Stepped)
    }

    /// Returns the time on the machine's clock until this clock shows `at`. Returns `None` if this clock stands still
    /// before `at`.
    fn machine_time_until(&self, at: Timestamp) -> Option<Duration> {
        let left = at.duration_since(self.now()).as_secs_f64().max(0.0);
        if left > 0.0 && self.stands_still() {
            return None;
        }
        Some(Duration::try_from_secs_f64(left / self.speed()).unwrap_or(Duration::MAX))
    }

    fn after(&self, seconds: f64) -> Result<Timestamp, ClockError> {
        let now = self.now();
        let wanted = later(now, seconds).ok_or_else(|| ClockError::Beyond { wanted: seconds.to_string() })?;
        if wanted < now { Err(ClockError::Backwards { now, wanted }) } else { Ok(wanted) }
    }

    fn advance(&mut self, seconds: f64) -> Result<(), ClockError> {
        let wanted = self.after(seconds)?;
        self.anchor_at(wanted);
        Ok(())
    }

    fn anchor_at(&mut self, at: Timestamp) {
        (self.anchor, self.anchored) = (at, instant());
    }
}

/// Returns the instant `seconds` after `at`, or `None` if that is after [`END`] or `seconds` is not a number.
fn later(at: Timestamp, seconds: f64) -> Option<Timestamp> {
    let seconds = SignedDuration::try_from_secs_f64(seconds).ok()?;
    at.checked_add(seconds).ok().filter(|at| *at <= END)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
fn instant() -> Instant {
    Instant::now()
}

/// Waits for `duration` on the machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Converts seconds of a clock with the given rate into the seconds of real time that a client must wait: at most one
/// year.
pub(crate) fn real_seconds(seconds: f64, rate: f64) -> f64 {
    (seconds / rate).min(WAIT_MAX)
}

/// Returns the instant that the machine's clock shows. Tokens of other issuers expire at an instant of this clock.
pub fn machine_time() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Timestamp::new(seconds, since.subsec_nanos().cast_signed()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual() -> Clock {
        let clock = Clock::real(Version::default());
        clock
            .set(ClockChange { mode: Some(Mode::Manual), ..ClockChange::default() })
            .expect("a mode can always be set");
        clock
    }

    #[test]
    fn manual_clock_stands_still_until_it_is_moved() {
        let clock = manual();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_millis(1_500)).unwrap();
        assert_eq!(clock.now(), start + SignedDuration::from_millis(1500));
        clock.step();
        assert_eq!(clock.now(), start + SignedDuration::from_millis(1500));
    }

    #[test]
    fn clock_never_goes_back_nor_beyond_its_end() {
        let clock = manual();
        let start = clock.now();
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e18] {
            assert!(clock.advance_seconds(seconds).is_err(), "{seconds}");
        }
        for now in ["2001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
            let now = Some(now.parse().unwrap());
            assert!(clock.set(ClockChange { mode: Some(Mode::Real), now, ..ClockChange::default() }).is_err());
        }
        assert_eq!((clock.now(), clock.state().mode), (start, Mode::Manual));
        clock.advance_to(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn stepped_clock_moves_with_each_request() {
        let clock = manual();
        let start = clock.now();
        clock.set(ClockChange { mode: Some(Mode::Stepped), step: Some(7.0), ..ClockChange::default() }).unwrap();
        clock.step();
        clock.step();
        assert_eq!(clock.now(), start + SignedDuration::from_secs(14));
    }

    #[test]
    fn clock_rates_and_steps_have_bounds() {
        let clock = manual();
        for (rate, step) in [
            (Some(0.0), None),
            (Some(-1.0), None),
            (Some(1e-300), None),
            (Some(0.000_999), None),
            (Some(f64::NAN), None),
            (Some(2e9), None),
            (None, Some(-1.0)),
            (None, Some(4e7)),
        ] {
            assert!(clock.set(ClockChange { rate, step, ..ClockChange::default() }).is_err(), "{rate:?} {step:?}");
        }
        for rate in [RATE_MIN, RATE_MAX] {
            assert!(clock.set(ClockChange { rate: Some(rate), ..ClockChange::default() }).is_ok(), "{rate}");
        }
    }

    #[test]
    fn waits_have_a_bound() {
        for (seconds, rate, expected) in [(60.0, 6.0, 10.0), (60.0, RATE_MIN, 60_000.0), (1e300, 1.0, WAIT_MAX)] {
            assert!((real_seconds(seconds, rate) - expected).abs() < 1e-6, "{seconds} {rate}");
        }
    }
}
