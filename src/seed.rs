//! Chance as a function: a draw depends on a seed and a key, never on who looked first.

use serde::{Deserialize, Serialize};

/// A source of chance that can be forked by key: equal keys give equal draws, in any order and in every version.
///
/// The generator is SplitMix64 over FNV-1a: small, stable, and good enough for row counts and ids that must merely differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(u64);

impl Seed {
    /// The seed that a user gave, or that the program drew at its start.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of something within this one's realm.
    pub fn fork(self, key: impl AsRef<[u8]>) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let hash = key.as_ref().iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        Self(mix(self.0 ^ mix(hash)))
    }

    /// A number drawn from all there are.
    pub fn draw(self) -> u64 {
        mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    /// A number from `low` to `high`, both included.
    pub fn between(self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high - low + 1)
    }
}

/// SplitMix64's finaliser.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_give_equal_draws_and_others_differ() {
        let seed = Seed::new(7);
        assert_eq!(seed.fork("a").draw(), seed.fork("a").draw());
        assert_ne!(seed.fork("a").draw(), seed.fork("b").draw());
        assert_ne!(seed.fork("ab").fork("c").draw(), seed.fork("a").fork("bc").draw());
        assert_ne!(Seed::new(8).fork("a").draw(), seed.fork("a").draw());
    }

    #[test]
    fn between_reaches_both_ends_and_nothing_else() {
        let drawn: Vec<u64> = (0..200u64).map(|n| Seed::new(n).between(3, 5)).collect();
        assert!(drawn.iter().all(|n| (3..=5).contains(n)));
        assert!(drawn.contains(&3) && drawn.contains(&5));
    }
}
