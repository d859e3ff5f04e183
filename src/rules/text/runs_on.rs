use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::parts::excused::Excused;
use super::parts::{speakers, talks};
use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::markers;
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers that go on with the next question and its answer, as `\n\nHuman: …`, `### Instruction:` or `Q: … A: …`, or
    /// end with the other side's mark, or begin with the cue they should follow, as `### Response:` or `AI:`. Both sides
    /// are known by their names in fifteen languages, and the assistant by the one that the system prompt gives it.
    /// Rows in which such a talk is asked for, and transcripts from their start on, are left alone.
    ///
    /// ## Why it matters
    /// So writes a model that was not stopped, or a script that cut a transcript in the wrong place. A model
    /// trained on it plays both sides and does not stop.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "Seven.\n\nHuman: Another?\n\nAssistant: Eleven."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "Seven."}, {"role": "user", "content": "Another?"}, {"role": "assistant", "content": "Eleven."}]}
    /// ```
    ///
    /// ## Fix
    /// Cut the answer before the mark, or make turns of what follows it.
    "text/runs-on", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RunsOn {}

/// The other side's mark inside an answer, and the mark of the answer that is to follow it.
static MARKS: LazyLock<[(Finder<'static>, Finder<'static>); 11]> = LazyLock::new(|| {
    [
        ("\nHuman:", "\nAssistant:"),
        ("\nUser:", "\nAssistant:"),
        ("\n**User:**", "\n**Assistant:**"),
        ("\n### Human:", "\n### Assistant:"),
        ("\n### Instruction:", "\n### Response:"),
        ("USER: ", " ASSISTANT: "),
        ("\nQuestion:", "\nAnswer:"),
        ("\nQ:", "\nA:"),
        ("\n用户：", "\n助手："),
        ("\n问：", "\n答："),
        ("\nПользователь:", "\nАссистент:"),
    ]
    .map(|(open, close)| (Finder::new(open), Finder::new(close)))
});

/// Cues an answer follows.
const CUES: [&str; 20] = [
    "### Response:",
    "### Assistant:",
    "Assistant:",
    "ASSISTANT:",
    "assistant\n",
    "AI: ",
    "GPT: ",
    "ChatGPT:",
    "ChatGPT said:",
    "Chatbot:",
    "助手：",
    "助理：",
    "アシスタント：",
    "어시스턴트:",
    "Ассистент:",
    "Asistente:",
    "Assistente:",
    "Assistent:",
    "Response: ",
    "Output: ",
];

impl Rule for RunsOn {
    const META: RuleMeta = META;
    type State = Excused;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, excused: &mut Excused, out: &mut Findings) {
        let Some(example) = row.example else { return };
        excused.see(row);
        let templated = example.conversational || example.shape == Shape::Alpaca;
        for turn in turns::taught(example) {
            let text = turn.text.trim_start();
            let cue = CUES.into_iter().find(|cue| text.starts_with(cue));
            let mark = || {
                let known = mark(text, row.chars.beyond_ascii()).or_else(|| left_behind(text, templated));
                known.or_else(|| speakers::goes_on(example, text))
            };
            if let Some(mark) = cue.or_else(mark)
                // That rule says it.
                && !(templated && markers::rendered(text).is_some())
            {
                let how = if cue.is_some() { "begins with" } else { "runs on into" };
                let message = || format!("the answer {how} `{}`", mark.trim());
                excused.judge(row, talks::excuse(example, mark), out, || turn.pointer(), message);
            }
        }
    }

    fn finish(&self, excused: Excused, _: &Setup, out: &mut Findings) {
        excused.report(out);
    }
}

/// The other side's mark, if an answer to it follows; those beyond ASCII only where they can be there.
fn mark(text: &str, beyond_ascii: bool) -> Option<&'static str> {
    const SHOWN: [&str; 11] = [
        "Human:",
        "User:",
        "**User:**",
        "### Human:",
        "### Instruction:",
        "USER:",
        "Question:",
        "Q:",
        "用户：",
        "问：",
        "Пользователь:",
    ];
    // A transcript from its start on is a layout of its own.
    if SHOWN.iter().any(|mark| text.starts_with(mark)) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut marks = MARKS
        .iter()
        .zip(SHOWN)
        .filter(|(_, shown)| beyond_ascii || shown.is_ascii());
    marks.find_map(|((open, close), shown)| {
        let at = open.find(bytes)?;
        close.find(&bytes[at..]).map(|_| shown)
    })
}

/// The other side's mark as the last line, where a model was stopped too late; `###` stops completions that are made so.
fn left_behind(text: &str, templated: bool) -> Option<&'static str> {
    const LAST: [&str; 6] = ["User:", "Human:", "### Human:", "### User:", "### Instruction:", "###"];
    let text = text.trim_end();
    let (before, last) = text.rsplit_once('\n')?;
    // A heading stands above what it announces.
    let heading = || {
        before
            .rsplit_once('\n')
            .filter(|(_, heading)| *heading == "### Instruction:")
    };
    let (before, last) = heading().map_or((before, last), |(before, _)| (before, &text[before.len() + 1..]));
    let mark = LAST.into_iter().find(|mark| last.starts_with(mark))?;
    // Behind a blank line a turn of its own begins, whatever it says.
    let apart = before.ends_with('\n');
    let asks = last.len() == mark.len() || mark != "###" && (apart || last.ends_with(['?', '？']));
    // A talk has the mark more than once, and a list of words others beside it.
    let alone = || {
        !before
            .lines()
            .any(|line| line.starts_with(mark) || line.ends_with(':') && line.len() < 16)
    };
    (asks && (templated || mark != "###") && alone()).then_some(mark)
}
