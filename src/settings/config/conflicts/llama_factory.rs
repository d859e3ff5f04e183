//! LLaMA-Factory 0.9.5: `hparams/parser.py` (`get_train_args`, `_verify_model_args`), and the `__post_init__` of
//! `data_args.py` and `finetuning_args.py`.

use super::When::{Above, Among, AtMost, Not, NotAmong, Off, On, Set, Starts, Unset};
use super::{Conflict, Reader, check, fault, in_force};

/// Less than this is no validation set.
const NONE: f64 = 1e-6;

const TABLE: &[Conflict] = &[
    Conflict {
        when: &[Not("stage", "sft"), On("predict_with_generate")],
        says: "`predict_with_generate` cannot be set as True except SFT",
    },
    Conflict {
        when: &[Not("stage", "sft"), On("neat_packing")],
        says: "`neat_packing` cannot be set as True except SFT",
    },
    Conflict {
        when: &[Not("stage", "sft"), On("train_on_prompt")],
        says: "`train_on_prompt` cannot be set as True except SFT",
    },
    Conflict {
        when: &[Not("stage", "sft"), On("mask_history")],
        says: "`mask_history` cannot be set as True except SFT",
    },
    Conflict {
        when: &[Among("stage", &["sft"]), Off("predict_with_generate"), On("do_predict")],
        says: "`predict_with_generate` must be on to save model predictions",
    },
    Conflict {
        when: &[Among("stage", &["rm", "ppo"]), On("load_best_model_at_end")],
        says: "RM and PPO stages do not support `load_best_model_at_end`",
    },
    Conflict {
        when: &[Among("stage", &["ppo"]), Off("do_train")],
        says: "PPO training does not support evaluation",
    },
    Conflict {
        when: &[Among("stage", &["ppo"]), Unset("reward_model")],
        says: "`reward_model` is necessary for PPO training",
    },
    Conflict {
        when: &[AtMost("max_steps", 0.0), On("streaming")],
        says: "`max_steps` must be specified in streaming mode",
    },
    Conflict {
        when: &[On("do_train"), Unset("dataset")],
        says: "a dataset must be specified for training",
    },
    Conflict {
        when: &[Unset("eval_dataset"), AtMost("val_size", NONE), On("do_eval")],
        says: "do_eval needs an eval_dataset or a val_size above 1e-6",
    },
    Conflict {
        when: &[Unset("eval_dataset"), AtMost("val_size", NONE), On("do_predict")],
        says: "do_predict needs an eval_dataset or a val_size above 1e-6",
    },
    Conflict {
        when: &[
            Unset("eval_dataset"),
            AtMost("val_size", NONE),
            Set("eval_strategy"),
            Not("eval_strategy", "no"),
        ],
        says: "an eval_strategy turns do_eval on, which needs an eval_dataset or a val_size above 1e-6",
    },
    Conflict {
        when: &[
            Unset("eval_dataset"),
            AtMost("val_size", NONE),
            On("predict_with_generate"),
        ],
        says: "predict_with_generate needs an eval_dataset or a val_size above 1e-6",
    },
    Conflict {
        when: &[
            Among("stage", &["dpo"]),
            NotAmong("pref_loss", &["orpo", "simpo"]),
            On("pissa_init"),
        ],
        says: "PiSSA cannot be used for the stage",
    },
    Conflict {
        when: &[On("predict_with_generate"), On("compute_accuracy")],
        says: "`predict_with_generate` and `compute_accuracy` cannot be used together",
    },
    Conflict {
        when: &[On("do_train"), Starts("quantization_device_map", "auto")],
        says: "a device map cannot be used for quantized models in training",
    },
    Conflict {
        when: &[Set("deepspeed"), On("use_galore")],
        says: "GaLore is incompatible with DeepSpeed",
    },
    Conflict {
        when: &[Set("deepspeed"), On("use_apollo")],
        says: "APOLLO is incompatible with DeepSpeed",
    },
    Conflict {
        when: &[On("fp8"), Set("quantization_bit")],
        says: "FP8 training is not compatible with quantization",
    },
    Conflict {
        when: &[Set("infer_backend"), NotAmong("infer_backend", &["huggingface"])],
        says: "the vLLM and SGLang backends are only for API, CLI and Web",
    },
    Conflict {
        when: &[Not("finetuning_type", "lora"), Set("adapter_name_or_path")],
        says: "an adapter is only valid for the LoRA method",
    },
    Conflict {
        when: &[NotAmong("finetuning_type", &["lora", "oft"]), Set("quantization_bit")],
        says: "quantization is only compatible with the LoRA or OFT method",
    },
    Conflict {
        when: &[Set("quantization_bit"), On("pissa_init")],
        says: "PiSSA of a quantized model is initialized by scripts/pissa_init.py",
    },
    Conflict {
        when: &[Set("quantization_bit"), On("resize_vocab")],
        says: "the embedding layers of a quantized model cannot be resized",
    },
    Conflict {
        when: &[
            Set("quantization_bit"),
            Set("adapter_name_or_path"),
            On("create_new_adapter"),
        ],
        says: "a new adapter cannot be created upon a quantized model",
    },
    Conflict {
        when: &[Unset("dataset"), Above("val_size", NONE)],
        says: "`val_size` cannot be specified if `dataset` is None",
    },
    Conflict {
        when: &[Set("eval_dataset"), Above("val_size", NONE)],
        says: "`val_size` cannot be specified if `eval_dataset` is not None",
    },
    Conflict {
        when: &[Set("interleave_probs"), Among("mix_strategy", &["concat"])],
        says: "`interleave_probs` is only valid for interleaved mixing",
    },
    Conflict {
        when: &[
            Among("stage", &["dpo"]),
            Not("pref_loss", "sigmoid"),
            Above("dpo_label_smoothing", NONE),
        ],
        says: "`dpo_label_smoothing` is only valid for the sigmoid loss",
    },
    Conflict {
        when: &[Among("finetuning_type", &["full"]), On("use_llama_pro")],
        says: "`use_llama_pro` is only valid for Freeze or LoRA training",
    },
    Conflict {
        when: &[Among("finetuning_type", &["lora"]), On("use_galore")],
        says: "LoRA cannot be used with GaLore",
    },
    Conflict {
        when: &[Among("finetuning_type", &["lora"]), On("use_apollo")],
        says: "LoRA cannot be used with APOLLO",
    },
    Conflict {
        when: &[Among("finetuning_type", &["lora"]), On("use_badam")],
        says: "LoRA cannot be used with BAdam",
    },
    Conflict {
        when: &[On("use_galore"), On("use_apollo")],
        says: "GaLore and APOLLO cannot be used together",
    },
    Conflict {
        when: &[On("use_galore"), On("use_badam")],
        says: "GaLore and BAdam cannot be used together",
    },
    Conflict {
        when: &[Among("stage", &["ppo", "kto"]), On("pissa_init")],
        says: "PiSSA cannot be used for the stage",
    },
    Conflict {
        when: &[Not("finetuning_type", "lora"), Set("loraplus_lr_ratio")],
        says: "`loraplus_lr_ratio` is only valid for LoRA training",
    },
    Conflict {
        when: &[Not("finetuning_type", "lora"), On("use_rslora")],
        says: "`use_rslora` is only valid for LoRA training",
    },
    Conflict {
        when: &[Not("finetuning_type", "lora"), On("use_dora")],
        says: "`use_dora` is only valid for LoRA training",
    },
    Conflict {
        when: &[Not("finetuning_type", "lora"), On("pissa_init")],
        says: "`pissa_init` is only valid for LoRA training",
    },
    Conflict {
        when: &[NotAmong("finetuning_type", &["lora", "oft", "freeze", "full"])],
        says: "invalid fine-tuning method",
    },
];

pub(in crate::settings::config) fn llama_factory(reader: &mut Reader<'_>) {
    check(reader, TABLE, &in_force);
    let size = in_force(reader, "val_size").filter(|size| {
        let size = size.value.as_f64().unwrap_or(0.0);
        size > NONE && size < 1.0
    });
    let streaming = in_force(reader, "streaming").filter(|found| super::is_on(&found.value));
    if let (Some(size), Some(streaming)) = (size, streaming) {
        let both = [("streaming", streaming.origin), ("val_size", size.origin)];
        let found = fault(reader, &both, "streaming mode needs an integer val_size");
        reader.faults.push(found);
    }
}
