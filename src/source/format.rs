//! The formats and compressions that are read, and the names they go by.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// How the rows of a file are laid out, under its compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// One JSON value per line.
    JsonLines,
    /// One JSON array of rows, perhaps inside a wrapper: `{"data": [...]}`.
    JsonArray,
    /// JSON values one after the other, over any number of lines.
    JsonStream,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// One text per line, read as rows `{"text": line}`.
    Text,
    Parquet,
    /// Arrow IPC stream, as `datasets` writes its `.arrow` files.
    ArrowStream,
    /// Arrow IPC file, also Feather.
    ArrowFile,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "JSON lines",
            Self::JsonArray => "a JSON array",
            Self::JsonStream => "JSON objects over several lines",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Text => "text",
            Self::Parquet => "Parquet",
            Self::ArrowStream => "an Arrow stream",
            Self::ArrowFile => "an Arrow file",
        }
    }

    /// The format a file's name claims, its compression aside.
    pub fn of_name(path: &Path) -> Option<Self> {
        let (stem, _) = Compression::of_name(path);
        let extension = Path::new(&*stem).extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "jsonl" | "ndjson" | "jsonlines" => Self::JsonLines,
            "json" => Self::JsonArray,
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "txt" | "text" => Self::Text,
            "parquet" | "pq" | "geoparquet" | "gpq" => Self::Parquet,
            "arrow" => Self::ArrowStream,
            "feather" | "ipc" => Self::ArrowFile,
            _ => return None,
        })
    }

    /// Formats that the same loader of `datasets` reads share a family.
    pub fn family(self) -> &'static str {
        match self {
            Self::JsonLines | Self::JsonArray | Self::JsonStream => "json",
            Self::Csv | Self::Tsv => "csv",
            Self::Text => "text",
            Self::Parquet => "parquet",
            Self::ArrowStream | Self::ArrowFile => "arrow",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How a whole file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Compression {
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// The compression a file's first bytes tell.
    pub(super) fn of_magic(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            // A frame, or one of the skippable frames that parallel compressors start with.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0xFD, b'7', b'z', b'X', b'Z', 0x00, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// The compression a file's name claims, and the name without it.
    pub fn of_name(path: &Path) -> (Cow<'_, str>, Option<Self>) {
        // A name that is not UTF-8 has its endings all the same.
        let name = path.to_string_lossy();
        let Some((stem, extension)) = name.rsplit_once('.') else {
            return (name, None);
        };
        let compression = match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Self::Gzip,
            "zst" | "zstd" => Self::Zstd,
            "bz2" => Self::Bzip2,
            "xz" => Self::Xz,
            _ => return (name, None),
        };
        (Cow::Owned(stem.to_owned()), Some(compression))
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
