//! A tenant's clock: the only reader of the machine's time, and the only one that waits for it.

use std::sync::RwLock;
use std::time::{Duration, Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// How a clock's time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// As the machine's.
    Real,
    /// `rate` times as fast as the machine's.
    Scaled,
    /// Stands still until told to move.
    Manual,
    /// As manual, and moves by `step` seconds before each request under `/v1`.
    Stepped,
}

/// What a clock was set to, and what it shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// How time passes.
    pub mode: Mode,
    /// Seconds of this clock that pass in a second of the machine's; used by [`Mode::Scaled`].
    pub rate: f64,
    /// Seconds that a request moves a [`Mode::Stepped`] clock on.
    pub step: f64,
    /// The instant that the clock shows.
    pub now: Timestamp,
}

/// A change of a clock; what is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting {
    /// The new mode.
    pub mode: Option<Mode>,
    /// The new rate: more than 0, at most [`RATE_MAX`].
    pub rate: Option<f64>,
    /// The new step: from 0 to [`STEP_MAX`] seconds.
    pub step: Option<f64>,
    /// The instant to show from here on: not before the one that is shown now.
    pub now: Option<Timestamp>,
}

/// Why a clock would not be set or moved; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Time never goes back.
    #[error("the clock shows {now} and never goes back, not even to {wanted}")]
    Backwards {
        /// What it shows.
        now: Timestamp,
        /// What it was asked to show.
        wanted: Timestamp,
    },
    /// Beyond [`END`], or not a number.
    #[error("the clock ends at {END}: {wanted} seconds do not fit")]
    Beyond {
        /// The seconds that were asked for, as they were written.
        wanted: String,
    },
    /// A rate or a step outside its bounds.
    #[error("{0}")]
    OutOfBounds(&'static str),
}

/// The last instant that a clock can show; the year 9000 leaves room for what is reckoned from it.
pub const END: Timestamp = Timestamp::constant(221_845_392_000, 0);
/// The fastest that a clock runs.
pub const RATE_MAX: f64 = 1e9;
/// The longest step of a stepped clock, in seconds: a year.
pub const STEP_MAX: f64 = 31_536_000.0;

/// Virtual time. It never goes back, and reading it has no effect.
#[derive(Debug)]
pub struct Clock {
    face: RwLock<Face>,
    moved: Notify,
}

/// At `anchored` the clock showed `anchor`; from there it runs as `mode` says.
#[derive(Debug, Clone, Copy)]
struct Face {
    mode: Mode,
    rate: f64,
    step: f64,
    anchor: Timestamp,
    anchored: Instant,
}

impl Clock {
    /// A clock that runs with the machine's.
    pub fn real() -> Self {
        Self { face: RwLock::new(Face::real()), moved: Notify::new() }
    }

    /// The instant that the clock shows.
    pub fn now(&self) -> Timestamp {
        self.look(|face| face.now())
    }

    /// Everything that the clock shows.
    pub fn reading(&self) -> Reading {
        self.look(|face| Reading { mode: face.mode, rate: face.rate, step: face.step, now: face.now() })
    }

    /// How many seconds of this clock pass in one of the machine's: 1 unless scaled, 1 too where time stands still.
    pub fn rate(&self) -> f64 {
        self.look(Face::pace)
    }

    /// Moves a stepped clock by its step, as each request does; any other stays as it is.
    pub fn step(&self) {
        // Most clocks are not stepped: they are spared the write lock.
        if self.look(|face| face.mode == Mode::Stepped) {
            let _ = self.turn(|face| match face.mode {
                Mode::Stepped => face.advance(face.step),
                _ => Ok(()),
            });
        }
    }

    /// Sets the clock: all of it, or nothing.
    pub fn set(&self, setting: Setting) -> Result<Reading, ClockError> {
        self.turn(|face| {
            let now = face.now();
            let at = setting.now.unwrap_or(now);
            let rate = setting.rate.unwrap_or(face.rate);
            let step = setting.step.unwrap_or(face.step);
            if at < now {
                return Err(ClockError::Backwards { now, wanted: at });
            }
            if at > END {
                return Err(ClockError::Beyond { wanted: at.to_string() });
            }
            if !(rate > 0.0 && rate <= RATE_MAX) {
                return Err(ClockError::OutOfBounds("a rate is more than 0 and at most 1000000000"));
            }
            if !(0.0..=STEP_MAX).contains(&step) {
                return Err(ClockError::OutOfBounds("a step is from 0 to 31536000 seconds"));
            }
            *face = Face { mode: setting.mode.unwrap_or(face.mode), rate, step, anchor: at, anchored: instant() };
            Ok(())
        })?;
        Ok(self.reading())
    }

    /// Moves the clock on by `seconds`, whatever its mode; parts of a second count.
    pub fn advance(&self, seconds: f64) -> Result<(), ClockError> {
        self.turn(|face| face.advance(seconds))
    }

    /// Moves the clock on to `at`; one that is there or beyond stays where it is.
    pub fn advance_to(&self, at: Timestamp) {
        let _ = self.turn(|face| {
            let now = face.now();
            face.anchor_at(now.max(at.min(END)));
            Ok(())
        });
    }

    /// A new universe: the clock runs with the machine's again, and may so go back.
    pub fn reset(&self) {
        let _ = self.turn(|face| {
            *face = Face::real();
            Ok(())
        });
    }

    /// Whether time passes only when it is told to.
    pub fn stands_still(&self) -> bool {
        self.look(|face| matches!(face.mode, Mode::Manual | Mode::Stepped))
    }

    /// The instant so many seconds from now.
    pub fn after(&self, seconds: f64) -> Result<Timestamp, ClockError> {
        self.look(|face| face.after(seconds))
    }

    /// Gets to `at`: a clock that stands still is moved, with any other the caller waits, at most for `patience` of the
    /// machine's time. Answers whether it is there.
    pub async fn reach(&self, at: Timestamp, patience: Duration) -> bool {
        let mut left = patience;
        while self.now() < at {
            if self.stands_still() {
                self.advance_to(at);
            } else if left.is_zero() {
                return false;
            } else {
                left = self.wait(Some(at), left).await;
            }
        }
        true
    }

    /// Waits until the clock shows `at`, somebody wakes it, or `patience` is at its end. Answers what is left of that.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn wait(&self, at: Option<Timestamp>, patience: Duration) -> Duration {
        let begun = instant();
        let woken = self.moved.notified();
        let (now, pace) = self.look(|face| (face.now(), face.pace()));
        let due = at.map(|at| {
            Duration::try_from_secs_f64(at.duration_since(now).as_secs_f64().max(0.0) / pace).unwrap_or(patience)
        });
        let _ = tokio::time::timeout(due.unwrap_or(patience).min(patience), woken).await;
        patience.saturating_sub(begun.elapsed())
    }

    /// Wakes whoever waits: what they wait for may have changed.
    pub fn wake(&self) {
        self.moved.notify_waiters();
    }

    fn look<T>(&self, look: impl FnOnce(&Face) -> T) -> T {
        look(&self.face.read().expect("no code panics while it holds a clock"))
    }

    fn turn(&self, turn: impl FnOnce(&mut Face) -> Result<(), ClockError>) -> Result<(), ClockError> {
        let turned = turn(&mut self.face.write().expect("no code panics while it holds a clock"));
        self.wake();
        turned
    }
}

impl Face {
    fn real() -> Self {
        Self { mode: Mode::Real, rate: 1.0, step: 0.0, anchor: machine_time(), anchored: instant() }
    }

    fn pace(&self) -> f64 {
        if self.mode == Mode::Scaled { self.rate } else { 1.0 }
    }

    fn now(&self) -> Timestamp {
        match self.mode {
            Mode::Manual | Mode::Stepped => self.anchor,
            Mode::Real | Mode::Scaled => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
                let elapsed = self.anchored.elapsed().as_secs_f64() * self.pace();
                later(self.anchor, elapsed).unwrap_or(END)
            }
        }
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

/// `seconds` after `at`, unless that is beyond the end of time or no number.
fn later(at: Timestamp, seconds: f64) -> Option<Timestamp> {
    let seconds = SignedDuration::try_from_secs_f64(seconds).ok()?;
    at.checked_add(seconds).ok().filter(|at| *at <= END)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
fn instant() -> Instant {
    Instant::now()
}

/// What the machine's clock shows; tokens from elsewhere expire by it.
pub fn machine_time() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SignedDuration::try_from(since)
        .ok()
        .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual() -> Clock {
        let clock = Clock::real();
        clock.set(Setting { mode: Some(Mode::Manual), ..Setting::default() }).expect("a mode can always be set");
        clock
    }

    #[test]
    fn a_manual_clock_stands_still_and_moves_when_told() {
        let clock = manual();
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(1.5).unwrap();
        assert_eq!(clock.now(), start + SignedDuration::from_millis(1500));
        clock.step();
        assert_eq!(clock.now(), start + SignedDuration::from_millis(1500));
    }

    #[test]
    fn time_never_goes_back_nor_beyond_its_end() {
        let clock = manual();
        let start = clock.now();
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e18] {
            assert!(clock.advance(seconds).is_err(), "{seconds}");
        }
        for now in ["2001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
            let now = Some(now.parse().unwrap());
            assert!(clock.set(Setting { mode: Some(Mode::Real), now, ..Setting::default() }).is_err());
        }
        assert_eq!((clock.now(), clock.reading().mode), (start, Mode::Manual));
        clock.advance_to(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_stepped_clock_moves_with_each_request() {
        let clock = manual();
        let start = clock.now();
        clock.set(Setting { mode: Some(Mode::Stepped), step: Some(7.0), ..Setting::default() }).unwrap();
        clock.step();
        clock.step();
        assert_eq!(clock.now(), start + SignedDuration::from_secs(14));
    }

    #[test]
    fn rates_and_steps_have_bounds() {
        let clock = manual();
        for (rate, step) in
            [(Some(0.0), None), (Some(f64::NAN), None), (Some(2e9), None), (None, Some(-1.0)), (None, Some(4e7))]
        {
            assert!(clock.set(Setting { rate, step, ..Setting::default() }).is_err(), "{rate:?} {step:?}");
        }
    }
}
