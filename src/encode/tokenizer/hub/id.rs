//! A model's id: `org/name`, `name`, either with `@revision`.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelId {
    /// `org/name`, or a name alone as the oldest models have it.
    pub name: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl ModelId {
    /// The folder of the model in the cache.
    pub(super) fn folder(&self) -> String {
        format!("models--{}", self.name.replace('/', "--"))
    }

    /// The revision as one segment of an address.
    pub(super) fn revision_segment(&self) -> String {
        self.revision.replace('/', "%2F")
    }
}

/// Whether a text is one part of a name, as the hub allows them.
fn is_part(part: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    !part.is_empty()
        && part.len() <= 96
        && part.chars().all(allowed)
        && !part.contains("..")
        && !part.contains("--")
        && !part.starts_with(['.', '-'])
        && !part.ends_with(['.', '-'])
}

/// Whether a text is a full commit id.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl FromStr for ModelId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, revision) = text.split_once('@').unwrap_or((text, "main"));
        let parts: Vec<&str> = name.split('/').collect();
        let of_revision = |part: &str| is_part(part) && part.len() <= 96;
        if parts.len() <= 2 && parts.iter().all(|part| is_part(part)) && revision.split('/').all(of_revision) {
            Ok(Self {
                name: name.to_owned(),
                revision: revision.to_owned(),
            })
        } else {
            Err(())
        }
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.revision != "main" {
            write!(f, "@{}", self.revision)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ids_and_refuses_paths() {
        let id: ModelId = "org/a.name-1".parse().expect("an id");
        assert_eq!(
            (id.folder().as_str(), id.revision.as_str()),
            ("models--org--a.name-1", "main")
        );
        let id: ModelId = "gpt2@refs/pr/1".parse().expect("an id");
        assert_eq!(
            (id.to_string().as_str(), id.revision_segment().as_str()),
            ("gpt2@refs/pr/1", "refs%2Fpr%2F1")
        );
        for bad in [
            "", "a/b/c", "../x", "/etc", "a/..", "./x", "a b", "a/b@", "a/b@../x", "a--b/c", "org/x?y",
        ] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad}");
        }
    }
}
