//! Tokenizing: megabytes of text per second on one core, beside the library it must equal.
//! `cargo bench --bench tokenizer`; `GONOGO_BENCH_MODEL` names another model's folder.

use std::hint::black_box;
use std::path::PathBuf;

use divan::Bencher;
use divan::counter::BytesCount;
use gonogo::encode::tokenizer::{Detail, Generation, Tokenizer, Tokens};

const TEXTS: usize = 4000;

fn model() -> PathBuf {
    std::env::var_os("GONOGO_BENCH_MODEL").map_or_else(|| "fixtures/tokenizers/qwen-chatml".into(), PathBuf::from)
}

/// Prose, code and numbers of some 600 bytes each, no two alike.
fn texts() -> Vec<String> {
    const PIECES: &[&str] = &[
        "The answer depends on the weather, and on how long you're willing to wait. ",
        "def add(a, b):\n    return a + b\n\n",
        "In 2024, some 1,234 readers wrote in; 87 % of them didn't agree.\n",
        "Ça va très bien, merci — naïve façade. ",
        "日本語のテキストです。",
        "Once upon a time a mouse lived in the attic of an old house by the sea. ",
    ];
    let text = |row: usize| {
        let pieces = (0..10).map(|at| PIECES[(row * 7 + at * at * 3 + row / 5) % PIECES.len()]);
        format!("{row}: {}", pieces.collect::<String>())
    };
    (0..TEXTS).map(text).collect()
}

fn bytes(texts: &[String]) -> BytesCount {
    BytesCount::new(texts.iter().map(String::len).sum::<usize>())
}

fn ours(bencher: Bencher<'_, '_>, detail: Detail) {
    let tokenizer = Tokenizer::load(&model(), Generation::V5).expect("the model loads");
    let texts = texts();
    bencher.counter(bytes(&texts)).bench_local(|| {
        let mut tokens = Tokens::new();
        for text in &texts {
            tokenizer.encode(text, false, detail, &mut tokens).expect("encodes");
            black_box(&tokens.ids);
        }
    });
}

#[divan::bench]
fn ids(bencher: Bencher<'_, '_>) {
    ours(bencher, Detail::Ids);
}

#[divan::bench]
fn ids_and_extents(bencher: Bencher<'_, '_>) {
    ours(bencher, Detail::Extents);
}

#[divan::bench]
fn ids_by_the_library(bencher: Bencher<'_, '_>) {
    let tokenizer = tokenizers::Tokenizer::from_file(model().join("tokenizer.json")).expect("the model loads");
    let texts = texts();
    bencher.counter(bytes(&texts)).bench_local(|| {
        for text in &texts {
            black_box(
                tokenizer
                    .encode_fast(text.as_str(), false)
                    .expect("encodes")
                    .get_ids()
                    .len(),
            );
        }
    });
}

fn main() {
    divan::main();
}
