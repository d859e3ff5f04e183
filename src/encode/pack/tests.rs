//! Every algorithm against what the real trainers made of the same lengths, and against its promises.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// `fixtures/plan/packing.json`: recorded runs of the trainers, and their packing functions run on random lengths.
#[derive(Deserialize)]
struct Case {
    name: String,
    source: String,
    strategy: Named,
    lengths: Vec<u32>,
    sequences: Vec<Vec<(u32, u32, u32)>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Trl {
        trl: String,
        version: (u32, u32),
        capacity: u32,
    },
    Multipack {
        multipack: MultipackOptions,
    },
    Knapsack {
        knapsack: Batched,
    },
    Blocks {
        blocks: Batched,
    },
    InOrder {
        in_order: InOrderOptions,
    },
}

#[derive(Deserialize)]
struct MultipackOptions {
    capacity: u32,
    sequential: bool,
    bin_rows: Option<u32>,
    group: Option<u32>,
    bins_per_batch: Option<u32>,
}

#[derive(Deserialize)]
struct Batched {
    capacity: u32,
    rows: u32,
}

#[derive(Deserialize)]
struct InOrderOptions {
    capacity: u32,
    splits: bool,
    at_most: Option<usize>,
}

impl Named {
    fn packer(&self) -> Packer {
        match self {
            Self::Trl { trl, version, capacity } => {
                Packer::trl(trl, *version, *capacity).expect("a strategy of this version")
            }
            Self::Multipack { multipack } => {
                let defaults = Multipack::new(multipack.capacity);
                Packer::Multipack(Multipack {
                    sequential: multipack.sequential,
                    bin_rows: multipack.bin_rows.unwrap_or(defaults.bin_rows),
                    group: multipack.group.unwrap_or(defaults.group),
                    bins_per_batch: multipack.bins_per_batch.unwrap_or(defaults.bins_per_batch),
                    ..defaults
                })
            }
            Self::Knapsack { knapsack } => Packer::Knapsack(Knapsack {
                capacity: knapsack.capacity,
                batches: knapsack.batches(),
            }),
            Self::Blocks { blocks } => Packer::Concat(Concat::blocks(blocks.capacity, blocks.batches())),
            Self::InOrder { in_order } => Packer::InOrder(InOrder {
                capacity: in_order.capacity,
                splits: in_order.splits,
                at_most: in_order.at_most,
            }),
        }
    }
}

impl Batched {
    fn batches(&self) -> Batches {
        Batches {
            rows: self.rows,
            shards: 1,
        }
    }
}

/// The rows with tokens in each sequence: whether a row without any stands in it makes no difference.
fn plain(packing: &Packing) -> Vec<Vec<(u32, u32, u32)>> {
    let piece = |piece: &Piece| (piece.row, piece.start, piece.end);
    packing
        .iter()
        .map(|pieces| pieces.iter().filter(|piece| !piece.is_empty()).map(piece).collect())
        .collect()
}

#[test]
fn packs_as_the_trainers_do() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/plan/packing.json");
    let cases: Vec<Case> =
        serde_json::from_str(&std::fs::read_to_string(file).expect("the recorded cases")).expect("cases");
    assert!(cases.len() > 20);
    for case in cases {
        let packed = case
            .strategy
            .packer()
            .pack(&case.lengths)
            .expect("packed by the trainer");
        assert_eq!(plain(&packed), case.sequences, "{} ({})", case.name, case.source);
    }
}

#[test]
fn the_fullest_sequence_with_room_wins_and_the_first_of_equals() {
    let packed = BestFit::new(8).pack(&[5, 4, 3, 3, 0, 9]).expect("packed");
    assert_eq!(
        plain(&packed),
        [vec![(5, 0, 8)], vec![(0, 0, 5), (2, 0, 3)], vec![(1, 0, 4), (3, 0, 3)]]
    );
    assert_eq!(packed.tokens(), 23);
}

#[test]
fn rows_of_different_batches_never_meet() {
    let packed = BestFit::new(8).pack(&[1; 1001]).expect("packed");
    assert_eq!(packed.len(), 126);
    let sharded = BestFit {
        batches: Batches { rows: 1000, shards: 3 },
        ..BestFit::new(8)
    };
    // 334, 334 and 333 rows.
    assert_eq!(sharded.pack(&[1; 1001]).expect("packed").len(), 3 * 42);
}

#[test]
fn early_versions_never_fill_small_gaps() {
    let early = Packer::trl("ffd", (0, 19), 96).expect("a strategy");
    let late = Packer::trl("bfd", (0, 22), 96).expect("a strategy");
    // 64 leaves a gap of 32, the largest that a tree of 96 leaves hides.
    assert_eq!(early.pack(&[64, 32]).expect("packed").len(), 2);
    assert_eq!(late.pack(&[64, 32]).expect("packed").len(), 1);
    assert_eq!(early.pack(&[63, 32]).expect("packed").len(), 1);
}

#[test]
fn what_makes_a_trainer_abort_is_said() {
    let early = Packer::trl("ffd", (0, 19), 8).expect("a strategy");
    assert_eq!(early.pack(&[1, 0]), Err(PackError::EmptyRow { row: 1 }));
    let mut lengths = vec![1; 1002];
    lengths[1000..].fill(0);
    let late = BestFit::new(8).pack(&lengths);
    assert_eq!(
        late,
        Err(PackError::NoTokens {
            first: 1000,
            last: 1001
        })
    );
    let whole = InOrder {
        capacity: 8,
        splits: false,
        at_most: None,
    };
    let too_long = PackError::TooLong {
        row: 1,
        length: 9,
        capacity: 8,
    };
    assert_eq!(whole.pack(&[1, 9]), Err(too_long));
    assert_eq!(BestFit::new(0).pack(&[1]), Err(PackError::NoCapacity));
    assert_eq!(Packer::trl("bfd_split", (0, 29), 8), None);
    assert_eq!(Packer::trl("ffd", (0, 18), 8), None);
}

#[test]
fn a_constant_length_buffer_drops_its_rest() {
    let buffers = ConstantLength {
        capacity: 4,
        buffered: 2,
        chars_per_token: 1.0,
    };
    // A buffer is full with 8 characters: three rows of 3 tokens and 3 characters, of which 1 token is dropped.
    let packed = buffers.pack(&[(3, 3); 7]).expect("packed");
    assert_eq!(packed.len(), 4);
    assert_eq!(
        plain(&packed)[2..],
        [vec![(3, 0, 3), (4, 0, 1)], vec![(4, 1, 3), (5, 0, 2)]]
    );
}

/// Longest first into the fullest bin with room, looking at every bin.
fn best_fit_by_hand(lengths: &[u32], capacity: u32) -> Vec<Vec<u32>> {
    let mut order: Vec<usize> = (0..lengths.len()).filter(|row| lengths[*row] > 0).collect();
    order.sort_by_key(|row| std::cmp::Reverse(lengths[*row].min(capacity)));
    // Room, and the turn since when it is that.
    let mut bins: Vec<(u32, usize, Vec<u32>)> = Vec::new();
    for (turn, row) in order.into_iter().enumerate() {
        let length = lengths[row].min(capacity);
        let row = u32::try_from(row).expect("few rows");
        let best = bins
            .iter_mut()
            .filter(|(room, ..)| *room >= length)
            .min_by_key(|(room, since, _)| (*room, *since));
        match best {
            Some((room, since, rows)) => {
                *room -= length;
                *since = turn;
                rows.push(row);
            }
            None => bins.push((capacity - length, turn, vec![row])),
        }
    }
    bins.into_iter().map(|(.., rows)| rows).collect()
}

fn packers() -> impl Strategy<Value = Packer> {
    let capacity = 1u32..200;
    capacity.prop_flat_map(|capacity| {
        let batches = (1u32..50, 1u32..4).prop_map(|(rows, shards)| Batches { rows, shards });
        prop_oneof![
            (batches.clone(), any::<bool>(), any::<bool>()).prop_map(move |(batches, split, early)| {
                Packer::BestFit(BestFit {
                    capacity,
                    overflow: if split { Overflow::Split } else { Overflow::Cut },
                    passes_over_small_gaps: early,
                    refuses_empty: false,
                    batches,
                })
            }),
            (batches.clone(), any::<bool>()).prop_map(move |(batches, keeps_rest)| Packer::Concat(Concat {
                capacity,
                keeps_rest,
                batches
            })),
            batches.prop_map(move |batches| Packer::Knapsack(Knapsack { capacity, batches })),
            (0u32..5, 1u32..40, any::<bool>(), 1u32..4).prop_map(
                move |(bin_rows, group, sequential, bins_per_batch)| Packer::Multipack(Multipack {
                    capacity,
                    bin_rows,
                    group,
                    sequential,
                    bins_per_batch
                })
            ),
            proptest::option::of(1usize..20).prop_map(move |at_most| Packer::InOrder(InOrder {
                capacity,
                splits: true,
                at_most
            })),
        ]
    })
}

proptest! {
    #[test]
    fn no_token_is_packed_twice_and_none_is_lost_unsaid(
        lengths in proptest::collection::vec(0u32..300, 0..200),
        packer in packers(),
    ) {
        let packed = match packer.pack(&lengths) {
            Ok(packed) => packed,
            Err(PackError::NoTokens { first, last }) => {
                prop_assert!(lengths[first as usize..=last as usize].iter().all(|length| *length == 0));
                return Ok(());
            }
            Err(other) => panic!("{other}"),
        };
        let mut seen: Vec<Vec<bool>> = lengths.iter().map(|length| vec![false; *length as usize]).collect();
        for piece in packed.iter().flatten() {
            for at in piece.start..piece.end {
                let token = &mut seen[piece.row as usize][at as usize];
                prop_assert!(!*token, "token {at} of row {} stands in two sequences", piece.row);
                *token = true;
            }
        }
        let whole = |row: usize| seen[row].iter().all(|token| *token);
        let lost: u64 = seen.iter().flatten().filter(|token| !**token).count() as u64;
        let all: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        prop_assert_eq!(packed.tokens() + lost, all);
        for (row, length) in lengths.iter().enumerate() {
            let kept = match &packer {
                Packer::BestFit(BestFit { overflow: Overflow::Cut, capacity, .. }) => {
                    seen[row].iter().filter(|token| **token).count() == (*length).min(*capacity) as usize
                }
                Packer::BestFit(_) => whole(row),
                Packer::Concat(concat) => whole(row) || !concat.keeps_rest,
                Packer::Knapsack(knapsack) => whole(row) == (*length <= knapsack.capacity || *length == 0),
                Packer::Multipack(multipack) => whole(row) || multipack.bins_per_batch > 1,
                Packer::InOrder(in_order) => whole(row) || in_order.at_most.is_some(),
            };
            prop_assert!(kept, "row {} of {} tokens", row, length);
        }
    }

    #[test]
    fn no_sequence_is_longer_than_its_capacity(
        lengths in proptest::collection::vec(0u32..200, 0..200),
        packer in packers(),
    ) {
        let capacity = match &packer {
            Packer::BestFit(packer) => packer.capacity,
            Packer::Concat(packer) => packer.capacity,
            Packer::Multipack(packer) => packer.capacity,
            Packer::Knapsack(packer) => packer.capacity,
            Packer::InOrder(packer) => packer.capacity,
        };
        // axolotl drops longer rows before it packs.
        let lengths: Vec<u32> = match &packer {
            Packer::Multipack(_) => lengths.into_iter().map(|length| length.min(capacity)).collect(),
            _ => lengths,
        };
        for pieces in packer.pack(&lengths).unwrap_or_default().iter() {
            prop_assert!(!pieces.is_empty());
            prop_assert!(pieces.iter().map(|piece| piece.len()).sum::<u32>() <= capacity);
        }
    }

    #[test]
    fn best_fit_is_what_looking_at_every_sequence_finds(
        lengths in proptest::collection::vec(0u32..120, 0..150),
        capacity in 1u32..100,
    ) {
        let packed = BestFit::new(capacity).pack(&lengths).unwrap_or_default();
        let rows: Vec<Vec<u32>> = packed.iter().map(|pieces| pieces.iter().map(|piece| piece.row).collect()).collect();
        prop_assert_eq!(rows, best_fit_by_hand(&lengths, capacity));
    }
}
