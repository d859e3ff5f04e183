//! CSV and TSV, as `datasets` reads them: through `pandas.read_csv` with its defaults.
//!
//! The file is cut into records by following quotes; the worker that takes a batch splits the
//! records into fields. What a field is follows pandas: `NA`, `null`, `None`, an empty field and
//! the rest of its list are missing; a column is integers, floats or booleans if all its values in
//! the first 10,000 rows are, which is pandas' chunk in `datasets` (`csv.py`, 5.2), and text if not.

mod columns;
mod records;

use std::collections::VecDeque;
use std::sync::Arc;

use self::columns::Header;
pub(super) use self::records::{Fields, Quotes};
use super::json::{self, Line};
use super::limits::{Limits, Part};
use super::open::Keep;
use super::stream::{Stream, Trouble};
use super::whole::Single;
use super::window::{Taken, Window};
use super::{Batch, Reader};
use crate::model::record::{Fault, Quirks, Record, Unreadable};
use crate::place::Place;

pub(super) struct Csv {
    window: Window,
    delimiter: u8,
    source: u32,
    keep: Keep,
    speaks_for_file: bool,
    limits: Limits,
    row: u64,
    header: Option<Arc<Header>>,
    /// Read ahead to learn the columns' types.
    ahead: VecDeque<Records>,
    ended: Option<Ended>,
    accounted: u64,
}

/// Why there are no more records.
enum Ended {
    Fine,
    Fault(Unreadable),
}

/// Records of a batch, before the header is known.
#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
    cuts: Vec<Cut>,
}

struct Cut {
    place: Place,
    start: usize,
    end: usize,
    /// Its length, where that is more than is kept.
    oversized: Option<u64>,
}

/// Records in a batch, however small.
const ROWS: usize = 1 << 14;
/// Rows by which pandas tells the type of a column.
const SAMPLE_ROWS: usize = 10_000;
/// Bytes of them that are held at most.
const SAMPLE_BYTES: usize = 32 << 20;

impl Csv {
    pub(super) fn new(stream: Stream, delimiter: u8, source: u32, part: Part, keep: Keep, limits: &Limits) -> Self {
        Self {
            window: Window::new(stream, limits),
            delimiter,
            source,
            keep,
            speaks_for_file: part.speaks_for_file(),
            limits: *limits,
            row: 0,
            header: None,
            ahead: VecDeque::new(),
            ended: None,
            accounted: 0,
        }
    }

    /// Reads the header and the rows by which the columns' types are told.
    fn start(&mut self) -> Result<Arc<Header>, Unreadable> {
        let mut first = Records::default();
        while first.cuts.is_empty() && self.ended.is_none() {
            self.take(&mut first, &Keep::All)?;
        }
        // The header is no row.
        self.row = 0;
        let fault = |csv: &Self, message: &str| Trouble::new(Fault::EmptyFile, message).of_file(csv.place());
        let Some(cut) = first.cuts.first() else {
            return Err(fault(self, "the file has no header and no rows"));
        };
        let names = match checked(&first, cut, &self.limits) {
            Ok(text) => Fields::new(self.delimiter).split(text).map(str::to_owned).collect(),
            Err(unreadable) => return Err(unreadable),
        };
        let mut header = Header::new(names, self.delimiter);
        let (mut rows, mut bytes) = (0, 0);
        let mut fields = Fields::new(self.delimiter);
        while rows < SAMPLE_ROWS && bytes < SAMPLE_BYTES && self.ended.is_none() {
            let records = self.records(&Keep::All);
            for cut in records.cuts.iter().take(SAMPLE_ROWS - rows) {
                if let Ok(text) = checked(&records, cut, &self.limits) {
                    header.learn(&mut fields.split(text));
                }
            }
            rows += records.cuts.len();
            bytes += records.bytes.len();
            self.ahead.push_back(records);
        }
        if rows == 0 && self.speaks_for_file && matches!(self.ended, Some(Ended::Fine)) {
            self.ended = Some(Ended::Fault(fault(self, "the file has a header and no rows")));
        }
        Ok(Arc::new(header))
    }

    /// The next records of which some are wanted.
    fn records(&mut self, keep: &Keep) -> Records {
        let mut records = Records::default();
        while records.bytes.len() < self.limits.batch_bytes && records.cuts.len() < ROWS && self.ended.is_none() {
            if let Err(unreadable) = self.take(&mut records, keep) {
                self.ended = Some(Ended::Fault(unreadable));
            }
        }
        records
    }

    /// Cuts out one record.
    fn take(&mut self, records: &mut Records, keep: &Keep) -> Result<(), Unreadable> {
        let next = self.next_solid().map_err(|trouble| trouble.of_file(self.place()))?;
        let place = self.place();
        if next.is_none() || keep.is_past(&place) {
            self.ended = Some(Ended::Fine);
            return Ok(());
        }
        self.cut(place, records, keep).map_err(|trouble| trouble.of_file(place))
    }

    /// The first byte after empty lines.
    fn next_solid(&mut self) -> Result<Option<u8>, Trouble> {
        while let Some(b'\r' | b'\n') = self.window.peek()? {
            self.window.skip();
        }
        self.window.peek()
    }

    fn cut(&mut self, place: Place, records: &mut Records, keep: &Keep) -> Result<(), Trouble> {
        let start = records.bytes.len();
        let mut quotes = Quotes::new(self.delimiter);
        let bytes = &mut records.bytes;
        let (taken, length) = self.window.piece(&mut quotes, bytes, self.limits.max_row_bytes)?;
        if taken == Taken::Cut && quotes.is_open() {
            records.bytes.truncate(start);
            let message = format!(
                "the file ends inside a quoted field of the row that starts on line {}",
                place.line
            );
            return Err(Trouble::new(Fault::Truncated, message));
        }
        let oversized = (length > self.limits.max_row_bytes).then_some(length);
        // As in pandas, a line of blanks is no row; one of delimiters is a row without values.
        let is_blank = |byte: &u8| b" \t".contains(byte) && *byte != self.delimiter;
        let blank = oversized.is_none() && records.bytes[start..].iter().all(is_blank);
        self.row += u64::from(!blank);
        if blank || !keep.wants(&place) {
            records.bytes.truncate(start);
            return Ok(());
        }
        let end = records.bytes.len();
        records.cuts.push(Cut {
            place,
            start,
            end,
            oversized,
        });
        Ok(())
    }

    fn place(&self) -> Place {
        Place {
            source: self.source,
            row: self.row,
            line: self.window.line,
            offset: self.window.offset,
        }
    }

    fn progress(&mut self) -> u64 {
        let consumed = self.window.consumed();
        consumed - std::mem::replace(&mut self.accounted, consumed)
    }
}

impl Reader for Csv {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let header = match &self.header {
            Some(header) => Arc::clone(header),
            None => match self.start() {
                Ok(header) => Arc::clone(self.header.insert(header)),
                Err(unreadable) => {
                    self.ended = Some(Ended::Fine);
                    self.header = Some(Arc::new(Header::new(Vec::new(), self.delimiter)));
                    let progress = self.progress();
                    return self
                        .speaks_for_file
                        .then(|| Box::new(Single::new(unreadable, progress)) as Box<dyn Batch>);
                }
            },
        };
        loop {
            let keep = self.keep.clone();
            let records = match self.ahead.pop_front() {
                Some(mut records) => {
                    records.cuts.retain(|cut| keep.wants(&cut.place));
                    records
                }
                None => match self.ended.take() {
                    None => self.records(&keep),
                    Some(ended) => {
                        self.ended = Some(Ended::Fine);
                        let progress = self.progress();
                        return match ended {
                            Ended::Fault(unreadable)
                                if unreadable.fault == Fault::EmptyFile || keep.covers(&unreadable.place) =>
                            {
                                Some(Box::new(Single::new(unreadable, progress)))
                            }
                            _ => None,
                        };
                    }
                },
            };
            if !records.cuts.is_empty() {
                return Some(Box::new(CsvBatch {
                    records,
                    header,
                    limits: self.limits,
                    progress: self.progress(),
                }));
            }
        }
    }
}

struct CsvBatch {
    records: Records,
    header: Arc<Header>,
    limits: Limits,
    progress: u64,
}

impl Batch for CsvBatch {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        let mut fields = Fields::new(self.header.delimiter);
        for cut in &self.records.cuts {
            let text = match checked(&self.records, cut, &self.limits) {
                Ok(text) => text,
                Err(unreadable) => {
                    each(Err(unreadable));
                    continue;
                }
            };
            let read = self.header.row(&mut fields.split(text)).map(|value| Record {
                place: cut.place,
                value,
                bytes: None,
                quirks: Quirks::default(),
            });
            each(read.map_err(|message| Unreadable {
                place: cut.place,
                column: None,
                fault: Fault::RaggedRow,
                message,
            }));
        }
    }

    fn bytes(&self) -> u64 {
        self.progress
    }
}

/// The text of a record, if it can be read at all.
fn checked<'a>(records: &'a Records, cut: &Cut, limits: &Limits) -> Result<&'a str, Unreadable> {
    if let Some(bytes) = cut.oversized {
        return Err(json::oversized(cut.place, bytes, limits));
    }
    let line = Line {
        place: cut.place,
        bytes: &records.bytes[cut.start..cut.end],
        column: 1,
        text: None,
    };
    json::checked_text(&line, limits)
}
