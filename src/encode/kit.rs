//! The tokenizer and the templates of a run, as trainers use them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Map;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::encoded::{EncodeError, EncodeErrorKind};
use crate::model::setup::{Special, TokenizerFacts};
use crate::model::value::{Object, Value};

use super::kept::Kept;
use super::template::select::Templates;
use super::template::{Clock, ErrorKind, Preparation, Rendered, Setup, Template, TemplateError, Vars};
use super::tokenizer::{AddedToken, Detail, Facts, Folder, Generation, LoadError, Seen, Side, Tokenizer, Tokens};

pub use super::chat::Chat;
pub use super::template::Message;

/// What to load.
#[derive(Clone, Debug)]
pub struct Load<'l> {
    /// A model's folder, or a `tokenizer.json`.
    pub path: &'l Path,
    /// The id it was asked for by, if it was.
    pub hub_id: Option<&'l str>,
    /// A template that stands in for the model's own.
    pub chat_template: Option<String>,
    pub generation: Generation,
    pub clock: Clock,
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    #[error(transparent)]
    Tokenizer(#[from] LoadError),
    #[error(transparent)]
    Templates(#[from] super::template::select::ReadError),
}

/// Tokenizer and templates, loaded.
pub struct Kit {
    tokenizer: Tokenizer,
    templates: Templates,
    /// For conversations without tools, and with; compiled once.
    default: Option<Result<Template, TemplateError>>,
    tool_use: Option<Result<Template, TemplateError>>,
    preparation: Preparation,
    setup: Setup,
    origin: Origin,
    /// Texts that both engines encoded, where they are compared.
    verified: Option<Verified>,
    /// Tokens of an earlier run, or for the next.
    kept: Kept,
}

/// What a tokenizer was loaded from.
#[derive(Clone)]
struct Origin {
    path: PathBuf,
    hub_id: Option<String>,
    keywords: Map<String, serde_json::Value>,
}

/// A conversation to be rendered.
#[derive(Clone, Copy)]
pub struct Conversation<'c> {
    pub messages: &'c [Message<'c>],
    /// The `tools` column; an empty list counts as tools.
    pub tools: Option<&'c Value<'c>>,
    /// `chat_template_kwargs` of the row.
    pub kwargs: Option<&'c Value<'c>>,
    pub add_generation_prompt: bool,
}

/// How many texts both engines encoded alike, and how many they did not.
#[derive(Debug, Default)]
struct Verified {
    alike: AtomicU64,
    otherwise: AtomicU64,
}

impl Kit {
    /// # Errors
    ///
    /// If the tokenizer or a template file cannot be read. A template that does not compile is said
    /// when it is used, since not every set needs one.
    pub fn load(load: Load<'_>) -> Result<Self, KitError> {
        Self::load_with(load, Map::new())
    }

    /// The same with keywords, as `from_pretrained(path, padding_side="left")` takes them: each stands in
    /// for what `tokenizer_config.json` says.
    ///
    /// # Errors
    ///
    /// As [`Kit::load`].
    pub fn load_with(load: Load<'_>, keywords: Map<String, serde_json::Value>) -> Result<Self, KitError> {
        let mut folder = Folder::read(load.path)?;
        folder.ask(keywords.clone());
        let beside = if load.path.is_dir() {
            load.path
        } else {
            load.path.parent().unwrap_or(Path::new(""))
        };
        let mut tokenizer = Tokenizer::from_folder(folder, load.hub_id, load.generation, &[])?;
        let own = Templates::from_folder(beside);
        tokenizer.facts.template_has_bos = own.as_ref().is_ok_and(|own| writes_bos(own, &tokenizer.facts));
        tokenizer.facts.template_marks = own.as_ref().map_or_else(|_| Vec::new(), Templates::marks);
        let templates = match load.chat_template {
            Some(source) => Templates::single(source),
            None => own?,
        };
        let origin = Origin {
            path: load.path.to_owned(),
            hub_id: load.hub_id.map(str::to_owned),
            keywords,
        };
        Ok(Self::of(tokenizer, templates, load.clock, origin, Kept::default()))
    }

    fn of(tokenizer: Tokenizer, templates: Templates, clock: Clock, origin: Origin, kept: Kept) -> Self {
        let preparation = match tokenizer.facts.generation {
            Generation::V4 => Preparation::Transformers4,
            Generation::V5 => Preparation::Transformers5,
        };
        let setup = Setup {
            special_tokens: Vec::new(),
            kwargs: Object::new(),
            clock,
        };
        let mut kit = Self {
            default: None,
            tool_use: None,
            tokenizer,
            templates,
            preparation,
            setup,
            origin,
            verified: None,
            kept,
        };
        kit.compile_own();
        kit
    }

    /// The same with more tokens, one call of `add_tokens` after the other. The tokenizer is loaded
    /// once more.
    ///
    /// # Errors
    ///
    /// As [`Kit::load`].
    pub fn with_tokens(&self, calls: &[Vec<AddedToken>]) -> Result<Self, KitError> {
        let mut folder = Folder::read(&self.origin.path)?;
        folder.ask(self.origin.keywords.clone());
        let hub_id = self.origin.hub_id.as_deref();
        let tokenizer = Tokenizer::from_folder(folder, hub_id, self.facts().generation, calls)?;
        let (templates, clock) = (self.templates.clone(), self.setup.clock);
        let kept = if calls.is_empty() {
            self.kept.clone()
        } else {
            self.kept.apart(xxh3_64(format!("{calls:?}").as_bytes()))
        };
        Ok(Self::of(tokenizer, templates, clock, self.origin.clone(), kept))
    }

    /// The same with another token under a name (`eos_token`), which templates see too. The tokenizer is
    /// loaded once more.
    ///
    /// # Errors
    ///
    /// As [`Kit::load`].
    pub fn with_named(&self, name: &str, text: &str) -> Result<Self, KitError> {
        let mut made = self.with_tokens(&[])?;
        made.tokenizer.facts = self.tokenizer.facts.clone();
        made.set_token(name, text);
        Ok(made)
    }

    /// Compiles the tokenizer's templates, which know its named tokens.
    fn compile_own(&mut self) {
        let named = self
            .facts()
            .named
            .iter()
            .map(|(name, token)| (name.clone(), token.text.clone()));
        self.setup.special_tokens = named.collect();
        let compile = |has_tools| {
            let source = self.templates.choose(None, has_tools).ok()?;
            Some(Template::compile(source, &self.setup))
        };
        (self.default, self.tool_use) = (compile(false), compile(true));
    }

    /// Names a token (`pad_token`), as `tokenizer.pad_token = …` does after loading. The vocabulary
    /// stays as it is.
    pub fn set_token(&mut self, name: &str, text: &str) {
        let token = Special {
            text: text.to_owned(),
            id: self.id_or_unknown(text),
        };
        let named = &mut self.tokenizer.facts.named;
        match named.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = token,
            None => named.push((name.to_owned(), token)),
        }
        self.compile_own();
    }

    /// Puts another template in place of the tokenizer's own, as `tokenizer.chat_template = …` does.
    pub fn set_template(&mut self, source: impl Into<String>) {
        self.templates = Templates::single(source);
        self.compile_own();
    }

    /// Sets the side batches are padded on, as `tokenizer.padding_side = …` does.
    pub fn set_padding_side(&mut self, side: Side) {
        self.tokenizer.facts.padding_side = side;
    }

    /// What time templates are told it is.
    pub fn clock(&self) -> Clock {
        self.setup.clock
    }

    pub fn facts(&self) -> &Facts {
        &self.tokenizer.facts
    }

    pub fn for_rules(&self) -> TokenizerFacts {
        self.tokenizer.facts.for_rules()
    }

    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// From now on every text is encoded by both engines, and one they differ on is an error.
    pub fn verify(&mut self) {
        self.verified = Some(Verified::default());
    }

    /// Texts that both engines encoded alike, and those they did not; `None` where they are not compared.
    pub fn verified(&self) -> Option<(u64, u64)> {
        let Verified { alike, otherwise } = self.verified.as_ref()?;
        Some((alike.load(Ordering::Relaxed), otherwise.load(Ordering::Relaxed)))
    }

    /// Why conversations cannot be rendered as transformers would, if that is so for all of them.
    pub fn not_reproduced(&self) -> Option<&TemplateError> {
        let error = self.default.as_ref()?.as_ref().err()?;
        matches!(error.kind, ErrorKind::Unsupported).then_some(error)
    }

    pub fn has_template(&self) -> bool {
        !self.templates.is_empty()
    }

    /// Whether there is one chat template without a name, as opposed to several by name.
    pub fn has_single_template(&self) -> bool {
        self.templates.is_single()
    }

    /// `tokenizer.decode(ids)`, special tokens included.
    ///
    /// # Errors
    ///
    /// If the library fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, EncodeError> {
        self.tokenizer.decode(ids).map_err(|error| tokenizer_failed(&error))
    }

    /// Whether the tokenizer has several templates by name.
    pub fn has_named_templates(&self) -> bool {
        self.templates.are_named()
    }

    /// What the model was asked for by: its id, or its path.
    pub fn name_or_path(&self) -> Cow<'_, str> {
        let hub_id = self.origin.hub_id.as_deref();
        hub_id.map_or_else(|| self.origin.path.to_string_lossy(), Cow::Borrowed)
    }

    /// The folder it was loaded from, or its `tokenizer.json`.
    pub fn path(&self) -> &Path {
        &self.origin.path
    }

    /// The source of the template a conversation is rendered with.
    pub fn template_source(&self, has_tools: bool) -> Option<&str> {
        self.templates.choose(None, has_tools).ok()
    }

    /// The text of a named token (`eos_token`).
    pub fn text_of(&self, name: &str) -> Option<String> {
        self.facts().token(name).map(|token| token.text.clone())
    }

    /// The id of a token, by its text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.tokenizer.id_of(token)
    }

    /// `convert_tokens_to_ids`: the id of a token, or that of the unknown token where there is one.
    pub fn id_or_unknown(&self, token: &str) -> Option<u32> {
        let unknown = || self.facts().token("unk_token").and_then(|token| token.id);
        self.id_of(token).or_else(unknown)
    }

    /// Compiles another template for this tokenizer.
    ///
    /// # Errors
    ///
    /// If it does not compile.
    pub fn compile(&self, source: &str) -> Result<Template, EncodeError> {
        Template::compile(source, &self.setup).map_err(|error| failed(&error))
    }

    /// Encodes a text. `special` lets the tokenizer add its own tokens, as `tokenizer(text)` does.
    ///
    /// # Errors
    ///
    /// If the tokenizer fails on the text.
    pub fn encode(&self, text: &str, special: bool, detail: Detail, tokens: &mut Tokens) -> Result<(), EncodeError> {
        if let Some(verified) = &self.verified {
            self.compare(text, special, verified)?;
        }
        let encode = |tokens: &mut Tokens| self.tokenizer.encode(text, special, detail, tokens);
        let encoded = self.kept.tokens((text, special, detail), tokens, encode);
        encoded.map_err(|error| tokenizer_failed(&error))
    }

    /// Where tokens are kept from run to run.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Counts a text by whether both engines encode it alike.
    fn compare(&self, text: &str, special: bool, verified: &Verified) -> Result<(), EncodeError> {
        let difference = self
            .tokenizer
            .verify(text, special)
            .map_err(|error| tokenizer_failed(&error))?;
        let Some(difference) = difference else {
            verified.alike.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        verified.otherwise.fetch_add(1, Ordering::Relaxed);
        let seen = |seen: Option<Seen>| {
            seen.map_or("no token".to_owned(), |seen| {
                format!("id {} for bytes {}..{}", seen.id, seen.offset.0, seen.offset.1)
            })
        };
        Err(EncodeError {
            class: "engines differ".to_owned(),
            message: format!(
                "token {} at byte {} is {} for the fast engine and {} for the reference: a fault of this program, \
                 please report it",
                difference.token,
                difference.at,
                seen(difference.fast),
                seen(difference.reference)
            ),
            kind: EncodeErrorKind::Unsupported,
        })
    }

    /// Renders a conversation by the model's template, or by another.
    ///
    /// # Errors
    ///
    /// If there is no template, or it raises.
    pub fn render(
        &self,
        template: Option<&Template>,
        conversation: Conversation<'_>,
        rendered: &mut Rendered,
    ) -> Result<(), EncodeError> {
        let template = match template {
            Some(template) => template,
            None => self.template(conversation.tools.is_some())?,
        };
        let vars = Vars {
            tools: conversation.tools,
            kwargs: conversation.kwargs.and_then(Value::as_object),
            add_generation_prompt: conversation.add_generation_prompt,
            ..Vars::new(conversation.messages)
        };
        self.render_vars(template, vars, rendered)
    }

    /// Renders by a template with all that `apply_chat_template` can pass to one. Messages are prepared
    /// as this tokenizer's generation of transformers does, whatever `vars` says.
    ///
    /// # Errors
    ///
    /// If the template raises.
    pub fn render_vars(&self, template: &Template, vars: Vars<'_>, rendered: &mut Rendered) -> Result<(), EncodeError> {
        let vars = Vars {
            preparation: self.preparation,
            ..vars
        };
        template.render(&vars, rendered).map_err(|error| failed(&error))
    }

    /// The tokenizer's own template for a conversation with tools, or without.
    ///
    /// # Errors
    ///
    /// If there is none, or it does not compile.
    pub fn template(&self, has_tools: bool) -> Result<&Template, EncodeError> {
        let own = if has_tools { &self.tool_use } else { &self.default };
        match own {
            Some(Ok(template)) => Ok(template),
            Some(Err(error)) => Err(failed(error)),
            None => {
                let chosen = self.templates.choose(None, has_tools);
                let message = chosen.err().map_or_else(String::new, |error| error.to_string());
                Err(EncodeError {
                    class: "ValueError".to_owned(),
                    message,
                    kind: EncodeErrorKind::Trainer,
                })
            }
        }
    }

    /// A failure of a template as an error of the row.
    pub fn template_failed(error: &TemplateError) -> EncodeError {
        failed(error)
    }

    /// The source of the template that `chat_template=given` stands for: one of the tokenizer's
    /// several by its name, or `given` itself.
    pub fn template_given<'k>(&'k self, given: &'k str) -> &'k str {
        self.templates.choose(Some(given), false).unwrap_or(given)
    }
}

/// Whether the template begins conversations with the BOS; where it cannot be asked, whether it names it or writes its
/// text.
fn writes_bos(templates: &Templates, facts: &Facts) -> bool {
    let source = templates.choose(None, false).unwrap_or_default();
    let text = facts.token("bos_token").map(|token| token.text.as_str());
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return source.contains("bos_token");
    };
    let named = facts.named.iter();
    let setup = Setup {
        special_tokens: named.map(|(name, token)| (name.clone(), token.text.clone())).collect(),
        ..Setup::default()
    };
    let said = ["user", "assistant"].map(|role| Message::Said {
        role,
        content: "a text",
    });
    let mut rendered = Rendered::default();
    let asked = Template::compile(source, &setup).and_then(|own| own.render(&Vars::new(&said), &mut rendered));
    if asked.is_ok() {
        rendered.text.trim_start().starts_with(text)
    } else {
        source.contains("bos_token") || source.contains(text)
    }
}

fn tokenizer_failed(error: &super::tokenizer::EncodeError) -> EncodeError {
    EncodeError {
        class: "TokenizerError".to_owned(),
        message: error.to_string(),
        kind: EncodeErrorKind::Trainer,
    }
}

fn failed(error: &TemplateError) -> EncodeError {
    let line = error
        .line
        .map_or(String::new(), |line| format!(" (line {line} of the template)"));
    let kind = match error.kind {
        ErrorKind::Raised | ErrorKind::Python(_) => EncodeErrorKind::Template,
        ErrorKind::Unsupported | ErrorKind::OutOfFuel => EncodeErrorKind::Unsupported,
    };
    let class = error.python_class().unwrap_or("template not checkable");
    EncodeError {
        class: class.to_owned(),
        message: format!("{}{line}", error.message),
        kind,
    }
}
