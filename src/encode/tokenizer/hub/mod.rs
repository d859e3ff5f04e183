//! Models by their id on the Hugging Face hub: found in the local cache, or downloaded into it.
//!
//! The cache is the one every Hugging Face library on the machine shares, so what is found there is
//! what the trainer will load, and what is put there the trainer finds. It is always looked into
//! first; only the few small files a tokenizer needs are ever fetched.

mod cache;
mod download;
mod env;
mod id;

use std::path::PathBuf;

use crate::encode::template::select::MORE_TEMPLATES;
use cache::Cache;
use download::{Download, Fetched};
pub use env::HubEnv;
pub use id::ModelId;

/// Without it there is no tokenizer.
const NEEDED: &str = "tokenizer.json";
/// What else a folder may have.
const OPTIONAL: &[&str] = &[
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "config.json",
    "generation_config.json",
    TEMPLATE,
    // A processor's template, and by what a processor is known.
    "chat_template.json",
    "preprocessor_config.json",
    "processor_config.json",
];

/// A folder of further templates is looked into where a model has a template at all.
const TEMPLATE: &str = "chat_template.jinja";

/// Why a model's folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("{0:?} is neither a folder nor a model id (`org/name`, `org/name@revision`)")]
    NotAnId(String),
    #[error("{id} is not in the cache {}, and the network is switched off ({switch})", cache.display())]
    Offline {
        id: ModelId,
        cache: PathBuf,
        /// The variable that switched it off.
        switch: &'static str,
    },
    #[error("{id}: only part of it is in the cache, since its download broke off; run once without {switch}")]
    Unfinished { id: ModelId, switch: &'static str },
    #[error("{0}: no token: it holds a blank, a line break or a character that is not ASCII")]
    OddToken(String),
    #[error(
        "{id} has no tokenizer.json; transformers can make one: `AutoTokenizer.from_pretrained(…).save_pretrained(…)`"
    )]
    NoTokenizer { id: ModelId },
    #[error("{id}: {}", unauthorized(*.status, *.token))]
    Unauthorized { id: ModelId, status: u16, token: bool },
    #[error("{id}: no such model or revision at {endpoint} (HTTP 404)")]
    NotFound { id: ModelId, endpoint: String },
    #[error("{id}: {message}")]
    Network { id: ModelId, message: String },
    #[error("{}: cannot be written: {error}", path.display())]
    Unwritable { path: PathBuf, error: std::io::Error },
}

fn unauthorized(status: u16, token: bool) -> String {
    let reason = "the model is private or gated, or does not exist";
    if token {
        format!("{reason}, and the token has no access to it (HTTP {status}); accept its terms on its page")
    } else {
        format!("{reason} (HTTP {status}); set HF_TOKEN, or log in with `hf auth login`")
    }
}

/// The folder of a model's tokenizer: from the cache, or downloaded into it first.
pub fn locate(name: &str, env: &HubEnv) -> Result<PathBuf, HubError> {
    let id: ModelId = name.parse().map_err(|()| HubError::NotAnId(name.to_owned()))?;
    let cache = Cache::new(&env.cache, &id);
    let commit = cache.commit();
    let found = commit.as_ref().filter(|commit| cache.has(commit, NEEDED));
    let missing =
        |commit: &str| OPTIONAL.iter().any(|file| !cache.knows(commit, file)) || lacks_templates(&cache, commit);
    let unfinished = found.is_some_and(|commit| cache.is_unfinished(commit));
    if let Some(commit) = found
        && (!missing(commit) || (env.offline.is_some() && !unfinished))
    {
        return Ok(cache.snapshot(commit));
    }
    if let Some(switch) = env.offline {
        if unfinished {
            return Err(HubError::Unfinished { id, switch });
        }
        if commit.is_some_and(|commit| cache.knows(&commit, NEEDED)) {
            return Err(HubError::NoTokenizer { id });
        }
        return Err(HubError::Offline {
            id,
            cache: env.cache.clone(),
            switch,
        });
    }
    // The rest of a snapshot comes from the same commit, so that its files belong together.
    let download = Download::new(env, &id, found.cloned());
    match fetch(&download, &cache, found) {
        Ok(commit) => Ok(cache.snapshot(&commit)),
        // Another program fetched what it needs; what it has not asked for mostly does not exist.
        Err(_) if found.is_some() && !unfinished => Ok(cache.snapshot(found.map_or("", String::as_str))),
        Err(error) => Err(error),
    }
}

/// Gets what is not known yet, the needed file first: its answer says which commit it is.
fn fetch(download: &Download<'_>, cache: &Cache, found: Option<&String>) -> Result<String, HubError> {
    download.has_usable_token()?;
    let commit = match found {
        Some(commit) => commit.clone(),
        None => match download.get(NEEDED)? {
            Fetched::File { bytes, tag, commit } => {
                cache.begin(&commit)?;
                cache.put(&commit, NEEDED, &bytes, tag.as_deref())?;
                cache.point_to(&commit)?;
                commit
            }
            Fetched::Missing { commit } => {
                if let Some(commit) = commit {
                    cache.note_missing(&commit, NEEDED)?;
                    cache.point_to(&commit)?;
                }
                return Err(HubError::NoTokenizer {
                    id: download.id().clone(),
                });
            }
        },
    };
    let pinned = download.at(&commit);
    for file in OPTIONAL.iter().filter(|file| !cache.knows(&commit, file)) {
        match pinned.get(file)? {
            Fetched::File { bytes, tag, .. } => cache.put(&commit, file, &bytes, tag.as_deref())?,
            Fetched::Missing { .. } => cache.note_missing(&commit, file)?,
        }
    }
    if lacks_templates(cache, &commit) {
        let mut found = false;
        for file in pinned.list(MORE_TEMPLATES)?.iter().filter(|file| is_template(file)) {
            if let Fetched::File { bytes, tag, .. } = pinned.get(file)? {
                cache.put(&commit, file, &bytes, tag.as_deref())?;
                found = true;
            }
        }
        if !found {
            cache.note_missing(&commit, MORE_TEMPLATES)?;
        }
    }
    cache.end(&commit)?;
    Ok(commit)
}

/// Whether it is not known which templates a commit has besides its own.
fn lacks_templates(cache: &Cache, commit: &str) -> bool {
    // The folder is there with the first of its files.
    let some = cache.is_unfinished(commit) && cache.snapshot(commit).join(MORE_TEMPLATES).exists();
    cache.has(commit, TEMPLATE) && (some || !cache.knows(commit, MORE_TEMPLATES))
}

/// A file right in the folder of templates, by a name that leads nowhere else.
fn is_template(path: &str) -> bool {
    let name = path
        .strip_prefix(MORE_TEMPLATES)
        .and_then(|rest| rest.strip_prefix('/'));
    let name = name.and_then(|name| name.strip_suffix(".jinja"));
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests;
