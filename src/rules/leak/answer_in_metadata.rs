use std::sync::LazyLock;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Turn};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::text::{Word, hashes_of};

use super::parts::answers;

rule_meta! {
    /// ## What it finds
    /// Short answers that stand in an id, a path or a field of metadata inside the prompt: `id: spam_0017`,
    /// `"category": "spam"`, `images/cat/004.jpg`. An answer is compared with the 256 turns before it and the first
    /// 256 of its conversation.
    ///
    /// ## Why it matters
    /// Ids are often made of the label. The model reads it there, and has learnt nothing when ids are new.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "[mail spam_0017] Win a prize now! Is this spam or ham?", "completion": "spam"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "[mail 0017] Win a prize now! Is this spam or ham?", "completion": "spam"}
    /// ```
    ///
    /// ## Fix
    /// Leave ids, paths and metadata out of prompts, or number them anew.
    "leak/answer-in-metadata", Note, above 0.05 => Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInMetadata {
    /// Longest answer to look for, in words.
    max_words: usize,
}

impl Default for AnswerInMetadata {
    fn default() -> Self {
        Self { max_words: 4 }
    }
}

/// Names of fields that hold metadata.
const FIELDS: &[&str] = &[
    "id", "ids", "uid", "uuid", "guid", "file", "filename", "path", "source", "category", "class", "tag", "tags",
    "type", "meta", "metadata", "split", "ref", "hash", "folder", "group", "dataset",
];

static HASHES: LazyLock<Vec<u64>> = LazyLock::new(|| hashes_of(FIELDS));

impl Rule for AnswerInMetadata {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, answer) in answers::taught(example) {
            let wanted = row.words.turn(at);
            let text = answer.trimmed();
            // A letter or a number is part of ids by chance.
            if wanted.is_empty()
                || wanted.len() > self.max_words
                || text.len() < 3
                || !text.contains(char::is_alphabetic)
            {
                continue;
            }
            let found = answers::earlier(example, at)
                .filter(|(_, turn)| !turn.is_answer() && turn.branch != Branch::Rejected)
                .find_map(|(before, turn)| Some((turn, part_of_id(turn, row.words.turn(before), wanted)?)));
            if let Some((turn, id)) = found {
                let say = || {
                    format!(
                        "the answer stands in metadata of the prompt: `{}`",
                        clip(id).replace('`', "'")
                    )
                };
                out.field(&row.place, || turn.pointer(), say);
            }
        }
    }
}

/// The id or field of a turn that has these words among its parts.
fn part_of_id<'t>(turn: &'t Turn<'_>, words: &[Word], wanted: &[Word]) -> Option<&'t str> {
    let text = turn.text.as_ref();
    let places = words.windows(wanted.len()).enumerate();
    let places = places.filter(|(_, window)| window.iter().zip(wanted).all(|(one, other)| one.hash == other.hash));
    for (at, _) in places {
        let (mut first, mut last) = (at, at + wanted.len() - 1);
        while first > 0 && joined(text, &words[first - 1], &words[first]) {
            first -= 1;
        }
        while last + 1 < words.len() && joined(text, &words[last], &words[last + 1]) {
            last += 1;
        }
        let id = &text[words[first].start as usize..words[last].end as usize];
        let more = last - first + 1 > wanted.len();
        if (more && id.bytes().any(|byte| byte.is_ascii_digit()))
            || (first > 0 && is_field(text, &words[first - 1], &words[first]))
        {
            return Some(id);
        }
    }
    None
}

/// Whether two words are parts of one id: one sign between them.
fn joined(text: &str, left: &Word, right: &Word) -> bool {
    let between = text.as_bytes().get(left.end as usize..right.start as usize);
    matches!(between, Some([b'_' | b'-' | b'/' | b'.' | b'#']))
}

/// Whether a word names a field of metadata and the next is its value.
fn is_field(text: &str, name: &Word, value: &Word) -> bool {
    let between = &text[name.end as usize..value.start as usize];
    HASHES.binary_search(&name.hash).is_ok()
        && between.contains([':', '='])
        && between
            .chars()
            .all(|c| matches!(c, ':' | '=' | '"' | '\'' | ' ' | '[' | '('))
}
