//! Where the next row starts after a broken one.
//!
//! A broken row does not tell where it ends: its quotes are off, so its brackets cannot be counted.
//! What follows is a row only where it starts as the rows do: on the line the fault stands on, an
//! object behind a comma or a brace that begins with the rows' first key; on later lines, a line
//! indented as theirs. A raw line end cannot stand in a JSON string, and neither can `{"key":`.

use crate::source::stream::Trouble;
use crate::source::window::{Lead, Sought, Taken, Window};

/// How rows start, as far as they have shown.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// Of the last row that has its line to itself.
    lead: Option<Lead>,
    /// The first key of the first whole row that has one.
    key: Option<Vec<u8>>,
    /// No object stands inside that row.
    flat: bool,
    /// An object inside it starts with the same key.
    repeated: bool,
    /// Offset, line and column of the last row.
    start: (u64, u64, u64),
}

impl Starts {
    /// Notes the row at the window's next byte. `solid_line` is the line of what stands before it.
    pub(super) fn begin(&mut self, window: &Window, solid_line: u64, first: u8, in_list: bool) {
        self.start = (window.offset, window.line, window.column);
        if window.line > solid_line {
            let indent = usize::try_from(window.column - 1).unwrap_or(usize::MAX);
            self.lead = Some(Lead { indent, first, in_list });
        }
    }

    /// Learns from a row that could be cut out whole.
    pub(super) fn learn(&mut self, row: &[u8]) {
        if self.key.is_none()
            && let Some(key) = first_key(row)
        {
            self.flat = !row[1..].contains(&b'{');
            self.repeated = repeats(row, key);
            self.key = Some(key.to_vec());
        }
    }

    /// Goes to the next row. `broken` are all bytes taken of the broken one; empty where there were
    /// too many to keep.
    pub(super) fn resume(&self, window: &mut Window, broken: &[u8]) -> Result<Sought, Trouble> {
        let own = first_key(broken);
        let seen = window.offset;
        // A string without its end runs into the next row.
        if let [_, rest @ ..] = broken {
            let (offset, line, column) = self.start;
            window.give_back(rest, offset + 1, line, column + 1);
        }
        let ends_line = broken.last() == Some(&b'\n');
        let keys: Vec<&[u8]> = own.into_iter().chain(self.key.as_deref()).collect();
        let certain = !self.repeated && own.is_none_or(|key| !repeats(broken, key));
        let starts = |ahead: &[u8]| {
            let key = first_key(ahead);
            certain && key.is_some_and(|key| self.flat || keys.contains(&key))
        };
        let (mut before, mut objects) = (0, false);
        while let Some(byte) = window.peek()? {
            if self.lead.is_some() && window.offset >= seen && (ends_line || byte == b'\n') {
                break;
            }
            if byte == b'{' {
                let ahead = window.ahead(LONGEST_START)?;
                if matches!(before, b',' | b'}') && starts(ahead) {
                    return Ok(Sought::Found);
                }
                objects |= window.offset >= seen;
            }
            if !b" \t\r\n".contains(&byte) {
                before = byte;
            }
            window.skip();
        }
        match self.lead {
            Some(lead) => window.seek_line(lead),
            // Nothing that might be a row, and the list is closed.
            None if !objects && matches!(before, b']' | b'}') => Ok(Sought::Closed),
            None => Ok(Sought::Lost),
        }
    }
}

/// Bytes in which a row shows its first key.
const LONGEST_START: usize = 256;

/// The first key of an object, in whatever quotes, if all of it is there.
fn first_key(object: &[u8]) -> Option<&[u8]> {
    let inner = object.strip_prefix(b"{")?.trim_ascii_start();
    let (&quote, rest) = inner.split_first()?;
    let (key, behind) = match quote {
        b'"' | b'\'' => {
            let end = memchr::memchr(quote, rest)?;
            (&rest[..end], &rest[end + 1..])
        }
        _ => {
            let end = memchr::memchr(b':', inner)?;
            (inner[..end].trim_ascii_end(), &inner[end..])
        }
    };
    (behind.trim_ascii_start().first() == Some(&b':')).then_some(key)
}

/// Whether an object inside this one starts with the same key.
fn repeats(object: &[u8], key: &[u8]) -> bool {
    memchr::memchr_iter(b'{', object)
        .skip(1)
        .any(|at| first_key(&object[at..]) == Some(key))
}

/// Takes a list, over rows that are broken. Returns the number of its items, and whether its end
/// was found.
pub(super) fn take_list(window: &mut Window, solid_line: u64, room: u64) -> Result<(u64, bool), Trouble> {
    let (mut starts, mut items, mut row) = (Starts::default(), 0, Vec::new());
    let mut solid_line = solid_line.max(window.line);
    window.take(b'[')?;
    loop {
        let Some(first) = window.peek_solid()? else {
            return Ok((items, false));
        };
        if first == b']' {
            window.take(b']')?;
            return Ok((items, true));
        }
        starts.begin(window, solid_line, first, true);
        row.clear();
        let (taken, length) = window.value(&mut row, room)?;
        solid_line = window.line;
        items += 1;
        match taken {
            Taken::Cut => return Ok((items - 1, false)),
            Taken::Whole => {
                if length <= room {
                    starts.learn(&row);
                }
                window.peek_solid()?;
                solid_line = window.line;
                window.take(b',')?;
            }
            Taken::Broken => {
                if length > room {
                    row.clear();
                }
                // Where the list was closed, so was what is around it, unseen.
                if starts.resume(window, &row)? != Sought::Found {
                    return Ok((items, false));
                }
            }
        }
    }
}
