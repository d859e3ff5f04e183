use serde::Deserialize;

use crate::finding::{Clusters, Findings};
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::linkage::Linkage;
use crate::sketch::rarest::by_element;

use super::parts::alike::{IN_MEMORY, Seen};
use super::parts::said::{self, Said};
use super::parts::shingle::Shingle;

rule_meta! {
    /// ## What it finds
    /// Rows nearly like an earlier one: of all runs of 5 words in either, at least 80 % are in both (Jaccard similarity
    /// of the sets of word 5-grams, over all turns but system prompts, without case and punctuation; brackets and signs
    /// of code and mathematics count as words). With `shingle = "chars"` runs of 9 characters of each turn's normal
    /// form are compared, for scripts without blanks and for misspelt words; `size` is their number, `threshold` the
    /// least similarity. This is exact, not a sketch: two rows that are so alike share one of the rarest runs of each,
    /// rows that do are compared whole, and rows that are linked over others are one cluster. (A row is compared with
    /// the 512 rows before it that it shares most such runs with, which leaves none out but in large families made from
    /// a template.) Rows that are the same, to the byte or but for dress, are `dup/exact`'s and `dup/normalised`'s.
    /// Rows with pictures or sounds are left out.
    ///
    /// Memory: 24 bytes a row, 60 more while they are linked, and 4 for each different run of words, of which
    /// what exceeds 256 MiB per worker goes to the folder for temporary files (`--tmp-dir`); then up to 512 MiB
    /// to count the runs of very large sets, and 640 MiB for rows to compare.
    ///
    /// ## Why it matters
    /// What differs by a name or a number is memorised like a repeat, and in evaluation data it counts one
    /// skill many times. Rows made from a template are alike by nature: lower their number or leave them in on
    /// purpose.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open sea before and it came back in the spring of the next year with a hold full of wool and one man"}
    /// {"text": "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open sea before and it came back in the spring of the next year with a hold full of silk and one man"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open sea before"}
    /// {"text": "a caravan of camels crossed the desert by night and rested through the heat of the day under cloths of wool"}
    /// ```
    ///
    /// ## Fix
    /// Keep one of each cluster with `gonogo filter --drop dup/near`, the longest with `--keep longest`.
    "dup/near", Note, above 0.05 => Warning
}

/// Rows under their runs that are held at a time: 8 bytes each, and 8 more for a run that rows share.
const TOGETHER: usize = 16 << 20;

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Near {
    /// Smallest Jaccard similarity, above 0 to 1.
    threshold: f64,
    /// What runs are of.
    shingle: Shingle,
    /// How many a run has: 5 words or 9 characters where it is not said.
    size: Option<usize>,
    /// Where state goes that outgrows memory, if the run names no folder.
    #[serde(skip)]
    folder: std::sync::OnceLock<std::path::PathBuf>,
}

impl Default for Near {
    fn default() -> Self {
        Self {
            threshold: 0.8,
            shingle: Shingle::Words,
            size: None,
            folder: std::sync::OnceLock::new(),
        }
    }
}

impl Rule for Near {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    const FORMS: bool = true;
    type State = Seen;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        self.shingle.of_row(row, self.size, &mut seen.words, &mut seen.set);
        // What is said of pictures repeats, and the pictures do not.
        if seen.set.is_empty() || said::media(row).next().is_some() {
            return;
        }
        let mut normal = Said::by(row);
        normal.text(row.forms.all());
        let at = u32::try_from(seen.sets.len()).expect("fewer than 2^32 rows");
        seen.rows.push(&row.place, (normal.half(), at));
        let (folder, most) = row
            .setup
            .spill()
            .unwrap_or_else(|| (self.folder.get_or_init(std::env::temp_dir), IN_MEMORY));
        seen.sets.push(&seen.set, folder, most);
    }

    fn finish(&self, mut seen: Seen, setup: &Setup, out: &mut Findings) {
        seen.rows.sort();
        let mut rows: Vec<(u64, u32, u64, u32)> = seen
            .rows
            .iter()
            .map(|(source, row, (hash, at))| (*hash, source, row, *at))
            .collect();
        let all = rows.len() as u64;
        // Of rows with the same normal form the first stands for all.
        rows.sort_unstable();
        let every = rows.clone();
        rows.dedup_by_key(|(hash, ..)| *hash);
        rows.sort_unstable_by_key(|(_, source, row, _)| (setup.is_eval(*source), *source, *row));
        let training = rows.partition_point(|(_, source, ..)| !setup.is_eval(*source));
        let mut clusters = Clusters {
            all,
            ..Clusters::default()
        };
        out.trouble = seen.sets.trouble().map(str::to_owned);
        let (training, evaluation) = rows.split_at(training);
        for rows in [training, evaluation] {
            if let Err(error) = self.link(rows, &every, &seen, &mut clusters, out) {
                out.failure = Some(format!(
                    "cannot read back what was written to a temporary folder: {error}"
                ));
            }
        }
        if clusters.groups > 0 {
            out.clusters = Some(clusters);
        }
    }
}

impl Near {
    fn link(
        &self,
        rows: &[(u64, u32, u64, u32)],
        every: &[(u64, u32, u64, u32)],
        seen: &Seen,
        clusters: &mut Clusters,
        out: &mut Findings,
    ) -> std::io::Result<()> {
        let order: Vec<u32> = rows.iter().map(|(.., at)| *at).collect();
        let threshold = self.threshold.clamp(0.05, 1.0);
        let mut number = vec![None; seen.sets.len()];
        for (row, at) in (0u32..).zip(&order) {
            number[*at as usize] = Some(row);
        }
        let mut linkage = Linkage::new(&seen.sets, &order, threshold);
        by_element(&seen.sets, |at| number[at], threshold, TOGETHER, &mut |runs| {
            linkage.add(runs)
        })?;
        let place = |row: u32| {
            let (_, source, row, _) = rows[row as usize];
            Place {
                source,
                row,
                ..Place::default()
            }
        };
        for cluster in linkage.join()?.clusters() {
            clusters.add(cluster.iter().map(|(row, _)| place(*row)));
            for (row, link) in &cluster {
                let Some(link) = link else { continue };
                // The row and those of the same normal form, which would be found once it is gone.
                let hash = rows[*row as usize].0;
                let same = &every[every.partition_point(|(other, ..)| *other < hash)..];
                for (_, source, number, _) in same.iter().take_while(|(other, ..)| *other == hash) {
                    let at = Place {
                        source: *source,
                        row: *number,
                        ..Place::default()
                    };
                    out.pair(&at, place(link.other), || {
                        let (percent, size) = ((link.similarity * 100.0).floor(), cluster.len());
                        format!("one of {size} rows nearly alike, {percent:.0} % the same as")
                    });
                }
            }
        }
        Ok(())
    }
}
