//! What holds of a dump as a whole, and which rules can be checked on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::dump::{Batch, Dump, File, Known};
use crate::model::dumped::{DumpFacts, MaskKind};
use crate::model::example::Shape;
use crate::model::setup::{Origin, Setting, Setup, Special, TokenizerFacts};
use crate::report::batches::BatchSection;
use crate::report::{NotChecked, Source};
use crate::rule::Need;
use crate::rule::lane::RuleEntry;
use crate::rules::all;
use crate::settings::{Settings, UsageError};

use super::against::Other;
use crate::command::selected;

/// Rules about rows that were tokenised before, and what each needs of a dump.
const ALSO: &[(&str, Lack)] = &[
    ("mask/labels-differ", |setup| without(setup, Need::Labels)),
    ("mask/labels-shifted", |setup| without(setup, Need::Labels)),
    ("mask/masked-trained", |setup| without(setup, Need::Labels)),
    ("mask/nothing-trained", |setup| without(setup, Need::Labels)),
    ("mask/padding-trained", |setup| {
        let pad = setup.tokenizer.as_ref().and_then(|facts| facts.pad.as_ref());
        without(setup, Need::Labels).or(pad.is_none().then_some("no padding token (-m)"))
    }),
    ("template/id-beyond-vocab", |setup| {
        let sizes = setup
            .tokenizer
            .as_ref()
            .map(|facts| facts.model_vocab.unwrap_or(facts.size));
        let known = sizes.is_some_and(|size| size > 0);
        (!known).then_some("no size of the model's vocabulary (-m)")
    }),
];

/// Trainers whose loss is not that of labels.
const OF_ROWS: &[&str] = &["Reward", "GRPO", "RLOO", "PPO", "DPO", "KTO", "ORPO", "CPO"];

/// What a rule lacks, if anything.
type Lack = fn(&Setup) -> Option<&'static str>;

fn without(setup: &Setup, need: Need) -> Option<&'static str> {
    (!need.met(setup)).then(|| need.missing())
}

/// The rules asked for that can be checked, and those that cannot.
pub(super) fn rules(
    settings: &Settings,
    setup: &Setup,
) -> Result<(Vec<&'static RuleEntry>, Vec<NotChecked>), UsageError> {
    selected::known(settings)?;
    let mut checked = Vec::new();
    let mut lacking: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in all().filter(|entry| selected::is_selected(settings, entry)) {
        let meta = entry.meta;
        let lack = match ALSO.iter().find(|(name, _)| *name == meta.name) {
            Some((_, lack)) => lack(setup),
            None if meta.category() == "batch" => {
                let need = meta.needs.iter().find(|need| !need.met(setup));
                // Without anything to compare with there is nothing to say of it.
                if need == Some(&Need::Compared) {
                    continue;
                }
                need.map(|need| need.missing())
            }
            None => continue,
        };
        match lack {
            None => checked.push(entry),
            Some(lack) => lacking.entry(lack).or_default().push(meta.name.to_owned()),
        }
    }
    if checked.is_empty() && lacking.is_empty() {
        return Err(UsageError("none of the rules asked for is about batches".to_owned()));
    }
    let lacking = lacking.into_iter().map(|(reason, rules)| NotChecked {
        rules,
        reason: reason.to_owned(),
    });
    Ok((checked, lacking.collect()))
}

/// Where what the dump says of itself is said to come from.
pub(super) fn dump_says() -> Origin {
    Origin::File("dump".to_owned())
}

/// Puts the tokens the dump names in the place of the tokenizer's, and says where they are others.
pub(super) fn tokens(setup: &mut Setup, about: &BTreeMap<String, String>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut facts = setup.tokenizer.take();
    let named = |name: &str| -> Option<Special> {
        let id = about.get(&format!("{name}_id"))?.parse().ok()?;
        let text = about.get(name).cloned();
        Some(Special {
            text: text.unwrap_or_else(|| format!("id {id}")),
            id: Some(id),
        })
    };
    let mut take = |name: &str, slot: fn(&mut TokenizerFacts) -> &mut Option<Special>| {
        let Some(token) = named(name) else { return };
        let own = slot(facts.get_or_insert_default());
        if let Some(model) = own.as_ref().filter(|model| model.id != token.id) {
            let id = model.id.map_or_else(|| "none".to_owned(), |id| id.to_string());
            notes.push(format!(
                "{name} is `{}` ({}) in the dump and `{}` ({id}) in the model: the dump's is taken",
                token.text,
                token.id.expect("it has one"),
                model.text
            ));
        }
        // The model's text of the same token is surer than a name made of its number.
        if own.as_ref().is_none_or(|own| own.id != token.id) {
            *own = Some(token);
        }
    };
    take("pad_token", |facts| &mut facts.pad);
    take("eos_token", |facts| &mut facts.eos);
    take("bos_token", |facts| &mut facts.bos);
    if let Some(size) = about.get("vocab_size").and_then(|size| size.parse().ok()) {
        facts.get_or_insert_default().model_vocab.get_or_insert(size);
    }
    setup.tokenizer = facts;
    notes
}

/// The tokens that tell padding from text.
pub(super) fn known(setup: &Setup) -> Known {
    let id = |special: Option<&Special>| special.and_then(|special| special.id).map(i64::from);
    let facts = setup.tokenizer.as_ref();
    Known {
        pad: id(facts.and_then(|facts| facts.pad.as_ref())),
        eos: id(facts.and_then(|facts| facts.eos.as_ref())),
    }
}

/// What the first look gathers.
#[derive(Default)]
pub(super) struct Survey {
    section: BatchSection,
    sources: Vec<Source>,
    /// The file of the last source, where its rows stand on lines of their own.
    flat: Option<u64>,
    columns: BTreeMap<String, BTreeSet<usize>>,
    left_out: BTreeSet<String>,
    ranks: BTreeSet<u64>,
    /// Batches of each rank by the numbers their loader gave them, and where in the dump they are.
    numbered: BTreeMap<(u64, u64), u64>,
    masked: bool,
    labels: u64,
    /// Batches of more than one row.
    several: bool,
    /// Whether every row so far is one width and no padding; the width, and the first tokens.
    full: Option<(u64, BTreeSet<i64>)>,
    ragged: bool,
}

impl Survey {
    pub(super) fn add(&mut self, file: &File, number: u64, batch: &Batch) {
        let section = &mut self.section;
        let rows = batch.rows.len() as u64;
        let width = batch.rows.iter().map(|row| row.ids.len() as u64).max().unwrap_or(0);
        let least = |before: (u64, u64), now: u64| match section.batches {
            0 => (now, now),
            _ => (before.0.min(now), before.1.max(now)),
        };
        section.rows_per_batch = least(section.rows_per_batch, rows);
        section.width = least(section.width, width);
        if let (Some(own), Some(row)) = (batch.own, batch.rows.first()) {
            self.numbered.insert((row.rank, own), section.batches);
        }
        section.batches += 1;
        section.rows += rows;
        for (name, shape) in &batch.columns {
            self.columns.entry(name.clone()).or_default().insert(shape.len());
        }
        self.left_out.extend(batch.passed_over.iter().cloned());
        self.several |= rows > 1;
        for row in &batch.rows {
            section.positions += row.ids.len() as u64;
            section.padding += row.padding() as u64;
            section.padded.0 += u64::from(row.text.start > 0 && !row.text.is_empty());
            section.padded.1 += u64::from(row.text.end < row.ids.len() && !row.text.is_empty());
            section.documents += row.documents().len() as u64;
            self.ranks.insert(row.rank);
            self.masked |= row.mask != MaskKind::None;
            if row.labels.is_some() {
                self.labels += 1;
                *section.trained.get_or_insert(0) += row.trained().count() as u64;
            }
            let width = row.ids.len() as u64;
            let (full, begins) = self.full.get_or_insert_with(|| (width, BTreeSet::new()));
            self.ragged |= *full != width || row.text.len() < row.ids.len();
            begins.extend(row.ids.first());
        }
        let is_next = !batch.is_flat || self.flat != Some(number);
        if is_next {
            self.sources.push(source(file, batch));
        }
        self.flat = batch.is_flat.then_some(number);
        let source = self.sources.last_mut().expect("one was added for the first batch");
        source.rows += rows;
    }

    /// The section, the sources, and the facts rules ask for.
    pub(super) fn finish(
        mut self,
        dump: &Dump,
        setup: &Setup,
        settings: &Settings,
        other: Option<&Other>,
    ) -> (BatchSection, Vec<Source>, DumpFacts) {
        self.describe(dump);
        let said = Said(&dump.about);
        let Self { section, sources, .. } = self;
        let given = |flag: &Option<Setting<usize>>| {
            flag.as_ref().map(|flag| Setting {
                value: flag.value as u64,
                origin: flag.origin.clone(),
            })
        };
        let batch_size = given(&settings.batch_size).or_else(|| said.number("batch_size"));
        let full = self.full.filter(|(_, begins)| !self.ragged && begins.len() > 1);
        let facts = DumpFacts {
            batches: section.batches,
            has_labels: self.labels > 0,
            is_of_rows: section.left_out.iter().any(|name| name.starts_with("labels "))
                || said
                    .text("trainer")
                    .is_some_and(|trainer| OF_ROWS.iter().any(|name| trainer.contains(name))),
            named: ["pad_token", "eos_token"]
                .iter()
                .filter(|name| said.text(&format!("{name}_id")).is_some())
                .map(|name| (*name).to_owned())
                .collect(),
            tells_padding: self.masked || known(setup).pad.is_some(),
            compared: other.is_some(),
            lost: lost(&self.numbered),
            is_flattened: !self.several
                && section.batches > 1
                && batch_size.as_ref().is_some_and(|size| size.value > 1),
            is_full: full.is_some() && section.rows >= 4,
            batch_size,
            pad_to_multiple_of: said.number("pad_to_multiple_of"),
            max_length: given(&settings.max_length).or_else(|| said.number("max_length")),
            packs: packs(said, other),
            attention: said.text("attn_implementation").map(|name| Setting {
                value: name.to_owned(),
                origin: dump_says(),
            }),
            epoch: said.number("epoch_batches").map(|batches| Setting {
                value: batches.value * self.ranks.len() as u64,
                origin: batches.origin,
            }),
        };
        (section, sources, facts)
    }

    /// Completes the section with what is said of the dump as a whole.
    fn describe(&mut self, dump: &Dump) {
        let section = &mut self.section;
        section.name = name(dump);
        section.files = dump.files.len() as u64;
        section.bytes = dump.files.iter().map(|file| file.bytes).sum();
        let mut formats: Vec<&str> = dump.files.iter().map(|file| file.format.as_str()).collect();
        formats.dedup();
        section.format = formats.join(", ");
        section.columns = self
            .columns
            .iter()
            .map(|(name, sides)| match sides.iter().max() {
                Some(sides @ 3..) => format!("{name} of {sides} dimensions"),
                _ => name.clone(),
            })
            .collect();
        // Read with the others, they say nothing more.
        section.columns.retain(|name| name != "cu_seq_lens_k");
        section.columns.sort_by_key(|name| super::show::rank_of(name));
        let said = Said(&dump.about).text("left_out").map(str::to_owned);
        self.left_out.extend(said);
        section.left_out = std::mem::take(&mut self.left_out).into_iter().collect();
        section.made_by = super::show::made_by(&dump.about);
    }
}

/// The numbers that a loader gave and no file has: how many before which batch of the dump. A dump may end before its
/// epoch does, and what is lost at its end does not show.
fn lost(numbered: &BTreeMap<(u64, u64), u64>) -> BTreeMap<u64, u64> {
    let mut next = BTreeMap::new();
    let gaps = numbered.iter().filter_map(|((rank, own), batch)| {
        let before = next.insert(*rank, own + 1).unwrap_or(0);
        Some((*batch, own - before)).filter(|(_, lost)| *lost > 0)
    });
    gaps.collect()
}

/// What a dump says of itself.
#[derive(Clone, Copy)]
struct Said<'d>(&'d BTreeMap<String, String>);

impl<'d> Said<'d> {
    fn text(self, name: &str) -> Option<&'d str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(self, name: &str) -> Option<Setting<u64>> {
        let value = self.text(name)?.parse().ok()?;
        Some(Setting {
            value,
            origin: dump_says(),
        })
    }

    /// As JSON has it, and as Python prints it.
    fn on(self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "True" | "1"))
    }
}

/// Whether rows are packed: the dump's word, else what is planned for the data it is compared with.
fn packs(said: Said<'_>, other: Option<&Other>) -> Option<Setting<bool>> {
    if said.on("packing") {
        return Some(Setting {
            value: true,
            origin: Origin::File("packing in the dump".to_owned()),
        });
    }
    let planned = other?.prepared.header.setup.packing.clone()?;
    Some(Setting {
        value: planned.value != "none",
        origin: planned.origin,
    })
}

/// What was dumped, by the folder where it is one.
fn name(dump: &Dump) -> String {
    let folder = |name: &str| {
        std::path::Path::new(name)
            .parent()
            .map(|path| path.display().to_string())
    };
    match dump.files.as_slice() {
        [] => "nothing".to_owned(),
        [file] => file.name.clone(),
        [first, rest @ ..] => {
            let own = folder(&first.name);
            match own.filter(|own| !own.is_empty() && rest.iter().all(|file| folder(&file.name).as_ref() == Some(own)))
            {
                Some(own) => own,
                None => format!("{} and {} more", first.name, rest.len()),
            }
        }
    }
}

/// A batch is a source of its own, but for rows that stand on lines.
fn source(file: &File, batch: &Batch) -> Source {
    let name = match (batch.is_flat, batch.line, file.by_number) {
        (false, 1.., _) => format!("{}:{}", file.name, batch.line),
        (false, 0, true) => format!("{}#{}", file.name, batch.number),
        _ => file.name.clone(),
    };
    Source {
        name,
        format: file.format.clone(),
        eval: false,
        against: false,
        settings: false,
        split: None,
        bytes: 0,
        rows: 0,
        unreadable: 0,
        misfit: 0,
        shape: Some(Shape::Tokenised),
        columns: Vec::new(),
        found_columns: batch.columns.iter().map(|(name, _)| name.clone()).collect(),
        notes: Vec::new(),
    }
}
