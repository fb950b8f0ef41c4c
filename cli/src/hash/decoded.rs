//! A file's bytes as UTF-8: without a byte order mark, and UTF-16 (of spreadsheets and SQL Server's tools) turned into it.

use std::io::{self, BufRead, BufReader, Read};

/// Reads UTF-16 as UTF-8; what is none is replaced by U+FFFD, which no hash holds.
struct Utf16<R> {
    input: R,
    big: bool,
    /// The first half of a pair that the last read ended with.
    high: Option<u16>,
    out: Vec<u8>,
    at: usize,
}

/// The input, decoded by what it begins with.
pub(super) fn decoded(input: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut input = BufReader::new(input);
    // A pipe may hand over less than a mark at first.
    let start = input.fill_buf()?;
    let (skip, big) = match start {
        [0xff, 0xfe, _, _, ..] => (2, Some(false)),
        [0xfe, 0xff, _, _, ..] => (2, Some(true)),
        [0xef, 0xbb, 0xbf, ..] => (3, None),
        // Without a mark: ASCII has every other byte zero.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (0, Some(false)),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => (0, Some(true)),
        _ => (0, None),
    };
    input.consume(skip);
    Ok(match big {
        Some(big) => Box::new(Utf16 { input, big, high: None, out: Vec::new(), at: 0 }),
        None => Box::new(input),
    })
}

impl<R: Read> Utf16<R> {
    /// Decodes some more; `false` at the end.
    fn more(&mut self) -> io::Result<bool> {
        let mut units = Vec::with_capacity(512);
        units.extend(self.high.take());
        let mut pair = [0; 2];
        while units.len() < 512 {
            match self.input.read_exact(&mut pair) {
                Ok(()) => {
                    units.push(if self.big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        if units.len() == 512 && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            self.high = units.pop();
        }
        self.out = String::from_utf16_lossy(&units).into_bytes();
        self.at = 0;
        Ok(!self.out.is_empty())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.out.len() && !self.more()? {
            return Ok(0);
        }
        let mut rest = self.out.get(self.at..).unwrap_or_default();
        let read = rest.read(to)?;
        self.at += read;
        Ok(read)
    }
}
