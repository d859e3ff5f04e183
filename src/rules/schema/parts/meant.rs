//! What columns that are of no known shape may have been meant for.

use serde::de::IgnoredAny;

use crate::model::value::Value;
use crate::rule::{clip, nearest};

/// Columns named in a message.
pub(in crate::rules::schema) const SHOWN: usize = 8;

/// Columns that shapes are known by.
const KNOWN: [&str; 10] = [
    "messages",
    "conversations",
    "instruction",
    "output",
    "prompt",
    "completion",
    "text",
    "chosen",
    "rejected",
    "input_ids",
];

/// Names of columns that hold what is asked, beside one of [`ANSWERED`].
const ASKED: &str = "article code context document human input input_text inputs prompt q query question request \
                     sentence source src task user utterance";

/// Names of columns that hold what is answered.
const ANSWERED: &str = "a answer assistant bot completion docstring final_answer generation gpt label model output \
                        output_text response solution summary target targets tgt";

const TEXT: &str = "a string";
const JSON: &str = "a string of JSON";
const LIST: &str = "an array";

/// What a value is, with its article.
pub(in crate::rules::schema) fn kind(value: &Value<'_>) -> &'static str {
    let text = value.as_str().map(str::trim_start);
    let begins = text.filter(|text| text.starts_with(['[', '{']));
    if begins.is_some_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        JSON
    } else {
        value.a_kind()
    }
}

/// What to say of a file by the columns of its first row and what is in them, or of its only row, which is a table.
pub(in crate::rules::schema) fn meant(columns: &[(String, String)], table: bool) -> String {
    let shown = columns.iter().take(SHOWN);
    let mut named: Vec<_> = shown.map(|(name, _)| format!("`{}`", clip(name))).collect();
    if columns.len() > SHOWN {
        named.push("…".to_owned());
    }
    if named.is_empty() {
        return "the row has no columns".to_owned();
    }
    let named = named.join(", ");
    if table {
        return format!(
            "one object of columns, {named}, each a list, instead of a list of rows; loaders see a single row"
        );
    }
    if let Some(format) = foreign(columns) {
        return format.to_owned();
    }
    let has = |column: &str| columns.iter().any(|(name, _)| name == column);
    let slip = columns.iter().find_map(|(name, kind)| slip(name, kind, &has));
    let hint = slip
        .or_else(|| pair(columns))
        .unwrap_or_else(|| "say which is which with --columns".to_owned());
    format!("no known shape, columns {named}; {hint}")
}

/// Formats of services and of other programs, and how to get from them to one that trainers read.
fn foreign(columns: &[(String, String)]) -> Option<&'static str> {
    let has = |name: &str| columns.iter().any(|(column, _)| column == name);
    let is = |name: &str, kind: &str| columns.iter().any(|(column, is)| column == name && is == kind);
    if has("preferred_output") && has("non_preferred_output") {
        Some(
            "OpenAI's preference format, which no trainer known here reads: make `prompt` of `input.messages`, \
             `chosen` of `preferred_output` and `rejected` of `non_preferred_output`",
        )
    } else if has("custom_id") && is("body", "an object") {
        Some("requests of OpenAI's batch API: the messages stand under `body`, and the answers in another file")
    } else if is("contents", LIST) {
        Some(
            "Gemini's format, which no trainer known here reads: make `messages` of `contents`, each with its `role` \
             (`model` is the assistant) and the text of its `parts` as `content`",
        )
    } else if has("row_idx") && has("row") {
        Some("rows as a dataset viewer gives them out, with the data under `row`: download the set's files")
    } else {
        None
    }
}

/// A name or a type that is nearly right.
fn slip(name: &str, kind: &str, has: &dyn Fn(&str) -> bool) -> Option<String> {
    let shown = clip(name);
    let lists = matches!(name, "conversation" | "dialog" | "dialogue" | "chat" | "turns");
    if kind == LIST && (lists || matches!(name, "messages" | "conversations")) {
        return Some(format!(
            "the items of `{shown}` are no turns, which are `role` with `content` or `from` with `value`"
        ));
    }
    let known = nearest(name, KNOWN).filter(|known| known == &name || !has(known))?;
    let is_talk = matches!(known, "messages" | "conversations");
    if kind == JSON && is_talk {
        return Some(format!(
            "`{shown}` is a string with JSON in it: write the list itself, as `json.loads` reads it"
        ));
    }
    // A talk in one string is a text, whatever its name.
    if kind == TEXT && is_talk {
        return Some(format!("`{shown}` is a string: is `--columns text={shown}` meant?"));
    }
    // Rightly named, and of a type that no shape has there.
    let odd = known == name && !matches!(kind, TEXT | JSON | LIST);
    if odd {
        Some(format!("`{known}` is {kind}"))
    } else if name.trim() == known && known != name {
        Some(format!("the name of `{known}` stands with blanks around it, {name:?}"))
    } else if known != name {
        Some(format!("is `{shown}` meant to be `{known}`?"))
    } else {
        None
    }
}

/// A column to ask in and one to answer in: by their names, or for want of any other.
fn pair(columns: &[(String, String)]) -> Option<String> {
    let texts: Vec<&str> = columns
        .iter()
        .filter(|(_, kind)| matches!(kind.as_str(), TEXT | JSON))
        .map(|(name, _)| name.as_str())
        .collect();
    let among = |names: &str| {
        let is = |name: &&str| names.split(' ').any(|known| known.eq_ignore_ascii_case(name));
        texts.iter().copied().find(is)
    };
    let (prompt, completion) = match (among(ASKED), among(ANSWERED), &*texts) {
        (Some(prompt), Some(completion), _) => (prompt, completion),
        (None, None, [first, second]) => (*first, *second),
        _ => return None,
    };
    Some(format!("is `--columns prompt={prompt},completion={completion}` meant?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(columns: &[(&str, &str)]) -> String {
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
            .collect();
        meant(&columns, false)
    }

    #[test]
    fn the_names_that_people_give_to_questions_and_answers_are_known() {
        for (columns, end) in [
            (["Question", "Answer"], "prompt=Question,completion=Answer"),
            (["summary", "article"], "prompt=article,completion=summary"),
            (["human", "gpt"], "prompt=human,completion=gpt"),
            (["frage", "antwort"], "prompt=frage,completion=antwort"),
        ] {
            let said = said(&columns.map(|name| (name, TEXT)));
            assert!(said.ends_with(&format!("is `--columns {end}` meant?")), "{said}");
        }
        let one = said(&[("question", TEXT), ("choices", LIST), ("key", "a number")]);
        assert!(one.ends_with("say which is which with --columns"), "{one}");
    }

    #[test]
    fn formats_of_others_are_named() {
        assert!(said(&[("conversation", LIST)]).contains("the items of `conversation` are no turns"));
        assert!(said(&[("messages", JSON)]).contains("as `json.loads` reads it"));
        assert!(said(&[("contents", LIST)]).starts_with("Gemini's format"));
        let batch = [("custom_id", TEXT), ("body", "an object")];
        assert!(said(&batch).starts_with("requests of OpenAI's batch API"));
    }
}
