//! gonogo.toml, and `[tool.gonogo]` in pyproject.toml.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::model::example::Shape;

use super::UsageError;

/// A settings file, read.
#[derive(Debug, Default)]
pub struct File {
    pub path: PathBuf,
    /// The path as it is shown, and the text, to name lines by.
    text: String,
    pub values: Values,
}

/// The keys of a settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Values {
    pub model: Option<Spanned<String>>,
    pub chat_template: Option<Spanned<PathBuf>>,
    pub eval: Vec<PathBuf>,
    pub against: Vec<PathBuf>,
    pub shape: Option<Spanned<Shape>>,
    pub columns: BTreeMap<String, String>,
    pub trainer: Option<Spanned<String>>,
    pub max_length: Option<Spanned<usize>>,
    pub batch_size: Option<Spanned<usize>>,
    pub grad_accum: Option<Spanned<usize>>,
    pub world_size: Option<Spanned<usize>>,
    pub epochs: Option<Spanned<f64>>,
    pub max_steps: Option<Spanned<u64>>,
    pub packing: Option<Spanned<String>>,
    pub drop_last: Option<Spanned<bool>>,
    pub scheduler: Option<Spanned<String>>,
    pub warmup: Option<Spanned<f64>>,
    pub learning_rate: Option<Spanned<f64>>,
    pub seed: Option<Spanned<u64>>,
    pub transformers: Option<Spanned<String>>,
    pub eval_steps: Option<Spanned<f64>>,
    pub save_steps: Option<Spanned<f64>>,
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    pub warn_if: BTreeMap<String, String>,
    pub error_if: BTreeMap<String, String>,
    pub fail_on: Option<Spanned<String>>,
    pub strict: bool,
    /// `[rules."length/too-long"]`: each rule's own options.
    pub rules: BTreeMap<String, Spanned<serde_json::Value>>,
}

impl Values {
    /// Takes paths for those beside the file, where they are there: it is read from folders below its own too.
    fn beside(mut self, file: &Path) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        let here = std::env::current_dir().is_ok_and(|current| current == folder);
        if folder.as_os_str().is_empty() || here {
            return self;
        }
        let there = |path: &Path| Some(folder.join(path)).filter(|path| path.exists());
        for path in self.eval.iter_mut().chain(&mut self.against) {
            if let Some(found) = there(path) {
                *path = found;
            }
        }
        if let Some(template) = &mut self.chat_template
            && let Some(found) = there(template.get_ref())
        {
            *template.get_mut() = found;
        }
        if let Some(model) = &mut self.model
            && let Some(found) = there(Path::new(model.get_ref()))
        {
            *model.get_mut() = found.display().to_string();
        }
        self
    }
}

impl File {
    /// The nearest settings file at or above a folder, if there is one.
    ///
    /// # Errors
    ///
    /// If the nearest one cannot be read or understood.
    pub fn nearest(from: &Path) -> Result<Option<Self>, UsageError> {
        for folder in from.ancestors() {
            let own = folder.join("gonogo.toml");
            if own.is_file() {
                return Self::read(&own).map(Some);
            }
            // Whoever put it there means its settings to count.
            if own.symlink_metadata().is_ok() {
                let own = own.display();
                return Err(UsageError(format!(
                    "{own} is no file, or a link to none: remove it, or use --isolated"
                )));
            }
            let project = folder.join("pyproject.toml");
            if project.is_file()
                && let Some(file) = Self::read_project(&project)?
            {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// # Errors
    ///
    /// If it cannot be read, is not TOML, or holds an unknown key or a value of the wrong type.
    pub fn read(path: &Path) -> Result<Self, UsageError> {
        if path.file_name().is_some_and(|name| name == "pyproject.toml") {
            let none = || UsageError(format!("{} has no [tool.gonogo]", path.display()));
            return Self::read_project(path)?.ok_or_else(none);
        }
        let text = read(path)?;
        let values: Values = toml::from_str(&text).map_err(|error| explain(path, &text, &error))?;
        Ok(Self {
            path: path.to_owned(),
            text,
            values: values.beside(path),
        })
    }

    fn read_project(path: &Path) -> Result<Option<Self>, UsageError> {
        #[derive(Deserialize)]
        struct Project {
            tool: Option<Tools>,
        }
        #[derive(Deserialize)]
        struct Tools {
            gonogo: Option<Values>,
        }
        let text = read(path)?;
        // TOML has many ways to write the table, all of them with its name; what has none is not ours to find fault with.
        if !text.contains("gonogo") {
            return Ok(None);
        }
        let project: Project = toml::from_str(&text).map_err(|error| explain(path, &text, &error))?;
        let values = project.tool.and_then(|tool| tool.gonogo);
        Ok(values.map(|values| Self {
            path: path.to_owned(),
            text,
            values: values.beside(path),
        }))
    }

    /// `gonogo.toml:3`
    pub fn at(&self, span: Range<usize>) -> String {
        format!("{}:{}", self.path.display(), line(&self.text, span.start))
    }
}

fn read(path: &Path) -> Result<String, UsageError> {
    std::fs::read_to_string(path).map_err(|error| UsageError(format!("cannot read {}: {error}", path.display())))
}

fn line(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// Names file, line and column, and the key that was probably meant.
fn explain(path: &Path, text: &str, error: &toml::de::Error) -> UsageError {
    let (mut row, mut column) = (1, 1);
    if let Some(span) = error.span() {
        row = line(text, span.start);
        let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
        column = 1 + text[start..span.start.min(text.len())].chars().count();
    }
    let message = error.message();
    let meant = message.strip_prefix("unknown field `").and_then(|rest| {
        let (name, known) = rest.split_once('`')?;
        super::nearest(name, known.split('`').skip(1).step_by(2))
    });
    match meant {
        Some(meant) => {
            let name = message.split('`').nth(1).unwrap_or_default();
            UsageError(format!(
                "{}:{row}:{column}: unknown key `{name}`, did you mean `{meant}`?",
                path.display()
            ))
        }
        None => UsageError(format!("{}:{row}:{column}: {message}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<File, UsageError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("gonogo.toml");
        std::fs::write(&path, text).expect("written");
        File::read(&path)
    }

    #[test]
    fn values_know_their_line() {
        let file = read("# run\nmodel = \"m\"\nmax-length = 2048\n").expect("valid");
        let max_length = file.values.max_length.as_ref().expect("set");
        assert_eq!(*max_length.get_ref(), 2048);
        assert!(file.at(max_length.span()).ends_with("gonogo.toml:3"));
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_place_and_the_key_meant() {
        let error = read("model = \"m\"\nmax-lenght = 1\n").expect_err("unknown key").0;
        assert!(
            error.ends_with("gonogo.toml:2:1: unknown key `max-lenght`, did you mean `max-length`?"),
            "{error}"
        );
    }
}
