//! What the validators of axolotl 0.19.0 say of keys as they were given, one entry for each `raise`.

use super::super::Conflict;
use super::super::When::{Above, Among, AtMost, Holds, Is, Not, NotAmong, Off, On, Set, Starts, Unset};

const LORA: &[&str] = &["lora", "qlora"];

/// In the order of the validators.
pub(super) const TABLE: &[Conflict] = &[
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
        when: &[Off("torch_compile"), Set("torch_compile_options")],
        says: "torch_compile_options is set and torch_compile is not",
    },
    Conflict {
        when: &[On("fp32_norms"), Unset("fsdp_config")],
        says: "fp32_norms requires FSDP: fsdp_config must be set",
    },
    Conflict {
        when: &[
            On("fp32_norms"),
            Set("fsdp_config"),
            Not("fsdp_version", "2"),
            Not("fsdp_config.fsdp_version", "2"),
            Not("fsdp_config.version", "2"),
        ],
        says: "fp32_norms requires fsdp_version: 2",
    },
    Conflict {
        when: &[On("quantize_moe_experts"), NotAmong("adapter", LORA)],
        says: "quantize_moe_experts requires adapter: lora or qlora",
    },
    Conflict {
        when: &[Is("save_safetensors", "false")],
        says: "save_safetensors: false is not supported since transformers 5",
    },
    Conflict {
        when: &[Is("save_strategy", "best"), Off("metric_for_best_model")],
        says: "save_strategy best requires metric_for_best_model",
    },
    Conflict {
        when: &[Not("rl", "dpo"), Unset("dpo_loss_type"), Set("dpo_loss_weights")],
        says: "dpo_loss_weights is for DPO only",
    },
    Conflict {
        when: &[On("relora"), NotAmong("adapter", LORA), Off("plugins")],
        says: "the adapter must support ReLoRA",
    },
    Conflict {
        when: &[Is("flash_optimum", "true"), On("fp16")],
        says: "AMP is not supported with BetterTransformer",
    },
    Conflict {
        when: &[Is("flash_optimum", "true"), Off("fp16"), Not("bf16", "false")],
        says: "AMP is not supported with BetterTransformer, and bf16 is auto unless it is false",
    },
    Conflict {
        when: &[On("ple_cpu_offload"), Set("fsdp_config")],
        says: "ple_cpu_offload is not compatible with FSDP",
    },
    Conflict {
        when: &[On("ple_cpu_offload"), On("deepspeed")],
        says: "ple_cpu_offload is not compatible with DeepSpeed",
    },
    Conflict {
        when: &[On("qat"), On("peft")],
        says: "QAT and PEFT cannot be used together",
    },
    Conflict {
        when: &[On("qat"), On("load_in_8bit")],
        says: "QAT and load_in_8bit cannot be used together",
    },
    Conflict {
        when: &[On("qat"), On("load_in_4bit")],
        says: "QAT and load_in_4bit cannot be used together",
    },
    Conflict {
        when: &[On("streaming"), On("dataset_exact_deduplication")],
        says: "dataset_exact_deduplication is not available for streaming datasets",
    },
    Conflict {
        when: &[On("pretraining_dataset"), On("dataset_exact_deduplication")],
        says: "dataset_exact_deduplication is not available for streaming datasets",
    },
    Conflict {
        when: &[On("skip_prepare_dataset"), On("dataset_exact_deduplication")],
        says: "dataset_exact_deduplication has no effect with skip_prepare_dataset",
    },
    Conflict {
        when: &[Among("attn_implementation", &["flash", "flex", "sdp"])],
        says: "a short name of an attention is not accepted: it is flash_attention_2, flex_attention or sdpa",
    },
];
