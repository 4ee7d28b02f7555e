//! Redirect URIs: the addresses to which authorization codes are sent.

use crate::entra::Refusal;

/// A redirect URI that is safe in a header: an absolute URI of visible ASCII characters, without a fragment.
///
/// Entra does not accept the character `#` in redirect URIs, so no part of an answer is ever appended to a fragment of
/// the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedirectUri<'a>(&'a str);

impl<'a> RedirectUri<'a> {
    /// Parses a redirect URI.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
            scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.chars().all(is_allowed)
        });
        let is_valid = scheme.is_some() && text.chars().all(|c| c.is_ascii_graphic() && c != '#');
        if is_valid { Ok(Self(text)) } else { Err(Refusal::invalid_redirect_uri()) }
    }

    /// Returns the URI as the client sent it.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Returns `true` if a browser can send a form to the URI.
    pub fn is_web(self) -> bool {
        let scheme = self.0.split(':').next().unwrap_or_default();
        ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
    }

    /// Returns the URI with an answer in its query.
    pub fn with_query(self, answer: &str) -> String {
        format!("{}{}{answer}", self.0, if self.0.contains('?') { '&' } else { '?' })
    }

    /// Returns the URI with an answer in its fragment.
    pub fn with_fragment(self, answer: &str) -> String {
        format!("{}#{answer}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_absolute_and_have_no_fragment() {
        for uri in [
            "http://localhost:8400",
            "HTTPS://contoso.com/a?b=c",
            "urn:ietf:wg:oauth:2.0:oob",
            "msal5bec0a12-0000://auth",
            "http://[::1]:80/",
        ] {
            assert!(RedirectUri::parse(uri).is_ok(), "{uri}");
        }
        for uri in [
            "",
            "/relative",
            "localhost",
            "://a",
            "1http://a",
            "http ://a",
            "http://a/ b",
            "http://a/\r\nSet-Cookie: a=b",
            "http://a/\t",
            "http://a/\u{0}",
            "http://a/\u{7f}",
            "http://a/\u{85}",
            "http://ä",
            "http://a/#",
            "http://a/#b?c",
        ] {
            assert!(RedirectUri::parse(uri).is_err(), "{uri:?}");
        }
    }

    #[test]
    fn answers_are_added_to_query_or_fragment() {
        let of = |uri| RedirectUri::parse(uri).unwrap();
        assert_eq!(of("http://a").with_query("code=1"), "http://a?code=1");
        assert_eq!(of("http://a/?b").with_query("code=1"), "http://a/?b&code=1");
        assert_eq!(of("http://a/?b").with_fragment("code=1"), "http://a/?b#code=1");
        assert!(of("HTTP://a").is_web() && !of("javascript:alert(1)").is_web() && !of("httpx://a").is_web());
    }
}
