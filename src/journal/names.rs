//! The names of secrets, in bodies, forms, queries and texts.
//!
//! Names are compared without regard to case and punctuation: `client-secret`, `clientSecret` and `client_secret` are
//! the same name. A number or an `s` at the end is ignored too.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Complete names of secrets, in lower case and without punctuation.
const NAMES: &[&str] = &[
    "authorization",
    "bearer",
    "cookie",
    "encryptedcredential",
    "idtokenhint",
    "jwt",
    "key",
    "pass",
    "pin",
    "psk",
    "sas",
    "sig",
    "xamzcredential",
    "xidentityheader",
];

/// Endings of the names of secrets, in lower case and without punctuation.
const ENDINGS: &[&str] = &[
    "accesskey",
    "accountkey",
    "apikey",
    "assertion",
    "functionkey",
    "masterkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwordvalue",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "secretvalue",
    "sharedkey",
    "signature",
    "signingkey",
    "storagekey",
    "subscriptionkey",
    "token",
];

/// Names that end like a secret, but are needed to read an exchange and are not secret. `keys` is the member with the
/// public keys of Entra, `publicKey` that with the key of a gateway.
const NOT_SECRET: &[&str] =
    &["continuationtoken", "deltatoken", "keys", "nextpagetoken", "nexttoken", "pagetoken", "publickey", "skiptoken"];

/// Names of secrets in forms and queries only. Many JSON members with these names are not secret.
const FORM_NAMES: &[&str] = &["code", "codeverifier", "devicecode"];

/// Parts of words that suggest a secret in a text without structure. Each of [`ENDINGS`] contains one of them.
const HINTS: &[&str] = &["assertion", "bearer", "credential", "key", "pass", "pwd", "secret", "signature", "token"];

/// Members whose values are credentials: of their content only [`CREDENTIAL_MEMBERS`] are shown.
const CREDENTIALS: &[&str] = &["credential", "credentialdetails", "credentials"];

/// Members of credentials that are shown: types, user names and ids.
const CREDENTIAL_MEMBERS: &[&str] = &[
    "applicationid",
    "clientid",
    "connectionencryption",
    "connectionid",
    "credentialtype",
    "gatewayid",
    "id",
    "identifier",
    "objectid",
    "secretname",
    "serviceprincipalclientid",
    "serviceprincipalid",
    "singlesignontype",
    "skiptestconnection",
    "source",
    "tenantid",
    "type",
    "username",
    "workspaceid",
];

/// Members whose value names the parameter that their object contains, such as `{"name": …, "value": …}`.
const LABELS: &[&str] = &["datatype", "key", "name", "parametername"];
/// Members with the value of the parameter that a label names.
const LABELLED: &[&str] = &["currentvalue", "defaultvalue", "parametervalue", "value", "values"];

/// Parameters that are shown in the queries of storage hosts. All others may belong to a shared access signature.
const STORAGE_PARAMETERS: &[&str] = &[
    "action",
    "beginfrom",
    "blockid",
    "close",
    "comp",
    "continuation",
    "delimiter",
    "directory",
    "flush",
    "include",
    "marker",
    "maxresults",
    "mode",
    "position",
    "prefix",
    "recursive",
    "resource",
    "restype",
    "retainuncommitteddata",
    "snapshot",
    "timeout",
    "upn",
    "versionid",
];

/// The maximum number of times that a text is decoded. A text that still changes afterwards is redacted.
const ROUNDS_MAX: usize = 8;

/// The name of a member or parameter.
#[derive(Debug)]
pub(super) struct Name {
    /// The name in lower case and without punctuation.
    simplified: String,
    is_secret: bool,
}

impl Name {
    /// Reads a name. It may be encoded, and may contain several names, as in `user[password]`.
    pub(super) fn new(name: &str) -> Self {
        let Some(name) = decoded(name) else { return Self { simplified: String::new(), is_secret: true } };
        let simplified = simplified(&name);
        let is_separator = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '+' | ' ');
        let is_secret = if name.contains(is_separator) {
            name.split(is_separator).any(|word| is_secret(&self::simplified(word)))
        } else {
            is_secret(&simplified)
        };
        Self { simplified, is_secret }
    }

    /// Returns `true` for the name of a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Returns `true` for the name of a secret parameter of a form or a query.
    pub(super) fn is_secret_parameter(&self) -> bool {
        self.is_secret || self.is_one_of(FORM_NAMES)
    }

    /// Returns `true` for a parameter that is shown in the query of a storage host.
    pub(super) fn is_storage_parameter(&self) -> bool {
        self.is_one_of(STORAGE_PARAMETERS)
    }

    /// Returns `true` for a member whose value is credentials.
    pub(super) fn is_credentials(&self) -> bool {
        self.is_one_of(CREDENTIALS)
    }

    /// Returns `true` for a member of credentials that is shown.
    pub(super) fn is_credential_member(&self) -> bool {
        self.is_one_of(CREDENTIAL_MEMBERS)
    }

    /// Returns `true` for a member whose value names the parameter that its object contains.
    pub(super) fn is_label(&self) -> bool {
        self.is_one_of(LABELS)
    }

    /// Returns `true` for a member with the value of the parameter that a label names.
    pub(super) fn is_labelled(&self) -> bool {
        self.is_one_of(LABELLED)
    }

    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.simplified.as_str())
    }
}

/// Returns `true` if a text without structure may contain a secret: it contains the name of a secret or one of the
/// [`HINTS`].
pub(super) fn are_mentioned(text: &str) -> bool {
    let Some(text) = decoded(text) else { return true };
    let text: String = text.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    HINTS.iter().any(|hint| text.contains(hint)) || words.any(|word| NAMES.contains(&word))
}

/// Decodes percent-encoding and JSON's `\u` escapes until the text no longer changes. Returns `None` if it still
/// changes after [`ROUNDS_MAX`] rounds.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ROUNDS_MAX {
        match decoded_once(&text) {
            Some(next) if next != text => text = Cow::Owned(next),
            Some(_) | None => return Some(text),
        }
    }
    None
}

/// Decodes a text once. Returns `None` if there is nothing to decode.
pub(super) fn decoded_once(text: &str) -> Option<String> {
    let has_escapes = text.contains("\\u");
    if !has_escapes && !text.contains('%') {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8_lossy();
    if !has_escapes {
        return Some(text.into_owned());
    }
    let mut pieces = text.split("\\u");
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let escaped = piece.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match escaped {
            Some(c) => decoded.extend([c]),
            None => decoded.push_str("\\u"),
        }
        decoded.push_str(if escaped.is_some() { &piece[4..] } else { piece });
    }
    Some(decoded)
}

/// Returns a name in lower case and without punctuation.
fn simplified(name: &str) -> String {
    if name.is_ascii() {
        let mut simplified = name.to_ascii_lowercase();
        simplified.retain(|c| c.is_ascii_alphanumeric());
        return simplified;
    }
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_secret(word: &str) -> bool {
    let matches = |word: &str| NAMES.contains(&word) || ENDINGS.iter().any(|ending| word.ends_with(ending));
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    !NOT_SECRET.contains(&word) && (matches(stem) || stem.strip_suffix('s').is_some_and(matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_punctuation() {
        for name in [
            "password",
            "Password",
            "adminPassword",
            "refreshToken",
            "refresh_token",
            "client-secret",
            "client_secret",
            "clientSecret",
            "CLIENT SECRET",
            "client%5Fsecret",
            "client%25255Fsecret",
            "p%61ssword",
            "pass\\u0077ord",
            "pwd",
            "sig",
            "api_key",
            "apikey",
            "SharedAccessSignature",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "X-Amz-Security-Token",
            "storageAccountKey1",
            "passwords",
            "user[password]",
            "credentials.password",
            "encryptedCredentials",
            "%2525252525252525252525252525",
        ] {
            assert!(Name::new(name).is_secret(), "{name}");
        }
        for name in [
            "continuationToken",
            "keys",
            "name",
            "design",
            "passwordReference",
            "keyIdentifier",
            "publicKey",
            "token_type",
            "code",
            "credentialType",
            "",
            "100%",
        ] {
            assert!(!Name::new(name).is_secret(), "{name}");
        }
        for name in ["Code", "code%5Fverifier"] {
            assert!(Name::new(name).is_secret_parameter(), "{name}");
        }
    }

    #[test]
    fn texts_are_decoded_until_they_no_longer_change() {
        for (text, expected) in [
            ("a%3Db", "a=b"),
            ("a%253Db", "a=b"),
            ("\\u0061%5Cu0062", "ab"),
            ("C:\\users", "C:\\users"),
            ("\\ud800", "\\ud800"),
            ("%zz", "%zz"),
        ] {
            assert_eq!(decoded(text).unwrap(), expected);
        }
        let often = (0..10).fold("%".to_owned(), |text, _| text.replace('%', "%25"));
        assert_eq!(decoded(&often), None);
    }
}
