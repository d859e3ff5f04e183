//! The prompts of instruction sets (`prompters.py` and the strategies' own).

use super::format::Format;
use crate::model::encoded::EncodeError;
use crate::trainer::failure::raises;

/// A prompt around an instruction.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompter {
    /// What the system says where there is an input, and where there is none.
    pub(super) systems: [&'static str; 2],
    pub(super) system_format: Format,
    pub(super) turn: Format,
    pub(super) turn_no_input: Format,
}

const ALPACA: [&str; 2] = [
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.",
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
];
const CHAT: [&str; 2] = [
    "Below is an instruction from a USER that describes a task, paired with an input that provides further context. The ASSISTANT writes a response that concisely and appropriately completes the request.\n\n",
    "Below is an instruction from a USER that describes a task. The ASSISTANT writes a response that appropriately and concisely completes the request.\n\n",
];
const EXPLAIN: &str = "Choose the answer that best answers the question. Explain your reasoning.\n";
const CONCISE: &str = "Choose the answer that best answers the question. Be concise in your response.\n\n";
const CONTEXT: &str = "Use the following contextual information to concisely answer the question.\n";
const CREATIVE: &str = "Answer the following question in a comprehensive, in-depth, and creative way. Additionally your response should be relevant, accurate, and free of any ambiguity.";

/// `PromptStyle`: system, turn with input, turn without.
const STYLES: &[(&str, [&str; 3])] = &[
    (
        "instruct",
        [
            "{system}\n\n",
            "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
            "### Instruction:\n{instruction}\n\n### Response:\n",
        ],
    ),
    (
        "chat",
        [
            "SYSTEM: {system}\n",
            "USER: {instruction}\n{input}\nASSISTANT:",
            "USER: {instruction}\nASSISTANT:",
        ],
    ),
    (
        "chatml",
        [
            "<|im_start|>system\n{system}<|im_end|>\n",
            "<|im_start|>user\n{instruction}\n{input}<|im_end|>\n<|im_start|>assistant\n",
            "<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n",
        ],
    ),
    (
        "phi",
        [
            "<|system|>\n{system}<|end|>\n",
            "<|user|>\n{instruction}<|end|>{input}<|assistant|>",
            "<|user|>\n{instruction}<|end|>\n<|assistant|>\n",
        ],
    ),
];

fn styled(systems: [&'static str; 2], style: &str) -> Result<Prompter, EncodeError> {
    let found = STYLES.iter().find(|(name, _)| *name == style);
    let (_, [system, turn, no_input]) =
        found.ok_or_else(|| raises("AttributeError", format!("a prompter has no style {style}")))?;
    formats(systems, [system, turn, no_input])
}

/// A prompter of formats of its own: system, turn with input, turn without.
pub(super) fn formats(systems: [&'static str; 2], formats: [&str; 3]) -> Result<Prompter, EncodeError> {
    let [system, turn, no_input] = formats;
    Ok(Prompter {
        systems,
        system_format: Format::parse(system)?,
        turn: Format::parse(turn)?,
        turn_no_input: Format::parse(no_input)?,
    })
}

/// `AlpacaPrompter`; no style is `instruct`.
pub(super) fn alpaca(style: Option<&str>) -> Result<Prompter, EncodeError> {
    styled(ALPACA, style.filter(|style| !style.is_empty()).unwrap_or("instruct"))
}

/// `UnpromptedPrompter`.
pub(super) fn unprompted(style: &str) -> Result<Prompter, EncodeError> {
    styled(["", ""], style)
}

/// `AlpacaConcisePrompter` and `AlpacaChatPrompter`.
pub(super) fn concise_chat() -> Result<Prompter, EncodeError> {
    styled(CHAT, "chat")
}

/// `MultipleChoiceExplainPrompter`.
pub(super) fn explain(style: Option<&str>) -> Result<Prompter, EncodeError> {
    styled([EXPLAIN; 2], style.unwrap_or("instruct"))
}

/// `MultipleChoiceConcisePrompter`, which has one style.
pub(super) fn concise_choice() -> Result<Prompter, EncodeError> {
    let [_, turn, no_input] = STYLES[1].1;
    formats([CONCISE; 2], ["{system}", turn, no_input])
}

/// `SummarizeTLDRPrompter`, which has one style.
pub(super) fn tldr() -> Result<Prompter, EncodeError> {
    formats(
        ["", ""],
        [
            "",
            "USER: Summarize the following article as a TL;DR.\n{instruction}\n{input}\nASSISTANT:",
            "USER: Summarize the following article as a TL;DR.\n{instruction}\nASSISTANT:",
        ],
    )
}

/// `AlpacaContextPrompter`.
pub(super) fn context() -> Result<Prompter, EncodeError> {
    styled([CONTEXT; 2], "chat")
}

/// The instruction itself (`ContextV2Prompter`, `MetharmePrompter`).
pub(super) fn bare() -> Result<Prompter, EncodeError> {
    formats(["", ""], ["", "{instruction}\n{input}", "{instruction}"])
}

/// `CreativeAnswerPrompter`, which looks at no input.
pub(super) fn creative_answer() -> Result<Prompter, EncodeError> {
    let turn = "USER: {instruction}\nASSISTANT:";
    formats([CREATIVE; 2], ["{system}\n", turn, turn])
}

/// `SystemDataPrompter`: the system stands in the row.
pub(super) fn system(style: &str) -> Result<Prompter, EncodeError> {
    styled(["", ""], style)
}

/// `OpenOrcaSystemDataPrompter`.
pub(super) fn open_orca(style: &str) -> Result<Prompter, EncodeError> {
    if style != "instruct" {
        return styled(["", ""], style);
    }
    formats(
        ["", ""],
        [
            "### System:\n{system}\n",
            "### Human:\n{instruction}\n### Additional Context:\n{input}\n### Assistant:\n",
            "### Human:\n{instruction}\n### Assistant:\n",
        ],
    )
}

/// `OrcaMiniPrompter`, whose turn holds the system, be it empty.
pub(super) fn orca_mini() -> Result<Prompter, EncodeError> {
    let turn = "### System:\n{system}\n\n### User:\n{instruction}\n\n### Response:\n";
    formats(["", ""], ["", turn, turn])
}

/// `ReflectAlpacaPrompter`: the prompt, and what goes between the answers.
pub(super) struct Reflection {
    pub(super) prompt: Prompter,
    pub(super) answers: Format,
}

const REFLECT: [&str; 2] = [
    "Below is an instruction that describes a task, paired with an input that provides further context. You, the Assistant, should generate a response as if it were an abstract for an academic or technical paper on the query along with a methodology. Then generate an Agent Reflection where you create a long form response as if from subject matter expert, be verbose, diligent, and creative in your application of knowledge, apply it through the lens of the response generated by the assistant. Look for flawed reasoning, faulty logic, or other mistakes in the method. Finally, generate a final response and method for the user with the Assistant abstract and Reflection analysis as augmentations to the generation\n\n",
    "Below is an instruction that describes a task. You, the Assistant, should generate a response as if it were an abstract for an academic or technical paper on the query along with a methodology. Then generate an Agent Reflection where you create a long form response as if from subject matter expert, be verbose, diligent, and creative in your application of knowledge, apply it through the lens of the response generated by the assistant. Look for flawed reasoning, faulty logic, or other mistakes in the method. Finally, generate a final response and method for the user with the Assistant abstract and Reflection analysis as augmentations to the generation\n\n",
];

/// Without a style the system stays away; an unknown style is none.
pub(super) fn reflection(style: Option<&str>) -> Result<Reflection, EncodeError> {
    let instruct = "### Thought:\n{output}\n\n### Agent Reflection:\n{reflection}\n\n### Final Response:\n{corrected}";
    let chat = "\nTHOUGHT: {output}\nASSISTANT REFLECTION: {reflection}\nASSISTANT:";
    let (systems, format, answers) = match style {
        Some("instruct") => (REFLECT, STYLES[0].1, instruct),
        Some("chat") => (REFLECT, STYLES[1].1, chat),
        _ => (["", ""], STYLES[0].1, instruct),
    };
    Ok(Reflection {
        prompt: formats(systems, ["{system}", format[1], format[2]])?,
        answers: Format::parse(answers)?,
    })
}
