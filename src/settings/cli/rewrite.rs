//! The flags of `gonogo filter` and `gonogo fix`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{DataArgs, FileArgs, ModelArgs, TrainArgs};

#[derive(Debug, Args)]
pub struct FilterArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// Rules or categories whose rows are left out: `dup/exact,leak`
    #[arg(long, value_name = "RULE", value_delimiter = ',', required = true)]
    pub drop: Vec<String>,
    /// File to write; a folder where there are several inputs
    #[arg(short, long, value_name = "FILE", required = true)]
    pub output: PathBuf,
    /// File for the rows left out, one JSON object a line (default: the output's name with `.removed.jsonl`)
    #[arg(long, value_name = "FILE")]
    pub removed: Option<PathBuf>,
    /// Which of rows that are alike is kept
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    pub keep: Keep,
    /// Which side rows are dropped from, and written
    #[arg(long, value_enum, default_value_t, value_name = "SIDE")]
    pub drop_from: DropFrom,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub train: TrainArgs,
    /// Worker threads (default: all cores)
    #[arg(short, long, value_name = "N", value_parser = super::jobs, help_heading = "Run")]
    pub jobs: Option<usize>,
    /// Folder for what outgrows memory; nothing is left there, however the run ends
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub tmp_dir: Option<PathBuf>,
    /// Print nothing
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    #[command(flatten)]
    pub files: FileArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// The one that stands first
    #[default]
    First,
    /// The one with the longest text; of several the first
    Longest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DropFrom {
    /// The training data; evaluation data stays as it is
    #[default]
    Train,
    /// The evaluation data; training data stays as it is
    Eval,
}

#[derive(Debug, Args)]
pub struct FixArgs {
    /// A file of JSON lines
    #[arg(value_name = "DATA", required = true)]
    pub data: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "diff")]
    pub output: Option<PathBuf>,
    /// Turn ShareGPT conversations (`from`, `value`) into messages (`role`, `content`) as well
    #[arg(long)]
    pub to_messages: bool,
    /// Print what would change instead of writing, or as well as writing
    #[arg(long)]
    pub diff: bool,
}
