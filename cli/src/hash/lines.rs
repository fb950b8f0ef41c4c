//! Lines of any bytes out of a file or stdin, one at a time and of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::decoded::decoded;
use crate::failed::Failed;

/// The longest line taken. The longest stored hash has a kilobyte; Keycloak's columns have less.
const MAX_LINE: usize = 64 * 1024;

pub(super) struct Lines {
    input: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    number: u64,
}

/// A line's number, from 1, and the line without its end, or what is wrong with it.
pub(super) type Line<'a> = (u64, Result<&'a [u8], String>);

impl Lines {
    /// A file's, or stdin's where there is none or it is `-`.
    pub(super) fn open(path: Option<&Path>) -> Result<Lines, Failed> {
        let input: Box<dyn Read> = match path.filter(|path| *path != Path::new("-")) {
            Some(path) => Box::new(
                File::open(path).map_err(|error| Failed::because(format!("{}: {error}", path.display())))?,
            ),
            None => Box::new(io::stdin()),
        };
        let input = decoded(input)?;
        Ok(Lines { input: BufReader::with_capacity(MAX_LINE, input), line: Vec::new(), number: 0 })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let limit = MAX_LINE as u64 + 1;
        if self.input.by_ref().take(limit).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() > MAX_LINE && !self.line.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
            return Ok(Some((self.number, Err(format!("is longer than {MAX_LINE} bytes")))));
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some((self.number, Ok(line.strip_suffix(b"\r").unwrap_or(line)))))
    }

    /// Whether the next line would have to be waited for.
    pub(super) fn is_drained(&self) -> bool {
        self.input.buffer().is_empty()
    }

    /// The rest, for whoever reads it in another way.
    pub(super) fn into_rest(self) -> BufReader<Box<dyn Read>> {
        self.input
    }
}
