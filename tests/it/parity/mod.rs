//! Law 1: for each trainer and version covered, ids and labels equal the real library's, token for
//! token, over recorded cases.
//!
//! Walks a folder of cases (`fixtures/parity`, or the one `GONOGO_PARITY_DIR` names), each with
//! `config.json`, `input.jsonl`, `tokenizer/` and `expected.jsonl`, and prints for each `ok`,
//! `differs` (where first), `unsupported` (what) or `skipped` (what is not there). `tokenizer_ref`
//! and `data_ref` are looked up below `GONOGO_PARITY_TOKENIZERS` and `GONOGO_PARITY_DATASETS`.
//!
//! Cases that name a version (`"trl": "0.27.2"`) were made with that version's own functions for
//! data, taken out of its wheel and run on numpy where it would use torch.

#![expect(clippy::print_stdout, reason = "the list of cases is what the test is run for")]

mod axolotl;
mod case;
mod compare;
mod kit;
mod llama_factory;
mod loaded;
mod rows;
mod schedule;
mod torchtune;
mod transformers;
mod trl;
mod trl_preference;
mod unsloth;

use std::path::PathBuf;

use case::{Case, Outcome};

/// Makes the records of a case, in the layout of `expected.jsonl`.
type Run = fn(&Case) -> Result<Vec<serde_json::Value>, Outcome>;

/// Which cases are due, by the `kind` of their config.
const KINDS: &[(&str, Run)] = &[
    ("axolotl", axolotl::run),
    ("hf_default", transformers::collators),
    ("hf_flattening", transformers::collators),
    ("hf_lm", transformers::collators),
    ("hf_padding", transformers::collators),
    ("hf_seq2seq", transformers::collators),
    ("hf_tokenize", transformers::collators),
    ("lf_kto", llama_factory::run),
    ("lf_pt", llama_factory::run),
    ("lf_rm", llama_factory::run),
    ("lf_sft", llama_factory::run),
    ("render", transformers::render),
    ("schedule", schedule::run),
    ("torchtune", torchtune::run),
    ("trl_dpo", trl_preference::dpo),
    ("trl_kto", trl_preference::kto),
    ("trl_reward", trl_preference::reward),
    ("trl_sft", trl::sft),
    ("unsloth_responses", unsloth::run),
];

#[test]
fn recorded_cases() {
    let given = std::env::var_os("GONOGO_PARITY_DIR");
    let folder = given
        .as_ref()
        .map_or_else(|| PathBuf::from("fixtures/parity"), PathBuf::from);
    let only = std::env::var("GONOGO_PARITY_ONLY").unwrap_or_default();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.join("config.json").is_file())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().contains(&only))
        })
        .collect();
    cases.sort();
    let (mut ok, mut differs, mut unsupported, mut skipped) = (0, 0, 0, 0);
    for path in &cases {
        let case = Case::read(path);
        let outcome = run(&case);
        let (word, detail, count) = match &outcome {
            Outcome::Ok => ("ok", String::new(), &mut ok),
            Outcome::Differs(detail) => ("differs", detail.clone(), &mut differs),
            Outcome::Unsupported(detail) => ("unsupported", detail.clone(), &mut unsupported),
            Outcome::Skipped(detail) => ("skipped", detail.clone(), &mut skipped),
        };
        *count += 1;
        println!("{word:<11} {:<52} {detail}", case.name);
    }
    println!(
        "{} cases: {ok} ok, {differs} differ, {unsupported} unsupported, {skipped} skipped",
        cases.len()
    );
    assert_eq!(
        (differs, unsupported),
        (0, 0),
        "cases that differ from the real trainer, or are not covered"
    );
    assert!(
        skipped == 0 || given.is_none(),
        "a case of the folder that was asked for could not be run"
    );
    assert!(!cases.is_empty(), "no cases in {}", folder.display());
}

fn run(case: &Case) -> Outcome {
    if let Err(outcome) = case.complete() {
        return outcome;
    }
    let Some((_, run)) = KINDS.iter().find(|(kind, _)| *kind == case.kind()) else {
        return Outcome::Unsupported(format!("kind {}", case.kind()));
    };
    // A panic is a case that differs, and the others are still run.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(case))) {
        Ok(Ok(records)) => compare::records(case, &records),
        Ok(Err(outcome)) => outcome,
        Err(panic) => {
            let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            Outcome::Differs(format!("panicked: {message}"))
        }
    }
}
