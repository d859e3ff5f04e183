//! The strategies by the names a config gives them (`prompt_strategies/__init__.py`, `load`;
//! `utils/data/wrappers.py`, `get_dataset_wrapper`).

use std::borrow::Cow;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::model::encoded::EncodeError;
use crate::trainer::SitePackages;

use super::chat::Chat;
use super::completion::{Completion, MOST_PIECES};
use super::format::Format;
use super::instruct::{Bit, Fields, Instruct, System, Take};
use super::options::{Dataset, Options, Type, UserDefined};
use super::pieces::Pieces;
use super::prompters::{self, Prompter};
use super::reflection::Reflection;
use super::segments::Segments;
use crate::trainer::failure::{raises, unsupported};

/// How rows become sequences.
pub(super) enum Strategy {
    Chat(Box<Chat>),
    Instruct(Box<Instruct>),
    Reflection(Box<Reflection>),
    Completion(Completion),
    Segments(Segments),
}

/// Modules of axolotl whose prompts are not reproduced.
const NOT_REPRODUCED: &[&str] = &[
    "_synthetic",
    "bradley_terry",
    "dpo",
    "ebft",
    "kto",
    "llama2_chat",
    "messages",
    "orpo",
    "pretrain",
    "pygmalion",
    "stepwise_supervised",
];

/// Modules of which only some loaders are reproduced, or that have no `load` of their own.
const MODULES: &[&str] = &[
    "alpaca_chat",
    "alpaca_instruct",
    "alpaca_w_system",
    "chat_template",
    "completion",
    "context_qa",
    "creative_acr",
    "input_output",
    "metharme",
    "orcamini",
];

impl Strategy {
    /// # Errors
    ///
    /// For a type axolotl does not know, or that is not reproduced.
    pub(super) fn new(
        kit: &Arc<Kit>,
        options: &Options,
        dataset: &Dataset,
        packages: &SitePackages,
    ) -> Result<Self, EncodeError> {
        let name = match &dataset.r#type {
            None => {
                return Err(raises(
                    "AttributeError",
                    "'NoneType' object has no attribute 'startswith'",
                ));
            }
            Some(Type::Format(format)) => return user_defined(kit, options, format),
            Some(Type::Name(name)) => name.as_str(),
        };
        let module = name
            .strip_suffix(".load")
            .filter(|module| MODULES.contains(module))
            .unwrap_or(name);
        match module {
            "chat_template" => Ok(Self::Chat(Box::new(Chat::new(kit, options, dataset, packages)?))),
            "completion" => Ok(Self::Completion(Completion {
                pieces: Pieces::new(kit, options.sequence_len().saturating_mul(MOST_PIECES))?,
                field: dataset.field.clone().unwrap_or_else(|| "text".to_owned()),
                sequence_len: options.sequence_len(),
            })),
            "input_output" => Ok(Self::Segments(Segments {
                kit: Arc::clone(kit),
                train_on_inputs: options.train_on_inputs(),
            })),
            _ => match named(module, dataset)? {
                Some(Named::Instruct(prompter, fields)) => instruct(kit, options, prompter, fields),
                Some(Named::Reflection(prompter)) => Ok(Self::Reflection(Box::new(Reflection {
                    pieces: Pieces::new(kit, options.sequence_len())?,
                    prompter,
                    train_on_inputs: options.train_on_inputs(),
                }))),
                None => Err(unknown(name)),
            },
        }
    }
}

enum Named {
    Instruct(Prompter, Fields),
    Reflection(prompters::Reflection),
}

const fn column(name: &'static str) -> Take {
    Take::Column(Cow::Borrowed(name))
}

fn or_empty(name: &'static str) -> Take {
    Take::Or(name.into(), "".into())
}

/// `instruction`, `input`, and an answer.
fn alpaca(output: &'static str) -> Fields {
    Fields {
        instruction: column("instruction"),
        input: or_empty("input"),
        output: column(output),
        system: System::Prompter,
    }
}

/// A question and an answer, without an input.
fn pair(instruction: Take, output: Take) -> Fields {
    Fields {
        instruction,
        input: Take::Fixed(""),
        output,
        system: System::Prompter,
    }
}

const ARTICLE: &[Bit] = &[Bit::Column("article"), Bit::Text("\n===\n"), Bit::Column("question")];
const ARTICLE_404: &[Bit] = &[
    Bit::Column("article"),
    Bit::Text("\n===\n"),
    Bit::Column("unanswerable_question"),
];
const NO_ANSWER: &str = "The context provided does not contain any information about your inquiry. Therefore, I'm unable to answer your question based on the given context.";
const CONTEXT: &[Bit] = &[
    Bit::Text("Context: "),
    Bit::Column("context"),
    Bit::Text("\nQuestion: "),
    Bit::Column("question"),
    Bit::Text("\n"),
];
const ANSWER: &[Bit] = &[Bit::Text("Answer: "), Bit::Column("answer")];
const WHAT_IS: &[Bit] = &[Bit::Text("what is "), Bit::Column("answer")];

/// The prompt and the fields of an instruction set's type.
fn named(name: &str, dataset: &Dataset) -> Result<Option<Named>, EncodeError> {
    // Only types that are no module of their own take a style behind a colon.
    let (base, style) = match name.split_once(':') {
        Some((base, rest)) => (base, rest.split(':').next()),
        None => (name, None),
    };
    let choices = || Fields {
        instruction: column("question"),
        input: Take::Choices("choices"),
        output: Take::Either("solution", "explanation"),
        system: System::Prompter,
    };
    let by_style = match base {
        "alpaca" => Some((prompters::alpaca(style)?, alpaca("output"))),
        "gpteacher" => Some((prompters::alpaca(style)?, alpaca("response"))),
        "oasst" => Some((
            prompters::alpaca(style)?,
            pair(column("INSTRUCTION"), column("RESPONSE")),
        )),
        "explainchoice" => Some((prompters::explain(style)?, choices())),
        "concisechoice" => Some((prompters::concise_choice()?, choices())),
        "summarizetldr" => Some((prompters::tldr()?, pair(column("article"), column("summary")))),
        "jeopardy" => {
            let fields = Fields {
                input: column("category"),
                ..pair(column("question"), Take::Joined(WHAT_IS))
            };
            Some((prompters::alpaca(style)?, fields))
        }
        "reflection" => return Ok(Some(Named::Reflection(prompters::reflection(style)?))),
        _ => None,
    };
    if let Some((prompter, fields)) = by_style {
        return Ok(Some(Named::Instruct(prompter, fields)));
    }
    let with_system = |system, fields| Fields { system, ..fields };
    let system = || System::Row(column("system"));
    let orca = || {
        with_system(
            System::Row(column("system_prompt")),
            pair(column("question"), column("response")),
        )
    };
    let chat = || dataset.conversation.as_deref().unwrap_or("chat");
    let (prompter, fields) = match name {
        "alpaca_chat" => (prompters::alpaca(Some(chat()))?, alpaca("output")),
        "alpaca_chat.load_concise" => (prompters::concise_chat()?, alpaca("output")),
        "alpaca_chat.load_qa" => (prompters::concise_chat()?, pair(column("question"), column("answer"))),
        "alpaca_chat.load_camel_ai" => (
            prompters::concise_chat()?,
            pair(column("message_1"), column("message_2")),
        ),
        "alpaca_chat.load_no_prompt" => (prompters::unprompted("chat")?, alpaca("output")),
        "alpaca_instruct" => (prompters::alpaca(None)?, alpaca("output")),
        "alpaca_instruct.load_no_prompt" => (prompters::unprompted("instruct")?, alpaca("output")),
        "alpaca_w_system" | "alpaca_w_system.load_chat" => {
            (prompters::system("chat")?, with_system(system(), alpaca("output")))
        }
        "alpaca_w_system.load_instruct" => (prompters::system("instruct")?, with_system(system(), alpaca("output"))),
        "alpaca_w_system.load_open_orca" => (prompters::open_orca("instruct")?, orca()),
        "alpaca_w_system.load_open_orca_chatml" => (prompters::open_orca("chatml")?, orca()),
        "orcamini" => {
            let fields = with_system(System::Turn(column("system_prompt")), orca());
            (prompters::orca_mini()?, fields)
        }
        "context_qa" => (prompters::context()?, pair(Take::Joined(ARTICLE), column("answer"))),
        "context_qa.load_404" => (
            prompters::context()?,
            pair(Take::Joined(ARTICLE_404), Take::Fixed(NO_ANSWER)),
        ),
        "context_qa.load_v2" => (prompters::bare()?, pair(Take::Joined(CONTEXT), Take::Joined(ANSWER))),
        "creative_acr.load_answer" => (
            prompters::creative_answer()?,
            pair(column("instruction"), column("revision")),
        ),
        "creative_acr.load_critique" | "creative_acr.load_revise" => {
            return Err(unsupported(format!("type {name}, which prints its columns as YAML")));
        }
        "metharme" => (prompters::bare()?, pair(column("prompt"), column("generation"))),
        _ => return Ok(None),
    };
    Ok(Some(Named::Instruct(prompter, fields)))
}

fn instruct(kit: &Arc<Kit>, options: &Options, prompter: Prompter, fields: Fields) -> Result<Strategy, EncodeError> {
    let is_metharme = matches!(&fields.output, Take::Column(name) if name == "generation");
    Ok(Strategy::Instruct(Box::new(Instruct {
        pieces: Pieces::new(kit, options.sequence_len())?,
        prompter,
        fields,
        train_on_inputs: options.train_on_inputs(),
        eos: if is_metharme { 3 } else { 1 },
        tokenises_nothing: is_metharme,
    })))
}

/// A format of one's own (`prompt_strategies/user_defined.py`).
fn user_defined(kit: &Arc<Kit>, options: &Options, given: &UserDefined) -> Result<Strategy, EncodeError> {
    let or = |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
    let prompter = Prompter {
        systems: ["", ""],
        system_format: Format::parse(&or(&given.system_format, "{system}"))?,
        turn: Format::parse(&or(&given.format, "{instruction} {input} "))?,
        turn_no_input: Format::parse(&or(&given.no_input_format, "{instruction} "))?,
    };
    let take = |field: &Option<String>, default: &str| Take::Or(or(field, default).into(), "".into());
    let system = Take::Or(
        or(&given.field_system, "system").into(),
        or(&given.system_prompt, "").into(),
    );
    let fields = Fields {
        instruction: Take::Column(or(&given.field_instruction, "instruction").into()),
        input: take(&given.field_input, "input"),
        output: take(&given.field_output, "output"),
        system: System::Row(system),
    };
    instruct(kit, options, prompter, fields)
}

/// What becomes of a type that has no strategy here.
fn unknown(name: &str) -> EncodeError {
    let module = name.split('.').next().unwrap_or(name);
    let loader = name.rsplit('.').next().unwrap_or(name);
    if NOT_REPRODUCED.contains(&module) {
        return unsupported(format!("type {name}"));
    }
    // A module without that loader; any other name is no module.
    if MODULES.contains(&module) && (loader == module || loader == "load" || loader.starts_with("load_")) {
        return raises(
            "AttributeError",
            format!("prompt strategy {module} has no attribute '{loader}'"),
        );
    }
    raises("ValueError", format!("unhandled prompt tokenization strategy: {name}."))
}
