//! `gonogo batches`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::{FailArgs, FileArgs, ModelArgs, OutArgs, RuleArgs, TrainArgs};

#[derive(Debug, Args)]
pub struct BatchesArgs {
    /// What `gonogo_dump.py` wrote, or files like it: safetensors, JSON lines, Parquet; files and folders
    #[arg(value_name = "DUMP", required = true)]
    pub dump: Vec<PathBuf>,
    /// Compare with what these rows are encoded to here: a training config, data, or both
    #[arg(long, value_name = "CONFIG|DATA", num_args = 1.., help_heading = "Data")]
    pub against: Vec<PathBuf>,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub train: TrainArgs,
    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub out: OutArgs,
    /// Fail with 2 where something could not be checked
    #[arg(long, help_heading = "Run")]
    pub strict: bool,
    #[command(flatten)]
    pub fail: FailArgs,
    #[command(flatten)]
    pub files: FileArgs,
}
