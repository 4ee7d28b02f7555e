//! Mutations: changes of a valid request, of its bytes, and of what a client does with the connection.

use fastrand::Rng;

use crate::requests::Request;

/// Mutations with their names.
type Mutations<T> = &'static [(&'static str, fn(&mut T, &mut Rng))];

/// Changes of a request.
pub(crate) const OF_REQUESTS: Mutations<Request> = &[
    ("method", |request, rng| request.method = pick(rng, METHODS).to_owned()),
    ("long method", |request, rng| request.method = "M".repeat(rng.usize(1..60_000))),
    ("target", |request, rng| request.target = pick(rng, TARGETS).to_owned()),
    ("long target", |request, rng| request.target.push_str(&"/a%2F".repeat(rng.usize(1..20_000)))),
    ("segment", |request, rng| {
        let mut segments: Vec<&str> = request.target.split('/').collect();
        let at = rng.usize(..segments.len());
        segments[at] = pick(rng, SEGMENTS);
        request.target = segments.join("/");
    }),
    ("query", |request, rng| request.target.push_str(pick(rng, QUERIES))),
    ("header", |request, rng| {
        let (name, value) = pick_of(rng, HEADERS);
        request.set(name, value);
    }),
    ("second header", |request, rng| {
        let (name, value) = pick_of(rng, HEADERS);
        request.headers.push((name.to_owned(), value.into()));
    }),
    ("no header", |request, rng| {
        if !request.headers.is_empty() {
            request.headers.remove(rng.usize(..request.headers.len()));
        }
    }),
    ("many headers", |request, rng| {
        let number = rng.usize(1..300);
        request.headers.extend((0..number).map(|number| (format!("x-{number}"), b"v".to_vec())));
    }),
    ("long header", |request, rng| request.set("x-long", vec![b'v'; rng.usize(1..500_000)])),
    ("header bytes", |request, rng| request.set("authorization", random_bytes(rng, 200))),
    ("length", |request, rng| request.set("content-length", pick(rng, LENGTHS))),
    ("chunks", |request, rng| {
        request.headers.retain(|(name, _)| name != "content-length");
        request.set("transfer-encoding", "chunked");
        request.body = chunked(&request.body, rng);
    }),
    ("length and chunks", |request, rng| {
        request.set("transfer-encoding", "chunked");
        request.body = chunked(&request.body, rng);
    }),
    ("deep JSON", |request, rng| {
        let (open, depth) = (pick(rng, &["[", "{\"a\":", "[{\"a\":"]), rng.usize(1..100_000));
        set_body(request, open.repeat(depth).into_bytes());
    }),
    ("body bytes", |request, rng| set_body(request, random_bytes(rng, 2_000))),
    ("JSON value", |request, rng| {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
        if quotes.len() >= 2 {
            let at = rng.usize(..quotes.len() - 1);
            let (from, to) = (quotes[at], quotes[at + 1] + 1);
            set_body(request, format!("{}{}{}", &text[..from], pick(rng, VALUES), &text[to..]).into_bytes());
        }
    }),
    ("long value", |request, rng| {
        let value = format!("{{\"displayName\":\"{}\"}}", "é".repeat(rng.usize(1..100_000)));
        set_body(request, value.into_bytes());
    }),
];

/// Changes of the bytes of a request.
pub(crate) const OF_BYTES: Mutations<Vec<u8>> = &[
    ("flip", |bytes, rng| {
        for _ in 0..rng.usize(1..8) {
            let at = rng.usize(..bytes.len());
            bytes[at] ^= 1 << rng.u8(..8);
        }
    }),
    ("insert", |bytes, rng| {
        let at = rng.usize(..=bytes.len());
        let inserted = random_bytes(rng, 20);
        drop(bytes.splice(at..at, inserted));
    }),
    ("delete", |bytes, rng| {
        let at = rng.usize(..bytes.len());
        let end = bytes.len().min(at + rng.usize(1..20));
        drop(bytes.drain(at..end));
    }),
    ("truncate", |bytes, rng| bytes.truncate(rng.usize(1..=bytes.len()))),
    ("repeat", |bytes, rng| *bytes = bytes.repeat(rng.usize(2..20))),
    ("bare line feeds", |bytes, _| bytes.retain(|byte| *byte != b'\r')),
    ("line break", |bytes, rng| {
        let at = rng.usize(..=bytes.len());
        drop(bytes.splice(at..at, pick(rng, &["\r\n", "\r\n\r\n", "\n ", "\0", "\r"]).bytes()));
    }),
    ("version", |bytes, rng| replace(bytes, b"HTTP/1.1", pick(rng, &["HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP", ""]))),
    ("preface", |bytes, _| drop(bytes.splice(..0, *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"))),
    ("TLS garbage", |bytes, rng| {
        let length = rng.u16(..);
        let mut record = vec![0x16, 3, rng.u8(..5)];
        record.extend(length.to_be_bytes());
        record.extend(random_bytes(rng, 2_000));
        *bytes = record;
    }),
    ("TLS hello", |bytes, rng| {
        *bytes = crate::mutated::client_hello();
        if rng.bool() {
            let at = rng.usize(..bytes.len());
            bytes[at] = rng.u8(..);
        }
    }),
    ("tunnel", |bytes, rng| {
        let mut tunnel = b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n".to_vec();
        tunnel.extend(if rng.bool() { crate::mutated::client_hello() } else { bytes.clone() });
        *bytes = tunnel;
    }),
];

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "G\0T", ""];
#[rustfmt::skip]
const TARGETS: &[&str] = &[
    "*", "/", "", "//", "/v1", "/v1/", "/v1/../_emulator/reset", "/%", "/%00", "/%zz", "/v1/workspaces/%ff%fe", "?", "#",
    "http://", "http://[", "http://[::1", "http://user:pw@api.fabric.microsoft.com/v1/workspaces", "https://localhost./v1/workspaces",
    "http://0.0.0.0/", "http://[::ffff:0.0.0.0]:99999/", "api.fabric.microsoft.com:443", "api.fabric.microsoft.com:99999",
    "localhost:", ":443", "[::]:443", "169.254.169.254:80", "ftp://a/", "/v1/workspaces\u{e9}", "/_emulator", "/_emulator/",
];
#[rustfmt::skip]
const SEGMENTS: &[&str] = &[
    "", "..", "%2e%2e", "%00", "%F0%9F%92%A9", "null", "00000000-0000-0000-0000-000000000000", "{}", "items", "*", "1e999",
    "ffffffff-ffff-ffff-ffff-ffffffffffff", "%25%32%46", "a;b=c", "workspaces",
];
#[rustfmt::skip]
const QUERIES: &[&str] = &[
    "?", "?&&==", "?continuationToken=", "?continuationToken=LDAwMDAwMDAwMDAwMDAwMDAwMDEsMA%3D%3D", "?continuationToken=%27%25",
    "?maxResults=-1", "?maxResults=99999999999999999999", "?tenant=*", "?tenant=%00", "?recursive=maybe", "?rootFolderId=x",
    "?type=Nothing", "?beta=true&beta=false", "?api-version=", "?since=never", "?status=70000", "?item=x",
];
#[rustfmt::skip]
const HEADERS: &[(&str, &str)] = &[
    ("host", ""), ("host", "evil.example"), ("host", "login.microsoftonline.com"), ("host", "a:b:c"), ("host", "[::1]:x"),
    ("host", "management.azure.com."), ("content-length", "0"), ("content-length", "1"), ("transfer-encoding", "gzip, chunked"),
    ("transfer-encoding", "identity"), ("connection", "close"), ("connection", "upgrade"), ("upgrade", "websocket"),
    ("upgrade", "h2c"), ("expect", "100-continue"), ("expect", "nothing"), ("content-type", "text/plain"),
    ("content-type", "application/json; charset=utf-16"), ("content-encoding", "gzip"), ("accept-encoding", "gzip;q=0, *"),
    ("authorization", "Bearer"), ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."), ("authorization", "Bearer eyJ.."),
    ("authorization", "Basic ///"), ("proxy-authorization", "Basic dTpw"), ("origin", "http://evil.example"), ("origin", "null"),
    ("sec-fetch-site", "cross-site"), ("range", "bytes=0-"), ("if-match", "*"), ("via", "1.1 a, 1.1 b"), ("te", "trailers"),
    ("trailer", "x"), ("metadata", "false"), ("x-ms-client-request-id", "\t"), ("http2-settings", "AAMAAABkAAQAAP__"),
];
const LENGTHS: &[&str] =
    &["-1", "0", "1", "99999999", "18446744073709551615", "18446744073709551616", "1, 1", "0x10", "+5", ""];
const VALUES: &[&str] = &[
    "null",
    "\"\"",
    "1e999",
    "-0",
    "[]",
    "{}",
    "\"\\ud800\"",
    "true",
    "18446744073709551616",
    "\"\u{1f4a9}\"",
    "\"\\u0000\"",
];

fn pick<'a>(rng: &mut Rng, texts: &[&'a str]) -> &'a str {
    texts[rng.usize(..texts.len())]
}

fn pick_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

fn random_bytes(rng: &mut Rng, max: usize) -> Vec<u8> {
    let length = rng.usize(1..=max);
    (0..length).map(|_| rng.u8(..)).collect()
}

/// Replaces the body, and gives the request its length.
fn set_body(request: &mut Request, body: Vec<u8>) {
    request.set("content-length", body.len().to_string());
    request.body = body;
}

/// Returns a body in chunks. Some have a wrong size, and some have no last chunk.
fn chunked(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(rng.usize(1..64)) {
        let size = match rng.u8(..20) {
            0 => pick(rng, &["fffffffffffffffff", "-1", "", "g", "0", "7fffffff"]).to_owned(),
            1 => format!("{:x};name=\"value\"", chunk.len()),
            _ => format!("{:x}", chunk.len()),
        };
        chunks.extend_from_slice(format!("{size}\r\n").as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(pick(rng, &["0\r\n\r\n", "0\r\n\r\n", "0\r\nx: y\r\n\r\n", "0\r\n", ""]).as_bytes());
    chunks
}

fn replace(bytes: &mut Vec<u8>, old: &[u8], new: &str) {
    if let Some(at) = crate::wire::find(bytes, old) {
        drop(bytes.splice(at..at + old.len(), new.bytes()));
    }
}
