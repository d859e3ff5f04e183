//! A look at a Parquet footer before the decoder gets it.
//!
//! The schema in a footer is a tree written as a list, which the decoder rebuilds by recursion and
//! with room for as many children as a node claims. A hostile footer would overflow the stack or
//! exhaust memory there, and neither can be caught; so depth and counts are checked first. And the
//! decoder believes a footer that is damaged where it does not look, so what is said in two places
//! is compared.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::shape::FILE_META_DATA;
use super::thrift::{Thrift, Visitor};
use crate::model::record::Fault;
use crate::source::stream::Trouble;

const MAGIC: &[u8] = b"PAR1";
/// The magic at the start, and at the end the footer's length and the magic again.
const FRAME: u64 = 12;
/// Levels of nesting in a schema.
const DEEPEST: usize = 100;

/// Whether the file has a footer, and it agrees with itself.
pub(super) fn check(file: &File, bytes: u64) -> Result<(), Trouble> {
    let cut_off = || {
        let message = "the Parquet file ends without its footer: it was not written or downloaded to the end";
        Trouble::new(Fault::Truncated, message)
    };
    if bytes < FRAME {
        return Err(cut_off());
    }
    let end = tail(file, bytes, 8).map_err(|error| unread(&error))?;
    let (length, magic) = end.split_at(4);
    if magic != MAGIC {
        return Err(cut_off());
    }
    let length = u64::from(u32::from_le_bytes(length.try_into().expect("four bytes")));
    if length + FRAME > bytes {
        let message = format!("the Parquet footer says it has {length} bytes, and the file has {bytes}");
        return Err(Trouble::new(Fault::Damaged, message));
    }
    let footer = tail(file, bytes, length + 8).map_err(|error| unread(&error))?;
    let mut sight = Sight::default();
    let read = Thrift::new(&footer[..footer.len() - 8]).read(&FILE_META_DATA, &mut sight);
    if read.is_ok() && sight.is_encrypted {
        return Err(Trouble::new(
            Fault::Damaged,
            "the file is a Parquet file with encrypted columns",
        ));
    }
    read.and_then(|()| sight.judge())
        .map_err(|why| Trouble::new(Fault::Damaged, format!("the Parquet footer is damaged: {why}")))
}

fn tail(mut file: &File, bytes: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(bytes - count))?;
    let mut tail = Vec::new();
    file.take(count).read_to_end(&mut tail)?;
    if tail.len() as u64 != count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(tail)
}

fn unread(error: &io::Error) -> Trouble {
    Trouble::new(Fault::Damaged, format!("the Parquet footer cannot be read: {error}"))
}

/// Whether the nodes, each given by its number of children, make one tree that is not too deep.
fn is_sane(children: &[usize]) -> bool {
    // Children still to come at each level.
    let mut open: Vec<usize> = Vec::new();
    for (index, &count) in children.iter().enumerate() {
        if count > children.len() - index - 1 || (index > 0 && open.is_empty()) {
            return false;
        }
        if let Some(siblings) = open.last_mut() {
            *siblings -= 1;
        }
        open.push(count);
        if open.len() > DEEPEST {
            return false;
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    open.is_empty()
}

/// What a footer says in more than one place.
#[derive(Default)]
struct Sight {
    /// The node of the schema being read.
    node: Node,
    /// For each node of the schema, the number of its children; `None` for less than none.
    children: Vec<Option<usize>>,
    /// For each leaf of the schema, its type.
    leaves: Vec<Option<i64>>,
    /// Columns in the row group being read, so far.
    columns: usize,
    /// Rows of the file, and of its row groups together.
    rows: (i64, i128),
    /// Columns whose order is given.
    orders: Option<i64>,
    /// The footer is readable, and columns may not be.
    is_encrypted: bool,
    /// The first that does not fit.
    wrong: Option<&'static str>,
}

/// A node of the schema.
#[derive(Default)]
struct Node {
    children: i64,
    /// Its physical type, its type in the first version of the format, and that in the second.
    kind: Option<i64>,
    converted: Option<i64>,
    logical: Option<&'static str>,
}

impl Node {
    /// Whether a node with others below it has a type of such a node, and the same in both versions.
    fn is_group(&self) -> bool {
        matches!(
            (self.logical, self.converted),
            (None, _) | (Some("LIST"), None | Some(LIST)) | (Some("MAP"), None | Some(MAP | MAP_KEY_VALUE))
        )
    }
}

/// Values of parquet-format's `ConvertedType`.
const MAP: i64 = 1;
const MAP_KEY_VALUE: i64 = 2;
const LIST: i64 = 3;

impl Sight {
    fn expect(&mut self, holds: bool, otherwise: &'static str) {
        if !holds {
            self.wrong.get_or_insert(otherwise);
        }
    }

    fn judge(mut self) -> Result<(), String> {
        let children: Option<Vec<usize>> = self.children.iter().copied().collect();
        let sane = children.is_some_and(|children| is_sane(&children));
        self.expect(sane, "its schema is no tree, or too deep a one");
        let orders = self
            .orders
            .is_none_or(|orders| usize::try_from(orders) == Ok(self.leaves.len()));
        self.expect(orders, "it does not give an order for every column");
        if let Some(wrong) = self.wrong {
            return Err(wrong.to_owned());
        }
        let (rows, in_groups) = self.rows;
        if i128::from(rows) != in_groups {
            return Err(format!(
                "it says there are {rows} rows, and its row groups have {in_groups}"
            ));
        }
        Ok(())
    }
}

impl Visitor for Sight {
    fn number(&mut self, shape: &'static str, field: &'static str, number: i64) {
        match (shape, field) {
            ("SchemaElement", "num_children") => self.node.children = number,
            ("SchemaElement", "type") => self.node.kind = Some(number),
            ("SchemaElement", "converted_type") => self.node.converted = Some(number),
            ("LogicalType", kind) => self.node.logical = Some(kind),
            ("ColumnMetaData", "type") => {
                let fits = self.leaves.get(self.columns) == Some(&Some(number));
                self.expect(fits, "a column is of another type in its schema than in a row group");
            }
            ("RowGroup", "num_rows") => self.rows.1 += i128::from(number),
            ("FileMetaData", "num_rows") => self.rows.0 = number,
            ("FileMetaData", "encryption_algorithm") => self.is_encrypted = true,
            ("FileMetaData", "column_orders") => self.orders = Some(number),
            _ => {}
        }
    }

    fn end(&mut self, shape: &'static str) {
        match shape {
            "SchemaElement" => {
                let node = std::mem::take(&mut self.node);
                let is_root = self.children.is_empty();
                self.children.push(usize::try_from(node.children).ok());
                if node.children > 0 {
                    self.expect(node.is_group(), "a column of columns is of a type it cannot have");
                } else if !is_root {
                    self.expect(node.kind.is_some(), "a column has neither a type nor columns below it");
                    self.leaves.push(node.kind);
                }
            }
            "ColumnChunk" => self.columns += 1,
            "RowGroup" => {
                let fits = std::mem::take(&mut self.columns) == self.leaves.len();
                self.expect(fits, "a row group has not the columns of its schema");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_one_tree() {
        assert!(is_sane(&[2, 0, 1, 0]));
        assert!(is_sane(&[0]));
        // A child is missing, one is too many, and a node claims more than there are.
        assert!(!is_sane(&[2, 0]));
        assert!(!is_sane(&[1, 0, 0]));
        assert!(!is_sane(&[1, usize::MAX]));
        let mut chain = vec![1; DEEPEST];
        chain.push(0);
        assert!(!is_sane(&chain));
        assert!(is_sane(&chain[1..]));
    }

    #[test]
    fn a_column_of_columns_has_a_type_of_one() {
        let is_group = |logical, converted| {
            let node = Node {
                converted,
                logical,
                ..Node::default()
            };
            node.is_group()
        };
        // Structs, and lists and maps of either version of the format, and of both.
        for (logical, converted) in [
            (None, None),
            (None, Some(LIST)),
            (Some("LIST"), None),
            (Some("LIST"), Some(LIST)),
            (Some("MAP"), Some(MAP_KEY_VALUE)),
        ] {
            assert!(is_group(logical, converted), "{logical:?} {converted:?}");
        }
        assert!(!is_group(Some("STRING"), None));
        assert!(!is_group(Some("LIST"), Some(MAP)));
    }
}
