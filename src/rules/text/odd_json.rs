use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::fields::Fields;
use crate::rules::parts::refusal::refuses;
use crate::rules::parts::slips::Slips;
use crate::rules::parts::turns;
use crate::sketch::Merge;

use super::parts::json::{self, Json};
use super::parts::json_kinds::Kinds;
use super::parts::json_wrapped;

rule_meta! {
    /// ## What it finds
    /// A few answers that are not JSON, in a file whose answers nearly all are an object or a list: with a comma too
    /// many, printed by Python with single quotes, inside a string, in a block of code where the others stand bare, with
    /// text before or after, or prose. Of a conversation the last answer is looked at.
    ///
    /// Of those that are JSON: objects that lack a key which 99 of 100 have, or have one that no other has; a list among
    /// objects, a string among booleans; a value that no other answer has where each of a few has been given ten times; a key
    /// that stands twice. And among answers that are none, `{"answer": "…"}`, where nobody asks for JSON.
    ///
    /// ## Why it matters
    /// A program reads the answers of such a model, and stops at the first it cannot read. A few rows teach it that these
    /// forms are right, too.
    ///
    /// Files in which fewer than 19 of 20 answers are JSON are left alone, and so are refusals, prose in more than one
    /// answer of a hundred, and objects of another kind, which lack half of the usual keys. JSON that was cut off is
    /// `text/cut-off`'s.
    ///
    /// ## Example
    /// ```text
    /// 99 answers that are JSON, and this one:
    /// {"prompt": "Where is Oslo, and what is spoken there?", "completion": "{'country': 'Norway', 'language': 'Norwegian'}"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Where is Oslo, and what is spoken there?", "completion": "{\"country\": \"Norway\", \"language\": \"Norwegian\"}"}
    /// ```
    ///
    /// ## Fix
    /// Write the answers with `json.dumps`, all of them with the same keys, or make them again.
    "text/odd-json", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddJson {}

/// Answers below which nothing is said of a file.
const LEAST: u64 = 20;
/// Of so many answers one may be something else than JSON.
const PER: u64 = 20;
/// Of so many one may be written otherwise on purpose, and is told of if it is no more than that.
const FEW: u64 = 100;

/// Where an answer stands, and what it is.
type Odd = Slips<(String, String)>;

/// The answers of a file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    /// JSON that stands bare, and in a block of code.
    bare: Odd,
    fenced: Odd,
    kinds: Kinds,
    fields: Fields,
    /// Objects in which a key stands twice, and those that hold an answer nobody wanted wrapped.
    repeats: Odd,
    wrapped: Odd,
    /// Meant to be JSON, and not.
    broken: Odd,
    prose: Odd,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.bare.merge(other.bare);
        self.fenced.merge(other.fenced);
        self.kinds.merge(other.kinds);
        self.fields.merge(other.fields);
        self.repeats.merge(other.repeats);
        self.wrapped.merge(other.wrapped);
        self.broken.merge(other.broken);
        self.prose.merge(other.prose);
    }
}

impl Rule for OddJson {
    const META: RuleMeta = META;
    type State = BTreeMap<u32, Answers>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let last = turns::taught(example).next_back();
        let Some(turn) = last.filter(|turn| !turns::says_without_text(turn)) else {
            return;
        };
        let said = match turn.trimmed() {
            // The answer stands behind its thoughts.
            thoughts if thoughts.starts_with("<think>") => {
                thoughts.rsplit("</think>").next().unwrap_or_default().trim()
            }
            said => said,
        };
        if said.is_empty() {
            return;
        }
        let file = files.entry(row.place.source).or_default();
        file.all += 1;
        let fenced = said.starts_with("```").then(|| json::in_fence(said)).flatten();
        let text = fenced.unwrap_or(said);
        let begins = text.starts_with(['{', '[']);
        if let Some(read) = begins.then(|| json::read(text).ok()).flatten() {
            let value = Value::from_json(text).unwrap_or(Value::Null);
            if let Json::Object { keys, repeats } = read {
                file.kinds.add(keys, text, &row.place, || turn.pointer());
                if repeats {
                    file.repeats.offer(&row.place, || {
                        (turn.pointer(), "an object in which a key stands twice".to_owned())
                    });
                }
                if let Some(key) = json_wrapped::key(&value, example).filter(|_| !file.wrapped.are_many()) {
                    file.wrapped.offer(&row.place, || {
                        (turn.pointer(), format!("JSON, with the text in `{key}`"))
                    });
                }
            }
            // An empty one says that there is nothing to tell.
            let empty =
                value.as_array().is_some_and(<[_]>::is_empty) || value.as_object().is_some_and(Object::is_empty);
            if !empty {
                file.fields.add(&value, &row.place, &|| turn.pointer());
            }
            let (rows, how) = match fenced {
                Some(_) => (&mut file.fenced, "in a block of code"),
                None => (&mut file.bare, "bare"),
            };
            rows.offer(&row.place, || (turn.pointer(), how.to_owned()));
        } else if begins && json::is_open(text) {
            // Told of where it was cut.
        } else if let Some(how) = (begins || row.chars.brace()).then(|| json::broken(text)).flatten() {
            file.broken.offer(&row.place, || (turn.pointer(), how));
        } else if !file.prose.are_many() && !refuses(said) {
            let message = || format!("no JSON, `{}`", clip(said));
            file.prose.offer(&row.place, || (turn.pointer(), message()));
        }
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            let (all, json) = (file.all, file.bare.count() + file.fenced.count());
            if all >= LEAST && (json == 1 || json * FEW <= all) {
                file.wrapped.report(all, FEW, out, |(pointer, how)| {
                    (
                        pointer.clone(),
                        format!("the answer is {how}, where {} of {all} are no JSON", all - json),
                    )
                });
            }
            if all < LEAST || json * PER < all * (PER - 1) {
                continue;
            }
            let told = file.kinds.report(out);
            file.fields.report("the answer", &told, out);
            for (rows, per) in [(&file.broken, PER), (&file.prose, FEW), (&file.repeats, FEW)] {
                rows.report(all, per, out, |(pointer, how)| {
                    let message = format!("the answer is {how}, where {json} of {all} are JSON");
                    (pointer.clone(), message)
                });
            }
            let few_stand_bare = file.bare.count() < file.fenced.count();
            let (odd, others) = if few_stand_bare {
                (&file.bare, &file.fenced)
            } else {
                (&file.fenced, &file.bare)
            };
            if odd.count() > 0 {
                let (others, otherwise) = (
                    others.count(),
                    if few_stand_bare { "in a block of code" } else { "bare" },
                );
                odd.report(json, FEW, out, |(pointer, how)| {
                    let message = format!("the answer is JSON {how}, where {others} of {json} stand {otherwise}");
                    (pointer.clone(), message)
                });
            }
        }
    }
}
