//! Pages of a list. A continuation token contains the position of the last element of a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fabric::{ErrorCode, FabricError};

/// The position of an element in a list. Positions are assigned in order of creation and never reused.
pub type Position = u64;

/// The start and the size of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The position of the last element of the previous page; `None` for the first page.
    pub after: Option<Position>,
    /// Maximum number of elements on the page.
    pub size: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The elements, in the order of the list.
    pub elements: Vec<T>,
    /// The position of the last element of this page; `None` if no more elements follow.
    pub next: Option<Position>,
}

impl PageRequest {
    /// Returns the page that begins with the first element of `rest`. `rest` must contain the elements after the
    /// position [`Self::after`].
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
    /// Converts the elements of the page.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { elements: self.elements.into_iter().map(f).collect(), next: self.next }
    }
}

/// Returns the continuation token for a position. The token is percent-encoded base64, like the tokens of the service.
pub fn token(position: Position) -> String {
    // All tokens have the same length and padding, because the number has a fixed width.
    STANDARD.encode(format!(",{position:019},0")).replace('=', "%3D").replace('+', "%2B").replace('/', "%2F")
}

/// Returns the position in a continuation token. The caller must have percent-decoded the token once.
pub fn position(token: &str) -> Result<Position, FabricError> {
    // Some samples in Fabric's documentation enclose the token in single quotes.
    let token = token.trim_matches('\'');
    read(token).ok_or_else(|| ErrorCode::InvalidContinuationToken.into())
}

/// Returns `true` if a token that was percent-decoded once is still percent-encoded, because the client encoded the
/// token a second time.
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
    fn token_is_percent_encoded_and_holds_position() {
        for at in [0, 1, 42, u64::MAX] {
            let token = token(at);
            assert!(token.ends_with("%3D"), "{token}");
            assert_eq!(position(&token.replace("%3D", "=")), Ok(at));
        }
        assert!(position("garbage").is_err());
        assert!(position(&token(1)).is_err(), "a token that was encoded twice is invalid");
    }

    #[test]
    fn page_has_next_position_if_more_follow() {
        let list = [(3, 'a'), (5, 'b'), (9, 'c')];
        let cut = |size| PageRequest { after: None, size }.cut(list.into_iter());
        assert_eq!(cut(2), Page { elements: vec!['a', 'b'], next: Some(5) });
        assert_eq!(cut(3), Page { elements: vec!['a', 'b', 'c'], next: None });
    }
}
