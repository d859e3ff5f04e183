//! What is said, whoever says it: characters and slots that nobody meant to be there.

mod parts;

mod bare_reference;
mod boilerplate;
mod broken_query;
mod carriage_return;
mod chat_unlike;
mod control_character;
mod cut_off;
mod encoded_data;
mod end_unlike;
mod error_answer;
mod escaped;
mod invisible_character;
mod left_over;
mod letters_unlike;
mod merge_conflict;
mod mojibake;
mod non_answer;
mod nothing_follows;
mod null_word;
mod odd_json;
mod odd_letters;
mod odd_result;
mod other_language;
mod printed_object;
mod prompt_left;
mod repetition_loop;
mod replacement_character;
mod runs_on;
mod said_twice;
mod secret;
mod separator_lost;
mod stops_short;
mod unclosed_code;
mod unfilled_placeholder;
mod unknown_name;
mod words_joined;
mod wrong_sum;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<bare_reference::BareReference>(),
    RuleEntry::of::<boilerplate::Boilerplate>(),
    RuleEntry::of::<broken_query::BrokenQuery>(),
    RuleEntry::of::<carriage_return::CarriageReturn>(),
    RuleEntry::of::<chat_unlike::ChatUnlike>(),
    RuleEntry::of::<control_character::ControlCharacter>(),
    RuleEntry::of::<cut_off::CutOff>(),
    RuleEntry::of::<encoded_data::EncodedData>(),
    RuleEntry::of::<end_unlike::EndUnlike>(),
    RuleEntry::of::<error_answer::ErrorAnswer>(),
    RuleEntry::of::<escaped::Escaped>(),
    RuleEntry::of::<invisible_character::InvisibleCharacter>(),
    RuleEntry::of::<left_over::LeftOver>(),
    RuleEntry::of::<letters_unlike::LettersUnlike>(),
    RuleEntry::of::<merge_conflict::MergeConflict>(),
    RuleEntry::of::<mojibake::Mojibake>(),
    RuleEntry::of::<non_answer::NonAnswer>(),
    RuleEntry::of::<nothing_follows::NothingFollows>(),
    RuleEntry::of::<null_word::NullWord>(),
    RuleEntry::of::<odd_json::OddJson>(),
    RuleEntry::of::<odd_letters::OddLetters>(),
    RuleEntry::of::<odd_result::OddResult>(),
    RuleEntry::of::<other_language::OtherLanguage>(),
    RuleEntry::of::<printed_object::PrintedObject>(),
    RuleEntry::of::<prompt_left::PromptLeft>(),
    RuleEntry::of::<repetition_loop::RepetitionLoop>(),
    RuleEntry::of::<replacement_character::ReplacementCharacter>(),
    RuleEntry::of::<runs_on::RunsOn>(),
    RuleEntry::of::<said_twice::SaidTwice>(),
    RuleEntry::of::<secret::Secret>(),
    RuleEntry::of::<separator_lost::SeparatorLost>(),
    RuleEntry::of::<stops_short::StopsShort>(),
    RuleEntry::of::<unclosed_code::UnclosedCode>(),
    RuleEntry::of::<unfilled_placeholder::UnfilledPlaceholder>(),
    RuleEntry::of::<unknown_name::UnknownName>(),
    RuleEntry::of::<words_joined::WordsJoined>(),
    RuleEntry::of::<wrong_sum::WrongSum>(),
];

/// Characters shown on each side of a place.
const SHOWN: usize = 16;

/// The text around a place, on one line.
fn around(text: &str, at: usize) -> String {
    let start = text[..at]
        .char_indices()
        .rev()
        .take(SHOWN)
        .last()
        .map_or(at, |(start, _)| start);
    // From the next word on, where one begins before the place; a script without blanks has none.
    let start = match text[start..at].find(' ') {
        Some(blank) if start > 0 && blank + 1 < at - start => start + blank + 1,
        _ => start,
    };
    let end = text[at..]
        .char_indices()
        .nth(SHOWN)
        .map_or(text.len(), |(end, _)| at + end);
    crate::rule::clip(&text[start..end])
}
