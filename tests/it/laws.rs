//! Law 2: the same report whatever the schedule.
//!
//! The reference is one worker's lanes fed row by row, which never merge, so that a broken merge
//! cannot agree with itself.

use std::borrow::Cow;

use gonogo::model::example::Shape;
use gonogo::model::record::{Fault, Quirks, Record, Unreadable};
use gonogo::model::run::Run;
use gonogo::model::setup::{Lengths, Origin, Setting, Setup};
use gonogo::model::value::{Object, Value};
use gonogo::place::Place;
use gonogo::rule::lane::{Options, RuleEntry};
use gonogo::rules::all;
use gonogo::scan::partial::{self, NthShard};
use gonogo::scan::{Finished, Gathered, Progress, Scan};
use gonogo::shape::{Columns, Layout, Usual};
use gonogo::source::{Batch, Reader};
use proptest::prelude::*;

/// A row of the test: a prompt and a completion, or something broken.
#[derive(Clone, Debug)]
enum Row {
    Whole(String, String),
    NoCompletion(String),
    Broken,
}

fn record(place: Place, row: &Row) -> Result<Record<'_>, Unreadable> {
    let mut object = Object::new();
    let mut set = |key: &'static str, text: &str| {
        object.push(Cow::Borrowed(key), Value::Str(Cow::Owned(text.to_owned())));
    };
    match row {
        Row::Whole(prompt, completion) => {
            set("prompt", prompt);
            set("completion", completion);
        }
        Row::NoCompletion(prompt) => set("prompt", prompt),
        Row::Broken => {
            let message = "expected `,` or `}`".to_owned();
            return Err(Unreadable {
                place,
                column: Some(3),
                fault: Fault::BadJson,
                message,
            });
        }
    }
    Ok(Record {
        place,
        value: Value::Object(object),
        bytes: None,
        quirks: Quirks::default(),
    })
}

/// Rows of one source, in batches of a given size.
struct Rows {
    rows: std::vec::IntoIter<(Place, Row)>,
    batch: usize,
}

struct Stretch(Vec<(Place, Row)>);

impl Reader for Rows {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let rows: Vec<_> = self.rows.by_ref().take(self.batch).collect();
        (!rows.is_empty()).then(|| Box::new(Stretch(rows)) as Box<dyn Batch>)
    }
}

impl Batch for Stretch {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        for (place, row) in &self.0 {
            each(record(*place, row));
        }
    }

    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }
}

fn setup() -> Setup {
    let one = || Setting {
        value: 1,
        origin: Origin::Default,
    };
    Setup {
        lengths: Lengths::Estimated,
        tokenizer: None,
        has_template: false,
        trainer: None,
        max_length: None,
        batch_size: Setting {
            value: 3,
            origin: Origin::Default,
        },
        grad_accum: one(),
        world_size: one(),
        epochs: Setting {
            value: 1.0,
            origin: Origin::Default,
        },
        max_steps: Some(Setting {
            value: 2,
            origin: Origin::Flag("--max-steps".to_owned()),
        }),
        packing: None,
        markers: Vec::new(),
        packing_flaws: Vec::new(),
        config: None,
        load_error: None,
        refused: None,
        regime: gonogo::model::setup::Regime::default(),
        run: Run::default(),
        shapes: vec![Some(Shape::PromptCompletion); 2],
        eval: vec![false; 2],
        sets: vec![0; 2],
        absent: Vec::new(),
        slices: Vec::new(),
        held_out: 0,
        dump: None,
        spill: None,
    }
}

/// All that a report is made of.
fn seen(finished: Finished) -> String {
    let found: Vec<_> = finished
        .found
        .into_iter()
        .map(|(meta, found)| {
            (
                meta.name,
                found.rows(),
                found.count,
                found.tokens,
                found.whole,
                found.into_kept(),
            )
        })
        .collect();
    let sections = finished.sections;
    format!(
        "{found:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}",
        sections.lengths, sections.masks, sections.mix, sections.passages, sections.rows
    )
}

fn rules() -> Vec<&'static RuleEntry> {
    all().collect()
}

fn row() -> impl Strategy<Value = Row> {
    prop_oneof![
        8 => ("[ab ]{0,6}", "[ab]{0,3}(the same long answer that stands in the prompt too)?").prop_map(|(p, c)| {
            let prompt = if c.len() > 20 && p.len() > 3 { format!("{p}{c}") } else { p };
            Row::Whole(prompt, c)
        }),
        1 => "[ab]{0,3}".prop_map(Row::NoCompletion),
        1 => Just(Row::Broken),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn neither_threads_nor_shards_nor_saving_change_a_byte(
        sources in prop::collection::vec(prop::collection::vec(row(), 0..60), 1..3),
        batch in 1usize..20,
        workers in 1usize..9,
        cuts in prop::collection::vec(0.0f64..1.0, 2),
        backwards: bool,
    ) {
        let setup = setup();
        let layout = Layout { shape: Shape::PromptCompletion, columns: Columns::default(), usual: Usual::default() };
        let layouts = vec![Some(layout); 2];
        let progress = Progress::default();
        let scan = |workers| Scan { setup: &setup, layouts: &layouts, encoder: None, holdout: None, progress: &progress, workers, limit: None };
        let all: Vec<Vec<(Place, Row)>> = sources.iter().zip(0u32..).map(|(rows, source)| {
            rows.iter().zip(0u64..).map(|(row, at)| (Place { source, row: at, line: at + 1, offset: at * 10 }, row.clone())).collect()
        }).collect();
        let options = Options::new();

        let mut reference = Gathered::new(&rules(), &options).expect("no options");
        let scanner = scan(1);
        let mut worker = scanner.worker();
        for (place, row) in all.iter().flatten() {
            scanner.row(&record(*place, row), &mut worker, &mut reference);
        }
        let reference = seen(reference.finish(&setup));

        let readers = |part: &dyn Fn(f64) -> bool| -> Vec<Box<dyn Reader>> {
            all.iter().map(|rows| {
                #[expect(clippy::cast_precision_loss, reason = "a test's few rows")]
                let kept: Vec<_> = rows.iter().enumerate().filter(|(at, _)| part(*at as f64 / rows.len() as f64)).map(|(_, row)| row.clone()).collect();
                Box::new(Rows { rows: kept.into_iter(), batch }) as Box<dyn Reader>
            }).collect()
        };
        let threads = scan(workers).run(readers(&|_| true), &rules(), &options).expect("no options");
        prop_assert_eq!(&seen(threads.finish(&setup)), &reference);

        let mut cuts = cuts;
        cuts.sort_by(f64::total_cmp);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut parts: Vec<_> = (0u32..3).map(|index| {
            let from = if index == 0 { 0.0 } else { cuts[index as usize - 1] };
            let to = cuts.get(index as usize).copied().unwrap_or(2.0);
            let gathered = scan(2).run(readers(&|at| from <= at && at < to), &rules(), &options).expect("no options");
            let path = folder.path().join(format!("part{index}"));
            partial::save(&path, "header", Some(NthShard { index: index + 1, count: 3 }), &gathered).expect("saved");
            path
        }).collect();
        if backwards { parts.reverse(); }
        let mut merged = Gathered::new(&rules(), &options).expect("no options");
        for path in parts {
            partial::load(&path).expect("loaded").add_to(&mut merged).expect("added");
        }
        prop_assert_eq!(&seen(merged.finish(&setup)), &reference);
    }
}

/// The whole program, with all that the rows above have not: a tokenizer and a template, a trainer's mask, conversations,
/// held-out rows, and the defects that rules are tested with.
#[test]
fn neither_workers_nor_parts_change_a_report_with_everything_in_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clean = std::fs::read_to_string("fixtures/rules/clean/messages.jsonl").expect("the fixture");
    let planted = std::fs::read_to_string("fixtures/rules/planted.tsv").expect("the fixture");
    let planted = planted
        .lines()
        .filter_map(|line| line.strip_prefix("messages\t")?.split_once('\t'));
    let planted: String = planted.map(|(_, row)| format!("{row}\n")).collect();
    // What is told of a few rows of one system prompt.
    let system = r#"{"role": "system", "content": "Point out errors. Never answer in JSON."}"#;
    let shared = |at: usize| {
        let answer = if at == 70 {
            "Error code: 429 - Rate limit reached"
        } else {
            "It follows the one before."
        };
        let said = format!(r#"{{"role": "assistant", "content": "{answer}"}}"#);
        format!("{{\"messages\": [{system}, {{\"role\": \"user\", \"content\": \"What is {at}?\"}}, {said}]}}\n")
    };
    let shared: String = (0..120).map(shared).collect();
    let train: String = [&*clean, &*planted, &*shared, &*clean].concat();
    let eval: String = clean.lines().step_by(3).map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.path().join("train.jsonl"), train).expect("written");
    // What no loader of a trainer takes is left out.
    std::fs::write(folder.path().join("loaded.jsonl"), clean.repeat(2)).expect("written");
    std::fs::write(folder.path().join("eval.jsonl"), eval).expect("written");
    let model = std::fs::canonicalize("fixtures/models/chatml").expect("the fixture");
    let run = |words: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_gonogo"))
            .current_dir(folder.path())
            .env_clear()
            .args(words.split(' '))
            .output()
            .expect("run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some_and(|code| code < 2), "{words}: {said}");
        String::from_utf8(output.stdout).expect("a report")
    };
    let settings = format!(
        "--eval eval.jsonl --against eval.jsonl -m {} --no-cache -q --max-length 64 --max-steps 3 -f json",
        model.display()
    );
    for (data, least) in [("train.jsonl", 40), ("loaded.jsonl --trainer trl", 8)] {
        let check = format!("check {data} {settings}");
        let reference = run(&format!("{check} -j 1"));
        let found = reference.matches("\"rule\"").count();
        assert!(found >= least, "of {found} rules something is found");
        for workers in [2, 5] {
            assert_eq!(run(&format!("{check} -j {workers}")), reference, "-j {workers}");
        }
        let mut parts = Vec::new();
        for part in 1..=3 {
            run(&format!("{check} -j 2 --shard {part}/3 --partial part{part}"));
            parts.push(format!("part{part}"));
        }
        parts.rotate_left(1);
        assert_eq!(
            run(&format!("merge {} -q -f json", parts.join(" "))),
            reference,
            "three parts"
        );
    }
}
