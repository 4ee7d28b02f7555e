//! Bodies in the journal: decoding, and the redaction that suits the kind of the content.

use std::borrow::Cow;

use super::json::quoted;
use super::{REDACTED, json, names, text, url};

/// Returns a body without its secrets, as JSON. A body that is not JSON becomes a string, and an empty body becomes
/// null. A body of more than `max` bytes is replaced by its size.
///
/// A body that cannot be read, and a text without structure that may contain a secret, are redacted as a whole.
pub(super) fn redact(body: &[u8], max: usize) -> String {
    if body.is_empty() {
        return "null".to_owned();
    }
    if body.len() > max {
        return quoted(&format!("({} bytes, not kept: more than {max})", body.len()));
    }
    let Some(body) = decode(body) else { return quoted(REDACTED) };
    if let Some(json) = json::redact(&body, 0) {
        json.text
    } else if url::is_form(&body) {
        quoted(&url::redact_form(&body))
    } else if names::are_mentioned(&body) || url::has_secret_parameter(&body) {
        quoted(REDACTED)
    } else {
        quoted(&text::redact(&body, 0))
    }
}

/// Decodes a text in UTF-8 or UTF-16, with or without a byte order mark. Returns `None` if it is not text.
pub(super) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = match bytes {
        [0xFF, 0xFE, text @ ..] => decode_utf16(text, u16::from_le_bytes),
        [0xFE, 0xFF, text @ ..] => decode_utf16(text, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, text @ ..] => std::str::from_utf8(text).ok().map(Cow::Borrowed),
        // Forms and JSON begin with an ASCII character, which has a zero byte in UTF-16.
        [0, 1..=u8::MAX, ..] => decode_utf16(bytes, u16::from_be_bytes),
        [1..=u8::MAX, 0, ..] => decode_utf16(bytes, u16::from_le_bytes),
        _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    };
    text.filter(|text| !text.contains('\0'))
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let (units, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(units.iter().map(|bytes| unit(*bytes))).collect();
    text.ok().filter(|_| rest.is_empty()).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_redacted_by_kind() {
        for (body, shown) in [
            ("", "null"),
            ("{\"a\" : 1}", "{\"a\":1}"),
            ("{\"password\":\"S\"", "\"***\""),
            ("{\"pass\\u0077ord\":\"S\"", "\"***\""),
            ("a=1&client_secret=S&code=S\n", "\"a=1&client_secret=***&code=***\""),
            ("plain", "\"plain\""),
            ("the secret is S", "\"***\""),
            ("sig: S", "\"***\""),
            ("a=1;code=S", "\"a=***\""),
            ("a=1\ncode=S", "\"***\""),
            ("client%255Fsecret%253DS", "\"***\""),
            ("design", "\"design\""),
            ("0123456789012345678901234567890123456789", "\"(40 bytes, not kept: more than 39)\""),
        ] {
            assert_eq!(redact(body.as_bytes(), 39), shown);
        }
        assert_eq!(redact(b"\xC3\x28", 39), "\"***\"");
        assert_eq!(redact(b"a\0b", 39), "\"***\"");
    }

    #[test]
    fn utf_16_is_decoded_with_and_without_mark() {
        let text = "{\"password\":\"S\",\"é\":1}";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for body in [[&b"\xFF\xFE"[..], &le].concat(), [&b"\xFE\xFF"[..], &be].concat(), le, be] {
            assert_eq!(redact(&body, 99), "{\"password\":\"***\",\"é\":1}");
        }
        assert_eq!(redact(b"\xEF\xBB\xBF{\"a\":1}", 99), "{\"a\":1}");
    }
}
