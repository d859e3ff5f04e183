//! The files of a tokenizer, as they stand in a model's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// What stands beside `tokenizer.json`, and the text of that file.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The folder, or the file where a file was named.
    pub path: PathBuf,
    /// `tokenizer.json`.
    pub file: PathBuf,
    pub text: String,
    pub tokenizer_config: Map<String, Value>,
    pub special_tokens_map: Map<String, Value>,
    /// `added_tokens.json`: token to id.
    pub added_tokens: Map<String, Value>,
    /// `config.json`.
    pub model_config: Map<String, Value>,
    pub generation_config: Map<String, Value>,
    /// `add_bos_token` and `add_eos_token`, where the caller gives either: the other is false then
    /// (`tokenization_utils_tokenizers.py`, 5.23).
    pub asked_adds: Option<(bool, bool)>,
}

/// Why a tokenizer cannot be loaded. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{}: no such file or folder", .0.display())]
    Missing(PathBuf),
    #[error("{}: no tokenizer.json in the folder{}", path.display(), hint(.found))]
    NoTokenizer {
        path: PathBuf,
        /// Files of older kinds that are there.
        found: Vec<&'static str>,
    },
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: a Git LFS pointer instead of the file; fetch it with `git lfs pull`", .0.display())]
    LfsPointer(PathBuf),
    #[error("{}: a web page instead of the file; it was saved where the download failed", .0.display())]
    Html(PathBuf),
    #[error("{}: empty", .0.display())]
    Empty(PathBuf),
    #[error("{}: not UTF-8", .0.display())]
    NotUtf8(PathBuf),
    #[error("{}: {message}", path.display())]
    Invalid { path: PathBuf, message: String },
}

/// What to do about a folder with an older kind of tokenizer only.
fn hint(found: &[&str]) -> String {
    if found.is_empty() {
        return String::new();
    }
    format!(
        ", only {}; transformers can make one: `AutoTokenizer.from_pretrained(…).save_pretrained(…)`",
        found.join(" and ")
    )
}

/// Files a tokenizer may be kept in instead of `tokenizer.json`.
const OLDER: &[&str] = &[
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
    "tiktoken.model",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
];

impl Folder {
    /// Reads a folder, or a `tokenizer.json` and what stands beside it.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let (folder, file) = if path.is_dir() {
            (path, path.join("tokenizer.json"))
        } else if path.exists() {
            (path.parent().unwrap_or(Path::new("")), path.to_owned())
        } else {
            return Err(LoadError::Missing(path.to_owned()));
        };
        let Some(text) = read(&file)? else {
            let found = OLDER.iter().copied().filter(|name| folder.join(name).exists());
            return Err(LoadError::NoTokenizer {
                path: path.to_owned(),
                found: found.collect(),
            });
        };
        // A tokenizer file under another name is taken to stand alone.
        let alone = file.file_name().is_some_and(|name| name != "tokenizer.json");
        let beside = |name: &str| {
            if alone {
                Ok(Map::new())
            } else {
                object(&folder.join(name))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            tokenizer_config: beside("tokenizer_config.json")?,
            special_tokens_map: beside("special_tokens_map.json")?,
            added_tokens: beside("added_tokens.json")?,
            model_config: beside("config.json")?,
            generation_config: beside("generation_config.json")?,
            asked_adds: None,
            text,
            file,
        })
    }

    /// Takes keywords of `from_pretrained`, which stand in for what `tokenizer_config.json` says.
    pub fn ask(&mut self, keywords: Map<String, Value>) {
        let says = |key: &str| keywords.get(key).and_then(Value::as_bool);
        let (bos, eos) = (says("add_bos_token"), says("add_eos_token"));
        if bos.is_some() || eos.is_some() {
            self.asked_adds = Some((bos.unwrap_or(false), eos.unwrap_or(false)));
        }
        self.tokenizer_config.extend(keywords);
    }
}

/// The text of a file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, LoadError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(LoadError::Unreadable {
                path: path.to_owned(),
                error,
            });
        }
    };
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Err(LoadError::Empty(path.to_owned()));
    }
    if start.starts_with(b"version https://git-lfs") {
        return Err(LoadError::LfsPointer(path.to_owned()));
    }
    if start.starts_with(b"<") {
        return Err(LoadError::Html(path.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| LoadError::NotUtf8(path.to_owned()))?;
    Ok(Some(text))
}

/// A JSON object; an empty one where there is no file.
fn object(path: &Path) -> Result<Map<String, Value>, LoadError> {
    let Some(text) = read(path)? else {
        return Ok(Map::new());
    };
    serde_json::from_str(&text).map_err(|error| LoadError::Invalid {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(path: &Path) -> String {
        Folder::read(path).expect_err("not a tokenizer").to_string()
    }

    #[test]
    fn every_error_names_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        assert!(message(&path.join("gone")).ends_with("gone: no such file or folder"));
        assert!(message(path).ends_with("no tokenizer.json in the folder"));
        let write = |name: &str, text: &[u8]| fs::write(path.join(name), text).expect("written");
        write("tokenizer.model", b"\n\x05spm");
        assert!(message(path).contains("only tokenizer.model; transformers can make one"));
        let file = "tokenizer.json";
        write(file, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        assert!(message(path).contains("tokenizer.json: a Git LFS pointer"));
        write(file, b"\n<!DOCTYPE html><html></html>");
        assert!(message(path).contains("tokenizer.json: a web page"));
        write(file, b" ");
        assert!(message(path).contains("tokenizer.json: empty"));
        write(file, b"{\"\xff\"}");
        assert!(message(path).contains("tokenizer.json: not UTF-8"));
        write(file, b"{}");
        write("config.json", b"{\"a\": 1,\n }");
        assert!(
            message(path).contains("config.json: trailing comma at line 2"),
            "{}",
            message(path)
        );
        write("config.json", b"{\"model_type\": \"llama\"}");
        let read = Folder::read(path).expect("a folder");
        assert_eq!(read.model_config["model_type"], "llama");
        assert_eq!(Folder::read(&path.join(file)).expect("a file").model_config.len(), 1);
    }
}
