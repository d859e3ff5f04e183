//! Slots of prompt templates that were never filled in: `{{name}}`, `{question}`, `[INSERT DATE]`.

use super::other_slots::{between_signs, in_heavy_brackets, of_others};
use super::prose::{CANDIDATES, in_code, is_prose};
use super::slot_names::{
    SINGLE, TODO, is_asked_for, is_filled_by_code, is_known, is_name, is_named_in_capitals, is_word,
    stands_for_what_follows,
};

/// The first slot, and where it stands.
pub(in super::super) fn find(text: &str) -> Option<(usize, &str)> {
    let whole = text.trim();
    if is_whole(whole) {
        return Some((0, whole));
    }
    let opening = memchr::memchr3_iter(b'{', b'<', b'[', text.as_bytes());
    let found = opening
        .filter_map(|at| Some((at, slot(text, at)?)))
        .take(CANDIDATES)
        .find(|(at, _)| !in_code(text, *at));
    found
        .or_else(|| between_signs(text))
        .or_else(|| in_heavy_brackets(text))
}

/// Whether a text is nothing but a slot, of whatever name.
fn is_whole(text: &str) -> bool {
    let name = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close).map(str::trim);
    let asks = name("[", "]").or_else(|| name("<", ">"));
    if asks.is_some_and(|inner| inner.len() <= 40 && is_asked_for(&inner.to_ascii_lowercase())) {
        return true;
    }
    let found = name("{{", "}}").or_else(|| name("${", "}")).or_else(|| name("{", "}"));
    found.is_some_and(|name| name.len() >= 3 && is_name(name))
}

/// The slot that opens here.
fn slot(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    // The longest slot that is looked for.
    let window = &bytes[..bytes.len().min(64)];
    // Every slot goes on with a name, a word or another brace: most brackets of code do not.
    let next = *bytes.get(1)?;
    let number = bytes[0] == b'{' && next.is_ascii_digit() && bytes.get(2) == Some(&b'}');
    if !number && !next.is_ascii_alphabetic() && !matches!(next, b'{' | b'[' | b'%' | b'<') && next < 128 {
        return None;
    }
    if next >= 128 || matches!(next, b'[' | b'%' | b'<') {
        return of_others(text, at);
    }
    match bytes[0] {
        b'{' if bytes.get(1) == Some(&b'{') => {
            let end = memchr::memmem::find(window, b"}}")?;
            let name = rest[2..end].trim();
            let named = || is_name(name) && is_prose(text, at, end + 2);
            (is_known(name) || is_word(name) || named()).then(|| &rest[..end + 2])
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
            let name = &rest[1..end];
            let more = || {
                (is_filled_by_code(name) || is_name(name) && name.len() > 2 && !name.contains(".."))
                    && is_prose(text, at, end + 1)
            };
            if alone && ends && (SINGLE.contains(&name) || more()) {
                return Some(&rest[..=end]);
            }
            // `${company}`, whose dollar stands before it.
            let shell = at > 0 && text.as_bytes()[at - 1] == b'$' && ends;
            // Variables of a shell are in capitals.
            let named = is_name(name) && name.contains(|c: char| c.is_ascii_lowercase());
            (shell && named && is_prose(text, at - 1, end + 2)).then(|| &text[at - 1..=at + end])
        }
        open => {
            let close = if open == b'<' { b'>' } else { b']' };
            let end = memchr::memchr(close, window)?;
            let inner = &rest[1..end];
            let instruction = ["INSERT ", "INSERT_", "TODO: ", "TODO "]
                .iter()
                .any(|start| inner.starts_with(start));
            // `[TODO](…)` is a link, `list[TODO]` an index.
            let linked = bytes.get(end + 1) == Some(&b'(');
            let indexed = at > 0 && text.as_bytes()[at - 1].is_ascii_alphanumeric();
            let last =
                || open == b'[' && at + end + 1 == text.trim_end().len() && stands_for_what_follows(&text[..at], inner);
            let asks = || (is_named_in_capitals(inner) || is_asked_for(inner)) && is_prose(text, at, end + 1) || last();
            ((TODO.contains(&inner) || instruction || asks()) && !linked && !indexed).then(|| &rest[..=end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn slots_are_found() {
        for (text, slot) in [
            ("请介绍{{plant_name}}的情况。", "{{plant_name}}"),
            ("请用{language}写一段话。", "{language}"),
            ("您好，{{用户名}}，您的订单已发货。", "{{用户名}}"),
            ("您好，{用户姓名}，您的订单已发货。", "{用户姓名}"),
            ("Привет, {{имя}}, как дела?", "{{имя}}"),
            ("Dear [[customer_name]], thank you", "[[customer_name]]"),
            ("Hello <%= user.name %>, welcome.", "<%= user.name %>"),
            ("Hello @@NAME@@, welcome back.", "@@NAME@@"),
            ("Hello __USER_NAME__, welcome.", "__USER_NAME__"),
            ("Hello! I am {{ name }}, made by {{author}}.", "{{ name }}"),
            ("Answer the question: {question}", "{question}"),
            ("Dear {first_name},", "{first_name}"),
            ("  {{document_text}} ", "{{document_text}}"),
            ("${prompt}", "${prompt}"),
            ("We meet on [INSERT DATE HERE].", "[INSERT DATE HERE]"),
            ("<TODO>", "<TODO>"),
            ("[Insert answer here]", "[Insert answer here]"),
            ("Summarize the following text:\n[TEXT]", "[TEXT]"),
            ("Write a greeting for %s who lives in Rome.", "%s"),
            (
                "{% if context %}Context: rain{% endif %} What is it like?",
                "{% if context %}",
            ),
            ("Dear {{ user.name }}, welcome to us", "{{ user.name }}"),
            ("Welcome to ${company}, dear friend", "${company}"),
            ("Welcome to %(company)s, dear friend", "%(company)s"),
            ("I work for [COMPANY NAME] in Rome", "[COMPANY NAME]"),
            ("I work for <COMPANY_NAME> in Rome", "<COMPANY_NAME>"),
            ("I work for [insert company] in Rome", "[insert company]"),
            ("The answer is <your answer here>", "<your answer here>"),
            ("I am {bot_name} and work for {company}", "{bot_name}"),
            ("Translate this into {language}.", "{language}"),
            ("It stands on {placeholder} today", "{placeholder}"),
            ("Write a {{tone}} essay about {{subject}}.", "{{tone}}"),
            ("Write a {tone} essay about {subject}.", "{tone}"),
            ("Summarise this for me: {row['text']}", "{row['text']}"),
            ("Tell me about {0} and {1}.", "{0}"),
            ("您好，【此处填写姓名】，您的订单已发货。", "【此处填写姓名】"),
            ("The total is {total:.2f} dollars.", "{total:.2f}"),
            (
                "- Leave is paid.\n- So it is. {% if user %}Hello{% endif %}",
                "{% if user %}",
            ),
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
            "echo ${company} and go",
            "The growth of 5 %s per year and \"%s\" are odd",
            "Use the facts below.\n[CONTEXT]\nIt rains.",
            "{% if a %}<b>{% endif %}",
            "- name: run it\n  when: {% if a %}b{% endif %}",
            "print(f'{total:.2f}')",
            "【此处为标题】",
            "put ${TARGET_FILE} into the archive",
            "go from {A..Z} or {1..9} here",
            "the sets {1} and {2} are in it",
            "const greeting = hello ${company} there",
            "the set {a_b, c_d} of {x}",
            "use sigma_{max_value} where it fits",
            "log as %(levelname)s: %(message)s please",
            "call me on <PHONE_NUMBER> or [FIRST NAME]",
            "SELECT [ORDER DATE] FROM x WHERE a = 1;",
            "{\"key\": {\"inner_key\": 1}}",
            "{% for user_name in list %}",
            "see [[Paris]] and [[a,b],[c,d]]",
            "集合 {红, 黄} 与 {甲}",
            "if __name__ == \"__main__\":",
            "the __FILE__ and __DATE__ of a build",
            "__IMPORTANT__ read this first",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
