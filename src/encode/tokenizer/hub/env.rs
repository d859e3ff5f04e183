//! What the environment says about the hub, read in one place.
//!
//! The names and their order are those of `huggingface_hub` (`constants.py`, 1.x).

use std::fs;
use std::path::PathBuf;

/// Where models are looked for, and on whose behalf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubEnv {
    /// The cache that Hugging Face libraries share.
    pub cache: PathBuf,
    /// Without a slash at its end.
    pub endpoint: String,
    /// Sent to the endpoint's own host and nowhere else.
    pub token: Option<String>,
    /// Where a token stands that cannot be sent: it would not be a header.
    pub odd_token: Option<String>,
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
        let named = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].into_iter();
        let mut tokens = named
            .filter_map(|name| Some((name.to_owned(), set(name)?)))
            .chain(fs::read_to_string(&token_file).map(|token| (token_file.display().to_string(), token)))
            .map(|(place, token)| (place, token.trim().to_owned()))
            .filter(|(_, token)| !token.is_empty() && !is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN"));
        let is_odd = |token: &str| !token.bytes().all(|byte| byte.is_ascii_graphic());
        let (odd_token, token) = match tokens.next() {
            Some((place, token)) if is_odd(&token) => (Some(place), None),
            token => (None, token.map(|(_, token)| token)),
        };
        drop(tokens);
        Self {
            cache: cache.map_or_else(|| hf_home.join("hub"), expand),
            endpoint: set("HF_ENDPOINT")
                .unwrap_or_else(|| ENDPOINT.to_owned())
                .trim_end_matches('/')
                .to_owned(),
            token,
            odd_token,
            offline: switches.into_iter().find(|name| is_on(name)),
        }
    }
}

/// What Hugging Face libraries take for true.
fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
        for odd in ["a\r\nX: y", "hf_é", "a b"] {
            let read = read(&[home, ("HF_TOKEN", odd)]);
            assert_eq!((read.token, read.odd_token.as_deref()), (None, Some("HF_TOKEN")));
        }
        assert_eq!(
            read(&[("TRANSFORMERS_OFFLINE", "yes")]).offline,
            Some("TRANSFORMERS_OFFLINE")
        );
        assert_eq!(read(&[("HF_HUB_OFFLINE", "0")]).offline, None);
        assert_eq!(read(&[]).endpoint, ENDPOINT);
        assert_eq!(read(&[("HF_ENDPOINT", "http://mirror/")]).endpoint, "http://mirror");
    }
}
