//! Under which names a run keeps what: a hash over everything it follows from, and over nothing else.

use std::path::Path;

use crate::cache::{Key, KeyOf};
use crate::command::model;
use crate::command::prepare::Prepared;
use crate::rule::lane::RuleEntry;
use crate::whole::folder;

/// The names of a run.
pub(super) struct Keys {
    /// The program and the data.
    data: KeyOf,
    /// And the files of the tokenizer; `None` where there is none, or not all of them can be read.
    tokenizer: Option<KeyOf>,
    identity: String,
    of_any_length: String,
}

impl Keys {
    /// `None` where not all data can be read again.
    pub(super) fn of(prepared: &Prepared) -> Option<Self> {
        let data = data(prepared)?;
        let tokenizer = prepared
            .kit
            .as_ref()
            .and_then(|kit| tokenizer(data.clone(), kit.path()));
        Some(Self {
            data,
            tokenizer,
            identity: prepared.identity.clone(),
            of_any_length: prepared.of_any_length.clone(),
        })
    }

    /// Of the columns of rows.
    pub(super) fn rows(&self) -> Option<Key> {
        Some(self.tokenizer.clone()?.text("rows").text(&self.identity).key())
    }

    /// Of the tokens of texts, wherever rows are cut.
    pub(super) fn texts(&self) -> Option<Key> {
        Some(self.tokenizer.clone()?.text("texts").text(&self.of_any_length).key())
    }

    /// Of what rules find in the data alone.
    pub(super) fn of_data(&self, prepared: &Prepared) -> Option<Key> {
        let mut key = self.data.clone();
        key.text("data");
        for input in &prepared.against {
            key.text(&format!("{:?}", (input.format, input.compression, &input.field)));
            key.file(&input.path).ok()?;
        }
        key.text(&serde_json::to_string(&prepared.header.setup.of_data()).ok()?);
        rules(&mut key, prepared, |entry| entry.data_only)?;
        Some(key.key())
    }

    /// Of everything that is gathered of rows. Of the setup it is all but what only the plan follows from.
    pub(super) fn of_run(&self, prepared: &Prepared) -> Option<Key> {
        let mut setup = prepared.header.setup.unplanned();
        // What it says of the rows has come into the setup and the trainer's options.
        if let Some(config) = &mut setup.config {
            config.values.clear();
            config.faults.clear();
        }
        if setup.trainer.is_none() {
            setup.packing = None;
        }
        let mut key = self.tokenizer.clone()?;
        key.text("run").text(&self.identity);
        key.text(&serde_json::to_string(&setup).ok()?);
        rules(&mut key, prepared, |entry| entry.rows && !entry.data_only)?;
        Some(key.key())
    }
}

fn rules(key: &mut KeyOf, prepared: &Prepared, which: impl Fn(&RuleEntry) -> bool) -> Option<()> {
    for entry in prepared.rules.iter().filter(|entry| which(entry)) {
        let options = prepared.header.options.get(entry.meta.name);
        key.text(entry.meta.name).text(&serde_json::to_string(&options).ok()?);
    }
    Some(())
}

fn data(prepared: &Prepared) -> Option<KeyOf> {
    let mut key = KeyOf::default();
    key.text(&program()?);
    for (input, layout) in prepared.inputs.iter().zip(&prepared.layouts) {
        let read = (input.format, input.compression, &input.field, &input.split, &input.rows);
        key.text(&format!("{read:?} {layout:?}"));
        key.file(&input.path).ok()?;
    }
    key.text(&format!("{:?} {:?}", prepared.header.setup.eval, prepared.limits));
    Some(key)
}

/// This very build: two of the same version need not make the same tokens.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let about = path.metadata().ok()?;
    let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!(
        "{} {} {}",
        env!("CARGO_PKG_VERSION"),
        about.len(),
        changed.as_nanos()
    ))
}

/// And the files of a tokenizer; `None` where not all can be read.
pub(in crate::command) fn tokenizer(mut key: KeyOf, path: &Path) -> Option<KeyOf> {
    let folder = if path.is_dir() { path } else { folder(path) };
    for path in model::files(path)? {
        key.text(&path.strip_prefix(folder).ok()?.to_string_lossy());
        key.file(&path).ok()?;
    }
    Some(key)
}
