//! The names of the two sides of a talk as transcripts write them, in many languages.

use crate::model::example::{Example, Role};

/// Who asks.
const USERS: [&str; 19] = [
    "User",
    "Human",
    "用户",
    "用戶",
    "使用者",
    "ユーザー",
    "사용자",
    "Пользователь",
    "Usuario",
    "Usuário",
    "Utilisateur",
    "Nutzer",
    "Benutzer",
    "Utente",
    "Gebruiker",
    "Użytkownik",
    "Uživatel",
    "Kullanıcı",
    "Người dùng",
];
/// Who answers.
const ASSISTANTS: [&str; 21] = [
    "Assistant",
    "AI",
    "Bot",
    "Chatbot",
    "ChatGPT",
    "助理",
    "助手",
    "AI助手",
    "アシスタント",
    "어시스턴트",
    "Ассистент",
    "Помощник",
    "Asistente",
    "Assistente",
    "Assistent",
    "Asystent",
    "Asistent",
    "Asistan",
    "Trợ lý",
    "机器人",
    "機器人",
];
/// Bytes of the longest name.
const LONGEST: usize = 40;

/// Who asks on a line inside an answer, where another line follows on which the assistant answers, under its own name or
/// under one that the system prompt gives it. A text whose lines begin with names before that is a transcript or a list.
pub(in super::super) fn goes_on<'t>(example: &Example<'_>, text: &'t str) -> Option<&'t str> {
    let mut asks = None;
    for (at, line) in lines(text) {
        let Some(name) = speaker(line) else { continue };
        match asks {
            None if at > 0 && USERS.contains(&name) => {
                let colon = line.find([':', '：'])?;
                asks = Some(&line[..line.ceil_char_boundary(colon + 1)]);
            }
            None => return None,
            Some(_) => {
                let known = ASSISTANTS.contains(&name) || is_given(example, name);
                return asks.filter(|_| known);
            }
        }
    }
    None
}

/// The lines of a text, and where each stands.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

/// The name with which a line begins, before a colon and what is said: `User: …`, `**User:** …`, `用戶：…`.
fn speaker(line: &str) -> Option<&str> {
    let bold = line.strip_prefix("**");
    let line = bold.unwrap_or(line);
    let near = &line[..line.floor_char_boundary(LONGEST)];
    let end = near.find([':', '：'])?;
    let name = &near[..end];
    let name = if bold.is_some() {
        name.strip_suffix("**").unwrap_or(name)
    } else {
        name
    };
    let letter = |c: char| c.is_alphabetic() || c == ' ';
    let says = !line[end..].trim_start_matches([':', '：', '*']).trim().is_empty();
    let starts = says && name.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
    (starts && name.chars().all(letter) && !name.ends_with(' ')).then_some(name)
}

/// Whether the system prompt gives the assistant a name: `You are Nour`.
fn is_given(example: &Example<'_>, name: &str) -> bool {
    let system = example.turns.iter().filter(|turn| turn.role == Role::System);
    let called = ["You are ", "you are ", "named ", "called ", "Your name is "];
    { system }.any(|turn| {
        turn.text.match_indices(name).any(|(at, _)| {
            let rest = turn.text[at + name.len()..].chars().next();
            !rest.is_some_and(char::is_alphanumeric) && called.iter().any(|words| turn.text[..at].ends_with(words))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::speaker;

    #[test]
    fn names_stand_before_colons() {
        for (line, name) in [
            ("User: hello", "User"),
            ("**User:** hello", "User"),
            ("**User**: hello", "User"),
            ("用戶：你好", "用戶"),
            ("Người dùng: chào", "Người dùng"),
        ] {
            assert_eq!(speaker(line), Some(name), "{line}");
        }
        for line in [
            "    User: one",
            "- User: one",
            "12: one",
            "https://example.org",
            "a: b",
            "no name",
            "Steps:",
            "要点：",
        ] {
            assert_eq!(speaker(line), None, "{line}");
        }
    }
}
