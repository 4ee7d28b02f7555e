//! Redaction of secrets in URLs, queries and forms.

use std::borrow::Cow;

use super::names::{self, Name};
use super::{REDACTED, text};

/// Redacts the secrets in a URL, or in a path with its query. In the queries of storage hosts (`is_storage`), all values
/// are redacted except those of known parameters.
pub(super) fn redact(url: &str, is_storage: bool) -> Cow<'_, str> {
    const MARKS: [char; 3] = ['?', '&', '#'];
    if text::is_plain(url) {
        return Cow::Borrowed(url);
    }
    let Some(path) = url.find(MARKS) else { return text::redact(url, 0) };
    let mut redacted = text::redact(&url[..path], 0).into_owned();
    let mut rest = &url[path..];
    while let Some(mark) = rest.chars().next() {
        let length = rest[1..].find(MARKS).unwrap_or(rest.len() - 1);
        redacted.push(mark);
        redacted.push_str(&redact_pair(&rest[1..=length], is_storage));
        rest = &rest[length + 1..];
    }
    Cow::Owned(redacted)
}

/// Returns `true` if a text is a form: pairs `name=value`, separated by `&`. Blanks after the last pair are ignored.
pub(super) fn is_form(text: &str) -> bool {
    let text = text.trim_ascii();
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.%".contains(&byte));
    !text.contains(char::is_whitespace)
        && text.split('&').all(|pair| pair.split_once('=').is_some_and(|(name, _)| is_name(name)))
}

/// Redacts the secret parameters of a form.
pub(super) fn redact_form(form: &str) -> String {
    let pairs: Vec<Cow<'_, str>> = form.split('&').map(|pair| redact_pair(pair, false)).collect();
    pairs.join("&")
}

fn redact_pair(pair: &str, is_storage: bool) -> Cow<'_, str> {
    let Some((name, value)) = pair.split_once('=') else { return text::redact(pair, 0) };
    let known = Name::new(name);
    let is_hidden = known.is_secret_parameter() || is_storage && !known.is_storage_parameter();
    if !is_hidden && is_free_of_secrets(name) && is_free_of_secrets(value) {
        return Cow::Borrowed(pair);
    }
    if is_free_of_secrets(name) { Cow::Owned(format!("{name}={REDACTED}")) } else { Cow::Borrowed(REDACTED) }
}

/// Returns `true` if a name or value contains no secret: neither marked in its text nor as a parameter of another query
/// or form. In forms and queries, `+` stands for a space.
fn is_free_of_secrets(encoded: &str) -> bool {
    let spaced = if encoded.contains('+') { Cow::Owned(encoded.replace('+', " ")) } else { Cow::Borrowed(encoded) };
    text::redact(&spaced, 0) == spaced && !has_secret_parameter(&spaced)
}

/// Returns `true` if a text contains a pair `name=value` with the name of a secret parameter.
pub(super) fn has_secret_parameter(text: &str) -> bool {
    let names_secret = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| Name::new(name).is_secret_parameter());
    let is_separator = |c: char| c.is_whitespace() || "?&#;".contains(c);
    names::decoded(text).is_none_or(|text| text.split(is_separator).any(names_secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_the_values_of_secret_parameters() {
        for (url, shown) in [
            ("/a?x=1&Token=S&y", "/a?x=1&Token=***&y"),
            ("/a?client%5Fsecret=S", "/a?client%5Fsecret=***"),
            ("/a?client%255Fsecret=S", "/a?client%255Fsecret=***"),
            ("/a?a=1?sig=S#code=S", "/a?a=1?sig=***#code=***"),
            ("/a?back=https%3A%2F%2Fh%3Fsig%3DS&b=2", "/a?back=***&b=2"),
            ("/a?back=https%3A%2F%2Fh%3Fcode%3DS;b=2", "/a?back=***"),
            ("/a?b=2;code=S", "/a?b=***"),
            ("/a?sig%3DS", "/a?***"),
            ("/a?sig%3DS=1", "/a?***"),
            ("/a;password=S/b", "/a;password=***"),
            ("https://u:S@h/cb?code=S&state=1", "https://u:***@h/cb?code=***&state=1"),
            ("/v1/workspaces?continuationToken=MQ%3D%3D&é=1", "/v1/workspaces?continuationToken=MQ%3D%3D&é=1"),
            ("", ""),
        ] {
            assert_eq!(redact(url, false), shown);
        }
    }

    #[test]
    fn storage_urls_show_known_parameters_only() {
        let url = "/ws/item?resource=filesystem&recursive=false&sv=1&sp=S&new=S&sig=S";
        assert_eq!(redact(url, true), "/ws/item?resource=filesystem&recursive=false&sv=***&sp=***&new=***&sig=***");
    }

    #[test]
    fn forms_may_end_with_blanks() {
        assert!(is_form("a=1&b=2\r\n") && !is_form("a=1\nb=2") && !is_form("text"));
        assert_eq!(redact_form("a=1&client_secret=S\n"), "a=1&client_secret=***");
    }
}
