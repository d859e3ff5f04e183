//! The marks of a chat in a text, one after the other.

/// A mark, in whose turn it stands, and whether nothing but white space follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Mark<'t> {
    /// With the name of the role behind it, where it has one there: `<|im_start|>user`.
    pub name: &'t str,
    /// Whose turn it begins or stands in; empty before the first.
    pub role: &'t str,
    /// Whether it begins the turn.
    pub opens: bool,
    pub empty: bool,
}

/// The start and the end of a text, as marks.
pub(in super::super) const START: &str = "^";
pub(in super::super) const END: &str = "$";

impl<'t> Mark<'t> {
    pub(in super::super) const fn edge(name: &'static str) -> Self {
        Self {
            name,
            role: "",
            opens: false,
            empty: false,
        }
    }

    /// As one word for each part, which [`Self::read`] takes apart again.
    pub(in super::super) fn write(self, out: &mut String) {
        let opens = if self.opens { "opens" } else { "" };
        let empty = if self.empty { "empty" } else { "" };
        for part in [self.name, "\t", self.role, "\t", opens, "\t", empty] {
            out.push_str(part);
        }
    }

    pub(in super::super) fn read(text: &'t str) -> Option<Self> {
        let mut parts = text.split('\t');
        let (name, role, opens, empty) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            name,
            role,
            opens: !opens.is_empty(),
            empty: !empty.is_empty(),
        })
    }
}

/// Marks with the name of a role behind them.
const BEFORE_ROLES: [&str; 4] = ["<|start_header_id|>", "<|im_start|>", "<|start|>", "<start_of_turn>"];
/// Marks that are known whole, and whose turn they begin.
const WHOLE: [(&str, &str); 12] = [
    ("[INST]", "user"),
    ("[/INST]", "assistant"),
    ("<s>", ""),
    ("</s>", ""),
    ("<end_of_turn>", ""),
    ("<bos>", ""),
    ("<eos>", ""),
    ("### Instruction:", "user"),
    ("### Human:", "user"),
    ("### User:", "user"),
    ("### Response:", "assistant"),
    ("### Assistant:", "assistant"),
];
/// Names of roles inside `<|` and `|>`.
const ROLES: &str = "user|assistant|system|human|bot|model|gpt|prompter|tool|function|observation|environment|developer|\
    ipython";
/// The longest name inside `<|` and `|>`, in bytes.
const LONGEST: usize = 40;

/// The marks of a text, in order; nothing is allocated where there are none.
pub(in super::super) fn marks(text: &str) -> Vec<Mark<'_>> {
    let (mut all, mut end, mut role): (Vec<Mark<'_>>, usize, &str) = (Vec::new(), 0, "");
    for at in memchr::memchr3_iter(b'<', b'[', b'#', text.as_bytes()) {
        if at < end {
            continue;
        }
        let Some((name, opened)) = mark(text, at) else { continue };
        if let Some(last) = all.last_mut() {
            last.empty = text[end..at].trim().is_empty();
        }
        role = opened.unwrap_or(role);
        all.push(Mark {
            name,
            role,
            opens: opened.is_some(),
            empty: false,
        });
        end = at + name.len();
    }
    if let Some(last) = all.last_mut() {
        last.empty = text[end..].trim().is_empty();
    }
    all
}

/// The mark at a place, and the role whose turn it begins.
fn mark(text: &str, at: usize) -> Option<(&str, Option<&str>)> {
    let rest = &text[at..];
    // What follows tells most brackets of code and markup from marks.
    match (rest.as_bytes()[0], rest.as_bytes().get(1)?) {
        (b'<', b'|' | b's' | b'/' | b'e' | b'b' | 0xEF) | (b'[', b'I' | b'/') => {}
        (b'#', b'#') if at == 0 || text.as_bytes()[at - 1] == b'\n' => {}
        _ => return None,
    }
    if let Some(mark) = BEFORE_ROLES.iter().find(|mark| rest.starts_with(**mark)) {
        let role = &rest[mark.len()..];
        let length = role
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(role.len());
        return Some((&rest[..mark.len() + length], Some(&role[..length])));
    }
    if let Some((mark, role)) = WHOLE.iter().find(|(mark, _)| rest.starts_with(mark)) {
        return Some((&rest[..mark.len()], Some(*role).filter(|role| !role.is_empty())));
    }
    let bar = ["|", "｜"].into_iter().find(|bar| rest[1..].starts_with(bar))?;
    let name = &rest[1 + bar.len()..];
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '▁');
    let length = name
        .find(|c: char| !is_name(c))
        .filter(|length| (1..=LONGEST).contains(length))?;
    let close = name[length..].strip_prefix(bar)?.strip_prefix('>').map(str::len)?;
    let name = &name[..length];
    let role = ROLES.split('|').find(|role| role.eq_ignore_ascii_case(name));
    Some((&rest[..rest.len() - close], role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(&str, &str)> {
        marks(text).into_iter().map(|mark| (mark.name, mark.role)).collect()
    }

    #[test]
    fn marks_of_the_formats_are_read() {
        assert_eq!(
            names("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyo<|im_end|>"),
            [
                ("<|im_start|>user", "user"),
                ("<|im_end|>", "user"),
                ("<|im_start|>assistant", "assistant"),
                ("<|im_end|>", "assistant")
            ]
        );
        assert_eq!(
            names("<s>[INST] a [/INST] b</s>"),
            [
                ("<s>", ""),
                ("[INST]", "user"),
                ("[/INST]", "assistant"),
                ("</s>", "assistant")
            ]
        );
        assert_eq!(
            names("<｜User｜>a<｜Assistant｜>"),
            [("<｜User｜>", "user"), ("<｜Assistant｜>", "assistant")]
        );
        assert_eq!(
            names("### Instruction:\na\n\n### Response:\nb ### Response: c"),
            [("### Instruction:", "user"), ("### Response:", "assistant")]
        );
        for text in [
            "a <b> c [1] # d",
            "f <| x |> g",
            "<script>",
            "[Info]",
            "<|end_header_id>",
            "<|a b|>",
        ] {
            assert_eq!(names(text), [], "{text}");
        }
    }

    #[test]
    fn a_mark_with_nothing_behind_it_is_empty_and_can_be_written() {
        let marks = marks("<|user|>\nhi\n<|assistant|>\n");
        assert_eq!(marks.iter().map(|mark| mark.empty).collect::<Vec<_>>(), [false, true]);
        let mut text = String::new();
        marks[1].write(&mut text);
        assert_eq!(Mark::read(&text), Some(marks[1]));
    }
}
