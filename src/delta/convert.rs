//! Conversion of values: cells of text, and values of Parquet that Delta stores otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::csv::CsvType;
use super::error::Problem;
use super::rows::Values;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Seconds in a day.
const DAY: i64 = 86_400;

/// Adds the value of a cell to a column of its type. The texts of errors follow .NET.
pub(super) fn parse(text: &str, csv_type: CsvType, values: &mut Values) -> Result<(), Problem> {
    let trimmed = text.trim();
    match values {
        Values::Boolean(values) => values.push(boolean(trimmed)?),
        Values::Float(values) => values.push(number(trimmed, "Single")?),
        Values::Double(values) => values.push(number(trimmed, "Double")?),
        Values::Bytes(values) if csv_type == CsvType::ByteArray => values.push(bytes(trimmed)?.into()),
        Values::Bytes(values) => values.push(text.as_bytes().to_vec().into()),
        Values::Long(values) if csv_type == CsvType::DateTime => values.push(date_time(trimmed)?),
        Values::Long(values) => values.push(integer(trimmed, "Int64")?),
        Values::Int(values) => values.push(match csv_type {
            CsvType::Date => {
                let days = date_time(trimmed)?.div_euclid(DAY * SECOND);
                i32::try_from(days).map_err(|_| Problem::CellFormat { kind: "DateTime" })?
            }
            CsvType::Int16 => integer::<i16>(trimmed, "Int16")?.into(),
            _ => integer(trimmed, "Int32")?,
        }),
        Values::Decimal(_) => return Err(Problem::CellFormat { kind: "Decimal" }),
    }
    Ok(())
}

fn boolean(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::CellFormat { kind: "Boolean" }),
    }
}

fn integer<T: TryFrom<i128>>(text: &str, kind: &'static str) -> Result<T, Problem> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::CellFormat { kind });
    }
    let number = text.parse::<i128>().ok().and_then(|number| T::try_from(number).ok());
    number.ok_or(Problem::CellOverflow { kind })
}

fn number<T: std::str::FromStr>(text: &str, kind: &'static str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::CellFormat { kind })
}

fn bytes(text: &str) -> Result<Vec<u8>, Problem> {
    let error = Problem::CellFormat { kind: "Byte" };
    let Some(digits) = text.strip_prefix("0x") else {
        return STANDARD.decode(text).map_err(|_| error);
    };
    if !digits.len().is_multiple_of(2) {
        return Err(error);
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    let decoded: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    decoded.ok_or(error)
}

/// Returns the microseconds since 1970 of a text such as `2026-01-31`, `2026-01-31 12:30:00.5` or
/// `2026-01-31T12:30:00+01:00`. Without an offset, it is in UTC.
fn date_time(text: &str) -> Result<i64, Problem> {
    read_date_time(text).ok_or(Problem::CellFormat { kind: "DateTime" })
}

fn read_date_time(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let parsed: jiff::civil::Date = if date.len() == 10 { date.parse().ok()? } else { return None };
    let days = days(parsed.year().into(), parsed.month().into(), parsed.day().into());
    Some(days * DAY * SECOND + if time.is_empty() { 0 } else { read_time(time.trim())? })
}

/// The days from 1970-01-01 to a date of the Gregorian calendar. March is the first month of the year that is counted.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Returns the microseconds of a time of day, such as `12:30`, `12:30:00.1234567Z` or `12:30:00 +01:00`.
fn read_time(text: &str) -> Option<i64> {
    let end = text.find(['Z', 'z', '+', '-', ' ']).unwrap_or(text.len());
    let (time, offset) = text.split_at(end);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut units = clock.split(':').map(two_digits);
    let (hour, minute, second) = (units.next()??, units.next()??, units.next().unwrap_or(Some(0))?);
    let is_valid = hour < 24 && minute < 60 && second < 60 && units.next().is_none();
    is_valid.then_some(())?;
    Some((hour * 3_600 + minute * 60 + second) * SECOND + micros(fraction)? - read_offset(offset.trim())?)
}

fn two_digits(text: &str) -> Option<i64> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// The microseconds of the digits after the point, at most nine of them.
fn micros(fraction: &str) -> Option<i64> {
    let is_number = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(())?;
    format!("{fraction:0<9}").parse::<i64>().ok().map(|nanos| nanos / 1_000)
}

fn read_offset(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    Some(sign * (two_digits(hours)? * 3_600 + two_digits(minutes)? * 60) * SECOND)
}

/// Returns a time of day as text, with as many digits as it needs. [guessed]
pub(super) fn time_text(nanos: i64) -> String {
    let (seconds, fraction) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        return clock;
    }
    let digits = format!("{fraction:09}");
    format!("{clock}.{}", digits.trim_end_matches('0'))
}

/// Returns the microseconds since 1970 of an INT96: nanoseconds of a Julian day, and the day.
pub(super) fn int96_micros(parts: &[u32]) -> Option<i64> {
    const EPOCH: i64 = 2_440_588;
    let [low, high, day]: [u32; 3] = parts.try_into().ok()?;
    let nanos = i64::from(low) | i64::from(high) << 32;
    (i64::from(day) - EPOCH).checked_mul(DAY * SECOND)?.checked_add(nanos.div_euclid(1_000))
}

/// Returns the number in two's complement, big endian, or `None` if it has more than 128 bits.
pub(super) fn decimal(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { 0xff } else { 0 };
    let extra = bytes.len().saturating_sub(16);
    let (leading, rest) = bytes.split_at(extra);
    let mut number = [sign; 16];
    number[16 - rest.len()..].copy_from_slice(rest);
    let number = i128::from_be_bytes(number);
    let fits = leading.iter().all(|byte| *byte == sign) && (number < 0) == (sign == 0xff);
    fits.then_some(number)
}

/// Returns the number of 16 bits in IEEE 754, as 32 bits.
pub(super) fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2_f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (fraction + 1_024.0) * 2_f32.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_parsed() {
        let check = |text: &str, csv_type: CsvType, expected: Result<Values, Problem>| {
            let mut values = Values::empty(csv_type.data_type());
            assert_eq!(parse(text, csv_type, &mut values).map(|()| values), expected, "{text}");
        };
        let format = |kind| Err(Problem::CellFormat { kind });
        let overflow = |kind| Err(Problem::CellOverflow { kind });
        check("32767", CsvType::Int16, Ok(Values::Int(vec![32_767])));
        check("32768", CsvType::Int16, overflow("Int16"));
        check("x", CsvType::Int16, format("Int16"));
        check("", CsvType::Int32, format("Int32"));
        check("-2147483649", CsvType::Int32, overflow("Int32"));
        check("9223372036854775808", CsvType::Int64, overflow("Int64"));
        check("1e3", CsvType::Double, Ok(Values::Double(vec![1_000.0])));
        check("True", CsvType::Boolean, Ok(Values::Boolean(vec![true])));
        check("yes", CsvType::Boolean, format("Boolean"));
        check("1970-01-02", CsvType::Date, Ok(Values::Int(vec![1])));
        check("1969-12-31", CsvType::Date, Ok(Values::Int(vec![-1])));
        check("2000-02-30", CsvType::Date, format("DateTime"));
        check("1970-01-01 00:00:01", CsvType::DateTime, Ok(Values::Long(vec![SECOND])));
        check("1970-01-01T00:00:00.1234567Z", CsvType::DateTime, Ok(Values::Long(vec![123_456])));
        check("1970-01-01T01:00+01:00", CsvType::DateTime, Ok(Values::Long(vec![0])));
        check("2000-03-01", CsvType::DateTime, Ok(Values::Long(vec![951_868_800 * SECOND])));
        check("not-a-date", CsvType::DateTime, format("DateTime"));
        check("1970-01-01 24:00", CsvType::DateTime, format("DateTime"));
        check("0x0aFF", CsvType::ByteArray, Ok(Values::Bytes(vec![vec![10, 255].into()])));
        check("Cv8=", CsvType::ByteArray, Ok(Values::Bytes(vec![vec![10, 255].into()])));
        check(" a ", CsvType::String, Ok(Values::Bytes(vec![b" a ".to_vec().into()])));
    }

    #[test]
    fn decimals_of_any_length_are_read() {
        assert_eq!(decimal(&[]), Some(0));
        assert_eq!(decimal(&[0xff]), Some(-1));
        assert_eq!(decimal(&[0, 0xff]), Some(255));
        assert_eq!(decimal(&[0xff; 20]), Some(-1));
        assert_eq!(decimal(&[1; 17]), None);
    }

    #[test]
    fn halves_and_times_are_converted() {
        assert_eq!([0x3c00, 0xc000, 0x0001, 0x7c00].map(half), [1.0, -2.0, 2_f32.powi(-24), f32::INFINITY]);
        assert_eq!([0, 3_661_500_000_000].map(time_text), ["00:00:00", "01:01:01.5"]);
        assert_eq!(int96_micros(&[0, 0, 2_440_588]), Some(0));
    }
}
