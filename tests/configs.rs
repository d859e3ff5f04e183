//! Training configs: small ones of ours, and hundreds of real ones where they are at hand (`GONOGO_REAL`).

#![expect(
    clippy::print_stdout,
    reason = "what became of each file is what the walk is run for"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gonogo::model::config::ConfigFacts;
use gonogo::model::version::Version;
use gonogo::settings::config::{Config, Opened, Program, Versions};

fn versions(program: Program) -> Versions {
    let (program, transformers) = match program {
        Program::Axolotl => (Version::new(0, 19, 0), Version::new(5, 16, 1)),
        Program::LlamaFactory => (Version::new(0, 9, 5), Version::new(5, 6, 0)),
        Program::Trl(_) | Program::Transformers => (Version::new(1, 16, 0), Version::new(5, 23, 0)),
        Program::Torchtune => (Version::new(0, 6, 1), Version::new(5, 23, 0)),
    };
    Versions { program, transformers }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, out);
        } else if path
            .extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
        {
            out.push(path);
        }
    }
}

/// Writes what was read to the file `GONOGO_DUMP` names, to be held against the programs' own readers.
fn dump(name: &str, facts: &ConfigFacts) {
    use std::io::Write;
    let Some(path) = std::env::var_os("GONOGO_DUMP") else {
        return;
    };
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a file to write");
    let values: serde_json::Map<_, _> = facts
        .values
        .iter()
        .map(|value| (value.key.clone(), value.value.clone()))
        .collect();
    let line = serde_json::json!({"file": name, "program": facts.program, "method": facts.method, "values": values});
    writeln!(file, "{line}").expect("written");
}

#[test]
fn real_configs_are_recognised_and_read() {
    let Some(real) = std::env::var_os("GONOGO_REAL") else {
        println!("skipped: GONOGO_REAL is not set");
        return;
    };
    let root = Path::new(&real).join("configs");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let name = path.strip_prefix(&root).expect("below").display().to_string();
        let opened = Config::open(path, &|_| None);
        let what = match &opened {
            Ok(Opened::Config(config)) => {
                let run = config.at(versions(config.program), &[]);
                for fault in &run.facts.faults {
                    println!(
                        "    {:?} {} {}",
                        fault.kind,
                        fault.at.rsplit('/').next().unwrap_or_default(),
                        fault.message
                    );
                }
                dump(&name, &run.facts);
                format!("{} {}", run.facts.program, run.facts.method)
            }
            Ok(Opened::Other(what)) => (*what).to_owned(),
            Ok(Opened::Data) => "data".to_owned(),
            Err(error) => format!("error: {error}"),
        };
        println!("{name}: {what}");
        *tally.entry(what).or_default() += 1;
    }
    for (what, count) in &tally {
        println!("{count:5} {what}");
    }
}
