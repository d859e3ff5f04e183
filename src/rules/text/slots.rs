//! Slots of prompt templates that were never filled in: `{{name}}`, `{question}`, `[INSERT DATE]`.

/// Names inside one pair of braces. Code and mathematics have braces of their own, so only what
/// prompts are made of counts.
const SINGLE: &[&str] = &[
    "answer",
    "article",
    "chat_history",
    "company_name",
    "context",
    "conversation",
    "customer_name",
    "document",
    "documents",
    "examples",
    "first_name",
    "input",
    "input_text",
    "instruction",
    "last_name",
    "name",
    "passage",
    "product_name",
    "prompt",
    "query",
    "question",
    "response",
    "system_prompt",
    "text",
    "topic",
    "user_input",
    "user_message",
    "user_name",
    "user_query",
    "user_question",
    "username",
];

/// Names that also count inside two pairs.
const DOUBLE: &[&str] = &[
    "assistant",
    "author",
    "bot",
    "bot_name",
    "char",
    "city",
    "company",
    "content",
    "customer",
    "date",
    "email",
    "language",
    "message",
    "model_name",
    "output",
    "product",
    "system",
    "target",
    "task",
    "title",
    "user",
    "value",
];

/// Words of what is left to be written, inside `<…>` and `[…]`.
const TODO: &[&str] = &[
    "TODO",
    "TBD",
    "PLACEHOLDER",
    "placeholder",
    "INSERT",
    "INSERT HERE",
    "YOUR ANSWER HERE",
];

/// The first slot, and where it stands.
pub(super) fn find(text: &str) -> Option<(usize, &str)> {
    let whole = text.trim();
    if is_whole(whole) {
        return Some((0, whole));
    }
    let opening = memchr::memchr3_iter(b'{', b'<', b'[', text.as_bytes());
    opening
        .filter_map(|at| Some((at, slot(text, at)?)))
        .find(|(at, _)| !in_code(text, *at))
}

/// Whether a text is nothing but a slot, of whatever name.
fn is_whole(text: &str) -> bool {
    let name = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close).map(str::trim);
    let found = name("{{", "}}").or_else(|| name("${", "}")).or_else(|| name("{", "}"));
    found.is_some_and(|name| name.len() >= 3 && is_name(name))
}

fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// The slot that opens here.
fn slot(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    // The longest slot that is looked for.
    let window = &bytes[..bytes.len().min(64)];
    // Every slot goes on with a name, a word or another brace: most brackets of code do not.
    if !bytes
        .get(1)
        .is_some_and(|next| next.is_ascii_alphabetic() || *next == b'{')
    {
        return None;
    }
    match bytes[0] {
        b'{' if bytes.get(1) == Some(&b'{') => {
            let end = memchr::memmem::find(window, b"}}")?;
            let name = rest[2..end].trim();
            (DOUBLE.contains(&name) || SINGLE.contains(&name)).then(|| &rest[..end + 2])
        }
        b'{' => {
            let end = memchr::memchr(b'}', window)?;
            let apart = |byte: Option<&u8>| {
                byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"_$\\{}).%[".contains(byte))
            };
            let alone = apart(at.checked_sub(1).map(|before| &text.as_bytes()[before]));
            let ends = bytes
                .get(end + 1)
                .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"_{}".contains(byte));
            (alone && ends && SINGLE.contains(&&rest[1..end])).then(|| &rest[..=end])
        }
        open => {
            if !b"TIPYp".contains(&bytes[1]) {
                return None;
            }
            let close = if open == b'<' { b'>' } else { b']' };
            let end = memchr::memchr(close, window)?;
            let inner = &rest[1..end];
            let instruction = ["INSERT ", "TODO: ", "TODO "]
                .iter()
                .any(|start| inner.starts_with(start));
            // `[TODO](…)` is a link, `list[TODO]` an index.
            let linked = bytes.get(end + 1) == Some(&b'(');
            let indexed = at > 0 && text.as_bytes()[at - 1].is_ascii_alphanumeric();
            ((TODO.contains(&inner) || instruction) && !linked && !indexed).then(|| &rest[..=end])
        }
    }
}

/// Whether a place is inside a fence, between back quotes, in an f-string, or what an element of JSX holds.
fn in_code(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let line = &before[before.rfind('\n').map_or(0, |line| line + 1)..];
    let after = text[at..].lines().next().unwrap_or_default();
    let quoted = line.contains('`') && after.contains('`');
    let formatted = ["f\"", "f'", "f“", "f‘"].iter().any(|string| line.contains(string));
    quoted || formatted || line.ends_with('>') || before.matches("```").count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn slots_are_found() {
        for (text, slot) in [
            ("Hello! I am {{ name }}, made by {{author}}.", "{{ name }}"),
            ("Answer the question: {question}", "{question}"),
            ("Dear {first_name},", "{first_name}"),
            ("  {{document_text}} ", "{{document_text}}"),
            ("${prompt}", "${prompt}"),
            ("We meet on [INSERT DATE HERE].", "[INSERT DATE HERE]"),
            ("<TODO>", "<TODO>"),
        ] {
            assert_eq!(find(text).map(|(_, slot)| slot), Some(slot), "{text}");
        }
    }

    #[test]
    fn code_mathematics_and_letters_are_left_alone() {
        for text in [
            "\\text{name} and x_{name} and {a, b}",
            "print(f\"{x}\")",
            "```python\nf'Hello {name}'\n```",
            "use `{name}` here",
            "{\"name\": \"x\"}",
            "[Your Name]",
            "<div> and List<TODO> and a[TODO]",
            "[TODO](https://example.org)",
            "${name} and ${file}",
            "{x}",
            "<td>{name}</td>",
            "打印（f“你好，{name}！”）",
            "[1, 2]",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
