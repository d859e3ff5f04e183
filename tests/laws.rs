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
use gonogo::scan::partial::{self, Shard};
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
            partial::save(&path, "header", Some(Shard { index: index + 1, count: 3 }), &gathered).expect("saved");
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
