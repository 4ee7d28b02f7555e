//! Pseudo-random values. A value depends only on a seed and on keys, not on the order of calls.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A seed from which further seeds can be derived with keys. Equal keys give equal values, in any order and in every
/// version of the program.
///
/// The generator is SplitMix64 over FNV-1a hashes of the keys. It is small and stable, and random enough for row counts
/// and ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(u64);

/// A seed is serialized as text, because JavaScript rounds numbers of 64 bits.
impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("a seed was expected: a number of 64 bits as text"))
    }
}

impl Seed {
    /// Creates a seed from a number.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the number from which the seed was created.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Derives the seed that belongs to a key.
    pub fn fork(self, key: impl AsRef<[u8]>) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let hash = key.as_ref().iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
        Self(mix(self.0 ^ mix(hash)))
    }

    /// Returns a pseudo-random number from the full range of `u64`. The same seed always gives the same number.
    pub fn draw(self) -> u64 {
        mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    /// Returns a pseudo-random number from `low` to `high`, both included.
    pub fn between(self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high - low + 1)
    }

    /// Returns a pseudo-random number of at least 0 and less than 1.
    pub fn fraction(self) -> f64 {
        /// The number of bits that an `f64` represents exactly.
        const BITS: u32 = 53;
        (self.draw() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
    }
}

/// Applies the finaliser of SplitMix64, which mixes the bits of a number.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draw_depends_on_seed_and_keys() {
        let seed = Seed::new(7);
        assert_eq!(seed.fork("a").draw(), seed.fork("a").draw());
        assert_ne!(seed.fork("a").draw(), seed.fork("b").draw());
        assert_ne!(seed.fork("ab").fork("c").draw(), seed.fork("a").fork("bc").draw());
        assert_ne!(Seed::new(8).fork("a").draw(), seed.fork("a").draw());
    }

    #[test]
    fn between_includes_both_ends_and_nothing_else() {
        let drawn: Vec<u64> = (0..200u64).map(|n| Seed::new(n).between(3, 5)).collect();
        assert!(drawn.iter().all(|n| (3..=5).contains(n)));
        assert!(drawn.contains(&3) && drawn.contains(&5));
    }
}
