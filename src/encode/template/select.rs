//! Which template a tokenizer renders with (`tokenization_utils_base.py` of transformers 5.23).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The folder of further templates in that of a model, by their names.
pub const MORE_TEMPLATES: &str = "additional_chat_templates";

/// The templates of a tokenizer, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates {
    /// Name and source, each name once.
    named: Vec<(String, String)>,
    /// Whether they are known by name, as several are. A single one answers to no name.
    several: bool,
}

/// Why a folder's templates could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{}: chat_template is a {found}, not a string or a list of name and template", path.display())]
    Shape { path: PathBuf, found: &'static str },
}

/// Why no template could be chosen.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ChooseError {
    #[error("the tokenizer has no chat template")]
    None,
    #[error("the tokenizer has several chat templates and no default: {}", names.join(", "))]
    NoDefault { names: Vec<String> },
}

impl Templates {
    /// Reads a tokenizer's folder.
    ///
    /// `chat_template.jinja` (named `default`) and `additional_chat_templates/*.jinja` replace what
    /// `tokenizer_config.json` says; where neither has any, `chat_template.json` is read if the model has a processor,
    /// which alone looks at it. A folder without templates gives none.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or does not hold what it should.
    pub fn from_folder(folder: &Path) -> Result<Self, ReadError> {
        let mut named = Vec::new();
        if let Some(source) = text(&folder.join("chat_template.jinja"))? {
            named.push(("default".to_owned(), source));
        }
        for path in jinja_files(&folder.join(MORE_TEMPLATES))? {
            if let (Some(name), Some(source)) = (path.file_stem().and_then(|name| name.to_str()), text(&path)?) {
                named.push((name.to_owned(), source));
            }
        }
        if !named.is_empty() {
            let several = !matches!(named.as_slice(), [(name, _)] if name == "default");
            return Ok(Self { named, several });
        }
        let is_there = |name: &str| folder.join(name).is_file();
        let processor = is_there("processor_config.json") || is_there("preprocessor_config.json");
        let of_processor = processor.then_some("chat_template.json");
        for file in std::iter::once("tokenizer_config.json").chain(of_processor) {
            if let Some(templates) = configured(&folder.join(file))? {
                return Ok(templates);
            }
        }
        Ok(Self::default())
    }

    /// A single template, as one given by itself.
    pub fn single(source: impl Into<String>) -> Self {
        Self {
            named: vec![("default".to_owned(), source.into())],
            several: false,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Whether there is one, and it is a template rather than a name's.
    pub fn is_single(&self) -> bool {
        !self.named.is_empty() && !self.several
    }

    /// Whether they are known by name, which Python keeps in a dict.
    pub fn are_named(&self) -> bool {
        self.several
    }

    /// Names and sources, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|(name, source)| (name.as_str(), source.as_str()))
    }

    /// What stands in angle or square brackets in their sources, without white space in it; in order.
    pub fn marks(&self) -> Vec<String> {
        // Longer than any token that is known by its look.
        const LONGEST: usize = 48;
        let mut marks = std::collections::BTreeSet::new();
        for (_, source) in self.iter() {
            for (start, open) in source.match_indices(['<', '[']) {
                let close = if open == "<" { b'>' } else { b']' };
                let near = source.as_bytes()[start..].iter().take(LONGEST);
                let end = near
                    .copied()
                    .take_while(|byte| !byte.is_ascii_whitespace())
                    .position(|byte| byte == close);
                marks.extend(end.and_then(|end| source.get(start..=start + end)));
            }
        }
        marks.into_iter().map(str::to_owned).collect()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, source)| source)
    }

    /// The template a conversation is rendered with (`get_chat_template`).
    ///
    /// `explicit` is the name of a template, or its source. Otherwise it is `tool_use` for a row
    /// with tools (an empty list counts), and `default`.
    ///
    /// # Errors
    ///
    /// If there is none, or there are several and no default.
    pub fn choose<'t>(&'t self, explicit: Option<&'t str>, has_tools: bool) -> Result<&'t str, ChooseError> {
        if let Some(explicit) = explicit {
            return Ok(self.get(explicit).filter(|_| self.several).unwrap_or(explicit));
        }
        if has_tools
            && self.several
            && let Some(source) = self.get("tool_use")
        {
            return Ok(source);
        }
        self.get("default").ok_or_else(|| {
            if self.is_empty() {
                return ChooseError::None;
            }
            let mut names: Vec<String> = self.iter().map(|(name, _)| name.to_owned()).collect();
            names.sort();
            ChooseError::NoDefault { names }
        })
    }
}

/// A file's text, with the line ends Python's text mode makes of it; `None` if there is no file.
fn text(path: &Path) -> Result<Option<String>, ReadError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n").replace('\r', "\n"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReadError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The templates of a folder, by name.
fn jinja_files(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let error = |source| ReadError::Io {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(error(source)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|extension| extension == "jinja") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The key `chat_template` of a JSON file: a string, or a list of name and template.
fn configured(path: &Path) -> Result<Option<Templates>, ReadError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(ReadError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    let config: serde_json::Value = serde_json::from_slice(&text).map_err(|source| ReadError::Json {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |found| ReadError::Shape {
        path: path.to_owned(),
        found,
    };
    let templates = match config.get("chat_template") {
        None | Some(serde_json::Value::Null) => return Ok(None),
        Some(serde_json::Value::String(source)) => Templates::single(source.as_str()),
        Some(serde_json::Value::Array(list)) => {
            let mut named: Vec<(String, String)> = Vec::new();
            for entry in list {
                let field = |key| entry.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
                let (Some(name), Some(source)) = (field("name"), field("template")) else {
                    return Err(wrong("list of something else"));
                };
                // Python makes a dict of it: a name that comes twice keeps its last template.
                match named.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = source,
                    None => named.push((name, source)),
                }
            }
            Templates { named, several: true }
        }
        Some(serde_json::Value::Object(map)) => {
            let own = map
                .iter()
                .map(|(name, source)| Some((name.clone(), source.as_str()?.to_owned())));
            let named = own
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wrong("map of something else"))?;
            Templates { named, several: true }
        }
        Some(serde_json::Value::Bool(_)) => return Err(wrong("boolean")),
        Some(serde_json::Value::Number(_)) => return Err(wrong("number")),
    };
    Ok(Some(templates))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ChooseError, Templates};

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    #[test]
    fn files_replace_the_config() {
        let folder = folder(&[
            ("tokenizer_config.json", r#"{"chat_template": "old"}"#),
            ("chat_template.jinja", "a\r\nb\n"),
            ("additional_chat_templates/tool_use.jinja", "tools"),
            ("additional_chat_templates/readme.md", "no"),
        ]);
        let templates = Templates::from_folder(folder.path()).expect("reads");
        assert_eq!(templates.choose(None, false), Ok("a\nb\n"));
        assert_eq!(templates.choose(None, true), Ok("tools"));
        assert_eq!(templates.choose(Some("tool_use"), false), Ok("tools"));
        assert_eq!(templates.choose(Some("{{ x }}"), true), Ok("{{ x }}"));
    }

    #[test]
    fn a_config_has_one_template_or_several_by_name() {
        let one = folder(&[("tokenizer_config.json", r#"{"chat_template": "only"}"#)]);
        let one = Templates::from_folder(one.path()).expect("reads");
        assert_eq!(
            (one.choose(None, true), one.choose(Some("default"), false)),
            (Ok("only"), Ok("default"))
        );

        let list = r#"{"chat_template": [{"name": "a", "template": "1"}, {"name": "tool_use", "template": "2"}]}"#;
        let list = Templates::from_folder(folder(&[("tokenizer_config.json", list)]).path()).expect("reads");
        assert_eq!(list.choose(None, true), Ok("2"));
        let names = vec!["a".to_owned(), "tool_use".to_owned()];
        assert_eq!(list.choose(None, false), Err(ChooseError::NoDefault { names }));
    }

    #[test]
    fn a_processor_has_a_file_of_its_own_and_a_base_model_none() {
        let processor = folder(&[
            ("tokenizer_config.json", "{}"),
            ("chat_template.json", r#"{"chat_template": "p"}"#),
        ]);
        let read = || Templates::from_folder(processor.path()).expect("reads");
        assert!(read().is_empty());
        fs::write(processor.path().join("preprocessor_config.json"), "{}").expect("written");
        assert_eq!(read().choose(None, false), Ok("p"));
        let base = folder(&[("tokenizer_config.json", r#"{"chat_template": null}"#)]);
        assert_eq!(
            Templates::from_folder(base.path()).expect("reads").choose(None, false),
            Err(ChooseError::None)
        );
        let wrong = folder(&[("tokenizer_config.json", r#"{"chat_template": 3}"#)]);
        assert!(Templates::from_folder(wrong.path()).is_err());
    }
}
