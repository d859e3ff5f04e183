use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role, Shape, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::excused::{Excuse, Excused};
use super::parts::{other_slots, slots, slots_of_calls};
use crate::rules::parts::written;

rule_meta! {
    /// ## What it finds
    /// Slots of a prompt template that nothing was put into: `{{name}}`, `{question}`, `${company}`,
    /// `[INSERT DATE]`, `<TODO>`, `{total:.2f}`, `{% if user %}`, 【此处填写姓名】; and arguments of tool calls that are
    /// one, `<USER_EMAIL>`. Slots beside a slash are the pattern of a path. `[Your Name]` stands in letters on purpose,
    /// and masks of persons (`[PHONE_NUMBER]`, `NAME_1`) were put there: they are left alone.
    ///
    /// ## Why it matters
    /// The model learns to answer a question that was never asked, or to write the slot itself.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "I am {{name}}, an assistant made by {{author}}."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "I am Ada, an assistant made by the library."}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the slots in where the rows are made. Code, formulas, and rows that speak of templates are left
    /// alone.
    "text/unfilled-placeholder", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnfilledPlaceholder {}

/// Words of rows in which a slot is what is spoken of.
const TEMPLATES: [&str; 19] = [
    "占位",
    "变量",
    "printf",
    "python",
    "liquid",
    "placeholder",
    "jinja",
    "handlebars",
    "mustache",
    "f-string",
    "format(",
    "interpolat",
    "langchain",
    "ansible",
    "django",
    "angular",
    "vue",
    "curly brac",
    "def ",
];
/// Those that the system prompt of any set may have: "follow the template", "call a function".
const INNOCENT: [&str; 4] = ["格式", "模板", "template", "function"];

impl Rule for UnfilledPlaceholder {
    const META: RuleMeta = META;
    type State = Excused;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, excused: &mut Excused, out: &mut Findings) {
        let Some(example) = row.example else { return };
        excused.see(row);
        for turn in example.turns.iter().filter(|turn| turn.role != Role::Tool) {
            let asked = || {
                let text = Some(&turn.text).filter(|_| turn.role == Role::User);
                text.and_then(|text| other_slots::of_prompts(text))
            };
            let Some((at, slot)) = slots::find(&turn.text).or_else(asked) else {
                continue;
            };
            // The pattern of a path or an address has its slots between slashes.
            let beside = |c: &str| turn.text[..at].ends_with(c) || turn.text[at + slot.len()..].starts_with(c);
            if slot.starts_with('{') && turn.text[at..].starts_with(slot) && beside("/") {
                continue;
            }
            // A text that nobody says may be a file of code.
            if example.shape == Shape::Text && is_code(&turn.text) {
                return;
            }
            let excuse = speaks_of_templates(example, slot);
            let message = || {
                let around = super::around(&turn.text, at);
                format!("`{}` was not filled in, in `{around}`", clip(slot))
            };
            excused.judge(row, excuse, out, || turn.pointer(), message);
            if excuse == Excuse::Asked {
                return;
            }
        }
        let said = |slot: &str| {
            let mut said = example.turns.iter().filter(|turn| !written::is_call(turn));
            said.any(|turn| turn.text.contains(slot))
        };
        for turn in &example.turns {
            written::each_call(turn, false, &mut |call| {
                let slot = call.arguments.and_then(slots_of_calls::find);
                if let Some(slot) = slot.filter(|slot| !said(slot)) {
                    let message = || format!("the argument `{}` was not filled in", clip(slot));
                    out.field(&row.place, || turn.message_pointer() + &call.pointer, message);
                }
            });
        }
    }

    fn finish(&self, excused: Excused, _: &Setup, out: &mut Findings) {
        excused.report(out);
    }
}

fn is_code(text: &str) -> bool {
    ["import ", "return ", "</", ";\n", "{\n", "=> ", "#!/", "();", "self."]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Whether a row has one of those words outside of the slot itself.
fn speaks_of_templates(example: &Example<'_>, slot: &str) -> Excuse {
    let said = |turn: &Turn<'_>, words: &[&str]| {
        let text = turn.text.replace(slot, "").to_lowercase();
        words.iter().any(|word| text.contains(word))
    };
    let mut turns = example.turns.iter();
    let asked = turns.any(|turn| said(turn, &TEMPLATES) || turn.role != Role::System && said(turn, &INNOCENT));
    Excuse::of(asked, || example.turns.iter().any(|turn| said(turn, &INNOCENT)))
}
