//! Which elements of a set decide whom it can be alike with: the rarest.
//!
//! Two sets with a Jaccard similarity of at least t share at least ⌈t·n⌉ of the n elements of either. So, in
//! any order of the elements that is the same for all sets, both have one that they share among their first
//! n − ⌈t·n⌉ + 1: sets that have none there are below t, and no pair is missed (prefix filtering: Chaudhuri,
//! Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007). With the rarest first these are elements that few
//! sets have, and of a set that is like no other they are its own.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::sets::Sets;

/// Threads that count together: each reads all sets and counts a part of the elements.
const COUNTING: usize = 4;

/// Elements of about so few sets are as rare as each other: then slots may be shared by many, and be few enough to
/// stay near the processor.
const RARE: u8 = 32;

/// Passes over all sets at most, however many pairs there are.
const PARTS: u32 = 64;

/// How many sets an element stands in, about: a count per slot, in which elements may meet. It orders the
/// elements, for which any order will do.
pub struct Rarity {
    /// Counts up to 255.
    slots: Vec<u8>,
    /// From an element to its slot: neighbours in order share one.
    shift: u32,
    /// Elements counted up to so often are as rare as each other.
    rare: u8,
}

impl Rarity {
    /// Slots for about so many elements, some of them to a slot: 64 KiB to 256 MiB.
    fn sized(elements: u64, to_a_slot: u64, rare: u8) -> Self {
        let bits = (elements / to_a_slot)
            .next_power_of_two()
            .trailing_zeros()
            .clamp(16, 28);
        Self {
            slots: vec![0; 1 << bits],
            shift: 32 - bits,
            rare,
        }
    }

    /// Counts the elements of sets that are given one after the other, with where each ends.
    pub fn of(elements: &[u32]) -> Self {
        let mut rarity = Self::sized(elements.len() as u64, 2, 0);
        for element in elements {
            let slot = &mut rarity.slots[(element >> rarity.shift) as usize];
            *slot = slot.saturating_add(1);
        }
        rarity
    }

    /// Counts the elements of the sets that are asked for.
    ///
    /// # Errors
    ///
    /// If a set cannot be read back from disk.
    pub fn of_sets(sets: &Sets, wanted: impl Fn(usize) -> bool + Sync) -> io::Result<Self> {
        let mut rarity = Self::sized(sets.elements(), 16, RARE);
        let parts = rayon::current_num_threads().clamp(1, COUNTING).next_power_of_two();
        let size = rarity.slots.len() / parts;
        let shift = rarity.shift;
        let stretches = sets.stretches();
        let counted = rarity.slots.par_chunks_mut(size).enumerate().map(|(part, slots)| {
            let first = (part * size) as u64;
            // The elements of this part follow each other in every set, since slots are in their order.
            let (from, to) = (first << shift, (first + size as u64) << shift);
            let mut buffer = Vec::new();
            for stretch in &stretches {
                sets.each(stretch, &mut buffer, |at, set| {
                    if wanted(at) {
                        let start = set.partition_point(|element| u64::from(*element) < from);
                        for element in set[start..].iter().take_while(|element| u64::from(**element) < to) {
                            let slot = &mut slots[(element >> shift) as usize - part * size];
                            *slot = slot.saturating_add(1);
                        }
                    }
                })?;
            }
            Ok(())
        });
        counted.collect::<io::Result<()>>()?;
        Ok(rarity)
    }

    /// A set's deciding elements that stand in any of the sets: the rare ones first, in their own order, then those
    /// counted least. `chosen` is emptied first.
    pub fn deciding(&self, set: &[u32], threshold: f64, chosen: &mut Vec<u64>) {
        chosen.clear();
        let deciding = first(set.len(), threshold);
        let (mut rare, mut absent) = (0, 0);
        for element in set {
            let count = self.slots[(element >> self.shift) as usize];
            if count > self.rare {
                chosen.push(u64::from(count) << 32 | u64::from(*element));
                continue;
            }
            // What stands in no set decides as well, but there is nothing to be found by it.
            match count {
                0 => absent += 1,
                _ => chosen.push(u64::from(*element)),
            }
            rare += 1;
            if rare == deciding {
                return chosen.retain(|element| element >> 32 == 0);
            }
        }
        let left = deciding - absent;
        if left < chosen.len() {
            chosen.select_nth_unstable(left);
            chosen.truncate(left);
        }
        for element in chosen {
            *element &= u64::from(u32::MAX);
        }
    }
}

/// How many elements of a set of this size, the most frequent, decide nothing.
pub fn undecided(size: usize, threshold: f64) -> usize {
    size - first(size, threshold)
}

/// How many of the first elements of a set of this size a similar set has one of.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of rows"
)]
fn first(size: usize, threshold: f64) -> usize {
    // A product a hair above the whole number it stands for must not be rounded up to the next.
    let shared = (threshold * size as f64 - 1e-6).ceil().max(1.0) as usize;
    size - shared.min(size) + usize::from(size > 0)
}

/// An element and a set that it decides about, in one number that sorts by the element first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decides(u64);

impl Decides {
    pub(super) fn new(element: u32, set: u32) -> Self {
        Self(u64::from(element) << 32 | u64::from(set))
    }

    pub fn element(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a number")]
    pub fn set(self) -> u32 {
        self.0 as u32
    }
}

/// Buckets that elements are parted into, so that many are sorted side by side and near the processor.
const BUCKETS: usize = 64;

/// So many bits of an element's hash.
fn hash(element: u32, bits: u32) -> usize {
    (element.wrapping_mul(0x9E37_79B1) >> (u32::BITS - bits)) as usize
}

/// An element as [`Rarity::deciding`] gives it.
#[expect(clippy::cast_possible_truncation, reason = "an element has 32 bits")]
fn low(element: u64) -> u32 {
    element as u32
}

/// Which elements were met more than once; of others, with which they share a bit, it may say so as well.
struct Several {
    once: Vec<AtomicU64>,
    again: Vec<AtomicU64>,
    /// How many bits of a hash tell the bit.
    bits: u32,
}

impl Several {
    /// For about so many: four to eight bits for each, 8 KiB to 256 MiB in both tables.
    fn sized(elements: usize) -> Self {
        let bits = (4 * elements).next_power_of_two().trailing_zeros().clamp(15, 30);
        let table = || (0..1 << (bits - 6)).map(|_| AtomicU64::new(0)).collect();
        Self {
            once: table(),
            again: table(),
            bits,
        }
    }

    fn place(&self, element: u32) -> (usize, u64) {
        let bit = hash(element, self.bits);
        (bit >> 6, 1 << (bit & 63))
    }

    /// Meets an element. Who meets one first does not matter: one of two sees the other.
    fn meet(&self, element: u32) {
        let (word, bit) = self.place(element);
        if self.once[word].fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            self.again[word].fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn has(&self, element: u32) -> bool {
        let (word, bit) = self.place(element);
        self.again[word].load(Ordering::Relaxed) & bit != 0
    }
}

/// Elements with the sets they decide about, in buckets and in order there, so many at a time that memory is bounded;
/// an element comes once, with all its sets.
///
/// # Errors
///
/// If a set cannot be read back from disk, or what `each` returns.
pub fn by_element(
    sets: &Sets,
    wanted: impl Fn(usize) -> Option<u32> + Sync,
    threshold: f64,
    most: usize,
    each: &mut dyn FnMut(&[Vec<Decides>]) -> io::Result<()>,
) -> io::Result<()> {
    let rarity = Rarity::of_sets(sets, |at| wanted(at).is_some())?;
    let stretches = sets.stretches();
    let all: usize = (0..sets.len()).map(|at| first(sets.size(at), threshold)).sum();
    // Where there are too many, those are sorted out first that decide about one set only: most of them.
    let several = if all > most {
        let met = Several::sized(all);
        let meet = |stretch: &Range<usize>| -> io::Result<()> {
            let (mut buffer, mut chosen) = (Vec::new(), Vec::new());
            sets.each(stretch, &mut buffer, |at, set| {
                if wanted(at).is_some() {
                    rarity.deciding(set, threshold, &mut chosen);
                    for element in &chosen {
                        met.meet(low(*element));
                    }
                }
            })
        };
        stretches.par_iter().map(meet).collect::<io::Result<()>>()?;
        Some(met)
    } else {
        None
    };
    let pairs = |stretch: &Range<usize>, parts: u32, part: u32| -> io::Result<Vec<Vec<Decides>>> {
        let (mut buffer, mut chosen, mut pairs) = (Vec::new(), Vec::new(), vec![Vec::new(); BUCKETS]);
        sets.each(stretch, &mut buffer, |at, set| {
            let Some(number) = wanted(at) else { return };
            rarity.deciding(set, threshold, &mut chosen);
            let elements = chosen.iter().map(|element| low(*element));
            let wanted =
                |element: &u32| element % parts == part && several.as_ref().is_none_or(|met| met.has(*element));
            for element in elements.filter(wanted) {
                pairs[hash(element, BUCKETS.trailing_zeros())].push(Decides::new(element, number));
            }
        })?;
        Ok(pairs)
    };
    // As many parts as it takes for the first of them to fit.
    let (mut parts, mut part) = (1u32, 0);
    while part < parts {
        let mut buckets: Vec<Vec<Decides>> = vec![Vec::new(); BUCKETS];
        for some in stretches.chunks(64) {
            let found: Vec<_> = some
                .par_iter()
                .map(|stretch| pairs(stretch, parts, part))
                .collect::<io::Result<_>>()?;
            buckets.par_iter_mut().enumerate().for_each(|(at, bucket)| {
                for pairs in &found {
                    bucket.extend_from_slice(&pairs[at]);
                }
            });
            while part == 0 && buckets.iter().map(Vec::len).sum::<usize>() > most && parts < PARTS {
                parts *= 2;
                let kept = |pair: &Decides| pair.element().is_multiple_of(parts);
                buckets.par_iter_mut().for_each(|bucket| bucket.retain(kept));
            }
        }
        buckets.par_iter_mut().for_each(|bucket| bucket.sort_unstable());
        each(&buckets)?;
        part += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::jaccard::similarity;

    #[test]
    fn so_many_elements_decide() {
        assert_eq!(first(10, 0.8), 3);
        assert_eq!(first(5, 0.8), 2);
        assert_eq!(first(1, 0.8), 1);
        assert_eq!(first(0, 0.8), 0);
        assert_eq!(first(10, 1.0), 1);
        // 0.7 × 10 is 7.000000000000001 or 6.999999999999999, as it is computed.
        assert_eq!(first(10, 0.7), 4);
        assert_eq!(first(30, 0.1), 28);
    }

    proptest! {
        /// Every pair that is alike shares an element that decides, however few pairs are held at a time.
        #[test]
        fn no_pair_is_missed(
            common in prop::collection::vec(0u32..60, 0..30),
            own in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..12), 2..12),
            threshold in 0.1f64..1.0,
            most in 1usize..40,
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut sets = Sets::default();
            let mut all: Vec<Vec<u32>> = Vec::new();
            for (at, own) in own.iter().enumerate() {
                let part = common.iter().skip(at % 3).map(|element| element << 24);
                let mut set: Vec<u32> = part.chain(own.iter().map(|element| element % 90)).collect();
                set.sort_unstable();
                set.dedup();
                sets.push(&set, folder.path(), 64);
                all.push(set);
            }
            let mut met = std::collections::BTreeSet::new();
            let wanted = |at: usize| (at != 1).then(|| u32::try_from(at).expect("few"));
            by_element(&sets, wanted, threshold, most, &mut |buckets| {
                let same = |left: &Decides, right: &Decides| left.element() == right.element();
                for group in buckets.iter().flat_map(|bucket| bucket.chunk_by(same)) {
                    for one in group {
                        met.extend(group.iter().map(|other| (one.set() as usize, other.set() as usize)));
                    }
                }
                Ok(())
            })
            .expect("readable");
            for one in 0..all.len() {
                for other in one + 1..all.len() {
                    if one != 1 && other != 1 && similarity(&all[one], &all[other], threshold).is_some() {
                        prop_assert!(met.contains(&(one, other)), "{one} {other}");
                    }
                }
            }
            prop_assert!(met.iter().all(|(one, other)| *one != 1 && *other != 1));
        }
    }
}
