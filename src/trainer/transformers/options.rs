//! The collators by their names and arguments.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::model::encoded::EncodeError;
use crate::trainer::failure::{raises, unsupported};

use super::collate::Collator;
use super::flatten::Flattening;
use super::pad::{Pad, Padding};
use super::tokenize;
use super::versions::Features;

/// What a training script chooses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    pub collator: CollatorClass,
    /// Arguments of the collator, under their names.
    pub collator_args: Map<String, Json>,
    /// How rows are tokenised; by their columns where it is not said.
    pub tokenize: Option<tokenize::Options>,
    /// Tokens a row is cut to (`truncation=True, max_length=…`) where `tokenize` is not said.
    pub max_length: Option<usize>,
}

/// A collator's class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum CollatorClass {
    #[default]
    #[serde(rename = "lm", alias = "DataCollatorForLanguageModeling")]
    Language,
    #[serde(rename = "seq2seq", alias = "DataCollatorForSeq2Seq")]
    Seq2Seq,
    #[serde(rename = "flattening", alias = "DataCollatorWithFlattening")]
    Flattening,
    #[serde(rename = "padding", alias = "DataCollatorWithPadding")]
    Padding,
    #[serde(rename = "default", alias = "default_data_collator")]
    Default,
}

/// The arguments given, read one by one; what is left is no argument of the collator.
struct Arguments<'a> {
    given: &'a Map<String, Json>,
    known: Vec<&'static str>,
}

impl<'a> Arguments<'a> {
    fn get(&mut self, name: &'static str) -> Option<&'a Json> {
        self.known.push(name);
        self.given.get(name)
    }

    fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, EncodeError> {
        match self.get(name) {
            None => Ok(default),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(other) => Err(unsupported(format!("{name}={other}"))),
        }
    }

    fn size(&mut self, name: &'static str) -> Result<Option<usize>, EncodeError> {
        match self.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => match value.as_u64().and_then(|size| usize::try_from(size).ok()) {
                Some(size) => Ok(Some(size)),
                None => Err(unsupported(format!("{name}={value}"))),
            },
        }
    }

    fn integer(&mut self, name: &'static str, default: i64) -> Result<i64, EncodeError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => value.as_i64().ok_or_else(|| unsupported(format!("{name}={value}"))),
        }
    }

    fn share(&mut self, name: &'static str, default: f64) -> Result<f64, EncodeError> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => match value.as_f64() {
                Some(share) => Ok(share),
                None => Err(raises("TypeError", format!("{name}={value} is no number"))),
            },
        }
    }

    fn pad(&mut self) -> Result<Pad, EncodeError> {
        let padding = self.get("padding").map_or(Ok(Padding::Longest), Padding::read)?;
        Ok(Pad {
            padding,
            max_length: self.size("max_length")?,
            multiple: self.size("pad_to_multiple_of")?,
        })
    }

    /// Whether the batch is made of NumPy's arrays.
    fn numpy(&mut self, range: &Features) -> Result<bool, EncodeError> {
        match self.get("return_tensors") {
            None => Ok(false),
            Some(Json::String(name)) if name == "pt" => Ok(false),
            Some(Json::String(name)) if name == "np" => Ok(true),
            Some(Json::String(name)) if name == "tf" && range.tensorflow => Err(unsupported("return_tensors=tf")),
            Some(other) => Err(raises("ValueError", format!("framework {other} not recognized"))),
        }
    }

    /// As Python refuses a keyword that a function does not have.
    fn done(self, class: &str) -> Result<(), EncodeError> {
        match self.given.keys().find(|name| !self.known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(raises(
                "TypeError",
                format!("{class}() got an unexpected keyword argument '{name}'"),
            )),
        }
    }
}

impl Collator {
    /// The collator that a class and its arguments make. `mlm` is false where it is not said, which
    /// is not the class's own default: a causal model is trained with nothing else.
    ///
    /// # Errors
    ///
    /// What the class raises, and what is not reproduced.
    pub fn new(kind: CollatorClass, arguments: &Map<String, Json>, range: &Features) -> Result<Self, EncodeError> {
        let mut given = Arguments {
            given: arguments,
            known: Vec::new(),
        };
        match kind {
            CollatorClass::Language => language(given, range),
            CollatorClass::Seq2Seq => {
                let pad = given.pad()?;
                let label_pad = given.integer("label_pad_token_id", -100)?;
                given.numpy(range)?;
                if given.get("model").is_some_and(|model| !model.is_null()) {
                    return Err(unsupported("a model that makes decoder_input_ids of labels"));
                }
                given.done("DataCollatorForSeq2Seq")?;
                Ok(Self::Seq2Seq { pad, label_pad })
            }
            CollatorClass::Padding => {
                let pad = given.pad()?;
                given.numpy(range)?;
                given.done("DataCollatorWithPadding")?;
                Ok(Self::Padding(pad))
            }
            CollatorClass::Flattening => {
                let usual = Flattening::default();
                let flattening = Flattening {
                    return_position_ids: given.flag("return_position_ids", true)?,
                    separator_id: given.integer("separator_id", usual.separator_id)?,
                    return_flash_attn_kwargs: given.flag("return_flash_attn_kwargs", false)?,
                    return_seq_idx: given.flag("return_seq_idx", false)?,
                    position_ids_start: if range.position_ids_start {
                        given.integer("position_ids_start", 0)?
                    } else {
                        0
                    },
                };
                given.numpy(range)?;
                given.done("DataCollatorWithFlattening")?;
                Ok(Self::Flattening(flattening))
            }
            CollatorClass::Default => {
                given.numpy(range)?;
                given.done("default_data_collator")?;
                Ok(Self::Default)
            }
        }
    }
}

/// `DataCollatorForLanguageModeling.__post_init__`.
fn language(mut given: Arguments<'_>, range: &Features) -> Result<Collator, EncodeError> {
    if given.flag("mlm", false)? {
        return Err(unsupported(
            "DataCollatorForLanguageModeling(mlm=True): which tokens it masks is drawn at random",
        ));
    }
    let whole_words = range.whole_word_mask && given.flag("whole_word_mask", false)?;
    let replaced = given.share("mask_replace_prob", 0.8)?;
    let random = given.share("random_replace_prob", 0.1)?;
    let multiple = given.size("pad_to_multiple_of")?;
    // These are for masked language modelling alone.
    given.get("mlm_probability");
    given.get("seed");
    let compiled = range.tensorflow && given.flag("tf_experimental_compile", false)?;
    let numpy = given.numpy(range)?;
    given.done("DataCollatorForLanguageModeling")?;
    if compiled {
        return Err(unsupported("tf_experimental_compile"));
    }
    if whole_words {
        return Err(raises(
            "ValueError",
            "whole word masking can only be used with mlm=True",
        ));
    }
    if replaced + random > 1.0 {
        return Err(raises(
            "ValueError",
            "the sum of mask_replace_prob and random_replace_prob should not exceed 1",
        ));
    }
    for (name, share) in [("mask_replace_prob", replaced), ("random_replace_prob", random)] {
        if !(0.0..=1.0).contains(&share) {
            return Err(raises("ValueError", format!("{name} should be between 0 and 1")));
        }
    }
    Ok(Collator::Language { multiple, numpy })
}
