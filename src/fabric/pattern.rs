//! Patterns of text: `*` matches any run of characters, and case is ignored.

use serde::{Deserialize, Deserializer};

/// A pattern in which `*` matches any run of characters, also an empty one. All other characters match themselves, in
/// any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The texts between the asterisks, in lower case. There is at least one.
    parts: Vec<String>,
}

impl Pattern {
    /// Creates a pattern from its text.
    pub fn new(text: &str) -> Self {
        Self { parts: text.to_lowercase().split('*').map(str::to_owned).collect() }
    }

    /// Returns `true` if the pattern matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let [first, middle @ .., last] = self.parts.as_slice() else {
            return self.parts.first().is_some_and(|whole| *whole == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        // The leftmost place of each part leaves the most room for the parts after it.
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }

    /// Returns `true` if the pattern is this text, without an asterisk.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.parts.as_slice(), [only] if only.eq_ignore_ascii_case(text))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_matches_runs_of_characters_in_any_case() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a/b", true),
            ("abc", "ABC", true),
            ("abc", "abcd", false),
            ("a*", "a", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("*b*", "abc", true),
            ("*a*a*", "a", false),
            ("*a*b", "bab", true),
            ("*a*b*", "ba", false),
            ("**", "", true),
            ("/v1/workspaces/*/ITEMS", "/v1/workspaces/x/y/items", true),
            ("/v1/workspaces/*/items", "/v1/workspaces/x/items/y", false),
            ("ä*", "Äb", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern:?} {text:?}");
        }
        assert!(Pattern::new("Page").is("page") && !Pattern::new("p*").is("page"));
    }
}
