//! A rule: the requests that it matches, which of them it strikes, and its effect.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::fabric::FabricError;
use crate::fabric::fault::effect::Effect;
use crate::fabric::json::has_too_many_values;
use crate::fabric::pattern::Pattern;

/// The maximum size of a rule as JSON, in bytes.
pub const RULE_SIZE_MAX: usize = 256 << 10;
/// The maximum nesting of a rule. The parser of stored documents accepts 127 levels, and a rule is stored within others.
const RULE_DEPTH_MAX: usize = 100;
/// The principal of requests of the emulator's own page.
pub const PAGE: &str = "page";

/// A fault rule. It is stored and shown as it was given.
#[derive(Debug, Clone)]
pub struct FaultRule {
    given: Map<String, Value>,
    /// The requests that the rule counts.
    pub matches: Match,
    /// The counted requests that the rule strikes.
    pub when: When,
    /// The effect on a request that the rule strikes.
    pub effect: Effect,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Members {
    #[expect(dead_code, reason = "only its type matters: the rule is shown as it was given")]
    name: Option<String>,
    #[serde(rename = "match", default)]
    matches: Match,
    #[serde(default)]
    when: When,
    effect: Effect,
}

/// The requests that a rule counts. A request must match every member that is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Match {
    /// The operation id.
    pub operation: Option<Pattern>,
    /// The HTTP method.
    pub method: Option<Pattern>,
    /// The path, without its query.
    pub path: Option<Pattern>,
    /// Parameters of the query.
    pub query: BTreeMap<String, Pattern>,
    /// The object id or the app id of the caller, or [`PAGE`].
    pub principal: Option<Pattern>,
    /// The workspace in the path.
    pub workspace: Option<Pattern>,
    /// The item in the path.
    pub item: Option<Pattern>,
    /// A subset of the JSON body.
    pub request: Option<Map<String, Value>>,
}

/// The counted requests that a rule strikes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct When {
    /// The number of requests that pass first.
    pub skip: u64,
    /// The maximum number of strikes.
    pub times: Option<u64>,
    /// The distance between due requests.
    pub every: Option<u64>,
    /// The probability with which a due request is struck.
    pub probability: Option<f64>,
    /// The instant from which requests are counted.
    pub from: Option<Timestamp>,
    /// The instant from which requests are no longer counted.
    pub until: Option<Timestamp>,
}

/// The members of a request that rules match.
#[derive(Debug)]
pub struct FaultRequest<'a> {
    /// The operation id; `None` if no operation has the path.
    pub operation: Option<&'a str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The path, without its query.
    pub path: &'a str,
    /// The parameters of the query, decoded.
    pub query: Vec<(String, String)>,
    /// The ids of the caller: object id and app id. Empty if the caller is unknown.
    pub principals: Vec<String>,
    /// The workspace in the path.
    pub workspace: Option<&'a str>,
    /// The item in the path.
    pub item: Option<&'a str>,
    /// `true` if the request reads only. `staleSeconds` applies only to such requests.
    pub is_read: bool,
    /// The body.
    pub body: FaultBody<'a>,
}

/// The body of a request. It is parsed at most once, and only if a rule needs it.
#[derive(Debug)]
pub struct FaultBody<'a> {
    bytes: &'a [u8],
    parsed: OnceCell<Option<Value>>,
}

impl<'a> FaultBody<'a> {
    /// Creates a body from its bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, parsed: OnceCell::new() }
    }

    /// Returns the body as JSON; `None` if it is not JSON, or too large to be parsed.
    fn json(&self) -> Option<&Value> {
        let parse = || (!has_too_many_values(self.bytes)).then(|| serde_json::from_slice(self.bytes).ok()).flatten();
        self.parsed.get_or_init(parse).as_ref()
    }
}

impl FaultRule {
    /// Parses a rule.
    ///
    /// # Errors
    ///
    /// The rule is larger than [`RULE_SIZE_MAX`] or nested deeper than 100 levels, has an unknown member, or a value is
    /// out of range. The message names the member.
    pub fn parse(given: Map<String, Value>) -> Result<Self, FabricError> {
        let invalid = |why: String| FabricError::invalid_input(format!("The rule is not valid: {why}."));
        let size = serde_json::to_vec(&given).map_or(usize::MAX, |text| text.len());
        if size > RULE_SIZE_MAX {
            return Err(invalid(format!("it has {size} bytes, expected at most {RULE_SIZE_MAX}")));
        }
        if given.values().any(|value| !fits(value, RULE_DEPTH_MAX - 1)) {
            return Err(invalid(format!("it is nested deeper than {RULE_DEPTH_MAX} levels")));
        }
        let members: Result<Members, _> = serde_path_to_error::deserialize(Value::Object(given.clone()));
        let Members { matches, when, effect, .. } = members.map_err(|why| {
            let is_root = why.path().iter().next().is_none();
            let (path, why) = (why.path().to_string(), why.into_inner());
            invalid(if is_root { why.to_string() } else { format!("{path}: {why}") })
        })?;
        when.check().and_then(|()| effect.check()).map_err(invalid)?;
        Ok(Self { given, matches, when, effect })
    }

    /// Rejects a rule whose operation matches none of the given operation ids.
    ///
    /// # Errors
    ///
    /// The error names the operation.
    pub fn check_operation<'a>(&self, mut ids: impl Iterator<Item = &'a str>) -> Result<(), FabricError> {
        match &self.matches.operation {
            Some(pattern) if !ids.any(|id| pattern.matches(id)) => {
                let given = self.given.get("match").and_then(|matches| matches.get("operation"));
                let given = given.and_then(Value::as_str).unwrap_or_default();
                Err(FabricError::invalid_input(format!("match.operation: no operation has the id {given:?}.")))
            }
            _ => Ok(()),
        }
    }

    /// Returns the rule as it was given.
    pub fn given(&self) -> &Map<String, Value> {
        &self.given
    }

    /// Returns `true` if the effect can apply to a request. Only `staleSeconds` has a condition that is known before the
    /// request is handled.
    pub fn applies_to(&self, request: &FaultRequest<'_>) -> bool {
        self.effect.stale_seconds.is_none() || request.is_read
    }
}

impl PartialEq for FaultRule {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given
    }
}

impl Serialize for FaultRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.given.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FaultRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Map::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Match {
    /// Returns `true` if a request matches every member. A request of the page matches only rules that name the page.
    pub fn matches(&self, request: &FaultRequest<'_>) -> bool {
        let fits = |pattern: &Option<Pattern>, value: Option<&str>| {
            pattern.as_ref().is_none_or(|pattern| value.is_some_and(|value| pattern.matches(value)))
        };
        let names_page = self.principal.as_ref().is_some_and(|pattern| pattern.is(PAGE));
        let is_page = request.principals.iter().any(|id| id == PAGE);
        is_page == names_page
            && fits(&self.operation, request.operation)
            && fits(&self.method, Some(request.method))
            && fits(&self.path, Some(request.path))
            && fits(&self.workspace, request.workspace)
            && fits(&self.item, request.item)
            && self.principal.as_ref().is_none_or(|pattern| request.principals.iter().any(|id| pattern.matches(id)))
            && self.query.iter().all(|(name, pattern)| {
                let has_name = |(given, _): &&(String, String)| given.eq_ignore_ascii_case(name);
                request.query.iter().filter(has_name).any(|(_, value)| pattern.matches(value))
            })
            && self.request.as_ref().is_none_or(|subset| match request.body.json() {
                Some(Value::Object(body)) => has_members(subset, body),
                _ => false,
            })
    }
}

/// Returns `true` if an object has the members of a subset. Texts are patterns, and arrays match element by element.
/// Returns `true` if a value has at most `depth` levels.
fn fits(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(elements) => depth > 0 && elements.iter().all(|element| fits(element, depth - 1)),
        Value::Object(members) => depth > 0 && members.values().all(|member| fits(member, depth - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn has_members(subset: &Map<String, Value>, of: &Map<String, Value>) -> bool {
    subset.iter().all(|(name, wanted)| of.get(name).is_some_and(|value| is_subset(wanted, value)))
}

fn is_subset(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Object(wanted), Value::Object(value)) => has_members(wanted, value),
        (Value::Array(wanted), Value::Array(value)) => {
            wanted.len() == value.len() && wanted.iter().zip(value).all(|(wanted, value)| is_subset(wanted, value))
        }
        (Value::String(pattern), Value::String(value)) => Pattern::new(pattern).matches(value),
        _ => wanted == value,
    }
}

impl When {
    fn check(&self) -> Result<(), String> {
        for (name, count) in [("times", self.times), ("every", self.every)] {
            if count == Some(0) {
                return Err(format!("when.{name}: is 0, expected 1 or more"));
            }
        }
        if let Some(probability) = self.probability.filter(|probability| !(0.0..=1.0).contains(probability)) {
            return Err(format!("when.probability: is {probability}, expected 0 to 1"));
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if from >= until => {
                Err(format!("when: from is {from}, which is not before until {until}"))
            }
            _ => Ok(()),
        }
    }

    /// Returns `true` if requests at `now` are counted.
    pub fn includes(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requests_of_the_page_match_only_rules_that_name_it() {
        for (principals, given, expected) in [
            (&[][..], json!({}), true),
            (&[PAGE], json!({}), false),
            (&[PAGE], json!({"principal": "*"}), false),
            (&[PAGE], json!({"principal": "Page"}), true),
            (&["x"], json!({"principal": "page"}), false),
            (&["x", "y"], json!({"principal": "Y"}), true),
            (&[], json!({"principal": "*"}), false),
        ] {
            let matches: Match = serde_json::from_value(given.clone()).unwrap();
            let request = FaultRequest {
                operation: None,
                method: "GET",
                path: "/",
                query: Vec::new(),
                principals: principals.iter().map(ToString::to_string).collect(),
                workspace: None,
                item: None,
                is_read: true,
                body: FaultBody::new(b""),
            };
            assert_eq!(matches.matches(&request), expected, "{principals:?} {given}");
        }
    }

    #[test]
    fn rule_is_stored_as_it_was_given() {
        let text = r#"{"effect":{"delay":{"seconds":1.50}},"name":"n","when":{}}"#;
        let rule: FaultRule = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), text.replace("1.50", "1.5"));
        let too_large = json!({"name": "x".repeat(RULE_SIZE_MAX), "effect": {"delay": {"seconds": 1}}});
        assert!(serde_json::from_value::<FaultRule>(too_large).is_err());
    }
}
