//! Whole runs, from a config: what the trainer does by itself is no fault of the run.

use serde_json::Value;

use crate::run::{MODEL, folder, gonogo, said};

const CHAT: &str = "{\"messages\": [{\"role\": \"user\", \"content\": \"2+2?\"}, \
                    {\"role\": \"assistant\", \"content\": \"4\"}]}\n";
const PAIR: &str = "{\"prompt\": [{\"role\": \"user\", \"content\": \"2+2?\"}], \
                    \"chosen\": [{\"role\": \"assistant\", \"content\": \"4\"}], \
                    \"rejected\": [{\"role\": \"assistant\", \"content\": \"5\"}]}\n";
const JUDGED: &str = "{\"prompt\": \"2+2?\", \"completion\": \"4\", \"label\": true}\n\
                      {\"prompt\": \"2+3?\", \"completion\": \"4\", \"label\": false}\n";

/// The report on `config.yaml` among these files.
fn report(files: &[(&str, &str)], flags: &[&str]) -> Value {
    let folder = folder(files);
    let words = ["config.yaml", "-q", "-f", "json", "--isolated", "--no-cache"];
    let words: Vec<&str> = words.iter().chain(flags).copied().collect();
    let output = gonogo(folder.path(), &words);
    let read = serde_json::from_slice(&output.stdout);
    read.unwrap_or_else(|_| panic!("{words:?}: {}", said(&output).1))
}

fn found<'r>(report: &'r Value, rule: &str) -> Option<&'r Value> {
    let groups = report["findings"].as_array().expect("findings");
    groups.iter().find(|group| group["rule"] == rule)
}

/// Rules that found something at a level.
fn rules<'r>(report: &'r Value, level: &str) -> Vec<&'r str> {
    let groups = report["findings"].as_array().expect("findings");
    let of_level = groups.iter().filter(|group| group["level"] == level);
    of_level.filter_map(|group| group["rule"].as_str()).collect()
}

#[track_caller]
fn message(report: &Value, rule: &str) -> String {
    let group = found(report, rule).unwrap_or_else(|| panic!("{rule} found nothing: {}", report["findings"]));
    group["places"][0]["message"].as_str().expect("a message").to_owned()
}

/// A config of axolotl over `rows.jsonl`, of these keys and those of its one set.
fn axolotl(model: &str, set: &str, keys: &str) -> String {
    format!(
        "base_model: {model}\ndatasets:\n  - path: rows.jsonl\n{set}sequence_len: 512\nmicro_batch_size: 1\n\
         gradient_accumulation_steps: 1\nnum_epochs: 1\nlearning_rate: 0.00002\n{keys}"
    )
}

/// So many rows of an instruction set, `again` of which say what the first does.
fn instructions(count: usize, again: usize) -> String {
    let row = |at: usize| {
        let number = if at < again { 0 } else { at };
        format!("{{\"instruction\": \"Say the number {number}.\", \"input\": \"\", \"output\": \"It is {number}.\"}}\n")
    };
    (0..count).map(row).collect()
}

#[test]
fn a_type_of_axolotl_may_be_a_format_of_ones_own() {
    let set = "    type:\n      field_instruction: question\n      field_output: answer\n      format: \"[{instruction}|{input}]\"\n      \
               no_input_format: \"[{instruction}]\"\n      system_prompt: \"\"\n";
    let rows = "{\"question\": \"2+2?\", \"answer\": \"4\"}\n";
    let config = axolotl(MODEL, set, "");
    let files = [("config.yaml", config.as_str()), ("rows.jsonl", rows)];
    let written = report(&files, &[]);
    assert!(rules(&written, "error").is_empty(), "{}", written["findings"]);
    assert_eq!(written["trainer"]["name"], "axolotl@0.19.0");
    let typo = config.replace("field_output", "field_outptu");
    let typo = report(&[("config.yaml", &typo), ("rows.jsonl", rows)], &[]);
    assert!(message(&typo, "config/unknown-key").contains("did you mean `field_output`"));
}

#[test]
fn axolotl_gives_added_tokens_a_row_of_the_embedding() {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/disagrees");
    let set = "    type: chat_template\n    chat_template: jinja\n    chat_template_jinja: \"{% for message in messages %}\
               <|new|>{{ message.content }}<|im_end|>{% endfor %}\"\n";
    let files = |keys: &str| {
        let config = axolotl(model, set, &format!("tokens: [<|new|>]\n{keys}"));
        report(&[("config.yaml", &config), ("rows.jsonl", CHAT)], &[])
    };
    let whole = files("");
    assert!(
        found(&whole, "template/id-beyond-vocab").is_none(),
        "{}",
        whole["findings"]
    );
    assert!(found(&whole, "config/new-token-frozen").is_none());
    // With an adapter it asks which modules are saved, and refuses what would leave the row as it was drawn.
    let refused = message(&files("adapter: lora\n"), "config/refused");
    assert!(refused.contains("lora_modules_to_save"), "{refused}");
}

#[test]
fn tokens_that_no_row_has_are_not_missed_by_an_adapter() {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/disagrees");
    let config = axolotl(
        model,
        "    type: alpaca\n",
        "adapter: lora\ntokens: [<|new|>]\nspecial_tokens: {pad_token: <|other|>}\n",
    );
    let report = report(&[("config.yaml", &config), ("rows.jsonl", &instructions(8, 0))], &[]);
    assert!(
        found(&report, "config/new-token-frozen").is_none(),
        "{}",
        report["findings"]
    );
}

#[test]
fn rows_that_axolotl_drops_as_duplicates_are_none_of_the_run() {
    let rows = instructions(12, 6);
    let set = "    type: alpaca\n";
    let at = |keys: &str| {
        let config = axolotl(MODEL, set, keys);
        report(&[("config.yaml", &config), ("rows.jsonl", &rows)], &[])
    };
    let kept = at("");
    assert!(found(&kept, "dup/exact").is_some());
    assert_eq!(kept["plan"]["plan"]["rows_fed"], 12);
    let dropped = at("dataset_exact_deduplication: true\n");
    assert!(found(&dropped, "dup/exact").is_none());
    assert_eq!(
        (&dropped["plan"]["plan"]["rows_fed"], &dropped["plan"]["dropped"]),
        (&7.into(), &5.into())
    );
    let notes = dropped["plan"]["notes"].to_string();
    assert!(
        notes.contains("drops 5 rows that are the same as one before"),
        "{notes}"
    );
    // What is compared there are whole texts, so that the number is not known here.
    let pairs = axolotl(
        MODEL,
        "    type: chat_template.default\n",
        "rl: dpo\ndataset_exact_deduplication: true\n",
    );
    let pairs = report(&[("config.yaml", &pairs), ("rows.jsonl", &PAIR.repeat(4))], &[]);
    assert!(found(&pairs, "dup/exact").is_none());
    assert!(
        pairs["plan"]["notes"]
            .to_string()
            .contains("dataset_exact_deduplication")
    );
}

#[test]
fn a_template_that_comes_with_axolotl_is_not_missing() {
    let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/plain");
    let rows = PAIR
        .replace("\"prompt\": [{\"role\": \"user\", \"content\": \"2+2?\"}], ", "")
        .replace(
            "[{\"role\": \"assistant\"",
            "[{\"role\": \"user\", \"content\": \"2+2?\"}, {\"role\": \"assistant\"",
        );
    let template = "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}";
    let at = |keys: &str, flags: &[&str]| {
        let config = axolotl(plain, "    type: chat_template.argilla\n", &format!("rl: orpo\n{keys}"));
        let own = "site/axolotl/utils/chat_templates/templates/chatml.jinja";
        report(
            &[("config.yaml", &config), ("rows.jsonl", &rows), (own, template)],
            flags,
        )
    };
    let named = "chat_template: chatml\n";
    assert!(found(&at("", &[]), "template/missing").is_some());
    assert!(found(&at(named, &[]), "template/missing").is_none());
    let tokens = |report: &Value| report["lengths"]["all"]["tokens"].as_u64();
    // Where axolotl is installed, its template is rendered.
    let rendered = at(named, &["--site-packages", "site"]);
    assert!(found(&rendered, "template/missing").is_none());
    assert!(tokens(&rendered) > tokens(&at(named, &[])), "{}", rendered["lengths"]);
}

/// A config of TRL that only `beta` tells from one of `trl sft`.
fn trl(keys: &str) -> String {
    format!(
        "model_name_or_path: {MODEL}\ndataset_name: data\nbeta: 0.1\nper_device_train_batch_size: 2\n\
         num_train_epochs: 1\nlearning_rate: 1.0e-6\noutput_dir: out\n{keys}"
    )
}

#[test]
fn the_columns_say_which_of_trls_trainers_an_open_config_is_for() {
    let at = |keys: &str, rows: &str, flags: &[&str]| {
        report(&[("config.yaml", &trl(keys)), ("data/rows.jsonl", rows)], flags)
    };
    let kto = at("", JUDGED, &[]);
    assert!(rules(&kto, "error").is_empty(), "{}", kto["findings"]);
    assert_eq!(kto["trainer"]["name"], "trl@1.16.0");
    assert!(
        kto["notes"].to_string().contains("the columns are those of kto"),
        "{}",
        kto["notes"]
    );
    let dpo = at("", PAIR, &[]);
    assert!(rules(&dpo, "error").is_empty() && !dpo["notes"].to_string().contains("the columns"));
    // A key that KTO has not: the config is DPO's, and the rows are the fault.
    let own = at("precompute_ref_log_probs: true\nrpo_alpha: 1.0\n", JUDGED, &[]);
    assert!(!rules(&own, "error").is_empty(), "{}", own["notes"]);
}

#[test]
fn a_trainer_of_trls_can_be_named_beside_a_config() {
    let files = [("config.yaml", &*trl("")), ("data/rows.jsonl", JUDGED)];
    let named = report(&files, &["--set", "trainer_type=kto"]);
    assert!(rules(&named, "error").is_empty(), "{}", named["findings"]);
    let other = report(&files, &["--set", "trainer_type=dpo"]);
    assert!(found(&other, "config/refused").is_some(), "{}", other["findings"]);
    let folder = folder(&files);
    let output = said(&gonogo(folder.path(), &["config.yaml", "--set", "trainer_type=ppo"]));
    assert!(
        output.0 == Some(2) && output.1.contains("sft, dpo, kto, reward"),
        "{}",
        output.1
    );
}

/// A config of torchtune over `rows.json`.
fn torchtune(dataset: &str) -> String {
    format!(
        "tokenizer:\n  _component_: torchtune.models.qwen2_5.qwen2_5_tokenizer\n  path: {MODEL}/vocab.json\n  max_seq_len: 512\n\
         dataset:\n  _component_: {dataset}\n  source: json\n  data_files: rows.json\n  split: train\n\
         model:\n  _component_: torchtune.models.qwen2_5.qwen2_5_0_5b\n\
         checkpointer:\n  _component_: torchtune.training.FullModelHFCheckpointer\n  checkpoint_dir: {MODEL}\n\
         batch_size: 1\nepochs: 1\noptimizer:\n  _component_: torch.optim.AdamW\n  lr: 2.0e-5\n"
    )
}

#[test]
fn what_torchtune_trains_by_its_default_is_everything() {
    let rows = instructions(6, 0);
    let rows = format!("[{}]", rows.trim_end().replace('\n', ","));
    let config = torchtune("torchtune.datasets.alpaca_dataset");
    let report = report(&[("config.yaml", &config), ("rows.json", &rows)], &[]);
    assert_eq!(report["trainer"]["name"], "torchtune@0.6.1", "{}", report["notes"]);
    assert!(
        found(&report, "mask/everything-trained").is_some(),
        "{}",
        report["findings"]
    );
    for rule in ["mask/prompt-trained", "mask/header-trained"] {
        assert!(found(&report, rule).is_none(), "{rule}");
    }
}

#[test]
fn the_columns_of_pairs_are_those_that_axolotl_is_told() {
    let set = "    type: chat_template.default\n    field_messages: conversation\n    field_chosen: good\n    field_rejected: bad\n";
    let row = PAIR
        .replace("prompt", "conversation")
        .replace("chosen", "good")
        .replace("rejected", "bad");
    let config = axolotl(MODEL, set, "rl: dpo\n");
    let report = report(&[("config.yaml", &config), ("rows.jsonl", &row)], &[]);
    assert!(
        found(&report, "schema/starts-with-assistant").is_none(),
        "{}",
        report["findings"]
    );
    assert_eq!(report["sources"][0]["shape"], "preference");
}

#[test]
fn an_epoch_of_a_stream_is_reading_it_once() {
    let config = axolotl(MODEL, "    type: alpaca\n", "streaming: true\nmax_steps: 40\n");
    let report = report(&[("config.yaml", &config), ("rows.jsonl", &instructions(8, 0))], &[]);
    assert_eq!(report["plan"]["plan"]["steps_per_epoch"], 8, "{}", report["plan"]);
    assert!(message(&report, "budget/many-epochs").contains("3 epochs are 24 steps"));
}

/// What a rule says of a rate.
fn rate(keys: &str, rule: &str) -> Option<String> {
    let config = axolotl(MODEL, "    type: chat_template\n", keys).replace("learning_rate: 0.00002\n", "");
    let report = report(&[("config.yaml", &config), ("rows.jsonl", CHAT)], &[]);
    found(&report, rule).map(|_| message(&report, rule))
}

#[test]
fn a_rate_that_no_run_learns_with_is_an_error() {
    let said = |keys: &str| rate(keys, "budget/learning-rate");
    assert!(said("learning_rate: 0\n").is_some_and(|said| said.contains("no step changes")));
    assert!(said("learning_rate: -0.001\n").is_some_and(|said| said.contains("below 0")));
    assert!(said("learning_rate: 10000\n").is_some());
    let least = "lr_scheduler: cosine\ncosine_min_lr_ratio: 2.0\nlearning_rate: 0.0001\n";
    assert!(said(least).is_some_and(|said| said.contains("cosine_min_lr_ratio makes")));
    for keys in ["learning_rate: 0.0002\n", "learning_rate: 1.0\noptimizer: prodigy\n"] {
        assert_eq!(said(keys), None);
    }
}

#[test]
fn a_rate_is_held_against_what_it_trains() {
    let said = |keys: &str| rate(keys, "budget/odd-learning-rate");
    assert!(said("learning_rate: 0.01\n").is_some_and(|said| said.contains("all weights")));
    assert!(said("learning_rate: 0.2\nadapter: lora\n").is_some_and(|said| said.contains("an adapter")));
    assert!(said("learning_rate: 0.0000000001\n").is_some_and(|said| said.contains("less than 1e-7")));
    for keys in [
        "learning_rate: 0.0005\n",
        "learning_rate: 0.003\nadapter: lora\n",
        "learning_rate: 0.02\noptimizer: lion_8bit\n",
    ] {
        assert_eq!(said(keys), None, "{keys}");
    }
}

#[test]
fn a_run_of_a_step_or_two_is_named() {
    let at = |keys: &str| {
        let config = axolotl(MODEL, "    type: alpaca\n", keys).replace("gradient_accumulation_steps: 1\n", "");
        report(&[("config.yaml", &config), ("rows.jsonl", &instructions(12, 0))], &[])
    };
    let few = message(&at("gradient_accumulation_steps: 64\n"), "budget/few-steps");
    assert!(few.contains("1 step of up to 64 rows"), "{few}");
    assert!(found(&at("gradient_accumulation_steps: 1\n"), "budget/few-steps").is_none());
    // Who asks for a step gets it.
    assert!(found(&at("max_steps: 2\n"), "budget/few-steps").is_none());
}

#[test]
fn a_warmup_is_shown_as_it_was_set() {
    let config = "model_name_or_path: MODEL\nstage: sft\ndo_train: true\nfinetuning_type: lora\ndataset: rows\n\
                  dataset_dir: .\ntemplate: qwen\ncutoff_len: 128\noutput_dir: out\nper_device_train_batch_size: 1\n\
                  num_train_epochs: 1.0\nlearning_rate: 1.0e-4\nwarmup_ratio: 0.5\n"
        .replace("MODEL", MODEL);
    let info = "{\"rows\": {\"file_name\": \"rows.jsonl\"}}";
    let files = [
        ("config.yaml", config.as_str()),
        ("dataset_info.json", info),
        ("rows.jsonl", &instructions(12, 0)),
    ];
    let report = report(&files, &[]);
    let said = message(&report, "budget/odd-warmup");
    assert!(said.starts_with("warmup 0.5 (config.yaml:13)"), "{said}");
    let shown = report["settings"].to_string();
    assert!(shown.contains("config.yaml:13"), "{shown}");
}

/// A config of LLaMA-Factory over these sets, of ten and thirty rows.
fn llama_factory(info: &str, keys: &str) -> Value {
    let config = format!(
        "model_name_or_path: {MODEL}\nstage: sft\ndo_train: true\nfinetuning_type: lora\ndataset: ten,thirty\n\
         dataset_dir: .\ntemplate: qwen\ncutoff_len: 128\noutput_dir: out\nper_device_train_batch_size: 1\n\
         num_train_epochs: 1.0\nlearning_rate: 1.0e-4\nwarmup_steps: 0.1\n{keys}"
    );
    let (ten, thirty) = (instructions(10, 0), instructions(30, 0));
    let files = [
        ("config.yaml", config.as_str()),
        ("dataset_info.json", info),
        ("ten.jsonl", &ten),
        ("thirty.jsonl", &thirty),
    ];
    report(&files, &[])
}

const SETS: &str = r#"{"ten": {"file_name": "ten.jsonl"}, "thirty": {"file_name": "thirty.jsonl"}}"#;

#[test]
fn the_plan_counts_the_rows_that_llama_factory_takes_of_each_set() {
    let fed = |info: &str, keys: &str| llama_factory(info, keys)["plan"]["plan"]["rows_fed"].as_u64();
    assert_eq!(fed(SETS, ""), Some(40));
    // So many of each, drawn; of ten rows, fifteen are some twice.
    let drawn = SETS.replace("\"ten.jsonl\"", "\"ten.jsonl\", \"num_samples\": 15");
    assert_eq!(fed(&drawn, ""), Some(45));
    let fewer = SETS.replace("\"thirty.jsonl\"", "\"thirty.jsonl\", \"num_samples\": 6");
    assert_eq!(fed(&fewer, ""), Some(16));
    // In turn until the first ends, or the last.
    assert_eq!(fed(SETS, "mix_strategy: interleave_under\n"), Some(20));
    assert_eq!(fed(SETS, "mix_strategy: interleave_over\n"), Some(60));
    // `interleave_datasets` of datasets 5.2.0 with these probabilities and seed 42 has 39 rows of sets of 10 and 30.
    let shares = "mix_strategy: interleave_under\ninterleave_probs: 0.3,0.7\n";
    assert_eq!(fed(SETS, shares), Some(39));
    let told = llama_factory(&fewer, "");
    let said = message(&told, "budget/small-part");
    assert!(
        said.starts_with("num_samples (dataset_info.json) leaves 6 of 30 rows"),
        "{said}"
    );
}

#[test]
fn the_plan_counts_the_rows_of_a_shard() {
    let set = "    type: alpaca\n    shards: 5\n    shards_idx: 1\n";
    let config = axolotl(MODEL, set, "");
    let report = report(&[("config.yaml", &config), ("rows.jsonl", &instructions(22, 0))], &[]);
    // 22 rows are shards of 5, 5, 4, 4 and 4.
    assert_eq!(report["plan"]["plan"]["rows_fed"], 5, "{}", report["plan"]);
    assert!(message(&report, "budget/small-part").contains("shards"));
}

#[test]
fn the_plan_counts_the_rows_of_a_weight() {
    let config = format!(
        "model_name_or_path: {MODEL}\ndataset_mixture:\n  datasets:\n    - id: ./set\n      weight: 0.25\n  seed: 0\n\
         assistant_only_loss: false\nmax_length: 64\nper_device_train_batch_size: 1\nnum_train_epochs: 1\n\
         learning_rate: 1.0e-5\noutput_dir: out\n"
    );
    let files = [("config.yaml", config.as_str()), ("set/train.jsonl", &CHAT.repeat(22))];
    let report = report(&files, &[]);
    assert_eq!(report["plan"]["plan"]["rows_fed"], 5, "{}", report["plan"]);
}

#[test]
fn a_setting_that_takes_a_small_part_is_named() {
    let at = |keys: &str| llama_factory(SETS, keys);
    let most = at("max_samples: 4\n");
    assert!(message(&most, "budget/small-part").starts_with("max_samples 4 (config.yaml:14) leaves 4 of 10 rows"));
    // Rows that take no part have no lengths.
    assert_eq!(most["lengths"]["all"]["rows"], 8, "{}", most["lengths"]["all"]);
    let held_out = message(&at("val_size: 0.9\n"), "budget/small-part");
    assert!(
        held_out.starts_with("val_size 0.9 (config.yaml:14) leaves 4 of 40 rows"),
        "{held_out}"
    );
    for keys in ["", "val_size: 0.1\n", "max_samples: 1000\n"] {
        assert!(found(&at(keys), "budget/small-part").is_none(), "{keys}");
    }
    let split = axolotl(MODEL, "    type: alpaca\n    split: train[:10%]\n", "");
    let split = report(&[("config.yaml", &split), ("rows.jsonl", &instructions(30, 0))], &[]);
    assert!(message(&split, "budget/small-part").starts_with("split train[:10%] (config.yaml:3)"));
}

#[test]
fn what_to_do_is_said_in_the_words_of_the_trainer() {
    let gone = llama_factory(SETS, "warmup_ratio: 0.1\n");
    if let Some(group) = found(&gone, "config/removed-key") {
        assert!(!group["fix"].to_string().contains("trl@"), "{group}");
    }
    let set = "    type: chat_template\n    roles_to_train: [nobody]\n";
    let config = axolotl(MODEL, set, "");
    let nothing = report(&[("config.yaml", &config), ("rows.jsonl", CHAT)], &[]);
    let fix = found(&nothing, "mask/nothing-trained").expect("found")["fix"].to_string();
    assert!(fix.contains("roles_to_train"), "{fix}");
    let refused = report(
        &[("config.yaml", &trl("")), ("data/rows.jsonl", JUDGED)],
        &["--set", "trainer_type=dpo"],
    );
    assert!(
        refused["trainer"]["mask"].to_string().contains("refuses its config"),
        "{}",
        refused["trainer"]
    );
}
