//! JSON lines, byte for byte.

use std::io::{BufRead, BufReader, Write};

use super::{Counts, Finish, Next, Removal, RewriteError, tell};
use crate::source::{Input, decompressed, is_blank};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Copies every line but those of the rows to leave out; blank lines, which are no rows, stay.
pub(super) fn copy(
    input: &Input,
    removals: &[Removal],
    mut out: Box<dyn Finish>,
    gone: &mut dyn Write,
) -> Result<Counts, RewriteError> {
    let stream = decompressed(input).map_err(|error| RewriteError::read(input, error))?;
    let mut reader = BufReader::with_capacity(1 << 18, stream);
    let (mut counts, mut next) = (Counts::default(), Next::new(removals));
    let (mut bytes, mut row, mut line) = (Vec::new(), 0, 0);
    loop {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes);
        if read.map_err(|error| RewriteError::read(input, error))? == 0 {
            break;
        }
        line += 1;
        let bom = if line == 1 && bytes.starts_with(BOM) {
            BOM.len()
        } else {
            0
        };
        let content = bytes[bom..].strip_suffix(b"\n").unwrap_or(&bytes[bom..]);
        if is_blank(content.strip_suffix(b"\r").unwrap_or(content)) {
            out.write_all(&bytes)?;
            continue;
        }
        match next.of(row) {
            None => {
                out.write_all(&bytes)?;
                counts.kept += 1;
            }
            Some(removal) => {
                tell(gone, input, removal, Some(line), content)?;
                // The mark belongs to the file, not to its first row.
                out.write_all(&bytes[..bom])?;
                counts.removed += 1;
            }
        }
        row += 1;
    }
    out.finish()?;
    Ok(counts)
}
