//! The command line, as typed. No file is read here.

mod batches;
mod rewrite;
mod sizing;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::model::example::Shape;

pub use batches::BatchesArgs;
pub use rewrite::{DropFrom, FilterArgs, FixArgs, Keep};
pub use sizing::{CacheArgs, CacheCommand, FitArgs};

/// The preflight check for fine-tuning data: GO or NO-GO, by looking at exactly what the trainer will see
#[derive(Debug, Parser)]
#[command(name = "gonogo", version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check data and say GO or NO-GO (the default command)
    Check(Box<CheckArgs>),
    /// Show one row as the trainer sees it: text, tokens, loss mask
    Show(Box<ShowArgs>),
    /// Write what the trainer would be fed: token ids and labels, packed if it packs
    Encode(Box<EncodeArgs>),
    /// Size max_length, packing, batch and steps to the data
    Fit(Box<FitArgs>),
    /// Audit the batches that a DataLoader really yields, dumped with python/gonogo_dump.py
    Batches(Box<BatchesArgs>),
    /// Write the data without the rows that some rules find, and those rows with their reasons
    Filter(Box<FilterArgs>),
    /// Repair what can be repaired without a doubt: byte order mark, line ends, blanks at the end of turns
    Fix(FixArgs),
    /// Finish a scan that was split into parts with --shard and --partial
    Merge(MergeArgs),
    /// What was worked out before and is kept: where, how much, away with it
    #[command(subcommand)]
    Cache(CacheCommand),
    /// List the rules
    Rules(RulesArgs),
    /// Explain a rule: what it finds, why it matters, examples, the fix
    Explain(ExplainArgs),
    /// Show the settings in force, or a JSON Schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write a gonogo.toml from what is found in a folder
    Init(InitArgs),
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub train: TrainArgs,
    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub files: FileArgs,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// The row to show, counted from 0 through all files (default: the first)
    #[arg(long, value_name = "N", conflicts_with_all = ["id", "worst"])]
    pub row: Option<u64>,
    /// The row of this id, or of an id that starts so
    #[arg(long, value_name = "HASH", conflicts_with = "worst")]
    pub id: Option<String>,
    /// The first row that a rule, or a rule of a category, complains of
    #[arg(long, value_name = "RULE")]
    pub worst: Option<String>,
    /// Print token ids beside the tokens
    #[arg(long)]
    pub ids: bool,
    /// Print the label of each token
    #[arg(long)]
    pub labels: bool,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub train: TrainArgs,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Auto, help_heading = "Output")]
    pub format: ShowFormat,
    /// When to colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
    #[command(flatten)]
    pub files: FileArgs,
}

#[derive(Debug, Args)]
pub struct EncodeArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// File to write: `.jsonl` or `.parquet`; `-` writes JSON lines to standard output
    #[arg(short, long, value_name = "FILE", required = true)]
    pub output: PathBuf,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub train: TrainArgs,
    #[command(flatten)]
    pub files: FileArgs,
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Parts written by `gonogo check --partial`
    #[arg(required = true, value_name = "PART")]
    pub parts: Vec<PathBuf>,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub fail: FailArgs,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to look in and to write to
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
    /// Replace a gonogo.toml that is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct RulesArgs {
    /// How to print
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Auto)]
    pub format: ShowFormat,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule, as `category/defect`
    pub rule: String,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting in force, with where it was set
    Show(Box<CheckArgs>),
    /// Print the JSON Schema of the report
    Schema {
        /// The schema of `-f json`
        #[arg(long, required = true)]
        report: bool,
    },
}

/// What to read.
#[derive(Debug, Default, Args)]
pub struct DataArgs {
    /// Files, directories, globs, or `-` for standard input
    #[arg(value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// Evaluation data, checked beside the training data
    #[arg(long, value_name = "DATA", help_heading = "Data")]
    pub eval: Vec<PathBuf>,
    /// Benchmarks whose rows must not stand in the training data; they are compared with, not checked
    #[arg(long, value_name = "DATA", help_heading = "Data")]
    pub against: Vec<PathBuf>,
    /// Read rows as this shape instead of detecting it
    #[arg(long, value_parser = shape, help_heading = "Data")]
    pub shape: Option<Shape>,
    /// Name of a column in this data: `completion=answer`
    #[arg(long, value_name = "COLUMN=NAME", value_delimiter = ',', value_parser = pair, help_heading = "Data")]
    pub columns: Vec<(String, String)>,
    /// Largest row to read, in bytes
    #[arg(long, value_name = "BYTES", help_heading = "Data")]
    pub max_row_bytes: Option<usize>,
}

/// The model's tokenizer.
#[derive(Debug, Default, Args)]
pub struct ModelArgs {
    /// Model folder, tokenizer.json, or hub id (`org/name`, `org/name@revision`)
    #[arg(short, long, value_name = "MODEL", help_heading = "Model")]
    pub model: Option<String>,
    /// Chat template to use instead of the model's
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    pub chat_template: Option<PathBuf>,
    /// Encode every text with both tokenizer engines, and report where they differ
    #[arg(long, help_heading = "Model")]
    pub verify_tokenizer: bool,
    /// Clock the template sees: `2024-07-26T13:05:09` (default: now)
    #[arg(long, value_name = "TIME", help_heading = "Model")]
    pub now: Option<String>,
}

/// The planned run.
#[derive(Debug, Default, Args)]
pub struct TrainArgs {
    /// Trainer whose tokens and mask to reproduce: `axolotl`, `llama-factory`, `torchtune`, `trl`, `trl@0.19.1`
    #[arg(long, value_name = "NAME[@VERSION]", help_heading = "Training")]
    pub trainer: Option<String>,
    /// Tokens after which a row is cut
    #[arg(long, value_name = "TOKENS", help_heading = "Training")]
    pub max_length: Option<usize>,
    /// Rows per device and step
    #[arg(long, value_name = "ROWS", help_heading = "Training")]
    pub batch_size: Option<usize>,
    /// Batches per optimizer step
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub grad_accum: Option<usize>,
    /// Devices
    #[arg(long, visible_alias = "gpus", value_name = "N", help_heading = "Training")]
    pub world_size: Option<usize>,
    /// Passes over the data
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub epochs: Option<f64>,
    /// Optimizer steps, which win over epochs
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub max_steps: Option<u64>,
    /// Pack rows into sequences of max_length, by the trainer's name for it: `bfd`, `wrapped`, `none`
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    pub packing: Option<String>,
    /// Leave out an epoch's last rows where they make no full batch
    #[arg(long, help_heading = "Training")]
    pub drop_last: bool,
    /// Learning-rate schedule, by the trainer's name: `linear`, `cosine`, …
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    pub scheduler: Option<String>,
    /// Steps of warmup, or their share of all steps if below 1
    #[arg(long, value_name = "N|SHARE", help_heading = "Training")]
    pub warmup: Option<f64>,
    /// Highest learning rate
    #[arg(long, visible_alias = "lr", value_name = "RATE", help_heading = "Training")]
    pub learning_rate: Option<f64>,
    /// Seed the order of the rows is drawn from (default: 42)
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub seed: Option<u64>,
    /// Version of transformers that counts the steps: `4.45` (default: the one installed, else the newest covered)
    #[arg(long, value_name = "VERSION", help_heading = "Training")]
    pub transformers: Option<String>,
    /// Steps between evaluations
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub eval_steps: Option<f64>,
    /// Steps between checkpoints
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub save_steps: Option<f64>,
    /// Where Python packages are installed, to read the trainer's version and templates from
    /// (default: the active environment)
    #[arg(long, value_name = "DIR", help_heading = "Training")]
    pub site_packages: Option<PathBuf>,
    /// Set a trainer's option by its own name: `packing=true`, `datasets.0.type=alpaca`
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair, help_heading = "Training")]
    pub set: Vec<(String, String)>,
}

/// Which rules, and how bad their findings are.
#[derive(Debug, Default, Args)]
pub struct RuleArgs {
    /// Only these rules or categories: `schema`, `dup/exact`
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub select: Vec<String>,
    /// Not these rules or categories; their cost is saved too
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    pub ignore: Vec<String>,
    /// Warn above this share or number of rows, and not below: `dup/exact=">0.5%"`
    #[arg(long, value_name = "RULE=>N", value_parser = pair, help_heading = "Rules")]
    pub warn_if: Vec<(String, String)>,
    /// Fail above this share or number of rows, and not below: `dup/exact=">5%"`
    #[arg(long, value_name = "RULE=>N", value_parser = pair, help_heading = "Rules")]
    pub error_if: Vec<(String, String)>,
}

/// Where the report goes.
#[derive(Debug, Default, Args)]
pub struct OutArgs {
    /// How to print the report
    #[arg(short, long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Write the report to a file as well: `json=report.json` (repeatable)
    #[arg(short, long, value_name = "FORMAT=FILE", value_parser = pair, help_heading = "Output")]
    pub output: Vec<(String, String)>,
    /// Write every finding to a file, one JSON object a line: its rule, its row, and the row it is about
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub list: Option<PathBuf>,
    /// When to colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
    /// Say nothing but the result
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Show more places per rule
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// Draw no progress bar
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,
}

/// How to run.
#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// Worker threads (default: all cores)
    #[arg(short, long, value_name = "N", value_parser = jobs, help_heading = "Run")]
    pub jobs: Option<usize>,
    /// Look at the first N rows of each file only; the verdict says so
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub sample: Option<u64>,
    /// Scan the I-th of N contiguous ranges of rows: `2/8`
    #[arg(long, value_name = "I/N", requires = "partial", help_heading = "Run")]
    pub shard: Option<String>,
    /// Write what was gathered to a file for `gonogo merge`, instead of a report
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub partial: Option<PathBuf>,
    /// Folder for what outgrows memory: hashes of rows beyond 32 MiB per rule and worker (default: all
    /// stay in memory). Nothing is left there, however the run ends
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub tmp_dir: Option<PathBuf>,
    /// List the rows the planned run never sees, as JSON lines of source and row (from 0)
    #[arg(long, value_name = "FILE", conflicts_with = "partial", help_heading = "Run")]
    pub never_seen: Option<PathBuf>,
    /// Fail with 2 where something could not be checked
    #[arg(long, help_heading = "Run")]
    pub strict: bool,
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    pub fail: FailArgs,
}

/// When to fail.
#[derive(Debug, Default, Args)]
pub struct FailArgs {
    /// Lowest level that makes it NO-GO; with never, errors do, and the exit code is 0 all the same
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Run")]
    pub fail_on: Option<FailOn>,
    /// Exit 0 even on NO-GO
    #[arg(long, help_heading = "Run")]
    pub exit_zero: bool,
}

/// Which settings files.
#[derive(Debug, Default, Args)]
pub struct FileArgs {
    /// Settings file instead of the nearest gonogo.toml
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Read no settings file
    #[arg(long, conflicts_with = "config", help_heading = "Settings")]
    pub isolated: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people on a terminal and in a pipe alike
    #[default]
    Auto,
    /// One finding a line
    Concise,
    Json,
    Markdown,
    /// Workflow annotations
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    Auto,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Never,
}

/// Reads the command line. A first word that is no command belongs to `check`.
///
/// # Errors
///
/// What clap has to say: a mistake, or the help or version asked for.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let command = Cli::command();
    let own = |word: &str| {
        matches!(word, "help" | "-h" | "--help" | "-V" | "--version") || command.find_subcommand(word).is_some()
    };
    if args.get(1).is_some_and(|first| !first.to_str().is_some_and(own)) {
        args.insert(1, "check".into());
    }
    Cli::try_parse_from(args)
}

/// Threads, of which more would only take memory.
fn jobs(given: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    let jobs = given.parse().ok().filter(|jobs| (1..=MOST).contains(jobs));
    jobs.ok_or_else(|| format!("not a number from 1 to {MOST}"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

fn shape(text: &str) -> Result<Shape, String> {
    let name = if text == "tokenized" { "tokenised" } else { text };
    Shape::ALL
        .iter()
        .copied()
        .find(|shape| shape.name() == name)
        .ok_or_else(|| {
            let known = Shape::ALL
                .iter()
                .map(|shape| shape.name())
                .collect::<Vec<_>>()
                .join(", ");
            format!("unknown shape; the shapes are {known}")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Cli {
        parse(line.split(' ').map(OsString::from)).expect("a valid command line")
    }

    #[test]
    fn the_table_of_flags_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn check_is_the_default_command() {
        for line in [
            "gonogo data.jsonl",
            "gonogo -m dir data.jsonl",
            "gonogo check data.jsonl",
            "gonogo -",
        ] {
            assert!(matches!(parsed(line).command, Command::Check(_)), "{line}");
        }
        assert!(matches!(parsed("gonogo rules").command, Command::Rules(_)));
        let Command::Check(args) = parsed("gonogo check show").command else {
            panic!("a file called show")
        };
        assert_eq!(args.data.data, [PathBuf::from("show")]);
    }
}
