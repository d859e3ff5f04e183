//! The values of a config, each by its key: what was given, and else the program's default.

use serde_json::Value as Json;

use crate::model::config::{ConfigValue, Fault, FaultKind};
use crate::model::setup::{Origin, Setting};
use crate::rule::nearest;

use super::coerce::{Coercion, coerce};
use super::scalar::{Dialect, meant, resolve};
use super::schema::{Gone, Kinds, Schema};
use super::tree::{At, Node, Value};

/// A config at one version, being read.
pub(super) struct Reader<'c> {
    /// As it is shown.
    pub path: &'c str,
    pub root: &'c Node,
    pub schema: Schema,
    pub coercion: Coercion,
    pub dialect: Option<Dialect>,
    /// `trl 1.16.0`.
    pub label: String,
    /// `--set KEY=VALUE`, in order.
    pub set: &'c [(String, String)],
    pub faults: Vec<Fault>,
}

impl Reader<'_> {
    /// `axolotl.yaml:33`
    pub(super) fn place(&self, at: At) -> String {
        format!("{}:{}", self.path, at.line)
    }

    pub(super) fn fault(&mut self, kind: FaultKind, key: &str, at: At, message: String) {
        let at = self.place(at);
        self.faults.push(Fault {
            kind,
            key: key.to_owned(),
            at,
            message,
        });
    }

    /// Where the line of a key is, or of the value under a path.
    pub(super) fn at(&self, path: &str) -> Option<At> {
        match path.rsplit_once('.') {
            Some((before, key)) => {
                let outer = self.root.get(before)?;
                outer
                    .entry(key)
                    .map_or_else(|| self.root.get(path).map(|node| node.at), |entry| Some(entry.at))
            }
            None => self.root.entry(path).map(|entry| entry.at),
        }
    }

    /// A value that somebody gave, null included.
    pub(super) fn given(&self, key: &str) -> Option<Setting<Json>> {
        let kinds = self.schema.kinds(key);
        if let Some((_, text)) = self.set.iter().rev().find(|(name, _)| name == key) {
            return Some(Setting {
                value: typed(text, kinds),
                origin: Origin::Flag(format!("--set {key}")),
            });
        }
        let node = self.root.get(key)?;
        let at = self.at(key).unwrap_or(node.at);
        Some(Setting {
            value: coerce(node, kinds, self.coercion).unwrap_or_else(|| node.json()),
            origin: Origin::File(self.place(at)),
        })
    }

    /// The value in force. `None` where there is none, not even a default.
    pub(super) fn value(&self, key: &str) -> Option<Setting<Json>> {
        self.given(key).or_else(|| {
            let value = self.schema.field(key)?.default.clone()?;
            Some(Setting {
                value,
                origin: Origin::TrainerDefault(self.label.clone()),
            })
        })
    }

    /// The value in force, as a number, text or flag.
    pub(super) fn get<T: FromJson>(&self, key: &str) -> Option<Setting<T>> {
        let found = self.value(key)?;
        Some(Setting {
            value: T::from_json(&found.value)?,
            origin: found.origin,
        })
    }

    /// The first of some keys whose value is neither null nor empty.
    pub(super) fn first<T: FromJson>(&self, keys: &[&str]) -> Option<Setting<T>> {
        keys.iter().find_map(|key| self.get(key))
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value(key).is_some_and(|found| found.value == Json::Bool(true))
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.get::<String>(key).map(|found| found.value)
    }

    /// Every key that was given, then the defaults of some that were not.
    pub(super) fn values(&self, defaults: &[&str]) -> Vec<ConfigValue> {
        let mut values: Vec<ConfigValue> = Vec::new();
        for entry in self.root.entries() {
            flatten(self, &entry.key, &entry.value, &mut values);
        }
        for (key, _) in self.set {
            let Some(found) = self.given(key) else { continue };
            values.retain(|known| known.key != *key);
            values.push(ConfigValue {
                key: key.clone(),
                value: found.value,
                origin: found.origin,
            });
        }
        for key in defaults {
            if values.iter().any(|known| known.key == *key) {
                continue;
            }
            if let Some(found) = self.value(key) {
                values.push(ConfigValue {
                    key: (*key).to_owned(),
                    value: found.value,
                    origin: found.origin,
                });
            }
        }
        values
    }

    /// Looks at the keys of the top level: unknown ones, those of other versions, values of a wrong type.
    pub(super) fn check(&mut self, own: &[&str], aborts: &str) {
        let root = self.root;
        for entry in root.entries() {
            let key = entry.key.as_str();
            if own.contains(&key) {
                continue;
            }
            if let Some(field) = self.schema.field(key) {
                let kinds = field.kinds;
                self.check_value(key, &entry.value, kinds, entry.at);
                continue;
            }
            let label = self.label.clone();
            match self.schema.gone(key) {
                Some((library, Gone::Until(version))) => {
                    let message = format!(
                        "`{key}` is gone since {library} {version}; {label} {aborts}{}",
                        instead(key)
                    );
                    self.fault(FaultKind::RemovedKey, key, entry.at, message);
                }
                Some((library, Gone::Since(version))) => {
                    let message = format!("`{key}` came with {library} {version}; {label} {aborts}");
                    self.fault(FaultKind::RemovedKey, key, entry.at, message);
                }
                None => self.unknown(key, entry.at, aborts, own),
            }
        }
        for (key, _) in self.set {
            let top = key.split('.').next().unwrap_or_default();
            let known = own.contains(&top) || self.schema.field(top).is_some();
            if !known {
                let meant = self.meant(top, own);
                self.faults.push(Fault {
                    kind: FaultKind::UnknownKey,
                    key: key.clone(),
                    at: format!("--set {key}"),
                    message: format!("{} has no option `{top}`{meant}", self.label),
                });
            }
        }
    }

    pub(super) fn unknown(&mut self, key: &str, at: At, aborts: &str, own: &[&str]) {
        let meant = self.meant(key, own);
        let message = format!("{} has no key `{key}` and {aborts}{meant}", self.label);
        self.fault(FaultKind::UnknownKey, key, at, message);
    }

    fn meant(&self, key: &str, own: &[&str]) -> String {
        let own = nearest(key, own.iter().copied());
        let known = nearest(key, self.schema.keys());
        // Of two names as near, the schema's own is the likelier.
        match nearest(key, known.into_iter().chain(own)) {
            // Long names are near to many that mean something else.
            Some(meant) if strsim::normalized_damerau_levenshtein(key, meant) >= 0.7 => {
                format!(", did you mean `{meant}`?")
            }
            _ => String::new(),
        }
    }

    /// Looks at one value: what its type is to the program, and what the file's language made of it.
    pub(super) fn check_value(&mut self, key: &str, node: &Node, kinds: Kinds, at: At) {
        if let Some(message) = self.retyped(node, kinds) {
            self.fault(FaultKind::Retyped, key, node.at, format!("`{key}`: {message}"));
            return;
        }
        if coerce(node, kinds, self.coercion).is_none() {
            let shown = shown(node);
            let message = format!("`{key}` is {shown}, and {} takes {}", self.label, kinds.words());
            self.fault(FaultKind::WrongType, key, at, message);
            return;
        }
        if kinds.is_model() {
            return;
        }
        for entry in node.entries() {
            let inner = format!("{key}.{}", entry.key);
            self.check_value(&inner, &entry.value, Kinds::ANY, entry.at);
        }
        for (index, item) in node.items().iter().enumerate() {
            self.check_value(&format!("{key}.{index}"), item, Kinds::ANY, item.at);
        }
    }

    /// What YAML made of a plain word, where that is not what it looks like.
    fn retyped(&self, node: &Node, kinds: Kinds) -> Option<String> {
        let (plain, dialect) = (node.plain.as_deref()?, self.dialect?);
        let reader = match dialect {
            Dialect::PyYaml => "YAML 1.1",
            Dialect::OmegaConf => "OmegaConf",
        };
        match &node.value {
            #[expect(clippy::cast_precision_loss, reason = "compared as it would be read")]
            Value::Int(number)
                if meant(plain).map_or(plain.contains(':'), |meant| (meant - *number as f64).abs() >= 1.0) =>
            {
                Some(format!(
                    "{reader} reads `{plain}` as the number {number}; quote it, or write the number plainly"
                ))
            }
            Value::Float(number) if plain.contains(':') => {
                Some(format!("{reader} reads `{plain}` as the number {number}; quote it"))
            }
            Value::Bool(flag) if !kinds.takes_anything() && !kinds.has("bool") && kinds.has("str") => Some(format!(
                "{reader} reads `{plain}` as {flag}, not as a text; write \"{plain}\""
            )),
            Value::Date(_) if kinds.has("str") => Some(format!(
                "{reader} reads `{plain}` as a date, not as a text; write \"{plain}\""
            )),
            Value::Text(_) if plain == "None" && (kinds.has("none") || kinds.has_number()) => {
                Some(format!("`{plain}` is the text, not null; write `null`"))
            }
            // Where a number is wanted the program makes one of the text; below, nobody knows what is wanted.
            Value::Text(_) if kinds.takes_anything() && meant(plain).is_some() && looks_like_float(plain) => {
                let number = meant(plain).unwrap_or_default();
                let plainly = format!("{number:e}").replace('e', ".0e");
                let plainly = if plainly.contains("..") || number.fract() != 0.0 && !plain.contains(['e', 'E']) {
                    format!("{number}")
                } else {
                    plainly
                };
                Some(format!(
                    "`{plain}` is a text to {reader}, not a number: it has no point, or its exponent no sign; write `{}`",
                    with_sign(&plainly)
                ))
            }
            _ => None,
        }
    }
}

/// What stands in the place of a key that went.
fn instead(key: &str) -> &'static str {
    match key {
        "max_seq_length" => "; it is max_length now",
        "torch_dtype" => "; it is dtype now",
        "evaluation_strategy" => "; it is eval_strategy now",
        "warmup_ratio" => "; a warmup_steps below 1 is a share now",
        "max_prompt_length" => "; max_length cuts prompt and answer together",
        "use_liger" => "; it is use_liger_kernel now",
        "group_by_length" => "; it is train_sampling_strategy now",
        "tokenizer" => "; it is processing_class now",
        _ => "",
    }
}

/// Whether a text was meant as a float: it has an exponent.
fn looks_like_float(plain: &str) -> bool {
    plain.contains(['e', 'E']) && plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
}

/// The number with the sign of its exponent, which YAML 1.1 wants.
fn with_sign(number: &str) -> String {
    match number.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => number.to_owned(),
    }
}

/// A value in a message.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
        Value::Text(text) => format!("the text `{}`", crate::rule::clip(text).replace('`', "'")),
        _ => format!("`{}`", node.plain.as_deref().unwrap_or(&node.json().to_string())),
    }
}

/// Adds the values under a key, each by its own path; lists of plain values stay whole.
fn flatten(reader: &Reader<'_>, key: &str, node: &Node, values: &mut Vec<ConfigValue>) {
    let inner: Vec<(String, &Node)> = match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (format!("{key}.{}", entry.key), &entry.value))
            .collect(),
        Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))) => (0..)
            .zip(items)
            .map(|(at, item): (usize, _)| (format!("{key}.{at}"), item))
            .collect(),
        _ => Vec::new(),
    };
    if inner.is_empty() {
        if let Some(found) = reader.given(key) {
            values.push(ConfigValue {
                key: key.to_owned(),
                value: found.value,
                origin: found.origin,
            });
        }
        return;
    }
    for (key, node) in inner {
        flatten(reader, &key, node, values);
    }
}

/// A word of the command line, as the type that is wanted, else as YAML would read it.
fn typed(text: &str, kinds: Kinds) -> Json {
    if kinds.has("str") && !kinds.takes_anything() && !kinds.has_number() && !kinds.has("bool") && !kinds.has("list") {
        if matches!(text, "None" | "null") && kinds.has("none") {
            return Json::Null;
        }
        return text.into();
    }
    if text == "None" {
        return Json::Null;
    }
    if text.starts_with(['[', '{', '"']) {
        return serde_json::from_str(text).unwrap_or_else(|_| text.into());
    }
    match resolve(text, Dialect::OmegaConf) {
        Some(value) => Node {
            at: At::default(),
            value,
            plain: None,
        }
        .json(),
        None => text.into(),
    }
}

/// What a value may be wanted as.
pub(super) trait FromJson: Sized {
    fn from_json(value: &Json) -> Option<Self>;
}

impl FromJson for String {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

impl FromJson for bool {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_bool()
    }
}

impl FromJson for f64 {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
    }
}

impl FromJson for u64 {
    fn from_json(value: &Json) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and in range, as just checked"
        )]
        let whole = |number: f64| (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then_some(number as Self);
        value.as_u64().or_else(|| whole(f64::from_json(value)?))
    }
}

impl FromJson for usize {
    fn from_json(value: &Json) -> Option<Self> {
        u64::from_json(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl FromJson for serde_json::Map<String, Json> {
    fn from_json(value: &Json) -> Option<Self> {
        match value {
            Json::Object(map) => Some(map.clone()),
            // A dataclass takes JSON in a text too.
            Json::String(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }
}
