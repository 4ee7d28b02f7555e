//! The tables of the mirrored database: what the status call answers, as lines with progress bars and figures.

use std::fmt::Write as _;

use serde_json::Value;

use super::screen::{Line, Tone};

/// A container of the simulated account.
pub(super) struct Container {
    pub(super) name: &'static str,
    /// Rows that a snapshot copies.
    pub(super) rows: u64,
    /// Changes per second.
    pub(super) rows_per_second: f64,
    /// `true` if the mirrored database selects the container.
    pub(super) is_selected: bool,
}

/// The containers of the database `shop`.
pub(super) const CONTAINERS: [Container; 4] = [
    Container { name: "customers", rows: 60_000, rows_per_second: 4.0, is_selected: true },
    Container { name: "orders", rows: 120_000, rows_per_second: 40.0, is_selected: true },
    Container { name: "products", rows: 4_000, rows_per_second: 0.2, is_selected: true },
    Container { name: "audit", rows: 900_000, rows_per_second: 100.0, is_selected: false },
];

/// The largest width of a progress bar in characters.
const BAR_MAX: usize = 24;
/// The smallest width of a progress bar.
const BAR_MIN: usize = 4;
/// The width of a line of progress without its bar.
const BESIDE_BAR: usize = 54;

/// A table, as the status call answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) rows: u64,
    /// Seconds from a change at the source to its arrival.
    pub(super) latency: Option<u64>,
    /// Error code and message.
    pub(super) error: Option<(String, String)>,
}

/// Returns the tables in the answer of `getTablesMirroringStatus`.
pub(super) fn read(body: &Value) -> Vec<Table> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |table: &Value| Table {
        name: text(&table["sourceTableName"]),
        status: text(&table["status"]),
        rows: table["metrics"]["processedRows"].as_u64().unwrap_or_default(),
        latency: table["metrics"]["lastSyncLatencyInSeconds"].as_u64(),
        error: table
            .get("error")
            .filter(|error| error.is_object())
            .map(|error| (text(&error["errorCode"]), text(&error["message"]))),
    };
    body["data"].as_array().map(|tables| tables.iter().map(read).collect()).unwrap_or_default()
}

/// Returns a line per table with the progress of its snapshot, for a screen of `width` columns.
pub(super) fn progress(tables: &[Table], width: usize) -> Vec<Line> {
    let bar_width = width.saturating_sub(BESIDE_BAR + 1).clamp(BAR_MIN, BAR_MAX);
    let line = |table: &Table| {
        let total = CONTAINERS.iter().find(|container| container.name == table.name).map_or(0, |found| found.rows);
        let copied = table.rows.min(total);
        let percent = (copied * 100).checked_div(total).unwrap_or_default();
        let figures = format!("{} of {}", grouped(copied), grouped(total));
        let line =
            format!("  {:<10} {} {percent:>3}%  {figures:>18}  {}", table.name, bar(percent, bar_width), table.status);
        (tone(table), line)
    };
    tables.iter().map(line).collect()
}

/// Returns a line per table with its rows, their growth since `before`, and the latency. The text of an error follows.
pub(super) fn figures(tables: &[Table], before: &[Table]) -> Vec<Line> {
    let line = |table: &Table| {
        let earlier = before.iter().find(|earlier| earlier.name == table.name).map_or(0, |found| found.rows);
        let growth = format!("+{}", grouped(table.rows.saturating_sub(earlier)));
        let mut line = format!("  {:<10} {:>9} rows {growth:>8}", table.name, grouped(table.rows));
        let _ = match (&table.error, table.latency) {
            (Some((code, _)), _) => write!(line, "  {}  {code}", table.status),
            (None, Some(latency)) => write!(line, "  {}  latency {latency} s", table.status),
            (None, None) => write!(line, "  {}", table.status),
        };
        (tone(table), line)
    };
    tables.iter().map(line).collect()
}

fn tone(table: &Table) -> Tone {
    match (&table.error, table.status.as_str()) {
        (Some(_), _) => Tone::Bad,
        (None, "Replicating") => Tone::Good,
        (None, _) => Tone::Busy,
    }
}

/// Returns a progress bar such as `[=====>    ]`, with `width` characters between the brackets.
fn bar(percent: u64, width: usize) -> String {
    let filled = width * usize::try_from(percent.min(100)).unwrap_or_default() / 100;
    let head = if filled < width { ">" } else { "" };
    format!("[{:<width$}]", format!("{}{head}", "=".repeat(filled)))
}

/// Returns a number with commas between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{BAR_MAX, BAR_MIN, Table, bar, grouped, progress};

    #[test]
    fn digits_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn bar_keeps_its_width() {
        for width in [BAR_MIN, BAR_MAX] {
            for percent in [0, 1, 50, 99, 100, 250] {
                assert_eq!(bar(percent, width).len(), width + 2, "{percent}");
            }
            assert!(
                bar(99, width).ends_with(">]") && bar(100, width).ends_with("=]") && bar(0, width).starts_with("[> ")
            );
        }
    }

    #[test]
    fn progress_fits_the_screen() {
        let table =
            Table { name: "orders".into(), status: "Snapshotting".into(), rows: 120_000, latency: None, error: None };
        for (width, expected) in [(59, 58), (60, 59), (79, 78), (80, 78), (usize::MAX, 78)] {
            assert_eq!(progress(std::slice::from_ref(&table), width)[0].1.len(), expected, "{width}");
        }
    }
}
