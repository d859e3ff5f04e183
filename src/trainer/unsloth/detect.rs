//! The markers of a chat template, found by rendering a conversation that gives itself away.
//!
//! What unsloth finds was seen on over 200 templates; what did not follow from the rules here is refused.

use crate::encode::kit::{Conversation, Kit, Message};
use crate::encode::template::Rendered;
use crate::encode::tokenizer::Tokens;
use crate::model::encoded::EncodeError;
use crate::trainer::failure::{raises, unsupported};

use super::sign::{Sign, spell};

const USER: &str = "\u{2060}USERPROBE7q\u{2060}";
const ASSISTANT: &str = "\u{2060}ASSTPROBE4z\u{2060}";

/// Instruction and response marker.
///
/// # Errors
///
/// `ValueError` where unsloth finds none it can rely on.
pub fn parts(kit: &Kit) -> Result<(String, String), EncodeError> {
    if !kit.has_template() {
        return Err(raises("ValueError", "no chat_template to detect the markers from"));
    }
    let whole = render(kit, 6, false)?;
    let open = render(kit, 5, true)?;
    let shut = render(kit, 5, false)?;
    let Between { instruction, response } = between(&whole)?;
    let tail = |text: &str| text.rsplit_once(USER).map(|(_, tail)| tail.to_owned());
    let (Some(header), Some(end)) = (tail(&open), tail(&shut)) else {
        return Err(odd("the template drops a user's message"));
    };
    let has_header = header != end && !header.trim().is_empty();
    let (instruction, response) = if has_header && response == header {
        let shared = common_prefix(&header, &end);
        let close = leading(kit, shared, &header);
        if close.is_empty() && end.is_empty() {
            return Err(odd("nothing ends a user's message"));
        }
        if close.is_empty() {
            (without_ends(kit, &instruction), without_ends(kit, &response))
        } else {
            let rest = instruction.strip_prefix(close).unwrap_or(&instruction);
            (rest.to_owned(), header[close.len()..].to_owned())
        }
    } else {
        let added = header.strip_prefix(end.as_str()).unwrap_or_default();
        if has_header && !added.is_empty() && response.ends_with(added) {
            return Err(odd(
                "the generation prompt is only a part of what stands before an answer",
            ));
        }
        if response.contains("<think") {
            return Err(odd("the template writes a thought that the generation prompt has not"));
        }
        (without_ends(kit, &instruction), without_ends(kit, &response))
    };
    let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    let (instruction, response) = (trim(&instruction), trim(&response));
    if instruction.is_empty() || response.is_empty() {
        return Err(raises("ValueError", "an empty marker was detected"));
    }
    let mut tokens = Tokens::new();
    let text = spell(kit, &whole, &mut tokens)?;
    let mut best = |name: &str, part: &str| reliable(kit, name, part, &text, &mut tokens);
    Ok((
        best("instruction_part", &instruction)?,
        best("response_part", &response)?,
    ))
}

/// A conversation of so many turns, by the template.
fn render(kit: &Kit, turns: usize, add_generation_prompt: bool) -> Result<String, EncodeError> {
    let said = |role, content| Message::Said { role, content };
    let pair = [said("user", USER), said("assistant", ASSISTANT)];
    let messages: Vec<Message<'_>> = pair.into_iter().cycle().take(turns).collect();
    let conversation = Conversation {
        messages: &messages,
        tools: None,
        kwargs: None,
        add_generation_prompt,
    };
    let mut rendered = Rendered::default();
    kit.render(None, conversation, &mut rendered)
        .map_err(|error| odd(&format!("the template raises {}: {}", error.class, error.message)))?;
    Ok(rendered.text)
}

/// What stands before a question, and before an answer.
struct Between {
    instruction: String,
    response: String,
}

fn between(whole: &str) -> Result<Between, EncodeError> {
    let dropped = || odd("the template drops or doubles a message");
    let questions: Vec<&str> = whole.split(USER).skip(1).collect();
    if questions.len() != 3 || questions.iter().any(|rest| rest.matches(ASSISTANT).count() != 1) {
        return Err(dropped());
    }
    let parts: Vec<(&str, &str)> = questions.iter().filter_map(|rest| rest.split_once(ASSISTANT)).collect();
    let [(one, before), (two, again), (three, _)] = parts.as_slice() else {
        return Err(dropped());
    };
    if before != again {
        return Err(odd("questions do not all begin in the same way"));
    }
    Ok(Between {
        instruction: (*before).to_owned(),
        response: common_prefix(common_prefix(one, two), three).to_owned(),
    })
}

fn common_prefix<'t>(one: &'t str, other: &str) -> &'t str {
    let same = one
        .char_indices()
        .zip(other.chars())
        .take_while(|((_, one), other)| one == other);
    let end = same.last().map_or(0, |((at, letter), _)| at + letter.len_utf8());
    &one[..end]
}

/// The white space and the added tokens that a text begins with. White space counts where it does not go on in
/// `whole`, which begins in the same way.
fn leading<'t>(kit: &Kit, text: &'t str, whole: &str) -> &'t str {
    let space = |text: &str| text.len() - text.trim_start_matches(char::is_whitespace).len();
    let (mut at, mut end) = (0, 0);
    loop {
        let rest = &text[at..];
        let blank = space(rest);
        if blank > 0 {
            at += blank;
            if !whole[at..].starts_with(char::is_whitespace) {
                end = at;
            }
            continue;
        }
        let longest = kit.tokenizer().added_texts().filter(|token| rest.starts_with(token));
        match longest.map(str::len).max() {
            Some(length) if length > 0 => {
                at += length;
                end = at;
            }
            _ => return &text[..end],
        }
    }
}

/// A text without EOS and BOS at its start, and the spaces around them.
fn without_ends(kit: &Kit, text: &str) -> String {
    let ends: Vec<String> = ["eos_token", "bos_token"]
        .iter()
        .filter_map(|name| kit.text_of(name))
        .collect();
    let mut rest = text;
    loop {
        let bare = rest.trim_start_matches(' ');
        let cut = ends
            .iter()
            .filter(|end| !end.is_empty())
            .find_map(|end| bare.strip_prefix(end.as_str()));
        match cut {
            Some(cut) => rest = cut.trim_start_matches(' '),
            None => return rest.to_owned(),
        }
    }
}

/// The marker, or it with a space or a line end before it: which is found most often in the conversation.
fn reliable(kit: &Kit, name: &str, part: &str, text: &[u32], tokens: &mut Tokens) -> Result<String, EncodeError> {
    let mut best: Option<(usize, String)> = None;
    for before in ["", " ", "\n"] {
        let spelling = format!("{before}{part}");
        let Some(sign) = Sign::of(kit, &spelling, true, tokens)? else {
            continue;
        };
        let found = (0..text.len()).filter(|at| sign.begins(&text[*at..])).count();
        if found > best.as_ref().map_or(0, |(most, _)| *most) {
            best = Some((found, spelling));
        }
    }
    best.map(|(_, spelling)| spelling).ok_or_else(|| {
        raises(
            "ValueError",
            format!(
                "could not reliably auto-detect {name} (detected {part:?}); pass instruction_part and response_part"
            ),
        )
    })
}

fn odd(why: &str) -> EncodeError {
    unsupported(format!(
        "markers of this chat template (give instruction_part and response_part): {why}"
    ))
}
