//! Where records end, and the fields in them.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr, memchr3};

use crate::source::window::{Follow, Followed};

/// Follows one record to the line end behind it, over line ends in quotes.
pub(in crate::source) struct Quotes {
    delimiter: u8,
    place: Inside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// At the start of a field, where alone a quote opens.
    Start,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field: its end, or the first of two.
    Quote,
}

impl Quotes {
    pub(in crate::source) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            place: Inside::Start,
        }
    }

    /// Whether a quoted field has not ended.
    pub(in crate::source) fn is_open(&self) -> bool {
        self.place == Inside::Quoted
    }
}

impl Follow for Quotes {
    fn follow(&mut self, bytes: &[u8]) -> Followed {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let found = match self.place {
                Inside::Quoted => memchr(b'"', rest),
                Inside::Plain => memchr3(self.delimiter, b'\n', b'\r', rest),
                Inside::Start | Inside::Quote => (!rest.is_empty()).then_some(0),
            };
            let Some(found) = found else {
                return Followed::On;
            };
            let byte = rest[found];
            self.place = match (self.place, byte) {
                (Inside::Quoted, _) => Inside::Quote,
                (Inside::Start | Inside::Quote, b'"') => Inside::Quoted,
                (_, b'\n' | b'\r') => return Followed::Ends(at + found),
                (_, byte) if byte == self.delimiter => Inside::Start,
                _ => Inside::Plain,
            };
            at += found + 1;
        }
    }
}

/// Splits records into fields, in buffers it uses again.
pub(in crate::source) struct Fields {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    pub(in crate::source) fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            text: Vec::new(),
            ends: vec![0; 64],
        }
    }

    /// The fields of one record, without their quotes.
    pub(in crate::source) fn split(&mut self, record: &str) -> Split<'_> {
        self.reader.reset();
        // Undoing quotes never makes a record longer.
        self.text.resize(record.len(), 0);
        let (mut input, mut text, mut count) = (record.as_bytes(), 0, 0);
        loop {
            let (result, read, written, ended) =
                self.reader
                    .read_record(input, &mut self.text[text..], &mut self.ends[count..]);
            input = &input[read..];
            text += written;
            count += ended;
            match result {
                // The record has no line end of its own: the end of the input stands for it.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::OutputFull => self.text.resize(text + 1, 0),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        let text = std::str::from_utf8(&self.text[..text]).expect("only whole ASCII characters were removed");
        Split {
            text,
            ends: &self.ends[..count],
            next: 0,
        }
    }
}

/// The fields of a record.
pub(in crate::source) struct Split<'f> {
    text: &'f str,
    ends: &'f [usize],
    next: usize,
}

impl<'f> Iterator for Split<'f> {
    type Item = &'f str;

    fn next(&mut self) -> Option<&'f str> {
        let end = *self.ends.get(self.next)?;
        let start = self.next.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.next += 1;
        Some(&self.text[start..end])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ends.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Split<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ends_where_its_fields_say() {
        let cases = [
            ("a,b\nc", 3, &["a", "b"][..]),
            ("a,\"b\n\"\"c\"\r\nd", 9, &["a", "b\n\"c"]),
            ("5\" pipe,\"x\"y\n", 12, &["5\" pipe", "xy"]),
            (",\n", 1, &["", ""]),
        ];
        for (text, end, fields) in cases {
            assert_eq!(
                Quotes::new(b',').follow(text.as_bytes()),
                Followed::Ends(end),
                "{text:?}"
            );
            let mut splitter = Fields::new(b',');
            assert_eq!(splitter.split(&text[..end]).collect::<Vec<_>>(), fields, "{text:?}");
        }
        let mut open = Quotes::new(b',');
        assert_eq!(open.follow(b"a,\"b\n"), Followed::On);
        assert!(open.is_open());
    }
}
