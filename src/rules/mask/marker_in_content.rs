use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::What;
use crate::model::stretch::stretches;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::stretches;

rule_meta! {
    /// ## What it finds
    /// Rows whose own text holds the marker by which the trainer finds the answer; of rows that are plain text, those
    /// in which it stands more than once while nothing marks the questions.
    ///
    /// ## Why it matters
    /// The mask begins or ends at the wrong place: a question that quotes the marker is trained, or the
    /// answer before it is not.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@0.19.1 --set completion_only_lm={"response_template":"<|im_start|>assistant"}
    /// {"messages": [{"role": "user", "content": "what does <|im_start|>assistant mean?"}, {"role": "assistant", "content": "an answer begins"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@0.19.1 --set completion_only_lm={"response_template":"<|im_start|>assistant"}
    /// {"messages": [{"role": "user", "content": "what does a header mean?"}, {"role": "assistant", "content": "an answer begins"}]}
    /// ```
    ///
    /// ## Fix
    /// Reword the text, or choose a marker that texts do not hold.
    "mask/marker-in-content", Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MarkerInContent {}

impl Rule for MarkerInContent {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        if !example.conversational {
            return again(row, out);
        }
        for encoded in row.encoded.iter().filter(|_| !row.setup.markers.is_empty()) {
            for stretch in stretches(encoded).filter(|stretch| stretch.what != What::Template) {
                let ids = &encoded.input_ids[stretch.tokens.clone()];
                let found = row
                    .setup
                    .markers
                    .iter()
                    .find_map(|marker| Some((marker, stretches::places(ids, &marker.ids).next()?)));
                if let (Some((marker, at)), Some(turn)) = (found, stretches::turn(stretch.what, example)) {
                    out.field(
                        &row.place,
                        || turn.pointer(),
                        || {
                            format!(
                                "{} stands in the {} turn, at token {}",
                                marker.name,
                                turn.role.name(),
                                stretch.tokens.start + at
                            )
                        },
                    );
                }
            }
        }
    }
}

/// In a plain text the marker stands by right, once: only what follows the last one is trained.
fn again(row: &Row<'_>, out: &mut Findings) {
    let [marker] = row.setup.markers.as_slice() else { return };
    for encoded in row.encoded {
        let found: Vec<usize> = stretches::places(&encoded.input_ids, &marker.ids).collect();
        if let [_, .., last] = found[..] {
            let trained = encoded.trained();
            out.row(&row.place, || {
                format!(
                    "{} stands {} times: only the {trained} tokens after the last, at token {last}, are trained",
                    marker.name,
                    found.len()
                )
            });
        }
    }
}
