//! SHA-256 hashes of contents.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256, digest};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The length of a hash, in bytes.
const LENGTH: usize = 32;

/// The SHA-256 hash of a content, written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; LENGTH]);

/// A content: its hash and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The hash of the bytes.
    pub hash: ContentHash,
    /// The number of bytes.
    pub length: u64,
}

impl Content {
    /// Returns the content of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { hash: ContentHash::from_digest(digest(&SHA256, bytes).as_ref()), length: bytes.len() as u64 }
    }

    /// Returns the content without bytes.
    pub fn empty() -> Self {
        Self::of(&[])
    }
}

impl ContentHash {
    /// Returns the hash of the bytes that a context has read.
    pub fn finish(context: Context) -> Self {
        Self::from_digest(context.finish().as_ref())
    }

    fn from_digest(digest: &[u8]) -> Self {
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(digest);
        Self(bytes)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ContentHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "64 hexadecimal digits were expected";
        if text.len() != 2 * LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(expected);
        }
        let mut bytes = [0; LENGTH];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| expected)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_as_they_are_written() {
        let empty = Content::empty();
        assert_eq!(empty.hash.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(empty.hash.to_string().parse(), Ok(empty.hash));
        assert!("e3".parse::<ContentHash>().is_err());
    }
}
