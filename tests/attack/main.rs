//! Attacks on the running program: mutated requests, requests generated from the API description, clients that race for
//! the same names, clients that try to fill the memory or to block the others, and kills under load. One attack runs at a time.
//!
//! A timed attack lasts `SPECULARITE_ATTACK_SECONDS` (2 by default). A random attack prints its seed; set
//! `SPECULARITE_ATTACK_SEED` to that seed to repeat it. `SPECULARITE_ATTACK_PROGRAM` names the program to attack. The
//! default is the one that cargo built with the test. `SPECULARITE_KILL_ROUNDS` is the number of kills.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::disallowed_methods, reason = "an attack lasts a time of the machine's clock")]

mod bounds;
mod described;
mod kills;
mod mutated;
mod mutations;
mod program;
mod races;
mod requests;
mod universes;
mod wire;

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The maximum growth of the program's memory during an attack, after its warm-up.
const GROWTH_MAX_KIB: u64 = 48 << 10;

/// Waits until no other attack runs. Other attacks would change what this one measures.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the duration of an attack, at most `max` seconds.
fn duration(max: u64) -> Duration {
    let seconds = std::env::var("SPECULARITE_ATTACK_SECONDS").ok().map(|text| text.parse::<u64>().unwrap());
    Duration::from_secs(seconds.unwrap_or(2).min(max))
}

/// Returns the seed of an attack, and prints it.
fn seed() -> u64 {
    let given = std::env::var("SPECULARITE_ATTACK_SEED").ok().map(|text| text.parse().unwrap());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    notice(&format!("attack: SPECULARITE_ATTACK_SEED={seed}"));
    seed
}

/// Prints a line, also if the test passes.
fn notice(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
