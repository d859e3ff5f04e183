//! A look at the headers of a row group's pages before the decoder gets them.
//!
//! The decoder takes what it finds in a damaged header, and where that fits by chance it reads
//! other rows than Arrow in C++ does, or reads on where that stops. Only the headers are read, a few
//! dozen bytes for a page of about a megabyte, and the pages that come with a checksum.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::shape::PAGE_HEADER;
use super::thrift::{Thrift, Visitor};

/// Bytes read at first for a header, and at most: one with statistics has two values of its column.
const FIRST: u64 = 1 << 10;
const LARGEST: u64 = 16 << 20;
/// Bytes of the number that data compressed with Snappy start with: what they become.
const LONGEST_VARINT: u64 = 5;
/// Bytes read at once for a checksum.
const CHUNK: usize = 64 << 10;

/// Whether every page of the row group has a header that can be one, and they hold as many values as the
/// footer says; what is wrong otherwise.
pub(super) fn check(file: &mut File, group: &RowGroupMetaData) -> Result<(), String> {
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    for column in group.columns() {
        chunk(file, length, group, column)
            .map_err(|why| format!("in column `{}` {why}", column.column_path().string()))?;
    }
    Ok(())
}

fn chunk(file: &mut File, length: u64, group: &RowGroupMetaData, column: &ColumnChunkMetaData) -> Result<(), String> {
    let (claimed, descriptor) = (column.num_values(), column.column_descr());
    // A column without lists has one value for each row, if only to say that there is none.
    if descriptor.max_rep_level() == 0 && claimed != group.num_rows() {
        let rows = group.num_rows();
        return Err(format!("the footer counts {claimed} values for {rows} rows"));
    }
    let data = column.data_page_offset();
    let first = column.dictionary_page_offset().unwrap_or(data);
    if column
        .dictionary_page_offset()
        .is_some_and(|dictionary| dictionary >= data)
    {
        return Err(format!(
            "the footer puts the dictionary at byte {first}, behind the data at byte {data}"
        ));
    }
    let (repeated, defined) = (descriptor.max_rep_level(), descriptor.max_def_level());
    let levels = [
        (column.repetition_level_histogram(), repeated),
        (column.definition_level_histogram(), defined),
    ];
    for (histogram, deepest) in levels {
        let listed = histogram.map_or(0, |histogram| histogram.values().len());
        if listed != 0 && i16::try_from(listed) != Ok(deepest + 1) {
            return Err(format!("the footer counts {listed} levels, and {} can be", deepest + 1));
        }
    }
    let (Ok(mut at), Ok(mut left)) = (u64::try_from(first), u64::try_from(column.compressed_size())) else {
        return Err("the footer gives a negative offset or size".to_owned());
    };
    if at.saturating_add(left) > length {
        return Err(format!("the footer puts {left} bytes at byte {at} of {length}"));
    }
    let start = at;
    let mut values = 0_i64;
    while left > 0 && values < claimed {
        let damaged = |why: String| format!("the page at byte {at} is damaged: {why}");
        let (length, header) = header(file, at, left).map_err(damaged)?;
        let page = header.page(left - length).map_err(damaged)?;
        match page.holds {
            Holds::Dictionary if at > start => return Err(damaged("a dictionary that does not come first".to_owned())),
            Holds::Dictionary | Holds::Nothing => {}
            Holds::Values(count) => values = values.saturating_add(count),
        }
        if column.compression() == Compression::SNAPPY
            && let Some((skipped, expected)) = page.packed
        {
            let start =
                bytes(file, at + length + skipped, LONGEST_VARINT).map_err(|error| damaged(error.to_string()))?;
            let becomes = Thrift::new(&start).varint();
            if becomes != Some(expected) {
                return Err(damaged(format!(
                    "its data do not become the {expected} bytes it says they do"
                )));
            }
        }
        if let Some(expected) = page.checksum {
            let found = checksum(file, at + length, page.size).map_err(|error| damaged(error.to_string()))?;
            if found != expected {
                return Err(damaged(format!(
                    "its checksum is {expected:08x}, and that of its data is {found:08x}"
                )));
            }
        }
        let size = length + page.size;
        at += size;
        left -= size;
    }
    if values == claimed {
        return Ok(());
    }
    Err(format!(
        "the pages hold {values} values, and the footer counts {claimed}"
    ))
}

/// Reads the header at `at`, which has `left` bytes at most; gives its length, too.
fn header(file: &mut File, at: u64, left: u64) -> Result<(u64, Header), String> {
    let mut room = FIRST;
    loop {
        let here = room.min(left);
        let bytes = bytes(file, at, here).map_err(|error| error.to_string())?;
        let mut header = Header::default();
        let mut thrift = Thrift::new(&bytes);
        match thrift.read(&PAGE_HEADER, &mut header) {
            Ok(()) => return Ok(((bytes.len() - thrift.left()) as u64, header)),
            // It may only be longer.
            Err(_) if here < left && room < LARGEST => room *= 16,
            Err(why) => return Err(why),
        }
    }
}

fn bytes(file: &mut File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The CRC-32 of a page's data.
fn checksum(file: &mut File, at: u64, count: u64) -> io::Result<u32> {
    file.seek(SeekFrom::Start(at))?;
    let mut rest = file.take(count);
    let (mut sum, mut chunk) = (Crc::new(), vec![0; CHUNK]);
    loop {
        match rest.read(&mut chunk)? {
            0 => return Ok(sum.sum()),
            got => sum.update(&chunk[..got]),
        }
    }
}

/// A page, as its header describes it.
struct Page {
    /// Bytes behind the header.
    size: u64,
    holds: Holds,
    /// How many bytes stand before those that are compressed, and what these become, if any are.
    packed: Option<(u64, u64)>,
    /// The CRC-32 of its data. Few writers give one, and pyarrow looks at it only when told to.
    checksum: Option<u32>,
}

enum Holds {
    Dictionary,
    Values(i64),
    /// An index, which is passed over.
    Nothing,
}

/// What a header says.
#[derive(Default)]
struct Header {
    kind: i64,
    compressed: i64,
    uncompressed: i64,
    /// Values of the data page, of version 1 or 2, and how many of them are null.
    values: [Option<i64>; 2],
    nulls: i64,
    /// Bytes of levels before the values, which version 2 does not compress.
    levels: i64,
    /// Version 2 may leave its values uncompressed, too.
    unpacked: bool,
    checksum: Option<u32>,
    /// The encoding of the dictionary.
    dictionary: Option<i64>,
}

/// The values of parquet-format's `PageType`.
const DATA_PAGE: i64 = 0;
const INDEX_PAGE: i64 = 1;
const DICTIONARY_PAGE: i64 = 2;
const DATA_PAGE_V2: i64 = 3;

/// Those of its `Encoding` that a dictionary can have; the second is older writers' name for the first.
const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;

impl Header {
    /// The page, which has `left` bytes at most.
    fn page(&self, left: u64) -> Result<Page, String> {
        let size = u64::try_from(self.compressed).ok().filter(|size| *size <= left);
        let (Some(size), 0..) = (size, self.uncompressed) else {
            return Err(format!(
                "it says it has {} bytes, {} uncompressed, where {left} are left",
                self.compressed, self.uncompressed
            ));
        };
        let holds = match (self.kind, self.values, self.dictionary) {
            (DATA_PAGE, [Some(count @ 0..), _], _) => Holds::Values(count),
            (DATA_PAGE_V2, [_, Some(count @ 0..)], _) if (0..=count).contains(&self.nulls) => Holds::Values(count),
            (DICTIONARY_PAGE, _, Some(PLAIN | PLAIN_DICTIONARY)) => Holds::Dictionary,
            (DICTIONARY_PAGE, _, Some(other)) => return Err(format!("a dictionary of encoding {other}")),
            (INDEX_PAGE, ..) => Holds::Nothing,
            (kind, ..) => return Err(format!("its header is not one of page type {kind}")),
        };
        let levels = u64::try_from(self.levels).ok();
        let becomes = self
            .uncompressed
            .checked_sub(self.levels)
            .and_then(|rest| u64::try_from(rest).ok());
        let (Some(levels), Some(becomes)) = (levels, becomes) else {
            return Err(format!("it says it has {} bytes of levels", self.levels));
        };
        Ok(Page {
            size,
            holds,
            checksum: self.checksum,
            packed: (becomes > 0 && !self.unpacked).then_some((levels, becomes)),
        })
    }
}

impl Visitor for Header {
    fn number(&mut self, shape: &'static str, field: &'static str, number: i64) {
        match (shape, field) {
            ("PageHeader", "type") => self.kind = number,
            ("PageHeader", "uncompressed_page_size") => self.uncompressed = number,
            ("PageHeader", "compressed_page_size") => self.compressed = number,
            // Thrift has signed numbers only.
            ("PageHeader", "crc") => self.checksum = i32::try_from(number).ok().map(i32::cast_unsigned),
            ("DataPageHeader", "num_values") => self.values[0] = Some(number),
            ("DataPageHeaderV2", "num_values") => self.values[1] = Some(number),
            ("DataPageHeaderV2", "num_nulls") => self.nulls = number,
            ("DataPageHeaderV2", "definition_levels_byte_length" | "repetition_levels_byte_length") => {
                self.levels = self.levels.saturating_add(number);
            }
            ("DataPageHeaderV2", "is_compressed") => self.unpacked = number == 0,
            ("DictionaryPageHeader", "encoding") => self.dictionary = Some(number),
            _ => {}
        }
    }

    fn end(&mut self, _: &'static str) {}
}
