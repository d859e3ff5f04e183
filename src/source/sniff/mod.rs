//! Tells what a file is by its first bytes; its name is only a hint.

mod foreign;
mod layout;
mod table;
mod wrapper;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use self::layout::Layout;
use super::format::{Compression, Format};
use super::limits::Limits;
use super::stream::{Stream, Trouble};
use crate::model::record::Fault;

/// What a file turned out to be.
#[derive(Debug, Default)]
pub(super) struct Sniffed {
    /// `None` where neither content nor name tells.
    pub format: Option<Format>,
    pub compression: Option<Compression>,
    /// The lists of rows to read in it; empty where the file is one.
    pub lists: Vec<List>,
    pub notes: Vec<String>,
    pub trouble: Option<Trouble>,
}

/// A list of rows inside a wrapper.
#[derive(Debug)]
pub(super) struct List {
    pub field: String,
    pub split: Option<String>,
}

/// How much of a file is looked at, decompressed.
const HEAD: usize = 64 << 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Looks at a file. `name` is what the user calls it, of which the extension counts.
pub(super) fn sniff(path: &Path, name: &Path) -> io::Result<Sniffed> {
    let limits = Limits::default();
    let mut raw = Vec::new();
    File::open(path)?.take(8).read_to_end(&mut raw)?;
    let named = Format::of_name(name);
    let compression = Compression::of_magic(&raw);
    let mut sniffed = Sniffed {
        format: named,
        compression,
        ..Sniffed::default()
    };
    let mut head = Vec::new();
    // A folder may hold thousands of binary files, which tell by their first bytes.
    let wanted = if binary(&raw).is_some() { raw.len() } else { HEAD };
    let complete = match Stream::open(path, compression, &limits)?.fill(&mut head, wanted) {
        Ok(got) => got < wanted,
        Err(trouble) => {
            sniffed.trouble = Some(trouble);
            return Ok(sniffed);
        }
    };
    if head.is_empty() {
        sniffed.trouble = Some(Trouble::new(Fault::EmptyFile, "the file is empty"));
        return Ok(sniffed);
    }
    if let Some(trouble) = foreign::recognise(&head, named) {
        sniffed.trouble = Some(trouble);
        return Ok(sniffed);
    }
    sniffed.notes.extend(compression_note(name, compression));
    let text = head.strip_prefix(BOM).unwrap_or(&head);
    if let Some(binary) = binary(&head) {
        sniffed.format = Some(binary);
    } else if let Some(layout) = layout::of_json(text, complete, named) {
        if named == Some(Format::Text) {
            sniffed
                .notes
                .push("the lines are JSON, but .txt is read as text".to_owned());
        } else {
            json(&mut sniffed, layout, path, named, &limits)?;
        }
    } else {
        sniffed.format = match named {
            Some(Format::Parquet | Format::ArrowStream | Format::ArrowFile) => {
                sniffed.trouble = Some(not_of_its_name(name, named, &head));
                named
            }
            Some(named @ (Format::JsonLines | Format::JsonArray)) if table::recognise(text, complete).is_some() => {
                let message = format!("named {}, but the file is a table of CSV or TSV", extension(name));
                sniffed.trouble = Some(Trouble::new(Fault::Damaged, message));
                Some(named)
            }
            // What is not an array can only be lines.
            Some(Format::JsonArray) => Some(Format::JsonLines),
            Some(named) => Some(named),
            None => table::recognise(text, complete),
        };
    }
    if sniffed.format == Some(Format::JsonLines) && text.contains(&b'\r') && !text.contains(&b'\n') {
        let note = "its lines end in a carriage return alone, which is no line end here: write `\\n` in its place";
        sniffed.notes.push(note.to_owned());
    }
    sniffed.notes.extend(format_note(name, named, sniffed.format));
    if sniffed.format == Some(Format::Csv) {
        sniffed.notes.extend(delimiter_note(text));
    }
    Ok(sniffed)
}

fn binary(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"PAR1") {
        Some(Format::Parquet)
    } else if head.starts_with(b"ARROW1") {
        Some(Format::ArrowFile)
    } else if head.starts_with(&[0xFF; 4]) {
        Some(Format::ArrowStream)
    } else {
        None
    }
}

/// Settles how a JSON file is read, looking over all of it where the head does not tell.
fn json(sniffed: &mut Sniffed, layout: Layout, path: &Path, named: Option<Format>, limits: &Limits) -> io::Result<()> {
    sniffed.format = Some(match layout {
        Layout::Lines => Format::JsonLines,
        Layout::Values => Format::JsonStream,
        Layout::Array { of_objects } => {
            if !of_objects {
                let note = "the list holds no objects: each item is read as a row with one column, `text`, as datasets \
                            does with texts";
                sniffed.notes.push(note.to_owned());
            }
            Format::JsonArray
        }
        Layout::Object => {
            let stream = Stream::open(path, sniffed.compression, limits)?;
            wrapper::settle(sniffed, stream, named, limits)
        }
    });
    if sniffed.format == Some(Format::JsonStream) && named == Some(Format::JsonLines) {
        let note = "a row takes several lines, so this is not JSON lines: readers of lines fail on it, and datasets \
                    fails once it is larger than 10 MB";
        sniffed.notes.push(note.to_owned());
    }
    Ok(())
}

fn compression_note(name: &Path, found: Option<Compression>) -> Option<String> {
    let (_, named) = Compression::of_name(name);
    match (named, found) {
        (Some(named), None) => Some(format!("named as {named}, but not compressed")),
        (Some(named), Some(found)) if named != found => Some(format!("named as {named}, but compressed with {found}")),
        (None, Some(found)) if name.extension().is_some() => {
            Some(format!("compressed with {found}, which its name does not say"))
        }
        _ => None,
    }
}

fn format_note(name: &Path, named: Option<Format>, found: Option<Format>) -> Option<String> {
    let (named, found) = (named?, found?);
    // JSON lines are as often called .json as not, and no loader minds.
    let said = named.family() != found.family() || (named == Format::JsonLines && found == Format::JsonArray);
    said.then(|| format!("named {}, but holds {found}", extension(name)))
}

/// Whoever reads CSV with a comma reads one column from a file of semicolons, so this does too.
fn delimiter_note(text: &[u8]) -> Option<String> {
    let header = text.split(|&byte| byte == b'\n').next()?;
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, header).count();
    let other = [(b';', "semicolon"), (b'\t', "tab"), (b'|', "bar")];
    let (count, name) = other
        .into_iter()
        .map(|(delimiter, name)| (count(delimiter), name))
        .find(|(found, _)| *found > 0 && count(b',') == 0)?;
    let plural = if count == 1 { "" } else { "s" };
    Some(format!(
        "the header has no comma and {count} {name}{plural}: datasets and pandas read one column from it"
    ))
}

fn extension(name: &Path) -> String {
    let (stem, _) = Compression::of_name(name);
    Path::new(&*stem)
        .extension()
        .map_or_else(|| "so".to_owned(), |extension| format!(".{}", extension.display()))
}

fn not_of_its_name(name: &Path, named: Option<Format>, head: &[u8]) -> Trouble {
    let start: String = String::from_utf8_lossy(&head[..head.len().min(24)])
        .chars()
        .take(16)
        .collect();
    let format = named.map_or("data", Format::name);
    let message = format!("named {}, but not {format}: it starts with {start:?}", extension(name));
    Trouble::new(Fault::Damaged, message)
}
