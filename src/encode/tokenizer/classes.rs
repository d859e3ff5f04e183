//! What the tokenizer classes of transformers do to the file they load, as data.
//!
//! Read from transformers 5.23.0 (`models/auto/tokenization_auto.py`, `tokenization_utils_tokenizers.py`,
//! `models/*/tokenization_*.py`) and 4.53.3 (`tokenization_utils_fast.py`, `models/*/tokenization_*_fast.py`),
//! and compared with both by running them. Class names stand here without their `Fast`.

use super::generation::Generation;

/// A class that does more than read the file.
#[derive(Debug)]
pub(super) struct Class {
    pub name: &'static str,
    /// Pads on the left unless told otherwise.
    pub pads_left: bool,
    /// Special tokens it has when the files name none.
    pub v4: Defaults,
    pub v5: Defaults,
    /// What transformers 4 puts in place of the file's post-processor: whether BOS and EOS are
    /// added when the config does not say. `None`: the file's stays.
    pub v4_adds: Option<(bool, bool)>,
    /// What transformers 5 puts in place of the file's normalizer and pre-tokenizer.
    pub rebuilt: Rebuilt,
}

/// `*_token` and its text.
pub(super) type Defaults = &'static [(&'static str, &'static str)];

/// How transformers 5 builds the pipeline of a class; the file's own is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebuilt {
    /// It is the file's.
    No,
    /// `Metaspace` in one piece, its prefix from `add_prefix_space` and `legacy`.
    Llama,
    /// Spaces become `▁`, and nothing else.
    Gemma,
    /// NFC, a split by this expression, bytes.
    Split(&'static str),
    /// GPT-2's own split; with NFC or without.
    Gpt2 { composed: bool },
    /// NFC, digits one by one, GPT-2's own split.
    Cohere,
}

const LLAMA: Defaults = &[("unk_token", "<unk>"), ("bos_token", "<s>"), ("eos_token", "</s>")];
const QWEN: Defaults = &[
    ("unk_token", "<|endoftext|>"),
    ("eos_token", "<|endoftext|>"),
    ("pad_token", "<|endoftext|>"),
];
const GPT2: Defaults = &[
    ("unk_token", "<|endoftext|>"),
    ("bos_token", "<|endoftext|>"),
    ("eos_token", "<|endoftext|>"),
];
const GEMMA: Defaults = &[
    ("unk_token", "<unk>"),
    ("bos_token", "<bos>"),
    ("eos_token", "<eos>"),
    ("pad_token", "<pad>"),
];
const GEMMA_5: Defaults = &[
    ("unk_token", "<unk>"),
    ("bos_token", "<bos>"),
    ("eos_token", "<eos>"),
    ("pad_token", "<pad>"),
    ("mask_token", "<mask>"),
];
const NEOX_5: Defaults = &[
    ("unk_token", "<|endoftext|>"),
    ("bos_token", "<|endoftext|>"),
    ("eos_token", "<|endoftext|>"),
    ("pad_token", "<|padding|>"),
];
const COHERE: Defaults = &[
    ("unk_token", "<UNK>"),
    ("bos_token", "<BOS_TOKEN>"),
    ("eos_token", "<|END_OF_TURN_TOKEN|>"),
];
const COHERE_5: Defaults = &[
    ("unk_token", "<UNK>"),
    ("bos_token", "<BOS_TOKEN>"),
    ("eos_token", "<|END_OF_TURN_TOKEN|>"),
    ("pad_token", "<PAD>"),
    ("cls_token", "<CLS>"),
    ("sep_token", "<SEP>"),
    ("mask_token", "<MASK_TOKEN>"),
];
const BERT: Defaults = &[
    ("unk_token", "[UNK]"),
    ("sep_token", "[SEP]"),
    ("pad_token", "[PAD]"),
    ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
];
const ROBERTA: Defaults = &[
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("sep_token", "</s>"),
    ("cls_token", "<s>"),
    ("unk_token", "<unk>"),
    ("pad_token", "<pad>"),
    ("mask_token", "<mask>"),
];
const T5: Defaults = &[("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>")];
const BLOOM: Defaults = &[
    ("unk_token", "<unk>"),
    ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("pad_token", "<pad>"),
];

const QWEN2_SPLIT: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN3_5_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const fn class(name: &'static str, v4: Defaults, v5: Defaults, rebuilt: Rebuilt) -> Class {
    Class {
        name,
        pads_left: false,
        v4,
        v5,
        v4_adds: None,
        rebuilt,
    }
}

const fn left(mut class: Class) -> Class {
    class.pads_left = true;
    class
}

const fn adds(mut class: Class, bos: bool) -> Class {
    class.v4_adds = Some((bos, false));
    class
}

/// The classes whose doings are reproduced.
pub(super) const CLASSES: &[Class] = &[
    adds(left(class("LlamaTokenizer", LLAMA, LLAMA, Rebuilt::Llama)), true),
    adds(left(class("GemmaTokenizer", GEMMA, GEMMA_5, Rebuilt::Gemma)), true),
    class("Qwen2Tokenizer", QWEN, QWEN, Rebuilt::Split(QWEN2_SPLIT)),
    class("Qwen3_5Tokenizer", &[], QWEN, Rebuilt::Split(QWEN3_5_SPLIT)),
    class("GPT2Tokenizer", GPT2, GPT2, Rebuilt::Gpt2 { composed: false }),
    adds(
        class("GPTNeoXTokenizer", GPT2, NEOX_5, Rebuilt::Gpt2 { composed: true }),
        false,
    ),
    adds(left(class("CohereTokenizer", COHERE, COHERE_5, Rebuilt::Cohere)), true),
    class("BloomTokenizer", BLOOM, &[], Rebuilt::No),
];

/// Classes which transformers 5 rebuilds in ways not reproduced here: the file is taken as it is.
/// Left out are those that load the file untouched.
pub(super) const NOT_REPRODUCED: &[(&str, Defaults)] = &[
    ("AlbertTokenizer", &[]),
    ("BarthezTokenizer", &[]),
    ("BertTokenizer", BERT),
    ("BigBirdTokenizer", &[]),
    ("BlenderbotTokenizer", &[]),
    ("CLIPTokenizer", &[]),
    ("CamembertTokenizer", &[]),
    ("CodeGenTokenizer", GPT2),
    ("CodeLlamaTokenizer", LLAMA),
    ("DebertaTokenizer", &[]),
    ("DebertaV2Tokenizer", &[]),
    ("DistilBertTokenizer", BERT),
    ("FunnelTokenizer", &[]),
    ("HerbertTokenizer", &[]),
    ("LayoutLMv2Tokenizer", BERT),
    ("LayoutLMv3Tokenizer", ROBERTA),
    ("LayoutXLMTokenizer", ROBERTA),
    ("LukeTokenizer", ROBERTA),
    ("MBart50Tokenizer", &[]),
    ("MBartTokenizer", &[]),
    ("MLukeTokenizer", &[]),
    ("MPNetTokenizer", &[]),
    ("MarkupLMTokenizer", ROBERTA),
    ("NllbTokenizer", &[]),
    ("NougatTokenizer", &[]),
    ("OpenAIGPTTokenizer", &[]),
    ("PegasusTokenizer", &[]),
    ("ReformerTokenizer", &[]),
    ("RemBertTokenizer", &[]),
    ("RoFormerTokenizer", BERT),
    ("RobertaTokenizer", ROBERTA),
    ("SeamlessM4TTokenizer", &[]),
    ("Siglip2Tokenizer", GEMMA_5),
    ("SplinterTokenizer", BERT),
    ("T5Tokenizer", T5),
    ("UdopTokenizer", &[]),
    ("WhisperTokenizer", GPT2),
    ("XGLMTokenizer", &[]),
    ("XLMRobertaTokenizer", ROBERTA),
    ("XLNetTokenizer", &[]),
];

/// The class a model type is registered with; `None` of a known type is `TokenizersBackend`, which
/// takes the file as it is. Types not listed have no class of their own.
pub(super) fn registered(model_type: &str, generation: Generation) -> Option<Option<&'static str>> {
    let table = match generation {
        Generation::V4 => REGISTERED_4,
        Generation::V5 => REGISTERED_5,
    };
    table
        .iter()
        .find(|(_, types)| types.split(' ').any(|name| name == model_type))
        .map(|(class, _)| *class)
}

/// Classes and the model types they are registered for, the types with a space between.
type Registered = &'static [(Option<&'static str>, &'static str)];

const REGISTERED_5: Registered = &[
    (Some("LlamaTokenizer"), "idefics idefics2"),
    (Some("CodeLlamaTokenizer"), "code_llama"),
    (
        Some("GemmaTokenizer"),
        "gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 t5gemma zaya",
    ),
    (
        Some("Qwen2Tokenizer"),
        "colqwen2 hunyuan_vl internvl ovis2 qwen2 qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl \
         qwen3 qwen3_moe qwen3_next qwen3_omni_moe qwen3_vl qwen3_vl_moe",
    ),
    (
        Some("Qwen3_5Tokenizer"),
        "qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen4_exp",
    ),
    (
        Some("GPT2Tokenizer"),
        "codegen dbrx emu3 gpt2 gpt_neo gptj hyperclovax_vision_v2 jais2 opt phi starcoder2",
    ),
    (
        Some("GPTNeoXTokenizer"),
        "falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm",
    ),
    (Some("CohereTokenizer"), "aya_vision cohere cohere2"),
    (Some("AlbertTokenizer"), "albert yoso"),
    (
        Some("BertTokenizer"),
        "bert convbert distilbert electra ernie layoutlm megatron-bert nezha nomic_bert qdqbert realm retribert squeezebert",
    ),
    (Some("BigBirdTokenizer"), "big_bird"),
    (Some("BlenderbotTokenizer"), "blenderbot"),
    (Some("CLIPTokenizer"), "clip"),
    (Some("CamembertTokenizer"), "camembert"),
    (Some("DebertaTokenizer"), "deberta"),
    (Some("DebertaV2Tokenizer"), "deberta-v2"),
    (Some("FunnelTokenizer"), "funnel"),
    (Some("HerbertTokenizer"), "herbert"),
    (Some("MBart50Tokenizer"), "mbart50"),
    (Some("MBartTokenizer"), "mbart"),
    (Some("MPNetTokenizer"), "mpnet"),
    (Some("NllbTokenizer"), "nllb nllb-moe"),
    (Some("OpenAIGPTTokenizer"), "openai-gpt"),
    (Some("PegasusTokenizer"), "pegasus"),
    (Some("ReformerTokenizer"), "reformer"),
    (Some("RemBertTokenizer"), "rembert"),
    (Some("RoFormerTokenizer"), "roformer"),
    (
        Some("RobertaTokenizer"),
        "bart data2vec-text ibert lilt longformer mega mra roberta roberta-prelayernorm",
    ),
    (Some("SplinterTokenizer"), "splinter"),
    (Some("T5Tokenizer"), "mt5 switch_transformers t5"),
    (Some("WhisperTokenizer"), "whisper"),
    (Some("XGLMTokenizer"), "xglm"),
    (
        Some("XLMRobertaTokenizer"),
        "gte jina_embeddings_v3 trocr xlm-roberta xmod",
    ),
    (Some("XLNetTokenizer"), "xlnet"),
    (
        None,
        "arctic aria chatlm ernie4_5 ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe glm4_moe_lite glm4v \
         glm4v_moe gpt_bigcode granite granitemoe granitemoehybrid granitemoeshared h2ovl_chat hyperclovax \
         hyperclovax_vlm internlm2 internlm3 iquestcoder jamba kimi_k25 kimi_linear llava llava_next \
         mimo_v2_flash minicpm3 minicpmv minimax_m2 ministral ministral3 mistral mistral3 mistral_large4 \
         mixtral modernbert modernbert-decoder molmo molmo2 nemotron nvfp4 olmo2 olmo3 olmo_hybrid opencua \
         openvla paddleocr_vl persimmon phi3 phi3_v phimoe pixtral smolvlm stablelm step3_vl vipllava voxtral",
    ),
];

const REGISTERED_4: Registered = &[
    (
        Some("LlamaTokenizer"),
        "arcee aria chameleon deepseek_v3 diffllama idefics idefics2 idefics3 jamba jetmoe llama llama4 \
         llama4_text llava llava_next mistral mixtral mllama paligemma persimmon phi3 phimoe vipllava zamba \
         zamba2",
    ),
    (Some("CohereTokenizer"), "aya_vision cohere cohere2"),
    (Some("CodeLlamaTokenizer"), "code_llama"),
    (
        Some("GPTNeoXTokenizer"),
        "falcon_mamba gpt_neox mamba mamba2 mpt olmo olmo2 olmoe rwkv stablelm",
    ),
    (
        Some("GemmaTokenizer"),
        "gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 siglip2 t5gemma",
    ),
    (
        Some("Qwen2Tokenizer"),
        "qwen2 qwen2_moe qwen2_vl qwen2_5_vl qwen2_audio qwen3 qwen3_moe",
    ),
    (
        Some("GPT2Tokenizer"),
        "dbrx gpt2 gpt_bigcode gpt_neo gptj opt starcoder2",
    ),
];

/// Model types whose registered class wins over the one the folder names (transformers 5), with a
/// space between.
pub(super) const FOLDER_CLASS_IS_WRONG: &str =
    "hyperclovax_vision_v2 qwen2 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp siglip2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_and_type_stands_once() {
        let mut names: Vec<&str> = CLASSES.iter().map(|class| class.name).collect();
        names.extend(NOT_REPRODUCED.iter().map(|(name, _)| name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for table in [REGISTERED_4, REGISTERED_5] {
            let mut types: Vec<&str> = table.iter().flat_map(|(_, types)| types.split(' ')).collect();
            let all = types.len();
            types.sort_unstable();
            types.dedup();
            assert_eq!(types.len(), all);
        }
    }

    #[test]
    fn registered_classes_are_known() {
        for (class, _) in REGISTERED_4.iter().chain(REGISTERED_5) {
            let known = |name: &str| {
                CLASSES.iter().any(|class| class.name == name) || NOT_REPRODUCED.iter().any(|(class, _)| *class == name)
            };
            assert!(class.is_none_or(known), "{class:?}");
        }
    }
}
