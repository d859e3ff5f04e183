//! What is often found under a data file's name and is not data.

use crate::model::record::Fault;
use crate::source::format::Format;
use crate::source::stream::Trouble;

/// Names a file that is no data of any format read here.
pub(super) fn recognise(head: &[u8], named: Option<Format>) -> Option<Trouble> {
    pointer(head)
        .or_else(|| wide(head))
        .or_else(|| archive(head))
        .or_else(|| page(head, named))
        .or_else(|| script(head, named))
}

/// What programs take for data and readers of JSON do not, under a name of JSON.
fn script(head: &[u8], named: Option<Format>) -> Option<Trouble> {
    let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let starts = |with: &[&str]| with.iter().any(|with| start.starts_with(with.as_bytes()));
    let what = if !matches!(named, Some(Format::JsonLines | Format::JsonArray | Format::JsonStream)) {
        return None;
    } else if starts(&["var ", "let ", "const ", "window.", "module.exports", "export default"]) {
        "JavaScript, not JSON: remove what stands before the first bracket and after the last"
    } else if starts(&["//", "/*"])
        && (named != Some(Format::JsonLines) || memchr::memmem::find(start, b"\n{").is_none())
    {
        "not JSON: it begins with a comment, which JSON has none of"
    } else {
        return None;
    };
    Some(Trouble::new(Fault::Damaged, format!("the file is {what}")))
}

/// A pointer that stands in a repository for a file kept elsewhere.
fn pointer(head: &[u8]) -> Option<Trouble> {
    let head = &head[..head.len().min(1024)];
    let message = if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        let text = String::from_utf8_lossy(head);
        let size = text.lines().find_map(|line| line.strip_prefix("size "));
        format!(
            "a Git LFS pointer{} stands where the data should; fetch it with `git lfs pull`",
            bytes(size)
        )
    } else if head.starts_with(b"# xet version") {
        "a Xet pointer stands where the data should; fetch it with `git xet` or download the file".to_owned()
    } else if head.starts_with(b"outs:") && memchr::memmem::find(head, b"md5:").is_some() {
        let text = String::from_utf8_lossy(head);
        let size = text.lines().find_map(|line| line.trim().strip_prefix("size: "));
        format!(
            "a DVC pointer{} stands where the data should; fetch it with `dvc pull`",
            bytes(size)
        )
    } else if head.starts_with(b"/annex/objects/") || head.starts_with(b"../.git/annex/objects/") {
        "a git-annex pointer stands where the data should; fetch it with `git annex get`".to_owned()
    } else {
        return None;
    };
    Some(Trouble::new(Fault::LfsPointer, message))
}

fn bytes(size: Option<&str>) -> String {
    size.and_then(|size| size.trim().parse::<u64>().ok())
        .map_or_else(String::new, |size| format!(" to {size} bytes"))
}

/// Text of 16 or 32 bits a character.
fn wide(head: &[u8]) -> Option<Trouble> {
    let name = match head {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => "UTF-32",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16",
        [first, 0, second, 0, ..] | [0, first, 0, second, ..] if first.is_ascii() && *first != 0 && *second != 0 => {
            "UTF-16"
        }
        _ => return None,
    };
    Some(Trouble::new(
        Fault::BadUtf8,
        format!("the file is {name}, as some editors on Windows save it, and every loader reads UTF-8"),
    ))
}

/// Archives, and formats of tables and tensors that are not read here.
fn archive(head: &[u8]) -> Option<Trouble> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a zip archive; unpack it first"),
        (b"PK\x05\x06", "an empty zip archive"),
        (b"7z\xBC\xAF\x27\x1C", "a 7z archive; unpack it first"),
        (b"Rar!\x1A\x07", "a rar archive; unpack it first"),
        (b"\x04\x22\x4D\x18", "compressed with lz4; unpack it first"),
        (b"\xFF\x06\0\0sNaPpY", "compressed with snappy; unpack it first"),
        (b"PARE", "an encrypted Parquet file"),
        (b"FEA1", "a Feather file of version 1; write it again as Parquet"),
        (b"ORC", "an ORC file; write it again as Parquet"),
        (b"Obj\x01", "an Avro file; write it again as Parquet"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x89HDF\r\n\x1A\n", "an HDF5 file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"%PDF-", "a PDF document"),
        (b"\x80\x02", "a Python pickle, which may run code and is not read"),
        (b"\x80\x03", "a Python pickle, which may run code and is not read"),
        (b"\x80\x04", "a Python pickle, which may run code and is not read"),
        (b"\x80\x05", "a Python pickle, which may run code and is not read"),
    ];
    let tar = head.get(257..262) == Some(b"ustar");
    let what = match KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, what)) => what,
        None if tar => "a tar archive; unpack it first",
        None => return None,
    };
    Some(Trouble::new(Fault::Damaged, format!("the file is {what}")))
}

/// An HTML or XML page, as a failed download leaves one.
fn page(head: &[u8], named: Option<Format>) -> Option<Trouble> {
    let head = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    let text = head.trim_start_matches('\u{FEFF}').trim_start();
    let lower = text.to_ascii_lowercase();
    let page = ["<!doctype html", "<html", "<?xml", "<head"]
        .iter()
        .any(|start| lower.starts_with(start));
    // In a file of texts a tag is as good as any text; in any other it is not data.
    let tag = lower.starts_with('<') && named != Some(Format::Text);
    if !page && !tag {
        return None;
    }
    let kind = if lower.starts_with("<?xml") {
        "an XML"
    } else {
        "an HTML"
    };
    let title = ["title", "message", "h1"]
        .iter()
        .find_map(|tag| between(text, &lower, tag))
        .map_or_else(String::new, |title| format!(" ({title:?})"));
    Some(Trouble::new(
        Fault::Html,
        format!("{kind} page{title} stands where the data should, as after a failed download"),
    ))
}

/// The start of what stands between a tag and its end.
fn between<'a>(text: &'a str, lower: &str, tag: &str) -> Option<&'a str> {
    let open = lower.find(&format!("<{tag}"))?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</")?;
    let inner = text[start..end].trim();
    let cut = inner.char_indices().nth(80).map_or(inner.len(), |(at, _)| at);
    (!inner.is_empty()).then(|| &inner[..cut])
}
