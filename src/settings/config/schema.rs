//! The keys of each program: tables of data, made from the programs' own sources by `tables/make.py`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::model::version::Version;

/// A line of a table.
#[derive(Clone, Debug)]
struct Line {
    group: &'static str,
    key: &'static str,
    kinds: Kinds,
    default: &'static str,
    since: Option<Version>,
    until: Option<Version>,
}

/// What a key takes: the atoms of its annotation (`int|none`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(&'static str);

impl Kinds {
    pub const ANY: Self = Self("any");

    pub fn has(self, kind: &str) -> bool {
        self.0
            .split('|')
            .any(|known| known == kind || known == "model" && kind == "dict")
    }

    /// Whether it is an object with a schema of its own, which makes numbers of texts.
    pub fn is_model(self) -> bool {
        self.0.split('|').any(|known| known == "model")
    }

    pub fn takes_anything(self) -> bool {
        self.has("any")
    }

    pub fn has_number(self) -> bool {
        self.has("int") || self.has("float")
    }

    /// In words: `an int or none`.
    pub fn words(self) -> String {
        self.0.replace('|', " or ")
    }
}

/// A key at one version.
#[derive(Clone, Debug)]
pub struct Field {
    pub group: &'static str,
    pub kinds: Kinds,
    /// `None` where there is none, or it is no literal.
    pub default: Option<Json>,
}

/// When a key was there, where it is not at the version in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was taken away with this version, or after the one before it that was looked at.
    Until(Version),
    /// It came with this version.
    Since(Version),
}

/// The keys of a program at one version.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    fields: BTreeMap<&'static str, Field>,
    /// With the library whose versions these are.
    gone: BTreeMap<&'static str, (&'static str, Gone)>,
}

fn table(name: &str) -> &'static [Line] {
    static TABLES: OnceLock<BTreeMap<&'static str, Vec<Line>>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [
            ("axolotl", include_str!("tables/axolotl.tsv")),
            ("llama_factory", include_str!("tables/llama_factory.tsv")),
            ("torchtune", include_str!("tables/torchtune.tsv")),
            ("transformers", include_str!("tables/transformers.tsv")),
            ("trl", include_str!("tables/trl.tsv")),
        ]
        .into_iter()
        .map(|(name, text)| (name, text.lines().filter_map(line).collect()))
        .collect()
    });
    tables.get(name).map_or(&[], Vec::as_slice)
}

fn line(text: &'static str) -> Option<Line> {
    let mut cells = text.split('\t');
    let mut next = || cells.next().unwrap_or_default();
    let group = next();
    if group.starts_with('#') || group.is_empty() {
        return None;
    }
    Some(Line {
        group,
        key: next(),
        kinds: Kinds(next()),
        default: next(),
        since: next().parse().ok(),
        until: next().parse().ok(),
    })
}

impl Schema {
    /// Adds the keys of some groups of a table; keys known already stay as they are.
    #[must_use]
    pub fn with(mut self, name: &'static str, groups: &[&str], version: Version) -> Self {
        for group in groups {
            for line in table(name).iter().filter(|line| line.group == *group) {
                let begun = line.since.is_none_or(|since| since <= version);
                let ended = line.until.is_some_and(|until| until <= version);
                if begun && !ended {
                    let default = serde_json::from_str(line.default).ok();
                    let field = Field {
                        group: line.group,
                        kinds: line.kinds,
                        default,
                    };
                    self.fields.entry(line.key).or_insert(field);
                    continue;
                }
                let gone = match (line.since, line.until) {
                    (_, Some(until)) if ended => Gone::Until(until),
                    (Some(since), _) => Gone::Since(since),
                    _ => continue,
                };
                let (_, known) = self.gone.entry(line.key).or_insert((name, gone));
                // The last end counts, or the first beginning.
                *known = match (*known, gone) {
                    (Gone::Until(a), Gone::Until(b)) => Gone::Until(a.max(b)),
                    (Gone::Since(a), Gone::Since(b)) => Gone::Since(a.min(b)),
                    (until @ Gone::Until(_), _) | (_, until @ Gone::Until(_)) => until,
                };
            }
        }
        self
    }

    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    pub fn kinds(&self, key: &str) -> Kinds {
        self.field(key).map_or(Kinds::ANY, |field| field.kinds)
    }

    /// Why a key is not there, where another version has it.
    pub fn gone(&self, key: &str) -> Option<(&'static str, Gone)> {
        self.gone.get(key).copied().filter(|_| !self.fields.contains_key(key))
    }

    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.fields.keys().copied()
    }
}

/// Whether a table has a key in some group at any version.
pub(super) fn knows(name: &str, groups: &[&str], key: &str) -> bool {
    table(name)
        .iter()
        .any(|line| line.key == key && groups.contains(&line.group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_whole() {
        for name in ["axolotl", "llama_factory", "torchtune", "transformers", "trl"] {
            let lines = table(name);
            assert!(lines.len() > 50, "{name}");
            for line in lines {
                assert!(!line.key.is_empty() && !line.kinds.0.is_empty(), "{name}: {line:?}");
                let json = serde_json::from_str::<Json>(line.default).is_ok();
                assert!(json || matches!(line.default, "!" | "?"), "{name}: {line:?}");
            }
        }
    }

    #[test]
    fn keys_come_and_go_with_versions() {
        let at = |version| Schema::default().with("transformers", &["TrainingArguments"], version);
        let old = at(Version::new(4, 53, 3));
        assert_eq!(
            old.field("warmup_ratio").and_then(|field| field.default.clone()),
            Some(0.0.into())
        );
        let new = at(Version::new(5, 23, 0));
        assert!(new.field("warmup_ratio").is_none());
        let gone = Gone::Until(Version::new(5, 15, 0));
        assert_eq!(new.gone("warmup_ratio"), Some(("transformers", gone)));
        let sft = |version| Schema::default().with("trl", &["sft"], version);
        assert_eq!(
            sft(Version::new(1, 16, 0)).gone("max_seq_length"),
            Some(("trl", Gone::Until(Version::new(0, 20, 0))))
        );
        assert_eq!(
            sft(Version::new(0, 16, 1)).gone("assistant_only_loss"),
            Some(("trl", Gone::Since(Version::new(0, 19, 1))))
        );
        let length = |version| sft(version).field("max_length").and_then(|field| field.default.clone());
        assert_eq!(length(Version::new(1, 16, 0)), Some(1024.into()));
    }
}
