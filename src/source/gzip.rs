//! Gzip as Python reads it: member after member, over zeros between and behind them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The members of a gzip file, one after the other (`gzip.py: _GzipReader`, 3.13).
pub(super) struct Members<R> {
    /// `None` after the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            member: Some(GzDecoder::new(reader)),
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let got = member.read(buffer)?;
            if got > 0 || buffer.is_empty() {
                return Ok(got);
            }
            let mut rest = self.member.take().expect("there is a member").into_inner();
            self.member = next(&mut rest)?.then(|| GzDecoder::new(rest));
        }
        Ok(0)
    }
}

/// Passes zeros; whether another member follows.
fn next(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = rest.fill_buf()?;
        let Some(&first) = bytes.first() else { return Ok(false) };
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return if first == 0x1F {
                Ok(true)
            } else {
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "what follows its end is not gzip",
                ))
            };
        }
        rest.consume(zeros);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("compresses");
        encoder.finish().expect("compresses")
    }

    fn read(bytes: &[u8]) -> Result<String, String> {
        let mut text = String::new();
        let read = Members::new(bytes).read_to_string(&mut text);
        read.map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn zeros_behind_a_member_are_passed_and_junk_is_named() {
        let joined = |pieces: &[&[u8]]| pieces.concat();
        let (one, two) = (gzip("one "), gzip("two"));
        assert_eq!(read(&one), Ok("one ".to_owned()));
        assert_eq!(read(&joined(&[&one, &two])), Ok("one two".to_owned()));
        assert_eq!(
            read(&joined(&[&one, &[0; 512], &two, &[0; 7]])),
            Ok("one two".to_owned())
        );
        let junk = read(&joined(&[&one, b"junkjunk"]));
        assert_eq!(junk, Err("what follows its end is not gzip".to_owned()));
        assert!(read(&one[..one.len() - 3]).is_err());
    }
}
