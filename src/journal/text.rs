//! Redaction of secrets in texts: values of members, paths, headers, and bodies without structure.

use std::borrow::Cow;

use super::{REDACTED, json, names};

/// The maximum depth of a text: the number of times that it was percent-encoded, escaped, or written as a string into a
/// JSON document. A text that contains a deeper one is redacted as a whole.
const DEPTH_MAX: usize = 8;

/// The beginning of a JSON object, `{"`, in base64url.
const OBJECT_START: &str = "eyJ";
/// The end of the first line of a private key.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// Redacts the secrets in a text: JSON documents, values of secret names such as `;Password=…` or `?sig=…`, passwords in
/// URLs, bearer tokens, signed tokens and private keys. If a secret shows only after decoding, the whole text is
/// redacted. A text without secrets is returned unchanged.
///
/// `depth` is the number of encodings that were removed from the text.
pub(super) fn redact(text: &str, depth: usize) -> Cow<'_, str> {
    if !may_contain_secret(text) {
        return Cow::Borrowed(text);
    }
    if text.contains(PRIVATE_KEY) {
        return Cow::Borrowed(REDACTED);
    }
    if text.trim_start().starts_with(['{', '[']) {
        if depth >= DEPTH_MAX {
            return Cow::Borrowed(REDACTED);
        }
        match json::redact(text, depth + 1) {
            Some(json) if json.is_changed => return Cow::Owned(json.text),
            Some(_) => return Cow::Borrowed(text),
            None => {}
        }
    }
    if let Some(redacted) = redact_marked(text) {
        return Cow::Owned(redacted);
    }
    // Each step is checked: decoding the password of a URL can destroy the form of the URL.
    match names::decoded_once(text) {
        Some(decoded) if decoded != text && (depth >= DEPTH_MAX || redact(&decoded, depth + 1) != decoded) => {
            Cow::Borrowed(REDACTED)
        }
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// Returns `false` if a text certainly contains no secret that [`redact`] can find. Most texts are of this kind.
fn may_contain_secret(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) || begins_secret(text.as_bytes(), &MAY_BEGIN_SECRET)
}

/// Returns `true` if a URL has neither query nor fragment, and certainly contains no secret. Most URLs are of this kind.
pub(super) fn is_plain(url: &str) -> bool {
    !begins_secret(url.as_bytes(), &MAY_BEGIN_SECRET_OF_URL)
}

/// Returns `true` if a secret, or one of the other bytes in the table, may begin in a text.
fn begins_secret(bytes: &[u8], may_begin: &[bool; 256]) -> bool {
    let begins = |at: usize| match bytes[at] {
        b'e' => bytes[at..].starts_with(OBJECT_START.as_bytes()),
        b'b' | b'B' => begins_bearer(&bytes[at..]),
        b'P' => bytes[at..].starts_with(PRIVATE_KEY.as_bytes()),
        _ => true,
    };
    bytes.iter().enumerate().any(|(at, byte)| may_begin[usize::from(*byte)] && begins(at))
}

/// The bytes at which a secret may begin.
const MAY_BEGIN_SECRET: [bool; 256] = table(b"=:%\\ebBP");
/// The same, with the bytes that begin a query, a fragment or a JSON document.
const MAY_BEGIN_SECRET_OF_URL: [bool; 256] = table(b"=:%\\ebBP?&#{[");

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut n = 0;
    while n < bytes.len() {
        table[bytes[n] as usize] = true;
        n += 1;
    }
    table
}

/// Redacts the secrets that are marked as such in a text. Returns `None` if there is none.
fn redact_marked(text: &str) -> Option<String> {
    let mut redacted = None;
    for pass in [redact_assignments, redact_user_information, redact_bearers, redact_tokens] {
        redacted = pass(redacted.as_deref().unwrap_or(text)).or(redacted);
    }
    redacted
}

/// Replaces parts of a text by [`REDACTED`]. The ranges are in ascending order. Returns `None` if there is none.
fn replace(text: &str, ranges: &[(usize, usize)]) -> Option<String> {
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in ranges {
        replaced.push_str(&text[copied..*start]);
        replaced.push_str(REDACTED);
        copied = *end;
    }
    replaced.push_str(&text[copied..]);
    (!ranges.is_empty()).then_some(replaced)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-%+$\\".contains(&byte)
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_quote(byte: u8) -> bool {
    b"\"'`".contains(&byte)
}

/// Redacts the values of secret names: `name=value`, `"name": value`, and `name: value` at the beginning of a line, of a
/// quotation or of a list element.
fn redact_assignments(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut ranges, mut at, mut from) = (Vec::new(), 0, 0);
    while let Some(mark) = bytes[at..].iter().position(|byte| b"=:".contains(byte)).map(|found| at + found) {
        at = mark + 1;
        if names_secret(text, from, mark) {
            let is_space = |byte: &u8| is_blank(*byte) || b"=>".contains(byte) && bytes[mark] == b'=';
            let start = at + bytes[at..].iter().take_while(|byte| is_space(byte)).count();
            let end = value_end(bytes, start, bytes[mark] == b':');
            if end > start {
                ranges.push((start, end));
                (at, from) = (end, end);
            }
        }
    }
    replace(text, &ranges)
}

/// Returns `true` if the name before the mark (`=` or `:`) is that of a secret. The name begins at `from` or later.
fn names_secret(text: &str, from: usize, mark: usize) -> bool {
    let before = &text.as_bytes()[from..mark];
    let blanks = before.iter().rev().take_while(|byte| is_blank(**byte)).count();
    let before = &before[..before.len() - blanks];
    let quotes = before.iter().rev().take_while(|byte| is_quote(**byte) || **byte == b'\\').count();
    let before = &before[..before.len() - quotes];
    let length = before.iter().rev().take_while(|byte| is_name(**byte)).count();
    let end = from + before.len();
    let name = &text[end - length..end];
    let begins_line = || {
        let line = before[..before.len() - length].iter().rev().take_while(|byte| is_blank(**byte) || **byte == b'-');
        let rest = before.len() - length - line.count();
        rest == 0 && from == 0 || rest > 0 && b"\n{,;(\"'".contains(&before[rest - 1])
    };
    let is_assignment = || text.as_bytes()[mark] == b'=' || quotes > 0 || begins_line();
    length > 0 && is_assignment() && names::Name::new(name).is_secret()
}

/// Returns the end of the value that begins at `start`. A value in quotes or braces ends with them. Any other value ends
/// before a separator that another name follows, or at the end of the text. In a JSON document (`is_json`) that cannot
/// be parsed, the end of an object or array is not known.
fn value_end(bytes: &[u8], start: usize, is_json: bool) -> usize {
    let slashes = bytes[start..].iter().take_while(|byte| **byte == b'\\').count();
    let (end, closing): (_, &[u8]) = match bytes.get(start + slashes) {
        Some(b'[') => return bytes.len(),
        Some(b'{') if is_json => return bytes.len(),
        Some(b'{') => (quoted_end(bytes, start, b'}', 0), b";&\r\n"),
        Some(quote) if is_quote(*quote) => (quoted_end(bytes, start + slashes, *quote, slashes), b" \t\r\n,;&)]}<>\"'"),
        Some(_) | None => (start, b""),
    };
    if end > start && bytes.get(end).is_none_or(|byte| closing.contains(byte)) {
        return end;
    }
    let ends_value =
        |at: &usize| b";&,\n".contains(&bytes[*at]) && begins_assignment(&bytes[at + 1..], bytes[*at] == b'\n');
    (end..bytes.len()).find(ends_value).unwrap_or(bytes.len())
}

/// Returns the end of a text in quotes. A quote inside the text is doubled, or escaped with more backslashes than the
/// enclosing quotes.
fn quoted_end(bytes: &[u8], open: usize, quote: u8, slashes: usize) -> usize {
    let (mut at, mut run) = (open + 1, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match *byte {
            b'\\' => run += 1,
            byte if byte != quote => run = 0,
            _ if run > slashes => run = 0,
            _ if bytes.get(at) == Some(&quote) => at += 1,
            _ => return at,
        }
    }
    bytes.len()
}

/// Returns `true` if the bytes begin with a name and `=`. On a new line a name and `:` count too, and the value must
/// not be empty.
fn begins_assignment(bytes: &[u8], is_line: bool) -> bool {
    let is_part = |byte: u8| is_name(byte) || byte == b'.' || is_blank(byte) || is_line && is_quote(byte);
    let length = bytes.iter().take_while(|byte| is_part(**byte)).count();
    match bytes.get(length..) {
        Some([b'=' | b':', next, ..]) if is_line => !b"=\r\n".contains(next),
        Some([b'=', ..]) => length > 0 && !is_line,
        Some(_) | None => false,
    }
}

/// Redacts the passwords in URLs, such as `https://user:password@host`.
fn redact_user_information(text: &str) -> Option<String> {
    const MARK: &str = "://";
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(MARK).map(|found| at + found + MARK.len()) {
        let length = text[start..].find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c));
        let authority = &text[start..length.map_or(text.len(), |length| start + length)];
        at = start + authority.len();
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some((name, password)) = user.split_once(':')
            && !password.is_empty()
        {
            ranges.push((start + name.len() + 1, start + user.len()));
        }
    }
    replace(text, &ranges)
}

/// The scheme of bearer tokens.
const BEARER: &[u8] = b"bearer";

fn begins_bearer(bytes: &[u8]) -> bool {
    bytes.get(..BEARER.len()).is_some_and(|word| word.eq_ignore_ascii_case(BEARER))
}

/// Redacts the word after `Bearer`, unless the word is `token`.
fn redact_bearers(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(found) = (at..bytes.len()).find(|at| begins_bearer(&bytes[*at..])) {
        at = found + BEARER.len();
        let blanks = bytes[at..].iter().take_while(|byte| is_blank(**byte)).count();
        let start = at + blanks;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
        let end = start + bytes[start..].iter().take_while(|byte| is_part(byte)).count();
        if blanks > 0 && end > start && !bytes[start..end].eq_ignore_ascii_case(b"token") {
            ranges.push((start, end));
        }
        at = end;
    }
    replace(text, &ranges)
}

/// Redacts the signed and encrypted tokens in a text. Such a token begins with a JSON object in base64url, and has
/// three or five parts, separated by dots. A token can be cut off, but then its second part is a JSON object too.
fn redact_tokens(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(OBJECT_START).map(|found| at + found) {
        let length = text[start..].find(|c: char| !is_part(c)).unwrap_or(text.len() - start);
        at = start + length;
        let mut parts = text[start..at].split('.').skip(1);
        if parts.next().is_some_and(|part| part.starts_with(OBJECT_START)) || parts.next().is_some() {
            ranges.push((start, at));
        }
    }
    replace(text, &ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::machine_time;

    #[test]
    fn signed_tokens_are_redacted_in_any_text() {
        for (text, shown) in [
            ("a eyJh.eyJi.c- b", "a *** b"),
            ("the token eyJh.eyJi.c. And eyJh.b.c.d.e", "the token *** And ***"),
            ("\"eyJh.eyJi.\",\"eyJh.x.y\"", "\"***\",\"***\""),
            ("cut off: eyJh.eyJi", "cut off: ***"),
            ("eyJub3QgYSB0b2tlbiJ9 eyJh.b", "eyJub3QgYSB0b2tlbiJ9 eyJh.b"),
            ("ends with eyJ", "ends with eyJ"),
            ("", ""),
        ] {
            assert_eq!(redact(text, 0), shown);
        }
    }

    /// A scan that is not linear takes minutes for such texts.
    #[test]
    fn long_texts_are_redacted_in_one_pass() {
        for piece in
            ["=", ":", "a=", "a:\n", "password=", "pwd=x;a=1;", "\"key\":", "bearer ", "eyJ.", "://a:", "%25", ";", " "]
        {
            for text in [piece.repeat((1 << 20) / piece.len()), format!("x password={}", piece.repeat(200_000))] {
                let begun = machine_time();
                let _ = redact(&text, 0);
                assert!(machine_time().duration_since(begun).as_secs() < 20, "{piece:?}");
            }
        }
    }

    #[test]
    fn marked_secrets_are_redacted_in_any_text() {
        for (text, shown) in [
            ("Server=s;User ID=u;Password=S;Database=d", "Server=s;User ID=u;Password=***;Database=d"),
            ("Server=s;pwd = S;x;&y", "Server=s;pwd = ***"),
            ("AccountName=a;AccountKey=S1==;EndpointSuffix=e", "AccountName=a;AccountKey=***;EndpointSuffix=e"),
            ("Password=\"S;x=1\"\"S\";Server=s", "Password=***;Server=s"),
            ("Pwd={S;x=1};Server=s", "Pwd=***;Server=s"),
            ("host:6380,password=S,ssl=True", "host:6380,password=***,ssl=True"),
            ("https://h/a?sv=1&sig=S%2B&se=2", "https://h/a?sv=1&sig=***&se=2"),
            ("https://u:S@h/a ftp://u@h x://v:S", "https://u:***@h/a ftp://u@h x://v:S"),
            ("curl -H 'Authorization: bearer S.1'", "curl -H 'Authorization: ***"),
            ("`Bearer TOKEN` is needed", "`Bearer TOKEN` is needed"),
            ("{\"password\": \"S\", \"a\"", "{\"password\": ***, \"a\""),
            ("x {\\\"password\\\":\\\"S\\\",\\\"a\\\":1}", "x {\\\"password\\\":***,\\\"a\\\":1}"),
            ("a: 1\n  password: S S\nb: 2", "a: 1\n  password: ***\nb: 2"),
            ("not valid: credentials.password: unexpected type", "not valid: credentials.password: unexpected type"),
            ("a%3Fsig%3DS", "***"),
            ("a%253Fsig%253DS", "***"),
            ("https%3A%2F%2Fu%3AS%252FS%40h", "***"),
            ("x {\"pass\\u0077ord\":\"S\"}", "x {\"pass\\u0077ord\":***}"),
            ("{\"a\":{\"password\":\"S\"}}", "{\"a\":{\"password\":\"***\"}}"),
            ("{ \"a\" : 1 }", "{ \"a\" : 1 }"),
            ("-----BEGIN RSA PRIVATE KEY-----", "***"),
            ("a=1;b=2 100% 50%25", "a=1;b=2 100% 50%25"),
            ("cGFzc3dvcmQ=", "cGFzc3dvcmQ="),
        ] {
            assert_eq!(redact(text, 0), shown);
        }
    }
}
