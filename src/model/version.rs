//! Versions of trainers.

use std::fmt;
use std::str::FromStr;

/// `major.minor.patch`; what stands after (`rc1`, `.dev0`) does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.trim().split('.').map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..digits].parse::<u32>().ok()
        });
        let mut next = || numbers.next().flatten();
        let major = next().ok_or_else(|| format!("`{text}` is no version; write `1.16` or `1.16.0`"))?;
        Ok(Self {
            major,
            minor: next().unwrap_or(0),
            patch: next().unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_and_compare() {
        let version = |text: &str| text.parse::<Version>().expect("a version");
        assert_eq!(version("1.16"), Version::new(1, 16, 0));
        assert_eq!(version("0.19.1"), Version::new(0, 19, 1));
        assert_eq!(version("5.0.0rc1"), Version::new(5, 0, 0));
        assert!(version("0.9") < version("0.19"));
        assert!("new".parse::<Version>().is_err());
    }
}
