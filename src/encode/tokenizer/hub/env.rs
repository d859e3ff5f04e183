//! What the environment says about the hub, read in one place.
//!
//! The names and their order are those of `huggingface_hub` (`constants.py`, 1.x).

use std::fs;
use std::path::{Path, PathBuf};

/// Where models are looked for, and on whose behalf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubEnv {
    /// The cache that Hugging Face libraries share.
    pub cache: PathBuf,
    /// Without a slash at its end.
    pub endpoint: String,
    /// Sent to the endpoint's own host and nowhere else.
    pub token: Option<String>,
    /// The variable that switches the network off, if one does.
    pub offline: Option<&'static str>,
}

const ENDPOINT: &str = "https://huggingface.co";

impl HubEnv {
    /// Reads the environment of the process.
    pub fn of_process() -> Self {
        Self::read(|name| std::env::var_os(name)?.into_string().ok())
    }

    /// Reads any environment. An empty variable counts as not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = set("HOME")
            .or_else(|| set("USERPROFILE"))
            .map(PathBuf::from)
            .unwrap_or_default();
        let expand = |path: String| match path.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(path),
        };
        let hf_home = set("HF_HOME").map_or_else(
            || {
                let caches = set("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), expand);
                caches.join("huggingface")
            },
            expand,
        );
        let cache = set("HF_HUB_CACHE").or_else(|| set("HUGGINGFACE_HUB_CACHE"));
        let is_on = |name: &str| set(name).is_some_and(|value| is_true(&value));
        let switches = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];
        let token_file = set("HF_TOKEN_PATH").map_or_else(|| hf_home.join("token"), expand);
        let token = set("HF_TOKEN").or_else(|| set("HUGGING_FACE_HUB_TOKEN"));
        Self {
            cache: cache.map_or_else(|| hf_home.join("hub"), expand),
            endpoint: set("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            token: if is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
                None
            } else {
                token
                    .and_then(|token| cleaned(&token))
                    .or_else(|| token_in(&token_file))
            },
            offline: switches.into_iter().find(|name| is_on(name)),
        }
    }
}

/// What Hugging Face libraries take for true.
fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
}

fn token_in(file: &Path) -> Option<String> {
    cleaned(&fs::read_to_string(file).ok()?)
}

/// A token without the line end it was saved with. One with other odd characters is none: it would
/// not be a header.
fn cleaned(token: &str) -> Option<String> {
    let token = token.trim();
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> HubEnv {
        let owned: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        HubEnv::read(move |name| {
            owned
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn the_nearest_word_about_the_cache_wins() {
        let home = ("HOME", "/home/u");
        let at = |variables: &[(&str, &str)]| read(variables).cache;
        assert_eq!(at(&[home]), Path::new("/home/u/.cache/huggingface/hub"));
        let xdg = ("XDG_CACHE_HOME", "/xdg");
        assert_eq!(at(&[home, xdg]), Path::new("/xdg/huggingface/hub"));
        let hf = ("HF_HOME", "~/hf");
        assert_eq!(at(&[home, xdg, hf]), Path::new("/home/u/hf/hub"));
        let older = ("HUGGINGFACE_HUB_CACHE", "/older");
        assert_eq!(at(&[home, xdg, hf, older]), Path::new("/older"));
        assert_eq!(
            at(&[home, xdg, hf, older, ("HF_HUB_CACHE", "/newer")]),
            Path::new("/newer")
        );
        assert_eq!(
            at(&[home, ("HF_HUB_CACHE", "")]),
            Path::new("/home/u/.cache/huggingface/hub")
        );
    }

    #[test]
    fn tokens_switches_and_endpoint() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("token"), "hf_saved\n").expect("written");
        let home = ("HF_HOME", folder.path().to_str().expect("a path"));
        assert_eq!(read(&[home]).token.as_deref(), Some("hf_saved"));
        assert_eq!(read(&[home, ("HF_TOKEN", "hf_now\n")]).token.as_deref(), Some("hf_now"));
        assert_eq!(read(&[home, ("HF_TOKEN_PATH", "/gone")]).token, None);
        assert_eq!(read(&[home, ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]).token, None);
        assert_eq!(read(&[("HF_TOKEN", "a\r\nX: y")]).token, None);
        assert_eq!(
            read(&[("TRANSFORMERS_OFFLINE", "yes")]).offline,
            Some("TRANSFORMERS_OFFLINE")
        );
        assert_eq!(read(&[("HF_HUB_OFFLINE", "0")]).offline, None);
        assert_eq!(read(&[]).endpoint, ENDPOINT);
        assert_eq!(read(&[("HF_ENDPOINT", "http://mirror/")]).endpoint, "http://mirror");
    }
}
