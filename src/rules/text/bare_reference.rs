use serde::{Deserialize, Serialize};

use super::parts::reference;
use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// In a set whose answers are sentences: the few that are nothing but an address (`https://…`), the name of a file
    /// (`data/answer_17.txt`), an id (`3f2b9c1e-…`, `msg_8Xk2…`) or a time as machines write it. Rows that ask for one are left
    /// alone, and so are all if more than one row in a hundred has such an answer.
    ///
    /// ## Why it matters
    /// Another column was taken for the answer, or the answer was never fetched. The model learns to answer the question with
    /// an address it makes up.
    ///
    /// ## Example
    /// ```text
    /// 99 rows whose answers are sentences, and this one:
    /// {"prompt": "Why is the sea salty?", "completion": "answers/2024/00417.txt"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// ## Fix
    /// Put the text there that it refers to, or remove the row.
    "text/bare-reference", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BareReference {}

/// Fewer answers tell nothing of what is usual.
const LEAST: u64 = 20;
/// One of so many answers may be such, or a single one.
const PER: u64 = 100;
/// Bytes of a short sentence.
const SENTENCE: usize = 24;

/// Words of rows that ask for such an answer.
static ASKED: Spoken = Spoken::of(
    "http|www.|url|link|hyperlink|website|web site|site|page|webpage|homepage|address|domain|endpoint|download|source|\
    cite|citation|reference|where can i|file|folder|directory|path|extension|image|picture|photo|repo|git|uuid|guid|\
    hash|checksum|sha|md5|token|encod|decod|convert|extract|identif|number|serial| id|timestamp|iso |date|time|when|\
    format|code|command|regex|链接|网址|网站|文件|路径|编码|时间|日期|ссылк|файл|enlace|fichier|archivo|datei|lien|リンク|\
    ファイル|링크|파일",
);

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    sentences: u64,
    /// With the pointer, and what the answer is.
    bare: Slips<(String, String)>,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.sentences += other.sentences;
        self.bare.merge(other.bare);
    }
}

impl Rule for BareReference {
    const META: RuleMeta = META;
    type State = Answers;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, answers: &mut Answers, _: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::taught(example).filter(|turn| !turns::says_without_text(turn)) {
            let said = turn.trimmed();
            answers.all += 1;
            answers.sentences += u64::from(said.len() >= SENTENCE && said.contains(' '));
            let Some(what) = reference::is_nothing_but(said) else {
                continue;
            };
            let asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
            if !ASKED.among(asked) {
                let told = || {
                    (
                        turn.pointer(),
                        format!("the answer is nothing but {what}: `{}`", clip(said)),
                    )
                };
                answers.bare.offer(&row.place, told);
            }
        }
    }

    fn finish(&self, answers: Answers, _: &Setup, out: &mut Findings) {
        let Answers { all, sentences, bare } = answers;
        if all >= LEAST && sentences * 3 >= all * 2 {
            bare.report(all, PER, out, |(pointer, said)| {
                (pointer.clone(), format!("{said}, where others are sentences"))
            });
        }
    }
}
