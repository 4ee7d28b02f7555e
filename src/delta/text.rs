//! The text of delimited files: decoding to UTF-8, and splitting into records and cells.

use std::io::Read as _;

use super::error::Problem;
use super::files::ContentReader;

/// The longest record of a delimited file, in bytes. [guessed]
const RECORD_BYTES_MAX: usize = 64 << 20;

/// The encoding of a delimited file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// UTF-16. The byte order mark decides the order, and without one it is little endian.
    Utf16,
    /// UTF-16, big endian unless a byte order mark says otherwise.
    Utf16BigEndian,
    /// Windows-1252.
    Windows1252,
    /// ISO 8859-1.
    Latin1,
}

impl Encoding {
    /// Returns the encoding with a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "utf-8 without bom" | "us-ascii" | "ascii" => Self::Utf8,
            "utf-16" | "utf-16le" => Self::Utf16,
            "utf-16be" => Self::Utf16BigEndian,
            "windows-1252" => Self::Windows1252,
            "iso-8859-1" => Self::Latin1,
            _ => return None,
        })
    }
}

/// The end of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowSeparator {
    /// Any of `\r\n`, `\n` and `\r`.
    #[default]
    Any,
    /// Only `\r\n`.
    CrLf,
    /// Only this character.
    Only(u8),
}

/// The characters that delimit cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// The end of a record.
    pub row: RowSeparator,
    /// The end of a cell.
    pub column: u8,
    /// The character around a cell, if there is one.
    pub quote: Option<u8>,
    /// The character before a quote inside a cell, if there is one.
    pub escape: Option<u8>,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { row: RowSeparator::Any, column: b',', quote: Some(b'"'), escape: Some(b'\\') }
    }
}

/// The bytes of a text in UTF-8, decoded block by block.
#[derive(Debug)]
struct Decoder {
    input: ContentReader,
    encoding: Encoding,
    is_begun: bool,
    /// Bytes that were read and not decoded.
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
}

impl Decoder {
    /// Returns the next byte without taking it, or `None` at the end.
    fn peek(&mut self) -> Result<Option<u8>, Problem> {
        while self.at == self.text.len() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(self.text.get(self.at).copied())
    }

    /// Takes the next byte, or `None` at the end.
    fn next(&mut self) -> Result<Option<u8>, Problem> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    /// Decodes a further block. Returns `false` at the end.
    fn fill(&mut self) -> Result<bool, Problem> {
        const BLOCK_BYTES: usize = 256 << 10;
        let before = self.raw.len();
        self.raw.resize(before + BLOCK_BYTES, 0);
        let read = self.input.read(&mut self.raw[before..]).map_err(Problem::storage)?;
        self.raw.truncate(before + read);
        self.text.clear();
        self.at = 0;
        if !self.is_begun && (self.raw.len() > 2 || read == 0) {
            self.is_begun = true;
            self.skip_mark();
        }
        if self.is_begun {
            self.decode(read == 0)?;
        }
        Ok(read > 0 || !self.text.is_empty())
    }

    /// Removes a byte order mark, and takes the byte order from it.
    fn skip_mark(&mut self) {
        let (encoding, length) = match (self.encoding, self.raw.as_slice()) {
            (Encoding::Utf8, [0xef, 0xbb, 0xbf, ..]) => (Encoding::Utf8, 3),
            (Encoding::Utf16 | Encoding::Utf16BigEndian, [0xff, 0xfe, ..]) => (Encoding::Utf16, 2),
            (Encoding::Utf16 | Encoding::Utf16BigEndian, [0xfe, 0xff, ..]) => (Encoding::Utf16BigEndian, 2),
            (encoding, _) => (encoding, 0),
        };
        self.encoding = encoding;
        self.raw.drain(..length);
    }

    /// Moves all complete characters from `raw` to `text`.
    fn decode(&mut self, is_end: bool) -> Result<(), Problem> {
        let taken = match self.encoding {
            Encoding::Utf8 => self.decode_utf8()?,
            Encoding::Utf16 => self.decode_utf16(u16::from_le_bytes, is_end)?,
            Encoding::Utf16BigEndian => self.decode_utf16(u16::from_be_bytes, is_end)?,
            Encoding::Windows1252 => self.decode_bytes(windows_1252),
            Encoding::Latin1 => self.decode_bytes(char::from),
        };
        self.raw.drain(..taken);
        if is_end && !self.raw.is_empty() { Err(Problem::text("The file ends within a character")) } else { Ok(()) }
    }

    fn decode_utf8(&mut self) -> Result<usize, Problem> {
        let valid = match std::str::from_utf8(&self.raw) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(Problem::text("The file is not encoded as UTF-8")),
        };
        self.text.extend_from_slice(&self.raw[..valid]);
        Ok(valid)
    }

    fn decode_utf16(&mut self, unit: fn([u8; 2]) -> u16, is_end: bool) -> Result<usize, Problem> {
        let mut units: Vec<u16> = self.raw.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        let is_first_half = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
        if is_first_half && !is_end {
            units.pop();
        }
        let text = String::from_utf16(&units).map_err(|_| Problem::text("The file is not encoded as UTF-16"))?;
        self.text.extend_from_slice(text.as_bytes());
        Ok(units.len() * 2)
    }

    fn decode_bytes(&mut self, character: fn(u8) -> char) -> usize {
        let text: String = self.raw.iter().map(|byte| character(*byte)).collect();
        self.text.extend_from_slice(text.as_bytes());
        self.raw.len()
    }
}

/// Returns the character of a byte in Windows-1252.
fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_0X80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The records of a delimited text. The cells are those of the last record that [`next`](Self::next) found.
#[derive(Debug)]
pub(super) struct Records {
    text: Decoder,
    delimiters: Delimiters,
    /// The cells, one after the other.
    bytes: Vec<u8>,
    /// The end of each cell in `bytes`; if it was quoted.
    ends: Vec<(usize, bool)>,
}

/// The part of a cell before the next byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Begin,
    Plain,
    Quoted,
    AfterQuote,
}

impl Records {
    pub(super) fn new(input: ContentReader, encoding: Encoding, delimiters: Delimiters) -> Self {
        let text = Decoder { input, encoding, is_begun: false, raw: Vec::new(), text: Vec::new(), at: 0 };
        Self { text, delimiters, bytes: Vec::new(), ends: Vec::new() }
    }

    /// Reads the next record. Returns `false` at the end. Empty lines are no records.
    pub(super) fn next(&mut self) -> Result<bool, Problem> {
        while self.read_line()? {
            if !self.bytes.is_empty() || self.ends.len() > 1 || self.ends.iter().any(|(_, is_quoted)| *is_quoted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a cell, and `true` if it was quoted. A cell that does not exist is empty.
    pub(super) fn cell(&self, at: usize) -> (&str, bool) {
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        let (end, is_quoted) = self.ends.get(at).copied().unwrap_or((from, false));
        (std::str::from_utf8(&self.bytes[from..end]).unwrap_or(""), is_quoted)
    }

    /// Reads the next line. Returns `false` at the end.
    fn read_line(&mut self) -> Result<bool, Problem> {
        self.bytes.clear();
        self.ends.clear();
        let (mut place, mut is_quoted) = (Place::Begin, false);
        loop {
            if self.bytes.len() > RECORD_BYTES_MAX {
                return Err(Problem::text("A row is too long"));
            }
            let Some(byte) = self.text.next()? else { return self.end_text(place, is_quoted) };
            if place == Place::Quoted {
                place = self.quoted_byte(byte)?;
            } else if byte == self.delimiters.column {
                self.ends.push((self.bytes.len(), is_quoted));
                (place, is_quoted) = (Place::Begin, false);
            } else if self.is_row_end(byte)? {
                self.ends.push((self.bytes.len(), is_quoted));
                return Ok(true);
            } else if place == Place::Begin && Some(byte) == self.delimiters.quote {
                (place, is_quoted) = (Place::Quoted, true);
            } else {
                self.bytes.push(byte);
                place = if place == Place::AfterQuote { Place::AfterQuote } else { Place::Plain };
            }
        }
    }

    /// Ends the last line, which need not have a separator.
    fn end_text(&mut self, place: Place, is_quoted: bool) -> Result<bool, Problem> {
        if place == Place::Quoted {
            return Err(Problem::text("The file ends within a quoted value"));
        }
        if place == Place::Begin && self.ends.is_empty() {
            return Ok(false);
        }
        self.ends.push((self.bytes.len(), is_quoted));
        Ok(true)
    }

    /// Takes a byte inside a quoted cell.
    fn quoted_byte(&mut self, byte: u8) -> Result<Place, Problem> {
        let (quote, escape) = (self.delimiters.quote, self.delimiters.escape);
        let next = if Some(byte) == escape || Some(byte) == quote { self.text.peek()? } else { None };
        let is_escaped = next.is_some()
            && (next == quote && (Some(byte) == escape || Some(byte) == quote)
                || next == escape && Some(byte) == escape);
        if is_escaped {
            self.bytes.extend(self.text.next()?);
        } else if Some(byte) == quote {
            return Ok(Place::AfterQuote);
        } else {
            self.bytes.push(byte);
        }
        Ok(Place::Quoted)
    }

    /// Returns `true` if the byte ends a row. Takes the second byte of the separator.
    fn is_row_end(&mut self, byte: u8) -> Result<bool, Problem> {
        if !matches!(byte, b'\r' | b'\n') && !matches!(self.delimiters.row, RowSeparator::Only(_)) {
            return Ok(false);
        }
        let is_pair = byte == b'\r' && self.text.peek()? == Some(b'\n');
        let is_end = match self.delimiters.row {
            RowSeparator::Only(separator) => return Ok(byte == separator),
            RowSeparator::CrLf => is_pair,
            RowSeparator::Any => true,
        };
        self.text.at += usize::from(is_end && is_pair);
        Ok(is_end)
    }
}
