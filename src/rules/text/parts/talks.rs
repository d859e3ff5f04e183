//! Whether a talk between two, or questions with their answers, are what an answer is asked to be.

use crate::model::example::Example;
use crate::rule::row;
use crate::rules::parts::spoken::Spoken;

use super::excused::{self, Excuse};

/// Words of rows in which a talk between the two is what was asked for, or what is shown.
static TALKS: Spoken = Spoken::of(
    "assistant:|### |dialog|conversation|transcript|interview|screenplay|对话|對話|会话|會話|聊天|剧本|劇本|采访|採訪|客服|\
    대화|인터뷰|会話|対話|台本|インタビュー|диалог|разговор|интервью|сценари|diálogo|conversación|conversa|entrevista|guion|\
    guión|roteiro|gespräch|drehbuch|entretien|scénario",
);
/// Words of system prompts that show a talk, or have one written: others only say that one takes place.
static WRITTEN: Spoken = Spoken::of(
    "assistant:|### |screenplay|transcript|writ|generat|creat|simulat|produc|compos|continu|extract|summar|剧本|劇本|写|寫|\
    生成|模拟|模擬|续|續|台本|作成|생성|작성|genera|escrib|redact|напиш|напис|schreib|erstell|écri|rédig",
);
/// Words that only who asks speaks of it with: system prompts have them for other reasons.
static ASKED: Spoken = Spoken::of("script|chat|role-play|example");
/// What cues are named after that are asked for by their name.
static NAMED: Spoken = Spoken::of("output|response");

/// Words of rows in which questions are asked for, or given, with their answers.
static QUESTIONS: Spoken =
    Spoken::of("question|faq|q&a|quiz|trivia|riddle|exam|flashcard|joke|q:|answer|questão|pregunta|frage|问");

/// What excuses an answer that holds the mark of another side.
pub(in super::super) fn excuse(example: &Example<'_>, mark: &str) -> Excuse {
    let said = |words: &Spoken| excused::asked(example).any(|text| words.stands_in(text));
    let shared = |words: &Spoken| excused::shared(example).any(|text| words.stands_in(text));
    let task = |words: &Spoken| row::task(example).is_some_and(|task| words.stands_in(task));
    let cue = matches!(mark, "Output: " | "Response: ");
    let shown = || {
        let mut texts = excused::asked(example).chain(excused::shared(example));
        texts.any(|text| text.contains(mark.trim()))
    };
    // Nobody asks for a heading in other words than its own.
    if matches!(mark, "### Response:" | "### Assistant:") {
        let headings = excused::asked(example).chain(excused::shared(example));
        return Excuse::of({ headings }.any(|text| text.contains("### ")), || false);
    }
    let asks = mark.starts_with('Q');
    let asked = asks && said(&QUESTIONS) || said(&TALKS) || said(&ASKED) || cue && (said(&NAMED) || shown());
    let spoken_of = || asks && shared(&QUESTIONS) || shared(&TALKS);
    Excuse::of(asked || spoken_of() && shared(&WRITTEN), || {
        spoken_of() || task(&ASKED) || cue && task(&NAMED)
    })
}
