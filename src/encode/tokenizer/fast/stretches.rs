//! Stretches between added tokens seen before, and the ids they became: system prompts stand in many rows, and prompts
//! with several answers or in conversations that grow from row to row. Shared by all workers; bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_128;

/// Bytes of the shortest stretch that is kept; others are sooner made again.
const LEAST: usize = 128;
/// Parts that workers look into at the same time.
const SHARDS: usize = 16;
/// Ids kept in a part before those kept longest are forgotten, half of them at a time: 32 MiB in all parts together.
const MOST: usize = if cfg!(test) {
    64
} else {
    (32 << 20) / size_of::<u32>() / SHARDS
};

/// Ids by the hash of their stretch.
type Ids = HashMap<u128, Box<[u32]>, ahash::RandomState>;

#[derive(Debug, Default)]
pub(super) struct Stretches {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    young: Ids,
    old: Ids,
    /// Ids in `young`.
    held: usize,
}

/// What a stretch is kept under: 128 bits of its hash, as good as the text itself.
#[derive(Clone, Copy)]
pub(super) struct Key(u128);

impl Key {
    /// The key of a stretch that is long enough.
    pub(super) fn new(stretch: &str) -> Option<Self> {
        (stretch.len() >= LEAST).then(|| Self(xxh3_128(stretch.as_bytes())))
    }
}

impl Stretches {
    fn shard(&self, key: Key) -> &Mutex<Shard> {
        &self.shards[key.0 as usize % SHARDS]
    }

    /// Appends the ids of a stretch, if they are here.
    pub(super) fn get(&self, key: Key, ids: &mut Vec<u32>) -> bool {
        let shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let found = shard.young.get(&key.0).or_else(|| shard.old.get(&key.0));
        if let Some(found) = found {
            ids.extend_from_slice(found);
        }
        found.is_some()
    }

    /// Keeps the ids of a stretch.
    pub(super) fn put(&self, key: Key, ids: &[u32]) {
        let ids: Box<[u32]> = ids.into();
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.held >= MOST / 2 {
            shard.old = std::mem::take(&mut shard.young);
            shard.held = 0;
        }
        shard.held += ids.len();
        shard.young.insert(key.0, ids);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_last_is_found_and_what_is_kept_is_bounded() {
        let stretches = Stretches::default();
        let key = |number: u32| Key::new(&number.to_string().repeat(LEAST)).expect("long enough");
        let mut ids = Vec::new();
        for number in 0..10_000 {
            assert!(!stretches.get(key(number), &mut ids));
            stretches.put(key(number), &[number, number + 1]);
            ids.clear();
            assert!(stretches.get(key(number), &mut ids));
            assert_eq!(ids, [number, number + 1]);
            ids.clear();
        }
        let kept: usize = stretches
            .shards
            .iter()
            .map(|shard| shard.lock().expect("sound").young.len())
            .sum();
        assert!((1..=SHARDS * MOST / 2).contains(&kept), "{kept}");
        assert!(!stretches.get(key(0), &mut ids));
        assert!(Key::new("a short one").is_none());
    }
}
