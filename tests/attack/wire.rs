//! HTTP over a socket, without a client library: requests need not be valid.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The maximum time for a response. A connection that takes longer counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// The time after which a client expects nothing more.
const SILENCE: Duration = Duration::from_millis(40);

/// A connection that is used for many requests.
pub(crate) struct Client {
    address: SocketAddr,
    stream: TcpStream,
    token: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self::with_token(address, "any")
    }

    pub(crate) fn with_token(address: SocketAddr, token: &str) -> Self {
        Self { address, stream: connect(address), token: token.to_owned() }
    }

    /// Sends a request with another token, like [`Client::ask`].
    pub(crate) fn ask_as(&mut self, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let own = std::mem::replace(&mut self.token, token.to_owned());
        let answer = self.ask(method, path, body);
        self.token = own;
        answer
    }

    /// Sends a request, and returns the status and the body. A body that is not JSON is null.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.try_ask(method, path, body).unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// Sends a request like [`Client::ask`].
    ///
    /// # Errors
    ///
    /// The connection ends before the whole response arrives.
    pub(crate) fn try_ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, Value)> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        self.stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        let mut buffer = [0; 16 << 10];
        loop {
            if let Some(end) = find(&answer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
                let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest.lines().next().unwrap());
                if answer.len() >= end + 4 + length.parse::<usize>().unwrap() {
                    let status = statuses(&answer)[0];
                    return Ok((status, serde_json::from_slice(&answer[end + 4..]).unwrap_or_default()));
                }
            }
            let read = self.stream.read(&mut buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            answer.extend_from_slice(&buffer[..read]);
        }
    }
}

/// Opens a connection. Waits if all local ports are in use.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(why) if why.kind() == io::ErrorKind::AddrNotAvailable => std::thread::yield_now(),
            Err(why) => panic!("the program accepts no connection: {why}"),
        }
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends bytes, and returns everything that the server sends until it closes. Closes the sending side when the server has
/// been silent for a while, because it may wait for the rest of a request.
///
/// # Errors
///
/// The server keeps the connection open.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(address);
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    // The server may stop reading: it rejects the request.
    let _ = stream.write_all(bytes);
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 << 10]);
    loop {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => answer.extend_from_slice(&buffer[..read]),
            Err(why) if is_timeout(&why) => break,
            Ok(0) | Err(_) => return Ok(answer),
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    answer.extend(read_to_end(&mut stream)?);
    Ok(answer)
}

/// Reads until the server closes the connection.
///
/// # Errors
///
/// The server keeps the connection open.
pub(crate) fn read_to_end(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(why) if is_timeout(&why) => Err(why),
        // A reset is an end too: the server did not read everything.
        Ok(_) | Err(_) => Ok(answer),
    }
}

fn is_timeout(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Returns the statuses of all responses in a stream of responses.
pub(crate) fn statuses(answers: &[u8]) -> Vec<u16> {
    const VERSION: &[u8] = b"HTTP/1.1 ";
    let (mut statuses, mut rest) = (Vec::new(), answers);
    while let Some(at) = find(rest, VERSION) {
        rest = &rest[at + VERSION.len()..];
        statuses.extend(rest.get(..3).and_then(|status| std::str::from_utf8(status).ok()?.parse::<u16>().ok()));
    }
    statuses
}

pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
