//! Rows into sequences, the way the run's trainer packs.

use rayon::prelude::*;
use serde_json::Value;

use crate::encode::pack::{Batches, BestFit, Concat, InOrder, Knapsack, Multipack, PackError, Packer, Packing};
use crate::model::budget::Sequences;
use crate::model::setup::Setup;
use crate::plan::float;

use super::{DROPPED, Fed};

/// Rows beyond which sequences are counted and not kept.
const KEPT: usize = 1 << 25;

/// The newest TRL, for strategies of its where no version is named.
const TRL: (u32, u32) = (1, 16);

/// Rows packed.
pub struct Packed {
    pub figures: Sequences,
    /// Which rows are where; `None` where there are too many to keep.
    pub packing: Option<Packing>,
    /// Tokens of each sequence, and those of them that carry loss.
    pub tokens: Vec<u32>,
    pub trained: Vec<u32>,
    /// The squares of the lengths of all pieces.
    pub squares: f64,
    /// Whether no row was cut or divided, so that the trained tokens are exact.
    pub whole_rows: bool,
}

/// Names of all ways to pack.
pub fn strategies() -> &'static [&'static str] {
    &[
        "bfd",
        "bfd_split",
        "bfd-requeue",
        "ffd",
        "wrapped",
        "multipack",
        "knapsack",
        "blocks",
        "in-order",
    ]
}

/// The run's packer for sequences of `capacity` tokens.
///
/// `multipack` is axolotl's, `knapsack` and `blocks` are LLaMA-Factory's, `in-order` is torchtune's; all other
/// names are TRL's. `None` where rows are not packed, or the trainer's version has no such strategy.
pub fn packer(setup: &Setup, capacity: u32) -> Option<Packer> {
    let name = setup.packing.as_ref()?.value.as_str();
    let batch = u32::try_from(setup.batch_size.value).unwrap_or(u32::MAX);
    let options = &setup.run.packing_options;
    let said = |name: &str| options.get(name).and_then(Value::as_bool).unwrap_or(false);
    let number = |name: &str| u32::try_from(options.get(name)?.as_u64()?).ok();
    let usual = Batches::default();
    let batches = Batches {
        rows: number("preprocessing_batch_size").unwrap_or(usual.rows),
        shards: number("preprocessing_num_workers").unwrap_or(usual.shards),
    };
    Some(match name {
        "multipack" => {
            let real = said("multipack_real_batches");
            let usual = Multipack::new(if real { capacity } else { capacity.saturating_mul(batch) });
            Packer::Multipack(Multipack {
                bin_rows: number("sample_packing_bin_size").unwrap_or(usual.bin_rows),
                group: number("sample_packing_group_size").unwrap_or(usual.group),
                sequential: said("sample_packing_sequentially"),
                bins_per_batch: if real { batch } else { 1 },
                ..usual
            })
        }
        // What max_length is here is one less than cutoff_len already.
        "knapsack" => Packer::Knapsack(Knapsack { capacity, batches }),
        "blocks" => Packer::Concat(Concat::blocks(capacity, batches)),
        "in-order" => Packer::InOrder(InOrder {
            capacity,
            splits: said("dataset.split_across_pack"),
            at_most: number("dataset.max_packs").map(|most| most as usize),
        }),
        name => Packer::trl(name, setup.run.trainer.unwrap_or(TRL), capacity)?,
    })
}

/// How the sequences of a way to pack lie in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// End to end, without padding: TRL's `bfd` and its kin turn `padding_free` on.
    Flat,
    /// Each filled up to the room a sequence has.
    Full,
    /// Each filled up to the longest of the batch.
    Longest,
}

impl Layout {
    pub(super) fn of(strategy: &str) -> Self {
        match strategy {
            "bfd" | "bfd_split" | "bfd-requeue" | "ffd" => Self::Flat,
            "multipack" | "knapsack" | "in-order" => Self::Full,
            _ => Self::Longest,
        }
    }
}

/// Whether a row that is left out still takes a place among those packed together.
pub(super) fn keeps_places(setup: &Setup) -> bool {
    setup
        .packing
        .as_ref()
        .is_some_and(|packing| packing.value == "knapsack")
}

/// Packs the rows, if they are to be.
pub(super) fn pack(setup: &Setup, fed: Fed<'_>) -> Option<Result<Packed, PackError>> {
    let capacity = setup.max_length.as_ref()?.value;
    let packer = packer(setup, u32::try_from(capacity).unwrap_or(u32::MAX))?;
    let strategy = setup.packing.as_ref()?.value.clone();
    let by_batches = !matches!(packer, Packer::Multipack(_) | Packer::InOrder(_));
    Some(if fed.tokens.len() > KEPT && by_batches {
        counted(&packer, strategy, fed)
    } else {
        kept(&packer, strategy, fed)
    })
}

/// Tokens a sequence has room for.
fn room(packer: &Packer) -> u64 {
    u64::from(match packer {
        Packer::BestFit(BestFit { capacity, .. })
        | Packer::Concat(Concat { capacity, .. })
        | Packer::Multipack(Multipack { capacity, .. })
        | Packer::Knapsack(Knapsack { capacity, .. })
        | Packer::InOrder(InOrder { capacity, .. }) => *capacity,
    })
}

fn efficiency(tokens: u64, sequences: u64, room: u64) -> f64 {
    if sequences == 0 || room == 0 {
        return 0.0;
    }
    float(tokens) / (float(sequences) * float(room))
}

fn kept(packer: &Packer, strategy: String, fed: Fed<'_>) -> Result<Packed, PackError> {
    let packing = packer.pack(fed.tokens)?;
    let (mut tokens, mut trained) = (Vec::with_capacity(packing.len()), Vec::with_capacity(packing.len()));
    let mut inside = vec![false; fed.tokens.len()];
    let (mut whole_rows, mut squares) = (true, 0.0);
    for pieces in packing.iter() {
        let (mut sum, mut carrying) = (0u64, 0u64);
        for piece in pieces {
            let row = piece.row as usize;
            inside[row] = true;
            sum += u64::from(piece.len());
            squares += f64::from(piece.len()) * f64::from(piece.len());
            let (all, of_row) = (u64::from(fed.tokens[row]), u64::from(fed.trained[row]));
            whole_rows &= u64::from(piece.len()) == all;
            // Where the trained tokens stand in a divided row is not known here: each piece has its share of them.
            let before = |at: u32| (of_row * u64::from(at)).checked_div(all).unwrap_or(0);
            carrying += before(piece.end) - before(piece.start);
        }
        tokens.push(u32::try_from(sum).unwrap_or(u32::MAX));
        trained.push(u32::try_from(carrying).unwrap_or(u32::MAX));
    }
    let given: u64 = total(fed.tokens);
    let rows = fed.tokens.iter().filter(|tokens| **tokens != DROPPED).count() as u64;
    let figures = Sequences {
        strategy,
        capacity: room(packer),
        sequences: packing.len() as u64,
        efficiency: efficiency(packing.tokens(), packing.len() as u64, room(packer)),
        left_out: rows - inside.iter().filter(|inside| **inside).count() as u64,
        tokens_cut: given - packing.tokens(),
    };
    Ok(Packed {
        figures,
        packing: Some(packing),
        tokens,
        trained,
        squares,
        whole_rows,
    })
}

fn total(tokens: &[u32]) -> u64 {
    let kept = tokens.iter().filter(|tokens| **tokens != DROPPED);
    kept.map(|tokens| u64::from(*tokens)).sum()
}

/// A batch of rows at a time, which is how these trainers pack, to hold no more than one for each core.
fn counted(packer: &Packer, strategy: String, fed: Fed<'_>) -> Result<Packed, PackError> {
    let rows = BestFit::new(1).batches.rows as usize;
    let pack = |batch: &[u32]| {
        let packing = packer.pack(batch)?;
        let tokens = packing.tokens();
        Ok([packing.len() as u64, tokens, total(batch) - tokens])
    };
    let sum = |left: [u64; 3], right: [u64; 3]| Ok(std::array::from_fn(|at| left[at] + right[at]));
    let batches = fed.tokens.par_chunks(rows);
    let [sequences, tokens, cut] = batches.map(pack).try_reduce(|| [0; 3], sum)?;
    Ok(Packed {
        figures: Sequences {
            strategy,
            capacity: room(packer),
            sequences,
            efficiency: efficiency(tokens, sequences, room(packer)),
            left_out: 0,
            tokens_cut: cut,
        },
        packing: None,
        tokens: Vec::new(),
        trained: Vec::new(),
        squares: 0.0,
        whole_rows: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_row_have_all_its_trained_tokens() {
        let fed = Fed {
            tokens: &[10, 7],
            trained: &[7, 3],
            counted: true,
            ..Fed::default()
        };
        let packed = kept(&Packer::Concat(Concat::wrapped(3)), String::new(), fed).expect("packed");
        assert_eq!(packed.trained.iter().sum::<u32>(), 10);
        assert!(!packed.whole_rows);
    }

    #[test]
    fn batches_counted_one_by_one_are_those_kept_together() {
        let tokens: Vec<u32> = (0..12_345).map(|row| 1 + row * 7 % 500).collect();
        let fed = Fed {
            tokens: &tokens,
            trained: &tokens,
            counted: true,
            ..Fed::default()
        };
        for packer in [
            Packer::BestFit(BestFit::new(1024)),
            Packer::Concat(Concat::wrapped(700)),
        ] {
            let few = kept(&packer, String::new(), fed).expect("packed").figures;
            assert_eq!(counted(&packer, String::new(), fed).expect("packed").figures, few);
        }
    }
}
