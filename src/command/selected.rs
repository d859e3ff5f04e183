//! Which rules a run asks for, and their options.

use std::collections::BTreeMap;

use crate::model::setup::Setup;
use crate::rule::Need;
use crate::rule::lane::RuleEntry;
use crate::rules::{all, find};
use crate::settings::{Settings, UsageError, nearest};

/// The rules asked for that can be checked, and those that cannot by what they lack.
pub(super) fn rules(
    settings: &Settings,
    setup: &Setup,
) -> Result<(Vec<&'static RuleEntry>, BTreeMap<&'static str, Vec<&'static str>>), UsageError> {
    known(settings)?;
    if !all().any(|entry| is_selected(settings, entry)) {
        return Err(UsageError("no rule is left: what is selected is ignored".to_owned()));
    }
    let mut checked = Vec::new();
    let mut lacking: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for entry in all() {
        if !is_selected(settings, entry) {
            continue;
        }
        match entry.meta.needs.iter().find(|need| !need.met(setup)) {
            None => checked.push(entry),
            // Without a config or a dump there is nothing to be wrong with it.
            Some(Need::Config | Need::Batches) => {}
            Some(need) => lacking.entry(need.missing()).or_default().push(entry.meta.name),
        }
    }
    Ok((checked, lacking))
}

/// # Errors
///
/// If a rule is named that there is not, or does not accept its options.
pub(super) fn known(settings: &Settings) -> Result<(), UsageError> {
    options(settings)?;
    let given = [&settings.select, &settings.ignore].into_iter().flatten();
    let thresholds = settings.warn_if.iter().chain(&settings.error_if).map(|(rule, _)| rule);
    for name in given.chain(thresholds) {
        if !all().any(|entry| matches(entry, name)) {
            let meant = meant(name, all().flat_map(|entry| [entry.meta.name, entry.meta.category()]));
            return Err(UsageError(format!("there is no rule or category `{name}`{meant}")));
        }
    }
    Ok(())
}

/// The name that was probably meant.
fn meant(name: &str, names: impl Iterator<Item = &'static str>) -> String {
    nearest(name, names).map_or(String::new(), |meant| format!(", did you mean `{meant}`?"))
}

/// Tries the options of the settings file, each of which is one rule's.
fn options(settings: &Settings) -> Result<(), UsageError> {
    for (name, given) in &settings.options {
        let place = settings
            .option_places
            .get(name)
            .map_or(String::new(), |place| format!("{place}: "));
        let Some(entry) = find(name) else {
            let meant = meant(name, all().map(|entry| entry.meta.name));
            return Err(UsageError(format!(
                "{place}options of `{name}`, which is no rule{meant}"
            )));
        };
        if !given.is_object() {
            return Err(UsageError(format!(
                "{place}`{name}` is {given}: a rule's options are a table, as `[rules.\"{name}\"]` begins; a rule is left \
                 out by `ignore = [\"{name}\"]`"
            )));
        }
        if let Err(error) = entry.lane(&settings.options) {
            let said = error.to_string();
            let said = [
                ("expected f64", "expected a number"),
                ("expected usize", "expected a whole number"),
            ]
            .iter()
            .fold(said, |said, (rust, plain)| said.replace(rust, plain));
            return Err(UsageError(format!("{place}options of {name}: {said}")));
        }
    }
    Ok(())
}

/// Whether a rule is among those asked for.
pub(super) fn is_selected(settings: &Settings, entry: &RuleEntry) -> bool {
    let selected = settings.select.is_empty() || settings.select.iter().any(|name| matches(entry, name));
    selected && !settings.ignore.iter().any(|name| matches(entry, name))
}

fn matches(entry: &RuleEntry, name: &str) -> bool {
    entry.meta.name == name || entry.meta.category() == name.trim_end_matches('/')
}
