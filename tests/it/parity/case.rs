//! One recorded case.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// How a case ended.
pub(crate) enum Outcome {
    Ok,
    /// The first difference.
    Differs(String),
    /// What is not reproduced.
    Unsupported(String),
    /// What could not be found.
    Skipped(String),
}

/// A folder of `config.json`, input, tokenizer and expected records.
pub(crate) struct Case {
    pub name: String,
    pub config: Value,
    pub expected: Vec<Value>,
    path: PathBuf,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Self {
        let name = path
            .file_name()
            .expect("a case has a name")
            .to_string_lossy()
            .into_owned();
        let config = std::fs::read_to_string(path.join("config.json")).expect("config.json");
        let expected = std::fs::read_to_string(path.join("expected.jsonl")).expect("expected.jsonl");
        let records = expected.lines().filter(|line| !line.trim().is_empty());
        Self {
            name,
            config: serde_json::from_str(&config).expect("config.json is JSON"),
            expected: records
                .map(|line| serde_json::from_str(line).expect("records are JSON"))
                .collect(),
            path: path.to_owned(),
        }
    }

    pub(crate) fn kind(&self) -> &str {
        self.config["kind"].as_str().unwrap_or_default()
    }

    /// `modern` (transformers 5.23, TRL 1.16, datasets 5.2) or `legacy` (4.53, 0.19, 3.6).
    pub(crate) fn is_legacy(&self) -> bool {
        self.config["env"] == "legacy"
    }

    /// # Errors
    ///
    /// If the tokenizer or the data the case refers to is not there.
    pub(crate) fn complete(&self) -> Result<(), Outcome> {
        self.tokenizer()?;
        self.rows().map(|_| ())
    }

    /// The tokenizer's folder.
    pub(crate) fn tokenizer(&self) -> Result<PathBuf, Outcome> {
        let own = self.path.join("tokenizer");
        let folder = match self.config["tokenizer_ref"].as_str() {
            _ if own.is_dir() => return Ok(own),
            Some(name) => {
                let shipped = Path::new("fixtures/tokenizers").join(name);
                if shipped.is_dir() {
                    return Ok(shipped);
                }
                below("GONOGO_PARITY_TOKENIZERS")?.join(name)
            }
            None => return Err(Outcome::Skipped("no tokenizer".to_owned())),
        };
        if folder.is_dir() {
            Ok(folder)
        } else {
            Err(Outcome::Skipped(format!("no tokenizer {}", folder.display())))
        }
    }

    /// The input's rows, as JSON texts.
    pub(crate) fn rows(&self) -> Result<Vec<String>, Outcome> {
        let own = self.path.join("input.jsonl");
        let (path, most) = match self.config["data_ref"].as_str() {
            _ if own.is_file() => (own, usize::MAX),
            Some(name) => {
                let most = self.config["data_rows"].as_u64().unwrap_or(40);
                (
                    below("GONOGO_PARITY_DATASETS")?.join(name),
                    usize::try_from(most).expect("a small number"),
                )
            }
            None => return Err(Outcome::Skipped("no input".to_owned())),
        };
        let Ok(text) = std::fs::read_to_string(&path) else {
            return Err(Outcome::Skipped(format!("no data {}", path.display())));
        };
        if text.trim_start().starts_with('[') {
            let rows: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&text).expect("a JSON array");
            return Ok(rows.iter().take(most).map(|row| row.get().to_owned()).collect());
        }
        Ok(text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(most)
            .map(str::to_owned)
            .collect())
    }
}

fn below(variable: &str) -> Result<PathBuf, Outcome> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| Outcome::Skipped(format!("{variable} is not set")))
}
