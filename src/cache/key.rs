//! Names of entries: a hash over everything a value follows from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

/// An entry's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(u128);

impl Key {
    pub(super) fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A key in the making. Every part is added with its length, so that no two lists of parts are alike.
#[derive(Clone, Default)]
pub struct KeyOf {
    hash: Box<Xxh3>,
}

impl KeyOf {
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.hash.update(&(text.len() as u64).to_le_bytes());
        self.hash.update(text.as_bytes());
        self
    }

    /// The content of a file, of whatever name.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn file(&mut self, path: &Path) -> io::Result<&mut Self> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 18];
        // Its length is known at its end: a hash of its own stands for it.
        let (mut hash, mut length) = (Xxh3::new(), 0u64);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            length += read as u64;
            hash.update(&buffer[..read]);
        }
        self.hash.update(&length.to_le_bytes());
        self.hash.update(&hash.digest128().to_le_bytes());
        Ok(self)
    }

    pub fn key(&self) -> Key {
        Key(self.hash.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = |parts: &[&str]| {
            let mut key = KeyOf::default();
            for part in parts {
                key.text(part);
            }
            key.key()
        };
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
    }
}
