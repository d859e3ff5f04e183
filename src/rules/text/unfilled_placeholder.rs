use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role, Shape};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

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
const TEMPLATES: [&str; 23] = [
    "格式",
    "模板",
    "占位",
    "变量",
    "printf",
    "python",
    "liquid",
    "template",
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
    "function",
];

impl Rule for UnfilledPlaceholder {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
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
            if speaks_of_templates(example, slot) || (example.shape == Shape::Text && is_code(&turn.text)) {
                return;
            }
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    format!(
                        "`{}` was not filled in, in `{}`",
                        clip(slot),
                        super::around(&turn.text, at)
                    )
                },
            );
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
}

fn is_code(text: &str) -> bool {
    ["import ", "return ", "</", ";\n", "{\n", "=> ", "#!/", "();", "self."]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Whether a row has one of those words outside of the slot itself.
fn speaks_of_templates(example: &Example<'_>, slot: &str) -> bool {
    example.turns.iter().any(|turn| {
        let text = turn.text.replace(slot, "").to_lowercase();
        TEMPLATES.iter().any(|word| text.contains(word))
    })
}
