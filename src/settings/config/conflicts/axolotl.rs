//! axolotl 0.19.0: `utils/schemas/validation.py`, and the validators of `config.py`, `peft.py`, `model.py` and `fsdp.py`
//! beside it.

use serde_json::Value as Json;

use crate::model::config::FaultKind;
use crate::model::setup::{Origin, Setting};

use super::When::{Above, Among, AtMost, Holds, Is, Not, NotAmong, Off, On, Set, Starts, Unset};
use super::{Conflict, Reader, check, fault, given};

const LORA: &[&str] = &["lora", "qlora"];

/// What the validators say of keys as they were given.
const TABLE: &[Conflict] = &[
    Conflict {
        when: &[On("push_dataset_to_hub"), Not("hf_use_auth_token", "true")],
        says: "push_dataset_to_hub requires hf_use_auth_token: true",
    },
    Conflict {
        when: &[On("test_datasets"), On("val_set_size")],
        says: "a val_set_size other than 0 should not be used with test_datasets",
    },
    Conflict {
        when: &[
            On("sample_packing"),
            On("eval_table_size"),
            Not("eval_sample_packing", "false"),
        ],
        says: "eval_table_size is not supported with sample_packing unless eval_sample_packing is false",
    },
    Conflict {
        when: &[
            Off("micro_batch_size"),
            Off("gradient_accumulation_steps"),
            On("batch_size"),
        ],
        says: "at least two of micro_batch_size, gradient_accumulation_steps, batch_size must be set",
    },
    Conflict {
        when: &[On("gradient_accumulation_steps"), On("batch_size")],
        says: "only one of gradient_accumulation_steps and batch_size may be set",
    },
    Conflict {
        when: &[On("save_steps"), On("save_strategy"), Not("save_strategy", "steps")],
        says: "save_strategy and save_steps mismatch: set save_strategy to steps or remove save_steps",
    },
    Conflict {
        when: &[On("save_steps"), On("saves_per_epoch")],
        says: "save_steps and saves_per_epoch are mutually exclusive",
    },
    Conflict {
        when: &[On("eval_steps"), On("eval_strategy"), Not("eval_strategy", "steps")],
        says: "eval_strategy and eval_steps mismatch: set eval_strategy to steps or remove eval_steps",
    },
    Conflict {
        when: &[
            AtMost("val_set_size", 0.0),
            Off("test_datasets"),
            On("eval_steps"),
            Not("eval_strategy", "no"),
        ],
        says: "eval_steps is not supported with val_set_size 0",
    },
    Conflict {
        when: &[
            AtMost("val_set_size", 0.0),
            Off("test_datasets"),
            Off("eval_steps"),
            On("eval_strategy"),
            Not("eval_strategy", "no"),
        ],
        says: "eval_strategy is not supported with val_set_size 0",
    },
    Conflict {
        when: &[On("eval_steps"), On("evals_per_epoch")],
        says: "eval_steps and evals_per_epoch are mutually exclusive",
    },
    Conflict {
        when: &[
            On("evals_per_epoch"),
            On("eval_strategy"),
            Not("eval_strategy", "steps"),
        ],
        says: "eval_strategy must be empty or steps when used with evals_per_epoch",
    },
    Conflict {
        when: &[On("do_bench_eval"), Off("evals_per_epoch"), Off("eval_steps")],
        says: "do_bench_eval requires evals_per_epoch or eval_steps",
    },
    Conflict {
        when: &[On("neftune_noise_alpha"), On("noisy_embedding_alpha")],
        says: "noisy_embedding_alpha is deprecated and neftune_noise_alpha is set too: remove the first",
    },
    Conflict {
        when: &[
            On("streaming_multipack_buffer_size"),
            On("pretrain_multipack_buffer_size"),
        ],
        says: "pretrain_multipack_buffer_size is deprecated and streaming_multipack_buffer_size is set too: remove the first",
    },
    Conflict {
        when: &[AtMost("neftune_noise_alpha", 0.0)],
        says: "neftune_noise_alpha must be above 0",
    },
    Conflict {
        when: &[Set("fp8_config"), Off("fp8")],
        says: "fp8_config requires fp8: true",
    },
    Conflict {
        when: &[
            On("unfrozen_parameters"),
            Is("gradient_checkpointing_kwargs.use_reentrant", "true"),
        ],
        says: "use_reentrant must be false for a model that is partly frozen",
    },
    Conflict {
        when: &[On("do_causal_lm_eval"), On("eval_sample_packing")],
        says: "do_causal_lm_eval needs eval_sample_packing: false",
    },
    Conflict {
        when: &[On("tokenizer_use_mistral_common"), On("added_tokens_overrides")],
        says: "added_tokens_overrides is not supported with the mistral-common tokenizer",
    },
    Conflict {
        when: &[On("tokenizer_use_mistral_common"), On("special_tokens")],
        says: "special_tokens is not supported with the mistral-common tokenizer",
    },
    Conflict {
        when: &[On("tokenizer_use_mistral_common"), On("tokens")],
        says: "tokens is not supported with the mistral-common tokenizer",
    },
    Conflict {
        when: &[On("tokenizer_use_mistral_common"), On("chat_template")],
        says: "chat_template is not supported with the mistral-common tokenizer",
    },
    Conflict {
        when: &[On("pretraining_dataset"), On("include_tokens_per_second")],
        says: "pretraining_dataset and include_tokens_per_second cannot be used together",
    },
    Conflict {
        when: &[On("lr_groups"), On("loraplus_lr_ratio")],
        says: "lr_groups and loraplus_lr_ratio cannot be used together",
    },
    Conflict {
        when: &[On("adapter"), On("peft_layers_to_transform"), On("unfrozen_parameters")],
        says: "unfrozen_parameters used with peft_layers_to_transform can have unexpected behavior",
    },
    Conflict {
        when: &[On("peft_layers_pattern"), Off("peft_layers_to_transform")],
        says: "peft_layers_pattern requires peft_layers_to_transform",
    },
    Conflict {
        when: &[Among("adapter", LORA), On("flash_attn_fuse_mlp")],
        says: "fused modules are not supported with LoRA or QLoRA",
    },
    Conflict {
        when: &[Among("adapter", LORA), On("use_onebitllms")],
        says: "LoRA and QLoRA are not supported with use_onebitllms",
    },
    Conflict {
        when: &[Off("adapter"), Off("inference"), On("load_in_8bit")],
        says: "load_in_8bit is not supported without an adapter: for a full finetune turn it off",
    },
    Conflict {
        when: &[Off("adapter"), Off("inference"), On("load_in_4bit")],
        says: "load_in_4bit is not supported without an adapter: for a full finetune turn it off",
    },
    Conflict {
        when: &[Is("adapter", "qlora"), Off("merge_lora"), On("load_in_8bit")],
        says: "QLoRA cannot be loaded in 8 bits",
    },
    Conflict {
        when: &[Is("adapter", "qlora"), Off("merge_lora"), On("gptq")],
        says: "QLoRA cannot be loaded with gptq",
    },
    Conflict {
        when: &[
            Is("adapter", "qlora"),
            Off("merge_lora"),
            Off("load_in_8bit"),
            Off("load_in_4bit"),
        ],
        says: "QLoRA requires load_in_4bit: true",
    },
    Conflict {
        when: &[On("lora_target_parameters"), On("lora_dropout")],
        says: "lora_dropout must be 0 when lora_target_parameters is set",
    },
    Conflict {
        when: &[On("rl"), On("sample_packing")],
        says: "sample_packing: true does not work with RLHF training",
    },
    Conflict {
        when: &[Is("rl", "kto"), Not("remove_unused_columns", "false")],
        says: "kto needs remove_unused_columns: false",
    },
    Conflict {
        when: &[Is("rl", "simpo"), On("warmup_ratio")],
        says: "warmup_ratio is not supported with simpo: use warmup_steps",
    },
    Conflict {
        when: &[Is("rl", "dpo"), Set("dpo_loss_weights"), Unset("dpo_loss_type")],
        says: "dpo_loss_weights requires dpo_loss_type",
    },
    Conflict {
        when: &[Not("rl", "dpo"), Set("dpo_loss_type")],
        says: "dpo_loss_type is for DPO only",
    },
    Conflict {
        when: &[Is("rl", "ipo"), On("dpo_use_liger_kernel")],
        says: "dpo_use_liger_kernel does not support the ipo loss",
    },
    Conflict {
        when: &[Is("rl", "grpo"), AtMost("trl.num_generations", 1.0)],
        says: "GRPO requires trl.num_generations of 2 or more",
    },
    Conflict {
        when: &[Is("rl", "ebft"), Off("ebft")],
        says: "an ebft section is required with rl: ebft",
    },
    Conflict {
        when: &[Is("optimizer", "muon"), On("deepspeed")],
        says: "the muon optimizer is incompatible with DeepSpeed",
    },
    Conflict {
        when: &[Starts("optimizer", "flash_"), On("deepspeed")],
        says: "flash optimizers are incompatible with DeepSpeed",
    },
    Conflict {
        when: &[Is("optimizer", "q_galore_adamw8bit"), On("adapter")],
        says: "q_galore_adamw8bit is incompatible with an adapter",
    },
    Conflict {
        when: &[Is("optimizer", "polora"), NotAmong("adapter", LORA)],
        says: "polora requires adapter: lora or qlora",
    },
    Conflict {
        when: &[
            On("fsdp_config"),
            Holds("optimizer", "8bit"),
            On("fsdp_config.offload_params"),
            Not("fsdp_version", "2"),
        ],
        says: "FSDP offload is not compatible with an 8bit optimizer",
    },
    Conflict {
        when: &[
            Is("fsdp_version", "2"),
            On("fsdp_config"),
            Among("optimizer", &["adamw_8bit", "adamw_bnb_8bit"]),
        ],
        says: "FSDP2 is not compatible with it: use adamw_torch_8bit",
    },
    Conflict {
        when: &[
            Is("fsdp_version", "2"),
            On("fsdp_config.cpu_ram_efficient_loading"),
            On("load_in_4bit"),
        ],
        says: "FSDP2 does not support cpu_ram_efficient_loading with load_in_4bit",
    },
    Conflict {
        when: &[
            Is("fsdp_version", "2"),
            Among("rl", &["dpo", "kto", "orpo", "ipo"]),
            On("load_in_4bit"),
        ],
        says: "FSDP2 does not support load_in_4bit with this rl",
    },
    Conflict {
        when: &[
            Is("fsdp_version", "2"),
            Among("rl", &["dpo", "kto", "orpo", "ipo"]),
            On("load_in_8bit"),
        ],
        says: "FSDP2 does not support load_in_8bit with this rl",
    },
    Conflict {
        when: &[On("deepcompile"), Off("deepspeed")],
        says: "DeepCompile is only supported with DeepSpeed",
    },
    Conflict {
        when: &[Set("max_memory"), Set("gpu_memory_limit")],
        says: "max_memory and gpu_memory_limit are mutually exclusive",
    },
    Conflict {
        when: &[On("deepspeed"), On("fsdp")],
        says: "deepspeed and fsdp cannot be used together",
    },
    Conflict {
        when: &[On("model_quantization_config"), On("load_in_8bit")],
        says: "model_quantization_config and load_in_8bit cannot be used together",
    },
    Conflict {
        when: &[On("model_quantization_config"), On("load_in_4bit")],
        says: "model_quantization_config and load_in_4bit cannot be used together",
    },
    Conflict {
        when: &[Off("max_steps"), On("pretraining_dataset")],
        says: "max_steps must be set with pretraining_dataset, whose length cannot be told",
    },
    Conflict {
        when: &[On("pretraining_dataset"), On("val_set_size")],
        says: "val_set_size is not supported with pretraining_dataset: use test_datasets",
    },
    Conflict {
        when: &[On("streaming"), On("val_set_size")],
        says: "val_set_size is not supported with streaming: use test_datasets",
    },
    Conflict {
        when: &[Off("max_steps"), Off("pretraining_dataset"), On("streaming")],
        says: "max_steps must be set with streaming, where the length of the set cannot be told",
    },
    Conflict {
        when: &[Holds("base_model", "falcon"), On("fsdp")],
        says: "FSDP is not supported for falcon models",
    },
    Conflict {
        when: &[Holds("base_model", "mpt"), On("gradient_checkpointing")],
        says: "gradient_checkpointing is not supported for MPT models",
    },
    Conflict {
        when: &[Off("gradient_checkpointing"), On("activation_offloading")],
        says: "activation_offloading requires gradient_checkpointing",
    },
    Conflict {
        when: &[Off("gradient_checkpointing"), On("selective_checkpointing")],
        says: "selective_checkpointing requires gradient_checkpointing",
    },
    Conflict {
        when: &[On("gptq"), On("revision_of_model")],
        says: "revision_of_model is not supported for GPTQ models",
    },
    Conflict {
        when: &[On("relora"), Off("jagged_restart_steps")],
        says: "jagged_restart_steps must be set to use ReLoRA",
    },
    Conflict {
        when: &[On("relora"), On("deepspeed")],
        says: "deepspeed is not supported with ReLoRA",
    },
    Conflict {
        when: &[On("relora"), On("fsdp_config")],
        says: "fsdp is not supported with ReLoRA",
    },
    Conflict {
        when: &[On("relora"), Is("lr_scheduler", "one_cycle")],
        says: "ReLoRA is not compatible with the one_cycle scheduler",
    },
    Conflict {
        when: &[On("early_stopping_patience"), Off("save_steps")],
        says: "early_stopping_patience requires save_steps and eval_steps",
    },
    Conflict {
        when: &[On("early_stopping_patience"), On("save_steps"), Off("eval_steps")],
        says: "early_stopping_patience requires save_steps and eval_steps",
    },
    Conflict {
        when: &[
            Above("context_parallel_size", 1.0),
            On("sample_packing"),
            Above("micro_batch_size", 1.0),
        ],
        says: "micro_batch_size must be 1 with sample_packing and context_parallel_size above 1",
    },
    Conflict {
        when: &[
            Above("tensor_parallel_size", 1.0),
            Among("optimizer", &["paged_adamw_8bit", "adamw_8bit", "adamw_bnb_8bit"]),
        ],
        says: "tensor_parallel_size is not supported with this optimizer",
    },
    Conflict {
        when: &[Off("torch_compile"), Set("torch_compile_options")],
        says: "torch_compile_options is set and torch_compile is not",
    },
    Conflict {
        when: &[On("fp32_norms"), Unset("fsdp_config")],
        says: "fp32_norms requires FSDP: fsdp_config must be set",
    },
    Conflict {
        when: &[On("quantize_moe_experts"), NotAmong("adapter", LORA)],
        says: "quantize_moe_experts requires adapter: lora or qlora",
    },
    Conflict {
        when: &[Is("save_safetensors", "false")],
        says: "save_safetensors: false is not supported since transformers 5",
    },
];

/// Of these one may be on.
const CROSS_ENTROPIES: &[&str] = &[
    "cut_cross_entropy",
    "chunked_cross_entropy",
    "liger_cross_entropy",
    "liger_fused_linear_cross_entropy",
];

/// The old flags of attention, the first that is on winning (`enums.py`, `LEGACY_ATTN_FLAG_TO_IMPL`).
const ATTENTION: &[(&str, &str)] = &[
    ("xformers_attention", "xformers"),
    ("sage_attention", "sage"),
    ("flex_attention", "flex_attention"),
    ("flash_attention", "flash_attention_2"),
    ("sdp_attention", "sdpa"),
    ("eager_attention", "eager"),
];

pub(in crate::settings::config) fn axolotl(reader: &mut Reader<'_>) {
    check(reader, TABLE, &given);
    let on = |reader: &Reader<'_>, key: &str| reader.given(key).filter(|found| super::is_on(&found.value));
    let mut faults = Vec::new();
    let entropies: Vec<(&str, Origin)> = CROSS_ENTROPIES
        .iter()
        .filter_map(|key| Some((*key, on(reader, key)?.origin)))
        .collect();
    if entropies.len() > 1 {
        faults.push(fault(
            reader,
            &entropies,
            "only one cross entropy can be enabled at a time",
        ));
    }
    let named = on(reader, "attn_implementation");
    let flags: Vec<(&str, &str, Origin)> = ATTENTION
        .iter()
        .filter_map(|(key, name)| Some((*key, *name, on(reader, key)?.origin)))
        .collect();
    if let (Some(named), Some((key, _, origin))) = (&named, flags.first()) {
        let both = [(*key, origin.clone()), ("attn_implementation", named.origin.clone())];
        faults.push(fault(
            reader,
            &both,
            "attn_implementation cannot be combined with the old flags of attention",
        ));
    }
    let attention: Option<Setting<String>> = match (&named, flags.first()) {
        (Some(named), _) => Some(Setting {
            value: super::text(&named.value),
            origin: named.origin.clone(),
        }),
        (None, Some((_, name, origin))) => Some(Setting {
            value: (*name).to_owned(),
            origin: origin.clone(),
        }),
        (None, None) => None,
    };
    faults.extend(of_attention(reader, attention.as_ref()));
    faults.extend(early_stopping(reader));
    faults.extend(generations(reader));
    reader.faults.extend(faults);
    rewritten(reader);
}

/// What needs a certain attention.
fn of_attention(reader: &Reader<'_>, attention: Option<&Setting<String>>) -> Vec<crate::model::config::Fault> {
    const PACKING: &[&str] = &[
        "flash_attention_2",
        "flash_attention_3",
        "flash_attention_4",
        "flash_attention_torch",
        "flex_attention",
        "xformers",
        "sage",
    ];
    let on = |key: &str| reader.given(key).filter(|found| super::is_on(&found.value));
    let name = attention.map_or("", |attention| attention.value.as_str());
    let name = name.split(['@', ':']).next().unwrap_or_default();
    let written = |key: &'static str, found: &Setting<Json>| {
        let attention = attention.map(|attention| ("attention", attention.origin.clone()));
        attention
            .into_iter()
            .chain([(key, found.origin.clone())])
            .collect::<Vec<_>>()
    };
    let mut faults = Vec::new();
    if let Some(found) = on("scaling_softmax").filter(|_| name != "flex_attention") {
        let says = "scaling_softmax requires attn_implementation: flex_attention";
        faults.push(fault(reader, &written("scaling_softmax", &found), says));
    }
    if let Some(found) = on("batch_flattening").filter(|found| super::text(&found.value) != "auto") {
        if !PACKING.contains(&name) && !name.starts_with("kernels-community/") {
            let says = "batch_flattening requires a varlen attention, as attn_implementation: flash_attention_2";
            faults.push(fault(reader, &written("batch_flattening", &found), says));
        }
        if let Some(packing) = on("sample_packing") {
            let both = [("sample_packing", packing.origin), ("batch_flattening", found.origin)];
            faults.push(fault(
                reader,
                &both,
                "batch_flattening is not compatible with sample_packing",
            ));
        }
    }
    let parallel = reader
        .given("context_parallel_size")
        .filter(|found| found.value.as_f64() > Some(1.0));
    if let Some(found) = parallel.filter(|_| name != "flash_attention_2" && on("use_glm_dsa_kernels").is_none()) {
        let says = "context_parallel_size above 1 requires attn_implementation: flash_attention_2";
        faults.push(fault(reader, &written("context_parallel_size", &found), says));
    }
    faults
}

/// `check_early_stopping`
fn early_stopping(reader: &Reader<'_>) -> Option<crate::model::config::Fault> {
    reader
        .given("early_stopping_patience")
        .filter(|found| super::is_on(&found.value))?;
    let (save, eval) = (reader.given("save_steps")?, reader.given("eval_steps")?);
    let rest = save.value.as_f64()? % eval.value.as_f64().filter(|steps| *steps > 0.0)?;
    (rest != 0.0).then(|| {
        let both = [("eval_steps", eval.origin), ("save_steps", save.origin)];
        fault(
            reader,
            &both,
            "early_stopping_patience requires eval_steps to divide save_steps",
        )
    })
}

/// `check_grpo_batch_size_divisibility`
fn generations(reader: &Reader<'_>) -> Option<crate::model::config::Fault> {
    reader.given("rl").filter(|rl| super::text(&rl.value) == "grpo")?;
    let wanted = reader.given("trl.num_generations")?;
    let group = wanted.value.as_u64().filter(|group| *group > 1)?;
    let number = |key: &str| {
        reader
            .given(key)
            .and_then(|found| found.value.as_u64())
            .filter(|number| *number > 0)
    };
    let size = number("trl.generation_batch_size").unwrap_or_else(|| {
        number("micro_batch_size").unwrap_or(1) * number("gradient_accumulation_steps").unwrap_or(1)
    });
    (size % group != 0).then(|| {
        let says = format!("a generation batch of {size} rows is not divisible by trl.num_generations {group}");
        fault(reader, &[("trl.num_generations", wanted.origin)], &says)
    })
}

/// Values that still work and are taken for others.
fn rewritten(reader: &mut Reader<'_>) {
    let Some(found) = reader
        .root
        .entry("gradient_checkpointing")
        .and_then(|entry| Some((entry.at, entry.value.text()?)))
    else {
        return;
    };
    let (at, offloading) = match found {
        (at, "offload") => (at, "true"),
        (at, "offload_disk") => (at, "disk"),
        _ => return,
    };
    let message = format!(
        "`gradient_checkpointing: {}` is deprecated, and {} takes it for gradient_checkpointing: true with \
         activation_offloading: {offloading}",
        found.1, reader.label
    );
    reader.fault(FaultKind::DeprecatedKey, "gradient_checkpointing", at, message);
}
