//! The report as JSON, for machines. The layout is versioned; see `gonogo config schema --report`.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    pretty(report, out)?;
    writeln!(out)
}

/// Writes a value as indented JSON.
///
/// # Errors
///
/// What writing says.
pub fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping(out), value).map_err(io::Error::from)
}

/// Writes U+007F as an escape: JSON leaves it as it is, and what strips colours would drop it.
struct Escaping<'o>(&'o mut dyn Write);

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (at, part) in bytes.split(|byte| *byte == 0x7F).enumerate() {
            if at > 0 {
                self.0.write_all(b"\\u007f")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_through_what_strips_colours() {
        let text: String = ('\0'..='\u{2FFF}').collect();
        let mut bytes = Vec::new();
        pretty(&text, &mut anstream::StripStream::new(&mut bytes)).expect("written");
        assert_eq!(serde_json::from_slice::<String>(&bytes).expect("JSON"), text);
    }
}
