//! UTF-8 that was decoded as something else, found by undoing it.

pub(in super::super) mod capitals;
pub(in super::super) mod cyrillic;
pub(in super::super) mod japanese;
pub(in super::super) mod latin;
pub(in super::super) mod pages;

/// The longest piece of garbage that is shown, in characters.
const SHOWN: usize = 24;

/// One character of UTF-8 from bytes that are given back one at a time; `None` where they are none.
fn decode(lead: u8, mut rest: impl Iterator<Item = u8>) -> Option<char> {
    let length = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut bytes = [lead, 0, 0, 0];
    for byte in &mut bytes[1..length] {
        *byte = rest.next().filter(|byte| (0x80..0xC0).contains(byte))?;
    }
    std::str::from_utf8(&bytes[..length]).ok()?.chars().next()
}
