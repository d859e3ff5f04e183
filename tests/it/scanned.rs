//! Files through the real front end and the real scan, to what each rule found.

use std::path::Path;

use gonogo::command::batches::ready;
use gonogo::command::prepare::prepare;
use gonogo::finding::Finding;
use gonogo::rule::RuleMeta;
use gonogo::scan::{Progress, Scan};
use gonogo::settings::cli::{self, Command};
use gonogo::settings::resolve::{Environment, Typed, resolve};

/// What one rule found.
pub(crate) struct Found {
    pub meta: &'static RuleMeta,
    pub rows: u64,
    pub findings: Vec<Finding>,
}

/// What all rules found, and the rules that could not be checked.
pub(crate) struct Scanned {
    pub found: Vec<Found>,
    pub lacking: Vec<String>,
}

/// Runs `gonogo check` with these arguments, up to the report.
pub(crate) fn scan(args: &[String]) -> Scanned {
    let words = ["gonogo", "check", "--isolated"].map(str::to_owned);
    let cli = cli::parse(words.iter().chain(args).map(Into::into)).unwrap_or_else(|error| panic!("{args:?}: {error}"));
    let Command::Check(check) = cli.command else {
        panic!("`check` was asked for");
    };
    let environment = Environment::new();
    let typed = Typed {
        data: &check.data,
        model: &check.model,
        train: &check.train,
        rules: Some(&check.rules),
        fail: None,
        files: &check.files,
        strict: false,
    };
    let settings = resolve(typed, &environment).unwrap_or_else(|error| panic!("{args:?}: {error}"));
    let prepared = prepare(settings, &environment, None).unwrap_or_else(|error| panic!("{args:?}: {error:#}"));
    let setup = &prepared.header.setup;
    let scan = Scan {
        setup,
        layouts: &prepared.layouts,
        encoder: prepared.encoder.as_deref(),
        holdout: prepared.holdout.as_ref(),
        progress: &Progress::default(),
        workers: 1,
        limit: None,
    };
    let gathered = scan
        .run(prepared.readers, &prepared.rules, &prepared.header.options)
        .unwrap_or_else(|(rule, error)| panic!("{rule}: {error}"));
    let found = gathered.finish(setup).found.into_iter().map(|(meta, findings)| Found {
        meta,
        rows: findings.rows(),
        findings: findings.into_kept(),
    });
    Scanned {
        found: found.filter(|found| !found.findings.is_empty()).collect(),
        lacking: prepared
            .header
            .not_checked
            .into_iter()
            .flat_map(|lacking| lacking.rules)
            .collect(),
    }
}

/// Runs `gonogo batches` with these arguments, up to the report.
pub(crate) fn audit(args: &[String]) -> Scanned {
    let words = ["gonogo", "batches", "--isolated"].map(str::to_owned);
    let cli = cli::parse(words.iter().chain(args).map(Into::into)).unwrap_or_else(|error| panic!("{args:?}: {error}"));
    let Command::Batches(batches) = cli.command else {
        panic!("`batches` was asked for");
    };
    let ready = ready(&batches, &Environment::new()).unwrap_or_else(|error| panic!("{args:?}: {error:#}"));
    let gathered = ready
        .gather(false)
        .unwrap_or_else(|error| panic!("{args:?}: {error:#}"));
    let found = gathered.finish(&ready.header.setup).found.into_iter();
    let found = found.map(|(meta, findings)| Found {
        meta,
        rows: findings.rows(),
        findings: findings.into_kept(),
    });
    Scanned {
        found: found.filter(|found| !found.findings.is_empty()).collect(),
        lacking: ready
            .header
            .not_checked
            .into_iter()
            .flat_map(|lacking| lacking.rules)
            .collect(),
    }
}

/// A path as an argument.
pub(crate) fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().expect("a path of UTF-8").to_owned()
}
