//! Redaction of secrets in JSON documents. A document is redacted while it is parsed, in one pass.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine as _};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{REDACTED, body, names, text};

/// A JSON document without its secrets.
#[derive(Debug)]
pub(super) struct Redacted {
    /// The document as compact JSON, without characters that end a line.
    pub(super) text: String,
    /// `true` if a secret was removed.
    pub(super) is_changed: bool,
}

/// Redacts the secrets in a JSON document. Returns `None` if the text is not JSON.
///
/// `depth` is the number of encodings that were removed from the document.
pub(super) fn redact(text: &str, depth: usize) -> Option<Redacted> {
    let mut writer =
        Writer { text: String::with_capacity(text.len()), is_changed: false, depth, label_is_secret: false };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Node { writer: &mut writer, place: Place::Open, is_label: false }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(Redacted { text: writer.text, is_changed: writer.is_changed })
}

/// Returns a text as a JSON string, without characters that end a line.
pub(super) fn quoted(text: &str) -> String {
    escape_line_ends(serde_json::to_string(text).expect("a string can be serialised"))
}

/// Escapes the characters of a JSON document that end a line for some readers of NDJSON, although JSON allows them in
/// strings.
pub(super) fn escape_line_ends(json: String) -> String {
    if json.is_ascii() {
        return json;
    }
    json.replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The place of a value in a document. It decides how much of the value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anywhere else: everything is shown except secrets in texts.
    Open,
    /// The payload of a part: text in base64.
    Payload,
    /// In credentials: only permitted members are shown.
    Credentials,
    /// A permitted member of credentials: the value is shown if it is neither an object nor an array.
    Permitted,
    /// The value of a secret name: nothing is shown but null.
    Secret,
}

impl Place {
    fn of_member(self, name: &names::Name, is_payload: bool) -> Self {
        let in_credentials = matches!(self, Self::Credentials | Self::Permitted);
        if name.is_secret() {
            Self::Secret
        } else if in_credentials && name.is_credential_member() {
            Self::Permitted
        } else if in_credentials || name.is_credentials() {
            Self::Credentials
        } else if is_payload {
            Self::Payload
        } else {
            Self::Open
        }
    }

    fn of_element(self) -> Self {
        if self == Self::Permitted { Self::Credentials } else { self }
    }

    fn hides_scalars(self) -> bool {
        matches!(self, Self::Credentials | Self::Secret)
    }
}

/// The redacted document, as far as it is written.
struct Writer {
    text: String,
    is_changed: bool,
    depth: usize,
    /// `true` if the last label was the name of a secret.
    label_is_secret: bool,
}

impl Writer {
    fn hide(&mut self) {
        self.is_changed = true;
        self.text.push_str(&quoted(REDACTED));
    }

    fn write_text(&mut self, text: &str, redacted: &str) {
        self.is_changed |= text != redacted;
        // Most texts need no escapes.
        if redacted.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            self.text.extend(["\"", redacted, "\""]);
        } else {
            self.text.push_str(&quoted(redacted));
        }
    }
}

/// A value that is read, redacted and written.
struct Node<'w> {
    writer: &'w mut Writer,
    place: Place,
    /// `true` if the value may name the parameter that its object contains.
    is_label: bool,
}

impl Node<'_> {
    /// Writes a number or a boolean.
    fn write(self, value: impl fmt::Display) {
        if self.place.hides_scalars() {
            self.writer.hide();
        } else {
            write!(self.writer.text, "{value}").expect("a string can be written to");
        }
    }

    /// Hides parts of the document that are not null. The ranges are in ascending order.
    fn hide_ranges(self, ranges: &[Range<usize>]) {
        let Some(first) = ranges.first().map(|range| range.start) else { return };
        let tail = self.writer.text.split_off(first);
        let mut copied = 0;
        for range in ranges {
            let (start, end) = (range.start - first, range.end - first);
            self.writer.text.push_str(&tail[copied..start]);
            if &tail[start..end] == "null" {
                self.writer.text.push_str("null");
            } else {
                self.writer.hide();
            }
            copied = end;
        }
        self.writer.text.push_str(&tail[copied..]);
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.writer.text.push_str("null");
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.write(value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.write(value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.write(value);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.write(serde_json::Value::from(value));
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.writer.label_is_secret = self.is_label && names::Name::new(value).is_secret();
        if self.place.hides_scalars() {
            self.writer.hide();
        } else if self.place == Place::Payload {
            self.writer.write_text(value, &redact_payload(value, self.writer.depth));
        } else {
            self.writer.write_text(value, &text::redact(value, self.writer.depth));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.place == Place::Secret {
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            self.writer.hide();
            return Ok(());
        }
        let place = self.place.of_element();
        let mut opening = '[';
        let start = self.writer.text.len();
        loop {
            let before = self.writer.text.len();
            self.writer.text.push(opening);
            let node = Node { writer: &mut *self.writer, place, is_label: false };
            if elements.next_element_seed(node)?.is_none() {
                self.writer.text.truncate(before);
                break;
            }
            opening = ',';
        }
        self.writer.text.push_str(if self.writer.text.len() == start { "[]" } else { "]" });
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        if self.place == Place::Secret {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            self.writer.hide();
            return Ok(());
        }
        let (mut opening, mut names_secret, mut labelled) = ('{', false, Vec::new());
        while let Some(name) = members.next_key_seed(Name)? {
            self.writer.text.push(opening);
            opening = ',';
            let depth = self.writer.depth;
            self.writer.write_text(&name, &text::redact(&name, depth));
            self.writer.text.push(':');
            let start = self.writer.text.len();
            let known = names::Name::new(&name);
            let place = self.place.of_member(&known, name.eq_ignore_ascii_case("payload"));
            let is_label = known.is_label();
            members.next_value_seed(Node { writer: &mut *self.writer, place, is_label })?;
            names_secret |= std::mem::take(&mut self.writer.label_is_secret) && is_label;
            if known.is_labelled() {
                labelled.push(start..self.writer.text.len());
            }
        }
        self.writer.text.push_str(if opening == '{' { "{}" } else { "}" });
        if names_secret {
            self.hide_ranges(&labelled);
        }
        Ok(())
    }
}

/// Decodes both alphabets, with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Redacts the payload of a part: a text in base64, also if its alphabet, padding or line breaks are not those that
/// Fabric accepts. A payload that is not text is shown unchanged, and one that cannot be decoded is hidden.
fn redact_payload(payload: &str, depth: usize) -> Cow<'_, str> {
    let Ok(bytes) = LENIENT.decode(payload).or_else(|_| LENIENT.decode(in_standard_alphabet(payload))) else {
        return if names::are_mentioned(payload) { Cow::Borrowed(REDACTED) } else { text::redact(payload, depth) };
    };
    let Some(decoded) = body::decode(&bytes) else { return Cow::Borrowed(payload) };
    let redacted = text::redact(&decoded, depth);
    if redacted == decoded { Cow::Borrowed(payload) } else { Cow::Owned(STANDARD.encode(redacted.as_bytes())) }
}

/// Returns base64 without line breaks, and with the alphabet of base64url replaced by the standard one.
fn in_standard_alphabet(payload: &str) -> String {
    let standard = |c| match c {
        '-' => '+',
        '_' => '/',
        other => other,
    };
    payload.chars().filter(|c| !c.is_whitespace()).map(standard).collect()
}

/// The name of a member. It is copied only if it contains escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let redacted = redact(json, 0).expect("it is JSON");
        assert_eq!(redacted.text, expected);
        assert_eq!(redacted.is_changed, expected.contains("***"), "{json}");
    }

    #[test]
    fn secrets_are_redacted_by_name() {
        check(
            r#"{"Password":"S","key":null,"pin":1,"name":"n"}"#,
            r#"{"Password":"***","key":null,"pin":"***","name":"n"}"#,
        );
        check(r#"{"client-secret":["S"],"password":[{"v":"S"}]}"#, r#"{"client-secret":"***","password":"***"}"#);
        check(r#"{"pass\u0077ord":"S"}"#, r#"{"password":"***"}"#);
        check(r#"{"continuationToken":"t","keys":[{"kid":"k"}]}"#, r#"{"continuationToken":"t","keys":[{"kid":"k"}]}"#);
        check(r#"[{},[],"",-1,2,1.5,true,{"a":[[1],{"b":2}]}]"#, r#"[{},[],"",-1,2,1.5,true,{"a":[[1],{"b":2}]}]"#);
        check(r#"{"x":"a=1;password=S"}"#, r#"{"x":"a=1;password=***"}"#);
        check(r#"{"a?sig=S":1}"#, r#"{"a?sig=***":"***"}"#);
        assert!(redact("{\"a\":1}x", 0).is_none() && redact("", 0).is_none());
    }

    #[test]
    fn credentials_show_types_names_and_ids() {
        check(
            r#"{"credentials":{"credentialType":"Basic","username":"u","other":"S","values":[{"gatewayId":"g","x":1}]}}"#,
            r#"{"credentials":{"credentialType":"Basic","username":"u","other":"***","values":[{"gatewayId":"g","x":"***"}]}}"#,
        );
        check(r#"{"credentials":["S",{"username":["S"]}]}"#, r#"{"credentials":["***",{"username":["***"]}]}"#);
        check(r#"{"credentialDetails":"S","credentials":null}"#, r#"{"credentialDetails":"***","credentials":null}"#);
        check(
            r#"{"credentials":{"passwordReference":{"connectionId":"c","secretName":"n"},"keyReference":"S"}}"#,
            r#"{"credentials":{"passwordReference":{"connectionId":"c","secretName":"n"},"keyReference":"***"}}"#,
        );
    }

    #[test]
    fn labelled_values_are_redacted() {
        check(r#"[{"value":"S","name":"Api-Password"}]"#, r#"[{"value":"***","name":"Api-Password"}]"#);
        check(r#"{"key":"password","value":{"a":1}}"#, r#"{"key":"***","value":"***"}"#);
        check(
            r#"{"name":"password","value":{"name":"x","value":1},"values":null}"#,
            r#"{"name":"password","value":"***","values":null}"#,
        );
        check(
            r#"{"name":"server","value":[{"name":"sig","value":"S"}]}"#,
            r#"{"name":"server","value":[{"name":"sig","value":"***"}]}"#,
        );
    }

    #[test]
    fn payloads_are_redacted_in_base64() {
        let check = |payload: &str, expected: &str| {
            let json = format!(r#"{{"payload":"{}"}}"#, STANDARD.encode(payload));
            assert_eq!(redact(&json, 0).unwrap().text, format!(r#"{{"payload":"{}"}}"#, STANDARD.encode(expected)));
        };
        check(r#"{ "a": "the key" }"#, r#"{ "a": "the key" }"#);
        check(r#"{ "password": "S" }"#, r#"{"password":"***"}"#);
        check("password = \"S\"\nx = 1", "password = ***\nx = 1");
        check("PK\u{3}\u{4}\0password=S", "PK\u{3}\u{4}\0password=S");
    }

    #[test]
    fn documents_in_strings_are_redacted_to_a_depth() {
        let nested = (0..10).fold(r#"{"password":"S3cret"}"#.to_owned(), |inner, _| format!("[{}]", quoted(&inner)));
        let redacted = redact(&nested, 0).unwrap();
        assert!(redacted.is_changed && !redacted.text.contains("S3cret"), "{}", redacted.text);
    }
}
