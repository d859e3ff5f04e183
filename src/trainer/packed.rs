//! Rows put together as a packing says.

use crate::encode::pack::Packing;
use crate::model::batch::Sequence;

/// The sequences of a packing of these rows, with the length of each row's piece.
pub fn assemble(rows: &[Sequence], packing: &Packing) -> Vec<Sequence> {
    let sequence = |pieces: &[crate::encode::pack::Piece]| {
        let mut out = Sequence::default();
        for piece in pieces {
            let row = &rows[piece.row as usize];
            let range = piece.start as usize..piece.end as usize;
            out.rows.extend_from_slice(&row.rows);
            out.input_ids.extend_from_slice(&row.input_ids[range.clone()]);
            out.labels.extend_from_slice(&row.labels[range]);
            out.seq_lengths.push(piece.len());
        }
        out
    };
    packing.iter().map(sequence).collect()
}

/// Positions that start again at each row of a sequence.
pub fn restarting(lengths: &[u32]) -> Vec<u32> {
    lengths.iter().flat_map(|length| 0..*length).collect()
}
