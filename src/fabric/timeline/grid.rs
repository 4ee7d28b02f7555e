//! The grid of a timeline: instants at multiples of a step since 1970, so that they do not move with the range.

use jiff::Timestamp;

/// The steps up to half a day, in seconds. Beyond them, a step is a number of days.
const STEPS: [i64; 17] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];
/// A day, in seconds.
const DAY: i64 = 86_400;

/// Instants at multiples of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The step, in seconds.
    pub step: i64,
    /// The instants, in order.
    pub instants: Vec<Timestamp>,
}

impl Grid {
    /// Returns the grid with the smallest step that gives at most `points` instants from `from` to `to`. `points` is at
    /// least 1.
    pub fn new(from: Timestamp, to: Timestamp, points: usize) -> Self {
        let range = (ceiling(from), to.as_second() - i64::from(to.subsec_nanosecond() < 0));
        let fits = |step: i64| usize::try_from(count(range, step)).is_ok_and(|count| count <= points);
        let step = STEPS.into_iter().find(|step| fits(*step));
        let step = step.unwrap_or_else(|| {
            // Fewer days give more instants than there are points.
            let least = (range.1 - range.0) / DAY / i64::try_from(points).unwrap_or(i64::MAX).saturating_add(1);
            (least.max(1)..).map(|days| days * DAY).find(|step| fits(*step)).unwrap_or(i64::MAX)
        });
        let first = first(range.0, step);
        let instants = (0..count(range, step)).filter_map(|n| Timestamp::from_second(first + n * step).ok());
        Self { step, instants: instants.collect() }
    }
}

/// Returns the first whole second at or after `at`.
fn ceiling(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// Returns the first multiple of `step` at or after `from`.
fn first(from: i64, step: i64) -> i64 {
    from.div_euclid(step) * step + if from.rem_euclid(step) > 0 { step } else { 0 }
}

/// Returns the number of multiples of `step` in a range.
fn count((from, to): (i64, i64), step: i64) -> i64 {
    let first = first(from, step);
    if first > to { 0 } else { (to - first) / step + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_has_the_smallest_step_that_gives_few_enough_instants() {
        let check = |from: &str, to: &str, points: usize, step: i64, first: Option<&str>, count: usize| {
            let grid = Grid::new(from.parse().unwrap(), to.parse().unwrap(), points);
            let found = (grid.step, grid.instants.first().map(ToString::to_string), grid.instants.len());
            assert_eq!(found, (step, first.map(str::to_owned), count), "{from} to {to}, {points}");
        };
        let (ten, twenty) = ("2031-01-01T00:10:00Z", "2031-01-01T00:20:00Z");
        check(ten, twenty, 11, 60, Some(ten), 11);
        check(ten, twenty, 10, 120, Some(ten), 6);
        check(ten, twenty, 10_000, 1, Some(ten), 601);
        check("2031-01-01T00:10:20Z", "2031-01-01T00:20:20Z", 11, 60, Some("2031-01-01T00:11:00Z"), 10);
        check("2031-01-01T00:10:00.1Z", ten, 1, 1, None, 0);
        check("2031-01-01T00:10:00.1Z", "2031-01-01T00:10:01Z", 1, 1, Some("2031-01-01T00:10:01Z"), 1);
        check(ten, ten, 1, 1, Some(ten), 1);
        check("2031-01-01T00:00:00Z", "2031-01-03T00:00:00Z", 4, 86_400, Some("2031-01-01T00:00:00Z"), 3);
        check("2031-01-01T00:00:00Z", "2031-01-03T00:00:00Z", 2, 172_800, Some("2031-01-01T00:00:00Z"), 2);
        check("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59.5Z", 1, 1, Some("1969-12-31T23:59:59Z"), 1);
        let whole = Grid::new(Timestamp::MIN, Timestamp::MAX, 1);
        assert!(whole.instants.len() <= 1, "{whole:?}");
        let whole = Grid::new(Timestamp::MIN, Timestamp::MAX, 10_000);
        assert!((5_000..=10_000).contains(&whole.instants.len()), "{}", whole.instants.len());
    }
}
