use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::parts::drawn::is_drawn;
use super::parts::passwords;
use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Keys that open something: a private key in PEM, and tokens of AWS, GitHub, GitLab, Google, Hugging Face, OpenAI,
    /// Anthropic, Slack, Stripe, npm, SendGrid, Azure and Telegram by their form; signed tokens (JWT, `Bearer`), Slack
    /// webhooks, and passwords in addresses (`postgresql://app:…@10.2.3.4`). Made-up ones (`EXAMPLE`, `your_key`,
    /// `xxxx`, rows of the alphabet, a password `password`, hosts of examples, the token jwt.io shows) are left alone.
    ///
    /// ## Why it matters
    /// A model repeats what it was trained on, and a key is as easily drawn out of it as read in a repository.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "How do I log in?", "completion": "With this:\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\n-----END RSA PRIVATE KEY-----"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "How do I log in?", "completion": "With the key in `~/.ssh/id_rsa`, which stays there."}
    /// ```
    ///
    /// ## Fix
    /// Revoke the key first: it was in a file that others may have. Then put a made-up one in its place.
    "text/secret", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Secret {}

/// What keys begin with, whose they are, and the letters that follow, at least.
const KEYS: [(&str, &str, usize); 16] = [
    ("AKIA", "AWS", 16),
    ("ASIA", "AWS", 16),
    ("ghp_", "GitHub", 36),
    ("gho_", "GitHub", 36),
    ("ghs_", "GitHub", 36),
    ("github_pat_", "GitHub", 60),
    ("glpat-", "GitLab", 20),
    ("AIza", "Google", 35),
    ("hf_", "Hugging Face", 34),
    ("sk-proj-", "OpenAI", 40),
    ("sk-ant-", "Anthropic", 40),
    ("sk-", "OpenAI", 48),
    ("xoxb-", "Slack", 40),
    ("xoxp-", "Slack", 40),
    ("sk_live_", "Stripe", 24),
    (PEM, "", 0),
];
/// What the lines before a key begin with.
const PEM: &str = "-----BEGIN ";

static BEGINNINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let starts = KEYS.iter().map(|(start, ..)| start);
    let mut finder = AhoCorasick::builder();
    finder.match_kind(MatchKind::LeftmostFirst);
    finder.build(starts).expect("a few short texts make a finder")
});

impl Rule for Secret {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let known = || passwords::find(&turn.text).map(|(what, sign)| (what.to_owned(), sign));
            if let Some((whose, start)) = find(&turn.text).or_else(known) {
                let message = || format!("the {} turn holds {whose}, `{start}…`", turn.role.name());
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

/// The first key: whose it is, and its first letters, which do not give it away.
fn find(text: &str) -> Option<(String, &str)> {
    BEGINNINGS.find_iter(text).find_map(|found| {
        let (start, whose, least) = KEYS[found.pattern().as_usize()];
        let rest = &text[found.end()..];
        if start == PEM {
            return is_pem(rest).then(|| ("a private key".to_owned(), start.trim_end()));
        }
        let apart = !text[..found.start()].ends_with(|c: char| c.is_alphanumeric());
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
        let key = &rest[..length.count()];
        (apart && key.len() >= least && is_drawn(key)).then(|| (format!("a key of {whose}"), start))
    })
}

/// Whether a private key follows, and not its name alone.
fn is_pem(rest: &str) -> bool {
    const LEAST: usize = 16;
    let mut lines = rest.lines();
    let private = lines.next().is_some_and(|line| line.contains("PRIVATE KEY-----"));
    let body = lines
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.contains(": "));
    private
        && body.is_some_and(|body| {
            body.len() >= LEAST
                && body
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        })
}

#[cfg(test)]
mod tests {
    use super::find;

    /// A key's letters, put together here so that no scanner of repositories takes this file for a leak.
    fn drawn(start: &str, length: usize) -> String {
        let letters = (0..length).map(|at| char::from(b"QmZ7vK2pXw9RtB5cYh8Ln3Js6GdF"[(at * 11 + at / 28) % 28]));
        start.chars().chain(letters).collect()
    }

    #[test]
    fn keys_are_told_from_their_forms() {
        for (start, length, whose) in [
            ("AKIA", 16, "a key of AWS"),
            ("ghp_", 36, "a key of GitHub"),
            ("sk-", 48, "a key of OpenAI"),
            ("sk-ant-", 60, "a key of Anthropic"),
        ] {
            let text = format!("Use {} for now.", drawn(start, length));
            assert_eq!(find(&text), Some((whose.to_owned(), start)), "{text}");
            assert_eq!(find(&format!("Use x{} for now.", drawn(start, length))), None);
            assert_eq!(find(&format!("Use {} for now.", drawn(start, length / 2))), None);
        }
        let pem = |body: &str| format!("{}RSA PRIVATE KEY-----\n{body}\n-----END", "-----BEGIN ");
        assert!(find(&pem(&drawn("", 64))).is_some());
        for text in [
            pem("..."),
            pem("<your key here>"),
            "-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEA7bq\n".to_owned(),
            "AKIAIOSFODNN7EXAMPLE".to_owned(),
            "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
            "hf_YOUR_TOKEN, ghp_abcdefghijklmnopqrstuvwxyz0123456789AB".to_owned(),
        ] {
            assert_eq!(find(&text), None, "{text}");
        }
    }
}
