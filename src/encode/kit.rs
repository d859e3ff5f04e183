//! The tokenizer and the template of a run, as trainers use them.

use std::path::Path;

use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use crate::model::encoded::{EncodeError, EncodeErrorKind};
use crate::model::setup::{Special, TokenizerFacts};
use crate::model::value::Value;

use super::locate::offset;

/// Tokens of a text.
#[derive(Debug, Default)]
pub struct Tokens {
    pub ids: Vec<u32>,
    /// Bytes of the text each token stands for, shape as `ids`.
    pub offsets: Vec<(u32, u32)>,
}

/// What a template is given.
#[derive(Clone, Copy)]
pub struct Conversation<'c> {
    pub messages: &'c [Message<'c>],
    pub tools: Option<&'c Value<'c>>,
    /// `chat_template_kwargs` of the row.
    pub kwargs: Option<&'c Value<'c>>,
    pub add_generation_prompt: bool,
}

/// A message: as it stands in the row, or made of a role and a text.
#[derive(Clone, Copy)]
pub enum Message<'m> {
    Raw(&'m Value<'m>),
    Plain { role: &'m str, content: &'m str },
}

/// A rendered conversation.
#[derive(Debug, Default)]
pub struct Rendered {
    pub text: String,
    /// Bytes of the text inside `{% generation %}`.
    pub generation: Vec<(u32, u32)>,
}

/// Both, loaded.
pub struct Kit {
    tokenizer: tokenizers::Tokenizer,
    facts: TokenizerFacts,
    template: Option<Environment<'static>>,
    named: Vec<(String, String)>,
}

impl Kit {
    pub fn load(folder: &Path, template: Option<String>) -> Result<Self, String> {
        let file = if folder.is_dir() {
            folder.join("tokenizer.json")
        } else {
            folder.to_owned()
        };
        let mut tokenizer =
            tokenizers::Tokenizer::from_file(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
        tokenizer.with_padding(None);
        let folder = file.parent().unwrap_or(Path::new("."));
        let config: serde_json::Value = std::fs::read_to_string(folder.join("tokenizer_config.json"))
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let special = |name: &str| {
            let text = config[name]
                .as_str()
                .or_else(|| config[name]["content"].as_str())?
                .to_owned();
            Some(Special {
                id: tokenizer.token_to_id(&text),
                text,
            })
        };
        let mut specials: Vec<(String, u32)> = tokenizer
            .get_added_tokens_decoder()
            .into_iter()
            .filter(|(_, token)| token.special)
            .map(|(id, token)| (token.content, id))
            .collect();
        specials.sort_by_key(|(_, id)| *id);
        let facts = TokenizerFacts {
            bos: special("bos_token"),
            eos: special("eos_token"),
            pad: special("pad_token"),
            unk: special("unk_token"),
            specials,
            size: tokenizer.get_vocab_size(true),
            model_vocab: None,
            byte_tokens: Vec::new(),
            adds_bos: false,
            adds_eos: false,
        };
        let own = std::fs::read_to_string(folder.join("chat_template.jinja"))
            .ok()
            .or_else(|| config["chat_template"].as_str().map(str::to_owned));
        let template = template.or(own).map(|source| environment(&source)).transpose()?;
        let named = [
            ("bos_token", &facts.bos),
            ("eos_token", &facts.eos),
            ("pad_token", &facts.pad),
            ("unk_token", &facts.unk),
        ]
        .into_iter()
        .filter_map(|(name, special)| Some((name.to_owned(), special.as_ref()?.text.clone())))
        .collect();
        Ok(Self {
            tokenizer,
            facts,
            template,
            named,
        })
    }

    pub fn facts(&self) -> &TokenizerFacts {
        &self.facts
    }

    pub fn has_template(&self) -> bool {
        self.template.is_some()
    }

    pub fn encode(&self, text: &str, special: bool, tokens: &mut Tokens) -> Result<(), EncodeError> {
        let encoding = self.tokenizer.encode(text, special).map_err(|error| EncodeError {
            class: "TokenizerError".into(),
            message: error.to_string(),
            kind: EncodeErrorKind::Trainer,
        })?;
        tokens.ids.clear();
        tokens.ids.extend_from_slice(encoding.get_ids());
        tokens.offsets.clear();
        tokens.offsets.extend(
            encoding
                .get_offsets()
                .iter()
                .map(|(start, end)| (offset(*start), offset(*end))),
        );
        Ok(())
    }

    pub fn render(&self, conversation: Conversation<'_>, rendered: &mut Rendered) -> Result<(), EncodeError> {
        let environment = self.template.as_ref().expect("trainers ask for a template first");
        let mut vars: Vec<(String, Jinja)> = self
            .named
            .iter()
            .map(|(name, text)| (name.clone(), Jinja::from(text.as_str())))
            .collect();
        vars.push(("messages".into(), conversation.messages.iter().map(message).collect()));
        vars.push(("tools".into(), conversation.tools.map_or(Jinja::from(()), value)));
        vars.push((
            "add_generation_prompt".into(),
            conversation.add_generation_prompt.into(),
        ));
        if let Some(kwargs) = conversation.kwargs.and_then(Value::as_object) {
            vars.extend(kwargs.iter().map(|(key, given)| (key.to_owned(), value(given))));
        }
        let template = environment.get_template("chat").expect("added when it was compiled");
        let context = Jinja::from(vars.into_iter().collect::<std::collections::BTreeMap<_, _>>());
        let text = template.render(context).map_err(|error| EncodeError {
            class: "TemplateError".into(),
            message: error.detail().unwrap_or("template failed").to_owned(),
            kind: EncodeErrorKind::Template,
        })?;
        rendered.generation.clear();
        rendered.text = text;
        Ok(())
    }
}

fn message(message: &Message<'_>) -> Jinja {
    match message {
        Message::Raw(raw) => value(raw),
        Message::Plain { role, content } => Jinja::from(std::collections::BTreeMap::from([
            ("role", Jinja::from(*role)),
            ("content", Jinja::from(*content)),
        ])),
    }
}

fn value(given: &Value<'_>) -> Jinja {
    match given {
        Value::Null => Jinja::from(()),
        Value::Bool(flag) => Jinja::from(*flag),
        Value::Int(number) => Jinja::from(*number),
        Value::UInt(number) => Jinja::from(*number),
        Value::Float(number) => Jinja::from(*number),
        Value::Str(text) => Jinja::from(text.as_ref()),
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Object(object) => Jinja::from(
            object
                .iter()
                .map(|(key, item)| (key.to_owned(), value(item)))
                .collect::<std::collections::BTreeMap<_, _>>(),
        ),
    }
}

fn environment(source: &str) -> Result<Environment<'static>, String> {
    let mut environment = Environment::new();
    let syntax = environment
        .syntax()
        .to_builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(false)
        .build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.set_fuel(Some(10_000_000));
    environment.add_test("iterable", |value: Jinja| {
        matches!(
            value.kind(),
            ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable
        )
    });
    environment
        .add_template_owned("chat", source.to_owned())
        .map_err(|error| error.to_string())?;
    Ok(environment)
}
