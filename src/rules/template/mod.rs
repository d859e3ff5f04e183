//! What the chat template does to the messages.

mod parts;

mod already_rendered;
mod arguments_quoted;
mod bos_missing;
mod double_bos;
mod double_eos;
mod foreign_marks;
mod id_beyond_vocab;
mod message_altered;
mod message_doubled;
mod message_lost;
mod missing;
mod not_reproduced;
mod odd_thinking;
mod parts_printed;
pub(in crate::rules) mod prompt_joined;
mod prompt_unlike;
mod render_error;
mod role_unmapped;
mod special_token_in_text;
mod system_injected;
mod thinking_lost;
mod thinking_stripped;
mod tool_call_lost;
mod tools_lost;
mod turns_merged;
mod unclosed_thinking;
mod unknown_tokens;
mod unopened_thinking;

use crate::rule::lane::RuleEntry;

/// The rules of this category, in order of name.
pub(super) static RULES: &[RuleEntry] = &[
    RuleEntry::of::<already_rendered::AlreadyRendered>(),
    RuleEntry::of::<arguments_quoted::ArgumentsQuoted>(),
    RuleEntry::of::<bos_missing::BosMissing>(),
    RuleEntry::of::<double_bos::DoubleBos>(),
    RuleEntry::of::<double_eos::DoubleEos>(),
    RuleEntry::of::<foreign_marks::ForeignMarks>(),
    RuleEntry::of::<id_beyond_vocab::IdBeyondVocab>(),
    RuleEntry::of::<message_altered::MessageAltered>(),
    RuleEntry::of::<message_doubled::MessageDoubled>(),
    RuleEntry::of::<message_lost::MessageLost>(),
    RuleEntry::of::<missing::Missing>(),
    RuleEntry::of::<not_reproduced::NotReproduced>(),
    RuleEntry::of::<odd_thinking::OddThinking>(),
    RuleEntry::of::<parts_printed::PartsPrinted>(),
    RuleEntry::of::<prompt_joined::PromptJoined>(),
    RuleEntry::of::<prompt_unlike::PromptUnlike>(),
    RuleEntry::of::<render_error::RenderError>(),
    RuleEntry::of::<role_unmapped::RoleUnmapped>(),
    RuleEntry::of::<special_token_in_text::SpecialTokenInText>(),
    RuleEntry::of::<system_injected::SystemInjected>(),
    RuleEntry::of::<thinking_lost::ThinkingLost>(),
    RuleEntry::of::<thinking_stripped::ThinkingStripped>(),
    RuleEntry::of::<tool_call_lost::ToolCallLost>(),
    RuleEntry::of::<tools_lost::ToolsLost>(),
    RuleEntry::of::<turns_merged::TurnsMerged>(),
    RuleEntry::of::<unclosed_thinking::UnclosedThinking>(),
    RuleEntry::of::<unknown_tokens::UnknownTokens>(),
    RuleEntry::of::<unopened_thinking::UnopenedThinking>(),
];
