//! Secrets that are known by what stands around them: passwords in addresses, tokens in three parts, values of settings.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::drawn::is_drawn;

/// What stands in such a secret or before it, and what tells whether it is one, given all before and behind the sign.
type Tell = fn(&str, &str) -> bool;
const SIGNS: [(&str, &str, Tell); 10] = [
    ("://", "a password in an address", |before, rest| {
        in_address(before, rest)
    }),
    (".eyJ", "a signed token (JWT)", |before, rest| {
        in_three_parts(before, rest)
    }),
    (
        "hooks.slack.com/services/T",
        "the address of a Slack webhook",
        |_, rest| {
            let mut parts = rest.splitn(3, '/');
            let drawn = |part: Option<&str>, least: usize| {
                part.is_some_and(|part| leads(part, b"", least).is_some_and(is_drawn))
            };
            parts.next().is_some_and(|part| part.len() >= 8) && parts.next().is_some() && drawn(parts.next(), 20)
        },
    ),
    ("npm_", "a key of npm", |before, rest| {
        apart(before) && leads(rest, b"", 36).is_some_and(is_drawn)
    }),
    ("SG.", "a key of SendGrid", |before, rest| {
        let parts = leads(rest, b"_-.", 60).and_then(|key| key.split_once('.'));
        apart(before) && parts.is_some_and(|(id, key)| id.len() == 22 && key.len() >= 40 && is_drawn(key))
    }),
    (":AA", "a key of a Telegram bot", |before, rest| {
        let number = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let key = leads(rest, b"_-", 32).filter(|key| key.len() <= 34);
        (8..=10).contains(&number) && apart(&before[..before.len() - number]) && key.is_some_and(is_drawn)
    }),
    ("AccountKey=", "a key of Azure", |_, rest| {
        leads(rest, b"+/", 80).is_some_and(is_drawn)
    }),
    ("aws_secret_access_key", "a key of AWS", |_, rest| is_set_to_key(rest)),
    ("AWS_SECRET_ACCESS_KEY", "a key of AWS", |_, rest| is_set_to_key(rest)),
    ("Bearer ", "a token", |_, rest| {
        // One in three parts is looked at as such.
        !rest.starts_with("eyJ") && leads(rest, b"_-.", 40).is_some_and(is_drawn)
    }),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let mut finder = AhoCorasick::builder();
    finder.match_kind(MatchKind::LeftmostFirst);
    finder
        .build(SIGNS.iter().map(|(sign, ..)| sign))
        .expect("a few short texts make a finder")
});

/// The first of them: what it is, and the sign by which it was found, with the scheme of an address before it.
pub(in super::super) fn find(text: &str) -> Option<(&'static str, &str)> {
    FINDER.find_iter(text).find_map(|found| {
        let (sign, what, tells) = SIGNS[found.pattern().as_usize()];
        let (before, rest) = (&text[..found.start()], &text[found.end()..]);
        let scheme = if sign == "://" {
            before.trim_end_matches(of_scheme)
        } else {
            before
        };
        tells(before, rest).then(|| (what, &text[scheme.len()..found.end()]))
    })
}

fn of_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '+'
}

/// The letters and digits, and those signs, with which a text begins: so many at least.
fn leads<'t>(text: &'t str, signs: &[u8], least: usize) -> Option<&'t str> {
    let one = |byte: &u8| byte.is_ascii_alphanumeric() || signs.contains(byte);
    let length = text.bytes().take_while(one).count();
    (length >= least).then(|| &text[..length])
}

/// Whether no word goes on here.
fn apart(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric())
}

/// Whether a user and a password that was drawn stand in an address: `postgresql://app:…@db/prod`.
fn in_address(before: &str, rest: &str) -> bool {
    const LONGEST: usize = 128;
    const SHORTEST: usize = 10;
    let rest = &rest[..rest.floor_char_boundary(LONGEST)];
    let end = rest.find(|c: char| c.is_whitespace() || "/\"'`<>{}$()|\\".contains(c));
    let Some((who, host)) = rest[..end.unwrap_or(rest.len())].rsplit_once('@') else {
        return false;
    };
    let Some((user, password)) = who.split_once(':') else {
        return false;
    };
    let made_up = [
        "password", "passw", "secret", "pass", "pwd", "changeme", "user", "admin", "test", "demo", "local",
    ];
    let small = password.to_ascii_lowercase();
    let of_examples = ["example", "localhost", "127.0.0.1", "host"];
    let mixed = password.bytes().any(|byte| byte.is_ascii_digit())
        && password.bytes().any(|byte| byte.is_ascii_alphabetic())
        && password.is_ascii();
    let host = host.to_ascii_lowercase();
    before.ends_with(of_scheme)
        && !user.is_empty()
        && mixed
        && password.len() >= SHORTEST
        && !made_up.iter().any(|word| small.contains(word))
        && host.contains('.')
        && !of_examples.iter().any(|word| host.contains(word))
        && !small.contains("xxx")
        && !small.contains("your")
}

/// Whether a head, what it says and a signature of base64 stand about a full stop, as in `eyJ….eyJ….…`.
fn in_three_parts(before: &str, rest: &str) -> bool {
    let of_token = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let head = &before[before.trim_end_matches(of_token).len()..];
    let Some((says, signature)) = leads(rest, b"_-.", 48).and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    // What jwt.io and its like show: the user 1234567890, whose name is John Doe.
    let shown = ["zdWIiOiIxMjM0NTY3ODkw", "Kb2huIERvZ", "Kb2huRG9l", "KYW5lIERvZ"];
    let letters = |part: &str, least: usize| part.len() >= least && is_drawn(part);
    head.starts_with("eyJ")
        && head.len() >= 16
        && says.len() >= 16
        && letters(signature.trim_end_matches('.'), 32)
        && !shown.iter().any(|one| says.contains(one))
}

/// Whether forty letters of a key follow the name of a setting.
fn is_set_to_key(rest: &str) -> bool {
    let value = rest.trim_start_matches([' ', '=', ':', '"', '\'']);
    value.len() < rest.len() && leads(value, b"+/", 40).is_some_and(|key| key.len() == 40 && is_drawn(key))
}

#[cfg(test)]
mod tests {
    use super::find;

    /// Letters as if drawn by lot, put together here so that no scanner of repositories takes this file for a leak.
    fn drawn(length: usize) -> String {
        (0..length)
            .map(|at| char::from(b"QmZ7vK2pXw9RtB5cYh8Ln3Js6GdF"[(at * 11 + at / 28) % 28]))
            .collect()
    }

    #[test]
    fn secrets_are_told_from_examples() {
        let slack = "https://hooks.slack.com/services/T";
        for text in [
            format!("postgresql://svc_app:{}@10.2.3.4:5432/prod", drawn(16)),
            format!("mongodb+srv://app:{}@cluster0.x8k2p.mongodb.net/prod", drawn(18)),
            format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI4ODIxMyIsImV4cCI6.{}", drawn(43)),
            format!("{slack}0KDHW8273/B0KSHE72/{}", drawn(24)),
            format!("npm_{}", drawn(36)),
            format!("SG.{}.{}", drawn(22), drawn(43)),
            format!("8123456789:AA{}", drawn(33)),
            format!("AccountKey={}==;EndpointSuffix", drawn(86)),
            format!("aws_secret_access_key = {}", drawn(40)),
            format!("Authorization: Bearer {}", drawn(40)),
        ] {
            assert!(find(&text).is_some(), "{text}");
        }
        for text in [
            "postgres://user:password@localhost:5432/db".to_owned(),
            "https://user:pass@example.com/x".to_owned(),
            format!("https://app:{}@db.example.com/x", drawn(16)),
            "see https://example.org/a:b12345678901@c".to_owned(),
            "https://a.b/c and mail x12345678:y1234567890@z.org".to_owned(),
            format!(
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6.{}",
                drawn(43)
            ),
            format!("{slack}00000000/B00000000/{}", "X".repeat(24)),
            "Authorization: Bearer your_token_here".to_owned(),
            format!(
                "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6.{}",
                drawn(43)
            ),
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            "AccountKey=<key>; Bearer tokens".to_owned(),
        ] {
            assert_eq!(find(&text), None, "{text}");
        }
    }
}
