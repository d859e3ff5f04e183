//! Objects as Python prints them, in the place of what they hold.

use crate::model::example::{Example, Role};
use crate::rules::parts::spoken::Spoken;

use super::excused::Excuse;

/// How they begin.
const PRINTED: [&str; 20] = [
    "<__main__.",
    "<function ",
    "<bound method ",
    "ChatCompletion(id=",
    "tensor([",
    "{'input_ids':",
    "Document(page_content=",
    "<map object at 0x",
    "<filter object at 0x",
    "<Response [",
    "{\"id\": \"chatcmpl-",
    "{\"id\":\"chatcmpl-",
    "{\"role\": \"assistant\"",
    "{\"role\":\"assistant\"",
    "<coroutine object ",
    "ChatCompletionMessage(",
    "AIMessage(content=",
    "{'role': 'assistant'",
    "<generator object ",
    "<openai.",
];

/// Whether an answer is a list of one sentence as Python prints it, where the sentence was meant.
pub(in super::super) fn is_listed(said: &str) -> bool {
    const WORDS: usize = 6;
    let between = |quote: char| {
        said.strip_prefix('[')?
            .strip_prefix(quote)?
            .strip_suffix(']')?
            .strip_suffix(quote)
    };
    let inner = between('\'').or_else(|| between('"'));
    inner.is_some_and(|inner| {
        inner.split(' ').nth(WORDS - 1).is_some() && !inner.contains("', '") && !inner.contains("\", \"")
    })
}

/// Whether a list, or what prints one, is spoken of; a prompt for a whole set may speak of lists and formats in passing.
pub(in super::super) fn speaks_of_lists(example: &Example<'_>) -> Excuse {
    static WORDS: Spoken = Spoken::of("list|array|python|json|code|[");
    static ALWAYS: Spoken = Spoken::of("array|python|[");
    let of = |wanted: fn(Role) -> bool| example.turns.iter().filter(move |turn| wanted(turn.role));
    let systems = || of(|role| role == Role::System);
    let others = of(|role| !matches!(role, Role::Assistant | Role::System));
    Excuse::of(WORDS.among(others) || ALWAYS.among(systems()), || {
        WORDS.among(systems())
    })
}

/// Whether an answer may be a list or an object, of whatever is in it.
pub(in super::super) fn is_data(said: &str) -> bool {
    said.starts_with(['[', '{']) && said.ends_with([']', '}'])
}

/// Whether an answer is an object as Python prints it: one of those, bytes, or a column of pandas.
pub(in super::super) fn is_printed(said: &str) -> bool {
    let bytes = |quote: char| {
        let text = said.strip_prefix('b')?.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(text.contains(' ') && !text.contains(quote))
    };
    let message = || ["content='", "content=\""].iter().any(|start| said.starts_with(start));
    PRINTED.iter().any(|start| said.starts_with(start))
        || bytes('\'') == Some(true)
        || bytes('"') == Some(true)
        || (message() && said.contains(" additional_kwargs={"))
        || (said.ends_with("dtype: object") && said.contains("\nName: "))
}

#[cfg(test)]
mod tests {
    use super::is_printed;

    #[test]
    fn objects_are_told_from_texts() {
        for printed in [
            "Document(page_content='It depends.', metadata={})",
            "b'It depends on the soil.'",
            "b\"It doesn't depend on the soil.\"",
            "content='It depends.' additional_kwargs={} response_metadata={}",
            "0    It depends on the soil.\nName: answer, dtype: object",
            "<map object at 0x10e5c2d30>",
            "<Response [200]>",
            "<__main__.Answer object at 0x7f3a1c>",
            "tensor([[1, 2]], device='cuda:0')",
        ] {
            assert!(is_printed(printed), "{printed}");
        }
        for text in [
            "b'x'",
            "b'a b' + b'c'",
            "content='a b' is set so",
            "The dtype: object",
            "<Response> is a tag",
        ] {
            assert!(!is_printed(text), "{text}");
        }
    }
}
