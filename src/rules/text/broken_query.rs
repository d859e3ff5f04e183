use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::query::{self, Language};
use super::parts::query_code::code;
use super::parts::{query_end, query_slips};
use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{slips, turns};
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// In a set whose answers are queries of SQL, Cypher or SPARQL: the few answers that are none, such as an excuse, an
    /// error or a sentence before the query or behind it; queries that were cut, whose quotes or brackets do not close, or in
    /// which `&gt;` stands for `>`, `WHERE` follows `FROM`, or `{table}` was not filled in; queries of another language, or of
    /// two statements where others are one; and those in a block of code where the others have none, or without one.
    ///
    /// ## Why it matters
    /// Such answers are run as they stand. The model learns to write what no database takes.
    ///
    /// ## Example
    /// ```text
    /// 99 answers that are queries, and this one:
    /// {"prompt": "Who filed in Singapore?", "completion": "MATCH (e:Entity)-[:FILED]->(f) WHERE f.place = 'Singapore' RETURN"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Who filed in Singapore?", "completion": "MATCH (e:Entity)-[:FILED]->(f) WHERE f.place = 'Singapore' RETURN e.name"}
    /// ```
    ///
    /// ## Fix
    /// Write the query, or remove the row. An answer that is given several times, such as that there is none, is left alone.
    "text/broken-query", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BrokenQuery {}

/// Answers below which a set is none of queries.
const LEAST: u64 = 20;
/// Of ten answers nine are queries.
const QUERIES: u64 = 10;
/// Of so many answers one may be broken; where more are, they are meant so.
const PER: u64 = 50;
/// Of so many one may be of another language, or have something behind it.
const FEW: u64 = 100;
/// An answer that is given so often is one of those that are meant.
const MEANT: usize = 3;

/// Where a turn stands, and what is said of it.
type Told = (String, String);

/// The answers of a set, by row.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    /// Queries in a block of code, and others.
    fenced: Strays<String>,
    bare: Strays<String>,
    broken: Strays<Told>,
    /// By language.
    languages: BTreeMap<Language, Strays<String>>,
    /// Those with a second statement, and with a sentence behind them.
    two: Strays<Told>,
    followed: Strays<Told>,
    /// Those that are no statement at all, and how they begin.
    others: Strays<Told>,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.fenced.merge(other.fenced);
        self.bare.merge(other.bare);
        self.broken.merge(other.broken);
        Merge::merge(&mut self.languages, other.languages);
        self.two.merge(other.two);
        self.followed.merge(other.followed);
        self.others.merge(other.others);
    }
}

impl Rule for BrokenQuery {
    const META: RuleMeta = META;
    type State = Answers;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, answers: &mut Answers, _: &mut Findings) {
        let Some(example) = row.example else { return };
        // The last answer of a row stands for it.
        let mut taught = turns::taught(example).filter(|turn| turn.is_answer() && !turns::says_without_text(turn));
        let Some(turn) = taught.next_back().filter(|turn| !turn.trimmed().is_empty()) else {
            return;
        };
        answers.all += 1;
        let (fenced, text) = query::unfenced(turn.trimmed());
        if let Some(language) = query::language(text) {
            let kind = if fenced { &mut answers.fenced } else { &mut answers.bare };
            kind.offer(&row.place, || turn.pointer());
            let languages = answers.languages.entry(language).or_default();
            languages.offer(&row.place, || turn.pointer());
            let told = |message: String| (turn.pointer(), message);
            let code = code(text, language, true).ok();
            if query::is_followed(code.as_deref().unwrap_or(text)) {
                let message = || told("text follows the query".to_owned());
                answers.followed.offer(&row.place, message);
                return;
            }
            let code = code.as_deref().filter(|_| language == Language::Sql);
            let slip = || code.and_then(query_slips::slip);
            if let Some(line) = code.and_then(query_slips::sentence) {
                let message = || told(format!("`{}` follows the query", clip(line)));
                answers.followed.offer(&row.place, message);
            } else if let Some(wrong) = query_end::wrong(text.trim_end(), language).or_else(slip) {
                let message = || told(format!("the query is broken: {wrong}"));
                answers.broken.offer(&row.place, message);
            } else if let Some(second) = code.and_then(query_slips::second) {
                let message = || told(format!("a second statement follows the first, `{}`", clip(second)));
                answers.two.offer(&row.place, message);
            }
        } else if !answers.others.are_many() && !query::is_statement(text) {
            answers
                .others
                .offer(&row.place, || (turn.pointer(), clip(turn.trimmed())));
        }
    }

    fn finish(&self, answers: Answers, _: &Setup, out: &mut Findings) {
        let Answers {
            all,
            fenced,
            bare,
            broken,
            languages,
            two,
            followed,
            others,
        } = answers;
        let queries = fenced.count() + bare.count();
        if all < LEAST || queries * QUERIES < all * (QUERIES - 1) {
            return;
        }
        let mut times = BTreeMap::new();
        for (_, (_, said)) in others.rows() {
            *times.entry(said).or_insert(0) += 1;
        }
        let once = |said: &String| times.get(said).is_some_and(|times| *times < MEANT);
        for (place, (pointer, said)) in others.rows().filter(|(_, (_, said))| once(said)) {
            if others.are_few(PER, all) {
                let message = || {
                    format!(
                        "the answer is no query, as {queries} of {all} are: `{}`",
                        said.replace('`', "'")
                    )
                };
                out.field(place, || pointer.clone(), message);
            }
        }
        slips::report(&broken, all, PER, out, Told::clone);
        for rows in [&two, &followed] {
            slips::report(rows, all, FEW, out, |(pointer, message)| {
                let message = format!("{message}, unlike {} of {all}", all - rows.count());
                (pointer.clone(), message)
            });
        }
        let usual = languages.iter().max_by_key(|(_, rows)| rows.count());
        for (language, rows) in &languages {
            let Some((usual, most)) = usual.filter(|(usual, _)| *usual != language) else {
                continue;
            };
            slips::report(rows, all, FEW, out, |pointer| {
                let (language, usual, most) = (language.name(), usual.name(), most.count());
                (
                    pointer.clone(),
                    format!("the query is {language}, and {usual} in {most} of {all}"),
                )
            });
        }
        for (block, odd, usual) in [("a", &fenced, &bare), ("no", &bare, &fenced)] {
            slips::report(odd, all, PER, out, |pointer| {
                let usual = usual.count();
                let message = format!("the query stands in {block} block of code, unlike {usual} of {all}");
                (pointer.clone(), message)
            });
        }
    }
}
