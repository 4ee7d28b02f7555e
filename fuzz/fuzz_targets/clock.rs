//! The clock of a tenant: any change is applied or rejected, the clock never goes back, and never passes its end.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use specularite::clock::{Clock, ClockChange, END, Mode, RATE_MAX, STEP_MAX};
use specularite::{Emulator, Tenant};

#[derive(Debug, Arbitrary)]
enum Change {
    Set { mode: Option<u8>, rate: Option<f64>, step: Option<f64>, now: Option<Instant> },
    Advance { seconds: u64, nanoseconds: u32 },
    AdvanceTo(Instant),
}

/// An instant: absolute, or relative to the instant that the clock shows.
#[derive(Debug, Arbitrary)]
enum Instant {
    At(i64),
    After(i32),
}

impl Instant {
    fn timestamp(&self, clock: &Clock) -> Option<Timestamp> {
        match self {
            Self::At(second) => Timestamp::from_second(*second).ok(),
            Self::After(seconds) => {
                clock.now().checked_add(jiff::SignedDuration::from_secs(i64::from(*seconds))).ok()
            }
        }
    }
}

static TENANT: LazyLock<std::sync::Arc<Tenant>> = LazyLock::new(|| Emulator::builder().build().default_tenant());

libfuzzer_sys::fuzz_target!(|changes: Vec<Change>| {
    let tenant = &*TENANT;
    tenant.reset().expect("nothing is stored");
    let clock = tenant.clock();
    for change in &changes {
        let before = clock.state();
        let is_accepted = apply(clock, change);
        let after = clock.state();
        assert!(after.now >= before.now, "{change:?} moved the clock from {} to {}", before.now, after.now);
        assert!(after.now <= END && after.rate > 0.0 && after.rate <= RATE_MAX, "{change:?}: {after:?}");
        assert!((0.0..=STEP_MAX).contains(&after.step), "{change:?}: {after:?}");
        let settings = |state: &specularite::clock::ClockState| (state.mode, state.rate, state.step);
        assert!(is_accepted || settings(&before) == settings(&after), "{change:?} was rejected, and had an effect");
        assert!(clock.rate() > 0.0);
    }
});

/// Applies a change. Returns `false` if it was rejected.
fn apply(clock: &Clock, change: &Change) -> bool {
    match change {
        Change::Set { mode, rate, step, now } => {
            let mode = mode.map(|mode| [Mode::Real, Mode::Scaled, Mode::Manual, Mode::Stepped][usize::from(mode % 4)]);
            let now = now.as_ref().and_then(|now| now.timestamp(clock));
            clock.set(ClockChange { mode, rate: *rate, step: *step, now, ..ClockChange::default() }).is_ok()
        }
        Change::Advance { seconds, nanoseconds } => {
            clock.advance(Duration::from_secs(*seconds).saturating_add(Duration::from_nanos((*nanoseconds).into()))).is_ok()
        }
        Change::AdvanceTo(to) => to.timestamp(clock).is_some_and(|to| {
            clock.advance_to(to).expect("nothing is stored");
            true
        }),
    }
}
