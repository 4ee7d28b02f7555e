//! Keys of rows, as hashes, and the last change of each key in a commit.

use std::hash::{BuildHasher as _, Hasher};

use foldhash::quality::FixedState;

use super::rows::{Column, Rows, Values};

/// The hash of a key: its low 32 bits are zero. Keys are compared by these 96 bits, so that two different keys of a
/// hundred million are taken for one with a probability below 10^-12.
pub(super) type KeyHash = u128;

/// The bits of a change that hold the number of its row.
const ROW_BITS: u32 = u32::BITS;

/// The hashes of the keys of all rows. NULL equals NULL. [guessed]
pub(super) fn hashes(rows: &Rows, keys: &[usize]) -> Vec<KeyHash> {
    let (low, high) = (FixedState::with_seed(1), FixedState::with_seed(2));
    let mut hashers: Vec<_> = (0..rows.count).map(|_| (low.build_hasher(), high.build_hasher())).collect();
    for column in keys.iter().filter_map(|key| rows.columns.get(*key)) {
        feed(column, &mut hashers);
    }
    let combined = hashers.iter().map(|(low, high)| u128::from(high.finish()) << u64::BITS | u128::from(low.finish()));
    combined.map(|hash| hash >> ROW_BITS << ROW_BITS).collect()
}

/// Feeds each cell of a column to the two hashers of its row.
fn feed<H: Hasher>(column: &Column, hashers: &mut [(H, H)]) {
    let present = column.levels.iter().zip(hashers).filter_map(|(level, pair)| {
        pair.0.write_u8(u8::from(*level > 0));
        pair.1.write_u8(u8::from(*level > 0));
        (*level > 0).then_some(pair)
    });
    match &column.values {
        Values::Boolean(values) => both(present, values, |hasher, value| hasher.write_u8((*value).into())),
        Values::Int(values) => both(present, values, |hasher, value| hasher.write_i32(*value)),
        Values::Long(values) => both(present, values, |hasher, value| hasher.write_i64(*value)),
        Values::Float(values) => both(present, values, |hasher, value| hasher.write_u64(float_bits((*value).into()))),
        Values::Double(values) => both(present, values, |hasher, value| hasher.write_u64(float_bits(*value))),
        Values::Decimal(values) => both(present, values, |hasher, value| hasher.write_i128(*value)),
        Values::Bytes(values) => both(present, values, |hasher, value| {
            hasher.write_usize(value.len());
            hasher.write(value.data());
        }),
    }
}

fn both<'a, H: Hasher + 'a, T>(
    present: impl Iterator<Item = &'a mut (H, H)>,
    values: &[T],
    write: impl Fn(&mut H, &T),
) {
    for ((low, high), value) in present.zip(values) {
        write(low, value);
        write(high, value);
    }
}

/// The bits of a number. Both zeros are equal, and so are all values that are not a number.
fn float_bits(value: f64) -> u64 {
    if value == 0.0 {
        0
    } else if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    }
}

/// The last update, delete or upsert of each key in a commit, found by the hash of the key: 16 bytes for each.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Hash and row number of the changes, sorted. After [`seal`](Self::seal), one for each hash.
    sorted: Vec<u128>,
    /// The positions in `sorted` at which the hashes with each value of their first bits begin.
    starts: Vec<u32>,
    /// The number of bits of a hash that do not select a bucket.
    shift: u32,
}

impl Changes {
    /// Reserves room for further changes.
    pub(super) fn reserve(&mut self, changes: usize) {
        self.sorted.reserve_exact(changes);
    }

    /// Adds a change by a row. Rows are numbered over all files of the commit.
    pub(super) fn push(&mut self, key: KeyHash, row: u32) {
        self.sorted.push(key | u128::from(row));
    }

    /// Prepares the search: only the last change of each key stays.
    pub(super) fn seal(&mut self) {
        const PER_BUCKET: usize = 4;
        const BUCKET_BITS_MAX: u32 = 22;
        self.sorted.sort_unstable();
        let mut at = 0;
        for next in 0..self.sorted.len() {
            let is_last =
                self.sorted.get(next + 1).is_none_or(|after| after >> ROW_BITS != self.sorted[next] >> ROW_BITS);
            if is_last {
                self.sorted[at] = self.sorted[next];
                at += 1;
            }
        }
        self.sorted.truncate(at);
        let bits = (at / PER_BUCKET).next_power_of_two().ilog2().clamp(1, BUCKET_BITS_MAX);
        self.shift = u128::BITS - bits;
        self.starts = vec![0; (1 << bits) + 1];
        for change in &self.sorted {
            self.starts[(change >> self.shift) as usize + 1] += 1;
        }
        for bucket in 1..self.starts.len() {
            self.starts[bucket] += self.starts[bucket - 1];
        }
    }

    /// Returns `true` if no row changes or deletes others.
    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Returns the row of the last change of a key, if there is one.
    pub(super) fn last(&self, key: KeyHash) -> Option<u32> {
        if self.sorted.is_empty() {
            return None;
        }
        let bucket = (key >> self.shift) as usize;
        let range = self.starts[bucket] as usize..self.starts[bucket + 1] as usize;
        let found = self.sorted[range].iter().find(|change| **change >> ROW_BITS << ROW_BITS == key)?;
        Some(*found as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_change_of_each_key_is_found() {
        let key = |number: u128| number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834) >> ROW_BITS << ROW_BITS;
        for count in [0_u32, 1, 2, 100, 5_000] {
            let mut changes = Changes::default();
            for row in 0..count {
                changes.push(key(u128::from(row % 1_000)), row);
            }
            changes.seal();
            assert_eq!(changes.is_empty(), count == 0);
            for number in 0..1_100_u32 {
                let last = (0..count).filter(|row| row % 1_000 == number).max();
                assert_eq!(changes.last(key(number.into())), last, "{number} of {count}");
            }
        }
    }
}
