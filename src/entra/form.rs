//! The parameters of a request to Entra, from a form or a query string.

use crate::entra::Refusal;

/// The maximum lengths of the parameters that a token contains or an answer repeats, in bytes.
const LENGTHS_MAX: &[(&str, usize)] = &[
    ("authorization_endpoint", 2_048),
    ("client_id", 256),
    ("clientid", 256),
    ("code_challenge", 128),
    ("grant_type", 256),
    ("login_hint", 1_024),
    ("mi_res_id", 1_024),
    ("msi_res_id", 1_024),
    ("nonce", 1_024),
    ("object_id", 256),
    // The longest URI that can be registered.
    ("redirect_uri", 256),
    ("resource", 2_048),
    ("response_mode", 256),
    ("response_type", 256),
    ("scope", 8_192),
    ("state", 8_192),
    ("username", USER_NAME_MAX),
];
/// The maximum length of a user's sign-in name, in bytes.
pub const USER_NAME_MAX: usize = 1_024;

/// Parameters in the order of the request. If a name occurs twice, the first value applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Parses percent-encoded pairs, such as `a=b&c=d`.
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Appends a parameter. An earlier parameter with the same name takes precedence.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Rejects parameters that are too long.
    pub fn check_lengths(&self) -> Result<(), Refusal> {
        for (name, value) in &self.0 {
            let longest = LENGTHS_MAX.iter().find(|(known, _)| known == name);
            if let Some((name, longest)) = longest
                && value.len() > *longest
            {
                return Err(Refusal::too_long(name, *longest));
            }
        }
        Ok(())
    }

    /// Returns the value of a parameter, or `None` if the parameter is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// Returns the value of a required parameter, or an error if the parameter is absent or empty.
    pub fn need(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }
}
