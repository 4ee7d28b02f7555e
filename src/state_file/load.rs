//! Reading a state file.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{StateError, reason};
use crate::fabric::fact::Format;
use crate::seed::Seed;

/// The member `content` of the header.
const CONTENT: &str = "specularite state";

/// The first line of a state file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    format: Format,
    content: String,
    /// The seed of the emulator. It applies to tenants that are not in the file.
    seed: Seed,
}

/// The member of the header that is read first, because other members may differ in other formats.
#[derive(Deserialize)]
struct Version {
    #[expect(dead_code, reason = "reading it rejects other formats")]
    format: Format,
}

impl Header {
    pub(super) fn new(seed: Seed) -> Self {
        Self { format: Format, content: CONTENT.to_owned(), seed }
    }

    fn parse(line: &[u8]) -> Result<Self, String> {
        let unread = |why: serde_json::Error| format!("it is not the header of a state file: {why}");
        let Version { .. } = serde_json::from_slice(line).map_err(unread)?;
        let header: Self = serde_json::from_slice(line).map_err(unread)?;
        if header.content != CONTENT {
            return Err(format!("it is not the header of a state file: content is {:?}", header.content));
        }
        Ok(header)
    }
}

/// The error of a line.
#[derive(Debug)]
pub(crate) struct LineError {
    pub(crate) why: String,
    /// `true` if the line is not JSON. The last line may be incomplete.
    pub(crate) is_broken: bool,
}

impl From<serde_json::Error> for LineError {
    fn from(why: serde_json::Error) -> Self {
        Self { is_broken: !why.is_data(), why: why.to_string() }
    }
}

impl From<String> for LineError {
    fn from(why: String) -> Self {
        Self { why, is_broken: false }
    }
}

/// What was read of a state file.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) seed: Seed,
    /// The length of the lines that were read.
    pub(super) len: u64,
    /// The length of the header and of the lines that hold the whole content of a tenant.
    pub(super) whole: u64,
    /// `true` if an incomplete line follows.
    pub(super) is_torn: bool,
}

/// Reads a state file, and passes each line after the header with its number to `read`.
///
/// # Errors
///
/// The file cannot be read, or a line is invalid. The last line may be incomplete.
pub(super) fn load(
    path: &Path,
    mut read: impl FnMut(u64, &[u8]) -> Result<bool, LineError>,
) -> Result<Loaded, StateError> {
    let failed = |why: io::Error| StateError::new(path, reason(&why));
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut loaded = Loaded { seed: Seed::new(0), len: 0, whole: 0, is_torn: false };
    let (mut number, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = file.read_until(b'\n', &mut line).map_err(failed)? as u64;
        if length == 0 {
            return Ok(loaded);
        }
        number += 1;
        if number == 1 {
            loaded.seed = Header::parse(&line).map_err(|why| StateError::at(path, number, why))?.seed;
            loaded.whole = length;
        } else if line.last() != Some(&b'\n') {
            loaded.is_torn = true;
            return Ok(loaded);
        } else {
            match read(number, &line) {
                Ok(is_whole) => loaded.whole += if is_whole { length } else { 0 },
                Err(why) if why.is_broken && file.fill_buf().map_err(failed)?.is_empty() => {
                    loaded.is_torn = true;
                    return Ok(loaded);
                }
                Err(why) => return Err(StateError::at(path, number, why.why)),
            }
        }
        loaded.len += length;
    }
}
