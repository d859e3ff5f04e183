//! A JSON array: its elements byte for byte, one to a line.

use std::io::Write;

use super::{Counts, Finish, Next, Removal, RewriteError, tell};
use crate::source::{Input, Limits, Part, open};

pub(super) fn copy(
    input: &Input,
    removals: &[Removal],
    mut out: Box<dyn Finish>,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let (mut counts, mut next) = (Counts::default(), Next::new(removals));
    let mut trouble = None;
    out.write_all(b"[")?;
    let mut reader = open(input, 0, Part::Whole, limits);
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            if trouble.is_some() {
                return;
            }
            let done = match &read {
                Ok(record) => {
                    let bytes = record.bytes.unwrap_or_default();
                    if let Some(removal) = next.of(record.place.row) {
                        counts.removed += 1;
                        let line = Some(record.place.line).filter(|line| *line > 0);
                        tell(gone, input, removal, line, bytes)
                    } else {
                        let sign: &[u8] = if counts.kept == 0 { b"\n" } else { b",\n" };
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
            trouble = done.err();
        });
    }
    if let Some(error) = trouble {
        return Err(error);
    }
    out.write_all(b"\n]\n")?;
    out.finish()?;
    Ok(counts)
}
