use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::chat_marks::{END, Mark, START, marks};
use super::parts::chat_order::Order;
use crate::finding::Findings;
use crate::model::example::{Role, Shape};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// In a set of texts that are chats already written out, with marks such as `<|im_start|>user`: the few texts whose
    /// marks follow each other as in no others. An answer is missing or empty, the end of a turn was lost, a turn begins
    /// twice, a mark or a role is misspelt, or is that of another format.
    ///
    /// ## Why it matters
    /// Nothing puts such a text right: the model is trained on it as it stands, and learns to say nothing, or to go on
    /// where it should stop.
    ///
    /// ## Example
    /// ```text
    /// 99 texts such as {"text": "<|user|>\nName a prime.\n<|assistant|>Seven."}, and this one:
    /// {"text": "<|user|>\nName a vitamin.\n<|assistant|>"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "<|user|>\nName a vitamin.\n<|assistant|>Vitamin C."}
    /// ```
    ///
    /// ## Fix
    /// Write the text anew from its messages, or remove the row. More turns than others have, a system prompt and what tools
    /// say are left alone, however few texts have them.
    "text/chat-unlike", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChatUnlike {}

/// Texts below which nothing is usual.
const LEAST: u64 = 50;
/// Of so many texts one may be the only one without marks.
const MARKED: u64 = 20;
/// Marks that follow each other in one of so many texts are unlike the others; in one text alone always.
const PER: u64 = 500;
/// Where more than one of so many texts is unlike the others, they are of many kinds.
const UNLIKE: usize = 100;
/// More pairs of marks than this are no format.
const PAIRS: usize = 200;

/// Texts, and for each pair of marks that follow each other those in which they do.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Chats {
    texts: u64,
    plain: Strays<String>,
    /// With the pointer to the text.
    pairs: BTreeMap<String, Strays<String>>,
}

impl Merge for Chats {
    fn merge(&mut self, other: Self) {
        self.texts += other.texts;
        self.plain.merge(other.plain);
        Merge::merge(&mut self.pairs, other.pairs);
    }
}

impl Rule for ChatUnlike {
    const META: RuleMeta = META;
    type State = Chats;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, chats: &mut Chats, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape == Shape::Text) else {
            return;
        };
        let Some(turn) = example.turns.iter().find(|turn| turn.role == Role::Text) else {
            return;
        };
        chats.texts += 1;
        let mut marks = marks(&turn.text);
        if marks.is_empty() {
            chats.plain.offer(&row.place, || turn.pointer());
            return;
        }
        marks.insert(0, Mark::edge(START));
        marks.push(Mark::edge(END));
        let mut pairs: Vec<_> = marks.windows(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut key = String::new();
        for (one, other) in pairs {
            key.clear();
            one.write(&mut key);
            key.push('\n');
            other.write(&mut key);
            if let Some(texts) = chats.pairs.get_mut(&key) {
                texts.offer(&row.place, || turn.pointer());
            } else if chats.pairs.len() <= PAIRS {
                // One more than a format has tells that this is none.
                let texts = chats.pairs.entry(key.clone()).or_default();
                texts.offer(&row.place, || turn.pointer());
            }
        }
    }

    fn finish(&self, Chats { texts, plain, pairs }: Chats, _: &Setup, out: &mut Findings) {
        if texts < LEAST || plain.count() * MARKED > texts || pairs.len() > PAIRS {
            return;
        }
        let order = Order::of(&pairs, texts, PER);
        let mut unlike = BTreeMap::new();
        if plain.are_few(PER, texts) {
            for (place, pointer) in plain.rows() {
                let said = format!(
                    "no mark of a chat stands in it, as in {} of {texts} texts",
                    texts - plain.count()
                );
                unlike.insert(place, (pointer, said));
            }
        }
        for (one, other, rows) in order.odd() {
            for (place, pointer) in rows.rows() {
                let said = || (pointer, order.say(one, other, rows.count()));
                unlike.entry(place).or_insert_with(said);
            }
        }
        if unlike.len() > 1 && unlike.len() * UNLIKE > usize::try_from(texts).unwrap_or(usize::MAX) {
            return;
        }
        for (place, (pointer, said)) in unlike {
            out.field(place, || pointer.clone(), || said);
        }
    }
}
