use serde::{Deserialize, Serialize};

use super::parts::{reference, wordless};
use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// In a set whose answers are sentences: the few that are nothing but an address (`https://…`), the name of a file
    /// (`data/answer_17.txt`), an id (`3f2b9c1e-…`, `msg_8Xk2…`) or a time as machines write it; and where nearly all answers
    /// are sentences, one that is a picture, a formula of a spreadsheet, a number, `transfer_fee`, a single letter or an emoji;
    /// and prompts that are such, or a bare `?`, where others are sentences. Rows that ask for one are left
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
/// Fewer answers do not show that all are sentences, but for one in so many.
const MANY: u64 = 100;
const ALL_BUT: u64 = 50;

/// Words of rows that ask for such an answer.
static ASKED: Spoken = Spoken::of(
    "http|www.|url|link|hyperlink|website|web site|site|page|webpage|homepage|address|domain|endpoint|download|source|\
    cite|citation|reference|where can i|file|folder|directory|path|extension|image|picture|photo|repo|git|uuid|guid|\
    hash|checksum|sha|md5|token|encod|decod|convert|extract|identif|number|serial| id|timestamp|iso |date|time|when|\
    format|code|command|regex|链接|网址|网站|文件|路径|编码|时间|日期|ссылк|файл|enlace|fichier|archivo|datei|lien|リンク|\
    ファイル|링크|파일",
);

/// Those that name one, and stand in no prompt by chance.
static NAMED: Spoken = Spoken::of(
    "http|www.|url|link|website|web site|webpage|homepage|domain|endpoint|download|cite|citation|where can i|file|folder|\
    directory|file path|path to|image|picture|photo|repo|git|uuid|guid|hash|checksum|sha256|md5|encod|decod|convert|extract|\
    serial number|id |id:|ids|timestamp|iso |datetime|code|regex|链接|网址|网站|文件|路径|编码|ссылк|файл|enlace|fichier|archivo|datei|lien|リンク|ファイル|링크|파일",
);

/// Where a text stands, and what it is.
type Told = (String, String);

/// The answers of a set, or its prompts.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Texts {
    all: u64,
    sentences: u64,
    bare: Slips<Told>,
    /// Those that are none of a few words either.
    wordless: Slips<Told>,
}

impl Merge for Texts {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.sentences += other.sentences;
        self.bare.merge(other.bare);
        self.wordless.merge(other.wordless);
    }
}

impl Rule for BareReference {
    const META: RuleMeta = META;
    /// Answers, and first prompts.
    type State = (Texts, Texts);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (answers, prompts): &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let asked = |words: &Spoken| words.asked_by(example.turns.iter().filter(|turn| turn.role != Role::Assistant));
        let say = |turn: &Turn<'_>, who: &str, what: &str| {
            (
                turn.pointer(),
                format!("the {who} is nothing but {what}: `{}`", clip(turn.trimmed())),
            )
        };
        for turn in turns::taught(example).filter(|turn| !turns::says_without_text(turn)) {
            let said = turn.trimmed();
            answers.count(said);
            if let Some(what) = reference::is_nothing_but(said) {
                if !asked(&ASKED) {
                    answers.bare.offer(&row.place, || say(turn, "answer", what));
                } else if !asked(&NAMED) {
                    answers.wordless.offer(&row.place, || say(turn, "answer", what));
                }
            } else if let Some((what, _)) = wordless::is_nothing_but(said)
                .filter(|_| !answers.wordless.are_many())
                .filter(|(_, words)| !asked(words))
            {
                answers.wordless.offer(&row.place, || say(turn, "answer", what));
            }
        }
        let first = example.turns.iter().find(|turn| turn.role == Role::User);
        if let Some(turn) = first.filter(|turn| !turns::says_without_text(turn)) {
            let said = turn.trimmed();
            prompts.count(said);
            let sign = matches!(said, "?" | "." | "-" | "？").then_some("a sign");
            if let Some(what) = sign.or_else(|| reference::is_nothing_but(said)) {
                prompts.wordless.offer(&row.place, || say(turn, "prompt", what));
            }
        }
    }

    fn finish(&self, (answers, prompts): Self::State, _: &Setup, out: &mut Findings) {
        for Texts {
            all,
            sentences,
            bare,
            wordless,
        } in [answers, prompts]
        {
            let say = |(pointer, said): &Told| (pointer.clone(), format!("{said}, where others are sentences"));
            if all >= LEAST && sentences * 3 >= all * 2 {
                bare.report(all, PER, out, say);
            }
            if all >= MANY && (all - sentences) * ALL_BUT <= all {
                wordless.report(all, 2 * PER, out, say);
            }
        }
    }
}

impl Texts {
    fn count(&mut self, said: &str) {
        self.all += 1;
        // In scripts without blanks a character is a word.
        let words = || said.contains(' ') || said.chars().any(|c| c > '\u{2E7F}');
        self.sentences += u64::from(said.len() >= SENTENCE && words());
    }
}
