//! Files in a request: the first file of a body of the type `multipart/form-data`, or else the body itself.

use axum::http::header::{self, HeaderMap};

use crate::fabric::FabricError;

/// A file in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File<'a> {
    /// The name; `None` if the body does not name the file.
    pub(super) name: Option<&'a str>,
    /// The content.
    pub(super) content: &'a [u8],
}

/// Returns the file in a body.
///
/// # Errors
///
/// Returns an error if the body should have parts, and has no part with the name of a file.
pub(super) fn file<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<File<'a>, FabricError> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    if !media.to_ascii_lowercase().starts_with("multipart/") {
        return Ok(File { name: None, content: body });
    }
    let file = parameter(media, "boundary").and_then(|boundary| first_file(body, boundary));
    file.ok_or_else(|| FabricError::invalid_input("The request body has no part with the name of a file."))
}

fn first_file<'a>(body: &'a [u8], boundary: &str) -> Option<File<'a>> {
    let delimiter = format!("--{boundary}");
    let mut rest = &body[find(body, delimiter.as_bytes())? + delimiter.len()..];
    // The delimiter after the first part is preceded by a line end.
    let next = format!("\r\n{delimiter}");
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, next.as_bytes())?;
        if let Some(file) = read_part(&part[..end]) {
            return Some(file);
        }
        rest = &part[end + next.len()..];
    }
    None
}

/// Reads a part; `None` if its headers name no file.
fn read_part(part: &[u8]) -> Option<File<'_>> {
    const BLANK: &[u8] = b"\r\n\r\n";
    let blank = find(part, BLANK)?;
    let headers = std::str::from_utf8(&part[..blank]).ok()?;
    let disposition = headers.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = parameter(disposition, "filename").filter(|name| !name.is_empty())?;
    Some(File { name: Some(name), content: &part[blank + BLANK.len()..] })
}

/// Returns a parameter of a header, without its quotes.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read<'a>(media: &'static str, body: &'a [u8]) -> Option<File<'a>> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media))]);
        file(&headers, body).ok()
    }

    #[test]
    fn file_is_the_first_part_with_a_file_name_or_the_body() {
        const MEDIA: &str = "multipart/form-data; boundary=\"x\"";
        let named = |content: &'static [u8]| Some(File { name: Some("a.py"), content });
        let part = |text: &str| format!("--x\r\nContent-Disposition: form-data; {text}\r\n--x--\r\n").into_bytes();
        assert_eq!(read(MEDIA, &part("name=\"file\"; filename=\"a.py\"\r\n\r\nprint()")), named(b"print()"));
        assert_eq!(read(MEDIA, &part("name=f; filename=a.py\r\nContent-Type: text/plain\r\n\r\n")), named(b""));
        let two = b"--x\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; filename=a.py\r\n\r\n--\r\n--x--";
        assert_eq!(read(MEDIA, two), named(b"--"));
        assert_eq!(read("application/octet-stream", b"--x"), Some(File { name: None, content: b"--x" }));
        for body in [&b""[..], b"--x", b"--x--", b"--x\r\n", b"--x\r\n\r\n\r\n--x--", b"--x\r\n\xff\r\n\r\n\r\n--x"] {
            assert_eq!(read(MEDIA, body), None, "{body:?}");
        }
        assert_eq!(read("multipart/form-data", b"--x"), None);
    }
}
