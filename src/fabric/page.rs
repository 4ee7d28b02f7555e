//! Pages of a list: a continuation token holds the last position that was given out, in the list's own order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fabric::{ErrorCode, FabricError};

/// A place in a list that never changes hands: positions are given in order of creation, and not again.
pub type Position = u64;

/// Where to go on, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The last position of the page before.
    pub after: Option<Position>,
    /// The most elements.
    pub size: u32,
}

/// Some elements of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The elements, in the list's order.
    pub elements: Vec<T>,
    /// The position of the last one, where more follow.
    pub next: Option<Position>,
}

impl PageRequest {
    /// Cuts a page out of what stands after [`Self::after`]: `rest` must begin there.
    pub fn cut<T>(self, mut rest: impl Iterator<Item = (Position, T)>) -> Page<T> {
        let size = self.size as usize;
        let mut last = None;
        let mut elements = Vec::new();
        for (position, element) in rest.by_ref().take(size) {
            last = Some(position);
            elements.push(element);
        }
        Page { elements, next: last.filter(|_| rest.next().is_some()) }
    }
}

impl<T> Page<T> {
    /// The same page of other elements.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { elements: self.elements.into_iter().map(f).collect(), next: self.next }
    }
}

/// The token that leads on from a position: base64, its padding percent-encoded already, as the service hands it out.
pub fn token(position: Position) -> String {
    // Seven bytes pad to `=`: eleven digits would not, so the form is fixed to make every token end alike.
    STANDARD.encode(format!(",{position:019},0")).replace('=', "%3D").replace('+', "%2B").replace('/', "%2F")
}

/// The position that a token holds. The query has been percent-decoded once by now.
pub fn position(token: &str) -> Result<Position, FabricError> {
    // Some of the documentation's samples wrap the token in single quotes.
    let token = token.trim_matches('\'');
    read(token).ok_or_else(|| ErrorCode::InvalidContinuationToken.into())
}

/// Whether a token is still percent-encoded after one decoding: somebody encoded it once more.
pub fn is_encoded(token: &str) -> bool {
    token.contains('%')
}

fn read(token: &str) -> Option<Position> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    text.strip_prefix(',')?.strip_suffix(",0")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_percent_encoded_once_and_leads_back() {
        for at in [0, 1, 42, u64::MAX] {
            let token = token(at);
            assert!(token.ends_with("%3D"), "{token}");
            assert_eq!(position(&token.replace("%3D", "=")), Ok(at));
        }
        assert!(position("garbage").is_err());
        assert!(position(&token(1)).is_err(), "a token that was encoded twice is none");
    }

    #[test]
    fn a_page_tells_whether_more_follow() {
        let list = [(3, 'a'), (5, 'b'), (9, 'c')];
        let cut = |size| PageRequest { after: None, size }.cut(list.into_iter());
        assert_eq!(cut(2), Page { elements: vec!['a', 'b'], next: Some(5) });
        assert_eq!(cut(3), Page { elements: vec!['a', 'b', 'c'], next: None });
    }
}
