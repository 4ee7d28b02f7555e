//! JSON bodies of requests.

use serde::de::DeserializeOwned;

use crate::fabric::FabricError;
use crate::fabric::json::{VALUES_MAX, has_more_values};

/// Parses a JSON object that may contain secrets. An error names the member, but never repeats a value.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, FabricError> {
    // Serde would take an array for the values of an object's members, in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(invalid("unexpected type or value"));
    }
    parse_concisely(body)
}

/// Parses a JSON array like [`parse`].
pub(super) fn parse_list<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, FabricError> {
    parse_concisely(body)
}

fn parse_concisely<T: DeserializeOwned>(body: &[u8]) -> Result<T, FabricError> {
    check_values(body, VALUES_MAX)?;
    read(body).map_err(|(member, why)| {
        let (line, column) = (why.line(), why.column());
        invalid(&match (why.is_data(), member) {
            (true, Some(member)) => format!("{member}: unexpected type or value"),
            (true, None) => "unexpected type or value".to_owned(),
            (false, _) => format!("not JSON at line {line}, column {column}"),
        })
    })
}

/// Parses the JSON body of a control request. The error names the member, and states the found and the expected
/// content.
pub(super) fn parse_verbosely<T: DeserializeOwned>(body: &[u8]) -> Result<T, FabricError> {
    parse_many(body, VALUES_MAX)
}

/// Parses the JSON body of a control request that may have `most` values, like [`parse_verbosely`].
pub(super) fn parse_many<T: DeserializeOwned>(body: &[u8], most: usize) -> Result<T, FabricError> {
    check_values(body, most)?;
    read(body)
        .map_err(|(member, why)| invalid(&member.map_or_else(|| why.to_string(), |member| format!("{member}: {why}"))))
}

/// Parses a snapshot of at most `most` values. An error states the line and column instead of the member: tracking members
/// through all types of the state would make the program a tenth larger.
pub(super) fn parse_snapshot<T: DeserializeOwned>(body: &[u8], most: usize) -> Result<T, FabricError> {
    check_values(body, most)?;
    serde_json::from_slice(body).map_err(|why| invalid(&why.to_string()))
}

/// Rejects a body with more than `most` values, which would take much memory.
fn check_values(body: &[u8], most: usize) -> Result<(), FabricError> {
    if has_more_values(body, most) { Err(invalid(&format!("more than {most} values"))) } else { Ok(()) }
}

/// Parses JSON. An error is returned with the path of the member that caused it; `None` if no member caused it.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (Option<String>, serde_json::Error)> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|why| {
        let is_root = why.path().iter().next().is_none();
        ((!is_root).then(|| why.path().to_string()), why.into_inner())
    })?;
    deserializer.end().map_err(|why| (None, why))?;
    Ok(value)
}

fn invalid(why: &str) -> FabricError {
    FabricError::invalid_input(format!("The request body is not valid: {why}."))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its type matters")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its type matters")]
        count: u32,
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let error = parse::<Outer>(body.as_bytes()).unwrap_err();
        let detail = error.more_details()[0].fault.as_ref().unwrap().1.clone();
        assert_eq!(detail, format!("The request body is not valid: {expected}."));
    }

    #[test]
    fn parse_names_the_member_and_never_a_value() {
        check(r#"{"inner": [{"count": 1}, {"count": "secret"}]}"#, "inner[1].count: unexpected type or value");
        check(r#"{"inner": "secret"}"#, "inner: unexpected type or value");
        check(r#""secret""#, "unexpected type or value");
        check(" [[]]", "unexpected type or value");
        check(r#"{"inner": [] "secret"}"#, "not JSON at line 1, column 14");
        check(r#"{"inner": []} "secret""#, "not JSON at line 1, column 15");
        check(&format!("{{\"inner\": [{}0]}}", "0,".repeat(VALUES_MAX)), "more than 100000 values");
    }
}
