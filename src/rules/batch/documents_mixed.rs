use serde::Deserialize;

use crate::finding::Findings;
use crate::model::dumped::{DumpedRow, MaskKind, Teller};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Packed rows whose documents see each other: one column says where a document starts, and what the model goes by
    /// says nothing of it.
    ///
    /// ## Why it matters
    /// An answer is predicted from another row's text. Nothing fails, and the model learns to look for answers in
    /// what happens to stand before.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[-100, 6, 2, -100, 8, 2]], "position_ids": [[0, 1, 2, 3, 4, 5]], "cu_seq_lens_q": [0, 3, 6]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[-100, 6, 2, -100, 8, 2]], "position_ids": [[0, 1, 2, 0, 1, 2]], "cu_seq_lens_q": [0, 3, 6]}
    /// ```
    ///
    /// ## Fix
    /// Let position_ids restart at 0 with each document and yield no attention_mask beside them
    /// (`DataCollatorWithFlattening`, or TRL's `padding_free=True`), or yield a mask of pairs with a block for each.
    "batch/documents-mixed", Error, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DocumentsMixed {}

/// Where documents start after the first: as columns tell, and as rows were found again. Where a batch of several
/// rows came as one and nothing of that tells, after each end token.
fn seams(row: &DumpedRow, setup: &Setup) -> (Vec<usize>, bool) {
    let mut seams = row.seams();
    // Rows that were packed on purpose, by a way that parts nothing, are told of as such.
    let on_purpose = setup.dump.as_ref().and_then(|dump| dump.packs.as_ref());
    if !on_purpose.is_some_and(|packs| packs.value) {
        let found = row.compared.iter().map(|compared| compared.tokens.start);
        seams.extend(found.filter(|start| *start > row.text.start));
    }
    let by_ends = seams.is_empty() && setup.dump.as_ref().is_some_and(|dump| dump.is_flattened);
    if by_ends {
        let eos = setup.tokenizer.as_ref().and_then(|facts| facts.eos.as_ref()?.id);
        let starts = row.text.start + 1..row.text.end.saturating_sub(2);
        seams.extend(starts.filter(|at| eos.is_some_and(|eos| row.ids[at - 1] == i64::from(eos))));
    }
    seams.sort_unstable();
    seams.dedup();
    (seams, by_ends)
}

/// The seams across which tokens see each other, and why they do. `flash` is whether that attention is used, where
/// it is known.
fn mixed(row: &DumpedRow, seams: &[usize], flash: Option<bool>) -> (Vec<usize>, &'static str) {
    let but = |starts: &[usize]| seams.iter().copied().filter(|seam| !starts.contains(seam)).collect();
    if matches!(row.mask, MaskKind::Pairs | MaskKind::Numbers) {
        // The mask decides, whatever else is said.
        let starts = row.starts(Teller::Mask).unwrap_or_default();
        return (but(starts), "the attention_mask does not part them");
    }
    let Some(starts) = row.starts(Teller::Positions) else {
        let varlen = row.starts(Teller::CuSeqLens).is_some();
        return if varlen && flash != Some(false) {
            (Vec::new(), "")
        } else {
            (seams.to_vec(), "there are no position_ids, nor a mask of pairs")
        };
    };
    let lost: Vec<usize> = but(starts);
    if !lost.is_empty() {
        return (lost, "position_ids do not restart");
    }
    // transformers (masking_utils.py, 4.53 on) looks at positions only where there is no mask. Flash attention drops
    // a mask of ones, and then looks at the positions of a batch of one row.
    let padded = row.attention.iter().flatten().any(|flag| *flag == 0);
    let passed_over = row.mask == MaskKind::Flags && (flash == Some(false) || padded || row.rows > 1);
    if passed_over {
        let why = "position_ids restart, and transformers passes over them where there is an attention_mask";
        return (seams.to_vec(), why);
    }
    (Vec::new(), "")
}

impl Rule for DocumentsMixed {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let (seams, by_ends) = seams(dumped, row.setup);
        if seams.is_empty() {
            return;
        }
        let attention = row.setup.dump.as_ref().and_then(|dump| dump.attention.as_ref());
        let flash = attention.map(|attention| attention.value.contains("flash"));
        let (mixed, why) = mixed(dumped, &seams, flash);
        let Some(at) = mixed.first() else { return };
        out.field(
            &row.place,
            || format!("/position_ids/{at}"),
            || {
                let batch = row.setup.dump.as_ref().and_then(|dump| dump.batch_size.as_ref());
                if let Some(batch) = batch.filter(|_| by_ends) {
                    let (rows, ends) = (batch.value, seams.len());
                    return format!("a batch of {rows} rows came as one, with {ends} end tokens inside, and {why}");
                }
                let tellers = dumped.told.iter().filter(|(_, starts)| starts.contains(at));
                let mut tellers: Vec<&str> = tellers.map(|(teller, _)| teller.name()).collect();
                if tellers.is_empty() {
                    tellers.push("rows encoded here");
                }
                let tellers = tellers.join(" and ");
                let of = match seams.len() {
                    1 => "the document after the first sees the one".to_owned(),
                    all => format!("{} of {all} documents after the first see those", mixed.len()),
                };
                format!("{of} before, first at token {at} ({tellers}): {why}")
            },
        );
    }
}
