//! Which rows share a sequence, and what is put around them.
//!
//! Source: `PackedSupervisedDatasetProcessor` and `PretrainDatasetProcessor` of `data/processor`
//! (0.9.5).

use crate::encode::pack::{Batches, Concat, Knapsack, PackError};
use crate::model::batch::Sequence;
use crate::model::encoded::IGNORE;
use crate::trainer::packed::{assemble, restarting};

/// Packs the rows of a set of `total` rows into sequences of `capacity + 1` tokens: there is always
/// some padding, so that attention masks are not thought to be without use.
pub(super) fn packed(
    rows: Vec<Sequence>,
    total: u64,
    batches: &Batches,
    capacity: usize,
    pad: u32,
) -> Result<Vec<Sequence>, PackError> {
    // A row that was dropped keeps its place in its batch, and is too long for any sequence.
    const DROPPED: u32 = u32::MAX;
    let places = usize::try_from(total).unwrap_or(usize::MAX);
    u32::try_from(places).map_err(|_| PackError::TooManyRows(places))?;
    let mut all = vec![Sequence::default(); places];
    let mut lengths = vec![DROPPED; places];
    for row in rows {
        let number = row.rows.first().and_then(|number| usize::try_from(*number).ok());
        if let Some(number) = number.filter(|number| *number < places) {
            lengths[number] = small(row.input_ids.len());
            all[number] = row;
        }
    }
    let knapsack = Knapsack {
        capacity: small(capacity),
        batches: *batches,
    };
    let mut packed = assemble(&all, &knapsack.pack(&lengths)?);
    for sequence in &mut packed {
        let mut positions = restarting(&sequence.seq_lengths);
        sequence.input_ids.resize(capacity + 1, pad);
        sequence.labels.resize(capacity + 1, IGNORE);
        positions.resize(capacity + 1, 0);
        sequence.position_ids = Some(positions);
    }
    Ok(packed)
}

/// Joins the texts of each batch and cuts them into blocks; what is left over is dropped.
pub(super) fn blocks(
    rows: Vec<Sequence>,
    batches: &Batches,
    block: usize,
    bos: Option<u32>,
) -> Result<Vec<Sequence>, PackError> {
    let lengths: Vec<u32> = rows.iter().map(|row| small(row.input_ids.len())).collect();
    let packing = Concat::blocks(small(block), *batches).pack(&lengths)?;
    let mut blocks = assemble(&rows, &packing);
    for sequence in &mut blocks {
        // It does not say where one text ends and the next begins.
        sequence.seq_lengths.clear();
        if let (Some(bos), Some(first)) = (bos, sequence.input_ids.first_mut()) {
            *first = bos;
        }
    }
    Ok(blocks)
}

/// Whether of a worker's batches some have rows that were kept, and some have none.
pub(super) fn drops_whole_batches(kept: &[u64], total: u64, batches: &Batches) -> Result<bool, PackError> {
    let places = usize::try_from(total).unwrap_or(usize::MAX);
    let whole = Batches {
        rows: u32::MAX,
        ..*batches
    };
    let mut kept = kept.iter().copied().peekable();
    for share in whole.of(places)? {
        let size = usize::try_from(batches.rows).unwrap_or(usize::MAX);
        let (mut some, mut none) = (false, false);
        for start in share.clone().step_by(size.max(1)) {
            let end = u64::from(start.saturating_add(batches.rows).min(share.end));
            let mut any = false;
            while kept.next_if(|row| *row < end).is_some() {
                any = true;
            }
            some |= any;
            none |= !any;
        }
        if some && none {
            return Ok(true);
        }
    }
    Ok(false)
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, ids: &[u32]) -> Sequence {
        Sequence {
            rows: vec![number],
            input_ids: ids.to_vec(),
            labels: vec![1; ids.len()],
            ..Sequence::default()
        }
    }

    #[test]
    fn packed_rows_are_padded_by_at_least_one() {
        let packed = packed(vec![row(0, &[5, 6]), row(1, &[7])], 2, &Batches::default(), 3, 9).expect("packed");
        assert_eq!(packed.len(), 1);
        assert_eq!(packed[0].input_ids, [5, 6, 7, 9]);
        assert_eq!(packed[0].labels, [1, 1, 1, IGNORE]);
        assert_eq!(packed[0].position_ids.as_deref(), Some(&[0, 1, 0, 0][..]));
        assert_eq!(
            (&packed[0].rows[..], &packed[0].seq_lengths[..]),
            (&[0, 1][..], &[2, 1][..])
        );
    }

    #[test]
    fn a_dropped_row_keeps_its_place_in_its_batch() {
        let batches = Batches { rows: 2, shards: 1 };
        let packed = packed(vec![row(0, &[1]), row(2, &[2])], 3, &batches, 3, 9).expect("packed");
        let rows: Vec<_> = packed.iter().map(|sequence| &sequence.rows[..]).collect();
        assert_eq!(rows, [[0], [2]]);
    }

    #[test]
    fn blocks_run_over_texts_and_the_rest_is_dropped() {
        let rows = vec![row(0, &[1, 2, 3, 4, 5]), row(1, &[6, 7])];
        let blocks = blocks(rows, &Batches::default(), 3, Some(0)).expect("cut");
        let ids: Vec<_> = blocks.iter().map(|block| &block.input_ids[..]).collect();
        assert_eq!(ids, [[0, 2, 3], [0, 5, 6]]);
        assert_eq!((&blocks[1].rows[..], blocks[1].seq_lengths.len()), (&[0, 1][..], 0));
    }

    #[test]
    fn a_batch_without_rows_counts_beside_one_with_rows_of_the_same_worker() {
        let of = |kept: &[u64], total, rows, shards| drops_whole_batches(kept, total, &Batches { rows, shards });
        assert_eq!(of(&[0, 2], 4, 2, 1), Ok(false));
        assert_eq!(of(&[0, 1], 4, 2, 1), Ok(true));
        assert_eq!(of(&[3], 4, 2, 1), Ok(true));
        assert_eq!(of(&[0, 1], 4, 2, 2), Ok(false));
        assert_eq!(of(&[], 4, 2, 1), Ok(false));
    }
}
