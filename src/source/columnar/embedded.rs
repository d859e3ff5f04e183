//! The Arrow schema that pyarrow and other writers keep in the footer of a Parquet file.
//!
//! It is a message of an Arrow stream in base64. The decoder reads the schema in it whatever its frame says;
//! Arrow in C++ refuses the file for a frame that is not sound.

use arrow::ipc::MessageHeader;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::file::metadata::FileMetaData;

use super::description;

/// Whether the schema is a sound message, if there is one.
pub(super) fn check(metadata: &FileMetaData) -> Result<(), String> {
    let entries = metadata.key_value_metadata().into_iter().flatten();
    let Some(entry) = entries.into_iter().find(|entry| entry.key == ARROW_SCHEMA_META_KEY) else {
        return Ok(());
    };
    let wrong = |why: &str| format!("its `{ARROW_SCHEMA_META_KEY}` is damaged: {why}");
    let bytes = entry
        .value
        .as_deref()
        .and_then(base64)
        .ok_or_else(|| wrong("it is no base64"))?;
    let (message, _) = description::message(&bytes).ok_or_else(|| wrong("it cannot be understood"))?;
    if message.header_type() != MessageHeader::Schema {
        return Err(wrong("it is no schema"));
    }
    description::check(&message, None).map_err(|why| wrong(&why))
}

/// The bytes a text in base64 stands for.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits).to_le_bytes()[0]);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        let cases: &[(&str, Option<&[u8]>)] = &[
            ("", Some(b"")),
            ("/w==", Some(b"\xFF")),
            ("TWE=", Some(b"Ma")),
            ("TWFu", Some(b"Man")),
            ("+/+/", Some(b"\xFB\xFF\xBF")),
            ("TW-u", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(base64(text).as_deref(), *bytes, "{text}");
        }
    }
}
