//! What can be read only once, or only from its start, is put into a temporary file.

use std::io::{self, BufWriter, Read, Write};

use tempfile::{NamedTempFile, TempPath};

use crate::source::stream::{Stream, Trouble};

/// Copies a pipe to a file that is removed with the last input that reads it.
pub(super) fn spool(stream: &mut dyn Read) -> io::Result<TempPath> {
    let mut file = NamedTempFile::with_prefix("gonogo-")?;
    io::copy(stream, file.as_file_mut())?;
    Ok(file.into_temp_path())
}

/// Decompresses a file to another; the inner error is the trouble its reader is to report.
pub(super) fn unpack(stream: &mut Stream) -> io::Result<Result<TempPath, Trouble>> {
    const CHUNK: usize = 1 << 20;
    let file = NamedTempFile::with_prefix("gonogo-")?;
    let mut writer = BufWriter::with_capacity(CHUNK, file);
    let mut bytes = Vec::with_capacity(CHUNK);
    loop {
        match stream.fill(&mut bytes, CHUNK) {
            Ok(0) => break,
            Ok(_) => writer.write_all(&bytes)?,
            Err(trouble) => return Ok(Err(trouble)),
        }
        bytes.clear();
    }
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Ok(file.into_temp_path()))
}
