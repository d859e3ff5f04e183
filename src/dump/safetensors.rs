//! Files of safetensors, as their documentation has them: eight bytes with the length of a JSON header, little-endian,
//! the header, and the numbers of all tensors, little-endian and row by row.
//!
//! Limits: a header of 16 MiB, a tensor of 1 GiB. Numbers of 8 bits and less that are no integers (`F8_E4M3`, `F4`, …)
//! and complex ones are not read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value as Json;

use super::matrix::{Matrix, Numbers};

/// Bytes of a header. The library that writes these files takes 100 MB, for models of a million tensors.
const LONGEST_HEADER: u64 = 16 << 20;
/// Bytes of a tensor: a mask of 8 rows by 8,192 by 8,192 in 16 bits.
const LARGEST_TENSOR: u64 = 1 << 30;

/// A file, its header read.
pub(super) struct Safetensors {
    file: File,
    /// Where the tensors' bytes begin.
    base: u64,
    pub(super) metadata: BTreeMap<String, String>,
    /// In the order of the header.
    pub(super) tensors: Vec<Tensor>,
}

/// A tensor as the header describes it.
pub(super) struct Tensor {
    pub(super) name: String,
    dtype: String,
    pub(super) shape: Vec<usize>,
    /// From the first tensor's first byte.
    begin: u64,
    length: u64,
}

impl Safetensors {
    /// # Errors
    ///
    /// What is wrong with the file: lower case, no full stop.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let io = |error: io::Error| format!("it cannot be read: {error}");
        let mut file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let mut length = [0; 8];
        if size < 8 {
            return Err(format!(
                "it has {size} bytes, and safetensors begin with 8 for the length of their header"
            ));
        }
        file.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER {
            return Err(format!(
                "it is no file of safetensors: its header would have {length} bytes, more than {LONGEST_HEADER}"
            ));
        }
        let base = 8 + length;
        if base > size {
            return Err(format!(
                "it ends inside its header: {size} bytes, and the header alone has {length}"
            ));
        }
        let mut header = Vec::new();
        (&mut file).take(length).read_to_end(&mut header).map_err(io)?;
        let header: Json =
            serde_json::from_slice(&header).map_err(|error| format!("its header is no JSON: {error}"))?;
        let Json::Object(header) = header else {
            return Err("its header is no JSON object".to_owned());
        };
        let mut read = Self {
            file,
            base,
            metadata: BTreeMap::new(),
            tensors: Vec::new(),
        };
        for (name, value) in header {
            if name == "__metadata__" {
                let entries = value.as_object().into_iter().flatten();
                let text = |(key, value): (&String, &Json)| Some((key.clone(), value.as_str()?.to_owned()));
                read.metadata = entries.filter_map(text).collect();
                continue;
            }
            let tensor = Tensor::of(&name, &value)
                .ok_or_else(|| format!("its header does not describe `{name}` as a tensor"))?;
            let end = tensor.begin.checked_add(tensor.length);
            if end.is_none_or(|end| end > size - base) {
                return Err(format!(
                    "it ends inside `{name}`: it is cut off, or its header is not its own"
                ));
            }
            read.tensors.push(tensor);
        }
        Ok(read)
    }

    /// The numbers of a tensor, by its number.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn read(&mut self, at: usize) -> Result<Matrix, String> {
        let tensor = &self.tensors[at];
        let name = &tensor.name;
        let Some((size, number)) = kind(&tensor.dtype) else {
            return Err(format!("`{name}` is of {}, which is not read", tensor.dtype));
        };
        let count = tensor
            .shape
            .iter()
            .try_fold(1u64, |count, side| count.checked_mul(*side as u64));
        let bytes = count.and_then(|count| count.checked_mul(size as u64));
        if bytes != Some(tensor.length) {
            return Err(format!(
                "`{name}` has {} bytes, and its shape {:?} of {} others",
                tensor.length, tensor.shape, tensor.dtype
            ));
        }
        if tensor.length > LARGEST_TENSOR {
            return Err(format!(
                "`{name}` has {} bytes, more than {LARGEST_TENSOR}",
                tensor.length
            ));
        }
        let io = |error: io::Error| format!("it cannot be read: {error}");
        self.file.seek(SeekFrom::Start(self.base + tensor.begin)).map_err(io)?;
        let mut bytes = Vec::new();
        (&mut self.file)
            .take(tensor.length)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        if bytes.len() as u64 != tensor.length {
            return Err(format!("it ends inside `{name}`"));
        }
        let pieces = bytes.chunks_exact(size);
        let numbers = match number {
            Number::Whole(read) => Numbers::Whole(pieces.map(read).collect()),
            Number::Real(read) => Numbers::Real(pieces.map(read).collect()),
        };
        Ok(Matrix {
            shape: tensor.shape.clone(),
            numbers,
        })
    }
}

impl Tensor {
    fn of(name: &str, value: &Json) -> Option<Self> {
        let number = |value: &Json| usize::try_from(value.as_u64()?).ok();
        let shape = value
            .get("shape")?
            .as_array()?
            .iter()
            .map(number)
            .collect::<Option<_>>()?;
        let [begin, end] = value.get("data_offsets")?.as_array()?.as_slice() else {
            return None;
        };
        let (begin, end) = (begin.as_u64()?, end.as_u64()?);
        Some(Self {
            name: name.to_owned(),
            dtype: value.get("dtype")?.as_str()?.to_owned(),
            shape,
            begin,
            length: end.checked_sub(begin)?,
        })
    }
}

enum Number {
    Whole(fn(&[u8]) -> i64),
    Real(fn(&[u8]) -> f32),
}

/// Bytes of a number, and how it is read. A piece has just that many bytes.
fn kind(dtype: &str) -> Option<(usize, Number)> {
    fn sized<const N: usize>(piece: &[u8]) -> [u8; N] {
        piece.try_into().expect("pieces of N bytes")
    }
    Some(match dtype {
        "BOOL" | "U8" => (1, Number::Whole(|piece| i64::from(piece[0]))),
        "I8" => (1, Number::Whole(|piece| i64::from(i8::from_le_bytes(sized(piece))))),
        "I16" => (2, Number::Whole(|piece| i64::from(i16::from_le_bytes(sized(piece))))),
        "U16" => (2, Number::Whole(|piece| i64::from(u16::from_le_bytes(sized(piece))))),
        "I32" => (4, Number::Whole(|piece| i64::from(i32::from_le_bytes(sized(piece))))),
        "U32" => (4, Number::Whole(|piece| i64::from(u32::from_le_bytes(sized(piece))))),
        "I64" => (8, Number::Whole(|piece| i64::from_le_bytes(sized(piece)))),
        "U64" => (
            8,
            Number::Whole(|piece| i64::try_from(u64::from_le_bytes(sized(piece))).unwrap_or(i64::MAX)),
        ),
        "F16" => (2, Number::Real(|piece| half(u16::from_le_bytes(sized(piece))))),
        "BF16" => (
            2,
            Number::Real(|piece| f32::from_bits(u32::from(u16::from_le_bytes(sized(piece))) << 16)),
        ),
        "F32" => (4, Number::Real(|piece| f32::from_le_bytes(sized(piece)))),
        #[expect(clippy::cast_possible_truncation, reason = "a mask is 0, 1 or far below")]
        "F64" => (8, Number::Real(|piece| f64::from_le_bytes(sized(piece)) as f32)),
        _ => return None,
    })
}

/// A number of IEEE 754 in 16 bits.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f32::from(bits & 0x3FF));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file of this header and these bytes.
    fn open(header: &str, data: &[u8]) -> Result<Safetensors, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.safetensors");
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        fs::write(&path, bytes).expect("written");
        Safetensors::open(&path)
    }

    fn numbers(dtype: &str, data: &[u8], count: usize) -> Numbers {
        let header = format!(
            r#"{{"a":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[0,{}]}}}}"#,
            data.len()
        );
        open(&header, data).expect("a file").read(0).expect("numbers").numbers
    }

    #[test]
    fn numbers_of_every_kind_are_read() {
        let whole = |dtype, data: &[u8], number| {
            assert_eq!(numbers(dtype, data, 1), Numbers::Whole(vec![number]), "{dtype}");
        };
        whole("BOOL", &[1], 1);
        whole("U8", &[200], 200);
        whole("I8", &[0x9C], -100);
        whole("I16", &(-100i16).to_le_bytes(), -100);
        whole("U16", &60_000u16.to_le_bytes(), 60_000);
        whole("I32", &(-100i32).to_le_bytes(), -100);
        whole("U32", &4_000_000_000u32.to_le_bytes(), 4_000_000_000);
        whole("I64", &(-100i64).to_le_bytes(), -100);
        whole("U64", &u64::MAX.to_le_bytes(), i64::MAX);
        let real = |dtype, data: &[u8], number| {
            assert_eq!(numbers(dtype, data, 1), Numbers::Real(vec![number]), "{dtype}");
        };
        real("F32", &(-1e9f32).to_le_bytes(), -1e9);
        real("F64", &0.5f64.to_le_bytes(), 0.5);
        real("BF16", &[0x80, 0x3F], 1.0);
        real("F16", &[0x00, 0xFC], f32::NEG_INFINITY);
        real("F16", &[0xFF, 0xFB], -65504.0);
        real("F16", &[0x01, 0x00], 2f32.powi(-24));
    }

    #[test]
    fn damage_is_said_and_never_trusted() {
        let tensor = |offsets: &str| format!(r#"{{"a":{{"dtype":"I64","shape":[2],"data_offsets":{offsets}}}}}"#);
        let error = |header: &str, data: &[u8]| open(header, data).err().expect("refused");
        assert!(error(&tensor("[0,16]"), &[0; 15]).contains("cut off"));
        assert!(error(&tensor("[16,0]"), &[0; 16]).contains("does not describe"));
        assert!(error(&tensor("[18446744073709551615,18446744073709551615]"), &[0; 16]).contains("cut off"));
        assert!(error("[]", &[]).contains("no JSON object"));
        assert!(error("{", &[]).contains("no JSON"));
        let mut short = open(&tensor("[0,8]"), &[0; 16]).expect("a header");
        assert!(short.read(0).expect_err("of another size").contains("has 8 bytes"));
        let header = r#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#;
        let mut odd = open(header, &[0]).expect("a header");
        assert!(odd.read(0).expect_err("not read").contains("F8_E4M3"));
        let huge = r#"{"a":{"dtype":"I64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#;
        let mut huge = open(huge, &[0; 8]).expect("a header");
        assert!(huge.read(0).is_err());
    }
}
