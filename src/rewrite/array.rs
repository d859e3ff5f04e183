//! A JSON array: its elements byte for byte, one to a line. What is around the array, in a file that wraps it, stays as
//! it is.

use std::io::{self, Read, Write};

use super::{Counts, Finish, Next, Removal, RewriteError, tell};
use crate::source::{Input, Limits, Part, decompressed, open};

pub(super) fn copy(
    input: &Input,
    removals: &[Removal],
    mut out: Box<dyn Finish>,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let (mut counts, mut next) = (Counts::default(), Next::new(removals));
    let mut trouble = None;
    let wrapped = input.field.is_some();
    let mut around = decompressed(input).map_err(|error| RewriteError::read(input, error))?;
    // Where the array starts, once its first row is known, and where its last row ends.
    let mut list: Option<(u64, u64)> = None;
    if !wrapped {
        out.write_all(b"[")?;
    }
    let mut reader = open(input, 0, Part::Whole, limits);
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            if trouble.is_some() {
                return;
            }
            let done = match &read {
                Ok(record) => {
                    let bytes = record.bytes.unwrap_or_default();
                    let start = record.place.offset;
                    if wrapped && list.is_none() {
                        let opened = io::copy(&mut (&mut around).take(start), &mut out);
                        trouble = opened.err().map(Into::into);
                    }
                    list = Some((list.map_or(start, |list| list.0), start + bytes.len() as u64));
                    if let Some(removal) = next.of(record.place.row) {
                        counts.removed += 1;
                        let line = Some(record.place.line).filter(|line| *line > 0);
                        tell(gone, input, removal, line, bytes)
                    } else {
                        let sign: &[u8] = match counts.kept {
                            0 if wrapped => b"",
                            0 => b"\n",
                            _ => b",\n",
                        };
                        counts.kept += 1;
                        let written = out.write_all(sign).and_then(|()| out.write_all(bytes));
                        written.map_err(Into::into)
                    }
                }
                Err(unreadable) => Err(RewriteError::Unreadable {
                    name: input.name.clone(),
                    row: unreadable.place.row,
                }),
            };
            trouble = trouble.take().or(done.err());
        });
    }
    if let Some(error) = trouble {
        return Err(error);
    }
    if !wrapped {
        out.write_all(b"\n]\n")?;
    } else if let Some((start, end)) = list {
        let broken = |error: io::Error| RewriteError::read(input, error);
        io::copy(&mut (&mut around).take(end - start), &mut io::sink()).map_err(broken)?;
        // A comma that no row follows any more would be one too many.
        let mut byte = [0];
        while around.read(&mut byte).map_err(broken)? > 0 {
            if byte != *b"," {
                out.write_all(&byte)?;
            }
            if byte == *b"]" {
                break;
            }
        }
        io::copy(&mut around, &mut out)?;
    }
    out.finish()?;
    Ok(counts)
}
