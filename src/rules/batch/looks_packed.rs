use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with end tokens inside, in dumps that look packed, and nothing that parts their documents.
    ///
    /// ## Why it matters
    /// Where these are rows packed into one, each is predicted from those before it. For pre-training that is usual; for
    /// questions and answers it teaches to look for answers in other rows.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"gonogo_dump": {"packing": true}}
    /// {"input_ids": [[40, 41, 257, 42, 43, 257]], "labels": [[40, 41, 257, 42, 43, 257]], "attention_mask": [[1, 1, 1, 1, 1, 1]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"gonogo_dump": {"packing": true}}
    /// {"input_ids": [[40, 41, 257, 42, 43, 257]], "labels": [[40, 41, 257, -100, 43, 257]], "position_ids": [[0, 1, 2, 0, 1, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Pack with positions (`packing_strategy="bfd"` in TRL), and yield no attention_mask beside them. Where rows may see each
    /// other, say so with `--ignore batch/looks-packed`.
    "batch/looks-packed", Warning, needs [Batches, End]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LooksPacked {}

impl Rule for LooksPacked {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(dumped), Some(dump), Some(facts)) = (row.dumped, &row.setup.dump, &row.setup.tokenizer) else {
            return;
        };
        let why = match &dump.packs {
            Some(packs) if packs.value => format!("rows are packed ({})", packs.origin),
            _ if dump.is_full => format!("each row is {} tokens without padding", dumped.ids.len()),
            _ => return,
        };
        let Some(eos) = facts.eos.as_ref().and_then(|eos| eos.id) else {
            return;
        };
        // One that is told to be flattened, or that says where documents start, is another rule's.
        if dump.is_flattened || !dumped.seams().is_empty() {
            return;
        }
        let inside = dumped.text.start..dumped.text.end.saturating_sub(2);
        let ends = || inside.clone().filter(|at| dumped.ids[*at] == i64::from(eos));
        let Some(at) = ends().next() else { return };
        out.field(
            &row.place,
            || format!("/input_ids/{at}"),
            || {
                format!(
                    "{why}, with {} end tokens inside, and nothing parts what follows them",
                    ends().count()
                )
            },
        );
    }
}
